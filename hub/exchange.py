"""Pulling verified certificates for a case, on a legal basis; and comparing values without handing any over.

1 the statement is verified (`hub/statements.py`): it carries the request, so the request is the evidence
2 the basis is found: a grant (its signer's status asked again when too old) or a line of the sharing table
3 the pull is decided (`hub/authorisation.py`, pure)
4 the decision is committed, allowed or refused, and a use of the grant reserved, before any field is read
5 the records are read
6 each certificate is judged by the one verdict
7 the permitted disclosures are chosen and the delivery note signed over what they make
8 status and grant are read again under the holder's row; delivery and use are committed     <- COMMIT POINT
9 the answer is given

A crash between 4 and 8 leaves a decision with a reserved use: the same request completes it, or the use lapses and is
released by an entry of its own. After 8 the same request gets the same answer.
"""

from base64 import standard_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy import Connection

from connectors.contract import ELicence
from hub.answers import disclosed_values
from hub.authorisation import Decision, GrantStanding, decide
from hub.errors import OrderError, PullError
from hub.facts import Surroundings, answer_verdict, facts_of, head_licence_state
from hub.intentions import decrypt_disclosures, disclosed_names, new_name
from hub.recomposition import seal_key_id
from hub.registry import Registry
from hub.repeats import earlier_act, keep_answer, kept_answer, open_act, spend_statement
from hub.signer_status import opened_grant, standing_of
from hub.statements import VerifiedStatement
from hub.store.answer import AnswerReader
from hub.store.certificate import CertificateReader, StoredRecord
from hub.store.enterprise import EnterpriseWriter
from hub.store.entry import EntryWriter
from hub.store.exchange import ExchangeReader, ExchangeWriter, StoredDecision
from hub.store.grant import GrantReader, GrantWriter
from hub.store.parties import PartyReader
from hub.store.sharing import SharingReader
from hub.verification import judge
from schemas.canonical import canonical_json
from schemas.certificate import Certificate, civil_date
from schemas.evidence import ActFacts, Kind
from schemas.exchange import Basis, Comparison, PullRequest, SharingRule, note_payload
from schemas.identifiers import make_reference
from schemas.order import COMMON_FIELDS
from schemas.parties import Officer, System
from schemas.verdict import Outcome, Surface, Verdict
from signing.jws import CompactSigner
from signing.sd_jwt import Record, Seal

_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a pull is handed beside the registry: the note signer, the e-licence port, what answers share."""

    note_signer: CompactSigner
    e_licence: ELicence
    surroundings: Callable[[], Surroundings]
    maker: str


@dataclass(frozen=True, slots=True)
class _Judged:
    """A certificate with its verdict, as read at one moment."""

    certificate: Certificate
    number: str
    verdict: Verdict


def pull(
    request: PullRequest,
    *,
    verified: VerifiedStatement,
    system: System,
    officer: Officer | None,
    key: str,
    registry: Registry,
    exchange: Exchange,
    now: datetime,
) -> dict[str, Any]:
    """Answer a pull. Raises PullError, with the decision recorded, when it is refused."""
    earlier = earlier_act(system.code, key, request_digest=verified.digest, registry=registry)
    if earlier is not None:
        answer = kept_answer(earlier, system.code, key, registry=registry)
        if answer is not None:
            return answer
        decision = _reserved_again(earlier.act, registry, now)
    else:
        decision = _decide_and_record(request, verified, system, officer, key, registry, exchange, now)
    if not decision.allowed:
        raise PullError(decision.reason, decision=decision.decision)
    return _deliver(request, decision, key, registry, exchange, now)


def release_lapsed(*, registry: Registry, now: datetime) -> int:
    """Release the uses that were reserved and neither used nor released in time; one entry each."""
    with registry.database.read() as connection:
        lapsed = ExchangeReader(connection).lapsed(now)
    for decision in lapsed:
        registry.database.write(lambda connection, each=decision: _release(each, registry, now, connection))  # type: ignore[misc]
    return len(lapsed)


# --- steps 2 to 4 -----------------------------------------------------------------------------------------------


def _decide_and_record(
    request: PullRequest,
    verified: VerifiedStatement,
    system: System,
    officer: Officer | None,
    key: str,
    registry: Registry,
    exchange: Exchange,
    now: datetime,
    kinds: tuple[Kind, Kind] = (Kind.PULL_ALLOWED, Kind.PULL_REFUSED),
) -> StoredDecision:
    rule, grant = _basis(request, registry, exchange, now)
    decision = decide(
        request, system=system, officer=officer, rule=rule, grant=grant, catalogue=registry.catalogue, now=now
    )
    name = new_name(registry)

    def record(connection: Connection) -> StoredDecision:
        open_act(connection, system.code, key, request_digest=verified.digest, act=name, registry=registry, now=now)
        statement = spend_statement(connection, verified, system=system.code, registry=registry, now=now)
        settled, use_state = decision, "none"
        if decision.allowed and grant is not None:
            use_state = "reserved"
            if not GrantWriter(connection).take_use(grant.digest):
                settled, use_state = _refused_use(grant, connection), "none"
        stored = _stored_decision(request, settled, name, system, officer, statement, use_state, registry, now)
        ExchangeWriter(connection).add_decision(stored)
        kind = kinds[0] if settled.allowed else kinds[1]
        act = ActFacts(kind, stored.act_id, now, None, verified.digest, None, None)
        EntryWriter(connection, registry.random).add([act])
        return stored

    return registry.database.write(record)


def _basis(
    request: PullRequest, registry: Registry, exchange: Exchange, now: datetime
) -> tuple[SharingRule | None, GrantStanding | None]:
    if request.basis is Basis.GRANT:
        standing = standing_of(request.basis_reference, registry=registry, e_licence=exchange.e_licence, now=now)
        return None, standing
    with registry.database.read() as connection:
        return SharingReader(connection).get(request.basis_reference), None


def _refused_use(grant: GrantStanding, connection: Connection) -> Decision:
    """Say why no use could be taken: between the decision and its record another pull or a withdrawal came."""
    stored = GrantReader(connection).get(grant.digest)
    withdrawn = stored is not None and stored.withdrawn_at is not None
    return Decision(False, "grant_withdrawn" if withdrawn else "grant_used_up", {})


def _stored_decision(
    request: PullRequest,
    decision: Decision,
    name: str,
    system: System,
    officer: Officer | None,
    statement: int,
    use_state: str,
    registry: Registry,
    now: datetime,
) -> StoredDecision:
    return StoredDecision(
        decision=name,
        system=system.code,
        requester=system.department,
        officer=officer.number if officer else None,
        licence_number=request.licence_number,
        item_code=request.item_code,
        case_number=request.case_number,
        basis=str(request.basis),
        basis_reference=request.basis_reference,
        allowed=decision.allowed,
        reason=decision.reason,
        fields={code: list(names) for code, names in decision.fields.items()},
        use_state=use_state,
        lapses_at=now + registry.terms.reservation_term,
        statement=statement,
        recorded_at=now,
        act_id=new_name(registry),
    )


def _reserved_again(name: str, registry: Registry, now: datetime) -> StoredDecision:
    """Return the decision an interrupted pull left, to be completed by the same request."""
    with registry.database.read() as connection:
        decision = ExchangeReader(connection).decision(name)
    if decision is None:
        raise OrderError("act_under_way")
    if decision.allowed and decision.use_state == "released":
        raise OrderError("pull_lapsed")
    return decision


# --- steps 5 to 9 -----------------------------------------------------------------------------------------------


def _deliver(
    request: PullRequest,
    decision: StoredDecision,
    key: str,
    registry: Registry,
    exchange: Exchange,
    now: datetime,
) -> dict[str, Any]:
    for _ in range(_ATTEMPTS):
        judged = _judge_all(decision, registry, exchange, now)
        answer, note = _make_delivery(request, decision, judged, registry, exchange, now)

        def commit(connection: Connection) -> bool:
            return _commit_delivery(decision, judged, answer, note, key, registry, now, connection)  # noqa: B023

        if registry.database.write(commit):
            return answer
    raise OrderError("act_under_way")  # acts keep coming between reading and recording: nothing was handed over


def _judge_all(decision: StoredDecision, registry: Registry, exchange: Exchange, now: datetime) -> list[_Judged]:
    with registry.database.read() as connection:
        found = CertificateReader(connection).current_of(decision.licence_number, sorted(decision.fields))
        head = AnswerReader(connection).heads([decision.licence_number]).get(decision.licence_number)
        bodies = AnswerReader(connection).certificates([each.serial for each in found])
        is_granted = _granted_singly(decision, registry, connection)
    if head is None:
        return []
    licence, surroundings = head_licence_state(head, now), exchange.surroundings()
    return [
        _Judged(
            each,
            bodies[each.serial]["number"],
            judge(facts_of(bodies[each.serial], licence, surroundings), surface=Surface.PULL, now=now),
        )
        for each in found
        if is_granted(each)
    ]


def _granted_singly(
    decision: StoredDecision, registry: Registry, connection: Connection
) -> Callable[[Certificate], bool]:
    """Return whether a certificate is within a grant: of a granted type, or named singly. Other bases name types."""
    stored = GrantReader(connection).get(decision.basis_reference or "") if decision.basis == Basis.GRANT else None
    if stored is None:
        return lambda _: True
    grant, _ = opened_grant(stored, registry)
    types = {each.code for each in grant.types}
    return lambda each: each.certificate_type in types or each.identifier in grant.certificates


def _make_delivery(
    request: PullRequest,
    decision: StoredDecision,
    judged: Sequence[_Judged],
    registry: Registry,
    exchange: Exchange,
    now: datetime,
) -> tuple[dict[str, Any], str | None]:
    """Choose disclosures, sign the note; return the answer and the note, which is None when nothing is delivered."""
    good = [each for each in judged if each.verdict.outcome is Outcome.VALID]
    with registry.database.read() as connection:
        records = CertificateReader(connection).records([each.certificate.serial for each in good])
    presented = {
        each.certificate.serial: _presentation(each.certificate, records, decision.fields, registry) for each in good
    }
    serial, ends_at = new_name(registry), now + registry.terms.copy_term
    note = None
    if good:
        presentations = [_presentation_line(each, presented[each.certificate.serial]) for each in good]
        payload = _note(request, decision, serial, presentations, registry, exchange, now, ends_at)
        note = exchange.note_signer.sign(orjson.dumps(payload))
    items = [_item(each, presented.get(each.certificate.serial), note, registry) for each in judged]
    held = {each.certificate.certificate_type for each in judged}
    items += [{"certificate_type": code, "found": False} for code in decision.fields if code not in held]
    answer = {
        "decision": decision.decision,
        "delivery": serial if note else None,
        "as_of": now.isoformat(),
        "ends_at": ends_at.isoformat() if note else None,
        "note": note,
        "items": items,
    }
    return answer, note


def _presentation(
    certificate: Certificate,
    records: Mapping[int, StoredRecord],
    fields: Mapping[str, Sequence[str]],
    registry: Registry,
) -> dict[str, Any]:
    """Return the department's own seal with only the permitted disclosures (RFC 9901 JSON serialisation, parsed)."""
    stored = records[certificate.serial]
    names = frozenset(fields[certificate.certificate_type]) | frozenset(COMMON_FIELDS)
    private = decrypt_disclosures(stored.envelope, serial=certificate.serial, registry=registry)
    chosen = [each for name, each in disclosed_names([*stored.public_disclosures, *private]) if name in names]
    record = Record(stored.payload, tuple(Seal(**each) for each in stored.seals), tuple(chosen))
    document: dict[str, Any] = orjson.loads(record.to_json())
    return document


def _presentation_line(each: _Judged, document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "identifier": each.certificate.identifier,
        "certificate_type": each.certificate.certificate_type,
        "sha256": presentation_digest(document),
        "status": each.certificate.status,
        "outcome": each.verdict.outcome.value,
        "reason": each.verdict.reason,
    }


def presentation_digest(document: Mapping[str, Any]) -> str:
    """Return what a delivery note binds: SHA-256 (hex) of the canonical JSON of the record as delivered."""
    return sha256(canonical_json(document)).hexdigest()


def _note(
    request: PullRequest,
    decision: StoredDecision,
    serial: str,
    presentations: Sequence[Mapping[str, Any]],
    registry: Registry,
    exchange: Exchange,
    now: datetime,
    ends_at: datetime,
) -> dict[str, Any]:
    with registry.database.read() as connection:
        department = PartyReader(connection).department(decision.requester)
        cause = _cause(request, registry, connection)
    return note_payload(
        origin=registry.origin,
        serial=serial,
        requester={"licence_number": decision.requester, "name": department.name_zh if department else ""},
        officer=decision.officer,
        cause=cause,
        request=request,
        maker=exchange.maker,
        made_at=now.isoformat(timespec="seconds"),
        ends_at=ends_at.isoformat(timespec="seconds"),
        as_of=now.isoformat(),
        presentations=presentations,
    )


def _cause(request: PullRequest, registry: Registry, connection: Connection) -> str:
    """Return what a copy is marked as made for: the item, and by which law or by whose authorisation."""
    if request.basis is Basis.STATUTORY:
        rule = SharingReader(connection).get(request.basis_reference)
        return f"{rule.item_name}（{rule.legal_basis}）" if rule else ""
    stored = GrantReader(connection).get(request.basis_reference)
    return f"{opened_grant(stored, registry)[0].item_name}（持证主体授权）" if stored else ""


def _item(each: _Judged, document: Mapping[str, Any] | None, note: str | None, registry: Registry) -> dict[str, Any]:
    item: dict[str, Any] = {
        "certificate_type": each.certificate.certificate_type,
        "found": True,
        "identifier": each.certificate.identifier,
        "certificate_number": each.number,
        "verdict": answer_verdict(each.verdict),
        "file": None,
    }
    if document is not None:
        certs = [standard_b64encode(cert).decode() for cert in _certs_of(document, registry)]
        item["file"] = {"record": document, "note": note, "certs": certs}
    return item


def _certs_of(document: Mapping[str, Any], registry: Registry) -> list[bytes]:
    listed = {seal.key_id: seal.cert_der for seal in registry.trust().seals}
    kids = [seal_key_id(signature) for signature in document["signatures"]]
    return [listed[kid] for kid in kids if kid in listed]


def _commit_delivery(
    decision: StoredDecision,
    judged: Sequence[_Judged],
    answer: dict[str, Any],
    note: str | None,
    key: str,
    registry: Registry,
    now: datetime,
    connection: Connection,
) -> bool:
    """Commit the delivery unless something was done between reading and now; then return False and write nothing."""
    EnterpriseWriter(connection).lock(
        {decision.licence_number: ("", "")}, make_reference=lambda: make_reference(registry.random(16)), now=now
    )
    if ExchangeReader(connection).is_delivered(decision.decision):
        raise OrderError("act_under_way")  # the same request, sent twice at once: the other one has the answer
    before = {each.certificate.serial: each.certificate for each in judged}
    if CertificateReader(connection).by_serial(sorted(before)) != before:
        return False
    if decision.basis == Basis.GRANT and decision.basis_reference is not None:
        stored = GrantReader(connection).get(decision.basis_reference)
        if stored is None or stored.withdrawn_at is not None:
            raise PullError("grant_withdrawn", decision=decision.decision)
    exchange_writer = ExchangeWriter(connection)
    if note is None:
        _release(decision, registry, now, connection)
    else:
        if decision.use_state != "none" and not exchange_writer.settle_use(decision.decision, "used"):
            raise OrderError("act_under_way")
        digest = sha256(note.encode()).hexdigest()
        act = ActFacts(Kind.DELIVERY, new_name(registry), now, None, None, digest, decision.act_id)
        exchange_writer.add_delivery(_delivery_row(decision, answer, note, act.act_id, registry, now))
        EntryWriter(connection, registry.random).add([act])
    keep_answer(connection, decision.system, key, answer, registry=registry)
    return True


def _delivery_row(
    decision: StoredDecision, answer: Mapping[str, Any], note: str, act_id: str, registry: Registry, now: datetime
) -> dict[str, Any]:
    return {
        "decision": decision.decision,
        "serial_number": answer["delivery"],
        "requester": decision.requester,
        "licence_number": decision.licence_number,
        "note": note,
        "ends_at": now + registry.terms.copy_term,
        "recorded_at": now,
        "act_id": act_id,
    }


def _release(decision: StoredDecision, registry: Registry, now: datetime, connection: Connection) -> None:
    """Give a reserved use back, once, with an entry."""
    if decision.use_state != "reserved" or not ExchangeWriter(connection).settle_use(decision.decision, "released"):
        return
    GrantWriter(connection).give_back_use(decision.basis_reference or "")
    act = ActFacts(Kind.RELEASE, new_name(registry), now, None, None, None, decision.act_id)
    EntryWriter(connection, registry.random).add([act])


# --- comparison -------------------------------------------------------------------------------------------------


def compare(
    comparison: Comparison,
    *,
    verified: VerifiedStatement,
    system: System,
    officer: Officer | None,
    key: str,
    registry: Registry,
    exchange: Exchange,
    now: datetime,
) -> dict[str, Any]:
    """Say once, for the whole set, whether the values are those of the holder's certificate.

    Needs the right to see the fields it compares. Wrong answers are counted per requester, holder and day; past the
    limit the comparison is refused, so that values cannot be found by trying.
    """
    request = comparison.pull
    earlier = earlier_act(system.code, key, request_digest=verified.digest, registry=registry)
    if earlier is not None:
        answer = kept_answer(earlier, system.code, key, registry=registry)
        if answer is None:
            raise OrderError("act_under_way")
        return answer
    today = civil_date(now)
    with registry.database.read() as connection:
        misses = ExchangeReader(connection).misses(system.department, request.licence_number, today)
    if misses >= registry.terms.misses_a_day:
        raise PullError("too_many_misses")
    common = frozenset(COMMON_FIELDS)
    wanted = tuple(
        replace(each, fields=tuple(name for name in each.fields or () if name not in common)) for each in request.wanted
    )
    kinds = (Kind.COMPARISON, Kind.COMPARISON_REFUSED)
    asked = replace(request, wanted=wanted)
    decision = _decide_and_record(asked, verified, system, officer, key, registry, exchange, now, kinds)
    if not decision.allowed:
        raise PullError(decision.reason, decision=decision.decision)
    judged = _judge_all(decision, registry, exchange, now)
    same = [each for each in judged if _is_same(each.certificate, comparison.values, registry)]
    verdict = answer_verdict(same[0].verdict) if same else None
    answer = {"decision": decision.decision, "match": bool(same), "verdict": verdict, "as_of": now.isoformat()}

    def record(connection: Connection) -> None:
        writer = ExchangeWriter(connection)
        if not same:
            writer.count_miss(system.department, request.licence_number, today)
        writer.settle_use(decision.decision, "used")
        keep_answer(connection, system.code, key, answer, registry=registry)

    registry.database.write(record)
    return answer


def _is_same(certificate: Certificate, values: Mapping[str, str], registry: Registry) -> bool:
    with registry.database.read() as connection:
        stored = CertificateReader(connection).records([certificate.serial])[certificate.serial]
    private = decrypt_disclosures(stored.envelope, serial=certificate.serial, registry=registry)
    held = disclosed_values([*stored.public_disclosures, *private])
    return all(held.get(name) == value.strip() for name, value in values.items())
