"""An officer who signs in at the city's provider of identities, in a real browser."""

from playwright.sync_api import Page

from hub.web.callers import moment
from tests.browser.conftest import Site
from tests.browser.opening import axe_violations
from tests.browser.site import SCREENS
from tests.flows.world import MARKET
from tests.provider import Provider
from tests.web.officers import open_officer


def _enrol(site: Site, provider: Provider, number: str) -> None:
    site.world.now = moment()
    identity = {"issuer": provider.issuer, "account": f"sub-{number}"}
    site.world.enrol("officers", number=number, department=MARKET, identity=identity)
    provider.subject = f"sub-{number}"


def _there_and_back(page: Page) -> None:
    page.get_by_role("link", name="用统一身份认证登录").click()
    page.get_by_role("link", name="登录").click()


def _shown(page: Page, name: str) -> None:
    """Hold a page against axe, and keep how it looks on both sizes."""
    assert axe_violations(page) == []
    for size, width, height in (("desktop", 1280, 800), ("phone", 390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.screenshot(path=SCREENS / f"{name}-{size}.png", full_page=True)


def test_an_officer_goes_to_the_provider_and_comes_back_signed_in(provider_site: Site, provider: Provider) -> None:
    _enrol(provider_site, provider, "b-two")
    provider.says = {"amr": ["pwd", "otp"]}
    page = provider_site.open("/department/own")
    _shown(page, "officer-sign-in-provider")
    _there_and_back(page)
    page.wait_for_url("**/department/terminal?next=/department/own&lang=zh")
    page.goto("/department?lang=zh")
    assert "b-two" in page.locator("main").inner_text()
    page.go_back()
    page.go_back()
    page.get_by_role("link", name="登录").click()
    assert page.get_by_role("heading", name="这次登录不是从这个浏览器刚刚发起的").is_visible()
    _shown(page, "officer-sign-in-refused")
    elsewhere = [each for each in provider_site.strangers if not each.startswith(provider.issuer)]
    assert (elsewhere, [each for each in provider_site.complaints if "422" not in each]) == ([], [])


def test_an_officer_whose_provider_asked_for_one_factor_types_the_code_of_his_app(
    provider_site: Site, provider: Provider
) -> None:
    account = open_officer(provider_site.world, "b-one")
    _enrol(provider_site, provider, "b-one")
    provider.says = {"amr": ["pwd"]}
    page = provider_site.open("/department/sign-in?lang=zh")
    _there_and_back(page)
    page.wait_for_url("**/department/sign-in/code?lang=zh")
    _shown(page, "officer-code")
    page.reload()
    page.get_by_label("动态码").fill("000000")
    page.get_by_role("button", name="登录").click()
    page.get_by_label("动态码").fill(account.code())
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("**/department/terminal?lang=zh")


def test_without_script_signing_in_at_the_provider_is_the_same(provider_site: Site, provider: Provider) -> None:
    _enrol(provider_site, provider, "b-plain")
    provider.says = {"amr": ["otp"]}
    page = provider_site.open("/department/sign-in?lang=zh", java_script_enabled=False)
    _there_and_back(page)
    page.wait_for_url("**/department/terminal?lang=zh")
