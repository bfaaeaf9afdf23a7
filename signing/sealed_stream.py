"""A long stream of bytes, encrypted chunk by chunk: its order and its end are as much protected as its content.

Form: 16 bytes of name and version ‖ master key id (8) ‖ data key wrapped by the master key (RFC 3394, 40) ‖ chunks. A
chunk is up to 1 MiB of content under AES-256-GCM with its tag; its nonce is the chunk's number (11 bytes) and whether
it is the last (1 byte). Every chunk but the last is full, so a chunk that was cut, changed, moved, left out or appended
does not open. The header and the caller's context are authenticated with each.
Source: the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár, "Online Authenticated-Encryption and its
Nonce-Reuse Misuse-Resistance", CRYPTO 2015), in the form that age-encryption.org/v1 gives it.
What was read before the end is authentic, but may be the beginning only: who reads acts on nothing before `read` says
that it is over.
"""

import os
from collections.abc import Mapping
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from signing.envelope import MasterKey
from signing.errors import EnvelopeError, EnvelopeKeyError

CHUNK_BYTES = 1 << 20
HEADER_BYTES = 64
_NAME = b"yizhao stream 1\n"
_KEY_ID_BYTES = 8
_TAG_BYTES = 16
_COUNTER_BYTES = 11


class SealingStream:
    """Encrypts what is written into `file`; `close` writes the last chunk, without which nobody reads it to its end."""

    def __init__(self, file: BinaryIO, *, master: MasterKey, context: bytes) -> None:
        data_key = os.urandom(32)
        header = _NAME + master.key_id + aes_key_wrap(master.key, data_key)
        file.write(header)
        self._file = file
        self._cipher = AESGCM(data_key)
        self._bound = header + context
        self._waiting = bytearray()
        self._number = 0

    def write(self, content: bytes) -> None:
        self._waiting += content
        # The last chunk is known only at the end: a full one waits until more comes.
        while len(self._waiting) > CHUNK_BYTES:
            self._put(bytes(self._waiting[:CHUNK_BYTES]), is_last=False)
            del self._waiting[:CHUNK_BYTES]

    def close(self) -> None:
        self._put(bytes(self._waiting), is_last=True)
        self._waiting.clear()

    def _put(self, chunk: bytes, *, is_last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, is_last=is_last), chunk, self._bound))
        self._number += 1


class OpeningStream:
    """Decrypts what a `SealingStream` wrote; `masters` maps each key id to its key.

    Raises EnvelopeKeyError for a stream under no key of ours, EnvelopeError for one that is no stream or not whole.
    """

    def __init__(self, file: BinaryIO, *, masters: Mapping[bytes, MasterKey], context: bytes) -> None:
        header = file.read(HEADER_BYTES)
        if len(header) != HEADER_BYTES or not header.startswith(_NAME):
            raise EnvelopeError("not a sealed stream of a known version")
        key_id = header[len(_NAME) : len(_NAME) + _KEY_ID_BYTES]
        master = masters.get(key_id)
        if master is None:
            raise EnvelopeKeyError(f"the stream is under master key {key_id.hex()}, which is not here")
        try:
            self._cipher = AESGCM(aes_key_unwrap(master.key, header[len(_NAME) + _KEY_ID_BYTES :]))
        except InvalidUnwrap as error:
            raise EnvelopeError("the stream's header was changed") from error
        self._file = file
        self._bound = header + context
        self._number = 0
        self._read = bytearray()
        self._ahead = self._next_sealed()
        self._is_over = False

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes; fewer only at the proven end of the stream."""
        while len(self._read) < size and not self._is_over:
            self._read += self._open_next()
        content = bytes(self._read[:size])
        del self._read[:size]
        return content

    def _open_next(self) -> bytes:
        sealed, self._ahead = self._ahead, self._next_sealed()
        self._is_over = not self._ahead
        try:
            chunk = self._cipher.decrypt(_nonce(self._number, is_last=self._is_over), sealed, self._bound)
        except InvalidTag as error:
            raise EnvelopeError(f"chunk {self._number} of the stream was changed, moved, or is not the last") from error
        self._number += 1
        return chunk

    def _next_sealed(self) -> bytes:
        return self._file.read(CHUNK_BYTES + _TAG_BYTES)


def _nonce(number: int, *, is_last: bool) -> bytes:
    return number.to_bytes(_COUNTER_BYTES, "big") + bytes((is_last,))
