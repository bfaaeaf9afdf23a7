"""Working through files of pulls by night: steps 3 to 5 of this folder's, in batches of rows, under a lease."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import structlog
from sqlalchemy import Connection

from connectors.contract import OpenTable, TabularError, TabularLimits
from hub.errors import HubError, SetupError, StoreError
from hub.sharing.pull_batches.rows import BatchRow, open_rows
from hub.steps.files.spool import Spool, SpooledFileError
from hub.steps.registry import Registry
from hub.steps.sharing.delivery import Exchange
from hub.steps.sharing.pulling import Asking, Settled, decide_request, deliver, record_decisions, request_decided
from hub.store.exchange import ExchangeReader, StoredDecision
from hub.store.parties import PartyReader
from hub.store.pull_batch import BatchReader, BatchWriter, StoredBatch, StoredBatchRow
from hub.store.statement import StatementReader
from schemas.exchange import BatchRequest, PullRequest, read_batch_request
from schemas.parties import Officer, System
from schemas.statement import Statement, read_statement
from signing.envelope import encrypt
from signing.errors import SigningError
from signing.jws import unverified_payload

BATCH_ROWS = 100
_ABANDONED_SECONDS = 86_400


class LeaseLostError(Exception):
    """Another process has this file now, or it was cancelled; what was not committed was rolled back."""


class LeftOffError(Exception):
    """The file goes on later: `problem` says what it waits for, `not_before` until when at least."""

    def __init__(self, problem: str | None, not_before: datetime | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.not_before = not_before


@dataclass(frozen=True, slots=True)
class Workplace:
    """What working through files of pulls needs.

    `clock` returns now (aware), `is_stopping` whether to leave off; `batch_rows` are decided and committed together.
    """

    registry: Registry
    exchange: Exchange
    open_table: OpenTable
    limits: TabularLimits
    spool: Spool
    clock: Callable[[], datetime]
    is_stopping: Callable[[], bool] = lambda: False
    batch_rows: int = BATCH_ROWS


def run_ready(place: Workplace) -> list[str]:
    """Run every file that is ready now, each once; return those that came to an end. Nothing by day."""
    now = place.clock()
    tidy(place, now)
    if place.registry.terms.night.day_of(now) is None:
        return []
    with place.registry.database.read() as connection:
        ready = BatchReader(connection).ready(now)
    return [name for name in ready if place.spool.holds(name) and _run_and_tell(name, place) in ("done", "failed")]


def tidy(place: Workplace, now: datetime) -> None:
    """Drop files that nobody reads any more, uploads that broke off long ago."""
    place.spool.sweep(before=now.timestamp() - _ABANDONED_SECONDS)
    names = place.spool.names()
    if names:
        with place.registry.database.read() as connection:
            states = BatchReader(connection).states(names)
        for name, state in states.items():
            if state in ("done", "failed", "cancelled"):
                place.spool.delete(name)


def run_batch(name: str, *, place: Workplace) -> str | None:
    """Work through a file as far as it goes tonight; return its state, or None when it is not to be had now."""
    taken = place.registry.database.write(partial(_take, name, place, place.clock()))
    if taken is None:
        return None
    batch, statement, digest = taken
    run = _Run(batch, statement, digest, place)
    try:
        with place.spool.clear_text(name, file_sha256=batch.file_sha256) as path:
            return run.work(path)
    except LeaseLostError:
        return None
    except LeftOffError as left:
        problem, not_before = left.problem, left.not_before
    except TabularError as error:
        return run.finish("failed", error.rule)
    except SpooledFileError:
        return run.finish("failed", "file_damaged")
    except (SigningError, SetupError):
        problem, not_before = "signing_failed", None
    except StoreError as error:
        problem, not_before = error.code, None
    except BaseException:
        # Whatever it was, the next one goes on where this one was.
        run.release("internal", None)
        raise
    run.release(problem, not_before)
    return "waiting"


def _run_and_tell(name: str, place: Workplace) -> str | None:
    log = structlog.get_logger("hub.pull_batches")
    try:
        state = run_batch(name, place=place)
    except Exception as error:
        log.error("pull_batch_broke_off", batch=name, kind=type(error).__name__)
        return None
    log.info("pull_batch_run", batch=name, state=state)
    return state


def _take(
    name: str, place: Workplace, now: datetime, connection: Connection
) -> tuple[StoredBatch, Statement, str] | None:
    registry, reader = place.registry, BatchReader(connection)
    lease_until = now + registry.terms.lease
    if not BatchWriter(connection).take(name, owner=registry.owner, lease_until=lease_until, now=now):
        return None
    batch = reader.get(name)
    if batch is None:
        return None
    jws, digest = StatementReader(connection).get(batch.statement)
    return batch, read_statement(unverified_payload(jws)), digest


class _Run:
    """One run through one file: what it works with, and how far it has come."""

    def __init__(self, batch: StoredBatch, statement: Statement, digest: str, place: Workplace) -> None:
        self._batch = batch
        self._statement = statement
        self._digest = digest
        self._place = place
        self._registry = place.registry
        self._request: BatchRequest = read_batch_request(statement.request or {})

    def work(self, path: Path) -> str:
        """Deliver what an earlier run had decided, then decide and deliver row after row, then close the file."""
        self._deliver_decided()
        place = self._place
        rows = open_rows(path, self._request, open_table=place.open_table, limits=place.limits)
        rows_to_do = (row for row in rows if row.number > self._batch.rows_done)
        for some in _portions(rows_to_do, place.batch_rows):
            now = place.clock()
            self._work_through(some, now, self._night(now))
        self._deliver_decided()
        return self.finish("done", None)

    def finish(self, state: str, problem: str | None) -> str:
        registry, now = self._registry, self._place.clock()

        def close(connection: Connection) -> bool:
            return BatchWriter(connection).finish(
                self._batch.batch, owner=registry.owner, state=state, problem=problem, now=now,
                ends_at=now + registry.terms.batch_term,
            )  # fmt: skip

        if registry.database.write(close):
            self._place.spool.delete(self._batch.batch)
            return state
        return "lost"

    def release(self, problem: str | None, not_before: datetime | None) -> None:
        owner = self._registry.owner
        self._registry.database.write(
            lambda connection: BatchWriter(connection).release(
                self._batch.batch, owner=owner, problem=problem, not_before=not_before
            )
        )

    def _night(self, now: datetime) -> date:
        """Return the night that now is in; LeftOffError by day, and when the hub is stopping."""
        if self._place.is_stopping():
            raise LeftOffError(self._batch.problem)
        day = self._registry.terms.night.day_of(now)
        if day is None:
            raise LeftOffError("night_over")
        return day

    # --- step 4 -------------------------------------------------------------------------------------------------

    def _work_through(self, rows: Sequence[BatchRow], now: datetime, day: date) -> None:
        """Decide rows and deliver what is allowed; LeftOffError when the system's rows of this night are used up."""
        asking, registry = self._asking(), self._registry
        decided = {
            row.number: decide_request(
                row.request, asking=asking, registry=registry, exchange=self._place.exchange, now=now
            )
            for row in rows
            if row.request is not None
        }

        def record(connection: Connection) -> tuple[int, list[StoredDecision]]:
            writer, most = BatchWriter(connection), registry.terms.batch_rows
            room = writer.take_room(self._batch.system, day, wanted=len(rows), most=most)
            within = rows[:room]
            readable = [decided[row.number] for row in within if row.request is not None]
            stored = record_decisions(
                readable, self._batch.statement, asking=asking, registry=registry, now=now, connection=connection
            )
            waiting = iter(stored)
            writer.add_rows([self._told(row, next(waiting) if row.request else None) for row in within])
            if within:
                self._advance(connection, now, rows_done=within[-1].number)
            return room, stored

        room, stored = registry.database.write(record)
        self._deliver([(request_decided(each), each) for each in stored if each.allowed], now)
        if room < len(rows):
            raise LeftOffError("rows_used_up", registry.terms.night.next_after(now))

    def _told(self, row: BatchRow, decision: StoredDecision | None) -> StoredBatchRow:
        if decision is None:
            return StoredBatchRow(self._batch.batch, row.number, "unreadable", row.problem, None, None)
        state = "decided" if decision.allowed else "refused"
        return StoredBatchRow(self._batch.batch, row.number, state, decision.reason, decision.decision, None)

    def _asking(self) -> Asking:
        """Return who asks as they stand now: who has lost the right since the order asks in vain."""
        with self._registry.database.read() as connection:
            reader = PartyReader(connection)
            system: System | None = reader.system(self._batch.system)
            officer: Officer | None = reader.officer(self._statement.officer) if self._statement.officer else None
        if system is None:
            raise SetupError("system_unknown")
        if officer is not None and not (officer.active and officer.department == system.department):
            officer = None
        # The night's quota of rows stands in the place of the caps of a day.
        return Asking(system, officer, self._digest, {})

    # --- step 5 -------------------------------------------------------------------------------------------------

    def _deliver_decided(self) -> None:
        """Deliver the rows that were decided and no more; a use that has lapsed meanwhile is told, not taken again."""
        after, most = 0, self._place.batch_rows
        while rows := self._decided(after, most):
            after, now = rows[-1].row, self._place.clock()
            self._night(now)
            with self._registry.database.read() as connection:
                found = [ExchangeReader(connection).decision(row.decision or "") for row in rows]
            decisions = [each for each in found if each is not None]
            lapsed = [each for each in decisions if each.use_state == "released"]
            self._registry.database.write(partial(self._tell_lapsed, lapsed, now))
            self._deliver([(request_decided(each), each) for each in decisions if each not in lapsed], now)
        if self._decided(0, 1):
            raise LeftOffError("act_under_way")  # acts keep coming to one of the holders

    def _decided(self, after: int, most: int) -> list[StoredBatchRow]:
        with self._registry.database.read() as connection:
            return BatchReader(connection).rows(self._batch.batch, after=after, most=most, state="decided")

    def _tell_lapsed(self, lapsed: Sequence[StoredDecision], now: datetime, connection: Connection) -> None:
        self._advance(connection, now)
        BatchWriter(connection).settle(
            [{"decision": each.decision, "state": "undelivered", "reason": "pull_lapsed"} for each in lapsed]
        )

    def _deliver(self, pulls: Sequence[tuple[PullRequest, StoredDecision]], now: datetime) -> None:
        def settle(connection: Connection, settled: Sequence[Settled]) -> None:
            self._advance(connection, now)
            BatchWriter(connection).settle([self._outcome(decision, outcome) for decision, outcome in settled])

        if pulls:
            deliver(pulls, settle=settle, registry=self._registry, exchange=self._place.exchange, now=now)

    def _outcome(self, decision: StoredDecision, outcome: dict[str, Any] | HubError) -> dict[str, Any]:
        if isinstance(outcome, HubError):
            return {"decision": decision.decision, "state": "undelivered", "reason": outcome.code, "answer": None}
        # The records themselves are in the store: they are put in when the results are fetched.
        kept = outcome | {"items": [item | {"file": None} if item["found"] else item for item in outcome["items"]]}
        sealed = encrypt(orjson.dumps(kept), master=self._registry.master, context=answer_context(decision.decision))
        state = "delivered" if outcome["delivery"] else "nothing"
        return {"decision": decision.decision, "state": state, "reason": decision.reason, "answer": sealed}

    def _advance(self, connection: Connection, now: datetime, **values: int) -> None:
        registry = self._registry
        lease_until = now + registry.terms.lease
        if not BatchWriter(connection).advance(
            self._batch.batch, owner=registry.owner, lease_until=lease_until, **values
        ):
            raise LeaseLostError


def answer_context(decision: str) -> bytes:
    """Return what binds the answer of a row to its decision."""
    return b"pull batch\x00" + decision.encode()


def _portions(rows: Iterator[BatchRow], size: int) -> Iterator[list[BatchRow]]:
    while some := list(islice(rows, size)):
        yield some
