"""What a reading child says of a file, and the one strict form in which it says so.

A child says READY when it is confined, and one answer when it has seen the file: octet strings one after another, each
behind its length (4 bytes, big-endian); the first names the kind. The answer is the word of a process that a hostile
file may have taken over: bounded, of one of these kinds, or `Unread`.
What it holds is taken out of the file and nothing else; whether any of it is genuine is not known here.
"""

from dataclasses import dataclass
from enum import StrEnum

READY = b"ready"
LARGEST_FILE = 12 * 1024 * 1024
LARGEST_ANSWER = 4 * 1024 * 1024
MOST_TEXTS = 16
LONGEST_TEXT = 7_089  # the digits of the largest QR code (ISO/IEC 18004, table 1)
UNREADABLE = "unreadable"
TOO_SLOW = "too_slow"
REASONS = frozenset({UNREADABLE, TOO_SLOW, "picture_too_large"})
_LENGTH_BYTES = 4


class FileKind(StrEnum):
    """The files of which only a child knows what is in them."""

    PICTURE = "picture"


_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", FileKind.PICTURE),
    (b"\xff\xd8\xff", FileKind.PICTURE),
)


@dataclass(frozen=True, slots=True)
class PictureRead:
    """The texts of the QR codes in a picture."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unread:
    """Nothing could be taken out; `reason` is one of REASONS, each a row of `schemas.wording.NOT_READ`."""

    reason: str


Extracted = PictureRead | Unread


def kind_of(raw: bytes) -> FileKind | None:
    """Return the kind a file is of by its first bytes; None for what is read as text."""
    return next((kind for beginning, kind in _BEGINNINGS if raw.startswith(beginning)), None)


def to_answer(extracted: Extracted) -> bytes:
    """Return the form in which a child says it."""
    match extracted:
        case PictureRead(texts):
            return _joined(b"picture", *(text.encode() for text in texts))
        case Unread(reason):
            return _joined(b"unread", reason.encode())


def read_answer(raw: bytes) -> Extracted:
    """Read what a child said; what is not exactly of the form is a file that could not be read."""
    try:
        return _read(_split(raw))
    except ValueError:
        return Unread(UNREADABLE)


def _read(parts: list[bytes]) -> Extracted:
    match parts:
        case [b"picture", *texts] if len(texts) <= MOST_TEXTS and max(map(len, texts), default=0) <= LONGEST_TEXT:
            return PictureRead(tuple(text.decode() for text in texts))
        case [b"unread", reason] if reason.decode() in REASONS:
            return Unread(reason.decode())
    raise ValueError("an answer of no kind")


def _joined(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(_LENGTH_BYTES, "big") + part for part in parts)


def _split(raw: bytes) -> list[bytes]:
    if len(raw) > LARGEST_ANSWER:
        raise ValueError("an answer that is too long")
    parts = []
    while raw:
        end = _LENGTH_BYTES + int.from_bytes(raw[:_LENGTH_BYTES], "big")
        if len(raw) < end:
            raise ValueError("an answer that breaks off")
        parts.append(raw[_LENGTH_BYTES:end])
        raw = raw[end:]
    return parts
