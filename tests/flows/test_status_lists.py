"""Published status lists are kept until something they tell of changes, and never a read longer."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from hub.public.status_lists import StatusLists
from schemas.tokens import STATUS_LIST_TYP
from signing.base64url import decode
from signing.jws import CompactSigner, parse_json
from signing.status_list import StatusValue, decode_status, place_of
from tests.flows.conftest import copied_world
from tests.flows.keys_led import rotate
from tests.flows.registry_check import check_registry
from tests.flows.world import World, food_number, food_order, licence_order

TERM = timedelta(minutes=5)
SECOND = timedelta(seconds=1)
FOOD = 2  # the licence was the first


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Yield a hub on SQLite, verified afterwards."""
    with copied_world("sqlite", request, tmp_path) as opened:
        yield opened
        check_registry(opened)


class Counting(CompactSigner):
    """Signs lists with the key of the moment, and counts them; `meanwhile` happens once, while one is signed."""

    def __init__(self, world: World) -> None:
        super().__init__(lambda: world.keys.signer("hub:status"), STATUS_LIST_TYP)
        self.signed = 0
        self.meanwhile: Any = None

    def sign(self, payload: bytes, *, statement: bytes | None = None) -> str:
        self.signed += 1
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return super().sign(payload, statement=statement)


def lists_of(world: World) -> tuple[StatusLists, Counting]:
    signer = Counting(world)
    return StatusLists(world.registry, signer, TERM), signer


def permit(world: World) -> str:
    world.issue(licence_order())
    return str(world.issue(food_order())["identifier"])


def claims(lists: StatusLists, world: World) -> dict[str, Any]:
    told: dict[str, Any] = parse_json(decode(lists.token(0, world.now).split(".")[1]))
    return told


def value(lists: StatusLists, world: World, serial: int = FOOD) -> int:
    packed = claims(lists, world)["status_list"]["lst"]
    return decode_status(packed, place_of(serial, world.registry.status_key).index)


def test_list_that_nothing_changed_costs_one_look_up_and_is_the_same_to_the_byte(hub_world: World) -> None:
    permit(hub_world)
    lists, signer = lists_of(hub_world)
    first, asked = lists.get(0, hub_world.now), list[str]()
    event.listen(hub_world.registry.database._engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    assert lists.get(0, hub_world.now) is first
    assert (signer.signed, len([each for each in asked if each.startswith("SELECT")])) == (1, 1)


def test_change_by_another_process_is_in_the_very_next_list(hub_world: World) -> None:
    identifier = permit(hub_world)
    lists, _ = lists_of(hub_world)
    assert value(lists, hub_world) == StatusValue.VALID
    with closing(hub_world.another()) as other:
        other.change(identifier, "suspend")
        assert value(lists, hub_world) == StatusValue.SUSPENDED
        other.change(identifier, "withdraw")
    assert value(lists, hub_world) == StatusValue.INVALID


def test_replaced_version_and_one_taken_back_are_in_the_very_next_list(world: World) -> None:
    identifier = permit(world)
    lists, _ = lists_of(world)
    assert value(lists, world) == StatusValue.VALID
    second = world.issue(food_order(replaces=identifier, cause="change"))
    assert value(lists, world) == StatusValue.APPLICATION_SPECIFIC
    world.change(second["identifier"], "void")
    assert (value(lists, world), value(lists, world, FOOD + 1)) == (StatusValue.VALID, StatusValue.INVALID)


def test_new_certificate_alone_builds_nothing_anew(world: World) -> None:
    permit(world)
    lists, signer = lists_of(world)
    before = lists.get(0, world.now)
    world.issue(food_order(certificate_number=food_number(2)))
    assert (lists.get(0, world.now), signer.signed) == (before, 1)


def test_change_committed_while_a_list_is_signed_is_in_the_next(hub_world: World) -> None:
    identifier = permit(hub_world)
    lists, signer = lists_of(hub_world)
    signer.meanwhile = lambda: hub_world.change(identifier, "suspend")
    assert value(lists, hub_world) == StatusValue.VALID  # what held when it was asked for
    assert (value(lists, hub_world), signer.signed) == (StatusValue.SUSPENDED, 2)


def test_crowd_of_readers_after_a_change_builds_the_list_once(hub_world: World) -> None:
    identifier = permit(hub_world)
    lists, signer = lists_of(hub_world)
    lists.get(0, hub_world.now)
    hub_world.change(identifier, "suspend")
    with ThreadPoolExecutor(8) as crowd:
        given = list(crowd.map(lambda _: lists.get(0, hub_world.now), range(24)))
    assert (signer.signed, len({each.etag for each in given})) == (2, 1)
    assert value(lists, hub_world) == StatusValue.SUSPENDED


def test_suspension_that_ends_by_itself_leaves_the_list_at_midnight(world: World) -> None:
    identifier = permit(world)
    world.change(identifier, "suspend", until=world.now.date().isoformat())
    lists, _ = lists_of(world)
    world.now = world.now.replace(hour=15, minute=59, second=59)  # a second before midnight in Shanghai
    assert value(lists, world) == StatusValue.SUSPENDED
    world.now += SECOND
    assert value(lists, world) == value(lists_of(world)[0], world)


def test_list_is_signed_again_by_the_key_that_follows(world: World) -> None:
    permit(world)
    lists, _ = lists_of(world)
    old = parse_json(decode(lists.token(0, world.now).split(".")[0]))["kid"]
    rotate(world, "hub:status")
    new = parse_json(decode(lists.token(0, world.now).split(".")[0]))["kid"]
    assert (old != new, new) == (True, world.keys.signer("hub:status").key_id)


def test_list_is_signed_again_long_before_it_ends_and_when_the_clock_goes_back(world: World) -> None:
    permit(world)
    lists, signer = lists_of(world)
    begun = claims(lists, world)
    world.now += TERM / 2
    later = claims(lists, world)
    world.now -= SECOND
    earlier = claims(lists, world)
    assert (begun["exp"] - begun["iat"], begun["ttl"]) == (600, 300)
    assert (later["iat"] - begun["iat"], earlier["iat"] - later["iat"], signer.signed) == (150, -1, 3)
