"""Whether a document may be had now: made, or handed out."""

from datetime import datetime

from sqlalchemy import Connection

from hub.decisions.facts import head_licence_state
from hub.errors import DocumentError
from hub.steps.sharing.delivery import require_deliverable
from hub.store.answer import AnswerReader
from hub.store.document import DocumentName, DocumentReader
from schemas.certificate import Certificate, Status, civil_date
from schemas.download import EXISTING
from schemas.verdict import LICENCE_TABLE, Result


def require_permitted(name: DocumentName, certificate: Certificate, connection: Connection, now: datetime) -> None:
    """Refuse a document of a certificate that is not valid now or that no department ordered here, and a past copy.

    Raises DocumentError document_status, document_not_native, existing_none, copy_ended, copy_withdrawn; NotFoundError
    delivery_not_found.
    """
    require_valid(certificate, connection, now)
    if name.edition == EXISTING:
        if DocumentReader(connection).newest(name) is None:
            raise DocumentError("existing_none")
        return
    if certificate.source is not None:
        raise DocumentError("document_not_native")
    if name.delivery:
        require_deliverable(name.delivery, connection, now)


def require_valid(certificate: Certificate, connection: Connection, now: datetime) -> None:
    """Refuse what the verdict calls not valid or suspended: by status, by days, by the state of the holder's licence.

    A licence that is not recorded here refuses nothing. Raises DocumentError document_status.
    """
    today, reason = civil_date(now), None
    if certificate.status != Status.VALID:
        reason = str(certificate.status)
    elif certificate.valid_to is not None and today > certificate.valid_to:
        reason = "expired"
    elif today < certificate.valid_from:
        reason = "not_yet_valid"
    else:
        head = AnswerReader(connection).heads([certificate.licence_number]).get(certificate.licence_number)
        result, why = LICENCE_TABLE[head_licence_state(head, now)] if head else (Result.PASSED, None)
        reason = why if result in (Result.FAILED, Result.SUSPENDED) else None
    if reason is not None:
        raise DocumentError("document_status", status=reason)
