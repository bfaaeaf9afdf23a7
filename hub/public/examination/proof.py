"""What holds of the bytes shown: seals, certs, delivery note and answer signatures against the trust list.

A key is found in the trust list and nowhere else; certs inside a file are only compared. The bytes alone do not prove
when they were signed: what a key sealed that has ended or was revoked reads unknown, until the log is asked.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.decisions.verification import passed
from hub.public.examination.claims import (
    ClaimsFormError,
    Note,
    Presentation,
    RecordClaims,
    SignedAnswer,
    ToldPredicate,
    read_answer,
    read_note,
    read_predicate,
    read_record_claims,
)
from hub.public.examination.forms import LARGEST_BYTES, ShownFile
from hub.public.examination.listed import (
    ANSWERS_PURPOSE,
    COLLECTED_PURPOSE,
    NOT_TRUSTED,
    NOTES_PURPOSE,
    ListedKeys,
    standing_of,
)
from schemas.canonical import CanonicalFormError, canonical_digest
from schemas.certificate_type import CertificateType
from schemas.exchange import NOTE_TYP
from schemas.fields import COMMON_FIELDS, FieldClass
from schemas.predicates import PREDICATE_TYP
from schemas.tokens import ANSWER_TYP
from schemas.verdict import Check, CheckName, Result
from signing.errors import KeyUnknownError, SigningError
from signing.jws import parse_json, verify_compact
from signing.sd_jwt import OpenedRecord, Record, open_record
from signing.trust import TrustList

FindType = Callable[[str, int], CertificateType | None]
"""Returns a certificate type of the installed catalogue by code and version; None when it is not there."""


@dataclass(frozen=True, slots=True)
class SealProof:
    """Findings on a record's seals; `claims` and `opened` only where they held."""

    seal: Check
    trust: Check
    claims: RecordClaims | None = None
    opened: OpenedRecord | None = None


@dataclass(frozen=True, slots=True)
class NoteProof:
    """The finding on the right to hold a record; `note` and `presentation` only where the note is genuine.

    `key_id` is the key that signed the note.
    """

    right_to_hold: Check
    note: Note | None = None
    presentation: Presentation | None = None
    key_id: str = ""


@dataclass(frozen=True, slots=True)
class TokenProof:
    """Findings on a token signed by the hub; `payload` and `key_id` only where the signature held."""

    seal: Check
    trust: Check
    payload: Any = None
    key_id: str = ""


NO_LIST = SealProof(
    Check(CheckName.SEAL, Result.UNKNOWN, "trust_list_missing"),
    Check(CheckName.TRUST, Result.UNKNOWN, "trust_list_missing"),
)


# --- records ---


def prove_seals(shown: ShownFile, *, trust: TrustList, now: datetime) -> SealProof:
    """Open a record with the keys of the trust list, hold the certs beside it against the list, judge its sealers."""
    if shown.record is None or shown.certs is None:
        return _seal_refused("seal_broken")
    keys = ListedKeys(trust)
    try:
        opened = open_record(shown.record, find_key=keys.sealing_key)
        claims = read_record_claims(opened.claims)
    except KeyUnknownError:
        return _unlisted()
    except SigningError:
        return _seal_refused("seal_broken")
    except ClaimsFormError:
        return _seal_refused("record_malformed")
    standing = _sealers_standing(opened, claims, trust, now)
    if standing.result is Result.PASSED and not _are_listed(shown.certs, opened.key_ids, trust):
        standing = Check(CheckName.TRUST, Result.UNKNOWN, "cert_other")
    return SealProof(passed(CheckName.SEAL), standing, claims, opened)


def issuer_signed_part_is(record: Record, *, seals: Iterable[dict[str, str]], payload: bytes) -> bool:
    """Say whether payload and seals of a record are among those the registry holds."""
    held = {(each["protected"], each["signature"]) for each in seals}
    return record.payload == payload and all((each.protected, each.signature) in held for each in record.seals)


def _sealers_standing(opened: OpenedRecord, claims: RecordClaims, trust: TrustList, now: datetime) -> Check:
    if claims.issuer != trust.origin:
        return NOT_TRUSTED
    checks = [_sealer_standing(key_id, claims, trust, now) for key_id in opened.key_ids]
    results = {check.result: check for check in checks}
    # A re-seal adds a seal, so one that counts today is enough; one by a stranger spoils the record.
    return results.get(Result.FAILED) or results.get(Result.PASSED) or checks[0]


def _sealer_standing(key_id: str, claims: RecordClaims, trust: TrustList, now: datetime) -> Check:
    try:
        if claims.is_collected:
            trust.hub_key(key_id, purpose=COLLECTED_PURPOSE, at=now)
        else:
            trust.seal_key(key_id, issuing_body=claims.issuing_body, at=now)
    except KeyUnknownError as error:
        return standing_of(error)
    return passed(CheckName.TRUST)


def _are_listed(certs: Iterable[bytes], key_ids: Iterable[str], trust: TrustList) -> bool:
    # Compared as bytes: nothing of a cert that came with the file is read, let alone believed.
    listed = {seal.cert_der for seal in trust.seals if seal.key_id in frozenset(key_ids)}
    return listed >= set(certs)


# --- the right to hold ---


def prove_right(
    shown: ShownFile, proven: SealProof, *, find_type: FindType, trust: TrustList, now: datetime
) -> NoteProof:
    """Judge the right to hold what is shown: by its delivery note; without one, only what is public passes."""
    if proven.claims is None or proven.opened is None:
        return NoteProof(_right(Result.UNKNOWN, "check_missing"))
    if shown.note is None:
        shows_more = proven.opened.disclosed.keys() - public_names(proven.claims, find_type)
        return NoteProof(_right(Result.UNKNOWN, "note_missing") if shows_more else _right(Result.PASSED, "public_only"))
    token = prove_token(shown.note, typ=NOTE_TYP, purpose=NOTES_PURPOSE, trust=trust, now=now)
    note = note_of(token, trust)
    presentation = note.presentation(_digest_of(shown), proven.claims.identifier) if note else None
    if note is None or presentation is None or note.holder != proven.claims.licence_number:
        return NoteProof(_right(Result.FAILED, "note_broken"))
    return NoteProof(note_standing(note, token, now), note, presentation, token.key_id)


def note_of(token: TokenProof, trust: TrustList) -> Note | None:
    """Return the note a proven token holds; None where it is not a note of this hub."""
    if token.payload is None:
        return None
    try:
        note = read_note(token.payload)
    except ClaimsFormError:
        return None
    return note if note.issuer == trust.origin else None


def note_standing(note: Note, token: TokenProof, now: datetime) -> Check:
    """Return whether a genuine note still gives the right to hold what it names."""
    if now >= note.ends_at:
        return _right(Result.FAILED, "note_ended")
    return Check(CheckName.RIGHT_TO_HOLD, token.trust.result, token.trust.reason)


def public_names(claims: RecordClaims, find_type: FindType) -> frozenset[str]:
    """Return the names of a record's fields that anybody may see, by the installed catalogue.

    Of a type that is not installed, or is another than the sealed one, only the four common fields are known as public.
    """
    kind = find_type(claims.certificate_type, claims.type_version)
    if kind is None or kind.digest != claims.type_digest:
        return frozenset(COMMON_FIELDS)
    public = {field.name for field in kind.fields if field.field_class is FieldClass.PUBLIC}
    return frozenset(public) | frozenset(COMMON_FIELDS)


def _digest_of(shown: ShownFile) -> str:
    if shown.document is None:
        return ""
    try:
        return canonical_digest(shown.document)
    except CanonicalFormError:
        return ""


# --- tokens of the hub ---


def prove_token(token: str, *, typ: str, purpose: str, trust: TrustList, now: datetime) -> TokenProof:
    """Verify a token by the hub's listed key for `purpose`, whatever the key's term; judge the key apart."""
    keys = ListedKeys(trust)
    try:
        jws = verify_compact(token, find_key=keys.hub_keys(purpose), typ=typ, max_bytes=LARGEST_BYTES)
        payload = parse_json(jws.payload, max_bytes=LARGEST_BYTES)
    except KeyUnknownError:
        return TokenProof(Check(CheckName.SEAL, Result.UNKNOWN, "check_missing"), NOT_TRUSTED)
    except SigningError:
        return TokenProof(_broken("seal_broken"), Check(CheckName.TRUST, Result.UNKNOWN, "check_missing"))
    try:
        trust.hub_key(jws.key_id, purpose=purpose, at=now)
    except KeyUnknownError as error:
        return TokenProof(passed(CheckName.SEAL), standing_of(error), payload, jws.key_id)
    return TokenProof(passed(CheckName.SEAL), passed(CheckName.TRUST), payload, jws.key_id)


def answer_of(token: str, *, trust: TrustList, now: datetime) -> tuple[TokenProof, SignedAnswer | None]:
    """Return the findings on a signed answer, and what it says where it is one of this hub."""
    proof = prove_token(token, typ=ANSWER_TYP, purpose=ANSWERS_PURPOSE, trust=trust, now=now)
    if proof.payload is None:
        return proof, None
    try:
        answer = read_answer(proof.payload)
    except ClaimsFormError:
        return TokenProof(_broken("record_malformed"), proof.trust), None
    if answer.issuer != trust.origin:
        return TokenProof(proof.seal, NOT_TRUSTED), None
    return proof, answer


def predicate_of_token(token: str, *, trust: TrustList, now: datetime) -> tuple[TokenProof, ToldPredicate | None]:
    """Return the findings on a signed answer to a predicate, and what it says where it is one of this hub."""
    proof = prove_token(token, typ=PREDICATE_TYP, purpose=NOTES_PURPOSE, trust=trust, now=now)
    if proof.payload is None:
        return proof, None
    try:
        told = read_predicate(proof.payload)
    except ClaimsFormError:
        return TokenProof(_broken("record_malformed"), proof.trust), None
    return (proof, told) if told.issuer == trust.origin else (TokenProof(proof.seal, NOT_TRUSTED), None)


def _unlisted() -> SealProof:
    return SealProof(Check(CheckName.SEAL, Result.UNKNOWN, "check_missing"), NOT_TRUSTED)


def _seal_refused(reason: str) -> SealProof:
    return SealProof(_broken(reason), Check(CheckName.TRUST, Result.UNKNOWN, "check_missing"))


def _broken(reason: str) -> Check:
    return Check(CheckName.SEAL, Result.FAILED, reason)


def _right(result: Result, reason: str) -> Check:
    return Check(CheckName.RIGHT_TO_HOLD, result, reason)
