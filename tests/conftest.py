"""What every test may ask for: an empty, migrated database of each kind, an S3 server; the rules of the whole suite.

Rules of the suite: nothing is skipped (a missing program is a failure that names it); hypothesis has no deadline,
because the speed of the machine is not a result.
"""

import gc
import shutil
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import sync_playwright
from sqlalchemy import Engine, create_engine

from hub.store import database, migrate
from tests.lent import Lender
from tests.postgres import Cluster, ClusterError, running_cluster
from tests.s3 import S3Server, running_s3

_TEMPLATE = "migrated"
_LONGEST = ("test_start.py", "test_document_vectors.py", "test_recover.py", "test_lives.py")
_numbers = count(1)

settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


@pytest.fixture(autouse=True, scope="session")
def _statements_compiled_once() -> Iterator[None]:
    """Let the databases of a session share one dialect of each kind and its compiled statements.

    A hub compiles each of its statements once in its life; thousands of short lives would compile them in every test.
    """
    first: dict[str, Engine] = {}

    def create_sharing(url: str, **options: Any) -> Engine:
        engine = create_engine(url, **options)
        known = first.setdefault(engine.dialect.name, engine)
        # A dialect knows its server from its first connection on.
        if known is not engine and getattr(known.dialect, "server_version_info", None) is not None:
            engine.dialect = engine.pool._dialect = known.dialect
            engine._compiled_cache = known._compiled_cache
        return engine

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(database, "create_engine", create_sharing)
        yield


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty, migrated database of its own; the test runs once on each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The URL of an empty, migrated SQLite file in the test's own folder."""
    path = tmp_path / "hub.sqlite"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgresql_url(migrated_lender: Lender) -> Iterator[str]:
    """The URL of an empty, migrated PostgreSQL database, in which nothing stays after the test."""
    with migrated_lender.lent() as url:
        yield url


@pytest.fixture
def unmigrated_postgresql_url(postgresql_cluster: Cluster) -> Iterator[str]:
    """The URL of a PostgreSQL database in which there is nothing at all: for the tests of the migrations."""
    name = f"test_{next(_numbers)}"
    postgresql_cluster.create_database(name)
    yield postgresql_cluster.url(name)
    postgresql_cluster.drop_database(name)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The migrated SQLite file of which every test gets a copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite"
    migrate.upgrade(f"sqlite:///{path}")
    # A journal beside the file would mean that the migration left a connection open: its last pages would be missing.
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    return path


@pytest.fixture(scope="session")
def postgresql_template(postgresql_cluster: Cluster) -> str:
    """The name of the migrated PostgreSQL database of which every test gets a copy."""
    postgresql_cluster.create_database(_TEMPLATE)
    migrate.upgrade(postgresql_cluster.url(_TEMPLATE))
    return _TEMPLATE


@pytest.fixture(scope="session")
def migrated_lender(postgresql_cluster: Cluster, postgresql_template: str) -> Iterator[Lender]:
    """Lends the migrated PostgreSQL database."""
    with closing(Lender(postgresql_cluster, postgresql_template)) as lender:
        yield lender


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium: Debian's own, or on Ubuntu the one that playwright has installed."""
    if Path("/usr/bin/chromium").exists():
        return "/usr/bin/chromium"
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    assert Path(path).exists(), (
        "Chromium is not installed: run `apt-get install chromium` (Debian) or `playwright install chromium` (Ubuntu)"
    )
    return path


@pytest.fixture(scope="session")
def postgresql_cluster() -> Iterator[Cluster]:
    """The session's own PostgreSQL server; where none is installed, its tests fail with what to install."""
    try:
        with running_cluster() as cluster:
            yield cluster
    except ClusterError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """The session's own S3 server; each test takes a prefix of its own."""
    with running_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


def pytest_sessionstart() -> None:
    """Look for no garbage in what is imported and collected: it stays."""
    gc.disable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest stories: one that began last would leave the other workers with nothing to do."""
    items.sort(key=lambda item: item.path.name not in _LONGEST)


def pytest_collection_finish() -> None:
    """Leave what is there for good out of every later search for garbage, and search less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    gc.enable()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A skipped test has proven nothing, so the session has not passed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and reporter.stats.get("skipped"):
        reporter.write_line("No test of this suite may be skipped.", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
