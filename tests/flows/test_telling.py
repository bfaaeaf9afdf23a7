"""Stories of who is told: every act that says a record was wrong reaches everyone who had it, by any way, once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from schemas.annotation import AnnotationKind
from schemas.certificate import Act, Cause
from schemas.evidence import Kind
from schemas.parties import RelationKind
from schemas.telling import ABOUT_NO_RECORD, COMPROMISE, RESEALED, TELLINGS, Telling, tellings
from tests.flows.batch_world import NIGHT, Batches, lines_of
from tests.flows.conftest import copied_world
from tests.flows.grant_world import present, presented_request, redeem_at_window
from tests.flows.items import item, put
from tests.flows.keys_led import MINUTE, compromised, resealed
from tests.flows.registry_check import check_registry
from tests.flows.test_predicates import PREDICATES, question
from tests.flows.world import (
    HEALTH,
    OTHER_SHOP,
    SHOP,
    World,
    food_number,
    food_order,
    granted_request,
    licence_order,
    statutory_request,
)

SECOND = timedelta(seconds=1)
FOOD = [{"certificate_type": "food_operation_permit"}]


@dataclass
class Town:
    """A shop's licence and permit, another shop's licence, and the bureau that may pull."""

    world: World
    folder: Path
    licence: str
    permit: str

    def told(self) -> list[str]:
        """Return what the health bureau was told of records and licences."""
        kinds = ("certificate_wrong", "certificate_right_again", "licence_ended_told", "licence_goes_on_told")
        return [each["kind"] for each in self.world.inbox("health") if each["kind"] in kinds]


@pytest.fixture
def town(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Town]:
    with copied_world("sqlite", request, tmp_path) as world:
        licence = world.issue(licence_order())["identifier"]
        world.issue(licence_order(licence_number=OTHER_SHOP))
        permit = world.issue(food_order())["identifier"]
        shown = {"food_operation_permit": ["business_items", "floor_area"], "business_licence": []}
        world.share(fields=shown)
        world.make_licence()
        put(world, item(predicates=PREDICATES))
        world.now += SECOND
        yield Town(world, tmp_path, licence, permit)
        check_registry(world)


# --- the table --------------------------------------------------------------------------------------------------


def test_every_kind_of_act_stands_in_the_table_of_tellings_once() -> None:
    assert TELLINGS.keys() | ABOUT_NO_RECORD == set(Kind)
    assert not TELLINGS.keys() & ABOUT_NO_RECORD


@pytest.mark.parametrize(
    ("kind", "acts"),
    [
        (Kind.CHANGE_STATUS, set(Act) - {Act.SUPERSEDE}),
        (Kind.ISSUE, {*Cause, "first"}),
        (Kind.ANNOTATE, {*AnnotationKind, "lift", "repair"}),
        (Kind.RELATE, set(RelationKind)),
    ],
)
def test_whatever_an_act_can_do_has_its_row(kind: Kind, acts: set[str]) -> None:
    assert TELLINGS[kind].keys() == acts


def test_undoing_takes_back_what_was_told_and_nothing_else() -> None:
    assert tellings(Kind.CHANGE_STATUS, Act.UNDO, undone=Act.SUSPEND) == ()
    assert tellings(Kind.CHANGE_STATUS, Act.UNDO) == ()
    assert tellings(Kind.CHANGE_STATUS, Act.UNDO, undone=Act.CANCEL) == (Telling.LICENCE_GOES_ON,)


# --- every act that tells ---------------------------------------------------------------------------------------


def _change(town: Town, act: str, identifier: str) -> None:
    town.world.change(identifier, act)


def _undo(town: Town, act: str, identifier: str) -> None:
    done = town.world.change(identifier, act)
    town.world.change(identifier, "undo", undoes=done["act_id"])


def _compromise(town: Town) -> str:
    town.world.now += MINUTE
    return compromised(town.world, town.world.now - MINUTE).key_id


def _reseal(town: Town) -> None:
    key_id = _compromise(town)
    town.world.now += MINUTE
    resealed(town.world, key_id)


def _relate(town: Town, kind: str) -> None:
    town.world.relate(kind, SHOP, OTHER_SHOP)


Done = Callable[[Town], object]
WRONG, RIGHT, ENDED, GOES_ON = (
    ["certificate_wrong"], ["certificate_right_again"], ["licence_ended_told"], ["licence_goes_on_told"],
)  # fmt: skip
ACTS: dict[tuple[Kind, str], tuple[Done, list[str]]] = {
    (Kind.ISSUE, Cause.CORRECT): (
        lambda town: town.world.issue(food_order(replaces=town.permit, cause="correct")),
        WRONG,
    ),
    (Kind.CHANGE_STATUS, Act.ANNUL): (lambda town: _change(town, "annul", town.permit), WRONG),
    (Kind.CHANGE_STATUS, Act.VOID): (lambda town: _change(town, "void", town.permit), WRONG),
    (Kind.CHANGE_STATUS, Act.WITHDRAW): (lambda town: _change(town, "withdraw", town.licence), ENDED),
    (Kind.CHANGE_STATUS, Act.STRIP): (lambda town: _change(town, "strip", town.licence), ENDED),
    (Kind.CHANGE_STATUS, Act.CANCEL): (lambda town: _change(town, "cancel", town.licence), ENDED),
    (Kind.ANNOTATE, AnnotationKind.MOVED_OUT): (lambda town: town.world.annotate(town.licence, "moved_out"), ENDED),
    (Kind.RELATE, RelationKind.CONVERSION): (lambda town: _relate(town, "conversion"), ENDED),
    (Kind.RELATE, RelationKind.ABSORPTION): (lambda town: _relate(town, "absorption"), ENDED),
    (Kind.RELATE, RelationKind.MERGER): (lambda town: _relate(town, "merger"), ENDED),
    (Kind.RELATE, RelationKind.SPLIT): (lambda town: _relate(town, "split"), ENDED),
    (Kind.TRUST_LIST, COMPROMISE): (_compromise, WRONG),
    (Kind.RESEAL, RESEALED): (_reseal, WRONG + RIGHT),
}


def test_every_row_that_tells_has_its_story() -> None:
    assert {(kind, act) for kind, acts in TELLINGS.items() for act, told in acts.items() if told} == ACTS.keys()


@pytest.mark.parametrize("act", ACTS, ids=lambda act: "-".join(act))
def test_act_tells_who_was_handed_a_record_and_told_yes_of_it_once(town: Town, act: tuple[Kind, str]) -> None:
    town.world.pull(statutory_request())
    town.world.pull(statutory_request(case_number="2026-0002"))
    town.world.ask(question("area-60"))
    town.world.now += SECOND
    done, told = ACTS[act]
    done(town)
    assert town.told() == told


@pytest.mark.parametrize(("act", "told"), [("annul", WRONG + RIGHT), ("suspend", [])])
def test_undoing_is_told_to_whom_the_wrong_act_was(town: Town, act: str, told: list[str]) -> None:
    town.world.pull(statutory_request())
    _undo(town, act, town.permit)
    assert town.told() == told


def test_licence_whose_end_is_undone_goes_on_for_all_who_were_told(town: Town) -> None:
    town.world.pull(statutory_request())
    _undo(town, "cancel", town.licence)
    assert town.told() == ENDED + GOES_ON


# --- every way --------------------------------------------------------------------------------------------------


def _in_a_file(town: Town) -> None:
    batches = Batches(town.world, town.folder)
    batches.sent(lines_of([{"licence_number": SHOP, "case_number": "2026-0001"}]))
    town.world.now = NIGHT
    batches.night()


def _on_a_presentation(town: Town) -> None:
    shown = present(town.world, requester=HEALTH)
    redeem_at_window(town.world, shown["code"])
    town.world.pull(presented_request(shown["digest"]))


def _compare(town: Town, area: str) -> None:
    request = statutory_request() | {"certificate_type": "food_operation_permit", "values": {"floor_area": area}}
    del request["wanted"]
    town.world.compare(request)


WAYS: dict[str, Callable[[Town], object]] = {
    "pull": lambda town: town.world.pull(statutory_request()),
    "file of pulls": _in_a_file,
    "grant": lambda town: town.world.pull(granted_request(town.world.grant())),
    "presentation": _on_a_presentation,
    "comparison": lambda town: _compare(town, "120"),
    "question": lambda town: town.world.ask(question("area-60")),
}


@pytest.mark.parametrize("way", WAYS)
def test_annulment_reaches_who_had_the_record_by_each_way_once(town: Town, way: str) -> None:
    WAYS[way](town)
    town.world.now += SECOND
    town.world.change(town.permit, "annul")
    (notice,) = town.world.inbox("health", kind="certificate_wrong")
    assert notice["facts"] == {"identifier": town.permit, "act": "annul"}


def test_nobody_is_told_who_was_answered_no_or_had_another_record(town: Town) -> None:
    other = town.world.issue(food_order(certificate_number=food_number(2)))["identifier"]
    town.world.change(other, "suspend")
    town.world.ask(question("area-200"))
    _compare(town, "121")
    town.world.pull(statutory_request())
    town.world.change(other, "annul")
    assert town.told() == []


def test_earlier_moment_of_a_compromise_tells_nobody_a_second_time(town: Town) -> None:
    town.world.pull(statutory_request())
    sealed_at = town.world.now
    town.world.now += 2 * MINUTE
    key_id = compromised(town.world, town.world.now - MINUTE).key_id
    town.world.now += MINUTE
    compromised(town.world, sealed_at, key_id=key_id)
    assert town.told() == WRONG
