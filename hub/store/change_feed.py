"""What pages of the change feed told: of which holder, to whom, on which basis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.store import tables
from hub.store.upsert import insert_rows


@dataclass(frozen=True, slots=True)
class StoredChangeReading:
    """What one page told of one holder on one basis; `told` is certificate type → identifiers."""

    line: str
    system: str
    requester: str
    licence_number: str
    basis: str
    basis_reference: str
    told: Mapping[str, Sequence[str]]
    recorded_at: datetime
    act_id: str


class ChangeReadingWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, readings: Sequence[StoredChangeReading]) -> None:
        rows = [{name: getattr(each, name) for name in StoredChangeReading.__slots__} for each in readings]
        insert_rows(self._connection, tables.change_reading, rows)
