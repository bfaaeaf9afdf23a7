"""The window at its doors: whose act it is, what it hands over, and what a forged or doubled form comes to."""

from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import func, select

from hub.store import tables
from tests.flows.world import HEALTH, MARKET, SHOP, World, food_order, licence_order
from tests.web.officers import Workplace, at_work, form_token, post, value_of
from tests.web.served import Door, share

# What is asked of the store here is asked of both databases by the flows' own stories.
pytestmark = pytest.mark.parametrize("door", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def shared_door(door: Door) -> Door:
    _, world = door
    world.issue(licence_order())
    world.issue(food_order())
    share(door)
    return door


@pytest.fixture
def client(shared_door: Door) -> Iterator[httpx.Client]:
    served, _ = shared_door
    served.cookies.clear()
    yield served
    served.cookies.clear()


def chosen(client: httpx.Client, code: str = SHOP, **form: str) -> httpx.Response:
    """Scan a code, and choose the one item with a case."""
    page = client.get("/department/window")
    typed = {"form_token": form_token(page), "code": code, "offer": "statutory:rule-1", "case_number": "2026-0001"}
    return post(client, "/department/window", typed | form)


def decisions(world: World) -> int:
    with world.registry.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(tables.pull_decision)).scalar_one())


def test_three_actions_bring_the_certificates_of_the_holder(client: httpx.Client, shared_door: Door) -> None:
    _, workplace = at_work(shared_door, "w-three", HEALTH)
    offered = chosen(client, offer="", case_number="")
    assert ("公共场所卫生许可" in offered.text, "checked" in offered.text) == (True, True)
    result = workplace.order(client, chosen(client))
    assert "已取得证照" in result.text
    assert "JY" in result.text
    copy = result.text.partition('href="/department/deliveries/')[2].partition('"')[0]
    document = client.get(f"/department/deliveries/{copy}")
    assert document.content.startswith(b"%PDF")


def test_a_form_that_is_sent_twice_is_one_act(client: httpx.Client, shared_door: Door) -> None:
    _, world = shared_door
    _, workplace = at_work(shared_door, "w-twice", HEALTH)
    form, before = workplace.signed(chosen(client)), decisions(world)
    first, again = (post(client, "/department/orders", form) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert decisions(world) == before + 1
    other = workplace.signed(chosen(client)) | {"key": form["key"]}
    assert post(client, "/department/orders", other).status_code == 422
    assert decisions(world) == before + 1


@pytest.mark.parametrize("said", [{"officer": "h-002"}, {"iss": "health"}, {"officer": "m-001"}])
def test_a_statement_of_another_officer_or_system_does_nothing(
    said: dict[str, str], client: httpx.Client, shared_door: Door
) -> None:
    _, world = shared_door
    _, workplace = at_work(shared_door, f"w-foreign-{'-'.join(said.values())}", HEALTH)
    before = decisions(world)
    refused = workplace.order(client, chosen(client), **said)
    assert (refused.status_code, "不是由当前登录的经办人" in refused.text) == (422, True)
    assert decisions(world) == before


def test_a_key_that_is_not_the_terminals_does_nothing(client: httpx.Client, shared_door: Door) -> None:
    _, world = shared_door
    at_work(shared_door, "w-key", HEALTH)
    before = decisions(world)
    assert Workplace().order(client, chosen(client)).status_code == 422
    assert decisions(world) == before


def test_a_browser_that_is_no_terminal_orders_nothing(client: httpx.Client, shared_door: Door) -> None:
    account, workplace = at_work(shared_door, "w-bare", HEALTH)
    form = workplace.signed(chosen(client))
    page = client.get("/department/sign-in")
    typed = {"number": "w-bare", "password": "copper lantern orchard", "code": account.code(1)}
    post(client, "/department/sign-in", typed | {"form_token": form_token(page)})
    refused = post(client, "/department/orders", form | {"form_token": form_token(client.get("/department"))})
    assert "只能查看，不能办理" in refused.text


def test_a_refused_pull_says_what_to_do_and_keeps_what_was_typed(client: httpx.Client, shared_door: Door) -> None:
    _, workplace = at_work(shared_door, "w-refused", HEALTH)
    refused = workplace.order(client, chosen(client, case_number="not a case"))
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text
    assert value_of(refused, "case_number") == "not a case"


def test_what_leads_to_nobody_is_said_and_without_a_basis_there_is_no_pull(
    client: httpx.Client, shared_door: Door
) -> None:
    at_work(shared_door, "w-market", MARKET)
    assert "没有可用的调用依据" in chosen(client).text
    assert "data-statement" not in chosen(client).text
    assert chosen(client, code="nothing at all").status_code == 422


def test_another_departments_delivery_is_not_found(client: httpx.Client, shared_door: Door) -> None:
    _, workplace = at_work(shared_door, "w-owner", HEALTH)
    result = workplace.order(client, chosen(client))
    copy = result.text.partition('href="/department/deliveries/')[2].partition('"')[0]
    at_work(shared_door, "w-other", MARKET)
    assert client.get(f"/department/deliveries/{copy}").status_code == 404
