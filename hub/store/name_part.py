"""Parts of names: which holders have two characters side by side in a name, or had; they stay until it is erased."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, func, select

from hub.store import tables
from hub.store.queries import select_among
from hub.store.upsert import insert_new
from schemas.name_parts import parts_of

_TABLE = tables.name_part
# How far a part is counted to know which of several is the rarest.
_MOST_COUNTED = 1_000
_COUNT = select(func.count()).select_from(
    select(_TABLE.c.part).where(_TABLE.c.part == bindparam("part")).limit(_MOST_COUNTED).subquery()
)
_HOLDERS = (
    select(_TABLE.c.licence_number)
    .where(_TABLE.c.part == bindparam("part"), _TABLE.c.licence_number >= bindparam("first"))
    .order_by(_TABLE.c.licence_number)
    .limit(bindparam("most"))
)


@dataclass(frozen=True, slots=True)
class Holders:
    """Holders with all of some parts, in order; `last` is how far was looked, None when there is nobody behind."""

    numbers: list[str]
    last: str | None


class NamePartReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rarest_first(self, parts: Iterable[str]) -> list[str]:
        """Order parts by how many holders have them, as far as that is counted."""
        counts = {part: self._connection.execute(_COUNT, {"part": part}).scalar_one() for part in sorted(parts)}
        return sorted(counts, key=lambda part: counts[part])

    def holders(self, parts: Sequence[str], *, first: str, most: int) -> Holders:
        """Look at `most` holders of the first part, from the licence number `first` on; keep those with all parts."""
        found = self._connection.execute(_HOLDERS, {"part": parts[0], "first": first, "most": most})
        numbers = list(found.scalars())
        last = numbers[-1] if len(numbers) == most else None
        for part in parts[1:]:
            if not numbers:
                break
            rows = select_among(
                self._connection, _TABLE, "licence_number", numbers,
                columns=("licence_number",), order="licence_number", part=part,
            )  # fmt: skip
            numbers = list(rows.scalars())
        return Holders(numbers, last)


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
