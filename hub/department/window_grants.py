"""Grants on paper (basis `window`): the printed sentence signed by hand, witnessed by two officers of the requester.

The sentence is the one this hub drafted for the e-licence, printed word for word: limits, nonce, uses, withdrawal and
ledger are those of any grant. In place of the e-licence stand the order of two officers, what they checked of who
signed, and the digest of the scan; the paper itself stays with the department.
1 the order names text, identity check and scan; it is signed by two officers of the department that is to pull
2 the text is a grant of our template for that very department, drafted by this hub, within the limits
3 under the holder's row the nonce is spent; grant, statements and entry are committed together     <- COMMIT POINT
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import orjson
from sqlalchemy import Connection

from hub.errors import GrantError
from hub.steps.certificates.holders import lock_holder
from hub.steps.consent.drafts import check_drafted
from hub.steps.consent.granting import LONGEST_GRANT, check_given, refuse_succeeded, sealed_digest
from hub.steps.consent.signer_status import grant_context
from hub.steps.orders.evidence import act_once
from hub.steps.orders.reading import OrderReading
from hub.steps.orders.seconding import require_second, spend_with_seconds
from hub.steps.orders.statements import Second, VerifiedStatement
from hub.steps.registry import Registry
from hub.store.entry import EntryWriter
from hub.store.grant import GrantWriter, StoredGrant
from hub.store.statement import StatementWriter
from schemas.evidence import ActFacts, Kind
from schemas.exchange import Basis
from schemas.grant import Grant, parse_grant, render_grant
from schemas.parties import System
from schemas.sentence import DIGEST, SentenceTextError, statement_digest
from schemas.signer_roles import IDENTITY_CHECKS, IdentityCheck
from signing.envelope import encrypt

ON_PAPER = "paper"
"""Stands for a signer's role where nobody signed by e-licence."""


@dataclass(frozen=True, slots=True)
class WitnessOrder:
    """What two officers witness: the printed sentence, how they checked who signed, the SHA-256 (hex) of the scan."""

    text: str
    identity_check: IdentityCheck
    scan_sha256: str


def read_witness_order(content: Mapping[str, Any]) -> WitnessOrder:
    """Read the content of the order; FieldsError names every member and rule that is wrong."""
    reading = OrderReading(content)
    text, scan = reading.get("text"), reading.text("scan_sha256", 64)
    if not isinstance(text, str) or not text:
        reading.problem("text", "form")
    if scan and not DIGEST.fullmatch(scan):
        reading.problem("scan_sha256", "form")
    check = reading.choice("identity_check", IDENTITY_CHECKS)
    reading.refuse_problems()
    return WitnessOrder(str(text), check or "representative_present", scan)


def witness_grant(
    order: WitnessOrder,
    *,
    verified: VerifiedStatement,
    seconds: Sequence[Second] = (),
    system: System,
    key: str,
    registry: Registry,
    now: datetime,
) -> dict[str, Any]:
    """Keep a grant on paper; the same request under the same `key` gives the same answer.

    Raises GrantError, OrderError second_officer_needed, StatementError; StoreError where its evidence would not follow.
    """
    registry.require_log(now)
    work = partial(_commit, order, verified, seconds, system, registry, now)
    return act_once(work, issuing_body=None, verified=verified, system=system, key=key, registry=registry, now=now)


def check_witnessable(order: WitnessOrder, department: str, *, registry: Registry, now: datetime) -> None:
    """Check what two officers of a department are about to witness, before the first of them signs. GrantError."""
    with registry.database.read() as connection:
        _read(order, department, registry, now, connection)


def _commit(
    order: WitnessOrder,
    verified: VerifiedStatement,
    seconds: Sequence[Second],
    system: System,
    registry: Registry,
    now: datetime,
    connection: Connection,
    act_id: str,
) -> dict[str, Any]:
    grant = _read(order, system.department, registry, now, connection)
    require_second(verified, seconds, issuing_body=system.department, system=system, connection=connection)
    holder, digest = grant.holder_licence_number, statement_digest(order.text)
    lock_holder(holder, connection=connection, registry=registry, now=now)
    refuse_succeeded(holder, connection)
    if not StatementWriter(connection).spend("grant", holder, grant.nonce, expires_at=None):
        raise GrantError("grant_posted")
    number = spend_with_seconds(connection, verified, seconds, system=system.code, registry=registry, now=now)
    content = {"text": order.text, "identity_check": order.identity_check, "scan_sha256": order.scan_sha256}
    GrantWriter(connection).add(_stored(grant, digest, content, number, act_id, registry, now))
    works_from = grant.valid_from.isoformat()
    sealed = sealed_digest(content)
    act = ActFacts(Kind.WINDOW_GRANT, act_id, now, works_from, verified.digest, sealed, None)
    EntryWriter(connection, registry.random).add([act])
    return {"digest": digest, "state": "usable", "act_id": act_id}


def _read(order: WitnessOrder, department: str, registry: Registry, now: datetime, connection: Connection) -> Grant:
    try:
        grant = parse_grant(order.text)
    except SentenceTextError as error:
        raise GrantError("grant_text") from error
    check_drafted(grant.nonce, lambda nonce: render_grant(replace(grant, nonce=nonce)), registry)
    # Who witnesses is who pulls: nobody brings in paper for another department.
    if grant.requester_licence_number != department:
        raise GrantError("window_other_requester")
    if not now < grant.valid_until <= now + LONGEST_GRANT:
        raise GrantError("grant_term")
    check_given(grant.certificates, grant.types, grant.holder_licence_number, registry, connection)
    return grant


def _stored(
    grant: Grant,
    digest: str,
    content: Mapping[str, str],
    statement: int,
    act_id: str,
    registry: Registry,
    now: datetime,
) -> StoredGrant:
    return StoredGrant(
        digest=digest,
        holder=grant.holder_licence_number,
        requester=grant.requester_licence_number,
        envelope=encrypt(orjson.dumps(content), master=registry.master, context=grant_context(digest)),
        valid_from=grant.valid_from,
        valid_until=grant.valid_until,
        uses=grant.uses,
        uses_taken=0,
        cert_serial="",
        signer_role=ON_PAPER,
        cert_good_at=now,
        cert_revoked=False,
        withdrawn_at=None,
        recorded_at=now,
        act_id=act_id,
        basis=Basis.WINDOW,
        statement=statement,
    )
