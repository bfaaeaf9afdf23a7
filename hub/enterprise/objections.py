"""Objections (信息有误 / 我有异议): an enterprise says by its e-licence what is wrong, and it reaches who must answer.

1 the sentence is verified (`hub/steps/consent/applications.py`): drafted here, of this moment, signed by the enterprise
  itself
2 what it is about is the enterprise's own: its certificate, a line it may see; or an enrolled department's window
3 the road names who must answer: data_wrong the certificate's issuing body, access_not_allowed the operator and the
  requester, decision_wrong whoever decided, window_refused the department's superior, or the operator
4 objection, a task with its clock for each, and the entry are committed            <- COMMIT POINT
A task is answered by a signed order (`hub/department/tasks.py`); the enterprise sees state, last day and answer in its
ledger. The words of both are kept encrypted; notices and entries hold codes only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any

import orjson
from sqlalchemy import Connection

from connectors.contract import ELicence, SignedText
from hub.errors import DocumentError, NotFoundError, OrderError, StatementError
from hub.steps.certificates.intentions import new_name
from hub.steps.consent.applications import E_LICENCE_SYSTEM, own_statement, system_of, verify_own
from hub.steps.consent.drafts import BLANK_NONCE, sign_draft
from hub.steps.notices import NoticeKind, Notices, recipients_of
from hub.steps.orders.evidence import act_once
from hub.steps.orders.statements import VerifiedStatement
from hub.steps.registry import Registry
from hub.store.certificate import CertificateReader
from hub.store.change_feed import StoredChangeReading
from hub.store.entry import EntryWriter
from hub.store.exchange import StoredDecision
from hub.store.ledger import LedgerReader
from hub.store.notice import NoticeReader
from hub.store.objection import (
    ObjectionReader,
    ObjectionTask,
    ObjectionWriter,
    StoredObjection,
    answer_context,
    objection_context,
)
from hub.store.parties import PartyReader
from hub.store.statement import StatementWriter
from schemas.certificate import Certificate, civil_date
from schemas.evidence import ActFacts, Kind
from schemas.objection import Objection, Road, Window, parse_objection, render_objection
from schemas.parties import System
from schemas.sentence import SentenceTextError, statement_digest
from schemas.statement import Ordered
from signing.envelope import decrypt, encrypt

MOST = 100
_KINDS = {
    Road.DATA_WRONG: NoticeKind.CORRECTION_ASKED,
    Road.ACCESS_NOT_ALLOWED: NoticeKind.ACCESS_DISPUTED,
    Road.DECISION_WRONG: NoticeKind.DECISION_DISPUTED,
    Road.WINDOW_REFUSED: NoticeKind.WINDOW_REFUSED,
}


def draft_objection(wish: Mapping[str, Any], *, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return the sentence to sign for `wish`; stores nothing and looks nothing up. DocumentError application_form.

    `wish`: licence_number, road, reason, and `about` (a certificate's identifier, or a line's act) or `window`
    {department, day, item_code}.
    """
    try:
        window = wish.get("window")
        about = (
            Window(str(window["department"]), date.fromisoformat(window["day"]), str(window["item_code"]))
            if window
            else str(wish["about"])
        )
        road, at = Road(wish["road"]), now.replace(microsecond=0)
        objection = Objection(str(wish["licence_number"]), road, about, str(wish["reason"]), at, BLANK_NONCE)
    except (ValueError, KeyError) as error:
        raise DocumentError("application_form", member=getattr(error, "member", None)) from error
    text = sign_draft(partial(_render, objection), registry)
    return {"text": text, "digest": statement_digest(text)}


def object_to(
    signed: SignedText, *, operator: str, registry: Registry, e_licence: ELicence, now: datetime
) -> dict[str, Any]:
    """Take in a signed objection; the same signed text again gives the same answer.

    Raises DocumentError for text, time and role; GrantError for the signer; NotFoundError for what it is about;
    OrderError objection_open, objection_nobody.
    """
    try:
        said = parse_objection(signed.text)
    except SentenceTextError as error:
        raise DocumentError("application_text") from error
    verify_own(signed, said, partial(_render, said), registry=registry, e_licence=e_licence, now=now)
    # 办事人 stand at windows; what else is objected to is the representative's and manager's to say.
    if signed.signer_role == "agent" and said.road is not Road.WINDOW_REFUSED:
        raise DocumentError("objection_role")
    verified = own_statement(signed, said, Ordered.OBJECT, registry)
    return act_once(
        partial(_commit, said, verified, operator, registry, now),
        issuing_body=None,
        verified=verified,
        system=system_of(said.applicant),
        key=verified.digest,
        registry=registry,
        now=now,
    )


def own_objections(applicant: str, *, registry: Registry) -> list[dict[str, Any]]:
    """Return an enterprise's newest objections with the state, last day and answer of each task."""
    with registry.database.read() as connection:
        found = ObjectionReader(connection).of(applicant, most=MOST)
        tasks = ObjectionReader(connection).tasks([each.objection for each in found])
        return [
            _describe(each, registry) | {"tasks": _describe_tasks(each.objection, tasks, connection, registry)}
            for each in found
        ]


def objection_for(name: str, system: System, *, registry: Registry) -> dict[str, Any]:
    """Return an objection to whom one of its tasks is for; to others it is not found."""
    with registry.database.read() as connection:
        found = ObjectionReader(connection).get(name)
        tasks = ObjectionReader(connection).tasks([name])
        own = [each for each in tasks if each.recipient in recipients_of(system, connection)]
        if found is None or not own:
            raise NotFoundError("objection_not_found")
        return _describe(found, registry) | {"tasks": _describe_tasks(name, own, connection, registry)}


def count_objections(year: int, *, registry: Registry) -> dict[str, Any]:
    """Return how many objections a year saw by road, and reports of refusing windows by department."""
    with registry.database.read() as connection:
        roads, windows = ObjectionReader(connection).counts(year)
    return {"objections": {road.value: roads.get(road, 0) for road in Road}, "window_refusals": dict(windows)}


# --- steps 2 to 4 -----------------------------------------------------------------------------------------------


def _render(said: Objection, nonce: str) -> str:
    return render_objection(replace(said, nonce=nonce))


def _commit(
    said: Objection,
    verified: VerifiedStatement,
    operator: str,
    registry: Registry,
    now: datetime,
    connection: Connection,
    act_id: str,
) -> dict[str, Any]:
    expires_at = now + registry.terms.application_age + registry.terms.idempotency_term
    if not StatementWriter(connection).spend(
        "statement", E_LICENCE_SYSTEM, verified.statement.jti, expires_at=expires_at
    ):
        raise StatementError("statement_replayed")
    certificate = _certificate(said, connection)
    recipients = _recipients(said, certificate, operator, connection, civil_date(now))
    _refuse_open(said, connection)
    name, notices = new_name(registry), Notices(connection, act_id=act_id, registry=registry, now=now)
    facts: dict[str, Any] = {"objection": name, "road": said.road.value, "about": said.subject}
    facts |= {"identifier": certificate.identifier} if certificate else {}
    for each in recipients:
        # An act of the body on the certificate closes what is asked about its data, and nothing else.
        corrected = certificate.serial if certificate and said.road is Road.DATA_WRONG else None
        notices.add(each, _KINDS[said.road], facts, licence_number=said.applicant, serial=corrected)
    numbers = notices.keep()
    envelope = encrypt(verified.jws.encode(), master=registry.master, context=objection_context(name))
    stored = StoredObjection(name, said.applicant, said.road.value, said.subject, envelope, now, act_id)
    ObjectionWriter(connection).add(stored, dict(zip(numbers, recipients, strict=True)))
    act = ActFacts(Kind.OBJECT, act_id, now, None, verified.digest, None, None)
    EntryWriter(connection, registry.random).add([act])
    due = [NoticeReader(connection).get(number) for number in numbers]
    told = [{"recipient": each.recipient, "due_on": each.due_on.isoformat()} for each in due if each and each.due_on]
    return {"objection": name, "tasks": told, "act_id": act_id}


def _certificate(said: Objection, connection: Connection) -> Certificate | None:
    if not said.is_of_certificate:
        return None
    found = CertificateReader(connection).by_identifier([said.subject]).get(said.subject)
    if found is None or found.licence_number != said.applicant:
        raise NotFoundError("objection_about_unknown")
    return found


def _recipients(
    said: Objection, certificate: Certificate | None, operator: str, connection: Connection, today: date
) -> list[str]:
    """Return who must answer: at least one."""
    if isinstance(said.about, Window):
        return [_superior(said.about, connection, today) or operator]
    if certificate is not None:
        changes = CertificateReader(connection).changes([certificate.serial]).get(certificate.serial, [])
        decided = [each.issuing_body for each in changes] if said.road is Road.DECISION_WRONG else []
        return [PartyReader(connection).in_being([certificate.issuing_body, *decided][-1])]
    found = LedgerReader(connection).lines(said.applicant, behind=None, most=1, today=today, only=said.about)
    decision = found[0].of if found else None
    if not isinstance(decision, StoredDecision | StoredChangeReading):
        raise NotFoundError("objection_about_unknown")
    # An enterprise that pulled under a grant has no inbox here.
    is_department = PartyReader(connection).department(decision.requester) is not None
    requester = [decision.requester] if is_department else []
    if said.road is Road.ACCESS_NOT_ALLOWED:
        return list(dict.fromkeys([operator, *requester]))
    if not requester:
        raise OrderError("objection_nobody")
    return requester


def _superior(window: Window, connection: Connection, today: date) -> str | None:
    parties = PartyReader(connection)
    if parties.department(window.department) is None or window.day > today:
        raise NotFoundError("objection_about_unknown")
    body = parties.issuing_body(window.department)
    return parties.in_being(body.superior) if body and body.superior else None


def _refuse_open(said: Objection, connection: Connection) -> None:
    reader = ObjectionReader(connection)
    tasks = reader.tasks(reader.same(said.applicant, said.road.value, said.subject))
    if any(_state(each, connection)[0] == "open" for each in tasks):
        raise OrderError("objection_open")


# --- what is told -----------------------------------------------------------------------------------------------


def _describe(stored: StoredObjection, registry: Registry) -> dict[str, Any]:
    context = objection_context(stored.objection)
    kept = orjson.loads(decrypt(stored.envelope, masters=registry.masters, context=context))
    return {
        "objection": stored.objection,
        "licence_number": stored.applicant,
        "road": stored.road,
        "about": stored.about,
        "reason": parse_objection(kept["text"]).reason,
        "recorded_at": stored.recorded_at.isoformat(),
        "act_id": stored.act_id,
    }


def _describe_tasks(
    name: str, tasks: Sequence[ObjectionTask], connection: Connection, registry: Registry
) -> list[dict[str, Any]]:
    told = []
    for each in (task for task in tasks if task.objection == name):
        state, due_on = _state(each, connection)
        context = answer_context(name, each.notice)
        answer = decrypt(each.answer, masters=registry.masters, context=context).decode() if each.answer else None
        told.append(
            {
                "number": each.notice,
                "recipient": each.recipient,
                "state": state,
                "due_on": due_on,
                "answer": answer,
                "answered_at": each.answered_at.isoformat() if each.answered_at else None,
                "act_id": each.answered_by,
            }
        )
    return told


def _state(task: ObjectionTask, connection: Connection) -> tuple[str, str | None]:
    """Return a task's state and last day; its notice is gone only when it was done and is past its term."""
    notice = NoticeReader(connection).get(task.notice)
    if notice is None or notice.facts.get("objection") != task.objection:
        return "done", None
    return notice.state, notice.due_on.isoformat() if notice.due_on else None
