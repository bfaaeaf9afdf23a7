"""Deferrals (推迟展示): orders by which a requester's pulls of a case are shown to the enterprise only after a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import Connection, func, select

from hub.store import tables
from hub.store.exchange import StoredDecision
from hub.store.queries import select_by
from hub.store.upsert import insert_rows
from schemas.certificate import SHANGHAI, civil_date
from schemas.exchange import Basis

_TABLE, _DECISION, _DELIVERY = tables.deferral, tables.pull_decision, tables.delivery
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class StoredDeferral:
    """An order as kept: whose pulls of which holder for which case, on what ground, until which day (included)."""

    act_id: str
    requester: str
    licence_number: str
    item_code: str
    case_number: str
    legal_ground: str
    until_on: date
    statement: int
    recorded_at: datetime

    def covers(self, decision: StoredDecision) -> bool:
        """Say whether a decision of this holder was deferred: made by law, in this case, between order and end."""
        same = (self.requester, self.item_code, self.case_number) == (
            decision.requester,
            decision.item_code,
            decision.case_number,
        )
        within = self.recorded_at <= decision.recorded_at and civil_date(decision.recorded_at) <= self.until_on
        return same and within and decision.basis == Basis.STATUTORY


class DeferralReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, licence_number: str) -> list[StoredDeferral]:
        """Return every deferral about a holder, ended or not."""
        rows = select_by(self._connection, _TABLE, order="recorded_at", licence_number=licence_number)
        return [StoredDeferral(*row) for row in rows]

    def count_lines(self, year: int) -> int:
        """Return how many lines of that year, decisions and deliveries, were or are deferred."""
        start, end = (datetime(each, 1, 1, tzinfo=SHANGHAI) for each in (year, year + 1))
        chosen = (_TABLE.c.recorded_at < end) & (_TABLE.c.until_on >= start.date())
        decisions: set[str] = set()
        for row in self._connection.execute(select(_TABLE).where(chosen)).all():
            decisions |= self._decisions(StoredDeferral(*row), start, end)
        return len(decisions) + self._deliveries(sorted(decisions))

    def _decisions(self, deferral: StoredDeferral, start: datetime, end: datetime) -> set[str]:
        column = _DECISION.c
        after = datetime.combine(deferral.until_on + timedelta(days=1), time(), SHANGHAI)
        query = select(column.decision).where(
            column.licence_number == deferral.licence_number,
            column.requester == deferral.requester,
            column.item_code == deferral.item_code,
            column.case_number == deferral.case_number,
            column.basis == Basis.STATUTORY.value,
            column.recorded_at >= max(start, deferral.recorded_at),
            column.recorded_at < min(end, after),
        )
        return set(self._connection.execute(query).scalars())

    def _deliveries(self, decisions: Sequence[str]) -> int:
        count = 0
        for first in range(0, len(decisions), _AT_ONCE):
            some = _DELIVERY.c.decision.in_(decisions[first : first + _AT_ONCE])
            count += int(self._connection.execute(select(func.count()).select_from(_DELIVERY).where(some)).scalar_one())
        return count


class DeferralWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, deferral: StoredDeferral) -> None:
        row = {name: getattr(deferral, name) for name in StoredDeferral.__slots__}
        insert_rows(self._connection, _TABLE, [row])
