"""Working days: as the notices say, checked against an independent list; what is not known is provisional."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.working_days import (
    CALENDAR_FOLDER,
    CalendarError,
    Counted,
    Due,
    PeriodError,
    WorkingDays,
    load_calendar,
)

CALENDAR = load_calendar()
LISTED = Path(__file__).with_name("working_days.txt")
KNOWN_DAYS = [date(2024, 1, 1) + timedelta(days=place) for place in range(1096)]
ONE_DAY = timedelta(days=1)
GOOD = (CALENDAR_FOLDER / "2026.toml").read_text(encoding="utf-8")
SPRING_FESTIVAL = "first = 2026-02-15, last = 2026-02-23"
NEAR_DAYS = st.dates(date(2022, 1, 1), date(2029, 12, 31))


def listed_days() -> dict[str, str]:
    lines = LISTED.read_text(encoding="utf-8").splitlines()
    return dict(line.split() for line in lines if not line.startswith("#"))


def calendar_of(folder: Path, **texts: str) -> WorkingDays:
    for name, text in texts.items():
        (folder / f"{name.removeprefix('year_')}.toml").write_text(text, encoding="utf-8")
    return load_calendar(folder)


def test_every_day_of_three_years_is_as_the_independent_list_says() -> None:
    deviating = {
        day.isoformat(): "worked" if CALENDAR.is_working(day) else "off"
        for day in KNOWN_DAYS
        if CALENDAR.is_working(day) != (day.weekday() < 5)
    }
    assert KNOWN_DAYS[-1] == date(2026, 12, 31)
    assert deviating == listed_days()


def test_each_year_names_its_notice() -> None:
    assert {year: source.split()[0] for year, source in CALENDAR.sources.items()} == {
        2024: "国办发明电〔2023〕7号",
        2025: "国办发明电〔2024〕12号",
        2026: "国办发明电〔2025〕7号",
    }


def test_seven_working_days_across_spring_festival_are_as_counted_by_hand() -> None:
    # From Tuesday 10 February 2026: 11, 12, 13, Saturday 14 (worked), then off until 23, then 24, 25, 26.
    assert CALENDAR.after(date(2026, 2, 10), 7) == Due(date(2026, 2, 26), provisional=False)
    # Then 27, Saturday 28 (worked), Monday 2 March.
    assert CALENDAR.after(date(2026, 2, 10), 10) == Due(date(2026, 3, 2), provisional=False)


def test_a_day_off_starts_a_period_as_any_day_does() -> None:
    assert CALENDAR.after(date(2026, 2, 15), 1) == Due(date(2026, 2, 24), provisional=False)
    assert CALENDAR.after(date(2026, 2, 23), 1) == Due(date(2026, 2, 24), provisional=False)


def test_29_february_is_counted() -> None:
    assert CALENDAR.after(date(2024, 2, 28), 1) == Due(date(2024, 2, 29), provisional=False)
    assert CALENDAR.count(date(2024, 2, 26), date(2024, 3, 1)) == Counted(5, provisional=False)
    assert CALENDAR.after(date(2028, 2, 28), 1) == Due(date(2028, 2, 29), provisional=True)


def test_a_year_without_an_arrangement_is_monday_to_friday_and_provisional() -> None:
    # 1 January 2027 is a Friday; that it will be off no notice known here says.
    assert CALENDAR.after(date(2026, 12, 30), 1) == Due(date(2026, 12, 31), provisional=False)
    assert CALENDAR.after(date(2026, 12, 31), 1) == Due(date(2027, 1, 1), provisional=True)
    assert CALENDAR.after(date(2023, 12, 31), 1) == Due(date(2024, 1, 2), provisional=False)
    assert CALENDAR.count(date(2026, 12, 31), date(2027, 1, 4)) == Counted(3, provisional=True)


def test_a_year_missing_between_two_makes_what_crosses_it_provisional(tmp_path: Path) -> None:
    calendar = calendar_of(tmp_path, year_2026=GOOD, year_2024=(CALENDAR_FOLDER / "2024.toml").read_text("utf-8"))
    assert calendar.after(date(2024, 12, 31), 300).provisional
    assert calendar.count(date(2024, 12, 31), date(2026, 1, 1)).provisional
    assert not calendar.count(date(2026, 1, 1), date(2026, 12, 31)).provisional


@given(NEAR_DAYS, st.integers(1, 1_000))
def test_the_nth_working_day_after_a_day_ends_a_period_of_n(day: date, n: int) -> None:
    due = CALENDAR.after(day, n)
    assert CALENDAR.is_working(due.on)
    assert CALENDAR.count(day + ONE_DAY, due.on) == Counted(n, due.provisional)


@given(NEAR_DAYS, st.integers(-10, 400))
def test_counting_is_asking_of_each_day(first: date, length: int) -> None:
    days = [first + timedelta(days=place) for place in range(length)]
    counted = CALENDAR.count(first, first + timedelta(days=length - 1))
    assert counted.days == sum(map(CALENDAR.is_working, days))
    assert counted.provisional == any(day.year not in {2024, 2025, 2026} for day in days)


@pytest.mark.parametrize("n", [0, -1, 1_001, 10**30, True])
def test_a_period_of_no_sensible_length_is_refused(n: int) -> None:
    with pytest.raises(PeriodError):
        CALENDAR.after(date(2026, 1, 1), n)


def test_the_longest_period_and_the_ends_of_all_dates_are_answered_at_once() -> None:
    assert CALENDAR.after(date(2024, 1, 1), 1_000) == Due(date(2027, 12, 21), provisional=True)
    assert CALENDAR.count(date.min, date.max).provisional
    with pytest.raises(PeriodError):
        CALENDAR.after(date(9999, 12, 30), 2)
    with pytest.raises(PeriodError):
        CALENDAR.after(date.max, 1)


def test_a_moment_is_no_day() -> None:
    moment = datetime(2026, 2, 10, tzinfo=UTC)
    with pytest.raises(PeriodError):
        CALENDAR.is_working(moment)
    with pytest.raises(PeriodError):
        CALENDAR.after(moment, 1)
    with pytest.raises(PeriodError):
        CALENDAR.count(moment, moment)


def test_a_notice_may_arrange_the_december_before(tmp_path: Path) -> None:
    text = GOOD.replace("2026-01-01, last", "2025-12-31, last").replace("[2026-01-04", "[2025-12-28")
    calendar = calendar_of(tmp_path, year_2026=text)
    assert calendar.count(date(2025, 12, 28), date(2025, 12, 31)) == Counted(3, provisional=True)


@pytest.mark.parametrize(
    ("old", "new", "field", "rule"),
    [
        ("year = 2026", "year = 2027", "year", "the file is not named <year>.toml"),
        ("year = 2026", 'year = "2026"', "year", "not of the kind int"),
        ("year = 2026", "year = 2026\nregion = 1", "region", "unknown key"),
        ('source = "', 'origin = "', "source", "missing key"),
        ("holidays = [", "holidays = []\nrest = [", "holidays", "not a list of tables"),
        (SPRING_FESTIVAL, "first = 2026-02-15", "holidays[2].last", "missing key"),
        (SPRING_FESTIVAL, 'first = "2026-02-15"', "holidays[2].first", "not of the kind date"),
        (SPRING_FESTIVAL, "first = 2026-02-30, last = 2026-03-01", "file", "not TOML in UTF-8"),
        (
            SPRING_FESTIVAL,
            "first = 2025-02-15, last = 2025-02-23",
            "holidays[2].first",
            "neither in the year nor in the December before",
        ),
        (
            SPRING_FESTIVAL,
            "first = 2026-02-23, last = 2026-02-15",
            "holidays[2].last",
            "before the first day, or after the year",
        ),
        (
            SPRING_FESTIVAL,
            "first = 2026-02-15, last = 2027-02-23",
            "holidays[2].last",
            "before the first day, or after the year",
        ),
        (SPRING_FESTIVAL, "first = 2026-01-03, last = 2026-02-23", "holidays", "a day stands twice"),
        ("[2026-01-04", "[2026-01-04T00:00:00", "working_weekends", "holds what is no day"),
        ("[2026-01-04", "[2026-02-15", "working_weekends", "holds a day of a holiday"),
        ("[2026-01-04", "[2026-02-14", "working_weekends", "a day stands twice"),
        ("[2026-01-04", "[2026-01-05", "working_weekends", "2026-01-05 is no Saturday or Sunday"),
        (
            "[2026-01-04",
            "[2027-01-03",
            "working_weekends",
            "2027-01-03 is neither in the year nor in the December before",
        ),
    ],
)
def test_wrong_file_is_named_by_file_field_and_rule(tmp_path: Path, old: str, new: str, field: str, rule: str) -> None:
    assert old in GOOD
    with pytest.raises(CalendarError) as refused:
        calendar_of(tmp_path, year_2026=GOOD.replace(old, new, 1))
    assert str(refused.value) == f"2026.toml: {field}: {rule}"


def test_a_day_in_the_files_of_two_years_is_named(tmp_path: Path) -> None:
    later = 'year = 2027\nsource = "示例"\nholidays = [{ name = "元旦", first = %s, last = 2027-01-03 }]\n'
    december = GOOD.replace("2026-10-10]", "2026-12-26]")
    with pytest.raises(CalendarError) as refused:
        calendar_of(tmp_path, year_2026=december, year_2027=later % "2026-12-26" + "working_weekends = []\n")
    assert str(refused.value) == "2027.toml: holidays: 2026-12-26 stands in 2026.toml"


def test_a_later_year_is_a_new_file(tmp_path: Path) -> None:
    later = 'year = 2027\nsource = "示例"\nworking_weekends = []\n'
    later += 'holidays = [{ name = "元旦", first = 2027-01-01, last = 2027-01-03 }]\n'
    calendar = calendar_of(tmp_path, year_2026=GOOD, year_2027=later)
    assert calendar.after(date(2026, 12, 31), 1) == Due(date(2027, 1, 4), provisional=False)


def test_folder_without_years_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CalendarError):
        load_calendar(tmp_path)
