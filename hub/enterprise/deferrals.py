"""Deferring lines of the ledger (推迟展示): where the law says so, an enterprise sees a requester's pulls only later.

1 the statement is verified (`hub/steps/orders/statements.py`) and spent, once; two named officers of the requester sign
2 the order names holder, item and case, the legal ground and the last day, which is within the term (a setting)
3 deferral, entry and kept answer are committed            <- COMMIT POINT

It works forward: on pulls by law that this requester makes in this case from the order on, until its last day. A line
that could be seen stays seen, a grant's lines are never deferred, and no order reaches further back than itself; so
every line is there when its day is over, with ground and end. Nothing is deleted by it, and it cannot be lengthened.
Source: 个人信息保护法 art. 18 and 35 (a body of the state need not tell where a law says so or its duty would be
hindered; from memory, M 0.8, and said of natural persons); the term and the two officers are this hub's own.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection

from hub.steps.orders.evidence import act_once
from hub.steps.orders.reading import OrderReading
from hub.steps.orders.seconding import require_second, spend_with_seconds
from hub.steps.orders.statements import Second, VerifiedStatement
from hub.steps.registry import Registry
from hub.store.deferral import DeferralReader, DeferralWriter, StoredDeferral
from hub.store.entry import EntryWriter
from schemas.certificate import civil_date
from schemas.evidence import ActFacts, Kind
from schemas.parties import System


def defer(
    content: Mapping[str, Any],
    *,
    verified: VerifiedStatement,
    seconds: Sequence[Second] = (),
    system: System,
    key: str,
    registry: Registry,
    now: datetime,
) -> dict[str, Any]:
    """Defer what `system`'s department pulls in one case: `licence_number`, `item_code`, `case_number`,
    `legal_ground`, `until_on`.

    Raises FieldsError for what is wrong or too far ahead, OrderError second_officer_needed, second_officer_same.
    """
    reading = OrderReading(content)
    until_on, today = reading.day("until_on"), civil_date(now)
    values = {
        "licence_number": reading.text("licence_number", 18),
        "item_code": reading.text("item_code", 64),
        "case_number": reading.text("case_number", 128),
        "legal_ground": reading.text("legal_ground", 500),
    }
    if until_on < today:
        reading.problem("until_on", "reversed")
    if until_on > today + timedelta(days=registry.terms.deferral_days):
        reading.problem("until_on", "too_far")
    reading.refuse_problems()

    def make(statement: int, act_id: str) -> StoredDeferral:
        return StoredDeferral(
            act_id=act_id,
            requester=system.department,
            until_on=until_on,
            statement=statement,
            recorded_at=now,
            **values,
        )

    work = partial(_commit, make, verified, seconds, system, registry, now)
    return act_once(work, issuing_body=None, verified=verified, system=system, key=key, registry=registry, now=now)


def _commit(
    make: Callable[[int, str], StoredDeferral],
    verified: VerifiedStatement,
    seconds: Sequence[Second],
    system: System,
    registry: Registry,
    now: datetime,
    connection: Connection,
    act_id: str,
) -> dict[str, Any]:
    # Not the superior's officer: whoever will not tell is the one who pulls.
    own = [each for each in seconds if each.department == system.department]
    require_second(verified, own, issuing_body=system.department, system=system, connection=connection)
    number = spend_with_seconds(connection, verified, own, system=system.code, registry=registry, now=now)
    deferral = make(number, act_id)
    DeferralWriter(connection).add(deferral)
    act = ActFacts(Kind.DEFER, act_id, now, None, verified.digest, None, None)
    EntryWriter(connection, registry.random).add([act])
    return {"until_on": deferral.until_on.isoformat(), "act_id": act_id}


def count_deferred(year: int, *, registry: Registry) -> int:
    """Return how many lines of that year were or are deferred, of all enterprises together."""
    with registry.database.read() as connection:
        return DeferralReader(connection).count_lines(year)
