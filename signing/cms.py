"""CMS signatures over a digest, as PAdES baseline B-B has them: three signed attributes, the cert inside, no time.

Sources: RFC 5652 sections 5.1 to 5.6 (SignedData), RFC 5035 section 3 (signing-certificate-v2), RFC 5754 section 3
(ECDSA with SHA-256), ETSI EN 319 142-1 section 6.3 (no signing-time: the PDF's own /M claims it).
Everything here is written, nothing read: the DER of strangers is not this module's.
"""

from collections.abc import Sequence
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from signing.errors import AlgorithmRefusedError, CertRefusedError
from signing.signers import Signer

_SEQUENCE, _SET, _INTEGER, _OCTETS = 0x30, 0x31, 0x02, 0x04
_SIGNED_DATA = "1.2.840.113549.1.7.2"
_DATA = "1.2.840.113549.1.7.1"
_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_SIGNING_CERT_V2 = "1.2.840.113549.1.9.16.2.47"
_SHA256 = "2.16.840.1.101.3.4.2.1"
_ECDSA_SHA256 = "1.2.840.10045.4.3.2"


def sign_digest(digest: bytes, *, signer: Signer, statement: bytes | None, chain: Sequence[bytes] = ()) -> bytes:
    """Return the DER of a detached SignedData over content whose SHA-256 is `digest` (32 bytes).

    The signer's cert and `chain` (DER) stand inside. Raises CertRefusedError when the signer has no cert, and
    AlgorithmRefusedError for a key other than ES256: a reader of PDF knows no other of the closed list.
    """
    cert_der = signer.cert_der
    if cert_der is None:
        raise CertRefusedError("missing", "a signature in a document needs its signer's cert")
    if signer.algorithm != "ES256":
        raise AlgorithmRefusedError("documents are signed by ES256 only")
    attributes = sorted(
        [
            _attribute(_CONTENT_TYPE, _oid(_DATA)),
            _attribute(_MESSAGE_DIGEST, _tlv(_OCTETS, digest)),
            _attribute(_SIGNING_CERT_V2, _signing_cert(cert_der)),
        ]
    )
    # Signed as a SET, carried as [0] IMPLICIT (RFC 5652 section 5.4).
    raw = signer.sign(_tlv(_SET, *attributes), statement=statement)
    half = len(raw) // 2
    signature = encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))
    signer_info = _tlv(
        _SEQUENCE,
        _integer(1),
        _tlv(_SEQUENCE, *_issuer_and_serial(cert_der)),
        _tlv(_SEQUENCE, _oid(_SHA256)),
        _tlv(0xA0, *attributes),
        _tlv(_SEQUENCE, _oid(_ECDSA_SHA256)),
        _tlv(_OCTETS, signature),
    )
    signed = _tlv(
        _SEQUENCE,
        _integer(1),
        _tlv(_SET, _tlv(_SEQUENCE, _oid(_SHA256))),
        _tlv(_SEQUENCE, _oid(_DATA)),
        _tlv(0xA0, *sorted([cert_der, *chain])),
        _tlv(_SET, signer_info),
    )
    return _tlv(_SEQUENCE, _oid(_SIGNED_DATA), _tlv(0xA0, signed))


def _attribute(oid: str, value: bytes) -> bytes:
    return _tlv(_SEQUENCE, _oid(oid), _tlv(_SET, value))


def _signing_cert(cert_der: bytes) -> bytes:
    """Return SigningCertificateV2 of one cert; SHA-256 is its default digest and so not written."""
    name, serial = _issuer_and_serial(cert_der)
    issuer_serial = _tlv(_SEQUENCE, _tlv(_SEQUENCE, _tlv(0xA4, name)), serial)
    cert_id = _tlv(_SEQUENCE, _tlv(_OCTETS, sha256(cert_der).digest()), issuer_serial)
    return _tlv(_SEQUENCE, _tlv(_SEQUENCE, cert_id))


def _issuer_and_serial(cert_der: bytes) -> tuple[bytes, bytes]:
    cert = x509.load_der_x509_certificate(cert_der)
    return cert.issuer.public_bytes(), _integer(cert.serial_number)


def _integer(number: int) -> bytes:
    return _tlv(_INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    return _tlv(0x06, bytes([40 * first + second]), *map(_base128, rest))


def _base128(number: int) -> bytes:
    octets = [number & 0x7F]
    while number := number >> 7:
        octets.append(number & 0x7F | 0x80)
    return bytes(reversed(octets))


def _tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content
