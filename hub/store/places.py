"""Where files lie: a folder, or a bucket of an S3 server; what both promise, and the proof that one keeps it.

A hub does not start on a place that refuses: a folder that cannot be written, a key the server does not know, a bucket
that is not there. One that is merely away at this moment is taken, so that scans, orders and withdrawals never wait for
it: what needs it then is told so, and documents under way are taken up again once it is back.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from hub.errors import SetupError, StoreError
from hub.store.bucket import FileBucket
from hub.store.bucket_address import BucketAddress
from hub.store.folder import FileFolder

_PROBE = "probe"
_PROBE_CONTENT = b"yizhao\n"


class FilePlace(Protocol):
    """Files under names such as `ab/abcd.enc`: whole or not there, and kept for good once `put` has returned.

    Every method raises StoreError documents_refused or documents_unavailable where a server answers for it.
    """

    def put(self, name: str, content: bytes) -> None:
        """Keep a file, in place of what is there under this name."""

    def get(self, name: str) -> bytes | None:
        """Return a file, or None when there is none of this name; never None because nobody answered."""

    def names(self, *, before: float | None = None) -> Iterator[str]:
        """Yield the names of all files, in order; with `before` (seconds since 1970) only of those put before it."""

    def delete(self, name: str) -> None:
        """Delete a file; nothing happens when there is none. It is gone for good once this has returned."""

    def sweep(self, *, before: float) -> None:
        """Delete what a killed process left unfinished and is older than `before` (seconds since 1970)."""


def open_place(where: Path | BucketAddress) -> FilePlace:
    """Open a place for a hub that starts. Raises SetupError documents_refused; one that is away is taken."""
    try:
        return _proven(FileFolder(where) if isinstance(where, Path) else FileBucket(where))
    except OSError as error:
        raise SetupError("documents_refused", answer=error.strerror) from None


def place_to_read(where: Path | BucketAddress) -> FilePlace:
    """Return a place for who only reads: nothing is made or put there, and whether it can be is not asked."""
    return FileFolder(where, only_reads=True) if isinstance(where, Path) else FileBucket(where)


def _proven(place: FilePlace) -> FilePlace:
    try:
        prove(place)
    except StoreError as error:
        if error.code == "documents_refused":
            raise SetupError(error.code, **error.facts) from None
    return place


def prove(place: FilePlace) -> None:
    """Keep a file and get it back. Raises StoreError; OSError for a folder."""
    place.put(_PROBE, _PROBE_CONTENT)
    if place.get(_PROBE) != _PROBE_CONTENT:
        raise StoreError("documents_refused", answer="not what was put")
