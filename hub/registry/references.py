"""Retiring an enterprise's reference: its stickers were stolen or misused, so it gets another one.

1 the statement is verified (`hub/steps/orders/statements.py`) and spent, once, with that of a second officer beside it
2 the acting body is that of the enterprise's business licence, its successor or superior, and in being (`charge.py`)
3 the reference named is the one the enterprise has now
4 the old one is retired, a random one claimed, row and head rewritten, one entry made: together     <- COMMIT POINT

Who scans the retired one is told so and sees neither certificates nor the new one. The references of certificates go on
as they are. A crash before 4 leaves nothing; after it the same request gets the same answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from hub.decisions.answers import LICENCE_TYPE
from hub.errors import NotFoundError, OrderError
from hub.steps.certificates.holders import lock_holder
from hub.steps.certificates.recomposition import compose_kin, rewrite
from hub.steps.orders.charge import require_body
from hub.steps.orders.evidence import act_once
from hub.steps.orders.seconding import require_second, spend_with_seconds
from hub.steps.orders.statements import Second, VerifiedStatement
from hub.steps.registry import Registry
from hub.store.certificate import CertificateReader
from hub.store.entry import EntryWriter
from hub.store.reference import ReferenceWriter
from schemas.catalogue import FieldProblem, FieldsError
from schemas.certificate import ENDED, Certificate, civil_date
from schemas.evidence import ActFacts, Kind
from schemas.identifiers import ReferenceFormError, as_typed, make_reference, parse_reference
from schemas.parties import System

_NUMBER_LENGTH = 18


@dataclass(frozen=True, slots=True)
class RetireOrder:
    """An ordered retirement: whose reference, which one, by which body."""

    licence_number: str
    reference: str
    issuing_body: str


def read_retire_order(content: Mapping[str, Any]) -> RetireOrder:
    """Read the content of an order to retire a reference; FieldsError names every member and rule that is wrong."""
    problems = [
        FieldProblem(name, "missing" if not content.get(name) else "form")
        for name in ("licence_number", "issuing_body")
        if not _is_number(content.get(name))
    ]
    reference = _reference(content.get("reference"))
    if not reference:
        problems.append(FieldProblem("reference", "form"))
    if problems:
        raise FieldsError(tuple(problems))
    return RetireOrder(as_typed(content["licence_number"]), reference, content["issuing_body"])


def retire_reference(
    order: RetireOrder,
    *,
    verified: VerifiedStatement,
    seconds: Sequence[Second] = (),
    system: System,
    key: str,
    registry: Registry,
    now: datetime,
) -> dict[str, Any]:
    """Retire and replace one enterprise's reference; the same request under the same `key` gives the same answer.

    Raises OrderError, StatementError, NotFoundError.
    """
    work = partial(_commit, order, verified, seconds, system, registry, now)
    return act_once(
        work,
        issuing_body=order.issuing_body,
        verified=verified,
        system=system,
        key=key,
        registry=registry,
        now=now,
    )


def _commit(
    order: RetireOrder,
    verified: VerifiedStatement,
    seconds: Sequence[Second],
    system: System,
    registry: Registry,
    now: datetime,
    connection: Connection,
    act_id: str,
) -> dict[str, Any]:
    if _licence_of(order.licence_number, connection) is None:
        raise NotFoundError("licence_not_recorded")
    enterprise = lock_holder(order.licence_number, connection=connection, registry=registry, now=now)
    # Read again under the lock: another act may have come between.
    licence = _licence_of(order.licence_number, connection)
    if licence is None:
        raise NotFoundError("licence_not_recorded")
    require_body(order.issuing_body, licence, system, connection, civil_date(now))
    require_second(verified, seconds, issuing_body=order.issuing_body, system=system, connection=connection)
    if enterprise.reference != order.reference:
        raise OrderError("reference_not_current")
    spend_with_seconds(connection, verified, seconds, system=system.code, registry=registry, now=now)
    enterprise.reference = make_reference(registry.random(16))
    ReferenceWriter(connection).replace(
        order.licence_number, retired=order.reference, reference=enterprise.reference, now=now
    )
    # The order's content is not kept: what the entry seals is which reference it was.
    retired_digest = sha256(order.reference.encode()).hexdigest()
    act = ActFacts(Kind.RETIRE, act_id, now, None, verified.digest, retired_digest, None)
    EntryWriter(connection, registry.random).add([act])
    kin = {order.licence_number: compose_kin(connection, order.licence_number)}
    rewrite(connection, [], {order.licence_number: enterprise}, kin=kin)
    answer = {"licence_number": order.licence_number, "retired": order.reference, "reference": enterprise.reference}
    answer |= {"act_id": act_id, "recorded_at": now.isoformat()}
    return answer


def _licence_of(licence_number: str, connection: Connection) -> Certificate | None:
    """Return the holder's business licence: the newest in force, else the newest."""
    licences = CertificateReader(connection).current_of(licence_number, [LICENCE_TYPE])
    in_force = [each for each in licences if each.status not in ENDED]
    counting = in_force or licences
    return counting[-1] if counting else None


def _reference(value: object) -> str:
    try:
        return parse_reference(value if isinstance(value, str) else "")
    except ReferenceFormError:
        return ""


def _is_number(value: object) -> bool:
    # Which numbers there are is on record; an admitted one may have a wrong check character.
    return isinstance(value, str) and len(as_typed(value)) == _NUMBER_LENGTH and as_typed(value).isalnum()
