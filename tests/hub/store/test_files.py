"""Document files: kept under their digest, encrypted, told when missing or damaged; in a folder as in a bucket."""

from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest

from hub.store.files import DocumentFiles, StoredFileError
from hub.store.places import FilePlace
from signing.envelope import MasterKey

_DOCUMENT = "食品经营许可证 示例".encode() * 1000
_MASTER = MasterKey.from_secret(b"s" * 32)


def _files(place: FilePlace, master: MasterKey = _MASTER) -> DocumentFiles:
    return DocumentFiles(place, master=master, masters={_MASTER.key_id: _MASTER, master.key_id: master})


def _only_file(place: FilePlace) -> tuple[str, bytes]:
    (name,) = place.names()
    return name, place.get(name) or b""


def test_what_was_put_comes_back_under_its_digest(place: FilePlace) -> None:
    files = _files(place)
    digest = files.put(_DOCUMENT)
    assert digest == sha256(_DOCUMENT).hexdigest()
    assert files.get(digest) == _DOCUMENT
    assert list(files.names()) == [digest]


def test_a_place_is_told_nothing_of_a_document(place: FilePlace) -> None:
    digest = _files(place).put(_DOCUMENT)
    name, content = _only_file(place)
    assert name == f"{digest[:2]}/{digest}.enc"
    assert "食品经营许可证".encode() not in content


def test_the_same_document_put_again_is_one_file_under_the_newest_key(place: FilePlace) -> None:
    newest = MasterKey.from_secret(b"n" * 32)
    files = _files(place, newest)
    assert _files(place).put(_DOCUMENT) == files.put(_DOCUMENT)
    _, content = _only_file(place)
    assert newest.key_id in content
    assert files.get(sha256(_DOCUMENT).hexdigest()) == _DOCUMENT


def test_the_same_document_put_many_times_at_once_is_one_whole_file(place: FilePlace) -> None:
    files = _files(place)
    with ThreadPoolExecutor(8) as threads:
        (digest,) = set(threads.map(files.put, [_DOCUMENT] * 32))
    assert list(files.names()) == [digest]
    assert files.get(digest) == _DOCUMENT


def test_a_missing_file_is_told(place: FilePlace) -> None:
    with pytest.raises(StoredFileError) as refused:
        _files(place).get("0" * 64)
    assert (refused.value.reason, refused.value.sha256) == ("missing", "0" * 64)


@pytest.mark.parametrize("position", [0, 20, 60, -1])
def test_one_changed_byte_is_told(place: FilePlace, position: int) -> None:
    files = _files(place)
    digest = files.put(_DOCUMENT)
    name, content = _only_file(place)
    changed = bytearray(content)
    changed[position] ^= 1
    place.put(name, bytes(changed))
    with pytest.raises(StoredFileError) as refused:
        files.get(digest)
    assert (refused.value.reason, refused.value.sha256) == ("damaged", digest)


@pytest.mark.parametrize("length", [0, 1000])
def test_a_cut_file_is_told_and_the_same_document_mends_it(place: FilePlace, length: int) -> None:
    files = _files(place)
    digest = files.put(_DOCUMENT)
    name, content = _only_file(place)
    place.put(name, content[:length])
    with pytest.raises(StoredFileError):
        files.get(digest)
    files.put(_DOCUMENT)
    assert files.get(digest) == _DOCUMENT


def test_a_document_under_another_ones_name_is_not_given(place: FilePlace) -> None:
    files = _files(place)
    files.put(_DOCUMENT)
    other = "ab" * 32
    place.put(f"ab/{other}.enc", _only_file(place)[1])
    with pytest.raises(StoredFileError) as refused:
        files.get(other)
    assert refused.value.reason == "damaged"


def test_names_come_in_order_and_what_is_no_document_is_passed_over(place: FilePlace) -> None:
    files = _files(place)
    digests = sorted(files.put(bytes([number])) for number in range(20))
    place.put("ab/notes.txt", b"")
    place.put(f"ab/{digests[0]}.enc.old", b"")
    assert list(files.names()) == digests


def test_a_document_can_be_copied_from_one_place_to_the_other(file_folder: FilePlace, file_bucket: FilePlace) -> None:
    digest = _files(file_folder).put(_DOCUMENT)
    file_bucket.put(*_only_file(file_folder))
    assert _files(file_bucket).get(digest) == _DOCUMENT
