"""Events that contradict what is known, come out of order or fall on an awkward day: refused whole, by name.

The relations and devices that contradict each other have their tables in `test_relations` and `test_subjects`.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from schemas.identifiers import make_licence_number
from tests.flows.refusals import refused_whole
from tests.flows.world import OTHER_SHOP, SHOP, World, food_order, licence_order, lift_number, lift_order

COMPANY = make_licence_number("91442000", "MA000003")
TOMORROW = "2026-11-24"

Event = Callable[[World, str, str], object]
"""One event on a town's licence and food permit, named by their identifiers."""


def _reinstated_before_suspended(world: World, licence: str, permit: str) -> None:
    world.change(permit, "reinstate")


def _reinstated_earlier_than_suspended(world: World, licence: str, permit: str) -> None:
    world.change(permit, "reinstate", works_from="2026-11-21")


def _ended_twice(world: World, licence: str, permit: str) -> None:
    world.change(permit, "withdraw")


def _changed_tomorrow(world: World, licence: str, permit: str) -> None:
    world.change(permit, "suspend", works_from=TOMORROW)


def _decided_tomorrow(world: World, licence: str, permit: str) -> None:
    world.change(permit, "suspend", document_date=TOMORROW)


def _noted_tomorrow(world: World, licence: str, permit: str) -> None:
    world.annotate(licence, "dormant", from_on=TOMORROW)


def _related_tomorrow(world: World, licence: str, permit: str) -> None:
    world.relate("absorption", SHOP, COMPANY, works_from=TOMORROW)


def _merged_into_itself(world: World, licence: str, permit: str) -> None:
    world.relate("merger", SHOP, SHOP)


def _succeeded_twice(world: World, licence: str, permit: str) -> None:
    world.relate("merger", SHOP, OTHER_SHOP)


def _device_in_two_places(world: World, licence: str, permit: str) -> None:
    world.issue(lift_order(licence_number=OTHER_SHOP, certificate_number=lift_number(2)))


def _number_given_twice(world: World, licence: str, permit: str) -> None:
    world.issue(food_order(licence_number=OTHER_SHOP, holder_name="中山示例2公司"))


def _renewal_refused_before_filed(world: World, licence: str, permit: str) -> None:
    world.annotate(permit, "renewal_refused")


def _suspended_on_no_day(world: World, licence: str, permit: str) -> None:
    world.change(permit, "suspend", works_from="2026-02-29")


def _no_event(world: World, licence: str, permit: str) -> None:
    """Nothing comes before."""


def _suspended(world: World, licence: str, permit: str) -> None:
    world.change(permit, "suspend", works_from="2026-11-22")


def _withdrawn(world: World, licence: str, permit: str) -> None:
    world.change(permit, "withdraw")


def _converted(world: World, licence: str, permit: str) -> None:
    world.relate("conversion", SHOP, COMPANY)


def _device_here(world: World, licence: str, permit: str) -> None:
    world.issue(lift_order())


@pytest.mark.parametrize(
    ("before", "event", "code"),
    [
        (_no_event, _reinstated_before_suspended, "transition_not_allowed"),
        (_suspended, _reinstated_earlier_than_suspended, "out_of_order"),
        (_withdrawn, _ended_twice, "transition_not_allowed"),
        (_no_event, _changed_tomorrow, "works_from_future"),
        (_no_event, _decided_tomorrow, "decision_in_future"),
        (_no_event, _noted_tomorrow, "decision_in_future"),
        (_no_event, _related_tomorrow, "works_from_future"),
        (_no_event, _merged_into_itself, "relation_itself"),
        (_converted, _succeeded_twice, "relation_two_successors"),
        (_device_here, _device_in_two_places, "device_elsewhere"),
        (_no_event, _number_given_twice, "number_taken"),
        (_no_event, _renewal_refused_before_filed, "renewal_not_filed"),
        (_no_event, _suspended_on_no_day, "fields_wrong"),
    ],
    ids=lambda each: each.__name__.strip("_") if callable(each) else None,
)
def test_event_that_contradicts_what_is_known_is_refused_whole(
    hub_world: World, before: Event, event: Event, code: str
) -> None:
    licence, permit = _town(hub_world)
    before(hub_world, licence["identifier"], permit["identifier"])
    with refused_whole(hub_world, code):
        event(hub_world, licence["identifier"], permit["identifier"])


def test_act_dated_today_is_refused_a_second_before_midnight_in_shanghai_and_done_at_midnight(
    hub_world: World,
) -> None:
    _, permit = _town(hub_world)
    hub_world.now = datetime(2026, 11, 23, 15, 59, 59, tzinfo=UTC)
    with refused_whole(hub_world, "works_from_future"):
        hub_world.change(permit["identifier"], "suspend", works_from=TOMORROW)
    hub_world.now = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
    hub_world.change(permit["identifier"], "suspend", works_from=TOMORROW)
    assert hub_world.outcome(permit["reference"]) == ("suspended", "suspended")


def test_permit_of_a_leap_day_ends_with_the_twenty_ninth_of_february_where_there_is_one(hub_world: World) -> None:
    hub_world.issue(licence_order())
    with refused_whole(hub_world, "fields_wrong", ("valid_to", "form")):
        hub_world.issue(food_order(valid_from="2024-02-29", decided_on="2024-02-29", valid_to="2029-02-29"))
    permit = hub_world.issue(food_order(valid_from="2024-02-29", decided_on="2024-02-29", valid_to="2028-02-29"))
    hub_world.pass_days((datetime(2028, 2, 29, 15, 0, tzinfo=UTC) - hub_world.now).days)
    hub_world.now = datetime(2028, 2, 29, 15, 59, 59, tzinfo=UTC)
    assert hub_world.outcome(permit["reference"]) == ("valid", "good")
    hub_world.now = datetime(2028, 2, 29, 16, 0, tzinfo=UTC)
    assert hub_world.outcome(permit["reference"]) == ("not_valid", "expired")


def _town(world: World) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the licence and the food permit of one shop, among other enterprises."""
    for place, number in enumerate((OTHER_SHOP, COMPANY), 2):
        world.issue(licence_order(licence_number=number, certificate_number=number, holder_name=f"中山示例{place}公司"))
    return world.issue(licence_order()), world.issue(food_order())
