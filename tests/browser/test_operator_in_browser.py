"""The operator's pages in a real browser: whole on a phone, each chart told in words, nothing complained of."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page

from hub.steps.sessions import open_session
from hub.web.callers import moment
from tests.browser.conftest import Site
from tests.flows.world import OPERATOR, ORIGIN
from tests.web.seated_officer import operator_officer

PLACES = ("/operator", "/operator/figures/decided_to_visible", "/operator/sheets", "/operator/standing/keys")


def seated(site: Site, place: str, width: int) -> Page:
    """Open a page as an officer of the operator."""
    page = site.open("/", viewport={"width": width, "height": 800})
    world = site.world
    token = world.registry.database.write(
        lambda connection: open_session(
            connection, OPERATOR, officer=operator_officer(world, "system"), term=timedelta(hours=1),
            registry=world.registry, now=moment(),
        )
    )  # fmt: skip
    page.context.add_cookies([{"name": "yizhao-department", "value": token, "url": ORIGIN}])
    page.goto(place)
    return page


@pytest.mark.parametrize("width", [360, 1280])
def test_operators_pages_are_whole_and_every_chart_is_told_in_words(hub_site: Site, width: int) -> None:
    page = seated(hub_site, PLACES[0], width)
    widths = [(page.goto(place), page.evaluate("document.documentElement.scrollWidth"))[1] for place in PLACES]
    assert widths == [width] * len(PLACES)
    page.goto(PLACES[0])
    assert page.locator("svg.chart").count() == page.get_by_role("img", name="").locator("desc").count() > 2
    page.get_by_role("link", name="从决定到可查", exact=True).click()
    assert "自然日数" in page.locator("main").inner_text()
    assert (hub_site.complaints, hub_site.strangers) == ([], [])
