"""Erasures: which field of which record was forgotten, on what ground; never what it said."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hub.store import tables
from hub.store.queries import select_among, select_by
from hub.store.upsert import insert_rows


@dataclass(frozen=True, slots=True)
class StoredErasure:
    """One erasure as kept."""

    number: int
    serial: int
    field: str
    ground: str
    statement: int
    recorded_at: datetime
    act_id: str


class ErasureReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, serial: int) -> list[StoredErasure]:
        """Return what was erased of one record, in the order recorded."""
        rows = select_by(self._connection, tables.erasure, order="number", serial=serial)
        return [StoredErasure(*row) for row in rows]

    def fields(self, serials: Sequence[int]) -> dict[int, frozenset[str]]:
        """Return the erased fields of each of these records that has any."""
        columns = ("serial", "field")
        rows = select_among(self._connection, tables.erasure, "serial", serials, columns=columns) if serials else ()
        found: dict[int, frozenset[str]] = {}
        for row in rows:
            found[row.serial] = found.get(row.serial, frozenset()) | {row.field}
        return found


class ErasureWriter:
    """Writes within the transaction that holds the enterprise's row."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: Mapping[str, Any]) -> None:
        insert_rows(self._connection, tables.erasure, [row])

    @contextmanager
    def overwriting(self) -> Iterator[None]:
        """Let SQLite write zeros over what is replaced meanwhile; PostgreSQL leaves that to its vacuum."""
        is_sqlite = self._connection.dialect.name == "sqlite"
        if is_sqlite:
            self._connection.exec_driver_sql("PRAGMA secure_delete = ON")
        try:
            yield
        finally:
            if is_sqlite:
                self._connection.exec_driver_sql("PRAGMA secure_delete = OFF")
