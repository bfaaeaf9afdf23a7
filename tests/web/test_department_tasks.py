"""Tasks at their pages: each is found with its last day, answered once, and by nobody else's officer."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from hub.web.callers import moment
from schemas.statement import Ordered
from tests.flows.world import HEALTH, MARKET, World, food_order, sharing_rule
from tests.web.officers import at_work, form_token, post
from tests.web.served import Door

pytestmark = pytest.mark.parametrize("door", ["sqlite"], indirect=True)


@pytest.fixture
def client(door: Door) -> Iterator[httpx.Client]:
    served, world = door
    world.now = moment()
    served.cookies.clear()
    yield served
    served.cookies.clear()


def newest_task(world: World, system: str = "market") -> dict[str, Any]:
    return world.inbox(system, state="open")[-1]


def answer(client: httpx.Client, number: int, **form: str) -> httpx.Response:
    """Open a task, fill in its form, and go on to check and sign."""
    page = client.get("/department/task", params={"number": number})
    return post(client, "/department/task", {"form_token": form_token(page), "number": str(number)} | form)


def test_a_correction_is_answered_in_words_once(client: httpx.Client, door: Door) -> None:
    _, world = door
    issued = world.issue(food_order())
    asked = {"identifier": issued["identifier"], "field": "floor_area", "reason": "示例理由"}
    world.give(Ordered.ASK_CORRECTION, asked, system="health", alone=True)
    _, workplace = at_work(door, "t-correct", MARKET)
    number = newest_task(world)["number"]
    listed = client.get("/department/tasks")
    assert ("校核申请" in listed.text, "最迟" in listed.text) == (True, True)
    first, another = answer(client, number, words="已核对，无误"), answer(client, number, words="再答一次")
    assert "已办妥" in workplace.order(client, first).text
    assert workplace.order(client, another).status_code == 422
    assert "校核申请" in client.get("/department/tasks?state=done").text


def test_a_sharing_request_is_approved_by_its_provider(client: httpx.Client, door: Door) -> None:
    _, world = door
    put = world.put_rule(sharing_rule(code="rule-asked"), system="health")
    assert put["state"] == "asked"
    _, workplace = at_work(door, "t-share", MARKET)
    number = newest_task(world)["number"]
    shown = answer(client, number, answer="approve")
    assert ("rule-asked" in shown.text, "同意" in shown.text) == (True, True)
    assert "已办妥" in workplace.order(client, shown).text


def test_a_refusal_without_its_reason_says_what_is_missing(client: httpx.Client, door: Door) -> None:
    _, world = door
    world.put_rule(sharing_rule(code="rule-refused"), system="health")
    _, workplace = at_work(door, "t-refuse", MARKET)
    number = newest_task(world)["number"]
    wrong = workplace.order(client, answer(client, number, answer="refuse"))
    assert (wrong.status_code, "reason" in wrong.text) == (422, True)
    right = workplace.order(client, answer(client, number, answer="refuse", reason="not_held", words="不在本局"))
    assert "已办妥" in right.text


def test_another_departments_task_is_not_found(client: httpx.Client, door: Door) -> None:
    _, world = door
    world.put_rule(sharing_rule(code="rule-other"), system="health")
    number = newest_task(world)["number"]
    at_work(door, "t-other", HEALTH)
    assert client.get("/department/task", params={"number": number}).status_code == 404
    assert client.get("/department/task", params={"number": "9" * 40}).status_code == 404
