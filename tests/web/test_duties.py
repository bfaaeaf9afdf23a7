"""Officers by their duty: what each sees of the pages, and what the doors refuse whatever a page shows."""

from collections.abc import Iterator

import httpx
import pytest

from hub.client import RefusedError
from hub.web.callers import moment
from schemas.parties import Duty
from schemas.statement import Ordered
from tests.flows.world import HEALTH, MARKET, food_number, food_order, licence_order
from tests.web.officers import at_work, form_token, open_officer, post
from tests.web.served import Door, client_of, share
from tests.web.test_department_acts import annulled
from tests.web.test_window import chosen

pytestmark = pytest.mark.parametrize("door", ["sqlite"], indirect=True)
_PLACES = ("window", "issue", "status", "import", "countersign", "ask")


@pytest.fixture(scope="module")
def shop_door(door: Door) -> Door:
    _, world = door
    world.issue(licence_order())
    share(door)
    return door


@pytest.fixture
def client(shop_door: Door) -> Iterator[httpx.Client]:
    served, world = shop_door
    world.now = moment()
    served.cookies.clear()
    yield served
    served.cookies.clear()


@pytest.mark.parametrize(
    ("duty", "seen"),
    [
        (Duty.CASE, set(_PLACES)),
        (Duty.ISSUE, {"issue", "status", "import", "countersign"}),
        (Duty.PULL, {"window", "countersign", "ask"}),
        (Duty.APPROVE, {"countersign", "ask"}),
        (Duty.AUDIT, set[str]()),
    ],
)
def test_an_officer_finds_the_pages_of_his_duty_and_is_refused_the_others(
    duty: Duty, seen: set[str], client: httpx.Client, shop_door: Door
) -> None:
    at_work(shop_door, f"d-{duty}", HEALTH, duty)
    home = client.get("/department")
    assert {each for each in _PLACES if f'href="/department/{each}?' in home.text} == seen
    html = {"accept": "text/html"}
    answers = {each: client.get(f"/department/{each}", headers=html) for each in _PLACES}
    assert {name for name, each in answers.items() if each.status_code == 200} == seen
    refused = [each for each in answers.values() if each.status_code != 200]
    assert {(each.status_code, "不包括这个页面" in each.text) for each in refused} <= {(403, True)}
    assert [client.get(f"/department/{each}").status_code for each in ("tasks", "own")] == [200] * 2


def test_a_form_that_was_open_when_the_duty_ended_orders_nothing(client: httpx.Client, shop_door: Door) -> None:
    _, world = shop_door
    _, workplace = at_work(shop_door, "d-moved", HEALTH)
    form = workplace.signed(chosen(client))
    world.now = moment()
    world.enrol("officers", number="d-moved", department=HEALTH, duty="issue")
    refused = post(client, "/department/orders", form)
    assert (refused.status_code, "经办人的职责不包括这件事" in refused.text) == (422, True)


def test_a_department_system_cannot_order_in_the_name_of_who_has_another_duty(
    client: httpx.Client, shop_door: Door
) -> None:
    _, world = shop_door
    open_officer(world, "d-system", MARKET, Duty.PULL)
    content = food_order(certificate_number=food_number(41))
    with pytest.raises(RefusedError) as refusal:
        client_of(shop_door, "market").order(
            "/api/v1/certificates", Ordered.ISSUE, content, officer="d-system",
            certificate_type=content["certificate_type"], issuing_body=content["issuing_body"],
        )  # fmt: skip
    assert refusal.value.problem["code"] == "statement_duty"


def test_who_approves_seconds_what_he_may_not_order_himself(client: httpx.Client, shop_door: Door) -> None:
    _, world = shop_door
    identifier = world.issue(food_order(certificate_number=food_number(42)))["identifier"]
    _, first = at_work(shop_door, "d-orders", MARKET, Duty.ISSUE)
    first.order(client, annulled(client, identifier))
    at_work(shop_door, "d-pulls", MARKET, Duty.PULL)
    assert 'href="/department/countersign/' not in client.get("/department/countersign").text
    _, second = at_work(shop_door, "d-seconds", MARKET, Duty.APPROVE)
    listed = client.get("/department/countersign")
    path = listed.text.rpartition('href="/department/countersign/')[2].partition('"')[0]
    assert "已办妥" in second.order(client, client.get(f"/department/countersign/{path}")).text


def test_a_task_is_read_by_who_may_not_answer_it_without_its_form(client: httpx.Client, shop_door: Door) -> None:
    _, world = shop_door
    asked = {"identifier": world.issue(food_order(certificate_number=food_number(43)))["identifier"]}
    asked |= {"field": "floor_area", "reason": "示例理由"}
    world.give(Ordered.ASK_CORRECTION, asked, system="health", alone=True)
    number = world.inbox("market", state="open")[-1]["number"]
    at_work(shop_door, "d-reads", MARKET, Duty.AUDIT)
    page = client.get("/department/task", params={"number": number})
    assert (page.status_code, 'name="words"' in page.text, "只能查看" in page.text) == (200, False, True)
    assert form_token(client.get("/department")) != ""
