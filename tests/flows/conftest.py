"""Fixtures of the stories: one world per test, on both databases."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.store.database import Database
from tests.flows.world import World, make_world


@pytest.fixture
def hub_world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """Yield a hub with two departments, on SQLite and on PostgreSQL."""
    database = Database(database_url)
    try:
        yield make_world(database, tmp_path)
    finally:
        database.close()
