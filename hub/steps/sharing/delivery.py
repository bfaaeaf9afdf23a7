"""What a pull hands over: the certificates judged, the permitted disclosures chosen, the delivery note signed.

Steps 5 to 7 of a pull (`hub/sharing/exchange.py`). Nothing is committed here: what is made counts once the flow
recorded it. How long what was handed over may be used is said here too.
"""

from base64 import standard_b64encode
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

import orjson
from sqlalchemy import Connection

from connectors.contract import ELicence
from hub.decisions.facts import Surroundings, answer_verdict, facts_of, head_licence_state
from hub.decisions.verification import judge
from hub.errors import DocumentError, NotFoundError
from hub.steps.certificates.intentions import decrypt_disclosures, disclosed_names
from hub.steps.certificates.recomposition import seal_key_id
from hub.steps.consent.applications import UNNUMBERED
from hub.steps.consent.signer_status import opened_grant
from hub.steps.registry import Registry
from hub.store.answer import AnswerReader
from hub.store.certificate import CertificateReader, StoredRecord
from hub.store.enterprise import EnterpriseReader
from hub.store.exchange import ExchangeReader, StoredDecision, StoredDelivery
from hub.store.grant import GrantReader
from hub.store.parties import PartyReader
from hub.store.sharing import SharingReader
from schemas.canonical import canonical_json
from schemas.catalogue import CertificateType
from schemas.certificate import Certificate
from schemas.exchange import ON_SENTENCE, Basis, PullRequest, note_payload
from schemas.fields import COMMON_FIELDS
from schemas.grant import Grant
from schemas.presentation import Presentation
from schemas.verdict import Outcome, Surface, Verdict
from signing.jws import CompactSigner
from signing.sd_jwt import Record, Seal


@dataclass(frozen=True, slots=True)
class Exchange:
    """What a pull is handed beside the registry: the note signer, the e-licence port, what answers share.

    `predicate_signer` signs what a predicate was answered, with the same key.
    """

    note_signer: CompactSigner
    predicate_signer: CompactSigner
    e_licence: ELicence
    surroundings: Callable[[], Surroundings]
    maker: str


@dataclass(frozen=True, slots=True)
class Judged:
    """A certificate with its printed number, its verdict and what was erased of it, as read at one moment."""

    certificate: Certificate
    number: str
    verdict: Verdict
    erased: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Contents:
    """What a delivery is made of, read at one moment and before its key is used.

    `names` are what may be disclosed of each certificate, by serial; `records` those of the good ones. `left_out`
    counts by type what the holder has and the basis leaves out, of types with nothing else.
    """

    judged: Sequence[Judged]
    names: Mapping[int, tuple[str, ...]]
    records: Mapping[int, StoredRecord]
    left_out: Mapping[str, int]
    requester: str
    cause: str
    ends_at: datetime

    @property
    def good(self) -> list[Judged]:
        return [each for each in self.judged if each.verdict.outcome is Outcome.VALID]


def judge_all(
    decision: StoredDecision, connection: Connection, registry: Registry, exchange: Exchange, now: datetime
) -> list[Judged]:
    """Read and judge the holder's current certificates that the decision covers."""
    found = CertificateReader(connection).current_answered(decision.licence_number, sorted(decision.fields))
    head = AnswerReader(connection).heads([decision.licence_number]).get(decision.licence_number)
    is_granted = _granted_singly(decision, registry, connection)
    if head is None:
        return []
    licence, surroundings = head_licence_state(head, now), exchange.surroundings()
    return [
        Judged(
            each.certificate,
            each.answer["number"],
            judge(facts_of(each.answer, licence, surroundings), surface=Surface.PULL, now=now),
            each.erased,
        )
        for each in found
        if is_granted(each.certificate)
    ]


def read_contents(
    request: PullRequest,
    decision: StoredDecision,
    judged: Sequence[Judged],
    *,
    connection: Connection,
    registry: Registry,
    now: datetime,
) -> Contents:
    """Read what a delivery of these certificates is made of."""
    serials = [each.certificate.serial for each in judged if each.verdict.outcome is Outcome.VALID]
    return Contents(
        judged=judged,
        names={
            each.certificate.serial: permitted_names(each.certificate, decision, registry, connection)
            for each in judged
        },
        records=CertificateReader(connection).records(serials),
        left_out=_left_out(decision, judged, connection),
        requester=_requester_name(decision.requester, connection) if serials else "",
        cause=cause_of(request, decision, registry, connection) if serials else "",
        ends_at=_copy_ends_at(decision, connection, registry, now),
    )


def make_delivery(
    request: PullRequest,
    decision: StoredDecision,
    contents: Contents,
    registry: Registry,
    exchange: Exchange,
    now: datetime,
) -> tuple[dict[str, Any], str | None]:
    """Choose disclosures, sign the note; return the answer and the note, which is None when nothing is delivered."""
    records, names = contents.records, contents.names
    presented = {serial: present(records[serial], names[serial], serial, registry) for serial in records}
    note = None
    if contents.good:
        presentations = [_presentation_line(each, presented[each.certificate.serial]) for each in contents.good]
        payload = _note(request, decision, contents, presentations, registry, exchange, now)
        note = exchange.note_signer.sign(orjson.dumps(payload))
    items = [
        _item(each, presented.get(each.certificate.serial), note, names[each.certificate.serial], registry)
        for each in contents.judged
    ]
    items += _not_found(decision, contents)
    answer = {
        "decision": decision.decision,
        "delivery": decision.decision if note else None,
        "as_of": now.isoformat(),
        "ends_at": contents.ends_at.isoformat() if note else None,
        "note": note,
        "items": items,
    }
    return answer, note


def _left_out(decision: StoredDecision, judged: Sequence[Judged], connection: Connection) -> Counter[str]:
    absent = decision.fields.keys() - {each.certificate.certificate_type for each in judged}
    held = CertificateReader(connection).current_of(decision.licence_number, sorted(absent))
    return Counter(each.certificate_type for each in held)


def _not_found(decision: StoredDecision, contents: Contents) -> list[dict[str, Any]]:
    """Return a line for each type of which nothing is handed over; `not_covered` counts what the basis leaves out."""
    found = {each.certificate.certificate_type for each in contents.judged}
    return [
        {"certificate_type": code, "found": False}
        | ({"not_covered": contents.left_out[code]} if code in contents.left_out else {})
        for code in decision.fields
        if code not in found
    ]


def _copy_ends_at(decision: StoredDecision, connection: Connection, registry: Registry, now: datetime) -> datetime:
    """Return when a copy ends: after the term of copies, and never later than the grant it stands on.

    A presentation is over in minutes: what was handed over at the window serves its case for the term of copies.
    """
    ends_at = now + registry.terms.copy_term
    if decision.basis not in ON_SENTENCE - {Basis.PRESENTATION}:
        return ends_at
    grant = GrantReader(connection).get(decision.basis_reference or "")
    return min(ends_at, grant.valid_until) if grant else ends_at


def _granted_singly(
    decision: StoredDecision, registry: Registry, connection: Connection
) -> Callable[[Certificate], bool]:
    """Return whether a certificate is within a grant: of a granted type, or named singly. Other bases name types.

    Of a type, what was sealed after the grant was taken in is within it by explicit words alone.
    """
    stored = GrantReader(connection).get(decision.basis_reference or "") if decision.basis in ON_SENTENCE else None
    return scope_of(opened_grant(stored, registry)[0], stored.recorded_at) if stored else lambda _: True


def scope_of(grant: Grant | Presentation, given_at: datetime) -> Callable[[Certificate], bool]:
    """Return whether a certificate is within a grant that was taken in at `given_at`."""
    types = {each.code for each in grant.types}
    later_too = isinstance(grant, Grant) and grant.future
    return lambda each: (
        each.identifier in grant.certificates
        or (each.certificate_type in types and (later_too or each.sealed_at <= given_at))
    )


def permitted_names(
    certificate: Certificate, decision: StoredDecision, registry: Registry, connection: Connection
) -> tuple[str, ...]:
    """Return which of the decided fields may be disclosed of one certificate.

    A sentence pins a type to a version: what a certificate of another version calls by the same name, and means
    otherwise, was not given. A certificate that is named singly is given as it is.
    """
    names = tuple(decision.fields[certificate.certificate_type])
    stored = GrantReader(connection).get(decision.basis_reference or "") if decision.basis in ON_SENTENCE else None
    return given_names(certificate, names, opened_grant(stored, registry)[0], registry) if stored else names


def given_names(
    certificate: Certificate, names: Sequence[str], grant: Grant | Presentation, registry: Registry
) -> tuple[str, ...]:
    """Return which of the names that a sentence gives mean on this certificate what the signer read."""
    code, held = certificate.certificate_type, certificate.type_version
    pinned = next((each.version for each in grant.types if each.code == code), held)
    if pinned == held or certificate.identifier in grant.certificates:
        return tuple(names)
    given, found = (_meanings(registry.catalogue.get(code, version)) for version in (pinned, held))
    return tuple(name for name in names if name in found and given.get(name) == found[name])


def _meanings(kind: CertificateType) -> dict[str, tuple[str, ...]]:
    return {each.name: (each.label_zh, each.form, each.field_class, each.sharing_class) for each in kind.fields}


def present(stored: StoredRecord, fields: Sequence[str], serial: int, registry: Registry) -> dict[str, Any]:
    """Return the department's own seal with only the permitted disclosures (RFC 9901 JSON serialisation, parsed).

    The same record and fields give the same bytes, so that a copy drawn later holds what the note was signed over.
    """
    names = frozenset(fields) | frozenset(COMMON_FIELDS)
    private = decrypt_disclosures(stored.envelope, serial=serial, registry=registry)
    chosen = [each for name, each in disclosed_names([*stored.public_disclosures, *private]) if name in names]
    record = Record(stored.payload, tuple(Seal(**each) for each in stored.seals), tuple(chosen))
    document: dict[str, Any] = orjson.loads(record.to_json())
    return document


def present_as_delivered(
    stored: StoredRecord, fields: Sequence[str], serial: int, sha256s: Collection[str], registry: Registry
) -> dict[str, Any]:
    """Return a record as a note is signed over it: seals that were put beside it since are not in it.

    Where none of these digests is the record's any more, as when something of it was erased, as it is now.
    """
    first: dict[str, Any] | None = None
    for count in range(len(stored.seals), 0, -1):
        document = present(replace(stored, seals=stored.seals[:count]), fields, serial, registry)
        first = first or document
        if presentation_digest(document) in sha256s:
            return document
    return first or present(stored, fields, serial, registry)


def delivered_file(document: Mapping[str, Any], note: str | None, registry: Registry) -> dict[str, Any]:
    """Return the file a requester gets of one record: the record, the delivery note, the certs of its seals."""
    certs = [standard_b64encode(cert).decode() for cert in _certs_of(document, registry)]
    return {"record": document, "note": note, "certs": certs}


def _presentation_line(each: Judged, document: Mapping[str, Any]) -> dict[str, Any]:
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
    contents: Contents,
    presentations: Sequence[Mapping[str, Any]],
    registry: Registry,
    exchange: Exchange,
    now: datetime,
) -> dict[str, Any]:
    return note_payload(
        origin=registry.origin,
        # The name its decision was recorded under before the note's key is used: no note is without a record.
        serial=decision.decision,
        requester={"licence_number": decision.requester, "name": contents.requester},
        officer=decision.officer,
        cause=contents.cause,
        request=request,
        maker=exchange.maker,
        made_at=now.isoformat(timespec="seconds"),
        ends_at=contents.ends_at.isoformat(timespec="seconds"),
        as_of=now.isoformat(),
        presentations=presentations,
    )


def _requester_name(requester: str, connection: Connection) -> str:
    department = PartyReader(connection).department(requester)
    enterprise = None if department else EnterpriseReader(connection).get(requester)
    return UNNUMBERED.get(requester, department.name_zh if department else enterprise.name if enterprise else "")


def cause_of(request: PullRequest, decision: StoredDecision, registry: Registry, connection: Connection) -> str:
    """Return what a copy is marked as made for: the item, and by which law or by whose authorisation."""
    if request.basis is Basis.STATUTORY:
        rule = SharingReader(connection).get(request.basis_reference, decision.rule_version)
        return f"{rule.item_name}（{rule.legal_basis}）" if rule else ""
    stored = GrantReader(connection).get(request.basis_reference)
    grant = opened_grant(stored, registry)[0] if stored else None
    if isinstance(grant, Grant):
        return f"{grant.item_name}（持证主体{'书面' if request.basis is Basis.WINDOW else ''}授权）"
    return f"{request.item_code}（持证主体出示）" if grant else ""


def _item(
    each: Judged,
    document: Mapping[str, Any] | None,
    note: str | None,
    fields: Sequence[str],
    registry: Registry,
) -> dict[str, Any]:
    item: dict[str, Any] = {
        "certificate_type": each.certificate.certificate_type,
        "found": True,
        "identifier": each.certificate.identifier,
        "certificate_number": each.number,
        "verdict": answer_verdict(each.verdict),
        "file": None,
    }
    permitted = frozenset(fields) | frozenset(COMMON_FIELDS)
    if gone := sorted(each.erased & permitted):
        # Named, so that nobody takes what was erased for what never was.
        item["erased"] = gone
    if document is not None:
        item["file"] = delivered_file(document, note, registry)
    return item


def _certs_of(document: Mapping[str, Any], registry: Registry) -> list[bytes]:
    listed = {seal.key_id: seal.cert_der for seal in registry.trust().seals}
    kids = [seal_key_id(signature) for signature in document["signatures"]]
    return [listed[kid] for kid in kids if kid in listed]


_NOT_TO_BE_HAD = {"ended": "copy_ended", "withdrawn": "copy_withdrawn"}


def require_deliverable(delivery: str, connection: Connection, now: datetime) -> StoredDelivery:
    """Return a delivery whose copies may still be had: until it ends, or the grant it stood on is withdrawn.

    Raises DocumentError copy_ended, copy_withdrawn; NotFoundError delivery_not_found.
    """
    reader = ExchangeReader(connection)
    found, decision = reader.delivery(delivery), reader.decision(delivery)
    if found is None or decision is None:
        raise NotFoundError("delivery_not_found")
    ended = end_of(found, decision, connection, now)
    if ended is not None:
        raise DocumentError(_NOT_TO_BE_HAD[ended])
    return found


def end_of(
    delivery: StoredDelivery, decision: StoredDecision, connection: Connection, now: datetime
) -> Literal["ended", "withdrawn"] | None:
    """Return why what a delivery handed over is not to be had any more; None while it is."""
    if now >= delivery.ends_at:
        return "ended"
    if decision.basis not in ON_SENTENCE:
        return None
    grant = GrantReader(connection).get(decision.basis_reference or "")
    return "withdrawn" if grant is None or grant.withdrawn_at is not None else None
