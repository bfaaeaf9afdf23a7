"""A dry run says what the file would do, and does nothing."""

from pathlib import Path
from typing import Any

import pytest

from tests.flows.intake_world import Intakes, numbers_of, published_row, shop_number, type_row
from tests.flows.world import World

_MEANS = {"would_issue": "issued", "would_change": "changed"}


@pytest.fixture
def intakes(hub_world: World, tmp_path: Path) -> Intakes:
    """The intake doors of a world with two departments."""
    return Intakes(hub_world, tmp_path)


def _meant(intakes: Intakes, done: dict[str, Any]) -> dict[str, str]:
    """Return the result of each row, as the run would say it."""
    return {row: _MEANS.get(result, result) for row, result, _ in intakes.results(done["intake"])}


def test_dry_run_issues_nothing(intakes: Intakes) -> None:
    done = intakes.signed(numbers_of([1, 2]), dry_run=True)

    assert done["counts"] == {"would_issue": 2}
    assert intakes.certificates(shop_number(1)) == []


def test_dry_run_names_the_fields_that_would_change_and_no_value(intakes: Intakes) -> None:
    intakes.signed([type_row(1)])
    changed = type_row(1, 决定日期="2026-11-20", 经营项目="冷食类食品制售", 住所="中山市示例路9号")

    done = intakes.signed([changed], dry_run=True)

    lines = [(line["result"], line["field"], line["rule"]) for line in intakes.outcome(done["intake"])]
    assert lines == [
        ("would_change", "business_items", "differs"),
        ("would_change", "decided_on", "differs"),
        ("would_change", "holder_address", "differs"),
        ("would_change", "issued_on", "differs"),
    ]
    assert "冷食" not in intakes.outcome_bytes(done["intake"]).decode()


def test_dry_run_tells_what_the_run_then_does(intakes: Intakes) -> None:
    intakes.signed(numbers_of([1, 2, 3]))
    rows = [
        type_row(1),
        type_row(2, 决定日期="2026-11-20"),
        type_row(3, 住所="中山市示例路9号"),
        type_row(4),
        type_row(4),
        type_row(4, 决定日期="2026-11-20"),
        type_row(4, 决定日期="2026-11-19"),
        type_row(5, 统一社会信用代码=""),
        type_row(6, 证照编号=type_row(1)["证照编号"]),
    ]

    rehearsed = intakes.signed(rows, dry_run=True)
    done = intakes.signed(rows)

    assert _meant(intakes, rehearsed) == _meant(intakes, done)
    assert list(_meant(intakes, done).values()) == [
        "unchanged", "changed", "conflict", "issued", "unchanged", "changed", "conflict", "refused", "conflict",
    ]  # fmt: skip


def test_dry_run_of_a_publicity_file_tells_what_the_run_then_does(intakes: Intakes) -> None:
    intakes.signed([type_row(1)])
    rows = [
        published_row(1),
        published_row(2),
        published_row(2, XK_JDRQ="2026/11/20"),
        published_row(3, XK_XKZS="示例许可证"),
        published_row(4, XK_ZT="2"),
    ]

    rehearsed = intakes.collected(rows, dry_run=True)
    done = intakes.collected(rows)

    assert _meant(intakes, rehearsed) == _meant(intakes, done)
    assert list(_meant(intakes, done).values()) == ["conflict", "issued", "changed", "queued", "conflict"]
