"""What is past its term, counted and removed in bounded batches; by kind of stored thing.

Every removal is of rows that no seal, statement or leaf is proven by. What names a removed thing (a digest, an act)
stays where it is.
"""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, func, or_, select, tuple_, update

from hub.store import tables
from schemas.certificate import ENDED, SHANGHAI
from schemas.download import COPY
from schemas.retention import RetentionCode

_DELIVERY, _DOCUMENT, _NOTICE = tables.delivery, tables.document, tables.notice
_INTAKE, _ROW, _MISS = tables.intake, tables.intake_row, tables.comparison_miss
_CERTIFICATE = tables.certificate


class RetentionReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def count(self, code: RetentionCode, before: date) -> int:
        """Return how many things of a kind in the database had their event before that day."""
        table, condition = _past(code, before)
        return int(self._connection.execute(select(func.count()).select_from(table).where(condition)).scalar_one())


class RetentionWriter:
    """Removes within one transaction; at most so many at a time."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def remove(self, code: RetentionCode, before: date, *, most: int, act_id: str) -> list[str]:
        """Remove a batch of a kind, and return what each thing of it was known by (a delivery, a digest, a number).

        `act_id` is the act that a copy is marked with: its row stays, its file is deleted later.
        """
        table, condition = _past(code, before)
        key = list(table.primary_key.columns)
        found = [
            tuple(row) for row in self._connection.execute(select(*key).where(condition).order_by(*key).limit(most))
        ]
        if not found:
            return []
        chosen = tuple_(*key).in_(found)
        if code is RetentionCode.DELIVERY_NOTE:
            self._connection.execute(update(table).where(chosen).values(note=""))
        elif code is RetentionCode.COPY:
            self._connection.execute(update(table).where(chosen).values(erased_by=act_id))
        else:
            if code is RetentionCode.NOTICE:
                numbers = [row[0] for row in found]
                self._connection.execute(delete(tables.outbox).where(tables.outbox.c.notice.in_(numbers)))
            self._connection.execute(delete(table).where(chosen))
        return ["/".join(map(str, row)) for row in found]


def _past(code: RetentionCode, before: date) -> tuple[Table, ColumnElement[bool]]:
    """Return the table of a kind, and which of its rows had their event before that day."""
    moment = datetime.combine(before, time(), SHANGHAI)
    ended = select(_DELIVERY.c.decision).where(_DELIVERY.c.ends_at < moment)
    finished = select(_INTAKE.c.intake).where(_INTAKE.c.state.in_(("done", "failed")), _INTAKE.c.finished_at < moment)
    conditions: dict[RetentionCode, tuple[Table, Any]] = {
        RetentionCode.RECORD: (
            _CERTIFICATE,
            or_(
                _CERTIFICATE.c.status.in_(sorted(ENDED)) & (_CERTIFICATE.c.status_since < before),
                _CERTIFICATE.c.valid_to < before,
            ),
        ),
        RetentionCode.DELIVERY_NOTE: (_DELIVERY, (_DELIVERY.c.ends_at < moment) & (_DELIVERY.c.note != "")),
        RetentionCode.COPY: (
            _DOCUMENT,
            (_DOCUMENT.c.edition == COPY) & _DOCUMENT.c.delivery.in_(ended) & _DOCUMENT.c.erased_by.is_(None),
        ),
        RetentionCode.INTAKE_OUTCOME: (_ROW, _ROW.c.intake.in_(finished)),
        RetentionCode.NOTICE: (
            _NOTICE,
            ((_NOTICE.c.state == "told") & (_NOTICE.c.recorded_at < moment))
            | ((_NOTICE.c.state == "done") & (_NOTICE.c.closed_at < moment)),
        ),
        RetentionCode.COMPARISON_MISS: (_MISS, _MISS.c.day < before),
        RetentionCode.CODE_MISS: (tables.code_miss, tables.code_miss.c.day < before),
        RetentionCode.PULL_COUNT: (tables.pull_count, tables.pull_count.c.day < before),
        RetentionCode.REVIEW_CANDIDATE: (tables.review_candidate, tables.review_candidate.c.day < before),
        RetentionCode.REMINDER: (tables.reminder, tables.reminder.c.due_on < before),
        RetentionCode.SESSION: (tables.session, tables.session.c.started_at < moment),
        RetentionCode.KEPT_ANSWER: (tables.idempotency, tables.idempotency.c.expires_at < moment),
    }
    return conditions[code]


def intakes_open(connection: Connection, names: Sequence[str]) -> frozenset[str]:
    """Return which of these intakes are not finished."""
    open_ = _INTAKE.c.intake.in_(names) & _INTAKE.c.state.not_in(("done", "failed"))
    return frozenset(connection.execute(select(_INTAKE.c.intake).where(open_)).scalars())
