"""What a scan reads: one query over primary keys, by the fastest honest way each database has.

The only raw drivers of the hub. SQLite is read inline (a keyed read is quicker than a change of thread); PostgreSQL is
awaited from psycopg's pool. Both hand back the composed bytes as they are; `hub/lookup.py` judges them.
"""

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from psycopg_pool import AsyncConnectionPool

from hub.store.columns import moment_of

_ENTERPRISE = """
    SELECT h.body, p.body FROM reference_claim r
    JOIN answer_head h ON h.licence_number = r.licence_number
    LEFT JOIN answer_page p ON p.licence_number = r.licence_number AND p.page = COALESCE({page}, h.first_page)
    WHERE r.reference = {key} AND r.serial IS NULL AND r.retired_at IS NULL"""
_CERTIFICATE = """
    SELECT h.body, c.body FROM reference_claim r
    JOIN answer_certificate c ON c.serial = r.serial
    JOIN answer_head h ON h.licence_number = r.licence_number
    WHERE r.reference = {key}"""
_SEARCH = """
    SELECT h.body, NULL FROM answer_head h WHERE h.licence_number = {key}"""
_RETIRED = """
    SELECT r.retired_at FROM reference_claim r WHERE r.reference = {key} AND r.retired_at IS NOT NULL"""
_SQLITE = {"page": ":page", "key": ":key"}
_POSTGRES = {"page": "%(page)s::int", "key": "%(key)s"}


@dataclass(frozen=True, slots=True)
class ScanRows:
    """The composed bytes a scan found: the holder's head, and a page of lines or a certificate's body."""

    head: bytes
    detail: bytes | None


class ScanReader(Protocol):
    """Reads composed answers by key; None is "nobody has this reference"."""

    async def enterprise(self, reference: str, page: int | None) -> ScanRows | None: ...

    async def certificate(self, reference: str) -> ScanRows | None: ...

    async def search(self, licence_number: str) -> ScanRows | None: ...

    async def retired(self, reference: str) -> datetime | None:
        """Return when an enterprise's reference was retired; asked of what was not found."""
        ...

    async def close(self) -> None: ...


class SqliteScanReader:
    """Reads inline on the event loop's own thread, on a connection that can only read."""

    _enterprise, _certificate, _search = (each.format(**_SQLITE) for each in (_ENTERPRISE, _CERTIFICATE, _SEARCH))
    _retired = _RETIRED.format(**_SQLITE)

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
        )
        self._connection.execute("PRAGMA query_only=1")
        self._connection.execute("PRAGMA cache_size=-32000")

    async def enterprise(self, reference: str, page: int | None) -> ScanRows | None:
        return self._one(self._enterprise, {"page": page, "key": reference})

    async def certificate(self, reference: str) -> ScanRows | None:
        return self._one(self._certificate, {"key": reference})

    async def search(self, licence_number: str) -> ScanRows | None:
        return self._one(self._search, {"key": licence_number})

    async def retired(self, reference: str) -> datetime | None:
        row = self._connection.execute(self._retired, {"key": reference}).fetchone()
        return None if row is None else moment_of(row[0])

    async def close(self) -> None:
        self._connection.close()

    def _one(self, query: str, values: dict[str, object]) -> ScanRows | None:
        row = self._connection.execute(query, values).fetchone()
        return None if row is None else ScanRows(row[0], row[1])


class PostgresScanReader:
    """Reads from a pool of asynchronous connections in autocommit, with prepared statements."""

    _enterprise, _certificate, _search = (each.format(**_POSTGRES) for each in (_ENTERPRISE, _CERTIFICATE, _SEARCH))
    _retired = _RETIRED.format(**_POSTGRES)

    def __init__(self, conninfo: str, *, pool_size: int) -> None:
        self._pool = AsyncConnectionPool(
            conninfo,
            min_size=2,
            max_size=pool_size,
            open=False,
            kwargs={"autocommit": True, "prepare_threshold": 1, "options": "-c default_transaction_read_only=on"},
        )
        self._opened = False

    async def enterprise(self, reference: str, page: int | None) -> ScanRows | None:
        return await self._one(self._enterprise, {"page": page, "key": reference})

    async def certificate(self, reference: str) -> ScanRows | None:
        return await self._one(self._certificate, {"key": reference})

    async def search(self, licence_number: str) -> ScanRows | None:
        return await self._one(self._search, {"key": licence_number})

    async def retired(self, reference: str) -> datetime | None:
        row = await self._row(self._retired, {"key": reference})
        return None if row is None else moment_of(row[0])

    async def close(self) -> None:
        await self._pool.close()

    async def _one(self, query: str, values: dict[str, object]) -> ScanRows | None:
        row = await self._row(query, values)
        return None if row is None else ScanRows(bytes(row[0]), None if row[1] is None else bytes(row[1]))

    async def _row(self, query: str, values: dict[str, object]) -> tuple[Any, ...] | None:
        if not self._opened:
            await self._pool.open()
            self._opened = True
        # Taken and given back by hand: `pool.connection()` also ends a transaction, which a read in autocommit has not,
        # and costs a quarter of the read. A connection that broke is replaced by the pool when it is given back.
        connection = await self._pool.getconn()
        try:
            cursor = await connection.execute(query, values, prepare=True, binary=True)
            return await cursor.fetchone()
        finally:
            await self._pool.putconn(connection)
