"""The one decision, as a table: of everything that must hold, each thing wrong by itself refuses by its own reason."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from hub.decisions.authorisation import Decision, GrantStanding, decide
from schemas.catalogue import SharingClass, load_catalogue
from schemas.exchange import Basis, PullRequest, Wanted
from schemas.parties import Officer, Role, System
from schemas.sharing import RuleState, SharingRule

CATALOGUE = load_catalogue()
NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
TYPE = "food_operation_permit"
HEALTH, MARKET, SHOP = "11442000HEALTH0000", "11442000MARKET0000", "91442000SHOP000000"
SYSTEM = System("health", HEALTH, "示例", b"", frozenset({Role.PULL}), True)
OFFICER = Officer("h-001", HEALTH, True)
REQUEST = PullRequest(SHOP, (Wanted(TYPE, ("floor_area",)),), Basis.STATUTORY, "rule-1", "item", "2026-0001")
RULE = SharingRule(
    "rule-1", HEALTH, "item", "示例事项", "示例法", r"\d{4}-\d{4}", {TYPE: ("floor_area",)}, date(2026, 11, 23), None,
    state=RuleState.APPROVED, confirmed_until=date(2026, 11, 23),
)  # fmt: skip
GRANTED = replace(REQUEST, basis=Basis.GRANT)
GRANT = GrantStanding(
    digest="0" * 64,
    holder=SHOP,
    requester=HEALTH,
    fields={TYPE: ("floor_area",)},
    item_code="item",
    case_number="2026-0001",
    valid_from=NOW,
    valid_until=NOW + timedelta(seconds=1),
    uses_left=1,
    withdrawn=False,
    signer_known_good=True,
)
SYSTEMS = [
    ({"roles": frozenset({Role.ISSUE})}, "role_missing"),
    ({"active": False}, "role_missing"),
    ({"department": MARKET}, "rule_unknown"),
]
RULES = [
    ({"requester": MARKET}, "rule_unknown"),
    ({"from_on": date(2026, 11, 24)}, "rule_not_in_force"),
    ({"until_on": date(2026, 11, 22)}, "rule_not_in_force"),
    ({"state": RuleState.ASKED}, "rule_not_approved"),
    ({"state": RuleState.REFUSED}, "rule_refused"),
    ({"state": RuleState.ENDED}, "rule_ended"),
    ({"confirmed_until": date(2026, 11, 22)}, "rule_unreviewed"),
    ({"confirmed_until": None}, "rule_unreviewed"),
    ({"sharing_class": SharingClass.UNCONDITIONAL}, "class_stricter"),
    ({"item_code": "other"}, "item_not_covered"),
    ({"case_pattern": r"\d{4}"}, "case_number_form"),
    ({"case_pattern": r"\d{4}-\d{4}-\d"}, "case_number_form"),
    ({"fields": {}}, "type_not_covered"),
    ({"fields": {TYPE: ()}}, "field_not_covered"),
]
GRANTS = [
    ({"requester": MARKET}, "grant_other_requester"),
    ({"holder": MARKET}, "grant_other_holder"),
    ({"withdrawn": True}, "grant_withdrawn"),
    ({"signer_known_good": False}, "grant_signer_revoked"),
    ({"signer_known_good": None}, "grant_pending"),
    ({"valid_from": NOW + timedelta(microseconds=1)}, "grant_not_begun"),
    ({"valid_until": NOW}, "grant_ended"),
    ({"uses_left": 0}, "grant_used_up"),
    ({"item_code": "other"}, "item_not_covered"),
    ({"case_number": "2026-0002"}, "case_not_covered"),
    ({"fields": {}}, "type_not_covered"),
    ({"fields": {TYPE: ("business_items",)}}, "field_not_covered"),
]


def _decide(request: PullRequest = REQUEST, **changes: Any) -> Decision:
    given: dict[str, Any] = {"system": SYSTEM, "officer": OFFICER, "rule": RULE, "grant": None}
    return decide(request, **(given | changes), catalogue=CATALOGUE, now=NOW)


def test_pull_that_its_rule_covers_is_allowed() -> None:
    assert _decide() == Decision(True, "allowed", {TYPE: ("floor_area",)})


def test_pull_that_its_grant_covers_is_allowed() -> None:
    assert _decide(GRANTED, rule=None, grant=GRANT).allowed


@pytest.mark.parametrize(("changes", "reason"), SYSTEMS)
def test_caller_that_is_not_who_may_pull_is_refused(changes: dict[str, Any], reason: str) -> None:
    assert _decide(system=replace(SYSTEM, **changes)) == Decision(False, reason, {})


@pytest.mark.parametrize(("changes", "reason"), RULES)
def test_rule_with_one_thing_wrong_refuses_by_that(changes: dict[str, Any], reason: str) -> None:
    assert _decide(rule=replace(RULE, **changes)) == Decision(False, reason, {})


@pytest.mark.parametrize(("changes", "reason"), GRANTS)
def test_grant_with_one_thing_wrong_refuses_by_that(changes: dict[str, Any], reason: str) -> None:
    assert _decide(GRANTED, rule=None, grant=replace(GRANT, **changes)) == Decision(False, reason, {})


def test_rule_needs_an_officer_and_a_grant_needs_none() -> None:
    assert _decide(officer=None).reason == "officer_needed"
    assert _decide(GRANTED, officer=None, rule=None, grant=GRANT).allowed


def test_basis_that_is_not_there_refuses() -> None:
    assert _decide(rule=None).reason == "rule_unknown"
    assert _decide(GRANTED, rule=None, grant=None).reason == "grant_unknown"


def test_public_fields_need_no_listing_and_others_do() -> None:
    decision = _decide(replace(REQUEST, wanted=(Wanted(TYPE, None),)))
    assert "business_items" in decision.fields[TYPE]
    assert "food_safety_manager" not in decision.fields[TYPE]


def test_one_type_that_is_not_covered_refuses_the_whole_pull() -> None:
    wanted = (Wanted(TYPE, None), Wanted("business_licence", None))
    assert _decide(replace(REQUEST, wanted=wanted)) == Decision(False, "type_not_covered", {})
