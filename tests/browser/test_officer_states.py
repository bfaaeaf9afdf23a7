"""What an officer sees at every step of his work, kept as pictures: each is whole on a phone and axe finds nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from hub.web.callers import moment
from schemas.statement import Ordered
from tests.browser.conftest import Site
from tests.browser.opening import axe_violations
from tests.browser.site import SCREENS
from tests.browser.test_window_officer import sign_in
from tests.flows.intake_world import csv_file, type_row
from tests.flows.world import HEALTH, MARKET, SHOP, food_number, food_order
from tests.web.officers import open_officer

_PHONE = {"width": 360, "height": 740}


def seat(site: Site, number: str, department: str) -> Page:
    """Open an officer's account and sit him at a terminal."""
    account = open_officer(site.world, number, department)
    page = site.open("/department", viewport=_PHONE)
    sign_in(page, account)
    keep(page, f"terminal-{number}")
    page.get_by_role("button", name="登记为窗口终端").click()
    page.wait_for_url("**/department?lang=zh")
    return page


def keep(page: Page, name: str) -> None:
    """Keep a picture of a page, which is whole and accessible."""
    page.screenshot(path=SCREENS / f"officer-{name}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name
    assert axe_violations(page) == [], name


def complaints(site: Site) -> list[str]:
    """Return what browsers complained of; Chromium itself reports that a page was answered 422, which was asked for."""
    return [each for each in site.complaints if "422 (Unprocessable Entity)" not in each]


@pytest.fixture(scope="module")
def market(hub_site: Site) -> Iterator[Page]:
    page = seat(hub_site, "b-state-1", MARKET)
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def second(hub_site: Site) -> Iterator[Page]:
    page = seat(hub_site, "b-state-2", MARKET)
    yield page
    page.context.close()


def test_a_status_is_changed_by_two_and_every_step_has_its_picture(market: Page, second: Page, hub_site: Site) -> None:
    hub_site.world.now = moment()
    identifier = hub_site.world.issue(food_order(certificate_number=food_number(72)))["identifier"]
    market.goto(f"/department/status?code={SHOP}")
    keep(market, "status-found")
    market.goto(f"/department/status?identifier={identifier}")
    market.get_by_label("撤销").check()
    keep(market, "status-form")
    market.evaluate("document.querySelector('main form').noValidate = true")
    market.get_by_role("button", name="下一步：核对并签署").click()
    keep(market, "status-wrong")
    for label, said in (("事由", "以欺骗手段取得"), ("文书名称", "撤销决定书"), ("文书编号", "示撤〔2026〕1号")):
        market.get_by_label(label).fill(said)
    for label in ("文书日期", "自何日起生效"):
        market.get_by_label(label).fill("2026-11-20")
    market.get_by_role("button", name="下一步：核对并签署").click()
    market.get_by_role("heading", name="核对并签署").wait_for()
    keep(market, "order-of-two")
    market.get_by_role("button", name="签署并办理").click()
    market.get_by_role("heading", name="还差一名经办人会签").wait_for()
    keep(market, "order-parked")
    market.goto("/department/countersign")
    keep(market, "countersign-own")
    second.goto("/department/countersign")
    keep(second, "countersign")
    second.locator("main .card a").last.click()
    keep(second, "countersign-one")
    second.get_by_role("button", name="签署并办理").click()
    second.get_by_text("已办妥").first.wait_for()
    keep(second, "ordered")
    assert (complaints(hub_site), hub_site.strangers) == ([], [])


def test_a_certificate_is_issued_and_every_step_has_its_picture(market: Page, hub_site: Site) -> None:
    market.goto(f"/department/issue?type=food_operation_permit&code={SHOP}")
    keep(market, "issue-form")
    market.evaluate("document.querySelector('main form').noValidate = true")
    market.get_by_role("button", name="下一步：核对并签署").click()
    keep(market, "issue-wrong")
    assert "不符合要求" in market.locator("[role=alert]").first.inner_text()
    assert complaints(hub_site) == []


def test_a_task_is_answered_and_every_step_has_its_picture(market: Page, hub_site: Site) -> None:
    world = hub_site.world
    world.now = moment()
    identifier = world.issue(food_order(certificate_number=food_number(73)))["identifier"]
    content = {"identifier": identifier, "field": "holder_name", "reason": "名称少了一个字"}
    world.give(Ordered.ASK_CORRECTION, content, system="health", alone=True)
    market.goto("/department/tasks")
    keep(market, "tasks")
    market.locator("main .card a").first.click()
    keep(market, "task")
    market.get_by_label("查明了什么").fill("核对档案，名称无误")
    market.get_by_role("button", name="下一步：核对并签署").click()
    keep(market, "task-order")
    market.get_by_role("button", name="签署并办理").click()
    market.get_by_role("heading", name="核对并签署").wait_for(state="detached")
    keep(market, "task-done")
    assert complaints(hub_site) == []


def test_a_pull_at_the_window_has_a_picture_of_every_step(hub_site: Site) -> None:
    hub_site.world.now = moment()
    hub_site.world.share()
    page = seat(hub_site, "b-state-3", HEALTH)
    page.goto("/department/window")
    keep(page, "window")
    page.get_by_label("扫描或输入").fill("91442000MA000000XX")
    page.keyboard.press("Enter")
    keep(page, "window-nobody")
    page.get_by_label("扫描或输入").fill(SHOP)
    page.keyboard.press("Enter")
    page.get_by_label("办件编号").wait_for()
    keep(page, "window-offers")
    page.get_by_label("办件编号").fill("2026-0001")
    page.get_by_role("button", name="下一步").click()
    page.get_by_role("heading", name="核对并签署").wait_for()
    keep(page, "window-order")
    page.get_by_role("button", name="签署并办理").click()
    page.get_by_role("heading", name="已取得证照").wait_for()
    keep(page, "window-result")
    page.goto("/department/own/acts")
    keep(page, "own-acts")
    page.get_by_role("link", name="首页").first.click()
    page.goto("/department")
    page.get_by_role("button", name="退出", exact=True).click()
    keep(page, "signed-out")
    page.context.close()


def test_a_file_is_taken_in_with_a_picture_of_every_step(market: Page, hub_site: Site, tmp_path: Path) -> None:
    file = tmp_path / "sheet.csv"
    file.write_bytes(csv_file([type_row(41), type_row(42, 决定日期="")]))
    market.goto("/department/import")
    keep(market, "import")
    market.get_by_label("证照类型").select_option("food_operation_permit")
    market.get_by_label("表格文件").set_input_files(file)
    market.get_by_role("button", name="下一步").click()
    market.get_by_role("heading", name="核对并签署").wait_for()
    keep(market, "import-order")
    market.get_by_role("button", name="签署并办理").click()
    market.get_by_role("link", name="上传文件").wait_for()
    keep(market, "import-ordered")
    market.get_by_role("link", name="上传文件").click()
    keep(market, "intake-waits-for-its-file")
    market.get_by_label("表格文件").set_input_files(file)
    market.get_by_role("button", name="上传").click()
    market.get_by_text("全部办完").wait_for()
    keep(market, "intake-done")
    assert complaints(hub_site) == []


def test_who_is_not_let_in_sees_why(hub_site: Site) -> None:
    account = open_officer(hub_site.world, "b-state-4", MARKET)
    page = hub_site.open("/department", viewport=_PHONE)
    keep(page, "sign-in")
    page.get_by_label("经办人编号").fill(account.number)
    page.get_by_label("密码").fill("wrong copper lantern")
    page.get_by_label("动态码").fill(account.code())
    page.get_by_role("button", name="登录").click()
    page.get_by_role("alert").first.wait_for()
    keep(page, "sign-in-refused")
    assert page.get_by_label("经办人编号").input_value() == account.number
    page.goto("/department/sign-up")
    keep(page, "sign-up")
    page.goto("/department/window")
    assert "/department/sign-in" in page.url
    page.context.close()


def test_chinese_glyphs_are_drawn_on_an_officers_page(market: Page) -> None:
    market.goto("/department")
    drawn = [
        market.evaluate(
            """character => {
              const canvas = document.createElement('canvas'), pen = canvas.getContext('2d');
              pen.font = '40px ' + getComputedStyle(document.body).fontFamily;
              pen.fillText(character, 0, 50);
              return canvas.toDataURL();
            }""",
            each,
        )
        for each in "照证办理签署"
    ]
    assert len(set(drawn)) == 6
