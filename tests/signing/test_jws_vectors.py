"""Vectors of our own through the verifier of the product (A2-7): what stands in each table is never accepted.

Three tables: numbers and lengths of ES256 signatures, of Ed25519 signatures, and forms of a JWS whatever its algorithm.
Each vector is a change of one token that verifies; its name says what was done to it.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from signing.algorithms import P256_ORDER, PrivateKey, algorithm_of, key_id, sign
from signing.base64url import decode, encode
from signing.errors import AlgorithmRefusedError, MalformedTokenError, SignatureInvalidError, SigningError
from signing.jws import LARGEST_TOKEN_BYTES, VerificationKey, load_jwk, verify_compact

TYP = "yizhao-statement+jwt"
PAYLOAD = '{"act":"签发","iat":1}'.encode()
ES256 = ec.derive_private_key(int.from_bytes(b"a key of the vectors, no secret!"), ec.SECP256R1())
ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(b"a key of the vectors, no secret!")
KEYS: Mapping[str, PrivateKey] = {"ES256": ES256, "Ed25519": ED25519}
P256_FIELD = 2**256 - 2**224 + 2**192 + 2**96 - 1
ED25519_FIELD = 2**255 - 19
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493

Pair = Callable[[int, int], tuple[int, int]]
PAIRS: Mapping[str, Pair] = {
    "r and s zero": lambda r, s: (0, 0),
    "r zero": lambda r, s: (0, s),
    "s zero": lambda r, s: (r, 0),
    "r one": lambda r, s: (1, s),
    "s one": lambda r, s: (r, 1),
    "r and s one": lambda r, s: (1, 1),
    "r the order": lambda r, s: (P256_ORDER, s),
    "s the order": lambda r, s: (r, P256_ORDER),
    "r and s the order": lambda r, s: (P256_ORDER, P256_ORDER),
    "r the order less one": lambda r, s: (P256_ORDER - 1, s),
    "s the order less one": lambda r, s: (r, P256_ORDER - 1),
    "r the order and one": lambda r, s: (P256_ORDER + 1, s),
    "s the order and one": lambda r, s: (r, P256_ORDER + 1),
    "r the field": lambda r, s: (P256_FIELD, s),
    "s the field": lambda r, s: (r, P256_FIELD),
    "r the field and one": lambda r, s: (P256_FIELD + 1, s),
    "r all ones": lambda r, s: (2**256 - 1, s),
    "s all ones": lambda r, s: (r, 2**256 - 1),
    "r zero and s one": lambda r, s: (0, 1),
    "r one and s zero": lambda r, s: (1, 0),
    "r zero and s the order": lambda r, s: (0, P256_ORDER),
    "r negated": lambda r, s: (P256_ORDER - r, s),
    "r and s negated": lambda r, s: (P256_ORDER - r, P256_ORDER - s),
    "r inverted": lambda r, s: (pow(r, -1, P256_ORDER), s),
    "s inverted": lambda r, s: (r, pow(s, -1, P256_ORDER)),
    "r and s exchanged": lambda r, s: (s, r),
    "s as r": lambda r, s: (s, s),
    "r as s": lambda r, s: (r, r),
    "r and one": lambda r, s: (r + 1, s),
    "s less one": lambda r, s: (r, s - 1),
    "s doubled": lambda r, s: (r, 2 * s % P256_ORDER),
}

Octets = Callable[[bytes], bytes]
ES256_OCTETS: Mapping[str, Octets] = {
    "nothing": lambda raw: b"",
    "a zero": lambda raw: b"\0",
    "r alone": lambda raw: raw[:32],
    "one byte less": lambda raw: raw[:-1],
    "the first byte less": lambda raw: raw[1:],
    "a zero before": lambda raw: b"\0" + raw,
    "a zero behind": lambda raw: raw + b"\0",
    "a zero before each": lambda raw: b"\0" + raw[:32] + b"\0" + raw[32:],
    "a zero behind each": lambda raw: raw[:32] + b"\0" + raw[32:] + b"\0",
    "48 bytes each": lambda raw: bytes(16) + raw[:32] + bytes(16) + raw[32:],
    "twice": lambda raw: raw + raw,
    "a long tail": lambda raw: raw + b"\xff" * 1_000,
    "the order added to s": lambda raw: raw[:32] + (int.from_bytes(raw[32:]) + P256_ORDER).to_bytes(33),
    "bytes turned round": lambda raw: raw[::-1],
    "little-endian": lambda raw: raw[:32][::-1] + raw[32:][::-1],
    "zeros": lambda raw: bytes(64),
    "ones": lambda raw: b"\xff" * 64,
    "DER": lambda raw: encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:])),
    "DER with a tail": lambda raw: encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:])) + b"\0",
    "DER of zeros": lambda raw: encode_dss_signature(0, 0),
    "hexadecimal": lambda raw: raw.hex().encode(),
    "base64url of base64url": lambda raw: encode(raw).encode(),
}


def _scalar_and(number: int) -> Octets:
    return lambda raw: raw[:32] + ((int.from_bytes(raw[32:], "little") + number) % 2**256).to_bytes(32, "little")


def _point(y: int, *, sign_bit: int = 0) -> bytes:
    return (y | sign_bit << 255).to_bytes(32, "little")


ED25519_OCTETS: Mapping[str, Octets] = {
    "nothing": lambda raw: b"",
    "a zero": lambda raw: b"\0",
    "R alone": lambda raw: raw[:32],
    "one byte less": lambda raw: raw[:-1],
    "a zero before": lambda raw: b"\0" + raw,
    "a zero behind": lambda raw: raw + b"\0",
    "twice": lambda raw: raw + raw,
    "zeros": lambda raw: bytes(64),
    "ones": lambda raw: b"\xff" * 64,
    "R and S exchanged": lambda raw: raw[32:] + raw[:32],
    "bytes turned round": lambda raw: raw[::-1],
    "S zero": lambda raw: raw[:32] + bytes(32),
    "S one": lambda raw: raw[:32] + _point(1),
    "S the order": lambda raw: raw[:32] + _point(ED25519_ORDER),
    "S less one": _scalar_and(-1),
    **{f"S and {times} times the order": _scalar_and(times * ED25519_ORDER) for times in (1, 2, 7, 8)},
    "the top bit of S": _scalar_and(2**255),
    "the sign of R": lambda raw: raw[:31] + bytes([raw[31] ^ 0x80]) + raw[32:],
    "R the identity": lambda raw: _point(1) + raw[32:],
    "R the identity and S zero": lambda raw: _point(1) + bytes(32),
    "R the identity, signed, and S zero": lambda raw: _point(1, sign_bit=1) + bytes(32),
    "R the identity past the field and S zero": lambda raw: _point(ED25519_FIELD + 1) + bytes(32),
    "R of order two": lambda raw: _point(ED25519_FIELD - 1) + raw[32:],
    "R of order four": lambda raw: _point(0) + raw[32:],
    "R past the field": lambda raw: _point(ED25519_FIELD + 3) + raw[32:],
    "R on no point": lambda raw: _point(2) + raw[32:],
    "R the key": lambda raw: ED25519.public_key().public_bytes_raw() + raw[32:],
    "a bit of R": lambda raw: bytes([raw[0] ^ 1]) + raw[1:],
    "a bit of S": lambda raw: raw[:40] + bytes([raw[40] ^ 1]) + raw[41:],
}

Text = Callable[[list[str]], str]


def _each_part(name: str, change: Callable[[str], str]) -> dict[str, Text]:
    """Return one vector for each of the three parts of a token."""

    def changed(number: int) -> Text:
        return lambda parts: ".".join(change(part) if each == number else part for each, part in enumerate(parts))

    return {f"{name} in the {part}": changed(number) for number, part in enumerate(("header", "payload", "signature"))}


def _next_letter(part: str) -> str:
    """Set an unused bit of the last character, so that it stands for the same bytes; a part without any grows."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return part[:-1] + alphabet[alphabet.index(part[-1]) | 1] if len(part) % 4 else part + "A"


FORMS: Mapping[str, Text] = {
    **_each_part("padding", lambda part: part + "="),
    **_each_part("much padding", lambda part: part + "===="),
    **_each_part("a space behind", lambda part: part + " "),
    **_each_part("a space before", lambda part: " " + part),
    **_each_part("a line end", lambda part: part[:8] + "\n" + part[8:]),
    **_each_part("a carriage return", lambda part: part + "\r\n"),
    **_each_part("a NUL", lambda part: part + "\0"),
    **_each_part("a letter outside ASCII", lambda part: part + "é"),
    **_each_part("a full-width letter", lambda part: "\uff21" + part[1:]),
    **_each_part("a plus", lambda part: part[:-1] + "+"),
    **_each_part("a slash", lambda part: part[:-1] + "/"),
    **_each_part("a percent sign", lambda part: part + "%3D"),
    **_each_part("unused bits", _next_letter),
    **_each_part("one letter more", lambda part: part + "A"),
    **_each_part("one letter less", lambda part: part[:-1]),
    **_each_part("nothing", lambda part: ""),
    "two parts": lambda parts: ".".join(parts[:2]),
    "one part": lambda parts: parts[0],
    "four parts": lambda parts: ".".join([*parts, parts[2]]),
    "five parts": lambda parts: ".".join([*parts, "x", "y"]),
    "a dot before": lambda parts: "." + ".".join(parts),
    "a dot behind": lambda parts: ".".join(parts) + ".",
    "other dots": lambda parts: "\u3002".join(parts),
    "the JSON form": lambda parts: json.dumps(dict(zip(("protected", "payload", "signature"), parts, strict=True))),
    "the general JSON form": lambda parts: json.dumps(
        {"payload": parts[1], "signatures": [{"protected": parts[0], "signature": parts[2]}]}
    ),
    "quotes around": lambda parts: '"' + ".".join(parts) + '"',
    "a scheme before": lambda parts: "Bearer " + ".".join(parts),
    "too long": lambda parts: ".".join([parts[0], "A" * LARGEST_TOKEN_BYTES, parts[2]]),
    "parts exchanged": lambda parts: ".".join([parts[1], parts[0], parts[2]]),
    "nothing at all": lambda parts: "",
}

HEADERS: Mapping[str, bytes] = {
    "alg twice": b'{"alg":"none","alg":"ALG","kid":"KID","typ":"TYP"}',
    "alg twice, the honest one first": b'{"alg":"ALG","alg":"none","kid":"KID","typ":"TYP"}',
    "alg twice, the same": b'{"alg":"ALG","alg":"ALG","kid":"KID","typ":"TYP"}',
    "kid twice": b'{"alg":"ALG","kid":"x","kid":"KID","typ":"TYP"}',
    "typ twice": b'{"alg":"ALG","kid":"KID","typ":"JWT","typ":"TYP"}',
    "a name twice, one escaped": b'{"alg":"ALG","kid":"KID","\\u006bid":"KID","typ":"TYP"}',
    "a name twice below": b'{"alg":"ALG","kid":"KID","typ":"TYP","x":[{"a":1,"a":2}]}',
    "ALG in capitals": b'{"ALG":"ALG","kid":"KID","typ":"TYP"}',
    "alg a list": b'{"alg":["ALG"],"kid":"KID","typ":"TYP"}',
    "alg with a space": b'{"alg":"ALG ","kid":"KID","typ":"TYP"}',
    "alg with a NUL": b'{"alg":"ALG\\u0000","kid":"KID","typ":"TYP"}',
    "alg null": b'{"alg":null,"kid":"KID","typ":"TYP"}',
    "alg none": b'{"alg":"none","kid":"KID","typ":"TYP"}',
    "no alg": b'{"kid":"KID","typ":"TYP"}',
    "no kid": b'{"alg":"ALG","typ":"TYP"}',
    "no typ": b'{"alg":"ALG","kid":"KID"}',
    "typ with its prefix": b'{"alg":"ALG","kid":"KID","typ":"application/TYP"}',
    "crit of what is understood": b'{"alg":"ALG","kid":"KID","typ":"TYP","crit":["typ"]}',
    "crit of what is not": b'{"alg":"ALG","kid":"KID","typ":"TYP","crit":["x"],"x":1}',
    "crit empty": b'{"alg":"ALG","kid":"KID","typ":"TYP","crit":[]}',
    "crit null": b'{"alg":"ALG","kid":"KID","typ":"TYP","crit":null}',
    "b64 false": b'{"alg":"ALG","kid":"KID","typ":"TYP","b64":false,"crit":["b64"]}',
    "b64 true": b'{"alg":"ALG","kid":"KID","typ":"TYP","b64":true}',
    "a byte order mark": b'\xef\xbb\xbf{"alg":"ALG","kid":"KID","typ":"TYP"}',
    "bytes that are no UTF-8": b'{"alg":"ALG","kid":"KID","typ":"TYP","x":"\xff"}',
    "half a character": b'{"alg":"ALG","kid":"KID","typ":"TYP","x":"\\ud800"}',
    "a comma too many": b'{"alg":"ALG","kid":"KID","typ":"TYP",}',
    "a comment": b'{"alg":"ALG","kid":"KID","typ":"TYP"/**/}',
    "single quotes": b"{'alg':'ALG','kid':'KID','typ':'TYP'}",
    "something behind": b'{"alg":"ALG","kid":"KID","typ":"TYP"}{}',
    "not a number": b'{"alg":"ALG","kid":"KID","typ":"TYP","x":NaN}',
    "a number beyond all": b'{"alg":"ALG","kid":"KID","typ":"TYP","x":1e999}',
    "depth": b'{"alg":"ALG","kid":"KID","typ":"TYP","x":' + b"[" * 64 + b"]" * 64 + b"}",
    "a list": b'[{"alg":"ALG","kid":"KID","typ":"TYP"}]',
    "a text": b'"ALG"',
    "null": b"null",
    "nothing": b"",
}

WRONG_KEYS: Mapping[str, dict[str, Any]] = {
    "x zero": {"kty": "EC", "crv": "P-256", "x": encode(bytes(32)), "y": encode(bytes(32))},
    "x the field": {"kty": "EC", "crv": "P-256", "x": encode(P256_FIELD.to_bytes(32)), "y": encode(bytes(32))},
    "x short": {"kty": "EC", "crv": "P-256", "x": encode(bytes(31)), "y": encode(bytes(32))},
    "x long": {"kty": "EC", "crv": "P-256", "x": encode(bytes(33)), "y": encode(bytes(32))},
    "Ed25519 short": {"kty": "OKP", "crv": "Ed25519", "x": encode(bytes(31))},
    "Ed25519 long": {"kty": "OKP", "crv": "Ed25519", "x": encode(bytes(33))},
    "Ed25519 of order four": {"kty": "OKP", "crv": "Ed25519", "x": encode(_point(0))},
    "Ed25519 the identity": {"kty": "OKP", "crv": "Ed25519", "x": encode(_point(1))},
    "Ed25519 the identity, signed": {"kty": "OKP", "crv": "Ed25519", "x": encode(_point(1, sign_bit=1))},
    "Ed25519 of order two": {"kty": "OKP", "crv": "Ed25519", "x": encode(_point(ED25519_FIELD - 1))},
    "Ed25519 past the field": {"kty": "OKP", "crv": "Ed25519", "x": encode(_point(ED25519_FIELD + 4))},
    "Ed25519 with a y": {"kty": "EC", "crv": "Ed25519", "x": encode(_point(4)), "y": encode(_point(4))},
}


@pytest.mark.parametrize("algorithm", KEYS)
def test_token_that_nothing_was_done_to_verifies(algorithm: str) -> None:
    assert _verify(_token(algorithm), algorithm) == PAYLOAD


def test_es256_signature_with_a_short_r_or_s_keeps_its_zeros_and_verifies() -> None:
    tokens = [_token("ES256") for _ in range(2_000)]
    short = [each for each in tokens if 0 in (_signature(each)[0], _signature(each)[32])]
    assert short, "none of two thousand had a leading zero"
    assert {_verify(each, "ES256") for each in short} == {PAYLOAD}


@pytest.mark.parametrize("name", PAIRS)
def test_es256_signature_of_other_numbers_is_refused(name: str) -> None:
    token = _token("ES256")
    raw = _signature(token)
    r, s = PAIRS[name](int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    with pytest.raises(SignatureInvalidError):
        _verify(_with(token, r.to_bytes(32) + s.to_bytes(32)), "ES256")


@pytest.mark.parametrize("name", ES256_OCTETS)
def test_es256_signature_of_other_bytes_is_refused(name: str) -> None:
    token = _token("ES256")
    with pytest.raises(SignatureInvalidError):
        _verify(_with(token, ES256_OCTETS[name](_signature(token))), "ES256")


@pytest.mark.parametrize("name", ED25519_OCTETS)
def test_ed25519_signature_of_other_bytes_is_refused(name: str) -> None:
    token = _token("Ed25519")
    with pytest.raises(SignatureInvalidError):
        _verify(_with(token, ED25519_OCTETS[name](_signature(token))), "Ed25519")


@pytest.mark.parametrize("algorithm", KEYS)
@pytest.mark.parametrize("name", FORMS)
def test_token_in_another_form_is_refused(name: str, algorithm: str) -> None:
    with pytest.raises(SigningError):
        _verify(FORMS[name](_token(algorithm).split(".")), algorithm)


@pytest.mark.parametrize("algorithm", KEYS)
@pytest.mark.parametrize("name", HEADERS)
def test_token_with_another_header_is_refused_however_truly_signed(name: str, algorithm: str) -> None:
    kid, alg = key_id(KEYS[algorithm].public_key()).encode(), algorithm.encode()
    named = HEADERS[name].replace(b"KID", kid).replace(b"TYP", TYP.encode())
    header = named.replace(b'"ALG"', b'"%s"' % alg).replace(b'"ALG ', b'"%s ' % alg).replace(b'"ALG\\', b'"%s\\' % alg)
    with pytest.raises((MalformedTokenError, AlgorithmRefusedError, LookupError)):
        _verify(_token(algorithm, header=header), algorithm)


@pytest.mark.parametrize(("algorithm", "other"), [("ES256", "Ed25519"), ("Ed25519", "ES256")])
def test_signature_of_one_algorithm_is_none_of_the_other(algorithm: str, other: str) -> None:
    token = _token(algorithm)
    key = VerificationKey(algorithm, KEYS[other].public_key())
    with pytest.raises(AlgorithmRefusedError):
        verify_compact(token, find_key=lambda _: key, typ=TYP)


@pytest.mark.parametrize("name", WRONG_KEYS)
def test_key_that_is_no_point_or_a_weak_one_is_refused(name: str) -> None:
    with pytest.raises((MalformedTokenError, AlgorithmRefusedError)):
        load_jwk(WRONG_KEYS[name])


def _token(algorithm: str, *, header: bytes | None = None) -> str:
    key = KEYS[algorithm]
    honest = {"alg": algorithm, "kid": key_id(key.public_key()), "typ": TYP}
    signing_input = f"{encode(json.dumps(honest).encode() if header is None else header)}.{encode(PAYLOAD)}"
    return f"{signing_input}.{encode(sign(algorithm, key, signing_input.encode()))}"


def _signature(token: str) -> bytes:
    return decode(token.rpartition(".")[2])


def _with(token: str, signature: bytes) -> str:
    return f"{token.rpartition('.')[0]}.{encode(signature)}"


def _verify(token: str, algorithm: str) -> bytes:
    public_key = KEYS[algorithm].public_key()
    known = {key_id(public_key): VerificationKey(algorithm_of(public_key), public_key)}
    return verify_compact(token, find_key=known.__getitem__, typ=TYP).payload
