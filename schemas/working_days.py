"""Working days (工作日): which days are worked, the n-th after a day, and how many lie in a period.

The State Council arranges the holidays of each year: days off (放假), and weekends that are worked instead (调休). One
file a year, `schemas/calendar/<year>.toml`, holds its notice. For a year without a file Monday to Friday is assumed,
and every result that rests on such a year is provisional (暂估).
A notice may also name days of the December before (31 December 2022 was off by the notice for 2023); no other year's.
Not kept here: leave granted to a part of the people (妇女节), and what a single office decides for itself.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from types import MappingProxyType

from schemas.toml_table import TomlFileError, TomlTable, read_toml

CALENDAR_FOLDER = Path(__file__).with_name("calendar")
LONGEST_PERIOD = 1_000
_ONE_DAY = timedelta(days=1)


class CalendarError(TomlFileError):
    """A calendar file is wrong: which file, which field of it, which rule."""


class PeriodError(ValueError):
    """A period is no whole number of days from 1 to LONGEST_PERIOD, does not lie between days, or leaves all dates."""


@dataclass(frozen=True, slots=True)
class Due:
    """The last day of a period; provisional when a year without an arrangement was crossed."""

    on: date
    provisional: bool


@dataclass(frozen=True, slots=True)
class Counted:
    """How many working days a period has; provisional when it touches a year without an arrangement."""

    days: int
    provisional: bool


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The working days of every year: `sources` names the notice of each year whose arrangement is known.

    `days_off` holds Mondays to Fridays only, `working_weekends` Saturdays and Sundays only.
    """

    sources: Mapping[int, str]
    days_off: frozenset[date]
    working_weekends: frozenset[date]

    def is_working(self, day: date) -> bool:
        """Say whether `day` is worked; in a year without an arrangement, whether it is one of Monday to Friday."""
        check_day(day)
        return day not in self.days_off if _is_weekday(day) else day in self.working_weekends

    def after(self, day: date, n: int) -> Due:
        """Return the `n`-th working day after `day`, which itself is not counted; raises PeriodError."""
        check_period(n)
        on, left = day, n
        try:
            while left:
                on += _ONE_DAY
                left -= self.is_working(on)
        except OverflowError:
            raise PeriodError("the period ends after the last day there is") from None
        return Due(on, self._is_provisional(day + _ONE_DAY, on))

    def count(self, first: date, last: date) -> Counted:
        """Count the working days from `first` to `last`, both included; none when `last` lies before `first`."""
        check_day(first)
        check_day(last)
        if last < first:
            return Counted(0, provisional=False)
        days = _weekdays_until(last.toordinal()) - _weekdays_until(first.toordinal() - 1)
        days -= sum(first <= day <= last for day in self.days_off)
        days += sum(first <= day <= last for day in self.working_weekends)
        return Counted(days, self._is_provisional(first, last))

    def _is_provisional(self, first: date, last: date) -> bool:
        return any(year not in self.sources for year in range(first.year, last.year + 1))


@dataclass(frozen=True, slots=True)
class _Arrangement:
    """What one notice says: days off, weekends among them, and the weekends worked instead."""

    file: str
    year: int
    source: str
    holidays: frozenset[date]
    working_weekends: frozenset[date]


@cache
def load_calendar(folder: Path = CALENDAR_FOLDER) -> WorkingDays:
    """Load and check the arrangements of all years in a folder; raises CalendarError naming file, field and rule."""
    arrangements = [_load_arrangement(path) for path in sorted(folder.glob("*.toml"))]
    if not arrangements:
        raise CalendarError(folder.name, "year", "no calendar file in the folder")
    _check_years(arrangements)
    holidays = frozenset[date]().union(*(each.holidays for each in arrangements))
    return WorkingDays(
        sources=MappingProxyType({each.year: each.source for each in arrangements}),
        days_off=frozenset(filter(_is_weekday, holidays)),
        working_weekends=frozenset[date]().union(*(each.working_weekends for each in arrangements)),
    )


def check_day(day: date) -> None:
    """Raise PeriodError for a moment: which day it is depends on the place (`schemas.certificate.civil_date`)."""
    if isinstance(day, datetime):
        raise PeriodError("a moment where a day is needed")


def check_period(n: int) -> None:
    """Raise PeriodError unless `n` is a whole number of days from 1 to LONGEST_PERIOD."""
    if type(n) is not int or not 1 <= n <= LONGEST_PERIOD:
        raise PeriodError(f"not a whole number of days from 1 to {LONGEST_PERIOD}")


def _load_arrangement(path: Path) -> _Arrangement:
    table = read_toml(path.name, path.read_bytes(), CalendarError)
    year = table.whole("year")
    if path.name != f"{year}.toml":
        raise table.fault("year", "the file is not named <year>.toml")
    source = table.text("source")
    holidays = [day for each in table.tables("holidays") for day in _read_holiday(each, year)]
    if len(set(holidays)) != len(holidays):
        raise table.fault("holidays", "a day stands twice")
    working_weekends = table.days("working_weekends")
    table.end()
    _check_working_weekends(working_weekends, year, table)
    if not set(working_weekends).isdisjoint(holidays):
        raise table.fault("working_weekends", "holds a day of a holiday")
    return _Arrangement(path.name, year, source, frozenset(holidays), frozenset(working_weekends))


def _read_holiday(table: TomlTable, year: int) -> Iterator[date]:
    table.text("name")
    first, last = table.day("first"), table.day("last")
    table.end()
    if not _is_arranged(first, year):
        raise table.fault("first", "neither in the year nor in the December before")
    if last < first or last.year > year:
        raise table.fault("last", "before the first day, or after the year")
    return (first + timedelta(days=place) for place in range((last - first).days + 1))


def _check_working_weekends(days: tuple[date, ...], year: int, table: TomlTable) -> None:
    if len(set(days)) != len(days):
        raise table.fault("working_weekends", "a day stands twice")
    for day in days:
        if not _is_arranged(day, year):
            raise table.fault("working_weekends", f"{day} is neither in the year nor in the December before")
        if _is_weekday(day):
            raise table.fault("working_weekends", f"{day} is no Saturday or Sunday")


def _check_years(arrangements: list[_Arrangement]) -> None:
    owners: dict[date, str] = {}
    for each in arrangements:
        for field, days in (("holidays", each.holidays), ("working_weekends", each.working_weekends)):
            for day in sorted(days):
                if owners.setdefault(day, each.file) != each.file:
                    raise CalendarError(each.file, field, f"{day} stands in {owners[day]}")


def _is_arranged(day: date, year: int) -> bool:
    return day.year == year or (day.year, day.month) == (year - 1, 12)


def _is_weekday(day: date) -> bool:
    return day.weekday() < 5


def _weekdays_until(ordinal: int) -> int:
    # The first of all days, 0001-01-01 with ordinal 1, is a Monday.
    weeks, rest = divmod(ordinal, 7)
    return weeks * 5 + min(rest, 5)
