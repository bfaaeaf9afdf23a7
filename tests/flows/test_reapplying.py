"""Lost acts are done again from what others bring back: the very acts, once, or not at all; and doubt reads unknown."""

from pathlib import Path

import pytest
from sqlalchemy import select

from hub.store import tables
from schemas.verdict import Outcome
from tests.flows.backed_up import NewUrl
from tests.flows.brought_back import Keeper, lost_after
from tests.flows.registry_check import check_registry
from tests.flows.world import World, food_number, food_order, licence_order

WITHDRAWN = (Outcome.NOT_VALID, "withdrawn")
HELD = (Outcome.UNKNOWN, "act_lost")
GOOD = (Outcome.VALID, "good")


@pytest.fixture
def permit(unchecked_world: World) -> str:
    """A food permit of a holder with a licence, issued before the backup."""
    unchecked_world.issue(licence_order())
    unchecked_world.make_licence()
    return str(unchecked_world.issue(food_order())["identifier"])


def test_what_every_party_brings_back_is_done_again(
    unchecked_world: World, permit: str, tmp_path: Path, new_url: NewUrl
) -> None:
    grant, issued = unchecked_world.grant(), {}

    def happen(keeper: Keeper) -> None:
        keeper.change(permit, "withdraw")
        issued.update(keeper.issue(food_order(certificate_number=food_number(3))))
        keeper.change(str(issued["identifier"]), "annul")
        keeper.withdraw(grant)
        keeper.withdraw(keeper.grant())

    with lost_after(unchecked_world, tmp_path, new_url, happen) as recovered:
        told = recovered.bring(*recovered.keeper.all())
        assert (told["left"], len(told["again_now"]), told["lost"]["unknown"]) == ([], 6, 0)
        recovered.settle()
        assert recovered.outcome(permit) == WITHDRAWN
        world = recovered.world
        assert world.outcome(str(issued["reference"])) == (Outcome.NOT_VALID, "annulled")
        with world.registry.database.read() as connection:
            ended = connection.execute(select(tables.grant_table.c.withdrawal, tables.grant_table.c.ended_by)).all()
        assert [(row.withdrawal is not None, row.ended_by) for row in ended] == [(True, None)] * 2
        check_registry(world)
