"""The pages of an enterprise at their doors: each act by form and signature, and what hostile or hasty hands try."""

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import pytest

from connectors.contract import SignerRole
from hub.enterprise.grant_requests import request_state
from hub.enterprise.objections import count_objections, own_objections
from hub.enterprise.presentations import draft_presentation, post_presentation, presentation_state
from hub.web.callers import moment
from tests.flows.grant_world import ask as ask_for
from tests.flows.grant_world import asked_content, change_representative, delegate, redeem_at_window, remake_licence
from tests.flows.world import (
    HEALTH,
    MARKET,
    OTHER_SHOP,
    SHOP,
    World,
    example_fields,
    food_number,
    food_order,
    granted_request,
    licence_order,
)
from tests.web.seated import act, ask, follow, form_token, post, sentence, sign_in, signing
from tests.web.served import Door

_FIELD = "food_operation_permit.floor_area"
_HOSTILE = '"><script>alert(1)</script>「'
_PAGES = (
    "", "/certificates", "/certificates/calendar", "/reminders", "/downloads/new", "/grants", "/grants?which=used",
    "/grants?which=over", "/grants/new", "/grants/new?template=lease", "/grants/end-all", "/presentations/new",
    "/open-requests", "/ledger", "/objections", "/objections/new", "/agents", "/agents/new", "/agents/confirmation",
)  # fmt: skip


# The pages' own questions of the store differ by no dialect.
pytestmark = pytest.mark.parametrize("door", ["sqlite"], indirect=True, scope="module")


@pytest.fixture(scope="module")
def shop_door(door: Door) -> Door:
    _, world = door
    world.issue(licence_order())
    world.issue(food_order())
    world.make_licence()
    world.make_licence(role="agent")
    world.issue(licence_order(licence_number=OTHER_SHOP, certificate_number=OTHER_SHOP, holder_name="示例乙店"))
    world.make_licence(OTHER_SHOP)
    return door


@pytest.fixture
def client(shop_door: Door) -> Iterator[httpx.Client]:
    served, world = shop_door
    world.now = moment()
    served.cookies.clear()
    sign_in(served, world)
    yield served
    served.cookies.clear()


@pytest.fixture
def world(shop_door: Door) -> World:
    return shop_door[1]


def wish(**changes: str | Sequence[str]) -> dict[str, str | Sequence[str]]:
    until = (moment() + timedelta(days=9)).date().isoformat()
    return {
        "to": "requester", "requester": HEALTH, "person": "", "item_name": "公共场所卫生许可", "item_code": "440112001",
        "case_number": "2026-0001", "field": [_FIELD], "valid_until": until, "uses": "2", "template": "",
    } | changes  # fmt: skip


@pytest.mark.parametrize("path", _PAGES)
def test_a_page_is_whole_in_both_languages_and_kept_nowhere(path: str, client: httpx.Client) -> None:
    sign = "&" if "?" in path else "?"
    chinese, english = (client.get(f"/enterprise{path}{sign}lang={each}") for each in ("zh", "en"))
    assert (chinese.status_code, english.status_code) == (200, 200)
    assert ('lang="zh-CN"' in chinese.text, '<html lang="en"' in english.text) == (True, True)
    assert (chinese.headers["cache-control"], chinese.headers["x-frame-options"]) == ("no-store", "DENY")


def test_a_grant_is_given_with_a_preview_and_taken_back(client: httpx.Client, world: World) -> None:
    page = ask(client, "/enterprise/grants/new", wish())
    assert ("对方将看到的" in page.text, ">120<" in page.text) == (True, True)
    action, fields = signing(world, page)
    given = post(client, action, fields)
    assert "使用中" in follow(client, given).text
    again = post(client, action, fields)
    assert again.headers["location"] == given.headers["location"]
    path = given.headers["location"].partition("?")[0]
    assert client.get("/enterprise/grants").text.count(path) == 1
    assert "已撤回" in act(client, world, f"{path}/withdrawal", {}).text
    assert path in client.get("/enterprise/grants?which=over").text


def test_a_very_certificate_is_chosen_named_in_the_sentence_and_given_alone(client: httpx.Client, world: World) -> None:
    permits = [
        world.issue(
            food_order(
                certificate_number=food_number(number),
                fields=example_fields("food_operation_permit", floor_area=str(number)),
            )
        )["identifier"]
        for number in (71, 72)
    ]
    chosen = permits[0]
    path = f"/enterprise/grants/new?certificate={chosen}"
    assert f"certificate={chosen}" in client.get("/enterprise/certificates").text
    form = client.get(path).text
    assert (f'value="{chosen}" checked' in form, f'value="{permits[1]}" checked' in form) == (True, False)
    page = ask(client, path, wish(field=[], certificate=[chosen], case_number="2026-0071"))
    assert (f"〔{chosen}〕" in sentence(page), permits[1] in sentence(page)) == (True, False)
    assert (">71<" in page.text, ">72<" in page.text, page.text.count("食品经营许可证 <span")) == (True, False, 1)
    action, fields = signing(world, page)
    given = follow(client, post(client, action, fields)).text
    assert (food_number(71) in given, food_number(72) in given) == (True, False)


def test_only_ones_own_certificates_are_given_and_what_is_issued_later_needs_a_type(
    client: httpx.Client, world: World
) -> None:
    others = world.issue(food_order(licence_number=OTHER_SHOP, certificate_number=food_number(73)))["identifier"]
    assert others not in client.get(f"/enterprise/grants/new?certificate={others}").text
    page = ask(client, "/enterprise/grants/new", wish(field=[], certificate=[others], case_number="2026-0073"))
    action, fields = signing(world, page)
    refused = post(client, action, fields)
    assert (refused.status_code, food_number(73) in refused.text) == (422, False)
    later = ask(client, "/enterprise/grants/new", wish(field=[], certificate=[others], future="yes"))
    assert (later.status_code, "须先选种类" in later.text) == (422, True)


def test_two_presses_at_once_give_one_grant(client: httpx.Client, world: World) -> None:
    action, fields = signing(world, ask(client, "/enterprise/grants/new", wish(case_number="2026-0007")))
    with ThreadPoolExecutor(2) as both:
        answers = list(both.map(lambda _: post(client, action, fields), range(2)))
    assert {each.status_code for each in answers} == {303}
    assert len({each.headers["location"] for each in answers}) == 1
    assert client.get("/enterprise/grants").text.count(">2026-0007<") == 1


def test_a_request_opens_by_its_code_and_its_answer_sent_twice_is_one(client: httpx.Client, world: World) -> None:
    until = (moment() + timedelta(days=9)).isoformat(timespec="seconds")
    code = ask_for(world, asked_content(case_number="2026-0008", valid_until=until))["code"]
    form = {"form_token": form_token(client.get("/grant-requests")), "code": code}
    page = follow(client, post(client, "/grant-requests", form))
    assert ("示例卫生健康局" in page.text, "对方将看到的" in page.text) == (True, True)
    action, fields = signing(world, page)
    answers = [post(client, action, fields) for _ in range(2)]
    assert [each.status_code for each in answers] == [303, 303]
    assert answers[0].headers["location"] == answers[1].headers["location"]
    assert "这份请求已经答复" in client.get("/enterprise/requests").text


def test_what_is_asked_is_listed_until_it_is_signed_and_needs_no_code(client: httpx.Client, world: World) -> None:
    asked = _asked(world, "2026-0081")
    path = f"/enterprise/open-requests/{asked['request']}"
    listed = client.get("/enterprise/open-requests").text
    assert (path in listed, "2026-0081" in listed, "待答复的请求 <small" in client.get("/enterprise").text) == (
        True,
    ) * 3
    page = client.get(path)
    assert ("示例卫生健康局" in page.text, "对方将看到的" in page.text) == (True, True)
    action, fields = signing(world, page)
    assert action == path
    answers = [post(client, action, fields) for _ in range(2)]
    assert len({(each.status_code, each.headers["location"]) for each in answers}) == 1
    assert "使用中" in follow(client, answers[0]).text
    assert path not in client.get("/enterprise/open-requests").text
    assert "这份请求已经答复" in client.get(path).text


def test_what_is_asked_is_refused_from_the_list_with_its_reason(client: httpx.Client, world: World) -> None:
    asked = _asked(world, "2026-0082")
    path = f"/enterprise/open-requests/{asked['request']}/refusal"
    assert "已拒绝，没有给出任何授权" in act(client, world, path, {"reason": "不需要"}).text
    assert asked["request"] not in client.get("/enterprise/open-requests").text
    state = request_state(asked["request"], system=world.system("health"), registry=world.registry, now=moment())
    assert state["holders"][0]["reason"] == "不需要"


def test_what_is_asked_of_another_is_neither_listed_nor_opened(client: httpx.Client, world: World) -> None:
    asked = _asked(world, "2026-0083", OTHER_SHOP)
    path = f"/enterprise/open-requests/{asked['request']}"
    assert asked["request"] not in client.get("/enterprise/open-requests").text
    wrong = (path, f"{path}/refusal", "/enterprise/open-requests/x", "/enterprise/open-requests/" + "A" * 22)
    assert {client.get(each).status_code for each in wrong} == {404}
    both = _asked(world, "2026-0084", OTHER_SHOP, SHOP)
    page = client.get(f"/enterprise/open-requests/{both['request']}")
    assert ("对方将看到的" in page.text, "示例乙店" in page.text) == (True, False)


def test_an_agent_sees_and_opens_what_his_delegations_let_him_answer(client: httpx.Client, world: World) -> None:
    own = _asked(world, "2026-0085", item_code="440112077")
    others = _asked(world, "2026-0086")
    until = (moment() + timedelta(days=90)).isoformat(timespec="seconds")
    delegate(world, item_code="440112077", valid_until=until)
    client.cookies.clear()
    sign_in(client, world, role="agent")
    listed = client.get("/enterprise/open-requests").text
    assert (own["request"] in listed, others["request"] in listed) == (True, False)
    opened = [client.get(f"/enterprise/open-requests/{each['request']}").status_code for each in (own, others)]
    assert opened == [200, 404]


def test_requests_are_paged_by_key_newest_first(client: httpx.Client, world: World) -> None:
    made = [_asked(world, f"2026-03{number:02d}")["request"] for number in range(22)]
    first = client.get("/enterprise/open-requests").text
    after = re.search(r"after=([0-9A-Za-z_.-]+)", first)
    assert after is not None
    second = client.get(f"/enterprise/open-requests?after={after[1]}").text
    assert [each for each in made if each in first and each in second] == []
    assert [each for each in made if each not in first and each not in second] == []
    assert client.get("/enterprise/open-requests?after=x").status_code == 200


def _asked(world: World, case: str, *holders: str, **changes: Any) -> dict[str, Any]:
    until = (moment() + timedelta(days=9)).isoformat(timespec="seconds")
    return ask_for(world, asked_content(*holders, case_number=case, valid_until=until, **changes))


def test_a_code_nobody_gave_out_opens_no_request(client: httpx.Client) -> None:
    form = {"form_token": form_token(client.get("/grant-requests")), "code": "0" * 26}
    page = post(client, "/grant-requests", form)
    assert (page.status_code, "<script>" in page.text) == (422, False)


def test_a_person_gets_a_link_that_this_browser_alone_shows(client: httpx.Client, world: World) -> None:
    page = act(client, world, "/enterprise/grants/new", wish(to="person", person="示例戊", uses="1"))
    assert "/grant-links#" in client.get(page.url.path).text
    client.cookies.clear()
    sign_in(client, world)
    assert "/grant-links#" not in client.get(page.url.path).text


@pytest.mark.parametrize("code", ["中文", "x" * 5_000, "YZ-"])
def test_a_code_that_is_none_is_not_put_into_the_browser(code: str, client: httpx.Client, world: World) -> None:
    asked = wish(to="person", person="示例乙", case_number="2026-0009")
    action, fields = signing(world, ask(client, "/enterprise/grants/new", asked))
    given = post(client, action, {**fields, "code": code})
    assert (given.status_code, "set-cookie" in given.headers) == (303, False)
    path = given.headers["location"].partition("?")[0]
    client.cookies.set("yizhao-shown", "x" * 3_500, path=path)
    shown = client.get(path)
    assert (shown.status_code, "x" * 100 in shown.text) == (200, False)


def test_anothers_signature_does_nothing_on_this_page(client: httpx.Client, world: World) -> None:
    page = ask(client, "/enterprise/grants/new", wish())
    action, fields = signing(world, page, signer=OTHER_SHOP)
    refused = post(client, action, fields)
    assert (refused.status_code, "2026-0001" in refused.text) == (422, True)


def test_a_refusal_keeps_what_was_typed_and_says_where_to_look(client: httpx.Client) -> None:
    page = ask(client, "/enterprise/grants/new", wish(item_name=_HOSTILE, case_number="案" * 120))
    assert page.status_code == 422
    assert ("<script>alert" in page.text, "&lt;script&gt;alert(1)" in page.text) == (False, True)
    assert ("案" * 120 in page.text, "请检查：" in page.text, "办理什么事" in page.text) == (True, True, True)
    assert f'value="{_FIELD}" checked' in page.text


@pytest.mark.parametrize("path", ["/grants/new", "/agents/new", "/objections/new", "/presentations/new"])
def test_hostile_names_are_shown_as_text(path: str, client: httpx.Client) -> None:
    names = (
        "requester",
        "person",
        "item_name",
        "item_code",
        "case_number",
        "delegate",
        "cert_serial",
        "reason",
        "about",
    )
    page = ask(
        client, f"/enterprise{path}", dict.fromkeys(names, _HOSTILE * 4) | {"road": "data_wrong", "uses": _HOSTILE}
    )
    assert (page.status_code, "<script>alert" in page.text) == (422, False)


def test_a_form_sent_after_the_session_ended_is_shown_again_and_can_go_on(client: httpx.Client, world: World) -> None:
    page = ask(client, "/enterprise/grants/new", wish())
    action, fields = signing(world, page)
    client.cookies.clear()
    carried = post(client, action, fields)
    assert (carried.status_code, "内容都在" in carried.text) == (401, True)
    sign_in(client, world)
    fields["form_token"] = [form_token(client.get("/enterprise"))]
    assert "使用中" in follow(client, post(client, action, fields)).text


def test_what_is_anothers_is_not_found(client: httpx.Client, world: World) -> None:
    path = act(client, world, "/enterprise/grants/new", wish()).url.path
    digest = path.rpartition("/")[2]
    client.cookies.clear()
    sign_in(client, world, licence_number=OTHER_SHOP)
    tried = (path, f"{path}/withdrawal", f"/enterprise/presentations/{digest}", f"/enterprise/agents/{digest}")
    assert [client.get(each).status_code for each in tried] == [404, 404, 404, 404]


def test_one_browser_has_several_principals_before_it_and_a_form_acts_for_its_own(
    client: httpx.Client, world: World
) -> None:
    form = client.get("/enterprise/grants/new")
    sign_in(client, world, licence_number=OTHER_SHOP)
    home = client.get("/enterprise").text
    assert (OTHER_SHOP in home, SHOP in home) == (True, True)
    page = post(client, "/enterprise/grants/new", wish(form_token=form_token(form)))
    assert f"统一社会信用代码〔{SHOP}〕" in sentence(page)
    post(client, "/enterprise/switch", {"form_token": form_token(page), "party": OTHER_SHOP})
    assert f'<p class="code">{OTHER_SHOP}</p>' in client.get("/enterprise").text
    post(client, "/enterprise/sign-out", {"form_token": form_token(client.get("/enterprise"))})
    assert client.get("/enterprise").status_code == 303


def test_who_is_shown_a_live_code_sees_whose_it_is_how_it_stands_and_nothing_it_gives(
    client: httpx.Client, world: World
) -> None:
    text = draft_presentation(
        {"licence_number": SHOP, "types": {"food_operation_permit": ["floor_area"]}},
        registry=world.registry, now=moment(),
    )["text"]  # fmt: skip
    signed_text = world.simulator.sign(SHOP, text, "legal_representative")
    made = post_presentation(signed_text, registry=world.registry, e_licence=world.exchange.e_licence, now=moment())
    looks = [client.post("/resolve", data={"code": made["code"], "lang": each}) for each in ("zh", "en", "zh")]
    assert ("出示码有效" in looks[0].text, "The code is live" in looks[1].text) == (True, True)
    assert (looks[0].text.count("中山示例餐饮有限公司"), 'href="/q/' in looks[0].text, ">120<" in looks[0].text) == (
        1,
        True,
        False,
    )
    state = presentation_state(made["digest"], registry=world.registry, now=moment())["state"]
    assert (state, looks[2].text.count("出示码有效")) == ("open", 1)
    world.now = moment()
    world.withdraw(made["digest"])
    over = client.post("/resolve", data={"code": made["code"].lower()}).text
    assert ("已收回" in over, "出示码有效" in over) == (True, False)
    unknown = client.post("/resolve", data={"code": "YZ-" + "0" * 26}).text
    assert ("没有这个出示码" in unknown, "/grant-links" in unknown) == (True, True)
    told = client.post("/resolve", data={"code": made["code"]}, headers={"accept": "application/json"}).json()
    assert told["code"]["holder"]["licence_number"] == SHOP


def test_a_code_is_shown_scanned_and_allowed(client: httpx.Client, world: World) -> None:
    shown = act(client, world, "/enterprise/presentations/new", {"field": ["food_operation_permit.business_items"]})
    digits = re.sub(r"\s", "", shown.text.partition('class="digits code">')[2].partition("<")[0])
    assert (len(digits), "data:image/svg+xml;base64," in shown.text) == (8, True)
    path = shown.url.path
    assert 'class="digits code"' in client.get(path).text
    world.now = moment()
    redeem_at_window(world, digits)
    asked = client.get(path)
    assert ("3号窗口" in asked.text, client.get(f"{path}/state").json()) == (True, {"state": "unconfirmed"})
    action, fields = signing(world, asked)
    assert "已确认" in follow(client, post(client, action, fields)).text


def test_an_agent_sees_what_concerns_him_alone(client: httpx.Client, world: World) -> None:
    grant = act(client, world, "/enterprise/grants/new", wish()).url.path
    delegation = delegate(world)
    client.cookies.clear()
    sign_in(client, world, role="agent")
    refused = ("/enterprise/ledger", "/enterprise/ledger/export", "/enterprise/objections", grant)
    assert [client.get(each).status_code for each in refused] == [403, 403, 403, 404]
    assert delegation in client.get("/enterprise/agents").text
    own = act(client, world, "/enterprise/grants/new", wish(), role="agent")
    preview = ask(client, "/enterprise/grants/new", wish()).text
    assert ("（内容不向办事人显示）" in preview, ">120<" in preview) == (True, False)
    assert own.url.path in client.get("/enterprise/grants").text


def test_an_agent_is_appointed_and_removed(client: httpx.Client, world: World) -> None:
    until = (moment() + timedelta(days=30)).date().isoformat()
    given = {
        "delegate": "示例丁",
        "cert_serial": "abc123",
        "item_name": "年报",
        "item_code": "nb",
        "valid_until": until,
    }
    page = act(client, world, "/enterprise/agents/new", given)
    assert ("在任" in page.text, "示例丁" in page.text) == (True, True)
    assert "已解除" in act(client, world, f"{page.url.path}/withdrawal", {}).text


def test_the_ledger_tells_who_had_what_and_leads_to_receipt_and_objection(client: httpx.Client, world: World) -> None:
    given = act(client, world, "/enterprise/grants/new", wish(case_number="2026-0055"))
    digest = given.url.path.rpartition("/")[2]
    world.now = moment()
    world.pull(granted_request(digest, case_number="2026-0055"))
    shown = client.get("/enterprise/ledger").text
    assert ("示例卫生健康局" in shown, "已交付" in shown, "持证主体授权" in shown) == (True, True, True)
    receipt = re.search(r'href="(/api/v1/receipts/[^"]+)" download', shown)
    assert receipt is not None
    assert client.get(receipt[1]).headers["content-type"].startswith("application/jwt")
    about = receipt[1].rpartition("/")[2]
    page = act(
        client, world, f"/enterprise/objections/new?about={about}",
        {"road": "access_not_allowed", "about": about, "reason": "没有授权过这件事"},
    )  # fmt: skip
    assert page.text.count("待答复") == 2
    exported = client.get("/enterprise/ledger/export?form=csv")
    assert "2026-0055" in exported.content.decode("utf-8-sig")


def test_an_objection_goes_its_road_and_shows_its_clock(client: httpx.Client, world: World) -> None:
    about = re.search(r"about=(1\.2\.156[0-9A-Z.]+)", client.get("/enterprise/certificates").text)
    assert about is not None
    page = act(
        client, world, f"/enterprise/objections/new?about={about[1]}",
        {"road": "data_wrong", "about": about[1], "reason": "名称写错了\n请核对"},
    )  # fmt: skip
    assert ("证照信息有误" in page.text, "名称写错了 请核对" in page.text, "最迟" in page.text) == (True, True, True)


def test_a_decision_that_is_wrong_is_brought_to_the_body_that_made_it(client: httpx.Client, world: World) -> None:
    made = world.issue(food_order(certificate_number=food_number(91)))["identifier"]
    page = act(
        client, world, f"/enterprise/objections/new?about={made}",
        {"road": "decision_wrong", "about": made, "reason": "许可范围与申请不符 <b>“引号”</b>"},
    )  # fmt: skip
    told = page.text.partition("许可范围与申请不符")[0].rpartition('<section class="sheet">')[2] + page.text
    assert ("<h2>决定有误</h2>" in told, made in told, "&lt;b&gt;" in told) == (True, True, True)
    (objection,) = [each for each in own_objections(SHOP, registry=world.registry) if each["about"] == made]
    assert {(task["recipient"], task["state"]) for task in objection["tasks"]} == {(MARKET, "open")}


@pytest.mark.parametrize("role", ["legal_representative", "agent"])
def test_a_window_that_refused_an_e_certificate_is_reported_by_whoever_stood_there(
    client: httpx.Client, world: World, role: SignerRole
) -> None:
    client.cookies.clear()
    sign_in(client, world, role=role)
    before = count_objections(moment().year, registry=world.registry)["window_refusals"].get(HEALTH, 0)
    form = {
        "road": "window_refused", "department": HEALTH, "day": (moment() - timedelta(days=1)).date().isoformat(),
        "item_code": f"4401120-{role}", "reason": "窗口要求交纸质证照",
    }  # fmt: skip
    wrong = ask(client, "/enterprise/objections/new", form | {"day": "昨天"})
    assert (wrong.status_code, "窗口要求交纸质证照" in wrong.text, f"4401120-{role}" in wrong.text) == (422, True, True)
    page = act(client, world, "/enterprise/objections/new", form, role=role)
    assert page.status_code == 200
    after = count_objections(moment().year, registry=world.registry)["window_refusals"]
    assert after == {HEALTH: before + 1}
    (mine,) = [
        each for each in own_objections(SHOP, registry=world.registry) if f"4401120-{role}" in str(each["about"])
    ]
    assert (mine["road"], [task["state"] for task in mine["tasks"]] != []) == ("window_refused", True)


def test_own_documents_are_asked_for_with_one_signature(client: httpx.Client, world: World) -> None:
    page = act(client, world, "/enterprise/downloads/new", {"edition": "original"})
    link = re.search(r'href="(/enterprise/downloads/[^"/]+/[0-9A-Z.]+)', page.text)
    assert link is not None
    other = httpx.Client(base_url=client.base_url)
    assert other.get(link[1]).status_code == 303
    other.close()
    assert client.get(link[1]).status_code == 200


def test_the_calendar_names_the_last_day_to_apply(client: httpx.Client) -> None:
    file = client.get("/enterprise/certificates/calendar.ics")
    assert file.headers["content-type"] == "text/calendar; charset=utf-8"
    assert b"\r\nBEGIN:VEVENT\r\n" in file.content
    assert all(len(line) <= 75 for line in file.content.split(b"\r\n"))
    assert "最迟申请日" in client.get("/enterprise/certificates/calendar").text


def test_reminders_are_the_holders_own_choice(client: httpx.Client) -> None:
    form = {"form_token": form_token(client.get("/enterprise/reminders"))}
    kept = follow(client, post(client, "/enterprise/reminders", form | {"days": "90"}))
    assert 'value="90" checked' in kept.text
    wrong = post(client, "/enterprise/reminders", form | {"days": "-1"})
    assert (wrong.status_code, 'value="90" checked' in wrong.text) == (422, True)


def test_everything_is_ended_at_once_and_said(client: httpx.Client, world: World) -> None:
    act(client, world, "/enterprise/grants/new", wish(case_number="2026-0099"))
    page = ask(client, "/enterprise/grants/end-all", {"since": ""})
    action, fields = signing(world, page)
    ended = post(client, action, fields)
    assert (ended.status_code, "已全部收回" in ended.text) == (200, True)
    assert client.get("/enterprise").status_code == 303


def test_a_new_representative_says_which_agents_go_on(client: httpx.Client, world: World) -> None:
    licence = re.search(r"about=(1\.2\.156[0-9A-Z.]+)", client.get("/enterprise/certificates").text)
    assert licence is not None
    world.now = moment() - timedelta(seconds=10)
    delegation = delegate(world)
    world.now += timedelta(seconds=2)
    change_representative(world, licence[1])
    world.now = moment()
    remake_licence(world)
    assert "已冻结" in client.get(f"/enterprise/agents/{delegation}").text
    page = act(client, world, "/enterprise/agents/confirmation", {"delegation": [delegation], "managers": "yes"})
    assert (page.url.path, "在任" in page.text) == ("/enterprise/agents", True)
