"""Sealing records again by their issuing body's order: payload bytes unchanged, a second seal beside the first.

1 the statement is verified (`hub/steps/orders/statements.py`) and spent, once; two officers sign (`seconding.py`)
2 what is ordered falls under the named key: it reads unknown because of it, and nothing else is sealed again
3 the intention is committed, a row for each record, before any key is used
4 each payload is sealed with the body's present key, and the record opened again with the listed one
5 seals, entries, answers and the closed task are committed together; the holders' documents that the key had sealed are
  put down as wanted, and drawn anew by whoever makes documents                 <- COMMIT POINT
6 the answer names what was sealed, and how many are left for the next order: `MOST` says that many or more

At most `MOST` records an order: a list of them, or the next of all that fall under the key; the next order goes on.
A crash between 3 and 5 leaves intentions, which the same request or `complete_orphans` completes with the same bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from hub.errors import AccessError, NotFoundError, OrderError, SetupError, StatementError
from hub.steps.certificates.fallen import falls_under, issuing_body_of, next_fallen
from hub.steps.certificates.holders import lock_holders
from hub.steps.certificates.intentions import new_name
from hub.steps.certificates.recomposition import bodies_from_store, rewrite
from hub.steps.log.proven_time import SealTimes
from hub.steps.notices import NoticeKind, Notices
from hub.steps.orders.charge import require_own_body, stands_for
from hub.steps.orders.evidence import record_refusal
from hub.steps.orders.reading import OrderReading
from hub.steps.orders.repeats import earlier_act, keep_answer, kept_answer, open_act
from hub.steps.orders.seconding import require_second, spend_with_seconds
from hub.steps.orders.statements import Second, VerifiedStatement
from hub.steps.registry import COLLECTED_SEALER, Registry, Sealers
from hub.store.certificate import CertificateReader, CertificateWriter
from hub.store.document import DocumentReader, DocumentWriter
from hub.store.entry import EntryWriter
from hub.store.intention import IdempotencyReader
from hub.store.resealing import ResealingReader, ResealingWriter, StoredResealing
from hub.store.statement import StatementReader
from schemas.certificate import Certificate, Status, civil_date
from schemas.evidence import ActFacts, Kind
from schemas.parties import Role, System
from schemas.telling import RESEALED
from signing.jws import VerificationKey
from signing.sd_jwt import Record, Seal, open_record, seal
from signing.trust import TrustList

MOST = 200


@dataclass(frozen=True, slots=True)
class ResealOrder:
    """Which records: those that fall under a key, all (`identifiers` empty) or these; by which body, or the hub's."""

    key_id: str
    issuing_body: str | None
    identifiers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sealing:
    """What a resealing works with beside the registry: the seal keys, and what is proven of the times of seals."""

    sealers: Sealers
    times: SealTimes


def read_reseal_order(content: Mapping[str, Any]) -> ResealOrder:
    """Read the content of an order; FieldsError names every member and rule that is wrong."""
    reading = OrderReading(content)
    key_id, body = reading.code("key_id"), reading.optional_licence_number("issuing_body")
    given = content.get("identifiers", [])
    if not isinstance(given, list) or len(given) > MOST or not all(isinstance(each, str) for each in given):
        reading.problem("identifiers", "form")
        given = []
    for name in content.keys() - {"key_id", "issuing_body", "identifiers"}:
        reading.problem(name, "unknown")
    reading.refuse_problems()
    return ResealOrder(key_id, body, tuple(dict.fromkeys(given)))


def reseal(
    order: ResealOrder,
    *,
    verified: VerifiedStatement,
    seconds: Sequence[Second] = (),
    system: System,
    key: str,
    registry: Registry,
    sealing: Sealing,
    now: datetime,
) -> dict[str, Any]:
    """Seal again what an order names; the same request under the same idempotency `key` gives the same answer.

    Raises StoreError, StatementError, AccessError, NotFoundError, SetupError seal_not_listed, OrderError.
    """
    registry.require_log(now)
    earlier = earlier_act(system.code, key, request_digest=verified.digest, registry=registry)
    if earlier is not None:
        complete_batch(earlier.act, registry=registry, sealing=sealing, now=now)
        kept = earlier_act(system.code, key, request_digest=verified.digest, registry=registry)
        answer = kept_answer(kept, system.code, key, registry=registry) if kept else None
        if answer is None:
            raise OrderError("act_under_way")
        return answer
    if verified.statement.issuing_body != order.issuing_body:
        raise StatementError("statement_body")
    batch = new_name(registry)

    def record(connection: Connection) -> None:
        open_act(connection, system.code, key, request_digest=verified.digest, act=batch, registry=registry, now=now)
        wanted = _wanted(order, verified, seconds, system, registry, sealing, connection, now)
        number = spend_with_seconds(connection, verified, seconds, system=system.code, registry=registry, now=now)
        _intend(wanted, order.key_id, batch, number, registry, connection, now)

    try:
        registry.database.write(record)
    except OrderError as error:
        record_refusal(error, verified=verified, system=system, registry=registry, now=now)
        raise
    with registry.database.read() as connection:
        intended = ResealingReader(connection).batch(batch)
    return _complete(intended, registry, sealing, now)


def complete_batch(batch: str, *, registry: Registry, sealing: Sealing, now: datetime) -> int:
    """Complete an order that was left between its intention and its seals; return how many seals that made."""

    def take(connection: Connection) -> list[StoredResealing]:
        lease_until = now + registry.terms.lease
        taken = ResealingWriter(connection).take_over(batch, owner=registry.owner, lease_until=lease_until, now=now)
        return ResealingReader(connection).batch(batch) if taken else []

    intended = registry.database.write(take)
    return len(_complete(intended, registry, sealing, now)["resealed"]) if intended else 0


def complete_orphans(*, registry: Registry, sealing: Sealing, now: datetime) -> int:
    """Complete every order whose owner let its lease run out; return how many seals that made."""
    with registry.database.read() as connection:
        batches = ResealingReader(connection).orphans(now)
    return sum(complete_batch(batch, registry=registry, sealing=sealing, now=now) for batch in batches)


# --- steps 2 and 3 ----------------------------------------------------------------------------------------------


def _wanted(
    order: ResealOrder,
    verified: VerifiedStatement,
    seconds: Sequence[Second],
    system: System,
    registry: Registry,
    sealing: Sealing,
    connection: Connection,
    now: datetime,
) -> list[Certificate]:
    """Return what is to be sealed again, once it is known that the caller may order it and a key is there for it."""
    trust = registry.trust()
    body = _require_right(order, verified, seconds, system, trust, connection, now)
    _require_seal(body, registry, sealing, trust, now)
    if order.identifiers:
        return _named(order, sealing.times, trust, connection)
    wanted = next_fallen(
        order.key_id, MOST, times=sealing.times, trust=trust, connection=connection, with_open=False
    )  # fmt: skip
    if not wanted:
        raise OrderError("nothing_to_reseal")
    return wanted


def _named(order: ResealOrder, times: SealTimes, trust: TrustList, connection: Connection) -> list[Certificate]:
    known = CertificateReader(connection).by_identifier(order.identifiers)
    under_way = ResealingReader(connection).open_of([each.serial for each in known.values()])
    for name in order.identifiers:
        if name not in known:
            raise NotFoundError("certificate_not_found")
        if not falls_under(order.key_id, known[name], times=times, trust=trust, connection=connection):
            raise OrderError("not_to_reseal", identifier=name)
        if known[name].serial in under_way:
            raise OrderError("act_under_way")
    return [known[name] for name in order.identifiers]


def _require_right(
    order: ResealOrder,
    verified: VerifiedStatement,
    seconds: Sequence[Second],
    system: System,
    trust: TrustList,
    connection: Connection,
    now: datetime,
) -> str | None:
    """Return whose seal the key is, once the caller may order in its name; the hub's own is the operator's to order."""
    author = issuing_body_of(order.key_id, trust)
    if author is None:
        if not any((each.key_id, each.purpose) == (order.key_id, COLLECTED_SEALER) for each in trust.hub_keys):
            raise OrderError("nothing_to_reseal")
        if order.issuing_body is not None or Role.OPERATE not in system.roles:
            raise AccessError("role_missing", role=str(Role.OPERATE))
        return None
    if order.issuing_body is None:
        raise StatementError("statement_body")
    if Role.ISSUE not in system.roles:
        raise AccessError("role_missing", role=str(Role.ISSUE))
    acting = require_own_body(order.issuing_body, system, connection, civil_date(now))
    if not stands_for(acting, author, connection):
        raise OrderError("body_not_in_charge", issuing_body=order.issuing_body)
    require_second(verified, seconds, issuing_body=order.issuing_body, system=system, connection=connection)
    return author


def _require_seal(
    body: str | None, registry: Registry, sealing: Sealing, trust: TrustList, now: datetime
) -> None:  # fmt: skip
    sealer = COLLECTED_SEALER if body is None else body
    standing = trust.ends_at(sealing.sealers(sealer).key_id)
    if standing is not None and standing <= now:
        raise SetupError("seal_not_listed", issuing_body=sealer)


def _intend(
    wanted: Sequence[Certificate],
    key_id: str,
    batch: str,
    statement: int,
    registry: Registry,
    connection: Connection,
    now: datetime,
) -> None:
    rows = [
        {
            "serial": each.serial,
            "over_key_id": key_id,
            "key_id": None,
            "batch": batch,
            "owner": registry.owner,
            "lease_until": now + registry.terms.lease,
            "statement": statement,
            "recorded_at": now,
            "sealed_at": None,
            "act_id": new_name(registry),
        }
        for each in wanted
    ]
    if ResealingWriter(connection).add(rows) != len(rows):
        raise OrderError("act_under_way")


# --- steps 4 to 6 -----------------------------------------------------------------------------------------------


def _complete(
    intended: Sequence[StoredResealing], registry: Registry, sealing: Sealing, now: datetime
) -> dict[str, Any]:
    with registry.database.read() as connection:
        certificates = CertificateReader(connection).by_serial([each.serial for each in intended])
        statement = StatementReader(connection).get(intended[0].statement)[0]
        payloads = {
            serial: record.payload
            for serial, record in CertificateReader(connection).records(list(certificates)).items()
        }
    made = {
        each.number: _sealed(
            certificates[each.serial], payloads[each.serial], statement.encode(), registry, sealing, now
        )
        for each in intended
    }
    return registry.database.write(partial(_commit, intended, made, certificates, registry, sealing, now))


def _sealed(
    certificate: Certificate, payload: bytes, statement: bytes, registry: Registry, sealing: Sealing, now: datetime
) -> tuple[str, Seal]:
    """Return the new seal over the very bytes, with its key's name, opened with the key the trust list names."""
    signer = sealing.sealers(COLLECTED_SEALER if certificate.source else certificate.issuing_body)
    made = seal(payload, signer=signer, statement=statement)

    def find_key(kid: str) -> VerificationKey:
        if certificate.source:
            return registry.trust().hub_key(kid, purpose=COLLECTED_SEALER, at=now)
        return registry.trust().seal_key(kid, issuing_body=certificate.issuing_body, at=now)

    open_record(Record(payload, (made,)), find_key=find_key)
    return signer.key_id, made


def _commit(
    intended: Sequence[StoredResealing],
    made: Mapping[int, tuple[str, Seal]],
    certificates: Mapping[int, Certificate],
    registry: Registry,
    sealing: Sealing,
    now: datetime,
    connection: Connection,
) -> dict[str, Any]:
    numbers = {number: key_id for number, (key_id, _) in made.items()}
    if ResealingWriter(connection).close(numbers, now=now) != len(numbers):
        raise OrderError("act_under_way")  # another process completed it first
    holders = {each.licence_number: ("", "") for each in certificates.values()}
    locked = lock_holders(holders, connection=connection, registry=registry, now=now)
    records = CertificateReader(connection).records(list(certificates))
    writer = CertificateWriter(connection)
    for each in intended:
        added = made[each.number][1]
        seals = [*records[each.serial].seals, {"protected": added.protected, "signature": added.signature}]
        writer.set_seals(each.serial, seals)
    digest = StatementReader(connection).get(intended[0].statement)[1]
    EntryWriter(connection, registry.random).add(
        [_entry(each, certificates[each.serial], digest, now) for each in intended],
        about=[each.serial for each in intended],
    )
    rewrite(connection, bodies_from_store(connection, list(certificates), catalogue=registry.catalogue), locked)
    for each in intended:
        notices = Notices(connection, act_id=each.act_id, registry=registry, now=now)
        notices.tell_recipients(Kind.RESEAL, RESEALED, of=certificates[each.serial])
        notices.keep()
    _want_documents(intended, certificates, now, connection)
    left = _left(intended[0], registry, sealing, now, connection)
    answer = {
        "resealed": [{"identifier": certificates[each.serial].identifier, "act_id": each.act_id} for each in intended],
        "left": left,
    }
    led_by = IdempotencyReader(connection).key_of(intended[0].batch)
    if led_by is not None:
        keep_answer(connection, *led_by, answer, registry=registry)
    return answer


def _want_documents(
    intended: Sequence[StoredResealing], certificates: Mapping[int, Certificate], now: datetime, connection: Connection
) -> None:
    """Want the documents anew that the key had sealed: they say unknown, whatever is put beside the record.

    Of what is not valid now none is made. A copy bears the hub's seal, and the registry holds the record's new one: it
    stands, and who has it is told.
    """
    valid = [serial for serial, each in certificates.items() if each.status == Status.VALID]
    names = DocumentReader(connection).masters_by(intended[0].over_key_id, valid) if valid else []
    if names:
        DocumentWriter(connection).want(names, now)


def _left(
    done: StoredResealing, registry: Registry, sealing: Sealing, now: datetime, connection: Connection
) -> int:  # fmt: skip
    """Return how many the next order would find, `MOST` at most; none left closes the task that asked for it."""
    trust = registry.trust()
    left = len(next_fallen(
        done.over_key_id, MOST, times=sealing.times, trust=trust, connection=connection, with_open=True
    ))  # fmt: skip
    if not left:
        notices = Notices(connection, act_id=done.act_id, registry=registry, now=now)
        notices.close_of_key(NoticeKind.SEAL_COMPROMISED, done.over_key_id)
    return left


def _entry(each: StoredResealing, certificate: Certificate, statement_digest: str, now: datetime) -> ActFacts:
    return ActFacts(
        Kind.RESEAL, each.act_id, now, None, statement_digest, certificate.payload_sha256, certificate.act_id
    )
