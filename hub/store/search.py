"""What a search reads: certificates' current versions by chain or serial, each question a bounded walk of one index.

No question counts, skips rows or sorts more than it returns. Ranges of the index by type and status are asked with row
values: that order is the index's alone, so no plan walks another one and throws away what does not fit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, Column, Connection, Select, Table, bindparam, select, tuple_, union_all

from hub.store import tables
from hub.store.queries import select_among

_CERTIFICATE = tables.certificate
_COLUMNS = ("serial", "chain", "certificate_type", "status", "issuing_body", "valid_from", "valid_to")
_HIGHEST = 2**62
Range = tuple[str, str]
"""Certificate type and status."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What is known of a certificate from its row alone."""

    serial: int
    chain: int
    certificate_type: str
    status: str
    issuing_body: str
    valid_from: Any
    valid_to: Any


class SearchReader:
    """Reads in portions: `before` is the chain or serial where the one before ended, None for the first."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def chains_of_number(self, number: str, *, before: int | None, most: int) -> list[int]:
        """Return chains that claim a certificate number, at whatever body, newest first."""
        return self._chains(tables.number_claim, "number", number, before, most)

    def chains_of_site(self, site_id: str, *, before: int | None, most: int) -> list[int]:
        return self._chains(tables.site_chain, "site_id", site_id, before, most)

    def chains_of_device(self, device_id: str, *, before: int | None, most: int) -> list[int]:
        return self._chains(tables.device_claim, "device_id", device_id, before, most)

    def currents(self, chains: Sequence[int]) -> dict[int, int]:
        """Return the serial of the current version of each chain that has one."""
        if not chains:
            return {}
        rows = select_among(self._connection, tables.chain, "chain", chains, columns=("chain", "current"))
        return {row.chain: row.current for row in rows if row.current is not None}

    def newest(self, *, before: int | None, most: int) -> list[Listed]:
        """Return certificates of every kind, newest first; also those that are no longer current."""
        values = {"before": before or _HIGHEST, "most": most}
        return [Listed(*row) for row in self._connection.execute(_NEWEST, values)]

    def listed(self, ranges: Sequence[Range], *, before: int | None, most: int) -> list[Listed]:
        """Return the certificates of these types and statuses, newest first."""
        values: dict[str, Any] = {"before": before or _HIGHEST, "most": most}
        for place, (code, status) in enumerate(ranges):
            values |= {f"type_{place}": code, f"status_{place}": status}
        return [Listed(*row) for row in self._connection.execute(_listing(len(ranges)), values)]

    def _chains(self, table: Table, column: str, value: str, before: int | None, most: int) -> list[int]:
        values = {"value": value, "before": before or _HIGHEST, "most": most}
        return list(self._connection.execute(_chains_by(table, column), values).scalars())


@lru_cache(maxsize=8)
def _chains_by(table: Table, column: str) -> Select[Any]:
    found: Column[Any] = table.c.chain
    query = select(found).where(table.c[column] == bindparam("value"), found < bindparam("before"))
    return query.order_by(found.desc()).limit(bindparam("most"))


@lru_cache(maxsize=64)
def _listing(count: int) -> Any:
    ranges = [_range(place).subquery() for place in range(count)]
    merged = union_all(*(select(each) for each in ranges)).subquery()
    return select(merged).order_by(merged.c.serial.desc()).limit(bindparam("most"))


def _range(place: int) -> Select[Any]:
    key = tuple_(_CERTIFICATE.c.certificate_type, _CERTIFICATE.c.status, _CERTIFICATE.c.serial)
    code: BindParameter[str] = bindparam(f"type_{place}")
    status: BindParameter[str] = bindparam(f"status_{place}")
    lowest, highest = tuple_(code, status, bindparam("lowest", -1)), tuple_(code, status, bindparam("before"))
    query = select(*(_CERTIFICATE.c[name] for name in _COLUMNS)).where(key > lowest, key < highest)
    return query.order_by(*(column.desc() for column in _key_columns())).limit(bindparam("most"))


def _key_columns() -> tuple[Column[Any], ...]:
    return _CERTIFICATE.c.certificate_type, _CERTIFICATE.c.status, _CERTIFICATE.c.serial


_NEWEST = (
    select(*(_CERTIFICATE.c[name] for name in _COLUMNS))
    .where(_CERTIFICATE.c.serial < bindparam("before"))
    .order_by(_CERTIFICATE.c.serial.desc())
    .limit(bindparam("most"))
)
