"""Parts of names: which holders have, or had, two characters side by side in a name. What was once kept stays."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, Subquery, bindparam, func, select

from hub.store import tables
from hub.store.upsert import insert_new
from schemas.name_parts import parts_of

_TABLE = tables.name_part
# How far parts are counted to know the rarest: a little first, further only where all are common.
_COUNTED = (1_000, 16_000)
# How many parts are held against the rarest one here; whoever asks holds the whole word against the names themselves.
_MOST_OTHERS = 5
_COUNT = select(func.count()).select_from(
    select(_TABLE.c.part).where(_TABLE.c.part == bindparam("part")).limit(bindparam("most")).subquery()
)


@dataclass(frozen=True, slots=True)
class Holders:
    """Holders with some parts, in order; `last` is how far was looked, None when there is nobody behind."""

    numbers: list[str]
    last: str | None


class NamePartReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rarest_first(self, parts: Iterable[str]) -> list[str]:
        """Order parts by how many holders have them, as far as that is counted."""
        counts: dict[str, int] = {}
        for most in _COUNTED:
            counts = {part: self._count(part, most) for part in sorted(parts)}
            if min(counts.values(), default=0) < most:
                break
        return sorted(counts, key=lambda part: counts[part])

    def holders(self, parts: Sequence[str], *, first: str, look: int, most: int) -> Holders:
        """Look at `look` holders of the first part, from the licence number `first` on, for `most` with others too."""
        values = {"part": parts[0], "first": first, "look": look, "most": most}
        others = parts[1 : 1 + _MOST_OTHERS]
        values |= {f"other_{place}": part for place, part in enumerate(others)}
        numbers = list(self._connection.execute(_holders(len(others)), values).scalars())
        if len(numbers) == most:
            return Holders(numbers, numbers[-1])
        looked, last = self._connection.execute(_LOOKED, values).one()
        return Holders(numbers, last if looked == look else None)

    def _count(self, part: str, most: int) -> int:
        return int(self._connection.execute(_COUNT, {"part": part, "most": most}).scalar_one())


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
