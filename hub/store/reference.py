"""References: whose each is, and which were retired; an enterprise's can be replaced, a certificate's never."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, update

from hub.store import tables
from hub.store.queries import select_by
from hub.store.upsert import insert_rows, update_rows

_TABLE = tables.reference_claim


@dataclass(frozen=True, slots=True)
class ReferenceClaim:
    """Whose a reference is: `serial` None for the enterprise itself, `retired_at` set where it was replaced."""

    reference: str
    licence_number: str
    serial: int | None
    retired_at: datetime | None


class ReferenceReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, reference: str) -> ReferenceClaim | None:
        row = select_by(self._connection, _TABLE, reference=reference).first()
        return None if row is None else ReferenceClaim(*row)


class ReferenceWriter:
    """Writes within the transaction that holds the enterprise's row."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def replace(self, licence_number: str, *, retired: str, reference: str, now: datetime) -> None:
        """Retire an enterprise's reference and give it another; IntegrityError where that one is somebody's."""
        same = (_TABLE.c.reference == retired) & (_TABLE.c.licence_number == licence_number)
        self._connection.execute(update(_TABLE).where(same).values(retired_at=now))
        claim = {"reference": reference, "licence_number": licence_number, "serial": None}
        insert_rows(self._connection, _TABLE, [claim])
        row = {"licence_number": licence_number, "reference": reference}
        update_rows(self._connection, tables.enterprise, [row], key="licence_number")
