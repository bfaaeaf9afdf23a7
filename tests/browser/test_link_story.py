"""A person whom an enterprise sent a one-time link, in a real browser, on a phone: opens it, signs in, reads it."""

from hub.web.callers import moment
from tests.browser.conftest import Site
from tests.browser.opening import axe_violations
from tests.browser.site import SCREENS
from tests.flows.test_grant_links import NAME, NUMBER, give

_PHONE = {"width": 390, "height": 844}


def test_a_person_opens_a_link_signs_in_and_reads_what_was_granted(hub_site: Site) -> None:
    world = hub_site.world
    world.make_licence()
    world.now = moment()
    code = give(world)["code"]
    page = hub_site.open(f"/grant-links#{code}", viewport=_PHONE)
    page.get_by_label("姓名").fill(NAME)
    # The code went from behind the number sign into a form, and stands in no address.
    assert code not in page.url
    page.get_by_label("证件号码").fill(NUMBER)
    page.get_by_role("button", name="登录并确认").click()
    page.get_by_role("button", name="打开并查阅").click()
    page.get_by_role("heading", name="中山示例餐饮有限公司").wait_for()
    page.screenshot(path=SCREENS / "story-link-opened.png", full_page=True)
    assert page.get_by_role("link", name="下载加注件").count() == 1
    assert (axe_violations(page), page.evaluate("document.documentElement.scrollWidth")) == ([], 390)
    assert (hub_site.complaints, hub_site.strangers) == ([], [])
