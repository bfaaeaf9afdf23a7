"""Stories of the sharing table: asked for, approved by its provider, followed by versions, ended, frozen."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import Connection

from hub.errors import OrderError
from hub.sharing.answers import escalate_silent
from hub.sharing.table import list_rules
from hub.store.sharing import SharingWriter
from schemas.statement import Ordered
from signing.base64url import decode
from tests.flows.conftest import copied_world
from tests.flows.refusals import refused
from tests.flows.registry_check import check_registry
from tests.flows.world import (
    HEALTH,
    MARKET,
    World,
    food_order,
    licence_order,
    sharing_rule,
    statutory_request,
)

REFUSAL: dict[str, Any] = {"reason": "no_legal_basis", "words": "示例条例第1条不能作为依据"}


@pytest.fixture
def asked_world(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[World]:
    """A shop with its licence and permit; the health bureau has asked for a line that the market bureau answers for."""
    with copied_world("sqlite", request, tmp_path) as world:
        world.issue(licence_order())
        world.issue(food_order())
        world.put_rule(sharing_rule(), system="health")
        yield world
        check_registry(world)


def test_line_counts_only_once_its_provider_has_approved_it(hub_world: World) -> None:
    hub_world.issue(licence_order())
    hub_world.issue(food_order())
    assert hub_world.put_rule(sharing_rule(), system="health")["providers"] == [MARKET]
    with refused("rule_not_approved"):
        hub_world.pull(statutory_request())
    assert hub_world.answer_rule()["state"] == "approved"
    assert hub_world.pull(statutory_request())["items"][0]["file"]


def test_provider_sees_a_task_with_the_legal_clock_and_its_answer_closes_it(asked_world: World) -> None:
    (task,) = asked_world.inbox(kind="sharing_asked")
    # Ten working days after Monday 23 November 2026.
    assert (task["due_on"], task["facts"]["rule"], task["facts"]["requester"]) == ("2026-12-07", "rule-1", HEALTH)
    with refused("task_by_order"):
        asked_world.give(Ordered.ANSWER_TASK, {"number": task["number"], "answer": "示例"}, alone=True)
    asked_world.answer_rule()
    assert asked_world.inbox(kind="sharing_asked", state="open") == []
    with refused("rule_not_waiting"):
        asked_world.answer_rule()


def test_refusal_tells_the_requester_its_reason(asked_world: World) -> None:
    with refused("fields_wrong", ("reason", "missing"), ("words", "missing")):
        asked_world.answer_rule(answer="refuse")
    asked_world.answer_rule(answer="refuse", **REFUSAL)
    (told,) = asked_world.inbox("health", kind="sharing_answered")
    assert (told["facts"]["answer"], told["facts"]["reason"]) == ("refuse", "no_legal_basis")
    (shown,) = list_rules(asked_world.system("health"), registry=asked_world.registry)["rules"]
    assert (shown["state"], shown["answers"][0]["words"]) == ("refused", REFUSAL["words"])
    with refused("rule_refused"):
        asked_world.pull(statutory_request())


def test_only_the_provider_answers_and_only_for_a_person(asked_world: World) -> None:
    with refused("provider_only"):
        asked_world.answer_rule(system="health")
    with refused("rule_not_found"):
        asked_world.answer_rule(version=2)
    with refused("answer_officer_needed"):
        asked_world.answer_rule(officer=None)


def test_requester_asks_for_itself_only(asked_world: World) -> None:
    with refused("rule_not_yours"):
        asked_world.put_rule(sharing_rule(code="rule-2"), system="market")


def test_a_line_of_another_requester_is_not_taken_over(asked_world: World) -> None:
    with refused("rule_not_yours"):
        asked_world.put_rule(sharing_rule(requester=MARKET, fields={"business_licence": []}), system="market")
    rules = list_rules(asked_world.system("operator"), registry=asked_world.registry)["rules"]
    assert {each["requester"] for each in rules} == {HEALTH}


def test_nobody_answers_for_its_own_request_where_another_department_does(asked_world: World) -> None:
    with refused("fields_wrong", ("providers", "provider_unknown")):
        asked_world.put_rule(sharing_rule(code="rule-2", providers={"food_operation_permit": HEALTH}), system="health")


def test_silence_past_the_clock_goes_to_the_operator_and_approves_nothing(asked_world: World) -> None:
    assert _escalate(asked_world) == 0
    asked_world.now += timedelta(days=15)
    assert (_escalate(asked_world), _escalate(asked_world)) == (1, 0)
    (task,) = asked_world.inbox("operator", kind="sharing_silent", state="open")
    assert (task["facts"]["rule"], task["facts"]["provider"]) == ("rule-1", MARKET)
    with refused("rule_not_approved"):
        asked_world.pull(statutory_request())
    asked_world.answer_rule()
    assert asked_world.inbox("operator", kind="sharing_silent", state="open") == []


def test_version_that_narrows_stands_at_once_and_a_wider_one_waits_beside_it(asked_world: World) -> None:
    asked_world.answer_rule()
    narrower = asked_world.put_rule(sharing_rule(fields={"food_operation_permit": ["business_items"]}))
    wider = asked_world.put_rule(sharing_rule(fields={"food_operation_permit": ["food_safety_manager"]}))
    assert (narrower["version"], narrower["state"], wider["version"], wider["state"]) == (2, "approved", 3, "asked")
    wanted = [{"certificate_type": "food_operation_permit", "fields": ["food_safety_manager"]}]
    with refused("field_not_covered"):
        asked_world.pull(statutory_request(types=wanted))
    asked_world.answer_rule(3)
    assert asked_world.pull(statutory_request(types=wanted))["delivery"]


def test_version_supersedes_from_its_day_and_a_decision_names_the_one_it_stood_on(asked_world: World) -> None:
    asked_world.answer_rule()
    asked_world.put_rule(sharing_rule(from_on="2026-11-25", legal_basis="示例法第2条"))
    asked_world.answer_rule(2)
    first = asked_world.pull(statutory_request())
    asked_world.pass_days(2)
    second = asked_world.pull(statutory_request())
    assert _causes(first, second) == ["公共场所卫生许可（示例法第1条）", "公共场所卫生许可（示例法第2条）"]


def test_line_wider_than_the_class_of_its_type_is_refused(asked_world: World) -> None:
    with refused("fields_wrong", ("sharing_class", "class_wider")):
        asked_world.put_rule(sharing_rule(code="rule-2", sharing_class="unconditional"))


def test_line_that_contradicts_another_is_refused_by_its_name(asked_world: World) -> None:
    with refused("rule_conflicts"):
        asked_world.put_rule(sharing_rule(code="rule-2", fields={"food_operation_permit": ["floor_area"]}))
    assert asked_world.put_rule(sharing_rule(code="rule-2", item_code="440112002"))["state"] == "asked"


def test_of_two_contradicting_lines_ordered_at_once_the_second_is_refused(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    def put(world: World, code: str, field: str) -> object:
        try:
            return world.put_rule(sharing_rule(code=code, fields={"food_operation_permit": [field]}))
        except OrderError as error:
            return error.code

    with copied_world("postgresql", request, tmp_path) as world, ThreadPoolExecutor(2) as threads:

        def put_two(connection: Connection) -> list[Future[object]]:
            SharingWriter(connection).hold_table()
            lines = {"rule-1": "business_items", "rule-2": "floor_area"}
            put_at_once = [threads.submit(put, world, *each) for each in lines.items()]
            assert wait(put_at_once, timeout=1).done == set(), "both wait until this one ends"
            return put_at_once

        answers = [each.result() for each in world.registry.database.write(put_two)]
        assert [each for each in answers if isinstance(each, str)] == ["rule_conflicts"]


def test_ended_line_falls_back_on_no_earlier_version(asked_world: World) -> None:
    asked_world.answer_rule()
    asked_world.share(fields={"food_operation_permit": ["business_items"]})
    asked_world.answer_rule(2, "end", reason="misused", words="示例")
    with refused("rule_ended"):
        asked_world.pull(statutory_request())
    asked_world.share()
    asked_world.answer_rule(3, "end", reason="misused", words="示例")
    with refused("rule_not_standing"):
        asked_world.answer_rule(1, "confirm")


def test_provider_ends_a_line_at_once(asked_world: World) -> None:
    asked_world.answer_rule()
    asked_world.answer_rule(answer="end", reason="misused", words="示例")
    with refused("rule_ended"):
        asked_world.pull(statutory_request())
    assert asked_world.inbox(state="open") == []


def test_line_nobody_confirms_in_its_year_is_frozen_until_its_provider_does(asked_world: World) -> None:
    asked_world.answer_rule()
    (task,) = asked_world.inbox(kind="sharing_to_confirm", state="open")
    assert task["due_on"] == "2027-11-23"
    asked_world.pass_days(395)
    assert asked_world.pull(statutory_request())["delivery"]
    asked_world.pass_days(1)
    with refused("rule_unreviewed"):
        asked_world.pull(statutory_request())
    asked_world.answer_rule(answer="confirm")
    assert asked_world.pull(statutory_request())["delivery"]


def _causes(*answers: dict[str, Any]) -> list[str]:
    return [orjson.loads(decode(each["note"].split(".")[1]))["cause"] for each in answers]


def _escalate(world: World) -> int:
    return escalate_silent(registry=world.registry, now=world.now)
