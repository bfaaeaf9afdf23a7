"""Entries of the evidence log: one per act, its leaf final, inserted in the act's own transaction."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from hub.store import tables
from hub.store.queries import select_among
from hub.store.upsert import insert_rows
from schemas.evidence import ActFacts, act_bytes
from signing.commitment import leaf

SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as kept: the bytes it commits to and their leaf."""

    number: int
    act_id: str
    kind: str
    act_bytes: bytes
    salt: bytes
    leaf: bytes


class EntryWriter:
    """Adds entries within the transaction of the act they are evidence of."""

    def __init__(self, connection: Connection, random: Callable[[int], bytes]) -> None:
        self._connection = connection
        self._random = random

    def add(self, acts: Sequence[ActFacts]) -> None:
        """Insert one entry per act, unsequenced."""
        insert_rows(self._connection, tables.entry, [self._row(facts) for facts in acts])

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


class EntryReader:
    """Reads entries back."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, act_id: str) -> StoredEntry | None:
        rows = self._connection.execute(select(tables.entry).where(tables.entry.c.act_id == act_id))
        row = rows.mappings().first()
        return None if row is None else _stored(row)

    def of_acts(self, acts: Sequence[str]) -> list[StoredEntry]:
        """Return the entries of these acts in the order they were made."""
        rows = select_among(self._connection, tables.entry, "act_id", acts, order="number") if acts else None
        return [_stored(row) for row in rows.mappings()] if rows else []

    def all(self) -> list[StoredEntry]:
        """Return every entry in the order it was made."""
        rows = self._connection.execute(select(tables.entry).order_by(tables.entry.c.number)).mappings()
        return [_stored(row) for row in rows]


def _stored(row: Any) -> StoredEntry:
    return StoredEntry(row["number"], row["act_id"], row["kind"], row["act_bytes"], row["salt"], row["leaf"])
