"""Statements kept as evidence, and whatever may be spent only once (statements, assertions, proofs, grants)."""

from datetime import datetime

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from hub.store import tables


class StatementReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, number: int) -> tuple[str, str]:
        """Return the statement's JWS and its SHA-256 (hex)."""
        columns = (tables.statement.c.jws, tables.statement.c.digest)
        row = self._connection.execute(select(*columns).where(tables.statement.c.number == number)).one()
        return row.jws, row.digest


class StatementWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, *, system: str, act: str, jws: str, digest: str, now: datetime) -> int:
        """Keep a statement; return its number."""
        row = {"system": system, "act": act, "jws": jws, "digest": digest, "recorded_at": now}
        result = self._connection.execute(insert(tables.statement).returning(tables.statement.c.number), row)
        return int(result.scalar_one())

    def spend(self, kind: str, party: str, value: str, *, expires_at: datetime | None) -> bool:
        """Spend a single-use value; False when it was spent before. Holds across processes and restarts."""
        row = {"kind": kind, "party": party, "value": value, "expires_at": expires_at}
        try:
            with self._connection.begin_nested():
                self._connection.execute(insert(tables.single_use), row)
        except IntegrityError:
            return False
        return True

    def forget_expired(self, now: datetime) -> None:
        """Drop what could not be accepted again anyway, and kept answers past their term."""
        for table in (tables.single_use, tables.idempotency):
            self._connection.execute(delete(table).where(table.c.expires_at < now))
