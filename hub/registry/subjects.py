"""Sites and devices: registered once under an id for good, handed on, ended; each has a code of its own.

1 the order is read; a site's id is made here, a device's is the one its registrar gave it
2 the acting body is the caller's own, in being and in charge of some type; of what is there, the one that registered it
3 subject, entry and kept answer are committed together            <- COMMIT POINT
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any, Literal

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from hub.errors import NotFoundError, OrderError
from hub.steps.orders.charge import require_own_body, stands_for
from hub.steps.orders.evidence import act_once
from hub.steps.orders.reading import OrderReading
from hub.steps.orders.repeats import spend_statement
from hub.steps.orders.statements import VerifiedStatement
from hub.steps.registry import Registry
from hub.store.entry import EntryWriter
from hub.store.subject import StoredSubject, SubjectReader, SubjectWriter
from schemas.certificate import civil_date
from schemas.evidence import ActFacts, Kind
from schemas.identifiers import make_reference, make_site_id
from schemas.order import UNNAMED_SUBJECT
from schemas.parties import System

Step = Literal["register", "hand_on", "end"]
Thing = Literal["site", "device"]
_STEPS: tuple[Step, ...] = ("register", "hand_on", "end")
_THINGS: tuple[Thing, ...] = ("site", "device")


@dataclass(frozen=True, slots=True)
class SubjectOrder:
    """What is ordered: a site or device to be registered, handed on to another holder, or ended.

    `subject_id` is "" for a new site; `address` is "" where it is a home.
    """

    step: Step
    kind: Thing
    issuing_body: str
    subject_id: str
    holder: str
    name: str
    address: str
    works_from: date


def read_subject_order(content: Mapping[str, Any], *, overrides: Container[str]) -> SubjectOrder:
    """Read the content of an order about a site or device; FieldsError names every member and rule that is wrong."""
    reading = OrderReading(content)
    step, kind = reading.choice("step", _STEPS), reading.choice("kind", _THINGS)
    is_new, made_here = step == "register", step == "register" and kind == "site"
    if made_here and reading.get("subject_id") is not None:
        reading.problem("subject_id", "not_here")
    subject_id = "" if made_here else reading.code("subject_id")
    # What a site is known by, or what names nothing, is no device's number.
    if kind == "device" and (subject_id == UNNAMED_SUBJECT or subject_id.startswith("S-")):
        reading.problem("subject_id", "form")
    is_home = reading.flag("address_is_home", default=False)
    order = SubjectOrder(
        step=step or "register",
        kind=kind or "site",
        issuing_body=reading.text("issuing_body", 18),
        subject_id=subject_id,
        holder="" if step == "end" else reading.licence_number("licence_number", overrides=overrides),
        name=reading.text("name", 128) if is_new else "",
        address=reading.text("address", 512) if is_new and not is_home else "",
        works_from=reading.day("works_from"),
    )
    reading.refuse_problems()
    return order


def register_subject(
    order: SubjectOrder,
    *,
    verified: VerifiedStatement,
    system: System,
    key: str,
    registry: Registry,
    now: datetime,
) -> dict[str, Any]:
    """Register, hand on or end a site or device; the same request under the same `key` gives the same answer.

    Raises OrderError, StatementError, NotFoundError subject_not_found.
    """
    work = partial(_commit, order, verified, system, registry, now)
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
    order: SubjectOrder,
    verified: VerifiedStatement,
    system: System,
    registry: Registry,
    now: datetime,
    connection: Connection,
    act_id: str,
) -> dict[str, Any]:
    if order.works_from > civil_date(now):
        raise OrderError("works_from_future")
    body = require_own_body(order.issuing_body, system, connection, civil_date(now))
    found = None if order.step == "register" else _standing(order, connection)
    if not (stands_for(body, found.issuing_body, connection) if found else body.competences):
        raise OrderError("body_not_in_charge", issuing_body=order.issuing_body)
    spend_statement(connection, verified, system=system.code, registry=registry, now=now)
    if found is None:
        row = _add(order, act_id, registry, now, connection)
        subject_id, reference = row["subject_id"], row["reference"]
    else:
        handed_on = {"holder": order.holder, "from_on": order.works_from}
        values = handed_on if order.step == "hand_on" else {"ended_on": order.works_from}
        SubjectWriter(connection).update(found.subject_id, **values, act_id=act_id)
        subject_id, reference = found.subject_id, found.reference
    act = ActFacts(Kind.REGISTER, act_id, now, order.works_from.isoformat(), verified.digest, None, None)
    EntryWriter(connection, registry.random).add([act])
    return {"subject_id": subject_id, "reference": reference, "act_id": act_id}


def _add(order: SubjectOrder, act_id: str, registry: Registry, now: datetime, connection: Connection) -> dict[str, Any]:
    row = {
        "subject_id": order.subject_id or make_site_id(registry.random(8)),
        "kind": order.kind,
        "reference": make_reference(registry.random(16)),
        "holder": order.holder,
        "name": order.name,
        "address": order.address,
        "from_on": order.works_from,
        "issuing_body": order.issuing_body,
        "ended_on": None,
        "recorded_at": now,
        "act_id": act_id,
    }
    try:
        with connection.begin_nested():
            SubjectWriter(connection).add(row)
    except IntegrityError:
        raise OrderError("subject_registered", subject_id=row["subject_id"]) from None
    return row


def _standing(order: SubjectOrder, connection: Connection) -> StoredSubject:
    found = SubjectReader(connection).among([order.subject_id]).get(order.subject_id)
    if found is None or found.kind != order.kind:
        raise NotFoundError("subject_not_found")
    if found.ended_on is not None:
        raise OrderError("subject_ended", subject_id=order.subject_id)
    if order.works_from < found.from_on:
        raise OrderError("out_of_order", identifier=order.subject_id)
    return found
