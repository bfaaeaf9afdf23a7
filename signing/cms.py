"""CMS signatures over a digest, as PAdES baseline B-B has them: three signed attributes, the cert inside, no time.

Of a container (ASiC, CAdES baseline B-B) a fourth attribute claims the time, as there is no /M beside it.

One form, written and read: what is read is taken apart only to be written again, and must come out the same, so that
no second CMS says what a sealed one says. ECDSA itself leaves two signatures that hold, (r, s) and (r, n - s); the one
with the smaller s is written. Strangers' bytes are cut by their lengths and nothing in them is parsed.

Sources: RFC 5652 sections 5.1 to 5.6 (SignedData), RFC 5035 section 3 (signing-certificate-v2), RFC 5754 section 3
(ECDSA with SHA-256), ETSI EN 319 142-1 section 6.3 (no signing-time: the PDF's own /M claims it), EN 319 122-1
section 6.3 (signing-time).
Not checked here: whether the cert counts, which is for `find_key` to say.
"""

from datetime import UTC, datetime
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from signing.algorithms import P256_ORDER, listed, verify_signature
from signing.errors import AlgorithmRefusedError, CertRefusedError, CmsRefusedError, SignatureInvalidError
from signing.jws import FindCertKey
from signing.signers import Signer

_SEQUENCE, _SET, _INTEGER, _OCTETS = 0x30, 0x31, 0x02, 0x04
_SIGNED_DATA = "1.2.840.113549.1.7.2"
_DATA = "1.2.840.113549.1.7.1"
_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_SIGNING_TIME = "1.2.840.113549.1.9.5"
_SIGNING_CERT_V2 = "1.2.840.113549.1.9.16.2.47"
_SHA256 = "2.16.840.1.101.3.4.2.1"
_ECDSA_SHA256 = "1.2.840.10045.4.3.2"
# Where things stand: which member of the outermost element, which member of that, and so on.
_CERT_AT = (1, 0, 3, 0)
_DIGEST_AT = (1, 0, 4, 0, 3, 1, 1, 0)
_SIGNATURE_AT = (1, 0, 4, 0, 5)
_SERIAL_AT = (0, 1)
_ISSUER_AT = (0, 3)


def sign_digest(digest: bytes, *, signer: Signer, statement: bytes | None, claimed_at: datetime | None = None) -> bytes:
    """Return the DER of a detached SignedData over content whose SHA-256 is `digest` (32 bytes).

    The signer's cert stands inside; `claimed_at` is the time it says it was made at, None for one that says none.
    Raises CertRefusedError when the signer has no cert, and AlgorithmRefusedError for a key other than ES256: a reader
    of PDF knows no other of the closed list.
    """
    cert_der = signer.cert_der
    if cert_der is None:
        raise CertRefusedError("missing", "a signature in a document needs its signer's cert")
    if signer.algorithm != "ES256":
        raise AlgorithmRefusedError("documents are signed by ES256 only")
    attributes = _attributes(digest, cert_der, claimed_at)
    return _signed_data(cert_der, attributes, signer.sign(_tlv(_SET, *attributes), statement=statement))


def verify_digest(cms_der: bytes, digest: bytes, *, find_key: FindCertKey) -> bytes:
    """Return the signer's cert (DER) when `cms_der` is a signature by its key over content of this SHA-256.

    1 the form is the one `sign_digest` writes: CmsRefusedError form 2 `find_key` knows the cert: what it raises, and
    AlgorithmRefusedError for a key other than ES256 3 the digest is the one signed: CmsRefusedError digest 4 the
    signature holds: SignatureInvalidError.
    """
    try:
        cert_der = _element_at(cms_der, *_CERT_AT)
        signed_digest = _content(_element_at(cms_der, *_DIGEST_AT))
        signature = listed("ES256").raw_cert_signature(_content(_element_at(cms_der, *_SIGNATURE_AT)))
        attributes = _attributes(signed_digest, cert_der)
        written = _signed_data(cert_der, attributes, signature)
    except (IndexError, ValueError, SignatureInvalidError) as error:
        raise CmsRefusedError(
            "form", "the CMS is cut short, or its signature is no two numbers of the curve"
        ) from error
    if written != cms_der:
        raise CmsRefusedError("form", "the CMS is not in the form that seals are written in")
    key = find_key(cert_der)
    if key.algorithm != "ES256":
        raise AlgorithmRefusedError("documents are signed by ES256 only")
    if signed_digest != digest:
        raise CmsRefusedError("digest", "the signature is over other content")
    verify_signature(key.algorithm, key.public_key, signature, _tlv(_SET, *attributes))
    return cert_der


# --- the form ---


def _attributes(digest: bytes, cert_der: bytes, claimed_at: datetime | None = None) -> list[bytes]:
    """Return the signed attributes: signed as a SET, carried as [0] IMPLICIT (RFC 5652 section 5.4)."""
    attributes = [
        _attribute(_CONTENT_TYPE, _oid(_DATA)),
        _attribute(_MESSAGE_DIGEST, _tlv(_OCTETS, digest)),
        _attribute(_SIGNING_CERT_V2, _signing_cert(cert_der)),
    ]
    if claimed_at is not None:
        attributes.append(_attribute(_SIGNING_TIME, _utc_time(claimed_at)))
    return sorted(attributes)


def _signed_data(cert_der: bytes, attributes: list[bytes], signature: bytes) -> bytes:
    signer_info = _tlv(
        _SEQUENCE,
        _integer(1),
        _tlv(_SEQUENCE, *_issuer_and_serial(cert_der)),
        _tlv(_SEQUENCE, _oid(_SHA256)),
        _tlv(0xA0, *attributes),
        _tlv(_SEQUENCE, _oid(_ECDSA_SHA256)),
        _tlv(_OCTETS, _signature_der(signature)),
    )
    signed = _tlv(
        _SEQUENCE,
        _integer(1),
        _tlv(_SET, _tlv(_SEQUENCE, _oid(_SHA256))),
        _tlv(_SEQUENCE, _oid(_DATA)),
        _tlv(0xA0, cert_der),
        _tlv(_SET, signer_info),
    )
    return _tlv(_SEQUENCE, _oid(_SIGNED_DATA), _tlv(0xA0, signed))


def _signature_der(raw: bytes) -> bytes:
    half = len(raw) // 2
    r, s = int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big")
    return encode_dss_signature(r, min(s, P256_ORDER - s))


def _attribute(oid: str, value: bytes) -> bytes:
    return _tlv(_SEQUENCE, _oid(oid), _tlv(_SET, value))


def _signing_cert(cert_der: bytes) -> bytes:
    """Return SigningCertificateV2 of one cert; SHA-256 is its default digest and so not written."""
    name, serial = _issuer_and_serial(cert_der)
    issuer_serial = _tlv(_SEQUENCE, _tlv(_SEQUENCE, _tlv(0xA4, name)), serial)
    cert_id = _tlv(_SEQUENCE, _tlv(_OCTETS, sha256(cert_der).digest()), issuer_serial)
    return _tlv(_SEQUENCE, _tlv(_SEQUENCE, cert_id))


def _issuer_and_serial(cert_der: bytes) -> tuple[bytes, bytes]:
    return _element_at(cert_der, *_ISSUER_AT), _element_at(cert_der, *_SERIAL_AT)


# --- DER ---


def _integer(number: int) -> bytes:
    return _tlv(_INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def _utc_time(moment: datetime) -> bytes:
    """Return a time of before 2050, to the second (RFC 5652 section 11.3)."""
    return _tlv(0x17, moment.astimezone(UTC).strftime("%y%m%d%H%M%SZ").encode("ascii"))


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


def _element_at(der: bytes, *path: int) -> bytes:
    """Return the element at `path` inside `der`, header and all; IndexError when there is none.

    One that claims to be longer than it is comes back cut: what is written again from it then differs.
    """
    for index in path:
        der = _content(der)
        for _ in range(index):
            der = der[_bounds(der)[1] :]
        der = der[: _bounds(der)[1]]
    return der


def _content(element: bytes) -> bytes:
    begins, ends = _bounds(element)
    return element[begins:ends]


def _bounds(der: bytes) -> tuple[int, int]:
    """Return where the content of the first element begins and ends."""
    first = der[1]
    if first < 0x80:
        return 2, 2 + first
    begins = 2 + (first & 0x7F)
    return begins, begins + int.from_bytes(der[2:begins], "big")
