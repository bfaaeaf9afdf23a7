"""A whole file undone: what nobody has touched since goes, both times stay, and the rest is left with its reason."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from hub.registry.intake.outcome import list_intakes
from hub.store import tables
from hub.store.certificate import CertificateReader
from schemas.certificate import Certificate
from tests.flows.intake_world import (
    Intakes,
    archive_row,
    csv_file,
    numbers_of,
    permit_number,
    published_row,
    shop_number,
    signed_content,
    type_row,
    undo_content,
)
from tests.flows.refusals import refused
from tests.flows.world import HEALTH, MARKET, TODAY, World


@pytest.fixture
def intakes(hub_world: World, tmp_path: Path) -> Intakes:
    """The intake doors of a world with two departments and an archive."""
    hub_world.enrol("sources", code="archive", name_zh="示例档案室", fresh_for_seconds=86_400)
    return Intakes(hub_world, tmp_path)


def _made(intakes: Intakes, name: str) -> list[Certificate]:
    """Return the certificates that the rows of an intake made, as they are now."""
    identifiers = [line["identifier"] for line in intakes.outcome(name) if line["result"] in ("issued", "changed")]
    with intakes.world.registry.database.read() as connection:
        found = CertificateReader(connection).by_identifier(identifiers)
    return [found[each] for each in identifiers]


def _changes(intakes: Intakes, serial: int) -> list[Any]:
    with intakes.world.registry.database.read() as connection:
        return list(CertificateReader(connection).changes([serial])[serial])


def test_file_of_new_certificates_is_undone_and_its_numbers_are_free_again(intakes: Intakes) -> None:
    name = intakes.signed(numbers_of(range(1, 31)))["intake"]

    undone = intakes.undo(name)

    assert undone == {"intake": name, "state": "done", "undone": 30, "left_count": 0, "left": []}
    assert {each.status for each in _made(intakes, name)} == {"voided"}
    assert intakes.certificates(shop_number(7)) == []
    assert intakes.progress(name)["undone"] is True
    assert intakes.signed(numbers_of(range(1, 31)))["counts"] == {"issued": 30}


def test_both_times_of_the_import_and_of_its_undoing_stay(intakes: Intakes) -> None:
    name = intakes.signed([type_row(1)])["intake"]
    (made,) = _made(intakes, name)

    intakes.undo(name)

    told = intakes.world.scan_certificate(made.reference)
    (change,) = told["certificate"]["changes"]
    assert told["verdict"]["reason"] == "voided"
    assert (told["certificate"]["works_from"], change["works_from"]) == ("2026-11-02", TODAY.isoformat())
    assert (change["act"], change["document_number"], change["authority"]) == ("void", "示更〔2026〕1号", "own")
    assert len({each.act_id for each in _changes(intakes, made.serial)} | {made.act_id}) == 2


def test_version_before_counts_again(intakes: Intakes) -> None:
    intakes.signed([type_row(1), type_row(2)])
    name = intakes.signed([type_row(1, 决定日期="2026-11-20", 住所="中山市示例路9号"), type_row(3)])["intake"]

    assert intakes.undo(name)["undone"] == 2

    (restored,) = intakes.certificates(shop_number(1))
    assert (restored.version, restored.status) == (1, "valid")
    assert [(each.act, each.undone_by is None) for each in _changes(intakes, restored.serial)] == [
        ("supersede", False), ("undo", True),
    ]  # fmt: skip
    assert intakes.certificates(shop_number(3)) == []


def test_several_versions_of_one_file_go_from_the_last_to_the_first(intakes: Intakes) -> None:
    intakes.signed([type_row(1)])
    rows = [type_row(1, 决定日期=f"2026-11-{day}", 住所=f"中山市示例路{day}号") for day in (10, 11, 12)]
    rows += [type_row(2), type_row(2, 决定日期="2026-11-20", 证照编号=permit_number(2))]
    name = intakes.signed(rows)["intake"]

    assert intakes.undo(name)["undone"] == 5

    assert [(each.version, each.status) for each in intakes.certificates(shop_number(1))] == [(1, "valid")]
    assert intakes.certificates(shop_number(2)) == []


def test_what_was_touched_since_is_left_with_the_reason(intakes: Intakes) -> None:
    rows = [type_row(place, 有效期至="2027-01-15" if place == 3 else "2031-11-01") for place in range(1, 7)]
    name = intakes.signed(rows)["intake"]
    world, made = intakes.world, _made(intakes, name)
    world.change(made[0].identifier, "suspend")
    world.change(made[1].identifier, "void")
    world.annotate(made[2].identifier, "renewal_accepted")
    intakes.signed([type_row(4, 决定日期="2026-11-20")])
    world.change(made[4].identifier, "suspend")
    act = _changes(intakes, made[4].serial)[0].act_id
    world.change(made[4].identifier, "undo", undoes=act)

    undone = intakes.undo(name)

    assert [(each["row"], each["reason"]) for each in undone["left"]] == [
        (6, "changed"), (5, "replaced"), (4, "annotated"), (3, "voided"), (2, "changed"),
    ]  # fmt: skip
    assert (undone["state"], undone["undone"], undone["left_count"]) == ("done", 1, 5)
    assert [each.status for each in _made(intakes, name)] == [
        "suspended", "voided", "valid", "superseded", "valid", "voided",
    ]  # fmt: skip


def test_legacy_and_collected_files_are_undone_by_the_body_they_are_about(intakes: Intakes) -> None:
    archive = intakes.legacy([archive_row(1), archive_row(2)])["intake"]
    published = intakes.collected([published_row(3), published_row(4, XK_XKJGDM=HEALTH)])["intake"]
    intakes.signed([type_row(1)])

    assert intakes.undo(archive)["left"] == [{"row": 2, "identifier": _made(intakes, archive)[0].identifier,
                                              "reason": "replaced"}]  # fmt: skip
    left = intakes.undo(published)["left"]
    assert [(each["row"], each["reason"]) for each in left] == [(3, "body_not_in_charge")]


def test_version_that_the_body_made_of_a_legacy_permit_gives_it_back(intakes: Intakes) -> None:
    intakes.legacy([archive_row(1)])
    name = intakes.signed([type_row(1)])["intake"]

    intakes.undo(name)

    (restored,) = intakes.certificates(shop_number(1))
    assert (restored.source, restored.status) == ("archive", "valid")


def test_successor_undoes_what_the_body_it_succeeded_took_in(intakes: Intakes) -> None:
    name = intakes.signed([type_row(1)])["intake"]
    intakes.succeed(MARKET, HEALTH)

    assert intakes.undo(name, system="health", issuing_body=HEALTH)["undone"] == 1


def test_dry_run_has_nothing_to_undo(intakes: Intakes) -> None:
    name = intakes.signed(numbers_of([1, 2]), dry_run=True)["intake"]

    assert intakes.undo(name)["undone"] == 0


# --- in portions, and again -------------------------------------------------------------------------------------


def test_long_undoing_goes_on_with_the_same_request(intakes: Intakes) -> None:
    name = intakes.signed(numbers_of(range(1, 51)))["intake"]
    content = undo_content(name)
    verified, seconds = intakes.order_undo(content)

    def call() -> tuple[str, int]:
        answer = intakes.undo_verified(content, verified, seconds=seconds, batch_rows=10, most=20)
        return answer["state"], answer["undone"]

    assert [call() for _ in range(4)] == [("going_on", 20), ("going_on", 40), ("done", 50), ("done", 50)]


def test_later_order_takes_an_undoing_over(intakes: Intakes) -> None:
    name = intakes.signed(numbers_of(range(1, 31)))["intake"]
    content = undo_content(name)
    verified, seconds = intakes.order_undo(content)
    intakes.undo_verified(content, verified, seconds=seconds, batch_rows=10, most=10)

    later = intakes.undo(name)

    assert (later["undone"], later["left_count"]) == (20, 10)
    with refused("undo_taken_over"):
        intakes.undo_verified(content, verified, seconds=seconds)


def test_two_at_once_undo_each_certificate_once(intakes: Intakes) -> None:
    name = intakes.signed(numbers_of(range(1, 21)))["intake"]
    other = Intakes(intakes.world.another(), intakes.folder.parent)
    content = undo_content(name)
    verified, seconds = intakes.order_undo(content)
    intakes.undo_verified(content, verified, seconds=seconds, batch_rows=5, most=5)

    assert other.undo_verified(content, verified, seconds=seconds, batch_rows=5)["undone"] == 20
    assert intakes.undo_verified(content, verified, seconds=seconds)["undone"] == 20
    other.world.close()
    with intakes.world.registry.database.read() as connection:
        assert len(connection.execute(select(tables.status_change)).all()) == 20


# --- who may ----------------------------------------------------------------------------------------------------


def test_undoing_needs_two_officers(intakes: Intakes) -> None:
    name = intakes.signed([type_row(1)])["intake"]
    content = undo_content(name)
    verified, _ = intakes.order_undo(content)

    with refused("second_officer_needed"):
        intakes.undo_verified(content, verified)

    assert [each.status for each in _made(intakes, name)] == ["valid"]


def test_another_department_undoes_nothing(intakes: Intakes) -> None:
    name = intakes.signed([type_row(1)])["intake"]

    with refused("intake_not_found"):
        intakes.undo(name, system="health", issuing_body=HEALTH)
    with refused("body_not_yours"):
        intakes.undo(name, system="health", issuing_body=MARKET)
    with refused("intake_not_found"):
        intakes.undo("nobody")


def test_statement_for_another_body_is_refused(intakes: Intakes) -> None:
    name = intakes.signed([type_row(1)])["intake"]
    content = undo_content(name)
    verified, seconds = intakes.order_undo(content)

    with refused("statement_body"):
        intakes.undo_verified(content | {"issuing_body": HEALTH}, verified, seconds=seconds)


def test_intake_under_way_is_not_undone(intakes: Intakes) -> None:
    file = csv_file(numbers_of([1, 2]))
    name = intakes.admit(file, **signed_content())
    with refused("intake_not_finished"):
        intakes.undo(name)
    intakes.send(name, file)
    with refused("intake_not_finished"):
        intakes.undo(name)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"works_from": "2026-11-24"}, "works_from_future"),
        ({"document_date": "2026-11-24"}, "decision_in_future"),
        ({"ground": ""}, "fields_wrong"),
        ({"ground": "示例\u202e"}, "fields_wrong"),
        ({"document_number": None}, "fields_wrong"),
        ({"works_from": "soon"}, "fields_wrong"),
        ({"intake": "x\0y"}, "fields_wrong"),
        ({"intake": None}, "fields_wrong"),
    ],
)
def test_wrong_order_to_undo_is_refused(intakes: Intakes, changes: dict[str, Any], code: str) -> None:
    name = intakes.signed([type_row(1)])["intake"]

    with refused(code):
        intakes.undo(name, **changes)


def test_collected_files_are_listed_apart_from_signed_ones_and_each_list_by_its_time(intakes: Intakes) -> None:
    def names(*, collected: bool, before: datetime | None = None) -> list[str]:
        registry = intakes.world.registry
        found = list_intakes(MARKET, collected=collected, before=before, registry=registry)
        return [each["intake"] for each in found["intakes"]]

    first = intakes.legacy([archive_row(1)])["intake"]
    intakes.world.now += timedelta(minutes=1)
    later, signed = intakes.legacy([archive_row(2)])["intake"], intakes.signed([type_row(3)])["intake"]
    assert (names(collected=True), names(collected=False)) == ([later, first], [signed])
    assert names(collected=True, before=intakes.world.now) == [first]
