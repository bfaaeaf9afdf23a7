"""The operator's persons in a real browser: each signed in, at a workplace, with a key of his own."""

from datetime import timedelta

from playwright.sync_api import Page

from hub.steps.sessions import open_session
from hub.web.callers import moment
from tests.browser.conftest import Site
from tests.browser.opening import axe_violations
from tests.browser.site import SCREENS
from tests.flows.world import OPERATOR, ORIGIN
from tests.web.persons import enrol_person

PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 900}


def sign_in(site: Site, page: Page, number: str) -> None:
    """Let an officer of the operator be signed in at a page's browser."""
    registry = site.world.registry
    token = registry.database.write(
        lambda connection: open_session(
            connection, OPERATOR, officer=number, term=timedelta(hours=1), registry=registry, now=moment()
        )
    )
    page.context.add_cookies([{"name": "yizhao-department", "value": token, "url": ORIGIN}])


def person_at_work(site: Site, number: str, duty: str) -> Page:
    """Return the page of a person whose browser is a terminal and signs for him."""
    enrol_person(site.world, number, duty)
    page = site.open("/", viewport=DESKTOP)
    sign_in(site, page, number)
    page.goto("/department/terminal?lang=zh")
    page.get_by_role("button", name="登记为窗口终端").click()
    page.wait_for_url("**/department?lang=zh")
    page.goto("/operator/signing?lang=zh")
    page.get_by_role("button", name="用这个浏览器签署").click()
    page.wait_for_url("**/operator/changes?lang=zh")
    return page


def looked_at(page: Page, name: str) -> list[str]:
    """Take pictures of a page in both sizes and lights; return what axe-core finds and what stands out of the page."""
    found = []
    for size, view in (("phone", PHONE), ("desktop", DESKTOP)):
        page.set_viewport_size(view)  # type: ignore[arg-type]
        for light in ("light", "dark"):
            page.emulate_media(color_scheme=light)
            page.screenshot(path=SCREENS / f"operator-{name}-{size}-{light}.png", full_page=True)
            found += [f"{size} {light}: {each}" for each in axe_violations(page)]
        width = page.evaluate("document.documentElement.scrollWidth")
        found += [f"{size}: {width} wide"] if width > view["width"] else []
    page.emulate_media(color_scheme="light")
    return found
