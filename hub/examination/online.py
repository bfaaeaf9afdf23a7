"""Examining online: what is proven of the bytes, and how the registry holds it now.

1 recognised 2 seals, certs, note or answer held against the trust list in force 3 each identifier looked up: never
issued, other bytes than those issued, or how it stands now 4 judged by the one verdict, as the scan is.
Reads only. Nothing of what was shown is stored, logged or repeated but what a seal or a hub key covers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hub.errors import SetupError
from hub.examination.forms import Examined, Form, read_examined
from hub.examination.known import empty_answer, facts_of_bytes, facts_of_note, refused_token
from hub.examination.proof import (
    NO_LIST,
    NOTES_PURPOSE,
    FindType,
    NoteProof,
    SealProof,
    TokenProof,
    answer_of,
    issuer_signed_part_is,
    note_of,
    note_standing,
    prove_right,
    prove_seals,
    prove_token,
)
from hub.examination.report import (
    Examination,
    Finding,
    answer_facts,
    presentation_facts,
    record_facts,
    without_verdict,
)
from hub.facts import Surroundings, facts_of, head_licence_state
from hub.registry import Registry
from hub.store.answer import AnswerReader
from hub.store.certificate import CertificateReader, StoredRecord
from hub.verification import judge, passed
from schemas.catalogue import Catalogue, CertificateType, CertificateTypeUnknownError
from schemas.certificate import Certificate
from schemas.exchange import NOTE_TYP
from schemas.verdict import Check, CheckName, Facts, Result, Surface, Verdict
from signing.trust import TrustList

_NOT_ISSUED = Check(CheckName.STATUS, Result.FAILED, "record_not_issued")
_OTHER_BYTES = Check(CheckName.STATUS, Result.FAILED, "not_issued_file")
_PUBLIC_ONLY = Check(CheckName.RIGHT_TO_HOLD, Result.PASSED, "public_only")


@dataclass(frozen=True, slots=True)
class _Held:
    """What the registry holds of some certificates, all read at one moment, by identifier."""

    certificates: Mapping[str, Certificate]
    records: Mapping[int, StoredRecord]
    bodies: Mapping[int, Mapping[str, Any]]
    heads: Mapping[str, dict[str, Any]]


def examine(raw: bytes, *, registry: Registry, surroundings: Surroundings, now: datetime) -> Examination:
    """Examine anything of this hub; whatever `raw` holds, an examination comes back."""
    examined = read_examined(raw, origin=registry.origin)
    trust, find_type = _trust_in_force(registry, now), finder(registry.catalogue)
    if examined.identifier:
        return _find_page(examined, registry)
    if examined.form in (Form.SCAN_ANSWER, Form.NOTE) and trust is None:
        return refused_token(examined, TokenProof(NO_LIST.seal, NO_LIST.trust))
    if examined.form is Form.SCAN_ANSWER and trust is not None:
        return _examine_answer(examined, trust, find_type, registry, surroundings, now)
    if examined.form is Form.NOTE and trust is not None:
        return _examine_note(examined, trust, find_type, registry, surroundings, now)
    if not examined.files:
        return without_verdict(examined)
    return _examine_files(examined, trust, find_type, registry, surroundings, now)


def finder(catalogue: Catalogue) -> FindType:
    """Return what finds a certificate type by code and version (0: the latest)."""

    def find_type(code: str, version: int) -> CertificateType | None:
        try:
            return catalogue.get(code, version or None)
        except CertificateTypeUnknownError:
            return None

    return find_type


def _trust_in_force(registry: Registry, now: datetime) -> TrustList | None:
    try:
        trust = registry.trust()
    except SetupError:
        return None
    return trust if now < trust.expires_at else None


# --- each form ---


def _examine_files(
    examined: Examined,
    trust: TrustList | None,
    find_type: FindType,
    registry: Registry,
    surroundings: Surroundings,
    now: datetime,
) -> Examination:
    proofs = [NO_LIST if trust is None else prove_seals(file, trust=trust, now=now) for file in examined.files]
    held = _read([each.claims.identifier for each in proofs if each.claims], registry)
    findings = []
    for file, proven in zip(examined.files, proofs, strict=True):
        right = NoteProof(Check(CheckName.RIGHT_TO_HOLD, Result.UNKNOWN, "check_missing"))
        if trust is not None:
            right = prove_right(file, proven, find_type=find_type, trust=trust, now=now)
        facts = facts_of_bytes(proven, right)
        if proven.claims is not None and file.record is not None:
            certificate = held.certificates.get(proven.claims.identifier)
            record = held.records.get(certificate.serial) if certificate else None
            if certificate is None or record is None:
                facts = replace(facts, status_finding=_NOT_ISSUED)
            elif not issuer_signed_part_is(file.record, seals=record.seals, payload=record.payload):
                facts = replace(facts, status_finding=_OTHER_BYTES)
            else:
                facts = _with_registry(facts, certificate, held, surroundings, now)
        verdict = judge(facts, surface=Surface.EXAMINATION, now=now)
        findings.append(Finding(verdict, record_facts(proven, right, find_type)))
    return Examination(examined.form, tuple(findings))


def _examine_note(
    examined: Examined,
    trust: TrustList,
    find_type: FindType,
    registry: Registry,
    surroundings: Surroundings,
    now: datetime,
) -> Examination:
    token = prove_token(examined.token, typ=NOTE_TYP, purpose=NOTES_PURPOSE, trust=trust, now=now)
    note = note_of(token, trust)
    if note is None or not note.presentations:
        return refused_token(examined, token)
    held = _read([each.identifier for each in note.presentations], registry)
    unseen = facts_of_note(token, note_standing(note, token, now))
    findings = tuple(
        Finding(
            _judge_named(each.identifier, unseen, held, surroundings, now),
            presentation_facts(note, each, find_type),
        )
        for each in note.presentations
    )
    return Examination(examined.form, findings)


def _examine_answer(
    examined: Examined,
    trust: TrustList,
    find_type: FindType,
    registry: Registry,
    surroundings: Surroundings,
    now: datetime,
) -> Examination:
    token, answer = answer_of(examined.token, trust=trust, now=now)
    if answer is None:
        return refused_token(examined, token)
    if not answer.certificates:
        return empty_answer(examined, token, current=now < answer.expires_at)
    held = _read([each.identifier for each in answer.certificates], registry)
    # The answer's own signature stands for the bytes: it tells what is public, and the registry tells the rest now.
    known = facts_of_bytes(SealProof(token.seal, token.trust), NoteProof(_PUBLIC_ONLY))
    findings = tuple(
        Finding(
            _judge_named(each.identifier, known, held, surroundings, now),
            answer_facts(answer, each, find_type),
        )
        for each in answer.certificates
    )
    return Examination(examined.form, findings)


def _find_page(examined: Examined, registry: Registry) -> Examination:
    with registry.database.read() as connection:
        found = CertificateReader(connection).by_identifier([examined.identifier])
    if examined.identifier not in found:
        return without_verdict(examined, reason="name_not_found")
    return without_verdict(examined, opens=[f"/c/{found[examined.identifier].reference}"])


# --- the registry ---


def _read(identifiers: Sequence[str], registry: Registry) -> _Held:
    with registry.database.read() as connection:
        certificates = CertificateReader(connection).by_identifier(sorted(set(identifiers)))
        serials = sorted(each.serial for each in certificates.values())
        holders = sorted({each.licence_number for each in certificates.values()})
        answers = AnswerReader(connection)
        return _Held(
            certificates,
            CertificateReader(connection).records(serials),
            answers.certificates(serials),
            answers.heads(holders),
        )


def _judge_named(identifier: str, known: Facts, held: _Held, surroundings: Surroundings, now: datetime) -> Verdict:
    certificate = held.certificates.get(identifier)
    if certificate is None:
        facts = replace(known, status_finding=_NOT_ISSUED)
    else:
        facts = _with_registry(known, certificate, held, surroundings, now)
    return judge(facts, surface=Surface.EXAMINATION, now=now)


def _with_registry(
    known: Facts, certificate: Certificate, held: _Held, surroundings: Surroundings, now: datetime
) -> Facts:
    """Return what the registry knows of a certificate now, with the findings on what was shown."""
    body, head = held.bodies[certificate.serial], held.heads[certificate.licence_number]
    facts = facts_of(dict(body), head_licence_state(head, now), surroundings)
    trust = known.trust if known.trust != passed(CheckName.TRUST) else facts.trust
    return replace(facts, seal=known.seal, trust=trust, right_to_hold=known.right_to_hold)
