"""Intentions: what is about to be sealed, recorded before the key is used, and what an idempotency key led to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, update

from hub.store import tables
from hub.store.queries import select_by
from hub.store.upsert import insert_new, insert_rows


@dataclass(frozen=True, slots=True)
class StoredIntention:
    """One certificate about to be sealed. `envelope` holds payload and disclosures, encrypted."""

    serial: int
    batch: str
    owner: str
    lease_until: datetime
    statement: int
    envelope: bytes


_DROP = delete(tables.intention).where(tables.intention.c.serial.in_(bindparam("serials", expanding=True)))
_ANSWER = (
    update(tables.idempotency)
    .where(
        tables.idempotency.c.system == bindparam("of_system"),
        tables.idempotency.c.key == bindparam("of_key"),
        tables.idempotency.c.answer.is_(None),
    )
    .values(answer=bindparam("kept"))
)


class IntentionReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def batch(self, batch: str) -> list[StoredIntention]:
        return self._where(tables.intention.c.batch == batch)

    def all(self) -> list[StoredIntention]:
        """Return every open intention: the list of what was intended and not completed."""
        return self._where(tables.intention.c.serial > 0)

    def orphans(self, now: datetime) -> list[str]:
        """Return the batches whose owner let the lease run out."""
        table = tables.intention
        query = select(table.c.batch).where(table.c.lease_until < now).group_by(table.c.batch)
        return list(self._connection.execute(query.order_by(func.min(table.c.serial))).scalars())

    def _where(self, condition: Any) -> list[StoredIntention]:
        table = tables.intention
        columns = (table.c.serial, table.c.batch, table.c.owner, table.c.lease_until, table.c.statement)
        query = select(*columns, table.c.envelope).where(condition).order_by(table.c.serial)
        return [StoredIntention(*row) for row in self._connection.execute(query)]


class IntentionWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, rows: Sequence[Mapping[str, Any]]) -> None:
        insert_rows(self._connection, tables.intention, rows)

    def drop(self, serials: Sequence[int]) -> int:
        """Drop intentions that are completed or refused; return how many were there still."""
        return self._connection.execute(_DROP, {"serials": list(serials)}).rowcount

    def take_over(self, batch: str, *, owner: str, lease_until: datetime, now: datetime) -> bool:
        """Take an orphaned batch; False when its owner still holds the lease or another process was first."""
        table = tables.intention
        orphaned = (table.c.batch == batch) & (table.c.lease_until < now)
        values = {"owner": owner, "lease_until": lease_until}
        return self._connection.execute(update(table).where(orphaned).values(**values)).rowcount > 0


@dataclass(frozen=True, slots=True)
class KeptAct:
    """What an idempotency key led to: the request's digest, the act, and the kept answer once there is one."""

    request_digest: str
    act: str
    answer: bytes | None


class IdempotencyReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, system: str, key: str) -> KeptAct | None:
        columns = ("request_digest", "act", "answer")
        row = select_by(self._connection, tables.idempotency, columns=columns, system=system, key=key).first()
        return None if row is None else KeptAct(*row)

    def of_acts(self, acts: Sequence[str]) -> list[tuple[str, str, KeptAct]]:
        """Return the system, the key and what is kept of every key that led to one of these acts."""
        table = tables.idempotency
        columns = (table.c.system, table.c.key, table.c.request_digest, table.c.act, table.c.answer)
        rows = self._connection.execute(select(*columns).where(table.c.act.in_(acts)))
        return [(row[0], row[1], KeptAct(*row[2:])) for row in rows]

    def key_of(self, act: str) -> tuple[str, str] | None:
        """Return the system and key that led to an act, or None."""
        table = tables.idempotency
        row = self._connection.execute(select(table.c.system, table.c.key).where(table.c.act == act)).first()
        return None if row is None else (row.system, row.key)


class IdempotencyWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open(self, system: str, key: str, *, request_digest: str, act: str, expires_at: datetime) -> bool:
        """Keep a key before its act is done; False when another request is using it at this moment."""
        row = {"system": system, "key": key, "request_digest": request_digest, "act": act, "expires_at": expires_at}
        return insert_new(self._connection, tables.idempotency, [row]) == 1

    def answer(self, system: str, key: str, answer: bytes) -> bool:
        """Keep the answer (encrypted) under its key; False when there is one already."""
        return self._connection.execute(_ANSWER, {"of_system": system, "of_key": key, "kept": answer}).rowcount == 1

    def replace_answer(self, system: str, key: str, answer: bytes) -> None:
        """Keep another answer (encrypted) in place of the one under this key."""
        table = tables.idempotency
        same = (table.c.system == system) & (table.c.key == key)
        self._connection.execute(update(table).where(same).values(answer=answer))

    def drop(self, act: str) -> None:
        """Forget the key that led to an act which was refused after all."""
        table = tables.idempotency
        self._connection.execute(delete(table).where(table.c.act == act))
