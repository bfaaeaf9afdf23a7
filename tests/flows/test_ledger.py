"""Stories of the ledger: who sees which lines, what a line says and what never, page by page, as a file."""

import csv
from datetime import timedelta
from io import StringIO
from typing import Any

import orjson
import pytest

from hub.enterprise.ledger import PAGE, draft_reading, export_csv, export_json, open_ledger, read_lines, reading_of
from hub.errors import PullError
from hub.store.ledger import StoredReading
from schemas.ledger import LedgerReading, parse_reading, render_reading
from schemas.sentence import SentenceTextError
from tests.flows.refusals import refused
from tests.flows.world import (
    HEALTH,
    OTHER_SHOP,
    SHOP,
    START,
    World,
    food_order,
    granted_request,
    licence_order,
    statutory_request,
)


@pytest.fixture
def ledger_world(hub_world: World) -> World:
    """A shop with a business licence and a food permit, its e-licence, and a line of the sharing table."""
    hub_world.issue(licence_order())
    hub_world.issue(food_order())
    hub_world.share()
    hub_world.make_licence()
    return hub_world


def sign_reading(world: World, signer: str = SHOP, role: Any = "legal_representative") -> Any:
    drafted = draft_reading({"licence_number": signer}, registry=world.registry, now=world.now)
    return world.simulator.sign(signer, drafted["text"], role)


def open_(world: World, signed: Any = None) -> dict[str, Any]:
    signed = signed or sign_reading(world)
    return open_ledger(signed, registry=world.registry, e_licence=world.exchange.e_licence, now=world.now)


def reading(world: World) -> StoredReading:
    opened = open_(world)
    return reading_of(opened["ledger"], opened["token"], registry=world.registry, now=world.now)


def comparison(values: dict[str, str]) -> dict[str, Any]:
    request = statutory_request() | {"certificate_type": "food_operation_permit", "values": values}
    del request["wanted"]
    return request


def lines(world: World) -> list[dict[str, Any]]:
    """Sign, open, and return the newest lines."""
    return list(read_lines(reading(world).applicant, after=None, registry=world.registry, now=world.now)["lines"])


# --- what a line says -------------------------------------------------------------------------------------------


def test_pull_by_law_is_two_lines_that_say_who_why_and_what(ledger_world: World) -> None:
    answer = ledger_world.pull(statutory_request())
    delivered, pulled = lines(ledger_world)
    assert pulled["requester"] == {"licence_number": HEALTH, "name": "示例卫生健康局"}
    assert pulled["basis"] == {
        "kind": "statutory",
        "reference": "rule-1",
        "words": "依职能：公共场所卫生许可（示例法第1条）",
    }
    assert (pulled["item"]["code"], pulled["case_number"], pulled["outcome"]) == ("440112001", "2026-0001", "allowed")
    assert [each["label"] for each in pulled["types"][0]["fields"]] != []
    assert (delivered["kind"], delivered["act_id"]) == ("delivery", answer["act_id"])
    assert delivered["identifiers"] == [answer["items"][0]["identifier"]]


def test_line_names_the_department_and_never_its_officer(ledger_world: World) -> None:
    ledger_world.pull(statutory_request(), officer="h-001")
    assert "h-001" not in str(lines(ledger_world))


def test_refused_pull_says_what_was_asked_and_why_it_was_not_given(ledger_world: World) -> None:
    with pytest.raises(PullError):
        ledger_world.pull(statutory_request(case_number="XYZ"))
    (line,) = lines(ledger_world)
    assert (line["kind"], line["outcome"], line["reason"]) == ("pull", "refused", "case_number_form")
    assert [each["certificate_type"] for each in line["types"]] == ["food_operation_permit"]


def test_comparison_grant_and_own_download_are_lines_too(ledger_world: World) -> None:
    ledger_world.compare(comparison({"business_items": "示例"}))
    digest = ledger_world.grant()
    ledger_world.pull(granted_request(digest))
    ledger_world.now += timedelta(seconds=1)
    ledger_world.download(ledger_world.sign_application())
    download, *others = lines(ledger_world)
    assert (download["kind"], download["requester"], len(download["identifiers"])) == ("download", None, 2)
    granted = [each for each in others if each["basis"]["kind"] == "grant"]
    assert {each["basis"]["reference"] for each in granted} == {digest}
    assert sorted(each["kind"] for each in others) == ["comparison", "delivery", "pull"]


def test_each_lines_receipt_is_there_by_its_name(ledger_world: World) -> None:
    ledger_world.pull(statutory_request())
    with ledger_world.registry.database.read() as connection:
        from_entries = {
            row[0]
            for row in connection.exec_driver_sql("SELECT act_id FROM entry WHERE kind IN ('pull_allowed', 'delivery')")
        }
    assert {each["act_id"] for each in lines(ledger_world)} == from_entries


def test_reading_ones_ledger_is_an_act_and_no_line(ledger_world: World) -> None:
    opened = open_(ledger_world)
    assert lines(ledger_world) == []
    with ledger_world.registry.database.read() as connection:
        kinds = connection.exec_driver_sql(f"SELECT kind FROM entry WHERE act_id = '{opened['act_id']}'").scalars()  # noqa: S608
        assert list(kinds) == ["read_ledger"]


def test_refused_comparison_names_fields_and_no_value_that_was_tried(ledger_world: World) -> None:
    with pytest.raises(PullError):
        ledger_world.compare(comparison({"food_safety_manager": "示例乙"}))
    (line,) = lines(ledger_world)
    assert (line["kind"], line["outcome"], line["reason"]) == ("comparison", "refused", "field_not_covered")
    assert [each["name"] for each in line["types"][0]["fields"]] == ["food_safety_manager"]
    assert "示例乙" not in str(line)


# --- who may ----------------------------------------------------------------------------------------------------


def test_another_enterprise_reads_nothing_of_it(ledger_world: World) -> None:
    ledger_world.pull(statutory_request())
    ledger_world.make_licence(OTHER_SHOP)
    opened = open_(ledger_world, sign_reading(ledger_world, OTHER_SHOP))
    mine = reading_of(opened["ledger"], opened["token"], registry=ledger_world.registry, now=ledger_world.now)
    assert read_lines(mine.applicant, after=None, registry=ledger_world.registry, now=ledger_world.now)["lines"] == []


def test_agent_may_not_read_the_ledger(ledger_world: World) -> None:
    ledger_world.make_licence(role="agent")
    with refused("ledger_role"):
        open_(ledger_world, sign_reading(ledger_world, role="agent"))


def test_same_signed_text_opens_the_same_ledger_and_an_old_one_none(ledger_world: World) -> None:
    signed = sign_reading(ledger_world)
    assert open_(ledger_world, signed) == open_(ledger_world, signed)
    ledger_world.now += ledger_world.registry.terms.application_age + timedelta(seconds=1)
    with refused("application_late"):
        open_(ledger_world, signed)


def test_ledger_ends_and_needs_its_token(ledger_world: World) -> None:
    opened = open_(ledger_world)
    with refused("ledger_not_found"):
        reading_of(opened["ledger"], "x" * 43, registry=ledger_world.registry, now=ledger_world.now)
    ledger_world.now += ledger_world.registry.terms.download_term
    with refused("ledger_ended"):
        reading_of(opened["ledger"], opened["token"], registry=ledger_world.registry, now=ledger_world.now)


def test_sentence_says_one_thing_and_is_no_application_for_documents(ledger_world: World) -> None:
    said = LedgerReading(SHOP, START, "n" * 43)
    assert parse_reading(render_reading(said)) == said
    with pytest.raises(SentenceTextError):
        parse_reading(ledger_world.sign_application().text)
    with refused("application_text"):
        open_(ledger_world, ledger_world.sign_application())
    with refused("application_text"):
        ledger_world.application(sign_reading(ledger_world))


def test_sentence_that_this_hub_did_not_draft_is_refused(ledger_world: World) -> None:
    text = render_reading(LedgerReading(SHOP, ledger_world.now.replace(microsecond=0), "n" * 43))
    with refused("grant_nonce"):
        open_(ledger_world, ledger_world.simulator.sign(SHOP, text, "legal_representative"))


# --- pages and files --------------------------------------------------------------------------------------------


def test_ledger_is_read_page_by_page_without_loss_at_one_moment(
    ledger_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        ledger_world.pull(statutory_request())
    whole = lines(ledger_world)
    monkeypatch.setattr("hub.enterprise.ledger.PAGE", 1)
    mine, after, paged = reading(ledger_world), None, []
    for _ in whole:
        page = read_lines(mine.applicant, after=after, registry=ledger_world.registry, now=ledger_world.now)
        after = page["after"]
        paged += page["lines"]
    assert (paged, after, len(whole), PAGE) == (whole, None, 6, 100)


def test_export_in_both_forms_has_every_line(ledger_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger_world.pull(statutory_request())
    with pytest.raises(PullError):
        ledger_world.pull(statutory_request(item_code="999"))
    monkeypatch.setattr("hub.enterprise.ledger.PAGE", 2)
    mine, registry = reading(ledger_world), ledger_world.registry
    raw = b"".join(
        export_csv(mine.applicant, explain=lambda code: f"原因{code}", registry=registry, now=ledger_world.now)
    )
    rows = list(csv.reader(StringIO(raw.decode("utf-8-sig"))))
    told = orjson.loads(b"".join(export_json(mine.applicant, registry=registry, now=ledger_world.now)))
    assert raw.startswith(b"\xef\xbb\xbf")
    # A name may begin with a sign that a spreadsheet takes for a formula: it is guarded then.
    assert [row[-1].removeprefix("'") for row in rows[1:]] == [each["act_id"] for each in told["lines"]]
    assert {row[2] for row in rows[1:]} == {"示例卫生健康局"}
    assert "原因item_not_covered" in raw.decode()


@pytest.mark.parametrize("case", ["=1+1", "+1", "-1", "@x", "＝1"])
def test_cell_never_begins_as_a_formula(ledger_world: World, case: str) -> None:
    with pytest.raises(PullError):
        ledger_world.pull(statutory_request(case_number=case))
    raw = b"".join(
        export_csv(reading(ledger_world).applicant, explain=str, registry=ledger_world.registry, now=ledger_world.now)
    )
    rows = list(csv.reader(StringIO(raw.decode("utf-8-sig"))))
    assert {row[8] for row in rows[1:]} == {f"'{case}"}
