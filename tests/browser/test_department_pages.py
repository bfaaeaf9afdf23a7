"""Every page of an officer on a phone: nothing stands out of it, axe-core and the browser complain of nothing."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Site
from tests.browser.opening import axe_violations
from tests.browser.site import SCREENS
from tests.browser.test_window_officer import sign_in
from tests.flows.intake_world import csv_file, type_row
from tests.flows.world import MARKET, SHOP, sharing_rule
from tests.web.officers import open_officer

_PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def seated(hub_site: Site) -> Page:
    """An officer of the market bureau at a terminal, on a narrow screen."""
    account = open_officer(hub_site.world, "b-pages", MARKET)
    hub_site.world.put_rule(sharing_rule(code="rule-page"), system="health")
    page = hub_site.open("/department", viewport=_PHONE)
    sign_in(page, account)
    page.get_by_role("button", name="登记为窗口终端").click()
    page.wait_for_url("**/department?lang=zh")
    return page


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


@pytest.mark.parametrize(
    "path",
    [
        "/department",
        "/department/window",
        "/department/presentations",
        "/department/paper",
        f"/department/paper?code={SHOP}",
        "/department/ask",
        "/department/ask?type=food_operation_permit&type=business_licence",
        "/department/import/collected",
        "/department/tasks",
        "/department/task?number=1",
        f"/department/issue?type=food_operation_permit&code={SHOP}",
        "/department/issue",
        f"/department/status?code={SHOP}",
        "/department/import",
        "/department/countersign",
        "/department/own",
        "/department/own/sharing",
        "/department/own/acts",
        "/department/sign-in",
        "/department/sign-up",
        "/department/own?text=large",
        "/department/issue?type=food_operation_permit&lang=en",
    ],
)
def test_a_page_fits_a_phone_and_axe_finds_nothing(path: str, seated: Page, hub_site: Site) -> None:
    seated.goto(path)
    seated.screenshot(path=SCREENS / f"department-{path.removeprefix('/').replace('/', '-')[:40]}.png", full_page=True)
    assert (fits(seated), axe_violations(seated), "{{" in seated.content()) == (True, [], False)
    assert (hub_site.complaints, hub_site.strangers) == ([], [])


def test_a_sheet_is_tried_out_and_its_difference_seen(seated: Page, hub_site: Site, tmp_path: Path) -> None:
    file = tmp_path / "sheet.csv"
    file.write_bytes(csv_file([type_row(31)]))
    seated.goto("/department/import")
    seated.get_by_label("证照类型").select_option("food_operation_permit")
    seated.get_by_label("表格文件").set_input_files(file)
    seated.get_by_role("button", name="下一步").click()
    seated.get_by_role("heading", name="核对并签署").wait_for()
    assert (fits(seated), axe_violations(seated)) == (True, [])
    seated.get_by_role("button", name="签署并办理").click()
    seated.get_by_role("link", name="上传文件").click()
    seated.get_by_label("表格文件").set_input_files(file)
    seated.get_by_role("button", name="上传").click()
    seated.get_by_text("全部办完").wait_for()
    assert (fits(seated), axe_violations(seated)) == (True, [])
    assert "将会颁发" in seated.locator("main").inner_text()
    assert hub_site.complaints == []
