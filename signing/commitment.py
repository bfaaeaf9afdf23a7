"""The leaf by which the evidence log commits to an act without showing anything of it.

The first leaf of a log that follows another = version byte 0x02 ‖ SHA-256 of that one's last checkpoint: who has both
logs sees where one ended and the other began.

Leaf = version byte 0x01 ‖ HMAC-SHA-256(salt, act bytes). The salt is secret beside the act and given out in its
receipt: without it nobody can guess an act and test the guess, and erasing it makes the leaf say nothing for ever.
"""

import hashlib
import hmac

_VERSION = b"\x01"
_FOLLOWS = b"\x02"
SALT_BYTES = 32
LEAF_BYTES = 33


def leaf(salt: bytes, act_bytes: bytes) -> bytes:
    """Return the 33-byte leaf of an act; `salt` is 32 random bytes, `act_bytes` its canonical JSON."""
    if len(salt) != SALT_BYTES:
        # HMAC pads a shorter key with zeros, so two salts could give one leaf.
        raise ValueError(f"the salt of a leaf is {SALT_BYTES} bytes")
    return _VERSION + hmac.digest(salt, act_bytes, hashlib.sha256)


def following_leaf(note: str) -> bytes:
    """Return the first leaf of the log that follows the one whose last checkpoint is `note`."""
    return _FOLLOWS + hashlib.sha256(note.encode()).digest()
