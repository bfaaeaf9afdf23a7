"""Two persons make a change in a real browser, each with a key that stays in his own; every page of it looked at."""

import json

import pytest
from playwright.sync_api import Page

from signing.jws import unverified_payload
from tests.browser.conftest import Site
from tests.browser.operator_pages import looked_at, person_at_work
from tests.flows.test_sharing_sheet import SHEET
from tests.flows.world import HEALTH, ORIGIN

_EXTRACTABLE = """async () => {
  const done = request => new Promise(resolve => { request.onsuccess = () => resolve(request.result); });
  const database = await done(indexedDB.open("yizhao-terminal", 1));
  const kept = await done(database.transaction("keys").objectStore("keys").getAll());
  return kept.map(each => each.privateKey.extractable);
}"""
KINDS = ("systems", "officers", "issuing-bodies", "departments", "sharing-sheets", "items")


@pytest.fixture(scope="module")
def first(hub_site: Site) -> Page:
    return person_at_work(hub_site, "b-system", "system")


@pytest.fixture(scope="module")
def second(hub_site: Site) -> Page:
    return person_at_work(hub_site, "b-security", "security")


def test_two_persons_enrol_an_officer_each_in_a_browser_of_his_own(hub_site: Site, first: Page, second: Page) -> None:
    first.goto("/operator/changes?lang=zh")
    assert looked_at(first, "changes-none") == []
    first.get_by_role("link", name="登记、变更或停用人员").click()
    first.get_by_label("人员编号").fill("b-new")
    first.get_by_label("所属部门").select_option(HEALTH)
    first.get_by_role("button", name="下一步").click()
    assert looked_at(first, "change-first") == []
    first.get_by_role("button", name="签署，交第二人").click()
    first.get_by_role("heading", name="还差一人签署").wait_for()
    assert looked_at(first, "change-waits") == []
    first.get_by_role("link", name="返回变更").click()
    first.get_by_role("link", name="登记、变更或停用人员").first.click()
    assert "出自同一人" in first.locator("main").inner_text()
    assert looked_at(first, "change-same-person") == []
    second.goto("/operator/changes?lang=zh")
    assert looked_at(second, "changes-waiting") == []
    second.get_by_role("link", name="登记、变更或停用人员").first.click()
    assert looked_at(second, "change-second") == []
    second.get_by_role("button", name="签署并生效").click()
    second.get_by_text("已生效，并已存证").wait_for()
    assert looked_at(second, "change-done") == []
    assert second.evaluate(_EXTRACTABLE) == [False, False]
    assert (hub_site.complaints, hub_site.strangers) == ([], [])


def test_a_sheet_is_read_in_the_browser_and_its_difference_seen(hub_site: Site, first: Page) -> None:
    first.goto("/operator/changes/new/sharing-sheets?lang=zh")
    file = {"name": "sheet.csv", "mimeType": "text/csv", "buffer": SHEET.encode()}
    first.get_by_label("表格文件").set_input_files(file)  # type: ignore[arg-type]
    first.get_by_role("button", name="下一步").click()
    first.get_by_role("heading", name="核对并签署").wait_for()
    assert "rule-2" in first.locator("main").inner_text()
    assert looked_at(first, "change-sheet") == []
    large = {"name": "sheet.csv", "mimeType": "text/csv", "buffer": b"x" * 150_001}
    first.goto("/operator/changes/new/sharing-sheets?lang=zh")
    first.get_by_label("表格文件").set_input_files(large)  # type: ignore[arg-type]
    first.get_by_role("button", name="下一步").click()
    first.get_by_text("文件超过 150 KB").wait_for()
    assert (hub_site.complaints, hub_site.strangers) == ([], [])


@pytest.mark.parametrize("kind", KINDS)
def test_form_of_a_change_is_whole_in_every_size_and_light(kind: str, hub_site: Site, first: Page) -> None:
    first.goto(f"/operator/changes/new/{kind}?lang=zh")
    assert looked_at(first, f"form-{kind}") == []
    first.goto(f"/operator/changes/new/{kind}?lang=en")
    assert looked_at(first, f"form-{kind}-en") == []
    assert (hub_site.complaints, hub_site.strangers) == ([], [])


def test_a_wrong_form_says_what_is_wrong_and_keeps_what_was_typed(hub_site: Site, first: Page) -> None:
    first.goto("/operator/changes/new/systems?lang=zh")
    first.get_by_label("系统代号").fill("a system")
    first.get_by_label("名称", exact=True).fill("示" * 120)
    first.get_by_label("证书", exact=True).fill("not a cert")
    first.get_by_role("button", name="下一步").click()
    first.get_by_role("alert").first.wait_for()
    assert first.get_by_label("名称", exact=True).input_value() == "示" * 120
    assert looked_at(first, "form-wrong") == []
    hub_site.complaints.clear()  # Chromium itself reports the answer 422


def test_the_page_of_ones_signature_knows_its_own_browser(hub_site: Site, first: Page) -> None:
    first.goto("/operator/signing?lang=zh")
    first.get_by_text("这个浏览器可以为您签署").wait_for()
    assert looked_at(first, "signing") == []
    assert (hub_site.complaints, hub_site.strangers) == ([], [])


def test_types_of_a_release_are_signed_from_the_file_that_a_command_wrote(hub_site: Site, first: Page) -> None:
    said = {"act": "admit_type", "audience": ORIGIN, "content": {"food_operation_permit.9": "ab" * 32}}
    file = {"name": "types.json", "mimeType": "application/json", "buffer": json.dumps(said).encode()}
    first.goto("/operator/change-file?lang=zh")
    assert looked_at(first, "change-file") == []
    first.get_by_label("变更文件", exact=True).set_input_files(file)  # type: ignore[arg-type]
    first.get_by_role("button", name="下一步").click()
    first.get_by_text("food_operation_permit.9").wait_for()
    assert looked_at(first, "change-file-read") == []
    with first.expect_download() as saved:
        first.get_by_role("button", name="签署并保存签名文件").click()
    kept = json.loads(saved.value.path().read_bytes())
    assert unverified_payload(kept["approval"])["officer"] == "b-system"
    assert (hub_site.complaints, hub_site.strangers) == ([], [])
