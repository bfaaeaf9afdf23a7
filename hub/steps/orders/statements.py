"""Whether a statement counts: a pure decision over the signed bytes, the caller's key and the moment.

1 the JWS is signed by the calling system's own key, with that key's algorithm
2 it has the form of a statement, for this act, for this hub
3 its system is the caller; its officer, where one is named, is active and of the same department
4 it is of this moment (a setting; at most 10 s ahead)
5 an order's content is what its salted digest binds
Single use is the store's: the flow spends the `jti` in the transaction that records the statement.
"""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from typing import Any

from hub.errors import StatementError
from hub.terms import Terms
from schemas.duties import may_order, may_second
from schemas.parties import Officer, System
from schemas.statement import SALT_BYTES, TYP, Ordered, Statement, StatementFormError, content_digest, read_statement
from signing.errors import SigningError
from signing.jws import VerificationKey, parse_json, unverified_payload, verify_compact

_MAX_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class VerifiedStatement:
    """A statement that counts, with the exact bytes that are kept as evidence and their SHA-256 (hex)."""

    statement: Statement
    jws: str
    digest: str


@dataclass(frozen=True, slots=True)
class Second:
    """A statement that counts and stands beside another over the same content: by whose system, of which department."""

    verified: VerifiedStatement
    department: str


def verify_statement(
    jws: str,
    *,
    act: Ordered,
    system: System,
    key: VerificationKey,
    key_id: str,
    officer: Officer | None,
    audience: str,
    now: datetime,
    terms: Terms,
) -> VerifiedStatement:
    """Verify steps 1 to 4 of a statement that `system` presents; `officer` is who the statement names, as stored.

    Raises StatementError with code statement_key | statement_form | statement_act | statement_audience |
    statement_system | statement_officer | statement_time.
    """

    def find_key(kid: str) -> VerificationKey:
        if kid != key_id:
            raise StatementError("statement_key")
        return key

    try:
        payload = verify_compact(jws, find_key=find_key, typ=TYP, max_bytes=_MAX_BYTES).payload
        statement = read_statement(parse_json(payload))
    except SigningError as error:
        raise StatementError("statement_key") from error
    except StatementFormError as error:
        raise StatementError("statement_form") from error
    if statement.act is not act:
        raise StatementError("statement_act", act=str(act))
    if statement.audience != audience:
        raise StatementError("statement_audience")
    if statement.system != system.code:
        raise StatementError("statement_system")
    _check_officer(statement, officer, system)
    age = now.timestamp() - statement.issued_at
    if not -terms.clock_skew.total_seconds() <= age <= terms.statement_age.total_seconds():
        raise StatementError("statement_time")
    return VerifiedStatement(statement, jws, sha256(jws.encode()).hexdigest())


def check_duty(verified: VerifiedStatement, officer: Officer | None, *, seconding: bool = False) -> None:
    """Check that the officer a statement names, as stored, has the duty for its act (`schemas/duties.py`).

    `seconding`: it stands beside another's. Raises StatementError with code statement_duty.
    """
    allowed = may_second if seconding else may_order
    if officer is not None and not allowed(officer.duty, verified.statement.act):
        raise StatementError("statement_duty", act=str(verified.statement.act), duty=str(officer.duty))


def check_content(verified: VerifiedStatement, content: Mapping[str, Any], salt_b64: str) -> None:
    """Check step 5: `content` with `salt_b64` (16 bytes, standard base64) is what the statement binds.

    Raises StatementError with code statement_content.
    """
    try:
        salt = b64decode(salt_b64, validate=True)
        digest = content_digest(content, salt) if len(salt) == SALT_BYTES else ""
    except (binascii.Error, ValueError):
        digest = ""
    if not compare_digest(digest, verified.statement.content_digest or "-"):
        raise StatementError("statement_content")


def unverified_claims(jws: str) -> Mapping[str, Any]:
    """Return what a statement says, to know by whose key it is to be verified, or where that was done already."""
    try:
        claims = unverified_payload(jws)
    except (SigningError, IndexError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _check_officer(statement: Statement, officer: Officer | None, system: System) -> None:
    if statement.officer is None:
        return
    if officer is None or not officer.active or officer.department != system.department:
        raise StatementError("statement_officer")
