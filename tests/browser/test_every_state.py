"""Every page in every state in a real browser: whole, readable, silent, ours alone, and the verdict first."""

from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.opening import axe_violations, open_page
from tests.browser.site import SCREENS, states

_PHONE = {"viewport": {"width": 360, "height": 740}}
_DESKTOP = {"viewport": {"width": 1280, "height": 900}}
_STATES = sorted(states())
_ON_DESKTOP = ["certificate-suspended", "components", "enterprise", "kept", "report-wrong", "start", "verify-result"]
_LARGEST = 60 * 1024
# Text of the page in reading order, from its heading or verdict on.
_READ = "[...document.querySelectorAll('main h1, main .outcome')].map(each => each.innerText.trim())"
_GLYPH = """character => {
  const canvas = document.createElement('canvas'), pen = canvas.getContext('2d');
  pen.font = '40px ' + getComputedStyle(document.body).fontFamily;
  pen.fillText(character, 0, 50);
  return canvas.toDataURL();
}"""


@pytest.mark.parametrize("state", _STATES)
def test_on_a_phone_it_is_whole_accessible_silent_and_asks_no_other_host(
    state: str, site: str, browser: Browser
) -> None:
    page, seen = open_page(browser, f"{site}/shown/{state}", **_PHONE)
    page.screenshot(path=SCREENS / f"{state}-phone-zh.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert axe_violations(page) == []
    assert seen.complaints == []
    assert {address.startswith(f"{site}/") for address in seen.asked} == {True}
    assert seen.carried < _LARGEST
    page.context.close()


@pytest.mark.parametrize("state", _ON_DESKTOP)
def test_on_a_dark_desktop_in_english_it_is_accessible_and_silent(state: str, site: str, browser: Browser) -> None:
    options: dict[str, Any] = _DESKTOP | {"color_scheme": "dark"}
    page, seen = open_page(browser, f"{site}/shown/{state}?lang=en", **options)
    page.screenshot(path=SCREENS / f"{state}-desktop-en-dark.png", full_page=True)
    assert axe_violations(page) == []
    assert seen.complaints == []
    page.context.close()


@pytest.mark.parametrize("state", ["certificate-long", "enterprise", "kept", "report", "components"])
def test_in_large_text_nothing_is_cut_off(state: str, site: str, browser: Browser) -> None:
    page, _ = open_page(browser, f"{site}/shown/{state}?text=large", **_PHONE)
    page.screenshot(path=SCREENS / f"{state}-phone-large.png", full_page=True)
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "22px"
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    # Twice the usual size, as a reader may set it (WCAG 1.4.4).
    page.evaluate("document.documentElement.style.fontSize = '32px'")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.context.close()


@pytest.mark.parametrize(
    ("state", "first"),
    [("certificate-withdrawn", "无效"), ("certificate-unknown", "暂时无法确认"), ("certificate-being-renewed", "有效")],
)
def test_the_verdict_is_read_right_after_whose_it_is(state: str, first: str, site: str, browser: Browser) -> None:
    page, _ = open_page(browser, f"{site}/shown/{state}", **_PHONE)
    name, verdict = page.evaluate(_READ)[:2]
    assert name == "中山市示例餐饮管理有限公司"
    assert verdict.startswith(first)
    assert page.locator(".verdict .seal").first.bounding_box()["y"] < 740  # type: ignore[index]
    page.context.close()


@pytest.mark.parametrize(
    "state",
    [
        "certificate-hostile",
        "enterprise-hostile",
        "own-request-hostile",
        "report-wrong",
        "verify-result",
        "link-opened-hostile",
    ],
)
def test_what_a_stranger_wrote_is_shown_and_never_run(state: str, site: str, browser: Browser) -> None:
    page, seen = open_page(browser, f"{site}/shown/{state}")
    assert page.locator("main script, main img[src=x]").count() == 0
    assert "<script>alert(1)</script>" in page.locator("main").inner_text() + page.locator("main").inner_html().replace(
        "&lt;", "<"
    ).replace("&gt;", ">")
    assert seen.complaints == []
    page.context.close()


def test_chinese_is_drawn_and_not_boxes(site: str, browser: Browser) -> None:
    page, _ = open_page(browser, f"{site}/shown/start")
    assert page.evaluate(_GLYPH, "照") != page.evaluate(_GLYPH, "证")
    page.context.close()
