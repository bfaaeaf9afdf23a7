"""Officers who come from the city's provider of identities: who gets in, and each attack on the way there and back."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest

from hub.department.provider_sign_in import Returned, come_back
from hub.errors import AccessError, OrderError
from hub.store.session import SessionReader
from hub.web.callers import moment
from tests.flows.world import HEALTH, MARKET, ORIGIN, World
from tests.provider import CLIENT, Provider, running_provider
from tests.web.officers import FORM, PASSWORD, Account, form_token, open_officer, post
from tests.web.served import Door, served

_FACTOR = "urn:example:two"
_SESSION, _BEFORE = "yizhao-department", "yizhao-department-before"
_RETURN = "/department/sign-in/return"
Query = dict[str, str]


@pytest.fixture(scope="module")
def oidc(door: Door) -> Iterator[tuple[httpx.Client, World, Provider]]:
    """A hub of this database that knows a provider, and the provider."""
    _, world = door
    world.keys.make("oidc")
    with running_provider() as provider:
        provider.client_key = world.keys.public_key("oidc")
        with served(world.registry.database.url, world.settings.folder.parent, **_settings(provider)) as client:
            yield client, world, provider


@pytest.fixture
def client(oidc: tuple[httpx.Client, World, Provider]) -> Iterator[httpx.Client]:
    """A browser that has no cookie yet, beside a provider that does what it should."""
    browser, _, provider = oidc
    browser.cookies.clear()
    provider.says, provider.change, provider.typ = {"acr": _FACTOR}, lambda claims: None, "JWT"
    provider.metadata_says, provider.token_status = {}, 200
    yield browser
    browser.cookies.clear()


@pytest.fixture
def world(oidc: tuple[httpx.Client, World, Provider]) -> World:
    return oidc[1]


@pytest.fixture
def provider(oidc: tuple[httpx.Client, World, Provider]) -> Provider:
    return oidc[2]


def _settings(provider: Provider, **changes: Any) -> dict[str, Any]:
    given = {
        "oidc_issuer": provider.issuer,
        "oidc_client_id": CLIENT,
        "oidc_second_factors": (f"acr={_FACTOR}",),
        "oidc_timeout": 2.0,
    }
    return given | changes


def enrol(world: World, provider: Provider, number: str, account: str = "", **changes: Any) -> None:
    """Enrol an officer with an account at the provider."""
    world.now = moment()
    identity = {"issuer": provider.issuer, "account": account or f"sub-{number}"}
    world.enrol("officers", **({"number": number, "department": MARKET, "identity": identity} | changes))
    provider.subject = account or f"sub-{number}"
    provider.session = f"sid-{number}"


def leave_for(client: httpx.Client, **query: str) -> Query:
    """Begin at the hub's page; return what the browser is sent to the provider with."""
    sent = client.get("/department/sign-in/provider", params=query)
    assert sent.status_code == 303, sent.text
    return dict(parse_qsl(urlsplit(sent.headers["location"]).query))


def back(client: httpx.Client, answer: Query) -> httpx.Response:
    return client.get(_RETURN, params=answer)


def sign_in(client: httpx.Client, provider: Provider) -> httpx.Response:
    return back(client, provider.answer(leave_for(client)))


def is_in(client: httpx.Client) -> bool:
    return client.get("/department").status_code == 200


# --- who gets in ---


def test_an_officer_whose_record_names_the_account_signs_in(
    client: httpx.Client, world: World, provider: Provider
) -> None:
    enrol(world, provider, "p-known")
    page = client.get("/department/sign-in?lang=en")
    assert ("Sign in with the city’s sign-in" in page.text, 'name="password"' in page.text) == (True, True)
    asked = leave_for(client, lang="en", next="/department/own")
    assert (asked["code_challenge_method"], asked["redirect_uri"]) == ("S256", ORIGIN + _RETURN)
    assert (asked["max_age"], asked["prompt"], asked["scope"]) == ("0", "login", "openid")
    began = back(client, provider.answer(asked))
    assert (began.status_code, began.headers["location"]) == (303, "/department/terminal?next=/department/own&lang=en")
    assert "p-known" in client.get("/department").text


def test_nobody_becomes_an_officer_by_signing_in(client: httpx.Client, provider: Provider) -> None:
    provider.subject = "sub-nobody"
    refused = sign_in(client, provider)
    assert (refused.status_code, "没有登记您为经办人" in refused.text, is_in(client)) == (422, True, False)


def test_a_leaver_at_the_hub_is_out_whatever_the_provider_says(
    client: httpx.Client, world: World, provider: Provider
) -> None:
    enrol(world, provider, "p-leaver")
    sign_in(client, provider)
    assert is_in(client)
    enrol(world, provider, "p-leaver", active=False)
    assert not is_in(client)
    assert "没有登记您为经办人" in sign_in(client, provider).text


@pytest.mark.parametrize("changes", [{"active": False}, {"department": HEALTH}], ids=str)
@pytest.mark.parametrize("turn", range(3))
def test_who_leaves_while_he_signs_in_is_out(
    turn: int, changes: dict[str, Any], client: httpx.Client, world: World, provider: Provider
) -> None:
    enrol(world, provider, "p-at-once")
    answer = provider.answer(leave_for(client))
    with ThreadPoolExecutor() as pool:
        signing_in = pool.submit(back, client, answer)
        enrol(world, provider, "p-at-once", **changes)
        signing_in.result()
    with world.registry.database.read() as connection:
        left = [each for each in SessionReader(connection).open_of(MARKET, moment()) if each.officer == "p-at-once"]
    assert left == []


def test_a_record_that_names_another_account_ends_what_the_old_one_began(
    client: httpx.Client, world: World, provider: Provider
) -> None:
    enrol(world, provider, "p-moved", "sub-old")
    sign_in(client, provider)
    enrol(world, provider, "p-moved", "sub-new")
    assert not is_in(client)
    sign_in(client, provider)
    assert is_in(client)
    world.now = moment()
    world.enrol("officers", number="p-moved", department=MARKET)
    assert not is_in(client)


def test_an_account_is_one_officers_alone(client: httpx.Client, world: World, provider: Provider) -> None:
    enrol(world, provider, "p-first", "sub-shared")
    with pytest.raises(OrderError, match="identity_taken"):
        enrol(world, provider, "p-second", "sub-shared", department=HEALTH)
    sign_in(client, provider)
    assert "p-first" in client.get("/department").text


def test_without_the_providers_second_factor_the_hub_asks_for_its_own(
    client: httpx.Client, world: World, provider: Provider
) -> None:
    account = _with_app(world, provider, "p-app")
    provider.says = {"acr": "urn:example:one", "amr": ["pwd"]}
    asked = sign_in(client, provider)
    assert asked.headers["location"] == "/department/sign-in/code?lang=zh"
    assert not is_in(client)
    page = client.get("/department/sign-in/code")
    wrong = post(client, "/department/sign-in/code", {"code": "000000", "form_token": form_token(page)})
    assert (wrong.status_code, "动态码不对" in wrong.text, is_in(client)) == (422, True, False)
    right = {"code": account.code(), "form_token": form_token(wrong)}
    assert post(client, "/department/sign-in/code", right).status_code == 303
    assert is_in(client)
    assert post(client, "/department/sign-in/code", right).status_code == 422


def test_an_account_without_an_app_says_what_is_missing(client: httpx.Client, world: World, provider: Provider) -> None:
    enrol(world, provider, "p-bare")
    provider.says = {}
    assert "还没有在本平台绑定手机应用" in sign_in(client, provider).text
    assert not is_in(client)


def test_five_wrong_codes_after_the_provider_lock_the_account(
    client: httpx.Client, world: World, provider: Provider
) -> None:
    account = _with_app(world, provider, "p-guess")
    provider.says = {}
    sign_in(client, provider)
    token = form_token(client.get("/department/sign-in/code"))
    tried = [post(client, "/department/sign-in/code", {"code": "000000", "form_token": token}) for _ in range(5)]
    assert {each.status_code for each in tried} == {422}
    locked = post(client, "/department/sign-in/code", {"code": account.code(), "form_token": token})
    assert (locked.status_code, "帐户已暂时锁定" in locked.text, is_in(client)) == (423, True, False)


def test_where_the_provider_is_the_only_way_a_password_opens_nothing(
    client: httpx.Client, world: World, provider: Provider
) -> None:
    account = open_officer(world, "p-alone")
    url, folder = world.registry.database.url, world.settings.folder.parent
    with served(url, folder, **_settings(provider, oidc_alone=True)) as alone:
        page = alone.get("/department/sign-in")
        typed = {"number": "p-alone", "password": PASSWORD, "code": account.code(), "form_token": form_token(page)}
        typed["form_token"] = form_token(alone.get("/department/sign-up"))
        refused = post(alone, "/department/sign-in", typed)
    assert ('name="password"' in page.text, "用统一身份认证登录" in page.text) == (False, True)
    assert (refused.status_code, "已经停用" in refused.text) == (422, True)


def test_a_provider_that_is_down_is_said_plainly_and_the_password_still_opens(
    client: httpx.Client, world: World, provider: Provider
) -> None:
    account = open_officer(world, "p-down")
    url, folder = world.registry.database.url, world.settings.folder.parent
    with served(url, folder, **_settings(provider, oidc_issuer="http://127.0.0.1:9")) as browser:
        refused = browser.get("/department/sign-in/provider?next=/department/own")
        typed = {"number": "p-down", "password": PASSWORD, "code": account.code(), "form_token": form_token(refused)}
        assert post(browser, "/department/sign-in", typed).status_code == 303
    assert (refused.status_code, "统一身份认证现在不能用" in refused.text) == (503, True)


def test_without_a_provider_there_is_no_door_to_one(door: Door) -> None:
    client, _ = door
    answers = [
        client.get("/department/sign-in/provider"),
        client.get(_RETURN),
        client.post("/department/sign-in/ended"),
    ]
    assert {each.status_code for each in answers} == {404}
    assert "统一身份认证" not in client.get("/department/sign-in").text


# --- attacks on the way back ---


@pytest.mark.parametrize("issuer", ["https://evil.example", "", None])
def test_mix_up_an_answer_of_another_issuer_or_of_none_is_refused(
    issuer: str | None, client: httpx.Client, world: World, provider: Provider
) -> None:
    enrol(world, provider, "p-mixed")
    answer = {**provider.answer(leave_for(client)), "iss": issuer}
    refused = back(client, {name: value for name, value in answer.items() if value is not None})
    assert (refused.status_code, "没有登录" in refused.text, is_in(client)) == (422, True, False)


def test_mix_up_metadata_of_another_issuer_is_not_taken(provider: Provider, client: httpx.Client, world: World) -> None:
    provider.metadata_says = {"issuer": "https://evil.example"}
    url, folder = world.registry.database.url, world.settings.folder.parent
    with served(url, folder, **_settings(provider)) as browser:
        assert browser.get("/department/sign-in/provider").status_code == 503


def test_code_replay_the_same_answer_opens_nothing_a_second_time(
    client: httpx.Client, world: World, provider: Provider
) -> None:
    enrol(world, provider, "p-replay")
    answer = provider.answer(leave_for(client))
    assert back(client, answer).status_code == 303
    client.cookies.delete(_SESSION)
    again = back(client, answer)
    assert (again.status_code, "没有登录" in again.text, is_in(client)) == (422, True, False)


def test_code_injection_a_code_of_another_way_is_refused(
    client: httpx.Client, world: World, provider: Provider
) -> None:
    enrol(world, provider, "p-inject")
    stolen = provider.answer(leave_for(client))["code"]
    refused = back(client, provider.answer(leave_for(client)) | {"code": stolen})
    assert (refused.status_code, is_in(client)) == (422, False)


@pytest.mark.parametrize("victim", [{}, {_BEFORE: "a" * 22}], ids=str)
def test_csrf_on_the_callback_an_answer_begun_in_another_browser_signs_nobody_in(
    victim: dict[str, str], client: httpx.Client, world: World, provider: Provider
) -> None:
    enrol(world, provider, "p-csrf")
    of_the_attacker = provider.answer(leave_for(client))
    client.cookies.clear()
    client.cookies.update(victim)
    refused = back(client, of_the_attacker)
    assert (refused.status_code, is_in(client)) == (422, False)


@pytest.mark.parametrize("state", ["", "x", "A" * 5_000, "é", "%00"])
def test_csrf_on_the_callback_a_state_that_is_none_signs_nobody_in(
    state: str, client: httpx.Client, provider: Provider
) -> None:
    refused = back(client, provider.answer(leave_for(client)) | {"state": state})
    assert (refused.status_code, "没有登录" in refused.text) == (422, True)


def test_a_part_of_the_answer_that_stands_twice_is_refused(client: httpx.Client, provider: Provider) -> None:
    answer = provider.answer(leave_for(client))
    assert client.get(f"{_RETURN}?{urlencode(answer)}&code=another").status_code == 422


@pytest.mark.parametrize("path", ["https://evil.example", "//evil.example", "/department/sign-out", "/enterprise"])
def test_open_redirect_nobody_is_led_to_another_site_after_signing_in(
    path: str, client: httpx.Client, world: World, provider: Provider
) -> None:
    enrol(world, provider, "p-redirect")
    began = back(client, provider.answer(leave_for(client, next=path)))
    assert began.headers["location"] == "/department/terminal?lang=zh"


def test_session_fixation_a_token_somebody_put_there_is_not_taken_up(
    client: httpx.Client, world: World, provider: Provider
) -> None:
    enrol(world, provider, "p-fixed")
    client.cookies.set(_SESSION, "a" * 43, domain="127.0.0.1")
    sign_in(client, provider)
    fresh = {each.value for each in client.cookies.jar if each.name == _SESSION}
    assert len(fresh - {"a" * 43}) == 1
    client.cookies.clear()
    client.cookies.set(_SESSION, "a" * 43, domain="127.0.0.1")
    assert not is_in(client)


def test_expired_state_in_one_of_two_tabs_leaves_the_other_as_it_is(
    client: httpx.Client, world: World, provider: Provider
) -> None:
    enrol(world, provider, "p-tabs")
    first, second = leave_for(client), leave_for(client)
    browser = client.cookies[_BEFORE]
    returned = Returned(**_named(provider.answer(first)))
    late = moment() + timedelta(minutes=11)
    with pytest.raises(AccessError, match="provider_answer"):
        come_back(returned, browser, ORIGIN + _RETURN, provider=_never(), registry=world.registry, now=late)
    assert back(client, provider.answer(second)).status_code == 303
    assert is_in(client)


def test_a_ticket_of_one_browser_is_none_in_another(client: httpx.Client, world: World, provider: Provider) -> None:
    account = _with_app(world, provider, "p-ticket")
    provider.says = {}
    sign_in(client, provider)
    ticket = client.cookies["yizhao-department-ticket"]
    client.cookies.clear()
    page = client.get("/department/sign-in")
    client.cookies.set("yizhao-department-ticket", ticket, domain="127.0.0.1")
    refused = post(client, "/department/sign-in/code", {"code": account.code(), "form_token": form_token(page)})
    assert (refused.status_code, "没有登录" in refused.text, is_in(client)) == (422, True, False)


def test_an_officer_who_cancels_there_is_told_so(client: httpx.Client) -> None:
    asked = leave_for(client)
    told = back(client, {"state": asked["state"], "error": "access_denied", "error_description": "<i>x</i>"})
    assert (told.status_code, "您取消了登录" in told.text, "<i>" in told.text) == (422, True, False)


def test_the_state_tells_the_provider_nothing_of_where_somebody_goes(client: httpx.Client) -> None:
    asked = leave_for(client, next="/department/own")
    assert ("own" in asked["state"], len(asked["state"]) < 1_000) == (False, True)


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"}, {"aud": "another"}, {"aud": [CLIENT, "another"]}, {"azp": "another"},
        {"nonce": "another"}, {"nonce": None}, {"exp": 1}, {"exp": None}, {"iat": 1}, {"iat": 9_999_999_999},
        {"nbf": 9_999_999_999}, {"auth_time": 1}, {"auth_time": None}, {"sub": None}, {"sub": ""}, {"sub": "x" * 256},
        {"sub": 7}, {"sub": "a\0b"}, {"events": {}}, {"sid": 7}, {"iat": True}, {"exp": "soon"},
    ],
    ids=str,
)  # fmt: skip
def test_an_id_token_that_breaks_a_rule_is_refused_even_when_truly_signed(
    claims: dict[str, Any], client: httpx.Client, world: World, provider: Provider
) -> None:
    enrol(world, provider, "p-claims")
    provider.says |= claims
    refused = sign_in(client, provider)
    assert (refused.status_code, "不符合约定" in refused.text, is_in(client)) == (422, True, False)


# --- the provider ends sessions ---


def end(client: httpx.Client, token: str) -> httpx.Response:
    return client.post("/department/sign-in/ended", content=urlencode({"logout_token": token}), headers=FORM)


@pytest.mark.parametrize("named", [{}, {"sid": "sid-p-out"}, {"sub": None, "sid": "sid-p-out"}], ids=str)
def test_the_provider_ends_the_sessions_it_began(
    named: dict[str, Any], client: httpx.Client, world: World, provider: Provider
) -> None:
    enrol(world, provider, "p-out")
    sign_in(client, provider)
    assert end(client, provider.logout_token(**named)).status_code == 200
    assert not is_in(client)


@pytest.mark.parametrize(
    "changes",
    [
        {"nonce": "x"}, {"events": None}, {"events": {"x": {}}}, {"aud": "another"}, {"iss": "https://evil.example"},
        {"iat": 1}, {"exp": 1}, {"sub": None}, {"jti": None},
    ],
    ids=str,
)  # fmt: skip
def test_a_logout_token_that_breaks_a_rule_ends_nothing(
    changes: dict[str, Any], client: httpx.Client, world: World, provider: Provider
) -> None:
    enrol(world, provider, "p-stays")
    sign_in(client, provider)
    refused = end(client, provider.logout_token(**changes))
    assert (refused.status_code, refused.json()["error"], is_in(client)) == (400, "invalid_request", True)


@pytest.mark.parametrize("changes", [{"sid": "sid-of-another"}, {"sub": "sub-of-another"}], ids=str)
def test_a_logout_token_of_another_ends_nobody_elses_session(
    changes: dict[str, Any], client: httpx.Client, world: World, provider: Provider
) -> None:
    enrol(world, provider, "p-other")
    sign_in(client, provider)
    assert (end(client, provider.logout_token(**changes)).status_code, is_in(client)) == (200, True)


def test_a_logout_token_counts_once_and_an_id_token_is_none(
    client: httpx.Client, world: World, provider: Provider
) -> None:
    enrol(world, provider, "p-again")
    token = provider.logout_token()
    assert [end(client, each).status_code for each in (token, token, "", "a.b.c")] == [200, 400, 400, 400]
    sign_in(client, provider)
    assert end(client, token).status_code == 400
    assert is_in(client)


def _with_app(world: World, provider: Provider, number: str) -> Account:
    """Open an officer's account, and let his record name one at the provider."""
    account = open_officer(world, number)
    enrol(world, provider, number)
    return account


def _named(answer: Query) -> dict[str, Any]:
    return {"state": answer["state"], "code": answer["code"], "issuer": answer["iss"], "error": ""}


def _never() -> Any:
    """Return a provider that nobody may reach: what is too late is refused before it is asked."""
    return object()
