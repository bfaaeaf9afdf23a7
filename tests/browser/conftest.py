"""Fixtures of the browser: every page in every state on a server of its own, and a whole hub for each person."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import noto_cjk_sans_otc
import pytest
import uvicorn
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from hub.store.database import Database
from tests.browser.site import SCREENS, application
from tests.flows.world import ORIGIN, World, food_order, licence_order, make_world
from tests.provider import CLIENT, Provider, running_provider
from tests.web.served import served

_FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include><dir>{folder}</dir></fontconfig>
"""


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


@pytest.fixture(scope="session")
def site() -> Iterator[str]:
    """The address of a server of these pages, under the hub's own security headers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(application(), log_level="critical", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield address
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="package")
def driver() -> Iterator[Playwright]:
    """What drives all browsers: there may be one, and none beside tests that have a loop of their own."""
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def fonts(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Settings by which a browser finds the Chinese font of the test packages, whatever this machine has."""
    path = tmp_path_factory.mktemp("fonts") / "fonts.conf"
    path.write_text(_FONTS.format(folder=Path(str(noto_cjk_sans_otc.__file__)).parent), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="package")
def browser(chromium: str, driver: Playwright, fonts: str) -> Iterator[Browser]:
    """A Chromium with a Chinese font."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    # A container has no user namespaces for Chromium's own sandbox.
    launched = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"], env={"FONTCONFIG_FILE": fonts})
    yield launched
    launched.close()


@contextmanager
def opened_site(
    url: str, folder: Path, *, chromium: str, driver: Playwright, fonts: str, **settings: Any
) -> Iterator[Site]:
    """Serve a hub with a shop that has a business licence and a food permit, and open Chromium for it."""
    with closing(Database(url)) as database:
        world = make_world(database, folder, datetime.now(UTC) - timedelta(seconds=20))
        world.keys.make("oidc")
        world.issue(licence_order())
        world.issue(food_order())
        with served(url, folder, **settings) as client:
            # A container has no user namespaces for Chromium's own sandbox. The origin of a TEST hub is plain http: the
            # browser is told to treat it as it treats this machine.
            arguments = [
                "--no-sandbox",
                f"--host-resolver-rules=MAP hub.example.test 127.0.0.1:{client.base_url.port}",
                f"--unsafely-treat-insecure-origin-as-secure={ORIGIN}",
                # A camera of which nobody is asked: whether a page may use it is the hub's own word.
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
            ]
            launched = driver.chromium.launch(executable_path=chromium, args=arguments, env={"FONTCONFIG_FILE": fonts})
            yield Site(world, launched)
            launched.close()


@pytest.fixture(scope="module")
def hub_site(
    chromium: str, driver: Playwright, fonts: str, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A hub in Chromium."""
    folder = tmp_path_factory.mktemp("site")
    path = folder / "hub.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    with opened_site(f"sqlite:///{path}", folder, chromium=chromium, driver=driver, fonts=fonts) as opened:
        yield opened


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    """The city's provider of identities."""
    with running_provider() as running:
        yield running


@pytest.fixture(scope="module")
def provider_site(
    provider: Provider,
    chromium: str,
    driver: Playwright,
    fonts: str,
    sqlite_template: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """The same, where officers sign in at that provider too."""
    folder = tmp_path_factory.mktemp("provider-site")
    path = folder / "hub.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    with opened_site(
        f"sqlite:///{path}", folder, chromium=chromium, driver=driver, fonts=fonts, oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT, oidc_second_factors=("amr=otp",),
    ) as opened:  # fmt: skip
        provider.client_key = opened.world.keys.public_key("oidc")
        yield opened
