"""The port behind which private keys stand: whoever signs sees a `Signer` and never a key."""

from typing import Protocol


class Signer(Protocol):
    """One private key, wherever it lives (an encrypted file, a device, a seal platform)."""

    @property
    def key_id(self) -> str:
        """`kid` of the key: base64url of the SHA-256 of its SubjectPublicKeyInfo."""

    @property
    def algorithm(self) -> str:
        """Name in the closed list of `signing.algorithms`."""

    @property
    def cert_der(self) -> bytes | None:
        """The key's X.509 cert in DER, or None when the trust list alone vouches for the key."""

    def sign(self, message: bytes, *, statement: bytes | None) -> bytes:
        """Return the raw signature over `message` (for ES256 r‖s, 64 bytes).

        `statement` is the signed order that this signature carries out: a seal platform judges it before it
        lends its key. None only for the hub's own keys, which carry out nobody's order.
        Raises RateCapError when the key has signed too much lately.
        """
