"""Certs: purpose, chain, dates, TEST in production; and OpenSSL's word on the chain."""

import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID, NameOID

from signing.algorithms import generate_private_key, key_id
from signing.errors import CertRefusedError
from signing.x509 import TEST_EXTENSION_OID, CertFacts, Purpose, certify, read_cert_unverified, verify_cert
from tests.signing.authority import ISSUING_BODY, NOW, YEAR, Certified, new_authority, new_party, new_root

ROOT = new_root()
AUTHORITY = new_authority(ROOT)


def _verify(party: Certified, purpose: Purpose = Purpose.SEAL, **changes: object) -> CertFacts:
    arguments: dict[str, object] = {"anchors": [AUTHORITY.cert_der], "at": NOW, "allow_test": True, **changes}
    return verify_cert(party.cert_der, purpose=purpose, **arguments)  # type: ignore[arg-type]


def _reason(party: Certified, purpose: Purpose = Purpose.SEAL, **changes: object) -> str:
    with pytest.raises(CertRefusedError) as refused:
        _verify(party, purpose, **changes)
    return refused.value.reason


def _handmade(change: Callable[[x509.CertificateBuilder], x509.CertificateBuilder], *, eku: bool = True) -> Certified:
    """Return a cert of the authority with anything in it that its own code would not write."""
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = x509.load_der_x509_certificate(AUTHORITY.cert_der)
    builder = (
        x509.CertificateBuilder()
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(9)
        .not_valid_before(NOW - YEAR)
        .not_valid_after(NOW + YEAR)
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "示例")]))
    )
    if eku:
        builder = builder.add_extension(x509.ExtendedKeyUsage([Purpose.SEAL.oid]), critical=False)
    assert isinstance(AUTHORITY.key, ec.EllipticCurvePrivateKey)
    cert = change(builder).sign(AUTHORITY.key, hashes.SHA256())
    return Certified(key, cert.public_bytes(serialization.Encoding.DER))


# --- what a cert says ---


@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519"])
def test_a_partys_cert_tells_its_key_name_number_and_dates(algorithm: str) -> None:
    party = new_party(AUTHORITY, algorithm=algorithm)
    facts = _verify(party)
    assert facts.key_id == key_id(party.key.public_key())
    assert facts.algorithm == algorithm
    assert (facts.subject_name, facts.licence_number) == ("示例市市场监督管理局", ISSUING_BODY)
    assert (facts.serial_hex, facts.is_test) == ("2026", True)
    assert (facts.not_before, facts.not_after) == (NOW - YEAR, NOW + 2 * YEAR)
    assert read_cert_unverified(party.cert_der) == facts


def test_the_licence_number_stands_in_both_places_of_the_subject() -> None:
    subject = x509.load_der_x509_certificate(new_party(AUTHORITY).cert_der).subject
    places = (NameOID.ORGANIZATION_IDENTIFIER, NameOID.SERIAL_NUMBER)
    assert [subject.get_attributes_for_oid(place)[0].value for place in places] == [ISSUING_BODY] * 2


def test_a_cert_without_a_licence_number_says_so() -> None:
    assert _verify(new_party(AUTHORITY, licence_number=None)).licence_number is None


def test_constraints_usage_and_test_mark_are_critical() -> None:
    extensions = x509.load_der_x509_certificate(new_party(AUTHORITY).cert_der).extensions
    critical = {extension.oid for extension in extensions if extension.critical}
    assert critical == {ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE, TEST_EXTENSION_OID}


def test_an_authority_may_not_make_authorities() -> None:
    cert = x509.load_der_x509_certificate(AUTHORITY.cert_der)
    assert cert.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0


# --- chain ---


def test_a_cert_of_an_unknown_authority_is_refused() -> None:
    stranger = new_authority(new_root())
    assert _reason(new_party(stranger)) == "chain"
    assert _reason(new_party(AUTHORITY), anchors=[]) == "chain"


def test_an_authority_of_the_same_name_does_not_stand_in_for_another() -> None:
    namesake = new_authority(ROOT)
    party = new_party(namesake)
    assert _reason(party) == "chain"
    assert _verify(party, anchors=[AUTHORITY.cert_der, namesake.cert_der]).is_test


def test_a_party_may_not_certify_others() -> None:
    department = new_party(AUTHORITY)
    assert _reason(new_party(department), anchors=[department.cert_der]) == "chain"


def test_a_chain_of_two_levels_is_refused() -> None:
    assert _reason(new_party(AUTHORITY), anchors=[ROOT.cert_der]) == "chain"


def test_a_self_made_cert_that_names_the_authority_as_issuer_is_refused() -> None:
    own = new_party(AUTHORITY)
    forged = Certified(own.key, own.cert_der[:-8] + bytes(8))
    with pytest.raises(CertRefusedError):
        _verify(forged)


def test_the_authoritys_key_must_be_the_one_in_its_cert() -> None:
    with pytest.raises(CertRefusedError) as refused:
        new_party(Certified(generate_private_key("ES256"), AUTHORITY.cert_der))
    assert refused.value.reason == "chain"


@pytest.mark.parametrize("algorithms", [("ES256", "Ed25519"), ("Ed25519", "ES256")])
def test_authorities_and_parties_may_have_different_algorithms(algorithms: tuple[str, str]) -> None:
    authority = new_authority(ROOT, algorithm=algorithms[0])
    party = new_party(authority, algorithm=algorithms[1])
    assert _verify(party, anchors=[authority.cert_der]).algorithm == algorithms[1]


# --- dates ---


def test_dates_count_to_their_last_second() -> None:
    party = new_party(AUTHORITY)
    facts = _verify(party)
    assert _verify(party, at=facts.not_before) == facts
    assert _verify(party, at=facts.not_after) == facts
    assert _reason(party, at=facts.not_before - timedelta(seconds=1)) == "dates"
    assert _reason(party, at=facts.not_after + timedelta(seconds=1)) == "dates"


def test_an_expired_authority_vouches_for_nobody() -> None:
    party = new_party(AUTHORITY, not_after=NOW + 9 * YEAR)
    assert _reason(party, at=NOW + 3 * YEAR) == "dates"


# --- purpose ---


@pytest.mark.parametrize("purpose", [Purpose.SYSTEM, Purpose.OFFICER, Purpose.E_LICENCE, Purpose.HUB, Purpose.ROOT])
def test_a_seals_cert_is_good_for_nothing_else(purpose: Purpose) -> None:
    assert _reason(new_party(AUTHORITY, Purpose.SEAL), purpose) == "purpose"


@pytest.mark.parametrize(
    "purpose", [Purpose.SEAL, Purpose.SYSTEM, Purpose.OFFICER, Purpose.OPERATOR, Purpose.E_LICENCE]
)
def test_each_purpose_is_found_in_its_cert(purpose: Purpose) -> None:
    assert _verify(new_party(AUTHORITY, purpose), purpose).licence_number == ISSUING_BODY


def test_a_cert_without_a_purpose_is_refused() -> None:
    assert _reason(_handmade(lambda builder: builder, eku=False)) == "purpose"


def test_a_party_that_could_certify_others_is_refused() -> None:
    def as_authority(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
        usage = x509.KeyUsage(True, False, False, False, False, True, False, False, False)
        constraints = x509.BasicConstraints(ca=True, path_length=None)
        return builder.add_extension(constraints, critical=True).add_extension(usage, critical=True)

    assert _reason(_handmade(as_authority)) == "purpose"


# --- TEST ---


def test_production_refuses_a_test_cert_and_a_test_authority() -> None:
    assert _reason(new_party(AUTHORITY), allow_test=False) == "test_in_production"
    assert _reason(new_party(AUTHORITY, test=False), allow_test=False) == "test_in_production"


def test_production_accepts_its_own() -> None:
    authority = new_authority(new_root(test=False), test=False)
    facts = _verify(new_party(authority, test=False), anchors=[authority.cert_der], allow_test=False)
    assert not facts.is_test


def test_a_test_mark_that_is_not_critical_is_still_a_test_mark() -> None:
    mark = x509.UnrecognizedExtension(TEST_EXTENSION_OID, b"\x05\x00")
    party = _handmade(lambda builder: builder.add_extension(mark, critical=False))
    assert _verify(party).is_test
    assert _reason(party, allow_test=False) == "test_in_production"


# --- form ---


@pytest.mark.parametrize("octets", [b"", b"0", b"\x30\x00", b"not a cert", bytes(500)])
def test_bytes_that_are_no_cert_are_refused(octets: bytes) -> None:
    assert _reason(Certified(AUTHORITY.key, octets)) == "malformed"


def test_bytes_behind_a_cert_are_refused() -> None:
    party = new_party(AUTHORITY)
    assert _reason(Certified(party.key, party.cert_der + b"\0")) == "malformed"


def test_an_unknown_critical_extension_is_refused() -> None:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    assert _reason(_handmade(lambda builder: builder.add_extension(unknown, critical=True))) == "critical_extension"


def test_name_constraints_which_we_do_not_judge_are_refused_when_critical() -> None:
    constraints = x509.NameConstraints(permitted_subtrees=[x509.DNSName("example")], excluded_subtrees=None)
    party = _handmade(lambda builder: builder.add_extension(constraints, critical=True))
    assert _reason(party) == "critical_extension"


@pytest.mark.parametrize(
    "attributes",
    [
        [],
        [(NameOID.COMMON_NAME, "示例甲"), (NameOID.COMMON_NAME, "示例乙")],
        [(NameOID.COMMON_NAME, "示例"), (NameOID.SERIAL_NUMBER, "91442000MA4W00001X")],
        [(NameOID.COMMON_NAME, "示例"), (NameOID.ORGANIZATION_IDENTIFIER, "91442000MA4W00001X")],
        [(NameOID.COMMON_NAME, "示例"), (NameOID.ORGANIZATION_IDENTIFIER, "A"), (NameOID.SERIAL_NUMBER, "B")],
        [(NameOID.COMMON_NAME, "示例"), (NameOID.ORGANIZATION_IDENTIFIER, "A B"), (NameOID.SERIAL_NUMBER, "A B")],
    ],
)
def test_a_subject_without_one_name_or_with_two_numbers_is_refused(
    attributes: list[tuple[x509.ObjectIdentifier, str]],
) -> None:
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])

    def renamed(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
        builder._subject_name = name
        return builder

    assert _reason(_handmade(renamed)) == "malformed"


def test_a_cert_over_a_key_outside_the_closed_list_is_refused() -> None:
    other = ec.generate_private_key(ec.SECP384R1()).public_key()

    def rekeyed(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
        builder._public_key = other
        return builder

    assert _reason(_handmade(rekeyed)) == "algorithm"


@pytest.mark.parametrize("number", ["", " ", "9144 2000", "9144/2000", "示例", "9" * 65])
def test_a_licence_number_that_is_not_plain_is_not_certified(number: str) -> None:
    with pytest.raises(CertRefusedError):
        new_party(AUTHORITY, licence_number=number)


def test_a_given_public_key_is_certified_without_its_private_half() -> None:
    public_key = generate_private_key("Ed25519").public_key()
    cert_der = certify(
        public_key,
        common_name="示例餐饮有限公司",
        licence_number="91442000MA4W00001X",
        purpose=Purpose.E_LICENCE,
        issuer_cert=AUTHORITY.cert_der,
        issuer_key=AUTHORITY.key,
        serial=77,
        not_before=NOW,
        not_after=NOW + YEAR,
        test=True,
    )
    assert read_cert_unverified(cert_der).key_id == key_id(public_key)


# --- OpenSSL ---


def _openssl_verify(folder: Path, party: Certified, *options: str) -> subprocess.CompletedProcess[str]:
    for name, cert in (("root", ROOT), ("authority", AUTHORITY), ("party", party)):
        pem = x509.load_der_x509_certificate(cert.cert_der).public_bytes(serialization.Encoding.PEM)
        (folder / f"{name}.pem").write_bytes(pem)
    files = ["-CAfile", "root.pem", "-untrusted", "authority.pem", "party.pem"]
    at = str(int(NOW.timestamp()))
    command = ["openssl", "verify", "-x509_strict", "-attime", at, *options, *files]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519"])
def test_openssl_verifies_the_chain_when_told_to_pass_over_the_test_mark(tmp_path: Path, algorithm: str) -> None:
    result = _openssl_verify(tmp_path, new_party(AUTHORITY, algorithm=algorithm), "-ignore_critical")
    assert result.stdout == "party.pem: OK\n", result.stderr


def test_openssl_refuses_a_test_cert_by_itself(tmp_path: Path) -> None:
    result = _openssl_verify(tmp_path, new_party(AUTHORITY))
    assert result.returncode != 0
    assert "unhandled critical extension" in result.stderr


def test_openssl_reads_the_licence_number_and_the_private_purpose(tmp_path: Path) -> None:
    (tmp_path / "party.der").write_bytes(new_party(AUTHORITY).cert_der)
    command = ["openssl", "x509", "-inform", "DER", "-in", "party.der", "-noout", "-text", "-nameopt", "utf8"]
    text = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert f"organizationIdentifier={ISSUING_BODY}" in text.replace(" = ", "=")
    assert Purpose.SEAL.oid.dotted_string in text
