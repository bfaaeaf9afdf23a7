"""The window at its doors: whose act it is, what it hands over, and what a forged or doubled form comes to."""

from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import func, select

from hub.store import tables
from hub.store.enterprise import EnterpriseReader
from hub.web.public.qr import qr_png
from tests.flows.grant_world import present
from tests.flows.world import HEALTH, MARKET, ORIGIN, SHOP, World, food_order, licence_order
from tests.web.officers import Workplace, at_work, form_token, post, value_of
from tests.web.served import Door, share

# What is asked of the store here is asked of both databases by the flows' own stories.
pytestmark = pytest.mark.parametrize("door", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def shared_door(door: Door) -> Door:
    _, world = door
    world.issue(licence_order())
    world.issue(food_order())
    world.make_licence()
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


def photographed(client: httpx.Client, file: bytes, **form: str) -> httpx.Response:
    """Send a photograph from the window's page."""
    page = client.get("/department/window")
    token = {"form_token": form_token(page)} | form
    return client.post("/department/window/photo", data=token, files={"file": ("照片.png", file, "image/png")})


def test_a_photograph_of_a_code_leads_where_the_code_leads(client: httpx.Client, shared_door: Door) -> None:
    _, world = shared_door
    at_work(shared_door, "w-photo", HEALTH)
    with world.registry.database.read() as connection:
        holder = EnterpriseReader(connection).get(SHOP)
    offered = photographed(client, qr_png(f"{ORIGIN}/Q/{holder.reference if holder else ''}", 8))
    assert (offered.status_code, "公共场所卫生许可" in offered.text) == (200, True)
    # What is filled in next goes on as if the code had been typed.
    shown = photographed(client, qr_png(present(world)["code"], 8))
    assert "本窗口名称" in shown.text
    assert client.get("/department/window/photo").status_code == 200


@pytest.mark.parametrize("file", [b"", b"%PDF-1.7", b"\x89PNG\r\n\x1a\n broken", b"<svg/>"])
def test_what_is_no_photograph_of_a_code_is_said_plainly(file: bytes, client: httpx.Client, shared_door: Door) -> None:
    at_work(shared_door, f"w-photo-{len(file)}", HEALTH)
    wrong = photographed(client, file)
    assert (wrong.status_code, "照片里没有读到二维码" in wrong.text) == (422, True)


def test_a_photograph_is_taken_from_our_own_page_and_who_signed_in_alone(
    client: httpx.Client, shared_door: Door
) -> None:
    code = qr_png(SHOP, 8)
    sent = photographed(client, code)
    assert (sent.status_code, "/department/sign-in?next=" in sent.headers["location"]) == (303, True)
    at_work(shared_door, "w-photo-foreign", HEALTH)
    assert photographed(client, code, form_token="x").status_code == 403
    url, files = "/department/window/photo", {"file": ("a.png", code, "image/png")}
    assert client.post(url, files=files, headers={"origin": "http://evil.example"}).status_code == 403


def test_the_camera_is_allowed_on_the_windows_page_alone(client: httpx.Client, shared_door: Door) -> None:
    at_work(shared_door, "w-camera", HEALTH)
    policies = {
        path: client.get(path).headers["permissions-policy"].partition(",")[0]
        for path in ("/department/window", "/department", "/department/presentations", "/", "/verify")
    }
    assert policies.pop("/department/window") == "camera=(self)"
    assert set(policies.values()) == {"camera=()"}


def test_another_departments_delivery_is_not_found(client: httpx.Client, shared_door: Door) -> None:
    _, workplace = at_work(shared_door, "w-owner", HEALTH)
    result = workplace.order(client, chosen(client))
    copy = result.text.partition('href="/department/deliveries/')[2].partition('"')[0]
    at_work(shared_door, "w-other", MARKET)
    assert client.get(f"/department/deliveries/{copy}").status_code == 404
