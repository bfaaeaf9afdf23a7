"""Checkpoints: the signed head of a log, as a note that people can read (C2SP signed-note, tlog-checkpoint).

A note is text, an empty line, and signatures of one line each, over the text with its last line feed. A log signs with
Ed25519 (type 0x01). A witness adds a cosignature (type 0x04), which states that it saw this head at a second and no
other that does not agree with it. Signatures by keys a reader does not know are not looked at.
"""

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from signing.algorithms import PublicKey, verify_signature
from signing.errors import MalformedTokenError, SignatureInvalidError
from signing.merkle import HASH_BYTES
from signing.signers import Signer

LARGEST_NOTE_BYTES = 65_536
_LOG_SIGNATURE = b"\x01"
_COSIGNATURE = b"\x04"
_ALGORITHM = "Ed25519"
_MARK = "\N{EM DASH} "
_NAME = re.compile(r"[^\s+]{1,255}")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_MOST_SIGNATURES = 64


@dataclass(frozen=True, slots=True)
class NoteKey:
    """Whose signatures are looked for: the name on the line, and the Ed25519 key. `is_witness` signs with a time."""

    name: str
    public_key: PublicKey
    is_witness: bool = False

    @property
    def short_id(self) -> bytes:
        """The four bytes that lead its signatures."""
        return _short_id(self.name, self._typed)

    @property
    def text(self) -> str:
        """The key in the one-line form in which logs and witnesses give it out (`vkey`)."""
        return f"{self.name}+{self.short_id.hex()}+{b64encode(self._typed).decode()}"

    @property
    def line_start(self) -> str:
        """How each of its signature lines begins: its name and what its four bytes fix of the base64."""
        return f"{_MARK}{self.name} {b64encode(self.short_id)[:5].decode()}"

    @property
    def _typed(self) -> bytes:
        raw = self.public_key.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return (_COSIGNATURE if self.is_witness else _LOG_SIGNATURE) + raw

    @classmethod
    def read(cls, text: str) -> "NoteKey":
        """Read a key of the one-line form; MalformedTokenError."""
        name, _, rest = text.strip().partition("+")
        hashed, _, encoded = rest.partition("+")
        typed = _decoded(encoded)
        if not _NAME.fullmatch(name) or len(typed) != 33 or typed[:1] not in (_LOG_SIGNATURE, _COSIGNATURE):
            raise MalformedTokenError("the key of a note is not of the form name+hash+key")
        if _short_id(name, typed).hex() != hashed:
            raise MalformedTokenError("the key of a note does not fit its hash")
        return cls(name, ed25519.Ed25519PublicKey.from_public_bytes(typed[1:]), typed[:1] == _COSIGNATURE)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint says: whose log, how many leaves, and their root."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """What is signed, with its last line feed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A witness's word on a checkpoint: who, and when it saw it."""

    name: str
    seen_at: datetime


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer, public_key: PublicKey) -> str:
    """Return the note, signed by the log under its origin as the key's name."""
    if not _NAME.fullmatch(checkpoint.origin):
        raise ValueError("an origin is one word without a plus sign")
    key = NoteKey(checkpoint.origin, public_key)
    signature = signer.sign(checkpoint.text.encode(), statement=None)
    return f"{checkpoint.text}\n{_line(key, signature)}"


def cosign(note: str, signer: Signer, key: NoteKey, seen_at: datetime) -> str:
    """Return a witness's signature line over a checkpoint's note (C2SP tlog-cosignature, v1)."""
    second = int(seen_at.timestamp())
    signature = signer.sign(_cosigned(split_note(note)[0], second), statement=None)
    return _line(key, second.to_bytes(8, "big") + signature)


def read_checkpoint(note: str, key: NoteKey) -> Checkpoint:
    """Return what a note says, proven to be signed by the log's `key`.

    Raises MalformedTokenError, SignatureInvalidError.
    """
    text, lines = split_note(note)
    checkpoint = _parsed(text)
    if checkpoint.origin != key.name:
        raise SignatureInvalidError("the checkpoint is another log's")
    for blob in _signatures(lines, key):
        verify_signature(_ALGORITHM, key.public_key, blob, text.encode())
        return checkpoint
    raise SignatureInvalidError("the log has not signed this checkpoint")


def cosignatures(note: str, witnesses: Sequence[NoteKey]) -> list[Cosignature]:
    """Return the words of known witnesses on a note; SignatureInvalidError for a line of theirs that does not hold."""
    text, lines = split_note(note)
    found = []
    for key in witnesses:
        for blob in _signatures(lines, key):
            second = int.from_bytes(blob[:8], "big")
            verify_signature(_ALGORITHM, key.public_key, blob[8:], _cosigned(text, second))
            try:
                seen_at = datetime.fromtimestamp(second, UTC)
            except (ValueError, OverflowError, OSError):
                raise SignatureInvalidError("the time of a cosignature does not exist") from None
            found.append(Cosignature(key.name, seen_at))
    return found


def add_lines(note: str, lines: Sequence[str]) -> str:
    """Return the note with further signature lines."""
    return note + "".join(lines)


def split_note(note: str) -> tuple[str, list[str]]:
    """Return a note's signed text and its signature lines; MalformedTokenError."""
    if len(note) > LARGEST_NOTE_BYTES or any(ord(each) < 0x20 and each != "\n" for each in note):
        raise MalformedTokenError("a note is text of at most 64 KB")
    text, gap, signed = note.rpartition("\n\n")
    lines = signed.split("\n")
    if not gap or lines[-1] or len(lines) < 2 or len(lines) > _MOST_SIGNATURES + 1:
        raise MalformedTokenError("a note ends in an empty line and signatures")
    if not all(each.startswith(_MARK) for each in lines[:-1]):
        raise MalformedTokenError("a signature line of a note begins with a dash")
    return text + "\n", lines[:-1]


def _parsed(text: str) -> Checkpoint:
    lines = text.split("\n")
    # Further lines are extensions, which say nothing here.
    if len(lines) < 4 or not _NAME.fullmatch(lines[0]) or not _SIZE.fullmatch(lines[1]):
        raise MalformedTokenError("a checkpoint is its log's origin, its size and its root")
    root = _decoded(lines[2])
    if len(root) != HASH_BYTES:
        raise MalformedTokenError("the root of a checkpoint is 32 bytes")
    return Checkpoint(lines[0], int(lines[1]), root)


def _signatures(lines: Sequence[str], key: NoteKey) -> list[bytes]:
    found = []
    for line in lines:
        name, _, encoded = line.removeprefix(_MARK).partition(" ")
        blob = _decoded(encoded)
        if name == key.name and blob[:4] == key.short_id:
            found.append(blob[4:])
    return found


def _cosigned(text: str, second: int) -> bytes:
    return f"cosignature/v1\ntime {second}\n{text}".encode()


def _line(key: NoteKey, blob: bytes) -> str:
    return f"{_MARK}{key.name} {b64encode(key.short_id + blob).decode()}\n"


def _short_id(name: str, typed: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + typed).digest()[:4]


def _decoded(text: str) -> bytes:
    try:
        raw = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedTokenError("a part of a note is not base64") from None
    if b64encode(raw).decode() != text:
        raise MalformedTokenError("a part of a note is not canonical base64")
    return raw
