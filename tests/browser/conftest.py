"""Fixtures of a real browser before a whole hub: each person's job is done as he does it."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from hub.store.database import Database
from tests.flows.world import ORIGIN, World, food_order, licence_order, make_world
from tests.web.served import served


@dataclass(slots=True)
class Site:
    """A served hub with its world, and a browser that finds it under its own public origin."""

    world: World
    browser: Browser
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def open(self, path: str, **context: Any) -> Page:
        """Open a page in a new browser context; what it complains of and asks of others is noted."""
        page = self.browser.new_context(locale="zh-CN", base_url=ORIGIN, **context).new_page()
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "request",
            lambda request: (
                self.strangers.append(request.url) if not request.url.startswith((ORIGIN, "data:")) else None
            ),
        )
        page.goto(path)
        return page


@pytest.fixture(scope="module")
def hub_site(chromium: str, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A hub with a shop that has a business licence and a food permit, in Chromium."""
    folder = tmp_path_factory.mktemp("site")
    path = folder / "hub.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    url = f"sqlite:///{path}"
    with closing(Database(url)) as database:
        world = make_world(database, folder, datetime.now(UTC) - timedelta(seconds=20))
        world.issue(licence_order())
        world.issue(food_order())
        with served(url, folder) as client, sync_playwright() as playwright:
            # A container has no user namespaces for Chromium's own sandbox. The origin of a TEST hub is plain http:
            # the browser is told to treat it as it treats this machine.
            arguments = [
                "--no-sandbox",
                f"--host-resolver-rules=MAP hub.example.test 127.0.0.1:{client.base_url.port}",
                f"--unsafely-treat-insecure-origin-as-secure={ORIGIN}",
            ]
            browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
            yield Site(world, browser)
            browser.close()
