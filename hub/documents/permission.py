"""Whether a document may be had now: made, or handed out."""

from datetime import datetime

from sqlalchemy import Connection

from hub.errors import DocumentError, NotFoundError
from hub.store.document import DocumentName, DocumentReader
from hub.store.exchange import ExchangeReader, StoredDelivery
from hub.store.grant import GrantReader
from schemas.certificate import Certificate, Status, civil_date
from schemas.download import EXISTING
from schemas.exchange import Basis


def require_permitted(name: DocumentName, certificate: Certificate, connection: Connection, now: datetime) -> None:
    """Refuse a document of a certificate that is not valid now or that no department ordered here, and a past copy.

    Raises DocumentError document_status, document_not_native, existing_none, copy_ended, copy_withdrawn; NotFoundError
    delivery_not_found.
    """
    require_valid(certificate, now)
    if name.edition == EXISTING:
        if DocumentReader(connection).newest(name) is None:
            raise DocumentError("existing_none")
        return
    if certificate.source is not None:
        raise DocumentError("document_not_native")
    if name.delivery:
        require_deliverable(name.delivery, connection, now)


def require_valid(certificate: Certificate, now: datetime) -> None:
    """Refuse what is not valid now, by its own status and last day: DocumentError document_status."""
    ended = certificate.valid_to is not None and civil_date(now) > certificate.valid_to
    if certificate.status != Status.VALID or ended:
        raise DocumentError("document_status", status="expired" if ended else str(certificate.status))


def require_deliverable(delivery: str, connection: Connection, now: datetime) -> StoredDelivery:
    """Return a delivery whose copies may still be had: until it ends, or the grant it stood on is withdrawn.

    Raises DocumentError copy_ended, copy_withdrawn; NotFoundError delivery_not_found.
    """
    reader = ExchangeReader(connection)
    found, decision = reader.delivery(delivery), reader.decision(delivery)
    if found is None or decision is None:
        raise NotFoundError("delivery_not_found")
    if now >= found.ends_at:
        raise DocumentError("copy_ended")
    if decision.basis == Basis.GRANT:
        grant = GrantReader(connection).get(decision.basis_reference or "")
        if grant is None or grant.withdrawn_at is not None:
            raise DocumentError("copy_withdrawn")
    return found
