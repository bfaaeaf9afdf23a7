"""Signing in for an enterprise, in a real browser: the key is made there and stays there."""

from playwright.sync_api import Page

from tests.browser.conftest import Site
from tests.flows.world import SHOP

_EXTRACTABLE = """async () => {
  const done = request => new Promise(resolve => { request.onsuccess = () => resolve(request.result); });
  const database = await done(indexedDB.open("yizhao-test-licences", 1));
  const kept = await done(database.transaction("licences").objectStore("licences").getAll());
  return kept.map(each => each.key.extractable);
}"""


def sign_in(page: Page) -> None:
    page.get_by_label("统一社会信用代码").fill(SHOP)
    page.get_by_role("button", name="下一步").click()
    page.get_by_role("button", name="用电子营业执照签署").click()
    page.wait_for_url("**/enterprise?lang=zh")


def test_an_enterprise_signs_in_and_out(hub_site: Site) -> None:
    page = hub_site.open("/enterprise")
    assert page.url.endswith("/enterprise/sign-in?next=%2Fenterprise&lang=zh")
    sign_in(page)
    assert SHOP in page.locator("main").inner_text()
    page.get_by_role("button", name="退出").click()
    page.wait_for_url("**/enterprise/sign-in?lang=zh")
    page.go_back()
    assert "/enterprise/sign-in" in page.url
    assert (hub_site.complaints, hub_site.strangers) == ([], [])


def test_the_key_stays_in_the_browser(hub_site: Site) -> None:
    page = hub_site.open("/enterprise")
    sign_in(page)
    assert page.evaluate(_EXTRACTABLE) == [False]
