"""Passwords, kept as Argon2id (RFC 9106) in the PHC string form, which carries its own parameters and salt.

The second recommended option of the RFC is 64 MiB; a hub that many officers sign in to at once takes OWASP's 19 MiB
with two passes, which costs a guesser as much. How many misses are allowed is the caller's business.
"""

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

SALT_BYTES = 16
_LENGTH, _PASSES, _LANES, _KIBIBYTES = 32, 2, 1, 19 * 1024


def hash_password(password: str, salt: bytes) -> str:
    """Return what is kept of a password; `salt` is 16 random bytes, never used before."""
    kept = Argon2id(salt=salt, length=_LENGTH, iterations=_PASSES, lanes=_LANES, memory_cost=_KIBIBYTES)
    return kept.derive_phc_encoded(password.encode())


def is_password(password: str, kept: str) -> bool:
    """Say whether a password is the one that is kept."""
    try:
        Argon2id.verify_phc_encoded(password.encode(), kept)
    except InvalidKey:
        return False
    return True
