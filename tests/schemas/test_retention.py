"""Retention: each kind names its term, its event, its source; every table of the hub is of one kind."""

from datetime import date
from pathlib import Path

import pytest

from hub.store import tables
from schemas.retention import RETENTION_FILE, RetentionCode, RetentionError, Then, load_retention

RULES = load_retention()
GOOD = RETENTION_FILE.read_text(encoding="utf-8")


def test_every_table_of_the_hub_is_of_exactly_one_kind() -> None:
    held = [name for rule in RULES.values() for name in rule.tables]
    assert sorted(held) == sorted(set(held))
    assert set(held) == set(tables.metadata.tables)


def test_what_a_proof_needs_has_no_end() -> None:
    kept = {code for code, rule in RULES.items() if rule.then is Then.KEPT}
    assert {RetentionCode.STATEMENT, RetentionCode.STATUS_CHANGE, RetentionCode.ENTRY, RetentionCode.PARTY} <= kept
    assert RULES[RetentionCode.RECORD].then is Then.TRANSFERRED


def test_provision_records_are_kept_for_the_three_years_of_the_law() -> None:
    note = RULES[RetentionCode.DELIVERY_NOTE]
    assert (note.years, note.grade, note.then) == (3, "P", Then.ERASED)
    assert "art. 12" in note.source
    assert "art. 56" in note.source


@pytest.mark.parametrize(
    ("code", "today", "before"),
    [
        (RetentionCode.DELIVERY_NOTE, date(2029, 11, 23), date(2026, 11, 23)),
        (RetentionCode.DELIVERY_NOTE, date(2032, 2, 29), date(2029, 3, 1)),
        (RetentionCode.RECORD, date(2036, 2, 29), date(2026, 3, 1)),
        (RetentionCode.COMPARISON_MISS, date(2026, 1, 31), date(2026, 1, 1)),
    ],
)
def test_a_term_ends_on_its_civil_day(code: RetentionCode, today: date, before: date) -> None:
    assert RULES[code].ended_before(today) == before


def test_what_is_kept_for_ever_never_ends() -> None:
    with pytest.raises(ValueError, match="for ever"):
        RULES[RetentionCode.ENTRY].ended_before(date(2026, 11, 23))


@pytest.mark.parametrize(
    ("old", "new", "field", "rule"),
    [
        ('code = "copy"', 'code = "delivery_note"', "kinds[8].code", "stands twice"),
        ("years = 10", "years = 4", "kinds[1].years", "at least 5"),
        ("years = 3", "years = 2", "kinds[7].years", "at least 3"),
        ('tables = ["statement", "objection"', 'tables = ["entry", "objection"', "kinds[4].tables", "two kinds"),
        ("days = 30", "days = 30\nyears = 1", "kinds[12].then", "one of each"),
        ('then = "kept"', 'then = "erased"', "kinds[2].then", "one of each"),
        ('event = "file_put"', 'event = "new_year"', "kinds[15].event", "none of"),
        ("days = 30", "days = 30_000", "kinds[12].years", "longer"),
        ('grade = "P"', 'grade = "sure"', "kinds[6].grade", "not of its form"),
        ('then = "kept"', 'then = "burnt"', "kinds[2].then", "none of"),
        ("[[kinds]]", "colour = 1\n[[kinds]]", "colour", "unknown key"),
    ],
)  # fmt: skip
def test_a_slip_in_the_file_is_named(tmp_path: Path, old: str, new: str, field: str, rule: str) -> None:
    assert old in GOOD
    path = tmp_path / "retention.toml"
    path.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RetentionError) as caught:
        load_retention(path)
    assert caught.value.field == field
    assert rule in caught.value.rule


def test_a_kind_that_is_left_out_is_missed(tmp_path: Path) -> None:
    path = tmp_path / "retention.toml"
    path.write_text("[[kinds]]" + GOOD.split("[[kinds]]")[1], encoding="utf-8")
    with pytest.raises(RetentionError, match="lacks"):
        load_retention(path)
