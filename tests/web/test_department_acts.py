"""Issuing and changing at an officer's pages: filled in from what is known, refused plainly, and grave acts by two."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from time import monotonic

import httpx
import pytest
from sqlalchemy import func, select

from hub.department.terminals import TerminalKey
from hub.store import tables
from hub.web.callers import moment
from signing.base64url import encode
from tests.flows.intake_world import csv_file, type_row
from tests.flows.registry_check import faults_beside_a_server as faults
from tests.flows.world import HEALTH, MARKET, SHOP, World, example_fields, food_number, food_order, licence_order
from tests.web.officers import at_work, form_token, post, value_of
from tests.web.served import Door

pytestmark = pytest.mark.parametrize("door", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def shop_door(door: Door) -> Door:
    door[1].issue(licence_order())
    return door


@pytest.fixture
def client(shop_door: Door) -> Iterator[httpx.Client]:
    served, world = shop_door
    world.now = moment()
    served.cookies.clear()
    yield served
    served.cookies.clear()


def issue_form(serial: int, **changes: str) -> dict[str, str]:
    """Return the form of a food permit as an officer fills it in."""
    fields = {f"field.{name}": value for name, value in example_fields("food_operation_permit").items()}
    return {
        "type": "food_operation_permit",
        "licence_number": SHOP,
        "holder_name": "中山示例餐饮有限公司",
        "holder_address": "中山市示例路1号",
        "certificate_number": food_number(serial),
        "decision_document": "准予行政许可决定书",
        "decision_number": f"示许〔2026〕{serial}号",
        "decided_on": "2026-11-20",
        "valid_from": "2026-11-20",
        "valid_to": "2031-11-19",
        **fields,
    } | changes


def annulled(client: httpx.Client, identifier: str) -> httpx.Response:
    """Fill in that a certificate is annulled."""
    page = client.get("/department/status", params={"identifier": identifier})
    form = {
        "form_token": form_token(page), "identifier": identifier, "act": "annul", "ground": "以欺骗手段取得",
        "document_name": "撤销决定书", "document_number": "示撤〔2026〕1号", "document_date": "2026-11-20",
        "works_from": "2026-11-20",
    }  # fmt: skip
    return post(client, "/department/status", form)


def changes(world: World) -> int:
    with world.registry.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(tables.status_change)).scalar_one())


def test_a_form_is_made_from_the_type_and_filled_in_with_what_is_known(client: httpx.Client, shop_door: Door) -> None:
    _, workplace = at_work(shop_door, "a-issue", MARKET)
    shown = client.get("/department/issue", params={"type": "food_operation_permit", "code": SHOP})
    assert value_of(shown, "holder_name") == "中山示例餐饮有限公司"
    assert value_of(shown, "field.legal_representative") == "示例甲"
    checked = post(client, "/department/issue", issue_form(11) | {"form_token": form_token(shown)})
    done = workplace.order(client, checked)
    assert "已办妥" in done.text
    page = done.text.partition('href="/c/')[2].partition('"')[0]
    assert food_number(11) in client.get(f"/c/{page}").text


def test_what_is_wrong_in_a_form_is_said_and_nothing_typed_is_lost(client: httpx.Client, shop_door: Door) -> None:
    at_work(shop_door, "a-wrong", MARKET)
    shown = client.get("/department/issue", params={"type": "food_operation_permit", "code": SHOP})
    typed = issue_form(12, valid_to="2020-01-01", decision_number="") | {"form_token": form_token(shown)}
    wrong = post(client, "/department/issue", typed)
    assert (wrong.status_code, 'href="#f-decision_number"' in wrong.text) == (422, True)
    assert value_of(wrong, "certificate_number") == food_number(12)


def test_a_grave_act_is_done_by_the_second_officer_and_not_before(client: httpx.Client, shop_door: Door) -> None:
    _, world = shop_door
    identifier, before = world.issue(food_order())["identifier"], changes(world)
    _, first = at_work(shop_door, "a-first", MARKET)
    parked = first.order(client, annulled(client, identifier))
    assert ("还差一名经办人会签" in parked.text, changes(world)) == (True, before)
    listed = client.get("/department/countersign")
    path = listed.text.partition('href="/department/countersign/')[2].partition('"')[0]
    own = first.order(client, client.get(f"/department/countersign/{path}"))
    assert (own.status_code, changes(world)) == (422, before)
    _, second = at_work(shop_door, "a-second", MARKET)
    done = second.order(client, client.get(f"/department/countersign/{path}"))
    assert ("已办妥" in done.text, changes(world)) == (True, before + 1)
    assert client.get(f"/department/countersign/{path}").status_code == 404
    assert faults(world) == []


def test_a_form_that_is_sent_twice_does_one_act(client: httpx.Client, shop_door: Door) -> None:
    _, world = shop_door
    _, workplace = at_work(shop_door, "a-twice", MARKET)
    shown = client.get("/department/issue", params={"type": "food_operation_permit", "code": SHOP})
    checked = post(client, "/department/issue", issue_form(31) | {"form_token": form_token(shown)})
    form = workplace.signed(checked)
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: post(client, "/department/orders", form), range(3)))
    assert [("已办妥" in each.text, each.status_code) for each in answers] == [(True, 200)] * 3
    assert faults(world) == []


def test_an_order_is_parked_once_and_what_was_seconded_is_answered_again(client: httpx.Client, shop_door: Door) -> None:
    _, world = shop_door
    identifier, before = world.issue(food_order(certificate_number=food_number(32)))["identifier"], changes(world)
    _, first = at_work(shop_door, "a-parks-once", MARKET)
    form = first.signed(annulled(client, identifier))
    for_nothing = [post(client, "/department/orders", form) for _ in range(3)]
    assert {"还差一名经办人会签" in each.text for each in for_nothing} == {True}
    path = client.get("/department/countersign").text.rpartition('href="/department/countersign/')[2].partition('"')[0]
    _, second = at_work(shop_door, "a-seconds-once", MARKET)
    seconded = second.signed(client.get(f"/department/countersign/{path}"))
    done = [post(client, "/department/orders", seconded) for _ in range(2)]
    assert [("已办妥" in each.text, each.status_code) for each in done] == [(True, 200)] * 2
    assert (changes(world), faults(world)) == (before + 1, [])


def test_who_parked_an_order_takes_it_back_and_nobody_else(client: httpx.Client, shop_door: Door) -> None:
    _, world = shop_door
    identifier = world.issue(food_order(certificate_number=food_number(33)))["identifier"]
    _, first = at_work(shop_door, "a-takes-back", MARKET)
    first.order(client, annulled(client, identifier))
    listed = client.get("/department/countersign")
    path = listed.text.rpartition('href="/department/countersign/')[2].partition('"')[0].partition("?")[0]
    mine, seat = {"form_token": form_token(listed)}, client.cookies["yizhao-department"]
    at_work(shop_door, "a-bystander", MARKET)
    theirs = {"form_token": form_token(client.get("/department/import"))}
    assert post(client, f"/department/countersign/{path}", theirs).status_code == 404
    client.cookies.clear()
    client.cookies.set("yizhao-department", seat)
    assert client.get(f"/department/countersign/{path}").status_code == 200
    assert path not in post(client, f"/department/countersign/{path}", mine).text
    assert client.get(f"/department/countersign/{path}").status_code == 404


@pytest.mark.parametrize("content", ['{"act":[]}', '{"act":{}}', '{"wanted":5}', "[]", "{", '{"basis":7,"wanted":[1]}'])
@pytest.mark.parametrize("errand", ["change_status", "pull", "issue", "import", "nothing"])
def test_a_content_of_another_shape_is_no_failure(
    errand: str, content: str, client: httpx.Client, shop_door: Door
) -> None:
    at_work(shop_door, f"a-{errand}-{sha256(content.encode()).hexdigest()[:8]}", MARKET)
    page = client.get("/department/import")
    sent = post(client, "/department/orders", {"errand": errand, "content": content, "form_token": form_token(page)})
    assert sent.status_code in (404, 422)


def test_what_a_leaver_had_signed_is_seconded_by_nobody(client: httpx.Client, shop_door: Door) -> None:
    _, world = shop_door
    identifier = world.issue(food_order(certificate_number=food_number(4)))["identifier"]
    _, first = at_work(shop_door, "a-leaves", MARKET)
    first.order(client, annulled(client, identifier))
    path = client.get("/department/countersign").text.rpartition('href="/department/countersign/')[2].partition('"')[0]
    world.now, before = moment(), changes(world)
    world.enrol("officers", number="a-leaves", department=MARKET, active=False)
    _, second = at_work(shop_door, "a-stays", MARKET)
    refused = second.order(client, client.get(f"/department/countersign/{path}"))
    assert (refused.status_code, changes(world)) == (422, before)


def test_a_terminal_that_was_switched_off_orders_nothing(client: httpx.Client, shop_door: Door) -> None:
    _, world = shop_door
    identifier = world.issue(food_order(certificate_number=food_number(5)))["identifier"]
    _, workplace = at_work(shop_door, "a-off", MARKET)
    checked = annulled(client, identifier)
    world.now, code = moment(), TerminalKey(workplace.signer.key_id, workplace.signer.private_key.public_key()).code
    system = world.system(code)
    world.enrol(
        "systems", code=code, department=MARKET, name=system.name, roles=sorted(system.roles),
        cert=encode(system.cert_der), active=False,
    )  # fmt: skip
    assert "还不是本部门的窗口终端" in workplace.order(client, checked).text


def test_what_waits_in_another_department_is_not_found(client: httpx.Client, shop_door: Door) -> None:
    _, world = shop_door
    identifier = world.issue(food_order(certificate_number=food_number(2)))["identifier"]
    _, workplace = at_work(shop_door, "a-parks", MARKET)
    workplace.order(client, annulled(client, identifier))
    path = client.get("/department/countersign").text.partition('href="/department/countersign/')[2].partition('"')[0]
    at_work(shop_door, "a-stranger", HEALTH)
    assert client.get(f"/department/countersign/{path}").status_code == 404


def test_a_certificate_is_found_by_its_holder_and_suspended_by_one(client: httpx.Client, shop_door: Door) -> None:
    _, world = shop_door
    identifier = world.issue(food_order(certificate_number=food_number(3)))["identifier"]
    _, workplace = at_work(shop_door, "a-suspend", MARKET)
    assert identifier in client.get("/department/status", params={"code": SHOP}).text
    page = client.get("/department/status", params={"identifier": identifier})
    form = {
        "form_token": form_token(page), "identifier": identifier, "act": "suspend", "ground": "限期整改",
        "document_name": "决定书", "document_number": "示停〔2026〕1号", "document_date": "2026-11-20",
        "works_from": "2026-11-20", "until": "2027-11-20",
    }  # fmt: skip
    done = workplace.order(client, post(client, "/department/status", form))
    assert "已办妥" in done.text


def sheet(*numbers: int) -> bytes:
    return csv_file([type_row(number) for number in numbers])


def ordered_import(client: httpx.Client, file: bytes, **form: str) -> httpx.Response:
    """Choose a type and a file, of which the digest alone goes out."""
    page = client.get("/department/import")
    typed = {"type": "food_operation_permit", "file_sha256": sha256(file).hexdigest()}
    return post(client, "/department/import", typed | {"form_token": form_token(page)} | form)


def send_file(client: httpx.Client, ordered: httpx.Response, file: bytes) -> str:
    """Send the file of an import that was ordered; return the address of its page."""
    page = "/department/intakes/" + ordered.text.partition('href="/department/intakes/')[2].partition("?")[0]
    headers = {"x-form-token": form_token(client.get(page)), "content-type": "application/octet-stream"}
    assert client.put(f"{page}/file", content=file, headers=headers).status_code == 200
    return page


def seen(client: httpx.Client, page: str, words: str) -> bool:
    """Load a page that loads itself again, until it says something, a minute at most."""
    ends = monotonic() + 60
    return any(words in client.get(page).text for _ in iter(lambda: monotonic() < ends, False))


def test_a_sheet_is_tried_out_by_one_and_its_difference_shown(client: httpx.Client, shop_door: Door) -> None:
    _, workplace = at_work(shop_door, "a-tries", MARKET)
    file = sheet(21, 22)
    ordered = workplace.order(client, ordered_import(client, file, dry_run="yes"))
    page = send_file(client, ordered, file)
    assert seen(client, page, "全部办完")
    assert "将会颁发" in client.get(page).text
    assert client.get(f"{page}/outcome").text.count("would_issue") == 2


def test_a_sheet_is_taken_in_by_two_and_no_other_file_is(client: httpx.Client, shop_door: Door) -> None:
    file = sheet(23)
    _, first = at_work(shop_door, "a-takes", MARKET)
    assert "还差一名经办人会签" in first.order(client, ordered_import(client, file)).text
    path = client.get("/department/countersign").text.rpartition('href="/department/countersign/')[2].partition('"')[0]
    _, second = at_work(shop_door, "a-takes-too", MARKET)
    ordered = second.order(client, client.get(f"/department/countersign/{path}"))
    page = "/department/intakes/" + ordered.text.partition('href="/department/intakes/')[2].partition("?")[0]
    headers = {"x-form-token": form_token(client.get(page)), "content-type": "application/octet-stream"}
    forged = client.put(f"{page}/file", content=file, headers=headers | {"x-form-token": "another"})
    other = client.put(f"{page}/file", content=sheet(24), headers=headers)
    assert (forged.json()["code"], other.json()["code"]) == ("form_foreign", "file_digest")
    send_file(client, ordered, file)
    assert seen(client, page, "已颁发")


def test_an_import_of_another_department_is_not_found(client: httpx.Client, shop_door: Door) -> None:
    _, workplace = at_work(shop_door, "a-imports", MARKET)
    ordered = workplace.order(client, ordered_import(client, sheet(25), dry_run="yes"))
    page = "/department/intakes/" + ordered.text.partition('href="/department/intakes/')[2].partition("?")[0]
    at_work(shop_door, "a-looks", HEALTH)
    assert (client.get(page).status_code, client.get(f"{page}/outcome").status_code) == (404, 404)


def test_a_department_sees_its_systems_and_what_was_ordered_in_its_name(client: httpx.Client, shop_door: Door) -> None:
    at_work(shop_door, "a-own", MARKET)
    systems, acts = client.get("/department/own"), client.get("/department/own/acts")
    assert ("窗口终端" in systems.text, "证书至" in systems.text) == (True, True)
    assert ("颁发证照" in acts.text, "market" in acts.text) == (True, True)
    assert client.get("/department/own/acts", params={"before": "1"}).text.count("<tr") == 0
    assert client.get("/department/own/sharing").status_code == 200
