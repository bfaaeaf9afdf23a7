"""Grants on paper at the window's pages: printed, witnessed by two officers, pulled under; nobody does it alone."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from hub.web.callers import moment
from tests.flows.registry_check import faults_beside_a_server as faults
from tests.flows.world import HEALTH, SHOP, food_order, licence_order
from tests.web.officers import at_work, form_token, post, value_of
from tests.web.served import Door

pytestmark = pytest.mark.parametrize("door", ["sqlite"], indirect=True)
_CHECKED = {"identity_check": "representative_present", "file_sha256": "ab" * 32}


@pytest.fixture(scope="module")
def shop_door(door: Door) -> Door:
    _, world = door
    world.issue(licence_order())
    world.issue(food_order())
    return door


@pytest.fixture
def client(shop_door: Door) -> Iterator[httpx.Client]:
    served, world = shop_door
    world.now = moment()
    served.cookies.clear()
    yield served
    served.cookies.clear()


def drafted(client: httpx.Client, case: str = "2026-0001", **form: str) -> httpx.Response:
    """Fill in what the grant is for; return the page with the sentence to print."""
    page = client.get("/department/paper", params={"code": SHOP})
    typed = {
        "form_token": form_token(page), "licence_number": SHOP, "item_code": "440112001",
        "item_name": "公共场所卫生许可", "case_number": case, "field": "food_operation_permit.business_items",
        "valid_until": (moment() + timedelta(days=30)).date().isoformat(), "uses": "1",
    }  # fmt: skip
    return post(client, "/department/paper", typed | form)


def checked(client: httpx.Client, page: httpx.Response, **form: str) -> httpx.Response:
    """Say how the signer was checked and which scan it is, as a browser sends it: lines end in two characters."""
    text = value_of(page, "text").replace("\n", "\r\n")
    return post(client, "/department/paper", {"form_token": form_token(page), "text": text} | _CHECKED | form)


def waiting(client: httpx.Client) -> str:
    """Return the address of the newest order that waits for a second officer."""
    listed = client.get("/department/countersign")
    name = listed.text.rpartition('href="/department/countersign/')[2].partition('"')[0].partition("?")[0]
    return f"/department/countersign/{name}"


def test_paper_is_witnessed_by_two_officers_and_pulled_under(client: httpx.Client, shop_door: Door) -> None:
    _, world = shop_door
    _, first = at_work(shop_door, "p-first", HEALTH)
    page = drafted(client)
    assert "一照通行电子证照授权书" in page.text
    parked = first.order(client, checked(client, page))
    assert "还差一名经办人会签" in parked.text
    own = first.order(client, client.get(waiting(client)))
    assert (own.status_code, "第二名" in own.text or "另一名" in own.text) == (422, True)
    _, second = at_work(shop_door, "p-second", HEALTH)
    read = client.get(waiting(client))
    assert ("中山示例餐饮有限公司" in read.text, "ab" * 32 in read.text) == (True, True)
    done = second.order(client, read)
    assert ("已办妥" in done.text, f"/department/window?code={SHOP}" in done.text) == (True, True)
    offered = post(client, "/department/window", {"form_token": form_token(read), "code": SHOP})
    offer = value_of(offered, "offer")
    assert (offer.partition(":")[0], "窗口书面授权" in offered.text) == ("window", True)
    typed = {"form_token": form_token(offered), "code": SHOP, "offer": offer, "case_number": "2026-0001"}
    result = second.order(client, post(client, "/department/window", typed))
    assert "已取得证照" in result.text
    assert faults(world) == []


@pytest.mark.parametrize(
    ("form", "said"),
    [({"uses": "many"}, "使用次数"), ({"valid_until": "never"}, "到哪一天"), ({"field": "x.y"}, 'role="alert"')],
)
def test_what_no_grant_can_say_is_said_at_the_form_and_nothing_typed_is_lost(
    form: dict[str, str], said: str, client: httpx.Client, shop_door: Door
) -> None:
    at_work(shop_door, f"p-form-{next(iter(form))}", HEALTH)
    wrong = drafted(client, **form)
    assert (wrong.status_code, said in wrong.text, value_of(wrong, "case_number")) == (422, True, "2026-0001")


@pytest.mark.parametrize("form", [{"identity_check": "nobody looked"}, {"file_sha256": ""}, {"text": "一照通行"}])
def test_what_cannot_be_witnessed_is_said_before_anybody_signs(
    form: dict[str, str], client: httpx.Client, shop_door: Door
) -> None:
    at_work(shop_door, f"p-wrong-{next(iter(form))}", HEALTH)
    wrong = checked(client, drafted(client), **form)
    assert (wrong.status_code, "data-statement" in wrong.text) == (422, False)


def test_a_sentence_that_was_altered_is_refused_before_anybody_signs(client: httpx.Client, shop_door: Door) -> None:
    at_work(shop_door, "p-alters", HEALTH)
    page = drafted(client, "2026-0002")
    altered = value_of(page, "text").replace("最多〔1〕次", "最多〔9〕次")
    refused = checked(client, page, text=altered)
    assert (refused.status_code, "data-statement" in refused.text) == (422, False)


def test_who_goes_back_finds_the_form_as_it_was(client: httpx.Client, shop_door: Door) -> None:
    at_work(shop_door, "p-back", HEALTH)
    page = drafted(client, "2026-0003")
    kept = {"form_token": form_token(page), "licence_number": SHOP, "case_number": "2026-0003", "change": "yes"}
    back = post(client, "/department/paper", kept)
    assert (back.status_code, value_of(back, "case_number")) == (200, "2026-0003")
    assert client.get("/department/paper", params={"code": "nobody"}).status_code == 422
