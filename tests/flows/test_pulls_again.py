"""Lost pulls are recorded again by the notes that were signed over them: the very decision and delivery, or nothing."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from hub.errors import PullError
from hub.store import tables
from hub.store.exchange import ExchangeReader, StoredDecision, StoredDelivery
from tests.flows.backed_up import NewUrl
from tests.flows.brought_back import Keeper, Recovered, lost_after
from tests.flows.conftest import copied_world
from tests.flows.registry_check import check_registry
from tests.flows.test_archives import files_of, zipped
from tests.flows.test_bundles import bundled
from tests.flows.test_reapplying import obstacles, permit_in
from tests.flows.world import World, granted_request, statutory_request


@dataclass(frozen=True, slots=True)
class Kept:
    """What a requester keeps of a pull, and how the hub kept it before the loss."""

    bundle: bytes
    decision: StoredDecision
    delivery: StoredDelivery | None


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A hub on SQLite with a permit and a line of the sharing table."""
    with copied_world("sqlite", request, tmp_path) as opened:
        permit_in(opened)
        opened.share()
        yield opened


def kept_of(world: World, name: str) -> tuple[StoredDecision | None, StoredDelivery | None]:
    with world.registry.database.read() as connection:
        reader = ExchangeReader(connection)
        return reader.decision(name), reader.delivery(name)


@contextmanager
def lost(
    world: World, folder: Path, new_url: NewUrl, *requests: Mapping[str, Any]
) -> Iterator[tuple[Recovered, list[Kept]]]:
    """Lose pulls of which the requester has the bundles."""
    kept = list[Kept]()

    def happen(keeper: Keeper) -> None:
        names = [world.pull(each)["decision"] for each in requests]
        for name in names:
            decision, delivery = kept_of(world, name)
            assert decision is not None
            kept.append(Kept(bundled(world, name), decision, delivery))

    with lost_after(world, folder, new_url, happen) as recovered:
        yield recovered, kept


def is_as_before(kept: Kept, world: World) -> bool:
    """Say whether decision and delivery are here as they were, but for what is lost for good."""
    decision, delivery = kept_of(world, kept.decision.decision)
    assert decision is not None
    assert delivery is not None
    assert kept.delivery is not None
    # A note names the second at which its copies end, and no statement has its number again.
    ends_at = kept.delivery.ends_at.replace(microsecond=0)
    return (delivery, replace(decision, statement=0)) == (
        replace(kept.delivery, ends_at=ends_at),
        replace(kept.decision, statement=0),
    )


def test_pull_by_law_is_recorded_as_it_was(unchecked_world: World, tmp_path: Path, new_url: NewUrl) -> None:
    permit_in(unchecked_world)
    unchecked_world.share()
    with lost(unchecked_world, tmp_path, new_url, statutory_request()) as (recovered, (kept,)):
        told = recovered.bring(kept.bundle)
        assert ([each["kind"] for each in told["again_now"]], told["left"]) == (["pull_allowed", "delivery"], [])
        assert is_as_before(kept, recovered.world)
        recovered.settle()
        check_registry(recovered.world)


def test_pull_under_a_grant_is_recorded_and_its_use_is_used_and_the_grant_stays_ended(
    unchecked_world: World, tmp_path: Path, new_url: NewUrl
) -> None:
    permit_in(unchecked_world)
    request = granted_request(unchecked_world.grant())
    with lost(unchecked_world, tmp_path, new_url, request) as (recovered, (kept,)):
        assert recovered.bring(kept.bundle)["left"] == []
        assert (kept.decision.use_state, is_as_before(kept, recovered.world)) == ("used", True)
        table = tables.grant_table.c
        with recovered.world.registry.database.read() as connection:
            (grant,) = connection.execute(select(table.uses_taken, table.ended_by)).all()
        assert (grant.uses_taken, grant.ended_by is not None) == (1, True)
        recovered.settle()
        check_registry(recovered.world)


def test_grant_that_was_lost_with_its_pull_comes_back_before_it(world: World, tmp_path: Path, new_url: NewUrl) -> None:
    bundles = list[bytes]()

    def happen(keeper: Keeper) -> None:
        pulled = world.pull(granted_request(keeper.grant()))
        bundles.append(bundled(world, pulled["decision"]))

    with lost_after(world, tmp_path, new_url, happen) as recovered:
        first = recovered.bring(*bundles)
        assert obstacles(first) == ["nothing_to_do_it_by", "act_differs", "decision_missing"]
        told = recovered.bring(*bundles, *recovered.keeper.all())
        assert ([each["kind"] for each in told["again_now"]], told["left"]) == (
            ["grant", "pull_allowed", "delivery"],
            [],
        )
        check_registry(recovered.world)


def test_same_bundle_twice_records_nothing_twice(world: World, tmp_path: Path, new_url: NewUrl) -> None:
    with lost(world, tmp_path, new_url, statutory_request()) as (recovered, (kept,)):
        assert len(recovered.bring(kept.bundle, kept.bundle)["again_now"]) == 2
        assert recovered.bring(kept.bundle)["again_now"] == []
        check_registry(recovered.world)


def test_kill_between_decision_and_delivery_is_gone_on_from(world: World, tmp_path: Path, new_url: NewUrl) -> None:
    with lost(world, tmp_path, new_url, statutory_request()) as (recovered, (kept,)):
        with pytest.raises(KeyboardInterrupt):
            recovered.bring(kept.bundle, dying_at=2)
        assert kept_of(recovered.world, kept.decision.decision)[1] is None
        assert recovered.bring(kept.bundle)["left"] == []
        assert is_as_before(kept, recovered.world)
        check_registry(recovered.world)


def test_note_alone_records_no_delivery(world: World, tmp_path: Path, new_url: NewUrl) -> None:
    with lost(world, tmp_path, new_url, statutory_request()) as (recovered, (kept,)):
        files = files_of(kept.bundle)
        of_delivery = {name: raw for name, raw in files.items() if kept.decision.act_id not in name}
        without = zipped({name: raw for name, raw in of_delivery.items() if name != "statement.jws"})
        assert obstacles(recovered.bring(without)) == ["decision_missing"]
        assert kept_of(recovered.world, kept.decision.decision) == (None, None)
        assert recovered.bring(kept.bundle)["left"] == []
        check_registry(recovered.world)


def test_bundle_without_its_request_or_its_note_records_nothing(world: World, tmp_path: Path, new_url: NewUrl) -> None:
    with lost(world, tmp_path, new_url, statutory_request()) as (recovered, (kept,)):
        files = files_of(kept.bundle)
        no_request, no_note = (
            zipped({name: raw for name, raw in files.items() if name != left_out})
            for left_out in ("statement.jws", "note.jws")
        )
        assert obstacles(recovered.bring(no_note)) == ["nothing_to_do_it_by"] * 2
        assert obstacles(recovered.bring(no_request)) == ["nothing_to_do_it_by", "decision_missing"]
        assert kept_of(recovered.world, kept.decision.decision) == (None, None)


def test_note_that_was_altered_or_is_of_another_pull_makes_no_decision_of_it(
    world: World, tmp_path: Path, new_url: NewUrl
) -> None:
    requests = (statutory_request(), statutory_request(case_number="2026-0002"))
    with lost(world, tmp_path, new_url, *requests) as (recovered, (kept, other)):
        assert kept.delivery is not None
        files, foreign = files_of(kept.bundle), files_of(other.bundle)
        altered = zipped(files | {"note.jws": kept.delivery.note[:-8].encode() + b"AAAAAAAA"})
        swapped = zipped(files | {"note.jws": foreign["note.jws"]})
        assert set(obstacles(recovered.bring(altered, swapped))) == {"nothing_to_do_it_by"}
        # An act that says the other's note was this decision's: no log ever had it.
        rows = orjson.loads(files["acts.json"])
        row = next(each for each in rows if orjson.loads(files[each["file"]])["kind"] == "delivery")
        said = orjson.loads(files[row["file"]])
        theirs = next(act for act in map(orjson.loads, _acts(foreign)) if act["kind"] == "delivery")
        forged = orjson.dumps(said | {"sealed": theirs["sealed"]})
        smuggled = zipped(files | {"note.jws": foreign["note.jws"], row["file"]: forged})
        assert "note_differs" in obstacles(recovered.bring(smuggled))
        assert kept_of(recovered.world, kept.decision.decision) == (None, None)
        assert recovered.bring(kept.bundle, other.bundle)["left"] == []
        assert (is_as_before(kept, recovered.world), is_as_before(other, recovered.world)) == (True, True)
        check_registry(recovered.world)


@pytest.mark.parametrize(
    "now_says", [{"fields": {"food_operation_permit": []}}, {"legal_basis": "示例法第2条"}], ids=str
)
def test_pull_whose_line_says_otherwise_by_now_is_named_and_not_recorded(
    now_says: dict[str, Any], world: World, tmp_path: Path, new_url: NewUrl
) -> None:
    world.share(fields={"food_operation_permit": ["floor_area"]}, sharing_class="conditional")
    with lost(world, tmp_path, new_url, statutory_request()) as (recovered, (kept,)):
        assert "floor_area" in kept.decision.fields["food_operation_permit"]
        changed = tables.sharing_rule.update().values(**now_says)
        recovered.world.registry.database.write(lambda connection: connection.execute(changed))
        assert obstacles(recovered.bring(kept.bundle)) == ["note_differs", "decision_missing"]
        assert kept_of(recovered.world, kept.decision.decision) == (None, None)


def test_refused_pull_is_named_only(world: World, tmp_path: Path, new_url: NewUrl) -> None:
    bundles = list[bytes]()

    def happen(keeper: Keeper) -> None:
        with pytest.raises(PullError, match="item_not_covered") as refused:
            world.pull(statutory_request(item_code="440112002"))
        bundles.append(bundled(world, str(refused.value.facts["decision"])))

    with lost_after(world, tmp_path, new_url, happen) as recovered:
        (left,) = recovered.bring(*bundles)["left"]
        assert (left["kind"], left["obstacle"]) == ("pull_refused", "kind_named_only")


def _acts(files: Mapping[str, bytes]) -> list[bytes]:
    return [raw for name, raw in files.items() if name.startswith("acts/")]
