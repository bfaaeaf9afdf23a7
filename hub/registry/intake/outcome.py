"""What became of an intake: how far it is, and its outcome row by row, for the department that sent it.

The outcome names row, field and rule, and what to do; never a value.
"""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from hub.errors import NotFoundError
from hub.registry.intake.wording import RESULTS, RULES, UNKNOWN_RULE
from hub.steps.registry import Registry
from hub.store.intake import IntakeReader, StoredIntake, StoredRow
from hub.store.parties import PartyReader
from schemas.parties import System

COLUMNS = ("row", "result", "identifier", "field", "rule", "rule_zh", "next_step")
_RECENT, _SHOWN = 20, 100
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def progress_of(name: str, *, system: System, registry: Registry) -> dict[str, Any]:
    """Return how far an intake is, with its rows counted by result; NotFoundError intake_not_found."""
    intake = readable_intake(name, system=system, registry=registry)
    counts = intake.counts
    if intake.finished_at is None:
        with registry.database.read() as connection:
            counts = IntakeReader(connection).counts(name)
    return {
        "intake": intake.intake,
        "state": intake.state,
        "form": intake.form,
        "certificate_type": intake.certificate_type,
        "dry_run": intake.dry_run,
        "file_sha256": intake.file_sha256,
        "problem": intake.problem,
        "undone": intake.undone_by is not None,
        "rows": intake.rows,
        "rows_done": sum(count for result, count in counts.items() if result != "missing"),
        "counts": counts,
        "recorded_at": intake.recorded_at.isoformat(),
        "finished_at": intake.finished_at.isoformat() if intake.finished_at else None,
    }


def readable_intake(name: str, *, system: System, registry: Registry) -> StoredIntake:
    """Return an intake of the system's own department; NotFoundError intake_not_found for any other."""
    with registry.database.read() as connection:
        intake = IntakeReader(connection).get(name)
        sender = PartyReader(connection).system(intake.system) if intake else None
    if intake is None or sender is None or sender.department != system.department:
        raise NotFoundError("intake_not_found")
    return intake


def list_intakes(department: str, *, collected: bool, before: datetime | None, registry: Registry) -> dict[str, Any]:
    """Return the newest intakes of a department's systems: collected from a source, or signed by itself.

    `before` in the answer is where the next page begins, None on the last.
    """
    with registry.database.read() as connection:
        found = IntakeReader(connection).of_department(department, collected=collected, before=before, most=_RECENT + 1)
    told = [
        {
            "intake": each.intake,
            "state": each.state,
            "form": each.form,
            "source": each.source,
            "certificate_type": each.certificate_type,
            "dry_run": each.dry_run,
            "undone": each.undone_by is not None,
            "recorded_at": each.recorded_at.isoformat(),
        }
        for each in found[:_RECENT]
    ]
    return {"intakes": told, "before": told[-1]["recorded_at"] if len(found) > _RECENT else None}


def first_rows(name: str, *, system: System, registry: Registry) -> list[StoredRow]:
    """Return the first rows of an outcome, as far as it is; NotFoundError intake_not_found."""
    intake = readable_intake(name, system=system, registry=registry)
    return _page(intake.intake, 0, registry)[:_SHOWN]


def outcome_csv(intake: StoredIntake, *, registry: Registry) -> Iterator[bytes]:
    """Yield the outcome as CSV, UTF-8 with a byte order mark, a page of rows at a time."""
    yield _BYTE_ORDER_MARK + _csv([COLUMNS])
    last = 0
    # A transaction per page: whoever downloads slowly must not hold a connection all the while.
    while page := _page(intake.intake, last, registry):
        yield _csv([line for row in page for line in _lines(row)])
        last = page[-1].row


def _page(intake: str, after: int, registry: Registry) -> list[StoredRow]:
    with registry.database.read() as connection:
        return IntakeReader(connection).rows(intake, after)


def _lines(row: StoredRow) -> Iterator[tuple[str, ...]]:
    start = (str(row.row) if row.row > 0 else "", row.result, row.identifier or "")
    for problem in row.problems or ():
        rule_zh, next_step = RULES.get(problem["rule"], UNKNOWN_RULE)
        yield (*start, problem["field"], problem["rule"], rule_zh, next_step)
    if not row.problems:
        yield (*start, "", "", *RESULTS.get(row.result, ("", "")))


def _csv(lines: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    return text.getvalue().encode()
