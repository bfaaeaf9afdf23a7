"""Stories of pulls by law: the caps of the day, the case that belongs to one holder, the review nobody can foresee."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.enterprise.ledger import draft_reading, open_ledger, read_lines, reading_of
from hub.errors import PullError
from hub.sharing.pull_reviews import choose_of_the_day, list_reviews
from hub.store import tables
from tests.flows.conftest import copied_world
from tests.flows.refusals import refused
from tests.flows.registry_check import check_registry
from tests.flows.world import (
    HEALTH,
    MARKET,
    OPERATOR,
    OTHER_SHOP,
    SHOP,
    World,
    food_order,
    licence_order,
    statutory_request,
)


@pytest.fixture
def pulling_world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A shop with its licence and permit, and an approved line of the sharing table."""
    with copied_world("sqlite", request, tmp_path) as world:
        world.issue(licence_order())
        world.issue(food_order())
        world.share()
        yield world
        check_registry(world)


def test_pulls_of_a_day_are_capped_by_officer_system_and_line(pulling_world: World) -> None:
    _set(pulling_world, pulls_a_day_officer=2)
    _pull_of(pulling_world, "h-001", "2026-0001", "2026-0002")
    with refused("cap_reached"):
        _pull_of(pulling_world, "h-001", "2026-0003")
    _set(pulling_world, pulls_a_day_system=3)
    _pull_of(pulling_world, "h-002", "2026-0003")
    with refused("cap_reached"):
        _pull_of(pulling_world, "h-002", "2026-0004")
    assert _reasons(pulling_world).count("cap_reached") == 2


def test_cap_of_a_line_is_counted_by_civil_day(hub_world: World) -> None:
    hub_world.issue(licence_order())
    hub_world.share(daily_cap=1)
    _pull_of(hub_world, "h-001", "2026-0001")
    with refused("cap_reached"):
        _pull_of(hub_world, "h-001", "2026-0001")
    hub_world.pass_days(1)
    _pull_of(hub_world, "h-001", "2026-0001")


def test_case_number_used_for_one_holder_is_no_use_for_another(pulling_world: World) -> None:
    pulling_world.pull(statutory_request())
    pulling_world.pull(statutory_request())
    with refused("case_other_holder"):
        pulling_world.pull(statutory_request(licence_number=OTHER_SHOP))
    pulling_world.share(many_holders=True)
    assert pulling_world.pull(statutory_request(licence_number=OTHER_SHOP))["delivery"] is None


def test_one_case_number_at_once_for_two_holders_is_one_holders(hub_world: World) -> None:
    hub_world.share()
    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(partial(_outcome, hub_world), (SHOP, OTHER_SHOP)))
    assert sorted(outcomes) == ["allowed", "case_other_holder"]


def test_chosen_pull_is_reviewed_by_another_department_and_never_by_its_own(pulling_world: World) -> None:
    _set(pulling_world, review_share=1.0)
    decision = pulling_world.pull(statutory_request())["decision"]
    (task,) = pulling_world.inbox(kind="pull_to_review")
    assert (task["facts"]["decision"], task["facts"]["case_number"], task["due_on"]) == (
        decision,
        "2026-0001",
        "2026-12-14",
    )
    with refused("task_not_found"):
        pulling_world.review(decision, system="health", justified=True)
    pulling_world.review(decision, justified=True)
    with refused("task_not_open"):
        pulling_world.review(decision, justified=True)
    assert pulling_world.inbox("health", kind="pull_not_justified") == []


def test_pull_that_was_not_justified_is_told_to_its_department_and_to_the_enterprise(pulling_world: World) -> None:
    _set(pulling_world, review_share=1.0)
    decision = pulling_world.pull(statutory_request())["decision"]
    with refused("fields_wrong", ("reason", "missing")):
        pulling_world.review(decision, justified=False)
    pulling_world.review(decision, justified=False, reason="no_such_case")
    (told,) = pulling_world.inbox("health", kind="pull_not_justified")
    assert (told["facts"]["reason"], told["facts"]["reviewer"]) == ("no_such_case", MARKET)
    (shown,) = list_reviews(pulling_world.system("health"), registry=pulling_world.registry)["reviews"]
    assert shown["words"] == "示例复核意见"
    assert _ledger(pulling_world)["review"] == {"reviewer": MARKET, "justified": False, "reason": "no_such_case"}


def test_reviewer_is_whom_the_line_names_and_no_requester_reviews_itself(pulling_world: World) -> None:
    with refused("fields_wrong", ("reviewer", "own_review")):
        pulling_world.share(reviewer=HEALTH)
    _set(pulling_world, review_share=1.0)
    pulling_world.share(code="rule-2", item_code="440112002", reviewer=OPERATOR)
    pulling_world.pull(statutory_request(basis={"kind": "statutory", "reference": "rule-2"}, item_code="440112002"))
    assert len(pulling_world.inbox("operator", kind="pull_to_review")) == 1


def test_of_a_day_on_which_no_lot_chose_one_pull_is_reviewed_all_the_same(pulling_world: World) -> None:
    _set(pulling_world, review_share=0.0)
    _pull_of(pulling_world, "h-001", "2026-0001", "2026-0002")
    assert _choose(pulling_world) == 0
    pulling_world.pass_days(1)
    assert (_choose(pulling_world), _choose(pulling_world)) == (1, 0)
    (task,) = pulling_world.inbox(kind="pull_to_review")
    assert task["facts"]["requester"] == HEALTH


def _set(world: World, **terms: Any) -> None:
    world.registry = replace(world.registry, terms=replace(world.registry.terms, **terms))


def _pull_of(world: World, officer: str, *cases: str) -> None:
    for each in cases:
        world.pull(statutory_request(case_number=each), officer=officer)


def _outcome(world: World, holder: str) -> str:
    try:
        world.pull(statutory_request(licence_number=holder))
    except PullError as error:
        return error.code
    return "allowed"


def _reasons(world: World) -> list[str]:
    with world.registry.database.read() as connection:
        return list(connection.execute(select(tables.pull_decision.c.reason)).scalars())


def _choose(world: World) -> int:
    return choose_of_the_day(registry=world.registry, now=world.now)


def _ledger(world: World) -> dict[str, Any]:
    world.make_licence()
    text = draft_reading({"licence_number": SHOP}, registry=world.registry, now=world.now)["text"]
    signed = world.simulator.sign(SHOP, text, "legal_representative")
    opened = open_ledger(signed, registry=world.registry, e_licence=world.exchange.e_licence, now=world.now)
    reading = reading_of(opened["ledger"], opened["token"], registry=world.registry, now=world.now)
    line: dict[str, Any] = read_lines(reading.applicant, after=None, registry=world.registry, now=world.now)["lines"][
        -1
    ]
    return line
