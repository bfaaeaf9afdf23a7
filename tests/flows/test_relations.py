"""Stories of enterprises that change: renamed, converted, merged, divided; branches; holders of every kind."""

from datetime import date
from typing import Any

import pytest

from hub.decisions.answers import disclosed_values
from schemas.identifiers import make_licence_number
from schemas.statement import Ordered
from tests.flows.refusals import refused
from tests.flows.world import (
    MARKET,
    OTHER_SHOP,
    SHOP,
    World,
    example_fields,
    food_number,
    food_order,
    granted_request,
    licence_order,
    statutory_request,
)

COMPANY = make_licence_number("91442000", "MA000003")
THIRD = make_licence_number("91442000", "MA000004")


def test_old_permit_keeps_the_name_it_was_given_and_the_page_tells_both(hub_world: World) -> None:
    licence = hub_world.issue(licence_order())
    permit = hub_world.issue(food_order())
    renamed = licence_order(holder_name="中山示例新味餐饮有限公司", replaces=licence["identifier"], cause="change")
    hub_world.issue(renamed | {"decided_on": "2026-11-20", "works_from": "2026-11-20"})
    page, shown = hub_world.scan_enterprise(permit["holder_reference"]), hub_world.scan_certificate(permit["reference"])
    assert page["holder"]["name"] == "中山示例新味餐饮有限公司"
    assert page["holder"]["former_names"] == [{"name": "中山示例餐饮有限公司", "until": "2026-11-20"}]
    assert shown["certificate"]["holder_name"] == "中山示例餐饮有限公司"


def test_conversion_ends_grants_opens_tasks_and_makes_old_permits_unknown(hub_world: World) -> None:
    hub_world.share()
    _open(hub_world, SHOP, COMPANY)
    permit = hub_world.issue(food_order())
    hub_world.make_licence()
    digest = hub_world.grant()
    assert hub_world.relate("conversion", SHOP, COMPANY)["grants_ended"] == 1
    assert hub_world.outcome(permit["reference"]) == ("unknown", "licence_succeeded")
    with refused("grant_withdrawn"):
        hub_world.pull(granted_request(digest))
    with refused("grant_holder_ended"):
        hub_world.grant()
    (task,) = hub_world.inbox(state="open", kind="licence_ended")
    assert task["facts"] == {"why": "conversion", "certificates": 1}


def test_grant_drafted_before_the_conversion_is_not_taken_after_it(hub_world: World) -> None:
    _open(hub_world, SHOP, COMPANY)
    hub_world.make_licence()
    signed = hub_world.sign_grant()
    hub_world.relate("conversion", SHOP, COMPANY)
    with refused("grant_holder_ended"):
        hub_world.post(signed)


def test_holder_without_a_trade_name_grants_too(hub_world: World) -> None:
    hub_world.share()
    hub_world.issue(licence_order(licence_number=OTHER_SHOP, certificate_number=OTHER_SHOP, holder_name=""))
    hub_world.issue(food_order(licence_number=OTHER_SHOP, holder_name=""))
    hub_world.make_licence(OTHER_SHOP)
    signed = hub_world.sign_grant(signer=OTHER_SHOP, licence_number=OTHER_SHOP)
    assert "（无字号）" in signed.text
    digest = hub_world.post(signed)["digest"]
    assert hub_world.pull(granted_request(digest, licence_number=OTHER_SHOP))["delivery"]


def test_permit_changed_to_the_successor_goes_on_as_one_chain(hub_world: World) -> None:
    old_licence, new_licence = _open(hub_world, SHOP, COMPANY)
    permit = hub_world.issue(food_order())
    with refused("previous_of_another"):
        hub_world.issue(_changed_to(COMPANY, permit))
    hub_world.relate("conversion", SHOP, COMPANY)
    changed = hub_world.issue(_changed_to(COMPANY, permit))
    assert changed["version"] == 2
    assert hub_world.outcome(changed["reference"]) == ("valid", "good")
    assert _types(hub_world, old_licence) == ["business_licence"]
    assert sorted(_types(hub_world, new_licence)) == ["business_licence", "food_operation_permit"]
    hub_world.change(changed["identifier"], "void")
    assert sorted(_types(hub_world, old_licence)) == ["business_licence", "food_operation_permit"]


def test_permit_of_several_versions_goes_to_another_place_at_the_successor_and_back(hub_world: World) -> None:
    _, successor = _open(hub_world, SHOP, COMPANY)
    hub_world.issue(food_order(licence_number=COMPANY, certificate_number=food_number(2)))
    first = hub_world.issue(food_order())
    second = hub_world.issue(food_order(replaces=first["identifier"], cause="change"))
    hub_world.relate("conversion", SHOP, COMPANY)
    third = hub_world.issue(_changed_to(COMPANY, second))
    assert len(_types(hub_world, successor)) == 3
    hub_world.change(third["identifier"], "void")
    assert len(_types(hub_world, successor)) == 2


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        (("absorption", SHOP, SHOP), None, "relation_itself"),
        (("absorption", SHOP, COMPANY), ("absorption", SHOP, COMPANY), "relation_there"),
        (("absorption", SHOP, COMPANY), ("merger", SHOP, THIRD), "relation_two_successors"),
        (("split", SHOP, COMPANY), ("conversion", SHOP, THIRD), "relation_two_successors"),
        (("conversion", SHOP, COMPANY), ("absorption", COMPANY, SHOP), "relation_ring"),
        (("branch", SHOP, COMPANY), ("branch", SHOP, THIRD), "relation_two_parents"),
        (("branch", SHOP, COMPANY), ("branch", COMPANY, SHOP), "relation_ring"),
    ],
)
def test_relation_that_contradicts_another_is_refused(
    hub_world: World, first: tuple[str, str, str], second: tuple[str, str, str] | None, code: str
) -> None:
    _open(hub_world, SHOP, COMPANY, THIRD)
    if second is not None:
        hub_world.relate(*first)
    with refused(code):
        hub_world.relate(*(second or first))


def test_division_has_two_successors_and_a_spin_off_leaves_its_predecessor_alive(hub_world: World) -> None:
    _open(hub_world, SHOP, COMPANY, THIRD)
    permit = hub_world.issue(food_order())
    hub_world.relate("spin_off", SHOP, COMPANY)
    assert hub_world.outcome(permit["reference"]) == ("valid", "good")
    hub_world.relate("split", SHOP, COMPANY)
    hub_world.relate("split", SHOP, THIRD)
    assert hub_world.outcome(permit["reference"]) == ("unknown", "licence_succeeded")


def test_relation_recorded_by_mistake_is_ended_and_permits_count_again(hub_world: World) -> None:
    _open(hub_world, SHOP, COMPANY)
    permit = hub_world.issue(food_order())
    hub_world.relate("absorption", SHOP, COMPANY)
    hub_world.relate("absorption", SHOP, COMPANY, step="end")
    assert hub_world.outcome(permit["reference"]) == ("valid", "good")


def test_relation_does_not_end_before_it_began(hub_world: World) -> None:
    _open(hub_world, SHOP, COMPANY)
    hub_world.relate("absorption", SHOP, COMPANY)
    with refused("out_of_order"):
        hub_world.relate("absorption", SHOP, COMPANY, step="end", works_from="2026-11-22")


def test_licence_of_an_enterprise_that_is_no_more_is_doubtful(hub_world: World) -> None:
    licence, _ = _open(hub_world, SHOP, COMPANY)
    hub_world.relate("absorption", SHOP, COMPANY)
    assert hub_world.outcome(licence["reference"]) == ("unknown", "licence_succeeded")
    (line,) = hub_world.scan_enterprise(licence["holder_reference"])["certificates"]
    assert line["verdict"]["outcome"] == "unknown"


def test_relation_counts_for_a_day_gone_by_as_it_was_known(hub_world: World) -> None:
    _open(hub_world, SHOP, COMPANY)
    permit = hub_world.issue(food_order())
    hub_world.pass_days(3)
    hub_world.relate("absorption", SHOP, COMPANY, works_from="2026-11-24")
    then, now = _lines(hub_world, permit, 24)
    assert (then["outcome"], now["reason"]) == ("valid", "licence_succeeded")
    hub_world.pass_days(2)
    hub_world.relate("absorption", SHOP, COMPANY, step="end", works_from="2026-11-24")
    then, now = _lines(hub_world, permit, 26)
    assert (then["reason"], now["outcome"]) == ("licence_succeeded", "valid")


def test_relation_that_was_ended_moves_no_permit_and_no_relation_moves_a_licence(hub_world: World) -> None:
    licence, _ = _open(hub_world, SHOP, COMPANY)
    permit = hub_world.issue(food_order())
    hub_world.relate("absorption", SHOP, COMPANY)
    with refused("previous_of_another"):
        hub_world.issue(licence_order(licence_number=COMPANY, replaces=licence["identifier"]))
    hub_world.relate("absorption", SHOP, COMPANY, step="end")
    with refused("previous_of_another"):
        hub_world.issue(_changed_to(COMPANY, permit))


def test_branch_and_parent_know_each_other(hub_world: World) -> None:
    branch, parent = _open(hub_world, SHOP, COMPANY)
    hub_world.relate("branch", SHOP, COMPANY)
    own, above = (hub_world.scan_enterprise(each["holder_reference"])["holder"] for each in (branch, parent))
    assert [(each["kind"], each["to"]) for each in own["relations"]] == [("branch", COMPANY)]
    assert (above["branches"], "relations" in above) == (1, False)


def test_enterprise_nobody_knows_is_related_to_nobody(hub_world: World) -> None:
    hub_world.issue(licence_order())
    with refused("enterprise_not_found"):
        hub_world.relate("absorption", SHOP, COMPANY)


def test_ending_relation_needs_two_officers_and_the_registry(hub_world: World) -> None:
    _open(hub_world, SHOP, COMPANY)
    content = {"step": "record", "kind": "absorption", "from_number": SHOP, "to_number": COMPANY}
    content |= {"issuing_body": MARKET, "document_name": "示例", "document_number": "1", "works_from": "2026-11-20"}
    with refused("second_officer_needed"):
        hub_world.give(Ordered.RELATE, content, alone=True)
    with refused("works_from_future"):
        hub_world.relate("absorption", SHOP, COMPANY, works_from="2026-11-24")


# --- holders of every kind --------------------------------------------------------------------------------------


def test_self_employed_without_a_trade_name_is_recorded_and_a_company_without_one_refused(hub_world: World) -> None:
    hub_world.issue(licence_order(licence_number=OTHER_SHOP, certificate_number=OTHER_SHOP, holder_name=""))
    permit = hub_world.issue(food_order(licence_number=OTHER_SHOP, holder_name=""))
    assert hub_world.outcome(permit["reference"]) == ("valid", "good")
    with refused("fields_wrong", ("holder_name", "missing")):
        hub_world.issue(food_order(holder_name="", certificate_number=food_number(2)))


@pytest.mark.parametrize("prefix", ["93442000", "12442000", "52442000"])
def test_cooperatives_schools_and_hospitals_hold_permits(hub_world: World, prefix: str) -> None:
    number = make_licence_number(prefix, "00000007")
    if prefix.startswith("93"):
        hub_world.issue(licence_order(licence_number=number, certificate_number=number, holder_name="示例合作社"))
    permit = hub_world.issue(food_order(licence_number=number, holder_name="示例单位"))
    assert hub_world.outcome(permit["reference"]) == ("valid", "good")


def test_home_is_never_shown_and_stays_in_the_record(hub_world: World) -> None:
    hub_world.issue(licence_order(address_is_home=True, holder_address="示例小区1栋101房"))
    fields = example_fields("food_operation_permit", business_premises="中山市示例小区1栋101房")
    permit = hub_world.issue(food_order(address_is_home=True, holder_address="示例小区1栋101房", fields=fields))
    page, shown = hub_world.scan_enterprise(permit["holder_reference"]), hub_world.scan_certificate(permit["reference"])
    assert "示例小区" not in str(page) + str(shown)
    assert shown["certificate"]["address_is_home"] is True
    hub_world.share()
    (item,) = hub_world.pull(statutory_request())["items"]
    handed_over = item["file"]["record"]["signatures"][0]["header"]["disclosures"]
    assert disclosed_values(handed_over)["holder_address"] == "示例小区1栋101房"


def _open(world: World, *numbers: str) -> list[dict[str, Any]]:
    return [
        world.issue(licence_order(licence_number=each, certificate_number=each, holder_name=f"中山示例{place}公司"))
        for place, each in enumerate(numbers)
    ]


def _changed_to(number: str, permit: dict[str, Any]) -> dict[str, Any]:
    holder = {"licence_number": number, "holder_name": "中山示例1公司", "issuing_body": MARKET}
    return food_order(replaces=permit["identifier"], cause="change", **holder)


def _lines(world: World, permit: dict[str, Any], day: int) -> tuple[dict[str, Any], dict[str, Any]]:
    at = world.scan_certificate(permit["reference"], at=date(2026, 11, day))["at"]
    return at["recorded_then"], at["known_now"]


def _types(world: World, licence: dict[str, Any]) -> list[str]:
    return [each["type"] for each in world.scan_enterprise(licence["holder_reference"])["certificates"]]
