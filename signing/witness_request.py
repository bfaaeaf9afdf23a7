"""What a log asks a witness: a head it signed, and the proof that it begins with the head the witness saw last.

Source: C2SP tlog-witness, "add-checkpoint": a line `old SIZE`, up to 63 hashes of a consistency proof, an empty line,
the checkpoint. What the proof and the signatures are worth is not checked here.
"""

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from signing.checkpoint import LARGEST_NOTE_BYTES
from signing.errors import MalformedTokenError
from signing.merkle import HASH_BYTES

MOST_HASHES = 63
LARGEST_REQUEST_BYTES = LARGEST_NOTE_BYTES + 4096
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class WitnessRequest:
    """A checkpoint's `note`, and the `path` that proves it begins with the first `old` leaves."""

    old: int
    path: tuple[bytes, ...]
    note: str


def make_witness_request(old: int, path: Sequence[bytes], note: str) -> bytes:
    """Return the body of a request."""
    lines = [f"old {old}", *(b64encode(each).decode() for each in path), "", note]
    return "\n".join(lines).encode()


def parse_witness_request(body: bytes) -> WitnessRequest:
    """Return what a body asks; MalformedTokenError for any other form."""
    if len(body) > LARGEST_REQUEST_BYTES:
        raise MalformedTokenError("a request to a witness is a few kilobytes")
    try:
        head, gap, note = body.decode().partition("\n\n")
    except UnicodeDecodeError:
        raise MalformedTokenError("a request to a witness is text") from None
    first, *hashes = head.split("\n")
    old = _OLD.fullmatch(first)
    if old is None or not gap or len(hashes) > MOST_HASHES:
        raise MalformedTokenError("a request to a witness begins with the old size and a proof")
    return WitnessRequest(int(old[1]), tuple(map(_hash, hashes)), note)


def _hash(line: str) -> bytes:
    try:
        raw = b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != HASH_BYTES or b64encode(raw).decode() != line:
        raise MalformedTokenError("a line of a proof is a hash of 32 bytes in base64")
    return raw
