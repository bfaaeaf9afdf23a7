"""How people write dates in tables."""

import re

_WRITTEN_DATE = re.compile(
    r"([0-9]{4})(?:[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})|年([0-9]{1,2})月([0-9]{1,2})日|([0-9]{2})([0-9]{2}))"
    r"(?:[ T]+0{1,2}:00(?::00)?)?"
)


def written_date(text: str) -> str:
    """Return a date written as 2026-01-02, 2026/1/2, 2026.1.2, 2026年1月2日 or 20260102 in ISO form, else the text."""
    form = _WRITTEN_DATE.fullmatch(text.strip())
    if form is None:
        return text
    year, month, day = (part for part in form.groups() if part is not None)
    return f"{year}-{month:0>2}-{day:0>2}"
