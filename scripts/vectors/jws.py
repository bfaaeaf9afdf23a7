"""The vectors of signatures: `tests/vectors/jws.json`, tokens and keys that every verifier must take or refuse alike.

Each token is a change of one that verifies, and its name says what was done to it. Two keys of these vectors sign all,
each time the same bytes (RFC 6979, RFC 8032). The file has an entry a line:

- `keys`: a JWK for each algorithm;
- `accepted`: tokens that verify by the key of their `algorithm`, as of type `typ`, and carry `payload`;
- `refused`: tokens that verify by no key. `fault` says where the fault is: in the numbers or the length of the
  `signature` alone; in the `form` of the token; in the `header`, over which the signature is true;
- `weak_keys`: what is no key of the closed list, though a reader of JWK may take it.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from signing.algorithms import P256_ORDER, PrivateKey, key_id
from signing.base64url import decode, encode
from signing.jws import jwk_of

TYP = "yizhao-statement+jwt"
PAYLOAD = '{"act":"签发","iat":1}'
_SECRET = b"a key of the vectors, no secret!"
ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(_SECRET)
KEYS: Mapping[str, PrivateKey] = {
    "ES256": ec.derive_private_key(int.from_bytes(_SECRET), ec.SECP256R1()),
    "Ed25519": ED25519,
}
P256_FIELD = 2**256 - 2**224 + 2**192 + 2**96 - 1
ED25519_FIELD = 2**255 - 19
ED25519_ORDER_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
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
    "a list": b'[{"alg":"ALG","kid":"KID","typ":"TYP"}]',
    "a text": b'"ALG"',
    "null": b"null",
    "nothing": b"",
}

WEAK_KEYS: Mapping[str, dict[str, Any]] = {
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
    **{
        f"Ed25519 of order eight, {name}": {"kty": "OKP", "crv": "Ed25519", "x": encode(_point(y, sign_bit=bit))}
        for name, y, bit in (
            ("first", ED25519_ORDER_8, 0),
            ("second", ED25519_ORDER_8, 1),
            ("third", ED25519_FIELD - ED25519_ORDER_8, 0),
            ("fourth", ED25519_FIELD - ED25519_ORDER_8, 1),
        )
    },
    "Ed25519 past the field": {"kty": "OKP", "crv": "Ed25519", "x": encode(_point(ED25519_FIELD + 4))},
    "Ed25519 with a y": {"kty": "EC", "crv": "Ed25519", "x": encode(_point(4)), "y": encode(_point(4))},
}


def tokens() -> Iterator[dict[str, str]]:
    """Return every token that is refused, as it stands in the file."""
    for name, pair in PAIRS.items():
        yield _refused("signature", "ES256", f"numbers: {name}", _with_numbers(_token("ES256"), pair))
    for algorithm, changes in (("ES256", ES256_OCTETS), ("Ed25519", ED25519_OCTETS)):
        for name, change in changes.items():
            token = _token(algorithm)
            yield _refused("signature", algorithm, f"bytes: {name}", _with(token, change(_signature(token))))
    for algorithm in KEYS:
        for name, written in FORMS.items():
            yield _refused("form", algorithm, name, written(_token(algorithm).split(".")))
        for name, header in HEADERS.items():
            yield _refused("header", algorithm, name, _token(algorithm, _named(header, algorithm)))


def accepted() -> Iterator[dict[str, str]]:
    """Return the tokens that verify: honest ones, the twin of one, and those with a zero at the head of r or s."""
    for algorithm in KEYS:
        yield {"algorithm": algorithm, "name": "nothing was done to it", "token": _token(algorithm)}
    twin = _with_numbers(_token("ES256"), lambda r, s: (r, P256_ORDER - s))
    yield {"algorithm": "ES256", "name": "the twin, s negated", "token": twin}
    many = (_token("ES256", json.dumps(_honest("ES256") | {"n": number}).encode()) for number in range(4_000))
    for place, name in ((0, "a zero at the head of r"), (32, "a zero at the head of s")):
        yield {"algorithm": "ES256", "name": name, "token": next(each for each in many if _signature(each)[place] == 0)}


def write_jws(path: Path) -> None:
    """Write the file."""
    parts: Mapping[str, list[Any]] = {
        "keys": [{"algorithm": name, "jwk": jwk_of(key.public_key())} for name, key in KEYS.items()],
        "accepted": list(accepted()),
        "refused": list(tokens()),
        "weak_keys": [{"name": name, "jwk": jwk} for name, jwk in WEAK_KEYS.items()],
    }
    listed = [f'"{name}": [\n' + ",\n".join(map(json.dumps, rows)) + "\n]" for name, rows in parts.items()]
    written = ",\n".join([f'"typ": {json.dumps(TYP)}', f'"payload": {json.dumps(PAYLOAD)}', *listed])
    path.write_text(f"{{\n{written}\n}}\n", encoding="ascii")


def _refused(fault: str, algorithm: str, name: str, token: str) -> dict[str, str]:
    return {"fault": fault, "algorithm": algorithm, "name": name, "token": token}


def _named(header: bytes, algorithm: str) -> bytes:
    named = header.replace(b"KID", key_id(KEYS[algorithm].public_key()).encode()).replace(b"TYP", TYP.encode())
    for end in (b'"', b" ", b"\\"):
        named = named.replace(b'"ALG' + end, b'"' + algorithm.encode() + end)
    return named


def _honest(algorithm: str) -> dict[str, object]:
    return {"alg": algorithm, "kid": key_id(KEYS[algorithm].public_key()), "typ": TYP}


def _token(algorithm: str, header: bytes | None = None) -> str:
    protected = json.dumps(_honest(algorithm)).encode() if header is None else header
    signing_input = f"{encode(protected)}.{encode(PAYLOAD.encode())}"
    return f"{signing_input}.{encode(_signed(algorithm, signing_input.encode()))}"


def _signed(algorithm: str, message: bytes) -> bytes:
    """Sign without chance, so that the file comes out the same each time."""
    key = KEYS[algorithm]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
    return r.to_bytes(32) + s.to_bytes(32)


def _signature(token: str) -> bytes:
    return decode(token.rpartition(".")[2])


def _with(token: str, signature: bytes) -> str:
    return f"{token.rpartition('.')[0]}.{encode(signature)}"


def _with_numbers(token: str, change: Pair) -> str:
    raw = _signature(token)
    r, s = change(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    return _with(token, r.to_bytes(32) + s.to_bytes(32))
