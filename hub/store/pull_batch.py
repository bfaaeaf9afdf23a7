"""Files of pulls: which process is at work on which, what became of each row, who fetched the results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, and_, func, insert, or_, select, update

from hub.store import tables
from hub.store.upsert import insert_new, insert_rows, update_rows

_BATCH = tables.pull_batch
_ROW = tables.pull_batch_row
_NIGHT = tables.pull_batch_night
_OPEN = ("awaiting_file", "waiting", "running")


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """One file of pulls; `not_before` is the night it waits for, `ends_at` until when its results may be fetched."""

    batch: str
    system: str
    file_sha256: str
    statement: int
    state: str
    problem: str | None
    owner: str | None
    lease_until: datetime | None
    not_before: datetime | None
    rows_done: int
    recorded_at: datetime
    finished_at: datetime | None
    ends_at: datetime | None
    cancelled_by: int | None
    cancel_act: str | None


@dataclass(frozen=True, slots=True)
class StoredBatchRow:
    """What became of one row: unreadable, refused, decided (on its way), delivered, nothing, undelivered."""

    batch: str
    row: int
    state: str
    reason: str
    decision: str | None
    answer: bytes | None


class BatchReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, batch: str) -> StoredBatch | None:
        row = self._connection.execute(select(_BATCH).where(_BATCH.c.batch == batch)).first()
        return None if row is None else StoredBatch(*row)

    def ready(self, now: datetime) -> list[str]:
        """Return the batches that may be taken up now, oldest first."""
        query = select(_BATCH.c.batch).where(_free(now)).order_by(_BATCH.c.recorded_at)
        return list(self._connection.execute(query).scalars())

    def states(self, batches: Sequence[str]) -> dict[str, str]:
        query = select(_BATCH.c.batch, _BATCH.c.state).where(_BATCH.c.batch.in_(batches))
        return {row[0]: row[1] for row in self._connection.execute(query)}

    def counts(self, batch: str) -> dict[str, int]:
        """Return how many rows stand in each state."""
        query = select(_ROW.c.state, func.count()).where(_ROW.c.batch == batch).group_by(_ROW.c.state)
        return {row[0]: row[1] for row in self._connection.execute(query)}

    def rows(self, batch: str, *, after: int, most: int, state: str | None = None) -> list[StoredBatchRow]:
        """Return the next rows behind row `after`, at most so many; with `state` those alone."""
        query = select(_ROW).where(_ROW.c.batch == batch, _ROW.c.row > after)
        query = query if state is None else query.where(_ROW.c.state == state)
        return [StoredBatchRow(*row) for row in self._connection.execute(query.order_by(_ROW.c.row).limit(most))]


class BatchWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: Mapping[str, Any]) -> None:
        self._connection.execute(insert(_BATCH), dict(row))

    def receive(self, batch: str) -> bool:
        """Note that the file is here; False when it was here before, or is not awaited any more."""
        return self._update((_BATCH.c.batch == batch) & (_BATCH.c.state == "awaiting_file"), {"state": "waiting"})

    def take(self, batch: str, *, owner: str, lease_until: datetime, now: datetime) -> bool:
        """Take a batch that nobody is at work on; False when another process was first."""
        values = {"state": "running", "owner": owner, "lease_until": lease_until, "not_before": None}
        return self._update((_BATCH.c.batch == batch) & _free(now), values)

    def advance(self, batch: str, *, owner: str, lease_until: datetime, **values: int) -> bool:
        """Renew the lease and set `rows_done`; False when another process has it now, or it was cancelled."""
        return self._update(_held(batch, owner), values | {"lease_until": lease_until})

    def release(self, batch: str, *, owner: str, problem: str | None, not_before: datetime | None) -> None:
        """Let go of a batch that is not finished; `problem` says what it waits for, `not_before` until when."""
        values = {"state": "waiting", "owner": None, "lease_until": None, "problem": problem, "not_before": not_before}
        self._update(_held(batch, owner), values)

    def finish(
        self, batch: str, *, owner: str, state: str, problem: str | None, now: datetime, ends_at: datetime
    ) -> bool:
        """Close a batch; False when another process has it now, or it was cancelled."""
        values = {"state": state, "problem": problem, "owner": None, "lease_until": None}
        return self._update(_held(batch, owner), values | {"finished_at": now, "ends_at": ends_at})

    def cancel(self, batch: str, *, statement: int, act_id: str, now: datetime, ends_at: datetime) -> bool:
        """Stop a batch for good, whoever is at work on it; False when it has come to its end already."""
        values: dict[str, Any] = {
            "state": "cancelled",
            "owner": None,
            "lease_until": None,
            "finished_at": now,
            "ends_at": ends_at,
        }
        values |= {"cancelled_by": statement, "cancel_act": act_id, "not_before": None}
        stopped = self._update((_BATCH.c.batch == batch) & _BATCH.c.state.in_(_OPEN), values)
        if stopped:
            under_way = (_ROW.c.batch == batch) & (_ROW.c.state == "decided")
            self._connection.execute(
                update(_ROW).where(under_way).values(state="undelivered", reason="batch_cancelled")
            )
        return stopped

    def take_room(self, system: str, day: date, *, wanted: int, most: int) -> int:
        """Count up to `wanted` rows of a system in a night, and return how many its `most` leaves of them."""
        insert_new(self._connection, _NIGHT, [{"system": system, "day": day, "rows": 0}])
        mine = (_NIGHT.c.system == system) & (_NIGHT.c.day == day)
        used = self._connection.execute(select(_NIGHT.c.rows).where(mine).with_for_update()).scalar_one()
        room = max(0, min(wanted, most - int(used)))
        self._connection.execute(update(_NIGHT).where(mine).values(rows=_NIGHT.c.rows + room))
        return room

    def add_rows(self, rows: Sequence[StoredBatchRow]) -> None:
        names = StoredBatchRow.__slots__
        insert_rows(self._connection, _ROW, [{name: getattr(each, name) for name in names} for each in rows])

    def settle(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Set what came of rows, each known by its `decision`: state, reason, answer."""
        update_rows(self._connection, _ROW, rows, key="decision")

    def add_fetch(self, row: Mapping[str, Any]) -> None:
        insert_rows(self._connection, tables.pull_batch_fetch, [row])

    def forget_answers(self, now: datetime) -> None:
        """Drop the answers of batches whose term is over."""
        over = select(_BATCH.c.batch).where(_BATCH.c.ends_at < now)
        kept = _ROW.c.batch.in_(over) & _ROW.c.answer.is_not(None)
        self._connection.execute(update(_ROW).where(kept).values(answer=None))

    def _update(self, condition: Any, values: Mapping[str, Any]) -> bool:
        return self._connection.execute(update(_BATCH).where(condition).values(**values)).rowcount == 1


def _free(now: datetime) -> Any:
    table = _BATCH.c
    waits = and_(table.state == "waiting", or_(table.not_before.is_(None), table.not_before <= now))
    lapsed = and_(table.state == "running", table.lease_until < now)
    return or_(waits, lapsed)


def _held(batch: str, owner: str) -> Any:
    return and_(_BATCH.c.batch == batch, _BATCH.c.owner == owner, _BATCH.c.state == "running")
