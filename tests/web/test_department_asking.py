"""Asking for a sharing line at the pages: asked, answered with a reason, its last day in sight, asked anew."""

from collections.abc import Iterator

import httpx
import orjson
import pytest

from hub.web.callers import moment
from tests.flows.registry_check import faults_beside_a_server as faults
from tests.flows.world import HEALTH, MARKET, World
from tests.web.officers import at_work, form_token, post, value_of
from tests.web.served import Door

pytestmark = pytest.mark.parametrize("door", ["sqlite"], indirect=True)


@pytest.fixture
def client(door: Door) -> Iterator[httpx.Client]:
    served, world = door
    world.now = moment()
    served.cookies.clear()
    yield served
    served.cookies.clear()


def filled(client: httpx.Client, **form: str) -> httpx.Response:
    """Fill in what is asked for."""
    page = client.get("/department/ask", params={"type": "food_operation_permit"})
    typed = {
        "form_token": form_token(page), "type": "food_operation_permit",
        "field": "food_operation_permit.business_items", "item_code": "440112001", "item_name": "公共场所卫生许可",
        "legal_basis": "示例法第1条", "case_pattern": r"\d{4}-\d{4}", "sharing_class": "conditional",
        "from_on": "2026-11-01", "until_on": "",
    }  # fmt: skip
    return post(client, "/department/ask", typed | form)


def newest_task(world: World) -> int:
    return int(world.inbox("market", state="open")[-1]["number"])


def test_a_line_is_asked_for_refused_with_a_reason_and_asked_for_anew(client: httpx.Client, door: Door) -> None:
    _, world = door
    _, asking = at_work(door, "s-asks", HEALTH)
    done = asking.order(client, filled(client))
    assert "已办妥" in done.text
    own = client.get("/department/own/sharing")
    assert ("待答复" in own.text, "最迟" in own.text, "示例法第1条" in own.text) == (True, True, True)
    _, answering = at_work(door, "s-answers", MARKET)
    number = newest_task(world)
    task = client.get("/department/task", params={"number": number})
    assert "最迟办理" in task.text
    said = {"answer": "refuse", "reason": "unclear", "words": "请写明条款"}
    form = {"form_token": form_token(task), "number": str(number)} | said
    answering.order(client, post(client, "/department/task", form))
    _, asking = at_work(door, "s-asks-anew", HEALTH)
    own = client.get("/department/own/sharing")
    assert ("用途或范围不清" in own.text, "请写明条款" in own.text) == (True, True)
    code = own.text.partition("/department/ask?rule=")[2].partition("&")[0]
    again = client.get("/department/ask", params={"rule": code})
    assert (value_of(again, "legal_basis"), value_of(again, "code")) == ("示例法第1条", code)
    second = asking.order(client, filled(client, code=code, legal_basis="示例法第1条第2款"))
    assert f"{code} · 2" in second.text
    assert faults(world) == []


@pytest.mark.parametrize(
    ("form", "member"),
    [
        ({"case_pattern": "(a+)+"}, "f-case_pattern"), ({"legal_basis": ""}, "f-legal_basis"),
        ({"from_on": "2026-11-02", "until_on": "2026-11-01"}, "f-until_on"),
        ({"sharing_class": "not_shared"}, "f-sharing_class"), ({"type": "no_such_type"}, "f-fields"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_line_is_said_before_it_is_signed(
    form: dict[str, str], member: str, client: httpx.Client, door: Door
) -> None:
    at_work(door, f"s-{member}", HEALTH)
    wrong = filled(client, **form)
    assert (wrong.status_code, f'href="#{member}"' in wrong.text, "data-statement" in wrong.text) == (422, True, False)
    assert value_of(wrong, "item_name") == "公共场所卫生许可"


def test_another_departments_line_is_not_changed(client: httpx.Client, door: Door) -> None:
    _, asking = at_work(door, "s-owner", HEALTH)
    asking.order(client, filled(client, code="line-of-health", item_code="440112009"))
    at_work(door, "s-thief", MARKET)
    assert client.get("/department/ask", params={"rule": "line-of-health"}).status_code == 404
    taken = filled(client, code="line-of-health", item_code="440112010")
    assert (taken.status_code, "data-statement" in taken.text) == (422, False)
    # The department of a line is who sits there, whatever a form says.
    own = filled(client, requester=HEALTH, item_code="440112010")
    assert orjson.loads(value_of(own, "content"))["requester"] == MARKET
