"""Working through one intake: steps 3 to 6 of `hub/registry/intake`, in batches, under a lease."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection

from connectors.contract import (
    OpenTable,
    Row,
    RowProblem,
    TabularCutError,
    TabularEncodingError,
    TabularError,
    TabularFormError,
    TabularHeaderError,
    TabularLimitError,
    TabularLimits,
)
from hub.errors import HubError, OrderError, SetupError
from hub.registry.intake.decision import Decision, Held, Meaning, decide, numbered
from hub.registry.intake.difference import changed_names
from hub.registry.intake.forms import PENALTY_FORM, RowContext, RowReading, row_reader, without_identity_columns
from hub.registry.intake.holdings import Holdings, Lineages, Rehearsal, read_holdings
from hub.registry.intake.penalties import Judged, Penalties, penalty_reader
from hub.registry.intake.queue import open_queue
from hub.registry.issuance import issue_many
from hub.steps.certificates.intentions import Batch, Intention, Origin, facts_digest
from hub.steps.files.spool import Spool, SpooledFileError
from hub.steps.orders.statements import VerifiedStatement
from hub.steps.registry import Registry, Sealers
from hub.store.certificate import NumberKey
from hub.store.intake import IntakeReader, IntakeWriter, StoredIntake
from hub.store.parties import PartyReader, PartyWriter
from hub.store.statement import StatementReader
from schemas.order import Order
from schemas.parties import System
from schemas.publicity import ColumnUnknownError
from schemas.statement import read_statement
from signing.errors import SigningError
from signing.jws import unverified_payload

_Reading = TypeVar("_Reading")
BATCH = 200
_RENEW_EVERY = 5_000
_HEADER_ROW = 1
_FILE_PROBLEMS: dict[type[TabularError], str] = {
    TabularEncodingError: "file_encoding",
    TabularHeaderError: "file_header",
    TabularCutError: "file_cut",
    TabularLimitError: "file_limit",
    TabularFormError: "file_form",
}
# Which column an order's refusal is about, for the outcome.
_REFUSED_FIELDS = {
    "number_taken": "certificate_number",
    "previous_unknown": "replaces",
    "previous_of_another": "replaces",
    "previous_not_current": "replaces",
    "device_elsewhere": "subject_id",
    "subject_unknown": "subject_id",
}
_DRY_RESULTS = {Meaning.NEW: "would_issue", Meaning.CHANGE: "would_change"}


class LeaseLostError(Exception):
    """Another process is at work on this intake now; what it has not seen of ours was rolled back."""


class StoppingError(Exception):
    """The hub is stopping; the intake goes on after the next start."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """What working through an intake needs.

    `clock` returns now (aware), `is_stopping` whether to leave off; `batch_rows` are decided and committed together.
    """

    registry: Registry
    sealers: Sealers
    open_table: OpenTable
    limits: TabularLimits
    spool: Spool
    clock: Callable[[], datetime]
    is_stopping: Callable[[], bool] = lambda: False
    batch_rows: int = BATCH


def run_intake(name: str, *, place: Workplace) -> str | None:
    """Work through an intake as far as it goes; return its state, or None when it is not to be had now.

    A file that cannot be read fails the intake; a key that cannot be used, or a batch that a crash left behind, leaves
    it waiting.
    """
    taken = place.registry.database.write(partial(_take, name, place, place.clock()))
    if taken is None:
        return None
    intake, verified, system = taken
    problem = None
    try:
        with ExitStack() as stack:
            path = stack.enter_context(place.spool.clear_text(name, file_sha256=intake.file_sha256))
            run = _Run(intake, verified, system, place, stack)
            run.work(lambda: without_identity_columns(place.open_table(path, limits=place.limits)))
    except ColumnUnknownError as error:
        return _fail(intake, system, "column_unknown", f"column:{error.position}", place)
    except TabularError as error:
        return _fail(intake, system, _FILE_PROBLEMS[type(error)], _place_of(error), place)
    except SpooledFileError:
        return _fail(intake, system, "file_damaged", "file", place)
    except LeaseLostError:
        return None
    except StoppingError:
        problem = intake.problem
    except (SigningError, SetupError):
        problem = "sealing_failed"
    except OrderError as error:
        problem = error.code
    except BaseException:
        # Whatever it was, the next worker goes on where this one was.
        _release(intake, "internal", place)
        raise
    else:
        place.spool.delete(name)
        return "done"
    _release(intake, problem, place)
    return "running"


def _take(
    name: str, place: Workplace, now: datetime, connection: Connection
) -> tuple[StoredIntake, VerifiedStatement, System] | None:
    reader, writer, registry = IntakeReader(connection), IntakeWriter(connection), place.registry
    # Rows of a batch that a crash left behind are told when it is completed; until then their numbers are not free.
    if reader.under_way(name):
        return None
    if not writer.take(name, owner=registry.owner, lease_until=now + registry.terms.lease, now=now):
        return None
    intake = reader.get(name)
    system = PartyReader(connection).system(intake.system) if intake else None
    if intake is None or system is None:
        return None
    if intake.dry_run:
        # Nothing was issued, and what was rehearsed is forgotten: it begins again.
        writer.drop_rows(name)
        intake = replace(intake, rows_done=0)
    jws, digest = StatementReader(connection).get(intake.statement)
    statement = read_statement(unverified_payload(jws))
    return intake, VerifiedStatement(statement, jws, digest), system


def _release(intake: StoredIntake, problem: str | None, place: Workplace) -> None:
    owner = place.registry.owner
    place.registry.database.write(
        lambda connection: IntakeWriter(connection).release(intake.intake, owner=owner, problem=problem)
    )


def _fail(intake: StoredIntake, system: System, problem: str, field: str, place: Workplace) -> str:
    """Close the intake of a file that cannot be read; the outcome names what and where."""

    def close(connection: Connection) -> bool:
        writer = IntakeWriter(connection)
        row = _row(intake, _HEADER_ROW, "refused", [{"field": field, "rule": problem}])
        writer.add_rows([row])
        counts = IntakeReader(connection).counts(intake.intake)
        owner, now = place.registry.owner, place.clock()
        # What its rows did before the file turned out to be damaged stays, and so does what waits.
        open_queue(intake, system, registry=place.registry, now=now, connection=connection)
        if not writer.finish(intake.intake, owner=owner, state="failed", problem=problem, counts=counts, now=now):
            raise LeaseLostError
        return True

    place.registry.database.write(close)
    place.spool.delete(intake.intake)
    return "failed"


def _place_of(error: TabularError) -> str:
    if isinstance(error, TabularHeaderError) and error.column is not None:
        return f"column:{error.column}"
    return f"row:{error.row}" if error.row is not None else "file"


def _row(
    intake: StoredIntake,
    number: int,
    result: str,
    problems: list[dict[str, str]] | None = None,
    *,
    held: Held | None = None,
) -> dict[str, Any]:
    return {
        "intake": intake.intake,
        "row": number,
        "result": result,
        "identifier": held.identifier or None if held and held.serial else None,
        "chain": held.chain if held and held.chain > 0 else None,
        "problems": problems,
    }


@dataclass(frozen=True, slots=True)
class _Decided:
    """A row with what is to be done with it; `decision` is None for a row that has its result already."""

    reading: RowReading
    decision: Decision | None
    named: Held | None

    @property
    def issues(self) -> bool:
        return self.decision is not None and self.decision.meaning in _DRY_RESULTS

    def order(self) -> Order:
        """Return the order to issue, naming the version it replaces."""
        order, decision = self.reading.order, self.decision
        if order is None or decision is None:
            raise AssertionError("only a decided row has an order")
        if decision.number is not None:
            order = numbered(order, decision.number)
        if decision.meaning is Meaning.CHANGE and decision.held is not None:
            return replace(order, replaces=decision.held.identifier)
        return order


class _Run:
    """One run through one intake: what it works with, and how far it has come."""

    def __init__(
        self, intake: StoredIntake, verified: VerifiedStatement, system: System, place: Workplace, stack: ExitStack
    ) -> None:
        self._intake = intake
        self._verified = verified
        self._system = system
        self._place = place
        self._registry = place.registry
        self._lineages = Lineages()
        self._rehearsal = Rehearsal() if intake.dry_run else None
        if self._rehearsal is not None:
            stack.callback(self._rehearsal.close)

    def work(self, open_table: Callable[[], Any]) -> None:
        """Read the file through, then do its rows from where the last run left off, then close the outcome."""
        if self._intake.rows is None:
            self._survey(open_table())
        table = open_table()
        if self._intake.form == PENALTY_FORM:
            self._work_penalties(table)
        else:
            self._work_orders(table)
        self._close()

    def _work_orders(self, table: Any) -> None:
        read = row_reader(self._intake, table.header, self._context())
        for batch in _batches(self._rows_to_do(table.rows), read, self._place.batch_rows):
            waiting = batch
            while waiting:
                if self._place.is_stopping():
                    raise StoppingError
                # Rows of one chain cannot be in one batch: each is decided against what the one before it made.
                decided = self._decide(waiting)
                self._settle(decided)
                waiting = waiting[len(decided) :]

    def _work_penalties(self, table: Any) -> None:
        """Do the rows of a penalty file: nothing is sealed, so a batch is one transaction."""
        read = penalty_reader(table.header, self._context().overrides)
        penalties = Penalties(self._intake, self._system, self._registry, self._rehearsal)

        def record(judged: Sequence[Judged], connection: Connection) -> None:
            rows = penalties.settle(judged, self._place.clock(), connection)
            self._record(rows, judged[-1].reading.number, connection)

        for batch in _batches(self._rows_to_do(table.rows), read, self._place.batch_rows):
            if self._place.is_stopping():
                raise StoppingError
            self._registry.database.write(partial(record, penalties.judge(batch)))

    def _survey(self, table: Any) -> None:
        """Step 3: the whole file is readable and its columns known, before its first row does anything."""
        if self._intake.form == PENALTY_FORM:
            penalty_reader(table.header, frozenset())
        else:
            row_reader(self._intake, table.header, self._context())
        rows = 0
        for rows, _ in enumerate(table.rows, start=1):
            if rows % _RENEW_EVERY == 0:
                self._advance_alone()
        self._advance_alone(rows=rows)

    def _rows_to_do(self, rows: Iterator[Row | RowProblem]) -> Iterator[Row | RowProblem]:
        """Yield the rows after those that an earlier run did."""
        for place, row in enumerate(rows, start=1):
            if row.number > self._intake.rows_done:
                yield row
            elif place % _RENEW_EVERY == 0:
                self._advance_alone()

    def _advance_alone(self, **values: int) -> None:
        if self._place.is_stopping():
            raise StoppingError
        self._registry.database.write(partial(self._advance, values))

    def _context(self) -> RowContext:
        with self._registry.database.read() as connection:
            overrides = PartyReader(connection).overrides()
            bodies = IntakeReader(connection).bodies_by_name()
        return RowContext(self._registry.catalogue, overrides, bodies)

    # --- step 4: the decision -----------------------------------------------------------------------------------

    def _decide(self, readings: Sequence[RowReading]) -> list[_Decided]:
        """Return the decided rows up to the first one whose chain an earlier one of them changes."""
        keys = [each.key for each in readings if each.key is not None]
        devices = [each.device for each in readings if each.device is not None]
        replaced = [each.order.replaces for each in readings if each.order and each.order.replaces]
        with self._registry.database.read() as connection:
            holdings = read_holdings(connection, keys, devices, replaced, self._lineages)
        if self._rehearsal is not None:
            holdings = self._rehearsal.seen_by(holdings, keys, devices)
        decided: list[_Decided] = []
        touched: set[object] = set()
        for reading in readings:
            made = self._decide_one(reading, holdings)
            names = _chains_of(made)
            if reading.order is not None and not touched.isdisjoint(names):
                break
            touched |= names if made.issues else set()
            decided.append(made)
        return decided

    def _decide_one(self, reading: RowReading, holdings: Holdings) -> _Decided:
        named = holdings.by_number.get(reading.key) if reading.key else None
        order = reading.order
        if order is None:
            return _Decided(reading, None, named)
        decision = decide(
            order,
            by_number=named,
            by_device=holdings.by_device.get(reading.device) if reading.device else None,
            by_identifier=holdings.by_identifier.get(order.replaces) if order.replaces else None,
            digest_of=partial(facts_digest, registry=self._registry),
            is_collected=self._intake.source is not None,
        )
        return _Decided(reading, decision, decision.held or named)

    # --- step 5: the rows ---------------------------------------------------------------------------------------

    def _settle(self, decided: Sequence[_Decided]) -> None:
        last = decided[-1].reading.number
        issuing = [each for each in decided if each.issues]
        if self._rehearsal is not None:
            rows = self._rehearsed_rows(decided, self._rehearsal)
            self._registry.database.write(partial(self._record, rows, last))
            return
        recorded = [self._recorded_row(each) for each in decided if not each.issues]
        if not issuing:
            self._registry.database.write(partial(self._record, recorded, last))
            return

        def planned(connection: Connection, plans: Sequence[Intention | HubError]) -> None:
            refused = [
                self._refused_row(each, plan)
                for each, plan in zip(issuing, plans, strict=True)
                if isinstance(plan, HubError)
            ]
            self._record(recorded + refused, last, connection)

        batch = Batch(
            name=f"{self._intake.intake}.{decided[0].reading.number}",
            orders=[each.order() for each in issuing],
            origins=[self._origin(each.reading) for each in issuing],
            verified=self._verified,
            system=self._system,
            statement_number=self._intake.statement,
        )
        registry, now = self._registry, self._place.clock()
        issue_many(batch, registry=registry, sealers=self._place.sealers, now=now, planned=planned)

    def _origin(self, reading: RowReading) -> Origin:
        intake = self._intake
        kind = "native" if intake.source is None else intake.origin or "collected"
        return Origin(
            kind,
            intake.recorded_at,
            intake.source,
            intake.file_sha256,
            reading.number,
            intake.intake,
            reading.scan_sha256,
        )

    def _recorded_row(self, each: _Decided) -> dict[str, Any]:
        reading, decision = each.reading, each.decision
        if decision is None:
            problems = [{"field": problem.field, "rule": problem.rule} for problem in reading.problems]
            return _row(self._intake, reading.number, reading.result or "refused", problems, held=each.named)
        problems = [{"field": decision.field, "rule": decision.rule}] if decision.rule else []
        return _row(self._intake, reading.number, str(decision.meaning), problems or None, held=each.named)

    def _refused_row(self, each: _Decided, error: HubError) -> dict[str, Any]:
        field = "issuing_body" if error.code.startswith("body_") else _REFUSED_FIELDS.get(error.code, "order")
        return _row(
            self._intake, each.reading.number, "refused", [{"field": field, "rule": error.code}], held=each.named
        )

    def _rehearsed_rows(self, decided: Sequence[_Decided], rehearsal: Rehearsal) -> list[dict[str, Any]]:
        changes = [
            (each.named.serial, each.order())
            for each in decided
            if each.issues and each.named is not None and each.named.serial
        ]
        with self._registry.database.read() as connection:
            differing = changed_names(connection, changes, registry=self._registry)
        rows = []
        for each in decided:
            if not each.issues or each.decision is None or each.reading.key is None:
                rows.append(self._recorded_row(each))
                continue
            order = each.order()
            digest, reading = facts_digest(order, self._registry), each.reading
            collected, held = self._intake.source is not None, each.decision.held
            rehearsal.make(order, each.reading.key, reading.device, held, digest, is_collected=collected)
            names = differing.get(each.named.serial, []) if each.named else []
            problems = [{"field": name, "rule": "differs"} for name in names] or None
            result = _DRY_RESULTS[each.decision.meaning]
            rows.append(_row(self._intake, each.reading.number, result, problems, held=each.named))
        return rows

    def _record(self, rows: Sequence[dict[str, Any]], last: int, connection: Connection) -> None:
        """Record rows and how far the file has come, in one transaction with whatever else it holds."""
        self._advance({"rows_done": last}, connection)
        IntakeWriter(connection).add_rows(rows)

    def _advance(self, values: dict[str, int], connection: Connection) -> None:
        registry = self._registry
        lease_until = self._place.clock() + registry.terms.lease
        writer = IntakeWriter(connection)
        if not writer.advance(self._intake.intake, owner=registry.owner, lease_until=lease_until, **values):
            raise LeaseLostError

    # --- step 6: the outcome ------------------------------------------------------------------------------------

    def _close(self) -> None:
        self._registry.database.write(partial(self._finish, self._place.clock()))

    def _finish(self, now: datetime, connection: Connection) -> None:
        intake, writer = self._intake, IntakeWriter(connection)
        writer.add_rows(self._not_named(connection))
        if intake.source is not None and not intake.dry_run:
            PartyWriter(connection).source_seen(intake.source, now)
        open_queue(intake, self._system, registry=self._registry, now=now, connection=connection)
        counts = IntakeReader(connection).counts(intake.intake)
        owner = self._registry.owner
        if not writer.finish(intake.intake, owner=owner, state="done", problem=None, counts=counts, now=now):
            raise LeaseLostError

    def _not_named(self, connection: Connection) -> list[dict[str, Any]]:
        """Return rows, numbered below zero, for what the registry holds of a signed file's body and the file omits."""
        intake = self._intake
        if intake.issuing_body is None or intake.certificate_type is None:
            return []
        bodies = self._lineages.of(intake.issuing_body, connection)
        reader = IntakeReader(connection)
        found = reader.not_named(intake.intake, bodies=bodies, certificate_type=intake.certificate_type)
        return [
            _row(intake, -place, "missing") | {"identifier": identifier, "chain": chain}
            for place, (chain, identifier) in enumerate(found, start=1)
        ]


def _batches(
    rows: Iterator[Row | RowProblem], read: Callable[[Row | RowProblem], _Reading], size: int
) -> Iterator[list[_Reading]]:
    while batch := [read(row) for row in islice(rows, size)]:
        yield batch


def _chains_of(decided: _Decided) -> set[object]:
    """Return the names of the chains a row touches: what it is known by, and the chain that is held."""
    key: NumberKey | None = decided.reading.key
    # Without the body: a row under a body's successor means the same chain.
    names: set[object] = {key[1:]} if key is not None else set()
    if decided.reading.device is not None:
        names.add(("device", *decided.reading.device))
    held = decided.decision.held if decided.decision else None
    return names | ({held.chain} if held is not None else set())
