"""The awkward cases at the doors: what a phone sees of them, in both languages, as a page, as data and signed."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from hub.client import RefusedError
from hub.decisions.facts import Surroundings
from hub.decisions.verification import passed
from hub.public.lookup import About, answer_whether
from schemas.catalogue import load_catalogue
from schemas.certificate import civil_date
from schemas.identifiers import make_licence_number
from schemas.parties import Subject
from schemas.statement import Ordered
from schemas.verdict import CheckName
from signing.base64url import decode
from signing.jws import parse_json
from tests.flows.world import MARKET, change_content, food_number, food_order, licence_order
from tests.web.served import Door, client_of, issue

TODAY = civil_date(datetime.now(UTC))
LANGUAGES = ("zh", "en")


def test_old_code_opens_the_successor_with_one_sentence_and_its_own_page_on_request(door: Door) -> None:
    before, after = _open(door, "MA0R0001"), _open(door, "MA0R0002")
    _relate(door, "conversion", "MA0R0001", "MA0R0002")
    found = _json(door, f"/q/{before['holder_reference']}")
    assert (found["holder"]["licence_number"], found["arrived_from"]["licence_number"]) == (
        _number("MA0R0002"),
        _number("MA0R0001"),
    )
    assert "由以下主体承继" in _page(door, f"/q/{before['holder_reference']}", "zh")
    assert "stands in its place" in _page(door, f"/q/{before['holder_reference']}", "en")
    own = _json(door, f"/q/{before['holder_reference']}?own=1")
    assert own["holder"]["licence_state"] == "succeeded"
    assert own["holder"]["relations"][0]["named"]["to"]["reference"] == after["holder_reference"]


def test_parent_names_its_branches_and_a_branch_its_parent(door: Door) -> None:
    branch, parent = _open(door, "MA0R0003"), _open(door, "MA0R0004")
    _relate(door, "branch", "MA0R0003", "MA0R0004")
    assert "Branch of" in _page(door, f"/q/{branch['holder_reference']}", "en")
    named = _json(door, f"/q/{parent['holder_reference']}?branches=1")["branches"]
    assert [each["licence_number"] for each in named] == [_number("MA0R0003")]
    assert "分支机构" in _page(door, f"/q/{parent['holder_reference']}?branches=1", "zh")


def test_site_has_a_page_of_its_own_and_groups_its_holders_certificates(door: Door) -> None:
    licence = _open(door, "MA0R0005")
    site = _register(door, "site", "MA0R0005")
    issue(client_of(door, "market"), _food("MA0R0005", 11, subject_id=site["subject_id"]))
    found = _json(door, f"/s/{site['reference']}")
    assert [each["type"] for each in found["certificates"]] == ["food_operation_permit"]
    assert found["subject"]["subject_id"] == site["subject_id"]
    for language in LANGUAGES:
        assert site["subject_id"] in _page(door, f"/s/{site['reference']}", language)
        assert site["subject_id"] in _page(door, f"/q/{licence['holder_reference']}", language)
    chosen = _json(door, f"/q/{licence['holder_reference']}?site={site['subject_id']}")
    assert [each["type"] for each in chosen["certificates"]] == ["food_operation_permit"]
    assert door[0].get(f"/qr/s/{site['reference']}.svg").status_code == 200
    assert door[0].get(f"/d/{site['reference']}", headers={"accept": "application/json"}).status_code == 404


def test_permit_that_moved_to_another_site_is_told_no_more_of_the_first(door: Door) -> None:
    licence = _open(door, "MA0R0016")
    first, second = (_register(door, "site", "MA0R0016") for _ in range(2))
    permit = issue(client_of(door, "market"), _food("MA0R0016", 36, subject_id=first["subject_id"]))
    moved = _food("MA0R0016", 36, subject_id=second["subject_id"], replaces=permit["identifier"], cause="change")
    issue(client_of(door, "market"), moved)
    for site, said, count in ((first, "unknown", 0), (second, "yes", 1)):
        named = site["subject_id"]
        assert len(_json(door, f"/s/{site['reference']}")["certificates"]) == count
        assert len(_json(door, f"/q/{licence['holder_reference']}?site={named}")["certificates"]) == count
        assert _json(door, f"/holds?type=food_operation_permit&subject={named}")["answer"] == said


def test_predicate_is_answered_by_id_and_words_are_unknown(door: Door) -> None:
    _open(door, "MA0R0006")
    site = _register(door, "site", "MA0R0006")
    asked = f"/holds?type=food_operation_permit&subject={site['subject_id']}"
    assert _json(door, asked)["reason"] == "not_covered"
    issue(client_of(door, "market"), _food("MA0R0006", 12, subject_id=site["subject_id"]))
    assert (_json(door, asked)["answer"], _json(door, asked)["subject_id"]) == ("yes", site["subject_id"])
    words = _json(door, "/holds?type=food_operation_permit&subject=东区一楼")
    assert (words["answer"], words["reason"]) == ("unknown", "subject_not_known")
    signed = door[0].get(asked, headers={"accept": "application/jwt"}).text
    assert parse_json(decode(signed.split(".")[1]))["answer"] == "yes"
    refused = door[0].get("/holds?type=unheard_of&subject=x", headers={"accept": "application/json"})
    assert (refused.status_code, refused.json()["code"]) == (422, "predicate_form")


def test_predicate_counts_what_is_in_use_by_whose_it_is_and_not_what_is_told_in_words(door: Door) -> None:
    _open(door, "MA0R0017"), _open(door, "MA0R0018")
    site = _register(door, "site", "MA0R0017")
    asked = f"/holds?type=food_operation_permit&subject={site['subject_id']}"
    issue(client_of(door, "market"), _food("MA0R0017", 37))
    assert (_json(door, asked)["answer"], _json(door, asked)["reason"]) == ("unknown", "named_in_words")
    issue(client_of(door, "market"), _food("MA0R0017", 38, subject_id=site["subject_id"]))
    assert _json(door, asked)["answer"] == "yes"
    _register(door, "site", "MA0R0018", step="hand_on", subject_id=site["subject_id"])
    assert (_json(door, asked)["answer"], _json(door, asked)["reason"]) == ("unknown", "of_another_holder")
    _register(door, "site", "MA0R0018", step="end", subject_id=site["subject_id"])
    assert (_json(door, asked)["answer"], _json(door, asked)["reason"]) == ("unknown", "subject_ended")


def test_predicate_says_no_only_when_all_was_read() -> None:
    subject = Subject("S-ABCDEFGHJKMN", "site", "0" * 26, _number("MA0R0019"), "示例门店", "", None)
    code, now = "food_operation_permit", datetime.now(UTC)
    surroundings = Surroundings({}, {}, load_catalogue(), "", "TEST", passed(CheckName.LOG), complete={code: TODAY})
    for about, unnamed, answer in (
        (About([]), False, ("no", "none_good")),
        (About([]), True, ("unknown", "named_in_words")),
        (About([], is_whole=False), False, ("unknown", "too_many")),
    ):
        found = answer_whether(code, subject, about, unnamed=unnamed, surroundings=surroundings, now=now)
        assert (found["answer"], found["reason"]) == answer


@pytest.mark.parametrize("asked", ["/holds?type=food_operation_permit&subject=%00", "/holds?type=%00&subject=x"])
def test_predicate_about_what_is_no_name_is_no_failure(door: Door, asked: str) -> None:
    assert door[0].get(asked, headers={"accept": "application/json"}).status_code in (200, 422)


@pytest.mark.parametrize("chosen", ["type=nonsense", "type=%00", "type=nonsense&site=x"])
def test_page_of_a_type_there_is_not_is_the_page_as_it_is(door: Door, chosen: str) -> None:
    licence = _open(door, "MA0R0020" if chosen == "type=%00" else "MA0R0021" if "site" in chosen else "MA0R0022")
    found = _json(door, f"/q/{licence['holder_reference']}?{chosen}")
    assert (found["total"], len(found["certificates"]), "chosen" in found) == (1, 1, False)
    held = _json(door, f"/q/{licence['holder_reference']}?type=food_operation_permit")
    assert (held["certificates"], held["chosen"]["type"]) == ([], "food_operation_permit")
    assert "暂未收录该主体" not in _page(door, f"/q/{licence['holder_reference']}?type=food_operation_permit", "zh")


def test_absence_is_said_only_of_what_is_held_completely(door: Door) -> None:
    licence = _open(door, "MA0R0007")
    assert "absent" not in _json(door, f"/q/{licence['holder_reference']}")
    operator = client_of(door, "operator")
    bodies = (MARKET, make_licence_number("11442000", "00000003"))
    for body in bodies:
        _declare(operator, "travel_agency_permit", body, "complete", since_on=TODAY.isoformat())
    _wait_a_second(door)
    absent = _json(door, f"/q/{licence['holder_reference']}")["absent"]
    assert [each["type"] for each in absent] == ["travel_agency_permit"]
    site = _register(door, "site", "MA0R0007")
    asked = f"/holds?type=travel_agency_permit&subject={site['subject_id']}"
    assert (_json(door, asked)["answer"], _json(door, asked)["reason"]) == ("no", "none_good")
    listed = door[0].get("/api/v1/coverage").json()
    assert {each["state"] for each in listed if each["certificate_type"] == "travel_agency_permit"} == {"complete"}
    assert all(each["heard_at"] for each in listed)
    _declare(operator, "travel_agency_permit", bodies[1], "partial")
    _wait_a_second(door)
    assert "absent" not in _json(door, f"/q/{licence['holder_reference']}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_day_gone_by_has_two_lines_on_the_page(door: Door, language: str) -> None:
    serial = 20 + LANGUAGES.index(language)
    _open(door, f"MA0R000{8 + LANGUAGES.index(language)}")
    permit = issue(client_of(door, "market"), _food(f"MA0R000{8 + LANGUAGES.index(language)}", serial))
    page = _page(door, f"/c/{permit['reference']}?at={TODAY}", language)
    assert {"zh": "当时登记为", "en": "As recorded then"}[language] in page
    assert {"zh": "依现在所知为", "en": "As known now"}[language] in page


@pytest.mark.parametrize("day", ["yesterday", "2026-02-29", "2999-01-01", str(TODAY + timedelta(days=1))])
def test_day_that_is_none_or_to_come_is_refused(door: Door, day: str) -> None:
    licence = _open(door, make_code(day))
    refused = door[0].get(f"/c/{licence['reference']}?at={day}", headers={"accept": "application/json"})
    assert (refused.status_code, refused.json()["code"]) == (422, "at_form")


def test_holder_of_many_is_summed_up_and_paged_by_type(door: Door) -> None:
    licence = _open(door, "MA0R0010")
    market = client_of(door, "market")
    for serial in range(100, 201):
        issue(market, _food("MA0R0010", serial, subject_id=f"{serial:03d}"))
    found = _json(door, f"/q/{licence['holder_reference']}")
    assert {each["type"]: each["all"] for each in found["types"]} == {
        "food_operation_permit": 101,
        "business_licence": 1,
    }
    first = _json(door, f"/q/{licence['holder_reference']}?type=food_operation_permit")
    after = first["chosen"]["after"]
    second = _json(door, f"/q/{licence['holder_reference']}?type=food_operation_permit&after={after}")
    slots = [each["slot"] for each in (*first["certificates"], *second["certificates"])]
    assert (len(slots), len(set(slots)), second["chosen"]["after"]) == (101, 101, None)
    assert "type=food_operation_permit" in _page(door, f"/q/{licence['holder_reference']}", "zh")


def test_holder_of_many_is_narrowed_by_verdict_and_the_whole_is_told_beside(door: Door) -> None:
    path = f"/q/{_open(door, 'MA0R0023')['holder_reference']}"
    market = client_of(door, "market")
    made = [issue(market, _food("MA0R0023", serial, subject_id=f"{serial:03d}")) for serial in range(300, 401)]
    _suspend(door, made[0]["identifier"])
    bad = _json(door, f"{path}?verdict=not_good")
    assert [each["reference"] for each in bad["certificates"]] == [made[0]["reference"]]
    assert (bad["total"], bad["chosen"]["tally"]) == (102, {"valid": 101, "not_good": 1, "unknown": 0})
    first = _json(door, f"{path}?verdict=valid")
    second = _json(door, f"{path}?verdict=valid&after={first['chosen']['after']}")
    slots = [each["slot"] for each in (*first["certificates"], *second["certificates"])]
    assert (len(slots), len(set(slots)), second["chosen"]["after"]) == (101, 101, None)
    of_type = _json(door, f"{path}?verdict=valid&type=business_licence")
    assert (len(of_type["certificates"]), of_type["chosen"]["tally"]["not_good"]) == (1, 0)
    assert _json(door, f"{path}?verdict=unknown")["certificates"] == []
    assert "没有符合所选条件的证照" in _page(door, f"{path}?verdict=unknown", "zh")
    page = _page(door, f"{path}?verdict=not_good", "en")
    assert ("Good now 101" in page, "Not good now 1" in page, "All 102" in page) == (True, True, True)
    assert "chosen" not in _json(door, f"{path}?verdict=nonsense")


def test_tasks_are_read_answered_and_gone(door: Door) -> None:
    licence = _open(door, "MA0R0011")
    market, health = client_of(door, "market"), client_of(door, "health")
    permit = issue(market, _food("MA0R0011", 31))
    asked = {"identifier": permit["identifier"], "field": "business_items", "reason": "与现场不符"}
    health.order("/api/v1/correction-requests", Ordered.ASK_CORRECTION, asked, officer="h-001")
    tasks = market.get("/api/v1/notices", state="open", kind="correction_asked").json()["notices"]
    (task,) = [each for each in tasks if each["facts"]["identifier"] == permit["identifier"]]
    with pytest.raises(RefusedError, match="task_not_found"):
        _answer(health, task["number"])
    _answer(market, task["number"])
    with pytest.raises(RefusedError, match="task_not_open"):
        _answer(market, task["number"])
    assert market.get("/api/v1/overdue-tasks").json()["tasks"] == []
    assert licence["version"] == 1


def make_code(text: str) -> str:
    """Return eight characters for a licence number of this test's own."""
    return f"MA0T{sum(text.encode()):04d}"[:8]


def _number(code: str) -> str:
    return make_licence_number("91442000", code)


def _open(door: Door, code: str) -> dict[str, Any]:
    content = licence_order(licence_number=_number(code), certificate_number=_number(code), holder_name=f"示例{code}")
    return issue(client_of(door, "market"), content)


def _food(code: str, serial: int, **changes: Any) -> dict[str, Any]:
    day = date(TODAY.year, 1, 5).isoformat()
    dates = {"decided_on": day, "valid_from": day, "valid_to": date(TODAY.year + 4, 1, 4).isoformat()}
    return food_order(licence_number=_number(code), certificate_number=food_number(900 + serial), **dates | changes)


def _relate(door: Door, kind: str, before: str, after: str) -> None:
    content = {
        "step": "record",
        "kind": kind,
        "from_number": _number(before),
        "to_number": _number(after),
        "issuing_body": MARKET,
        "document_name": "核准登记通知书",
        "document_number": "示登1号",
        "works_from": TODAY.isoformat(),
    }
    _order(door, "/api/v1/relations", Ordered.RELATE, content)


def _register(door: Door, kind: str, code: str, **changes: Any) -> dict[str, Any]:
    content = {
        "step": "register",
        "kind": kind,
        "issuing_body": MARKET,
        "licence_number": _number(code),
        "name": "示例门店",
        "address": "中山市示例路1号",
        "works_from": TODAY.isoformat(),
    }
    return _order(door, "/api/v1/subjects", Ordered.REGISTER, content | changes)


def _order(door: Door, path: str, act: Ordered, content: dict[str, Any]) -> dict[str, Any]:
    return client_of(door, "market").order(
        path, act, content, officer="m-001", second_officer="m-002", issuing_body=MARKET
    )


def _suspend(door: Door, identifier: str) -> None:
    content = change_content(identifier, "suspend") | {"works_from": str(TODAY), "document_date": str(TODAY)}
    client_of(door, "market").order("/api/v1/status-changes", Ordered.CHANGE_STATUS, content, issuing_body=MARKET)


def _declare(operator: Any, code: str, body: str, state: str, **changes: Any) -> None:
    content = {"certificate_type": code, "issuing_body": body, "state": state} | changes
    operator.order("/api/v1/coverage", Ordered.ENROL, content)


def _answer(client: Any, number: int) -> None:
    content = {"number": number, "answer": "已核实，无误"}
    client.order("/api/v1/task-answers", Ordered.ANSWER_TASK, content, officer=f"{client.system[0]}-001")


def _wait_a_second(door: Door) -> None:
    """Let what answers share grow old: it is read anew at most once a second."""
    began = datetime.now(UTC)
    while datetime.now(UTC) - began < timedelta(seconds=1.1):
        door[0].get("/healthz")


def _json(door: Door, path: str) -> dict[str, Any]:
    found: dict[str, Any] = door[0].get(path, headers={"accept": "application/json"}).json()
    return found


def _page(door: Door, path: str, language: str) -> str:
    joined = "&" if "?" in path else "?"
    response = door[0].get(f"{path}{joined}lang={language}", headers={"accept": "text/html"})
    assert response.status_code == 200
    return response.text
