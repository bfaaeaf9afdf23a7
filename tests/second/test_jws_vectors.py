"""The vectors of signatures through both verifiers that need no hub: they refuse what the product refuses (A2-7)."""

import json
from base64 import urlsafe_b64decode
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import load_der_public_key

from hub.evidence.archives import verify_archive
from hub.evidence.bundles import verify_bundle
from signing.algorithms import spki
from signing.jws import load_jwk

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent.parent / "vectors" / "jws.json").read_bytes())
KEYS = {each["algorithm"]: load_der_public_key(spki(load_jwk(each["jwk"]).public_key)) for each in VECTORS["keys"]}
WEAK = [each for each in VECTORS["weak_keys"] if len(urlsafe_b64decode(each["jwk"]["x"] + "==")) == 32]
WEAK_ED25519 = {each["name"]: each["jwk"]["x"] for each in WEAK if each["jwk"]["kty"] == "OKP"}
# R the identity and S zero: a signature over everything, under each key whose order divides the cofactor.
OVER_EVERYTHING = (1).to_bytes(32, "little") + bytes(32)


@pytest.fixture(params=[verify_bundle, verify_archive], ids=["bundle", "archive"])
def verifier(request: pytest.FixtureRequest) -> ModuleType:
    """Each verifier that stands alone."""
    module: ModuleType = request.param
    return module


def test_tokens_that_are_right_verify(verifier: ModuleType) -> None:
    opened = [_opened(verifier, each) for each in VECTORS["accepted"]]
    assert opened == [json.loads(VECTORS["payload"])] * len(VECTORS["accepted"])


def test_token_of_another_signature_form_or_header_is_refused(verifier: ModuleType) -> None:
    accepted = [each for each in VECTORS["refused"] if _holds(verifier, each)]
    assert accepted == []


@pytest.mark.parametrize("name", WEAK_ED25519)
def test_key_under_which_anybody_can_sign_is_refused(verifier: ModuleType, name: str) -> None:
    key = ed25519.Ed25519PublicKey.from_public_bytes(urlsafe_b64decode(WEAK_ED25519[name] + "=="))
    with pytest.raises(verifier.Broken, match="anybody"):
        verifier.require_signature(key, "Ed25519", OVER_EVERYTHING, b"anything")


def _opened(verifier: ModuleType, vector: dict[str, str]) -> Any:
    key, algorithm = KEYS[vector["algorithm"]], vector["algorithm"]
    return verifier.opened_jws(vector["token"], VECTORS["typ"], {verifier.key_name(key): (key, algorithm)}.__getitem__)


def _holds(verifier: ModuleType, vector: dict[str, str]) -> bool:
    """Say whether it takes the token; whatever a check raises is its failure (`Report.check`)."""
    try:
        _opened(verifier, vector)
    except Exception:
        return False
    return True
