"""A stranger at a shop door: scans, keeps, reports, verifies; on a phone, with scripts off, against a whole hub."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from hub.store.database import Database
from tests.browser.site import SCREENS
from tests.flows.world import OTHER_SHOP, food_number, food_order, licence_order, make_world
from tests.web.served import client_of, issue, served

_PHONE: ViewportSize = {"width": 390, "height": 844}
# Bytes on the wire of the page and of all that it loads, headers too, with nothing cached.
_CARRIED = """() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
  .map(each => each.encodedBodySize + 300)"""
_WECHAT = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Mobile Safari/537.36 MicroMessenger/8.0.50"


@pytest.fixture(scope="module")
def address(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a whole hub, and the reference of a permit of a shop."""
    folder = tmp_path_factory.mktemp("scanned")
    file = folder / "hub.sqlite"
    file.write_bytes(sqlite_template.read_bytes())
    with closing(Database(f"sqlite:///{file}")) as database:
        world = make_world(database, folder, datetime.now(UTC) - timedelta(seconds=20))
        with served(f"sqlite:///{file}", folder) as client:
            market = client_of((client, world), "market")
            issue(market, licence_order(licence_number=OTHER_SHOP, certificate_number=OTHER_SHOP))
            made = issue(market, food_order(licence_number=OTHER_SHOP, certificate_number=food_number(5)))
            yield str(client.base_url).rstrip("/"), str(made["reference"])


def _phone(browser: Browser, *, user_agent: str | None = None) -> Page:
    context = browser.new_context(
        locale="zh-CN", viewport=_PHONE, java_script_enabled=False, user_agent=user_agent
    )  # fmt: skip
    return context.new_page()


def test_scan_keep_and_reopen_without_scripts_in_wechat(address: tuple[str, str], browser: Browser) -> None:
    page = _phone(browser, user_agent=_WECHAT)
    page.goto(f"{address[0]}/c/{address[1]}")
    page.get_by_role("link", name="留存这次结果").click()
    assert page.get_by_text("签名属实").is_visible()
    assert page.get_by_role("link", name="下载 PDF 文件").count() == 0
    page.locator("img.kept").scroll_into_view_if_needed()
    page.wait_for_load_state("networkidle")
    page.screenshot(path=SCREENS / "story-kept-wechat.png", full_page=True)
    kept = page.url
    page.get_by_role("link", name="查看现在的证照页").click()
    assert page.locator(".verdict .outcome").inner_text().startswith("有效")
    assert _phone(browser).goto(kept).status == 200  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", ["q", "c"])
def test_the_whole_page_is_under_60_kb_on_the_wire(address: tuple[str, str], browser: Browser, kind: str) -> None:
    page = browser.new_context(locale="zh-CN", viewport=_PHONE).new_page()
    page.goto(f"{address[0]}/c/{address[1]}")
    if kind == "q":
        page.get_by_role("link", name="查看该主体的全部证照").click()
        page.wait_for_load_state("load")
    carried = page.evaluate(_CARRIED)
    assert len(carried) >= 3
    assert 0 < sum(carried) < 60 * 1024


def test_a_false_code_is_reported_without_scripts_and_nothing_typed_is_lost(
    address: tuple[str, str], browser: Browser
) -> None:
    page = _phone(browser)
    page.goto(f"{address[0]}/c/{address[1]}")
    page.get_by_role("link", name="反映问题或假码").click()
    page.get_by_label("码是贴上去的、被换过，或打开的不是本平台").check()
    page.get_by_label("您看到了什么").fill("门上贴着另一张码")
    page.get_by_role("button", name="提交").click()
    # Sent within a second, as no person does: asked once more, with all that was typed still there.
    assert page.get_by_label("您看到了什么").input_value() == "门上贴着另一张码"
    page.wait_for_timeout(2_100)
    page.get_by_role("button", name="提交").click()
    assert page.get_by_role("heading", name="已收到，谢谢").is_visible()
    page.screenshot(path=SCREENS / "story-reported.png", full_page=True)


def test_a_photograph_and_a_pasted_code_are_verified_without_scripts(
    address: tuple[str, str], browser: Browser, tmp_path: Path
) -> None:
    page = _phone(browser)
    picture = tmp_path / "code.png"
    picture.write_bytes(page.request.get(f"{address[0]}/qr/c/{address[1]}.png").body())
    page.goto(f"{address[0]}/verify")
    page.get_by_label("或拍一张二维码").set_input_files(picture)
    page.get_by_role("button", name="验证照片").click()
    assert page.locator(f"a[href='/c/{address[1]}']").is_visible()
    page.get_by_label("或粘贴文字、网址").fill("随便一段文字")
    page.get_by_role("button", name="验证内容").click()
    assert page.locator(".verdict h1").is_visible()
    page.screenshot(path=SCREENS / "story-verified.png", full_page=True)


def test_with_scripts_a_dropped_file_is_verified_at_once(address: tuple[str, str], browser: Browser) -> None:
    page = browser.new_context(locale="zh-CN").new_page()
    page.goto(f"{address[0]}/verify")
    page.evaluate(
        """text => { const files = new DataTransfer(); files.items.add(new File([text], "code.txt"));
        document.getElementById("drop").dispatchEvent(new DragEvent("drop", {dataTransfer: files})); }""",
        f"{address[1]}",
    )
    page.locator(".verdict h1").wait_for()
    assert page.locator(f"a[href='/c/{address[1]}']").is_visible()
