"""Every document is whole, sealed and entered, and its XML says what its record says."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import Any

import pikepdf

from hub.steps.documents.metadata import read_document
from hub.steps.documents.proof import fault_of
from hub.store.certificate import CertificateReader
from hub.store.document import DocumentReader, StoredDocument
from hub.supervision.audit.everything import Check, Everything, Faults
from schemas.download import EXISTING
from signing.jws import VerificationKey
from signing.x509 import read_cert_unverified
from signing.xml import extract_xml, verify_xml


def _documents(all_: Everything) -> Faults:
    leaving = DocumentReader(all_.connection).leaving(1_000)
    for stored in DocumentReader(all_.connection).all():
        fault = fault_of(stored, all_.registry, all_.hub.files)
        if fault == "left" and stored.sha256 in leaving:
            continue  # its deletion is still to come
        if fault is not None:
            yield f"document {stored.sha256}: {fault}"
        elif stored.edition != EXISTING and stored.erased_by is None:
            yield from _contradictions(stored, all_)


def _contradictions(stored: StoredDocument, all_: Everything) -> Iterator[str]:
    certificate = CertificateReader(all_.connection).by_serial([stored.serial])[stored.serial]
    inside = _attachments(all_.hub.files.get(stored.sha256))
    said = read_document(verify_xml(extract_xml(inside["certificate.xml"]), find_key=_finder(stored, all_)).element)
    told = (said.identifier, said.payload_sha256, said.sealed_at, said.edition, said.language, said.delivery)
    kept = (certificate.identifier, certificate.payload_sha256, stored.sealed_at)
    if told != (*kept, stored.edition, stored.language, stored.delivery):
        yield f"document {stored.sha256}: its XML says otherwise"
    if stored.payload_sha256 != certificate.payload_sha256:
        yield f"document {stored.sha256}: drawn from another record"


def _finder(stored: StoredDocument, all_: Everything) -> Any:
    trust = all_.registry.trust()

    def find_key(cert_der: bytes) -> VerificationKey:
        key_id = read_cert_unverified(cert_der).key_id
        if stored.delivery:
            return trust.listed_key(key_id, use="copies", at=stored.sealed_at)
        return trust.listed_key(key_id, use=None, at=stored.sealed_at)

    return find_key


def _attachments(pdf: bytes) -> dict[str, bytes]:
    with pikepdf.open(BytesIO(pdf)) as opened:
        return {name: each.get_file().read_bytes() for name, each in opened.attachments.items()}


CHECKS: Sequence[Check] = (_documents,)
