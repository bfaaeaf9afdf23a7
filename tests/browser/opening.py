"""Opening a page in a browser, and all that the browser has to say about it."""

from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from playwright.sync_api import Browser, Page

_AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
_RUN_AXE = """async () => {
  const found = await axe.run(document, {resultTypes: ["violations"]});
  return found.violations.map(each => `${each.id}: ${each.nodes[0].html.slice(0, 160)}`);
}"""


@dataclass(slots=True)
class Seen:
    """What a browser complained about, every address it asked for, and how many bytes came, uncompressed."""

    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    carried: int = 0


def open_page(browser: Browser, address: str, **options: Any) -> tuple[Page, Seen]:
    """Open an address in a context of its own."""
    seen = Seen()
    page = browser.new_context(locale="zh-CN", **options).new_page()
    page.on("console", lambda message: seen.complaints.append(message.text))
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("dialog", lambda dialog: seen.complaints.append(dialog.message))
    page.on("request", lambda request: seen.asked.append(request.url))
    answers: list[Any] = []
    page.on("response", lambda response: answers.append(response))
    response = page.goto(address, wait_until="load")
    assert response is not None
    seen.carried = sum(len(each.body()) for each in answers if each.status == 200)
    # Chromium itself reports that a page was answered 404; that is what was asked for.
    seen.complaints = [text for text in seen.complaints if response.status == 200 or "404" not in text]
    return page, seen


def axe_violations(page: Page) -> list[str]:
    """Return what axe-core finds wrong (WCAG 2.2 AA and best practice), each with where it stands first."""
    page.evaluate(_AXE)
    found: list[str] = page.evaluate(_RUN_AXE)
    return found
