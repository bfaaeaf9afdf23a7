"""How enterprises stand to one another, and the names each had before."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, or_, select, text, update

from hub.store import tables
from hub.store.queries import select_by
from hub.store.upsert import insert_rows
from schemas.parties import Relation, RelationKind

_TABLE = tables.relation
_COLUMNS = tuple(_TABLE.c[name] for name in Relation.__slots__)
_BRANCH = RelationKind.BRANCH.value


class RelationReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, licence_number: str) -> list[Relation]:
        """Return an enterprise's relations in the order they were recorded, its own branches left out."""
        own_branch = (_TABLE.c.kind == _BRANCH) & (_TABLE.c.to_number == licence_number)
        either = or_(_TABLE.c.from_number == licence_number, _TABLE.c.to_number == licence_number)
        query = select(*_COLUMNS).where(either, ~own_branch).order_by(_TABLE.c.number)
        return [Relation(*row) for row in self._connection.execute(query)]

    def branch_count(self, licence_number: str) -> int:
        return int(self._connection.execute(select(func.count()).where(*_branches_of(licence_number))).scalar_one())

    def branches(self, licence_number: str, *, after: str, most: int) -> list[str]:
        """Return the licence numbers of an enterprise's branches in order, those behind `after`."""
        query = select(_TABLE.c.from_number).where(*_branches_of(licence_number), _TABLE.c.from_number > after)
        return list(self._connection.execute(query.order_by(_TABLE.c.from_number).limit(most)).scalars())

    def former_names(self, licence_number: str) -> list[tuple[str, date]]:
        """Return the names an enterprise had, oldest first, each with the day from which it had another."""
        columns, table = ("name", "until_on"), tables.former_name
        rows = select_by(self._connection, table, columns=columns, order="number", licence_number=licence_number)
        return [(row.name, row.until_on) for row in rows]


class RelationWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self) -> None:
        """Let acts on relations come one after another: what contradicts may stand between quite other enterprises."""
        # SQLite has one writer.
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(text("LOCK TABLE relation IN SHARE ROW EXCLUSIVE MODE"))

    def add(self, row: Mapping[str, Any]) -> None:
        insert_rows(self._connection, _TABLE, [row])

    def end(self, kind: str, from_number: str, to_number: str, until_on: date, now: datetime) -> None:
        """End the relation of that kind that stands, from a day on."""
        same = (_TABLE.c.kind == kind, _TABLE.c.from_number == from_number, _TABLE.c.to_number == to_number)
        standing = update(_TABLE).where(*same, _TABLE.c.until_on.is_(None))
        self._connection.execute(standing.values(until_on=until_on, ended_at=now))

    def drop_former_name(self, licence_number: str, name: str) -> None:
        """Forget that an enterprise ever had this name."""
        table = tables.former_name
        same = (table.c.licence_number == licence_number) & (table.c.name == name)
        self._connection.execute(delete(table).where(same))

    def drop_former_name_until(self, licence_number: str, name: str, until_on: date) -> None:
        """Forget that an enterprise gave up this name on that day: it has it still."""
        table = tables.former_name
        same = (table.c.licence_number == licence_number) & (table.c.name == name) & (table.c.until_on == until_on)
        last = select(func.max(table.c.number)).where(same).scalar_subquery()
        self._connection.execute(delete(table).where(table.c.number == last))

    def add_former_names(self, rows: Sequence[tuple[str, str, date]], now: datetime) -> None:
        """Keep names that enterprises had: licence number, name, and the day from which it had another."""
        kept = [
            {"licence_number": number, "name": name, "until_on": until_on, "recorded_at": now}
            for number, name, until_on in rows
        ]
        insert_rows(self._connection, tables.former_name, kept)


def _branches_of(parent: str) -> tuple[Any, ...]:
    return (_TABLE.c.to_number == parent, _TABLE.c.kind == _BRANCH, _TABLE.c.until_on.is_(None))
