"""What the stories of the command line may ask for."""

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer.main

from hub.store import migrate
from tests.cli.site import Site, served
from tests.cli.town import settle


@pytest.fixture(autouse=True, scope="session")
def _commands_built_once() -> Iterator[None]:
    """Let typer build the tree of commands once: a process of `yizhao` runs one, these stories hundreds."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(typer.main, "get_command", cache(typer.main.get_command))
        yield


@pytest.fixture(autouse=True, scope="session")
def _migrated_once(sqlite_template: Path) -> Iterator[None]:
    """Let `init` begin with a copy of the migrated file: it runs dozens of times, and its migrations are the same."""
    migrate_to = migrate.upgrade

    def upgrade(url: str, revision: str = "head") -> None:
        path = Path(url.removeprefix("sqlite:///"))
        if url.startswith("sqlite:///") and revision == "head" and not path.exists():
            shutil.copyfile(sqlite_template, path)
        migrate_to(url, revision)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(migrate, "upgrade", upgrade)
        yield


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A fresh installation, not served."""
    made = Site(tmp_path)
    assert made.init().code == 0
    return made


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A served installation with two departments, one of them an issuing body; a module shares it."""
    made = Site(tmp_path_factory.mktemp("town"))
    assert made.init().code == 0
    with pytest.MonkeyPatch.context() as patched:
        # Every pull by law is reviewed, so that there is one to answer.
        patched.setenv("YIZHAO_REVIEW_PERCENT", "100")
        with served(made) as site:
            settle(site)
            yield site
