"""Which body may act on a certificate, and by what right."""

from datetime import date

from sqlalchemy import Connection

from hub.errors import OrderError
from hub.store.parties import PartyReader
from schemas.certificate import Certificate
from schemas.parties import Authority, IssuingBody, System


def require_body(
    acting: str, certificate: Certificate, system: System, connection: Connection, today: date
) -> tuple[IssuingBody, Authority]:
    """Return the acting body and its right: its own certificate, one it took over, a subordinate's, a delegate's.

    Raises OrderError body_unknown, body_not_yours, body_ended, body_not_in_charge.
    """
    body = require_own_body(acting, system, connection, today)
    if acting == certificate.issuing_body:
        return body, Authority.OWN
    own = PartyReader(connection).issuing_body(certificate.issuing_body)
    rights = {
        Authority.SUCCESSOR: own.successor if own else None,
        Authority.SUPERIOR: own.superior if own else None,
        Authority.DELEGATOR: own.delegated.get(certificate.certificate_type) if own else None,
    }
    for authority, entitled in rights.items():
        if entitled == acting:
            return body, authority
    raise OrderError("body_not_in_charge", issuing_body=acting)


def stands_for(body: IssuingBody, author: str, connection: Connection) -> bool:
    """Say whether a body may go on with what another did: it is that one, its successor or its superior."""
    if author == body.licence_number:
        return True
    earlier = PartyReader(connection).issuing_body(author)
    return earlier is not None and body.licence_number in (earlier.successor, earlier.superior)


def require_own_body(acting: str, system: System, connection: Connection, today: date) -> IssuingBody:
    """Return a body that is enrolled, of the caller's department and in being.

    Raises OrderError body_unknown, body_not_yours, body_ended.
    """
    body = PartyReader(connection).issuing_body(acting)
    if body is None:
        raise OrderError("body_unknown", issuing_body=acting)
    if body.department != system.department:
        raise OrderError("body_not_yours", issuing_body=acting)
    if body.until_on is not None and today > body.until_on:
        raise OrderError("body_ended", issuing_body=acting)
    return body
