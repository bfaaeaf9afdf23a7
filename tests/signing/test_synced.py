"""Synced files: whole, their owner's alone, and on disk with their name before a call returns."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from signing.synced import create_synced, replace_synced

_ROOT = Path(__file__).parents[2]
_WRITE = """
import sys
from pathlib import Path
from signing import synced
getattr(synced, sys.argv[1])(Path(sys.argv[2]), b"content")
"""


@pytest.mark.parametrize("write", [create_synced, replace_synced])
def test_a_file_is_its_owners_alone_and_alone_in_its_folder(tmp_path: Path, write: object) -> None:
    assert callable(write)
    write(tmp_path / "file", b"content")
    (path,) = tmp_path.iterdir()
    assert (path.name, path.read_bytes(), path.stat().st_mode & 0o777) == ("file", b"content", 0o600)


def test_a_taken_name_is_not_created_again(tmp_path: Path) -> None:
    create_synced(tmp_path / "file", b"first")
    with pytest.raises(FileExistsError):
        create_synced(tmp_path / "file", b"second")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"first"]


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    replace_synced(tmp_path / "file", b"first and longer")
    with (tmp_path / "file").open("rb") as reader:
        replace_synced(tmp_path / "file", b"second")
        assert reader.read() == b"first and longer"
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"second"]


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        replace_synced(tmp_path / "taken", b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.mark.parametrize(("write", "named"), [("create_synced", "link"), ("replace_synced", "rename")])
def test_content_then_name_then_folder_are_synced(tmp_path: Path, write: str, named: str) -> None:
    trace, folder = tmp_path / "trace", tmp_path / "folder"
    folder.mkdir()
    program = [sys.executable, "-c", _WRITE, write, str(folder / "file")]
    calls = "trace=write,fsync,link,linkat,rename,renameat,renameat2"
    subprocess.run(["strace", "-f", "-y", "-e", calls, "-o", str(trace), *program], check=True, cwd=_ROOT)
    told = re.findall(r"^\d+ +(write|fsync|link|rename)\w*\(.*?/folder(/\.file)?", trace.read_text(), re.MULTILINE)
    assert told == [("write", "/.file"), ("fsync", "/.file"), (named, "/.file"), ("fsync", "")]
