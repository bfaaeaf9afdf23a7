"""Fixtures of the doors: one served hub a module, on both databases."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from hub.store.database import Database
from tests.flows.world import make_world
from tests.postgres import Cluster
from tests.web.served import Door, served

_numbers = count(1)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def door(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """The application over a hub that was made a moment ago, on both databases, and its world.

    The order of tests decides how often a module's door is made: each has a database of its own.
    """
    folder = tmp_path_factory.mktemp("doors")
    with _MIGRATED[request.param](request, folder) as url, closing(Database(url)) as database:
        world = make_world(database, folder, datetime.now(UTC) - timedelta(seconds=20))
        with served(url, folder) as client:
            yield client, world


@pytest.fixture(scope="module")
def sqlite_module_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an empty, migrated SQLite file for a whole module."""
    with _sqlite(request, tmp_path_factory.mktemp("doors-sqlite")) as url:
        yield url


@contextmanager
def _sqlite(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    path = folder / "hub.sqlite"
    path.write_bytes(request.getfixturevalue("sqlite_template").read_bytes())
    yield f"sqlite:///{path}"


@contextmanager
def _postgresql(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    cluster: Cluster = request.getfixturevalue("postgresql_cluster")
    name = f"doors_{next(_numbers)}"
    cluster.create_database(name, template=request.getfixturevalue("postgresql_template"))
    yield cluster.url(name)
    cluster.drop_database(name)


_MIGRATED = {"sqlite": _sqlite, "postgresql": _postgresql}
