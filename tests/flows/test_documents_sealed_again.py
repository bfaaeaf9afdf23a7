"""Stories of files whose key was compromised: records are sealed again, files drawn anew, and the old ones say so."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.documents.worker import DocumentWorker, Maker
from hub.public.examination.offline_documents import verify_file_offline
from hub.public.examination.online import finder
from hub.public.examination.report import told
from hub.registry.resealing import Sealing, complete_orphans
from hub.store.document import DocumentReader
from schemas.certificate import SHANGHAI
from tests.flows.conftest import copied_world
from tests.flows.keys_led import MINUTE, compromised, resealed, times
from tests.flows.registry_check import check_registry
from tests.flows.test_examination_documents import attached, copy, examined, master, outcome, read_here
from tests.flows.test_key_life import UNPROVEN, left_open
from tests.flows.world import CATALOGUE, ORIGIN, World, food_order, licence_order

VALID = ("valid", "good")


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A hub on SQLite with the 示例 shop's licence, verified afterwards."""
    with copied_world("sqlite", request, tmp_path) as opened:
        opened.issue(licence_order())
        yield opened
        check_registry(opened)


def fallen(world: World) -> str:
    """Find out that the seal's key was compromised before anything was issued; return its name."""
    world.now += MINUTE
    return compromised(world, world.now - MINUTE).key_id


def draw_anew(world: World) -> int:
    """Let a maker of documents do what waits; return how many it made."""
    maker = Maker(world.registry, world.sealers, world.workshop, lambda: world.now)
    return DocumentWorker(maker, threads=0).make_waiting()


def waiting(world: World) -> int:
    with world.registry.database.read() as connection:
        return len(DocumentReader(connection).waiting(world.now))


def said(world: World, raw: bytes) -> dict[str, Any]:
    return told(examined(world, raw))


def said_offline(world: World, raw: bytes) -> dict[str, Any]:
    """Return what a verifier without the hub tells."""
    examination = verify_file_offline(
        raw, read=read_here, trust=world.registry.trust(), find_type=finder(CATALOGUE), status_token=None,
        now=world.now, max_age=None,
    )  # fmt: skip
    return told(examination)


def test_old_file_is_unknown_and_says_when_its_certificate_was_sealed_again_and_where_it_stands(world: World) -> None:
    issued = world.issue(food_order())
    old = master(world, issued["identifier"])
    resealed(world, fallen(world))
    day = world.now.astimezone(SHANGHAI)
    for raw in (old, attached(old)):
        answer = said(world, raw)
        assert (answer["outcome"], answer["reason"]) == UNPROVEN
        assert answer["certificates"][0]["sealed_again_at"] == world.now.isoformat()
        assert f"已于 {day.year}年{day.month}月{day.day}日重新签章" in answer["next_zh"]
        assert f"sealed again on {day.date().isoformat()}" in answer["next_en"]
        assert answer["opens"] == [f"/c/{issued['reference']}"]
    assert world.outcome(issued["reference"]) == VALID


def test_before_its_record_is_sealed_again_the_file_promises_nothing(world: World) -> None:
    old = master(world, world.issue(food_order())["identifier"])
    fallen(world)
    answer = said(world, old)
    assert (answer["outcome"], answer["reason"]) == UNPROVEN
    assert (answer["sealed_again_at"], answer["opens"]) == (None, [])


def test_files_are_drawn_anew_by_who_makes_documents_and_the_download_gives_a_good_one(world: World) -> None:
    identifier = world.issue(food_order())["identifier"]
    old = [master(world, identifier), master(world, identifier, "duplicate", "en")]
    resealed(world, fallen(world))
    assert (draw_anew(world), waiting(world)) == (2, 0)
    new = [master(world, identifier), master(world, identifier, "duplicate", "en")]
    assert [outcome(world, each) for each in (*new, attached(new[0]))] == [VALID] * 3
    assert [outcome(world, each) for each in old] == [UNPROVEN] * 2
    assert said_offline(world, new[0])["reason"] == "status_as_signed"


def test_offline_the_old_file_is_unknown_and_names_its_page(world: World) -> None:
    issued = world.issue(food_order())
    old = master(world, issued["identifier"])
    resealed(world, fallen(world))
    answer = said_offline(world, old)
    assert (answer["outcome"], answer["reason"]) == UNPROVEN
    assert (answer["opens"], "重新签章" in answer["next_zh"]) == ([f"{ORIGIN}/c/{issued['reference']}"], True)


def test_file_of_a_certificate_that_was_withdrawn_is_neither_drawn_anew_nor_recommended(world: World) -> None:
    identifier = str(world.issue(food_order())["identifier"])
    old = master(world, identifier)
    world.change(identifier, "withdraw")
    resealed(world, fallen(world))
    assert waiting(world) == 0
    answer = said(world, old)
    assert (answer["reason"], answer["sealed_again_at"], answer["opens"]) == ("withdrawn", None, [])


def test_second_compromise_leaves_the_file_without_a_page_until_the_record_is_sealed_once_more(world: World) -> None:
    old = master(world, world.issue(food_order())["identifier"])
    resealed(world, fallen(world))
    first_at, second = world.now, fallen(world)
    assert said(world, old)["opens"] == []
    resealed(world, second)
    answer = said(world, old)
    assert (answer["sealed_again_at"] == world.now.isoformat(), world.now > first_at) == (True, True)
    assert (draw_anew(world), waiting(world)) == (1, 0)


def test_copy_stands_by_its_note_once_the_record_inside_was_sealed_again(world: World) -> None:
    world.share()
    world.issue(food_order())
    old = copy(world)
    key_id = fallen(world)
    assert outcome(world, old) == UNPROVEN
    resealed(world, key_id)
    assert (outcome(world, old), waiting(world)) == (VALID, 0)


def test_order_that_died_before_its_seals_wants_no_file_until_it_is_completed(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    with copied_world("sqlite", request, tmp_path) as world:
        left_open(world, lambda identifier: master(world, identifier))
        assert waiting(world) == 0
        world.now += world.registry.terms.lease + MINUTE
        assert (
            complete_orphans(registry=world.registry, sealing=Sealing(world.sealers, times(world)), now=world.now) == 1
        )
        assert draw_anew(world) == 1
        check_registry(world)
