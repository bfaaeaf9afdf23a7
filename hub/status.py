"""Changing the status of a certificate: suspend, reinstate, withdraw, annul, strip, cancel.

1 the statement is verified (`hub/statements.py`) and spent, once
2 the acting body is the certificate's issuing body, its successor or its superior, and in being
3 the change is one the table of changes allows
4 status, change, answers, entry and kept answer are committed together      <- COMMIT POINT

No key is used, so there is nothing between an intention and a result: a crash before 4 leaves nothing, and after it
the same request gets the same answer. A withdrawal waits for nothing but this one transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from hub.charge import require_body
from hub.errors import NotFoundError, OrderError, StatementError
from hub.evidence import record_refusal
from hub.holders import lock_holder
from hub.intentions import new_name
from hub.recomposition import bodies_from_store, rewrite
from hub.registry import Registry
from hub.repeats import earlier_answer, keep_answer, open_act, spend_statement
from hub.statements import VerifiedStatement
from hub.store.certificate import CertificateReader, CertificateWriter
from hub.store.entry import EntryWriter
from schemas.catalogue import FieldProblem, FieldsError
from schemas.certificate import Act, Certificate, Status, StatusChange, changed, civil_date, parse_day
from schemas.evidence import ActFacts, Kind
from schemas.parties import System
from schemas.plain_text import PlainTextError, parse_plain_text

_LONGEST = {"ground": 500, "document_name": 256, "document_number": 128}
_NAMES = {"identifier": 128, "issuing_body": 18}
_ORDERABLE = frozenset(Act) - {Act.SUPERSEDE}


@dataclass(frozen=True, slots=True)
class StatusOrder:
    """An ordered change: of which certificate, by which body, and the change itself."""

    identifier: str
    issuing_body: str
    change: StatusChange


def read_status_order(content: Mapping[str, Any]) -> StatusOrder:
    """Read the content of an order to change a status; FieldsError names every member and rule that is wrong."""
    problems: list[FieldProblem] = []
    act = content.get("act")
    if act not in [str(each) for each in _ORDERABLE]:
        problems.append(FieldProblem("act", "choice"))
    texts = {name: _text(content, name, longest, problems) for name, longest in _LONGEST.items()}
    document_date = _day(content, "document_date", problems)
    works_from = _day(content, "works_from", problems)
    until = _day(content, "until", problems) if content.get("until") else None
    if until is not None and act != Act.SUSPEND:
        problems.append(FieldProblem("until", "only_for_suspend"))
    if until is not None and works_from is not None and until < works_from:
        problems.append(FieldProblem("until", "reversed"))
    names = {name: _text(content, name, longest, problems) for name, longest in _NAMES.items()}
    if problems or document_date is None or works_from is None:
        raise FieldsError(tuple(problems))
    change = StatusChange(Act(str(act)), **texts, document_date=document_date, works_from=works_from, until=until)
    return StatusOrder(names["identifier"], names["issuing_body"], change)


def change_status(
    order: StatusOrder, *, verified: VerifiedStatement, system: System, key: str, registry: Registry, now: datetime
) -> dict[str, Any]:
    """Change one certificate's status; the same request under the same idempotency `key` gives the same answer.

    Raises OrderError, StatementError, NotFoundError, ChangeNotAllowedError.
    """
    earlier = earlier_answer(system.code, key, request_digest=verified.digest, registry=registry)
    if earlier is not None:
        return earlier
    if verified.statement.issuing_body != order.issuing_body:
        raise StatementError("statement_body")
    if order.change.works_from > civil_date(now):
        raise OrderError("works_from_future")
    if order.change.document_date > civil_date(now):
        raise OrderError("decision_in_future")
    try:
        return registry.database.write(partial(_commit, order, verified, system, key, registry, now))
    except OrderError as error:
        record_refusal(error, verified=verified, system=system, registry=registry, now=now)
        raise


def _commit(
    order: StatusOrder,
    verified: VerifiedStatement,
    system: System,
    key: str,
    registry: Registry,
    now: datetime,
    connection: Connection,
) -> dict[str, Any]:
    reader, writer = CertificateReader(connection), CertificateWriter(connection)
    found = reader.by_identifier([order.identifier]).get(order.identifier)
    if found is None:
        raise NotFoundError("certificate_not_found")
    act_id = new_name(registry)
    open_act(connection, system.code, key, request_digest=verified.digest, act=act_id, registry=registry, now=now)
    holder = lock_holder(found.licence_number, connection=connection, registry=registry, now=now)
    # Read again under the lock: another act may have come between.
    certificate = reader.by_serial([found.serial])[found.serial]
    require_body(order.issuing_body, certificate, system, connection, civil_date(now))
    status = changed(Status(certificate.status), order.change.act)
    number = spend_statement(connection, verified, system=system.code, registry=registry, now=now)
    writer.set_status(certificate.serial, status=status, since=order.change.works_from, until=order.change.until)
    writer.add_changes([_change_row(order, certificate, status, number, now, act_id)])
    EntryWriter(connection, registry.random).add([_entry(order, certificate, verified, connection, now, act_id)])
    rewrite(
        connection,
        bodies_from_store(connection, [certificate.serial], catalogue=registry.catalogue),
        {found.licence_number: holder},
    )
    answer = {"identifier": certificate.identifier, "status": status.value, "act_id": act_id}
    answer |= {"recorded_at": now.isoformat()}
    keep_answer(connection, system.code, key, answer, registry=registry)
    return answer


def _change_row(
    order: StatusOrder, certificate: Certificate, status: Status, statement: int, now: datetime, act_id: str
) -> dict[str, Any]:
    change = order.change
    return {
        "serial": certificate.serial,
        "act": change.act.value,
        "from_status": certificate.status,
        "to_status": status.value,
        "ground": change.ground,
        "document_name": change.document_name,
        "document_number": change.document_number,
        "document_date": change.document_date,
        "works_from": change.works_from,
        "until": change.until,
        "issuing_body": order.issuing_body,
        "statement": statement,
        "recorded_at": now,
        "act_id": act_id,
    }


def _entry(
    order: StatusOrder,
    certificate: Certificate,
    verified: VerifiedStatement,
    connection: Connection,
    now: datetime,
    act_id: str,
) -> ActFacts:
    earlier = CertificateReader(connection).changes([certificate.serial])[certificate.serial]
    return ActFacts(
        kind=Kind.CHANGE_STATUS,
        act_id=act_id,
        recorded_at=now,
        works_from=order.change.works_from.isoformat(),
        statement_digest=verified.digest,
        sealed_digest=certificate.payload_sha256,
        previous_act=([certificate.act_id] + [each.act_id for each in earlier if each.act_id != act_id])[-1],
    )


def _text(content: Mapping[str, Any], name: str, longest: int, problems: list[FieldProblem]) -> str:
    value = content.get(name)
    if not isinstance(value, str) or not value.strip():
        problems.append(FieldProblem(name, "missing"))
        return ""
    try:
        return parse_plain_text(value, max_length=longest, multiline=name == "ground")
    except PlainTextError as error:
        problems.append(FieldProblem(name, error.rule))
    return ""


def _day(content: Mapping[str, Any], name: str, problems: list[FieldProblem]) -> date | None:
    try:
        return parse_day(content[name])
    except KeyError:
        problems.append(FieldProblem(name, "missing"))
    except (ValueError, TypeError):
        problems.append(FieldProblem(name, "form"))
    return None
