"""The manager's whole job in a real browser, on a phone: to give, answer, show, and take all back."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page

from hub.enterprise.grant_requests import request_state
from hub.web.callers import moment
from tests.browser.conftest import Site
from tests.browser.opening import axe_violations
from tests.browser.test_signing_in import sign_in
from tests.flows.grant_world import ask, asked_content, redeem_at_window
from tests.flows.world import HEALTH

_PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}
_UNTIL = (moment() + timedelta(days=30)).date().isoformat()


def sign(page: Page) -> None:
    page.get_by_role("button", name="用电子营业执照签署").click()


def fits(page: Page) -> bool:
    """Say whether nothing of a page stands out of the screen."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def signed_in(site: Site, **context: Any) -> Page:
    page = site.open("/enterprise", **context)
    page.get_by_label("证照管理员").check()
    sign_in(page)
    return page


def test_a_stranger_finds_an_enterprises_pages_from_the_start_page_alone(hub_site: Site) -> None:
    page = hub_site.open("/", **_PHONE)
    page.get_by_role("link", name="企业登录").click()
    page.get_by_role("link", name="中山示例餐饮有限公司").click()
    page.get_by_role("button", name="下一步").click()
    sign(page)
    page.get_by_role("heading", name="中山示例餐饮有限公司").wait_for()
    page.get_by_role("link", name="我的证照").click()
    assert page.get_by_role("link", name="食品经营许可证").is_visible()
    assert (hub_site.complaints, hub_site.strangers) == ([], [])


@pytest.mark.parametrize("context", [_PHONE, {}], ids=["phone", "desktop"])
def test_a_manager_gives_a_grant_sees_it_and_takes_it_back(context: dict[str, Any], hub_site: Site) -> None:
    page = signed_in(hub_site, **context)
    page.get_by_role("link", name="授权").first.click()
    page.get_by_role("link", name="给出授权").click()
    page.get_by_label("对方的统一社会信用代码").fill(HEALTH)
    page.get_by_label("办理什么事").fill("公共场所卫生许可")
    page.get_by_label("事项编码").fill("440112001")
    page.get_by_label("办件编号").fill("2026-0001")
    page.get_by_text("食品经营许可证", exact=True).click()
    page.get_by_label("经营场所面积").check()
    page.get_by_label("到哪一天").fill(_UNTIL)
    page.get_by_role("button", name="下一步：预览").click()
    assert page.get_by_role("heading", name="对方将看到的，就是这些").is_visible()
    assert (fits(page), axe_violations(page)) == (True, [])
    sign(page)
    page.get_by_role("heading", name="使用中").wait_for()
    assert axe_violations(page) == []
    page.get_by_role("link", name="撤回这份授权").click()
    page.get_by_role("button", name="下一步：签署撤回").click()
    sign(page)
    page.get_by_role("heading", name="已撤回").wait_for()
    assert (fits(page), hub_site.complaints, hub_site.strangers) == (True, [], [])


def test_a_request_is_signed_three_taps_after_its_link_was_opened(hub_site: Site) -> None:
    hub_site.world.now = moment()
    asked = ask(hub_site.world, asked_content(valid_until=f"{_UNTIL}T00:00:00+08:00"))
    taps = 0

    def tap(name: str) -> None:
        nonlocal taps
        page.get_by_role("button", name=name).tap()
        taps += 1

    page = hub_site.open(asked["link"], **_PHONE)
    page.wait_for_url("**/enterprise/sign-in?*")
    tap("下一步")
    tap("用电子营业执照签署")
    page.wait_for_url("**/enterprise/requests?*")
    assert (page.get_by_text("对方将看到的").is_visible(), axe_violations(page)) == (True, [])
    tap("用电子营业执照签署")
    page.wait_for_url("**/enterprise/grants/*")
    state = request_state(
        asked["request"], system=hub_site.world.system("health"), registry=hub_site.world.registry, now=moment()
    )
    assert (taps, state["holders"][0]["state"]) == (3, "signed")
    assert (hub_site.complaints, hub_site.strangers) == ([], [])


def test_a_request_is_refused_with_its_reason(hub_site: Site) -> None:
    hub_site.world.now = moment()
    asked = ask(hub_site.world, asked_content(valid_until=f"{_UNTIL}T00:00:00+08:00"))
    page = signed_in(hub_site, **_PHONE)
    page.goto(asked["link"])
    page.get_by_role("link", name="拒绝…").click()
    page.get_by_label("理由").fill("没有这笔业务")
    page.get_by_role("button", name="下一步：签署拒绝").click()
    sign(page)
    page.get_by_role("heading", name="已拒绝").wait_for()
    state = request_state(
        asked["request"], system=hub_site.world.system("health"), registry=hub_site.world.registry, now=moment()
    )
    assert (state["holders"][0]["state"], state["holders"][0]["reason"]) == ("refused", "没有这笔业务")


def test_a_code_is_shown_and_its_page_asks_when_it_was_scanned(hub_site: Site) -> None:
    page = signed_in(hub_site, **_PHONE)
    page.get_by_role("link", name="出示", exact=True).click()
    page.get_by_text("食品经营许可证", exact=True).click()
    page.get_by_label("经营项目").check()
    page.get_by_role("button", name="下一步：签署").click()
    sign(page)
    page.get_by_role("timer").wait_for()
    page.reload()
    digits = page.locator(".digits").inner_text().replace(" ", "")
    assert ("还剩" in page.get_by_role("timer").inner_text(), axe_violations(page)) == (True, [])
    hub_site.world.now = moment()
    redeem_at_window(hub_site.world, digits)
    page.get_by_role("heading", name="谁在请求查看").wait_for()
    assert page.get_by_text("3号窗口", exact=True).is_visible()
    sign(page)
    page.get_by_role("heading", name="已确认，对方可以取用").wait_for()
    assert (fits(page), hub_site.complaints, hub_site.strangers) == (True, [], [])


def test_a_manager_appoints_an_agent_and_objects_to_a_certificate(hub_site: Site) -> None:
    page = signed_in(hub_site, **_PHONE)
    page.get_by_role("link", name="办事人").first.click()
    page.get_by_role("link", name="委托办事人").click()
    page.get_by_label("办事人姓名").fill("示例丁")
    page.get_by_label("办事人执照编号").fill("0a1b2c")
    page.get_by_label("办理什么事").fill("年度报告")
    page.get_by_label("事项编码").fill("nb")
    page.get_by_label("到哪一天").fill(_UNTIL)
    page.get_by_role("button", name="下一步：签署").click()
    sign(page)
    page.get_by_role("heading", name="在任").wait_for()
    page.get_by_role("link", name="证照", exact=True).click()
    page.get_by_role("link", name="这张有误？提出异议").first.click()
    page.get_by_label("证照信息有误").check()
    page.get_by_label("说明").fill("名称写错了")
    page.get_by_role("button", name="下一步：签署").click()
    sign(page)
    page.get_by_text("最迟").wait_for()
    assert (fits(page), hub_site.complaints, hub_site.strangers) == (True, [], [])


def test_the_red_button_ends_all_and_says_what(hub_site: Site) -> None:
    page = signed_in(hub_site, **_PHONE)
    page.get_by_role("link", name="授权").first.click()
    page.get_by_role("link", name="全部收回…").click()
    page.get_by_role("button", name="下一步：签署收回").click()
    sign(page)
    page.get_by_role("heading", name="已全部收回").wait_for()
    assert fits(page)
    page.goto("/enterprise")
    assert "/enterprise/sign-in" in page.url
