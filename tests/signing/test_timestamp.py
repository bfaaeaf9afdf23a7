"""Timestamps: another program agrees with what is made and read, and whatever is not wholly right is refused."""

import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from asn1crypto.cms import ContentInfo
from asn1crypto.tsp import TimeStampResp
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from signing.errors import TimestampRefusedError
from signing.signers.file import FileSigner
from signing.timestamp import (
    Stamp,
    make_token,
    require_fresh,
    timestamp_request,
    token_of_response,
    verify_token,
)
from signing.x509 import Purpose
from tests.signing.authority import NOW, YEAR, Certified, new_authority, new_party, new_root
from tests.signing.stamping import granted, new_rsa_authority, openssl, told_by_openssl

DIGEST = sha256("示例树头".encode()).digest()
NONCE, POLICY = 0xFEDCBA9876543210, "2.25.64415357385420484476005102715817798255.3"
ISSUER = new_authority(new_root())
AUTHORITY = new_party(ISSUER, Purpose.TIMESTAMP, licence_number=None)


def token_of(by: Certified = AUTHORITY, *, at: datetime = NOW, signer: FileSigner | None = None) -> bytes:
    return make_token(
        digest=DIGEST, nonce=NONCE, serial=2**63 + 1, gen_time=at, policy=POLICY, signer=signer or by.signer
    )


TOKEN = token_of()


def verified(token: bytes, digest: bytes = DIGEST, *, issuer: bytes = ISSUER.cert_der, test: bool = True) -> Stamp:
    return verify_token(token, digest=digest, anchors=[issuer], allow_test=test)


def reason(token: bytes, *, digest: bytes = DIGEST, issuer: bytes = ISSUER.cert_der, test: bool = True) -> str:
    """Return why a token is refused."""
    with pytest.raises(TimestampRefusedError) as caught:
        verified(token, digest, issuer=issuer, test=test)
    return caught.value.reason


def changed(change: Callable[[ContentInfo], object]) -> bytes:
    """Return the token with a change in it."""
    content = ContentInfo.load(TOKEN)
    change(content)
    return bytes(content.dump(force=True))


# --- another program --------------------------------------------------------------------------------------------


def test_openssl_verifies_what_is_made(tmp_path: Path) -> None:
    assert "Verification: OK" in told_by_openssl(TOKEN, DIGEST, ISSUER.cert_der, tmp_path, NOW)
    assert "Verification: FAILED" in told_by_openssl(TOKEN, bytes(32), ISSUER.cert_der, tmp_path, NOW)
    assert verified(TOKEN) == Stamp(NOW, NONCE, POLICY, "示例市市场监督管理局")


def test_openssl_finds_that_an_answer_is_to_our_request(tmp_path: Path) -> None:
    told_by_openssl(TOKEN, DIGEST, ISSUER.cert_der, tmp_path)
    (tmp_path / "query").write_bytes(timestamp_request(DIGEST, NONCE))
    (tmp_path / "other").write_bytes(timestamp_request(DIGEST, NONCE + 1))
    (tmp_path / "reply").write_bytes(granted(TOKEN))
    trust = f"-CAfile issuer -partial_chain -ignore_critical -attime {int(NOW.timestamp())}"
    assert "Verification: OK" in openssl(tmp_path, f"ts -verify -queryfile query -in reply {trust}")
    assert "nonce mismatch" in openssl(tmp_path, f"ts -verify -queryfile other -in reply {trust}")
    assert token_of_response(granted(TOKEN)) == TOKEN


def test_rsa_authority_that_openssl_plays_is_believed(tmp_path: Path) -> None:
    outside = new_rsa_authority(tmp_path / "authority")
    now, nonce = datetime.now(UTC), secrets.randbits(63)
    token = token_of_response(outside.respond(timestamp_request(DIGEST, nonce)))
    stamp = verified(token, issuer=outside.issuer_der, test=False)
    require_fresh(stamp, nonce=nonce, at=now, policy="1.2.3.4.1")
    assert stamp.whose == "Outside authority"
    assert reason(token, digest=bytes(32), issuer=outside.issuer_der) == "digest"
    assert reason(token) == "cert"
    other = token_of_response(outside.respond(timestamp_request(bytes(32), nonce)))
    assert verified(other, bytes(32), issuer=outside.issuer_der, test=False).nonce == nonce
    mixed = token.replace(ContentInfo.load(token)["content"]["signer_infos"][0]["signature"].native, bytes(256))
    assert reason(mixed, issuer=outside.issuer_der) == "signature"


# --- an answer to our request, now ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("nonce", "minutes", "policy", "wanted"),
    [
        (NONCE + 1, 0, None, "nonce"),
        (NONCE, 60, None, "time"),
        (NONCE, -60, None, "time"),
        (NONCE, 6, None, "time"),
        (NONCE, 0, "1.2.3.4.1", "policy"),
    ],
)
def test_what_answers_another_request_is_refused(nonce: int, minutes: int, policy: str | None, wanted: str) -> None:
    with pytest.raises(TimestampRefusedError) as caught:
        require_fresh(verified(TOKEN), nonce=nonce, at=NOW + timedelta(minutes=minutes), policy=policy)
    assert caught.value.reason == wanted


def test_what_answers_ours_is_fresh() -> None:
    for minutes in (-4, 0, 4):
        require_fresh(verified(TOKEN), nonce=NONCE, at=NOW + timedelta(minutes=minutes), policy=POLICY)


@pytest.mark.parametrize("status", ["rejection", "waiting", "revocation_warning"])
def test_answer_without_a_token_is_told(status: str) -> None:
    response = TimeStampResp.load(granted(TOKEN))
    response["status"]["status"] = status
    with pytest.raises(TimestampRefusedError) as caught:
        token_of_response(response.dump(force=True))
    assert caught.value.reason == "rejected"
    with pytest.raises(TimestampRefusedError):
        token_of_response(b"\x30\x05\x30\x03\x02\x01\x02")


# --- who signed -------------------------------------------------------------------------------------------------


def test_token_of_an_authority_nobody_knows_is_refused() -> None:
    other = new_authority(new_root())
    assert reason(token_of(new_party(other, Purpose.TIMESTAMP, licence_number=None))) == "cert"


def test_token_signed_by_another_key_than_its_cert_names_is_refused() -> None:
    forger = FileSigner(ec.generate_private_key(ec.SECP256R1()), cert_der=AUTHORITY.cert_der)
    assert reason(token_of(signer=forger)) == "signature"


@pytest.mark.parametrize("purpose", [each for each in Purpose if each is not Purpose.TIMESTAMP])
def test_cert_for_another_purpose_is_refused(purpose: Purpose) -> None:
    assert reason(token_of(new_party(ISSUER, purpose))) == "cert"


@pytest.mark.parametrize("after", [timedelta(days=3 * 365), -2 * YEAR])
def test_cert_out_of_its_dates_at_that_time_is_refused(after: timedelta) -> None:
    assert reason(token_of(at=NOW + after)) == "cert"


def test_test_authority_is_refused_where_there_is_no_test() -> None:
    assert reason(TOKEN, test=False) == "cert"


def certified(*usages: x509.ObjectIdentifier, critical: bool, signs: bool = True) -> Certified:
    """Return a party with any key usages at all."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.load_der_x509_certificate(ISSUER.cert_der)
    usage = x509.KeyUsage(signs, False, not signs, False, False, False, False, False, False)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "示例")]))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW - YEAR)
        .not_valid_after(NOW + YEAR)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=critical)
        .add_extension(usage, critical=True)
    )
    return Certified(key, builder.sign(ISSUER.key, SHA256()).public_bytes(Encoding.DER))


def test_usage_is_critical_and_alone() -> None:
    stamping, other = ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.CODE_SIGNING
    assert verified(token_of(certified(stamping, critical=True))).whose == "示例"
    assert reason(token_of(certified(stamping, critical=False))) == "cert"
    assert reason(token_of(certified(stamping, other, critical=True))) == "cert"
    assert reason(token_of(certified(other, critical=True))) == "cert"
    assert reason(token_of(certified(stamping, critical=True, signs=False))) == "cert"


def test_cert_that_the_token_does_not_name_is_refused() -> None:
    other = new_party(ISSUER, Purpose.TIMESTAMP, licence_number=None)

    def swap(content: ContentInfo) -> None:
        content["content"]["certificates"] = [ContentInfo.load(token_of(other))["content"]["certificates"][0]]

    assert reason(changed(swap)) == "signer"


# --- the form ---------------------------------------------------------------------------------------------------


def test_signer_that_is_another_than_the_cert_is_refused() -> None:
    def rename(content: ContentInfo) -> None:
        content["content"]["signer_infos"][0]["sid"].chosen["serial_number"] = 99

    assert reason(changed(rename)) == "signer"


def test_two_signers_are_refused() -> None:
    def double(content: ContentInfo) -> None:
        signers = content["content"]["signer_infos"]
        signers.append(signers[0].copy())

    assert reason(changed(double)) == "form"


def test_other_content_than_was_signed_is_refused() -> None:
    assert reason(TOKEN.replace(b"20261101080000Z", b"20261101070000Z")) == "signature"
    assert reason(TOKEN.replace(DIGEST, bytes(32)), digest=bytes(32)) == "signature"
    assert reason(TOKEN, digest=bytes(32)) == "digest"


@pytest.mark.parametrize("length", [0, 1, 20, 200, -65, -1])
def test_truncated_token_is_refused(length: int) -> None:
    assert reason(TOKEN[:length]) == "form"


def test_token_with_more_behind_it_is_refused() -> None:
    assert reason(TOKEN + b"\x00") == "form"
    assert reason(TOKEN + bytes(100_000)) == "form"


@settings(max_examples=60)
@given(st.integers(0, len(TOKEN) - 1), st.integers(1, 255))
def test_changed_byte_is_refused_or_changes_nothing_that_is_proven(at: int, by: int) -> None:
    broken = bytearray(TOKEN)
    broken[at] ^= by
    with suppress(TimestampRefusedError):
        assert verified(bytes(broken)) == verified(TOKEN)
