"""The pages in a real browser: on a phone, without JavaScript, in light and dark, and with nothing from elsewhere."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from playwright.sync_api import Browser, Page, sync_playwright
from prometheus_client import CollectorRegistry

from hub.web import problems, qr
from hub.web.observation import Observation
from hub.web.pages import Pages
from hub.web.pages.doors import language_of, routes
from hub.web.pages.static import static_app
from tests.web import shown

_ENTERPRISE = f"/q/{shown.REFERENCE}"
_CERTIFICATE = "/c/" + "0" * 25 + "2"
_PAGES = ["/", "/search", "/verify", "/api", "/nothing", _ENTERPRISE, _CERTIFICATE, f"{_ENTERPRISE}?lang=en"]
# Text and its ground: WCAG 2.2 AA asks 4.5 of normal text.
_CONTRAST = """() => {
  const lum = c => { const v = c.map(x => x / 255).map(x => x <= .04045 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4);
    return .2126 * v[0] + .7152 * v[1] + .0722 * v[2]; };
  const read = s => { const m = s.match(/[\\d.]+/g).map(Number); return {rgb: m.slice(0, 3), alpha: m[3] ?? 1}; };
  const ground = e => { for (; e; e = e.parentElement) { const c = read(getComputedStyle(e).backgroundColor);
    if (c.alpha === 1) return c.rgb; } return [255, 255, 255]; };
  const found = [];
  for (const e of document.querySelectorAll('body *')) {
    const text = [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim());
    if (!text || e.closest('.unseen, .skip') || !e.getClientRects().length) continue;
    const a = lum(read(getComputedStyle(e).color).rgb), b = lum(ground(e));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) found.push(`${e.className || e.tagName}: ${ratio.toFixed(2)}`);
  }
  return found;
}"""


@dataclass(slots=True)
class Seen:
    """What a browser complained about, and every address it asked for."""

    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The address of a server of these pages, under the hub's own security headers."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(_application(), log_level="critical", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield address
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # A container has no user namespaces for Chromium's own sandbox.
        launched = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", _PAGES)
def test_a_page_on_a_phone_is_whole_readable_and_asks_no_other_host(
    path: str, scheme: Any, site: str, browser: Browser
) -> None:
    page, seen = _open(browser, site + path, color_scheme=scheme, viewport={"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert page.evaluate(_CONTRAST) == []
    assert page.locator("h1, .outcome").first.is_visible()
    assert seen.complaints == []
    assert {address.startswith(f"{site}/") for address in seen.asked} == {True}


def test_the_style_sheet_is_applied_and_dark_is_dark(site: str, browser: Browser) -> None:
    light, _ = _open(browser, site + _ENTERPRISE, color_scheme="light")
    dark, _ = _open(browser, site + _ENTERPRISE, color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    assert (light.evaluate(ground), dark.evaluate(ground)) == ("rgb(246, 246, 243)", "rgb(18, 21, 24)")


def test_without_javascript_everything_can_be_reached(site: str, browser: Browser) -> None:
    page, _ = _open(browser, site + _ENTERPRISE, java_script_enabled=False)
    page.get_by_role("link", name="出版物经营许可证").click()
    assert page.locator(".verdict .outcome").inner_text().startswith("暂停使用")
    page.get_by_text("技术详情与二维码").click()
    assert page.get_by_text("数据摘要（SHA-256）").is_visible()
    page.get_by_role("link", name="English").click()
    assert page.locator(".verdict .outcome").inner_text().startswith("Suspended")
    page.get_by_role("link", name="See every certificate of this enterprise →").click()
    assert page.locator("h1").inner_text() == shown.NAME


def test_a_verdict_chip_leads_to_its_group(site: str, browser: Browser) -> None:
    page, _ = _open(browser, site + _ENTERPRISE, java_script_enabled=False)
    page.get_by_role("link", name="暂时无法确认").first.click()
    assert page.url.endswith("#unknown")
    assert page.get_by_role("heading", name="暂时无法确认").is_visible()


def test_the_code_of_a_page_is_drawn(site: str, browser: Browser) -> None:
    page, _ = _open(browser, site + _CERTIFICATE)
    page.get_by_text("技术详情与二维码").click()
    picture = page.locator("img.qr")
    picture.scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('img.qr').complete")
    assert picture.evaluate("image => image.naturalWidth > 0") is True


def test_a_page_prints_with_its_address_and_without_its_doors(site: str, browser: Browser) -> None:
    page, _ = _open(browser, site + _CERTIFICATE)
    page.emulate_media(media="print")
    assert page.get_by_text(f"{shown.ORIGIN}/c/").first.is_visible()
    assert page.get_by_role("link", name="English").is_hidden()


def test_a_keyboard_reaches_the_content_first(site: str, browser: Browser) -> None:
    page, _ = _open(browser, site + _ENTERPRISE)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "跳到正文"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left >= 0") is True


def _open(browser: Browser, address: str, **options: Any) -> tuple[Page, Seen]:
    seen = Seen()
    page = browser.new_context(locale="zh-CN", **options).new_page()
    page.on("console", lambda message: seen.complaints.append(message.text))
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("request", lambda request: seen.asked.append(request.url))
    response = page.goto(address, wait_until="load")
    assert response is not None
    # Chromium itself reports that a page was answered 404; that is what was asked for.
    seen.complaints = [text for text in seen.complaints if response.status == 200 or "404" not in text]
    return page, seen


def _application() -> Observation:
    app = FastAPI(openapi_url="/api/v1/openapi.json", docs_url=None, redoc_url=None)
    pages = Pages("test", shown.ORIGIN)
    bodies = {body["reference"]: body for body in shown.every_state()}

    async def enterprise(request: Request) -> HTMLResponse:
        return HTMLResponse(pages.render("enterprise", shown.enterprise(*bodies.values()), language_of(request)))

    async def certificate(request: Request, reference: str) -> HTMLResponse:
        return HTMLResponse(pages.render("certificate", shown.certificate(bodies[reference]), language_of(request)))

    async def search(request: Request) -> HTMLResponse:
        return HTMLResponse(pages.render("search", {}, language_of(request)))

    async def verify(request: Request) -> HTMLResponse:
        return HTMLResponse(pages.render("verify", {"result": None}, language_of(request)))

    problems.register(app, pages.render)
    app.include_router(routes(pages, app.openapi))
    app.include_router(qr.routes(shown.ORIGIN))
    app.mount("/static", static_app())
    app.add_api_route(_ENTERPRISE, enterprise)
    app.add_api_route("/c/{reference}", certificate)
    app.add_api_route("/search", search)
    app.add_api_route("/verify", verify)
    return Observation(app, metrics=CollectorRegistry(), failure=problems.failure)
