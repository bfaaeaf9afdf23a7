"""Recording one change of a certificate's status: what stands then, its row, its entry, and who is told of it.

The step that every act on a status comes to, one by one or in hundreds; the caller has decided what stands, holds the
holders' rows, and rewrites the answers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hub.steps.certificates.mistakes import claim_device_again, take_back
from hub.steps.certificates.recomposition import Place
from hub.steps.notices import Notices
from hub.steps.registry import Registry
from hub.store.certificate import CertificateReader, CertificateWriter
from hub.store.enterprise import LockedEnterprise
from hub.store.entry import EntryWriter
from schemas.certificate import ENDED, Act, Certificate, RecordedChange, Standing, Status, StatusChange
from schemas.evidence import ActFacts, Kind
from schemas.parties import Authority


@dataclass(frozen=True, slots=True)
class Ordering:
    """By whom and in which act a change is ordered: the acting body, its right, its statement (number and digest)."""

    issuing_body: str
    authority: Authority
    statement: int
    statement_digest: str
    act_id: str


@dataclass(frozen=True, slots=True)
class Rewriting:
    """Which answers a change makes old: of these versions, the lines that go, the holders whose name is another."""

    serials: list[int]
    left: list[Place]
    renamed: list[str]


def record_change(
    certificate: Certificate,
    change: StatusChange,
    after: Standing,
    ordering: Ordering,
    *,
    earlier: Sequence[RecordedChange],
    holders: Mapping[str, LockedEnterprise],
    registry: Registry,
    now: datetime,
    connection: Connection,
) -> Rewriting:
    """Record a change after which `after` stands; `earlier` are the certificate's changes so far.

    A voided version is taken back: raises OrderError not_current, chain_busy, device_elsewhere.
    """
    writer, row = CertificateWriter(connection), _row(certificate, change, after.status, ordering, now)
    if change.undoes is not None:
        writer.mark_undone(certificate.serial, change.undoes, undone_by=ordering.act_id)
    if certificate.status in ENDED and after.status not in ENDED:
        claim_device_again(certificate, connection)
    writer.set_status(certificate.serial, status=after.status, since=after.since, until=after.until)
    writer.add_changes([row])
    taken = take_back(certificate, row, holders=holders, connection=connection) if change.act is Act.VOID else None
    entry = _entry(certificate, change, ordering, earlier, now)
    EntryWriter(connection, registry.random).add([entry], about=[certificate.serial])
    # What is told is taken back only where the certificate counts again.
    undone = next((each.act for each in earlier if each.act_id == change.undoes and after.status not in ENDED), None)
    notices = Notices(connection, act_id=ordering.act_id, registry=registry, now=now)
    notices.close_about(certificate.serial)
    notices.tell_recipients(entry.kind, change.act, of=certificate, why=after.status, undone=undone)
    notices.keep()
    if taken is None:
        return Rewriting([certificate.serial], [], [])
    # A mistake is nobody's neighbour: every version that named it, those taken back before it too, tells anew.
    versions = CertificateReader(connection).versions_of([certificate.chain])[certificate.chain]
    return Rewriting(
        [each.serial for each in versions], [taken.left], [taken.renamed] if taken.renamed is not None else []
    )


def _row(
    certificate: Certificate, change: StatusChange, status: Status, ordering: Ordering, now: datetime
) -> dict[str, Any]:
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
        "issuing_body": ordering.issuing_body,
        "statement": ordering.statement,
        "recorded_at": now,
        "act_id": ordering.act_id,
        "authority": ordering.authority.value,
        "cause": None,
        "public_until": change.public_until,
    }


def _entry(
    certificate: Certificate,
    change: StatusChange,
    ordering: Ordering,
    earlier: Sequence[RecordedChange],
    now: datetime,
) -> ActFacts:
    return ActFacts(
        kind=Kind.CHANGE_STATUS,
        act_id=ordering.act_id,
        recorded_at=now,
        works_from=change.works_from.isoformat(),
        statement_digest=ordering.statement_digest,
        sealed_digest=certificate.payload_sha256,
        previous_act=([certificate.act_id] + [each.act_id for each in earlier])[-1],
    )
