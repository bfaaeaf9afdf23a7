"""The ledger (访问记录): the lines of every access to an enterprise's certificates, read from the acts themselves.

No line is kept a second time: it is the row of the decision, the delivery or the download, whose entry proves it.
What a deferral keeps back until a day is not read at all before that day is over: no page, count or place tells of it.
Newest first; at one moment a decision stands before the delivery it led to, so that a page's place is exact.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from heapq import merge
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, false, or_, select

from hub.store import tables
from hub.store.change_feed import StoredChangeReading
from hub.store.document import StoredDownload
from hub.store.exchange import StoredDecision, StoredDelivery
from hub.store.queries import select_by
from hub.store.upsert import insert_rows
from schemas.change_feed import DELIVERED
from schemas.exchange import Basis

_DECISION, _DELIVERY, _DOWNLOAD = tables.pull_decision, tables.delivery, tables.download
_READING = tables.change_reading
_STATEMENT = tables.statement
_RANKS = {"changes": -1, "download": 0, "delivery": 1, "decision": 2}


@dataclass(frozen=True, slots=True)
class StoredReading:
    """An enterprise's application to read its ledger, which is open until `ends_at`."""

    reading: str
    applicant: str
    statement: int
    ends_at: datetime
    recorded_at: datetime
    act_id: str


@dataclass(frozen=True, slots=True)
class LedgerPlace:
    """Where a page ends: the last line's moment, what it is of, and its act; of the change feed the line's own name."""

    recorded_at: datetime
    source: str
    act_id: str


@dataclass(frozen=True, slots=True)
class StoredLine:
    """One line: of a decision, with its delivery where the line is that; of a download; or of what a feed told.

    `statement_act` and `statement` are what ordered the decision: the act, and the JWS that says what was asked.
    """

    place: LedgerPlace
    of: StoredDecision | StoredDownload | StoredChangeReading
    delivery: StoredDelivery | None
    statement_act: str
    statement: str


class LedgerReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def reading(self, name: str) -> StoredReading | None:
        row = select_by(self._connection, tables.ledger_reading, reading=name).first()
        return None if row is None else StoredReading(*row)

    def lines(
        self, licence_number: str, *, behind: LedgerPlace | None, most: int, today: date, only: str | None = None
    ) -> list[StoredLine]:
        """Return the lines of a holder that may be seen `today`, behind that place, newest first.

        `only` is the act of the one line that is wanted.
        """
        found = (
            self._decisions(licence_number, behind, most, today, only),
            self._deliveries(licence_number, behind, most, today, only),
            self._downloads(licence_number, behind, most, only),
            self._changes(licence_number, behind, most, today, only),
        )
        ordered = merge(*found, key=lambda line: (line.place.recorded_at, -_RANKS[line.place.source]), reverse=True)
        return list(islice(ordered, most))

    def _decisions(
        self, licence_number: str, behind: LedgerPlace | None, most: int, today: date, only: str | None
    ) -> Iterator[StoredLine]:
        query = (
            select(*_DECISION.c, _STATEMENT.c.act, _STATEMENT.c.jws)
            .join(_STATEMENT, _STATEMENT.c.number == _DECISION.c.statement)
            .where(_DECISION.c.licence_number == licence_number, ~_is_deferred(today))
        )
        for row in self._page(query, _DECISION, "decision", behind, most, only):
            decision = StoredDecision(*row[: len(_DECISION.c)])
            place = LedgerPlace(decision.recorded_at, "decision", decision.act_id)
            yield StoredLine(place, decision, None, row[-2], row[-1])

    def _deliveries(
        self, licence_number: str, behind: LedgerPlace | None, most: int, today: date, only: str | None
    ) -> Iterator[StoredLine]:
        query = (
            select(*_DECISION.c, *_DELIVERY.c)
            .join(_DECISION, _DECISION.c.decision == _DELIVERY.c.decision)
            .where(_DELIVERY.c.licence_number == licence_number, ~_is_deferred(today))
        )
        for row in self._page(query, _DELIVERY, "delivery", behind, most, only):
            decision = StoredDecision(*row[: len(_DECISION.c)])
            delivery = StoredDelivery(*row[len(_DECISION.c) :])
            place = LedgerPlace(delivery.recorded_at, "delivery", delivery.act_id)
            yield StoredLine(place, decision, delivery, "", "")

    def _downloads(
        self, licence_number: str, behind: LedgerPlace | None, most: int, only: str | None
    ) -> Iterator[StoredLine]:
        query = select(_DOWNLOAD).where(_DOWNLOAD.c.applicant == licence_number)
        for row in self._page(query, _DOWNLOAD, "download", behind, most, only):
            download = StoredDownload(*row)
            place = LedgerPlace(download.recorded_at, "download", download.act_id)
            yield StoredLine(place, download, None, "", "")

    def _changes(
        self, licence_number: str, behind: LedgerPlace | None, most: int, today: date, only: str | None
    ) -> Iterator[StoredLine]:
        """Yield what the change feed told; on a copy of a case that is kept back, not before that day is over."""
        stood_on = (_READING.c.basis == DELIVERED) & (_READING.c.basis_reference == _DECISION.c.decision)
        query = (
            select(_READING)
            .outerjoin(_DECISION, stood_on)
            .where(_READING.c.licence_number == licence_number)
            .where(_DECISION.c.decision.is_(None) | ~_is_deferred(today))
        )
        for row in self._page(query, _READING, "changes", behind, most, only):
            reading = StoredChangeReading(*row)
            yield StoredLine(LedgerPlace(reading.recorded_at, "changes", reading.line), reading, None, "", "")

    def _page(
        self,
        query: Select[*tuple[Any, ...]],
        table: Table,
        source: str,
        behind: LedgerPlace | None,
        most: int,
        only: str | None,
    ) -> Iterator[Any]:
        if only is not None:
            query = query.where(table.c.act_id == only)
        if behind is not None:
            query = query.where(_is_behind(table, source, behind))
        query = query.order_by(table.c.recorded_at.desc(), _name(table).desc()).limit(most)
        return iter(self._connection.execute(query).all())


class LedgerWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_reading(self, reading: StoredReading) -> None:
        row = {name: getattr(reading, name) for name in StoredReading.__slots__}
        insert_rows(self._connection, tables.ledger_reading, [row])


def _is_deferred(today: date) -> ColumnElement[bool]:
    """Say which decisions are kept back today: by law, in a case that was deferred before and is still."""
    column = tables.deferral.c
    running = select(column.act_id).where(
        column.licence_number == _DECISION.c.licence_number,
        column.requester == _DECISION.c.requester,
        column.item_code == _DECISION.c.item_code,
        column.case_number == _DECISION.c.case_number,
        column.recorded_at <= _DECISION.c.recorded_at,
        column.until_on >= today,
    )
    return and_(_DECISION.c.basis == Basis.STATUTORY.value, running.exists())


def _is_behind(table: Table, source: str, place: LedgerPlace) -> ColumnElement[bool]:
    """Say which rows of one source come behind a place; names of acts are only ever ordered by the database itself."""
    rank, last = _RANKS[source], _RANKS[place.source]
    at_once: ColumnElement[bool] = _name(table) < place.act_id if rank == last else false()
    if rank > last:
        return table.c.recorded_at <= place.recorded_at
    return or_(table.c.recorded_at < place.recorded_at, and_(table.c.recorded_at == place.recorded_at, at_once))


def _name(table: Table) -> ColumnElement[str]:
    """Return what tells the rows of one source apart: their acts; of the feed, whose act may have many, the lines."""
    return _READING.c.line if table is _READING else table.c.act_id
