"""Places of files at the start of a hub: one that refuses is refused, one that is away is waited for."""

from dataclasses import replace
from pathlib import Path

import pytest

from hub.errors import SetupError, StoreError
from hub.store.places import FilePlace, open_place, prove
from tests.hub.store.loopback import unused_endpoint
from tests.s3 import S3Server


def test_a_place_is_proven_without_a_trace_among_its_files(tmp_path: Path, s3_server: S3Server) -> None:
    folder, bucket = open_place(tmp_path / "documents"), open_place(s3_server.new_address())
    assert list(folder.names()) == []
    assert "/" not in "".join(bucket.names())


def test_a_bucket_that_refuses_us_is_no_place_to_start_on(s3_server: S3Server) -> None:
    with pytest.raises(SetupError) as refused:
        open_place(replace(s3_server.new_address(), secret="of-another-key"))
    assert (refused.value.code, refused.value.facts) == ("documents_refused", {"answer": "SignatureDoesNotMatch"})


def test_a_folder_that_cannot_be_made_is_no_place_to_start_on(tmp_path: Path) -> None:
    (tmp_path / "documents").write_text("a file where the folder should be")
    with pytest.raises(SetupError) as refused:
        open_place(tmp_path / "documents")
    assert (refused.value.code, refused.value.facts) == ("documents_refused", {"answer": "File exists"})


def test_a_bucket_that_is_away_is_taken_and_says_so_when_it_is_needed(s3_server: S3Server) -> None:
    place = open_place(replace(s3_server.new_address(), endpoint=unused_endpoint()))
    with pytest.raises(StoreError) as refused:
        prove(place)
    assert refused.value.code == "documents_unavailable"


def test_a_file_is_deleted_for_good_and_once(place: FilePlace) -> None:
    place.put("ab/file.enc", b"content")
    place.delete("ab/file.enc")
    place.delete("ab/file.enc")
    assert place.get("ab/file.enc") is None


def test_only_files_put_before_a_moment_are_named(place: FilePlace) -> None:
    place.put("ab/file.enc", b"content")
    assert "ab/file.enc" in set(place.names(before=4_000_000_000))
    assert "ab/file.enc" not in set(place.names(before=1_000_000_000))


def test_a_place_that_gives_back_something_else_is_refused(place: FilePlace) -> None:
    class Forgetful:
        """A place that keeps what it was given first."""

        put = staticmethod(lambda name, content: place.put(name, b"something else"))
        get, names, sweep, delete = place.get, place.names, place.sweep, place.delete

    with pytest.raises(StoreError) as refused:
        prove(Forgetful())
    assert refused.value.code == "documents_refused"
