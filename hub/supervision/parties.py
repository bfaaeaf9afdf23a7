"""Enrolling departments, issuing bodies, systems, officers, enterprises, sources; and admitting wrong licence numbers.

1 the operator's statement is verified (`hub/steps/orders/statements.py`) and spent, once
2 the content is read: codes check, certs chain to the trust list, a body's types are in the catalogue
3 what gives a right or a key (`entitle`) is approved by two persons of the operator (`hub/steps/orders/approvals.py`)
4 the party, the approvals and the entry are committed together            <- COMMIT POINT
Enrolling what is there already replaces it; the statement and the entry keep what was said before.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from hub.decisions.answers import compose_head
from hub.errors import HubError, OrderError, StatementError
from hub.steps.certificates.holders import lock_holders
from hub.steps.certificates.intentions import new_name
from hub.steps.certificates.recomposition import compose_kin
from hub.steps.orders.approvals import VerifiedApproval, require_two
from hub.steps.orders.evidence import record_refusal
from hub.steps.orders.reading import OrderReading
from hub.steps.orders.repeats import spend_statement
from hub.steps.orders.statements import VerifiedStatement
from hub.steps.registry import Registry
from hub.store.account import AccountWriter, StoredAccount
from hub.store.answer import AnswerReader, AnswerWriter
from hub.store.enterprise import EnterpriseWriter
from hub.store.entry import EntryWriter
from hub.store.identity import IdentityReader, IdentityWriter, StoredIdentity
from hub.store.parties import PartyReader, PartyWriter
from hub.store.relation import RelationWriter
from hub.store.session import SessionWriter
from schemas.annotation import ANNOTATION_RULES, AnnotationKind, Author
from schemas.approval import Change
from schemas.certificate import civil_date, last_moment_of
from schemas.evidence import ActFacts, Kind
from schemas.identifiers import (
    as_typed,
)
from schemas.parties import DESK_DUTIES, Coverage, CoverageState, Department, Duty, IssuingBody, Officer, Role, System
from schemas.statement import ENROLMENT_ACTS, Ordered
from signing.base64url import decode
from signing.errors import SigningError
from signing.x509 import Purpose

Put = Callable[[Connection], dict[str, Any]]
_LONGEST_OVERLAP = timedelta(days=90)
_LONGEST_IDENTITY = 255


def enrol(
    noun: str,
    content: Mapping[str, Any],
    *,
    verified: VerifiedStatement,
    approvals: Sequence[VerifiedApproval] = (),
    system: System,
    registry: Registry,
    now: datetime,
) -> dict[str, Any]:
    """Enrol one party. `noun` is a key of ENROLMENTS; FieldsError names every member and rule that is wrong.

    Raises OrderError approvals_needed, approval_own, approval_same_person, approval_same_duty, last_of_duty, and those
    of each party; what was ordered without the persons it needs is entered as refused.
    """
    if verified.statement.act is not ENROLMENT_ACTS[noun]:
        raise StatementError("statement_act")
    reading = OrderReading(content)
    put = ENROLMENTS[noun](reading, registry, now)
    reading.refuse_problems()
    about = str(content.get("number")) if noun in ("officers", "officer-codes") else None
    commit = partial(_commit, put, verified, system, registry, now, approvals=approvals, about=about)
    try:
        return registry.database.write(commit)
    except HubError as error:
        record_refusal(error, verified=verified, system=system, registry=registry, now=now)
        raise


def check_enrolment(noun: str, content: Mapping[str, Any], *, registry: Registry, now: datetime) -> None:
    """Do step 2 alone, of what is only drafted: FieldsError names every member and rule that is wrong."""
    reading = OrderReading(content)
    ENROLMENTS[noun](reading, registry, now)
    reading.refuse_problems()


def renew_key(
    content: Mapping[str, Any], *, verified: VerifiedStatement, system: System, registry: Registry, now: datetime
) -> dict[str, Any]:
    """Enrol the next key of the system that asks, under a statement signed with a key of its own that still counts.

    The others count to the end of the day `previous_until`, so that a department's machines change over one by one. A
    stolen key alone enrols nothing: the next one is in a cert that an authority of the trust list gave the department.
    """
    reading = OrderReading(content)
    cert_der, key_id = _cert(reading, registry, system.department, now)
    until_on = reading.day("previous_until")
    if not reading.problems and until_on > civil_date(now) + _LONGEST_OVERLAP:
        reading.problem("previous_until", "too_far")
    reading.refuse_problems()
    others_until = max(now, last_moment_of(until_on))

    def put(connection: Connection) -> dict[str, Any]:
        reader = PartyReader(connection)
        if reader.owner_of(key_id) is not None:
            raise OrderError("key_enrolled")
        # Read again: what the operator has changed meanwhile stays.
        present = reader.system(system.code) or system
        _put_system(connection, replace(present, cert_der=cert_der), key_id, others_until)
        return {"code": system.code, "key_id": key_id, "previous_until": others_until.isoformat()}

    return registry.database.write(partial(_commit, put, verified, system, registry, now))


def _commit(
    put: Put,
    verified: VerifiedStatement,
    system: System,
    registry: Registry,
    now: datetime,
    connection: Connection,
    *,
    approvals: Sequence[VerifiedApproval] = (),
    about: str | None = None,
) -> dict[str, Any]:
    number = spend_statement(connection, verified, system=system.code, registry=registry, now=now)
    enrolled, kind, approved = put(connection), Kind.ENROL, None
    if verified.statement.act is Ordered.ENTITLE:
        kind = Kind.ENTITLE
        approved = require_two(
            approvals, change=Change.ENTITLE, connection=connection, now=now, statement=number, about=about
        )
    act_id = new_name(registry)
    EntryWriter(connection, registry.random).add([ActFacts(kind, act_id, now, None, verified.digest, approved, None)])
    return enrolled | {"act_id": act_id}


def _department(reading: OrderReading, registry: Registry, now: datetime) -> Put:
    department = Department(reading.licence_number("licence_number"), reading.text("name_zh"), reading.text("name_en"))

    def put(connection: Connection) -> dict[str, Any]:
        PartyWriter(connection).put_department(department)
        return {"licence_number": department.licence_number}

    return put


def _issuing_body(reading: OrderReading, registry: Registry, now: datetime) -> Put:
    number, department = reading.licence_number("licence_number"), reading.licence_number("department")
    body = IssuingBody(
        licence_number=number,
        department=department,
        name_zh=reading.text("name_zh"),
        name_en=reading.text("name_en"),
        area=reading.code("area", 12),
        from_on=reading.day("from_on"),
        until_on=reading.optional_day("until_on"),
        successor=reading.optional_licence_number("successor"),
        superior=reading.optional_licence_number("superior"),
        competences=_competences(reading, registry),
        delegated=_delegated(reading),
        annotates=_annotates(reading),
    )

    def put(connection: Connection) -> dict[str, Any]:
        _require_department(connection, department)
        PartyWriter(connection).put_issuing_body(body)
        return {"licence_number": number}

    return put


def _competences(reading: OrderReading, registry: Registry) -> dict[str, tuple[date, date | None]]:
    listed = reading.get("competences")
    # A court, or another authority that only annotates, is in charge of no type.
    if not isinstance(listed, list) or not (listed or reading.get("annotates")):
        reading.problem("competences", "missing")
        return {}
    known = {each.code for each in registry.catalogue.current()}
    competences: dict[str, tuple[date, date | None]] = {}
    for each in listed:
        inner = OrderReading(each if isinstance(each, dict) else {})
        code = inner.code("certificate_type")
        if code not in known:
            reading.problem("competences", "type_unknown")
        competences[code] = (inner.day("from_on"), inner.optional_day("until_on"))
        for wrong in inner.problems:
            reading.problem("competences", wrong.rule)
    return competences


def _delegated(reading: OrderReading) -> dict[str, str]:
    """Read which types were delegated to the body, and by whom (`delegated_by` of a competence)."""
    delegated = {}
    for each in reading.get("competences") if isinstance(reading.get("competences"), list) else []:
        inner = OrderReading(each if isinstance(each, dict) else {})
        if by := inner.optional_licence_number("delegated_by"):
            delegated[inner.code("certificate_type")] = by
        for wrong in inner.problems:
            reading.problem("competences", wrong.rule)
    return delegated


def _annotates(reading: OrderReading) -> frozenset[AnnotationKind]:
    """Read which annotations the body may make on certificates of others."""
    listed = reading.get("annotates")
    kinds = [kind for kind in AnnotationKind if ANNOTATION_RULES[kind].author is Author.AUTHORITY]
    if listed is None:
        return frozenset()
    if not isinstance(listed, list) or any(each not in kinds for each in listed):
        reading.problem("annotates", "choice")
        return frozenset()
    return frozenset(AnnotationKind(each) for each in listed)


def _system(reading: OrderReading, registry: Registry, now: datetime) -> Put:
    code, department = reading.code("code"), reading.licence_number("department")
    roles = reading.get("roles")
    if not isinstance(roles, list) or not roles or any(role not in list(Role) for role in roles):
        reading.problem("roles", "choice")
        roles = []
    cert_der, key_id = _cert(reading, registry, department, now)
    until_on = reading.optional_day("previous_until")
    name, active = reading.text("name"), reading.flag("active")
    system = System(code, department, name, cert_der, frozenset(Role(role) for role in roles), active)

    def put(connection: Connection) -> dict[str, Any]:
        _require_department(connection, department)
        # A new key ends the others at once, unless a day is named: the operator's way when one was lost.
        is_newest = PartyReader(connection).newest_key(code) == key_id
        others_until = None if is_newest else now
        if until_on is not None:
            others_until = max(now, last_moment_of(until_on))
        _put_system(connection, system, key_id, others_until)
        return {"code": code, "key_id": key_id}

    return put


def _put_system(connection: Connection, system: System, key_id: str, others_until: datetime | None) -> None:
    if not PartyWriter(connection).put_system(system, key_id=key_id, others_until=others_until):
        raise OrderError("key_enrolled")


def _cert(
    reading: OrderReading, registry: Registry, department: str, now: datetime, purpose: Purpose = Purpose.SYSTEM
) -> tuple[bytes, str]:
    """Read a cert (base64url of DER) and hold it against the trust list and the department it is said to be of."""
    try:
        cert_der = decode(reading.get("cert") if isinstance(reading.get("cert"), str) else "")
        facts = registry.trust().verify_party(cert_der, purpose=purpose, at=now)
    except SigningError:
        reading.problem("cert", "not_trusted")
        return b"", ""
    if facts.licence_number != department:
        reading.problem("cert", "other_department")
    return cert_der, facts.key_id


def _officer(reading: OrderReading, registry: Registry, now: datetime) -> Put:
    number, department = reading.code("number"), reading.licence_number("department")
    duty = reading.choice("duty", tuple(Duty)) if reading.get("duty") is not None else Duty.CASE
    cert_der = _cert(reading, registry, department, now, Purpose.OFFICER)[0] if reading.get("cert") else None
    if cert_der is None and duty not in (None, *DESK_DUTIES):
        reading.problem("cert", "missing")
    officer = Officer(number, department, reading.flag("active"), duty or Duty.CASE, cert_der)
    identity = _identity(reading, number, now) if officer.active else None

    def put(connection: Connection) -> dict[str, Any]:
        _require_department(connection, department)
        _refuse_last_of_duty(officer, connection)
        before = PartyReader(connection).officer(number)
        PartyWriter(connection).put_officer(officer, now)
        # What he signs in with goes first: a sign-in under way holds it.
        is_another = _put_identity(connection, number, identity)
        is_out = not officer.active or (before is not None and before.department != department)
        if is_out:
            # A leaver is out with this very commit.
            AccountWriter(connection).remove(number)
        if is_out or is_another:
            SessionWriter(connection).end_of_officer(number, now)
        return {"number": number, "duty": str(officer.duty)}

    return put


def _identity(reading: OrderReading, number: str, now: datetime) -> StoredIdentity | None:
    """Read by which account of which provider of identities an officer may sign in (`identity`), if by any."""
    given = reading.get("identity")
    if given is None:
        return None
    inner = OrderReading(given if isinstance(given, dict) else {})
    issuer, account = inner.text("issuer", _LONGEST_IDENTITY), inner.text("account", _LONGEST_IDENTITY)
    if inner.problems or not issuer.startswith(("https://", "http://")):
        reading.problem("identity", inner.problems[0].rule if inner.problems else "form")
    return StoredIdentity(number, issuer, account, now)


def _put_identity(connection: Connection, number: str, identity: StoredIdentity | None) -> bool:
    """Put an officer's account at the provider, or take it from him; say whether it is another than he had.

    Raises OrderError identity_taken for one that is another officer's.
    """
    before = IdentityReader(connection).lock(number)
    named = [None if each is None else (each.issuer, each.account) for each in (before, identity)]
    if named[0] == named[1]:
        return False
    writer = IdentityWriter(connection)
    writer.remove(number)
    if identity is not None and not writer.add(identity):
        raise OrderError("identity_taken", number=number)
    return True


def _officer_code(reading: OrderReading, registry: Registry, now: datetime) -> Put:
    """Read the digest of a one-time code by which an officer opens his account for the pages, or opens it anew.

    What he knew until then opens nothing any more, and his sessions end: a code is ordered when something was lost.
    """
    number, digest = reading.code("number"), reading.code("code_sha256")
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        reading.problem("code_sha256", "form")
    ends_at = now + registry.terms.account_code_term

    def put(connection: Connection) -> dict[str, Any]:
        officer = PartyReader(connection).officer(number)
        if officer is None or not officer.active:
            raise OrderError("officer_unknown", number=number)
        account = StoredAccount(number, None, None, 0, 0, None, digest, ends_at, now)
        AccountWriter(connection).put(account)
        SessionWriter(connection).end_of_officer(number, now)
        return {"number": number, "ends_at": ends_at.isoformat()}

    return put


def _refuse_last_of_duty(officer: Officer, connection: Connection) -> None:
    """Refuse to take a duty from the only person of the department who has it: nothing could be approved any more."""
    reader = PartyReader(connection)
    before = reader.officer(officer.number)
    if before is None or before.duty in DESK_DUTIES:
        return
    stays = officer.active and (officer.department, officer.duty) == (before.department, before.duty)
    having = [each.number for each in reader.lock_duty(before.department, before.duty)]
    if not stays and having == [officer.number]:
        raise OrderError("last_of_duty", duty=str(before.duty))


def _enterprise(reading: OrderReading, registry: Registry, now: datetime) -> Put:
    with registry.database.read() as connection:
        overrides = PartyReader(connection).overrides()
    number = reading.licence_number("licence_number", overrides=overrides)
    holder = (reading.text("name"), reading.text("address", 512) if reading.get("address") else "")

    def put(connection: Connection) -> dict[str, Any]:
        writer = EnterpriseWriter(connection)
        locked = lock_holders({number: holder}, connection=connection, registry=registry, now=now)
        enterprise = locked[number]
        if enterprise.name not in ("", holder[0]):
            RelationWriter(connection).add_former_names([(number, enterprise.name, civil_date(now))], now)
        enterprise.name, enterprise.address = holder
        writer.keep([enterprise])
        earlier = AnswerReader(connection).heads([number]).get(number)
        head = compose_head(
            licence_number=number, reference=enterprise.reference, name=enterprise.name,
            address=enterprise.address, pages={}, earlier=earlier, kin=compose_kin(connection, number),
        )  # fmt: skip
        AnswerWriter(connection).put_heads({number: head})
        return {"licence_number": number, "reference": enterprise.reference}

    return put


def _coverage(reading: OrderReading, registry: Registry, now: datetime) -> Put:
    """Read how much of a type an issuing body has here: complete since a day, partial, or not connected."""
    code, body = reading.code("certificate_type"), reading.licence_number("issuing_body")
    state, since_on = reading.choice("state", tuple(CoverageState)), reading.optional_day("since_on")
    if code not in {each.code for each in registry.catalogue.current()}:
        reading.problem("certificate_type", "type_unknown")
    if (state is CoverageState.COMPLETE) != (since_on is not None):
        reading.problem("since_on", "missing" if since_on is None else "not_here")
    if since_on is not None and since_on > civil_date(now):
        reading.problem("since_on", "in_future")

    def put(connection: Connection) -> dict[str, Any]:
        if PartyReader(connection).issuing_body(body) is None:
            raise OrderError("body_unknown", issuing_body=body)
        PartyWriter(connection).put_coverage(
            Coverage(code, body, CoverageState(state or "partial"), since_on, heard_at=now)
        )
        return {"certificate_type": code, "issuing_body": body}

    return put


def _source(reading: OrderReading, registry: Registry, now: datetime) -> Put:
    code, name, fresh = reading.code("code"), reading.text("name_zh"), reading.get("fresh_for_seconds")
    if type(fresh) is not int or not 60 <= fresh <= 366 * 86_400:
        reading.problem("fresh_for_seconds", "form")

    def put(connection: Connection) -> dict[str, Any]:
        PartyWriter(connection).put_source(code, name_zh=name, fresh_for_seconds=fresh)
        return {"code": code}

    return put


def _override(reading: OrderReading, registry: Registry, now: datetime) -> Put:
    """Read a licence number that was issued with a wrong check character: its form must still be right."""
    given, reason = reading.get("licence_number"), reading.text("reason", 500)
    text = as_typed(given) if isinstance(given, str) else ""
    number = reading.licence_number("licence_number", overrides=frozenset({text}))

    def put(connection: Connection) -> dict[str, Any]:
        try:
            with connection.begin_nested():
                PartyWriter(connection).admit_licence_number(number, reason=reason, system="operator", now=now)
        except IntegrityError:
            raise OrderError("already_admitted", licence_number=number) from None
        return {"licence_number": number}

    return put


def _require_department(connection: Connection, licence_number: str) -> None:
    if PartyReader(connection).department(licence_number) is None:
        raise OrderError("department_unknown", licence_number=licence_number)


ENROLMENTS: Mapping[str, Callable[[OrderReading, Registry, datetime], Put]] = {
    "departments": _department,
    "issuing-bodies": _issuing_body,
    "systems": _system,
    "officers": _officer,
    "officer-codes": _officer_code,
    "enterprises": _enterprise,
    "sources": _source,
    "coverage": _coverage,
    "licence-number-overrides": _override,
}
