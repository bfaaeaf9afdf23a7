"""Proving one stored document: its file is there and whole, its seal holds, its act is entered with its digest.

1 the file opens, and its digest is the row's
2 its entry commits to that digest
3 the seal covers the whole file, by the cert the trust list names for its sealer
"""

from hub.steps.registry import COPIES_SEALER, Registry
from hub.store.certificate import CertificateReader
from hub.store.document import StoredDocument
from hub.store.entry import EntryReader
from hub.store.files import DocumentFiles, StoredFileError
from schemas.download import COPY, EXISTING
from signing.commitment import leaf
from signing.errors import SigningError
from signing.jws import VerificationKey, parse_json
from signing.pdf_reading import extract_pdf, verify_pdf
from signing.x509 import read_cert_unverified


def fault_of(stored: StoredDocument, registry: Registry, files: DocumentFiles) -> str | None:
    """Return None, "missing", "damaged", "seal" or "entry"; of an erased one None, "entry" or "left"."""
    if stored.erased_by is not None:
        return _fault_of_erased(stored, registry, files)
    return _fault(stored, registry, files)


def _fault(stored: StoredDocument, registry: Registry, files: DocumentFiles) -> str | None:
    try:
        pdf = files.get(stored.sha256)
    except StoredFileError as error:
        return error.reason
    if not _is_entered(stored, registry):
        return "entry"
    return None if stored.edition == EXISTING or _is_sealed(stored, pdf, registry) else "seal"


def _fault_of_erased(stored: StoredDocument, registry: Registry, files: DocumentFiles) -> str | None:
    """Say what is wrong with a document that was erased: its row and its entry stay, its file does not."""
    if not _is_entered(stored, registry):
        return "entry"
    try:
        files.get(stored.sha256)
    except StoredFileError as error:
        return None if error.reason == "missing" else "left"
    return "left"


def _is_entered(stored: StoredDocument, registry: Registry) -> bool:
    with registry.database.read() as connection:
        entry = EntryReader(connection).get(stored.act_id)
    if entry is None or leaf(entry.salt, entry.act_bytes) != entry.leaf:
        return False
    act = parse_json(entry.act_bytes)
    return (act["act_id"], act["sealed"]) == (stored.act_id, stored.sha256)


def _is_sealed(stored: StoredDocument, pdf: bytes, registry: Registry) -> bool:
    with registry.database.read() as connection:
        certificate = CertificateReader(connection).by_serial([stored.serial]).get(stored.serial)
    if certificate is None:
        return False
    trust, at = registry.trust(), stored.sealed_at

    def find_key(cert_der: bytes) -> VerificationKey:
        key_id = read_cert_unverified(cert_der).key_id
        if stored.edition == COPY:
            return trust.listed_key(key_id, use=COPIES_SEALER, at=at)
        return trust.listed_key(key_id, use=certificate.issuing_body, at=at)

    try:
        verify_pdf(pdf, extract_pdf(pdf), find_key=find_key)
    except SigningError:
        return False
    return True
