"""Stories of issuing: what becomes of an order, which orders are refused, what a renewal does to the version before."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from hub.errors import HubError, OrderError
from hub.registry.issuance import Issued, issue_many
from hub.steps.certificates.intentions import Batch, Origin, new_name
from hub.store import tables
from schemas.identifiers import MOST_VERSIONS, make_licence_number
from schemas.order import read_order
from schemas.statement import Ordered
from tests.flows.refusals import refused
from tests.flows.world import (
    CATALOGUE,
    HEALTH,
    MARKET,
    OPERATOR,
    OTHER_SHOP,
    SHOP,
    World,
    example_fields,
    food_number,
    food_order,
    licence_order,
)

SCHOOL = make_licence_number("12442000", "MB000001")
WRONGLY_ISSUED = SHOP[:17] + ("0" if SHOP[17] != "0" else "1")

WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "a wrong check digit": ({"licence_number": WRONGLY_ISSUED}, "licence_number", "check_digit"),
    "no licence number": ({"licence_number": None}, "licence_number", "missing"),
    "a licence number that is none": ({"licence_number": "12"}, "licence_number", "form"),
    "a licence number that is a number": ({"licence_number": 91}, "licence_number", "missing"),
    "a missing field": ({"fields": {}}, "business_items", "missing"),
    "a field nobody knows": (
        {"fields": example_fields("food_operation_permit", colour="x")}, "colour", "unknown",
    ),
    "a field that is no text": (
        {"fields": example_fields("food_operation_permit") | {"floor_area": 12}}, "floor_area", "form",
    ),
    "a control character": ({"holder_name": "示例\u0007店"}, "holder_name", "control_character"),
    "a bidirectional character": ({"holder_name": "示例\u202e店"}, "holder_name", "control_character"),
    "a bidirectional character in a field": (
        {"fields": example_fields("food_operation_permit", business_items="热\u2066食")},
        "business_items",
        "control_character",
    ),
    "a text that is not NFC": ({"holder_name": "示例 e\u0301"}, "holder_name", "not_nfc"),
    "a text too long": ({"holder_name": "示例" * 200}, "holder_name", "too_long"),
    "an end before the beginning": ({"valid_to": "2020-01-01"}, "valid_to", "reversed"),
    "a validity too long": ({"valid_to": "2041-01-01"}, "valid_to", "too_long"),
    "a validity without end": ({"valid_to": "长期"}, "valid_to", "end_required"),
    "a date that does not exist": ({"valid_from": "2026-02-30"}, "valid_from", "form"),
    "a blank number": ({"certificate_number": "   "}, "certificate_number", "missing"),
    "a blank holder": ({"holder_name": "\u3000"}, "holder_name", "missing"),
    "a day in another form": ({"decided_on": "2026-W47-5"}, "decided_on", "form"),
    "a number of wrong form": ({"certificate_number": "JY1"}, "certificate_number", "form"),
    "a number with a wrong check digit": ({"certificate_number": "JY24420000000018"}, "certificate_number", "form"),
    "a member nobody knows": ({"colour": "red"}, "order", "unknown"),
}  # fmt: skip


def test_issued_certificate_is_valid_on_the_scan_page(hub_world: World) -> None:
    hub_world.issue(licence_order())
    issued = hub_world.issue(food_order())
    answer = hub_world.scan_enterprise(issued["holder_reference"])
    assert [each["verdict"]["outcome"] for each in answer["certificates"]] == ["valid", "valid"]
    assert hub_world.outcome(issued["reference"]) == ("valid", "good")


def test_scan_shows_public_fields_and_no_others(hub_world: World) -> None:
    issued = hub_world.issue(food_order())
    shown = {each["name"] for each in hub_world.scan_certificate(issued["reference"])["certificate"]["shown_fields"]}
    assert "business_items" in shown
    assert shown <= {
        field.name for field in CATALOGUE.get("food_operation_permit").fields if field.field_class == "public"
    }


def test_permit_of_a_business_whose_licence_is_not_recorded_is_unknown(hub_world: World) -> None:
    issued = hub_world.issue(food_order())
    assert hub_world.outcome(issued["reference"]) == ("unknown", "licence_not_recorded")


def test_permit_of_a_school_needs_no_business_licence(hub_world: World) -> None:
    issued = hub_world.issue(food_order(licence_number=SCHOOL, holder_name="中山示例小学"))
    assert hub_world.outcome(issued["reference"]) == ("valid", "good")


@pytest.mark.parametrize("name", WRONG)
def test_wrong_order_is_refused_by_member_and_rule_and_leaves_nothing(lasting_world: World, name: str) -> None:
    changes, member, rule = WRONG[name]
    before = _count(lasting_world, tables.statement)
    with refused("fields_wrong", (member, rule)):
        lasting_world.issue(food_order(**changes))
    assert _count(lasting_world, tables.statement) == before
    assert _count(lasting_world, tables.enterprise) == 0


def test_unknown_type_is_refused(lasting_world: World) -> None:
    with refused("type_unknown"):
        lasting_world.issue(food_order(certificate_type="dog_licence"))


def test_number_used_in_another_chain_is_refused(hub_world: World) -> None:
    hub_world.issue(food_order())
    with refused("number_taken"):
        hub_world.issue(food_order())
    with refused("number_taken"):
        hub_world.issue(food_order(licence_number=OTHER_SHOP))


def test_refused_order_may_be_mended_and_sent_again_under_its_statement(hub_world: World) -> None:
    hub_world.issue(food_order())
    content = food_order()
    verified = hub_world.order(
        Ordered.ISSUE, content, system="market", certificate_type="food_operation_permit", issuing_body=MARKET
    )
    with refused("number_taken"):
        hub_world.issue_verified(content, verified)
    with refused("number_taken"):
        hub_world.issue_verified(content, verified)


def test_body_that_nobody_enrolled_is_refused(lasting_world: World) -> None:
    with refused("body_unknown"):
        lasting_world.issue(food_order(issuing_body=OPERATOR))


def test_another_departments_system_cannot_order_in_a_bodys_name(hub_world: World) -> None:
    before = _count(hub_world, tables.entry)
    with refused("body_not_yours"):
        hub_world.issue(food_order(), system="health")
    assert _count(hub_world, tables.entry) == before + 1, "who tried is entered"


@pytest.mark.parametrize(
    ("competence", "code"),
    [
        ({"from_on": "2026-11-24"}, "body_not_in_charge"),
        ({"from_on": "2019-01-01", "until_on": "2026-11-22"}, "body_not_in_charge"),
    ],
)
def test_body_is_in_charge_from_its_first_day_to_its_last(
    hub_world: World, competence: dict[str, str], code: str
) -> None:
    _enrol_market(hub_world, competences=[{"certificate_type": "food_operation_permit"} | competence])
    with refused(code):
        hub_world.issue(food_order())


def test_body_in_charge_until_today_may_still_issue_today(hub_world: World) -> None:
    last_day = {"certificate_type": "food_operation_permit", "from_on": "2019-01-01", "until_on": "2026-11-23"}
    _enrol_market(hub_world, competences=[last_day])
    assert hub_world.issue(food_order())["version"] == 1
    hub_world.now += timedelta(hours=15)  # midnight in Shanghai has passed
    with refused("body_not_in_charge"):
        hub_world.issue(food_order(certificate_number=food_number(2)))


def test_body_that_has_ended_issues_nothing(hub_world: World) -> None:
    _enrol_market(hub_world, until_on="2026-11-22")
    with refused("body_ended"):
        hub_world.issue(food_order())


def test_type_that_a_body_was_not_given_is_refused(hub_world: World) -> None:
    body = make_licence_number("11442000", "00000009")
    competences = [{"certificate_type": "business_licence", "from_on": "2019-01-01"}]
    _enrol_market(hub_world, licence_number=body, competences=competences)
    with refused("body_not_in_charge"):
        hub_world.issue(food_order(issuing_body=body))


def test_statement_for_another_body_orders_nothing(hub_world: World) -> None:
    content = food_order()
    verified = hub_world.order(
        Ordered.ISSUE, content, system="market", certificate_type="food_operation_permit", issuing_body=HEALTH
    )
    with refused("statement_body"):
        hub_world.issue_verified(content, verified)


def test_statement_for_another_type_orders_nothing(hub_world: World) -> None:
    content = food_order()
    verified = hub_world.order(
        Ordered.ISSUE, content, system="market", certificate_type="business_licence", issuing_body=MARKET
    )
    with refused("statement_content"):
        hub_world.issue_verified(content, verified)


def test_wrongly_issued_licence_number_enters_only_by_an_operators_override(hub_world: World) -> None:
    order = food_order(licence_number=WRONGLY_ISSUED)
    with refused("fields_wrong", ("licence_number", "check_digit")):
        hub_world.issue(order)
    hub_world.enrol("licence-number-overrides", licence_number=WRONGLY_ISSUED, reason="示例：早期赋码错误，已核实")
    assert hub_world.issue(order)["version"] == 1
    with refused("already_admitted"):
        hub_world.enrol("licence-number-overrides", licence_number=WRONGLY_ISSUED, reason="示例")


def test_override_without_a_reason_is_refused(hub_world: World) -> None:
    with refused("fields_wrong", ("reason", "missing")):
        hub_world.enrol("licence-number-overrides", licence_number=WRONGLY_ISSUED, reason=" ")


def test_licence_number_is_read_as_people_type_it(hub_world: World) -> None:
    full_width = "".join(chr(ord(each) + 0xFEE0) for each in SHOP.lower())
    issued = hub_world.issue(food_order(licence_number=f"　{full_width} "))
    assert hub_world.scan_certificate(issued["reference"])["holder"]["licence_number"] == SHOP


# --- renewals ---------------------------------------------------------------------------------------------------


def test_renewal_supersedes_and_each_version_leads_to_the_other(hub_world: World) -> None:
    hub_world.issue(licence_order())
    first = hub_world.issue(food_order())
    second = hub_world.issue(_renewal(first))
    assert second["version"] == 2
    assert hub_world.outcome(first["reference"]) == ("not_valid", "superseded")
    assert hub_world.scan_certificate(first["reference"])["certificate"]["next"] == second["reference"]
    assert hub_world.scan_certificate(second["reference"])["certificate"]["previous"] == first["reference"]
    assert hub_world.outcome(second["reference"]) == ("valid", "good")
    lines = hub_world.scan_enterprise(first["holder_reference"])["certificates"]
    assert [each["reference"] for each in lines if each["type"] == "food_operation_permit"] == [second["reference"]]


def test_suspended_certificate_that_is_renewed_tells_both_acts(hub_world: World) -> None:
    first = hub_world.issue(food_order())
    hub_world.change(first["identifier"], "suspend")
    second = hub_world.issue(_renewal(first, works_from="2026-11-23"))
    acts = [each["act"] for each in hub_world.scan_certificate(first["reference"])["certificate"]["changes"]]
    assert acts == ["suspend", "supersede"]
    assert hub_world.scan_certificate(second["reference"])["certificate"]["changes"] == []


def test_renewed_certificate_may_get_another_number_and_keeps_the_old_one_taken(hub_world: World) -> None:
    first = hub_world.issue(food_order())
    second = hub_world.issue(_renewal(first, certificate_number=food_number(2)))
    assert hub_world.scan_certificate(second["reference"])["certificate"]["number"] == food_number(2)
    with refused("number_taken"):
        hub_world.issue(food_order(licence_number=OTHER_SHOP))


def test_renewal_of_a_version_that_is_no_longer_current_is_refused(hub_world: World) -> None:
    first = hub_world.issue(food_order())
    hub_world.issue(_renewal(first))
    with refused("previous_not_current"):
        hub_world.issue(_renewal(first))


def test_decision_of_tomorrow_is_refused(hub_world: World) -> None:
    with refused("decision_in_future"):
        hub_world.issue(food_order(decided_on="9999-12-31"))


def test_certificate_whose_version_numbers_are_used_up_is_refused(unchecked_world: World) -> None:
    first = unchecked_world.issue(food_order())
    unchecked_world.registry.database.write(
        lambda connection: connection.execute(update(tables.chain).values(versions=MOST_VERSIONS))
    )
    with refused("versions_used_up"):
        unchecked_world.issue(_renewal(first))


def test_renewal_of_what_nobody_issued_is_refused(hub_world: World) -> None:
    with refused("previous_unknown"):
        hub_world.issue(food_order(replaces="1.2.156.3005.2.x"))


def test_renewal_of_another_enterprises_certificate_is_refused(hub_world: World) -> None:
    first = hub_world.issue(food_order())
    with refused("previous_of_another"):
        hub_world.issue(_renewal(first, licence_number=OTHER_SHOP, certificate_number=food_number(2)))


@pytest.mark.parametrize("act", ["withdraw", "annul", "strip", "cancel"])
def test_certificate_that_has_ended_is_not_renewed(hub_world: World, act: str) -> None:
    first = hub_world.issue(food_order())
    hub_world.change(first["identifier"], act)
    with refused("transition_not_allowed"):
        hub_world.issue(_renewal(first))


def test_renewal_under_a_number_of_another_chain_is_refused(hub_world: World) -> None:
    first = hub_world.issue(food_order())
    hub_world.issue(food_order(certificate_number=food_number(2)))
    with refused("number_taken"):
        hub_world.issue(_renewal(first, certificate_number=food_number(2)))


def test_successor_renews_what_its_predecessor_issued(hub_world: World) -> None:
    first = hub_world.issue(food_order())
    _enrol_market(hub_world, until_on="2026-11-22", successor=HEALTH)
    second = hub_world.issue(_renewal(first, issuing_body=HEALTH), system="health")
    assert second["version"] == 2
    assert hub_world.scan_certificate(second["reference"])["certificate"]["issuing_body"] == HEALTH


def test_body_that_succeeds_nobody_cannot_renew_anothers_certificate(hub_world: World) -> None:
    first = hub_world.issue(food_order())
    with refused("body_not_in_charge"):
        hub_world.issue(_renewal(first, issuing_body=HEALTH), system="health")


def test_of_two_renewals_at_once_one_is_made(hub_world: World) -> None:
    first = hub_world.issue(food_order())
    with ThreadPoolExecutor(2) as threads:
        tries = [threads.submit(hub_world.issue, _renewal(first, decision_number=f"示许{n}")) for n in range(2)]
    errors = [each.exception() for each in tries]
    assert sum(error is None for error in errors) == 1
    assert {error.code for error in errors if isinstance(error, OrderError)} <= {"chain_busy", "previous_not_current"}


def test_of_many_orders_for_one_number_one_is_made(hub_world: World) -> None:
    orders = [food_order(licence_number=number) for number in (SHOP, OTHER_SHOP, SCHOOL) * 2]
    with ThreadPoolExecutor(6) as threads:
        tries = [threads.submit(hub_world.issue, order) for order in orders]
    errors = [each.exception() for each in tries]
    assert sum(error is None for error in errors) == 1
    assert {error.code for error in errors if isinstance(error, OrderError)} == {"number_taken"}


# --- batches ----------------------------------------------------------------------------------------------------


def test_batch_issues_what_it_can_and_says_of_each_other_order_why_not(hub_world: World) -> None:
    hub_world.issue(food_order())
    orders = [food_order(certificate_number=food_number(n)) for n in (1, 2, 3)]
    assert _codes(_issue_batch(hub_world, orders)) == ["number_taken", "issued", "issued"]


def test_batch_with_one_number_twice_issues_it_once(hub_world: World) -> None:
    orders = [food_order(certificate_number=food_number(n)) for n in (1, 1, 2)]
    assert _codes(_issue_batch(hub_world, orders)) == ["issued", "number_taken", "issued"]


def test_batch_with_two_renewals_of_one_certificate_makes_one(hub_world: World) -> None:
    first = hub_world.issue(food_order())
    orders = [_renewal(first, decision_number=f"示许{n}") for n in (1, 2)]
    assert _codes(_issue_batch(hub_world, orders)) == ["issued", "chain_busy"]


def test_newest_business_licence_names_its_holder(hub_world: World) -> None:
    first = hub_world.issue(licence_order())
    hub_world.issue(licence_order(replaces=first["identifier"], holder_name="中山示例新名餐饮有限公司"))
    hub_world.issue(food_order(holder_name="中山示例旧名餐饮有限公司"))
    holder = hub_world.scan_enterprise(first["holder_reference"])["holder"]
    assert (holder["name"], holder["licence_state"]) == ("中山示例新名餐饮有限公司", "registered")


def _renewal(first: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return food_order(replaces=first["identifier"], decision_number="示许〔2026〕2号") | changes


def _enrol_market(world: World, **changes: Any) -> None:
    competences = [{"certificate_type": each.code, "from_on": "2019-01-01"} for each in CATALOGUE.current()]
    content = {
        "licence_number": MARKET,
        "department": MARKET,
        "name_zh": "示例市场监管局",
        "name_en": "Example market bureau",
        "area": "442000",
        "from_on": "2019-01-01",
        "competences": competences,
    }
    world.enrol("issuing-bodies", **(content | changes))


def _issue_batch(world: World, contents: list[dict[str, Any]]) -> list[Issued | HubError]:
    verified = world.order(
        Ordered.ISSUE, {}, system="market", certificate_type="food_operation_permit", issuing_body=MARKET
    )
    orders = [read_order(each, catalogue=CATALOGUE, overrides=frozenset()) for each in contents]
    origins = [Origin.native(world.now)] * len(orders)
    batch = Batch(new_name(world.registry), orders, origins, verified, world.system("market"))
    return issue_many(batch, registry=world.registry, sealers=world.sealers, now=world.now)


def _codes(outcomes: list[Issued | HubError]) -> list[str]:
    return [each.code if isinstance(each, HubError) else "issued" for each in outcomes]


def _count(world: World, table: Any) -> int:
    with world.registry.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())
