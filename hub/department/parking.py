"""Orders that need two officers, signed at pages one after the other: the first is parked until the second signs.

1 the first officer's statement was verified at the door
2 content, salt and statement are kept, encrypted, for a term            <- COMMIT POINT
3 a second officer of the department reads the same content and signs it; the order goes its way with both
4 what was carried out, or taken back by the first officer, is not parked any more
A statement is parked once, however often its form is sent; a department has so many orders parked that each is listed.
Nothing is ordered by a parked order: it spends no statement, and is gone when its term is over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy import Connection

from hub.errors import NotFoundError, OrderError
from hub.steps.registry import Registry
from hub.store.parked_order import ParkedReader, ParkedWriter, StoredParked
from signing.base64url import encode
from signing.envelope import decrypt, encrypt

MOST = 100
"""So many orders of a department wait at once."""


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
    jti: str,
    department: str,
    officer: str,
    registry: Registry,
    now: datetime,
) -> str:
    """Park an order that one officer signed, known by its statement's `jti`; return its name.

    Raises OrderError parked_too_many.
    """
    name = encode(sha256(f"{department}\0{jti}".encode()).digest())
    kept = orjson.dumps({"content": dict(content), "salt": salt, "statement": statement})
    envelope = encrypt(kept, master=registry.master, context=_context(name))
    parked = StoredParked(name, department, errand, officer, envelope, now, now + registry.terms.parking_term)

    def commit(connection: Connection) -> None:
        writer = ParkedWriter(connection)
        writer.forget_ended(now)
        if len(ParkedReader(connection).of(department, now, most=MOST)) >= MOST:
            raise OrderError("parked_too_many")
        writer.add(parked)

    registry.database.write(commit)
    return name


def list_parked(department: str, *, registry: Registry, now: datetime) -> list[StoredParked]:
    """Return what waits in a department for a second officer."""
    with registry.database.read() as connection:
        return ParkedReader(connection).of(department, now, most=MOST)


def open_parked(name: str, department: str, *, registry: Registry, now: datetime) -> Parked:
    """Return one of the department's own. Raises NotFoundError parked_not_found."""
    with registry.database.read() as connection:
        stored = ParkedReader(connection).get(name)
    if stored is None or stored.department != department or not now < stored.ends_at:
        raise NotFoundError("parked_not_found")
    kept = orjson.loads(decrypt(stored.envelope, masters=registry.masters, context=_context(name)))
    return Parked(stored, kept["content"], kept["salt"], kept["statement"])


def take_back(name: str, department: str, officer: str, *, registry: Registry, now: datetime) -> None:
    """Let go of an order by the officer who parked it. Raises NotFoundError parked_not_found."""
    if open_parked(name, department, registry=registry, now=now).stored.officer != officer:
        raise NotFoundError("parked_not_found")
    unpark(name, registry=registry)


def unpark(name: str, *, registry: Registry) -> None:
    """Let go of an order that was carried out."""
    registry.database.write(lambda connection: ParkedWriter(connection).remove(name))


def _context(name: str) -> bytes:
    return b"parked order\0" + name.encode()
