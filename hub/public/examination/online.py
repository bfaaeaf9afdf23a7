"""Examining online: what is proven of the bytes, and how the registry holds it now.

1 recognised; a PDF, XML or picture is taken apart by a child (`documents`) 2 seals, certs, note or answer held against
the trust list in force 3 each identifier looked up: never issued, other bytes than those issued, or how it stands now
4 judged by the one verdict, as the scan is.
Reads only. Nothing of what was shown is stored, logged or repeated but what a seal or a hub key covers.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from hub.decisions.facts import Surroundings
from hub.decisions.verification import judge
from hub.errors import SetupError
from hub.public.examination.answered import examine_predicate
from hub.public.examination.documents import Read, ShownDocument, read_shown
from hub.public.examination.forms import Examined, Form, kind_of
from hub.public.examination.held import OTHER_BYTES, Held, not_issued, read_held, right_in_time, without_erased
from hub.public.examination.known import empty_answer, facts_of_bytes, facts_of_note, refused_token
from hub.public.examination.listed import NOTES_PURPOSE
from hub.public.examination.online_documents import examine_document, examine_existing
from hub.public.examination.proof import (
    NO_LIST,
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
from hub.public.examination.report import (
    Examination,
    Finding,
    answer_facts,
    presentation_facts,
    record_facts,
    without_verdict,
)
from hub.steps.registry import Registry
from hub.store.certificate import CertificateReader
from schemas.catalogue import Catalogue, CertificateType, CertificateTypeUnknownError
from schemas.exchange import NOTE_TYP
from schemas.verdict import Check, CheckName, Result, Surface
from signing.trust import TrustList

_PUBLIC_ONLY = Check(CheckName.RIGHT_TO_HOLD, Result.PASSED, "public_only")


def examine(raw: bytes, *, registry: Registry, surroundings: Surroundings, read: Read, now: datetime) -> Examination:
    """Examine anything of this hub; whatever `raw` holds, an examination comes back.

    `read` takes files apart; raises OSError when it cannot be started.
    """
    trust, find_type = _trust_in_force(registry, now), finder(registry.catalogue)
    if kind_of(raw) is Form.PDF:
        existing = examine_existing(raw, find_type=find_type, registry=registry, surroundings=surroundings, now=now)
        if existing is not None:
            return existing
    shown = read_shown(raw, origin=registry.origin, read=read)
    if isinstance(shown, ShownDocument):
        return examine_document(
            shown, trust=trust, find_type=find_type, registry=registry, surroundings=surroundings, now=now
        )
    return _examine_recognised(shown, trust, find_type, registry, surroundings, now)


def _examine_recognised(
    examined: Examined,
    trust: TrustList | None,
    find_type: FindType,
    registry: Registry,
    surroundings: Surroundings,
    now: datetime,
) -> Examination:
    if examined.identifier:
        return _find_page(examined, registry)
    if examined.token and trust is None:
        return refused_token(examined, TokenProof(NO_LIST.seal, NO_LIST.trust))
    if examined.form is Form.SCAN_ANSWER and trust is not None:
        return _examine_answer(examined, trust, find_type, registry, surroundings, now)
    if examined.form is Form.NOTE and trust is not None:
        return _examine_note(examined, trust, find_type, registry, surroundings, now)
    if examined.form is Form.PREDICATE and trust is not None:
        return examine_predicate(
            examined, trust=trust, find_type=find_type, registry=registry, surroundings=surroundings, now=now
        )
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
    held = _held([each.claims.identifier for each in proofs if each.claims], registry)
    findings = []
    for file, proven in zip(examined.files, proofs, strict=True):
        right = NoteProof(Check(CheckName.RIGHT_TO_HOLD, Result.UNKNOWN, "check_missing"))
        if trust is not None:
            right = prove_right(file, proven, find_type=find_type, trust=trust, now=now)
            right = right_in_time(right, file.note, surroundings)
        facts = facts_of_bytes(proven, right)
        if proven.claims is not None and file.record is not None:
            certificate = held.certificates.get(proven.claims.identifier)
            record = held.records.get(certificate.serial) if certificate else None
            if certificate is None or record is None:
                facts = not_issued(facts, surroundings)
            elif not issuer_signed_part_is(file.record, seals=record.seals, payload=record.payload):
                facts = replace(facts, status_finding=OTHER_BYTES, log=surroundings.log)
            else:
                facts = held.facts(facts, certificate, surroundings, now)
                if proven.opened and held.erased.get(certificate.serial, frozenset()) & proven.opened.disclosed.keys():
                    facts = without_erased(facts)
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
    held = _held([each.identifier for each in note.presentations], registry)
    right = NoteProof(note_standing(note, token, now), note, key_id=token.key_id)
    unseen = facts_of_note(token, right_in_time(right, examined.token, surroundings).right_to_hold)
    findings = tuple(
        Finding(
            held.judge_named(each.identifier, unseen, surroundings, now),
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
    held = _held([each.identifier for each in answer.certificates], registry)
    # The answer's own signature stands for the bytes: it tells what is public, and the registry tells the rest now.
    known = facts_of_bytes(SealProof(token.seal, token.trust), NoteProof(_PUBLIC_ONLY))
    findings = tuple(
        Finding(
            held.judge_named(each.identifier, known, surroundings, now),
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


def _held(identifiers: Sequence[str], registry: Registry) -> Held:
    with registry.database.read() as connection:
        return read_held(identifiers, connection)
