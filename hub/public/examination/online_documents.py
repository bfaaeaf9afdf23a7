"""Examining documents online: is this one of the files that were issued, and how does its certificate stand now.

A genuine document is compared with the registry: its certificate, by the record it names, and its own bytes, by their
digest among those of the documents that were made. Of one that is in doubt for its own seal, while its certificate is
valid, the page is named, and when the record was sealed again. A file that an issuing body had sealed before there was
a hub is known by its digest alone: its seal was verified when it was taken in, and nothing of it is read again.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection

from hub.decisions.facts import Surroundings
from hub.decisions.verification import judge, passed
from hub.public.examination.documents import NO_LIST_DOCUMENT, OWN_DOCUMENT, ShownDocument, prove_document
from hub.public.examination.forms import Form
from hub.public.examination.held import OTHER_BYTES, not_issued, read_held, right_in_time, without_erased
from hub.public.examination.known import facts_of_findings
from hub.public.examination.proof import FindType
from hub.public.examination.report import Examination, Finding, document_facts, existing_facts
from hub.steps.registry import Registry
from hub.store.certificate import CertificateReader
from hub.store.document import DocumentReader, StoredDocument
from hub.store.resealing import ResealingReader
from schemas.certificate import Certificate
from schemas.document import DocumentMetadata
from schemas.download import EXISTING
from schemas.verdict import SEAL_OVER, Check, CheckName, Facts, Outcome, Result, Surface, Verdict
from signing.trust import TrustList

_AS_TAKEN_IN = Check(CheckName.SEAL, Result.PASSED, "existing_document")


def examine_document(
    shown: ShownDocument,
    *,
    trust: TrustList | None,
    find_type: FindType,
    registry: Registry,
    surroundings: Surroundings,
    now: datetime,
) -> Examination:
    """Examine a document that was taken apart, with the trust list in force."""
    proven = NO_LIST_DOCUMENT
    if trust is not None:
        proven = prove_document(shown, find_type=find_type, trust=trust, now=now)
        note = shown.delivered.note if shown.delivered else None
        proven = replace(proven, right=right_in_time(proven.right, note, surroundings))
    if proven.metadata is None:
        return Examination(shown.form, (Finding(judge(proven.facts, surface=Surface.EXAMINATION, now=now)),))
    with registry.database.read() as connection:
        known = _held_now(proven.facts, proven.metadata, shown, connection, surroundings, now)
        verdict = judge(known.facts, surface=Surface.EXAMINATION, now=now)
        again_at, opens = _sealed_again(verdict, known, connection, now)
    return Examination(shown.form, (Finding(verdict, document_facts(proven.metadata), again_at),), opens)


def examine_existing(
    raw: bytes, *, find_type: FindType, registry: Registry, surroundings: Surroundings, now: datetime
) -> Examination | None:
    """Examine a file that was taken in as it was; None when these bytes are not those of one."""
    digest = sha256(raw).hexdigest()
    with registry.database.read() as connection:
        stored, existing = DocumentReader(connection).by_digest(digest), DocumentReader(connection).existing(digest)
        if stored is None or existing is None:
            return None
        certificate = CertificateReader(connection).by_serial([stored.serial])[stored.serial]
        held = read_held([certificate.identifier], connection)
    known = facts_of_findings(
        _AS_TAKEN_IN,
        passed(CheckName.TRUST),
        OWN_DOCUMENT,
        valid_from=certificate.valid_from,
        valid_to=certificate.valid_to,
    )
    known = held.facts(known, certificate, surroundings, now)
    if stored.erased_by is not None:
        known = without_erased(known)
    verdict = judge(known, surface=Surface.EXAMINATION, now=now)
    facts = existing_facts(certificate, existing.seal_subject, existing.seal_claimed_at, find_type)
    return Examination(Form.PDF, (Finding(verdict, facts),))


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a document: its facts; those of its certificate alone, and the document as it was issued."""

    facts: Facts
    certificate: Certificate | None = None
    certificate_facts: Facts | None = None
    issued: StoredDocument | None = None


def _held_now(
    known: Facts,
    said: DocumentMetadata,
    shown: ShownDocument,
    connection: Connection,
    surroundings: Surroundings,
    now: datetime,
) -> _Known:
    """Return the facts of a genuine document as the registry holds its certificate and its bytes."""
    held = read_held([said.identifier], connection)
    certificate = held.certificates.get(said.identifier)
    if certificate is None:
        return _Known(not_issued(known, surroundings))
    issued = _issued(said, shown, certificate, connection)
    if issued is None:
        return _Known(replace(known, status_finding=OTHER_BYTES, log=surroundings.log))
    of_certificate = held.facts(known, certificate, surroundings, now)
    facts = _sealed_in_time(known, of_certificate, issued, surroundings)
    facts = facts if issued.erased_by is None else without_erased(facts)
    return _Known(facts, certificate, of_certificate, issued)


def _sealed_again(
    verdict: Verdict, known: _Known, connection: Connection, now: datetime
) -> tuple[datetime | None, tuple[str, ...]]:
    """Of a file that is in doubt for its own seal alone return when its record was sealed again, and its page.

    Where the certificate itself is not valid now, its page would mend nothing.
    """
    if verdict.reason != "seal_time_unproven" or known.certificate is None or known.certificate_facts is None:
        return None, ()
    if judge(known.certificate_facts, surface=Surface.EXAMINATION, now=now).outcome is not Outcome.VALID:
        return None, ()
    key_id = known.issued.key_id if known.issued else ""
    again_at = ResealingReader(connection).sealed_again_at(known.certificate.serial, key_id)
    return again_at, (f"/c/{known.certificate.reference}",)


def _sealed_in_time(known: Facts, facts: Facts, issued: StoredDocument, surroundings: Surroundings) -> Facts:
    """Return the facts with the doubt of a document whose own seal is over and not proven older than that.

    What was put beside its record since says nothing of the file.
    """
    standing = surroundings.seals.get(issued.key_id, known.trust)
    if standing.reason not in SEAL_OVER or surroundings.in_time.act(issued.act_id, issued.sha256, issued.key_id):
        return facts
    return replace(facts, trust=standing, sealed_in_time=False)


def _issued(
    said: DocumentMetadata, shown: ShownDocument, certificate: Certificate, connection: Connection
) -> StoredDocument | None:
    """Return the document that was made of the very record it names and has these bytes, also if it was erased."""
    reader, digest = DocumentReader(connection), sha256(shown.raw).hexdigest()
    stored = reader.by_digest(digest) if shown.form is Form.PDF else reader.by_xml_digest(digest)
    if stored is None or stored.edition == EXISTING:
        return None
    named = (stored.serial, stored.payload_sha256, stored.edition, stored.language, stored.delivery)
    said_of = (certificate.serial, said.payload_sha256, said.edition, said.language, said.delivery)
    return stored if named == said_of and said.payload_sha256 == certificate.payload_sha256 else None
