"""Recoveries of a store that was rolled back: when, by whom, how much was lost, and whether that is settled."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from hub.store import tables

_TABLE = tables.recovery


@dataclass(frozen=True, slots=True)
class Recovery:
    """One recovery, by the number of the log that it opened; `note` is the last checkpoint of the log before.

    Serials from `skipped_from` up to `skipped_until` may have been given in what was lost.
    """

    log: int
    lost: int
    note: str
    report_sha256: str
    skipped_from: int
    skipped_until: int
    by_whom: list[str]
    recovered_at: datetime
    act_id: str
    settled_at: datetime | None = None
    settled_by: str | None = None


class RecoveryReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def newest(self) -> Recovery | None:
        """Return the last recovery, or None."""
        row = self._connection.execute(_NEWEST).first()
        return None if row is None else Recovery(*row)

    def skipped(self, start: int, end: int) -> list[range]:
        """Return the serials from one up to another that may have been given in what was lost."""
        overlaps = (_TABLE.c.skipped_from < end) & (_TABLE.c.skipped_until > start)
        rows = self._connection.execute(select(_TABLE.c.skipped_from, _TABLE.c.skipped_until).where(overlaps))
        return [range(max(start, row.skipped_from), min(end, row.skipped_until)) for row in rows]


class RecoveryWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, recovery: Recovery) -> None:
        row = {name: getattr(recovery, name) for name in Recovery.__slots__}
        self._connection.execute(insert(_TABLE), row)

    def settle(self, act_id: str, now: datetime) -> int:
        """Settle all that is not settled yet, by an act; return how many recoveries."""
        values = {"settled_at": now, "settled_by": act_id}
        return self._connection.execute(update(_TABLE).where(_TABLE.c.settled_at.is_(None)).values(values)).rowcount


_NEWEST = select(_TABLE).order_by(_TABLE.c.log.desc()).limit(1)
