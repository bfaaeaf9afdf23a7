"""Changing the status of a certificate: suspend, reinstate, withdraw, annul, strip, cancel; void and undo a mistake.

1 the statement is verified (`hub/steps/orders/statements.py`) and spent, once; a grave act needs a second officer
  (`seconding.py`)
2 the acting body is the certificate's issuing body, its successor, superior or delegator, and in being (`charge.py`)
3 the change is one the table of changes allows, and does not reach back behind the one before
4 status, change, answers, notices, entry and kept answer are committed together      <- COMMIT POINT

A record made by mistake (误录作废) leaves its holder's page; the version it replaced counts again. An undo takes the
last act back and keeps both. No key is used, so there is nothing between an intention and a result: a crash before 4
leaves nothing, and after it the same request gets the same answer. A withdrawal waits for nothing but this one
transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from hub.errors import NotFoundError, OrderError
from hub.steps.certificates.changes import Ordering, record_change
from hub.steps.certificates.holders import lock_holders
from hub.steps.certificates.mistakes import first_day
from hub.steps.certificates.recomposition import bodies_from_store, compose_kin, rewrite
from hub.steps.orders.charge import require_body
from hub.steps.orders.evidence import act_once
from hub.steps.orders.seconding import require_second, spend_with_seconds
from hub.steps.orders.statements import Second, VerifiedStatement
from hub.steps.registry import Registry
from hub.store.certificate import CertificateReader
from schemas.catalogue import FieldProblem, FieldsError
from schemas.certificate import (
    GRAVE,
    REACHING_BACK,
    Act,
    Certificate,
    RecordedChange,
    Standing,
    Status,
    StatusChange,
    changed,
    civil_date,
    parse_day,
    standing,
)
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
    until, public_until = (
        _day(content, name, problems) if content.get(name) else None for name in ("until", "public_until")
    )
    undoes = _text(content, "undoes", 64, problems) if act == Act.UNDO else None
    if until is not None and act != Act.SUSPEND:
        problems.append(FieldProblem("until", "only_for_suspend"))
    if public_until is not None and act not in (Act.SUSPEND, Act.STRIP):
        problems.append(FieldProblem("public_until", "only_for_penalty"))
    problems += [
        FieldProblem(name, "reversed")
        for name, day in (("until", until), ("public_until", public_until))
        if day is not None and works_from is not None and day < works_from
    ]
    names = {name: _text(content, name, longest, problems) for name, longest in _NAMES.items()}
    if problems or document_date is None or works_from is None:
        raise FieldsError(tuple(problems))
    change = StatusChange(
        Act(str(act)),
        ground=texts["ground"],
        document_name=texts["document_name"],
        document_number=texts["document_number"],
        document_date=document_date,
        works_from=works_from,
        until=until,
        public_until=public_until,
        undoes=undoes,
    )
    return StatusOrder(names["identifier"], names["issuing_body"], change)


def change_status(
    order: StatusOrder,
    *,
    verified: VerifiedStatement,
    seconds: Sequence[Second] = (),
    system: System,
    key: str,
    registry: Registry,
    now: datetime,
) -> dict[str, Any]:
    """Change one certificate's status; the same request under the same idempotency `key` gives the same answer.

    Raises OrderError, StatementError, NotFoundError, ChangeNotAllowedError.
    """
    within_rate = registry.rates.count(order.issuing_body, now)
    work = partial(_commit, order, verified, seconds, system, within_rate, registry, now)
    return act_once(
        work,
        issuing_body=order.issuing_body,
        verified=verified,
        system=system,
        key=key,
        registry=registry,
        now=now,
    )


def _commit(
    order: StatusOrder,
    verified: VerifiedStatement,
    seconds: Sequence[Second],
    system: System,
    within_rate: bool,
    registry: Registry,
    now: datetime,
    connection: Connection,
    act_id: str,
) -> dict[str, Any]:
    if order.change.works_from > civil_date(now):
        raise OrderError("works_from_future")
    if order.change.document_date > civil_date(now):
        raise OrderError("decision_in_future")
    reader, change = CertificateReader(connection), order.change
    found = reader.by_identifier([order.identifier]).get(order.identifier)
    if found is None:
        raise NotFoundError("certificate_not_found")
    # A version taken back may give its line to one of another holder (a device that went from hand to hand).
    holders = {each.licence_number: ("", "") for each in reader.versions_of([found.chain])[found.chain]}
    locked = lock_holders(holders, connection=connection, registry=registry, now=now)
    # Read again under the lock: another act may have come between.
    certificate = reader.by_serial([found.serial])[found.serial]
    _, authority = require_body(order.issuing_body, certificate, system, connection, civil_date(now))
    if change.act in GRAVE or not within_rate:
        code = "second_officer_needed" if change.act in GRAVE else "rate_needs_second"
        require_second(
            verified, seconds, issuing_body=order.issuing_body, system=system, connection=connection, code=code
        )
    earlier = reader.changes([certificate.serial])[certificate.serial]
    after = _standing_after(change, certificate, earlier, connection)
    number = spend_with_seconds(connection, verified, seconds, system=system.code, registry=registry, now=now)
    ordering = Ordering(order.issuing_body, authority, number, verified.digest, act_id)
    made = record_change(
        certificate, change, after, ordering,
        earlier=earlier, holders=locked, registry=registry, now=now, connection=connection,
    )  # fmt: skip
    bodies = bodies_from_store(connection, made.serials, catalogue=registry.catalogue)
    kin = {number: compose_kin(connection, number) for number in made.renamed}
    rewrite(connection, bodies, locked, left=made.left, kin=kin)
    answer = {"identifier": certificate.identifier, "status": after.status.value, "act_id": act_id}
    answer |= {"recorded_at": now.isoformat()}
    return answer


def _standing_after(
    change: StatusChange, certificate: Certificate, earlier: Sequence[RecordedChange], connection: Connection
) -> Standing:
    """Return what stands after the change.

    Raises ChangeNotAllowedError, OrderError out_of_order, undo_not_last, undo_not_possible.
    """
    counting = [each for each in earlier if each.undone_by is None and each.act != Act.UNDO]
    if change.act is Act.UNDO:
        if not counting or counting[-1].act_id != change.undoes:
            raise OrderError("undo_not_last", identifier=certificate.identifier)
        if counting[-1].act in (Act.SUPERSEDE, Act.VOID):
            raise OrderError("undo_not_possible", identifier=certificate.identifier)
        return standing(first_day(certificate.serial, connection), counting[:-1])
    status = changed(Status(certificate.status), change.act)
    if change.act not in REACHING_BACK and counting and change.works_from < counting[-1].works_from:
        raise OrderError("out_of_order", identifier=certificate.identifier)
    return Standing(status, change.works_from, change.until)


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
