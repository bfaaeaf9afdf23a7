"""The closed list of signature algorithms, and the only place where a signature is made or checked.

A further algorithm is one more `Algorithm` in `ALGORITHMS`. Nothing here looks at a header to choose: the caller
names the algorithm its trust list states for the key, and a key of another kind is refused.

ES256: ECDSA over P-256 with SHA-256 (FIPS 186-5), as r‖s of 2 × 32 bytes (RFC 7518 section 3.4).
Ed25519: RFC 8032, under its own name (RFC 9864); keys of small order are refused, because anybody can sign for them,
and so are keys not in their canonical form.

Authorities outside of the trust list (timestamps) sign by what they have: P-256 or RSA of at least 2,048 bits, with
SHA-256. Their signatures are checked here too, by a function of their own, and open none of our doors.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.x509.oid import SignatureAlgorithmOID

from signing.base64url import encode
from signing.errors import AlgorithmRefusedError, SignatureInvalidError

PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_P256_NAME = "secp256r1"
_P256_WIDTH = 32
_LEAST_RSA_BITS = 2_048
# The y coordinates of the eight points whose order divides the cofactor: 0, ±1, and ±y where dy⁴ + 2y² = 1.
_ED25519_FIELD = 2**255 - 19
_ED25519_ORDER_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
_ED25519_SMALL = frozenset({0, 1, _ED25519_FIELD - 1, _ED25519_ORDER_8, _ED25519_FIELD - _ED25519_ORDER_8})
_ECDSA_SHA256 = ec.ECDSA(hashes.SHA256())


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One way to sign: its name in headers and lists, its acts, and its form inside X.509."""

    name: str
    generate: Callable[[], PrivateKey]
    sign: Callable[[PrivateKey, bytes], bytes]
    verify: Callable[[PublicKey, bytes, bytes], None]
    matches: Callable[[PublicKey], bool]
    cert_signature_oid: x509.ObjectIdentifier
    cert_hash: hashes.SHA256 | None
    raw_cert_signature: Callable[[bytes], bytes]


def _sign_es256(private_key: PrivateKey, message: bytes) -> bytes:
    if not isinstance(private_key, ec.EllipticCurvePrivateKey) or private_key.curve.name != _P256_NAME:
        raise AlgorithmRefusedError("ES256 needs a P-256 key")
    r, s = decode_dss_signature(private_key.sign(message, _ECDSA_SHA256))
    return r.to_bytes(_P256_WIDTH, "big") + s.to_bytes(_P256_WIDTH, "big")


def _verify_es256(public_key: PublicKey, signature: bytes, message: bytes) -> None:
    if not isinstance(public_key, ec.EllipticCurvePublicKey):
        raise AlgorithmRefusedError("ES256 needs a P-256 key")
    if len(signature) != 2 * _P256_WIDTH:
        raise SignatureInvalidError("an ES256 signature is 64 bytes")
    r = int.from_bytes(signature[:_P256_WIDTH], "big")
    s = int.from_bytes(signature[_P256_WIDTH:], "big")
    if not (0 < r < P256_ORDER and 0 < s < P256_ORDER):
        raise SignatureInvalidError("r or s is outside 1 … n-1")
    public_key.verify(encode_dss_signature(r, s), message, _ECDSA_SHA256)


def _es256_from_der(signature_der: bytes) -> bytes:
    try:
        r, s = decode_dss_signature(signature_der)
        if encode_dss_signature(r, s) != signature_der:
            raise SignatureInvalidError("the signature is not DER")
        return r.to_bytes(_P256_WIDTH, "big") + s.to_bytes(_P256_WIDTH, "big")
    except (ValueError, OverflowError) as error:
        raise SignatureInvalidError("the signature is not DER of two 256-bit numbers") from error


def _sign_ed25519(private_key: PrivateKey, message: bytes) -> bytes:
    if not isinstance(private_key, ed25519.Ed25519PrivateKey):
        raise AlgorithmRefusedError("Ed25519 needs an Ed25519 key")
    return private_key.sign(message)


def _verify_ed25519(public_key: PublicKey, signature: bytes, message: bytes) -> None:
    if not isinstance(public_key, ed25519.Ed25519PublicKey):
        raise AlgorithmRefusedError("Ed25519 needs an Ed25519 key")
    public_key.verify(signature, message)


def _is_ed25519(public_key: PublicKey) -> bool:
    if not isinstance(public_key, ed25519.Ed25519PublicKey):
        return False
    # A y past the field would be a second name for a key (RFC 8032 section 5.1.3, step 1).
    y = int.from_bytes(public_key.public_bytes_raw(), "little") % 2**255
    return y < _ED25519_FIELD and y not in _ED25519_SMALL


ALGORITHMS: dict[str, Algorithm] = {
    algorithm.name: algorithm
    for algorithm in (
        Algorithm(
            name="ES256",
            generate=lambda: ec.generate_private_key(ec.SECP256R1()),
            sign=_sign_es256,
            verify=_verify_es256,
            matches=lambda key: isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == _P256_NAME,
            cert_signature_oid=SignatureAlgorithmOID.ECDSA_WITH_SHA256,
            cert_hash=hashes.SHA256(),
            raw_cert_signature=_es256_from_der,
        ),
        Algorithm(
            name="Ed25519",
            generate=ed25519.Ed25519PrivateKey.generate,
            sign=_sign_ed25519,
            verify=_verify_ed25519,
            matches=_is_ed25519,
            cert_signature_oid=SignatureAlgorithmOID.ED25519,
            cert_hash=None,
            raw_cert_signature=bytes,
        ),
    )
}


def listed(algorithm: str) -> Algorithm:
    """Return the `Algorithm` of this exact name, or raise AlgorithmRefusedError."""
    found = ALGORITHMS.get(algorithm)
    if found is None:
        raise AlgorithmRefusedError("the algorithm is not in the closed list")
    return found


def algorithm_of(public_key: PublicKey) -> str:
    """Return the name of the one algorithm this key is for; AlgorithmRefusedError for any other kind or curve."""
    for algorithm in ALGORITHMS.values():
        if algorithm.matches(public_key):
            return algorithm.name
    raise AlgorithmRefusedError("the key belongs to no algorithm of the closed list")


def generate_private_key(algorithm: str) -> PrivateKey:
    """Return a fresh private key, drawn from the operating system's randomness."""
    return listed(algorithm).generate()


def sign(algorithm: str, private_key: PrivateKey, message: bytes) -> bytes:
    """Return the raw signature over `message` (ES256: r‖s; Ed25519: R‖S; both 64 bytes).

    Raises AlgorithmRefusedError when the algorithm is not listed or the key is of another kind or curve.
    """
    return listed(algorithm).sign(private_key, message)


def verify_signature(algorithm: str, public_key: PublicKey, signature: bytes, message: bytes) -> None:
    """Return when `signature` (raw form, see `sign`) over `message` is the key's.

    Raises AlgorithmRefusedError when the algorithm is not listed or the key is of another kind, else
    SignatureInvalidError.
    """
    entry = listed(algorithm)
    if not entry.matches(public_key):
        raise AlgorithmRefusedError(f"the key is not one for {algorithm}")
    try:
        entry.verify(public_key, signature, message)
    except InvalidSignature as error:
        raise SignatureInvalidError("the signature does not match") from error


def verify_cert_signature(cert: x509.Certificate, issuer_public_key: PublicKey) -> None:
    """Return when the cert's signature over its TBS bytes is the issuer key's, by that key's own algorithm.

    Names, dates and extensions are `signing.x509`'s business. Raises as `verify_signature`.
    """
    algorithm = listed(algorithm_of(issuer_public_key))
    if cert.signature_algorithm_oid != algorithm.cert_signature_oid:
        raise AlgorithmRefusedError("the cert is not signed by the algorithm of its issuer's key")
    signature = algorithm.raw_cert_signature(cert.signature)
    verify_signature(algorithm.name, issuer_public_key, signature, cert.tbs_certificate_bytes)


OutsideKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


def verify_outside_signature(public_key: OutsideKey, signature: bytes, message: bytes) -> None:
    """Return when an outside authority's signature (as X.509 and CMS carry it) over `message` is the key's.

    ECDSA over P-256, or RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2), both with SHA-256. Raises AlgorithmRefusedError for a
    key of another kind or size, else SignatureInvalidError.
    """
    try:
        if isinstance(public_key, rsa.RSAPublicKey):
            if public_key.key_size < _LEAST_RSA_BITS:
                raise AlgorithmRefusedError("an RSA key of an authority has at least 2,048 bits")
            public_key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        elif public_key.curve.name == _P256_NAME:
            _verify_es256(public_key, _es256_from_der(signature), message)
        else:
            raise AlgorithmRefusedError("an authority signs by P-256 or RSA")
    except InvalidSignature as error:
        raise SignatureInvalidError("the signature does not match") from error


def verify_outside_cert_signature(cert: x509.Certificate, issuer_public_key: OutsideKey) -> None:
    """Return when an outside cert's signature is the issuer key's. Raises as `verify_outside_signature`."""
    is_rsa = isinstance(issuer_public_key, rsa.RSAPublicKey)
    wanted = SignatureAlgorithmOID.RSA_WITH_SHA256 if is_rsa else SignatureAlgorithmOID.ECDSA_WITH_SHA256
    if cert.signature_algorithm_oid != wanted:
        raise AlgorithmRefusedError("the cert is not signed by its issuer's algorithm with SHA-256")
    verify_outside_signature(issuer_public_key, cert.signature, cert.tbs_certificate_bytes)


def spki(public_key: PublicKey) -> bytes:
    """Return the key as SubjectPublicKeyInfo in DER (RFC 5280 section 4.1)."""
    return public_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def public_key_from_spki(spki_der: bytes) -> PublicKey:
    """Return the key of a SubjectPublicKeyInfo in DER.

    Raises AlgorithmRefusedError when it is no key of the closed list, or not written in the one form that `spki`
    writes (compressed points and explicit curves would give one key two names).
    """
    try:
        public_key = serialization.load_der_public_key(spki_der)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise AlgorithmRefusedError("not a readable public key") from error
    if not isinstance(public_key, ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
        raise AlgorithmRefusedError("the key belongs to no algorithm of the closed list")
    algorithm_of(public_key)
    if spki(public_key) != spki_der:
        raise AlgorithmRefusedError("the public key is not in its canonical form")
    return public_key


def key_id(public_key: PublicKey) -> str:
    """Return `kid`, the key's name everywhere: base64url(SHA-256(SubjectPublicKeyInfo)), 43 characters."""
    return encode(hashlib.sha256(spki(public_key)).digest())
