"""Stories of pulling by item: what it needs is asked for and no more; what is missing is named with its reason."""

from typing import Any

import pytest

from hub.decisions.answers import disclosed_values
from hub.sharing.exchange import release_lapsed
from hub.store.material_wish import MaterialWish, MaterialWishReader
from schemas.statement import Ordered
from tests.flows.items import ITEM, item, material, put
from tests.flows.refusals import refused
from tests.flows.world import (
    HEALTH,
    MARKET,
    OTHER_SHOP,
    SHOP,
    World,
    food_number,
    food_order,
    granted_request,
    licence_order,
    statutory_request,
)

COVERED = {
    "business_licence": ["entity_type"],
    "food_operation_permit": ["business_items", "floor_area", "food_safety_manager"],
}


@pytest.fixture
def item_world(hub_world: World) -> World:
    """A shop with its licence, an item that asks for it and a food permit, and a line of the sharing table for both."""
    hub_world.issue(licence_order())
    hub_world.share(fields=COVERED)
    put(hub_world, item())
    return hub_world


def by_item(**changes: Any) -> dict[str, Any]:
    """Return a pull request of the health bureau by item."""
    request = statutory_request() | {"by_item": True} | changes
    return {name: value for name, value in request.items() if name != "wanted"}


def test_one_pull_returns_all_that_the_item_needs_and_fills_its_form(item_world: World) -> None:
    permit = item_world.issue(food_order())
    answer = item_world.pull(by_item())
    assert (answer["complete"], answer["item"]["version"]) == (True, 1)
    assert [each["state"] for each in answer["materials"]] == ["met", "met"]
    assert answer["materials"][1]["met_by"][0]["identifier"] == permit["identifier"]
    assert {name: each["value"] for name, each in answer["prefill"].items()} == {
        "applicant": "中山示例餐饮有限公司", "legal_person": "示例甲", "items": "热食类食品制售", "area": "120",
    }  # fmt: skip
    assert answer["prefill"]["area"]["identifier"] == permit["identifier"]
    assert len({each["file"]["note"] for each in answer["items"]}) == 1


def test_field_the_item_has_no_use_for_is_not_handed_over(item_world: World) -> None:
    item_world.issue(food_order())
    _, permit = item_world.pull(by_item())["items"]
    given = disclosed_values(permit["file"]["record"]["signatures"][0]["header"]["disclosures"])
    assert "floor_area" in given
    assert "food_safety_manager" not in given


def test_pull_by_item_is_no_wider_than_its_basis(item_world: World) -> None:
    item_world.issue(food_order())
    item_world.share(fields={"food_operation_permit": []})
    answer = item_world.pull(by_item())
    licence, food = answer["materials"]
    assert (licence["state"], [each["reason"] for each in licence["why"]]) == ("missing", ["not_covered"])
    assert food["state"] == "met"
    assert set(answer["prefill"]) == {"items"}
    assert [each["certificate_type"] for each in answer["items"]] == ["food_operation_permit"]


def test_absence_is_said_only_inside_coverage(item_world: World) -> None:
    assert _why(item_world.pull(by_item())) == ["not_collected"]
    for body in (MARKET, HEALTH):
        item_world.enrol(
            "coverage", certificate_type="food_operation_permit", issuing_body=body, state="complete",
            since_on="2020-01-01",
        )  # fmt: skip
    answer = item_world.pull(by_item())
    assert _why(answer) == ["never_held"]
    assert answer["materials"][1]["why"][0]["complete_since"] == "2020-01-01"


@pytest.mark.parametrize(("act", "reason"), [("suspend", "suspended"), ("withdraw", "not_valid")])
def test_certificate_that_does_not_count_leaves_its_material_missing(item_world: World, act: str, reason: str) -> None:
    permit = item_world.issue(food_order())
    item_world.change(permit["identifier"], act)
    answer = item_world.pull(by_item())
    assert _why(answer) == [reason]
    assert answer["materials"][1]["why"][0]["identifier"] == permit["identifier"]
    assert "items" not in answer["prefill"]


def test_paper_that_no_certificate_replaces_is_named_as_such(item_world: World) -> None:
    materials = [material("licence", "business_licence"), material("paper", None)]
    put(item_world, item(version=2, from_on="2026-11-01", materials=materials))
    answer = item_world.pull(by_item())
    assert (_why(answer), answer["complete"]) == (["paper_only"], False)


def test_one_of_a_group_is_enough(item_world: World) -> None:
    either = [material("a", "business_licence"), material("b", "food_operation_permit")]
    put(item_world, item(version=2, from_on="2026-11-01", materials=[each | {"group": "one"} for each in either]))
    answer = item_world.pull(by_item())
    assert [each["state"] for each in answer["materials"]] == ["met", "not_needed"]
    assert answer["complete"] is True


def test_values_that_differ_are_offered_as_a_choice_and_never_guessed(item_world: World) -> None:
    item_world.issue(food_order())
    other = food_order()["fields"] | {"floor_area": "90"}
    item_world.issue(food_order(certificate_number=food_number(2), fields=other))
    answer = item_world.pull(by_item())
    assert "area" not in answer["prefill"]
    assert {each["value"] for each in answer["prefill_choices"]["area"]} == {"120", "90"}
    assert answer["prefill"]["items"]["value"] == "热食类食品制售"


def test_erased_field_fills_no_form_even_when_the_answer_is_given_again(item_world: World) -> None:
    permit = item_world.issue(food_order())
    jws = item_world.sign(Ordered.PULL, system="health", officer="h-001", request=by_item())
    assert "area" in item_world.pull(by_item(), jws=jws, key="the-same-pull")["prefill"]
    item_world.erase(permit["identifier"], "floor_area")
    again = item_world.pull(by_item(), jws=jws, key="the-same-pull")
    assert "area" not in again["prefill"]
    assert again["prefill"]["applicant"]["value"] == "中山示例餐饮有限公司"


def test_case_keeps_its_version_and_its_deferral_counts_from_its_first_day(item_world: World) -> None:
    first = item_world.pull(by_item())["materials"][1]
    assert (first["deferrable"], first["deferrable_until"], first["provisional"]) == (True, "2026-12-07", False)
    item_world.pass_days(20)
    put(item_world, item(version=2, from_on="2026-12-01", materials=[material("licence", "business_licence")]))
    kept = item_world.pull(by_item())
    assert (kept["item"]["version"], kept["materials"][1]["deferrable"]) == (1, False)
    assert kept["materials"][1]["deferrable_until"] == "2026-12-07"
    assert item_world.pull(by_item(case_number="2026-0002"))["item"]["version"] == 2


def test_grant_of_the_holder_covers_a_pull_by_item_and_one_use_is_taken(item_world: World) -> None:
    item_world.issue(food_order())
    item_world.make_licence()
    digest = item_world.grant(uses=1)
    request = by_item(basis=granted_request(digest)["basis"])
    answer = item_world.pull(request)
    assert [each["state"] for each in answer["materials"]] == ["missing", "met"]
    assert answer["delivery"] is not None
    with refused("grant_used_up"):
        item_world.pull(request)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a rule nobody made": ({"basis": {"kind": "statutory", "reference": "rule-9"}}, "rule_unknown"),
    "another item": ({"item_code": "999"}, "item_not_covered"),
    "a case number of another form": ({"case_number": "XYZ"}, "case_number_form"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_pull_by_item_stands_on_the_same_rules(item_world: World, name: str) -> None:
    changes, reason = REFUSED[name]
    with refused(reason):
        item_world.pull(by_item(**changes))


def test_item_that_is_not_in_force_or_of_which_nothing_is_covered_is_refused(hub_world: World) -> None:
    hub_world.share(fields={"lift_registration": []})
    with refused("item_not_in_force"):
        hub_world.pull(by_item())
    put(hub_world, item(until_on="2026-11-22"))
    with refused("item_not_in_force"):
        hub_world.pull(by_item())
    put(hub_world, item(version=2, from_on="2026-11-23"))
    with refused("type_not_covered"):
        hub_world.pull(by_item())


def test_holder_nobody_knows_has_every_material_missing(item_world: World) -> None:
    answer = item_world.pull(by_item(licence_number=OTHER_SHOP))
    assert ([each["state"] for each in answer["materials"]], answer["prefill"]) == (["missing", "missing"], {})
    assert answer["delivery"] is None


@pytest.mark.parametrize("changes", [{"by_item": True, "wanted": []}, {"by_item": "yes"}, {"tell_when_issued": True}])
def test_malformed_pull_by_item_is_refused(lasting_world: World, changes: dict[str, Any]) -> None:
    with refused("request_form"):
        lasting_world.pull(statutory_request() | changes)


# --- being told when a missing material is issued -----------------------------------------------------------------


def test_department_is_told_once_of_the_type_and_its_case_and_handed_nothing(item_world: World) -> None:
    answer = item_world.pull(by_item(tell_when_issued=True))
    assert [each["told_of"] for each in answer["materials"]] == [[], ["food_operation_permit"]]
    permit = item_world.issue(food_order())
    item_world.issue(food_order(certificate_number=food_number(2)))
    (notice,) = _told(item_world)
    assert notice["facts"] == {
        "certificate_type": "food_operation_permit", "item_code": ITEM, "case_number": "2026-0001",
        "materials": ["food"], "until_on": "2026-12-07",
    }  # fmt: skip
    assert (notice["recipient"], notice["act_id"]) == (HEALTH, permit["act_id"])
    assert item_world.pull(by_item())["complete"] is True


def test_nobody_is_told_who_did_not_ask(item_world: World) -> None:
    item_world.pull(by_item())
    item_world.issue(food_order())
    assert _told(item_world) == []


def test_wish_lapses_with_its_deferral(item_world: World) -> None:
    item_world.pull(by_item(tell_when_issued=True))
    item_world.pass_days(15)
    item_world.issue(food_order())
    assert _told(item_world) == []
    release_lapsed(registry=item_world.registry, now=item_world.now)
    assert _wishes(item_world) == []


def test_wish_lapses_when_the_material_is_met_by_a_later_pull(item_world: World) -> None:
    permit = item_world.issue(food_order())
    item_world.change(permit["identifier"], "suspend")
    item_world.pull(by_item(tell_when_issued=True))
    item_world.change(permit["identifier"], "reinstate")
    assert item_world.pull(by_item())["complete"] is True
    assert _wishes(item_world) == []


@pytest.mark.parametrize("changes", [{"until_on": "2026-11-22"}, {"fields": {"business_licence": []}}])
def test_nothing_is_told_once_the_basis_no_longer_holds(item_world: World, changes: dict[str, Any]) -> None:
    item_world.pull(by_item(tell_when_issued=True))
    item_world.share(**({"fields": COVERED} | changes))
    item_world.issue(food_order())
    assert _told(item_world) == []


def test_nothing_is_told_once_the_grant_is_withdrawn(item_world: World) -> None:
    item_world.make_licence()
    digest = item_world.grant(uses=1)
    answer = item_world.pull(by_item(basis=granted_request(digest)["basis"], tell_when_issued=True))
    assert answer["materials"][1]["told_of"] == ["food_operation_permit"]
    item_world.withdraw(digest)
    item_world.issue(food_order())
    assert _told(item_world) == []


def test_type_outside_the_basis_is_not_told_of(item_world: World) -> None:
    item_world.share(fields={"business_licence": []})
    answer = item_world.pull(by_item(tell_when_issued=True))
    assert answer["materials"][1]["told_of"] == []
    item_world.issue(food_order())
    assert _told(item_world) == []


def test_certificate_of_another_holder_or_past_its_validity_tells_nobody(item_world: World) -> None:
    item_world.pull(by_item(tell_when_issued=True))
    item_world.issue(food_order(licence_number=OTHER_SHOP))
    item_world.issue(food_order(certificate_number=food_number(2), valid_from="2021-11-20", valid_to="2026-11-19"))
    assert _told(item_world) == []


def _told(world: World) -> list[dict[str, Any]]:
    return world.inbox("health", kind="material_issued")


def _wishes(world: World) -> list[MaterialWish]:
    with world.registry.database.read() as connection:
        return MaterialWishReader(connection).of_holders([SHOP])


def _why(answer: dict[str, Any]) -> list[str]:
    assert answer["materials"][1]["state"] == "missing"
    return [each["reason"] for each in answer["materials"][1]["why"]]
