"""The yearly report of the sharing table: what was decided in a year on each line, in numbers alone.

Beside the pulls on a line itself stand those of its requester for its item on other bases: a line that nobody uses
because the enterprises grant what is needed is seen as that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from schemas.certificate import SHANGHAI, civil_date
from schemas.exchange import Basis

# What is decided in the last moments of a year is committed in the next one, and by clocks that are not all alike.
_SETTLED_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DecisionCount:
    """How many decisions of one kind there were; `rule` is the line of statutory ones, "" of others."""

    requester: str
    item_code: str
    basis: str
    rule: str
    allowed: bool
    count: int
    last_at: datetime


def bounds_of_year(year: int) -> tuple[datetime, datetime]:
    """Return the first moment of a civil year in Shanghai, and that of the next."""
    return datetime(year, 1, 1, tzinfo=SHANGHAI), datetime(year + 1, 1, 1, tzinfo=SHANGHAI)


def is_final(year: int, now: datetime) -> bool:
    """Say whether nothing more can come to a year's figures."""
    return now >= bounds_of_year(year)[1] + _SETTLED_AFTER


def by_item(counts: Iterable[DecisionCount]) -> dict[tuple[str, str], list[DecisionCount]]:
    """Return the counts by requester and item."""
    found: dict[tuple[str, str], list[DecisionCount]] = {}
    for each in counts:
        found.setdefault((each.requester, each.item_code), []).append(each)
    return found


def figures(code: str, own: Sequence[DecisionCount]) -> dict[str, Any]:
    """Return how a line was used: allowed and refused on it, its last use, allowed pulls for its item by basis.

    `own` are the counts of its requester for its item.
    """
    on_it = [each for each in own if each.rule == code]
    allowed = [each for each in on_it if each.allowed]
    by_basis = {str(basis): 0 for basis in Basis} | {str(Basis.STATUTORY): sum(each.count for each in allowed)}
    for each in own:
        if each.allowed and each.basis != Basis.STATUTORY:
            by_basis[each.basis] += each.count
    last = max((civil_date(each.last_at) for each in allowed), default=None)
    return {
        "allowed": by_basis[Basis.STATUTORY],
        "refused": sum(each.count for each in on_it if not each.allowed),
        "last_on": _written(last),
        "by_basis": by_basis,
    }


def _written(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
