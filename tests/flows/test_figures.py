"""Stories of the figures: known acts, counted right, for all and for one department; a frozen sheet stays as it was."""

from collections.abc import Mapping
from typing import Any

from hub.figures.present import count_present
from tests.flows.refusals import refused
from tests.flows.world import HEALTH, MARKET, SHOP, World, food_order, licence_order, statutory_request


def counted(world: World, code: str, department: str | None = None) -> Mapping[str, Any]:
    """Return a figure's total and, by what they are of, its lines."""
    told = count_present(department, registry=world.registry, now=world.now)
    figure = next(each for each in told["figures"] if each["code"] == code)
    return {"total": figure["total"]} | {each["of"]: each["values"] for each in figure["lines"]}


def test_days_from_the_decision_to_sight_are_counted_by_body(hub_world: World) -> None:
    hub_world.issue(licence_order(decided_on="2026-11-20"))
    hub_world.issue(food_order(decided_on="2026-11-05"))
    figure = counted(hub_world, "decided_to_visible")
    assert figure["total"] == figure[MARKET] == {"count": 2, "p50_days": 3, "p95_days": 18}
    assert counted(hub_world, "published_late")[MARKET] == {"late_publication": 1, "late_delivery": 1}
    assert counted(hub_world, "decided_to_visible", HEALTH)["total"] == {"count": 0}


def test_correction_is_no_decision_and_counts_as_a_correction(hub_world: World) -> None:
    issued = hub_world.issue(food_order(decided_on="2026-11-20"))
    hub_world.issue(food_order(decided_on="2026-11-20", replaces=issued["identifier"], cause="correct"))
    assert counted(hub_world, "decided_to_visible")["total"] == {"count": 1, "p50_days": 3, "p95_days": 3}
    assert counted(hub_world, "corrections")[MARKET] == {"corrected": 1, "voided": 0}


def test_change_of_status_is_counted_from_its_document(hub_world: World) -> None:
    issued = hub_world.issue(food_order())
    hub_world.change(issued["identifier"], "suspend", document_date="2026-11-21")
    assert counted(hub_world, "changed_to_visible")[MARKET] == {"count": 1, "p50_days": 2, "p95_days": 2}


def test_refused_pulls_are_counted_by_reason_without_a_holder(hub_world: World) -> None:
    hub_world.issue(food_order())
    hub_world.share()
    hub_world.pull(statutory_request())
    with refused("case_number_form"):
        hub_world.pull(statutory_request(case_number="XYZ"))
    assert counted(hub_world, "refused_pulls") == {"total": {"count": 1}, "case_number_form": {"count": 1}}
    assert counted(hub_world, "refused_pulls", MARKET)["total"] == {"count": 0}
    assert SHOP not in str(count_present(None, registry=hub_world.registry, now=hub_world.now))
