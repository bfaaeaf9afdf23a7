"""Files that are on disk when a call returns: the content first, then the name, then the folder that holds the name.

They are their owner's alone, and whole or not there. What a killed process leaves unfinished has a name that begins
with a dot; who owns the folder sweeps it.
Source: fsync(2): syncing a file does not sync its entry in the folder.
"""

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def create_synced(path: Path, content: bytes) -> None:
    """Make the file `path`; FileExistsError when the name is taken, also by another process a moment ago."""
    _name_when_written(path, content, os.link)


def replace_synced(path: Path, content: bytes) -> None:
    """Make the file `path`, or replace it: who reads meanwhile sees the old file or the new one."""
    _name_when_written(path, content, os.replace)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _name_when_written(path: Path, content: bytes, name: Callable[[Path, Path], None]) -> None:
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write(unfinished, content)
        name(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    sync_folder(path.parent)


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
