"""base64url without padding (RFC 7515 section 2), with exactly one text for each sequence of bytes."""

import base64
import binascii

from signing.errors import MalformedTokenError


def encode(octets: bytes) -> str:
    """Return the base64url text of `octets`, without padding."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Return the bytes that `text` encodes.

    Raises MalformedTokenError for padding, whitespace, characters of another alphabet, an impossible length, and for
    last characters with unused bits set: two texts for one value would let a signed thing be changed unnoticed.
    """
    try:
        octets = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (UnicodeEncodeError, binascii.Error) as error:
        raise MalformedTokenError("not base64url") from error
    # The library skips what it does not know; only the canonical text survives the way back.
    if encode(octets) != text:
        raise MalformedTokenError("not canonical base64url")
    return octets
