"""X.509 certs: the TEST authority that certifies a given public key, and the verification of one party's cert.

Rules: chains are one level (a party's cert is issued directly by an anchor of the trust list); the purpose is a private
extended key usage, but a timestamp authority's is the public one, critical and alone (RFC 3161 section 2.3); an
enterprise's or department's licence number stands in both organizationIdentifier and serialNumber of the subject; TEST
certs carry a critical private extension, so that no foreign software accepts them and production refuses them. An
unknown critical extension is refused (RFC 5280 section 4.2).
Not checked here: revocation (the trust list and the e-licence port do), the check digits of a licence number.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID

from signing.algorithms import (
    OutsideKey,
    PrivateKey,
    PublicKey,
    algorithm_of,
    key_id,
    listed,
    verify_cert_signature,
    verify_outside_cert_signature,
)
from signing.errors import AlgorithmRefusedError, CertRefusedError, SignatureInvalidError

# A UUID of our own under 2.25 (ITU-T X.667): private, and needs no registration.
_ARC = "2.25.64415357385420484476005102715817798255"
TEST_EXTENSION_OID = x509.ObjectIdentifier(f"{_ARC}.1")
_TEST_EXTENSION_DER = b"\x0c\x04TEST"  # UTF8String "TEST"
# What the library raises for a hostile cert, some of it only when a part is first read.
_UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
    Warning,
)
_MOST_KEPT = 256
_LONGEST_NAME_BYTES = 64  # ub-common-name (RFC 5280, appendix A)
_LICENCE_NUMBER = re.compile(r"[0-9A-Za-z-]{1,64}")
_UNDERSTOOD_EXTENSIONS = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        TEST_EXTENSION_OID,
    }
)


class Purpose(StrEnum):
    """What a cert's key may be used for; each is a private extended key usage."""

    ROOT = "root"
    AUTHORITY = "authority"
    SEAL = "seal"
    SYSTEM = "system"
    OFFICER = "officer"
    OPERATOR = "operator"
    E_LICENCE = "e_licence"
    HUB = "hub"
    TIMESTAMP = "timestamp"

    @property
    def oid(self) -> x509.ObjectIdentifier:
        """The extended key usage that says so."""
        return _PURPOSE_OIDS[self]


_PURPOSE_OIDS = {purpose: x509.ObjectIdentifier(f"{_ARC}.2.{number}") for number, purpose in enumerate(Purpose, 1)} | {
    Purpose.TIMESTAMP: ExtendedKeyUsageOID.TIME_STAMPING
}
# How many certs may stand below: a root certifies authorities, an authority certifies parties.
_PATH_LENGTHS = {Purpose.ROOT: 1, Purpose.AUTHORITY: 0}


@dataclass(frozen=True, slots=True)
class CertFacts:
    """What a cert says, once it is verified (or read, where the function's name says so)."""

    public_key: PublicKey
    algorithm: str
    key_id: str
    subject_name: str
    licence_number: str | None
    serial_hex: str
    sha256_hex: str
    not_before: datetime
    not_after: datetime
    is_test: bool


# --- the authority ---


def make_self_signed(
    private_key: PrivateKey,
    *,
    common_name: str,
    purpose: Purpose,
    serial: int,
    not_before: datetime,
    not_after: datetime,
    test: bool,
) -> bytes:
    """Return the DER of a cert that certifies its own key: a root, or an authority that the trust list anchors.

    `serial` is a positive number of at most 159 bits; the times are aware and kept to the second.
    """
    subject = _name(common_name, None)
    public_key = private_key.public_key()
    builder = _builder(public_key, subject, purpose, serial, not_before, not_after, test=test)
    return _signed(builder.issuer_name(subject), public_key, private_key)


def certify(
    public_key: PublicKey,
    *,
    common_name: str,
    licence_number: str | None,
    purpose: Purpose,
    issuer_cert: bytes,
    issuer_key: PrivateKey,
    serial: int,
    not_before: datetime,
    not_after: datetime,
    test: bool,
) -> bytes:
    """Return the DER of a cert that binds the given `public_key` to a name and licence number, for one purpose.

    `issuer_cert` (DER) and `issuer_key` are the authority's. Raises CertRefusedError when they do not belong together
    or the licence number is not plain letters and digits.
    """
    issuer = _load(issuer_cert)
    if key_id(_public_key_of(issuer)) != key_id(issuer_key.public_key()):
        raise CertRefusedError("chain", "the authority's key is not the key of its cert")
    if licence_number is not None and not _LICENCE_NUMBER.fullmatch(licence_number):
        raise CertRefusedError("malformed", "a licence number in a cert is letters, digits and hyphens")
    subject = _name(common_name, licence_number)
    builder = _builder(public_key, subject, purpose, serial, not_before, not_after, test=test)
    return _signed(builder.issuer_name(issuer.subject), issuer_key.public_key(), issuer_key)


def _name(common_name: str, licence_number: str | None) -> x509.Name:
    shown = _cut(common_name)
    attributes = [
        x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, shown),
        x509.NameAttribute(NameOID.COMMON_NAME, shown),
    ]
    if licence_number is not None:
        attributes += [
            x509.NameAttribute(NameOID.ORGANIZATION_IDENTIFIER, licence_number),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, licence_number),
        ]
    return x509.Name(attributes)


def _cut(name: str) -> str:
    """Return a name as long as a cert can show it; who it is stands in the licence number, not in the name."""
    octets = name.encode()
    if len(octets) <= _LONGEST_NAME_BYTES:
        return name
    return octets[: _LONGEST_NAME_BYTES - 3].decode(errors="ignore") + "…"


def _builder(
    public_key: PublicKey,
    subject: x509.Name,
    purpose: Purpose,
    serial: int,
    not_before: datetime,
    not_after: datetime,
    *,
    test: bool,
) -> x509.CertificateBuilder:
    path_length = _PATH_LENGTHS.get(purpose)
    constraints = x509.BasicConstraints(ca=path_length is not None, path_length=path_length)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(public_key)
        .serial_number(serial)
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(constraints, critical=True)
        .add_extension(_key_usage(purpose), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose.oid]), critical=purpose is Purpose.TIMESTAMP)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )
    if test:
        builder = builder.add_extension(
            x509.UnrecognizedExtension(TEST_EXTENSION_OID, _TEST_EXTENSION_DER), critical=True
        )
    return builder


def _key_usage(purpose: Purpose) -> x509.KeyUsage:
    certifies = purpose in _PATH_LENGTHS
    return x509.KeyUsage(
        # A root also signs trust lists.
        digital_signature=purpose is not Purpose.AUTHORITY,
        content_commitment=purpose in (Purpose.SEAL, Purpose.OFFICER, Purpose.E_LICENCE),
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certifies,
        crl_sign=certifies,
        encipher_only=False,
        decipher_only=False,
    )


def _signed(builder: x509.CertificateBuilder, issuer_public_key: PublicKey, issuer_key: PrivateKey) -> bytes:
    algorithm = listed(algorithm_of(issuer_public_key))
    cert = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_public_key), critical=False
    ).sign(issuer_key, algorithm.cert_hash)
    return cert.public_bytes(serialization.Encoding.DER)


# --- verification ---


def verify_cert(
    cert_der: bytes, *, anchors: Sequence[bytes], purpose: Purpose, at: datetime, allow_test: bool
) -> CertFacts:
    """Return the facts of a party's cert, issued directly by one of `anchors` (DER), for `purpose`, good at `at`.

    1 form and extensions 2 TEST only where allowed 3 issued by an anchor that may certify and is itself in its dates
    4 dates 5 purpose. Raises CertRefusedError with the reason of the first step that fails.
    """
    cert = _load(cert_der)
    facts = _facts_of(cert, cert_der)
    if facts.is_test and not allow_test:
        raise CertRefusedError("test_in_production", f"cert {facts.sha256_hex} is a TEST cert")
    _require_issued(cert, facts, [_load(anchor) for anchor in anchors], at, allow_test=allow_test)
    _require_in_dates(cert, at)
    _require_purpose(cert, purpose)
    return facts


def verify_timestamp_cert(
    cert_der: bytes, *, anchors: Sequence[bytes], at: datetime, allow_test: bool
) -> tuple[OutsideKey, str]:
    """Return key and common name of a timestamp authority's cert, issued directly by one of `anchors`, good at `at`.

    The authority may be anybody's: its key and its issuer's are P-256 or RSA. 1 form and extensions 2 TEST only where
    allowed 3 extended key usage is timeStamping, critical and alone (RFC 3161 section 2.3), and it certifies nobody
    4 dates 5 issued by an anchor that may certify and is itself in its dates. Raises CertRefusedError.
    """
    cert = _load(cert_der)
    if _is_test(cert) and not allow_test:
        raise CertRefusedError("test_in_production", f"cert with serial {cert.serial_number:x} is a TEST cert")
    _require_timestamps_only(cert)
    _require_in_dates(cert, at)
    for anchor in map(_load, anchors):
        if anchor.subject != cert.issuer or not _may_certify(anchor):
            continue
        try:
            verify_outside_cert_signature(cert, _outside_key_of(anchor))
        except (SignatureInvalidError, AlgorithmRefusedError):
            continue
        if _is_test(anchor) and not allow_test:
            raise CertRefusedError("test_in_production", "the issuer of a timestamp cert is a TEST authority")
        _require_in_dates(anchor, at)
        return _outside_key_of(cert), _common_name(cert)
    raise CertRefusedError("chain", f"cert with serial {cert.serial_number:x} is not issued by an accepted authority")


def _require_timestamps_only(cert: x509.Certificate) -> None:
    usages, signs = None, True
    for extension in cert.extensions:
        if isinstance(extension.value, x509.ExtendedKeyUsage):
            usages = list(extension.value) if extension.critical else None
        elif isinstance(extension.value, x509.KeyUsage):
            signs = extension.value.digital_signature or extension.value.content_commitment
    if usages != [Purpose.TIMESTAMP.oid] or not signs or _may_certify(cert):
        raise CertRefusedError("purpose", f"cert with serial {cert.serial_number:x} is not for timestamps alone")


def _outside_key_of(cert: x509.Certificate) -> OutsideKey:
    try:
        public_key = cert.public_key()
    except _UNREADABLE as error:
        raise CertRefusedError("algorithm", "the cert's key cannot be read") from error
    if not isinstance(public_key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise CertRefusedError("algorithm", "the cert's key is neither of a curve nor RSA")
    return public_key


def read_cert_unverified(cert_der: bytes) -> CertFacts:
    """Return what a cert says of itself: its form is checked, its issuer, dates and purpose are not."""
    return _facts_of(_load(cert_der), cert_der)


# The certs of systems, bodies and authorities come again with every call. What is kept follows from their bytes alone:
# dates, purposes and who may certify are asked anew each time.
@lru_cache(maxsize=_MOST_KEPT)
def _load(cert_der: bytes) -> x509.Certificate:
    try:
        cert = x509.load_der_x509_certificate(cert_der)
        extensions = list(cert.extensions)
        canonical = cert.public_bytes(serialization.Encoding.DER)
        # Read here, where a broken one is met: the library parses these only when first asked.
        _ = cert.issuer, cert.subject, cert.signature_algorithm_oid
    except _UNREADABLE as error:
        raise CertRefusedError("malformed", "not a readable X.509 cert") from error
    if cert.version is not x509.Version.v3 or canonical != cert_der:
        raise CertRefusedError("malformed", "the cert is not version 3 in DER")
    if any(extension.critical and extension.oid not in _UNDERSTOOD_EXTENSIONS for extension in extensions):
        raise CertRefusedError("critical_extension", "the cert has a critical extension that is not understood")
    return cert


@lru_cache(maxsize=_MOST_KEPT)
def _facts_of(cert: x509.Certificate, cert_der: bytes) -> CertFacts:
    public_key = _public_key_of(cert)
    try:
        return CertFacts(
            public_key=public_key,
            algorithm=algorithm_of(public_key),
            key_id=key_id(public_key),
            subject_name=_common_name(cert),
            licence_number=_licence_number(cert),
            serial_hex=f"{cert.serial_number:x}",
            sha256_hex=hashlib.sha256(cert_der).hexdigest(),
            not_before=cert.not_valid_before_utc,
            not_after=cert.not_valid_after_utc,
            is_test=_is_test(cert),
        )
    except _UNREADABLE as error:
        raise CertRefusedError("malformed", "not a readable X.509 cert") from error


def _public_key_of(cert: x509.Certificate) -> PublicKey:
    try:
        public_key = cert.public_key()
        if isinstance(public_key, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
            algorithm_of(public_key)
            return public_key
    except (ValueError, UnsupportedAlgorithm, AlgorithmRefusedError) as error:
        raise CertRefusedError("algorithm", "the cert's key belongs to no algorithm of the closed list") from error
    raise CertRefusedError("algorithm", "the cert's key belongs to no algorithm of the closed list")


def _single(cert: x509.Certificate, oid: x509.ObjectIdentifier) -> str | None:
    values = [attribute.value for attribute in cert.subject.get_attributes_for_oid(oid)]
    if len(values) > 1 or not all(isinstance(value, str) for value in values):
        raise CertRefusedError("malformed", "the cert's subject names something twice")
    return str(values[0]) if values else None


def _common_name(cert: x509.Certificate) -> str:
    name = _single(cert, NameOID.COMMON_NAME)
    if not name:
        raise CertRefusedError("malformed", "the cert's subject has no common name")
    return name


def _licence_number(cert: x509.Certificate) -> str | None:
    number = _single(cert, NameOID.ORGANIZATION_IDENTIFIER)
    if number != _single(cert, NameOID.SERIAL_NUMBER):
        raise CertRefusedError("malformed", "the cert's two places for the licence number differ")
    if number is not None and not _LICENCE_NUMBER.fullmatch(number):
        raise CertRefusedError("malformed", "the cert's licence number is not letters, digits and hyphens")
    return number


def _is_test(cert: x509.Certificate) -> bool:
    return any(extension.oid == TEST_EXTENSION_OID for extension in cert.extensions)


def _require_issued(
    cert: x509.Certificate, facts: CertFacts, anchors: Sequence[x509.Certificate], at: datetime, *, allow_test: bool
) -> None:
    for anchor in anchors:
        if anchor.subject != cert.issuer or not _may_certify(anchor) or not _has_signed(anchor, cert):
            continue
        if _is_test(anchor) and not allow_test:
            raise CertRefusedError("test_in_production", f"the issuer of cert {facts.sha256_hex} is a TEST authority")
        _require_in_dates(anchor, at)
        return
    raise CertRefusedError("chain", f"cert {facts.sha256_hex} is not issued by an accepted authority")


@lru_cache(maxsize=_MOST_KEPT)
def _has_signed(issuer: x509.Certificate, cert: x509.Certificate) -> bool:
    try:
        verify_cert_signature(cert, _public_key_of(issuer))
    except (SignatureInvalidError, AlgorithmRefusedError):
        return False
    return True


def _may_certify(cert: x509.Certificate) -> bool:
    try:
        constraints = cert.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = cert.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return constraints.ca and usage.key_cert_sign


def _require_in_dates(cert: x509.Certificate, at: datetime) -> None:
    if not cert.not_valid_before_utc <= at <= cert.not_valid_after_utc:
        raise CertRefusedError("dates", f"cert with serial {cert.serial_number:x} is not valid at that time")


def _require_purpose(cert: x509.Certificate, purpose: Purpose) -> None:
    try:
        usages = list(cert.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
    except x509.ExtensionNotFound:
        usages = []
    # A party that may certify could make parties of its own.
    if purpose.oid not in usages or _may_certify(cert) != (purpose in _PATH_LENGTHS):
        raise CertRefusedError("purpose", f"cert with serial {cert.serial_number:x} is not for {purpose}")
