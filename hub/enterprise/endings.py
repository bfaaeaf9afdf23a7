"""One button, and one window act: all that an enterprise gave since a moment ends, and what was pulled is listed.

1 the holder's sentence is one this hub drafted, signed by its own e-licence as representative or manager; or, where the
  phone is lost, an order of a body in charge of business licences that two officers signed
2 under the holder's row grants, presentations with their codes, delegations, requests, downloads and sessions since
  then end, the ending is kept, one entry made: together                                                 <- COMMIT POINT
3 the answer lists what was ended, and every pull since then

Ending asks neither for the log, nor for the signer's status, nor whether delegations are frozen: it is never waited
for. A pull under way reads grants again before it hands anything over (`hub/sharing/exchange.py`).
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from connectors.contract import ELicence, SignedText
from hub.decisions.answers import LICENCE_TYPE
from hub.errors import GrantError, NotFoundError, OrderError
from hub.steps.certificates.holders import lock_holder
from hub.steps.certificates.intentions import new_name
from hub.steps.consent.drafts import BLANK_NONCE, drafted, verify_sentence
from hub.steps.consent.granting import enclose, read_moment
from hub.steps.orders.charge import require_own_body
from hub.steps.orders.evidence import act_once
from hub.steps.orders.reading import OrderReading
from hub.steps.orders.seconding import require_second, spend_with_seconds
from hub.steps.orders.statements import Second, VerifiedStatement
from hub.steps.registry import Registry
from hub.store.deferral import DeferralReader
from hub.store.delegation import DelegationWriter
from hub.store.document import DocumentWriter
from hub.store.ending import EndingReader, EndingWriter, StoredEnding
from hub.store.enterprise import EnterpriseReader
from hub.store.entry import EntryWriter
from hub.store.exchange import ExchangeReader
from hub.store.grant import GrantWriter
from hub.store.grant_request import GrantRequestWriter
from hub.store.parties import PartyReader
from hub.store.session import SessionWriter
from hub.store.statement import StatementWriter
from schemas.certificate import civil_date
from schemas.ending import Ending, parse_ending, render_ending
from schemas.evidence import ActFacts, Kind
from schemas.parties import System
from schemas.sentence import SentenceFormError, statement_digest
from schemas.signer_roles import IDENTITY_CHECKS, RIGHTS, Deed, IdentityCheck

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""Before anything was given: an ending since then ends all."""
MOST_LISTED = 1_000


@dataclass(frozen=True, slots=True)
class EndingOrder:
    """A window's order: whose, since when, by which body, after which check of who asks, filed under what."""

    licence_number: str
    since: datetime
    issuing_body: str
    identity_check: IdentityCheck
    document_name: str
    document_number: str


def draft_ending(wish: Mapping[str, Any], *, registry: Registry) -> dict[str, Any]:
    """Return the sentence that takes back all given since then; stores nothing. Raises GrantError, NotFoundError.

    `wish`: licence_number, since? (ISO 8601 with an offset; from the beginning when it is left out).
    """
    holder = str(wish.get("licence_number"))
    with registry.database.read() as connection:
        if EnterpriseReader(connection).get(holder) is None:
            raise NotFoundError("enterprise_not_found")
    try:
        since = read_moment(wish["since"], "since") if wish.get("since") else BEGINNING
        return drafted(Ending(holder, since, BLANK_NONCE), render_ending, registry)
    except (SentenceFormError, TypeError, ValueError, OverflowError) as error:
        raise GrantError("grant_form", member="since") from error


def end_all(signed: SignedText, *, registry: Registry, e_licence: ELicence, now: datetime) -> dict[str, Any]:
    """End all that a holder gave since the moment it signed. Raises GrantError, NotFoundError."""
    ending, signer = verify_sentence(
        signed, parse_ending, render_ending, registry=registry, e_licence=e_licence, now=now
    )
    if signer.role not in RIGHTS[Deed.END_ALL]:
        raise GrantError("role_not_entitled", role=signer.role)
    said, holder = statement_digest(signed.text), ending.holder_licence_number

    def commit(connection: Connection) -> dict[str, Any]:
        answer = _end(holder, ending.since, act_id := new_name(registry), registry, now, connection)
        if not StatementWriter(connection).spend("grant", holder, ending.nonce, expires_at=None):
            raise GrantError("grant_posted")
        kept = StoredEnding(
            act_id, holder, ending.since, _counts(answer), now, enclose(signed, signer, registry, said), said
        )
        EndingWriter(connection).add(kept)
        EntryWriter(connection, registry.random).add([ActFacts(Kind.END_ALL, act_id, now, None, said, None, None)])
        return answer

    return registry.database.write(commit)


def own_ending(digest: str, holder: str, *, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return what a holder's sentence of that digest ended, counted, and what had been pulled since.

    Raises NotFoundError ending_not_found.
    """
    with registry.database.read() as connection:
        stored = EndingReader(connection).by_digest(holder, digest)
        if stored is None:
            raise NotFoundError("ending_not_found")
        pulled = _pulled(holder, stored.since, civil_date(now), connection)
        departments = {each["requester"] for each in pulled["pulled"]}
        named = {number: PartyReader(connection).department(number) for number in departments}
    for each in pulled["pulled"]:
        department = named[each["requester"]]
        each["name"] = department.name_zh if department else ""
    return {
        "act_id": stored.act_id,
        "since": None if stored.since == BEGINNING else stored.since.isoformat(),
        "recorded_at": stored.recorded_at.isoformat(),
        "ended": dict(stored.counts),
        **pulled,
    }


def read_ending_order(content: Mapping[str, Any], *, overrides: Container[str]) -> EndingOrder:
    """Read the content of a window's order; FieldsError names every member and rule that is wrong."""
    reading = OrderReading(content)
    check = reading.choice("identity_check", IDENTITY_CHECKS)
    order = EndingOrder(
        licence_number=reading.licence_number("licence_number", overrides=overrides),
        since=_since(reading),
        issuing_body=reading.text("issuing_body", 18),
        identity_check=check or "representative_present",
        document_name=reading.text("document_name", 256),
        document_number=reading.text("document_number", 128),
    )
    reading.refuse_problems()
    return order


def end_all_at_window(
    order: EndingOrder,
    *,
    verified: VerifiedStatement,
    seconds: Sequence[Second] = (),
    system: System,
    key: str,
    registry: Registry,
    now: datetime,
) -> dict[str, Any]:
    """End all that a holder gave, as it asked at a window; the same request under the same `key` is answered the same.

    Raises OrderError, StatementError, NotFoundError.
    """
    work = partial(_commit_order, order, verified, seconds, system, registry, now)
    return act_once(
        work,
        issuing_body=order.issuing_body,
        verified=verified,
        system=system,
        key=key,
        registry=registry,
        now=now,
    )


def _commit_order(
    order: EndingOrder,
    verified: VerifiedStatement,
    seconds: Sequence[Second],
    system: System,
    registry: Registry,
    now: datetime,
    connection: Connection,
    act_id: str,
) -> dict[str, Any]:
    today = civil_date(now)
    body = require_own_body(order.issuing_body, system, connection, today)
    if not body.is_in_charge(LICENCE_TYPE, today):
        raise OrderError("body_not_in_charge", issuing_body=order.issuing_body)
    require_second(verified, seconds, issuing_body=order.issuing_body, system=system, connection=connection)
    answer = _end(order.licence_number, order.since, act_id, registry, now, connection)
    number = spend_with_seconds(connection, verified, seconds, system=system.code, registry=registry, now=now)
    counts = _counts(answer)
    EndingWriter(connection).add(StoredEnding(act_id, order.licence_number, order.since, counts, now, statement=number))
    act = ActFacts(Kind.END_ALL, act_id, now, None, verified.digest, None, None)
    EntryWriter(connection, registry.random).add([act])
    return answer


def _end(
    holder: str, since: datetime, act_id: str, registry: Registry, now: datetime, connection: Connection
) -> dict[str, Any]:
    if EnterpriseReader(connection).get(holder) is None:
        raise NotFoundError("enterprise_not_found")
    lock_holder(holder, connection=connection, registry=registry, now=now)
    return {
        "act_id": act_id,
        "since": since.isoformat(),
        "ended": {
            "grants": GrantWriter(connection).end_since(holder, since, act_id, now),
            "delegations": DelegationWriter(connection).end_since(holder, since, act_id, now),
            "requests": GrantRequestWriter(connection).end_since(holder, since, act_id, now),
            "downloads": DocumentWriter(connection).end_downloads_since(holder, since, now),
            "sessions": [each.isoformat() for each in SessionWriter(connection).end_since(holder, since, now)],
        },
        **_pulled(holder, since, civil_date(now), connection),
    }


def _counts(answer: Mapping[str, Any]) -> dict[str, int]:
    return {name: len(ended) for name, ended in answer["ended"].items()}


def _pulled(holder: str, since: datetime, today: date, connection: Connection) -> dict[str, Any]:
    """List who pulled what since then, the newest first; `pulled_in_all` counts them where the list is cut.

    What the law lets be shown later only (`hub/enterprise/deferrals.py`) is not among them before its day.
    """
    reader = ExchangeReader(connection)
    deferred = [each for each in DeferralReader(connection).of(holder) if each.until_on >= today]
    found = [each for each in reader.of_holder(holder, since=since) if not any(one.covers(each) for one in deferred)]
    decisions = sorted(found, key=lambda each: each.recorded_at, reverse=True)
    delivered = reader.delivered_of(holder, since=since)
    lines = [
        {
            "requester": each.requester,
            "officer": each.officer,
            "item_code": each.item_code,
            "case_number": each.case_number,
            "basis": each.basis,
            "certificate_types": sorted(each.fields),
            "at": each.recorded_at.isoformat(),
            "delivered": each.decision in delivered,
        }
        for each in decisions[:MOST_LISTED]
    ]
    return {"pulled": lines, "pulled_in_all": len(decisions)}


def _since(reading: OrderReading) -> datetime:
    value = reading.get("since")
    if value is None:
        return BEGINNING
    try:
        return read_moment(value, "since")
    except (GrantError, TypeError, ValueError, OverflowError):
        reading.problem("since", "form")
        return BEGINNING
