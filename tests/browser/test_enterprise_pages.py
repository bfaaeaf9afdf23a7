"""Every page of an enterprise in a browser, on a phone: whole, accessible, silent, ours alone; kept as pictures."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Site
from tests.browser.opening import axe_violations
from tests.browser.site import SCREENS
from tests.browser.test_signing_in import sign_in

_PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}}
_PAGES = (
    "", "/certificates", "/certificates/calendar", "/reminders", "/grants/new?template=lease", "/presentations/new",
    "/ledger", "/objections/new", "/agents",
)  # fmt: skip


@pytest.fixture(scope="module")
def seated(hub_site: Site) -> Iterator[Page]:
    page = hub_site.open("/enterprise", **_PHONE)
    sign_in(page)
    yield page
    page.context.close()


@pytest.mark.parametrize("path", _PAGES)
def test_a_page_of_an_enterprise_is_whole_accessible_and_silent(path: str, seated: Page, hub_site: Site) -> None:
    seated.goto(f"/enterprise{path}")
    name = path.partition("?")[0].strip("/").replace("/", "-") or "home"
    seated.screenshot(path=SCREENS / f"own-{name}-phone-zh.png", full_page=True)
    assert seated.evaluate("document.documentElement.scrollWidth") == 360
    assert axe_violations(seated) == []
    assert (hub_site.complaints, hub_site.strangers) == ([], [])
