"""Annotations: what authorities noted on certificates, and when it stopped counting."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, update

from hub.store import tables
from hub.store.queries import select_among
from hub.store.upsert import insert_rows
from schemas.annotation import RecordedAnnotation

_TABLE = tables.annotation


class AnnotationReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, serials: Sequence[int]) -> dict[int, list[RecordedAnnotation]]:
        """Return the annotations of each certificate that has any, in the order they were recorded."""
        found: dict[int, list[RecordedAnnotation]] = {}
        for row in select_among(self._connection, _TABLE, "serial", serials, order="number") if serials else ():
            found.setdefault(row.serial, []).append(RecordedAnnotation(*row))
        return found


class AnnotationWriter:
    """Writes within the transaction that holds the enterprise's row."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: Mapping[str, Any]) -> None:
        insert_rows(self._connection, _TABLE, [row])

    def lift(self, number: int, *, lifted_on: date, now: datetime, act_id: str) -> None:
        values = {"lifted_on": lifted_on, "lifted_at": now, "lifted_by": act_id}
        self._connection.execute(update(_TABLE).where(_TABLE.c.number == number).values(**values))
