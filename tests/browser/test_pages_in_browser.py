"""The pages in a real browser: their ways, with scripts off, in print, by keyboard, in light and dark."""

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


def test_a_verdict_chip_leads_to_its_group(site: str, browser: Browser) -> None:
    page, _ = open_page(browser, site + _ENTERPRISE, java_script_enabled=False)
    page.get_by_role("link", name="暂时无法确认").first.click()
    assert page.url.endswith("#unknown")
    assert page.get_by_role("heading", name="暂时无法确认").is_visible()


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
