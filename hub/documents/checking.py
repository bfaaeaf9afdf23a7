"""Proving every stored document: its file is there and whole, its seal holds, its act is entered with its digest.

1 the file opens, and its digest is the row's
2 its entry commits to that digest
3 the seal covers the whole file, by the cert the trust list names for its sealer
What is missing or damaged is named and put down as wanted: it is drawn again as a new act, where its certificate is
still valid. What was once sealed stays on record, whatever became of its file. A file that no document names is counted
and left alone: somebody may be about to name it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.documents.making import want
from hub.documents.permission import require_permitted
from hub.errors import HubError
from hub.steps.documents.proof import fault_of
from hub.steps.registry import Registry
from hub.store.certificate import CertificateReader
from hub.store.document import DocumentReader, StoredDocument
from hub.store.files import DocumentFiles


@dataclass(frozen=True, slots=True)
class Checked:
    """One document: `fault` is None, "missing", "damaged", "seal" or "entry"; of an erased one "entry" or "left".

    `then` says what is done about a fault: "wanted" again, "replaced" already, "deleted" by the upkeep of a hub, or why
    it cannot be drawn (a code).
    """

    stored: StoredDocument
    fault: str | None
    then: str | None


def check_documents(*, registry: Registry, files: DocumentFiles, now: datetime) -> Iterator[Checked]:
    """Check every document, in the order they were sealed; only the newest under a name is drawn again."""
    with registry.database.read() as connection:
        for stored in DocumentReader(connection).all():
            fault = fault_of(stored, registry, files)
            yield Checked(stored, fault, _mended(stored, registry, now) if fault else None)


def unnamed_files(*, registry: Registry, files: DocumentFiles) -> int:
    """Return how many files no document names: what makers left that died before they could commit."""
    found = set(files.names())
    with registry.database.read() as connection:
        return len(found - {each.sha256 for each in DocumentReader(connection).all()})


def _mended(stored: StoredDocument, registry: Registry, now: datetime) -> str:
    return "deleted" if stored.erased_by is not None else _want_again(stored, registry, now)


def _want_again(stored: StoredDocument, registry: Registry, now: datetime) -> str:
    """Put a faulty document down as wanted, or say why not: "replaced" by a newer one, or the refusal's code."""

    def again(connection: Connection) -> str:
        if DocumentReader(connection).newest(stored.name) != stored:
            return "replaced"
        certificate = CertificateReader(connection).by_serial([stored.serial])[stored.serial]
        require_permitted(stored.name, certificate, connection, now)
        want(connection, {stored.name: stored.sha256}, now)
        return "wanted"

    try:
        return registry.database.write(again)
    except HubError as refusal:
        return refusal.code
