"""Vectors of our own through the verifier of the product (A2-7): what `tests/vectors/jws.json` refuses is refused.

`tests/second/test_jws_vectors.py` shows the same to the verifiers that share no line with the product.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from signing.algorithms import algorithm_of, key_id
from signing.errors import AlgorithmRefusedError, MalformedTokenError, SignatureInvalidError, SigningError
from signing.jws import LARGEST_TOKEN_BYTES, VerificationKey, load_jwk, verify_compact

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent.parent / "vectors" / "jws.json").read_bytes())
KEYS = {each["algorithm"]: load_jwk(each["jwk"]) for each in VECTORS["keys"]}
FAULTS: dict[str, type[Exception] | tuple[type[Exception], ...]] = {
    "signature": SignatureInvalidError,
    "form": SigningError,
    "header": (MalformedTokenError, AlgorithmRefusedError, LookupError),
}
HONEST = {each["algorithm"]: each["token"] for each in reversed(VECTORS["accepted"])}


def _names(rows: list[dict[str, Any]]) -> list[str]:
    return [f"{each['algorithm']} {each['name']}" for each in rows]


@pytest.mark.parametrize("vector", VECTORS["accepted"], ids=_names(VECTORS["accepted"]))
def test_token_that_is_right_verifies(vector: dict[str, str]) -> None:
    assert _verify(vector["token"], vector["algorithm"]) == VECTORS["payload"].encode()


@pytest.mark.parametrize("vector", VECTORS["refused"], ids=_names(VECTORS["refused"]))
def test_token_of_another_signature_form_or_header_is_refused(vector: dict[str, str]) -> None:
    with pytest.raises(FAULTS[vector["fault"]]):
        _verify(vector["token"], vector["algorithm"])


@pytest.mark.parametrize("algorithm", KEYS)
def test_token_beyond_what_the_hub_reads_is_refused(algorithm: str) -> None:
    header, _, signature = HONEST[algorithm].split(".")
    with pytest.raises(MalformedTokenError, match="long"):
        _verify(f"{header}.{'A' * LARGEST_TOKEN_BYTES}.{signature}", algorithm)


@pytest.mark.parametrize(("algorithm", "other"), [("ES256", "Ed25519"), ("Ed25519", "ES256")])
def test_signature_of_one_algorithm_is_none_of_the_other(algorithm: str, other: str) -> None:
    key = VerificationKey(algorithm, KEYS[other].public_key)
    with pytest.raises(AlgorithmRefusedError):
        verify_compact(HONEST[algorithm], find_key=lambda _: key, typ=VECTORS["typ"])


@pytest.mark.parametrize("key", VECTORS["weak_keys"], ids=[each["name"] for each in VECTORS["weak_keys"]])
def test_key_that_is_no_point_or_a_weak_one_is_refused(key: dict[str, Any]) -> None:
    with pytest.raises((MalformedTokenError, AlgorithmRefusedError)):
        load_jwk(key["jwk"])


def _verify(token: str, algorithm: str) -> bytes:
    public_key = KEYS[algorithm].public_key
    known = {key_id(public_key): VerificationKey(algorithm_of(public_key), public_key)}
    return verify_compact(token, find_key=known.__getitem__, typ=VECTORS["typ"]).payload
