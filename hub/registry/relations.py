"""How enterprises stand to one another: branches and parents, predecessors and successors (个转企, 合并, 分立).

1 the order is read: kind, both licence numbers, document, day
2 the acting body is in charge of business licences; what ends an enterprise two officers sign
3 the relation contradicts none that stands: nobody is related to itself, succeeds in a ring, or has two successors
  but by a division
4 relation, both heads, ended grants, notices, entry and kept answer are committed together      <- COMMIT POINT

After a succession that ends the predecessor its grants end, its permits read "to be changed" (unknown, never valid), a
task opens at each body that gave one, and the successor is told which.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, Literal

from sqlalchemy import Connection

from hub.decisions.answers import LICENCE_TYPE
from hub.errors import NotFoundError, OrderError
from hub.steps.certificates.holders import lock_holders
from hub.steps.certificates.recomposition import compose_kin, rewrite
from hub.steps.notices import NoticeKind, Notices
from hub.steps.orders.charge import require_own_body
from hub.steps.orders.evidence import act_once
from hub.steps.orders.reading import OrderReading
from hub.steps.orders.seconding import require_second, spend_with_seconds
from hub.steps.orders.statements import Second, VerifiedStatement
from hub.steps.registry import Registry
from hub.store.certificate import CertificateReader
from hub.store.enterprise import EnterpriseReader
from hub.store.entry import EntryWriter
from hub.store.grant import GrantWriter
from hub.store.relation import RelationReader, RelationWriter
from hub.store.session import BEGINNING, SessionWriter
from schemas.certificate import ENDED, Status, civil_date
from schemas.evidence import ActFacts, Kind
from schemas.parties import ENDING_RELATIONS, RelationKind, System

Step = Literal["record", "end"]
_STEPS: tuple[Step, ...] = ("record", "end")
# What the successor is told by name; a holder of thousands sees the rest on its predecessor's page.
_MOST_NAMED = 200
_LONGEST_LINE = 100


@dataclass(frozen=True, slots=True)
class RelationOrder:
    """A relation to be recorded, or ended: from branch or predecessor, to parent or successor."""

    step: Step
    kind: RelationKind
    from_number: str
    to_number: str
    issuing_body: str
    document_name: str
    document_number: str
    works_from: date


def read_relation_order(content: Mapping[str, Any], *, overrides: Container[str]) -> RelationOrder:
    """Read the content of an order about a relation; FieldsError names every member and rule that is wrong."""
    reading = OrderReading(content)
    step, kind = reading.choice("step", _STEPS), reading.choice("kind", tuple(RelationKind))
    order = RelationOrder(
        step=step or "record",
        kind=RelationKind(kind or RelationKind.BRANCH),
        from_number=reading.licence_number("from_number", overrides=overrides),
        to_number=reading.licence_number("to_number", overrides=overrides),
        issuing_body=reading.text("issuing_body", 18),
        document_name=reading.text("document_name", 256),
        document_number=reading.text("document_number", 128),
        works_from=reading.day("works_from"),
    )
    reading.refuse_problems()
    return order


def relate(
    order: RelationOrder,
    *,
    verified: VerifiedStatement,
    seconds: Sequence[Second] = (),
    system: System,
    key: str,
    registry: Registry,
    now: datetime,
) -> dict[str, Any]:
    """Record or end a relation; the same request under the same idempotency `key` gives the same answer.

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
    order: RelationOrder,
    verified: VerifiedStatement,
    seconds: Sequence[Second],
    system: System,
    registry: Registry,
    now: datetime,
    connection: Connection,
    act_id: str,
) -> dict[str, Any]:
    if order.works_from > civil_date(now):
        raise OrderError("works_from_future")
    _check_right(order, verified, seconds, system, now, connection)
    RelationWriter(connection).lock()
    both = (order.from_number, order.to_number)
    for each in both:
        if EnterpriseReader(connection).get(each) is None:
            raise NotFoundError("enterprise_not_found")
    locked = lock_holders(dict.fromkeys(both, ("", "")), connection=connection, registry=registry, now=now)
    number = spend_with_seconds(connection, verified, seconds, system=system.code, registry=registry, now=now)
    answer: dict[str, Any] = {"act_id": act_id, "recorded_at": now.isoformat()}
    if order.step == "end":
        _check_end(order, connection)
        RelationWriter(connection).end(order.kind, *both, order.works_from, now)
    else:
        _check_contradictions(order, connection)
        RelationWriter(connection).add(_row(order, number, act_id, now))
        if order.kind in ENDING_RELATIONS:
            answer["grants_ended"] = GrantWriter(connection).end_all(order.from_number, act_id, now)
            SessionWriter(connection).end_since(order.from_number, BEGINNING, now)
            _tell(order, act_id, registry, now, connection)
    act = ActFacts(Kind.RELATE, act_id, now, order.works_from.isoformat(), verified.digest, None, None)
    EntryWriter(connection, registry.random).add([act])
    rewrite(connection, [], locked, kin={each: compose_kin(connection, each) for each in both})
    return answer


def _check_right(
    order: RelationOrder,
    verified: VerifiedStatement,
    seconds: Sequence[Second],
    system: System,
    now: datetime,
    connection: Connection,
) -> None:
    today = civil_date(now)
    body = require_own_body(order.issuing_body, system, connection, today)
    if not body.is_in_charge(LICENCE_TYPE, today):
        raise OrderError("body_not_in_charge", issuing_body=order.issuing_body)
    if order.kind in ENDING_RELATIONS:
        require_second(verified, seconds, issuing_body=order.issuing_body, system=system, connection=connection)


def _check_contradictions(order: RelationOrder, connection: Connection) -> None:
    """Refuse a relation that contradicts one that stands.

    Raises OrderError relation_itself, relation_there, relation_two_successors, relation_two_parents, relation_ring.
    """
    if order.from_number == order.to_number:
        raise OrderError("relation_itself")
    reader = RelationReader(connection)
    own = [each for each in reader.of(order.from_number) if each.until_on is None]
    outward = [each for each in own if each.from_number == order.from_number]
    if any((each.kind, each.to_number) == (order.kind, order.to_number) for each in outward):
        raise OrderError("relation_there")
    if order.kind is RelationKind.BRANCH:
        if any(each.kind == RelationKind.BRANCH for each in outward):
            raise OrderError("relation_two_parents")
    elif any(each.ends(order.from_number) and not each.kind == order.kind == RelationKind.SPLIT for each in outward):
        raise OrderError("relation_two_successors")
    if _leads_to(order.to_number, order.from_number, order.kind is RelationKind.BRANCH, reader):
        raise OrderError("relation_ring")


def _check_end(order: RelationOrder, connection: Connection) -> None:
    """Refuse the end of what does not stand, or before it began.

    Raises NotFoundError relation_not_found, OrderError out_of_order.
    """
    same = (order.kind, order.from_number, order.to_number)
    standing = [
        each
        for each in RelationReader(connection).of(order.from_number)
        if each.until_on is None and (each.kind, each.from_number, each.to_number) == same
    ]
    if not standing:
        raise NotFoundError("relation_not_found")
    if order.works_from < standing[0].works_from:
        raise OrderError("out_of_order")


def _leads_to(start: str, wanted: str, is_branch: bool, reader: RelationReader) -> bool:
    """Say whether `start` is, by parents of parents or successors of successors, related to `wanted`.

    Of a line that is longer than any real one it is taken to be.
    """
    seen, waiting = {start}, [start]
    while waiting:
        if len(seen) > _LONGEST_LINE:
            return True
        number = waiting.pop()
        for each in reader.of(number):
            same_kind = (each.kind == RelationKind.BRANCH) == is_branch
            if each.from_number == number and each.until_on is None and same_kind and each.to_number not in seen:
                seen.add(each.to_number)
                waiting.append(each.to_number)
    return wanted in seen


def _tell(order: RelationOrder, act_id: str, registry: Registry, now: datetime, connection: Connection) -> None:
    notices = Notices(connection, act_id=act_id, registry=registry, now=now)
    notices.tell_recipients(Kind.RELATE, order.kind, holder=order.from_number)
    current = CertificateReader(connection).current_of(order.from_number)
    waiting = [
        each.identifier
        for each in current
        if Status(each.status) not in ENDED and each.certificate_type != LICENCE_TYPE
    ]
    facts = {"predecessor": order.from_number, "certificates": len(waiting), "identifiers": waiting[:_MOST_NAMED]}
    if waiting:
        notices.add(order.to_number, NoticeKind.TO_BE_CHANGED, facts, licence_number=order.from_number)
    notices.keep()


def _row(order: RelationOrder, statement: int, act_id: str, now: datetime) -> dict[str, Any]:
    return {
        "kind": order.kind.value,
        "from_number": order.from_number,
        "to_number": order.to_number,
        "works_from": order.works_from,
        "until_on": None,
        "issuing_body": order.issuing_body,
        "document_name": order.document_name,
        "document_number": order.document_number,
        "statement": statement,
        "recorded_at": now,
        "act_id": act_id,
    }
