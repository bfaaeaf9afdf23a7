"""The two places where files may lie, each empty."""

from pathlib import Path

import pytest

from hub.store.bucket import FileBucket
from hub.store.folder import FileFolder
from hub.store.places import FilePlace
from tests.s3 import S3Server


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest) -> FilePlace:
    """An empty place; the test runs once on each kind."""
    made: FilePlace = request.getfixturevalue(f"file_{request.param}")
    return made


@pytest.fixture
def file_folder(tmp_path: Path) -> FileFolder:
    return FileFolder(tmp_path / "documents")


@pytest.fixture
def file_bucket(s3_server: S3Server) -> FileBucket:
    return FileBucket(s3_server.new_address())
