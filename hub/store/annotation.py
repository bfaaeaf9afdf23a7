"""Annotations: what authorities noted on certificates, and when it stopped counting."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select, update

from hub.store import tables
from hub.store.queries import select_among
from hub.store.upsert import insert_rows
from schemas.annotation import AnnotationKind, RecordedAnnotation

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

    def halted(self, first: int, last: int, today: date) -> list[int]:
        """Return which certificates in first … last may not be used today, as an authority ordered business halted.

        The order stands on the version that counts, whichever it was made on.
        """
        columns, certificate, chain = _TABLE.c, tables.certificate, tables.chain
        joined = _TABLE.join(certificate, certificate.c.serial == columns.serial)
        joined = joined.join(chain, chain.c.chain == certificate.c.chain)
        counting = (
            (columns.kind == AnnotationKind.BUSINESS_HALTED.value)
            & (columns.from_on <= today)
            & (columns.until_on.is_(None) | (columns.until_on >= today))
            & (columns.lifted_on.is_(None) | (columns.lifted_on > today))
        )
        query = select(chain.c.current).select_from(joined).where(chain.c.current.between(first, last), counting)
        return list(self._connection.execute(query).scalars())


class AnnotationWriter:
    """Writes within the transaction that holds the enterprise's row."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: Mapping[str, Any]) -> None:
        insert_rows(self._connection, _TABLE, [row])

    def lift(self, number: int, *, lifted_on: date, now: datetime, act_id: str) -> None:
        values = {"lifted_on": lifted_on, "lifted_at": now, "lifted_by": act_id}
        self._connection.execute(update(_TABLE).where(_TABLE.c.number == number).values(**values))
