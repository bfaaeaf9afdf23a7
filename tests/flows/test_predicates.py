"""Stories of predicates: what the item lists may be asked and nothing else, and doubt never answers yes."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.store import tables
from schemas.predicates import PREDICATE_TYP, PredicateAnswer, PredicateKind, combined, holds
from schemas.statement import Ordered
from signing.jws import VerificationKey, parse_json, verify_compact
from tests.flows.conftest import copied_world
from tests.flows.items import item, put
from tests.flows.refusals import refused
from tests.flows.registry_check import check_registry
from tests.flows.world import HEALTH, OTHER_SHOP, SHOP, World, food_order, licence_order, statutory_request

FOOD = {"certificate_type": "food_operation_permit", "field": None, "argument": None}
PREDICATES = [
    FOOD | {"code": "valid", "kind": "valid_on"},
    FOOD | {"code": "area-60", "kind": "area_at_least", "field": "floor_area", "argument": "60"},
    FOOD | {"code": "area-200", "kind": "area_at_least", "field": "floor_area", "argument": "200"},
    FOOD | {"code": "scope", "kind": "scope_includes", "field": "business_items"},
    FOOD | {"code": "manager", "kind": "field_equals", "field": "food_safety_manager"},
]


@pytest.fixture
def asking_world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A shop with a food permit of 120 m², a line that shows its area, and an item that lists five questions."""
    with copied_world("sqlite", request, tmp_path) as world:
        world.issue(licence_order())
        world.issue(food_order())
        world.share(fields={"food_operation_permit": ["business_items", "floor_area"]})
        put(world, item(predicates=PREDICATES))
        yield world
        check_registry(world)


def question(code: str, argument: str | None = None, **changes: Any) -> dict[str, Any]:
    """Return a question of the health bureau."""
    request = statutory_request() | {"predicate": code} | ({"argument": argument} if argument else {}) | changes
    del request["wanted"]
    return request


def test_listed_question_is_answered_by_a_signed_yes_or_no_and_no_field(asking_world: World) -> None:
    answer = asking_world.ask(question("area-60"))
    signed = parse_json(verify_compact(answer["signed"], find_key=_notes_key(asking_world), typ=PREDICATE_TYP).payload)
    assert (answer["answer"], signed["answer"], signed["holder"], signed["requester"]) == ("yes", "yes", SHOP, HEALTH)
    assert (signed["predicate"]["argument"], signed["case_number"]) == ("60", "2026-0001")
    assert set(signed["predicate"]) == {"code", "kind", "certificate_type", "field", "argument"}
    assert asking_world.ask(question("area-200"))["answer"] == "no"
    assert asking_world.ask(question("scope", "热食类食品制售"))["answer"] == "yes"


def test_validity_is_asked_of_a_day(asking_world: World) -> None:
    assert asking_world.ask(question("valid", "2026-11-23"))["answer"] == "yes"
    assert asking_world.ask(question("valid", "2026-11-21"))["answer"] == "yes"
    assert asking_world.ask(question("valid", "2026-11-24"))["answer"] == "unknown"
    assert asking_world.ask(question("valid", "2026-11-01"))["answer"] == "unknown"


def test_certificate_that_is_not_valid_never_answers_yes(asking_world: World) -> None:
    with asking_world.registry.database.read() as connection:
        query = select(tables.certificate.c.identifier).where(
            tables.certificate.c.certificate_type == "food_operation_permit"
        )
        identifier = connection.execute(query).scalar_one()
    asking_world.change(identifier, "withdraw")
    assert asking_world.ask(question("area-60"))["answer"] == "no"
    assert asking_world.ask(question("valid", "2026-11-23"))["answer"] == "no"


def test_holder_of_nothing_is_unknown_and_never_no(asking_world: World) -> None:
    assert asking_world.ask(question("area-60", licence_number=OTHER_SHOP))["answer"] == "unknown"


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (question("dog"), "predicate_not_listed"),
        (question("area-60", "20"), "predicate_argument"),
        (question("scope"), "predicate_argument"),
        (question("valid", "soon"), "predicate_argument"),
        (question("manager", "示例乙"), "field_not_covered"),
        (question("area-60", item_code="999"), "item_not_in_force"),
        (question("area-60", case_number="XYZ"), "case_number_form"),
    ],
)
def test_what_is_not_listed_or_not_to_be_seen_is_refused_and_recorded(
    asking_world: World, request_: dict[str, Any], reason: str
) -> None:
    with refused(reason):
        asking_world.ask(request_)
    with asking_world.registry.database.read() as connection:
        assert list(connection.execute(select(tables.pull_decision.c.reason)).scalars()) == [reason]
        assert "predicate_refused" in set(connection.execute(select(tables.entry.c.kind)).scalars())


def test_same_question_again_is_answered_the_same_and_counted_once(asking_world: World) -> None:
    request, key = question("area-200"), "same-key-1234567890"
    jws = asking_world.sign(Ordered.ASK_PREDICATE, system="health", officer="h-001", request=request)
    first, second = (asking_world.ask(request, jws=jws, key=key) for _ in range(2))
    assert first == second
    with asking_world.registry.database.read() as connection:
        assert connection.execute(select(tables.comparison_miss.c.misses)).scalar_one() == 1


def test_item_lists_no_question_about_what_is_not_there(asking_world: World) -> None:
    wrong = [FOOD | {"code": "x", "kind": "field_equals", "field": "nothing"}]
    with refused("fields_wrong", ("items[0].predicates[0].field", "field_unknown")):
        put(asking_world, item(code="440112003", predicates=wrong))


@pytest.mark.parametrize(
    ("kind", "held", "argument", "outcome"),
    [
        ("area_at_least", "60", "60", True),
        ("area_at_least", "59.99", "60", False),
        ("area_at_least", "约60", "60", None),
        ("area_at_least", "NaN", "60", None),
        ("area_at_least", None, "60", None),
        ("field_equals", " 甲 ", "甲", True),
        ("scope_includes", "热食类食品制售；冷食类食品制售", "冷食类食品制售", True),
        ("scope_includes", "餐饮服务（不含冷食类食品制售）", "冷食类食品制售", None),
        ("scope_includes", "餐饮服务", "冷食类食品制售", False),
    ],
)
def test_value_answers_yes_only_where_it_surely_does(
    kind: str, held: str | None, argument: str, outcome: bool | None
) -> None:
    assert holds(PredicateKind(kind), held, argument) is outcome


def test_one_doubt_makes_a_no_unknown() -> None:
    assert combined([False, None]) is PredicateAnswer.UNKNOWN
    assert combined([None, True]) is PredicateAnswer.YES
    assert combined([]) is PredicateAnswer.UNKNOWN


@pytest.mark.parametrize("code", ["area-60", "dog"])
def test_nothing_is_decided_while_the_log_is_silent_not_even_a_refusal(asking_world: World, code: str) -> None:
    asking_world.log.goes_on = False
    asking_world.now += timedelta(hours=1)
    with refused("log_silent"):
        asking_world.ask(question(code))


def _notes_key(world: World) -> Any:
    def find_key(kid: str) -> VerificationKey:
        return world.registry.trust().hub_key(kid, purpose="notes", at=world.now)

    return find_key
