"""The migrations: from nothing to exactly the tables the code knows, on both databases, as often as one likes."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, insert, inspect, select

from hub.store import migrate, tables
from hub.store.certificate import CertificateWriter
from hub.store.columns import JsonBytes, Moment
from hub.store.database import Database
from hub.store.parties import PartyReader
from hub.store.tables import metadata

SYSTEM = {
    "code": "market", "department": "x", "name": "示例", "key_id": "k", "cert_der": b"cert", "roles": [],
    "active": True,
}  # fmt: skip

CERTIFICATE = {
    "serial": 7, "chain": 7, "version": 1, "identifier": "x", "reference": "x", "licence_number": "x",
    "certificate_type": "x", "type_version": 1, "issuing_body": "x", "status": "valid", "status_since": date.min,
    "valid_from": date.min, "decided_on": date.min, "payload_sha256": "x", "facts_digest": "x", "statement": 1,
}  # fmt: skip
ANNOTATION = {
    "serial": 7, "kind": "x", "authority": "x", "authority_name": "x", "document_name": "x", "document_number": "x",
    "document_date": date.min, "from_on": date.min, "statement": 1,
}  # fmt: skip


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database in which there is nothing at all."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.sqlite'}"
    url: str = request.getfixturevalue("unmigrated_postgresql_url")
    return url


def test_migrations_make_exactly_the_tables_of_the_code(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    assert _differences(empty_url) == []


def test_migrating_again_changes_nothing(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    migrate.upgrade(empty_url)
    assert _differences(empty_url) == []


def test_every_table_of_the_code_is_there(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    engine = create_engine(empty_url)
    names = set(inspect(engine).get_table_names())
    engine.dispose()
    assert names == set(metadata.tables) | {"alembic_version"}


def test_serials_begin_at_one_and_are_never_given_twice(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    database = Database(empty_url)
    given = [database.write(lambda connection: CertificateWriter(connection).allocate(3)) for _ in range(2)]
    database.close()
    assert given == [[1, 2, 3], [4, 5, 6]]


def test_key_that_a_system_had_before_keys_were_kept_apart_counts_on(empty_url: str) -> None:
    migrate.upgrade(empty_url, "0004")
    engine = create_engine(empty_url)
    with engine.begin() as connection:
        connection.execute(insert(tables.system), SYSTEM)
    engine.dispose()
    migrate.upgrade(empty_url)
    database = Database(empty_url)
    with database.read() as connection:
        assert PartyReader(connection).keys_of("market", datetime.now(UTC)) == {"k": b"cert"}
    database.close()


def test_entries_of_before_the_change_feed_name_their_certificates(empty_url: str) -> None:
    migrate.upgrade(empty_url, "0014")
    engine, moment = create_engine(empty_url), datetime.now(UTC)
    acts = {"made": "issue", "noted": "annotate", "lifted": "annotate", "pulled": "delivery"}
    entered = {"salt": b"", "leaf": b"", "recorded_at": moment, "act_bytes": b'{"previous": "made"}'}
    with engine.begin() as connection:
        connection.execute(insert(tables.certificate), CERTIFICATE | {"sealed_at": moment, "act_id": "made"})
        connection.execute(insert(tables.annotation), ANNOTATION | {"recorded_at": moment, "act_id": "noted"})
        connection.execute(insert(tables.entry), [entered | {"act_id": act, "kind": acts[act]} for act in acts])
    engine.dispose()
    migrate.upgrade(empty_url)
    database = Database(empty_url)
    with database.read() as connection:
        found = connection.execute(select(tables.entry.c.act_id, tables.entry.c.serial)).all()
    assert dict(map(tuple, found)) == {"made": 7, "noted": 7, "lifted": 7, "pulled": None}
    database.close()


def _differences(url: str) -> list[Any]:
    engine = create_engine(url)
    with engine.connect() as connection:
        options = {"compare_type": _is_other_type, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        differences = list(compare_metadata(context, metadata))
    engine.dispose()
    return differences


def _is_other_type(_context: Any, _inspected: Any, _column: Any, stored: Any, known: Any) -> bool | None:
    """Compare a column of a type of ours by what it is kept as."""
    if isinstance(known, (Moment, JsonBytes)):
        return not isinstance(stored, type(known.impl_instance))
    return None
