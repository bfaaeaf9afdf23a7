"""Undoing a whole file that was taken in by mistake: every certificate it made that nobody has touched since.

1 the statement is verified (`hub/steps/orders/statements.py`) and spent, once, by two officers; it binds the intake's
  name
2 the intake has come to an end, and its certificates are the acting body's
3 the order is committed with its entry, and noted on the intake
4 its certificates, the newest first, are voided some hundreds at a time: a first version never was, a later one gives
  way to the version before it; each is an act with a change and an entry of its own     <- COMMIT POINT of each
5 when all are done the answer is kept: how many were undone, and which were left, each with its reason

Both times stay: from when the file's acts worked in law and from when their undoing does. A crash anywhere leaves a
part undone and the rest as it was; the same request goes on where it broke off, and so does one that has done as much
as one call may. Two at once do no harm: each certificate is looked at again under its holder's lock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from hub.errors import IntakeError, NotFoundError, OrderError, StatementError
from hub.registry.intake.holdings import Lineages
from hub.steps.certificates.changes import Ordering, Rewriting, record_change
from hub.steps.certificates.holders import lock_holders
from hub.steps.certificates.intentions import new_name
from hub.steps.certificates.recomposition import Place, bodies_from_store, compose_kin, rewrite
from hub.steps.orders.charge import require_body, require_own_body
from hub.steps.orders.evidence import record_refusal
from hub.steps.orders.reading import OrderReading
from hub.steps.orders.repeats import earlier_act, keep_answer, kept_answer, open_act
from hub.steps.orders.seconding import require_second, spend_with_seconds
from hub.steps.orders.statements import Second, VerifiedStatement
from hub.steps.registry import Registry
from hub.store.annotation import AnnotationReader
from hub.store.certificate import CertificateReader
from hub.store.enterprise import LockedEnterprise
from hub.store.entry import EntryWriter
from hub.store.intake import IntakeReader, IntakeWriter, StoredRow
from hub.store.parties import PartyReader
from hub.store.statement import StatementReader
from schemas.certificate import Act, Certificate, RecordedChange, Standing, Status, StatusChange, changed, civil_date
from schemas.evidence import ActFacts, Kind
from schemas.parties import Authority, System

BATCH = 200
MOST_A_CALL = 2_000
_MOST_NAMED = 200


@dataclass(frozen=True, slots=True)
class UndoOrder:
    """An ordered undoing: of which intake, by which body, and the change that each of its certificates gets."""

    intake: str
    issuing_body: str
    change: StatusChange


@dataclass(slots=True)
class _Tally:
    """How far an undoing has come: certificates undone, now and before, and those that were left."""

    undone: int = 0
    undone_now: int = 0
    left_count: int = 0
    left: list[dict[str, Any]] = field(default_factory=list)

    def leave(self, row: StoredRow, reason: str) -> None:
        self.left_count += 1
        if len(self.left) < _MOST_NAMED:
            self.left.append({"row": row.row, "identifier": row.identifier, "reason": reason})

    def add(self, other: "_Tally") -> None:
        self.undone += other.undone
        self.undone_now += other.undone_now
        self.left_count += other.left_count
        self.left += other.left[: _MOST_NAMED - len(self.left)]


def read_undo_order(content: Mapping[str, Any]) -> UndoOrder:
    """Read the content of an order to undo an intake; FieldsError names every member and rule that is wrong."""
    reading = OrderReading(content)
    intake, body = reading.code("intake"), reading.text("issuing_body", 18)
    change = StatusChange(
        Act.VOID,
        ground=reading.text("ground", 500),
        document_name=reading.text("document_name"),
        document_number=reading.text("document_number", 128),
        document_date=reading.day("document_date"),
        works_from=reading.day("works_from"),
    )
    reading.refuse_problems()
    return UndoOrder(intake, body, change)


def undo_intake(
    order: UndoOrder,
    *,
    verified: VerifiedStatement,
    seconds: Sequence[Second] = (),
    system: System,
    key: str,
    registry: Registry,
    now: datetime,
    batch_rows: int = BATCH,
    most: int = MOST_A_CALL,
) -> dict[str, Any]:
    """Undo what an intake made; while the answer's state is "going_on", the same request goes on.

    `batch_rows` are looked at in one transaction; a call undoes `most` certificates or a batch more. Raises OrderError,
    StatementError, IntakeError intake_not_finished, NotFoundError intake_not_found.
    """
    earlier = earlier_act(system.code, key, request_digest=verified.digest, registry=registry)
    kept = kept_answer(earlier, system.code, key, registry=registry) if earlier else None
    if kept is not None:
        return kept
    if earlier is None:
        _begin(order, verified, seconds, system, key, registry, now)
    undoing = _Undoing(order, _number_of(order, verified, registry), verified.digest, system, registry, now)
    tally, is_whole = undoing.work(batch_rows, most)
    answer = {
        "intake": order.intake,
        "state": "done" if is_whole else "going_on",
        "undone": tally.undone,
        "left_count": tally.left_count,
        "left": tally.left,
    }
    if is_whole:
        registry.database.write(lambda made: keep_answer(made, system.code, key, answer, registry=registry))
    return answer


def _begin(
    order: UndoOrder,
    verified: VerifiedStatement,
    seconds: Sequence[Second],
    system: System,
    key: str,
    registry: Registry,
    now: datetime,
) -> None:
    if verified.statement.issuing_body != order.issuing_body:
        raise StatementError("statement_body")
    if order.change.works_from > civil_date(now):
        raise OrderError("works_from_future")
    if order.change.document_date > civil_date(now):
        raise OrderError("decision_in_future")
    try:
        registry.database.write(partial(_open, order, verified, seconds, system, key, registry, now))
    except OrderError as error:
        record_refusal(error, verified=verified, system=system, registry=registry, now=now)
        raise


def _open(
    order: UndoOrder,
    verified: VerifiedStatement,
    seconds: Sequence[Second],
    system: System,
    key: str,
    registry: Registry,
    now: datetime,
    connection: Connection,
) -> None:
    _check_intake(order, system, now, connection)
    require_second(verified, seconds, issuing_body=order.issuing_body, system=system, connection=connection)
    name = new_name(registry)
    open_act(connection, system.code, key, request_digest=verified.digest, act=name, registry=registry, now=now)
    number = spend_with_seconds(connection, verified, seconds, system=system.code, registry=registry, now=now)
    IntakeWriter(connection).order_undone(order.intake, statement=number)
    works_from = order.change.works_from.isoformat()
    act = ActFacts(Kind.UNDO_IMPORT, name, now, works_from, verified.digest, None, None)
    EntryWriter(connection, registry.random).add([act])


def _check_intake(order: UndoOrder, system: System, now: datetime, connection: Connection) -> None:
    """Refuse an intake that is not the body's (or one's own department's, if collected), or not at its end."""
    require_own_body(order.issuing_body, system, connection, civil_date(now))
    reader = IntakeReader(connection)
    intake = reader.get(order.intake)
    sender = PartyReader(connection).system(intake.system) if intake else None
    if intake is None or sender is None:
        raise NotFoundError("intake_not_found")
    is_ours = sender.department == system.department
    if intake.issuing_body is None or intake.issuing_body not in Lineages().of(order.issuing_body, connection):
        if not is_ours:
            raise NotFoundError("intake_not_found")
        if intake.issuing_body is not None:
            raise OrderError("body_not_in_charge", issuing_body=order.issuing_body)
    if intake.finished_at is None or reader.under_way(order.intake):
        raise IntakeError("intake_not_finished", intake=order.intake)


def _number_of(order: UndoOrder, verified: VerifiedStatement, registry: Registry) -> int:
    """Return the number of the statement in force for the intake; OrderError undo_taken_over when it is a later one."""
    with registry.database.read() as connection:
        intake = IntakeReader(connection).get(order.intake)
        number = intake.undone_by if intake else None
        if number is None or StatementReader(connection).get(number)[1] != verified.digest:
            raise OrderError("undo_taken_over", intake=order.intake)
        return number


class _Undoing:
    """One call's work on one intake, under the statement that orders it."""

    def __init__(
        self, order: UndoOrder, statement: int, digest: str, system: System, registry: Registry, now: datetime
    ) -> None:
        self._order = order
        self._statement = statement
        self._digest = digest
        self._system = system
        self._registry = registry
        self._now = now

    def work(self, batch_rows: int, most: int) -> tuple[_Tally, bool]:
        """Go through the rows, the last first: a version goes before the one it replaced. Say whether all are done."""
        tally, before = _Tally(), None
        while rows := self._next(before, batch_rows):
            if tally.undone_now >= most:
                return tally, False
            tally.add(self._undo(rows))
            before = rows[-1].row
        return tally, True

    def _next(self, before: int | None, most: int) -> list[StoredRow]:
        with self._registry.database.read() as connection:
            return IntakeReader(connection).made(self._order.intake, before=before, most=most)

    def _undo(self, rows: Sequence[StoredRow]) -> _Tally:
        with self._registry.database.read() as connection:
            found = CertificateReader(connection).by_identifier([str(row.identifier) for row in rows])
            changes = CertificateReader(connection).changes([each.serial for each in found.values()])
        if all(self._is_done(changes[each.serial]) for each in found.values()):
            return _Tally(undone=len(found))
        return self._registry.database.write(partial(self._undo_some, rows))

    def _is_done(self, changes: Sequence[RecordedChange]) -> bool:
        return any(each.act == Act.VOID and each.statement == self._statement for each in changes)

    def _undo_some(self, rows: Sequence[StoredRow], connection: Connection) -> _Tally:
        reader, registry, tally = CertificateReader(connection), self._registry, _Tally()
        found = reader.by_identifier([str(row.identifier) for row in rows])
        serials, chains = (
            {name: each.serial for name, each in found.items()},
            sorted({each.chain for each in found.values()}),
        )
        holders = {each.licence_number: ("", "") for row in reader.versions_of(chains).values() for each in row}
        locked = lock_holders(holders, connection=connection, registry=registry, now=self._now)
        rewritten: set[int] = set()
        left: list[Place] = []
        renamed: set[str] = set()
        for row in rows:
            # Read one by one: what was undone just now gave back the version before it.
            serial = serials[str(row.identifier)]
            certificate, changes = reader.by_serial([serial])[serial], reader.changes([serial])[serial]
            if self._is_done(changes):
                tally.undone += 1
                continue
            authority, reason = self._may_undo(certificate, changes, connection)
            if authority is None:
                tally.leave(row, reason)
                continue
            try:
                with connection.begin_nested():
                    made = self._void(certificate, changes, authority, locked, connection)
            except OrderError as error:  # its device is elsewhere by now
                tally.leave(row, error.code)
                continue
            rewritten |= set(made.serials)
            left, renamed = left + made.left, renamed | set(made.renamed)
            tally.undone += 1
            tally.undone_now += 1
        bodies = bodies_from_store(connection, sorted(rewritten), catalogue=registry.catalogue)
        kin = {number: compose_kin(connection, number) for number in sorted(renamed)}
        rewrite(connection, bodies, locked, left=left, kin=kin)
        return tally

    def _may_undo(
        self, certificate: Certificate, changes: Sequence[RecordedChange], connection: Connection
    ) -> tuple[Authority | None, str]:
        """Return the right to undo a certificate that nobody has touched; else None, and why it is left."""
        chain = CertificateReader(connection).chains([certificate.chain])[certificate.chain]
        if certificate.status == Status.VOIDED:
            return None, "voided"
        if chain.open is not None:
            return None, "chain_busy"
        if chain.current != certificate.serial:
            return None, "replaced"
        # That it was replaced is undone with the version that replaced it; whatever else was done is an act of others.
        if any(each.act != Act.SUPERSEDE and each.statement != self._statement for each in changes):
            return None, "changed"
        if AnnotationReader(connection).of([certificate.serial]):
            return None, "annotated"
        today, body = civil_date(self._now), self._order.issuing_body
        try:
            return require_body(body, certificate, self._system, connection, today)[1], ""
        except OrderError as error:
            return None, error.code

    def _void(
        self,
        certificate: Certificate,
        changes: Sequence[RecordedChange],
        authority: Authority,
        locked: Mapping[str, LockedEnterprise],
        connection: Connection,
    ) -> Rewriting:
        change = self._order.change
        status = changed(Status(certificate.status), change.act)
        body, act_id = self._order.issuing_body, new_name(self._registry)
        return record_change(
            certificate, change, Standing(status, change.works_from),
            Ordering(body, authority, self._statement, self._digest, act_id),
            earlier=changes, holders=locked, registry=self._registry, now=self._now, connection=connection,
        )  # fmt: skip
