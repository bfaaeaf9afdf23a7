"""The operator's pages in a real browser: whole on a phone, each chart told in words, nothing complained of."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page

from hub.steps.sessions import open_session
from hub.supervision.figures.standing import PAGES
from hub.web.callers import moment
from schemas.certificate import civil_date
from tests.browser.conftest import Site
from tests.browser.operator_pages import looked_at
from tests.flows.keys_led import SEAL, compromised
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


EVERY = {
    "dashboard": "/operator", "figure": "/operator/figures/refused_pulls", "sheets": "/operator/sheets",
    "sheet": "/operator/sheets/{running}", "standing": "/operator/standing",
    **{f"standing-{page}": f"/operator/standing/{page}" for page in PAGES},
}  # fmt: skip


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


@pytest.mark.parametrize("name", EVERY)
def test_every_page_of_the_operator_is_whole_in_every_size_and_light(name: str, hub_site: Site) -> None:
    page = seated(hub_site, EVERY[name].format(running=f"{civil_date(moment()):%Y-%m}"), 1280)
    assert looked_at(page, name) == []
    page.goto(f"{page.url}?lang=en")
    assert looked_at(page, f"{name}-en") == []
    page.context.close()
    assert (hub_site.complaints, hub_site.strangers) == ([], [])


def test_compromised_key_leads_to_the_public_pages_of_what_it_put_in_doubt(hub_site: Site) -> None:
    world = hub_site.world
    # Other stories of this site may have set its clock: all that the key ever sealed is meant.
    world.now, key_id = moment(), world.keys.signer(SEAL).key_id
    compromised(world, next(each.from_at for each in world.registry.trust().seals if each.key_id == key_id))
    page = seated(hub_site, "/operator/standing/compromises", 1280)
    page.get_by_role("link", name="签章").first.wait_for()
    assert looked_at(page, "compromised") == []
    page.get_by_role("link", name="签章").first.click()
    assert looked_at(page, "compromised-certificates") == []
    link = page.locator("table a").first
    assert (link.get_attribute("href") or "").startswith("/c/")
    assert (hub_site.complaints, hub_site.strangers) == ([], [])
