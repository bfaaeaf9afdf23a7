"""Stories of the yearly report of the sharing table: numbers alone, unused lines named, a finished year kept."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from hub.sharing.report import keep_finished, report_csv, report_year
from hub.store import tables
from tests.flows.conftest import copied_world
from tests.flows.refusals import refused
from tests.flows.registry_check import check_registry, find_faults
from tests.flows.world import HEALTH, MARKET, SHOP, World, food_order, granted_request, licence_order, statutory_request

OTHER_ITEM = "440112002"


@pytest.fixture
def unchecked(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A shop with its licence and permit; one line that was pulled on twice and refused once, and one nobody used."""
    with copied_world("sqlite", request, tmp_path) as world:
        _use(world)
        yield world


@pytest.fixture
def world(unchecked: World) -> Iterator[World]:
    yield unchecked
    check_registry(unchecked)


def _use(world: World) -> None:
    world.issue(licence_order())
    world.issue(food_order())
    world.share()
    world.share(code="rule-2", item_code=OTHER_ITEM)
    world.pull(statutory_request())
    world.pull(statutory_request(case_number="2026-0002"))
    with refused("case_number_form"):
        world.pull(statutory_request(case_number="XYZ"))


def report(world: World, year: int = 2026, *, system: str = "market") -> dict[str, Any]:
    return report_year(year, system=world.system(system), registry=world.registry, now=world.now)


def test_report_counts_each_line_and_names_the_unused_one(hub_world: World) -> None:
    _use(hub_world)
    told = report(hub_world)
    first, second = told["lines"]
    assert (first["code"], first["allowed"], first["refused"], first["last_on"]) == ("rule-1", 2, 1, "2026-11-23")
    assert (first["requester"], first["providers"]) == (HEALTH, [MARKET])
    assert (second["allowed"], second["last_on"], told["unused"]) == (0, None, ["rule-2"])
    assert (told["final"], SHOP in str(told)) == (False, False)


def test_pulls_for_the_item_on_other_bases_stand_beside_those_on_the_line(world: World) -> None:
    world.make_licence()
    digest = world.grant(item_code=OTHER_ITEM)
    world.pull(granted_request(digest, item_code=OTHER_ITEM))
    line = report(world)["lines"][1]
    assert (line["by_basis"]["statutory"], line["by_basis"]["grant"], line["unused"]) == (0, 1, True)


def test_department_sees_its_own_lines_and_the_operator_all(world: World) -> None:
    assert [len(report(world, system=each)["lines"]) for each in ("market", "health", "operator")] == [2, 2, 2]
    stranger = world.system("health")
    other = stranger.__class__(**{name: getattr(stranger, name) for name in stranger.__slots__} | {"department": "x"})
    assert report_year(2026, system=other, registry=world.registry, now=world.now)["lines"] == []


def test_finished_year_is_told_as_it_was_first_made_and_the_next_one_anew(world: World) -> None:
    world.pass_days(45)
    made = report(world)
    world.answer_rule(1, "end", code="rule-2", reason="not_needed", words="示例")
    assert report(world) == made
    assert (made["final"], made["unused"]) == (True, ["rule-2"])
    assert [each["code"] for each in report(world, 2027)["lines"]] == ["rule-1"]
    assert report(world, 2025)["lines"] == []
    with refused("fields_wrong", ("year", "in_future")):
        report(world, 2028)


def test_finished_year_is_kept_as_its_lines_stood_then_before_anybody_reads_it(world: World) -> None:
    assert keep_finished(registry=world.registry, now=world.now) is True  # the year before, which had no lines
    world.pass_days(45)
    assert [keep_finished(registry=world.registry, now=world.now) for _ in range(2)] == [True, False]
    world.answer_rule(1, "end", code="rule-2", reason="not_needed", words="示例")
    assert report(world)["unused"] == ["rule-2"]


def test_year_is_not_finished_on_the_first_day_of_the_next(world: World) -> None:
    world.pass_days(39)
    assert (str(world.now.date()), report(world)["final"]) == ("2027-01-01", False)


def test_csv_has_a_row_for_each_line(world: World) -> None:
    rows = b"".join(report_csv(report(world))).decode("utf-8-sig").splitlines()
    assert [row.split(",")[0] for row in rows] == ["规则 line", "rule-1", "rule-2"]
    assert rows[2].endswith("是 yes")


def test_audit_names_a_kept_report_whose_figures_were_changed(unchecked: World) -> None:
    unchecked.pass_days(45)
    report(unchecked)
    table = tables.sharing_report
    with unchecked.registry.database.read() as connection:
        content = connection.execute(select(table.c.content)).scalar_one()
    content["lines"][1]["allowed"] = 7
    unchecked.registry.database.write(lambda connection: connection.execute(update(table).values(content=content)))
    unchecked.log.round(unchecked.now)
    with unchecked.registry.database.read() as connection:
        assert find_faults(unchecked, connection) == ["sharing report 2026: line rule-2 has other figures"]
