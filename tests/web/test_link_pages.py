"""The pages of one-time links: a person signs in and reads what was granted to him; everybody else reads nothing."""

import re
from collections.abc import Iterator
from html import unescape

import httpx
import pytest

from hub.web.callers import moment
from tests.flows.test_grant_links import give
from tests.flows.world import World, food_order, licence_order
from tests.web.seated import form_token, post, sentence
from tests.web.served import Door

NAME, NUMBER = "张示例", "0000-0000-0000-0001"
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')

# The pages' own questions of the store differ by no dialect.
pytestmark = pytest.mark.parametrize("door", ["sqlite"], indirect=True, scope="module")


@pytest.fixture(scope="module")
def shop_door(door: Door) -> Door:
    _, world = door
    world.issue(licence_order())
    world.issue(food_order())
    world.make_licence()
    return door


@pytest.fixture
def client(shop_door: Door) -> Iterator[httpx.Client]:
    shop_door[0].cookies.clear()
    yield shop_door[0]
    shop_door[0].cookies.clear()


@pytest.fixture
def world(shop_door: Door) -> World:
    shop_door[1].now = moment()
    return shop_door[1]


def _hidden(page: httpx.Response) -> dict[str, str]:
    return {name: unescape(value) for name, value in _HIDDEN.findall(page.text)}


def _coded(client: httpx.Client, code: str) -> httpx.Response:
    page = client.get("/grant-links")
    return post(client, "/grant-links", {"form_token": form_token(page), "code": code})


def _signed_in(client: httpx.Client, code: str, name: str = NAME) -> httpx.Response:
    page = _coded(client, code)
    return post(client, "/grant-links/sign-in", _hidden(page) | {"name": name, "number": NUMBER})


def _opened(client: httpx.Client, code: str, name: str = NAME, language: str = "zh") -> httpx.Response:
    form = _hidden(_signed_in(client, code, name))
    # As browsers send it.
    form["text"] = form["text"].replace("\n", "\r\n")
    return post(client, f"/grant-links/opened?lang={language}", form)


@pytest.mark.parametrize(("language", "said"), [("zh", "由以下企业授权给您"), ("en", "Granted to you by")])
def test_the_person_it_names_reads_it_with_its_copy_in_both_languages(
    client: httpx.Client, world: World, language: str, said: str
) -> None:
    given = give(world)
    page = _opened(client, given["code"], language=language)
    assert (page.status_code, said in page.text, "中山示例餐饮有限公司" in page.text) == (200, True, True)
    path = re.search(r'/grant-links/deliveries/[^"?]+', page.text)
    assert path is not None
    fetched = client.get(path[0])
    assert fetched.status_code in (200, 202)
    client.cookies.clear()
    assert client.get(path[0]).status_code == 404
    assert client.get("/grant-links/deliveries/%00/copies/%00").status_code == 422


def test_pressed_twice_it_is_one_opening_and_another_day_it_is_spent(client: httpx.Client, world: World) -> None:
    given = give(world)
    form = _hidden(_signed_in(client, given["code"]))
    first, second = (post(client, "/grant-links/opened", form) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert re.findall(r"/grant-links/deliveries/[^?]+", first.text) == re.findall(
        r"/grant-links/deliveries/[^?]+", second.text
    )
    spent = _opened(client, given["code"])
    assert (spent.status_code, "使用次数已用完" in spent.text, "120" in spent.text) == (422, True, False)


def test_somebody_else_is_told_that_it_is_not_for_him_and_sees_nothing(client: httpx.Client, world: World) -> None:
    given = give(world)
    page = _opened(client, given["code"], name="李示例")
    assert (page.status_code, "不是给您的" in page.text, "餐饮有限公司" in page.text) == (422, True, False)
    assert "由以下企业授权给您" in _opened(client, given["code"]).text


def test_wrong_taken_back_and_malformed_links_are_said_plainly(client: httpx.Client, world: World) -> None:
    assert "没有这个一次性链接" in _opened(client, "0" * 26).text
    given = give(world)
    world.withdraw(given["digest"])
    assert "持证主体已撤回授权" in _opened(client, given["code"]).text
    malformed = _coded(client, "<script>alert(1)</script>")
    assert (malformed.status_code, "<script>alert" in malformed.text) == (422, False)
    assert "&lt;script&gt;alert(1)" in malformed.text


def test_a_sentence_that_was_tampered_with_or_unsigned_opens_nothing(client: httpx.Client, world: World) -> None:
    given = give(world)
    form = _hidden(_signed_in(client, given["code"]))
    for wrong in ({"proof": "x"}, {"text": "x"}, {"text": form["text"] + " "}):
        page = post(client, "/grant-links/opened", form | wrong)
        assert (page.status_code, "餐饮有限公司" in page.text, "实名登录" in page.text) == (422, False, True)
    foreign = post(client, "/grant-links/opened", form | {"form_token": "x"})
    assert foreign.status_code == 403


def test_the_page_says_of_every_code_the_same_until_somebody_signed_in(client: httpx.Client, world: World) -> None:
    given = give(world)
    known, unknown = _coded(client, given["code"]), _coded(client, "0" * 26)
    assert known.status_code == unknown.status_code == 200
    told = [re.sub(r"〔[^〕]*〕|value=\"[^\"]*\"", "", each.text) for each in (known, unknown)]
    assert told[0] == told[1]
    assert "查阅" in sentence(known)
