"""Reminders of what ends: how an enterprise wants them, what is to be sent, and what was."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select, tuple_, update

from hub.store import tables
from hub.store.queries import select_among, select_by
from hub.store.upsert import insert_new, insert_or_replace
from schemas.certificate import Certificate

_TABLE, _CHOICE = tables.reminder, tables.reminder_choice
_CERTIFICATE, _CHAIN = tables.certificate, tables.chain


@dataclass(frozen=True, slots=True)
class StoredReminder:
    """A reminder of one certificate's last day to apply; `sent_at` None while the service has not taken it.

    `tried_at` is when the service last refused it. One that nobody needs any more is done without being sent.
    """

    serial: int
    due_on: date
    holder: str
    recorded_at: datetime
    sent_at: datetime | None = None
    tried_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReminderChoice:
    """How many days before the last day to apply an enterprise wants to be reminded; None: not at all."""

    holder: str
    days: int | None
    chosen_at: datetime


class ReminderReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def choice(self, holder: str) -> ReminderChoice | None:
        row = select_by(self._connection, _CHOICE, holder=holder).first()
        return None if row is None else ReminderChoice(*row)

    def choices(self, holders: Sequence[str]) -> dict[str, ReminderChoice]:
        rows = select_among(self._connection, _CHOICE, "holder", holders) if holders else ()
        return {row.holder: ReminderChoice(*row) for row in rows}

    def ending(self, last: date, *, after: tuple[date, int], most: int) -> list[Certificate]:
        """Return current certificates in force that end until `last`, the first first, behind a day and serial."""
        column = _CERTIFICATE.c
        place = tuple_(column.valid_to, column.serial)
        query = (
            select(_CERTIFICATE)
            # By the chain's own key: what is current is indexed nowhere.
            .join(_CHAIN, (_CHAIN.c.chain == column.chain) & (_CHAIN.c.current == column.serial))
            .where(tables.IN_FORCE, column.valid_to <= last, place > after)
        )
        rows = self._connection.execute(query.order_by(column.valid_to, column.serial).limit(most))
        return [Certificate(*row) for row in rows]

    def unsent(self, most: int) -> list[StoredReminder]:
        """Return what the notification service has not taken yet: what was not tried first, then by its last try."""
        turns = (_TABLE.c.tried_at.nulls_first(), _TABLE.c.recorded_at)
        query = select(_TABLE).where(_TABLE.c.sent_at.is_(None)).order_by(*turns).limit(most)
        return [StoredReminder(*row) for row in self._connection.execute(query)]


class ReminderWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def choose(self, choice: ReminderChoice) -> None:
        """Keep how an enterprise wants to be reminded, in the place of what it chose before."""
        insert_or_replace(
            self._connection, _CHOICE, [{name: getattr(choice, name) for name in ReminderChoice.__slots__}]
        )

    def add(self, reminders: Collection[StoredReminder]) -> None:
        """Keep reminders; one that is there already stays as it is."""
        rows = [{name: getattr(each, name) for name in StoredReminder.__slots__} for each in reminders]
        if rows:
            insert_new(self._connection, _TABLE, rows)

    def sent(self, reminder: StoredReminder, now: datetime) -> None:
        self._set(reminder, sent_at=now)

    def refused(self, reminder: StoredReminder, now: datetime) -> None:
        """Let a reminder that the service did not take wait behind the others."""
        self._set(reminder, tried_at=now)

    def _set(self, reminder: StoredReminder, **values: datetime) -> None:
        same = (_TABLE.c.serial == reminder.serial) & (_TABLE.c.due_on == reminder.due_on)
        self._connection.execute(update(_TABLE).where(same).values(**values))
