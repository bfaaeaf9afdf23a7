"""Wishes to be told when a missing material of a case is issued, each until the end of its deferral."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, delete, select

from hub.store import tables
from hub.store.queries import select_among
from hub.store.upsert import insert_or_replace

_TABLE = tables.material_wish


@dataclass(frozen=True, slots=True)
class MaterialWish:
    """Who is to be told, for which case, of which holder's certificates; `decision` is the pull it was part of."""

    licence_number: str
    requester: str
    item_code: str
    case_number: str
    material: str
    certificate_types: list[str]
    decision: str
    until_on: date


class MaterialWishReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of_holders(self, licence_numbers: Sequence[str]) -> list[MaterialWish]:
        """Return the wishes about these holders, ended ones too, by material."""
        if not licence_numbers:
            return []
        rows = select_among(self._connection, _TABLE, "licence_number", licence_numbers, order="material")
        return [MaterialWish(*row) for row in rows]

    def has_ended(self, today: date) -> bool:
        """Say whether any wish has lapsed."""
        query = select(_TABLE.c.decision).where(_TABLE.c.until_on < today).limit(1)
        return self._connection.execute(query).first() is not None


class MaterialWishWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, wishes: Sequence[MaterialWish]) -> None:
        """Keep wishes; one that a case has already for a material is replaced."""
        rows = [{name: getattr(each, name) for name in MaterialWish.__slots__} for each in wishes]
        insert_or_replace(self._connection, _TABLE, rows)

    def drop(self, wishes: Sequence[MaterialWish]) -> None:
        for each in wishes:
            same = [column == getattr(each, column.name) for column in _TABLE.primary_key]
            self._connection.execute(delete(_TABLE).where(*same))

    def drop_ended(self, today: date) -> None:
        self._connection.execute(delete(_TABLE).where(_TABLE.c.until_on < today))
