"""Notices: what a body, a department or an enterprise is told, and the tasks among them that wait to be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from hub.store import tables
from hub.store.queries import select_among, select_by
from hub.store.upsert import insert_rows

_TABLE = tables.notice
_ADD = insert(_TABLE).returning(_TABLE.c.number)


@dataclass(frozen=True, slots=True)
class StoredNotice:
    """A notice as kept. `state` is told, open or done; `facts` hold codes, identifiers and counts only."""

    number: int
    recipient: str
    kind: str
    licence_number: str | None
    serial: int | None
    facts: dict[str, Any]
    state: str
    due_on: date | None
    due_provisional: bool | None
    recorded_at: datetime
    act_id: str
    closed_at: datetime | None
    closed_by: str | None


class NoticeReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, number: int) -> StoredNotice | None:
        row = select_by(self._connection, _TABLE, number=number).first()
        return None if row is None else StoredNotice(*row)

    def of(
        self, recipients: Sequence[str], *, after: int, most: int, state: str | None = None, kind: str | None = None
    ) -> list[StoredNotice]:
        """Return what these recipients were told, in the order recorded, behind number `after`."""
        query = select(_TABLE).where(_TABLE.c.recipient.in_(recipients), _TABLE.c.number > after)
        if state is not None:
            query = query.where(_TABLE.c.state == state)
        if kind is not None:
            query = query.where(_TABLE.c.kind == kind)
        rows = self._connection.execute(query.order_by(_TABLE.c.number).limit(most))
        return [StoredNotice(*row) for row in rows]

    def count_open(self, recipients: Sequence[str]) -> int:
        """Return how many tasks wait for these recipients."""
        waits = _TABLE.c.recipient.in_(recipients) & (_TABLE.c.state == "open")
        return int(self._connection.execute(select(func.count()).select_from(_TABLE).where(waits)).scalar_one())

    def open_about(self, serial: int) -> list[StoredNotice]:
        """Return the tasks about one certificate that wait to be done."""
        query = select(_TABLE).where(_TABLE.c.serial == serial, _TABLE.c.state == "open").order_by(_TABLE.c.number)
        return [StoredNotice(*row) for row in self._connection.execute(query)]

    def about(self, serials: Sequence[int], kind: str) -> list[StoredNotice]:
        """Return what of one kind was told about certificates, done or not."""
        rows = select_among(self._connection, _TABLE, "serial", serials, order="number", kind=kind) if serials else ()
        return [StoredNotice(*row) for row in rows]

    def open_of_kind(self, kind: str) -> list[StoredNotice]:
        """Return the open tasks of a kind, whoever they are for."""
        query = select(_TABLE).where(_TABLE.c.kind == kind, _TABLE.c.state == "open").order_by(_TABLE.c.number)
        return [StoredNotice(*row) for row in self._connection.execute(query)]

    def overdue(
        self, today: date, *, recipients: Sequence[str] | None, after: tuple[date, int], most: int
    ) -> list[StoredNotice]:
        """Return open tasks whose last day is behind `today`, the longest overdue first, behind `after`.

        Of these recipients; None: of all.
        """
        first, number = after
        behind = (_TABLE.c.due_on > first) | ((_TABLE.c.due_on == first) & (_TABLE.c.number > number))
        query = select(_TABLE).where(tables.OPEN, _TABLE.c.due_on < today, behind)
        if recipients is not None:
            query = query.where(_TABLE.c.recipient.in_(recipients))
        rows = self._connection.execute(query.order_by(_TABLE.c.due_on, _TABLE.c.number).limit(most))
        return [StoredNotice(*row) for row in rows]


class NoticeWriter:
    """Writes within the transaction of the act that somebody is told of."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, rows: Sequence[dict[str, Any]]) -> list[int]:
        """Keep notices, and put each into the outbox; return their numbers."""
        numbers = []
        for row in rows:
            number = int(self._connection.execute(_ADD, row).scalar_one())
            sent = {"notice": number, "recipient": row["recipient"], "recorded_at": row["recorded_at"]}
            insert_rows(self._connection, tables.outbox, [sent])
            numbers.append(number)
        return numbers

    def close(self, number: int, *, act_id: str, now: datetime) -> bool:
        """Close a task, once; False when it is not open."""
        waiting = (_TABLE.c.number == number) & (_TABLE.c.state == "open")
        values = {"state": "done", "closed_at": now, "closed_by": act_id}
        return self._connection.execute(update(_TABLE).where(waiting).values(**values)).rowcount == 1
