"""Reports of visitors (反映问题): somebody at a door says that a code or a certificate is wrong; it becomes a task.

1 what was reported has its form; the same form sent twice is one report
2 it is counted: so many open ones about the same, so many a day of all
3 who must look into it: of wrong data the certificate's issuing body, of all else the operator
4 report, task and entry are committed together            <- COMMIT POINT
Nothing is kept of the visitor but the words, encrypted, and those only for a term; a task holds codes alone.
It is answered as any task is (`hub/department/tasks.py`).
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from hub.errors import NotFoundError, OrderError
from hub.steps.certificates.intentions import new_name
from hub.steps.notices import NoticeKind, Notices, recipients_of
from hub.steps.registry import Registry
from hub.store.entry import EntryWriter
from hub.store.notice import NoticeReader
from hub.store.parties import PartyReader
from hub.store.visitor_report import StoredVisitorReport, VisitorReportReader, VisitorReportWriter, report_context
from schemas.certificate import SHANGHAI, civil_date
from schemas.evidence import ActFacts, Kind
from schemas.parties import System
from schemas.visitor_report import Trouble, VisitorReport
from signing.envelope import decrypt, encrypt


@dataclass(frozen=True, slots=True)
class Caps:
    """How many reports are taken in: open ones `about_one` thing, of all `a_day`; `words_days` their words are kept."""

    about_one: int
    a_day: int
    words_days: int


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a report is about, as the scan found it: whose, and of a certificate its issuing body."""

    licence_number: str
    issuing_body: str | None


def take_in(
    said: VisitorReport, name: str, *, of: Scanned, operator: str, caps: Caps, registry: Registry, now: datetime
) -> dict[str, Any]:
    """Take in a report under the `name` of its form; return the task's last day and whose it is.

    Raises OrderError reports_enough, reports_full; StoreError while the store is in doubt.
    """
    registry.refuse_doubtful(now)
    commit = partial(_commit, said, name, of, operator, caps, registry, now)
    try:
        return registry.database.write(commit)
    except IntegrityError:
        # The same form came twice at once; by now the other one is there to be told of.
        return registry.database.write(commit)


def _commit(
    said: VisitorReport,
    name: str,
    of: Scanned,
    operator: str,
    caps: Caps,
    registry: Registry,
    now: datetime,
    connection: Connection,
) -> dict[str, Any]:
    reader = VisitorReportReader(connection)
    before = reader.get(name)
    if before is not None:
        return _told(before, connection)
    if reader.open_about(said.about) >= caps.about_one:
        raise OrderError("reports_enough")
    if reader.count_since(datetime.combine(civil_date(now), time(), SHANGHAI)) >= caps.a_day:
        raise OrderError("reports_full")
    recipient, act_id = _recipient(said, of, operator, connection), new_name(registry)
    notices = Notices(connection, act_id=act_id, registry=registry, now=now)
    facts = {"report": name, "about": said.about, "trouble": said.trouble.value}
    notices.add(recipient, NoticeKind.VISITOR_REPORT, facts, licence_number=of.licence_number)
    (number,) = notices.keep()
    envelope = encrypt(said.words.encode(), master=registry.master, context=report_context(name))
    report = StoredVisitorReport(name, said.about, said.trouble.value, recipient, number, envelope, now, act_id)
    VisitorReportWriter(connection).add(report)
    act = ActFacts(Kind.VISITOR_REPORT, act_id, now, None, None, None, None)
    EntryWriter(connection, registry.random).add([act])
    return _told(report, connection)


def _recipient(said: VisitorReport, of: Scanned, operator: str, connection: Connection) -> str:
    if said.trouble is not Trouble.DATA_WRONG or of.issuing_body is None:
        return operator
    return PartyReader(connection).in_being(of.issuing_body)


def _told(report: StoredVisitorReport, connection: Connection) -> dict[str, Any]:
    notice = NoticeReader(connection).get(report.notice)
    names = PartyReader(connection).body_names(report.recipient)
    return {
        "report": report.report,
        "trouble": report.trouble,
        "due_on": notice.due_on.isoformat() if notice and notice.due_on else None,
        "recipient_zh": names.name_zh if names else None,
        "recipient_en": names.name_en if names else None,
    }


def report_for(name: str, system: System, *, registry: Registry) -> dict[str, Any]:
    """Return a report to whom its task is for; to others it is not found."""
    with registry.database.read() as connection:
        found = VisitorReportReader(connection).get(name)
        if found is None or found.recipient not in recipients_of(system, connection):
            raise NotFoundError("report_not_found")
    words = None
    if found.envelope is not None:
        words = decrypt(found.envelope, masters=registry.masters, context=report_context(name)).decode()
    return {
        "report": name,
        "about": f"/{found.about}",
        "trouble": found.trouble,
        "words": words,
        "task": found.notice,
        "recorded_at": found.recorded_at.isoformat(),
        "act_id": found.act_id,
    }


def forget_words(*, caps: Caps, registry: Registry, now: datetime) -> int:
    """Erase the words of reports past their term; return of how many."""
    before = now - timedelta(days=caps.words_days)
    return registry.database.write(lambda connection: VisitorReportWriter(connection).forget_words(before))
