"""Taking in a document that an issuing body had sealed before there was a hub (存量): the file as it is, byte for byte.

1 the statement is verified (`hub/steps/orders/statements.py`): it names certificate, body and the file's digest
2 the file is the one that was signed for, and nobody took it in before
3 the body has the right; the file's own seal holds, covers it whole, and leads to an anchor of the site (`check_seal`)
4 the file is written and synced with its folder
5 under the holder's row the body's right is judged; document, seal facts and entry are committed    <- COMMIT POINT

A crash before 5 leaves at most a file that no row names. What its page says is the body's word, at trust level B;
whether the certificate counts is told by its record, as of any other.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from hub.errors import DocumentError, NotFoundError, OrderError, StatementError
from hub.steps.certificates.holders import lock_holder
from hub.steps.certificates.intentions import new_name
from hub.steps.files.confined.foreign_seal import ForeignSeal
from hub.steps.orders.charge import require_body
from hub.steps.orders.evidence import record_refusal
from hub.steps.orders.repeats import earlier_answer, keep_answer, open_act, spend_statement
from hub.steps.orders.statements import VerifiedStatement
from hub.steps.registry import Registry
from hub.store.certificate import CertificateReader
from hub.store.document import DocumentReader, DocumentWriter, ExistingDocument, StoredDocument
from hub.store.entry import EntryWriter
from hub.store.files import DocumentFiles
from schemas.catalogue import FieldProblem, FieldsError
from schemas.certificate import Certificate, civil_date
from schemas.download import EXISTING
from schemas.evidence import ActFacts, Kind
from schemas.parties import System
from schemas.plain_text import PlainTextError, parse_plain_text

TRUST_LEVEL = "B"
_MEMBERS = {"identifier": 128, "issuing_body": 18, "file_sha256": 64, "origin": 128}
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ExistingOrder:
    """An ordered taking in: of which certificate, by which body, which file (SHA-256, hex), from where it came."""

    identifier: str
    issuing_body: str
    file_sha256: str
    origin: str


CheckSeal = Callable[[bytes, datetime], ForeignSeal]
"""Checks the seal of a PDF, at a moment, against the site's anchors; DocumentError existing_seal or existing_off."""


def read_existing_order(content: Mapping[str, Any]) -> ExistingOrder:
    """Read the content of an order; FieldsError names every member and rule that is wrong."""
    problems = [FieldProblem("content", "unknown") for name in content if name not in _MEMBERS]
    texts = {name: _text(content, name, longest, problems) for name, longest in _MEMBERS.items()}
    if texts["file_sha256"] and not _SHA256.fullmatch(texts["file_sha256"]):
        problems.append(FieldProblem("file_sha256", "form"))
    if problems:
        raise FieldsError(tuple(problems))
    return ExistingOrder(**texts)


def take_in(
    order: ExistingOrder,
    pdf: bytes,
    *,
    verified: VerifiedStatement,
    system: System,
    key: str,
    registry: Registry,
    files: DocumentFiles,
    check_seal: CheckSeal,
    now: datetime,
) -> dict[str, Any]:
    """Take in one file; the same request under the same idempotency `key` gives the same answer.

    Raises DocumentError existing_digest, existing_seal, existing_known; OrderError, StatementError, NotFoundError.
    """
    earlier = earlier_answer(system.code, key, request_digest=verified.digest, registry=registry)
    if earlier is not None:
        return earlier
    if verified.statement.issuing_body != order.issuing_body:
        raise StatementError("statement_body")
    if sha256(pdf).hexdigest() != order.file_sha256:
        raise DocumentError("existing_digest")
    try:
        # Asked before anything is kept, and again under the holder's row.
        with registry.database.read() as connection:
            _permitted(order, system, connection, now)
        seal = check_seal(pdf, now)
        files.put(pdf)
        return registry.database.write(partial(_commit, order, len(pdf), seal, verified, system, key, registry, now))
    except OrderError as error:
        record_refusal(error, verified=verified, system=system, registry=registry, now=now)
        raise


def _commit(
    order: ExistingOrder,
    length: int,
    seal: ForeignSeal,
    verified: VerifiedStatement,
    system: System,
    key: str,
    registry: Registry,
    now: datetime,
    connection: Connection,
) -> dict[str, Any]:
    act_id = new_name(registry)
    found = _permitted(order, system, connection, now)
    open_act(connection, system.code, key, request_digest=verified.digest, act=act_id, registry=registry, now=now)
    lock_holder(found.licence_number, connection=connection, registry=registry, now=now)
    _permitted(order, system, connection, now)
    statement = spend_statement(connection, verified, system=system.code, registry=registry, now=now)
    stored = StoredDocument(
        serial=found.serial,
        edition=EXISTING,
        language="zh",
        delivery="",
        sha256=order.file_sha256,
        length=length,
        xml_sha256=None,
        key_id="",
        payload_sha256=found.payload_sha256,
        sealed_at=seal.claimed_at or now,
        act_id=act_id,
    )
    existing = ExistingDocument(
        sha256=order.file_sha256,
        issuing_body=order.issuing_body,
        system=system.code,
        statement=statement,
        origin=order.origin,
        trust_level=TRUST_LEVEL,
        seal_subject=seal.subject,
        seal_cert_sha256=seal.cert_sha256,
        seal_claimed_at=seal.claimed_at,
        recorded_at=now,
    )
    DocumentWriter(connection).add_existing(stored, existing)
    act = ActFacts(Kind.EXISTING_DOCUMENT, act_id, now, None, verified.digest, order.file_sha256, found.act_id)
    EntryWriter(connection, registry.random).add([act])
    answer = {
        "identifier": found.identifier,
        "sha256": order.file_sha256,
        "trust_level": TRUST_LEVEL,
        "seal_subject": seal.subject,
        "seal_claimed_at": seal.claimed_at.isoformat() if seal.claimed_at else None,
        "act_id": act_id,
    }
    keep_answer(connection, system.code, key, answer, registry=registry)
    return answer


def _permitted(order: ExistingOrder, system: System, connection: Connection, now: datetime) -> Certificate:
    """Return the certificate; raises NotFoundError, OrderError for the body, DocumentError existing_known."""
    certificate = CertificateReader(connection).by_identifier([order.identifier]).get(order.identifier)
    if certificate is None:
        raise NotFoundError("certificate_not_found")
    require_body(order.issuing_body, certificate, system, connection, civil_date(now))
    stored = DocumentReader(connection).by_digest(order.file_sha256)
    if stored is not None:
        known = CertificateReader(connection).by_serial([stored.serial])[stored.serial]
        raise DocumentError("existing_known", identifier=known.identifier)
    return certificate


def _text(content: Mapping[str, Any], name: str, longest: int, problems: list[FieldProblem]) -> str:
    value = content.get(name)
    if not isinstance(value, str) or not value:
        problems.append(FieldProblem(name, "missing" if value in (None, "") else "form"))
        return ""
    try:
        return parse_plain_text(value, max_length=longest)
    except PlainTextError as error:
        problems.append(FieldProblem(name, error.rule))
    return ""
