"""What of a file waits for a person: conflicts, and rows that name nothing the hub can tell, each with its reason.

A conflict goes to the body whose certificate is concerned, everything else to the department that handed the file in.
Rows that wait for the same reason at the same recipient are one task, with their count and the first row numbers: a
file of 100,000 bad rows is no flood. What is told are names of rules and numbers of rows, never a value.
Rows that were refused are the sender's to mend; its outcome tells of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.steps.notices import NoticeKind, Notices
from hub.steps.registry import Registry
from hub.store.intake import IntakeReader, StoredIntake
from hub.store.parties import PartyReader
from schemas.parties import System

_MOST_ROWS_NAMED = 20
_KINDS = {"conflict": NoticeKind.CONFLICT, "queued": NoticeKind.UNCLASSIFIED}


@dataclass(slots=True)
class _Waiting:
    """Rows that wait for one reason at one recipient."""

    count: int
    rows: list[int]


def open_queue(
    intake: StoredIntake, system: System, *, registry: Registry, now: datetime, connection: Connection
) -> None:
    """Tell what waits, in the transaction that closes the intake: once, whatever broke off before."""
    if intake.dry_run:
        return
    addressed = addressee(system, connection)
    waiting: dict[tuple[str, str, str, str], _Waiting] = {}
    for group in IntakeReader(connection).waiting(intake.intake, tuple(_KINDS), most=_MOST_ROWS_NAMED):
        recipient = addressed(group.issuing_body)
        for field, rule in _reasons(group.problems):
            found = waiting.setdefault((recipient, group.result, rule, field), _Waiting(0, []))
            found.count += group.count
            found.rows = sorted([*found.rows, *group.rows])[:_MOST_ROWS_NAMED]
    # The order that let the file in is the act that somebody is told of.
    notices = Notices(connection, act_id=intake.intake, registry=registry, now=now)
    for (recipient, result, rule, field), found in sorted(waiting.items()):
        facts = {"intake": intake.intake, "rule": rule, "field": field, "count": found.count, "rows": found.rows}
        notices.add(recipient, _KINDS[result], facts)
    notices.keep()


def addressee(system: System, connection: Connection) -> Callable[[str | None], str]:
    """Return what says who is told about a body's certificate: the body, or the sender where nobody reads for it."""
    bodies = frozenset(PartyReader(connection).issuing_bodies())
    return lambda body: body if body is not None and body in bodies else system.department


def _reasons(problems: list[dict[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield field and rule of what a row waits for; the first says it where there are several."""
    for problem in problems[:1]:
        yield problem["field"], problem["rule"]
