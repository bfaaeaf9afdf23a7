"""Fixtures of the browser: one Chromium with a Chinese font, and a server of every page in every state."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import noto_cjk_sans_otc
import pytest
import uvicorn
from playwright.sync_api import Browser, sync_playwright

from tests.browser.site import SCREENS, application

_FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include><dir>{folder}</dir></fontconfig>
"""


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


@pytest.fixture(scope="session")
def browser(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A Chromium that finds the Chinese font of the test packages, whatever this machine has."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    fonts = tmp_path_factory.mktemp("fonts") / "fonts.conf"
    fonts.write_text(_FONTS.format(folder=Path(str(noto_cjk_sans_otc.__file__)).parent), encoding="utf-8")
    with sync_playwright() as playwright:
        # A container has no user namespaces for Chromium's own sandbox.
        launched = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"], env={"FONTCONFIG_FILE": str(fonts)}
        )
        yield launched
        launched.close()
