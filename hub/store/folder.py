"""Files in a folder of this machine: each on disk, with its name and its folder, when `put` returns.

They lie one folder deep (`ab/abcd.enc`), in folders that are all made and on disk before the first file: none depends
on one that another process has made a moment ago. An unfinished file has a name that begins with a dot.
"""

from collections.abc import Iterator
from pathlib import Path

from signing.synced import replace_synced, sync_folder

_SHARDS = tuple(f"{number:02x}" for number in range(256))


class FileFolder:
    """A folder of files, made when it is not there. Raises OSError: a full disk, a folder without rights."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for shard in _SHARDS:
            (folder / shard).mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder)
        sync_folder(folder.parent)

    def put(self, name: str, content: bytes) -> None:
        replace_synced(self._folder / name, content)

    def get(self, name: str) -> bytes | None:
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def names(self) -> Iterator[str]:
        return (path.relative_to(self._folder).as_posix() for path in sorted(self._folder.glob("??/[!.]*")))

    def sweep(self, *, before: float) -> None:
        for path in self._folder.glob("??/.*"):
            if path.stat().st_mtime < before:
                path.unlink(missing_ok=True)
