"""Octet strings one after another, each behind its length (4 bytes, big-endian): how a child is asked and answers."""

_LENGTH_BYTES = 4


def joined(*parts: bytes) -> bytes:
    """Return the parts as one string."""
    return b"".join(len(part).to_bytes(_LENGTH_BYTES, "big") + part for part in parts)


def split(raw: bytes, *, most: int) -> list[bytes]:
    """Return the parts of a string of at most `most` bytes; ValueError when it is longer, or breaks off."""
    if len(raw) > most:
        raise ValueError("too long")
    parts, at = [], 0
    while at < len(raw):
        begins = at + _LENGTH_BYTES
        at = begins + int.from_bytes(raw[at:begins], "big")
        if at > len(raw):
            raise ValueError("breaks off")
        parts.append(raw[begins:at])
    return parts
