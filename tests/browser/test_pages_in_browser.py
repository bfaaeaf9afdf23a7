"""The pages in a real browser: their ways, with scripts off, in print, by keyboard, in light and dark."""

import re

from playwright.sync_api import Browser

from tests.browser.opening import open_page
from tests.web import shown

_ENTERPRISE = f"/q/{shown.REFERENCE}"
_CERTIFICATE = "/c/" + "0" * 25 + "2"


def test_the_style_sheet_is_applied_and_dark_is_dark(site: str, browser: Browser) -> None:
    light, _ = open_page(browser, site + _ENTERPRISE, color_scheme="light")
    dark, _ = open_page(browser, site + _ENTERPRISE, color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert (light.evaluate(ground), dark.evaluate(ground)) == ("rgb(246, 246, 243)", "rgb(18, 21, 24)")


def test_without_javascript_everything_can_be_reached(site: str, browser: Browser) -> None:
    page, _ = open_page(browser, site + _ENTERPRISE, java_script_enabled=False)
    page.get_by_role("link", name="出版物经营许可证").click()
    assert page.locator(".verdict .outcome").inner_text().startswith("暂停使用")
    page.get_by_text("技术详情与二维码").click()
    assert page.get_by_text("数据摘要（SHA-256）").is_visible()
    page.get_by_role("link", name="English").click()
    assert page.locator(".verdict .outcome").inner_text().startswith("Suspended")
    page.get_by_role("link", name="See every certificate of this enterprise →").click()
    assert page.locator("h1").inner_text() == shown.NAME


def test_of_many_one_verdict_is_chosen_without_scripts_and_the_whole_is_still_told(site: str, browser: Browser) -> None:
    page, _ = open_page(browser, site + _ENTERPRISE, java_script_enabled=False)
    page.get_by_role("navigation", name="按结论查看").get_by_role("link", name="无法确认").click()
    assert "verdict=unknown" in page.url
    assert page.locator("main h2 small").all_inner_texts() == ["4"]
    chips = page.locator(".chips a").all_inner_texts()
    assert [re.sub(r"\s", "", each) for each in chips] == ["全部18项", "✕现在不能用10", "?无法确认4", "✓现在有效4"]
    page.get_by_role("link", name="English").click()
    assert ("verdict=unknown" in page.url, page.locator("main h2 small").all_inner_texts()) == (True, ["4"])
    page.get_by_role("link", name="All 18").click()
    assert page.locator("main h2 small").count() == 4


def test_the_code_of_a_page_is_drawn(site: str, browser: Browser) -> None:
    page, _ = open_page(browser, site + _CERTIFICATE)
    page.get_by_text("技术详情与二维码").click()
    picture = page.locator("img.qr")
    picture.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('img.qr').complete")
    assert picture.evaluate("image => image.naturalWidth > 0") is True


def test_a_page_prints_with_its_address_and_without_its_doors(site: str, browser: Browser) -> None:
    page, _ = open_page(browser, site + _CERTIFICATE)
    page.emulate_media(media="print")
    assert page.get_by_text(f"{shown.ORIGIN}/c/").first.is_visible()
    assert page.get_by_role("link", name="English").is_hidden()


def test_a_keyboard_reaches_the_content_first(site: str, browser: Browser) -> None:
    page, _ = open_page(browser, site + _ENTERPRISE)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "跳到正文"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left >= 0") is True
