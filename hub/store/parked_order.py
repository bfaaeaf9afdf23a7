"""Orders that one officer signed on a page and that wait for a second: encrypted, and gone after their term."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select

from hub.store import tables
from hub.store.queries import select_by
from hub.store.upsert import insert_new

_TABLE = tables.parked_order


@dataclass(frozen=True, slots=True)
class StoredParked:
    """One order that waits: of which errand, by whom; `envelope` holds content, salt and the first statement."""

    name: str
    department: str
    errand: str
    officer: str
    envelope: bytes
    recorded_at: datetime
    ends_at: datetime


class ParkedReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> StoredParked | None:
        row = select_by(self._connection, _TABLE, name=name).first()
        return None if row is None else StoredParked(*row)

    def of(self, department: str, now: datetime, *, most: int) -> list[StoredParked]:
        """Return what waits in a department, the oldest first."""
        waits = (_TABLE.c.department == department) & (_TABLE.c.ends_at > now)
        query = select(_TABLE).where(waits).order_by(_TABLE.c.recorded_at, _TABLE.c.name).limit(most)
        return [StoredParked(*row) for row in self._connection.execute(query)]


class ParkedWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, parked: StoredParked) -> None:
        """Keep an order that waits; one of that name stays as it is."""
        insert_new(self._connection, _TABLE, [{name: getattr(parked, name) for name in StoredParked.__slots__}])

    def remove(self, name: str) -> None:
        self._connection.execute(delete(_TABLE).where(_TABLE.c.name == name))

    def forget_ended(self, now: datetime) -> None:
        self._connection.execute(delete(_TABLE).where(_TABLE.c.ends_at <= now))
