"""Changes at the operator's pages: two persons sign, each with his own key, and the act is done once, at the second."""

from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import update

from hub.department.terminals import read_person_request, read_request
from hub.errors import AccessError
from hub.store import tables
from hub.store.entry import EntryReader
from hub.store.parties import PartyReader
from hub.web.callers import moment
from hub.web.operator.kinds import DUTIES
from schemas.canonical import canonical_digest
from schemas.parties import Duty, Officer, System
from signing.jws import unverified_payload
from tests.flows.registry_check import faults_beside_a_server
from tests.flows.test_items import SHEET
from tests.flows.test_sharing_sheet import SHEET as LINES
from tests.flows.world import HEALTH, OPERATOR, ORIGIN, World
from tests.web.officers import form_token, post, value_of
from tests.web.persons import Person, enrol_person
from tests.web.seated_officer import operator_officer, seat
from tests.web.served import Door

pytestmark = pytest.mark.parametrize("door", ["sqlite", "postgresql"], indirect=True, scope="module")


@pytest.fixture(scope="module")
def first(door: Door) -> Iterator[Person]:
    with Person(door, "p-system", "system") as person:
        yield person


@pytest.fixture(scope="module")
def second(door: Door) -> Iterator[Person]:
    with Person(door, "p-security", "security") as person:
        yield person


def entries(world: World) -> int:
    with world.registry.database.read() as connection:
        return EntryReader(connection).count()


def expire(world: World, name: str) -> None:
    """Let the term of a draft be over."""
    table = tables.parked_order
    past = update(table).where(table.c.name == name).values(ends_at=moment() - timedelta(seconds=1))
    world.registry.database.write(lambda connection: connection.execute(past))


def officer_of(world: World, number: str) -> Officer | None:
    with world.registry.database.read() as connection:
        return PartyReader(connection).officer(number)


def system_of(world: World, code: str) -> System | None:
    with world.registry.database.read() as connection:
        return PartyReader(connection).system(code)


def _officer(door: Door, number: str) -> Officer | None:
    with door[1].registry.database.read() as connection:
        return PartyReader(connection).officer(number)


def drafted(first: Person, number: str, **form: str) -> httpx.Response:
    page = first.draft("officers", **({"number": number, "department": HEALTH, "duty": "case"} | form))
    return first.sign(page)


def test_officer_is_enrolled_when_the_second_person_has_signed(door: Door, first: Person, second: Person) -> None:
    assert "还差一人签署" in drafted(first, "n-001").text
    assert officer_of(door[1], "n-001") is None
    path = second.waiting()[-1]
    page = second.browser.get(path)
    assert all(said in page.text for said in ("p-system", "n-001", "新增", HEALTH))
    assert "已生效" in second.sign(page).text
    assert officer_of(door[1], "n-001") == Officer("n-001", HEALTH, active=True, duty=Duty.CASE)
    assert path not in second.waiting()


@pytest.mark.parametrize("duty", ["issue", "pull"])
def test_officer_of_a_part_of_the_work_keeps_it_when_he_is_changed(
    door: Door, first: Person, second: Person, duty: str
) -> None:
    assert set(DUTIES) == set(Duty), "every duty has words"
    drafted(first, f"n-{duty}", duty=duty)
    second.sign(second.browser.get(second.waiting()[-1]))
    form = first.browser.get(f"/operator/changes/new/officers?of=n-{duty}")
    assert (form.status_code, f'value="{duty}" selected' in form.text) == (200, True)
    assert _officer(door, f"n-{duty}") == Officer(f"n-{duty}", HEALTH, True, Duty(duty), None)


def test_a_form_sent_twice_does_one_act_and_says_both_times_that_it_was_done(
    door: Door, first: Person, second: Person
) -> None:
    page = first.draft("officers", number="n-002", department=HEALTH, duty="case")
    form = first.signed(page)
    assert ["还差一人" in post(first.browser, "/operator/sign", form).text for _ in range(2)] == [True, True]
    path = second.waiting()[-1]
    signed = second.signed(second.browser.get(path))
    before = entries(door[1])
    assert ["已生效" in post(second.browser, "/operator/sign", signed).text for _ in range(2)] == [True, True]
    assert entries(door[1]) == before + 1
    # The first person's page, sent again from the back button, brings back nothing that was done.
    assert "已生效" in post(first.browser, "/operator/sign", form).text
    assert path not in second.waiting()


def test_the_same_person_and_the_same_duty_are_kept_from_signing(door: Door, first: Person) -> None:
    drafted(first, "n-003")
    path = first.waiting()[-1]
    own = first.browser.get(path)
    assert ("两份审批签名出自同一人" in own.text, "data-approval" in own.text) == (True, False)
    with Person(door, "p-system-2", "system") as other:
        page = other.browser.get(path)
        assert ("人员职责相同" in page.text, "data-approval" in page.text) == (True, False)
    first.browser.post(path, data={"form_token": value_of(own, "form_token")})


def test_what_the_pages_keep_from_is_refused_by_the_act_too(door: Door, first: Person, second: Person) -> None:
    drafted(first, "n-004")
    path = second.waiting()[-1]
    page = second.browser.get(path)
    refused = {
        "approval_content": {"content_digest": "0" * 64},
        "approval_duty": {"duty": "system"},
        "approval_act": {"act": "share_sheet"},
    }
    answers = {code: second.sign(page, **said) for code, said in refused.items()}
    assert {code: answer.status_code for code, answer in answers.items()} == dict.fromkeys(refused, 422)
    foreign = second.signed(page) | {"approval": first.signed(first.draft("officers", number="x", department=HEALTH,
                                                                          duty="case"))["approval"]}  # fmt: skip
    assert post(second.browser, "/operator/sign", foreign).status_code == 422
    assert (officer_of(door[1], "n-004"), path in second.waiting()) == (None, True)
    assert "已生效" in second.sign(second.browser.get(path)).text


def test_a_draft_is_taken_back_by_who_signed_it_alone(first: Person, second: Person) -> None:
    drafted(first, "n-005")
    path = second.waiting()[-1]
    page = second.browser.get(path)
    token = {"form_token": value_of(page, "form_token")}
    assert (second.browser.post(path, data=token).status_code, path in second.waiting()) == (422, True)
    own = first.browser.get("/operator/changes")
    token = {"form_token": value_of(own, "form_token")}
    assert (first.browser.post(path, data=token).status_code, path in second.waiting()) == (200, False)
    assert second.sign(page).status_code == 404


def test_system_is_switched_off_and_its_cert_stays(door: Door, first: Person, second: Person) -> None:
    before = system_of(door[1], "health")
    assert before is not None
    page = first.browser.get("/operator/changes/new/systems?of=health")
    cert = page.text.partition("BEGIN CERTIFICATE-----")[2].partition("-----END")[0]
    form = {
        "code": "health", "department": HEALTH, "name": before.name, "roles": ["pull"], "inactive": "yes",
        "cert": f"-----BEGIN CERTIFICATE-----{cert}-----END CERTIFICATE-----",
    }  # fmt: skip
    check = first.draft("systems", **form)
    assert ("停用" in check.text, "改变" in check.text) == (True, True)
    first.sign(check)
    second.sign(second.browser.get(second.waiting()[-1]))
    after = system_of(door[1], "health")
    assert after is not None
    assert (after.active, after.cert_der == before.cert_der) == (False, True)
    first.sign(first.draft("systems", **{name: value for name, value in form.items() if name != "inactive"}))
    assert "已生效" in second.sign(second.browser.get(second.waiting()[-1])).text


def test_issuing_body_is_changed_line_by_line(door: Door, first: Person, second: Person) -> None:
    form = {
        "licence_number": HEALTH, "department": HEALTH, "name_zh": "示例卫生局", "name_en": "Health", "area": "442000",
        "from_on": "2020-01-01", "competences": "public_venue_hygiene_permit 2020-01-01 2030-12-31\n",
    }  # fmt: skip
    code = "public_venue_hygiene_permit"
    known = {each.code for each in door[1].registry.catalogue.current()}
    form["competences"] = form["competences"].replace(code, code if code in known else sorted(known)[0])
    check = first.draft("issuing-bodies", **form)
    assert "2030-12-31" in check.text
    first.sign(check)
    assert "已生效" in second.sign(second.browser.get(second.waiting()[-1])).text
    wrong = first.draft("issuing-bodies", **(form | {"competences": "nothing 2020-13-01"}))
    assert (wrong.status_code, "nothing 2020-13-01" in wrong.text) == (422, True)


def test_department_is_renamed_by_one_person(door: Door, first: Person) -> None:
    check = first.draft("departments", licence_number=HEALTH, name_zh="示例新名局", name_en="Renamed")
    form = first.signed(check)
    assert ["已生效" in post(first.browser, "/operator/sign", form).text for _ in range(2)] == [True, True]
    with door[1].registry.database.read() as connection:
        assert PartyReader(connection).department_names()[HEALTH] == "示例新名局"


def test_sheet_of_sharing_lines_is_seen_before_it_is_signed(door: Door, first: Person, second: Person) -> None:
    sheet = b64encode(LINES.replace("rule-1", "rule-page").encode()).decode()
    check = first.draft("sharing-sheets", sheet=sheet)
    assert all(said in check.text for said in ("rule-page", "新增，待数源部门同意")), check.text
    first.sign(check)
    page = second.browser.get(second.waiting()[-1])
    assert "rule-page" in page.text
    assert "已生效" in second.sign(page).text
    # The same sheet again changes nothing, and says so.
    assert "与现在的情况相比没有差异" in first.draft("sharing-sheets", sheet=sheet).text
    assert first.draft("sharing-sheets", sheet="no sheet").status_code == 422


def test_items_are_put_by_one_person_once_their_difference_was_seen(first: Person) -> None:
    sheet = b64encode(SHEET.encode()).decode()
    check = first.draft("items", sheet=sheet)
    assert all(said in check.text for said in ("示例事项", "新增"))
    form = first.signed(check)
    assert ["已生效" in post(first.browser, "/operator/sign", form).text for _ in range(2)] == [True, True]


def test_draft_that_waited_too_long_is_gone(door: Door, first: Person, second: Person) -> None:
    drafted(first, "n-006")
    path = second.waiting()[-1]
    page = second.browser.get(path)
    world = door[1]
    expire(world, path.rpartition("/")[2])
    assert (path in second.waiting(), second.browser.get(path).status_code) == (False, 404)
    assert second.sign(page).status_code == 404


def test_who_has_another_duty_reads_and_signs_nothing(door: Door, first: Person) -> None:
    client, world = door
    enrol_person(world, "p-audit", "audit")
    client.cookies.clear()
    seat(client, world, OPERATOR, "p-audit")
    page = client.get("/operator/changes")
    assert ("您可以查看，不签署变更" in page.text, page.status_code) == (True, 200)
    check = first.draft("departments", licence_number=HEALTH, name_zh="甲", name_en="A")
    form = first.signed(check) | {"form_token": value_of(page, "form_token")}
    client.cookies.clear()
    seat(client, world, OPERATOR, "p-audit")
    shown = client.get("/operator/changes/new/departments")
    form["form_token"] = value_of(shown, "form_token")
    answer = post(client, "/operator/sign", form)
    assert (answer.status_code, "您的职责不办理此类变更" in answer.text) == (422, True)
    client.cookies.clear()


def test_nobody_of_a_department_comes_to_these_pages(door: Door) -> None:
    client, world = door
    client.cookies.clear()
    seat(client, world, HEALTH, "h-001")
    paths = ("/operator/changes", "/operator/changes/new/systems", "/operator/signing", "/operator/changes/abc")
    assert [client.get(path).status_code for path in paths] == [403] * len(paths)
    client.cookies.clear()


def test_person_whose_key_lies_in_the_key_folder_keeps_it_there(door: Door) -> None:
    client, world = door
    number = operator_officer(world, "system")
    with Person(door, "p-third", "system") as other:
        seat(other.browser, world, OPERATOR, number)
        answer = other.show_key()
    assert (answer.status_code, "由命令行保管" in answer.text) == (422, True)
    client.cookies.clear()


def test_key_of_a_workplace_is_no_persons_and_a_persons_none_of_a_workplace(first: Person) -> None:
    page = first.browser.get("/operator/signing")
    form = {"form_token": form_token(page), "proof": first.workplace.proof(page)}
    assert post(first.browser, "/operator/signing", form).status_code == 422
    with pytest.raises(AccessError, match="terminal_proof"):
        read_person_request(first.workplace.proof(page), audience=ORIGIN)
    assert read_request(first.workplace.proof(page), audience=ORIGIN).code.startswith("terminal-")


def test_sheet_that_does_something_else_by_now_is_not_made(door: Door, first: Person, second: Person) -> None:
    sheet = b64encode(LINES.replace("rule-1", "rule-now").replace("rule-2", "rule-then").encode()).decode()
    both = [first.draft("sharing-sheets", sheet=sheet) for _ in range(2)]
    first.sign(both[0])
    first.sign(both[1])
    paths = second.waiting()[-2:]
    page = second.browser.get(paths[1])
    assert "已生效" in second.sign(second.browser.get(paths[0])).text
    assert (second.browser.get(paths[1]).status_code, second.sign(page).status_code) == (409, 409)
    first.browser.post(paths[1], data={"form_token": form_token(first.browser.get("/operator/changes"))})
    assert paths[1] not in second.waiting()


@pytest.mark.parametrize("said", [{"nonce": "x"}, {"aud": "http://other.example.test"}, {"iat": 1}])
def test_key_that_is_not_shown_for_this_session_now_is_not_enrolled(first: Person, said: dict[str, object]) -> None:
    assert first.show_key(**said).status_code == 422


@pytest.mark.parametrize(
    "form",
    [
        {"kind": "nothing"},
        {"content": "[]"},
        {"content": "{}"},
        {"salt": "AAAA"},
        {"salt": "?"},
        {"content": '{"code":1,"roles":5}'},
    ],
)
def test_form_that_no_page_of_ours_made_does_nothing(first: Person, form: dict[str, str]) -> None:
    before, page = len(first.waiting()), first.draft("officers", number="n-007", department=HEALTH, duty="case")
    answer = post(first.browser, "/operator/sign", first.signed(page) | form)
    assert (answer.status_code in (404, 422), len(first.waiting())) == (True, before)


def test_names_that_are_hostile_or_long_are_shown_as_they_are(first: Person) -> None:
    name = "<script>alert(1)</script>" + "长" * 120
    check = first.draft("departments", licence_number=HEALTH, name_zh=name, name_en="A")
    assert ("<script>alert" in check.text, "&lt;script&gt;alert" in check.text) == (False, True)


def test_session_that_ended_in_a_form_loses_nothing(door: Door, first: Person) -> None:
    page = first.browser.get("/operator/changes/new/departments")
    token = value_of(page, "form_token")
    kept = dict(first.browser.cookies)
    first.browser.cookies.clear()
    form = {"form_token": token, "licence_number": HEALTH, "name_zh": "打了很久的字", "name_en": "A"}
    answer = first.browser.post("/operator/changes/new/departments", data=form)
    first.browser.cookies.update(kept)
    assert (answer.status_code, "打了很久的字" in answer.text) == (401, True)


def file_of(**said: Any) -> str:
    drafted = {"act": "admit_type", "audience": ORIGIN, "content": {"food_operation_permit.9": "ab" * 32}}
    shown = {"shown": {"food_operation_permit.9": ["+new_field conditional"]}}
    return b64encode(orjson.dumps(drafted | shown | said)).decode()


def send_file(person: Person, file: str) -> httpx.Response:
    token = value_of(person.browser.get("/operator/change-file"), "form_token")
    return person.browser.post("/operator/change-file", data={"form_token": token, "file": file})


def test_types_of_a_release_are_signed_in_the_browser_for_the_command(first: Person) -> None:
    page = send_file(first, file_of())
    assert all(said in page.text for said in ("food_operation_permit.9", "+new_field conditional", "发布说明"))
    form = first.signed(page) | {"file": file_of()}
    answer = post(first.browser, "/operator/change-file/signed", form)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    claims = unverified_payload(orjson.loads(answer.content)["approval"])
    assert (claims["act"], claims["content_digest"]) == (
        "admit_type", canonical_digest({"food_operation_permit.9": "ab" * 32}),
    )  # fmt: skip
    other = form | {"file": file_of(content={"food_operation_permit.9": "cd" * 32})}
    assert post(first.browser, "/operator/change-file/signed", other).status_code == 422


@pytest.mark.parametrize(
    "file",
    [
        "",
        "no base64",
        b64encode(b"[]").decode(),
        b64encode(b'{"act": "admit_type", "audience": "x", "content": {"a": ' + b"[" * 20_000).decode(),
        file_of(content={"a": "x"}, shown=[[[[[[{}]]]]]], act="entitle"),
        b64encode(b'{"act": "admit_type"}').decode(),
        file_of(audience="http://other.example.test"),
        file_of(act="trust_list"),
        file_of(act="king"),
        file_of(act="entitle", salt="AAAA"),
        file_of(act="share_sheet", salt="AAAAAAAAAAAAAAAAAAAAAA==", content={"difference": "0" * 64}),
    ],
)
def test_file_that_is_no_change_of_this_hub_is_refused(file: str, first: Person) -> None:
    answer = send_file(first, file)
    assert (answer.status_code, "不是本平台的变更文件" in answer.text) == (422, True)


def test_what_was_done_at_the_pages_stands_before_an_audit(door: Door, first: Person, second: Person) -> None:
    drafted(first, "n-100")
    second.sign(second.browser.get(second.waiting()[-1]))
    first.sign(first.draft("departments", licence_number=HEALTH, name_zh="示例局", name_en="Office"))
    assert faults_beside_a_server(door[1]) == []


def test_two_tabs_and_two_clicks_at_once_do_one_act(door: Door, first: Person, second: Person) -> None:
    drafted(first, "n-101")
    path = second.waiting()[-1]
    forms = [second.signed(second.browser.get(path)) for _ in range(2)]
    before = entries(door[1])
    with ThreadPoolExecutor(4) as threads:
        answers = [*threads.map(lambda form: post(second.browser, "/operator/sign", form), [*forms, *forms])]
    assert ["已生效" in answer.text for answer in answers] == [True] * 4
    assert entries(door[1]) == before + 1
