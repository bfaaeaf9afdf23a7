"""Spooled files: encrypted chunk by chunk while they come in, read back once, deleted after the outcome.

Form: chunks of up to 64 KiB, each as its envelope's length (4 bytes, big-endian) and the envelope, whose context names
the intake and the chunk's place. That the file is whole is told by its digest, which the statement binds.
The clear text is never in a file that has a name: what a killed process leaves behind is encrypted.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryFile
from typing import BinaryIO

from signing.envelope import MasterKey, decrypt, encrypt
from signing.errors import EnvelopeError
from signing.synced import sync_folder

CHUNK_BYTES = 65_536
_LENGTH_BYTES = 4
_PART = ".part"


class SpooledFileError(ValueError):
    """The spooled file is cut or changed, or not the file it was."""


class Spool:
    """A folder of spooled files, one per intake. `master` encrypts, `masters` decrypts."""

    def __init__(self, folder: Path, *, master: MasterKey, masters: Mapping[bytes, MasterKey]) -> None:
        self._folder = folder
        self._master = master
        self._masters = masters
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def receive(self, intake: str) -> "Incoming":
        """Begin to receive the file of an intake."""
        return Incoming(self._folder, intake, self._master)

    def holds(self, intake: str) -> bool:
        return self._path(intake).exists()

    def names(self, *, before: float | None = None) -> list[str]:
        """Return the intakes whose files are here; with `before` (seconds since 1970) those received before it."""
        found = self._folder.glob("*.spool")
        return [path.stem for path in found if before is None or path.stat().st_mtime < before]

    def delete(self, intake: str) -> None:
        self._path(intake).unlink(missing_ok=True)

    def sweep(self, *, before: float) -> None:
        """Delete what was never received whole and not written to since `before` (seconds since 1970)."""
        for path in self._folder.glob(f"*{_PART}"):
            if path.stat().st_mtime < before:
                path.unlink(missing_ok=True)

    @contextmanager
    def clear_text(self, intake: str, *, file_sha256: str) -> Iterator[Path]:
        """Yield a path under which this process, and nobody later, can open the decrypted file.

        Raises SpooledFileError when it is not the file with that digest (hex).
        """
        # Unnamed from the first moment, where the file system can; else its name is gone before anything is in it.
        with TemporaryFile(dir=self._folder) as clear:
            if self._decrypt(intake, clear) != file_sha256:
                raise SpooledFileError("the spooled file is not the one that was received")
            clear.flush()
            yield Path(f"/proc/self/fd/{clear.fileno()}")

    def _decrypt(self, intake: str, clear: BinaryIO) -> str:
        digest, place = sha256(), 0
        with self._path(intake).open("rb") as spooled:
            while length := spooled.read(_LENGTH_BYTES):
                envelope = spooled.read(int.from_bytes(length, "big"))
                try:
                    chunk = decrypt(envelope, masters=self._masters, context=_context(intake, place))
                except EnvelopeError:
                    raise SpooledFileError("the spooled file was changed or cut") from None
                digest.update(chunk)
                clear.write(chunk)
                place += 1
        return digest.hexdigest()

    def _path(self, intake: str) -> Path:
        return self._folder / f"{intake}.spool"


class Incoming:
    """One file as it comes in: `write` in any portions, then `keep` it or `discard` it."""

    def __init__(self, folder: Path, intake: str, master: MasterKey) -> None:
        self._folder = folder
        self._intake = intake
        self._master = master
        self._digest = sha256()
        self._waiting = bytearray()
        self._place = 0
        self.length = 0
        # A name of its own: two uploads of one file must not write into each other.
        self._file = NamedTemporaryFile(dir=folder, prefix=f"{intake}-", suffix=_PART, delete=False)  # noqa: SIM115

    def write(self, portion: bytes) -> None:
        self._digest.update(portion)
        self.length += len(portion)
        self._waiting += portion
        while len(self._waiting) >= CHUNK_BYTES:
            self._write_chunk(bytes(self._waiting[:CHUNK_BYTES]))
            del self._waiting[:CHUNK_BYTES]

    def keep(self, *, file_sha256: str) -> bool:
        """Make the file durable under its intake; False, and nothing kept, when its digest is another one."""
        if self._waiting:
            self._write_chunk(bytes(self._waiting))
            self._waiting.clear()
        if self._digest.hexdigest() != file_sha256:
            self.discard()
            return False
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        Path(self._file.name).rename(self._folder / f"{self._intake}.spool")
        # The name is durable when the folder is: without it, an acknowledged file could be gone after a power cut.
        sync_folder(self._folder)
        return True

    def discard(self) -> None:
        """Drop what came in; nothing happens when it is kept or dropped already."""
        self._file.close()
        Path(self._file.name).unlink(missing_ok=True)

    def _write_chunk(self, chunk: bytes) -> None:
        envelope = encrypt(chunk, master=self._master, context=_context(self._intake, self._place))
        self._file.write(len(envelope).to_bytes(_LENGTH_BYTES, "big") + envelope)
        self._place += 1


def _context(intake: str, place: int) -> bytes:
    return f"intake:{intake}:{place}".encode()
