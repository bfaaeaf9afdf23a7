"""Tokens: strict JSON, and every known way to pass off a token that was not signed."""

import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import assume, given
from hypothesis import strategies as st
from jwt.algorithms import OKPAlgorithm

from signing.algorithms import sign, spki
from signing.base64url import decode, encode
from signing.errors import (
    AlgorithmRefusedError,
    KeyUnknownError,
    MalformedTokenError,
    SignatureInvalidError,
    SigningError,
)
from signing.jws import (
    CompactSigner,
    VerificationKey,
    json_bytes,
    jwk_of,
    jwk_thumbprint,
    load_jwk,
    parse_json,
    sign_compact,
    unverified_header,
    verify_compact,
)
from signing.signers.file import FileSigner
from tests.signing.authority import new_signer

TYP = "yizhao-statement+jwt"
PAYLOAD = '{"act":"签发"}'.encode()
SIGNER = new_signer()


def _key_of(signer: FileSigner) -> VerificationKey:
    return VerificationKey(signer.algorithm, signer.private_key.public_key())


def _finds(signer: FileSigner) -> Callable[[str], VerificationKey]:
    def find_key(kid: str) -> VerificationKey:
        if kid != signer.key_id:
            raise KeyUnknownError(kid)
        return _key_of(signer)

    return find_key


def _forged(header: bytes | dict[str, Any], *, signer: FileSigner = SIGNER, payload: bytes = PAYLOAD) -> str:
    """Return a token with any header at all, truly signed."""
    header_bytes = header if isinstance(header, bytes) else json.dumps(header).encode()
    signing_input = f"{encode(header_bytes)}.{encode(payload)}"
    return f"{signing_input}.{encode(sign(signer.algorithm, signer.private_key, signing_input.encode()))}"


def _header(**changes: Any) -> dict[str, Any]:
    return {"alg": "ES256", "kid": SIGNER.key_id, "typ": TYP, **changes}


def _verify(token: str, *, signer: FileSigner = SIGNER) -> bytes:
    return verify_compact(token, find_key=_finds(signer), typ=TYP).payload


# --- the honest way, and PyJWT's word on it ---


@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519"])
def test_a_signed_token_verifies_and_carries_its_header(algorithm: str) -> None:
    signer = new_signer(algorithm)
    token = sign_compact(PAYLOAD, signer=signer, typ=TYP, headers={"x5t#S256": "abc"}, statement=b"order")
    verified = verify_compact(token, find_key=_finds(signer), typ=TYP)
    assert verified.payload == PAYLOAD
    assert verified.key_id == signer.key_id
    assert verified.header == {"alg": algorithm, "kid": signer.key_id, "typ": TYP, "x5t#S256": "abc"}


@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519"])
def test_pyjwt_accepts_our_tokens_and_we_accept_its(algorithm: str) -> None:
    signer, library = new_signer(algorithm), jwt.PyJWS(algorithms=["ES256"])
    library.register_algorithm("Ed25519", OKPAlgorithm())
    ours = CompactSigner(signer, TYP).sign(PAYLOAD)
    theirs = library.encode(
        PAYLOAD, signer.private_key, algorithm=algorithm, headers={"kid": signer.key_id, "typ": TYP}
    )
    assert library.decode(ours, signer.private_key.public_key(), algorithms=[algorithm]) == PAYLOAD
    assert _verify(theirs, signer=signer) == PAYLOAD


def test_the_header_that_a_stranger_wrote_can_be_read_without_trusting_it() -> None:
    token = sign_compact(PAYLOAD, signer=SIGNER, typ=TYP)
    assert unverified_header(token)["kid"] == SIGNER.key_id


@pytest.mark.parametrize("name", ["alg", "kid", "typ", "crit", "b64"])
def test_the_signers_own_header_members_cannot_be_overwritten(name: str) -> None:
    with pytest.raises(ValueError, match="follow from the signer"):
        CompactSigner(SIGNER, TYP, {name: "x"})


def test_a_token_without_kid_asks_for_the_key_with_no_name() -> None:
    token = _forged({"alg": "ES256", "typ": TYP})
    assert verify_compact(token, find_key=lambda kid: {"": _key_of(SIGNER)}[kid], typ=TYP).key_id == ""
    with pytest.raises(KeyUnknownError):
        _verify(token)


# --- attacks (RFC 8725; assurance A2-6) ---


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", "HS256", "es256", "ES256 ", "RS256", 1, None, []])
def test_another_algorithm_in_the_header_is_refused(alg: object) -> None:
    with pytest.raises(AlgorithmRefusedError):
        _verify(_forged(_header(alg=alg)))


def test_alg_none_without_a_signature_is_refused() -> None:
    unsigned = f"{encode(json_bytes(_header(alg='none')))}.{encode(PAYLOAD)}."
    with pytest.raises(AlgorithmRefusedError):
        _verify(unsigned)


@pytest.mark.parametrize("encoding", [serialization.Encoding.PEM, serialization.Encoding.DER])
def test_a_token_keyed_with_the_public_key_as_shared_secret_is_refused(encoding: serialization.Encoding) -> None:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    secret = SIGNER.private_key.public_key().public_bytes(encoding, form)
    signing_input = f"{encode(json_bytes(_header(alg='HS256')))}.{encode(PAYLOAD)}"
    mac = hmac.digest(secret, signing_input.encode(), hashlib.sha256)
    with pytest.raises(AlgorithmRefusedError):
        _verify(f"{signing_input}.{encode(mac)}")


@pytest.mark.parametrize(
    "kid",
    ["../../../../dev/null", "/etc/passwd", "x' OR '1'='1", "'; DROP TABLE keys;--", "", "\u0000", "a" * 10_000],
)
def test_a_kid_that_is_a_path_or_a_query_is_just_an_unknown_key(kid: str) -> None:
    with pytest.raises(KeyUnknownError) as refused:
        _verify(_forged(_header(kid=kid)))
    assert refused.value.reason == "unlisted"
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize("kid", [None, 7, ["x"], {"x": 1}, True])
def test_a_kid_that_is_no_text_is_refused(kid: object) -> None:
    with pytest.raises(MalformedTokenError):
        _verify(_forged(_header(kid=kid)))


@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c"])
def test_a_key_that_the_token_brings_is_not_used(member: str) -> None:
    attacker = new_signer()
    brought = {
        "jwk": jwk_of(attacker.private_key.public_key()),
        "jku": "http://127.0.0.1:9/keys",
        "x5u": "http://127.0.0.1:9/cert",
        "x5c": [encode(spki(attacker.private_key.public_key()))],
    }
    with pytest.raises(SignatureInvalidError):
        _verify(_forged(_header(**{member: brought[member]}), signer=attacker))
    with pytest.raises(KeyUnknownError):
        _verify(_forged(_header(kid=attacker.key_id, **{member: brought[member]}), signer=attacker))


@pytest.mark.parametrize("crit", [["exp"], ["b64"], [], ["alg"], "b64", None, [1]])
def test_any_critical_extension_is_refused(crit: object) -> None:
    with pytest.raises(MalformedTokenError, match="extension"):
        _verify(_forged(_header(crit=crit)))


@pytest.mark.parametrize("b64", [False, True, "false"])
def test_an_unencoded_payload_is_refused(b64: object) -> None:
    with pytest.raises(MalformedTokenError, match="extension"):
        _verify(_forged(_header(b64=b64)))


@pytest.mark.parametrize(
    "typ", ["JWT", "at+jwt", "dc+sd-jwt", "statuslist+jwt", TYP.upper(), f"application/{TYP}", TYP + " ", "", None, 1]
)
def test_a_token_of_another_type_is_refused(typ: object) -> None:
    with pytest.raises(MalformedTokenError, match="type"):
        _verify(_forged(_header(typ=typ)))


def test_a_token_without_a_type_is_refused() -> None:
    with pytest.raises(MalformedTokenError, match="type"):
        _verify(_forged({"alg": "ES256", "kid": SIGNER.key_id}))


@pytest.mark.parametrize(
    "header",
    [
        b'{"alg":"none","alg":"ES256","kid":"%s","typ":"%s"}',
        b'{"alg":"ES256","kid":"x","kid":"%s","typ":"%s"}',
        b'{"alg":"ES256","\\u006bid":"x","kid":"%s","typ":"%s"}',
        b'{"alg":"ES256","kid":"%s","typ":"%s","x":{"a":1,"a":2}}',
    ],
)
def test_a_key_that_appears_twice_in_the_header_is_refused(header: bytes) -> None:
    with pytest.raises(MalformedTokenError):
        _verify(_forged(header % (SIGNER.key_id.encode(), TYP.encode())))


@pytest.mark.parametrize("header", [b"[]", b'"x"', b"null", b"1", b"", b"{", b"{} x", b"\xff", b"\xef\xbb\xbf{}"])
def test_a_header_that_is_no_object_is_refused(header: bytes) -> None:
    with pytest.raises(MalformedTokenError):
        _verify(_forged(header))


CHANGES: dict[str, Callable[[str], str]] = {
    "no signature part": lambda token: token.rsplit(".", 1)[0],
    "a fourth part": lambda token: token + ".",
    "five parts, as in encryption": lambda token: token + ".x.y",
    "nothing": lambda token: "",
    "dots only": lambda token: "..",
    "padding": lambda token: token + "==",
    "space before": lambda token: " " + token,
    "line end behind": lambda token: token + "\n",
    "line end inside": lambda token: token[:40] + "\n" + token[40:],
    "the other alphabet": lambda token: token.replace("_", "/").replace("-", "+") + "+",
    "not ASCII": lambda token: token + "é",
    "too long": lambda token: token + "A" * 70_000,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_token_in_another_form_is_refused(change: Callable[[str], str]) -> None:
    with pytest.raises(MalformedTokenError):
        _verify(change(sign_compact(PAYLOAD, signer=SIGNER, typ=TYP)))


def test_unused_bits_at_the_end_of_a_signature_are_refused() -> None:
    token = sign_compact(PAYLOAD, signer=SIGNER, typ=TYP)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet[alphabet.index(token[-1]) + 1]
    with pytest.raises(MalformedTokenError):
        _verify(token[:-1] + last)


@given(position=st.integers(min_value=0, max_value=250), letter=st.sampled_from("ABab01-_.=~ \n"))
def test_one_changed_character_anywhere_is_refused(position: int, letter: str) -> None:
    token = sign_compact(PAYLOAD, signer=SIGNER, typ=TYP)
    place = position % len(token)
    changed = token[:place] + letter + token[place + 1 :]
    assume(changed != token)
    with pytest.raises(SigningError):
        _verify(changed)


def test_a_der_signature_in_a_token_is_refused() -> None:
    token = sign_compact(PAYLOAD, signer=SIGNER, typ=TYP)
    signing_input, _, signature = token.rpartition(".")
    raw = decode(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    with pytest.raises(SignatureInvalidError):
        _verify(f"{signing_input}.{encode(der)}")


def test_a_key_listed_for_one_algorithm_is_not_used_with_another() -> None:
    listed_wrongly = VerificationKey("Ed25519", SIGNER.private_key.public_key())
    with pytest.raises(AlgorithmRefusedError):
        verify_compact(_forged(_header(alg="Ed25519")), find_key=lambda kid: listed_wrongly, typ=TYP)


def test_the_payload_of_one_token_does_not_pass_under_the_signature_of_another() -> None:
    head, _, signature = sign_compact(PAYLOAD, signer=SIGNER, typ=TYP).split(".")
    with pytest.raises(SignatureInvalidError):
        _verify(f"{head}.{encode(b'{}')}.{signature}")


# --- strict JSON ---


def test_plain_json_is_read_as_it_is() -> None:
    raw = ' {"名":"示例","n":[1,-2,0.5,9007199254740991,true,null],"e":"\\ud83d\\ude00"}\n'.encode()
    assert parse_json(raw) == {"名": "示例", "n": [1, -2, 0.5, 9007199254740991, True, None], "e": "😀"}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" ",
        b"{",
        b"[1,]",
        b"{'a':1}",
        b"1 2",
        b"[]x",
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b"[1e999]",
        b"9007199254740992",
        b"-9007199254740992",
        b"1" * 5000,
        b"01",
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b"\xef\xbb\xbf{}",
        b'"\\ud800"',
        b'{"\\udfff":1}',
        b'["\\ud83d"]',
        b'"a\x00b"',
        b'"\n"',
        b'{"a":1,"a":1}',
        b'{"a":{"b":1,"b":2}}',
        b'{"a":1,"\\u0061":2}',
        "\u00a0{}".encode(),
        '{"a":1}'.encode("utf-16"),
        b"\x0b1",
    ],
)
def test_json_that_two_readers_could_read_differently_is_refused(raw: bytes) -> None:
    with pytest.raises(MalformedTokenError):
        parse_json(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"[" * 33 + b"]" * 33,
        b'["\\"[",' * 100_000,
    ],
)
def test_json_nested_too_deep_is_refused_before_it_is_read(raw: bytes) -> None:
    with pytest.raises(MalformedTokenError, match="deep"):
        parse_json(raw)


def test_brackets_inside_texts_are_not_depth() -> None:
    assert parse_json(json.dumps({"a": "[" * 500 + '\\"{{' * 50, "b": [[]] * 100}).encode()) is not None
    assert parse_json(b"[" * 32 + b"]" * 32) is not None


def test_a_text_of_escaped_quotes_is_judged_in_one_pass() -> None:
    with pytest.raises(MalformedTokenError):
        parse_json(b'"' + b'\\"' * 400_000 + b"[" * 50)


def test_json_over_its_limit_is_refused() -> None:
    with pytest.raises(MalformedTokenError, match="long"):
        parse_json(b'"' + b"a" * 1_000_000 + b'"')
    assert parse_json(b'"aaaa"', max_bytes=6) == "aaaa"


def test_a_refusal_never_quotes_the_text() -> None:
    with pytest.raises(MalformedTokenError) as refused:
        parse_json('{"身份证号":"44200019900101001X","身份证号":"x"'.encode())
    assert "442000" not in repr(refused.value)
    assert refused.value.__cause__ is None


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(alphabet=st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON_VALUES)
def test_what_we_write_we_read_and_so_does_the_standard_library(value: Any) -> None:
    written = json_bytes(value)
    assert parse_json(written) == value
    assert json.loads(written) == value


@pytest.mark.parametrize(
    "value", [float("nan"), [float("inf")], {"a": (None, float("-inf"))}, 2**53, {1: 2}, b"x", "\ud800", object()]
)
def test_what_json_cannot_hold_is_not_written(value: object) -> None:
    with pytest.raises(ValueError, match="not a value"):
        json_bytes(value)


# --- JWK ---


@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519"])
def test_a_key_comes_back_from_its_jwk(algorithm: str) -> None:
    public_key = new_signer(algorithm).private_key.public_key()
    loaded = load_jwk({**jwk_of(public_key), "use": "sig", "kid": "any", "alg": algorithm})
    assert loaded.algorithm == algorithm
    assert spki(loaded.public_key) == spki(public_key)


def test_coordinates_are_always_32_bytes() -> None:
    jwks = [jwk_of(new_signer().private_key.public_key()) for _ in range(400)]
    assert {len(decode(jwk[name])) for jwk in jwks for name in ("x", "y")} == {32}


def test_the_thumbprint_is_that_of_rfc_8037_appendix_a() -> None:
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "ignored"}
    assert jwk_thumbprint(jwk) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


PUBLIC = jwk_of(SIGNER.private_key.public_key())


@pytest.mark.parametrize(
    "change",
    [
        {"d": "AAAA"},
        {"k": "AAAA"},
        {"use": "enc"},
        {"x": PUBLIC["x"] + "="},
        {"x": PUBLIC["x"][:-2]},
        {"x": PUBLIC["x"] + "AA"},
        {"x": ""},
        {"y": None},
        {"y": 7},
        {"y": PUBLIC["x"]},
        {"x": "A" * 43, "y": "A" * 43},
    ],
)
def test_a_malformed_jwk_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(MalformedTokenError):
        load_jwk({**PUBLIC, **change})


@pytest.mark.parametrize(
    "change",
    [
        {"kty": "RSA"},
        {"kty": "oct"},
        {"kty": None},
        {"kty": ["EC"]},
        {"crv": "P-384"},
        {"crv": "secp256k1"},
        {"crv": "Ed25519"},
        {"alg": "ES384"},
        {"alg": "none"},
        {"alg": "Ed25519"},
    ],
)
def test_a_jwk_of_another_kind_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(AlgorithmRefusedError):
        load_jwk({**PUBLIC, **change})
