"""A zip that is made as it is sent, so that no copy of it lies anywhere."""

from io import RawIOBase
from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

Moment = tuple[int, int, int, int, int, int]


class ZipStream:
    """One zip; each file put into it has the same `moment` (year to second), and gives bytes to be sent on."""

    def __init__(self, moment: Moment) -> None:
        self._pipe = _Pipe()
        self._moment = moment
        self._archive = ZipFile(self._pipe, "w", ZIP_STORED)

    def add(self, name: str, content: bytes) -> bytes:
        """Put a file in and return what can be sent."""
        self._archive.writestr(ZipInfo(name, self._moment), content)
        return self._pipe.taken()

    def end(self) -> bytes:
        """Return the rest, after which nothing can be put in."""
        self._archive.close()
        return self._pipe.taken()


class _Pipe(RawIOBase):
    """What a zip is written to and taken from, piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
