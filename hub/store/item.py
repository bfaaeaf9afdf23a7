"""Service items: every version that was ever recorded, with its materials."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select, update

from hub.store import tables
from hub.store.upsert import insert_new
from schemas.items import ServiceItem, material_content, material_of
from schemas.predicates import predicate_of

_TABLE = tables.service_item
_NAMES = tuple(each.name for each in fields(ServiceItem))


class ItemReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def versions(self, codes: Sequence[str] | None) -> list[ServiceItem]:
        """Return every version of these items, or of all, by code and version."""
        query = select(*(_TABLE.c[name] for name in _NAMES)).order_by(_TABLE.c.code, _TABLE.c.version)
        if codes is not None:
            query = query.where(_TABLE.c.code.in_(codes))
        return [_item(row) for row in self._connection.execute(query).mappings()]


class ItemWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, items: Sequence[ServiceItem], *, statement: int, act_id: str, now: datetime) -> bool:
        """Add versions; False when one of them is there already."""
        rows = [
            {name: getattr(each, name) for name in _NAMES if name not in ("materials", "predicates")}
            | {"materials": [material_content(one) for one in each.materials]}
            | {"predicates": [one.content() for one in each.predicates]}
            | {"statement": statement, "recorded_at": now, "act_id": act_id}
            for each in items
        ]
        return insert_new(self._connection, _TABLE, rows) == len(rows)

    def end(self, items: Sequence[ServiceItem]) -> bool:
        """Give versions their last day; False when one is not there."""
        for each in items:
            same = (_TABLE.c.code == each.code) & (_TABLE.c.version == each.version)
            if self._connection.execute(update(_TABLE).where(same).values(until_on=each.until_on)).rowcount != 1:
                return False
        return True


def _item(row: RowMapping) -> ServiceItem:
    materials = tuple(material_of(each) for each in row["materials"])
    predicates = tuple(predicate_of(each) for each in row["predicates"] or ())
    return ServiceItem(**{**row, "materials": materials, "predicates": predicates})
