"""Bring a database to the newest schema, with alembic; the only place that changes tables."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine

_MIGRATIONS = Path(__file__).parent / "migrations"


def is_newest(connection: Connection) -> bool:
    """Say whether the database stands at the newest revision."""
    newest = ScriptDirectory(str(_MIGRATIONS)).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == newest


def revision_of(connection: Connection) -> str | None:
    """Return the revision that the database stands at, None where there are no tables."""
    return MigrationContext.configure(connection).get_current_revision()


def knows(revision: str) -> bool:
    """Say whether this version has the revision, so that its tables can be made."""
    return revision in {each.revision for each in ScriptDirectory(str(_MIGRATIONS)).walk_revisions()}


def upgrade(url: str, revision: str = "head") -> None:
    """Create or migrate the database at `url` up to `revision`; nothing happens when it is there already."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    finally:
        engine.dispose()
