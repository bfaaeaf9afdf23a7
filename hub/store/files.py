"""Sealed documents as files: named by their digest, encrypted, written once, on disk with their folder.

Form: `ab/abcd….enc`, where the name is the SHA-256 (hex) of the document and the content its envelope, whose context
is that name: a file that was renamed, cut or changed does not open. A file is never overwritten; where one is damaged,
the same document may be put again.
What a document says and whether it still counts is not known here.
"""

import os
import secrets
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Literal

from signing.envelope import MasterKey, decrypt, encrypt
from signing.errors import EnvelopeError

FileFault = Literal["missing", "damaged"]
_SUFFIX = ".enc"


class StoredFileError(ValueError):
    """A document's file cannot be given: `reason` says whether it is missing or damaged, `sha256` which it is."""

    def __init__(self, digest: str, reason: FileFault) -> None:
        super().__init__(f"the file of document {digest} is {reason}")
        self.sha256 = digest
        self.reason = reason


class DocumentFiles:
    """A folder of documents. `master` encrypts what is put, `masters` decrypts what is there."""

    def __init__(self, folder: Path, *, master: MasterKey, masters: Mapping[bytes, MasterKey]) -> None:
        self._folder = folder
        self._master = master
        self._masters = masters
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def put(self, document: bytes) -> str:
        """Keep a document and return its digest (SHA-256, hex); file and folder are on disk when this returns."""
        digest = sha256(document).hexdigest()
        if self._opens(digest):
            # Another process may have named it a moment ago and not yet synced its folder.
            _sync_folder(self._path(digest).parent)
            return digest
        path = self._path(digest)
        self._make_shard(path.parent)
        unfinished = path.with_name(f".{digest}.{secrets.token_hex(8)}")
        try:
            _write_synced(unfinished, encrypt(document, master=self._master, context=digest.encode()))
            # Replaced, not linked: a damaged file under this name gives way to the same document, whole.
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
        _sync_folder(path.parent)
        return digest

    def get(self, digest: str) -> bytes:
        """Return the document with this digest, held against it; raises StoredFileError."""
        try:
            envelope = self._path(digest).read_bytes()
        except FileNotFoundError:
            raise StoredFileError(digest, "missing") from None
        try:
            document = decrypt(envelope, masters=self._masters, context=digest.encode())
        except EnvelopeError:
            raise StoredFileError(digest, "damaged") from None
        if sha256(document).hexdigest() != digest:
            raise StoredFileError(digest, "damaged")
        return document

    def names(self) -> Iterator[str]:
        """Yield the digests under which there are files, in order; whether they open is `get`'s to say."""
        return (path.name.removesuffix(_SUFFIX) for path in sorted(self._folder.glob(f"??/*{_SUFFIX}")))

    def sweep(self, *, before: float) -> None:
        """Delete what a killed process left unfinished and is older than `before` (seconds since 1970)."""
        for path in self._folder.glob("??/.*"):
            if path.stat().st_mtime < before:
                path.unlink(missing_ok=True)

    def _opens(self, digest: str) -> bool:
        try:
            self.get(digest)
        except StoredFileError:
            return False
        return True

    def _make_shard(self, shard: Path) -> None:
        if not shard.exists():
            shard.mkdir(mode=0o700, exist_ok=True)
            _sync_folder(self._folder)

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / f"{digest}{_SUFFIX}"


def _write_synced(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
