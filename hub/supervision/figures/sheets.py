"""Monthly and yearly sheets: figures that are frozen once their period is over, and corrected only beside themselves.

1 the period has begun; the sheet of a finished one that is kept is told as it was made
2 certificates, changes, decisions, deliveries, seals and acts of the period are added up
3 the sheet of a finished period is kept, the first one for good            <- COMMIT POINT

Upkeep keeps last month's and last year's as soon as they are finished (`keep_finished`). Correcting a kept one:
1 the statement is verified (`hub/steps/orders/statements.py`) and spent, once 2 the sheet is kept and has that figure,
and another value 3 correction, entry and kept answer are committed            <- COMMIT POINT
No holder, case or field is in a sheet, no rate of online handling, and nobody is ranked (clause 28 of the plan).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from hub.errors import NotFoundError, OrderError
from hub.steps.figure_sums import Sums, add_up
from hub.steps.files.spreadsheet import BYTE_ORDER_MARK, csv_row, xlsx_sheet
from hub.steps.orders.evidence import act_once
from hub.steps.orders.reading import LARGEST_NUMBER, OrderReading
from hub.steps.orders.repeats import spend_statement
from hub.steps.orders.statements import VerifiedStatement
from hub.steps.registry import Registry
from hub.store.entry import EntryWriter
from hub.store.figure import FigureReader
from hub.store.figure_sheet import FigureCorrection, FigureSheetReader, FigureSheetWriter
from hub.store.parties import PartyReader
from hub.supervision.figures.once_a_minute import OnceAMinute
from schemas.certificate import civil_date
from schemas.evidence import ActFacts, Kind
from schemas.figures import COLUMNS, PARTS, Period, finished_before, parse_period
from schemas.parties import System

_TITLES = (
    "部分 part",
    "项目 line",
    "名称 name",
    "指标 figure",
    "数值 value",
    "更正为 corrected",
    "更正日期 on",
    "理由 reason",
)
_NAMES: Mapping[str, tuple[str, str]] = {
    "certificate": ("颁发机构的证照", "Certificates of issuing bodies"),
    "collected": ("平台归集的数据", "Collected records"),
    "document": ("证照文件", "Documents"),
    "copy": ("加注件", "Copies"),
    "delivery_note": ("交付单", "Delivery notes"),
    "resealing": ("重新签章", "Sealed again"),
    "all": ("全部", "All"),
}
_PAGE = 24


class Sheets:
    """The sheets of a hub. One that is not finished is added up at most once a minute, whoever asks for it."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        # Only this month's and this year's can be asked for, and those that ended yesterday.
        self._running = OnceAMinute[Mapping[str, Any]]()

    def content(self, period: Period, now: datetime) -> tuple[Mapping[str, Any], datetime]:
        """Return what a sheet holds, and when it was made (steps 1 to 3)."""
        if period.is_final(now):
            return _kept(period, self.registry, now)
        made_at, made = self._running(period.text, partial(_made, period, self.registry, now), now)
        return made, made_at


def read_sheet(text: str, *, department: str | None, sheets: Sheets, now: datetime) -> dict[str, Any]:
    """Return the sheet of "2026-11" or "2026", as far as it concerns a department; None: the operator, all of it.

    `final` says that it is frozen; corrections stand beside. Raises NotFoundError figure_not_found for what is no
    period, or one that has not begun.
    """
    period = _period(text, now)
    sheets.registry.refuse_doubtful(now)
    content, made_at = sheets.content(period, now)
    with sheets.registry.database.read() as connection:
        corrections = FigureSheetReader(connection).corrections(text)
    parts = {code: [each for each in lines if _concerns(code, each, department)] for code, lines in content.items()}
    told = [
        {"part": each.part, "line": each.line, "name": each.name, "value": each.value, "reason": each.reason}
        | {"recorded_at": each.recorded_at.isoformat(), "act_id": each.act_id}
        for each in corrections
        if any(each.line == line["of"] for line in parts.get(each.part, ()))
    ]
    return {
        "period": text,
        "final": period.is_final(now),
        "made_at": made_at.isoformat(),
        "parts": parts,
        "corrections": told,
    }


def list_periods(*, before: str, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return the periods that have a kept sheet, newest first, behind one; and the month that runs."""
    with registry.database.read() as connection:
        found = FigureSheetReader(connection).periods(before=before or "9", most=_PAGE + 1)
    return {
        "periods": found[:_PAGE],
        "before": found[_PAGE - 1] if len(found) > _PAGE else None,
        "running": f"{civil_date(now):%Y-%m}",
    }


def keep_finished(*, registry: Registry, now: datetime) -> bool:
    """Keep the sheets of last month and last year, once they are finished; say whether one was kept now."""
    due = []
    with registry.database.read() as connection:
        reader = FigureSheetReader(connection)
        due = [each for each in finished_before(now) if each.is_final(now) and not reader.is_kept(each.text)]
    for each in due:
        registry.refuse_doubtful(now)
        _kept(each, registry, now)
    return bool(due)


def sheet_csv(sheet: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield a sheet as CSV, a row per figure, with what it was corrected to."""
    yield BYTE_ORDER_MARK
    yield from (csv_row([str(cell) for cell in row]) for row in _rows(sheet))


def sheet_xlsx(sheet: Mapping[str, Any]) -> bytes:
    """Return a sheet as a workbook, with the same rows."""
    return xlsx_sheet(_rows(sheet))


def _rows(sheet: Mapping[str, Any]) -> Iterator[Sequence[str | int]]:
    yield _TITLES
    corrected = {(each["part"], each["line"], each["name"]): each for each in sheet["corrections"]}
    for code, lines in sheet["parts"].items():
        for line in lines:
            for name, value in line["values"].items():
                beside = corrected.get((code, line["of"], name))
                more = [beside["value"], beside["recorded_at"][:10], beside["reason"]] if beside else ["", "", ""]
                yield [PARTS[code].name_zh, line["of"], line["name_zh"], " ".join(COLUMNS[name]), value, *more]


def correct_figure(
    content: Mapping[str, Any],
    *,
    verified: VerifiedStatement,
    system: System,
    key: str,
    registry: Registry,
    now: datetime,
) -> dict[str, Any]:
    """Set beside a kept figure what it should have been: `period`, `part`, `line`, `name`, `value`, `reason`.

    Raises FieldsError, NotFoundError figure_not_found, OrderError figure_same.
    """
    reading = OrderReading(content)
    named = {
        "period": reading.text("period", 7),
        "part": reading.text("part", 24),
        "line": reading.text("line", 160),
        "name": reading.text("name", 32),
        "reason": reading.text("reason", 500),
    }
    value = reading.whole("value", LARGEST_NUMBER)
    reading.refuse_problems()

    def commit(connection: Connection, act_id: str) -> dict[str, Any]:
        present = _present_value(named, FigureSheetReader(connection))
        if present == value:
            raise OrderError("figure_same")
        number = spend_statement(connection, verified, system=system.code, registry=registry, now=now)
        correction = FigureCorrection(act_id=act_id, value=value, statement=number, recorded_at=now, **named)
        FigureSheetWriter(connection).correct(correction)
        act = ActFacts(Kind.CORRECT_FIGURE, act_id, now, None, verified.digest, None, None)
        EntryWriter(connection, registry.random).add([act])
        return {"period": named["period"], "value": value, "act_id": act_id}

    return act_once(commit, issuing_body=None, verified=verified, system=system, key=key, registry=registry, now=now)


def _present_value(named: Mapping[str, str], reader: FigureSheetReader) -> int:
    """Return what a figure counts as now: the last correction, or what was kept. NotFoundError figure_not_found."""
    kept = reader.kept(named["period"])
    lines = kept[0].get(named["part"], []) if kept else []
    line = next((each for each in lines if each["of"] == named["line"]), None)
    if line is None or named["name"] not in line["values"]:
        raise NotFoundError("figure_not_found")
    place = (named["part"], named["line"], named["name"])
    corrected = [e.value for e in reader.corrections(named["period"]) if (e.part, e.line, e.name) == place]
    return int(corrected[-1] if corrected else line["values"][named["name"]])


# --- steps 2 and 3 ----------------------------------------------------------------------------------------------


def _kept(period: Period, registry: Registry, now: datetime) -> tuple[Mapping[str, Any], datetime]:
    with registry.database.read() as connection:
        kept = FigureSheetReader(connection).kept(period.text)
    if kept is not None:
        return kept
    made = _made(period, registry, now)

    def keep(connection: Connection) -> tuple[Mapping[str, Any], datetime]:
        FigureSheetWriter(connection).keep(period.text, made, now=now)
        # Of two that make it at once the first one's is the sheet.
        return FigureSheetReader(connection).kept(period.text) or (made, now)

    return registry.database.write(keep)


def _made(period: Period, registry: Registry, now: datetime) -> dict[str, Any]:
    with registry.database.snapshot() as connection:
        reader, parties = FigureSheetReader(connection), PartyReader(connection)
        names = FigureReader(connection).names() | reader.item_names()
        names |= {each.code: (each.name_zh, each.name_en) for each in registry.catalogue.current()}
        sums = add_up(period, reader, parties.departments_of_bodies())
        sums["items"] = _with_coverage(sums["items"], reader.in_force(), parties, now)
    return {code: [_line(of, sums[code][of], code, names) for of in sorted(sums[code])] for code in PARTS}


def _with_coverage(sums: Sums, in_force: Mapping[str, int], parties: PartyReader, now: datetime) -> Sums:
    """Add to the lines of types what is in force now, and how far each body in charge is recorded now."""
    declared = {(each.certificate_type, each.issuing_body): str(each.state) for each in parties.coverage()}
    in_charge = parties.in_charge(civil_date(now))
    for code in sums.keys() | in_force.keys() | in_charge.keys():
        bodies = in_charge.get(code, [])
        states = Counter(declared.get((code, body), "not_connected") for body in bodies)
        sums[code].update({"in_force": in_force.get(code, 0), "bodies": len(bodies)} | states)
    return sums


def _line(of: str, values: Mapping[str, int], part: str, names: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    zh, en = _NAMES.get(of, ("", "")) if part in ("seals", "receipts") else names.get(of, ("", ""))
    columns: Iterable[str] = PARTS[part].columns
    return {"of": of, "name_zh": zh, "name_en": en, "values": {name: values.get(name, 0) for name in columns}}


def _concerns(part: str, line: Mapping[str, Any], department: str | None) -> bool:
    """Say whether a line is for a department: of the lines of departments its own, all others are the city's."""
    return department is None or part != "departments" or line["of"] == department


def _period(text: str, now: datetime) -> Period:
    try:
        period = parse_period(text)
    except ValueError:
        raise NotFoundError("figure_not_found") from None
    if period.since > now:
        raise NotFoundError("figure_not_found")
    return period
