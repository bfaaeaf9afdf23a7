"""The second signature: when an order needs one, whose it may be, and how both are kept.

A second officer of the same department, or of the superior's, signs the same content (act, digest, body); a joint body
signs through a system of its own department. Whoever signs, each statement is spent once and kept beside the first.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from hub.errors import OrderError
from hub.steps.orders.repeats import spend_statement
from hub.steps.orders.statements import Second, VerifiedStatement
from hub.steps.registry import Registry
from hub.store.parties import PartyReader
from schemas.parties import System


def require_second(
    verified: VerifiedStatement,
    seconds: Sequence[Second],
    *,
    issuing_body: str,
    system: System,
    connection: Connection,
    code: str = "second_officer_needed",
) -> None:
    """Refuse unless a second officer signed the same: another person, of this department or the body's superior's.

    Raises OrderError `code`, or second_officer_same where the only other signature is by the same person.
    """
    first = verified.statement.officer
    if first is None or not seconds:
        raise OrderError(code)
    departments = {system.department, *_superior_departments(issuing_body, connection)}
    officers = {each.verified.statement.officer for each in seconds if each.department in departments}
    if officers <= {first, None}:
        raise OrderError("second_officer_same" if first in officers else code)


def require_joint(joint_bodies: Sequence[str], seconds: Sequence[Second], connection: Connection) -> None:
    """Refuse unless every joint body signed through a system of its own department.

    Raises OrderError body_unknown, joint_body_silent.
    """
    signed = {each.department for each in seconds}
    for number in joint_bodies:
        body = PartyReader(connection).issuing_body(number)
        if body is None:
            raise OrderError("body_unknown", issuing_body=number)
        if body.department not in signed:
            raise OrderError("joint_body_silent", issuing_body=number)


def spend_with_seconds(
    connection: Connection,
    verified: VerifiedStatement,
    seconds: Sequence[Second],
    *,
    system: str,
    registry: Registry,
    now: datetime,
) -> int:
    """Spend and keep a statement and those that stand beside it; return the first one's number."""
    number = spend_statement(connection, verified, system=system, registry=registry, now=now)
    for each in seconds:
        by = each.verified.statement.system
        spend_statement(connection, each.verified, system=by, registry=registry, now=now, beside=number)
    return number


def _superior_departments(issuing_body: str, connection: Connection) -> list[str]:
    parties = PartyReader(connection)
    body = parties.issuing_body(issuing_body)
    superior = parties.issuing_body(body.superior) if body and body.superior else None
    return [superior.department] if superior else []
