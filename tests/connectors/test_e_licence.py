"""What the e-licence port believes: the right cert, at the right time, in the role stated, over exactly this text."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connectors.contract import CertStatus, LicenceSigner, SignedText
from connectors.e_licence import CertifiedELicence
from connectors.e_licence_simulator import ELicenceSimulator, SimulatorStatus
from connectors.errors import ELicenceCertError, ELicenceSignatureError
from signing.algorithms import PrivateKey, generate_private_key, sign
from signing.x509 import Purpose, certify, make_self_signed

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
NUMBER = "91442000MA4UNN6R9A"
NAME = "中山市示例食品有限公司"
TEXT = "一照通行电子证照授权书（第1版）\n示例"

AUTHORITY_KEY = generate_private_key("ES256")
AUTHORITY_CERT = make_self_signed(
    AUTHORITY_KEY,
    common_name="示例发证机构",
    purpose=Purpose.AUTHORITY,
    serial=1,
    not_before=NOW - YEAR,
    not_after=NOW + YEAR,
    test=False,
)


class AlwaysGood:
    """A source that has heard of no revocation."""

    def cert_status(self, signer: LicenceSigner, *, now: datetime) -> CertStatus:
        return CertStatus("good", now)


def certified(
    key: PrivateKey,
    *,
    common_name: str = f"{NAME}#0",
    licence_number: str | None = NUMBER,
    purpose: Purpose = Purpose.E_LICENCE,
    test: bool = False,
) -> bytes:
    return certify(
        key.public_key(),
        common_name=common_name,
        licence_number=licence_number,
        purpose=purpose,
        issuer_cert=AUTHORITY_CERT,
        issuer_key=AUTHORITY_KEY,
        serial=7,
        not_before=NOW - timedelta(days=1),
        not_after=NOW + timedelta(days=30),
        test=test,
    )


def signed_by(key: PrivateKey, cert_der: bytes) -> SignedText:
    return SignedText(TEXT, "ES256", sign("ES256", key, TEXT.encode()), cert_der, "legal_representative")


@pytest.fixture
def port() -> CertifiedELicence:
    return CertifiedELicence(lambda: [AUTHORITY_CERT], AlwaysGood(), allow_test=False)


@pytest.fixture
def key() -> PrivateKey:
    return generate_private_key("ES256")


@pytest.fixture
def signed(key: PrivateKey) -> SignedText:
    return signed_by(key, certified(key))


def test_the_signer_is_told_by_the_cert(port: CertifiedELicence, signed: SignedText) -> None:
    signer = port.verify(signed, at=NOW)
    assert (signer.licence_number, signer.name, signer.role) == (NUMBER, NAME, "legal_representative")
    assert signer.cert_serial == "7"
    assert port.cert_status(signer, now=NOW) == CertStatus("good", NOW)


def test_an_ed25519_licence_signs_too(port: CertifiedELicence) -> None:
    key = generate_private_key("Ed25519")
    signature = sign("Ed25519", key, TEXT.encode())
    signed = SignedText(TEXT, "Ed25519", signature, certified(key, common_name=f"{NAME}#1"), "manager")
    assert port.verify(signed, at=NOW).role == "manager"


def test_the_valid_twin_of_a_signature_names_the_same_signer(port: CertifiedELicence, signed: SignedText) -> None:
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    twin = (order - int.from_bytes(signed.signature[32:], "big")).to_bytes(32, "big")
    other = replace(signed, signature=signed.signature[:32] + twin)
    assert port.verify(other, at=NOW) == port.verify(signed, at=NOW)


@pytest.mark.parametrize(
    "text",
    [TEXT + "\n", TEXT.replace("示例", "示范"), "", "\ud800"],
    ids=["one more line end", "another word", "nothing", "lone surrogate"],
)
def test_another_text_than_was_signed_is_refused(port: CertifiedELicence, signed: SignedText, text: str) -> None:
    with pytest.raises(ELicenceSignatureError):
        port.verify(replace(signed, text=text), at=NOW)


@pytest.mark.parametrize(
    "change",
    [
        lambda signature: b"",
        lambda signature: signature + b"\0",
        lambda signature: bytes(64),
        lambda signature: signature[32:] + signature[:32],
    ],
)
def test_another_signature_is_refused(
    port: CertifiedELicence, signed: SignedText, change: Callable[[bytes], bytes]
) -> None:
    with pytest.raises(ELicenceSignatureError):
        port.verify(replace(signed, signature=change(signed.signature)), at=NOW)


def test_another_holders_cert_beside_the_signature_is_refused(port: CertifiedELicence, signed: SignedText) -> None:
    other = certified(generate_private_key("ES256"))
    with pytest.raises(ELicenceSignatureError):
        port.verify(replace(signed, cert_der=other), at=NOW)


@pytest.mark.parametrize(("days", "reason"), [(-2, "dates"), (31, "dates"), (400, "dates")])
def test_a_cert_counts_only_within_its_dates(
    port: CertifiedELicence, signed: SignedText, days: int, reason: str
) -> None:
    with pytest.raises(ELicenceCertError) as refusal:
        port.verify(signed, at=NOW + timedelta(days=days))
    assert refusal.value.reason == reason


def test_a_cert_of_another_authority_is_refused(signed: SignedText, key: PrivateKey) -> None:
    port = CertifiedELicence(list, AlwaysGood(), allow_test=False)
    with pytest.raises(ELicenceCertError) as refusal:
        port.verify(signed, at=NOW)
    assert refusal.value.reason == "chain"


@pytest.mark.parametrize(
    ("cert", "reason"),
    [
        (lambda key: certified(key, purpose=Purpose.OFFICER), "purpose"),
        (lambda key: certified(key, test=True), "test_in_production"),
        (lambda key: certified(key, licence_number=None), "licence_number"),
        (lambda key: certified(key, common_name=NAME), "role"),
        (lambda key: certified(key, common_name="#0"), "role"),
        (lambda key: certified(key, common_name=f"{NAME}#9"), "role"),
        (lambda key: certified(key, common_name=f"{NAME}#1"), "role"),
        (lambda key: b"no cert", "malformed"),
        (lambda key: AUTHORITY_CERT, "purpose"),
    ],
)
def test_a_cert_that_is_no_e_licence_in_this_role_is_refused(
    port: CertifiedELicence, key: PrivateKey, cert: Callable[[PrivateKey], bytes], reason: str
) -> None:
    with pytest.raises(ELicenceCertError) as refusal:
        port.verify(signed_by(key, cert(key)), at=NOW)
    assert refusal.value.reason == reason


def test_the_algorithm_is_the_keys_own(port: CertifiedELicence, signed: SignedText) -> None:
    with pytest.raises(ELicenceCertError) as refusal:
        port.verify(replace(signed, algorithm="Ed25519"), at=NOW)
    assert refusal.value.reason == "algorithm"


def test_anchors_are_asked_each_time(signed: SignedText) -> None:
    listed = [AUTHORITY_CERT]
    port = CertifiedELicence(lambda: listed, AlwaysGood(), allow_test=False)
    port.verify(signed, at=NOW)
    listed.clear()
    with pytest.raises(ELicenceCertError):
        port.verify(signed, at=NOW)


def test_a_hub_in_production_does_not_believe_the_simulator(tmp_path: Path) -> None:
    simulator = ELicenceSimulator(tmp_path, passphrase=bytes(32), mode="test", now=NOW)
    simulator.make_licence(NUMBER, NAME, "legal_representative", NOW)
    port = CertifiedELicence(lambda: [simulator.anchor_der], SimulatorStatus(tmp_path), allow_test=False)
    with pytest.raises(ELicenceCertError) as refusal:
        port.verify(simulator.sign(NUMBER, TEXT, "legal_representative"), at=NOW)
    assert refusal.value.reason == "test_in_production"
