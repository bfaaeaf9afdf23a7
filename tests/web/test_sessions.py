"""Sessions at the doors: who gets in, who does not, and what becomes of a form."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from hub.enterprise.endings import draft_ending, end_all
from hub.enterprise.sign_in import check_standing
from hub.steps.sessions import Session, session_of
from hub.web.callers import moment
from tests.flows.refusals import refused
from tests.flows.world import SHOP, World, licence_order
from tests.web.seated import drafted, form_token, post, sign_in, signed
from tests.web.served import Door

_COOKIE = "yizhao-enterprise"


@pytest.fixture(scope="module")
def shop_door(door: Door) -> Door:
    _, world = door
    world.issue(licence_order())
    world.make_licence()
    return door


@pytest.fixture
def client(shop_door: Door) -> Iterator[httpx.Client]:
    """A browser that has no cookie yet."""
    served, _ = shop_door
    served.cookies.clear()
    yield served
    served.cookies.clear()


def session(client: httpx.Client, world: World) -> Session:
    return session_of(client.cookies[_COOKIE], registry=world.registry, now=moment())


def test_a_signed_sentence_begins_a_session_and_no_second_one(client: httpx.Client, shop_door: Door) -> None:
    _, world = shop_door
    page = drafted(client)
    given = {"signed": signed(world, page), "form_token": form_token(page)}
    began = post(client, "/enterprise/sign-in", given)
    assert (began.status_code, began.headers["location"]) == (303, "/enterprise?lang=zh")
    assert session(client, world).party == SHOP
    assert SHOP in client.get("/enterprise").text
    again = post(client, "/enterprise/sign-in", given)
    assert (again.status_code, "每份指令只办一件事" in again.text) == (422, True)


def test_a_cookie_somebody_put_there_is_not_taken_up(client: httpx.Client, shop_door: Door) -> None:
    _, world = shop_door
    client.cookies.set(_COOKIE, "a" * 43, domain="127.0.0.1")
    assert client.get("/enterprise").status_code == 303
    client.cookies.clear()
    sign_in(client, world)
    assert client.cookies[_COOKIE] != "a" * 43


@pytest.mark.parametrize("elsewhere", ["//evil.example", "https://evil.example/", "/department", "/enterprise/../q"])
def test_nobody_is_sent_elsewhere_after_signing_in(elsewhere: str, client: httpx.Client, shop_door: Door) -> None:
    began = sign_in(client, shop_door[1], next=elsewhere)
    assert began.headers["location"] == "/enterprise?lang=zh"


@pytest.mark.parametrize(
    "headers", [{"sec-fetch-site": "cross-site"}, {"sec-fetch-site": "same-site"}, {"origin": "https://evil.example"}]
)
def test_a_form_of_another_site_does_nothing(headers: dict[str, str], client: httpx.Client, shop_door: Door) -> None:
    _, world = shop_door
    sign_in(client, world)
    token = session(client, world).form_token
    sent = post(client, "/enterprise/sign-out", {"form_token": token}, **headers)
    assert (sent.status_code, sent.json()["code"]) == (403, "form_foreign")
    assert client.get("/enterprise").status_code == 200


def test_a_form_without_the_sessions_token_is_shown_again_whole(client: httpx.Client, shop_door: Door) -> None:
    _, world = shop_door
    sign_in(client, world)
    shown = post(client, "/enterprise/sign-out", {"typed": '<b>"示例"', "form_token": "another"})
    assert shown.status_code == 403
    assert 'name="typed" value="&lt;b&gt;&#34;示例&#34;"' in shown.text
    assert form_token(shown) == session(client, world).form_token
    assert client.get("/enterprise").status_code == 200


def test_what_was_typed_when_the_session_ended_is_not_lost(client: httpx.Client, shop_door: Door) -> None:
    _, world = shop_door
    sign_in(client, world)
    token = session(client, world).form_token
    post(client, "/enterprise/sign-out", {"form_token": token})
    shown = post(client, "/enterprise/sign-out", {"typed": "示例", "form_token": token})
    assert shown.status_code == 401
    assert 'name="typed" value="示例"' in shown.text
    assert 'href="/enterprise/sign-in?lang=zh" target="_blank"' in shown.text


def test_a_session_ends_by_itself_when_nothing_is_done(client: httpx.Client, shop_door: Door) -> None:
    _, world = shop_door
    sign_in(client, world)
    token, later = client.cookies[_COOKIE], moment() + world.registry.terms.session_idle
    with refused("session_ended"):
        session_of(token, registry=world.registry, now=later)


def test_signing_in_again_ends_the_session_before(client: httpx.Client, shop_door: Door) -> None:
    _, world = shop_door
    sign_in(client, world)
    earlier = client.cookies[_COOKIE]
    sign_in(client, world)
    with refused("session_ended"):
        session_of(earlier, registry=world.registry, now=moment())
    assert session(client, world).party == SHOP


def test_a_revoked_e_licence_ends_its_session(client: httpx.Client, shop_door: Door) -> None:
    _, world = shop_door
    sign_in(client, world)
    seen, later = client.cookies[_COOKIE], moment() + timedelta(minutes=2)
    held = session_of(seen, registry=world.registry, now=later)
    check_standing(held, registry=world.registry, e_licence=world.exchange.e_licence, now=later)
    world.simulator.set_status(SHOP, "legal_representative", "revoked")
    with refused("session_ended"):
        check_standing(held, registry=world.registry, e_licence=world.exchange.e_licence, now=later)
    world.simulator.set_status(SHOP, "legal_representative", "good")
    assert client.get("/enterprise").status_code == 303


@pytest.mark.parametrize("path", ["/enterprise/grants/%00", "/enterprise/grants?after=%00", "/enterprise/agents/%00"])
def test_a_zero_character_is_refused_in_an_address(path: str, client: httpx.Client, shop_door: Door) -> None:
    sign_in(client, shop_door[1])
    assert (client.get(path).status_code, client.get(path).json()["code"]) == (400, "body_malformed")


@pytest.mark.parametrize("path", ["/enterprise/sign-in", "/department/sign-in", "/department/sign-up"])
def test_a_zero_character_is_refused_in_a_form(path: str, client: httpx.Client) -> None:
    page = client.get(path)
    typed = {"licence_number": "\0", "number": "\0", "form_token": form_token(page)}
    assert post(client, path, typed).json()["code"] == "body_malformed"


def test_ending_all_ends_sessions(client: httpx.Client, shop_door: Door) -> None:
    _, world = shop_door
    sign_in(client, world)
    wish = {"licence_number": SHOP}
    ending = world.simulator.sign(SHOP, draft_ending(wish, registry=world.registry)["text"], "legal_representative")
    ended = end_all(ending, registry=world.registry, e_licence=world.exchange.e_licence, now=moment())
    assert len(ended["ended"]["sessions"]) >= 1
    assert client.get("/enterprise").status_code == 303
