"""Stories of objections: one button, each road to who must answer, with a last day; the answer comes back."""

from datetime import timedelta
from typing import Any

import pytest

from hub.department.tasks import answer_task as flow_answer
from hub.enterprise.objections import count_objections, draft_objection, object_to, objection_for, own_objections
from hub.store import tables
from schemas.objection import parse_objection, render_objection
from schemas.statement import Ordered
from tests.flows.refusals import refused
from tests.flows.test_ledger import lines
from tests.flows.world import (
    HEALTH,
    MARKET,
    OPERATOR,
    OTHER_SHOP,
    SHOP,
    TODAY,
    World,
    food_order,
    licence_order,
    statutory_request,
)

WINDOW = {"department": HEALTH, "day": TODAY.isoformat(), "item_code": "440112001"}
REASON = "法定代表人已变更"


@pytest.fixture
def shop_world(hub_world: World) -> World:
    """A shop with a licence, its e-licence, and a line of the sharing table."""
    hub_world.issue(licence_order())
    hub_world.share()
    hub_world.make_licence()
    return hub_world


def sign(world: World, road: str, *, signer: str = SHOP, role: Any = "legal_representative", **wish: Any) -> Any:
    given = {"licence_number": signer, "road": road, "reason": REASON} | wish
    text = draft_objection(given, registry=world.registry, now=world.now)["text"]
    return world.simulator.sign(signer, text, role)


def post(world: World, signed: Any) -> dict[str, Any]:
    return object_to(
        signed, operator=OPERATOR, registry=world.registry, e_licence=world.exchange.e_licence, now=world.now
    )


def answer(world: World, number: int, system: str) -> dict[str, Any]:
    content = {"number": number, "answer": "经核实，已更正"}
    if system == "operator":
        verified = world.order(Ordered.ANSWER_TASK, content, system=system)
        return flow_answer(
            content,
            verified=verified,
            system=world.system(system),
            key="k" * 16,
            registry=world.registry,
            now=world.now,
        )
    return world.give(Ordered.ANSWER_TASK, content, system=system, alone=True)


def own_tasks(world: World) -> list[dict[str, Any]]:
    """Return the tasks of the shop's newest objection, as the shop sees them."""
    return list(own_objections(SHOP, registry=world.registry)[0]["tasks"])


# --- the roads --------------------------------------------------------------------------------------------------


def test_wrong_data_is_the_issuing_bodys_correction_task_and_its_answer_comes_back(shop_world: World) -> None:
    permit = shop_world.issue(food_order())
    made = post(shop_world, sign(shop_world, "data_wrong", about=permit["identifier"]))
    (task,) = shop_world.inbox(kind="correction_asked")
    assert (task["recipient"], task["due_on"], task["facts"]["objection"]) == (MARKET, "2026-12-07", made["objection"])
    market = shop_world.system("market")
    assert objection_for(made["objection"], market, registry=shop_world.registry)["reason"] == REASON
    assert [each["state"] for each in own_tasks(shop_world)] == ["open"]
    answered = answer(shop_world, task["number"], "market")
    (seen,) = own_tasks(shop_world)
    assert (seen["state"], seen["answer"], seen["act_id"]) == ("done", "经核实，已更正", answered["act_id"])


def test_act_on_the_certificate_closes_what_is_asked_about_its_data(shop_world: World) -> None:
    permit = shop_world.issue(food_order())
    post(shop_world, sign(shop_world, "data_wrong", about=permit["identifier"]))
    shop_world.change(permit["identifier"], "withdraw")
    assert [(each["state"], each["answer"]) for each in own_tasks(shop_world)] == [("done", None)]


def test_access_not_allowed_goes_to_operator_and_requester_who_both_answer(shop_world: World) -> None:
    shop_world.pull(statutory_request())
    line = lines(shop_world)[0]
    made = post(shop_world, sign(shop_world, "access_not_allowed", about=line["act_id"]))
    assert [each["recipient"] for each in made["tasks"]] == [OPERATOR, HEALTH]
    assert {each["due_on"] for each in made["tasks"]} == {"2026-12-14"}
    for task, system in zip(own_tasks(shop_world), ("operator", "health"), strict=True):
        answer(shop_world, task["number"], system)
    assert [each["state"] for each in own_tasks(shop_world)] == ["done", "done"]


def test_wrong_decision_goes_to_whoever_decided(shop_world: World) -> None:
    permit = shop_world.issue(food_order())
    made = post(shop_world, sign(shop_world, "decision_wrong", about=permit["identifier"]))
    assert [each["recipient"] for each in made["tasks"]] == [MARKET]
    shop_world.pull(statutory_request())
    line = lines(shop_world)[0]
    made = post(shop_world, sign(shop_world, "decision_wrong", about=line["act_id"]))
    assert [each["recipient"] for each in made["tasks"]] == [HEALTH]


def test_refusing_window_is_the_superiors_task_or_the_operators_and_is_counted(shop_world: World) -> None:
    shop_world.make_licence(role="agent")
    made = post(shop_world, sign(shop_world, "window_refused", role="agent", window=WINDOW))
    assert [(each["recipient"], each["due_on"]) for each in made["tasks"]] == [(OPERATOR, "2026-11-30")]
    shop_world.enrol("issuing-bodies", **_under_market())
    other = WINDOW | {"item_code": "440112002"}
    made = post(shop_world, sign(shop_world, "window_refused", role="agent", window=other))
    assert [each["recipient"] for each in made["tasks"]] == [MARKET]
    counted = count_objections(TODAY.year, registry=shop_world.registry)
    assert (counted["objections"]["window_refused"], counted["window_refusals"]) == (2, {HEALTH: 2})


# --- who may, and what is kept ----------------------------------------------------------------------------------


def test_words_of_an_objection_and_its_answer_are_kept_encrypted(shop_world: World) -> None:
    permit = shop_world.issue(food_order())
    post(shop_world, sign(shop_world, "data_wrong", about=permit["identifier"]))
    answer(shop_world, own_tasks(shop_world)[0]["number"], "market")
    names = ("objection", "objection_task", "notice", "statement", "entry", "idempotency")
    with shop_world.registry.database.read() as connection:
        kept = str([connection.execute(tables.metadata.tables[name].select()).all() for name in names])
    assert (REASON in kept, "已更正" in kept, REASON.encode().hex() in kept) == (False, False, False)


def test_what_is_anothers_or_still_deferred_is_not_found(shop_world: World) -> None:
    others = shop_world.issue(food_order(licence_number=OTHER_SHOP))
    with refused("objection_about_unknown"):
        post(shop_world, sign(shop_world, "data_wrong", about=others["identifier"]))
    deferred = {"licence_number": SHOP, "item_code": "440112001", "case_number": "2026-0001", "legal_ground": "示例"}
    until = (TODAY + timedelta(days=9)).isoformat()
    shop_world.give(Ordered.DEFER, deferred | {"until_on": until}, system="health")
    hidden = shop_world.pull(statutory_request())["act_id"]
    with refused("objection_about_unknown"):
        post(shop_world, sign(shop_world, "access_not_allowed", about=hidden))
    with refused("objection_about_unknown"):
        post(shop_world, sign(shop_world, "window_refused", window=WINDOW | {"department": OTHER_SHOP}))


def test_same_objection_is_taken_once_while_it_is_open(shop_world: World) -> None:
    permit = shop_world.issue(food_order())
    signed = sign(shop_world, "data_wrong", about=permit["identifier"])
    assert post(shop_world, signed) == post(shop_world, signed)
    with refused("objection_open"):
        post(shop_world, sign(shop_world, "data_wrong", about=permit["identifier"]))
    answer(shop_world, own_tasks(shop_world)[0]["number"], "market")
    post(shop_world, sign(shop_world, "data_wrong", about=permit["identifier"]))


def test_agent_objects_to_windows_only_and_no_other_department_reads_it(shop_world: World) -> None:
    permit = shop_world.issue(food_order())
    made = post(shop_world, sign(shop_world, "data_wrong", about=permit["identifier"]))
    with refused("objection_not_found"):
        objection_for(made["objection"], shop_world.system("health"), registry=shop_world.registry)
    shop_world.make_licence(role="agent")
    with refused("objection_role"):
        post(shop_world, sign(shop_world, "decision_wrong", role="agent", about=permit["identifier"]))


@pytest.mark.parametrize(
    ("road", "wish"),
    [
        ("data_wrong", {"about": "x" * 43}),
        ("access_not_allowed", {"window": WINDOW}),
        ("window_refused", {"about": "x" * 43}),
        ("window_refused", {"window": WINDOW | {"day": "2026-02-30"}}),
        ("window_refused", {"window": WINDOW | {"item_code": "〕x"}}),
        ("friendship", {"about": "x" * 43}),
        ("decision_wrong", {"about": "x" * 43, "reason": "」\n"}),
        ("decision_wrong", {}),
    ],
)
def test_objection_that_fits_no_road_is_not_drafted(lasting_world: World, road: str, wish: dict[str, Any]) -> None:
    with refused("application_form"):
        sign(lasting_world, road, **wish)


@pytest.mark.parametrize("wish", [{"about": "x" * 43}, {"window": WINDOW, "road": "window_refused"}])
def test_sentence_says_one_thing(lasting_world: World, wish: dict[str, Any]) -> None:
    given = {"licence_number": SHOP, "road": "decision_wrong", "reason": REASON} | wish
    text = draft_objection(given, registry=lasting_world.registry, now=lasting_world.now)["text"]
    assert render_objection(parse_objection(text)) == text


def _under_market() -> dict[str, Any]:
    return {
        "licence_number": HEALTH,
        "department": HEALTH,
        "name_zh": "示例卫生健康局",
        "name_en": "Example health bureau",
        "area": "442000",
        "from_on": "2019-01-01",
        "superior": MARKET,
        "competences": [{"certificate_type": "food_operation_permit", "from_on": "2019-01-01"}],
    }
