"""Encrypted envelopes: how what is not public lies on disk.

Form: version byte ‖ master key id (8 bytes) ‖ data key wrapped by the master key (RFC 3394, 40 bytes) ‖ AES-256-GCM
ciphertext and tag. The header and the caller's context are authenticated, so an envelope cannot be moved to another
record. The GCM nonce is zero: each data key is fresh and encrypts once.
Where master keys come from, and when they change, is the caller's business.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from signing.errors import EnvelopeError

_VERSION = b"\x01"
_KEY_ID_BYTES = 8
_WRAPPED_BYTES = 40
_HEADER_BYTES = 1 + _KEY_ID_BYTES + _WRAPPED_BYTES
_TAG_BYTES = 16
_SHORTEST_SECRET_BYTES = 32
_NONCE = bytes(12)


@dataclass(frozen=True, slots=True)
class MasterKey:
    """The key that wraps data keys. `key_id` (8 bytes) names it in every envelope and tells nothing of `key` (32)."""

    key_id: bytes
    key: bytes = field(repr=False)

    @classmethod
    def from_secret(cls, secret: bytes) -> "MasterKey":
        """Derive the key and its name from a random secret of 32 bytes or more (HKDF-SHA-256)."""
        if len(secret) < _SHORTEST_SECRET_BYTES:
            raise EnvelopeError(f"the master secret is {_SHORTEST_SECRET_BYTES} random bytes or more")
        return cls(
            key_id=_derived(secret, b"yizhao envelope v1 key id", _KEY_ID_BYTES),
            key=_derived(secret, b"yizhao envelope v1 master key", 32),
        )


def encrypt(plaintext: bytes, *, master: MasterKey, context: bytes) -> bytes:
    """Return the envelope of `plaintext`; `context` says whose it is and must be given again to open it."""
    data_key = os.urandom(32)
    named = _VERSION + master.key_id
    ciphertext = AESGCM(data_key).encrypt(_NONCE, plaintext, named + context)
    return named + aes_key_wrap(master.key, data_key) + ciphertext


def decrypt(blob: bytes, *, masters: Mapping[bytes, MasterKey], context: bytes) -> bytes:
    """Return the plaintext of an envelope; `masters` maps each key id to its key.

    Raises EnvelopeError when the envelope is cut, changed, of another context or version, or under no key of ours.
    """
    if len(blob) < _HEADER_BYTES + _TAG_BYTES or blob[:1] != _VERSION:
        raise EnvelopeError("not an envelope of a known version")
    named = blob[: 1 + _KEY_ID_BYTES]
    master = masters.get(named[1:])
    if master is None:
        raise EnvelopeError(f"the envelope is under master key {named[1:].hex()}, which is not here")
    try:
        data_key = aes_key_unwrap(master.key, blob[len(named) : _HEADER_BYTES])
        return AESGCM(data_key).decrypt(_NONCE, blob[_HEADER_BYTES:], named + context)
    except (InvalidUnwrap, InvalidTag) as error:
        raise EnvelopeError("the envelope was changed, or belongs elsewhere") from error


def _derived(secret: bytes, label: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=None, info=label).derive(secret)
