"""Retention (保管期限): how long each kind of stored thing is kept, from which event, by which source, and what then.

The rules are data, `schemas/retention.toml`. A kind without a term is kept for ever. A term is counted in civil days
from the day of its event and is over when its last day has passed.
Not decided here: which rows are of a kind, and how they are removed (`hub/custody/retention.py`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from schemas.toml_table import TomlFileError, TomlTable, read_toml

RETENTION_FILE = Path(__file__).with_name("retention.toml")
_GRADE = re.compile(r"[PCRW]|M 0\.[0-9]{1,2}|own")
_LEAST_YEARS = {"delivery_note": 3, "record": 5}


class RetentionError(TomlFileError):
    """The file of retention is wrong: which file, which field of it, which rule."""


class RetentionCode(StrEnum):
    """The kinds of stored things, each of which the file must hold once."""

    RECORD = "record"
    STATEMENT = "statement"
    STATUS_CHANGE = "status_change"
    ENTRY = "entry"
    PARTY = "party"
    PULL_DECISION = "pull_decision"
    DELIVERY_NOTE = "delivery_note"
    COPY = "copy"
    GRANT = "grant"
    INTAKE_OUTCOME = "intake_outcome"
    NOTICE = "notice"
    COMPARISON_MISS = "comparison_miss"
    CODE_MISS = "code_miss"
    PULL_COUNT = "pull_count"
    REVIEW_CANDIDATE = "review_candidate"
    KEPT_ANSWER = "kept_answer"
    SPOOLED_FILE = "spooled_file"
    UNNAMED_FILE = "unnamed_file"
    SESSION = "session"
    REMINDER = "reminder"
    VISITOR_REPORT = "visitor_report"


class Event(StrEnum):
    """From what a term is counted."""

    CERTIFICATE_ENDED = "certificate_ended"
    COPY_ENDED = "copy_ended"
    INTAKE_FINISHED = "intake_finished"
    NOTICE_CLOSED = "notice_closed"
    DAY_COUNTED = "day_counted"
    TERM_ENDED = "term_ended"
    FILE_PUT = "file_put"
    SESSION_STARTED = "session_started"


class Then(StrEnum):
    """What becomes of a kind when its term is over."""

    KEPT = "kept"
    TRANSFERRED = "transferred"
    ERASED = "erased"


@dataclass(frozen=True, slots=True)
class Retention:
    """The rule of one kind: `years` or `days` after `event`; all three None of what is kept for ever.

    `tables` are those that hold the kind. `source`, `version` and `grade` as for a legal clock.
    """

    code: RetentionCode
    years: int | None
    days: int | None
    event: Event | None
    then: Then
    name_zh: str
    name_en: str
    source: str
    version: str
    grade: str
    tables: tuple[str, ...]

    def ended_before(self, today: date) -> date:
        """Return the day before which the event must have been for the term to be over today; ValueError without one.

        The anniversary of 29 February is 1 March in a year without one.
        """
        if self.years is None and self.days is None:
            raise ValueError("kept for ever")
        if self.days is not None:
            return today - timedelta(days=self.days)
        year = today.year - (self.years or 0)
        try:
            return today.replace(year=year)
        except ValueError:
            return date(year, 3, 1)


def load_retention(path: Path = RETENTION_FILE) -> Mapping[RetentionCode, Retention]:
    """Load and check all rules, by kind; raises RetentionError naming file, field and rule."""
    table = read_toml(path.name, path.read_bytes(), RetentionError)
    rules: dict[RetentionCode, Retention] = {}
    held: set[str] = set()
    for each in table.tables("kinds"):
        rule = _read_rule(each)
        if rule.code in rules:
            raise each.fault("code", "stands twice")
        if held & set(rule.tables):
            raise each.fault("tables", "a table stands in two kinds")
        held |= set(rule.tables)
        rules[rule.code] = rule
    table.end()
    for code in RetentionCode:
        if code not in rules:
            raise table.fault("kinds", f"lacks {code}")
    return MappingProxyType(rules)


def _read_rule(table: TomlTable) -> Retention:
    rule = Retention(
        code=table.one_of("code", RetentionCode),
        years=table.optional_whole("years"),
        days=table.optional_whole("days"),
        event=table.optional_one_of("event", Event),
        then=table.one_of("then", Then),
        name_zh=table.text("name_zh"),
        name_en=table.text("name_en"),
        source=table.text("source"),
        version=table.text("version"),
        grade=table.text("grade", _GRADE),
        tables=table.texts("tables"),
    )
    table.end()
    terms = (rule.years is not None) + (rule.days is not None)
    if terms != (0 if rule.then is Then.KEPT else 1) or (rule.event is None) != (terms == 0):
        raise table.fault("then", "what is kept has no term and no event; all else has one of each")
    if (rule.years or 0) > 100 or (rule.days or 0) > 1_000:
        raise table.fault("years", "longer than anybody plans for")
    least = _LEAST_YEARS.get(rule.code)
    if least is not None and (rule.years or 0) < least:
        raise table.fault("years", f"the law asks for at least {least}")
    return rule
