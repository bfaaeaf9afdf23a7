"""A folder of files: its owner's alone, on disk before the answer, never half there, and swept."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from hub.store.files import DocumentFiles, StoredFileError
from hub.store.folder import FileFolder
from signing.envelope import MasterKey

_MASTER = MasterKey.from_secret(b"s" * 32)
_ROOT = Path(__file__).parents[3]
_PUT = """
import sys
from pathlib import Path
from hub.store.files import DocumentFiles, StoredFileError
from hub.store.folder import FileFolder
from signing.envelope import MasterKey

master = MasterKey.from_secret(b"s" * 32)
files = DocumentFiles(FileFolder(Path(sys.argv[1])), master=master, masters={master.key_id: master})
"""
_PUT_ONE = _PUT + "files.put(b'one document' * 1000); print('ANSWERED', flush=True)"
_PUT_MANY = _PUT + "\nfor n in range(10**9): print(files.put(n.to_bytes(8, 'big') * 20_000), flush=True)"


def test_a_folder_and_its_files_are_their_owners_alone(tmp_path: Path) -> None:
    FileFolder(tmp_path / "documents").put("ab/abcd.enc", b"content")
    made = [tmp_path / "documents", *(tmp_path / "documents").rglob("*")]
    assert (tmp_path / "documents" / "ab" / "abcd.enc") in made
    assert {path.stat().st_mode & 0o077 for path in made} == {0}


def test_folder_then_file_then_name_are_synced_before_the_answer(tmp_path: Path) -> None:
    trace, folder = tmp_path / "trace", tmp_path / "documents"
    program = [sys.executable, "-c", _PUT_ONE, str(folder)]
    calls = "trace=mkdir,fsync,rename,renameat,renameat2,write"
    subprocess.run(["strace", "-f", "-y", "-e", calls, "-o", str(trace), *program], check=True, cwd=_ROOT)
    made, answered, _ = trace.read_text().partition("ANSWERED")
    assert answered
    place = rf"{tmp_path}((?:/documents)?(?:/[0-9a-f]{{2}})?(?:/\.)?)"
    told = re.findall(rf"^\d+ +(fsync|rename)\w*\(.*?{place}", made, re.MULTILINE)
    shard = f"/documents/{sha256(b'one document' * 1000).hexdigest()[:2]}"
    unfinished = f"{shard}/."
    assert told == [
        ("fsync", ""),
        ("fsync", "/documents"),
        ("fsync", unfinished),
        ("rename", unfinished),
        ("fsync", shard),
    ]
    # The shard was made before the folder that holds it was synced.
    assert made.rindex("mkdir(") < made.rindex(f"{folder}>)")


def test_a_kill_leaves_whole_files_or_none(tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", _PUT_MANY, str(tmp_path)], stdout=subprocess.PIPE, cwd=_ROOT, text=True
    )
    assert writer.stdout is not None
    acknowledged = [writer.stdout.readline().strip() for _ in range(40)]
    writer.send_signal(signal.SIGKILL)
    acknowledged += writer.communicate()[0].split()
    files = DocumentFiles(FileFolder(tmp_path), master=_MASTER, masters={_MASTER.key_id: _MASTER})
    names = list(files.names())
    assert {line for line in acknowledged if len(line) == 64} <= set(names)
    assert all(sha256(files.get(name)).hexdigest() == name for name in names)


def test_what_a_kill_left_unfinished_is_swept_once_it_is_old(tmp_path: Path) -> None:
    folder = FileFolder(tmp_path)
    folder.put("ab/abcd.enc", b"whole")
    unfinished = tmp_path / "ab" / ".abcd.enc.0"
    unfinished.write_bytes(b"half")
    folder.sweep(before=0)
    assert unfinished.exists()
    folder.sweep(before=time.time() + 1)
    assert not unfinished.exists()
    assert list(folder.names()) == ["ab/abcd.enc"]


@pytest.mark.parametrize("made", ["folder", "link", "loop", "pipe"])
def test_what_is_no_file_is_a_damaged_one(tmp_path: Path, made: str) -> None:
    files = DocumentFiles(FileFolder(tmp_path), master=_MASTER, masters={_MASTER.key_id: _MASTER})
    digest = files.put(b"one document")
    place = tmp_path / digest[:2] / f"{digest}.enc"
    kept = place.rename(tmp_path / "kept")
    ways: dict[str, Callable[[], object]] = {
        "folder": place.mkdir,
        "link": lambda: place.symlink_to(kept),
        "loop": lambda: place.symlink_to(place),
        "pipe": lambda: os.mkfifo(place),
    }
    ways[made]()
    with pytest.raises(StoredFileError) as failed:
        files.get(digest)
    assert failed.value.reason == "damaged"
