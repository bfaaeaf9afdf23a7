"""Many pulls at once, for figures that count them."""

from sqlalchemy import insert, select

from hub.store import tables
from tests.flows.world import World


def copy_decisions(world: World, times: int) -> None:
    """Let the one decision have been made so often; their acts are of no account here."""
    with world.registry.database.read() as connection:
        row = dict(
            connection.execute(select(tables.pull_decision).where(tables.pull_decision.c.allowed)).mappings().first()
            or {}
        )
    rows = [row | {"decision": f"copy-{number}"} for number in range(times)]
    world.registry.database.write(lambda connection: connection.execute(insert(tables.pull_decision), rows))
