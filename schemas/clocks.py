"""The legal clocks (期限): how long each act may take, counted how, and by which source.

They are data, `schemas/clocks.toml`; a site may set another number of days (`Clock.with_days`), nothing else of them.
A clock in days may end on a day that is not worked: no source here moves it on.
Not decided here: from which day a clock starts (the file's comments say it), and what follows when it has run out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from schemas.toml_table import TomlFileError, TomlTable, read_toml
from schemas.working_days import LONGEST_PERIOD, Due, PeriodError, WorkingDays, check_day, check_period

CLOCKS_FILE = Path(__file__).with_name("clocks.toml")
OWN = "own"
_GRADE = re.compile(r"[PCRW]|M 0\.[0-9]{1,2}|" + OWN)

Unit = Literal["working_days", "days"]
Course = Literal["after", "before"]
_UNITS: tuple[Unit, ...] = ("working_days", "days")
_COURSES: tuple[Course, ...] = ("after", "before")


class ClocksError(TomlFileError):
    """The file of clocks is wrong: which file, which field of it, which rule."""


class ClockCode(StrEnum):
    """The clocks the hub knows, each of which the file must hold once."""

    PUBLICATION = "publication"
    CERTIFICATE_DELIVERY = "certificate_delivery"
    CORRECTION_REQUEST = "correction_request"
    RENEWAL_WINDOW = "renewal_window"
    RENEWAL_DECISION = "renewal_decision"
    LICENCE_END_TASK = "licence_end_task"
    PENALTY_TASK = "penalty_task"
    CONFLICT = "conflict"
    ACCESS_OBJECTION = "access_objection"
    DECISION_OBJECTION = "decision_objection"
    WINDOW_REFUSAL = "window_refusal"
    RESEALING = "resealing"
    SHARING_UNCONDITIONAL = "sharing_unconditional"
    SHARING_CONDITIONAL = "sharing_conditional"
    SHARING_SILENCE = "sharing_silence"
    ACCESS_REVIEW = "access_review"
    PULL_REVIEW = "pull_review"
    VISITOR_REPORT = "visitor_report"


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock: `days` counted in `unit`, running `after` the day it starts from or `before` it.

    `source` is where the number stands, `version` the edition of that source; `grade` is how sure it is: P (primary
    text), C, R, W (web page), M with a confidence (memory), or OWN for what no law gives.
    """

    code: ClockCode
    days: int
    unit: Unit
    runs: Course
    name_zh: str
    name_en: str
    source: str
    version: str
    grade: str

    def due(self, start: date, calendar: WorkingDays) -> Due:
        """Return the last day on which the act is in time; `start` itself is not counted. Raises PeriodError."""
        if self.unit == "working_days":
            return calendar.after(start, self.days)
        check_day(start)
        length = timedelta(days=self.days)
        try:
            return Due(start + length if self.runs == "after" else start - length, provisional=False)
        except OverflowError:
            raise PeriodError("the period ends on a day that no date can name") from None

    def with_days(self, n: int) -> "Clock":
        """Return this clock with the site's number of days, graded OWN when it is another; raises PeriodError."""
        check_period(n)
        return self if n == self.days else replace(self, days=n, grade=OWN)


@cache
def load_clocks(path: Path = CLOCKS_FILE) -> Mapping[str, Clock]:
    """Load and check all clocks, by code; raises ClocksError naming file, field and rule."""
    table = read_toml(path.name, path.read_bytes(), ClocksError)
    clocks: dict[str, Clock] = {}
    for each in table.tables("clocks"):
        clock = _read_clock(each)
        if clock.code in clocks:
            raise each.fault("code", "stands twice")
        clocks[clock.code] = clock
    table.end()
    for code in ClockCode:
        if code not in clocks:
            raise table.fault("clocks", f"lacks {code}")
    return MappingProxyType(clocks)


def _read_clock(table: TomlTable) -> Clock:
    clock = Clock(
        code=table.one_of("code", ClockCode),
        days=table.whole("days"),
        unit=table.one_of("unit", _UNITS),
        runs=table.one_of("runs", _COURSES),
        name_zh=table.text("name_zh"),
        name_en=table.text("name_en"),
        source=table.text("source"),
        version=table.text("version"),
        grade=table.text("grade", _GRADE),
    )
    table.end()
    if clock.days > LONGEST_PERIOD:
        raise table.fault("days", f"more than {LONGEST_PERIOD}")
    if clock.runs == "before" and clock.unit != "days":
        raise table.fault("runs", "before a day only days are counted, no working days")
    return clock
