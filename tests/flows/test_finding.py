"""Stories of searching: what officers look for is found by index, page after page, each certificate once."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.registry.finding import Most
from hub.store.subject import SubjectWriter
from schemas.catalogue import FieldsError
from schemas.identifiers import make_licence_number, make_site_id
from schemas.name_parts import folded_name, parts_of
from schemas.search import Place, State, Wanted, read_search
from tests.flows.plans import asked, plans_of, walks_all
from tests.flows.refusals import refused
from tests.flows.world import (
    CATALOGUE,
    HEALTH,
    MARKET,
    OTHER_SHOP,
    READY,
    SHOP,
    World,
    example_fields,
    food_number,
    food_order,
    licence_order,
    lift_order,
)

SITE = make_site_id(b"example!")


def numbers(found: dict[str, Any]) -> list[str]:
    return [each["number"] for each in found["certificates"]]


def walk(world: World, most: Most, **filters: str) -> Iterator[dict[str, Any]]:
    """Follow a search from page to page."""
    found = world.search(filters, most)
    yield found
    while found["after"]:
        found = world.search(filters | {"after": found["after"]}, most)
        yield found


def shop(serial: int, name: str = "") -> dict[str, Any]:
    """Return the order of a food permit of one of many shops."""
    number = make_licence_number("92442000", f"MA{serial:06d}")
    name = name or f"中山示例第{serial}小吃店"
    return food_order(licence_number=number, holder_name=name, certificate_number=food_number(serial))


# --- what is found ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "filters",
    [
        {"name": "示例餐饮"},
        {"name": "餐饮 中山"},
        {"licence_number": SHOP},
        {"number": food_number(1)},
        {"type": "food_operation_permit"},
        {"state": "in_force"},
        {"state": "suspended", "licence_number": OTHER_SHOP},
        {"issuing_body": MARKET},
        {"name": "杂货", "type": "food_operation_permit", "state": "suspended", "issuing_body": MARKET},
        {"number": food_number(2), "name": "杂货"},
    ],
)
def test_certificate_is_found_by_each_filter_and_by_several(hub_world: World, filters: dict[str, str]) -> None:
    hub_world.issue(food_order())
    other = food_order(licence_number=OTHER_SHOP, holder_name="中山示例杂货（个体）", certificate_number=food_number(2))
    hub_world.change(hub_world.issue(other)["identifier"], "suspend", until="2027-01-01")
    is_other = "suspended" in filters.values() or filters.get("number") == food_number(2)
    expected = {food_number(1 + is_other)}
    found = set(numbers(hub_world.search(filters)))
    assert expected <= found <= {food_number(1), food_number(2)}
    assert len(found) == 1 or filters.keys() <= {"type", "issuing_body"}


def test_found_line_tells_what_is_public_and_the_verdict_of_the_scan(hub_world: World) -> None:
    hub_world.issue(licence_order())
    issued = hub_world.issue(food_order())
    line = hub_world.search({"number": food_number(1)})["certificates"][0]
    scanned = hub_world.scan_certificate(issued["reference"])
    assert line["verdict"] == scanned["verdict"]
    assert (line["holder_name"], line["body_name"]) == ("中山示例餐饮有限公司", "示例市场监管局")
    assert (line["identifier"], line["holder_reference"]) == (issued["identifier"], issued["holder_reference"])
    assert "示例甲" not in str(line)
    assert "示例路1号" not in str(line)


def test_holder_is_found_by_former_names_and_shown_by_the_present_one(hub_world: World) -> None:
    licence = hub_world.issue(licence_order(holder_name="中山旧名商行"))
    renamed = licence_order(holder_name="中山新名餐饮有限公司", replaces=licence["identifier"], decided_on="2026-11-20")
    hub_world.issue(renamed)
    for name in ("旧名商行", "旧名", "新名餐饮"):
        found = hub_world.search({"name": name})["certificates"]
        assert [each["holder_name"] for each in found] == ["中山新名餐饮有限公司"]


def test_holder_renamed_by_the_operator_is_found_by_both_names(hub_world: World) -> None:
    hub_world.issue(food_order())
    hub_world.enrol("enterprises", licence_number=SHOP, name="中山另名餐饮有限公司")
    assert len(hub_world.search({"name": "示例餐饮有限"})["certificates"]) == 1
    assert len(hub_world.search({"name": "另名餐饮有限"})["certificates"]) == 1


def test_words_that_stand_apart_in_a_name_are_no_part_of_it(hub_world: World) -> None:
    hub_world.issue(food_order(holder_name="示例餐示饮例店"))
    assert hub_world.search({"name": "示例餐饮"})["certificates"] == []


def test_name_is_found_in_any_width_and_case(hub_world: World) -> None:
    hub_world.issue(food_order(holder_name="中山Ａbc（示例）店"))
    assert len(hub_world.search({"name": "aBC(示例)"})["certificates"]) == 1


def test_only_the_current_version_is_found(hub_world: World) -> None:
    first = hub_world.issue(food_order())
    second = hub_world.issue(food_order(replaces=first["identifier"], decision_number="示许〔2026〕2号"))
    for filters in (
        {"number": food_number(1)},
        {"name": "示例餐饮"},
        {"type": "food_operation_permit"},
        {"state": "valid"},
    ):
        found = hub_world.search(filters)["certificates"]
        assert [each["identifier"] for each in found] == [second["identifier"]]


def test_mistake_is_not_found(unchecked_world: World) -> None:
    issued = unchecked_world.issue(food_order())
    unchecked_world.change(issued["identifier"], "void")
    for filters in ({"number": food_number(1)}, {"licence_number": SHOP}, {"issuing_body": MARKET}):
        assert unchecked_world.search(filters)["certificates"] == []


def test_expired_follows_from_the_day_and_not_from_the_status(hub_world: World) -> None:
    hub_world.issue(food_order(valid_from="2021-11-24", valid_to="2026-11-23", decided_on="2021-11-20"))
    assert len(hub_world.search({"state": "in_force", "type": "food_operation_permit"})["certificates"]) == 1
    hub_world.now = hub_world.now.replace(day=24)
    assert hub_world.search({"state": "in_force", "type": "food_operation_permit"})["certificates"] == []
    assert hub_world.search({"state": "expired", "issuing_body": MARKET})["certificates"][0]["status"] == "valid"


def test_device_is_found_by_its_id(hub_world: World) -> None:
    order = _device_order()
    hub_world.issue(order)
    found = hub_world.search({"device": order["subject_id"]})["certificates"]
    assert [each["subject"]["id"] for each in found] == [order["subject_id"]]
    assert hub_world.search({"site": order["subject_id"]})["certificates"] == []


def test_site_is_found_by_its_id(unchecked_world: World) -> None:
    row = {
        "subject_id": SITE, "kind": "site", "reference": "0" * 26, "holder": SHOP, "name": "示例店", "address": "",
        "from_on": READY.date(), "issuing_body": MARKET, "ended_on": None, "recorded_at": READY, "act_id": "example",
    }  # fmt: skip
    unchecked_world.registry.database.write(lambda connection: SubjectWriter(connection).add(row))
    unchecked_world.issue(food_order(subject_id=SITE))
    unchecked_world.issue(food_order(certificate_number=food_number(2)))
    assert numbers(unchecked_world.search({"site": SITE})) == [food_number(1)]
    assert unchecked_world.search({"site": SITE, "issuing_body": HEALTH})["certificates"] == []


# --- paging -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "filters", [{"type": "food_operation_permit"}, {"issuing_body": MARKET}, {"name": "小吃店"}, {"state": "in_force"}]
)
def test_paging_visits_each_certificate_once_while_others_are_issued(hub_world: World, filters: dict[str, str]) -> None:
    for serial in (5, 2, 9, 4, 7, 1, 8):
        hub_world.issue(shop(serial))
    there, seen = {food_number(serial) for serial in (5, 2, 9, 4, 7, 1, 8)}, list[str]()
    for page, new in zip(walk(hub_world, Most(page=3), **filters), (3, 6, 10, 11, 12, 13), strict=False):
        seen += numbers(page)
        hub_world.issue(shop(new))
    assert len(seen) == len(set(seen))
    assert there <= set(seen)


def test_certificates_of_one_holder_are_paged_across_its_pages(
    hub_world: World,
) -> None:
    for serial in range(1, 6):
        hub_world.issue(food_order(certificate_number=food_number(serial)))
    pages = list(walk(hub_world, Most(page=2), licence_number=SHOP))
    assert [numbers(page) for page in pages] == [[food_number(n) for n in part] for part in ([1, 2], [3, 4], [5])]


@pytest.mark.parametrize("filters", [{"state": "expired"}, {"name": "小吃店", "state": "annulled"}])
def test_page_ends_when_a_request_has_read_its_most_and_says_that_there_is_more(
    hub_world: World, filters: dict[str, str]
) -> None:
    for serial in (1, 2, 3, 4, 5):
        hub_world.issue(shop(serial))
    pages = list(walk(hub_world, Most(rows=(2,), holders=(2,), names=2), **filters))
    assert [page["certificates"] for page in pages] == [[]] * len(pages)
    assert len(pages) >= 3


def test_lines_that_do_not_fit_count_towards_the_most(hub_world: World) -> None:
    for serial in range(1, 6):
        hub_world.issue(food_order(certificate_number=food_number(serial)))
    pages = list(walk(hub_world, Most(lines=2), licence_number=SHOP))
    assert [number for page in pages for number in numbers(page)] == [food_number(n) for n in range(1, 6)]
    assert len(pages) == 3


# --- bounded work -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "filters",
    [
        {"type": "food_operation_permit"},
        {"type": "food_operation_permit", "state": "in_force", "issuing_body": MARKET},
        {"state": "suspended"},
        {"state": "suspended", "issuing_body": MARKET},
        {"state": "expired"},
        {"issuing_body": MARKET},
        {"name": "示例餐饮 中山"},
        {"name": "示例", "type": "food_operation_permit"},
        {"licence_number": SHOP, "type": "food_operation_permit"},
        {"number": food_number(1)},
        {"site": SITE},
        {"device": "example"},
    ],
)
def test_no_search_walks_a_whole_table(unchecked_world: World, filters: dict[str, str]) -> None:
    unchecked_world.issue(food_order())
    unchecked_world.issue(shop(2))
    with asked() as questions:
        unchecked_world.search(filters)
    plans = list(plans_of(unchecked_world, questions))
    assert plans
    assert [plan for plan in plans if walks_all(plan)] == []


# --- what is refused --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "broken"),
    [
        ({}, ("filter", "one_at_least")),
        ({"name": "  "}, ("filter", "one_at_least")),
        ({"colour": "red"}, ("filter", "unknown")),
        ({"name": "餐"}, ("name", "one_character")),
        ({"name": "示例 餐"}, ("name", "one_character")),
        ({"name": "示\u0000例"}, ("name", "control_character")),
        ({"name": "示例" * 40}, ("name", "too_long")),
        ({"licence_number": "9144"}, ("licence_number", "form")),
        ({"licence_number": SHOP[:-1] + "0"}, ("licence_number", "check_digit")),
        ({"type": "no_such_type"}, ("type", "type_unknown")),
        ({"state": "superseded"}, ("state", "choice")),
        ({"issuing_body": "' OR 1=1"}, ("issuing_body", "form")),
        ({"number": "\ud800"}, ("number", "control_character")),
        ({"site": "S-\u200bx"}, ("site", "control_character")),
        ({"type": "food_operation_permit", "after": "7"}, ("after", "form")),
        ({"type": "food_operation_permit", "after": f"{'0' * 16}-7"}, ("after", "other_search")),
        ({"type": "food_operation_permit", "after": f"{'0' * 16}-{SHOP}-7"}, ("after", "form")),
        ({"name": "示例", "after": f"{'0' * 16}-7"}, ("after", "form")),
    ],
)
def test_wrong_filter_is_refused_by_member_and_rule(filters: dict[str, str], broken: tuple[str, str]) -> None:
    with refused("fields_wrong", broken):
        read_search(filters.items(), catalogue=CATALOGUE, overrides=frozenset())


def test_filter_given_twice_is_refused() -> None:
    with refused("fields_wrong", ("name", "twice")):
        read_search([("name", "示例"), ("name", "餐饮")], catalogue=CATALOGUE, overrides=frozenset())


def test_place_of_one_search_is_not_that_of_another() -> None:
    after = Wanted(certificate_type="food_operation_permit").after(Place(7))
    with refused("fields_wrong", ("after", "other_search")):
        Wanted(certificate_type="business_licence").place_of(after)


@given(st.dictionaries(st.sampled_from(["name", "number", "state", "type", "after", "site", "x"]), st.text()))
def test_whatever_is_given_is_read_or_refused_by_rule(filters: dict[str, str]) -> None:
    with suppress(FieldsError):
        wanted, _ = read_search(filters.items(), catalogue=CATALOGUE, overrides=frozenset())
        assert wanted != Wanted()


@given(st.text())
def test_every_two_characters_of_a_name_are_a_part_of_it(name: str) -> None:
    folded = folded_name(name)
    assert all(folded[place : place + 2] in parts_of(name) for place in range(len(folded) - 1))
    assert folded_name(folded) == folded


@given(st.integers(0, 2**53))
def test_place_comes_back_as_it_went(number: int) -> None:
    by_serial, by_holder = Wanted(state=State.EXPIRED), Wanted(words=("示例",))
    assert by_serial.place_of(by_serial.after(Place(number))) == Place(number)
    assert by_holder.place_of(by_holder.after(Place(number, SHOP))) == Place(number, SHOP)


def _device_order() -> dict[str, Any]:
    code = "31104420002026000001"
    fields = example_fields("lift_registration", device_code=code)
    return lift_order(certificate_number="梯11粤T00001（26）", subject_id=code, fields=fields)
