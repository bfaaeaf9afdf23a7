"""Documents and their intentions in the store: one maker at a time, the newest told, on both databases."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.store.database import Database
from hub.store.document import DocumentName, DocumentReader, DocumentWriter, StoredDocument
from hub.store.migrate import upgrade

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
NAME = DocumentName(7, "original", "zh")


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A migrated, empty database."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'hub.db'}"
    else:
        url = request.getfixturevalue("unmigrated_postgresql_url")
    upgrade(url)
    made = Database(url, pool_size=2)
    yield made
    made.close()


def _intend(database: Database, owner: str) -> bool:
    row = {"owner": owner, "lease_until": NOW, "envelope": b"content", "recorded_at": NOW}
    return database.write(lambda connection: DocumentWriter(connection).intend(NAME, row))


def _take_over(database: Database, owner: str, now: datetime) -> bool:
    return database.write(
        lambda connection: DocumentWriter(connection).take_over(
            NAME, owner=owner, lease_until=now + timedelta(minutes=5), now=now
        )
    )


def _document(digest: str, sealed_at: datetime = NOW) -> StoredDocument:
    return StoredDocument(7, "original", "zh", digest, 1000, digest[::-1], "p" * 64, sealed_at, f"act of {digest[0]}")


def test_a_document_is_made_by_one_at_a_time(database: Database) -> None:
    assert _intend(database, "first")
    assert not _intend(database, "second")


def test_an_orphan_is_taken_over_once_its_lease_has_run_out(database: Database) -> None:
    _intend(database, "first")
    assert not _take_over(database, "second", NOW)
    with database.read() as connection:
        assert DocumentReader(connection).orphans(NOW) == []
        assert DocumentReader(connection).orphans(LATER) == [NAME]
    assert _take_over(database, "second", LATER)
    assert not _take_over(database, "third", LATER)


def test_who_lost_the_lease_neither_keeps_nor_ends_the_intention(database: Database) -> None:
    _intend(database, "first")
    _take_over(database, "second", LATER)
    kept = database.write(
        lambda connection: DocumentWriter(connection).keep(NAME, owner="first", lease_until=LATER, envelope=b"late")
    )
    dropped = database.write(lambda connection: DocumentWriter(connection).drop(NAME, owner="first"))
    with database.read() as connection:
        left = DocumentReader(connection).open(NAME)
    assert (kept, dropped) == (False, False)
    assert left is not None
    assert (left.owner, left.envelope) == ("second", b"content")


def test_what_was_made_so_far_is_kept_and_the_end_leaves_nothing(database: Database) -> None:
    _intend(database, "first")
    assert database.write(
        lambda connection: DocumentWriter(connection).keep(NAME, owner="first", lease_until=LATER, envelope=b"more")
    )
    with database.read() as connection:
        left = DocumentReader(connection).open(NAME)
    assert left is not None
    assert (left.envelope, left.lease_until) == (b"more", LATER)
    assert database.write(lambda connection: DocumentWriter(connection).drop(NAME, owner="first"))
    with database.read() as connection:
        assert DocumentReader(connection).open(NAME) is None


def test_of_a_document_drawn_again_the_newest_is_told_and_each_is_known_by_its_digest(database: Database) -> None:
    database.write(lambda connection: DocumentWriter(connection).add(_document("a" * 64)))
    database.write(lambda connection: DocumentWriter(connection).add(_document("b" * 64, LATER)))
    with database.read() as connection:
        reader = DocumentReader(connection)
        assert reader.newest(NAME) == _document("b" * 64, LATER)
        assert reader.newest(DocumentName(7, "duplicate", "zh")) is None
        assert reader.by_digest("a" * 64) == _document("a" * 64)
        assert reader.by_digest("c" * 64) is None
        assert [each.sha256[0] for each in reader.all()] == ["a", "b"]
