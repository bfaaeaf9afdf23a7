"""A window officer's whole job in a real browser: from signing in to the copies of what the item needs."""

from playwright.sync_api import Page

from tests.browser.conftest import Site
from tests.flows.world import HEALTH, SHOP
from tests.web.officers import PASSWORD, Account, open_officer

_EXTRACTABLE = """async () => {
  const done = request => new Promise(resolve => { request.onsuccess = () => resolve(request.result); });
  const database = await done(indexedDB.open("yizhao-terminal", 1));
  const kept = await done(database.transaction("keys").objectStore("keys").getAll());
  return kept.map(each => each.privateKey.extractable);
}"""


def sign_in(page: Page, account: Account, ahead: int = 0) -> None:
    page.get_by_label("经办人编号").fill(account.number)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_label("动态码").fill(account.code(ahead))
    page.get_by_role("button", name="登录").click()


def test_a_window_officer_does_his_whole_job(hub_site: Site) -> None:
    account = open_officer(hub_site.world, "b-window", HEALTH)
    hub_site.world.share()
    page = hub_site.open("/", viewport={"width": 390, "height": 844})
    page.get_by_role("link", name="部门窗口").click()
    sign_in(page, account)
    page.get_by_role("button", name="登记为窗口终端").click()
    page.wait_for_url("**/department?lang=zh")
    page.get_by_role("link", name="窗口调证").click()
    # Three actions from here on: scan, choose, sign.
    page.get_by_label("扫描或输入").fill(SHOP)
    page.keyboard.press("Enter")
    page.get_by_label("办件编号").fill("2026-0001")
    page.get_by_role("button", name="下一步").click()
    page.get_by_role("button", name="签署并办理").click()
    page.get_by_role("heading", name="已取得证照").wait_for()
    assert "中山示例餐饮有限公司" in page.locator("main").inner_text()
    assert page.evaluate(_EXTRACTABLE) == [False]
    assert (hub_site.complaints, hub_site.strangers) == ([], [])


def test_a_terminal_is_known_again_at_the_next_shift(hub_site: Site) -> None:
    account = open_officer(hub_site.world, "b-shift", HEALTH)
    page = hub_site.open("/department")
    sign_in(page, account)
    page.get_by_role("button", name="登记为窗口终端").click()
    page.wait_for_url("**/department?lang=zh")
    page.get_by_role("button", name="退出", exact=True).click()
    sign_in(page, account, ahead=1)
    page.wait_for_url("**/department?lang=zh")
    assert "只能查看" not in page.locator("main").inner_text()
