"""Who calls: access tokens for departments' systems, and whether a request bears a good one.

private_key_jwt (RFC 7523) for client credentials; access tokens (RFC 9068) of five minutes, bound to the key of a DPoP
proof (RFC 9449) or, where a proxy ends TLS, to the cert that the caller proved in the handshake (RFC 8705; who may tell
of it is the business of `hub/web/channel.py`). FAPI 2.0 as the yardstick: the assertion's audience is this issuer as
one string, every assertion and proof is of this moment and counts once, across processes and restarts
(`hub/steps/orders/freshness.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from typing import Any

import orjson

from hub.errors import AccessError
from hub.steps.orders.freshness import Window, number, read_window, spend
from hub.steps.registry import Registry
from hub.store.parties import PartyReader
from schemas.parties import Role, System
from schemas.tokens import ASSERTION_TYP, ASSERTION_TYPE, PROOF_TYP, TOKEN_TYP, access_token_hash
from signing.base64url import encode
from signing.errors import MalformedTokenError, SigningError
from signing.jws import (
    CompactSigner,
    VerificationKey,
    jwk_thumbprint,
    load_jwk,
    parse_json,
    unverified_header,
    unverified_payload,
    verify_compact,
)
from signing.x509 import Purpose

_LONGEST_ASSERTION = timedelta(minutes=5)
_PROOF_AGE = timedelta(seconds=60)
_LONGEST_ID = 256
_CERT_MEMBER = "x5t#S256"


@dataclass(frozen=True, slots=True)
class Caller:
    """A system that is active, and its enrolled keys that count now, by key id; once verified, it is who calls.

    `after` is the moment (seconds since 1970 UTC) up to which what it signed may have been spent and forgotten.
    """

    system: System
    keys: Mapping[str, VerificationKey]
    after: float = -inf


@dataclass(frozen=True, slots=True)
class Presented:
    """How a request was made: method, path, the two headers that matter, and the cert of its TLS connection.

    `cert_thumbprint` is the `x5t#S256` of RFC 8705, told by the proxy over its pinned channel, or None.
    """

    method: str
    path: str
    authorization: str | None
    proof: str | None
    cert_thumbprint: str | None = None


def issue_token(
    form: Mapping[str, str],
    presented: Presented,
    *,
    registry: Registry,
    signer: CompactSigner,
    term: timedelta,
    now: datetime,
) -> dict[str, Any]:
    """Answer a token request (client credentials only). Raises AccessError with an RFC 6749 or RFC 9449 code."""
    if form.get("grant_type") != "client_credentials":
        raise AccessError("unsupported_grant_type")
    if form.get("client_assertion_type") != ASSERTION_TYPE or "client_assertion" not in form:
        raise AccessError("invalid_client")
    # The assertion first: nothing is written for somebody whose key is not enrolled.
    caller, window = _verify_assertion(form["client_assertion"], registry=registry, now=now)
    if Role.TERMINAL in caller.system.roles:
        raise AccessError("terminal_elsewhere")
    confirmation = _bind(presented, window, registry=registry, now=now)
    if form.get("client_id", caller.system.code) != caller.system.code:
        raise AccessError("invalid_client")
    roles = sorted(caller.system.roles)
    payload = {
        "iss": registry.origin,
        "aud": registry.origin,
        "sub": caller.system.code,
        "client_id": caller.system.code,
        "iat": int(now.timestamp()),
        "exp": int((now + term).timestamp()),
        "jti": encode(registry.random(16)),
        "scope": " ".join(roles),
        "cnf": confirmation,
    }
    token = signer.sign(orjson.dumps(payload))
    return {
        "access_token": token,
        "token_type": "DPoP" if "jkt" in confirmation else "Bearer",
        "expires_in": int(term.total_seconds()),
        "scope": payload["scope"],
    }


def verify_caller(
    presented: Presented, *, role: Role | None, registry: Registry, now: datetime, other_role: Role | None = None
) -> Caller:
    """Return who makes a request, with that role, or another that is as good; None asks for no role.

    Raises AccessError token_missing, invalid_token, invalid_dpop_proof, role_missing.
    """
    scheme, _, token = (presented.authorization or "").partition(" ")
    by_cert = scheme.lower() == "bearer" and presented.cert_thumbprint is not None
    if not token or not (by_cert or scheme.lower() == "dpop"):
        raise AccessError("token_missing")
    claims = _verify_token(token, registry=registry, now=now)
    caller, window = find_system(str(claims.get("sub")), registry=registry, now=now)
    if not window.holds(claims):
        raise AccessError("invalid_token")
    # Each scheme takes the tokens bound in its own way only: none can be shown with less than it was issued for.
    if by_cert:
        if claims.get("cnf") != {_CERT_MEMBER: presented.cert_thumbprint}:
            raise AccessError("invalid_token")
    elif claims.get("cnf") != {"jkt": _verify_proof(presented, token, window, registry=registry, now=now)}:
        raise AccessError("invalid_dpop_proof")
    if caller is None:
        raise AccessError("invalid_client")
    if role is not None and caller.system.roles.isdisjoint({role, other_role}):
        raise AccessError("role_missing", role=str(role))
    return caller


def _bind(presented: Presented, window: Window, *, registry: Registry, now: datetime) -> dict[str, str]:
    """Return what a token is bound to: the key of the proof, or without any proof the cert of the connection."""
    if presented.proof is None and presented.cert_thumbprint is not None:
        return {_CERT_MEMBER: presented.cert_thumbprint}
    return {"jkt": _verify_proof(presented, None, window, registry=registry, now=now)}


def _verify_token(token: str, *, registry: Registry, now: datetime) -> dict[str, Any]:
    def find_key(kid: str) -> VerificationKey:
        return registry.trust().hub_key(kid, purpose="tokens", at=now)

    try:
        claims = _claims(verify_compact(token, find_key=find_key, typ=TOKEN_TYP).payload)
    except SigningError:
        raise AccessError("invalid_token") from None
    if claims.get("iss") != registry.origin or claims.get("aud") != registry.origin:
        raise AccessError("invalid_token")
    if not now.timestamp() < number(claims, "exp"):
        raise AccessError("invalid_token")
    return claims


def _verify_assertion(assertion: str, *, registry: Registry, now: datetime) -> tuple[Caller, Window]:
    """Verify a client assertion (RFC 7523 section 3): by the client's own key, for this issuer, once, and short."""
    found: list[tuple[Caller, Window]] = []

    def find_key(kid: str) -> VerificationKey:
        # The subject is read before it is verified, only to know whose key must verify it.
        caller, window = find_system(_unverified_subject(assertion), registry=registry, now=now)
        if caller is None or kid not in caller.keys:
            raise AccessError("invalid_client")
        found.append((caller, window))
        return caller.keys[kid]

    try:
        claims = _claims(verify_compact(assertion, find_key=find_key, typ=ASSERTION_TYP).payload)
    except SigningError:
        raise AccessError("invalid_client") from None
    ((caller, window),) = found
    code, issued_at, expires_at = caller.system.code, number(claims, "iat"), number(claims, "exp")
    named = claims.get("iss") == code and claims.get("sub") == code and claims.get("aud") == registry.origin
    ends = now.timestamp() < expires_at <= issued_at + _LONGEST_ASSERTION.total_seconds()
    if not named or not ends or not window.holds(claims) or not _is_id(claims.get("jti")):
        raise AccessError("invalid_client")
    if not spend("assertion", code, claims["jti"], database=registry.database, now=now):
        raise AccessError("invalid_client")
    return caller, window


def _verify_proof(presented: Presented, token: str | None, window: Window, *, registry: Registry, now: datetime) -> str:
    """Verify a DPoP proof (RFC 9449 section 4.3) and spend it; return the thumbprint of its key."""
    if presented.proof is None:
        raise AccessError("invalid_dpop_proof")
    try:
        jwk = unverified_header(presented.proof).get("jwk")
        key = load_jwk(jwk if isinstance(jwk, dict) else {})
        claims = _claims(verify_compact(presented.proof, find_key=lambda _: key, typ=PROOF_TYP).payload)
        thumbprint = jwk_thumbprint(jwk if isinstance(jwk, dict) else {})
    except SigningError:
        raise AccessError("invalid_dpop_proof") from None
    moment = now.timestamp()
    timely = window.holds(claims) and moment - number(claims, "iat") <= _PROOF_AGE.total_seconds()
    timely = timely and ("exp" not in claims or moment < number(claims, "exp"))
    bound = claims.get("htm") == presented.method and claims.get("htu") == registry.origin + presented.path
    if not timely or not bound or not _is_id(claims.get("jti")) or claims.get("ath") != access_token_hash(token):
        raise AccessError("invalid_dpop_proof")
    if not spend("proof", thumbprint, claims["jti"], database=registry.database, now=now):
        raise AccessError("invalid_dpop_proof")
    return thumbprint


def find_system(code: str, *, registry: Registry, now: datetime) -> tuple[Caller | None, Window]:
    """Return the active system of that code with its keys that count, and what counts as issued now.

    None where there is no such system, it is not active, or none of its certs leads to the trust list.
    """
    with registry.database.read() as connection:
        reader = PartyReader(connection)
        system = reader.system(code)
        certs = reader.keys_of(code, now) if system is not None and system.active else {}
        window = read_window(connection, terms=registry.terms, now=now)
    keys = {key_id: key for key_id, cert in certs.items() if (key := _key_of(cert, registry, now)) is not None}
    return (Caller(system, keys, window.after) if system is not None and keys else None), window


def _key_of(cert_der: bytes, registry: Registry, now: datetime) -> VerificationKey | None:
    try:
        facts = registry.trust().verify_party(cert_der, purpose=Purpose.SYSTEM, at=now)
    except SigningError:
        return None
    return VerificationKey(facts.algorithm, facts.public_key)


def _unverified_subject(assertion: str) -> str:
    claims = unverified_payload(assertion)
    return str(claims.get("sub")) if isinstance(claims, dict) else ""


def _claims(payload: bytes) -> dict[str, Any]:
    claims = parse_json(payload)
    if not isinstance(claims, dict):
        raise MalformedTokenError("the token's payload is not an object")
    return claims


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= _LONGEST_ID and value.isprintable()
