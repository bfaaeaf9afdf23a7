"""The sharing table: which requester may pull which fields, for which item, by which law."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from hub.store import tables
from hub.store.queries import select_by
from hub.store.upsert import insert_or_replace
from schemas.exchange import SharingRule


@dataclass(frozen=True, slots=True)
class LineOrder:
    """The act that put a line as it stands, and the number of the statement that ordered it."""

    act_id: str
    statement: int


class SharingReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, code: str) -> SharingRule | None:
        columns = SharingRule.__slots__
        row = select_by(self._connection, tables.sharing_rule, columns=columns, code=code).mappings().first()
        if row is None:
            return None
        fields = {name: tuple(each) for name, each in row["fields"].items()}
        return SharingRule(**{**row, "fields": fields})

    def order_of(self, code: str) -> LineOrder | None:
        """Return what ordered a line; None of one that was put before that was kept."""
        table = tables.sharing_rule
        query = select(table.c.act_id, table.c.statement).where(table.c.code == code, table.c.act_id.is_not(None))
        row = self._connection.execute(query).first()
        return None if row is None else LineOrder(*row)


class SharingWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, rule: SharingRule, order: LineOrder) -> None:
        row = {name: getattr(rule, name) for name in SharingRule.__slots__}
        row["fields"] = {name: list(each) for name, each in rule.fields.items()}
        row |= {"act_id": order.act_id, "statement": order.statement}
        insert_or_replace(self._connection, tables.sharing_rule, [row])
