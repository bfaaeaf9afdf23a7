"""Erasing a disclosure: one field of one record is forgotten for good; its seal, its digests and its evidence stay.

1 the statement is verified (`hub/steps/orders/statements.py`) and spent, once; two officers sign (`seconding.py`)
2 the acting body is the certificate's issuing body, its successor, superior or delegator, and in being (`charge.py`)
3 the field is one that describes, and the record discloses it still
4 the disclosure is dropped, and with it what repeats it: composed answers, kept answers, what documents under way were
  to say, the holder's row where no other record tells it; documents that show it are marked; erasure, entry and kept
  answer are committed with that      <- COMMIT POINT
5 the files of the marked documents are deleted, each noted as gone

The payload is not touched: it holds the field's salted digest, from which nothing can be guessed, and verifies with the
disclosures that are left. A crash before 4 leaves nothing; after it the upkeep deletes what files are left.
Not erased: what was handed out before, grants and statements, which their signers own, and backups.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from hub.decisions.answers import disclosed_values
from hub.errors import NotFoundError, OrderError
from hub.steps.certificates.holders import lock_holder
from hub.steps.certificates.intentions import decrypt_disclosures, disclosed_names, encrypt_disclosures
from hub.steps.certificates.recomposition import bodies_from_store, compose_kin, rewrite
from hub.steps.documents.content import decrypt_content
from hub.steps.documents.erased_files import delete_erased_files
from hub.steps.orders.charge import require_body
from hub.steps.orders.evidence import act_once
from hub.steps.orders.reading import OrderReading
from hub.steps.orders.repeats import kept_answer, replace_answer
from hub.steps.orders.seconding import require_second, spend_with_seconds
from hub.steps.orders.statements import Second, VerifiedStatement
from hub.steps.registry import Registry
from hub.store.certificate import CertificateReader, CertificateWriter, StoredRecord
from hub.store.document import DocumentReader, DocumentWriter
from hub.store.enterprise import EnterpriseWriter, LockedEnterprise
from hub.store.entry import EntryWriter
from hub.store.erasure import ErasureReader, ErasureWriter
from hub.store.exchange import ExchangeReader
from hub.store.files import DocumentFiles
from hub.store.intake import IntakeReader
from hub.store.intention import IdempotencyReader
from hub.store.name_part import NamePartWriter
from hub.store.relation import RelationReader, RelationWriter
from schemas.certificate import Certificate, civil_date
from schemas.erasure import HOLDER_FIELDS, ErasureOrder, erasable
from schemas.evidence import ActFacts, Kind
from schemas.fields import COMMON_FIELDS, FieldProblem, FieldsError
from schemas.parties import System

_RECORDS_AT_ONCE = 500
# A shorter value stands in too many words to be looked for in them.
_SHORTEST_TOLD = 2


def read_erasure_order(content: Mapping[str, Any]) -> ErasureOrder:
    """Read the content of an order to erase; FieldsError names every member and rule that is wrong."""
    reading = OrderReading(content)
    order = ErasureOrder(
        identifier=reading.text("identifier", 128),
        issuing_body=reading.text("issuing_body", 18),
        field=reading.text("field", 64),
        ground=reading.text("ground", 500),
        document_name=reading.text("document_name", 256),
        document_number=reading.text("document_number", 128),
        document_date=reading.day("document_date"),
    )
    reading.refuse_problems()
    return order


def erase(
    order: ErasureOrder,
    *,
    verified: VerifiedStatement,
    seconds: Sequence[Second] = (),
    system: System,
    key: str,
    registry: Registry,
    files: DocumentFiles,
    now: datetime,
) -> dict[str, Any]:
    """Erase one field of one record; the same request under the same idempotency `key` gives the same answer.

    Raises OrderError, StatementError, NotFoundError, FieldsError; StoreError when files cannot be deleted now, with the
    erasure done: the upkeep deletes them.
    """
    work = partial(_commit, order, verified, seconds, system, registry, now)
    answer = act_once(
        work,
        issuing_body=order.issuing_body,
        verified=verified,
        system=system,
        key=key,
        registry=registry,
        now=now,
    )
    delete_erased_files(registry=registry, files=files, now=now)
    return answer


# --- steps 1 to 4 -----------------------------------------------------------------------------------------------


def _commit(
    order: ErasureOrder,
    verified: VerifiedStatement,
    seconds: Sequence[Second],
    system: System,
    registry: Registry,
    now: datetime,
    connection: Connection,
    act_id: str,
) -> dict[str, Any]:
    if order.document_date > civil_date(now):
        raise OrderError("decision_in_future")
    certificate = CertificateReader(connection).by_identifier([order.identifier]).get(order.identifier)
    if certificate is None:
        raise NotFoundError("certificate_not_found")
    holder = lock_holder(certificate.licence_number, connection=connection, registry=registry, now=now)
    require_body(order.issuing_body, certificate, system, connection, civil_date(now))
    require_second(verified, seconds, issuing_body=order.issuing_body, system=system, connection=connection)
    record = CertificateReader(connection).records([certificate.serial])[certificate.serial]
    value = _require_disclosed(order, certificate, record, registry, connection)
    number = spend_with_seconds(connection, verified, seconds, system=system.code, registry=registry, now=now)
    with ErasureWriter(connection).overwriting():
        _drop_disclosure(order.field, record, registry, connection)
        if order.field in HOLDER_FIELDS:
            _forget_of_holder(order.field, value, holder, registry, connection)
        bodies = bodies_from_store(connection, [certificate.serial], catalogue=registry.catalogue)
        kin = {holder.licence_number: compose_kin(connection, holder.licence_number)}
        rewrite(connection, bodies, {holder.licence_number: holder}, kin=kin)
        _strip_kept_answers(order.field, certificate, registry, now, connection)
        _begin_documents_anew(certificate.serial, registry, now, connection)
    erased = _erase_documents(order.field, certificate, act_id, connection)
    row = {"serial": certificate.serial, "field": order.field, "ground": order.whole_ground, "statement": number}
    ErasureWriter(connection).add(row | {"recorded_at": now, "act_id": act_id})
    digest, before = certificate.payload_sha256, certificate.act_id
    act = ActFacts(Kind.ERASE, act_id, now, None, verified.digest, digest, before)
    EntryWriter(connection, registry.random).add([act], about=[certificate.serial])
    return {
        "identifier": certificate.identifier,
        "field": order.field,
        "act_id": act_id,
        "recorded_at": now.isoformat(),
        "documents_erased": erased,
        "still_told_by": _other_versions(order.field, value, certificate, registry, connection),
    }


def _require_disclosed(
    order: ErasureOrder, certificate: Certificate, record: StoredRecord, registry: Registry, connection: Connection
) -> str:
    """Return the value that is to be erased; it stays in this transaction.

    Raises FieldsError, OrderError already_erased, field_not_held, import_under_way.
    """
    kind = registry.catalogue.get(certificate.certificate_type, certificate.type_version)
    if order.field not in erasable(kind):
        rule = "not_erasable" if order.field in COMMON_FIELDS else "field_unknown"
        raise FieldsError((FieldProblem("field", rule),))
    facts = {"identifier": certificate.identifier, "field": order.field}
    if any(each.field == order.field for each in ErasureReader(connection).of(certificate.serial)):
        raise OrderError("already_erased", **facts)
    value = _disclosed(record, registry).get(order.field, "")
    if not value:
        raise OrderError("field_not_held", **facts)
    if len(value) >= _SHORTEST_TOLD and value in order.whole_ground:
        raise FieldsError((FieldProblem("ground", "tells_the_value"),))
    # The file it came in lies in the spool until its last row is done.
    if IntakeReader(connection).is_open(certificate.statement):
        raise OrderError("import_under_way", **facts)
    return value


def _disclosed(record: StoredRecord, registry: Registry) -> dict[str, str]:
    private = decrypt_disclosures(record.envelope, serial=record.serial, registry=registry)
    return disclosed_values([*record.public_disclosures, *private])


def _drop_disclosure(field: str, record: StoredRecord, registry: Registry, connection: Connection) -> None:
    private = decrypt_disclosures(record.envelope, serial=record.serial, registry=registry)
    kept = [each for name, each in disclosed_names(private) if name != field]
    CertificateWriter(connection).set_disclosures(
        record.serial,
        public=[each for name, each in disclosed_names(record.public_disclosures) if name != field],
        envelope=encrypt_disclosures(kept, serial=record.serial, registry=registry),
    )


def _forget_of_holder(
    field: str, value: str, holder: LockedEnterprise, registry: Registry, connection: Connection
) -> None:
    """Forget a holder's name or address in its own row too, unless another of its records tells the same."""
    if _tells_elsewhere(field, value, holder.licence_number, registry, connection):
        return
    if field == "holder_address":
        holder.address = "" if holder.address == value else holder.address
    else:
        RelationWriter(connection).drop_former_name(holder.licence_number, value)
        holder.name = "" if holder.name == value else holder.name
        former = [name for name, _ in RelationReader(connection).former_names(holder.licence_number)]
        NamePartWriter(connection).forget(holder.licence_number, value, left=[holder.name, *former])
    EnterpriseWriter(connection).keep([holder])


def _tells_elsewhere(field: str, value: str, licence_number: str, registry: Registry, connection: Connection) -> bool:
    reader = CertificateReader(connection)
    chains = reader.versions_of([each.chain for each in reader.chains_of(licence_number)])
    serials = [
        each.serial for versions in chains.values() for each in versions if each.licence_number == licence_number
    ]
    return any(
        _disclosed(record, registry).get(field) == value
        for first in range(0, len(serials), _RECORDS_AT_ONCE)
        for record in reader.records(serials[first : first + _RECORDS_AT_ONCE]).values()
    )


def _strip_kept_answers(
    field: str, certificate: Certificate, registry: Registry, now: datetime, connection: Connection
) -> None:
    """Take the file out of every kept answer of a pull that delivered the field; who lost the answer pulls again."""
    since = now - 2 * registry.terms.idempotency_term
    decisions = ExchangeReader(connection).of_holder(certificate.licence_number, since=since)
    acts = [each.decision for each in decisions if _covers(field, certificate, each.fields)]
    for system, key, kept in IdempotencyReader(connection).of_acts(acts):
        answer = kept_answer(kept, system, key, registry=registry) or {}
        told = [each for each in answer.get("items", ()) if each.get("identifier") == certificate.identifier]
        if any(each["file"] for each in told):
            for each in told:
                each |= {"file": None, "erased": sorted({*each.get("erased", ()), field})}
            replace_answer(connection, system, key, answer, registry=registry)


def _covers(field: str, certificate: Certificate, fields: Mapping[str, Sequence[str]]) -> bool:
    covered = fields.get(certificate.certificate_type)
    return covered is not None and (field in COMMON_FIELDS or field in covered)


def _begin_documents_anew(serial: int, registry: Registry, now: datetime, connection: Connection) -> None:
    """Let documents under way begin anew; an entry names each XML that was sealed for one of them already."""
    begun = [decrypt_content(each, serial, registry) for each in DocumentReader(connection).under_way(serial)]
    acts = [
        ActFacts(
            Kind.DOCUMENT_REFUSED, each.act_id, now, None, None, sha256(each.xml).hexdigest(), each.previous_act
        )
        for each in begun
        if each.sealed_xml is not None
    ]  # fmt: skip
    EntryWriter(connection, registry.random).add(acts)
    DocumentWriter(connection).begin_anew(serial, now)


def _erase_documents(field: str, certificate: Certificate, act_id: str, connection: Connection) -> int:
    """Mark every document that shows the field: each master, each copy whose delivery gave it, and files taken in.

    What a file that was taken in shows was never read: it is taken to show all.
    """
    shown = []
    for each in DocumentReader(connection).every(certificate.serial):
        if each.erased_by is not None:
            continue
        decision = ExchangeReader(connection).decision(each.delivery) if each.delivery else None
        if decision is None or _covers(field, certificate, decision.fields):
            shown.append(each.sha256)
    DocumentWriter(connection).erase(shown, erased_by=act_id)
    return len(shown)


def _other_versions(
    field: str, value: str, certificate: Certificate, registry: Registry, connection: Connection
) -> list[str]:
    """Return the chain's other versions that tell the same, by identifier: each is erased by an order of its own."""
    reader = CertificateReader(connection)
    others = [
        each for each in reader.versions_of([certificate.chain])[certificate.chain] if each.serial != certificate.serial
    ]
    records = reader.records([each.serial for each in others])
    return [each.identifier for each in others if _disclosed(records[each.serial], registry).get(field) == value]
