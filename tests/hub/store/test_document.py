"""Documents and their intentions in the store: one maker at a time, the newest told, on both databases."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.store.database import Database
from hub.store.document import DocumentName, DocumentReader, DocumentWriter, OpenDocument, StoredDocument

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
NAME = DocumentName(7, "original", "zh")


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated, empty database."""
    made = Database(database_url, pool_size=2)
    yield made
    made.close()


def _want(database: Database, *names: DocumentName, now: datetime = NOW) -> None:
    database.write(lambda connection: DocumentWriter(connection).want(names, now))


def _take_over(database: Database, owner: str, now: datetime) -> bool:
    return database.write(
        lambda connection: DocumentWriter(connection).take_over(
            NAME, owner=owner, lease_until=now + timedelta(minutes=5), now=now
        )
    )


def _waiting(database: Database, now: datetime) -> list[DocumentName]:
    with database.read() as connection:
        return DocumentReader(connection).waiting(now)


def _counts(database: Database) -> tuple[int, int]:
    with database.read() as connection:
        return DocumentReader(connection).counts()


def _opened(database: Database) -> OpenDocument | None:
    with database.read() as connection:
        return DocumentReader(connection).open(NAME)


def _keep(database: Database, owner: str, envelope: bytes) -> bool:
    return database.write(
        lambda connection: DocumentWriter(connection).keep(NAME, owner=owner, lease_until=LATER, envelope=envelope)
    )


def _fail(database: Database, owner: str, problem: dict[str, Any]) -> bool:
    return database.write(
        lambda connection: DocumentWriter(connection).fail(NAME, owner=owner, problem=problem, now=NOW)
    )


def _document(digest: str, sealed_at: datetime = NOW) -> StoredDocument:
    return StoredDocument(
        7, "original", "zh", "", digest, 1000, digest[::-1], "key", "p" * 64, sealed_at, f"act of {digest[0]}"
    )


def test_a_document_is_wanted_once_and_made_by_one_at_a_time(database: Database) -> None:
    _want(database, NAME)
    _want(database, NAME)
    assert _waiting(database, NOW) == [NAME]
    assert _take_over(database, "first", NOW)
    assert not _take_over(database, "second", NOW)
    assert _waiting(database, NOW) == []


def test_those_wanted_first_wait_first(database: Database) -> None:
    other = DocumentName(7, "copy", "en", "d" * 22)
    _want(database, other)
    _want(database, NAME, now=LATER)
    assert _waiting(database, LATER) == [other, NAME]


def test_an_orphan_is_taken_over_once_its_lease_has_run_out(database: Database) -> None:
    _want(database, NAME)
    _take_over(database, "first", NOW)
    over = NOW + timedelta(minutes=5)
    assert not _take_over(database, "second", over - timedelta(seconds=1))
    assert _waiting(database, over) == [NAME]
    assert _take_over(database, "second", over)
    assert not _take_over(database, "third", over)


def test_who_lost_the_lease_neither_keeps_nor_ends_the_intention(database: Database) -> None:
    _want(database, NAME)
    _take_over(database, "first", NOW)
    _take_over(database, "second", NOW + timedelta(minutes=5))
    assert _keep(database, "second", b"content")
    assert not _keep(database, "first", b"late")
    assert not database.write(lambda connection: DocumentWriter(connection).drop(NAME, owner="first"))
    assert not database.write(
        lambda connection: DocumentWriter(connection).fail(NAME, owner="first", problem={}, now=NOW)
    )
    left = _opened(database)
    assert left is not None
    assert (left.owner, left.envelope) == ("second", b"content")


def test_the_end_leaves_nothing(database: Database) -> None:
    _want(database, NAME)
    _take_over(database, "first", NOW)
    assert _keep(database, "first", b"more")
    assert database.write(lambda connection: DocumentWriter(connection).drop(NAME, owner="first"))
    assert _opened(database) is None


def test_what_could_not_be_made_waits_until_it_is_wanted_again(database: Database) -> None:
    problem = {"code": "glyph_missing", "facts": {"character": "示"}}
    _want(database, NAME)
    _take_over(database, "first", NOW)
    _keep(database, "first", b"content")
    _fail(database, "first", problem)
    failed = _opened(database)
    assert failed is not None
    assert (failed.problem, failed.envelope) == (problem, None)
    assert _waiting(database, LATER + timedelta(days=1)) == []
    assert _counts(database) == (0, 1)
    _want(database, NAME, now=LATER)
    assert _waiting(database, LATER) == [NAME]
    assert _counts(database) == (1, 0)


def test_old_problems_are_forgotten_and_nothing_else(database: Database) -> None:
    _want(database, NAME)
    _take_over(database, "first", NOW)
    database.write(lambda connection: DocumentWriter(connection).forget_problems(LATER))
    assert _opened(database) is not None
    database.write(
        lambda connection: DocumentWriter(connection).fail(NAME, owner="first", problem={"code": "x"}, now=NOW)
    )
    database.write(lambda connection: DocumentWriter(connection).forget_problems(LATER))
    assert _opened(database) is None


def test_only_what_nobody_has_begun_is_no_longer_wanted(database: Database) -> None:
    _want(database, NAME)
    _take_over(database, "first", NOW)
    database.write(lambda connection: DocumentWriter(connection).no_longer_want(NAME))
    assert _opened(database) is not None
    database.write(lambda connection: DocumentWriter(connection).drop(NAME, owner="first"))
    _want(database, NAME)
    database.write(lambda connection: DocumentWriter(connection).no_longer_want(NAME))
    assert _opened(database) is None


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
