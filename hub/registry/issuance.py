"""Issuing certificates: the one path, for one order or for hundreds.

1 the statement is verified (`hub/steps/orders/statements.py`) and spent, once
2 the orders are held against the issuing body's charge and what the registry already holds
3 the intention is committed: names, payload bytes, salts, disclosures, before any key is used
4 each payload is sealed, and the record opened again with the listed public key
5 record, status, answers and entry are committed together            <- COMMIT POINT
6 the answer names what was made

A crash before 3 costs nothing. Between 3 and 5 an intention is left: it is listed, and `complete_batch` seals the same
bytes again, so no signature is ever unknown. After 5 everything can be told again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from hub.decisions.answers import LICENCE_TYPE
from hub.errors import HubError, OrderError, SetupError, StatementError
from hub.steps.certificates import intentions
from hub.steps.certificates.holders import lock_holders
from hub.steps.certificates.intentions import Batch, Intention, Origin, Sealed
from hub.steps.certificates.planning import Planning
from hub.steps.certificates.recomposition import bodies_from_store, body_of, compose_kin, rewrite
from hub.steps.certificates.remaking import SKIPPED_VERSIONS, Remade
from hub.steps.notices import Notices
from hub.steps.orders.evidence import record_refusal
from hub.steps.orders.repeats import earlier_act, keep_answer, kept_answer, open_act
from hub.steps.orders.seconding import require_second, spend_with_seconds
from hub.steps.orders.statements import Second, VerifiedStatement
from hub.steps.registry import Registry, Sealers
from hub.steps.sharing.wishes import tell_wished
from hub.store.certificate import CertificateReader, CertificateWriter
from hub.store.document import DocumentName, DocumentWriter
from hub.store.enterprise import EnterpriseWriter, LockedEnterprise
from hub.store.entry import EntryWriter
from hub.store.intake import IntakeWriter
from hub.store.intention import IdempotencyReader, IdempotencyWriter, IntentionReader, IntentionWriter
from hub.store.parties import PartyWriter
from hub.store.relation import RelationWriter
from hub.store.statement import StatementReader
from schemas.certificate import CHANGES, UNDECIDING, Act, Certificate, RecordedChange, Status
from schemas.evidence import ActFacts, Kind
from schemas.order import Order
from schemas.parties import System
from schemas.telling import FIRST
from signing.errors import SigningError

# How fresh "last heard" is kept for types whose coverage is declared.
_HEARD_AT_MOST_EVERY = timedelta(minutes=1)

Planned = Callable[[Connection, Sequence[Intention | HubError]], None]
"""More to write in the transaction that records the intentions, given what became of each order."""
Also = Callable[[Connection, Sequence["Issued | HubError"]], None]
"""More to write in the transaction that completes a batch, given the outcome of each order."""


@dataclass(frozen=True, slots=True)
class Issued:
    """What one order became. References open `/c/…` (this version) and `/q/…` (its holder)."""

    identifier: str
    reference: str
    holder_reference: str
    version: int
    act_id: str
    payload_sha256: str


def issue(
    order: Order,
    *,
    verified: VerifiedStatement,
    seconds: Sequence[Second] = (),
    system: System,
    key: str,
    registry: Registry,
    sealers: Sealers,
    now: datetime,
) -> dict[str, Any]:
    """Issue one certificate; the same request under the same idempotency `key` gives the same certificate."""
    earlier = earlier_act(system.code, key, request_digest=verified.digest, registry=registry)
    if earlier is not None:
        return _answer_again(
            earlier.act, system.code, key, digest=verified.digest, registry=registry, sealers=sealers, now=now
        )
    _check_statement(order, verified)
    name = intentions.new_name(registry)
    batch = Batch(name, [order], [Origin.native(now)], verified, system, seconds=tuple(seconds))
    within_rate = registry.rates.count(order.issuing_body, now)

    def opening(connection: Connection) -> None:
        if not within_rate:
            require_second(
                verified, seconds, issuing_body=order.issuing_body, system=system, connection=connection,
                code="rate_needs_second",
            )  # fmt: skip
        open_act(connection, system.code, key, request_digest=verified.digest, act=name, registry=registry, now=now)

    def also(connection: Connection, outcomes: Sequence[Issued | HubError]) -> None:
        if isinstance(outcomes[0], Issued):
            keep_answer(connection, system.code, key, answer_of(outcomes[0]), registry=registry)

    try:
        (outcome,) = issue_many(batch, registry=registry, sealers=sealers, now=now, opening=opening, also=also)
        if isinstance(outcome, HubError):
            raise outcome
    except OrderError as error:
        record_refusal(error, verified=verified, system=system, registry=registry, now=now)
        raise
    return answer_of(outcome)


def issue_many(
    batch: Batch,
    *,
    registry: Registry,
    sealers: Sealers,
    now: datetime,
    opening: Callable[[Connection], None] | None = None,
    planned: Planned | None = None,
    also: Also | None = None,
) -> list[Issued | HubError]:
    """Issue a batch; each order comes out as Issued or as the error that refused it, the others going through.

    `opening` and `planned` write more with the intention, before and after it is known which orders are refused; `also`
    writes more with the result (step 5). Raises StatementError statement_replayed when the statement was spent before,
    StoreError log_silent, store_rolled_back.
    """
    registry.require_log(now)
    unlisted = intentions.unlisted_seals(batch.orders, batch.origins, registry=registry, sealers=sealers, now=now)
    if unlisted and batch.statement_number is not None:
        # Rows of a file wait for the seal; an order of its own is refused where it is planned.
        raise SetupError("seal_not_listed", issuing_body=min(unlisted))
    record = partial(_record_intentions, batch, unlisted, registry, now, opening, planned)
    plans = registry.database.write(record)
    intended = [plan for plan in plans if isinstance(plan, Intention)]
    if not intended:
        return list(_only_refusals(plans))
    statement = batch.verified.jws.encode()
    sealed = [
        intentions.seal_intention(each, statement=statement, registry=registry, sealers=sealers, now=now)
        for each in intended
    ]
    return registry.database.write(partial(_commit, sealed, plans, registry, now, also))


def issue_again(
    order: Order,
    remade: Remade,
    *,
    verified: VerifiedStatement,
    seconds: Sequence[Second],
    system: System,
    registry: Registry,
    now: datetime,
) -> None:
    """Put a record back that a recovered store lost: steps 1, 2, 3 and 5 in one transaction, as of `now`, its moment.

    Nothing is sealed: the seal is there. Raises OrderError, StatementError, SetupError, SigningError.
    """
    _check_statement(order, verified)

    def put_back(connection: Connection) -> None:
        number = spend_with_seconds(connection, verified, seconds, system=system.code, registry=registry, now=now)
        origin = Origin.native(remade.planned_at)
        batch = Batch(f"again-{number}", [order], [origin], verified, system, number, tuple(seconds))
        enterprises = _lock(batch.orders, registry, now, connection, reference=remade.holder_reference)
        planning = Planning(connection, batch, frozenset(), registry, remade.planned_at, number, remade)
        (plan,) = planning.plan(enterprises)
        if not isinstance(plan, Intention):
            raise plan
        EnterpriseWriter(connection).keep(list(enterprises.values()))
        known = CertificateReader(connection).chains([plan.chain])[plan.chain].versions
        _commit([remade.sealed(plan, registry=registry, at=now)], [plan], registry, now, None, connection)
        # Later versions may be lost with it: their identifiers are given to no other.
        versions = max(known, plan.version + SKIPPED_VERSIONS)
        CertificateWriter(connection).update_chain(plan.chain, versions=versions)

    registry.database.write(put_back)


def complete_batch(
    name: str, *, registry: Registry, sealers: Sealers, now: datetime, also: Also | None = None
) -> list[Issued | HubError]:
    """Complete an orphaned batch: take its lease, seal the same bytes, commit. Nothing when another was first.

    Whoever completes it keeps the answer under the idempotency key that led to it: the same request is answered then.
    """

    def result(connection: Connection, outcomes: Sequence[Issued | HubError]) -> None:
        led_by = IdempotencyReader(connection).key_of(name)
        if led_by is not None and isinstance(outcomes[0], Issued):
            keep_answer(connection, *led_by, answer_of(outcomes[0]), registry=registry)
        if also is not None:
            also(connection, outcomes)

    def take(connection: Connection) -> list[Intention]:
        lease_until = now + registry.terms.lease
        if not IntentionWriter(connection).take_over(name, owner=registry.owner, lease_until=lease_until, now=now):
            return []
        return intentions.opened(IntentionReader(connection).batch(name), registry=registry)

    intended = registry.database.write(take)
    if not intended:
        return []
    with registry.database.read() as connection:
        statement = StatementReader(connection).get(intended[0].statement_number)[0].encode()
    sealed = [
        intentions.seal_intention(each, statement=statement, registry=registry, sealers=sealers, now=now)
        for each in intended
    ]
    return registry.database.write(partial(_commit, sealed, intended, registry, now, result))


def complete_orphans(*, registry: Registry, sealers: Sealers, now: datetime) -> int:
    """Complete every batch whose owner let its lease run out; return how many certificates that made.

    One that cannot be sealed (its key is gone, its cert ended) stays listed and does not hold up the others; the first
    such failure is raised when all were tried.
    """
    with registry.database.read() as connection:
        names = IntentionReader(connection).orphans(now)
    made, failures = 0, []
    for name in names:
        try:
            made += len(complete_batch(name, registry=registry, sealers=sealers, now=now))
        except (HubError, SigningError) as error:
            failures.append(error)
    if failures:
        raise failures[0]
    return made


def refuse_batch(name: str, *, registry: Registry, now: datetime) -> int:
    """Refuse an orphaned batch that cannot be sealed: its numbers are free again, its payloads' digests entered.

    Return how many certificates it would have been; 0 while its owner still holds the lease.
    """

    def refuse(connection: Connection) -> int:
        lease_until = now + registry.terms.lease
        if not IntentionWriter(connection).take_over(name, owner=registry.owner, lease_until=lease_until, now=now):
            return 0
        intended = intentions.opened(IntentionReader(connection).batch(name), registry=registry)
        writer = CertificateWriter(connection)
        for each in intended:
            if each.version == 1:
                writer.drop_chain(each.chain)
            else:
                writer.update_chain(each.chain, open=None, versions=each.version)
        writer.drop_names([each.serial for each in intended])
        IdempotencyWriter(connection).drop(name)
        EntryWriter(connection, registry.random).add([_refused_entry(each, now) for each in intended])
        IntakeWriter(connection).add_rows([each.refused_intake_row() for each in intended if each.intake])
        return IntentionWriter(connection).drop([each.serial for each in intended])

    return registry.database.write(refuse)


def answer_of(issued: Issued) -> dict[str, Any]:
    """Return the answer a department gets for one certificate."""
    return {name: getattr(issued, name) for name in Issued.__slots__}


def _answer_again(
    act: str, system: str, key: str, *, digest: str, registry: Registry, sealers: Sealers, now: datetime
) -> dict[str, Any]:
    """Answer a request that came before: with the kept answer, or by completing the intention a crash left."""
    complete_batch(act, registry=registry, sealers=sealers, now=now)
    kept = earlier_act(system, key, request_digest=digest, registry=registry)
    answer = kept_answer(kept, system, key, registry=registry) if kept else None
    if answer is None:
        raise OrderError("act_under_way")
    return answer


def _check_statement(order: Order, verified: VerifiedStatement) -> None:
    statement = verified.statement
    if statement.issuing_body != order.issuing_body:
        raise StatementError("statement_body")
    if statement.certificate_type != order.certificate_type.code:
        raise StatementError("statement_content")


# --- step 3: the intention --------------------------------------------------------------------------------------


def _record_intentions(
    batch: Batch,
    unlisted: frozenset[str],
    registry: Registry,
    now: datetime,
    opening: Callable[[Connection], None] | None,
    planned: Planned | None,
    connection: Connection,
) -> list[Intention | HubError]:
    if opening is not None:
        # Before the statement is spent: the same request sent twice at once is told that it is under way, not replayed.
        opening(connection)
    number = batch.statement_number or spend_with_seconds(
        connection, batch.verified, batch.seconds, system=batch.system.code, registry=registry, now=now
    )
    enterprises = _lock(batch.orders, registry, now, connection)
    plans = Planning(connection, batch, unlisted, registry, now, number).plan(enterprises)
    if not any(isinstance(each, Intention) for each in plans) and batch.statement_number is None:
        # One order, refused: nothing of it is kept, so that the department may mend and send it again.
        raise next(_only_refusals(plans))
    EnterpriseWriter(connection).keep(list(enterprises.values()))
    if planned is not None:
        planned(connection, plans)
    return plans


def _lock(
    orders: Sequence[Order],
    registry: Registry,
    now: datetime,
    connection: Connection,
    reference: str | None = None,
) -> dict[str, LockedEnterprise]:
    """Lock all holders of the orders; one that is new gets `reference`, else a random one."""
    holders = {
        order.licence_number: (order.holder_name, "" if order.address_is_home else order.holder_address)
        for order in orders
    }
    # A chain may come from another holder (`Planning`), whose row is held from the start too.
    replaced = CertificateReader(connection).by_identifier(sorted({each.replaces for each in orders if each.replaces}))
    holders = {each.licence_number: ("", "") for each in replaced.values()} | holders
    if reference is not None:
        return EnterpriseWriter(connection).lock(holders, make_reference=lambda: reference, now=now)
    return lock_holders(holders, connection=connection, registry=registry, now=now)


def _only_refusals(plans: Sequence[Intention | HubError]) -> Any:
    return (plan for plan in plans if isinstance(plan, HubError))


# --- step 5: the result -----------------------------------------------------------------------------------------


def _commit(
    sealed: Sequence[Sealed],
    plans: Sequence[Intention | HubError],
    registry: Registry,
    now: datetime,
    also: Also | None,
    connection: Connection,
) -> list[Issued | HubError]:
    dropped = IntentionWriter(connection).drop([each.intention.serial for each in sealed])
    if dropped != len(sealed):
        raise OrderError("act_under_way")  # another process completed the batch first: it has the result
    holders = {each.intention.moved_from[0]: ("", "") for each in sealed if each.intention.moved_from}
    holders |= {each.intention.licence_number: (each.intention.holder_name, "") for each in sealed}
    enterprises = lock_holders(holders, connection=connection, registry=registry, now=now)
    reader, writer = CertificateReader(connection), CertificateWriter(connection)
    replaced = reader.by_serial([each.intention.replaces for each in sealed if each.intention.replaces])
    chains = reader.chains(sorted({each.intention.chain for each in sealed}))
    before = reader.changes(sorted(replaced))
    certificates = {each.intention.serial: each.certificate(now) for each in sealed}
    writer.add([each.certificate_row(now) for each in sealed], [each.record_row(registry) for each in sealed])
    _supersede(sealed, replaced, connection, now)
    writer.close_chains([each.intention.current_row() for each in sealed])
    entries, serials = EntryWriter(connection, registry.random), [each.intention.serial for each in sealed]
    entries.add([_entry(each, replaced, before, now) for each in sealed], about=serials)
    # A version that replaces another bears what was noted on that one, and its past: it is composed from the store; so
    # are all versions of a chain that goes to another holder, as its place there is another.
    composed = {*replaced, *(each.intention.serial for each in sealed if each.intention.replaces)}
    moved = reader.versions_of([each.intention.chain for each in sealed if each.intention.moved_from])
    composed |= {each.serial for versions in moved.values() for each in versions}
    bodies = [
        body_of(
            certificates[each.intention.serial],
            claims=each.claims,
            public=each.public_values(registry),
            key_id=each.key_id,
            changes=(),
            neighbours=(),
            chain=chains[each.intention.chain],
            catalogue=registry.catalogue,
        )
        for each in sealed
        if each.intention.replaces is None
    ]
    bodies += bodies_from_store(connection, sorted(composed), catalogue=registry.catalogue)
    kin = _name_holders(sealed, enterprises, now, connection)
    left = [each.intention.moved_from for each in sealed if each.intention.moved_from]
    first = {each.intention.serial for each in sealed if each.intention.replaces is None}
    rewrite(connection, bodies, enterprises, left=left, kin=kin, first=first)
    _tell(sealed, replaced, registry, now, connection)
    tell_wished(list(certificates.values()), connection=connection, registry=registry, now=now)
    heard = {
        (each.intention.certificate_type, each.intention.issuing_body) for each in sealed if not each.intention.source
    }
    PartyWriter(connection).body_heard(heard, now, unless_since=now - _HEARD_AT_MOST_EVERY)
    DocumentWriter(connection).want(
        [DocumentName(each.intention.serial, edition, "zh") for each in sealed for edition in each.intention.documents],
        now,
    )
    # Here and not in `also`: whoever completes an orphaned batch must tell the intake's outcome too.
    IntakeWriter(connection).add_rows([each.intention.intake_row() for each in sealed if each.intention.intake])
    outcomes = _outcomes(sealed, plans)
    if also is not None:
        also(connection, outcomes)
    return outcomes


def _supersede(
    sealed: Sequence[Sealed], replaced: Mapping[int, Certificate], connection: Connection, now: datetime
) -> None:
    since, rows = {}, []
    for each in sealed:
        old = replaced.get(each.intention.replaces or 0)
        # One that was ended between the intention and now keeps that ending: it is the stronger word.
        if old is None or (Status(old.status), Act.SUPERSEDE) not in CHANGES:
            continue
        since[old.serial] = each.intention.works_from
        rows.append(each.change_row(old, now))
    writer = CertificateWriter(connection)
    writer.supersede(since)
    writer.add_changes(rows)


def _entry(
    each: Sealed,
    replaced: Mapping[int, Certificate],
    before: Mapping[int, Sequence[RecordedChange]],
    now: datetime,
) -> ActFacts:
    intention = each.intention
    old = replaced.get(intention.replaces or 0)
    acts = [old.act_id, *(change.act_id for change in before[old.serial])] if old else [None]
    return ActFacts(
        kind=Kind.ISSUE,
        act_id=intention.act_id,
        recorded_at=now,
        works_from=intention.works_from.isoformat(),
        statement_digest=intention.statement_digest,
        sealed_digest=each.payload_sha256,
        previous_act=acts[-1],
    )


def _refused_entry(intention: Intention, now: datetime) -> ActFacts:
    # Had the key been used before the crash, this digest is what tells that signature apart from an issued one.
    sealed_digest = sha256(intention.payload.encode()).hexdigest()
    return ActFacts(Kind.ORDER_REFUSED, intention.act_id, now, None, intention.statement_digest, sealed_digest, None)


def _name_holders(
    sealed: Sequence[Sealed],
    enterprises: Mapping[str, LockedEnterprise],
    now: datetime,
    connection: Connection,
) -> dict[str, dict[str, Any]]:
    """Let the newest business licence name its holder; return what heads tell of names they had before.

    A holder that no licence and no permit names any more, as those that did were mistakes, is named by its next one.
    """
    changed, former, reader = [], [], CertificateReader(connection)
    for each in sealed:
        enterprise, name = enterprises[each.intention.licence_number], each.intention.holder_name
        is_unnamed = name and not enterprise.name and not reader.current_of(enterprise.licence_number, [LICENCE_TYPE])
        if each.intention.names_holder or is_unnamed:
            if enterprise.name not in ("", name):
                former.append((enterprise.licence_number, enterprise.name, each.intention.works_from))
            enterprise.name, enterprise.address = name, each.intention.holder_address
            changed.append(enterprise)
    EnterpriseWriter(connection).keep(changed)
    RelationWriter(connection).add_former_names(former, now)
    return {number: compose_kin(connection, number) for number, _, _ in former}


def _tell(
    sealed: Sequence[Sealed],
    replaced: Mapping[int, Certificate],
    registry: Registry,
    now: datetime,
    connection: Connection,
) -> None:
    """Close the tasks about what was replaced; tell of a correction whoever pulled the wrong version; say what is late.

    What a file brings is stock of any age, and late in no clock's sense; nor is what decides nothing anew.
    """
    for each in sealed:
        is_decided = each.intention.cause not in UNDECIDING
        if is_decided and each.intention.intake is None and each.intention.source is None:
            notices = Notices(connection, act_id=each.intention.act_id, registry=registry, now=now)
            notices.tell_late(each.certificate(now))
            notices.keep()
        old = replaced.get(each.intention.replaces or 0)
        if old is not None:
            notices = Notices(connection, act_id=each.intention.act_id, registry=registry, now=now)
            notices.close_about(old.serial)
            notices.tell_recipients(Kind.ISSUE, each.intention.cause or FIRST, of=old)
            notices.keep()


def _outcomes(sealed: Sequence[Sealed], plans: Sequence[Intention | HubError]) -> list[Issued | HubError]:
    made = {
        each.intention.serial: Issued(
            identifier=each.intention.identifier,
            reference=each.intention.reference,
            holder_reference=each.intention.holder_reference,
            version=each.intention.version,
            act_id=each.intention.act_id,
            payload_sha256=each.payload_sha256,
        )
        for each in sealed
    }
    return [made[plan.serial] if isinstance(plan, Intention) else plan for plan in plans]
