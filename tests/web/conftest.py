"""Fixtures of the doors: one served hub a module, on both databases."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.store.database import Database
from tests.flows.world import make_world
from tests.postgres import Cluster
from tests.web.served import Door, served


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def door(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """The application over a hub that was made a moment ago, on both databases, and its world."""
    folder = tmp_path_factory.mktemp("doors")
    url: str = request.getfixturevalue(f"{request.param}_module_url")
    with closing(Database(url)) as database:
        world = make_world(database, folder, datetime.now(UTC) - timedelta(seconds=20))
        with served(url, folder) as client:
            yield client, world


@pytest.fixture(scope="module")
def sqlite_module_url(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of an empty, migrated SQLite file for a whole module."""
    path = tmp_path_factory.mktemp("doors-sqlite") / "hub.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture(scope="module")
def postgresql_module_url(postgresql_cluster: Cluster, postgresql_template: str) -> Iterator[str]:
    """The URL of an empty, migrated PostgreSQL database for a whole module."""
    postgresql_cluster.create_database("doors", template=postgresql_template)
    yield postgresql_cluster.url("doors")
    postgresql_cluster.drop_database("doors")
