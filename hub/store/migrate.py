"""Bring a database to the newest schema, with alembic; the only place that changes tables."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

_MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(url: str, revision: str = "head") -> None:
    """Create or migrate the database at `url` up to `revision`; nothing happens when it is there already."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("SELECT 1")
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    finally:
        engine.dispose()
