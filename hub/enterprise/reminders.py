"""Reminders: an enterprise is told before the last day on which it can ask for a certificate's renewal.

Once a day: 1 certificates in force that end soon are read, page by page, with what their holders chose
2 those whose day has come are kept as reminders, each once, in one transaction                  <- COMMIT POINT
Then, each round: 3 what was not sent goes to the message service 4 what it took, or nobody wants any more, is marked
A crash between 3 and 4 sends again under the same key: the service tells it once. A reminder is no act: it orders and
hands over nothing, and has no entry. How the holder wants it is the holder's own choice, a setting of its pages.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection

from connectors.contract import Notification, NotificationError, Notifications
from hub.errors import GrantError
from hub.steps.certificates.renewals import is_renewing, last_day_to_apply
from hub.steps.registry import Registry
from hub.store.answer import AnswerReader
from hub.store.certificate import CertificateReader
from hub.store.reminder import ReminderChoice, ReminderReader, ReminderWriter, StoredReminder
from schemas.certificate import Certificate, Status, civil_date

DAYS = (7, 15, 30, 60, 90)
"""How many days before the last day to apply one may be reminded."""
USUAL_DAYS = 30
_PAGE = 500
_AT_ONCE = 100
_REFUSED_AT_MOST = 5


def choice_of(holder: str, *, registry: Registry) -> int | None:
    """Return how many days before the last day to apply an enterprise is reminded; None: it is not."""
    with registry.database.read() as connection:
        return _days(ReminderReader(connection).choice(holder))


def choose_reminders(holder: str, days: int | None, *, registry: Registry, now: datetime) -> None:
    """Keep how an enterprise wants to be reminded. Raises GrantError grant_form for other days than `DAYS`."""
    if days is not None and days not in DAYS:
        raise GrantError("grant_form", member="days")
    choice = ReminderChoice(holder, days, now)
    registry.database.write(lambda connection: ReminderWriter(connection).choose(choice))


class Reminding:
    """The rounds of upkeep that remind; it knows which day it has looked through."""

    def __init__(self, registry: Registry, notifications: Notifications) -> None:
        self._registry = registry
        self._notifications = notifications
        self._looked: date | None = None

    def round(self, now: datetime) -> int:
        """Do a round, and return how many reminders were sent."""
        today = civil_date(now)
        if self._looked != today:
            keep_due(registry=self._registry, now=now)
            self._looked = today
        return send_kept(registry=self._registry, notifications=self._notifications, now=now)


def keep_due(*, registry: Registry, now: datetime) -> int:
    """Keep the reminders whose day has come; return how many there were, those kept before included."""
    today, count = civil_date(now), 0
    after = today, 0
    windows = [kind.renewal_window_days or 0 for kind in registry.catalogue.all_versions()]
    last = today + timedelta(days=max([*windows, registry.clocks["renewal_window"].days]) + max(DAYS))
    while True:
        with registry.database.read() as connection:
            reader = ReminderReader(connection)
            found = reader.ending(last, after=after, most=_PAGE)
            choices = reader.choices(sorted({each.licence_number for each in found}))
            due = _due(found, choices, registry, now)
            answers = AnswerReader(connection).certificates([each.serial for each in due])
        due = [each for each in due if not is_renewing(answers[each.serial])]
        registry.database.write(partial(_keep, due))
        count += len(due)
        if len(found) < _PAGE:
            return count
        after = found[-1].valid_to or last, found[-1].serial


def send_kept(*, registry: Registry, notifications: Notifications, now: datetime) -> int:
    """Send what was kept and not sent; return how many. Raises NotificationError: what was refused is tried again.

    One that is refused waits behind the others; after a few the round ends, for the service may be away altogether.
    """
    with registry.database.read() as connection:
        reader = ReminderReader(connection)
        waiting = reader.unsent(_AT_ONCE)
        certificates = CertificateReader(connection).by_serial([each.serial for each in waiting])
        answers = AnswerReader(connection).certificates([each.serial for each in waiting])
        choices = reader.choices(sorted({each.holder for each in waiting}))
    count, refused = 0, list[NotificationError]()
    for each in waiting:
        certificate = certificates[each.serial]
        try:
            if _is_wanted(each, certificate, choices.get(each.holder), civil_date(now)):
                notifications.send(_worded(each, certificate, answers[each.serial], registry, now))
                count += 1
            registry.database.write(partial(_sent, each, now))
        except NotificationError as error:
            registry.database.write(partial(_refused, each, now))
            refused.append(error)
        if len(refused) == _REFUSED_AT_MOST:
            break
    if refused:
        raise refused[0]
    return count


def _keep(reminders: Sequence[StoredReminder], connection: Connection) -> None:
    ReminderWriter(connection).add(reminders)


def _sent(reminder: StoredReminder, now: datetime, connection: Connection) -> None:
    ReminderWriter(connection).sent(reminder, now)


def _refused(reminder: StoredReminder, now: datetime, connection: Connection) -> None:
    ReminderWriter(connection).refused(reminder, now)


def _is_wanted(reminder: StoredReminder, certificate: Certificate, choice: ReminderChoice | None, today: date) -> bool:
    """Say whether a kept reminder still is of use: withdrawn or renewed, too late, or declined since, it is not."""
    return certificate.status == Status.VALID and today <= reminder.due_on and _days(choice) is not None


def _days(choice: ReminderChoice | None) -> int | None:
    return USUAL_DAYS if choice is None else choice.days


def _due(
    found: Sequence[Certificate],
    choices: Mapping[str, ReminderChoice],
    registry: Registry,
    now: datetime,
) -> list[StoredReminder]:
    today, due = civil_date(now), []
    for each in found:
        days = _days(choices.get(each.licence_number))
        if days is None or each.valid_to is None:
            continue
        apply_by = last_day_to_apply(each, each.valid_to, registry)
        if apply_by - timedelta(days=days) <= today <= apply_by:
            due.append(StoredReminder(each.serial, apply_by, each.licence_number, now))
    return due


def _worded(
    reminder: StoredReminder, certificate: Certificate, answer: Mapping[str, Any], registry: Registry, now: datetime
) -> Notification:
    kind = registry.catalogue.get(certificate.certificate_type, certificate.type_version)
    day, end = reminder.due_on, certificate.valid_to or reminder.due_on
    zh = (
        f"您的{kind.name_zh}（{answer['number']}）有效期至{end.year}年{end.month}月{end.day}日。需要延续的，"
        f"最迟在{day.year}年{day.month}月{day.day}日向{answer['body_name']}提出申请。"
    )
    en = (
        f"Your {kind.name_en} ({answer['number']}) is valid to {end.isoformat()}. "
        f"To renew it, apply to its issuing body by {day.isoformat()}. The Chinese text prevails."
    )
    return Notification(
        key=f"renewal.{reminder.serial}.{day.isoformat()}",
        recipient=reminder.holder,
        title=f"{kind.name_zh}即将到期",
        text=f"{zh}\n{en}",
        url=f"{registry.origin}/c/{certificate.reference}",
        made_at=now,
    )
