"""The sharing table: which requester may pull which fields, for which item, by which law."""

from sqlalchemy import Connection

from hub.store import tables
from hub.store.queries import select_by
from hub.store.upsert import insert_or_replace
from schemas.exchange import SharingRule


class SharingReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, code: str) -> SharingRule | None:
        row = select_by(self._connection, tables.sharing_rule, code=code).mappings().first()
        if row is None:
            return None
        fields = {name: tuple(each) for name, each in row["fields"].items()}
        return SharingRule(**{**row, "fields": fields})


class SharingWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, rule: SharingRule) -> None:
        row = {name: getattr(rule, name) for name in SharingRule.__slots__}
        row["fields"] = {name: list(each) for name, each in rule.fields.items()}
        insert_or_replace(self._connection, tables.sharing_rule, [row])
