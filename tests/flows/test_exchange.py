"""Stories of pulling and comparing: who gets which fields, on what basis, with which note; and every refusal."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from typing import Any

import orjson
import pytest
from sqlalchemy import func, select

from hub.errors import PullError
from hub.sharing.exchange import release_lapsed
from hub.store import tables
from schemas.canonical import canonical_json
from schemas.exchange import NOTE_TYP
from schemas.fields import COMMON_FIELDS
from signing.base64url import encode
from signing.jws import VerificationKey, parse_json, verify_compact
from signing.sd_jwt import OpenedRecord, open_record, parse_record
from tests.flows.refusals import refused
from tests.flows.world import (
    HEALTH,
    MARKET,
    OTHER_SHOP,
    SHOP,
    World,
    food_number,
    food_order,
    granted_request,
    licence_order,
    statutory_request,
)

PERSONAL = [{"certificate_type": "food_operation_permit", "fields": ["food_safety_manager"]}]
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a rule nobody made": ({"basis": {"kind": "statutory", "reference": "rule-9"}}, "rule_unknown"),
    "another item": ({"item_code": "999"}, "item_not_covered"),
    "a case number of another form": ({"case_number": "XYZ"}, "case_number_form"),
    "a type the rule does not list": ({"wanted": [{"certificate_type": "business_licence"}]}, "type_not_covered"),
    "a type nobody knows": ({"wanted": [{"certificate_type": "dog_licence"}]}, "type_unknown"),
    "a field the rule does not list": ({"wanted": PERSONAL}, "field_not_covered"),
}
MALFORMED: dict[str, tuple[dict[str, Any], str]] = {
    "nothing wanted": ({"wanted": []}, "wanted"),
    "one type twice": ({"wanted": [{"certificate_type": "x"}] * 2}, "wanted"),
    "a basis of no kind": ({"basis": {"kind": "friendship", "reference": "x"}}, "basis"),
    "no case": ({"case_number": ""}, "case_number"),
    "a control character": ({"case_number": "2026\u0000-0001"}, "case_number"),
}


@pytest.fixture
def shared_world(hub_world: World) -> World:
    """A shop with its licence and permit, and a line of the sharing table."""
    hub_world.issue(licence_order())
    hub_world.issue(food_order())
    hub_world.share()
    return hub_world


def test_pull_hands_over_the_departments_own_seal_with_the_permitted_fields_only(shared_world: World) -> None:
    (item,) = shared_world.pull(statutory_request())["items"]
    opened = _open(shared_world, item["file"]["record"])
    public = {"legal_representative", "business_premises", "business_form", "business_items", "supervision_body"}
    assert opened.claims["issuing_body"] == MARKET
    assert set(COMMON_FIELDS) <= set(opened.disclosed) <= set(COMMON_FIELDS) | public
    assert item["verdict"]["outcome"] == "valid"


def test_delivery_note_binds_the_exact_presentation_and_says_for_what_it_was_made(shared_world: World) -> None:
    answer = shared_world.pull(statutory_request())
    note = _note(shared_world, answer["note"])
    (line,) = note["presentations"]
    record = answer["items"][0]["file"]["record"]
    assert line["sha256"] == sha256(canonical_json(record)).hexdigest()
    assert (note["requester"]["licence_number"], note["officer"], note["case_number"]) == (HEALTH, "h-001", "2026-0001")
    assert note["cause"] == "公共场所卫生许可（示例法第1条）"
    assert note["serial"] == answer["delivery"]
    assert note["ends_at"] > note["made_at"]


def test_pull_of_named_fields_hands_over_those_alone(shared_world: World) -> None:
    wanted = [{"certificate_type": "food_operation_permit", "fields": ["business_items"]}]
    (item,) = shared_world.pull(statutory_request(types=wanted))["items"]
    assert set(_open(shared_world, item["file"]["record"]).disclosed) == {*COMMON_FIELDS, "business_items"}


@pytest.mark.parametrize("name", REFUSED)
def test_refused_pull_leaves_a_decision_and_no_delivery(shared_world: World, name: str) -> None:
    changes, reason = REFUSED[name]
    with refused(reason):
        shared_world.pull(statutory_request(**changes))
    assert _decisions(shared_world) == [(False, reason)]
    assert _count(shared_world, tables.delivery) == 0


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_pull_writes_nothing(shared_world: World, name: str) -> None:
    changes, _ = MALFORMED[name]
    with refused("request_form"):
        shared_world.pull(statutory_request(**changes))
    assert _decisions(shared_world) == []


def test_pull_on_a_rule_needs_a_named_officer(shared_world: World) -> None:
    with refused("officer_needed"):
        shared_world.pull(statutory_request(), officer=None)


def test_rule_of_another_department_is_no_basis(shared_world: World) -> None:
    with refused("rule_unknown"):
        shared_world.pull(statutory_request(), system="market", officer=None)


@pytest.mark.parametrize("days", [{"from_on": "2026-11-24"}, {"until_on": "2026-11-22"}])
def test_rule_that_is_not_in_force_is_no_basis(shared_world: World, days: dict[str, str]) -> None:
    shared_world.share(code="rule-2", **days)
    with refused("rule_not_in_force"):
        shared_world.pull(statutory_request(basis={"kind": "statutory", "reference": "rule-2"}))


def test_system_without_the_role_pulls_nothing(shared_world: World) -> None:
    system = shared_world.system("health")
    shared_world.enrol(
        "systems", code="health", department=HEALTH, name=system.name, roles=["issue"], cert=_encoded(system.cert_der)
    )
    with refused("role_missing"):
        shared_world.pull(statutory_request())


@pytest.mark.parametrize("act", ["suspend", "withdraw", "annul", "strip", "cancel"])
def test_certificate_that_is_not_valid_is_answered_without_its_record(shared_world: World, act: str) -> None:
    permit = shared_world.issue(food_order(certificate_number=food_number(2)))
    shared_world.change(permit["identifier"], act)
    answer = shared_world.pull(statutory_request())
    told = {each["certificate_number"]: (each["verdict"]["outcome"], each["file"]) for each in answer["items"]}
    outcome, file = told[food_number(2)]
    assert file is None
    assert outcome == ("suspended" if act == "suspend" else "not_valid")
    assert told[food_number(1)][0] == "valid"


def test_suspension_by_the_issuer_is_seen_by_the_next_pull(shared_world: World) -> None:
    identifier = shared_world.pull(statutory_request())["items"][0]["identifier"]
    shared_world.change(identifier, "suspend", until="2027-01-01")
    answer = shared_world.pull(statutory_request())
    assert answer["items"][0]["verdict"]["outcome"] == "suspended"
    assert (answer["delivery"], answer["note"]) == (None, None)


def test_holder_that_nobody_knows_has_nothing_to_deliver(shared_world: World) -> None:
    answer = shared_world.pull(statutory_request(licence_number=OTHER_SHOP))
    assert answer["items"] == [{"certificate_type": "food_operation_permit", "found": False}]
    assert answer["delivery"] is None


def test_pull_about_a_number_that_nobody_has_makes_no_enterprise(hub_world: World) -> None:
    hub_world.share()
    hub_world.issue(licence_order())
    hub_world.pull(statutory_request(licence_number=OTHER_SHOP))
    with refused("enterprise_not_found"):
        hub_world.relate("absorption", SHOP, OTHER_SHOP)


def test_act_that_comes_between_reading_and_recording_is_in_the_answer(shared_world: World) -> None:
    identifier = shared_world.pull(statutory_request())["items"][0]["identifier"]
    surroundings = shared_world.exchange.surroundings
    acts = iter([lambda: shared_world.change(identifier, "withdraw")])

    def withdraw_then_read() -> Any:
        next(acts, lambda: None)()
        return surroundings()

    shared_world.exchange = replace(shared_world.exchange, surroundings=withdraw_then_read)
    answer = shared_world.pull(statutory_request())
    assert answer["items"][0]["verdict"]["outcome"] == "not_valid"
    assert answer["delivery"] is None


# --- comparison -------------------------------------------------------------------------------------------------


def test_comparison_answers_once_for_the_whole_set(shared_world: World) -> None:
    good = {"business_items": "热食类食品制售", "legal_representative": "示例甲"}
    assert shared_world.compare(_comparison(good))["match"] is True
    assert shared_world.compare(_comparison(good | {"legal_representative": "示例丙"}))["match"] is False


def test_comparing_a_field_needs_the_right_to_see_it(shared_world: World) -> None:
    with refused("field_not_covered"):
        shared_world.compare(_comparison({"food_safety_manager": "示例乙"}))


def test_too_many_misses_stop_comparing_until_tomorrow(shared_world: World) -> None:
    wrong = _comparison({"business_items": "x"})
    _miss_ten_times(shared_world, wrong)
    with refused("too_many_misses"):
        shared_world.compare(wrong)
    shared_world.now += timedelta(days=1)
    assert shared_world.compare(_comparison({"business_items": "热食类食品制售"}))["match"] is True


@pytest.mark.parametrize("values", [{}, {"business_items": 3}, None, {"business_items": "x" * 10_001}])
def test_comparison_of_nothing_or_of_no_texts_is_malformed(shared_world: World, values: Any) -> None:
    with refused("request_form"):
        shared_world.compare(_comparison(values))


# --- under a grant, at once -------------------------------------------------------------------------------------


def test_fifty_callers_share_one_use_of_a_grant(shared_world: World) -> None:
    shared_world.make_licence()
    request = granted_request(shared_world.grant(uses=1))
    with ThreadPoolExecutor(10) as threads:
        tries = [threads.submit(shared_world.pull, request) for _ in range(50)]
    errors = [each.exception() for each in tries]
    assert errors.count(None) == 1
    assert {error.code for error in errors if isinstance(error, PullError)} == {"grant_used_up"}


def test_pull_that_delivers_nothing_gives_its_use_back(shared_world: World) -> None:
    shared_world.make_licence()
    request = granted_request(shared_world.grant(uses=1))
    permit = shared_world.pull(statutory_request())["items"][0]
    shared_world.change(permit["identifier"], "suspend")
    assert shared_world.pull(request)["delivery"] is None
    shared_world.change(permit["identifier"], "reinstate")
    assert shared_world.pull(request)["delivery"] is not None
    with refused("grant_used_up"):
        shared_world.pull(request)


def test_nothing_lapses_that_was_used(shared_world: World) -> None:
    shared_world.make_licence()
    shared_world.pull(granted_request(shared_world.grant(uses=1)))
    shared_world.now += timedelta(hours=1)
    assert release_lapsed(registry=shared_world.registry, now=shared_world.now) == 0


# --- the sharing table ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "member", "rule"),
    [
        ({"fields": {"dog_licence": ["x"]}}, "fields", "type_unknown"),
        ({"fields": {"food_operation_permit": ["colour"]}}, "fields", "field_unknown"),
        ({"fields": {}}, "fields", "missing"),
        ({"case_pattern": "(a+)+$"}, "case_pattern", "form"),
        ({"case_pattern": "((a{1,99}){1,99})b"}, "case_pattern", "form"),
        ({"case_pattern": "[z-a]"}, "case_pattern", "form"),
        ({"case_pattern": "a{5,1}"}, "case_pattern", "form"),
        ({"case_pattern": "[0-9]{9}{9}"}, "case_pattern", "form"),
        ({"case_pattern": "a{1,9}a{1,9}a{1,9}a{1,9}b"}, "case_pattern", "form"),
        ({"fields": {"food_operation_permit": [["x"]]}}, "fields", "field_unknown"),
        ({"legal_basis": ""}, "legal_basis", "form"),
        ({"from_on": "soon"}, "from_on", "form"),
    ],
)
def test_wrong_line_of_the_sharing_table_is_refused(
    hub_world: World, changes: Mapping[str, Any], member: str, rule: str
) -> None:
    with refused("fields_wrong", (member, rule)):
        hub_world.share(**changes)


def test_line_for_a_department_nobody_enrolled_is_refused(hub_world: World) -> None:
    with refused("department_unknown"):
        hub_world.share(requester=SHOP, providers={"food_operation_permit": MARKET})


def _comparison(values: Any) -> dict[str, Any]:
    request = statutory_request() | {"certificate_type": "food_operation_permit", "values": values}
    del request["wanted"]
    return request


def _miss_ten_times(world: World, request: Mapping[str, Any]) -> None:
    answers = [world.compare(request)["match"] for _ in range(world.registry.terms.misses_a_day)]
    assert not any(answers)


def _open(world: World, record: Mapping[str, Any]) -> OpenedRecord:
    def find_key(kid: str) -> VerificationKey:
        return world.registry.trust().seal_key(kid, issuing_body=MARKET, at=world.now)

    return open_record(parse_record(orjson.dumps(record)), find_key=find_key)


def _note(world: World, note: str) -> dict[str, Any]:
    def find_key(kid: str) -> VerificationKey:
        return world.registry.trust().hub_key(kid, purpose="notes", at=world.now)

    return dict(parse_json(verify_compact(note, find_key=find_key, typ=NOTE_TYP).payload))


def _decisions(world: World) -> list[tuple[bool, str]]:
    with world.registry.database.read() as connection:
        rows = connection.execute(select(tables.pull_decision.c.allowed, tables.pull_decision.c.reason))
        return [(row.allowed, row.reason) for row in rows]


def _count(world: World, table: Any) -> int:
    with world.registry.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _encoded(der: bytes) -> str:
    return encode(der)
