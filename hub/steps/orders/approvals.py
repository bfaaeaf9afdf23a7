"""Four eyes: two persons of different duties each sign a change's digest with their own key, and both are kept.

1 the JWS is signed by the key the officer was enrolled with, whose cert is good now and of the officer's department
2 it has the form of an approval, of this change, for this hub, of the last days (a setting; at most 10 s ahead)
3 it is over the very digest that is ordered, signed or admitted
4 its officer is active and has the duty that it names
`verify_approval` does these and writes nothing. `require_two` is called in the transaction that does the change: both
officers are as they were verified, of an entitled department, two persons, two duties, none of them whom the change is
about; each approval is spent there and kept. What it returns is sealed by the act's entry.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest

from sqlalchemy import Connection

from hub.errors import OrderError, StatementError
from hub.steps.orders.freshness import refused_until
from hub.steps.registry import Registry
from hub.store.approval import ApprovalWriter, KeptApproval
from hub.store.installation import InstallationReader
from hub.store.parties import PartyReader
from schemas.approval import DUTIES_NEEDED, TYP, Approval, ApprovalFormError, Change, read_approval
from schemas.canonical import canonical_digest
from schemas.parties import Officer
from signing.errors import SigningError
from signing.jws import VerificationKey, parse_json, unverified_payload, verify_compact
from signing.trust import TrustList
from signing.x509 import Purpose

_MAX_BYTES = 8_192
_TWO = 2


@dataclass(frozen=True, slots=True)
class VerifiedApproval:
    """An approval that counts: what it says, its exact bytes, and its officer as enrolled when it was verified."""

    approval: Approval
    jws: str
    officer: Officer


@dataclass(frozen=True, slots=True)
class ApprovalTerms:
    """For how long an approval may wait for the change, how far ahead its clock may be, up to when none counts."""

    age: timedelta
    clock_skew: timedelta
    refused_until: datetime | None = None


def verify_approvals(
    tokens: Sequence[str], *, change: str, content_digest: str, registry: Registry, now: datetime
) -> tuple[VerifiedApproval, ...]:
    """Verify the approvals that come with an order of the act `change`, over its statement's salted digest.

    Raises StatementError as `verify_approval` does.
    """
    if not tokens:
        return ()
    if change not in set(Change):
        raise StatementError("approval_act", act=change)
    with registry.database.read() as connection:
        reader, until = PartyReader(connection), refused_until(connection)
        officers = [reader.officer(unverified_officer(each)) for each in tokens]
    terms = ApprovalTerms(registry.terms.approval_age, registry.terms.clock_skew, until)
    return tuple(
        verify_approval(
            token, change=Change(change), content_digest=content_digest, officer=officer, trust=registry.trust(),
            audience=registry.origin, terms=terms, now=now,
        )
        for token, officer in zip(tokens, officers, strict=True)
    )  # fmt: skip


def verify_approval(
    token: str,
    *,
    change: Change,
    content_digest: str,
    officer: Officer | None,
    trust: TrustList,
    audience: str,
    terms: ApprovalTerms,
    now: datetime,
) -> VerifiedApproval:
    """Verify steps 1 to 4 of one approval; `officer` is who it names, as stored.

    Raises StatementError with code approval_officer | approval_key | approval_form | approval_act | approval_audience |
    approval_time | approval_content | approval_duty.
    """
    if officer is None or not officer.active:
        raise StatementError("approval_officer")
    approval = _read(token, _key_id_and_key(officer, trust, now))
    if approval.change is not change:
        raise StatementError("approval_act", act=str(change))
    if approval.audience != audience:
        raise StatementError("approval_audience")
    age = now.timestamp() - approval.issued_at
    if not -terms.clock_skew.total_seconds() <= age <= terms.age.total_seconds():
        raise StatementError("approval_time")
    # What was spent after a backup is not known to the store that was restored from it.
    if terms.refused_until is not None and approval.issued_at <= terms.refused_until.timestamp():
        raise StatementError("approval_time")
    if not compare_digest(approval.content_digest, content_digest):
        raise StatementError("approval_content")
    if approval.officer != officer.number:
        raise StatementError("approval_officer")
    if approval.duty is not officer.duty:
        raise StatementError("approval_duty")
    return VerifiedApproval(approval, token, officer)


def require_first(verified: VerifiedApproval, *, connection: Connection, about: str | None = None) -> None:
    """Refuse the first of two approvals that could never count: of nobody of the operator's, or of no needed duty.

    Nothing is spent; `require_two` decides. Raises OrderError approval_own, StatementError as that does.
    """
    if about == verified.officer.number:
        raise OrderError("approval_own")
    operator = InstallationReader(connection).values()["operator"]
    _require_entitled(verified, verified.approval.change, {operator}, connection)


def require_two(
    approvals: Sequence[VerifiedApproval],
    *,
    change: Change,
    connection: Connection,
    now: datetime,
    departments: Collection[str] | None = None,
    statement: int | None = None,
    about: str | None = None,
) -> str:
    """Refuse unless two persons of different needed duties approved; spend and keep both, return what an entry seals.

    `departments` are those whose persons are entitled (None: the operator's), `statement` is the order's number,
    `about` the number of an officer whom the change is about.
    Raises OrderError approvals_needed, approval_own, approval_same_person, approval_same_duty; StatementError
    approval_officer, approval_duty, approval_replayed.
    """
    if len(approvals) != _TWO:
        raise OrderError("approvals_needed")
    if departments is None:
        departments = {InstallationReader(connection).values()["operator"]}
    if about in {each.officer.number for each in approvals}:
        raise OrderError("approval_own")
    for each in approvals:
        _require_entitled(each, change, departments, connection)
    if len({each.officer.number for each in approvals}) != _TWO:
        raise OrderError("approval_same_person")
    if len({each.officer.duty for each in approvals}) != _TWO:
        raise OrderError("approval_same_duty")
    writer = ApprovalWriter(connection)
    for each in approvals:
        if not writer.add(_kept(each, statement, now)):
            raise StatementError("approval_replayed")
    return sealed_digest(each.jws for each in approvals)


def sealed_digest(tokens: Iterable[str]) -> str:
    """Return what the entry of a change commits to: SHA-256 (hex) over the sorted digests of its approvals."""
    return canonical_digest({"approvals": sorted(sha256(each.encode()).hexdigest() for each in tokens)})


def unverified_officer(token: str) -> str:
    """Return whom a token names as its officer, to know by whose key it is to be verified; "" where it names none."""
    try:
        claims = unverified_payload(token)
    except (SigningError, IndexError):
        return ""
    named = claims.get("officer") if isinstance(claims, dict) else None
    return named if isinstance(named, str) else ""


def _key_id_and_key(officer: Officer, trust: TrustList, now: datetime) -> tuple[str, VerificationKey]:
    if officer.cert_der is None:
        raise StatementError("approval_officer")
    try:
        facts = trust.verify_party(officer.cert_der, purpose=Purpose.OFFICER, at=now)
    except SigningError:
        raise StatementError("approval_officer") from None
    if facts.licence_number != officer.department:
        raise StatementError("approval_officer")
    return facts.key_id, VerificationKey(facts.algorithm, facts.public_key)


def _read(token: str, own: tuple[str, VerificationKey]) -> Approval:
    def find_key(kid: str) -> VerificationKey:
        if kid != own[0]:
            raise StatementError("approval_key")
        return own[1]

    try:
        return read_approval(
            parse_json(verify_compact(token, find_key=find_key, typ=TYP, max_bytes=_MAX_BYTES).payload)
        )
    except SigningError as error:
        raise StatementError("approval_key") from error
    except ApprovalFormError as error:
        raise StatementError("approval_form") from error


def _require_entitled(
    verified: VerifiedApproval, change: Change, departments: Collection[str], connection: Connection
) -> None:
    """Refuse an officer who was changed since, or whose department or duty has no say in this."""
    officer = verified.officer
    if PartyReader(connection).officer(officer.number) != officer or officer.department not in departments:
        raise StatementError("approval_officer")
    if officer.duty not in DUTIES_NEEDED[change]:
        raise StatementError("approval_duty")


def _kept(verified: VerifiedApproval, statement: int | None, now: datetime) -> KeptApproval:
    said = verified.approval
    return KeptApproval(said.officer, said.jti, str(said.change), said.content_digest, statement, verified.jws, now)
