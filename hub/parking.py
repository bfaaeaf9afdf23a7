"""Orders that need two officers, signed at pages one after the other: the first is parked until the second signs.

1 the first officer's statement was verified at the door
2 content, salt and statement are kept, encrypted, for a term            <- COMMIT POINT
3 a second officer of the department reads the same content and signs it; the order goes its way with both
4 what was carried out is not parked any more
Nothing is ordered by a parked order: it spends no statement, and is gone when its term is over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection

from hub.errors import NotFoundError
from hub.intentions import new_name
from hub.registry import Registry
from hub.store.parked_order import ParkedReader, ParkedWriter, StoredParked
from signing.envelope import decrypt, encrypt

_MOST = 100


@dataclass(frozen=True, slots=True)
class Parked:
    """An order that waits for a second officer, opened."""

    stored: StoredParked
    content: Mapping[str, Any]
    salt: str
    statement: str


def park(
    errand: str,
    content: Mapping[str, Any],
    salt: str,
    statement: str,
    *,
    department: str,
    officer: str,
    registry: Registry,
    now: datetime,
) -> str:
    """Park an order that one officer signed; return its name."""
    name = new_name(registry)
    kept = orjson.dumps({"content": dict(content), "salt": salt, "statement": statement})
    envelope = encrypt(kept, master=registry.master, context=_context(name))
    parked = StoredParked(name, department, errand, officer, envelope, now, now + registry.terms.parking_term)

    def commit(connection: Connection) -> None:
        writer = ParkedWriter(connection)
        writer.forget_ended(now)
        writer.add(parked)

    registry.database.write(commit)
    return name


def list_parked(department: str, *, registry: Registry, now: datetime) -> list[StoredParked]:
    """Return what waits in a department for a second officer."""
    with registry.database.read() as connection:
        return ParkedReader(connection).of(department, now, most=_MOST)


def open_parked(name: str, department: str, *, registry: Registry, now: datetime) -> Parked:
    """Return one of the department's own. Raises NotFoundError parked_not_found."""
    with registry.database.read() as connection:
        stored = ParkedReader(connection).get(name)
    if stored is None or stored.department != department or not now < stored.ends_at:
        raise NotFoundError("parked_not_found")
    kept = orjson.loads(decrypt(stored.envelope, masters=registry.masters, context=_context(name)))
    return Parked(stored, kept["content"], kept["salt"], kept["statement"])


def unpark(name: str, *, registry: Registry) -> None:
    """Let go of an order that was carried out, or that somebody took back."""
    registry.database.write(lambda connection: ParkedWriter(connection).remove(name))


def _context(name: str) -> bytes:
    return b"parked order\0" + name.encode()
