"""Files in a folder of this machine: each on disk, with its name and its folder, when `put` returns.

They lie one folder deep (`ab/abcd.enc`). Each process brings a folder's own name to disk before its first file there:
none depends on what another process has made a moment ago. An unfinished file has a name that begins with a dot.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISREG

from signing.synced import replace_synced, sync_folder


class FileFolder:
    """A folder of files, made when it is not there. Raises OSError: a full disk, a folder without rights."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._on_disk: set[Path] = set()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_folder(folder.parent)

    def put(self, name: str, content: bytes) -> None:
        path = self._folder / name
        if path.parent not in self._on_disk:
            path.parent.mkdir(mode=0o700, exist_ok=True)
            sync_folder(self._folder)
            self._on_disk.add(path.parent)
        replace_synced(path, content)

    def get(self, name: str) -> bytes | None:
        """Return a file; nothing of what is no file of ours (a link, a pipe, a bad sector), which no digest fits."""
        try:
            descriptor = os.open(self._folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        except OSError:
            return b""
        try:
            if not S_ISREG(os.fstat(descriptor).st_mode):
                return b""
            with open(descriptor, "rb", closefd=False) as file:
                return file.read()
        except OSError:
            return b""
        finally:
            os.close(descriptor)

    def names(self, *, before: float | None = None) -> Iterator[str]:
        found = sorted(self._folder.glob("??/[!.]*"))
        return (
            path.relative_to(self._folder).as_posix() for path in found if before is None or _is_older(path, before)
        )

    def delete(self, name: str) -> None:
        path = self._folder / name
        if path.parent.exists():
            path.unlink(missing_ok=True)
            sync_folder(path.parent)

    def sweep(self, *, before: float) -> None:
        for path in self._folder.glob("??/.*"):
            if path.stat().st_mtime < before:
                path.unlink(missing_ok=True)


def _is_older(path: Path, before: float) -> bool:
    try:
        return path.stat().st_mtime < before
    except FileNotFoundError:  # another process deleted it
        return False
