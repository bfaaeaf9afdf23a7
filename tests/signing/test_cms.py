"""A CMS signature: another program reads what is written, and only what is written is read."""

import ssl
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from asn1crypto.cms import ContentInfo
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from signing.algorithms import P256_ORDER
from signing.cms import sign_digest, verify_digest
from signing.errors import AlgorithmRefusedError, CmsRefusedError, KeyUnknownError, SignatureInvalidError
from signing.jws import VerificationKey
from tests.signing.authority import Certified, new_authority, new_party, new_root

CONTENT = "示例证照".encode()
DIGEST = sha256(CONTENT).digest()
AUTHORITY = new_authority(new_root())
SEAL = new_party(AUTHORITY)
OTHER = new_party(new_authority(new_root()))
CMS = sign_digest(DIGEST, signer=SEAL.signer, statement=None)


def find_key(cert_der: bytes) -> VerificationKey:
    """Know one cert."""
    if cert_der != SEAL.cert_der:
        raise KeyUnknownError(sha256(cert_der).hexdigest())
    return VerificationKey("ES256", SEAL.key.public_key())


def find_any_key(cert_der: bytes) -> VerificationKey:
    """Believe in every cert that the seal's key is its own."""
    return VerificationKey("ES256", SEAL.key.public_key())


def outcome(cms_der: bytes) -> str:
    """Return why a CMS is refused, however much its cert is believed."""
    try:
        verify_digest(cms_der, DIGEST, find_key=find_any_key)
    except CmsRefusedError as error:
        return error.reason
    except SignatureInvalidError:
        return "signature"
    return "accepted"


def numbers_of(cms_der: bytes) -> tuple[int, int]:
    """Return the two numbers of the signature."""
    signature = ContentInfo.load(cms_der)["content"]["signer_infos"][0]["signature"]
    return decode_dss_signature(signature.native)


def twin_of(cms_der: bytes) -> bytes:
    """Return the CMS with the other signature that holds for the same key and attributes."""
    r, s = numbers_of(cms_der)
    twin = ContentInfo.load(cms_der)
    twin["content"]["signer_infos"][0]["signature"] = encode_dss_signature(r, P256_ORDER - s)
    return bytes(twin.dump())


def told_by_openssl(cms_der: bytes, folder: Path) -> str:
    """Return what openssl says of a CMS over the content, its chain and CAdES attributes checked."""
    (folder / "content").write_bytes(CONTENT)
    (folder / "cms").write_bytes(cms_der)
    (folder / "authority").write_text(ssl.DER_cert_to_PEM_cert(AUTHORITY.cert_der))
    tool = "openssl cms -verify -cades -binary -inform DER -in cms -content content -out out"
    trust = "-CAfile authority -partial_chain -ignore_critical -purpose any"
    words = [*tool.split(), *trust.split()]
    return subprocess.run(words, check=False, capture_output=True, text=True, cwd=folder).stderr


def test_another_program_verifies_it_over_the_content(tmp_path: Path) -> None:
    assert told_by_openssl(CMS, tmp_path).startswith("CAdES Verification successful")


def test_what_is_written_is_read_and_tells_whose_it_is() -> None:
    assert verify_digest(CMS, DIGEST, find_key=find_key) == SEAL.cert_der


def test_a_signature_over_other_content_is_refused() -> None:
    assert outcome(sign_digest(sha256(b"other").digest(), signer=SEAL.signer, statement=None)) == "digest"


def test_a_cert_that_is_not_listed_is_refused_whatever_it_signed() -> None:
    with pytest.raises(KeyUnknownError):
        verify_digest(sign_digest(DIGEST, signer=OTHER.signer, statement=None), DIGEST, find_key=find_key)


def test_the_listed_cert_around_another_keys_signature_is_refused() -> None:
    forger = Certified(OTHER.key, SEAL.cert_der).signer
    with pytest.raises(SignatureInvalidError):
        verify_digest(sign_digest(DIGEST, signer=forger, statement=None), DIGEST, find_key=find_key)


def test_a_key_listed_with_another_algorithm_is_refused() -> None:
    ed25519 = new_party(new_authority(new_root()), algorithm="Ed25519").key.public_key()
    with pytest.raises(AlgorithmRefusedError):
        verify_digest(CMS, DIGEST, find_key=lambda _: VerificationKey("Ed25519", ed25519))


def test_of_the_two_signatures_that_hold_only_the_one_with_the_smaller_number_is_written() -> None:
    written = [numbers_of(sign_digest(DIGEST, signer=SEAL.signer, statement=None))[1] for _ in range(32)]
    assert max(written) <= P256_ORDER // 2


def test_the_twin_of_a_signature_holds_for_another_program_and_is_refused(tmp_path: Path) -> None:
    assert told_by_openssl(twin_of(CMS), tmp_path).startswith("CAdES Verification successful")
    assert outcome(twin_of(CMS)) == "form"


def test_every_flipped_bit_is_refused() -> None:
    flipped = [bytes([*CMS[:at], CMS[at] ^ 1 << bit, *CMS[at + 1 :]]) for at in range(len(CMS)) for bit in range(8)]
    assert {outcome(each) for each in flipped} == {"form", "digest", "signature"}


def test_every_shorter_or_longer_form_is_refused() -> None:
    assert {outcome(CMS[:length]) for length in range(len(CMS))} == {"form"}
    assert outcome(CMS + b"\0") == "form"


@pytest.mark.parametrize(
    "change",
    [
        lambda cms: cms.replace(SEAL.cert_der, SEAL.cert_der + OTHER.cert_der),
        lambda cms: b"\x30\x83\x00" + cms[2:],
        lambda cms: b"\x30\x80" + cms[4:] + b"\0\0",
    ],
    ids=["second cert", "length in more bytes", "length not told"],
)
def test_another_encoding_of_the_same_is_refused(change: Callable[[bytes], bytes]) -> None:
    assert outcome(change(CMS)) == "form"


@given(st.binary(max_size=400))
def test_any_bytes_are_refused_and_nothing_else_happens(raw: bytes) -> None:
    assert outcome(raw) == "form"


@given(st.integers(0, len(CMS)), st.integers(0, 40), st.binary(max_size=40))
def test_any_change_is_refused_and_nothing_else_happens(at: int, length: int, inserted: bytes) -> None:
    changed = CMS[:at] + inserted + CMS[at + length :]
    assert (outcome(changed) == "accepted") is (changed == CMS)
