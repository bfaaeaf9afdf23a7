"""Stories of what cannot be true: out of order, twice, in a ring, in two places, of a day to come.

Each row names what stands before, the act that contradicts it, and the code of the rule that refuses it; afterwards
everything that is stored is as it was, but for the evidence.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.identifiers import make_licence_number
from tests.flows.refusals import refused_whole
from tests.flows.world import LIFT, SHOP, World, food_number, food_order, licence_order, lift_number, lift_order

COMPANY, THIRD = (make_licence_number("91442000", f"MA00000{place}") for place in (3, 4))
OTHER_LIFT = "31104420002020010002"
TOMORROW = "2026-11-24"
LEAP_DAY = datetime(2028, 2, 28, 16, 0, tzinfo=UTC)  # 29 February, 0:00 in Shanghai

Town = dict[str, dict[str, Any]]
"""What stands: the licence and a permit of the shop, and what a row adds by name."""
Deed = Callable[[World, Town], object]


def _change(act: str, name: str = "permit", **said: Any) -> Deed:
    return lambda world, town: town.setdefault(act, world.change(town[name]["identifier"], act, **said))


def _undo(act: str, name: str = "permit") -> Deed:
    return lambda world, town: world.change(town[name]["identifier"], "undo", undoes=town[act]["act_id"])


def _food(as_: str = "other", **said: Any) -> Deed:
    return lambda world, town: town.setdefault(as_, world.issue(food_order(**said)))


def _next(of: str, as_: str, **said: Any) -> Deed:
    return lambda world, town: town.setdefault(as_, world.issue(food_order(replaces=town[of]["identifier"], **said)))


def _lift(as_: str, holder: str, serial: int, device: str = LIFT, of: str | None = None, **said: Any) -> Deed:
    def deed(world: World, town: Town) -> object:
        content = lift_order(licence_number=holder, certificate_number=lift_number(serial), subject_id=device, **said)
        return town.setdefault(as_, world.issue(content | ({"replaces": town[of]["identifier"]} if of else {})))

    return deed


def _relate(kind: str, from_: str, to: str, **said: Any) -> Deed:
    return lambda world, _: world.relate(kind, from_, to, **said)


def _note(kind: str, name: str = "permit", **said: Any) -> Deed:
    return lambda world, town: town.setdefault(kind, world.annotate(town[name]["identifier"], kind, **said))


def _lift_note(kind: str, name: str = "permit", **said: Any) -> Deed:
    return lambda world, town: world.undo_note(town[name]["identifier"], "lift", town[kind]["act_id"], **said)


def _device(step: str, **said: Any) -> Deed:
    return lambda world, _: world.register("device", step=step, subject_id=LIFT, **said)


def _at(moment: datetime) -> Deed:
    def deed(world: World, _: Town) -> None:
        world.now = moment
        world.pass_days(0)

    return deed


CONTRADICTIONS: dict[str, tuple[list[Deed], Deed, str]] = {
    # out of order
    "a reinstatement before its suspension": (
        [_change("suspend", works_from="2026-11-22")], _change("reinstate", works_from="2026-11-21"), "out_of_order",
    ),
    "a reinstatement of what was never suspended": ([], _change("reinstate"), "transition_not_allowed"),
    "a withdrawal behind a reinstatement": (
        [_change("suspend", works_from="2026-11-21"), _change("reinstate", works_from="2026-11-23")],
        _change("withdraw", works_from="2026-11-22"), "out_of_order",
    ),
    "a second ending": ([_change("withdraw")], _change("annul"), "transition_not_allowed"),
    "a suspension of what is suspended": ([_change("suspend")], _change("suspend"), "transition_not_allowed"),
    "a suspension that ends before it begins": ([], _change("suspend", until="2026-11-22"), "fields_wrong"),
    "a version behind the suspension it ends": (
        [_change("suspend", works_from="2026-11-22")], _next("permit", "next", works_from="2026-11-21"), "out_of_order",
    ),
    "a version of what has ended": ([_change("cancel")], _next("permit", "next"), "transition_not_allowed"),
    "a second version of the same": (
        [_next("permit", "next")], _next("permit", "again", decision_number="2"), "previous_not_current",
    ),
    "an undo of what is not the last": (
        [_change("suspend"), _change("withdraw")], _undo("suspend"), "undo_not_last",
    ),
    "an undo of an undone act": ([_change("suspend"), _undo("suspend")], _undo("suspend"), "undo_not_last"),
    "an undo of a void": ([_change("void")], _undo("void"), "undo_not_possible"),
    "a void of what was replaced": ([_next("permit", "next")], _change("void"), "transition_not_allowed"),
    "a note lifted before it began": (
        [_note("dormant", "licence")], _lift_note("dormant", "licence", from_on="2026-11-22"), "out_of_order",
    ),
    "a note lifted twice": (
        [_note("dormant", "licence"), _lift_note("dormant", "licence")], _lift_note("dormant", "licence"),
        "annotation_lifted",
    ),
    "a renewal refused that nobody filed": ([], _note("renewal_refused"), "renewal_not_filed"),
    "a renewal refused before it was filed": (
        [_note("renewal_accepted")], _note("renewal_refused", from_on="2026-11-22"), "out_of_order",
    ),
    "a renewal of what has ended": ([_change("cancel")], _note("renewal_accepted"), "renewal_not_possible"),
    # two successors, rings, oneself
    "two successors": (
        [_relate("absorption", SHOP, COMPANY)], _relate("merger", SHOP, THIRD), "relation_two_successors",
    ),
    "a conversion of what was divided": (
        [_relate("split", SHOP, COMPANY)], _relate("conversion", SHOP, THIRD), "relation_two_successors",
    ),
    "a merger into itself": ([], _relate("merger", SHOP, SHOP), "relation_itself"),
    "an absorption into itself": ([], _relate("absorption", SHOP, SHOP), "relation_itself"),
    "successors in a ring": (
        [_relate("conversion", SHOP, COMPANY), _relate("merger", COMPANY, THIRD)], _relate("merger", THIRD, SHOP),
        "relation_ring",
    ),
    "two parents": ([_relate("branch", SHOP, COMPANY)], _relate("branch", SHOP, THIRD), "relation_two_parents"),
    "the same relation twice": (
        [_relate("branch", SHOP, COMPANY)], _relate("branch", SHOP, COMPANY), "relation_there",
    ),
    "an end of what does not stand": ([], _relate("branch", SHOP, COMPANY, step="end"), "relation_not_found"),
    "an end before the beginning": (
        [_relate("merger", SHOP, COMPANY)], _relate("merger", SHOP, COMPANY, step="end", works_from="2026-11-22"),
        "out_of_order",
    ),
    "a permit that goes to no successor": (
        [], _next("permit", "next", licence_number=COMPANY), "previous_of_another",
    ),
    "a permit that goes where a relation ended": (
        [_relate("merger", SHOP, COMPANY), _relate("merger", SHOP, COMPANY, step="end")],
        _next("permit", "next", licence_number=COMPANY), "previous_of_another",
    ),
    # in two places
    "a device in two places": ([_lift("lift", SHOP, 1)], _lift("again", COMPANY, 2), "device_elsewhere"),
    "a device back where it was while it is elsewhere": (
        [_lift("lift", SHOP, 1), _change("cancel", "lift"), _lift("again", COMPANY, 2)], _undo("cancel", "lift"),
        "device_elsewhere",
    ),
    "a device given back by a void while it is elsewhere": (
        [_lift("lift", SHOP, 1), _lift("wrong", SHOP, 1, OTHER_LIFT, "lift"), _lift("again", COMPANY, 2)],
        _change("void", "wrong"), "device_elsewhere",
    ),
    "a device registered twice": ([_device("register")], _device("register"), "subject_registered"),
    "a device handed on that has ended": (
        [_device("register"), _device("end")], _device("hand_on"), "subject_ended",
    ),
    "a certificate for a device that has ended": (
        [_device("register"), _device("end")], _lift("lift", SHOP, 1), "subject_unknown",
    ),
    "one number for two holders": ([], _food(licence_number=COMPANY), "number_taken"),
    # of a day to come
    "a withdrawal from tomorrow": ([], _change("withdraw", works_from=TOMORROW), "works_from_future"),
    "a document of tomorrow": ([], _change("withdraw", document_date=TOMORROW), "decision_in_future"),
    "a decision of tomorrow": (
        [], _food(certificate_number=food_number(9), decided_on=TOMORROW, valid_from=TOMORROW), "decision_in_future",
    ),
    "a version from tomorrow": ([], _next("permit", "next", works_from=TOMORROW), "works_from_future"),
    "a note from tomorrow": ([], _note("dormant", "licence", from_on=TOMORROW), "decision_in_future"),
    "a merger from tomorrow": ([], _relate("merger", SHOP, COMPANY, works_from=TOMORROW), "works_from_future"),
    "a device from tomorrow": ([], _device("register", works_from=TOMORROW), "works_from_future"),
    # the calendar, and midnight in Shanghai
    "29 February of a year that has none": ([], _change("withdraw", works_from="2026-02-29"), "fields_wrong"),
    "29 February a second before it begins": (
        [_at(LEAP_DAY - timedelta(seconds=1))],
        _change("withdraw", works_from="2028-02-29", document_date="2028-02-28"), "works_from_future",
    ),
    "1 March on 29 February": (
        [_at(LEAP_DAY)], _change("withdraw", works_from="2028-03-01", document_date="2028-02-29"), "works_from_future",
    ),
    "five years and a day from 29 February": (
        [_at(LEAP_DAY)],
        _food(
            certificate_number=food_number(9), decided_on="2028-02-29", valid_from="2028-02-29", valid_to="2033-03-01"
        ),
        "fields_wrong",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_contradiction_is_refused_by_its_rule_and_nothing_is_half_done(hub_world: World, name: str) -> None:
    before, contradiction, code = CONTRADICTIONS[name]
    town = _town(hub_world)
    for deed in before:
        deed(hub_world, town)
    with refused_whole(hub_world, code):
        contradiction(hub_world, town)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (LEAP_DAY, "2028-02-29"),
        (LEAP_DAY + timedelta(days=1, seconds=-1), "2028-02-29"),
        (LEAP_DAY + timedelta(days=1), "2028-03-01"),
    ],
)
def test_act_of_the_day_it_is_in_shanghai_is_done(hub_world: World, moment: datetime, day: str) -> None:
    town = _town(hub_world)
    _at(moment)(hub_world, town)
    _change("withdraw", works_from=day, document_date=day)(hub_world, town)
    assert hub_world.scan_certificate(town["permit"]["reference"])["verdict"]["since"] == day


def test_permit_from_29_february_ends_with_28_february(hub_world: World) -> None:
    town = _town(hub_world)
    _at(LEAP_DAY)(hub_world, town)
    days = {"decided_on": "2028-02-29", "valid_from": "2028-02-29", "valid_to": "2028-02-29"}
    _food("day", certificate_number=food_number(9), **days)(hub_world, town)
    assert hub_world.outcome(town["day"]["reference"]) == ("valid", "good")
    hub_world.now = LEAP_DAY + timedelta(days=1)
    assert hub_world.outcome(town["day"]["reference"]) == ("not_valid", "expired")


def _town(world: World) -> Town:
    for place, number in enumerate((COMPANY, THIRD)):
        world.issue(licence_order(licence_number=number, certificate_number=number, holder_name=f"中山示例{place}公司"))
    return {"licence": world.issue(licence_order()), "permit": world.issue(food_order())}
