"""Signed tokens: strict JSON, JWS in compact form (RFC 7515), and public keys as JWK (RFC 7517).

The order of checks in `verify_compact` is the rule: form (canonical base64url, JSON without doubled keys), what the
header may not hold (`crit`, `b64`), the type, then the key by its name, then that header and list name one algorithm,
then the signature. The key never comes from the token: `jwk`, `jku`, `x5u` and `x5c` are carried and not followed.
Audience, times and replay are the caller's business, who knows what the token is for.

PyJWT reads and writes the JWKs, so only this module imports it. It does not verify: SM2 and keys in devices pass
through `signing.algorithms` anyway, its own decoding walks a token character by character (65 µs for a record of 2 kB,
as much as the signature), and each of its checks is made here. The tests let it have the last word both ways.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import accumulate
from math import isfinite
from typing import Any, NoReturn

import orjson
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from jwt.algorithms import ECAlgorithm, OKPAlgorithm
from jwt.exceptions import InvalidKeyError

from signing.algorithms import PublicKey, algorithm_of, verify_signature
from signing.base64url import decode, encode
from signing.errors import AlgorithmRefusedError, MalformedTokenError
from signing.signers import Signer

LARGEST_TOKEN_BYTES = 65_536
_LARGEST_EXACT_INTEGER = 2**53 - 1  # I-JSON (RFC 7493): beyond it, two readers may see two numbers
_JSON_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NOT_BRACKETS = bytes(octet for octet in range(256) if octet not in b"[]{}")
_DEPTH_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")
_OWN_HEADERS = frozenset({"alg", "kid", "typ", "crit", "b64"})
_PRIVATE_JWK_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
_JWK_COORDINATES = {("EC", "P-256"): ("x", "y"), ("OKP", "Ed25519"): ("x",)}
_COORDINATE_BYTES = 32


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key together with the one algorithm that its list allows for it."""

    algorithm: str
    public_key: PublicKey


# From the cert (DER) that a document names as its signer's to the key of the trust list, or KeyUnknownError.
FindCertKey = Callable[[bytes], VerificationKey]


@dataclass(frozen=True, slots=True)
class Jws:
    """A verified token: its protected header, its payload's bytes, and what was signed by whom."""

    header: dict[str, Any]
    payload: bytes
    signing_input: bytes
    signature: bytes
    key_id: str


# --- strict JSON ---


def unverified_payload(jws: str) -> Any:
    """Return what a compact JWS says: one that was verified before, or to know by whose key it is to be.

    Raises MalformedTokenError; IndexError for what has no second part.
    """
    return parse_json(decode(jws.split(".")[1]))


def parse_json(raw: bytes, *, max_bytes: int = 1_000_000, max_depth: int = 32) -> Any:
    """Return the value of a JSON text that every reader understands alike (I-JSON, RFC 7493).

    Raises MalformedTokenError for more than `max_bytes`, nesting over `max_depth`, invalid UTF-8, a byte order mark,
    doubled keys, NaN and Infinity, integers beyond ±(2⁵³-1), numbers too large for a double, and lone surrogates.
    """
    if len(raw) > max_bytes:
        raise MalformedTokenError("the JSON text is too long")
    if _is_deeper(raw, max_depth):
        raise MalformedTokenError("the JSON text is nested too deep")
    try:
        text = raw.decode("utf-8").strip(" \t\r\n")
        parsed, end = _DECODER.raw_decode(text)
        if b"\\u" in raw and _SURROGATE_ESCAPE.search(raw):
            json.dumps(parsed, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        # The cause is left out: the library's messages quote the text, which may hold a person's fields.
        raise MalformedTokenError(f"not strict JSON ({type(error).__name__})") from None
    if end != len(text):
        raise MalformedTokenError("not strict JSON (something follows the value)")
    return parsed


def _is_deeper(raw: bytes, max_depth: int) -> bool:
    if raw.count(b"[") + raw.count(b"{") <= max_depth:
        return False
    brackets = _JSON_STRING.sub(b"", raw).translate(None, _NOT_BRACKETS)
    return max(accumulate(map(_DEPTH_STEP.__getitem__, brackets)), default=0) > max_depth


def _without_doubled_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key appears twice")
    return members


def _exact_integer(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > _LARGEST_EXACT_INTEGER:
        raise ValueError("an integer is too large")
    return int(digits)


def _finite_number(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_without_doubled_keys,
    parse_int=_exact_integer,
    parse_float=_finite_number,
    parse_constant=_refuse_constant,
)
_WRITE = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER | orjson.OPT_PASSTHROUGH_DATETIME


def json_bytes(value: Any) -> bytes:
    """Return compact JSON in UTF-8 with sorted keys. ValueError for what strict JSON (see `parse_json`) cannot hold."""
    try:
        written = orjson.dumps(value, option=_WRITE)
    except TypeError:
        # The cause is left out: it may quote the value.
        raise ValueError("not a value that JSON holds") from None
    if b"null" in written:
        _refuse_not_finite(value)
    return written


def _refuse_not_finite(value: Any) -> None:
    # orjson writes NaN and Infinity as null, which would seal another value than was given.
    if isinstance(value, float) and not isfinite(value):
        raise ValueError("not a value that JSON holds")
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for member in value:
            _refuse_not_finite(member)


# --- signing ---


class CompactSigner:
    """Signs many payloads under one header, which is encoded once for each key."""

    def __init__(
        self, signer: Signer | Callable[[], Signer], typ: str, headers: Mapping[str, Any] | None = None
    ) -> None:
        """`typ` is the token's type; `headers` are further protected headers, none of alg, kid, typ, crit, b64.

        `signer` is one key, or what returns the key that counts now: each token is signed by that of its moment.
        """
        self._find: Callable[[], Signer] | None = signer if callable(signer) else None
        first = signer() if callable(signer) else signer
        self._typ, self._headers = typ, headers
        self._begun = (first, self._start_of(first))

    @property
    def key_id(self) -> str:
        """The key that signs now, by its id."""
        return (self._begun[0] if self._find is None else self._find()).key_id

    def sign(self, payload: bytes, *, statement: bytes | None = None) -> str:
        """Return the compact token over `payload`. `statement` is the order it carries out, see `Signer.sign`."""
        signer, start = self._begun
        if self._find is not None and (found := self._find()) is not signer:
            signer, start = self._begun = (found, self._start_of(found))
        signing_input = start + encode(payload).encode("ascii")
        signature = signer.sign(signing_input, statement=statement)
        return f"{signing_input.decode('ascii')}.{encode(signature)}"

    def _start_of(self, signer: Signer) -> bytes:
        return f"{protected_header(signer, self._typ, self._headers)}.".encode("ascii")


def protected_header(signer: Signer, typ: str, headers: Mapping[str, Any] | None = None) -> str:
    """Return the base64url protected header: alg, kid and typ always, then `headers` (which may not name these)."""
    further = dict(headers or {})
    if _OWN_HEADERS & further.keys():
        raise ValueError("alg, kid and typ follow from the signer and the type; crit and b64 are not used")
    return encode(json_bytes({**further, "alg": signer.algorithm, "kid": signer.key_id, "typ": typ}))


def sign_compact(
    payload: bytes,
    *,
    signer: Signer,
    typ: str,
    headers: Mapping[str, Any] | None = None,
    statement: bytes | None = None,
) -> str:
    """Return the compact token over `payload` (see `CompactSigner` for many under one header)."""
    return CompactSigner(signer, typ, headers).sign(payload, statement=statement)


# --- verifying ---


def verify_compact(
    token: str,
    *,
    find_key: Callable[[str], VerificationKey],
    typ: str | None,
    max_bytes: int = LARGEST_TOKEN_BYTES,
) -> Jws:
    """Return the token's content when it is of type `typ` (compared exactly) and signed by the key `find_key` names.

    `typ` None: a token that names no type, as others' may; whoever reads such knows it from theirs by what it says.

    `find_key` gets the header's `kid`, or an empty text when there is none (a DPoP proof brings its key and no name),
    and raises KeyUnknownError. `max_bytes` bounds the whole token.
    Raises MalformedTokenError, AlgorithmRefusedError, SignatureInvalidError, and what `find_key` raises.
    """
    protected, payload_part, signature_part = _three_parts(token, max_bytes)
    header = _header_of(protected)
    _refuse_extensions(header)
    payload = decode(payload_part)
    signature = decode(signature_part)
    if header.get("typ") != typ:
        raise MalformedTokenError(f"the token is not of type {typ}")
    kid = header.get("kid", "")
    if not isinstance(kid, str):
        raise MalformedTokenError("kid is not a text")
    key = find_key(kid)
    if header.get("alg") != key.algorithm:
        raise AlgorithmRefusedError(f"the header's algorithm is not the key's, which is {key.algorithm}")
    signing_input = f"{protected}.{payload_part}".encode("ascii")
    verify_signature(key.algorithm, key.public_key, signature, signing_input)
    return Jws(header=header, payload=payload, signing_input=signing_input, signature=signature, key_id=kid)


def unverified_header(token: str, *, max_bytes: int = LARGEST_TOKEN_BYTES) -> dict[str, Any]:
    """Return the header of a compact token that anybody may have written: no signature is checked here."""
    protected, _, _ = _three_parts(token, max_bytes)
    return _header_of(protected)


def _three_parts(token: str, max_bytes: int) -> tuple[str, str, str]:
    if len(token) > max_bytes:
        raise MalformedTokenError("the token is too long")
    parts = token.split(".", 3)
    if len(parts) != 3:
        raise MalformedTokenError("a compact token has three parts")
    protected, payload, signature = parts
    return protected, payload, signature


def _header_of(protected: str) -> dict[str, Any]:
    header = parse_json(decode(protected))
    if not isinstance(header, dict):
        raise MalformedTokenError("the header is not an object")
    return header


def _refuse_extensions(header: Mapping[str, Any]) -> None:
    # We understand no extension, so one that must be understood is refused (RFC 7515 section 4.1.11); `b64` is refused
    # even unmarked, because it changes what the signature is over (RFC 7797).
    if "crit" in header or "b64" in header:
        raise MalformedTokenError("the header asks for an extension that is not understood")


# --- JWK ---


def load_jwk(jwk: Mapping[str, Any]) -> VerificationKey:
    """Return the public key of a JWK: EC P-256 or OKP Ed25519, nothing else, coordinates of exactly 32 bytes.

    Raises MalformedTokenError for private members, `use` other than sig and malformed coordinates;
    AlgorithmRefusedError for another kind of key or an `alg` that is not the key's.
    """
    if _PRIVATE_JWK_MEMBERS & jwk.keys():
        raise MalformedTokenError("the JWK holds private members")
    if jwk.get("use", "sig") != "sig":
        raise MalformedTokenError("the JWK is not for signatures")
    members = _required_members(jwk)
    try:
        loaded = (ECAlgorithm if members["kty"] == "EC" else OKPAlgorithm).from_jwk(members)
    except (InvalidKeyError, ValueError) as error:
        raise MalformedTokenError("the JWK is not a point of its curve") from error
    if not isinstance(loaded, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
        raise AlgorithmRefusedError("the JWK is not a public key of the closed list")
    algorithm = algorithm_of(loaded)
    if jwk.get("alg", algorithm) != algorithm:
        raise AlgorithmRefusedError("the JWK names another algorithm than its key's")
    return VerificationKey(algorithm, loaded)


def jwk_of(public_key: PublicKey) -> dict[str, str]:
    """Return the key as a JWK with its required members only: what `jwk_thumbprint` covers."""
    if isinstance(public_key, ec.EllipticCurvePublicKey):
        return _required_members(ECAlgorithm.to_jwk(public_key, as_dict=True))
    return _required_members(OKPAlgorithm.to_jwk(public_key, as_dict=True))


def jwk_thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the SHA-256 thumbprint of a JWK (RFC 7638) in base64url; further members do not change it."""
    return encode(sha256(json_bytes(_required_members(jwk))).digest())


def _required_members(jwk: Mapping[str, Any]) -> dict[str, str]:
    kty, crv = jwk.get("kty"), jwk.get("crv")
    if not isinstance(kty, str) or not isinstance(crv, str) or (kty, crv) not in _JWK_COORDINATES:
        raise AlgorithmRefusedError("the JWK is neither EC P-256 nor OKP Ed25519")
    coordinates = {name: jwk.get(name) for name in _JWK_COORDINATES[kty, crv]}
    members = {"kty": kty, "crv": crv}
    for name, coordinate in coordinates.items():
        if not isinstance(coordinate, str) or len(decode(coordinate)) != _COORDINATE_BYTES:
            raise MalformedTokenError(f"the JWK's {name} is not 32 bytes in base64url")
        members[name] = coordinate
    return members
