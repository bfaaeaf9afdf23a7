"""Which body may act on a certificate: its own, the one that took over from it, or its superior."""

from datetime import date

from sqlalchemy import Connection

from hub.errors import OrderError
from hub.store.parties import PartyReader
from schemas.certificate import Certificate
from schemas.parties import System


def require_body(acting: str, certificate: Certificate, system: System, connection: Connection, today: date) -> None:
    """Refuse unless `acting` is the certificate's body, its successor or its superior, in being and the caller's.

    Raises OrderError body_unknown, body_not_yours, body_ended, body_not_in_charge.
    """
    parties = PartyReader(connection)
    body, own = parties.issuing_body(acting), parties.issuing_body(certificate.issuing_body)
    if body is None:
        raise OrderError("body_unknown", issuing_body=acting)
    if body.department != system.department:
        raise OrderError("body_not_yours", issuing_body=acting)
    if body.until_on is not None and today > body.until_on:
        raise OrderError("body_ended", issuing_body=acting)
    if acting == certificate.issuing_body:
        return
    if own is None or acting not in (own.successor, own.superior):
        raise OrderError("body_not_in_charge", issuing_body=acting)
