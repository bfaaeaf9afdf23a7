"""Reports of visitors (反映): whose task each became; their words are encrypted, and gone when their term is over."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from hub.store import tables
from hub.store.queries import select_by
from hub.store.upsert import insert_rows

_TABLE = tables.visitor_report


@dataclass(frozen=True, slots=True)
class StoredVisitorReport:
    """A report as kept. `notice` is the task it became; `envelope` holds the words, None once their term is over."""

    report: str
    about: str
    trouble: str
    recipient: str
    notice: int
    envelope: bytes | None
    recorded_at: datetime
    act_id: str


def report_context(name: str) -> bytes:
    """Return what binds a report's envelope to it."""
    return b"visitor report:" + name.encode()


class VisitorReportReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> StoredVisitorReport | None:
        row = select_by(self._connection, _TABLE, report=name).first()
        return None if row is None else StoredVisitorReport(*row)

    def open_about(self, about: str) -> int:
        """Count the reports about one thing whose task waits to be done."""
        of_task = tables.notice.c.number == _TABLE.c.notice
        query = select(func.count()).select_from(_TABLE.join(tables.notice, of_task))
        query = query.where(_TABLE.c.about == about, tables.notice.c.state == "open")
        return int(self._connection.execute(query).scalar_one())

    def count_since(self, moment: datetime) -> int:
        query = select(func.count()).select_from(_TABLE).where(_TABLE.c.recorded_at >= moment)
        return int(self._connection.execute(query).scalar_one())


class VisitorReportWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, report: StoredVisitorReport) -> None:
        names = ("report", "about", "trouble", "recipient", "notice", "envelope", "recorded_at", "act_id")
        insert_rows(self._connection, _TABLE, [{name: getattr(report, name) for name in names}])

    def forget_words(self, before: datetime) -> int:
        """Erase the words of reports recorded before a moment; return of how many."""
        old = (_TABLE.c.recorded_at < before) & _TABLE.c.envelope.is_not(None)
        return self._connection.execute(update(_TABLE).where(old).values(envelope=None)).rowcount
