"""Statements kept as evidence, and whatever may be spent only once (statements, assertions, proofs, grants)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select

from hub.store import tables
from hub.store.installation import InstallationWriter
from hub.store.queries import select_by
from hub.store.upsert import insert_new

_KEEP = insert(tables.statement).returning(tables.statement.c.number)


@dataclass(frozen=True, slots=True)
class KeptStatement:
    """A statement as kept as evidence; `seconds` is the one that it stands beside."""

    number: int
    system: str
    act: str
    jws: str
    digest: str
    recorded_at: datetime
    seconds: int | None


class StatementReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, number: int) -> tuple[str, str]:
        """Return the statement's JWS and its SHA-256 (hex)."""
        row = select_by(self._connection, tables.statement, columns=("jws", "digest"), number=number).one()
        return row.jws, row.digest

    def all_of(self, numbers: Sequence[int]) -> list[KeptStatement]:
        """Return these statements and those that stand beside them, in the order kept."""
        table = tables.statement
        chosen = table.c.number.in_(numbers) | table.c.seconds.in_(numbers)
        columns = [table.c[name] for name in KeptStatement.__slots__]
        query = select(*columns).where(chosen).order_by(table.c.number)
        return [KeptStatement(*row) for row in self._connection.execute(query)]

    def of_systems(self, systems: Sequence[str], *, before: int | None, most: int) -> list[KeptStatement]:
        """Return the newest statements of these systems, below a number."""
        table = tables.statement
        columns = [table.c[name] for name in KeptStatement.__slots__]
        query = select(*columns).where(table.c.system.in_(systems)).order_by(table.c.number.desc()).limit(most)
        if before is not None:
            query = query.where(table.c.number < before)
        return [KeptStatement(*row) for row in self._connection.execute(query)]


class StatementWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, *, system: str, act: str, jws: str, digest: str, now: datetime, seconds: int | None = None) -> int:
        """Keep a statement; return its number. `seconds` is the statement it stands beside."""
        row = {"system": system, "act": act, "jws": jws, "digest": digest, "recorded_at": now, "seconds": seconds}
        return int(self._connection.execute(_KEEP, row).scalar_one())

    def spend(self, kind: str, party: str, value: str, *, expires_at: datetime | None) -> bool:
        """Spend a single-use value; False when it was spent before. Holds across processes and restarts."""
        row = {"kind": kind, "party": party, "value": value, "expires_at": expires_at}
        return insert_new(self._connection, tables.single_use, [row]) == 1

    def forget_expired(self, now: datetime) -> None:
        """Drop what could not be accepted again anyway, and kept answers past their term.

        Until when assertions and proofs are forgotten is noted, as a clock that is set back behind it must not accept
        them again. It is the end of the last one dropped, not `now`: a clock that was ahead for a while costs nothing.
        """
        spent = tables.single_use
        ended = spent.c.kind.in_(("assertion", "proof")) & (spent.c.expires_at < now)
        last = self._connection.execute(select(func.max(spent.c.expires_at)).where(ended)).scalar()
        if last is not None:
            InstallationWriter(self._connection).note_forgotten(last)
        for table in (tables.single_use, tables.idempotency):
            self._connection.execute(delete(table).where(table.c.expires_at < now))
