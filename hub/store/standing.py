"""How the hub stands, as its operator reads it: approved changes, systems, lines of sharing, queues; a page by key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, Table, func, select

from hub.store import tables

_APPROVAL, _SYSTEM, _RULE = tables.approval.c, tables.system.c, tables.sharing_rule.c
_OFFICER = tables.officer.c


@dataclass(frozen=True, slots=True)
class ApprovedChange:
    """A change that persons approved: what kind, by the digest of its content, by how many, when the last one did."""

    change: str
    content_digest: str
    persons: int
    approved_at: datetime


@dataclass(frozen=True, slots=True)
class SystemRow:
    """A system as the operator lists it."""

    code: str
    department: str
    roles: Sequence[str]
    active: bool
    cert_der: bytes


@dataclass(frozen=True, slots=True)
class SharingRow:
    """The newest version of a line of the sharing table."""

    code: str
    version: int
    requester: str
    item_name: str
    sharing_class: str
    state: str
    confirmed_until: date | None


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much of a queue there is, and since when the oldest of it; None for an empty one."""

    count: int
    oldest_at: datetime | None


class StandingReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def approved(self, *, after: tuple[datetime, str] | None, most: int) -> list[ApprovedChange]:
        """Return approved changes, the newest first, behind a moment and digest."""
        last = func.max(_APPROVAL.recorded_at)
        query = select(_APPROVAL.change, _APPROVAL.content_digest, func.count(_APPROVAL.officer.distinct()), last)
        query = query.group_by(_APPROVAL.change, _APPROVAL.content_digest)
        if after is not None:
            at, digest = after
            query = query.having((last < at) | ((last == at) & (_APPROVAL.content_digest < digest)))
        query = query.order_by(last.desc(), _APPROVAL.content_digest.desc()).limit(most)
        return [ApprovedChange(*row) for row in self._connection.execute(query)]

    def systems(self, *, after: str, most: int) -> list[SystemRow]:
        """Return systems by code, behind one."""
        columns = (_SYSTEM.code, _SYSTEM.department, _SYSTEM.roles, _SYSTEM.active, _SYSTEM.cert_der)
        query = select(*columns).where(_SYSTEM.code > after).order_by(_SYSTEM.code).limit(most)
        return [SystemRow(*row) for row in self._connection.execute(query)]

    def lines(self, *, after: str, most: int) -> list[SharingRow]:
        """Return the newest version of each line of the sharing table by code, behind one."""
        newest = select(_RULE.code, func.max(_RULE.version).label("version")).where(_RULE.code > after)
        newest_of = newest.group_by(_RULE.code).order_by(_RULE.code).limit(most).subquery()
        joined = tables.sharing_rule.join(
            newest_of, (_RULE.code == newest_of.c.code) & (_RULE.version == newest_of.c.version)
        )
        columns = tuple(_RULE[name] for name in SharingRow.__slots__)
        rows = self._connection.execute(select(*columns).select_from(joined).order_by(_RULE.code))
        return [SharingRow(*row) for row in rows]

    def persons(self) -> list[tuple[str, str, bytes]]:
        """Return number, duty and cert (DER) of the active persons who have a key of their own, by number."""
        has_key = _OFFICER.active & _OFFICER.cert_der.is_not(None)
        query = select(_OFFICER.number, _OFFICER.duty, _OFFICER.cert_der).where(has_key).order_by(_OFFICER.number)
        return [(row[0], row[1], row[2]) for row in self._connection.execute(query)]

    def sealed_again(self, key_id: str) -> tuple[int, int]:
        """Return how many records were sealed again because of a key, and how many are about to be."""
        table = tables.resealing.c
        query = select(func.count(table.key_id), func.count()).where(table.over_key_id == key_id)
        sealed, ordered = self._connection.execute(query).one()
        return int(sealed), int(ordered) - int(sealed)

    def queues(self) -> dict[str, Waiting]:
        """Count what waits or runs: each queue's name → how many, and since when the oldest of it."""
        documents = tables.document_intention
        found = {
            "entries": self._waiting(tables.entry, tables.entry.c.leaf_index.is_(None)),
            "intentions": self._waiting(tables.intention),
            "resealings": self._waiting(tables.resealing, tables.resealing.c.key_id.is_(None)),
            "reminders": self._waiting(tables.reminder, tables.reminder.c.sent_at.is_(None)),
            "outbox": self._waiting(tables.outbox, tables.outbox.c.sent_at.is_(None)),
            "documents": self._waiting(documents, documents.c.problem.is_(None)),
            "documents_failed": self._waiting(documents, documents.c.problem.is_not(None)),
        }
        for name, table in (("intakes", tables.intake), ("pull_batches", tables.pull_batch)):
            found[name] = self._waiting(table, table.c.state.in_(("awaiting_file", "waiting", "running")))
            found[f"{name}_failed"] = self._waiting(table, table.c.state == "failed")
        return found

    def _waiting(self, table: Table, *conditions: ColumnElement[bool]) -> Waiting:
        query = select(func.count(), func.min(table.c.recorded_at)).select_from(table).where(*conditions)
        count, oldest = self._connection.execute(query).one()
        return Waiting(int(count), oldest)
