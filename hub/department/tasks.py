"""Notices and tasks: read by whom they are for, answered by a signed word; corrections asked for by who uses data.

Answering and asking:
1 the statement is verified (`hub/steps/orders/statements.py`) and spent, once
2 the task is open and the caller's, or the certificate is known
3 task, entry and kept answer are committed together            <- COMMIT POINT
Most tasks close by themselves: an act of the body on the certificate they are about.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from hub.errors import AccessError, NotFoundError, OrderError
from hub.steps.notices import ANSWERED_BY_ANY, ANSWERED_BY_ORDER, NoticeKind, Notices, recipients_of
from hub.steps.orders.evidence import act_once
from hub.steps.orders.reading import LARGEST_NUMBER, OrderReading
from hub.steps.orders.repeats import spend_statement
from hub.steps.orders.statements import VerifiedStatement
from hub.steps.registry import Registry
from hub.store.certificate import CertificateReader
from hub.store.entry import EntryWriter
from hub.store.notice import NoticeReader, NoticeWriter, StoredNotice
from hub.store.objection import ObjectionWriter, answer_context
from schemas.catalogue import FieldProblem, FieldsError
from schemas.certificate import civil_date
from schemas.evidence import ActFacts, Kind
from schemas.fields import COMMON_FIELDS
from schemas.parties import Role, System
from signing.envelope import encrypt

PAGE = 100
Work = Callable[[Connection, str], dict[str, Any]]
"""What one act does, given its name; returns the answer."""


def read_inbox(
    system: System, *, after: int, state: str | None, kind: str | None, registry: Registry, now: datetime
) -> dict[str, Any]:
    """Return what the system's department and its bodies were told, a page behind number `after`."""
    with registry.database.read() as connection:
        recipients = recipients_of(system, connection)
        found = NoticeReader(connection).of(recipients, after=after, most=PAGE + 1, state=state, kind=kind)
    today = civil_date(now)
    notices = [describe_notice(each, today) for each in found[:PAGE]]
    return {"notices": notices, "after": found[PAGE - 1].number if len(found) > PAGE else None}


def count_open(system: System, *, registry: Registry) -> int:
    """Return how many tasks wait for the system's department and its bodies."""
    with registry.database.read() as connection:
        return NoticeReader(connection).count_open(recipients_of(system, connection))


def read_notice(number: int, system: System, *, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return one notice of the system's department or its bodies. Raises NotFoundError task_not_found."""
    with registry.database.read() as connection:
        found = NoticeReader(connection).get(number)
        if found is None or found.recipient not in recipients_of(system, connection):
            raise NotFoundError("task_not_found")
    return describe_notice(found, civil_date(now))


def read_overdue(
    system: System, *, after: tuple[date, int] | None, registry: Registry, now: datetime
) -> dict[str, Any]:
    """Return open tasks past their last day, the longest overdue first: the operator's system sees all bodies'."""
    today = civil_date(now)
    with registry.database.read() as connection:
        recipients = None if Role.OPERATE in system.roles else recipients_of(system, connection)
        found = NoticeReader(connection).overdue(
            today, recipients=recipients, after=after or (date.min, 0), most=PAGE + 1
        )
    last = found[PAGE - 1] if len(found) > PAGE else None
    return {
        "tasks": [describe_notice(each, today) for each in found[:PAGE]],
        "after": f"{last.due_on}.{last.number}" if last else None,
    }


def describe_notice(notice: StoredNotice, today: date) -> dict[str, Any]:
    """Return a notice as its recipient gets it; `provisional` marks a last day that is estimated (暂估)."""
    return {
        "number": notice.number,
        "recipient": notice.recipient,
        "kind": notice.kind,
        "licence_number": notice.licence_number,
        "facts": notice.facts,
        "state": notice.state,
        "due_on": notice.due_on.isoformat() if notice.due_on else None,
        "provisional": bool(notice.due_provisional),
        "overdue": notice.state == "open" and notice.due_on is not None and notice.due_on < today,
        "recorded_at": notice.recorded_at.isoformat(),
        "act_id": notice.act_id,
        "closed_at": notice.closed_at.isoformat() if notice.closed_at else None,
        "closed_by": notice.closed_by,
    }


def answer_task(
    content: Mapping[str, Any],
    *,
    verified: VerifiedStatement,
    system: System,
    key: str,
    registry: Registry,
    now: datetime,
) -> dict[str, Any]:
    """Close a task by a signed word: `number`, and in `answer` what was found or done.

    The answer to an objection is kept, encrypted, for the enterprise to read; of others the statement alone is.
    """
    reading = OrderReading(content)
    number = reading.whole("number", LARGEST_NUMBER)
    answer = reading.text("answer", 500)
    reading.refuse_problems()

    def close(connection: Connection, act_id: str) -> dict[str, Any]:
        notice = NoticeReader(connection).get(number)
        if notice is None or notice.recipient not in recipients_of(system, connection):
            raise NotFoundError("task_not_found")
        if notice.kind in ANSWERED_BY_ORDER:
            raise OrderError("task_by_order")
        if notice.kind not in ANSWERED_BY_ANY and Role.ISSUE not in system.roles:
            raise AccessError("role_missing", role=str(Role.ISSUE))
        if not NoticeWriter(connection).close(number, act_id=act_id, now=now):
            raise OrderError("task_not_open")
        if objection := notice.facts.get("objection"):
            context = answer_context(objection, number)
            sealed = encrypt(answer.encode(), master=registry.master, context=context)
            ObjectionWriter(connection).answer(number, sealed, act_id=act_id, now=now)
        return {"number": number, "state": "done"}

    return _entered_once(close, Kind.ANSWER_TASK, verified, system, key, registry, now)


def ask_correction(
    content: Mapping[str, Any],
    *,
    verified: VerifiedStatement,
    system: System,
    key: str,
    registry: Registry,
    now: datetime,
) -> dict[str, Any]:
    """Ask a certificate's body to correct it (校核): `identifier`, the `field` that seems wrong, and the `reason`."""
    reading = OrderReading(content)
    identifier, field = reading.text("identifier", 128), reading.code("field")
    reading.text("reason", 500)
    reading.refuse_problems()

    def ask(connection: Connection, act_id: str) -> dict[str, Any]:
        certificate = CertificateReader(connection).by_identifier([identifier]).get(identifier)
        if certificate is None:
            raise NotFoundError("certificate_not_found")
        kind = registry.catalogue.get(certificate.certificate_type, certificate.type_version)
        if field not in {*COMMON_FIELDS, *(each.name for each in kind.fields)}:
            raise FieldsError((FieldProblem("field", "field_unknown"),))
        facts = {"identifier": identifier, "field": field, "asked_by": system.department}
        if any(each.facts == facts for each in NoticeReader(connection).open_about(certificate.serial)):
            raise OrderError("correction_asked", identifier=identifier)
        notices = Notices(connection, act_id=act_id, registry=registry, now=now)
        notices.add(
            certificate.issuing_body,
            NoticeKind.CORRECTION_ASKED,
            facts,
            licence_number=certificate.licence_number,
            serial=certificate.serial,
        )
        notices.keep()
        return {"identifier": identifier}

    return _entered_once(ask, Kind.ASK_CORRECTION, verified, system, key, registry, now)


def _entered_once(
    work: Work,
    kind: Kind,
    verified: VerifiedStatement,
    system: System,
    key: str,
    registry: Registry,
    now: datetime,
) -> dict[str, Any]:
    """Do a word of a department's own, once, with its entry."""

    def commit(connection: Connection, act_id: str) -> dict[str, Any]:
        spend_statement(connection, verified, system=system.code, registry=registry, now=now)
        answer = work(connection, act_id) | {"act_id": act_id}
        act = ActFacts(kind, act_id, now, None, verified.digest, None, None)
        EntryWriter(connection, registry.random).add([act])
        return answer

    return act_once(commit, issuing_body=None, verified=verified, system=system, key=key, registry=registry, now=now)
