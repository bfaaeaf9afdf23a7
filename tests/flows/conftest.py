"""Fixtures of the stories: one world per test, on both databases, and the whole registry re-verified after each.

Making a world takes a fifth of a second, so it is made once for each database; every test gets a copy of its own.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from itertools import count
from pathlib import Path
from stat import S_IMODE

import pytest

from hub.store.database import Database
from tests.flows.backed_up import NewUrl
from tests.flows.registry_check import check_registry
from tests.flows.world import World, make_world, open_world
from tests.lent import Lender
from tests.postgres import Cluster

_TEMPLATE = "world"
_numbers = count(1)


@pytest.fixture
def hub_world(unchecked_world: World) -> Iterator[World]:
    """Yield a hub with two departments; afterwards everything it stored is verified from its bytes."""
    yield unchecked_world
    check_registry(unchecked_world, open_intentions=unchecked_world.open_intentions)


@pytest.fixture(params=["sqlite", "postgresql"])
def unchecked_world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Yield a hub with two departments, for tests that break it on purpose or check it themselves."""
    with copied_world(request.param, request, tmp_path) as world:
        yield world


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def lasting_world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Yield one hub for all those tests of a module that are refused and change nothing; verified at the end."""
    with copied_world(request.param, request, tmp_path_factory.mktemp("lasting")) as world:
        yield world
        check_registry(world)


@contextmanager
def copied_world(dialect: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[World]:
    """Yield a copy of the world on that database, its keys, log and files in `folder`; it is gone afterwards."""
    template: Path = request.getfixturevalue(f"{dialect}_world_folder")
    for name, mode, content in _files_of(template):
        if content is None:
            os.mkdir(f"{folder}/{name}", mode)
        else:
            with open(os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                file.write(content)
    copied = _sqlite_copy(template, folder) if dialect == "sqlite" else request.getfixturevalue("world_lender").lent()
    with copied as url, closing(open_world(Database(url), folder)) as world:
        yield world


@cache
def _files_of(template: Path) -> list[tuple[str, int, bytes | None]]:
    """Return the folders and files of keys and log, each with its mode: to read them anew for each test costs twice."""
    found = [path for name in ("keys", "data-log") for path in (template / name, *sorted((template / name).rglob("*")))]
    return [
        (str(path.relative_to(template)), S_IMODE(path.stat().st_mode), None if path.is_dir() else path.read_bytes())
        for path in found
    ]


@contextmanager
def _sqlite_copy(template: Path, folder: Path) -> Iterator[str]:
    shutil.copyfile(template / "hub.sqlite", folder / "hub.sqlite")
    yield f"sqlite:///{folder / 'hub.sqlite'}"


@pytest.fixture(scope="session")
def sqlite_world_folder(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with keys and database of the world that every SQLite test gets a copy of."""
    folder = tmp_path_factory.mktemp("sqlite-world")
    shutil.copyfile(sqlite_template, folder / "hub.sqlite")
    make_world(Database(f"sqlite:///{folder / 'hub.sqlite'}"), folder).close()
    return folder


@pytest.fixture(scope="session")
def postgresql_world_folder(
    postgresql_cluster: Cluster, postgresql_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder with the keys of the world that every PostgreSQL test gets a copy of."""
    folder = tmp_path_factory.mktemp("postgresql-world")
    postgresql_cluster.create_database(_TEMPLATE, template=postgresql_template)
    make_world(Database(postgresql_cluster.url(_TEMPLATE)), folder).close()
    return folder


@pytest.fixture(scope="session")
def world_lender(postgresql_cluster: Cluster, postgresql_world_folder: Path) -> Iterator[Lender]:
    """Lends the PostgreSQL database of that world."""
    with closing(Lender(postgresql_cluster, _TEMPLATE)) as lender:
        yield lender


@pytest.fixture
def new_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[NewUrl]:
    """Return what gives URLs of databases in which there is nothing, of either kind."""
    made = list[str]()

    def url(dialect: str) -> str:
        if dialect == "sqlite":
            return f"sqlite:///{tmp_path / f'again-{next(_numbers)}' / 'data' / 'hub.db'}"
        cluster: Cluster = request.getfixturevalue("postgresql_cluster")
        made.append(f"again_{next(_numbers)}")
        cluster.create_database(made[-1])
        return cluster.url(made[-1])

    yield url
    for name in made:
        request.getfixturevalue("postgresql_cluster").drop_database(name)
