"""Stories of deferred lines: two officers order it, nothing tells of it before its day, everything does after it."""

from datetime import date, timedelta
from typing import Any

import pytest

from hub.enterprise.deferrals import count_deferred
from hub.enterprise.deferrals import defer as flow_defer
from schemas.statement import Ordered
from tests.flows.grant_world import post_ending, sign_ending
from tests.flows.refusals import refused, refused_whole
from tests.flows.test_ledger import lines
from tests.flows.world import SHOP, TODAY, World, food_order, granted_request, licence_order, statutory_request

YEAR = TODAY.year


@pytest.fixture
def case_world(hub_world: World) -> World:
    """A shop with a licence, a permit and its e-licence, and a line of the sharing table."""
    hub_world.issue(licence_order())
    hub_world.issue(food_order())
    hub_world.share()
    hub_world.make_licence()
    return hub_world


def order(**changes: Any) -> dict[str, Any]:
    return {
        "licence_number": SHOP,
        "item_code": "440112001",
        "case_number": "2026-0001",
        "legal_ground": "示例法第9条：告知将妨碍查处",
        "until_on": (TODAY + timedelta(days=10)).isoformat(),
    } | changes


def defer(world: World, *, alone: bool = False, **changes: Any) -> dict[str, Any]:
    return world.give(Ordered.DEFER, order(**changes), system="health", alone=alone)


def test_deferred_pull_is_in_no_line_until_its_day_is_over_and_then_says_why(case_world: World) -> None:
    ordered = defer(case_world)
    case_world.pull(statutory_request())
    case_world.pass_days(10)
    assert lines(case_world) == []
    case_world.pass_days(1)
    shown = lines(case_world)
    assert [each["kind"] for each in shown] == ["delivery", "pull"]
    told = {"until_on": ordered["until_on"], "legal_ground": order()["legal_ground"], "act_id": ordered["act_id"]}
    assert [each["deferred"] for each in shown] == [told, told]


def test_ending_all_tells_nothing_of_a_deferred_pull_before_its_day(case_world: World) -> None:
    defer(case_world)
    case_world.pull(statutory_request())
    assert post_ending(case_world, sign_ending(case_world))["pulled"] == []
    case_world.pass_days(11)
    assert len(post_ending(case_world, sign_ending(case_world))["pulled"]) == 1


def test_line_that_could_be_seen_stays_seen(case_world: World) -> None:
    case_world.pull(statutory_request())
    case_world.now += timedelta(seconds=1)
    defer(case_world)
    assert [each["deferred"] for each in lines(case_world)] == [None, None]


def test_second_order_does_not_lengthen_the_first(case_world: World) -> None:
    defer(case_world)
    case_world.pull(statutory_request())
    case_world.pass_days(10)
    defer(case_world, until_on=(TODAY + timedelta(days=60)).isoformat())
    case_world.pass_days(1)
    assert [each["deferred"]["until_on"] for each in lines(case_world)] == [order()["until_on"]] * 2


@pytest.mark.parametrize("other", [{"case_number": "2026-0002"}, {"item_code": "440112002"}])
def test_deferral_reaches_its_own_case_only(case_world: World, other: dict[str, Any]) -> None:
    defer(case_world, **other)
    case_world.pull(statutory_request())
    assert [each["deferred"] for each in lines(case_world)] == [None, None]


def test_what_the_enterprise_granted_is_never_deferred(case_world: World) -> None:
    digest = case_world.grant()
    defer(case_world)
    case_world.pull(granted_request(digest))
    assert [each["basis"]["kind"] for each in lines(case_world)] == ["grant", "grant"]


def test_count_of_a_year_is_told_while_the_lines_are_not(case_world: World) -> None:
    case_world.pull(statutory_request())
    case_world.now += timedelta(seconds=1)
    defer(case_world)
    defer(case_world, until_on=TODAY.isoformat())
    case_world.pull(statutory_request())
    assert count_deferred(YEAR, registry=case_world.registry) == 2
    assert count_deferred(YEAR - 1, registry=case_world.registry) == 0
    assert len(lines(case_world)) == 2


def test_deferral_needs_two_officers_of_the_requester_itself(case_world: World) -> None:
    with refused_whole(case_world, "second_officer_needed"):
        defer(case_world, alone=True)
    verified, seconds = case_world.seconded(Ordered.DEFER, order(), system="health", second="h-001")
    assert seconds[0].verified.statement.officer == verified.statement.officer
    with refused("second_officer_same"):
        defer_with(case_world, verified, seconds)


def defer_with(world: World, verified: Any, seconds: Any) -> None:
    from_flow: dict[str, Any] = {
        "system": world.system("health"),
        "key": "k" * 16,
        "registry": world.registry,
        "now": world.now,
    }
    flow_defer(order(), verified=verified, seconds=seconds, **from_flow)


@pytest.mark.parametrize(
    ("changes", "member", "rule"),
    [
        ({"until_on": (TODAY - timedelta(days=1)).isoformat()}, "until_on", "reversed"),
        ({"until_on": (TODAY + timedelta(days=181)).isoformat()}, "until_on", "too_far"),
        ({"until_on": date.max.isoformat()}, "until_on", "too_far"),
        ({"legal_ground": ""}, "legal_ground", "missing"),
        ({"case_number": "x\u0000"}, "case_number", "control_character"),
    ],
)
def test_wrong_order_is_refused_by_member_and_rule(
    lasting_world: World, changes: dict[str, Any], member: str, rule: str
) -> None:
    with refused("fields_wrong", (member, rule)):
        defer(lasting_world, **changes)
