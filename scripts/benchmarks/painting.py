"""What a browser makes of the scan page: first byte, largest paint with a processor four times slower, size.

In Chromium, driven by playwright, each time in a new context, so that nothing is cached. The largest paint is what
`PerformanceObserver` reports of "largest-contentful-paint"; sizes are bytes on the wire, headers too. Where either is
not installed nothing is measured.
"""

import importlib.util
import shutil
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scripts.benchmarks.table import Bar, Row

SLOWER = 4
_LARGEST_KB = 60
_LONGEST_MS = 1_000
_LARGEST_PAINT = """() => new Promise(resolve => new PerformanceObserver(
  list => resolve(list.getEntries().at(-1).startTime)
).observe({type: "largest-contentful-paint", buffered: true}))"""
_FIRST_BYTE = "() => { const [page] = performance.getEntriesByType('navigation'); return page.responseStart; }"
_CARRIED = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .reduce((sum, each) => sum + each.transferSize, 0)"""


@dataclass(frozen=True, slots=True)
class Painted:
    """One opening of a page: milliseconds to the first byte and to the largest paint, bytes of all that was loaded."""

    first_byte_ms: float
    largest_paint_ms: float
    carried: int


def has_browser() -> bool:
    """Say whether Chromium and what drives it are installed."""
    return shutil.which("chromium") is not None and importlib.util.find_spec("playwright") is not None


def painted(url: str, paths: Sequence[str]) -> list[Painted]:
    """Open each page once, with a processor four times slower, and return what the browser says of it."""
    from playwright.sync_api import sync_playwright

    found = []
    with sync_playwright() as playwright:
        # A container has no user namespaces for Chromium's own sandbox.
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for path in paths:
            context = browser.new_context(locale="zh-CN", viewport={"width": 390, "height": 844})
            page = context.new_page()
            context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
            page.goto(url + path, wait_until="load")
            asked = (_FIRST_BYTE, _LARGEST_PAINT, _CARRIED)
            found.append(Painted(*(page.evaluate(each) for each in asked)))
            context.close()
        browser.close()
    # The first one starts the browser's own processes.
    return found[1:]


def tell_painting(name: str, found: Sequence[Painted], say: Callable[[Row], None]) -> None:
    """Say the rows of one kind of page."""
    for what, unit, values, most in (
        ("first byte", "ms", [each.first_byte_ms for each in found], None),
        (f"largest paint, {SLOWER}× slower", "ms", [each.largest_paint_ms for each in found], _LONGEST_MS),
        ("all that is loaded", "KB", [each.carried / 1024 for each in found], _LARGEST_KB),
    ):
        bars = () if most is None else (Bar("value", most=most),)
        say(Row(f"{name}: {what}", statistics.median(values), unit, bars=bars))
