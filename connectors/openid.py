"""A provider of identities over OpenID Connect, with the hub as one confidential client of it.

Authorization code with PKCE S256 (RFC 7636); the client shows itself by private_key_jwt (RFC 7523; the issuer is the
assertion's one audience); the answer's issuer is checked (RFC 9207); ID tokens by OpenID Connect Core 1.0, 3.1.3.7, and
tokens that end sessions by OpenID Connect Back-Channel Logout 1.0, 2.6. Stricter than these:

- tokens are ES256, or Ed25519 under that name (RFC 9864): the closed list of `signing/algorithms.py`, no RSA, no HMAC;
- `aud` is this client alone;
- who comes has signed in there for this very way: `max_age=0` is asked, `iat` and `auth_time` lie after its beginning.
  At a counter another sits down at the same browser: a session that still runs at the provider signs nobody in;
- metadata, keys and tokens come in bounded time and size, without a redirect, over https or on this machine.

The access token is not used. Whether who is vouched for may do anything here is not looked at: the flow's business.
"""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from hmac import compare_digest
from typing import Any
from urllib.parse import urlencode

import httpx

from connectors.contract import EndedThere, Sending, Vouched
from connectors.errors import IdentityError, OutsideError
from connectors.outward import Bounds, Reply, get, is_confidential, post
from schemas.tokens import ASSERTION_TYP, ASSERTION_TYPE
from signing.base64url import encode
from signing.errors import KeyUnknownError, SigningError
from signing.jws import (
    CompactSigner,
    VerificationKey,
    json_bytes,
    load_jwk,
    parse_json,
    unverified_header,
    verify_compact,
)
from signing.signers import Signer

WELL_KNOWN = "/.well-known/openid-configuration"
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_MOST_BYTES = 128 * 1024
_MOST_KEYS = 50
_LONGEST_NAME = 255
_LONGEST_CODE = 4_096
_ASSERTION_SECONDS = 60
_ENDING_SECONDS = 600
# Metadata and keys are asked for again after the first; for the sake of a key that is not known, after the other.
_FRESH_SECONDS, _ASKED_SECONDS = 600.0, 30.0
_ID_TOKEN_TYPES, _LOGOUT_TYPES = (None, "JWT"), (None, "JWT", "logout+jwt")
_OK, _BAD_REQUEST, _UNAUTHORIZED = 200, 400, 401
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class Registration:
    """How the hub is registered at the provider, and what it takes from there.

    `officer_claim` is the claim of the ID token that names an officer; `second_factors` are what says that he used a
    second one, each "acr=VALUE" or "amr=VALUE". An answer may take `seconds`; clocks may differ by `skew_seconds`.
    """

    issuer: str
    client_id: str
    scopes: tuple[str, ...]
    officer_claim: str
    second_factors: frozenset[str]
    seconds: float
    skew_seconds: float


class OpenIdProvider:
    """The provider that the hub is registered at; metadata and keys are kept for ten minutes."""

    def __init__(
        self,
        registration: Registration,
        *,
        signer: Callable[[], Signer],
        http: httpx.Client,
        random: Callable[[int], bytes],
        clock: Callable[[], float],
    ) -> None:
        """`clock` tells seconds that only go on: how old what is kept has become."""
        self._is = registration
        self._http = http
        self._random = random
        self._clock = clock
        self._assertions = CompactSigner(signer, ASSERTION_TYP)
        self._bounds = Bounds(registration.seconds, _MOST_BYTES)
        self._metadata: tuple[float, Mapping[str, Any]] | None = None
        self._keys: tuple[float, Mapping[str, VerificationKey]] | None = None

    def metadata(self) -> Mapping[str, Any]:
        """Return what the provider says of itself. Raises IdentityError away."""
        found = self._metadata
        if found is None or self._clock() - found[0] > _FRESH_SECONDS:
            found = self._metadata = (self._clock(), self._read_metadata())
        return found[1]

    def keys(self, *, wanted: str = "") -> Mapping[str, VerificationKey]:
        """Return the provider's keys that can sign tokens for the hub, by `kid`. Raises IdentityError away.

        For the sake of a `wanted` one that is not among those kept, they are asked for once in half a minute at most.
        """
        address = str(self.metadata()["jwks_uri"])
        found = self._keys
        longest = _FRESH_SECONDS if found is None or wanted in ("", *found[1]) else _ASKED_SECONDS
        if found is None or self._clock() - found[0] > longest:
            found = self._keys = (self._clock(), _usable(self._ask(address)))
        return found[1]

    def address(self, sending: Sending, state: str) -> str:
        """Return where the browser is sent; see `IdentityProvider.address`."""
        challenge = urlsafe_b64encode(sha256(sending.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self._is.client_id,
            "redirect_uri": sending.return_url,
            "scope": " ".join(self._is.scopes),
            "state": state,
            "nonce": sending.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "prompt": "login",
            "max_age": "0",
        }
        endpoint = str(self.metadata()["authorization_endpoint"])
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    def redeem(self, code: str, issuer: str | None, sending: Sending, *, now: datetime) -> Vouched:
        """Return for whom the provider vouches; see `IdentityProvider.redeem`."""
        metadata = self.metadata()
        is_said = metadata.get("authorization_response_iss_parameter_supported") is True
        if issuer != self._is.issuer and (issuer is not None or is_said):
            raise IdentityError("answer", "iss")
        if not 1 <= len(code) <= _LONGEST_CODE:
            raise IdentityError("answer", "code")
        reply = self._post(str(metadata["token_endpoint"]), code, sending, now)
        answered = _object_in(reply) if reply.status in (_OK, _BAD_REQUEST, _UNAUTHORIZED) else {}
        if reply.status == _BAD_REQUEST and answered.get("error") == "invalid_grant":
            raise IdentityError("answer", "invalid_grant")
        if reply.status != _OK:
            # What it finds wrong with the hub is told to the operator by its name, of those that RFC 6749 knows.
            error = answered.get("error")
            detail = (
                error if error in ("invalid_client", "unauthorized_client", "invalid_request") else "token_endpoint"
            )
            raise IdentityError("away", f"{reply.status} {detail}")
        return self._read_id_token(answered.get("id_token"), sending, now)

    def read_ending(self, token: str, *, now: datetime) -> EndedThere:
        """Return what has ended; see `IdentityProvider.read_ending`."""
        claims = self._verified(token, _LOGOUT_TYPES)
        issued_at, until = self._times(claims, now)
        events = claims.get("events")
        subject, session, number = claims.get("sub"), claims.get("sid"), claims.get("jti")
        _require("events", isinstance(events, dict) and isinstance(events.get(_LOGOUT_EVENT), dict))
        # With a nonce it would be an ID token that somebody shows here (2.4).
        _require("nonce", "nonce" not in claims)
        _require("iat", issued_at > now.timestamp() - _ENDING_SECONDS and until > issued_at)
        _require("jti", _is_name(number))
        _require("sub", (subject is not None or session is not None) and _is_name(subject, True))
        _require("sid", _is_name(session, True))
        return EndedThere(self._is.issuer, subject, session, str(number), datetime.fromtimestamp(issued_at, UTC))

    # --- tokens ---

    def _read_id_token(self, token: Any, sending: Sending, now: datetime) -> Vouched:
        _require("id_token", isinstance(token, str))
        claims = self._verified(token, _ID_TOKEN_TYPES)
        issued_at, _ = self._times(claims, now)
        began_at = sending.began_at.timestamp() - self._is.skew_seconds
        nonce = claims.get("nonce")
        _require("nonce", isinstance(nonce, str) and compare_digest(nonce.encode(), sending.nonce.encode()))
        _require("iat", issued_at >= began_at)
        _require("auth_time", began_at <= _seconds(claims, "auth_time") <= now.timestamp() + self._is.skew_seconds)
        # A logout token is none, whatever else it holds (Back-Channel Logout, 2.4).
        _require("events", "events" not in claims)
        subject, account, session = claims.get("sub"), claims.get(self._is.officer_claim), claims.get("sid")
        _require("sub", _is_name(subject) and str(subject).isascii())
        _require("officer_claim", _is_name(account))
        _require("sid", _is_name(session, True))
        methods = claims.get("amr")
        named = {f"amr={each}" for each in methods} if isinstance(methods, list) else set()
        if isinstance(claims.get("acr"), str):
            named.add(f"acr={claims['acr']}")
        is_twofold = bool(named & self._is.second_factors)
        return Vouched(self._is.issuer, str(account), str(subject), session, is_twofold)

    def _verified(self, token: str, types: tuple[str | None, ...]) -> Mapping[str, Any]:
        """Return the claims of a token that the provider signed for this client."""
        try:
            typ = unverified_header(token).get("typ")
            _require("typ", typ in types)
            claims = parse_json(verify_compact(token, find_key=self._find_key, typ=typ).payload)
        except SigningError as error:
            raise IdentityError("token", type(error).__name__) from None
        if not isinstance(claims, dict):
            raise IdentityError("token", "claims")
        _require("iss", claims.get("iss") == self._is.issuer)
        _require("aud", claims.get("aud") in (self._is.client_id, [self._is.client_id]))
        _require("azp", claims.get("azp", self._is.client_id) == self._is.client_id)
        return claims

    def _times(self, claims: Mapping[str, Any], now: datetime) -> tuple[float, float]:
        """Return `iat` and `exp`; a token that is over, of the future, or of no time, is refused."""
        latest, earliest = now.timestamp() + self._is.skew_seconds, now.timestamp() - self._is.skew_seconds
        issued_at, until = _seconds(claims, "iat"), _seconds(claims, "exp")
        _require("iat", issued_at <= latest)
        _require("exp", until > earliest and until > issued_at)
        _require("nbf", "nbf" not in claims or _seconds(claims, "nbf") <= latest)
        return issued_at, until

    def _find_key(self, kid: str) -> VerificationKey:
        keys = self.keys(wanted=kid)
        # A token may name no key where there is but one (Core, 10.1).
        found = next(iter(keys.values())) if kid == "" and len(keys) == 1 else keys.get(kid)
        if found is None:
            raise KeyUnknownError(kid)
        return found

    # --- asking ---

    def _post(self, url: str, code: str, sending: Sending, now: datetime) -> Reply:
        at = int(now.timestamp())
        claims = {
            "iss": self._is.client_id,
            "sub": self._is.client_id,
            "aud": self._is.issuer,
            "jti": encode(self._random(16)),
            "iat": at,
            "exp": at + _ASSERTION_SECONDS,
        }
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": sending.return_url,
            "code_verifier": sending.verifier,
            "client_id": self._is.client_id,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self._assertions.sign(json_bytes(claims)),
        }
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        try:
            return post(self._http, url, urlencode(form).encode(), headers=headers, bounds=self._bounds)
        except OutsideError as error:
            raise IdentityError("away", error.reason) from error

    def _read_metadata(self) -> Mapping[str, Any]:
        found = self._ask(self._is.issuer.rstrip("/") + WELL_KNOWN)
        # Who speaks for another issuer is not the one that was configured (Discovery, 4.3): the root of a mix-up.
        if found.get("issuer") != self._is.issuer:
            raise IdentityError("away", "issuer")
        for name in _ENDPOINTS:
            if not isinstance(found.get(name), str) or not is_confidential(found[name]):
                raise IdentityError("away", name)
        return found

    def _ask(self, url: str) -> Mapping[str, Any]:
        try:
            reply = get(self._http, url, headers={"accept": "application/json"}, bounds=self._bounds)
        except OutsideError as error:
            raise IdentityError("away", error.reason) from error
        if reply.status != _OK:
            raise IdentityError("away", str(reply.status))
        return _object_in(reply)


def _object_in(reply: Reply) -> Mapping[str, Any]:
    try:
        found = parse_json(reply.body)
    except SigningError:
        found = None
    if not isinstance(found, dict):
        raise IdentityError("away", "form")
    return found


def _usable(listed: Mapping[str, Any]) -> Mapping[str, VerificationKey]:
    """Return a key set's keys of the closed list; of several under one name none: nobody could say which is meant."""
    members = listed.get("keys")
    if not isinstance(members, list) or len(members) > _MOST_KEYS:
        raise IdentityError("away", "keys")
    found: dict[str, VerificationKey] = {}
    doubled: set[str] = set()
    for each in members:
        kid = each.get("kid", "") if isinstance(each, dict) else None
        if not isinstance(kid, str):
            continue
        try:
            key = load_jwk(each)
        except SigningError:
            continue
        if kid in found:
            doubled.add(kid)
        found[kid] = key
    return {kid: key for kid, key in found.items() if kid not in doubled}


def _require(rule: str, is_kept: bool) -> None:
    if not is_kept:
        raise IdentityError("token", rule)


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    """Return a time that a token must name."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise IdentityError("token", name)
    return float(value)


def _is_name(value: Any, may_miss: bool = False) -> bool:
    if value is None:
        return may_miss
    return isinstance(value, str) and 1 <= len(value) <= _LONGEST_NAME and value.isprintable()
