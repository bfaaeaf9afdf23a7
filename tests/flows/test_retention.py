"""Stories of retention: what is past its term goes, in batches and with an entry; what a proof needs stays."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from hub.custody import retention
from hub.custody.retention import Keeping, erase_past_term, past_term
from hub.store import tables
from hub.store.files import StoredFileError
from schemas.retention import RetentionCode, load_retention
from tests.flows.intake_world import Intakes, published_row
from tests.flows.test_erasures import copied
from tests.flows.test_examination_documents import outcome
from tests.flows.world import World, food_order, licence_order, statutory_request

RULES = load_retention()
YEARS = timedelta(days=366)


@pytest.fixture
def world(hub_world: World) -> World:
    """A hub with the 示例 shop's licence and food permit, of which the health bureau may pull the permit."""
    hub_world.issue(licence_order())
    hub_world.issue(food_order())
    hub_world.share()
    return hub_world


def keeping(world: World, folder: Path) -> Keeping:
    return Keeping(RULES, world.workshop.files, Intakes(world, folder).spool)


def listed(world: World, folder: Path) -> dict[RetentionCode, int]:
    found = past_term(keeping(world, folder), registry=world.registry, now=world.now)
    return {each.rule.code: each.count for each in found if each.count}


def erased(world: World, folder: Path) -> dict[RetentionCode, int]:
    return erase_past_term(keeping(world, folder), registry=world.registry, now=world.now)


def count(world: World, table: Any, *conditions: Any) -> int:
    with world.registry.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table).where(*conditions)).scalar_one())


def erasing_entries(world: World) -> int:
    return count(world, tables.entry, tables.entry.c.kind == "erase")


# --- nothing too early, nothing that a proof needs ----------------------------------------------------------------


def test_nothing_is_past_its_term_on_the_day_it_is_made(world: World, tmp_path: Path) -> None:
    world.pull(statutory_request())
    assert listed(world, tmp_path) == {}
    assert erased(world, tmp_path) == {}


def test_note_is_kept_for_three_years_after_its_copy_ends_and_not_a_day_less(world: World, tmp_path: Path) -> None:
    world.pull(statutory_request())
    ends_at = world.now + world.registry.terms.copy_term
    world.now = ends_at.replace(year=ends_at.year + 3)
    assert RetentionCode.DELIVERY_NOTE not in listed(world, tmp_path)
    world.now += timedelta(days=1)
    assert listed(world, tmp_path)[RetentionCode.DELIVERY_NOTE] == 1


def test_erased_notes_leave_the_deliveries_their_digests_and_each_kind_one_entry(world: World, tmp_path: Path) -> None:
    for case in ("2026-0001", "2026-0002", "2026-0003"):
        world.pull(statutory_request(case_number=case))
    world.now += 4 * YEARS
    gone = erased(world, tmp_path)
    assert (gone[RetentionCode.DELIVERY_NOTE], gone[RetentionCode.NOTICE]) == (3, 4)
    assert count(world, tables.delivery) == 3
    assert count(world, tables.delivery, tables.delivery.c.note != "") == 0
    assert erasing_entries(world) == 2
    assert RetentionCode.DELIVERY_NOTE not in erased(world, tmp_path)


def test_copy_goes_with_its_note_and_is_still_known_by_its_digest(world: World, tmp_path: Path) -> None:
    copy = copied(world, statutory_request())
    world.now += 4 * YEARS
    assert erased(world, tmp_path)[RetentionCode.COPY] == 1
    with pytest.raises(StoredFileError):
        world.workshop.files.get(copy.stored.sha256)
    assert count(world, tables.document, tables.document.c.file_gone_at.is_not(None)) == 1


def test_ended_certificate_is_listed_for_transfer_and_nothing_of_it_goes(world: World, tmp_path: Path) -> None:
    world.now += 16 * YEARS
    records, statements = count(world, tables.record), count(world, tables.statement)
    assert listed(world, tmp_path)[RetentionCode.RECORD] == 1
    assert RetentionCode.RECORD not in erased(world, tmp_path)
    assert (count(world, tables.record), count(world, tables.statement)) == (records, statements)


def test_outcome_of_an_import_goes_and_what_it_made_stays(world: World, tmp_path: Path) -> None:
    Intakes(world, tmp_path).collected([published_row(1), published_row(2)])
    assert count(world, tables.intake_row) == 2
    certificates = count(world, tables.certificate)
    world.now += 4 * YEARS
    assert erased(world, tmp_path)[RetentionCode.INTAKE_OUTCOME] == 2
    assert (count(world, tables.intake_row), count(world, tables.intake)) == (0, 1)
    assert count(world, tables.certificate) == certificates


def test_told_notices_go_and_open_tasks_stay(world: World, tmp_path: Path) -> None:
    world.pull(statutory_request())
    with world.registry.database.read() as connection:
        identifier = connection.execute(
            select(tables.certificate.c.identifier).where(tables.certificate.c.certificate_type == "business_licence")
        ).scalar_one()
    world.change(str(identifier), "cancel")
    told = count(world, tables.notice, tables.notice.c.state != "open")
    waiting = count(world, tables.notice, tables.notice.c.state == "open")
    assert told > 0
    assert waiting > 0
    world.now += 4 * YEARS
    assert erased(world, tmp_path)[RetentionCode.NOTICE] == told
    assert count(world, tables.notice) == waiting == count(world, tables.outbox)


def test_batches_are_bounded_and_each_has_its_entry(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_AT_ONCE", 2)
    for case in range(1, 6):
        world.pull(statutory_request(case_number=f"2026-{case:04d}"))
    world.now += 4 * YEARS
    gone = erased(world, tmp_path)
    assert (gone[RetentionCode.DELIVERY_NOTE], gone[RetentionCode.NOTICE]) == (5, 4)
    assert erasing_entries(world) == 3 + 2


def test_kept_answers_and_counts_go_without_an_entry(world: World, tmp_path: Path) -> None:
    world.compare(_comparison())
    world.now += timedelta(days=40)
    gone = erased(world, tmp_path)
    assert gone[RetentionCode.COMPARISON_MISS] == 1
    assert gone[RetentionCode.KEPT_ANSWER] == count(world, tables.statement) - _without_answers(world)
    assert erasing_entries(world) == 0


# --- files --------------------------------------------------------------------------------------------------------


def test_file_that_no_document_names_goes_after_a_day_and_others_stay(world: World, tmp_path: Path) -> None:
    kept = world.document(world.named(_food(world)))
    left = world.workshop.files.put(b"left by a maker that died")
    world.now = _clock_of(world, left) + timedelta(days=3)
    assert listed(world, tmp_path)[RetentionCode.UNNAMED_FILE] == 1
    assert erased(world, tmp_path)[RetentionCode.UNNAMED_FILE] == 1
    assert list(world.workshop.files.names()) == [kept.stored.sha256]


def test_spooled_file_of_an_intake_that_is_over_goes(world: World, tmp_path: Path) -> None:
    spool = Intakes(world, tmp_path).spool
    incoming = spool.receive("abandoned")
    incoming.write(b"x")
    incoming.keep(file_sha256="2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881")
    world.now = world.now.replace(year=world.now.year + 10)
    assert erased(world, tmp_path)[RetentionCode.SPOOLED_FILE] == 1
    assert spool.names() == []


def test_old_copy_shown_after_its_end_is_told_ended(world: World, tmp_path: Path) -> None:
    copy = copied(world, statutory_request())
    world.now += timedelta(days=40)
    assert outcome(world, copy.pdf)[0] != "valid"


# --- stories' tools -----------------------------------------------------------------------------------------------


def _food(world: World) -> str:
    with world.registry.database.read() as connection:
        query = select(tables.certificate.c.identifier).where(
            tables.certificate.c.certificate_type == "food_operation_permit"
        )
        return str(connection.execute(query).scalar_one())


def _comparison() -> dict[str, Any]:
    request = statutory_request() | {"certificate_type": "food_operation_permit", "values": {"business_items": "别的"}}
    del request["wanted"]
    return request


def _without_answers(world: World) -> int:
    """Return how many statements led to no kept answer: enrolments."""
    return count(world, tables.statement, tables.statement.c.act.in_(["enrol", "entitle"]))


def _clock_of(world: World, digest: str) -> Any:
    path = world.settings.folder / "documents" / digest[:2] / f"{digest}.enc"
    return world.now.fromtimestamp(os.stat(path).st_mtime, world.now.tzinfo)
