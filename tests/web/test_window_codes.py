"""Presentation codes at the window's pages: asked with, waited for, pulled; each code that is no good said plainly."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import Connection, update

from hub.enterprise.grants import draft_withdrawal, withdraw_grant
from hub.enterprise.presentations import presentation_state
from hub.store import tables
from hub.web.callers import moment
from tests.flows.grant_world import confirm_presentation, present, wrong
from tests.flows.registry_check import faults_beside_a_server as faults
from tests.flows.world import HEALTH, MARKET, SHOP, World, food_order, licence_order
from tests.web.officers import Workplace, at_work, form_token, post, value_of
from tests.web.served import Door

pytestmark = pytest.mark.parametrize("door", ["sqlite"], indirect=True)
_ITEM = {"window": "3号窗口", "item_code": "440112001", "case_number": "2026-0001", "type": "food_operation_permit"}


@pytest.fixture(scope="module")
def shown_door(door: Door) -> Door:
    _, world = door
    world.issue(licence_order())
    world.issue(food_order())
    world.make_licence()
    return door


@pytest.fixture
def client(shown_door: Door) -> Iterator[httpx.Client]:
    served, world = shown_door
    world.now = moment()
    served.cookies.clear()
    yield served
    served.cookies.clear()


def filled(client: httpx.Client, code: str, **form: str) -> httpx.Response:
    """Fill in the form of a presentation code."""
    page = client.get("/department/presentations")
    return post(client, "/department/presentations", _ITEM | {"form_token": form_token(page), "code": code} | form)


def asked(client: httpx.Client, workplace: Workplace, code: str, **form: str) -> httpx.Response:
    """Sign a redemption and send it."""
    return workplace.order(client, filled(client, code, **form))


def end(world: World, digest: str) -> None:
    """Move the end of a presentation into the past, as time does."""
    over = moment() - timedelta(seconds=1)
    stored, code = tables.grant_table, tables.presentation_code

    def commit(connection: Connection) -> None:
        connection.execute(update(stored).where(stored.c.digest == digest).values(valid_until=over))
        connection.execute(update(code).where(code.c.digest == digest).values(expires_at=over))

    world.registry.database.write(commit)


def test_a_code_is_asked_with_waited_for_and_its_certificates_come_with_a_receipt(
    client: httpx.Client, shown_door: Door
) -> None:
    _, world = shown_door
    _, workplace = at_work(shown_door, "c-whole", HEALTH)
    shown = present(world)
    led = asked(client, workplace, shown["code"])
    assert (led.status_code, led.headers["location"]) == (303, f"/department/presentations/{shown['digest']}?lang=zh")
    waiting = client.get(led.headers["location"])
    assert ("等待对方在手机上确认" in waiting.text, waiting.headers["refresh"].startswith("3;url=")) == (True, True)
    confirm_presentation(world, shown["digest"])
    ready = client.get(led.headers["location"])
    assert ("对方已确认" in ready.text, "refresh" in ready.headers) == (True, False)
    checked = post(client, f"/department/presentations/{shown['digest']}", {"form_token": form_token(ready)})
    result = workplace.order(client, checked)
    assert ("已取得证照" in result.text, "/api/v1/receipts/" in result.text) == (True, True)
    assert "证照已取得" in client.get(led.headers["location"]).text
    assert faults(world) == []


def test_digits_count_with_the_licence_number_and_wrong_ones_kill_the_code(
    client: httpx.Client, shown_door: Door
) -> None:
    _, world = shown_door
    _, workplace = at_work(shown_door, "c-digits", HEALTH)
    shown = present(world)
    without = filled(client, shown["digits"], licence_number="")
    assert (without.status_code, "请检查" in without.text) == (422, True)
    for step in range(1, 6):
        missed = asked(client, workplace, wrong(shown["digits"], step), licence_number=SHOP)
        assert (missed.status_code, "没有这个出示码" in missed.text) == (422, True)
        # The form stands there again: what is sent once more is typed anew.
        assert (value_of(missed, "case_number"), "data-statement" in missed.text) == ("2026-0001", False)
    killed = asked(client, workplace, shown["digits"], licence_number=SHOP)
    assert "输错次数过多" in killed.text
    assert presentation_state(shown["digest"], registry=world.registry, now=moment())["state"] == "killed"


def test_ten_misses_of_a_day_stop_the_officer_and_the_picture_still_counts(
    client: httpx.Client, shown_door: Door
) -> None:
    _, world = shown_door
    _, workplace = at_work(shown_door, "c-stopped", HEALTH)
    for step in range(10):
        asked(client, workplace, wrong("00000000", step), licence_number=MARKET)
    stopped = asked(client, workplace, "12345678", licence_number=MARKET)
    assert ("输错次数过多，当日不能" in stopped.text, "请扫描二维码" in stopped.text) == (True, True)
    assert asked(client, workplace, present(world)["code"]).status_code == 303


def test_what_is_used_taken_back_or_another_officers_is_said_plainly(client: httpx.Client, shown_door: Door) -> None:
    _, world = shown_door
    _, workplace = at_work(shown_door, "c-plain", HEALTH)
    shown = present(world)
    path = asked(client, workplace, shown["code"]).headers["location"]
    assert "每个码只用一次" in asked(client, workplace, shown["code"]).text
    confirm_presentation(world, shown["digest"])
    at_work(shown_door, "c-other", HEALTH)
    other = client.get(path)
    assert ("经办人 c-plain 核验，只能由其本人" in other.text, "取得证照：核对并签署" in other.text) == (True, False)
    at_work(shown_door, "c-market", MARKET)
    assert client.get(path).status_code == 404
    text = draft_withdrawal(shown["digest"], registry=world.registry)["text"]
    signed = world.simulator.sign(SHOP, text, "legal_representative")
    e_licence = world.exchange.e_licence
    withdraw_grant(shown["digest"], signed, registry=world.registry, e_licence=e_licence, now=moment())
    at_work(shown_door, "c-back", HEALTH)
    assert "对方已收回" in client.get(path).text


def test_a_code_whose_time_is_over_is_refused_with_the_next_step(client: httpx.Client, shown_door: Door) -> None:
    _, world = shown_door
    shown = present(world)
    end(world, shown["digest"])
    _, workplace = at_work(shown_door, "c-late", HEALTH)
    late = asked(client, workplace, shown["code"])
    assert ("授权期限已过" in late.text, "请持证主体重新授权" in late.text) == (True, True)


def test_a_form_that_is_sent_twice_is_one_redemption(client: httpx.Client, shown_door: Door) -> None:
    _, world = shown_door
    _, workplace = at_work(shown_door, "c-twice", HEALTH)
    form = workplace.signed(filled(client, present(world)["code"]))
    answers = [post(client, "/department/orders", form) for _ in range(2)]
    assert [each.status_code for each in answers] == [303, 303]


def test_what_is_scanned_at_the_window_leads_to_the_form_it_belongs_to(client: httpx.Client, shown_door: Door) -> None:
    _, world = shown_door
    at_work(shown_door, "c-scanned", HEALTH)
    shown = present(world)
    page = client.get("/department/window")
    led = post(client, "/department/window", {"form_token": form_token(page), "code": shown["code"]})
    assert (value_of(led, "code"), "本窗口名称" in led.text) == (shown["code"], True)


@pytest.mark.parametrize("form", [{"code": "nonsense"}, {"window": ""}, {"type": "", "item_code": "9"}, {"type": "x"}])
def test_what_cannot_be_read_is_refused_at_the_form_and_nothing_typed_is_lost(
    form: dict[str, str], client: httpx.Client, shown_door: Door
) -> None:
    _, world = shown_door
    at_work(shown_door, f"c-form-{'-'.join(form)}-{len(str(form))}", HEALTH)
    code = present(world)["code"]
    wrong_form = filled(client, form.pop("code", code), **form)
    assert (wrong_form.status_code, value_of(wrong_form, "case_number")) == (422, "2026-0001")
