"""Known ways to forge a token (RFC 8725 and what was published since), each from a header and payload that would do.

An attack takes the honest header, the payload and the signer whose key is enrolled, and returns a token. Most are truly
signed, so that nothing but the rule that is broken stands against them.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from signing.algorithms import P256_ORDER, generate_private_key, spki
from signing.base64url import encode
from signing.jws import jwk_of
from signing.signers.file import FileSigner

Header = Mapping[str, Any]
Attack = Callable[[Header, bytes, FileSigner], str]

ATTACKER = FileSigner(generate_private_key("ES256"))
_JWK = jwk_of(ATTACKER.private_key.public_key())
_X5C = encode(spki(ATTACKER.private_key.public_key()))
_HALF = bytes(32)


def signed(header: Header | bytes, payload: bytes, signer: FileSigner) -> str:
    """Return a token with any header at all, truly signed."""
    signing_input = _signing_input(header, payload)
    return f"{signing_input}.{encode(signer.sign(signing_input.encode(), statement=None))}"


def _signing_input(header: Header | bytes, payload: bytes) -> str:
    return f"{encode(header if isinstance(header, bytes) else orjson.dumps(dict(header)))}.{encode(payload)}"


def _with(**changes: Any) -> Attack:
    """Change the header and sign truly; a member that is None is left out."""

    def attack(header: Header, payload: bytes, signer: FileSigner) -> str:
        changed = {name: value for name, value in {**header, **changes}.items() if value is not None}
        return signed(changed, payload, signer)

    return attack


def _by_attacker(**changes: Any) -> Attack:
    """Change the header and sign with the attacker's key."""
    return lambda header, payload, _: signed({**header, **changes}, payload, ATTACKER)


def _unsigned(alg: str) -> Attack:
    return lambda header, payload, _: _signing_input({**header, "alg": alg}, payload) + "."


def _keyed_with_the_public_key(encoding: Encoding) -> Attack:
    def attack(header: Header, payload: bytes, signer: FileSigner) -> str:
        secret = signer.private_key.public_key().public_bytes(encoding, PublicFormat.SubjectPublicKeyInfo)
        signing_input = _signing_input({**header, "alg": "HS256"}, payload)
        return f"{signing_input}.{encode(hmac.digest(secret, signing_input.encode(), hashlib.sha256))}"

    return attack


def _doubled(member: bytes, value: bytes) -> Attack:
    """Put a member before the honest ones, so that the one of that name stands twice."""
    return lambda header, payload, signer: signed(
        b'{"%s":%s,' % (member, value) + orjson.dumps(dict(header))[1:], payload, signer
    )


def _with_signature(change: Callable[[bytes], bytes]) -> Attack:
    def attack(header: Header, payload: bytes, signer: FileSigner) -> str:
        signing_input = _signing_input(header, payload)
        signature = signer.sign(signing_input.encode(), statement=None)
        return f"{signing_input}.{encode(change(signature))}"

    return attack


def _with_text(change: Callable[[str], str]) -> Attack:
    return lambda header, payload, signer: change(signed(header, payload, signer))


def _der(signature: bytes) -> bytes:
    return encode_dss_signature(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))


def _s_past_the_order(signature: bytes) -> bytes:
    s = int.from_bytes(signature[32:], "big") + P256_ORDER
    return signature[:32] + s.to_bytes(33, "big")


ATTACKS: Mapping[str, Attack] = {
    **{f"alg {alg} without a signature": _unsigned(alg) for alg in ("none", "None", "NONE", "nOnE")},
    **{f"alg {alg} over a true signature": _with(alg=alg) for alg in ("none", "RS256", "PS256", "ES384", "HS256", "")},
    "no alg": _with(alg=None),
    "HS256 keyed with the public key as PEM": _keyed_with_the_public_key(Encoding.PEM),
    "HS256 keyed with the public key as DER": _keyed_with_the_public_key(Encoding.DER),
    "a critical extension": _with(crit=["exp"], exp=1),
    "an empty list of critical extensions": _with(crit=[]),
    "an unencoded payload": _with(b64=False, crit=["b64"]),
    "an unencoded payload unmarked": _with(b64=False),
    "no typ": _with(typ=None),
    "typ JWT": _with(typ="JWT"),
    "typ of a record": _with(typ="dc+sd-jwt"),
    "typ of a status list": _with(typ="statuslist+jwt"),
    "alg twice": _doubled(b"alg", b'"none"'),
    "typ twice": _doubled(b"typ", b'"JWT"'),
    "alg twice, escaped": _doubled(rb"\u0061lg", b'"none"'),
    "a payload that says a thing twice": lambda header, payload, signer: signed(
        header, b'{"iat":1,' + payload[1:], signer
    ),
    "a payload that is a list": lambda header, payload, signer: signed(header, b"[%s]" % payload, signer),
    "a payload of another token": lambda header, payload, signer: ".".join(
        [*_signing_input(header, payload).split("."), signed(header, b"{}", signer).split(".")[2]]
    ),
    "the attacker's signature": _by_attacker(),
    "a DER signature": _with_signature(_der),
    "a signature of zeros": _with_signature(lambda _: _HALF + _HALF),
    "r of zero": _with_signature(lambda signature: _HALF + signature[32:]),
    "s of zero": _with_signature(lambda signature: signature[:32] + _HALF),
    "an over-long signature": _with_signature(lambda signature: signature + b"\0"),
    "an over-long s": _with_signature(_s_past_the_order),
    "a short signature": _with_signature(lambda signature: signature[:-1]),
    "half a signature": _with_signature(lambda signature: signature[:32]),
    "no signature": _with_signature(lambda _: b""),
    "padding": _with_text(lambda token: token + "=="),
    "a space within": _with_text(lambda token: token.replace(".", ". ", 1)),
    "a tab within": _with_text(lambda token: token.replace(".", "\t.", 1)),
    "the unused bits of the last character": _with_text(lambda token: token[:-1] + chr(ord(token[-1]) + 1)),
    "four parts": _with_text(lambda token: token + ".x"),
    "two parts": _with_text(lambda token: token.rpartition(".")[0]),
}
"""What is refused of every token, whatever it is for."""


def attacks_on_the_key(url: str) -> dict[str, Attack]:
    """Return what is tried on tokens whose header names a key; `url` is a server of the attacker's."""
    return {
        "a kid that is a path": _with(kid="../../../../dev/null"),
        "a kid that is a query": _with(kid="x' UNION SELECT 'x"),
        "a kid that is a URL": _by_attacker(kid=f"{url}/key"),
        "a kid with a NUL": _with(kid="x\0"),
        "an empty kid": _with(kid=""),
        "no kid": _with(kid=None),
        "a kid that is a list": _with(kid=["x"]),
        "a kid nobody has": _by_attacker(kid=ATTACKER.key_id),
        "kid twice": _doubled(b"kid", b'"x"'),
        "jwk": _by_attacker(jwk=_JWK),
        "jwk under its own name": _by_attacker(jwk=_JWK, kid=ATTACKER.key_id),
        "x5c": _by_attacker(x5c=[_X5C]),
        "jku": _by_attacker(jku=f"{url}/keys"),
        "jku under its own name": _by_attacker(jku=f"{url}/keys", kid=ATTACKER.key_id),
        "x5u": _by_attacker(x5u=f"{url}/cert"),
        "x5u under its own name": _by_attacker(x5u=f"{url}/cert", kid=ATTACKER.key_id),
    }
