"""Parts of names: which holders have two characters side by side in a name, or had; they stay until it is erased."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, Subquery, bindparam, delete, func, select

from hub.store import tables
from hub.store.upsert import insert_new
from schemas.name_parts import parts_of

_TABLE = tables.name_part
# How many holders of each part are looked at to know the rarest.
_SAMPLE = 500
# How many parts are held against the rarest one here; whoever asks holds the whole word against the names themselves.
_MOST_OTHERS = 5


@dataclass(frozen=True, slots=True)
class Holders:
    """Holders with some parts, in order; `last` is how far was looked, None when there is nobody behind."""

    numbers: list[str]
    last: str | None


class NamePartReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rarest_first(self, parts: Iterable[str]) -> list[str]:
        """Order parts by how many holders have them.

        Of common ones the first few hundred are looked at: the further apart these stand, the rarer is the part.
        """
        samples = {part: self._looked(part, first="", look=_SAMPLE) for part in sorted(parts)}
        furthest_first = sorted(samples, key=lambda part: samples[part][1] or "", reverse=True)
        return sorted(furthest_first, key=lambda part: samples[part][0])

    def holders(self, parts: Sequence[str], *, first: str, look: int, most: int) -> Holders:
        """Look at `look` holders of the first part, from the licence number `first` on, for `most` with others too."""
        values = {"part": parts[0], "first": first, "look": look, "most": most}
        others = parts[1 : 1 + _MOST_OTHERS]
        values |= {f"other_{place}": part for place, part in enumerate(others)}
        numbers = list(self._connection.execute(_holders(len(others)), values).scalars())
        if len(numbers) == most:
            return Holders(numbers, numbers[-1])
        looked, last = self._looked(parts[0], first=first, look=look)
        return Holders(numbers, last if looked == look else None)

    def _looked(self, part: str, *, first: str, look: int) -> tuple[int, str | None]:
        """Return how many holders of a part there are from `first` on, as far as is looked, and the last of them."""
        count, last = self._connection.execute(_LOOKED, {"part": part, "first": first, "look": look}).one()
        return count, last


def _looked_at() -> Subquery:
    """Return what one request looks at: so many holders of one part, in order."""
    number = _TABLE.c.licence_number
    query = select(number).where(_TABLE.c.part == bindparam("part"), number >= bindparam("first"))
    return query.order_by(number).limit(bindparam("look")).subquery()


@lru_cache(maxsize=_MOST_OTHERS + 1)
def _holders(others: int) -> Select[Any]:
    # A scalar subquery is asked by key, row after row, until enough are found; a join or EXISTS may be answered by
    # reading all the holders of a common part.
    looked, other = _looked_at(), _TABLE.alias()
    query = select(looked.c.licence_number)
    for place in range(others):
        same = (other.c.part == bindparam(f"other_{place}")) & (other.c.licence_number == looked.c.licence_number)
        query = query.where(select(other.c.part).where(same).limit(1).scalar_subquery().is_not(None))
    return query.order_by(looked.c.licence_number).limit(bindparam("most"))


_LAST = _looked_at()
_LOOKED = select(func.count(), func.max(_LAST.c.licence_number)).select_from(_LAST)


class NamePartWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, names: Mapping[str, str]) -> None:
        """Keep the parts of new names: licence number → name."""
        # In the order of the key, so that neighbours go to one leaf of the tree.
        pairs = sorted((part, number) for number, name in names.items() for part in parts_of(name))
        insert_new(self._connection, _TABLE, [{"part": part, "licence_number": number} for part, number in pairs])

    def forget(self, licence_number: str, name: str, *, left: Iterable[str]) -> None:
        """Drop the parts of a name that was erased, but those that names which are `left` have too."""
        parts = parts_of(name) - {part for each in left for part in parts_of(each)}
        same = _TABLE.c.part.in_(sorted(parts)) & (_TABLE.c.licence_number == licence_number)
        self._connection.execute(delete(_TABLE).where(same))
