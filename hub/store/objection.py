"""Objections (异议) of enterprises, the tasks they became, and what was answered; the words of both are encrypted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from hub.store import tables
from hub.store.queries import select_among, select_by
from hub.store.upsert import insert_rows
from schemas.certificate import SHANGHAI

_TABLE, _TASK = tables.objection, tables.objection_task


@dataclass(frozen=True, slots=True)
class StoredObjection:
    """An objection as kept. `envelope` holds the signed sentence, encrypted; `about` names what it is about."""

    objection: str
    applicant: str
    road: str
    about: str
    envelope: bytes
    recorded_at: datetime
    act_id: str


@dataclass(frozen=True, slots=True)
class ObjectionTask:
    """A task an objection became: the notice's number, whose it is, and, once there is one, the answer (encrypted)."""

    notice: int
    objection: str
    recipient: str
    answer: bytes | None
    answered_at: datetime | None
    answered_by: str | None


def objection_context(name: str) -> bytes:
    """Return what binds an objection's envelope to it."""
    return b"objection:" + name.encode()


def answer_context(name: str, notice: int) -> bytes:
    """Return what binds an answer to the objection and the task it answers."""
    return b"objection answer:" + name.encode() + b":" + str(notice).encode()


class ObjectionReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> StoredObjection | None:
        row = select_by(self._connection, _TABLE, objection=name).first()
        return None if row is None else StoredObjection(*row)

    def of(self, applicant: str, *, most: int) -> list[StoredObjection]:
        """Return an enterprise's newest objections, the newest first."""
        query = select(_TABLE).where(_TABLE.c.applicant == applicant)
        query = query.order_by(_TABLE.c.recorded_at.desc(), _TABLE.c.objection).limit(most)
        return [StoredObjection(*row) for row in self._connection.execute(query)]

    def same(self, applicant: str, road: str, about: str) -> list[str]:
        """Return the names of an enterprise's objections on this road about the same."""
        key = {"applicant": applicant, "road": road, "about": about}
        return list(select_by(self._connection, _TABLE, columns=("objection",), **key).scalars())

    def tasks(self, names: Sequence[str]) -> list[ObjectionTask]:
        """Return the tasks these objections became."""
        rows = select_among(self._connection, _TASK, "objection", names, order="notice") if names else ()
        return [ObjectionTask(*row) for row in rows]

    def counts(self, year: int) -> tuple[Mapping[str, int], Mapping[str, int]]:
        """Return how many objections a year saw by road, and how many refusing windows by department."""
        start, end = (datetime(each, 1, 1, tzinfo=SHANGHAI) for each in (year, year + 1))
        within = (_TABLE.c.recorded_at >= start) & (_TABLE.c.recorded_at < end)
        rows = self._connection.execute(select(_TABLE.c.road, _TABLE.c.about).where(within)).all()
        windows = Counter(row.about.split(" ")[0] for row in rows if row.road == "window_refused")
        return Counter(row.road for row in rows), windows


class ObjectionWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, objection: StoredObjection, tasks: Mapping[int, str]) -> None:
        """Keep an objection and the tasks it became, by the number of their notice: whose each is."""
        row = {name: getattr(objection, name) for name in StoredObjection.__slots__}
        insert_rows(self._connection, _TABLE, [row])
        rows: list[dict[str, Any]] = [
            {"notice": number, "objection": objection.objection, "recipient": recipient}
            for number, recipient in tasks.items()
        ]
        insert_rows(self._connection, _TASK, rows)

    def answer(self, notice: int, answer: bytes, *, act_id: str, now: datetime) -> None:
        values = {"answer": answer, "answered_at": now, "answered_by": act_id}
        self._connection.execute(update(_TASK).where(_TASK.c.notice == notice).values(**values))
