"""The operator's and a head's pages at the doors: who sees what, each figure with its definition, no content."""

from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import delete, insert

from hub.store import tables
from hub.supervision.figures.chores import Chore, note_chore
from hub.supervision.figures.standing import PAGES
from hub.web.callers import moment
from hub.web.department.entrance import onward_from
from schemas.certificate import civil_date
from schemas.figures import FIGURES, PARTS
from schemas.statement import Ordered
from tests.flows.figures_led import copy_decisions
from tests.flows.world import HEALTH, OPERATOR, SHOP, food_order, licence_order, statutory_request
from tests.web.seated_officer import operator_officer, seat
from tests.web.served import Door, client_of, issue, share

pytestmark = pytest.mark.parametrize("door", ["sqlite"], indirect=True, scope="module")


@pytest.fixture(scope="module")
def busy_door(door: Door) -> Door:
    """A hub where certificates were issued and pulled, by one officer again and again, and a pull refused."""
    market, health = client_of(door, "market"), client_of(door, "health")
    issue(market, licence_order())
    issue(market, food_order())
    share(door)
    health.request("/api/v1/pulls", Ordered.PULL, statutory_request(), officer="h-001")
    with pytest.raises(Exception, match="case_number_form"):
        health.request("/api/v1/pulls", Ordered.PULL, statutory_request(case_number="XYZ"), officer="h-001")
    copy_decisions(door[1], 40)
    return door


@pytest.fixture
def browser(busy_door: Door) -> Iterator[httpx.Client]:
    client, _ = busy_door
    client.cookies.clear()
    yield client
    client.cookies.clear()


def test_operator_sees_every_figure_with_a_chart_and_a_table(browser: httpx.Client, busy_door: Door) -> None:
    _, world = busy_door
    seat(browser, world, OPERATOR, operator_officer(world, "security"))
    page = browser.get("/operator").text
    assert [code for code, each in FIGURES.items() if each.name_zh not in page] == []
    assert page.count("<desc") == page.count('class="chart"') > 3
    assert (SHOP in page, "2026-0001" in page, "<script" in page) == (False, False, False)


def test_a_figure_opens_its_definition_and_with_the_right_its_cases(browser: httpx.Client, busy_door: Door) -> None:
    _, world = busy_door
    seat(browser, world, OPERATOR, operator_officer(world, "system"))
    page = browser.get("/operator/figures/refused_pulls?lang=en").text
    assert FIGURES["refused_pulls"].meaning_en in page
    assert "Case by case" in page
    assert SHOP not in page
    assert browser.get("/operator/figures/nothing").status_code == 404
    assert browser.get("/operator/figures/refused_pulls?after=x").status_code == 404


def test_an_officer_of_a_department_sees_its_figures_and_not_the_operators(
    browser: httpx.Client, busy_door: Door
) -> None:
    _, world = busy_door
    seat(browser, world, HEALTH, "h-001")
    assert browser.get("/department/figures").status_code == 200
    assert browser.get("/department/overview").headers["location"] == "/department/figures?lang=zh"
    assert [browser.get(f"/operator{each}").status_code for each in ("", "/sheets", "/standing/keys")] == [
        403,
        403,
        403,
    ]
    page = browser.get("/department/figures/refused_pulls?lang=en").text
    assert "Case by case" not in page


def test_nobody_sees_figures_without_signing_in(browser: httpx.Client) -> None:
    asked = browser.get("/operator")
    assert (asked.status_code, asked.headers["location"].partition("?")[0]) == (303, "/department/sign-in")


def test_a_bookmarked_page_of_the_operator_is_led_to_after_signing_in(browser: httpx.Client) -> None:
    away = browser.get("/operator/changes").headers["location"]
    assert away == "/department/sign-in?next=%2Foperator%2Fchanges&lang=zh"
    assert onward_from("/operator/changes") == "/department/terminal?next=/operator/changes"
    assert onward_from("//elsewhere.example/operator") == onward_from("/operatorx") == "/department/terminal"


def test_sheet_of_the_running_month_is_shown_and_fetched_as_a_file(browser: httpx.Client, busy_door: Door) -> None:
    _, world = busy_door
    seat(browser, world, OPERATOR, operator_officer(world, "system"))
    running = f"{civil_date(moment()):%Y-%m}"
    assert f"/operator/sheets/{running}" in browser.get("/operator/sheets").text
    page = browser.get(f"/operator/sheets/{running}?lang=en").text
    assert [each.name_en for each in PARTS.values() if each.name_en not in page] == []
    assert browser.get(f"/operator/sheets/{running}?form=xlsx").content[:2] == b"PK"
    assert (SHOP in page, browser.get("/operator/sheets/1999").status_code) == (False, 404)


def test_department_fetches_its_own_line_over_the_api(busy_door: Door) -> None:
    sheet = client_of(busy_door, "health").get(f"/api/v1/figure-sheets/{civil_date(moment()):%Y-%m}").json()
    assert [(each["of"], each["values"]["spared"]) for each in sheet["parts"]["departments"]] == [(HEALTH, 1)]
    figures = client_of(busy_door, "operator").get("/api/v1/figures").json()
    assert [each["code"] for each in figures["figures"]] == [*FIGURES]


@pytest.mark.parametrize(
    ("page", "seen"),
    [
        ("changes", "权限登记"),
        ("systems", "health"),
        ("types", "food_operation_permit"),
        ("sharing", "rule-1"),
        ("keys", "平台 · 答复"),
        ("log", "存证日志"),
        ("queues", "待编入日志的行为"),
        ("queues", "待发送的到期提醒"),
        ("queues", "待推送的告知"),
        ("log", "待编入的行为数"),
        ("keys", "人员 security-001"),
        ("keys", "yizhao keys rotate answers"),
        ("upkeep", "没有记录"),
        ("compromises", "没有可列出的"),
    ],
)
def test_operator_reads_how_each_thing_stands(page: str, seen: str, browser: httpx.Client, busy_door: Door) -> None:
    _, world = busy_door
    seat(browser, world, OPERATOR, operator_officer(world, "system"))
    shown = browser.get(f"/operator/standing/{page}")
    assert (shown.status_code, f"/operator/standing/{page}" in browser.get("/operator/standing").text) == (200, True)
    assert f">{seen}" in shown.text
    assert (SHOP in shown.text, browser.get(f"/operator/standing/{page}?after=x.y").status_code < 500) == (False, True)


def test_who_reads_much_is_named_to_those_alone_who_watch_over_it(browser: httpx.Client, busy_door: Door) -> None:
    _, world = busy_door
    seat(browser, world, HEALTH, "h-001")
    page = browser.get("/department/figures/unusual_readers").text
    assert ("<dd>42</dd>" in page, "h-001" in page) == (True, False)
    seat(browser, world, OPERATOR, operator_officer(world, "security"))
    assert "h-001" in browser.get("/operator/figures/unusual_readers").text


def test_every_table_is_fetched_whole_and_no_cell_begins_as_a_formula(browser: httpx.Client, busy_door: Door) -> None:
    _, world = busy_door
    name = "=1+1 示例"
    world.enrol("departments", licence_number=HEALTH, name_zh=name, name_en="A")
    seat(browser, world, OPERATOR, operator_officer(world, "system"))
    answers = [browser.get(f"/operator/standing/{page}?form=csv") for page in PAGES]
    assert {(each.status_code, each.headers["content-type"]) for each in answers} == {(200, "text/csv; charset=utf-8")}
    systems = answers[[*PAGES].index("systems")].text
    assert ("'=1+1 示例" in systems, ",=1+1" in systems, systems.count("\n") > 3) == (True, False, True)
    rules = browser.get("/operator/sharing-rules.csv").text
    assert ("规则代号" in rules, "rule-1" in rules, SHOP in rules) == (True, True, False)


def test_backup_and_drill_are_told_once_they_were_done(browser: httpx.Client, busy_door: Door) -> None:
    _, world = busy_door
    note_chore(world.keys.folder.parent / "data", Chore("backup", moment(), passed=True, told={"rows": 7.0}))
    seat(browser, world, OPERATOR, operator_officer(world, "system"))
    page = browser.get("/operator/standing/upkeep").text
    assert ("通过" in page, "rows 7" in page) == (True, True)


def test_queue_says_for_how_long_its_oldest_has_waited(browser: httpx.Client, busy_door: Door) -> None:
    _, world = busy_door
    old = moment() - timedelta(days=2, hours=3)
    table = tables.outbox
    row = {"notice": 999_999, "recipient": HEALTH, "recorded_at": old}
    world.registry.database.write(lambda connection: connection.execute(insert(table).values(**row)))
    seat(browser, world, OPERATOR, operator_officer(world, "system"))
    page = browser.get("/operator/standing/queues").text
    world.registry.database.write(lambda connection: connection.execute(delete(table).where(table.c.notice == 999_999)))
    assert "2 天 3 小时" in page
