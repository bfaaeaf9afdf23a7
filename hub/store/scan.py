"""What a scan reads: one query over primary keys, by the fastest honest way each database has.

The only raw drivers of the hub. SQLite is read inline (a keyed read is quicker than a change of thread); PostgreSQL is
awaited from psycopg's pool. Both hand back the composed bytes as they are; `hub/public/lookup.py` judges them.
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from psycopg_pool import AsyncConnectionPool

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
_HOLDER = """
    SELECT h.body, p.body FROM answer_head h
    LEFT JOIN answer_page p ON p.licence_number = h.licence_number AND p.page = COALESCE({page}, h.first_page)
    WHERE h.licence_number = {key}"""
# What few scans ask for, by more than one row; no more than MOST of each.
_MANY = {
    "retired": "SELECT retired_at FROM reference_claim WHERE reference = {key} AND retired_at IS NOT NULL",
    "site": "SELECT subject_id, kind, reference, holder, name, address, ended_on FROM subject WHERE reference = {key}",
    "subject": "SELECT subject_id, kind, reference, holder, name, address, ended_on FROM subject"
    " WHERE subject_id = {key}",
    "at_site": "SELECT a.body, h.body FROM site_chain x JOIN chain c ON c.chain = x.chain"
    " JOIN answer_certificate a ON a.serial = c.current JOIN answer_head h ON h.licence_number = c.licence_number"
    " WHERE x.site_id = {key} AND (CAST({second} AS text) = '' OR c.certificate_type = {second})"
    " ORDER BY c.chain DESC LIMIT {most}",
    "about_device": "SELECT a.body, h.body FROM device_claim x JOIN chain c ON c.chain = x.chain"
    " JOIN answer_certificate a ON a.serial = c.current JOIN answer_head h ON h.licence_number = c.licence_number"
    " WHERE x.device_id = {key} AND (CAST({second} AS text) = '' OR c.certificate_type = {second})"
    " ORDER BY c.chain DESC LIMIT {most}",
    "of_type": "SELECT a.body FROM chain c JOIN answer_certificate a ON a.serial = c.current"
    " WHERE c.licence_number = {key} AND c.certificate_type = {second} AND c.slot > {after}"
    " ORDER BY c.slot LIMIT {most}",
    "at_own_site": "SELECT a.body FROM site_chain x JOIN chain c ON c.chain = x.chain"
    " JOIN answer_certificate a ON a.serial = c.current"
    " WHERE x.site_id = {second} AND c.licence_number = {key} AND c.slot > {after} ORDER BY c.slot LIMIT {most}",
    "pages": "SELECT p.body FROM answer_page p WHERE p.licence_number = {key} ORDER BY p.page LIMIT {most}",
    "branches": "SELECT h.body FROM relation r JOIN answer_head h ON h.licence_number = r.from_number"
    " WHERE r.to_number = {key} AND r.kind = 'branch' AND r.until_on IS NULL"
    " ORDER BY r.from_number LIMIT {most}",
}
MOST = 101
_SQLITE = {"page": ":page", "key": ":key", "second": ":second", "after": ":after", "most": str(MOST)}
_POSTGRES = {
    "page": "%(page)s::int", "key": "%(key)s", "second": "%(second)s", "after": "%(after)s::int", "most": str(MOST),
}  # fmt: skip


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

    async def holder(self, licence_number: str, page: int | None) -> ScanRows | None: ...

    async def many(self, what: str, key: str, *, second: str = "", after: int = -1) -> list[tuple[Any, ...]]: ...

    async def close(self) -> None: ...


class SqliteScanReader:
    """Reads inline on the event loop's own thread, on a connection that can only read."""

    _enterprise, _certificate, _search = (each.format(**_SQLITE) for each in (_ENTERPRISE, _CERTIFICATE, _SEARCH))
    _holder = _HOLDER.format(**_SQLITE)
    _many = {name: query.format(**_SQLITE) for name, query in _MANY.items()}  # noqa: RUF012

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

    async def holder(self, licence_number: str, page: int | None) -> ScanRows | None:
        return self._one(self._holder, {"key": licence_number, "page": page})

    async def many(self, what: str, key: str, *, second: str = "", after: int = -1) -> list[tuple[Any, ...]]:
        values = {"key": key, "second": second, "after": after}
        return list(self._connection.execute(self._many[what], values).fetchall())

    async def close(self) -> None:
        self._connection.close()

    def _one(self, query: str, values: dict[str, object]) -> ScanRows | None:
        row = self._connection.execute(query, values).fetchone()
        return None if row is None else ScanRows(row[0], row[1])


class PostgresScanReader:
    """Reads from a pool of asynchronous connections in autocommit, with prepared statements."""

    _enterprise, _certificate, _search = (each.format(**_POSTGRES) for each in (_ENTERPRISE, _CERTIFICATE, _SEARCH))
    _holder = _HOLDER.format(**_POSTGRES)
    _many = {name: query.format(**_POSTGRES) for name, query in _MANY.items()}  # noqa: RUF012

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

    async def holder(self, licence_number: str, page: int | None) -> ScanRows | None:
        return await self._one(self._holder, {"key": licence_number, "page": page})

    async def many(self, what: str, key: str, *, second: str = "", after: int = -1) -> list[tuple[Any, ...]]:
        return await self._rows(self._many[what], {"key": key, "second": second, "after": after})

    async def close(self) -> None:
        await self._pool.close()

    async def _one(self, query: str, values: dict[str, object]) -> ScanRows | None:
        rows = await self._rows(query, values)
        return ScanRows(bytes(rows[0][0]), None if rows[0][1] is None else bytes(rows[0][1])) if rows else None

    async def _rows(self, query: str, values: dict[str, object]) -> list[tuple[Any, ...]]:
        if not self._opened:
            await self._pool.open()
            self._opened = True
        # Taken and given back by hand: `pool.connection()` also ends a transaction, which a read in autocommit has not,
        # and costs a quarter of the read. A connection that broke is replaced by the pool when it is given back.
        connection = await self._pool.getconn()
        try:
            cursor = await connection.execute(query, values, prepare=True, binary=True)
            return await cursor.fetchall()
        finally:
            await self._pool.putconn(connection)
