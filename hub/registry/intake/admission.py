"""Taking in a file: the order that names it, then the file itself (steps 1 and 2 of `hub/registry/intake`)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from hub.errors import IntakeError, NotFoundError, OrderError, StatementError
from hub.registry.intake.forms import LEGACY, PENALTY_FORM, PUBLICITY_FORM, TYPE_FORM
from hub.steps.certificates.intentions import new_name
from hub.steps.files.spool import Incoming
from hub.steps.orders.charge import require_own_body
from hub.steps.orders.evidence import record_refusal
from hub.steps.orders.repeats import earlier_answer, keep_answer, open_act
from hub.steps.orders.seconding import require_second, spend_with_seconds
from hub.steps.orders.statements import Second, VerifiedStatement
from hub.steps.registry import Registry
from hub.store.entry import EntryWriter
from hub.store.intake import IntakeReader, IntakeWriter, StoredIntake
from hub.store.parties import PartyReader
from schemas.catalogue import Catalogue, CertificateTypeUnknownError, FieldProblem, FieldsError
from schemas.certificate import civil_date
from schemas.evidence import ActFacts, Kind
from schemas.parties import Role, System

_MEMBERS = frozenset({"form", "certificate_type", "issuing_body", "source", "origin", "file_sha256", "dry_run"})
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class IntakeOrder:
    """An ordered intake: signed by `issuing_body`, or collected from `source`. `file_sha256` in lower-case hex.

    `origin` is "legacy" where the source is an archive.
    """

    form: str
    certificate_type: str | None
    issuing_body: str | None
    source: str | None
    origin: str | None
    file_sha256: str
    dry_run: bool

    @property
    def role(self) -> Role:
        return Role.ISSUE if self.source is None else Role.COLLECT


def read_intake_order(content: Mapping[str, Any], *, catalogue: Catalogue) -> IntakeOrder:
    """Read the content of an order to take in a file; FieldsError names every member and rule that is wrong."""
    problems = [FieldProblem("content", "unknown") for name in content if name not in _MEMBERS]
    texts = {name: _text(content, name, problems) for name in _MEMBERS - {"dry_run"}}
    form, certificate_type = texts["form"], texts["certificate_type"]
    if form not in (TYPE_FORM, PUBLICITY_FORM, PENALTY_FORM):
        problems.append(FieldProblem("form", "choice"))
    if (texts["issuing_body"] is None) == (texts["source"] is None):
        problems.append(FieldProblem("issuing_body", "one_of"))
    if form in (PUBLICITY_FORM, PENALTY_FORM) and texts["issuing_body"] is not None:
        problems.append(FieldProblem("issuing_body", "only_collected"))
    if (certificate_type is None) == (form == TYPE_FORM):
        problems.append(FieldProblem("certificate_type", "missing" if form == TYPE_FORM else "unknown"))
    elif certificate_type is not None and not _is_type(certificate_type, catalogue):
        problems.append(FieldProblem("certificate_type", "type_unknown"))
    problems += _wrong_origin(texts["origin"], form, texts["source"])
    if not _SHA256.fullmatch(texts["file_sha256"] or ""):
        problems.append(FieldProblem("file_sha256", "form"))
    dry_run = content.get("dry_run", False)
    if not isinstance(dry_run, bool):
        problems.append(FieldProblem("dry_run", "form"))
    if problems:
        raise FieldsError(tuple(problems))
    names = {name: texts[name] for name in ("certificate_type", "issuing_body", "source", "origin")}
    return IntakeOrder(form=str(form), **names, file_sha256=str(texts["file_sha256"]), dry_run=dry_run)


def role_of(content: Mapping[str, Any]) -> Role:
    """Return the role that an order's content, not yet read, asks for."""
    return Role.COLLECT if content.get("source") is not None else Role.ISSUE


def admit_intake(
    order: IntakeOrder,
    *,
    verified: VerifiedStatement,
    seconds: Sequence[Second] = (),
    system: System,
    key: str,
    registry: Registry,
    now: datetime,
) -> dict[str, Any]:
    """Admit a file that is still to come; the same request under the same idempotency `key` gives the same intake.

    What an issuing body does in bulk two officers order; trying a file out needs one. Raises OrderError,
    StatementError, NotFoundError source_unknown.
    """
    earlier = earlier_answer(system.code, key, request_digest=verified.digest, registry=registry)
    if earlier is not None:
        return earlier
    statement = verified.statement
    if statement.issuing_body != order.issuing_body:
        raise StatementError("statement_body")
    if statement.certificate_type != order.certificate_type:
        raise StatementError("statement_content")
    try:
        return registry.database.write(partial(_admit, order, verified, seconds, system, key, registry, now))
    except OrderError as error:
        record_refusal(error, verified=verified, system=system, registry=registry, now=now)
        raise


def awaited_intake(name: str, *, system: System, registry: Registry) -> StoredIntake:
    """Return an intake of this system whose file is still to come.

    Raises NotFoundError intake_not_found, IntakeError file_received.
    """
    with registry.database.read() as connection:
        intake = IntakeReader(connection).get(name)
    if intake is None or intake.system != system.code:
        raise NotFoundError("intake_not_found")
    if intake.state != "awaiting_file":
        raise IntakeError("file_received", intake=name)
    return intake


def keep_file(intake: StoredIntake, incoming: Incoming, *, registry: Registry) -> dict[str, Any]:
    """Keep a file that came in whole; IntakeError file_digest, and nothing kept, when it is not the one ordered."""
    if not incoming.keep(file_sha256=intake.file_sha256):
        raise IntakeError("file_digest", intake=intake.intake)
    if not registry.database.write(lambda connection: IntakeWriter(connection).receive(intake.intake)):
        raise IntakeError("file_received", intake=intake.intake)
    return {"intake": intake.intake, "state": "waiting", "bytes": incoming.length}


def _admit(
    order: IntakeOrder,
    verified: VerifiedStatement,
    seconds: Sequence[Second],
    system: System,
    key: str,
    registry: Registry,
    now: datetime,
    connection: Connection,
) -> dict[str, Any]:
    if order.issuing_body is not None:
        _check_body(order.issuing_body, str(order.certificate_type), system, now, connection)
        if not order.dry_run:
            require_second(verified, seconds, issuing_body=order.issuing_body, system=system, connection=connection)
    elif PartyReader(connection).source(str(order.source)) is None:
        raise NotFoundError("source_unknown")
    name = new_name(registry)
    open_act(connection, system.code, key, request_digest=verified.digest, act=name, registry=registry, now=now)
    number = spend_with_seconds(connection, verified, seconds, system=system.code, registry=registry, now=now)
    kept = {"intake": name, "system": system.code, "officer": verified.statement.officer, "statement": number}
    state = {"state": "awaiting_file", "rows_done": 0, "counts": {}, "recorded_at": now}
    IntakeWriter(connection).add(asdict(order) | kept | state)
    # What a file turns into is an act each; that it was ordered to be taken in is one too, of the intake's own name.
    act = ActFacts(Kind.IMPORT, name, now, None, verified.digest, None, None)
    EntryWriter(connection, registry.random).add([act])
    answer = {"intake": name, "upload": f"/api/v1/intakes/{name}/file"}
    keep_answer(connection, system.code, key, answer, registry=registry)
    return answer


def _check_body(number: str, certificate_type: str, system: System, now: datetime, connection: Connection) -> None:
    today = civil_date(now)
    body = require_own_body(number, system, connection, today)
    if not body.is_in_charge(certificate_type, today):
        raise OrderError("body_not_in_charge", issuing_body=number, certificate_type=certificate_type)


def _wrong_origin(origin: str | None, form: str | None, source: str | None) -> list[FieldProblem]:
    if origin is None:
        return []
    if origin != LEGACY:
        return [FieldProblem("origin", "choice")]
    return [] if form == TYPE_FORM and source is not None else [FieldProblem("origin", "only_archive")]


def _text(content: Mapping[str, Any], name: str, problems: list[FieldProblem]) -> str | None:
    value = content.get(name)
    if value is None or (isinstance(value, str) and 1 <= len(value) <= 64):
        return value
    problems.append(FieldProblem(name, "form"))
    return None


def _is_type(code: str, catalogue: Catalogue) -> bool:
    try:
        catalogue.get(code)
    except CertificateTypeUnknownError:
        return False
    return True
