"""Dates in XLSX cells: which number formats show one (ECMA-376 part 1, 18.8.30-31), and serial number to ISO text."""

import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType


class DateForm(StrEnum):
    """What a date format shows; what it does not show is left out of the text too."""

    DATE = "date"
    TIME = "time"
    BOTH = "both"


# 14-17, 22: everywhere. 27-36 and 50-58 are Chinese Excel's, which writes its usual 年月日 dates with them.
_DATES = (14, 15, 16, 17, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58)
_TIMES = (18, 19, 20, 21, 32, 33, 34, 35, 45, 46, 47, 55, 56)
BUILT_IN_FORMS: Mapping[str, DateForm] = MappingProxyType(
    {str(number): DateForm.DATE for number in _DATES}
    | {str(number): DateForm.TIME for number in _TIMES}
    | {"22": DateForm.BOTH}
)

# Literal text; an escaped, filling or spacing character; condition, colour, locale, but not the elapsed [h] [mm] [s].
_NOT_SHOWN = re.compile(r'"[^"]*"|[\\_*].|\[(?!(?:h+|m+|s+)\])[^\]]*\]', re.IGNORECASE | re.DOTALL)

# Excel counts a 29 February 1900 that never was, day 60; the days before it have a number one too small.
_NO_SUCH_DAY = 60
_DAY_ZERO_1904 = datetime(1904, 1, 1)  # noqa: DTZ001 - a sheet's times have no zone
_DAY_ZERO_1900 = datetime(1899, 12, 30)  # noqa: DTZ001


def date_form(code: str) -> DateForm | None:
    """Return what the format `code` shows of a date, None when it shows a number or a text."""
    shown = set(_NOT_SHOWN.sub("", code.split(";")[0]).lower())
    time = bool(shown & set("hs"))
    date = bool(shown & set("yd")) or ("m" in shown and not time)
    if not date:
        return DateForm.TIME if time else None
    return DateForm.BOTH if time else DateForm.DATE


def iso_text(serial: float, form: DateForm, *, from_1904: bool) -> str:
    """Return the ISO 8601 text of a day number: yyyy-mm-dd, hh:mm:ss, or both with a T (the time left out at midnight).

    Raises ValueError when no calendar day has the number.
    """
    if not math.isfinite(serial) or serial < 0:
        raise ValueError("no such day")
    moment = _moment(serial, from_1904)
    if form is DateForm.TIME:
        return f"{moment:%H:%M:%S}"
    if form is DateForm.DATE or (moment.hour, moment.minute, moment.second) == (0, 0, 0):
        return moment.date().isoformat()
    return moment.isoformat()


def _moment(serial: float, from_1904: bool) -> datetime:
    day, fraction = divmod(serial, 1)
    if not from_1904 and day == _NO_SUCH_DAY:
        raise ValueError("no such day")
    first = _DAY_ZERO_1904 if from_1904 else _DAY_ZERO_1900
    if not from_1904 and 0 < day < _NO_SUCH_DAY:
        day += 1
    try:
        return first + timedelta(days=day, seconds=round(fraction * 86_400))
    except OverflowError:
        raise ValueError("no such day") from None
