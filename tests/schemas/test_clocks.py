"""Legal clocks: each names its number, its source and how sure that is, and ends where the calendar says."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from schemas.clocks import CLOCKS_FILE, OWN, ClockCode, ClocksError, load_clocks
from schemas.working_days import Due, PeriodError, load_calendar

CLOCKS = load_clocks()
CALENDAR = load_calendar()
GOOD = CLOCKS_FILE.read_text(encoding="utf-8")


def test_the_clocks_are_those_of_the_law_and_our_own() -> None:
    assert {code: (clock.days, clock.unit, clock.runs, clock.grade) for code, clock in CLOCKS.items()} == {
        "publication": (7, "working_days", "after", "W"),
        "certificate_delivery": (10, "working_days", "after", "W"),
        "correction_request": (10, "working_days", "after", "M 0.6"),
        "renewal_window": (30, "days", "before", "P"),
        "renewal_decision": (20, "working_days", "after", "W"),
        "licence_end_task": (20, "working_days", "after", OWN),
        "penalty_task": (7, "working_days", "after", OWN),
        "conflict": (10, "working_days", "after", OWN),
        "resealing": (3, "working_days", "after", OWN),
        "access_objection": (15, "working_days", "after", OWN),
        "decision_objection": (15, "working_days", "after", OWN),
        "window_refusal": (5, "working_days", "after", OWN),
        "sharing_unconditional": (1, "working_days", "after", "M 0.6"),
        "sharing_conditional": (10, "working_days", "after", "M 0.6"),
        "sharing_silence": (5, "working_days", "after", OWN),
        "access_review": (365, "days", "after", OWN),
        "pull_review": (15, "working_days", "after", OWN),
        "visitor_report": (15, "working_days", "after", OWN),
    }


def test_own_clocks_say_that_no_law_gives_them() -> None:
    own = {code for code, clock in CLOCKS.items() if clock.grade == OWN}
    assert own == {code for code, clock in CLOCKS.items() if "本平台自定" in clock.source}


def test_publication_across_spring_festival_is_due_as_counted_by_hand() -> None:
    # 11, 12, 13, Saturday 14 (worked), 24, 25, 26 February 2026.
    due = CLOCKS["publication"].due(date(2026, 2, 10), CALENDAR)
    assert due == Due(date(2026, 2, 26), provisional=False)


def test_renewal_is_asked_for_days_before_the_end_whether_worked_or_not() -> None:
    window = CLOCKS[ClockCode.RENEWAL_WINDOW]
    assert window.due(date(2026, 3, 19), CALENDAR) == Due(date(2026, 2, 17), provisional=False)
    assert window.due(date(2024, 3, 30), CALENDAR) == Due(date(2024, 2, 29), provisional=False)
    assert window.due(date(2030, 1, 30), CALENDAR) == Due(date(2029, 12, 31), provisional=False)


def test_a_deemed_renewal_that_reaches_a_year_without_data_is_provisional() -> None:
    decision = CLOCKS[ClockCode.RENEWAL_DECISION]
    assert decision.due(date(2026, 11, 30), CALENDAR) == Due(date(2026, 12, 28), provisional=False)
    assert decision.due(date(2026, 12, 31), CALENDAR).provisional


def test_a_site_s_own_number_is_graded_as_its_own() -> None:
    clock = CLOCKS["correction_request"].with_days(5)
    assert (clock.days, clock.grade, clock.source) == (5, OWN, CLOCKS["correction_request"].source)
    assert clock.due(date(2026, 3, 2), CALENDAR) == Due(date(2026, 3, 9), provisional=False)
    assert CLOCKS["correction_request"].with_days(10).grade == "M 0.6"


@pytest.mark.parametrize("n", [0, -30, 1_001, True])
def test_a_site_s_number_is_a_sensible_one(n: int) -> None:
    with pytest.raises(PeriodError):
        CLOCKS["renewal_window"].with_days(n)


def test_a_period_that_no_date_can_end_is_refused() -> None:
    with pytest.raises(PeriodError):
        CLOCKS["renewal_window"].due(date.min, CALENDAR)
    with pytest.raises(PeriodError):
        CLOCKS["publication"].due(date.max, CALENDAR)


@pytest.mark.parametrize("code", ["renewal_window", "publication"])
def test_a_clock_starts_from_a_day_and_from_no_moment(code: str) -> None:
    with pytest.raises(PeriodError):
        CLOCKS[code].due(datetime(2026, 3, 2, tzinfo=UTC), CALENDAR)


@pytest.mark.parametrize(
    ("old", "new", "field", "rule"),
    [
        ("days = 7", "days = 0", "clocks[1].days", "not a positive whole number"),
        ("days = 7", "days = 1001", "clocks[1].days", "more than 1000"),
        ("days = 7", "days = 7\nhours = 1", "clocks[1].hours", "unknown key"),
        ('code = "publication"', 'code = "conflict"', "clocks[8].code", "stands twice"),
        ('"working_days"', '"weeks"', "clocks[1].unit", "none of working_days, days"),
        ('"after"\nsource', '"on"\nsource', "clocks[1].runs", "none of after, before"),
        (
            '"after"\nsource',
            '"before"\nsource',
            "clocks[1].runs",
            "before a day only days are counted, no working days",
        ),
        ('grade = "W"', 'grade = "sure"', "clocks[1].grade", "empty, or not of its form"),
        ('version = "2018 edition"\n', "", "clocks[1].version", "missing key"),
        ("[[clocks]]", "[[clocks]", "file", "not TOML in UTF-8"),
    ],
)
def test_wrong_file_is_named_by_file_field_and_rule(tmp_path: Path, old: str, new: str, field: str, rule: str) -> None:
    assert old in GOOD
    file = tmp_path / "clocks.toml"
    file.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ClocksError) as refused:
        load_clocks(file)
    assert str(refused.value) == f"clocks.toml: {field}: {rule}"


def test_a_clock_that_lacks_is_named(tmp_path: Path) -> None:
    file = tmp_path / "clocks.toml"
    file.write_text(GOOD[: GOOD.rindex("[[clocks]]")], encoding="utf-8")
    with pytest.raises(ClocksError) as refused:
        load_clocks(file)
    assert str(refused.value) == "clocks.toml: clocks: lacks visitor_report"
