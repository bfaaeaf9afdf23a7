"""Document files: kept under their digest, encrypted, never half there, and told when damaged."""

import os
import re
import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import pytest

from hub.store.files import DocumentFiles, StoredFileError
from signing.envelope import MasterKey

_DOCUMENT = "食品经营许可证 示例".encode() * 1000
_MASTER = MasterKey.from_secret(b"s" * 32)
_ROOT = Path(__file__).parents[3]
_PUT = """
import sys
from pathlib import Path
from hub.store.files import DocumentFiles
from signing.envelope import MasterKey

master = MasterKey.from_secret(b"s" * 32)
files = DocumentFiles(Path(sys.argv[1]), master=master, masters={master.key_id: master})
"""
_PUT_ONE = _PUT + "files.put(b'one document' * 1000); print('ANSWERED', flush=True)"
_PUT_MANY = _PUT + "\nfor n in range(10**9): print(files.put(n.to_bytes(8, 'big') * 20_000), flush=True)"


def _files(folder: Path) -> DocumentFiles:
    return DocumentFiles(folder, master=_MASTER, masters={_MASTER.key_id: _MASTER})


def _only_file(folder: Path) -> Path:
    (path,) = folder.glob("??/*")
    return path


def test_what_was_put_comes_back_under_its_digest(tmp_path: Path) -> None:
    files = _files(tmp_path)
    digest = files.put(_DOCUMENT)
    assert digest == sha256(_DOCUMENT).hexdigest()
    assert files.get(digest) == _DOCUMENT
    assert list(files.names()) == [digest]


def test_the_disk_tells_nothing_of_a_document(tmp_path: Path) -> None:
    _files(tmp_path).put(_DOCUMENT)
    stored = _only_file(tmp_path)
    assert "食品经营许可证".encode() not in stored.read_bytes()
    assert stored.stat().st_mode & 0o077 == 0


def test_the_same_document_is_kept_once_and_never_rewritten(tmp_path: Path) -> None:
    files = _files(tmp_path)
    files.put(_DOCUMENT)
    before = _only_file(tmp_path).stat()
    files.put(_DOCUMENT)
    after = _only_file(tmp_path).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoredFileError) as refused:
        _files(tmp_path).get("0" * 64)
    assert (refused.value.reason, refused.value.sha256) == ("missing", "0" * 64)


@pytest.mark.parametrize("place", [0, 20, 60, -1])
def test_one_changed_byte_is_told(tmp_path: Path, place: int) -> None:
    files = _files(tmp_path)
    digest = files.put(_DOCUMENT)
    content = bytearray(_only_file(tmp_path).read_bytes())
    content[place] ^= 1
    _only_file(tmp_path).write_bytes(content)
    with pytest.raises(StoredFileError) as refused:
        files.get(digest)
    assert refused.value.reason == "damaged"


def test_a_cut_file_is_told_and_the_same_document_mends_it(tmp_path: Path) -> None:
    files = _files(tmp_path)
    digest = files.put(_DOCUMENT)
    os.truncate(_only_file(tmp_path), 1000)
    with pytest.raises(StoredFileError):
        files.get(digest)
    files.put(_DOCUMENT)
    assert files.get(digest) == _DOCUMENT


def test_a_document_under_another_ones_name_is_not_given(tmp_path: Path) -> None:
    files = _files(tmp_path)
    files.put(_DOCUMENT)
    other = "ab" * 32
    (tmp_path / "ab").mkdir(exist_ok=True)
    _only_file(tmp_path).rename(tmp_path / "ab" / f"{other}.enc")
    with pytest.raises(StoredFileError) as refused:
        files.get(other)
    assert refused.value.reason == "damaged"


def test_file_then_name_then_folder_are_synced_before_the_answer(tmp_path: Path) -> None:
    trace, folder = tmp_path / "trace", tmp_path / "documents"
    program = [sys.executable, "-c", _PUT_ONE, str(folder)]
    calls = "trace=fsync,rename,renameat,renameat2,write"
    subprocess.run(["strace", "-f", "-y", "-e", calls, "-o", str(trace), *program], check=True, cwd=_ROOT)
    before, answered, _ = trace.read_text().partition("ANSWERED")
    assert answered
    told = re.findall(r"^\d+ +(fsync|rename)\w*\(.*documents(.*)$", before, re.MULTILINE)
    kinds = [call + (" file" if "/." in rest.partition(">")[0] else "") for call, rest in told]
    assert [kind.removesuffix(" file") for kind in kinds] == ["fsync", "fsync", "rename", "fsync"]
    # The new shard's place in the folder, the file, its name, and the shard that holds the name.
    assert kinds[1] == "fsync file"


def test_a_kill_leaves_whole_files_or_none(tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", _PUT_MANY, str(tmp_path)], stdout=subprocess.PIPE, cwd=_ROOT, text=True
    )
    assert writer.stdout is not None
    acknowledged = [writer.stdout.readline().strip() for _ in range(40)]
    writer.send_signal(signal.SIGKILL)
    acknowledged += writer.communicate()[0].split()
    files = _files(tmp_path)
    names = list(files.names())
    assert {line for line in acknowledged if len(line) == 64} <= set(names)
    assert all(sha256(files.get(name)).hexdigest() == name for name in names)


def test_what_a_kill_left_unfinished_is_swept_once_it_is_old(tmp_path: Path) -> None:
    files = _files(tmp_path)
    digest = files.put(_DOCUMENT)
    unfinished = _only_file(tmp_path).with_name(f".{digest}.0")
    unfinished.write_bytes(b"half")
    files.sweep(before=0)
    assert unfinished.exists()
    files.sweep(before=time.time() + 1)
    assert not unfinished.exists()
    assert files.get(digest) == _DOCUMENT
