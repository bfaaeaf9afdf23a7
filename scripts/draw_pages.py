"""Draws the pages that README shows: a scan page, an authorisation being signed, the operator's dashboard.

They are those of a demonstration that is loaded for it, as whoever follows README has it: its data are made up.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import noto_cjk_sans_otc
from playwright.sync_api import Browser, Page, sync_playwright

_ROOT = Path(__file__).resolve().parent.parent
_PICTURES = _ROOT / "docs" / "pictures"
_PHONE = {"width": 390, "height": 844}
_DESKTOP = {"width": 1180, "height": 900}
_ORIGIN = "http://127.0.0.1:8437"
_FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><include ignore_missing="yes">/etc/fonts/fonts.conf</include><dir>{folder}</dir></fontconfig>
"""


def main() -> int:
    """Draw all; returns the exit code."""
    chromium = shutil.which("chromium")
    with tempfile.TemporaryDirectory() as folder, _demonstration(Path(folder)) as told, sync_playwright() as playwright:
        fonts = Path(folder) / "fonts.conf"
        fonts.write_text(_FONTS.format(folder=Path(str(noto_cjk_sans_otc.__file__)).parent), encoding="utf-8")
        # A container has no user namespaces for Chromium's own sandbox.
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"], env={"FONTCONFIG_FILE": str(fonts)}
        )
        _scan(browser, told)
        _authorisation(browser)
        _dashboard(browser)
        browser.close()
    return 0


@contextmanager
def _demonstration(folder: Path) -> Iterator[str]:
    """Serve a demonstration and yield what it told to open."""
    command = [
        sys.executable,
        "-P",
        str(_ROOT / "scripts" / "start.py"),
        "--data",
        str(folder / "data"),
        "--port",
        "8437",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as serving:
        lines = []
        for line in serving.stdout or ():
            lines.append(line)
            if "yizhao verify" in line:
                break
        try:
            yield "".join(lines)
        finally:
            serving.terminate()


def _open(browser: Browser, path: str, size: dict[str, int]) -> Page:
    page = browser.new_context(locale="zh-CN", viewport=size, device_scale_factor=2).new_page()  # type: ignore[arg-type]
    page.goto(_ORIGIN + path)
    return page


def _keep(page: Page, name: str) -> None:
    page.screenshot(path=_PICTURES / f"{name}.png", animations="disabled")
    page.context.close()


def _scan(browser: Browser, told: str) -> None:
    path = re.search(r"(/q/[0-9A-Za-z]+)", told)
    if path is None:
        raise SystemExit("the demonstration told no scan page")
    _keep(_open(browser, path[1], _PHONE), "scan")


def _authorisation(browser: Browser) -> None:
    page = _open(browser, "/enterprise", _PHONE)
    page.locator("main .card a, main .cards a").first.click()
    page.get_by_role("button", name="下一步").click()
    page.get_by_role("button", name="用电子营业执照签署").click()
    page.get_by_role("link", name="授权").first.click()
    page.get_by_role("link", name="给出授权").click()
    page.get_by_label("对方的统一社会信用代码").fill(_requester(browser))
    page.get_by_label("办理什么事").fill("店铺租赁")
    page.get_by_label("事项编码").fill("lease")
    page.get_by_label("办件编号").fill("2026-0001")
    page.locator("form details summary").last.click()
    page.locator("form details").last.locator("input[type=checkbox]").first.check()
    page.get_by_label("到哪一天").fill((date.today() + timedelta(days=30)).isoformat())  # noqa: DTZ011
    page.get_by_role("button", name="下一步：预览").click()
    page.get_by_role("heading", name="对方将看到的，就是这些").wait_for()
    _keep(page, "authorisation")


def _dashboard(browser: Browser) -> None:
    page = _open(browser, "/department/overview", _DESKTOP)
    said = page.locator("main .card", has_text="平台运营方 审计员").inner_text()
    number, password, code = re.findall(r"(?:编号|密码|动态码)\s*(\S+)", said)
    page.get_by_label("经办人编号").fill(number)
    page.get_by_label("密码").fill(password)
    page.get_by_label("动态码").fill(code)
    page.get_by_role("button", name="登录").click()
    page.get_by_role("link", name="先只查看").click()
    page.wait_for_url("**/operator*")
    _keep(page, "dashboard")


def _requester(browser: Browser) -> str:
    """Return the licence number of another enterprise of the demonstration."""
    page = _open(browser, "/enterprise/sign-in", _PHONE)
    found: list[str] = re.findall(r"\b[0-9A-Z]{18}\b", page.locator("main").inner_text())
    page.context.close()
    return found[-1]


if __name__ == "__main__":
    sys.exit(main())
