"""Sealed documents as files: named by their digest, encrypted, whole or not there, wherever they lie.

Form: `ab/abcd….enc`, where the name is the SHA-256 (hex) of the document and the content its envelope, whose context
is that digest: a file that was renamed, cut or changed does not open. The names are the same in a folder and in a
bucket, so that one can be copied into the other.
What a document says and whether it still counts is not known here.
"""

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Literal

from hub.store.places import FilePlace
from signing.envelope import MasterKey, decrypt, encrypt
from signing.errors import EnvelopeError

FileFault = Literal["missing", "damaged"]
_NAME = re.compile(r"([0-9a-f]{2})/(\1[0-9a-f]{62})\.enc")


def is_document_file(name: str) -> bool:
    """Say whether a file of this name in a place is a document's."""
    return _NAME.fullmatch(name) is not None


class StoredFileError(ValueError):
    """A document's file cannot be given: `reason` says whether it is missing or damaged, `sha256` which it is.

    A place that does not answer is a StoreError instead: nothing is known of the file then.
    """

    def __init__(self, digest: str, reason: FileFault) -> None:
        super().__init__(f"the file of document {digest} is {reason}")
        self.sha256 = digest
        self.reason = reason


class DocumentFiles:
    """The documents in a place. `master` encrypts what is put, `masters` decrypts what is there.

    Raises what the place raises, besides what is named.
    """

    def __init__(self, place: FilePlace, *, master: MasterKey, masters: Mapping[bytes, MasterKey]) -> None:
        self._place = place
        self._master = master
        self._masters = masters

    def put(self, document: bytes) -> str:
        """Keep a document for good and return its digest (SHA-256, hex).

        The same document again, also by another process at once, is the same file: a damaged one is mended.
        """
        digest = sha256(document).hexdigest()
        self._place.put(_name(digest), encrypt(document, master=self._master, context=digest.encode()))
        return digest

    def get(self, digest: str) -> bytes:
        """Return the document with this digest, held against it; raises StoredFileError."""
        envelope = self._place.get(_name(digest))
        if envelope is None:
            raise StoredFileError(digest, "missing")
        try:
            document = decrypt(envelope, masters=self._masters, context=digest.encode())
        except EnvelopeError:
            raise StoredFileError(digest, "damaged") from None
        if sha256(document).hexdigest() != digest:
            raise StoredFileError(digest, "damaged")
        return document

    def names(self, *, before: float | None = None) -> Iterator[str]:
        """Yield the digests under which there are files, in order; whether they open is `get`'s to say.

        With `before` (seconds since 1970) only of files that were put before it.
        """
        return (found[2] for name in self._place.names(before=before) if (found := _NAME.fullmatch(name)))

    def delete(self, digest: str) -> None:
        """Delete the file of an erased document; nothing happens when it is gone already."""
        self._place.delete(_name(digest))

    def sweep(self, *, before: float) -> None:
        """Delete what a killed process left unfinished and is older than `before` (seconds since 1970)."""
        self._place.sweep(before=before)


def _name(digest: str) -> str:
    return f"{digest[:2]}/{digest}.enc"
