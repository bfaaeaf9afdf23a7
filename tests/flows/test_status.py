"""Stories of a certificate's life: suspended, reinstated, ended, expired; by whom, from when, and what a scan says."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from hub.public.status_lists import StatusLists
from schemas.certificate import Act, Status
from schemas.statement import Ordered
from signing.base64url import decode
from signing.jws import CompactSigner, parse_json
from signing.status_list import decode_status, place_of
from tests.flows.refusals import refused
from tests.flows.world import CATALOGUE, HEALTH, MARKET, World, change_content, food_order, licence_order

ENDINGS = {"withdraw": "withdrawn", "annul": "annulled", "strip": "stripped", "cancel": "cancelled"}
# How a certificate comes into each state, and which acts are allowed there (the table of changes, written by hand).
PATHS: dict[str, tuple[str, ...]] = {
    "valid": (),
    "suspended": ("suspend",),
    "withdrawn": ("withdraw",),
    "annulled": ("annul",),
    "stripped": ("strip",),
    "cancelled": ("cancel",),
    "voided": ("void",),
}
ALLOWED = {
    "valid": {"suspend", "withdraw", "annul", "strip", "cancel", "void"},
    "suspended": {"reinstate", "withdraw", "annul", "strip", "cancel", "void"},
    "withdrawn": {"cancel", "void"},
    "annulled": {"cancel", "void"},
    "stripped": {"cancel", "void"},
    "cancelled": {"void"},
    "voided": set[str](),
}
ACTS = [str(act) for act in Act if act not in (Act.SUPERSEDE, Act.UNDO)]
FORBIDDEN = [(state, act) for state, act in product(PATHS, ACTS) if act not in ALLOWED[state]]
PERMITTED = [(state, act) for state, act in product(PATHS, ACTS) if act in ALLOWED[state]]
# What the state of the holder's licence makes of a good permit.
LICENCE_EFFECTS = {
    "suspend": ("suspended", "licence_suspended"),
    "withdraw": ("not_valid", "licence_withdrawn"),
    "annul": ("not_valid", "licence_annulled"),
    "strip": ("not_valid", "licence_stripped"),
    "cancel": ("not_valid", "licence_cancelled"),
}
WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "an act nobody knows": ({"act": "forget"}, "act", "choice"),
    "superseding by hand": ({"act": "supersede"}, "act", "choice"),
    "no ground": ({"ground": ""}, "ground", "missing"),
    "no document": ({"document_number": None}, "document_number", "missing"),
    "a date that is none": ({"document_date": "yesterday"}, "document_date", "form"),
    "an until without a suspension": ({"act": "withdraw", "until": "2027-01-01"}, "until", "only_for_suspend"),
    "an until before the beginning": ({"until": "2026-01-01"}, "until", "reversed"),
    "a bidirectional character": ({"ground": "示例\u202e事由"}, "ground", "control_character"),
    "a ground too long": ({"ground": "长" * 501}, "ground", "too_long"),
}


@pytest.mark.parametrize(("state", "act"), PERMITTED)
def test_allowed_change_is_made_and_seen_by_the_next_scan(hub_world: World, state: str, act: str) -> None:
    issued = _in_state(hub_world, state)
    changed = hub_world.change(issued["identifier"], act)
    answer = hub_world.scan_certificate(issued["reference"])
    assert answer["certificate"]["status"] == changed["status"]
    assert answer["certificate"]["changes"][-1]["document_number"] == "示决〔2026〕9号"
    assert (answer["verdict"]["outcome"] == "valid") == (changed["status"] == "valid")


@pytest.mark.parametrize(("state", "act"), FORBIDDEN)
def test_change_that_the_table_does_not_hold_is_refused(hub_world: World, state: str, act: str) -> None:
    issued = _in_state(hub_world, state)
    with refused("transition_not_allowed"):
        hub_world.change(issued["identifier"], act)
    assert hub_world.scan_certificate(issued["reference"])["certificate"]["status"] == state


@pytest.mark.parametrize("name", WRONG)
def test_wrong_order_to_change_is_refused_by_member_and_rule(hub_world: World, name: str) -> None:
    changes, member, rule = WRONG[name]
    issued = _in_state(hub_world, "valid")
    with refused("fields_wrong", (member, rule)):
        hub_world.change(issued["identifier"], **({"act": "suspend"} | changes))


def test_change_of_what_nobody_issued_is_refused(hub_world: World) -> None:
    with refused("certificate_not_found"):
        hub_world.change("1.2.156.3005.2.x", "withdraw")


def test_change_from_a_day_to_come_is_refused(hub_world: World) -> None:
    issued = _in_state(hub_world, "valid")
    with refused("works_from_future"):
        hub_world.change(issued["identifier"], "withdraw", works_from="2026-11-24")


def test_annulment_works_from_the_day_it_says(hub_world: World) -> None:
    issued = _in_state(hub_world, "valid")
    hub_world.change(issued["identifier"], "annul", works_from="2026-11-20")
    assert hub_world.scan_certificate(issued["reference"])["verdict"]["since"] == "2026-11-20"


def test_statement_of_a_change_for_another_body_is_refused(hub_world: World) -> None:
    content = change_content(_in_state(hub_world, "valid")["identifier"], "withdraw")
    verified = hub_world.order(Ordered.CHANGE_STATUS, content, system="market", issuing_body=HEALTH)
    with refused("statement_body"):
        hub_world.change_verified(content, verified)


# --- by whom ----------------------------------------------------------------------------------------------------


def test_another_body_cannot_change_a_certificate(hub_world: World) -> None:
    issued = _in_state(hub_world, "valid")
    with refused("body_not_in_charge"):
        hub_world.change(issued["identifier"], "withdraw", system="health", body=HEALTH)
    with refused("body_not_yours"):
        hub_world.change(issued["identifier"], "withdraw", system="health", body=MARKET)


@pytest.mark.parametrize("relation", ["successor", "superior"])
def test_successor_and_superior_may_change_what_a_body_issued(hub_world: World, relation: str) -> None:
    issued = _in_state(hub_world, "valid")
    _enrol_market(hub_world, **{relation: HEALTH})
    hub_world.change(issued["identifier"], "annul", system="health", body=HEALTH)
    assert hub_world.outcome(issued["reference"]) == ("not_valid", "annulled")


def test_body_that_has_ended_changes_nothing(hub_world: World) -> None:
    issued = _in_state(hub_world, "valid")
    _enrol_market(hub_world, until_on="2026-11-22", successor=HEALTH)
    with refused("body_ended"):
        hub_world.change(issued["identifier"], "annul")


def test_versions_voided_one_after_the_other_are_nobodys_neighbours(hub_world: World) -> None:
    first = _in_state(hub_world, "valid")
    second = hub_world.issue(food_order(replaces=first["identifier"], decision_number="示许〔2026〕2号"))
    hub_world.change(second["identifier"], "void")
    hub_world.change(first["identifier"], "void")
    told = [hub_world.scan_certificate(each["reference"])["certificate"] for each in (first, second)]
    assert [(each["previous"], each["next"]) for each in told] == [(None, None), (None, None)]


# --- suspension and dates ---------------------------------------------------------------------------------------


def test_suspension_of_a_type_that_ends_by_act_lasts_past_its_until(hub_world: World) -> None:
    issued = _in_state(hub_world, "valid")
    hub_world.change(issued["identifier"], "suspend", until="2026-11-25")
    hub_world.now = datetime(2026, 11, 25, 16, 0, tzinfo=UTC)  # 26 November, 0:00 in Shanghai
    assert hub_world.outcome(issued["reference"]) == ("suspended", "suspension_past")
    hub_world.change(issued["identifier"], "reinstate")
    assert hub_world.outcome(issued["reference"]) == ("valid", "good")


def test_certificate_expires_at_midnight_in_shanghai_and_nothing_is_stored(hub_world: World) -> None:
    hub_world.issue(licence_order())
    issued = hub_world.issue(food_order(valid_to="2026-11-30"))
    hub_world.now = datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC)
    assert hub_world.outcome(issued["reference"]) == ("valid", "good")
    hub_world.now += timedelta(seconds=1)
    assert hub_world.outcome(issued["reference"]) == ("not_valid", "expired")
    assert hub_world.scan_certificate(issued["reference"])["certificate"]["status"] == "valid"


def test_certificate_is_not_valid_before_its_first_day_begins_in_shanghai(hub_world: World) -> None:
    hub_world.issue(licence_order())
    issued = hub_world.issue(food_order(valid_from="2026-11-25"))
    hub_world.now = datetime(2026, 11, 24, 15, 59, 59, tzinfo=UTC)
    assert hub_world.outcome(issued["reference"]) == ("not_valid", "not_yet_valid")
    hub_world.now += timedelta(seconds=1)
    assert hub_world.outcome(issued["reference"]) == ("valid", "good")


def test_certificate_does_not_count_before_its_decision_works(hub_world: World) -> None:
    hub_world.issue(licence_order())
    issued = hub_world.issue(food_order(works_from="2026-11-25"))
    assert hub_world.outcome(issued["reference"]) == ("not_valid", "not_yet_valid")
    (line, _) = hub_world.scan_enterprise(issued["holder_reference"])["certificates"]
    assert line["verdict"]["reason"] == "not_yet_valid"


def test_licence_that_has_not_begun_carries_no_permit(hub_world: World) -> None:
    hub_world.issue(licence_order(valid_from="2026-11-25"))
    issued = hub_world.issue(food_order())
    assert hub_world.outcome(issued["reference"]) == ("unknown", "licence_not_recorded")
    hub_world.now = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
    assert hub_world.outcome(issued["reference"]) == ("valid", "good")


@pytest.mark.parametrize("written", ["长期", "2099-12-31", None])
def test_licence_without_end_never_expires(hub_world: World, written: str | None) -> None:
    issued = hub_world.issue(licence_order(valid_to=written))
    assert hub_world.scan_certificate(issued["reference"])["certificate"]["valid_to"] is None
    assert hub_world.outcome(issued["reference"]) == ("valid", "good_no_end")


# --- the holder's licence ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", LICENCE_EFFECTS)
def test_what_befalls_the_licence_befalls_the_permit(hub_world: World, act: str) -> None:
    licence = hub_world.issue(licence_order())
    permit = hub_world.issue(food_order())
    hub_world.change(licence["identifier"], act)
    assert hub_world.outcome(permit["reference"]) == LICENCE_EFFECTS[act]
    lines = hub_world.scan_enterprise(permit["holder_reference"])["certificates"]
    assert [each["verdict"]["outcome"] for each in lines] == [LICENCE_EFFECTS[act][0]] * 2


def test_permit_of_a_licence_past_its_term_is_unknown(hub_world: World) -> None:
    hub_world.issue(licence_order(valid_to="2026-11-22"))
    permit = hub_world.issue(food_order())
    assert hub_world.outcome(permit["reference"]) == ("unknown", "licence_term_ended")


@pytest.mark.parametrize("act", ENDINGS)
def test_permit_that_has_ended_says_so_itself_whatever_the_licence(hub_world: World, act: str) -> None:
    licence, permit = hub_world.issue(licence_order()), hub_world.issue(food_order())
    hub_world.change(permit["identifier"], act)
    hub_world.change(licence["identifier"], "suspend")
    assert hub_world.outcome(permit["reference"]) == ("not_valid", ENDINGS[act])


def test_reinstated_licence_makes_the_permit_good_again(hub_world: World) -> None:
    licence, permit = hub_world.issue(licence_order()), hub_world.issue(food_order())
    hub_world.change(licence["identifier"], "suspend")
    hub_world.change(licence["identifier"], "reinstate")
    assert hub_world.outcome(permit["reference"]) == ("valid", "good")


# --- status lists -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "value"), [("valid", 0), ("suspended", 2), ("annulled", 1)])
def test_status_list_says_what_the_registry_holds(hub_world: World, state: str, value: int) -> None:
    _in_state(hub_world, state)
    serial = 2  # the licence was the first
    signer = CompactSigner(hub_world.keys.signer("hub:status"), "statuslist+jwt")
    term = timedelta(minutes=5)
    token = StatusLists(hub_world.registry, signer, term).token(0, hub_world.now)
    lst = parse_json(decode(token.split(".")[1]))["status_list"]["lst"]
    assert decode_status(lst, place_of(serial, hub_world.registry.status_key).index) == value


def test_status_list_that_no_certificate_points_to_is_not_found(hub_world: World) -> None:
    signer = CompactSigner(hub_world.keys.signer("hub:status"), "statuslist+jwt")
    with refused("status_list_not_found"):
        StatusLists(hub_world.registry, signer, timedelta(minutes=5)).token(1, hub_world.now)


def _in_state(world: World, state: str) -> dict[str, Any]:
    world.issue(licence_order())
    issued = world.issue(food_order())
    for act in PATHS[Status(state)]:
        world.change(issued["identifier"], act)
    return issued


def _enrol_market(world: World, **changes: Any) -> None:
    competences = [{"certificate_type": each.code, "from_on": "2019-01-01"} for each in CATALOGUE.current()]
    content = {
        "licence_number": MARKET,
        "department": MARKET,
        "name_zh": "示例市场监管局",
        "name_en": "Example market bureau",
        "area": "442000",
        "from_on": "2019-01-01",
        "competences": competences,
    }
    world.enrol("issuing-bodies", **(content | changes))
