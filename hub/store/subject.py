"""Sites and devices, known by one id for good, each with a code of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, update

from hub.store import tables
from hub.store.queries import select_among, select_by
from hub.store.upsert import insert_rows

_TABLE = tables.subject


@dataclass(frozen=True, slots=True)
class StoredSubject:
    """A site or a device as kept: `holder` whose it is now, since `from_on`; `address` is "" where it is a home."""

    subject_id: str
    kind: str
    reference: str
    holder: str
    name: str
    address: str
    from_on: date
    issuing_body: str
    ended_on: date | None
    recorded_at: datetime
    act_id: str


class SubjectReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def among(self, ids: Sequence[str]) -> dict[str, StoredSubject]:
        rows = select_among(self._connection, _TABLE, "subject_id", ids) if ids else ()
        return {row.subject_id: StoredSubject(*row) for row in rows}

    def by_reference(self, reference: str) -> StoredSubject | None:
        row = select_by(self._connection, _TABLE, reference=reference).first()
        return None if row is None else StoredSubject(*row)

    def chains_of_site(self, site_id: str) -> list[int]:
        """Return the chains of certificates about a site."""
        table = tables.site_chain
        return list(select_by(self._connection, table, columns=("chain",), order="chain", site_id=site_id).scalars())

    def chains_of_device(self, device_id: str) -> list[int]:
        """Return the chains of certificates about a device, one of each type."""
        table = tables.device_claim
        rows = select_by(self._connection, table, columns=("chain",), order="chain", device_id=device_id)
        return list(rows.scalars())


class SubjectWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: Mapping[str, Any]) -> None:
        """Insert a subject; IntegrityError when its id is taken."""
        insert_rows(self._connection, _TABLE, [row])

    def update(self, subject_id: str, **values: Any) -> None:
        self._connection.execute(update(_TABLE).where(_TABLE.c.subject_id == subject_id).values(**values))
