"""The search door over HTTP: who may come, what is refused, and how a page is followed by the next."""

import pytest

from hub.client import RefusedError
from schemas.identifiers import make_licence_number
from tests.flows.world import food_number, food_order
from tests.web.served import Door, client_of, issue

PATH = "/api/v1/certificates"


@pytest.mark.parametrize("system", ["market", "health"])
def test_department_finds_what_was_issued(door: Door, system: str) -> None:
    order = food_order(
        licence_number=make_licence_number("92442000", f"MA0000{system[0].upper()}1"),
        holder_name=f"中山{system}查询店",
        certificate_number=food_number(700 + ord(system[0])),
    )
    issue(client_of(door, "market"), order)
    found = client_of(door, system).get(PATH, name=f"{system}查询", type="food_operation_permit").json()
    assert [each["number"] for each in found["certificates"]] == [order["certificate_number"]]
    assert (found["after"], found["mode"]) == (None, "test")


def test_wrong_filters_are_told_by_member_and_rule_in_both_languages(door: Door) -> None:
    with pytest.raises(RefusedError) as caught:
        client_of(door, "health").get(PATH, name="店", colour="red")
    told = {(each["member"], each["rule"]) for each in caught.value.problem["problems"]}
    assert (caught.value.status, caught.value.code) == (422, "fields_wrong")
    assert told == {("name", "one_character"), ("filter", "unknown")}


def test_filter_named_twice_is_refused(door: Door) -> None:
    headers = client_of(door, "health").headers("GET", PATH)
    response = door[0].get(f"{PATH}?state=valid&state=expired", headers=headers)
    assert (response.status_code, response.json()["problems"][0]["rule"]) == (422, "twice")


def test_search_without_a_token_is_challenged(door: Door) -> None:
    assert door[0].get(f"{PATH}?state=valid").status_code == 401


def test_system_that_neither_issues_nor_pulls_is_refused(door: Door) -> None:
    with pytest.raises(RefusedError) as caught:
        client_of(door, "operator").get(PATH, state="valid")
    assert caught.value.code == "role_missing"
