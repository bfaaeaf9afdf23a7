"""What the operator reads of compromised keys: which, since when, how much reads unknown, how far sealing again is."""

from hub.supervision.figures.compromised import Compromised, list_compromised
from tests.flows.keys_led import SEAL, compromised, resealed, times
from tests.flows.world import MARKET, World, food_number, food_order, licence_order


def told(world: World) -> list[Compromised]:
    with world.registry.database.read() as connection:
        return list_compromised(times(world), world.registry.trust(), connection)


def test_compromised_key_is_told_with_what_fell_and_what_was_sealed_again(hub_world: World) -> None:
    world = hub_world
    assert told(world) == []
    world.issue(licence_order())
    first = world.issue(food_order())
    second = world.issue(food_order(certificate_number=food_number(2)))
    since, key_id = world.now, world.keys.signer(SEAL).key_id
    compromised(world, since)
    (one,) = told(world)
    assert (one.of, one.key_id, one.since, one.reason) == (f"seal:{MARKET}", key_id, since, "compromised")
    fallen = {each.identifier for each in one.fallen}
    assert fallen >= {first["identifier"], second["identifier"]}
    assert (one.sealed, one.under_way) == (0, 0)
    resealed(world, key_id, first["identifier"])
    (one,) = told(world)
    assert {each.identifier for each in one.fallen} == fallen - {first["identifier"]}
    assert (one.sealed, one.under_way) == (1, 0)
