"""Definitions of figures and parts, periods of Shanghai's calendar, percentiles by nearest rank."""

from datetime import UTC, datetime, timedelta

import pytest

from schemas.figures import (
    COLUMNS,
    FIGURES,
    PARTS,
    Definition,
    Part,
    Word,
    finished_before,
    is_unusual,
    parse_period,
    percentile,
)


def test_a_period_is_a_month_or_a_year_of_shanghai() -> None:
    month, year = parse_period("2026-12"), parse_period("2026")
    assert (month.since, month.before) == (
        datetime(2026, 11, 30, 16, tzinfo=UTC), datetime(2026, 12, 31, 16, tzinfo=UTC),
    )  # fmt: skip
    assert (year.since, year.before) == (datetime(2025, 12, 31, 16, tzinfo=UTC), month.before)
    assert [month.is_final(month.before + timedelta(hours=each)) for each in (0, 23, 24)] == [False, False, True]


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "26-11", "2026-1", "1999", "2026-11-01", "", "２０２６"])
def test_what_is_no_period_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no month and no year"):
        parse_period(text)


def test_periods_before_the_first_month_of_a_year_are_last_december_and_last_year() -> None:
    assert [each.text for each in finished_before(datetime(2026, 12, 31, 17, tzinfo=UTC))] == ["2026-12", "2026"]


def test_percentiles_are_by_nearest_rank() -> None:
    counts = {1: 50, 2: 45, 30: 5}
    assert [percentile(counts, each) for each in (0, 50, 51, 95, 96, 100)] == [1, 1, 2, 2, 30, 30]
    assert percentile({}, 50) is None


def test_a_week_is_unusual_only_when_it_is_far_more_in_both_ways() -> None:
    assert [is_unusual(week, usual) for week, usual in ((20, 0.0), (19, 0.0), (100, 40.0), (121, 40.0))] == [
        True, False, False, True,
    ]  # fmt: skip


def test_every_figure_is_defined_in_both_languages_and_every_column_has_its_words() -> None:
    defined: list[Definition | Part] = [*FIGURES.values(), *PARTS.values()]
    assert all(each.name_zh and each.name_en and each.meaning_zh and each.meaning_en for each in defined)
    assert {column for each in defined for column in each.columns} <= COLUMNS.keys()
    assert {each.word for each in FIGURES.values()} == set(Word)
