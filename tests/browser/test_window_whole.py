"""What comes to a window beside a scanned licence, in a real browser: a code on a phone, paper, a photograph."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from hub.web.callers import moment
from hub.web.public.qr import qr_png
from schemas.parties import Duty
from tests.browser.conftest import Site
from tests.browser.opening import axe_violations
from tests.browser.site import SCREENS
from tests.browser.test_window_officer import sign_in
from tests.flows.grant_world import confirm_presentation, present, wrong
from tests.flows.intake_world import csv_file, type_row
from tests.flows.world import HEALTH, MARKET, SHOP
from tests.web.officers import open_officer

_PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
_MAY_USE_CAMERA = """async () => {
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: true });
    for (const track of stream.getTracks()) track.stop();
    return "allowed";
  } catch (error) { return error.name; }
}"""


def seated(site: Site, number: str, department: str = HEALTH, duty: Duty = Duty.CASE, **context: Any) -> Page:
    """Open a browser of its own, sign an officer in and make it a terminal."""
    account = open_officer(site.world, number, department, duty)
    page = site.open("/department", **context)
    sign_in(page, account)
    page.get_by_role("button", name="登记为窗口终端").click()
    page.wait_for_url("**/department?lang=zh")
    return page


def kept(page: Page, name: str) -> None:
    """Keep a picture of a page, which nothing stands out of and axe-core finds no fault with."""
    page.screenshot(path=SCREENS / f"window-{name}.png", full_page=True)
    fits = page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert (fits, axe_violations(page)) == (True, [])


def faults_of(site: Site) -> list[str]:
    """Return what browsers complained of, but for refusals that are meant: Chromium tells of each."""
    meant = ("Failed to load resource: the server responded with a status of 4", "Permissions policy violation: camera")
    return [each for each in site.complaints if not each.startswith(meant)]


def sign(page: Page) -> None:
    page.get_by_role("button", name="签署并办理").click()


@pytest.fixture(scope="module")
def shown_site(hub_site: Site) -> Site:
    hub_site.world.now = moment()
    hub_site.world.make_licence()
    return hub_site


def fill_in_code(page: Page, code: str, number: str = "") -> None:
    page.goto("/department/presentations")
    page.get_by_label("扫描出示码").fill(code)
    page.get_by_label("对方的统一社会信用代码").fill(number)
    page.get_by_label("本窗口名称").fill("3号窗口")
    page.get_by_label("事项编码").fill("440112001")
    page.get_by_label("办件编号").fill("2026-0001")
    page.get_by_text("选择证照类型").click()
    page.get_by_label("食品经营许可证").check()
    page.get_by_role("button", name="下一步").click()
    sign(page)


@pytest.mark.parametrize("context", [_PHONE, {}], ids=["phone", "desktop"])
def test_an_officer_asks_with_a_code_waits_for_the_holders_word_and_has_the_certificates(
    context: dict[str, Any], shown_site: Site
) -> None:
    kind = "phone" if context else "desktop"
    page = seated(shown_site, f"v-code-{kind}", **context)
    shown_site.world.now = moment()
    shown = present(shown_site.world)
    page.get_by_role("link", name="窗口调证").click()
    kept(page, f"start-{kind}")
    page.get_by_role("link", name="对方出示了出示码").click()
    kept(page, f"code-{kind}")
    fill_in_code(page, wrong(shown["digits"]), SHOP)
    page.get_by_role("alert").get_by_text("没有这个出示码").wait_for()
    kept(page, f"code-wrong-{kind}")
    fill_in_code(page, shown["digits"], SHOP)
    page.get_by_role("heading", name="等待对方在手机上确认").wait_for()
    kept(page, f"waiting-{kind}")
    confirm_presentation(shown_site.world, shown["digest"])
    # The page comes again by itself.
    page.get_by_role("heading", name="对方已确认").wait_for()
    kept(page, f"released-{kind}")
    page.get_by_role("button", name="取得证照").click()
    sign(page)
    page.get_by_role("heading", name="已取得证照").wait_for()
    kept(page, f"certificates-{kind}")
    assert page.get_by_role("link", name="下载这次办理的回执").is_visible()
    assert (faults_of(shown_site), shown_site.strangers) == ([], [])


def test_two_officers_witness_a_grant_on_paper_and_one_pulls_under_it(shown_site: Site, tmp_path: Path) -> None:
    scan = tmp_path / "scan.png"
    scan.write_bytes(qr_png("示例扫描件", 4))
    first = seated(shown_site, "v-paper")
    first.get_by_role("link", name="窗口调证").click()
    first.get_by_role("link", name="书面授权").click()
    first.get_by_label("持证主体").fill(SHOP)
    first.get_by_role("button", name="下一步").click()
    first.get_by_label("事项编码").fill("440112001")
    first.get_by_label("事项名称").fill("公共场所卫生许可")
    first.get_by_label("办件编号").fill("2026-0009")
    first.get_by_text("食品经营许可证", exact=True).click()
    first.get_by_label("经营场所面积").check()
    first.get_by_label("到哪一天").fill("2026-12-20")
    kept(first, "paper-form")
    first.get_by_role("button", name="下一步").click()
    first.get_by_role("button", name="打印授权书").wait_for()
    kept(first, "paper-sentence")
    first.emulate_media(media="print")
    first.screenshot(path=SCREENS / "window-paper-printed.png", full_page=True)
    first.emulate_media(media="screen")
    first.get_by_label("法定代表人（负责人）到场").check()
    first.get_by_label("扫描件或照片").set_input_files(scan)
    first.get_by_role("button", name="下一步").click()
    sign(first)
    first.get_by_role("heading", name="还差一名经办人会签").wait_for()
    second = seated(shown_site, "v-witness")
    second.get_by_role("link", name="会签").last.click()
    second.get_by_role("link", name="见证书面授权").click()
    second.get_by_role("heading", name="核对并签署").wait_for()
    kept(second, "paper-second")
    sign(second)
    second.get_by_role("link", name="凭这份授权取证照").click()
    second.get_by_role("button", name="下一步").click()
    second.get_by_role("radio", name="窗口书面授权").check()
    second.get_by_label("办件编号").fill("2026-0009")
    second.get_by_role("button", name="下一步").click()
    sign(second)
    second.get_by_role("heading", name="已取得证照").wait_for()
    assert (faults_of(shown_site), shown_site.strangers) == ([], [])


def test_a_photograph_is_read_where_the_browser_reads_no_codes_and_the_camera_is_the_windows_alone(
    shown_site: Site, tmp_path: Path
) -> None:
    photo = tmp_path / "photo.png"
    photo.write_bytes(qr_png(SHOP, 8))
    page = seated(shown_site, "v-photo", **_PHONE)
    assert page.evaluate(_MAY_USE_CAMERA) == "NotAllowedError"
    page.goto("/department/window")
    assert page.evaluate(_MAY_USE_CAMERA) == "allowed"
    reads_codes = page.evaluate("'BarcodeDetector' in window")
    assert page.get_by_role("button", name="用摄像头扫码").is_visible() is reads_codes
    page.get_by_label("或拍一张二维码").set_input_files(photo)
    page.get_by_role("button", name="读取照片").click()
    page.get_by_role("heading", name="中山示例餐饮有限公司").wait_for()
    kept(page, "photographed")
    assert (faults_of(shown_site), shown_site.strangers) == ([], [])


def test_a_line_is_asked_for_and_refused_with_its_reason_in_sight(shown_site: Site) -> None:
    page = seated(shown_site, "v-asks")
    page.get_by_role("link", name="申请共享").click()
    kept(page, "ask-start")
    page.get_by_label("食品经营许可证").check()
    page.get_by_role("button", name="下一步").click()
    page.get_by_label("经营项目").check()
    page.get_by_label("事项编码").fill("440112031")
    page.get_by_label("事项名称").fill("公共场所卫生许可")
    page.get_by_label("法律依据").fill("示例法第1条")
    page.get_by_label("办件编号的格式").fill(r"\d{4}-\d{4}")
    kept(page, "ask-form")
    page.get_by_role("button", name="下一步").click()
    kept(page, "ask-check")
    sign(page)
    page.get_by_role("link", name="看答复和期限").click()
    page.get_by_text("最迟").first.wait_for()
    kept(page, "ask-waiting")
    other = seated(shown_site, "v-answers", MARKET)
    other.get_by_role("link", name="待办").last.click()
    other.get_by_role("link", name="共享申请").first.click()
    other.get_by_role("radio", name="不同意", exact=True).check()
    other.get_by_label("不同意、终止或不成立的理由").select_option("unclear")
    other.get_by_label("说明").fill("请写明条款")
    other.get_by_role("button", name="下一步").click()
    sign(other)
    other.get_by_text("已办妥").wait_for()
    page.reload()
    page.get_by_text("请写明条款").wait_for()
    kept(page, "ask-refused")
    assert (faults_of(shown_site), shown_site.strangers) == ([], [])


def test_who_only_audits_finds_no_form_and_who_only_issues_no_window(shown_site: Site) -> None:
    auditor = seated(shown_site, "v-audits", MARKET, Duty.AUDIT)
    assert auditor.get_by_role("navigation", name="部门").inner_text().split() == ["首页", "待办", "本部门"]
    kept(auditor, "audit-home")
    auditor.goto("/department/issue")
    auditor.get_by_text("不包括这个页面").wait_for()
    kept(auditor, "audit-refused")
    issuer = seated(shown_site, "v-issues", MARKET, Duty.ISSUE, **_PHONE)
    places = issuer.get_by_role("navigation", name="部门").inner_text().split()
    assert places == ["首页", "待办", "颁发", "变更状态", "导入", "会签", "本部门"]
    kept(issuer, "issue-home")


def test_two_officers_undo_an_import(shown_site: Site, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.csv"
    sheet.write_bytes(csv_file([type_row(51), type_row(52)]))
    first, second = seated(shown_site, "v-imports", MARKET), seated(shown_site, "v-seconds", MARKET)
    first.goto("/department/import")
    first.get_by_label("证照类型").select_option("food_operation_permit")
    first.get_by_label("表格文件").set_input_files(sheet)
    first.get_by_label("先试后办").uncheck()
    first.get_by_role("button", name="下一步").click()
    sign(first)
    first.get_by_role("heading", name="还差一名经办人会签").wait_for()
    second.goto("/department/countersign")
    second.get_by_role("link", name="批量导入").click()
    sign(second)
    second.get_by_role("link", name="上传文件").click()
    second.get_by_label("表格文件").set_input_files(sheet)
    second.get_by_role("button", name="上传").click()
    second.get_by_text("全部办完").wait_for()
    first.goto("/department/import")
    first.locator(".card a").first.click()
    first.get_by_role("link", name="撤销整批导入").click()
    first.get_by_label("事由").fill("整份文件送错")
    first.get_by_label("文书名称").fill("更正决定书")
    first.get_by_label("文书编号").fill("示更〔2026〕1号")
    kept(first, "undo-form")
    first.get_by_role("button", name="下一步").click()
    sign(first)
    first.get_by_role("heading", name="还差一名经办人会签").wait_for()
    second.goto("/department/countersign")
    second.get_by_role("link", name="撤销整批导入").click()
    sign(second)
    second.get_by_text("已作废").wait_for()
    kept(second, "undone")
    second.get_by_role("link", name="看这次导入").click()
    second.get_by_text("已被整批撤销").wait_for()
    kept(second, "intake-undone")
    second.goto("/department/import/collected")
    kept(second, "collected")
    assert (faults_of(shown_site), shown_site.strangers) == ([], [])
