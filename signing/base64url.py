"""base64url without padding (RFC 7515 section 2), with exactly one text for each sequence of bytes."""

import binascii

from signing.errors import MalformedTokenError

_TO_URL = bytes.maketrans(b"+/", b"-_")
# What belongs to the other alphabet, and padding, becomes a character that the strict decoder refuses.
_FROM_URL = bytes.maketrans(b"-_+/=", b"+/!!!")
# The last character of a text that ends inside a group of four may only set the bits that are used.
_LAST_OF_TWO = frozenset("AQgw")
_LAST_OF_THREE = frozenset("AEIMQUYcgkosw048")


def encode(octets: bytes) -> str:
    """Return the base64url text of `octets`, without padding."""
    return binascii.b2a_base64(octets, newline=False).translate(_TO_URL, b"=").decode("ascii")


def decode(text: str) -> bytes:
    """Return the bytes that `text` encodes.

    Raises MalformedTokenError for padding, whitespace, characters of another alphabet, an impossible length, and for
    last characters with unused bits set: two texts for one value would let a signed thing be changed unnoticed.
    """
    past_groups = len(text) % 4
    try:
        padded = text.encode("ascii").translate(_FROM_URL) + b"=" * (-past_groups % 4)
        octets = binascii.a2b_base64(padded, strict_mode=True)
    except (UnicodeEncodeError, binascii.Error):
        # The cause is left out: it would carry the text.
        raise MalformedTokenError("not base64url without padding") from None
    if (past_groups == 2 and text[-1] not in _LAST_OF_TWO) or (past_groups == 3 and text[-1] not in _LAST_OF_THREE):
        raise MalformedTokenError("not canonical base64url")
    return octets
