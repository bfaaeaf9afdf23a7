"""Stories of clocks and tasks: what is late, what is overdue, what closes a task, whose it is."""

from datetime import date, timedelta
from typing import Any

import pytest

from hub.department.tasks import read_overdue
from schemas.statement import Ordered
from tests.flows.refusals import refused, refused_whole
from tests.flows.world import HEALTH, MARKET, SHOP, World, food_order, licence_order


def test_certificate_that_comes_after_its_clocks_is_said_to_be_late(hub_world: World) -> None:
    dates = {"decided_on": "2026-11-02", "valid_from": "2026-11-02", "valid_to": "2031-11-01"}
    permit = hub_world.issue(food_order(**dates))
    late = hub_world.inbox(kind="published_late")
    assert [(each["facts"]["clock"], each["facts"]["due_on"]) for each in late] == [
        ("publication", "2026-11-11"),
        ("certificate_delivery", "2026-11-16"),
    ]
    assert {each["facts"]["identifier"] for each in late} == {permit["identifier"]}


def test_certificate_within_its_clocks_is_not(hub_world: World) -> None:
    hub_world.issue(food_order())
    assert hub_world.inbox(kind="published_late") == []


def test_task_past_its_last_day_is_overdue_for_its_body_and_the_operator(hub_world: World) -> None:
    _ended(hub_world)
    assert _overdue(hub_world, "market") == []
    hub_world.pass_days(29)
    assert [each["kind"] for each in _overdue(hub_world, "market")] == ["licence_ended"]
    assert [each["recipient"] for each in _overdue(hub_world, "operator")] == [MARKET]
    assert _overdue(hub_world, "health") == []


def test_task_whose_clock_reaches_into_a_year_without_calendar_is_an_estimate(hub_world: World) -> None:
    hub_world.pass_days(20)
    _ended(hub_world)
    (task,) = hub_world.inbox(state="open")
    assert (task["due_on"], task["provisional"]) == ("2027-01-08", True)


def test_act_on_the_certificate_closes_the_task_about_it(hub_world: World) -> None:
    permit = _ended(hub_world)
    asked = {"identifier": permit["identifier"], "field": "business_items", "reason": "示例"}
    hub_world.give(Ordered.ASK_CORRECTION, asked, system="health", alone=True)
    assert len(hub_world.inbox(kind="correction_asked", state="open")) == 1
    closed = hub_world.change(permit["identifier"], "withdraw")
    (task,) = hub_world.inbox(kind="correction_asked")
    assert (task["state"], task["closed_by"]) == ("done", closed["act_id"])


def test_task_is_answered_once_and_by_its_own_body(hub_world: World) -> None:
    _ended(hub_world)
    (task,) = hub_world.inbox(state="open")
    content = {"number": task["number"], "answer": "已逐件处理"}
    with refused("task_not_found"):
        hub_world.give(Ordered.ANSWER_TASK, content, system="health", alone=True)
    hub_world.give(Ordered.ANSWER_TASK, content, alone=True)
    with refused("task_not_open"):
        hub_world.give(Ordered.ANSWER_TASK, content, alone=True)


def test_inbox_is_read_page_by_page(hub_world: World) -> None:
    permit = hub_world.issue(food_order())
    asked = {"identifier": permit["identifier"], "reason": "示例"}
    for field in ("business_items", "business_form", "holder_name"):
        hub_world.give(Ordered.ASK_CORRECTION, asked | {"field": field}, system="health", alone=True)
    with refused_whole(hub_world, "correction_asked"):
        hub_world.give(Ordered.ASK_CORRECTION, asked | {"field": "holder_name"}, system="health", alone=True)
    with refused_whole(hub_world, "fields_wrong", ("field", "field_unknown")):
        hub_world.give(Ordered.ASK_CORRECTION, asked | {"field": "nothing"}, system="health", alone=True)
    numbers = [each["number"] for each in hub_world.inbox()]
    assert [each["number"] for each in hub_world.inbox(after=numbers[0])] == numbers[1:]


@pytest.mark.parametrize(
    ("content", "member", "rule"),
    [
        ({"number": "1", "answer": "示例"}, "number", "form"),
        ({"number": 1, "answer": ""}, "answer", "missing"),
        ({"number": -1, "answer": "示例"}, "number", "form"),
    ],
)
def test_wrong_answer_is_refused_by_member_and_rule(
    lasting_world: World, content: dict[str, Any], member: str, rule: str
) -> None:
    with refused("fields_wrong", (member, rule)):
        lasting_world.give(Ordered.ANSWER_TASK, content, alone=True)


# --- who may ----------------------------------------------------------------------------------------------------


def test_joint_bodies_all_sign(hub_world: World) -> None:
    content = food_order(joint_bodies=[HEALTH])
    with refused("joint_body_silent"):
        hub_world.issue(content)
    permit = hub_world.issue_jointly(content, "health")
    assert hub_world.scan_certificate(permit["reference"])["certificate"]["joint_bodies"] == [HEALTH]


def test_superior_annuls_what_its_subordinate_issued_and_the_act_says_so(hub_world: World) -> None:
    _enrol_market(hub_world, superior=HEALTH)
    permit = hub_world.issue(food_order())
    hub_world.change(permit["identifier"], "annul", system="health", body=HEALTH)
    (change,) = hub_world.scan_certificate(permit["reference"])["certificate"]["changes"]
    assert (change["issuing_body"], change["authority"]) == (HEALTH, "superior")


def test_body_issues_by_delegation_and_the_delegator_may_end_it(hub_world: World) -> None:
    _enrol_market(hub_world, delegated_by=HEALTH)
    permit = hub_world.issue(food_order())
    shown = hub_world.scan_certificate(permit["reference"])["certificate"]
    assert shown["authority"] == {"kind": "delegated", "by": HEALTH}
    hub_world.change(permit["identifier"], "withdraw", system="health", body=HEALTH)
    (change,) = hub_world.scan_certificate(permit["reference"])["certificate"]["changes"]
    assert change["authority"] == "delegator"


def test_provincial_body_outside_the_city_issues_its_own(hub_world: World) -> None:
    _enrol_market(hub_world, area="440000")
    assert hub_world.issue(food_order())["version"] == 1


def test_single_orders_above_a_bodys_rate_need_a_second_officer(hub_world: World) -> None:
    while hub_world.registry.rates.count(MARKET, hub_world.now):
        pass
    with refused("rate_needs_second"):
        hub_world.issue(food_order())
    hub_world.now += timedelta(hours=1, seconds=1)
    assert hub_world.issue(food_order())["version"] == 1


def _ended(world: World) -> dict[str, Any]:
    """Let the shop's licence end while it has a permit in force."""
    licence, permit = world.issue(licence_order()), world.issue(food_order(licence_number=SHOP))
    today = world.now.date().isoformat()
    world.change(licence["identifier"], "cancel", works_from=today, document_date=today)
    return permit


def _overdue(world: World, system: str) -> list[dict[str, Any]]:
    found = read_overdue(world.system(system), after=(date.min, 0), registry=world.registry, now=world.now)
    return list(found["tasks"])


def _enrol_market(world: World, *, delegated_by: str | None = None, **changes: Any) -> None:
    competence = {"certificate_type": "food_operation_permit", "from_on": "2019-01-01"}
    given: dict[str, Any] = {
        "licence_number": MARKET,
        "department": MARKET,
        "name_zh": "示例市场监管局",
        "name_en": "Example market bureau",
        "area": "442000",
        "from_on": "2019-01-01",
        "competences": [competence | ({"delegated_by": delegated_by} if delegated_by else {})],
    }
    world.enrol("issuing-bodies", **(given | changes))
