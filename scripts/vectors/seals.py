"""The seals of the vectors: TEST keys and certs that are the same each time, since all follow from their names.

Nobody may trust them: whoever reads this file can sign with them. The authority signs by Ed25519, which draws nothing,
and the seals by deterministic ECDSA (RFC 6979), so that every vector comes out byte for byte.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from signing.algorithms import key_id
from signing.x509 import Purpose, certify, make_self_signed

SEALED_AT = datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC)
BODY, BODY_NAME = "11442000000000027P", "示例市场监管局"
# Name → whose key, whose authority's, and the serial of the cert.
SEALS = {
    "seal": ("seal", "authority", 1001),
    # The same key under another cert, and another key of the same body.
    "renewed": ("seal", "authority", 1002),
    "later": ("later seal", "authority", 1003),
    # A seal of the same authority that is in no list.
    "unlisted": ("unlisted seal", "authority", 1004),
    # A stranger's key and authority, under the very same names and numbers.
    "look_alike": ("stranger", "stranger's authority", 1001),
}
LISTED = ("seal", "renewed", "later")

_NOT_BEFORE, _NOT_AFTER = datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
_DETERMINISTIC = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)


@dataclass(frozen=True, slots=True)
class FixedSigner:
    """A `Signer` whose signature over the same message is the same."""

    private_key: ec.EllipticCurvePrivateKey = field(repr=False)
    cert_der: bytes
    algorithm: str = "ES256"

    @property
    def key_id(self) -> str:
        """`kid` of the key."""
        return key_id(self.private_key.public_key())

    def sign(self, message: bytes, *, statement: bytes | None) -> bytes:
        """Return r‖s over `message`; `statement` is not judged. See `Signer.sign`."""
        r, s = decode_dss_signature(self.private_key.sign(message, _DETERMINISTIC))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@cache
def seal(name: str) -> FixedSigner:
    """Return one of `SEALS`."""
    key, authority, serial = SEALS[name]
    private_key = ec.derive_private_key(int.from_bytes(_seed(key), "big"), ec.SECP256R1())
    issuer_key = ed25519.Ed25519PrivateKey.from_private_bytes(_seed(authority))
    issuer_cert = make_self_signed(
        issuer_key,
        common_name="示例市测试机构",
        purpose=Purpose.AUTHORITY,
        serial=1,
        not_before=_NOT_BEFORE,
        not_after=_NOT_AFTER,
        test=True,
    )
    cert_der = certify(
        private_key.public_key(),
        common_name=BODY_NAME,
        licence_number=BODY,
        purpose=Purpose.SEAL,
        issuer_cert=issuer_cert,
        issuer_key=issuer_key,
        serial=serial,
        not_before=_NOT_BEFORE,
        not_after=_NOT_AFTER,
        test=True,
    )
    return FixedSigner(private_key, cert_der)


def _seed(name: str) -> bytes:
    return sha256(f"a published TEST key of the vectors: {name}".encode()).digest()
