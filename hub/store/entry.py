"""Entries of the evidence log: one per act, its leaf final, inserted in the act's own transaction."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, func, select

from hub.store import tables
from hub.store.queries import select_among, select_by
from hub.store.upsert import insert_rows, update_rows
from schemas.evidence import ActFacts, act_bytes
from signing.commitment import following_leaf, leaf

SALT_BYTES = 32
# An arbitrary number of our own: who gives places in the log holds it on PostgreSQL.
_PLACES_LOCK = 4_917_203


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as kept: the bytes it commits to, their leaf, and its place in the log once it has one."""

    number: int
    act_id: str
    kind: str
    act_bytes: bytes
    salt: bytes
    leaf: bytes
    leaf_index: int | None
    recorded_at: datetime


class EntryWriter:
    """Adds entries within the transaction of the act they are evidence of."""

    def __init__(self, connection: Connection, random: Callable[[int], bytes]) -> None:
        self._connection = connection
        self._random = random

    def open_log(self, facts: ActFacts, note: str, place: int) -> None:
        """Insert the entry of a log's first leaf, at its place: it commits to the log before, whose `note` is last.

        It hides nothing and has no salt: its act bytes name the note by its digest, and so does its leaf.
        """
        row = self._row(facts) | {"salt": b"", "leaf": following_leaf(note), "leaf_index": place}
        insert_rows(self._connection, tables.entry, [row])

    def place(self, places: Mapping[int, int | None]) -> None:
        """Set the places of entries by their numbers; None takes one away. For a recovery alone."""
        rows = [{"number": number, "leaf_index": place} for number, place in places.items()]
        update_rows(self._connection, tables.entry, rows, key="number")

    def add(self, acts: Sequence[ActFacts], *, about: Sequence[int] = ()) -> None:
        """Insert one entry per act, unsequenced; `about` are the certificates that the acts were done to, in order."""
        rows = [self._row(facts) for facts in acts]
        if about:
            rows = [{**row, "serial": serial} for row, serial in zip(rows, about, strict=True)]
        insert_rows(self._connection, tables.entry, rows)

    def _row(self, facts: ActFacts) -> dict[str, Any]:
        salt, committed = self._random(SALT_BYTES), act_bytes(facts)
        return {
            "act_id": facts.act_id,
            "kind": str(facts.kind),
            "act_bytes": committed,
            "salt": salt,
            "leaf": leaf(salt, committed),
            "recorded_at": facts.recorded_at,
        }


@dataclass(frozen=True, slots=True)
class PlacedAct:
    """An act on a certificate: its place in the log, its kind, and the version it was done to."""

    place: int
    act_id: str
    kind: str
    serial: int
    recorded_at: datetime


class EntryReader:
    """Reads entries back."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, act_id: str) -> StoredEntry | None:
        row = select_by(self._connection, tables.entry, act_id=act_id).mappings().first()
        return None if row is None else _stored(row)

    def withdrawal_of(self, grant_act: str, moment: datetime) -> str | None:
        """Return the act by which a holder withdrew at that moment what an act gave; None where there is none."""
        found = self._connection.execute(_WITHDRAWN_AT, {"moment": moment})
        return next((row.act_id for row in found if orjson.loads(row.act_bytes)["previous"] == grant_act), None)

    def of_acts(self, acts: Sequence[str]) -> list[StoredEntry]:
        """Return the entries of these acts in the order they were made."""
        rows = select_among(self._connection, tables.entry, "act_id", acts, order="number") if acts else None
        return [_stored(row) for row in rows.mappings()] if rows else []

    def waits(self) -> bool:
        """Say whether an entry has no place in the log yet."""
        return self._connection.execute(_WAITING.limit(1)).first() is not None

    def waiting(self) -> int:
        """Return how many entries have no place in the log yet."""
        return int(self._connection.execute(select(func.count()).select_from(_WAITING.subquery())).scalar_one())

    def size(self) -> int:
        """Return the place that comes after the last one given: a recovered store has not an entry for each before."""
        last = self._connection.execute(select(func.max(tables.entry.c.leaf_index))).scalar_one()
        return 0 if last is None else int(last) + 1

    def count(self) -> int:
        """Return how many entries there are."""
        return int(self._connection.execute(select(func.count()).select_from(tables.entry)).scalar_one())

    def leaf_at(self, index: int) -> bytes | None:
        """Return the leaf at a place of the log, or None."""
        row = select_by(self._connection, tables.entry, columns=("leaf",), leaf_index=index).first()
        return None if row is None else row.leaf

    def leaves(self, start: int, end: int) -> list[bytes]:
        """Return the leaves from one place up to another; fewer when not all are there."""
        table = tables.entry
        between = (table.c.leaf_index >= start) & (table.c.leaf_index < end)
        return list(
            self._connection.execute(select(table.c.leaf).where(between).order_by(table.c.leaf_index)).scalars()
        )

    def placed(self, start: int, end: int) -> dict[int, tuple[int, bytes, datetime]]:
        """Return number, leaf and moment of the entries from one place up to another, by their places."""
        table = tables.entry
        between = (table.c.leaf_index >= start) & (table.c.leaf_index < end)
        columns = (table.c.leaf_index, table.c.number, table.c.leaf, table.c.recorded_at)
        return {row[0]: (row[1], row[2], row[3]) for row in self._connection.execute(select(*columns).where(between))}

    def about_certificates(self, start: int, end: int) -> list[PlacedAct]:
        """Return the acts on certificates from one place up to another, in the order of their places."""
        table = tables.entry.c
        between = (table.leaf_index >= start) & (table.leaf_index < end)
        query = select(table.leaf_index, table.act_id, table.kind, table.serial, table.recorded_at)
        query = query.where(between, table.serial.is_not(None)).order_by(table.leaf_index)
        return [PlacedAct(*row) for row in self._connection.execute(query)]

    def without_place(self) -> dict[int, bytes]:
        """Return the leaves of the entries that have no place yet, by their numbers."""
        columns = (tables.entry.c.number, tables.entry.c.leaf)
        found = self._connection.execute(select(*columns).where(tables.entry.c.leaf_index.is_(None)))
        return {row.number: row.leaf for row in found}

    def last_recorded_at(self) -> datetime | None:
        """Return when the newest entry was recorded, or None when there is none."""
        newest = select(tables.entry.c.recorded_at).order_by(tables.entry.c.number.desc()).limit(1)
        return self._connection.execute(newest).scalar_one_or_none()

    def times(self) -> Iterator[tuple[int, datetime]]:
        """Yield number and time of every entry in the order they were made."""
        rows = self._connection.execute(select(tables.entry.c.number, tables.entry.c.recorded_at).order_by("number"))
        yield from ((row.number, row.recorded_at) for row in rows)

    def all(self) -> list[StoredEntry]:
        """Return every entry in the order it was made."""
        rows = self._connection.execute(select(tables.entry).order_by(tables.entry.c.number)).mappings()
        return [_stored(row) for row in rows]


def _stored(row: Any) -> StoredEntry:
    return StoredEntry(**{name: row[name] for name in StoredEntry.__slots__})


def give_places(connection: Connection, most: int) -> int:
    """Give the oldest entries that wait, `most` at a time, the next places of the log; return how many.

    A place is given once and never taken back; two processes give none at the same time.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (_PLACES_LOCK,))
    numbers = connection.execute(_WAITING.limit(most)).scalars().all()
    if numbers:
        first = EntryReader(connection).size()
        rows = [{"number": number, "leaf_index": first + place} for place, number in enumerate(numbers)]
        update_rows(connection, tables.entry, rows, key="number")
    return len(numbers)


_WITHDRAWN_AT = select(tables.entry.c.act_id, tables.entry.c.act_bytes).where(
    tables.withdraws, tables.entry.c.recorded_at == bindparam("moment")
)
_WAITING = select(tables.entry.c.number).where(tables.entry.c.leaf_index.is_(None)).order_by(tables.entry.c.number)
