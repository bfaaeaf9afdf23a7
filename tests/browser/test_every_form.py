"""Every form in a real browser: hostile text and names of 120 characters in all of its fields, sent as they are.

What comes back is a page that runs nothing of it, stands out of no phone, and is no failure of the hub's.
"""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page
from sqlalchemy import func, select

from hub.store import tables
from hub.web.callers import moment
from hub.web.pages import TEMPLATES
from schemas.statement import Ordered
from tests.browser.conftest import Site
from tests.browser.own_states import HOSTILE, LONG
from tests.browser.site import SCREENS
from tests.browser.test_operator_in_browser import seated
from tests.browser.test_signing_in import sign_in as sign_in_enterprise
from tests.browser.test_window_officer import sign_in as sign_in_officer
from tests.flows.grant_world import ask, asked_content
from tests.flows.world import MARKET, SHOP, food_number, food_order
from tests.web.officers import open_officer

_PHONE = {"width": 360, "height": 740}
_TEXTS = {"hostile": HOSTILE, "long": LONG}

ENTERPRISE = {
    "/enterprise/agents/new": "/enterprise/agents/new",
    "/enterprise/agents/confirmation": "/enterprise/agents/confirmation",
    "/enterprise/downloads/new": "/enterprise/downloads/new",
    "/enterprise/grants/end-all": "/enterprise/grants/end-all",
    "/enterprise/grants/new": "/enterprise/grants/new",
    "/enterprise/objections/new": "/enterprise/objections/new",
    "/enterprise/objections/new of a certificate": "/enterprise/objections/new?about=1.2.156.3005.2.1",
    "/enterprise/presentations/new": "/enterprise/presentations/new",
    "/enterprise/reminders": "/enterprise/reminders",
    "{{ request_path }}/refusal": "/enterprise/open-requests/REQUEST/refusal",
    "{{ action }} to sign": "/enterprise/open-requests/REQUEST",
}
OFFICERS = {
    "/department/ask to begin": "/department/ask",
    "/department/ask": "/department/ask?type=food_operation_permit",
    "/department/import": "/department/import",
    "/department/paper to begin": "/department/paper",
    "/department/paper": f"/department/paper?code={SHOP}",
    "/department/presentations": "/department/presentations",
    "/department/issue to begin": "/department/issue",
    "/department/issue": f"/department/issue?type=food_operation_permit&code={SHOP}",
    "/department/status to find": "/department/status",
    "/department/status": "/department/status?identifier=IDENTIFIER",
    "/department/task": "/department/task?number=TASK",
    "/department/window": "/department/window",
}
OPERATOR = {
    "/operator/changes/new/{{ kind }} of a system": "/operator/changes/new/systems",
    "/operator/changes/new/{{ kind }} of an officer": "/operator/changes/new/officers",
    "/operator/changes/new/{{ kind }} of a body": "/operator/changes/new/issuing-bodies",
    "/operator/changes/new/{{ kind }} of a department": "/operator/changes/new/departments",
}
VISITORS = {
    "/enterprise/sign-in": "/enterprise/sign-in",
    "/department/sign-in": "/department/sign-in",
    "/department/sign-up": "/department/sign-up",
    "/grant-requests": "/grant-requests",
    "/grant-links": "/grant-links",
    "/resolve": "/resolve",
    "/report{{ about }}": "/report/q/REFERENCE",
    "/verify": "/verify",
}
"""Each form, by its action and what it is for, and the page where it is found; capitals name what the hub holds."""
# These have no field that somebody types text into, or are walked in stories of their own: a file, a code, an import.
_WITHOUT_FIELDS = {
    "{{ action }}", "{{ form }}", "{{ path }}/withdrawal", "/components", "/department/orders", "/department/terminal",
    "/department/countersign/{{ each.name }}", "/department/sign-out", "/department/sign-out-everywhere",
    "/enterprise/agents/{{ it.digest }}/withdrawal", "/enterprise/grants/{{ it.digest }}/withdrawal",
    "/department/window/photo", "/department/presentations/{{ it.digest }}", "/department/sign-in/code",
    "/department/intakes/{{ intake }}/undo", "/operator/sign", "/operator/signing", "/operator/change-file",
    "/operator/change-file/signed", "{{ each.href }}",
    "/enterprise/sign-out", "/enterprise/switch", "/grant-links/opened", "/grant-links/sign-in",
}  # fmt: skip
_FORM = re.compile(r'<form[^>]*?action="([^"?]*)')
_FILL = """([text, index]) => {
  const MULTI = "multipart/form-data";
  const form = [...document.querySelectorAll("main form")].filter(each => each.enctype !== MULTI)[index];
  for (const field of form.elements) {
    if (field.type === "hidden" || field.type === "file" || field.tagName === "BUTTON") continue;
    if (field.type === "radio" || field.type === "checkbox") { field.checked = true; continue; }
    if (field.tagName === "SELECT") { field.selectedIndex = field.options.length - 1; continue; }
    if (field.tagName === "INPUT") field.type = "text";
    field.removeAttribute("maxlength");
    field.value = text;
  }
  HTMLFormElement.prototype.submit.call(form);
}"""
_SAID = """() => document.title + document.body.innerText
  + [...document.querySelectorAll("input, textarea")].map(each => each.value).join()"""
_LEAVES = re.compile(r"/sign-out|/switch")


@pytest.fixture(scope="module")
def names(hub_site: Site) -> dict[str, str]:
    """What the pages are about: a request, a task, a certificate and an enterprise that the hub holds."""
    world = hub_site.world
    world.now = moment()
    issued = world.issue(food_order(certificate_number=food_number(5)))
    content = {"identifier": issued["identifier"], "field": "holder_name", "reason": HOSTILE}
    world.give(Ordered.ASK_CORRECTION, content, system="health", alone=True)
    with world.registry.database.read() as connection:
        task = connection.execute(select(func.max(tables.notice.c.number))).scalar_one()
    until = (moment() + timedelta(days=9)).isoformat(timespec="seconds")
    asked = ask(world, asked_content(valid_until=until, item_name=LONG[:100], case_number="<b>1</b>"))
    return {
        "REQUEST": asked["request"],
        "TASK": str(task),
        "IDENTIFIER": issued["identifier"],
        "REFERENCE": issued["holder_reference"],
    }


@pytest.fixture(scope="module")
def enterprise(hub_site: Site) -> Iterator[Page]:
    page = hub_site.open("/enterprise", viewport=_PHONE)
    sign_in_enterprise(page)
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def officer(hub_site: Site) -> Iterator[Page]:
    account = open_officer(hub_site.world, "b-forms", MARKET)
    page = hub_site.open("/department", viewport=_PHONE)
    sign_in_officer(page, account)
    page.get_by_role("button", name="登记为窗口终端").click()
    page.wait_for_url("**/department?lang=zh")
    yield page
    page.context.close()


@pytest.fixture(scope="module")
def operator(hub_site: Site) -> Iterator[Page]:
    page = seated(hub_site, "/operator/changes", 360)
    yield page
    page.context.close()


@pytest.fixture
def visitor(hub_site: Site) -> Iterator[Page]:
    page = hub_site.open("/", viewport=_PHONE)
    yield page
    page.context.close()


def test_every_form_there_is_stands_in_a_table_here() -> None:
    texts = [path.read_text(encoding="utf-8") for path in sorted(TEMPLATES.glob("*.html"))]
    actions = {action for text in texts for action in _FORM.findall(text)}
    walked = {re.split(" (?:of|to) ", name)[0] for name in ENTERPRISE | OFFICERS | OPERATOR | VISITORS}
    assert {each for each in actions if not each.startswith("{% ")} - walked - _WITHOUT_FIELDS == set()


@pytest.mark.parametrize("kind", _TEXTS)
@pytest.mark.parametrize("form", ENTERPRISE)
def test_a_form_of_an_enterprise_takes_it(
    form: str, kind: str, enterprise: Page, hub_site: Site, names: dict[str, str]
) -> None:
    assert faults(enterprise, ENTERPRISE[form], kind, hub_site, names) == []


@pytest.mark.parametrize("kind", _TEXTS)
@pytest.mark.parametrize("form", OFFICERS)
def test_a_form_of_an_officer_takes_it(
    form: str, kind: str, officer: Page, hub_site: Site, names: dict[str, str]
) -> None:
    assert faults(officer, OFFICERS[form], kind, hub_site, names) == []


@pytest.mark.parametrize("kind", _TEXTS)
@pytest.mark.parametrize("form", OPERATOR)
def test_a_form_of_the_operator_takes_it(
    form: str, kind: str, operator: Page, hub_site: Site, names: dict[str, str]
) -> None:
    assert faults(operator, OPERATOR[form], kind, hub_site, names) == []


@pytest.mark.parametrize("kind", _TEXTS)
@pytest.mark.parametrize("form", VISITORS)
def test_a_form_of_a_visitor_takes_it(
    form: str, kind: str, visitor: Page, hub_site: Site, names: dict[str, str]
) -> None:
    assert faults(visitor, VISITORS[form], kind, hub_site, names) == []


def faults(page: Page, place: str, kind: str, site: Site, names: dict[str, str]) -> list[str]:
    """Fill each form of a page with a text and send it; return what is wrong with what came back."""
    kept = re.sub(r"[^a-zA-Z]+", "-", place).strip("-")[:60]
    for name, value in names.items():
        place = place.replace(name, value)
    page.goto(place)
    count = page.locator("main form:not([enctype='multipart/form-data'])").count()
    actions = [
        page.locator("main form:not([enctype='multipart/form-data'])").nth(index).get_attribute("action") or ""
        for index in range(count)
    ]
    sent = [index for index, action in enumerate(actions) if not _LEAVES.search(action)]
    assert sent, place
    return [wrong for index in sent for wrong in _sent(page, place, index, kind, site, f"{kept}-{index}-{kind}")]


def _sent(page: Page, place: str, index: int, kind: str, site: Site, kept: str) -> Iterator[str]:
    page.goto(place)
    begun = len(site.complaints)
    with page.expect_navigation() as answered:
        page.evaluate(_FILL, [_TEXTS[kind], index])
    at = f"{place} form {index}"
    status = answered.value.status
    if not 200 <= status < 500:
        yield f"{at}: answered {status}"
    page.screenshot(path=SCREENS / f"form-{kept}.png", full_page=True)
    if page.locator("main script, img[src=x]").count():
        yield f"{at}: what was typed became markup"
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        yield f"{at}: stands out of the phone"
    said = page.evaluate(_SAID)
    if "&49" in said:
        yield f"{at}: what was typed was worked out"
    # Chromium itself reports that a page was answered 404 or 422.
    yield from (f"{at}: {text}" for text in site.complaints[begun:] if "Failed to load resource" not in text)
