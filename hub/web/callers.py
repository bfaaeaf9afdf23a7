"""Who stands at a department's door: the token and proof are verified, then the statement, each by its flow."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Annotated, Any

from anyio import to_thread
from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from hub.department.access import Caller, Presented, find_system, verify_caller
from hub.errors import AccessError, StatementError
from hub.steps.orders.approvals import VerifiedApproval, verify_approvals
from hub.steps.orders.statements import (
    Second,
    VerifiedStatement,
    check_content,
    check_duty,
    unverified_claims,
    verify_statement,
)
from hub.steps.registry import Registry
from hub.store.intention import IdempotencyReader
from hub.store.parties import PartyReader
from hub.terms import Terms
from hub.web.channel import CERT_THUMBPRINT
from schemas.parties import Officer, Role
from schemas.sandbox import ACTS as SANDBOX_ACTS
from schemas.sandbox import is_sandbox
from schemas.statement import Ordered
from signing.errors import SigningError
from signing.jws import VerificationKey, unverified_header


class OrderBody(BaseModel):
    """An order: its content, the salt (16 bytes, base64) and the statement that binds both (a compact JWS)."""

    model_config = ConfigDict(extra="forbid")

    statement: str = Field(max_length=65_536)
    salt: str = Field(max_length=64)
    content: dict[str, Any]
    # Statements of second officers and joint bodies over the same content and salt.
    countersignatures: list[Annotated[str, Field(max_length=65_536)]] = Field(default=[], max_length=8)
    # Two persons' approvals of the same content, each signed with the officer's own key.
    approvals: list[Annotated[str, Field(max_length=8_192)]] = Field(default=[], max_length=2)


class RequestBody(BaseModel):
    """A request: the statement carries what is asked."""

    model_config = ConfigDict(extra="forbid")

    statement: str = Field(max_length=65_536)


@dataclass(frozen=True, slots=True)
class Called:
    """A verified call: who, what they signed, the officer named in it, the idempotency key, the moment."""

    caller: Caller
    verified: VerifiedStatement
    officer: Officer | None
    key: str
    now: datetime
    seconds: tuple[Second, ...] = ()
    approvals: tuple[VerifiedApproval, ...] = ()


def moment() -> datetime:
    """Return now, in UTC; read once per request, here at the door."""
    return datetime.now(UTC)


async def in_thread(work: Any, *arguments: Any) -> Any:
    """Run one flow in one worker thread."""
    return await to_thread.run_sync(work, *arguments)


def presented(request: Request) -> Presented:
    """Return the parts of a request that authentication looks at."""
    headers = request.headers
    proofs = headers.getlist("dpop")
    # Several proofs are none that holds (RFC 9449 section 4.3), and not the same as none at all.
    proof = proofs[0] if len(proofs) == 1 else "" if proofs else None
    tokens = headers.getlist("authorization")
    token = tokens[0] if len(tokens) == 1 else None
    return Presented(request.method, request.url.path, token, proof, request.scope.get(CERT_THUMBPRINT))


def bearer(request: Request) -> str:
    """Return the token an enterprise shows for what it signed for; "" where it shows none."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def verify_call(
    request: Request, body: OrderBody | RequestBody, *, act: Ordered, role: Role | None, registry: Registry
) -> Called:
    """Verify token, proof and statement of a call; runs in the flow's thread."""
    caller = verify_caller(presented(request), role=role, registry=registry, now=moment())
    return verify_order(request, body, caller=caller, act=act, registry=registry)


def verify_order(
    request: Request,
    body: OrderBody | RequestBody,
    *,
    caller: Caller,
    act: Ordered,
    registry: Registry,
    key: str | None = None,
    parked: bool = False,
) -> Called:
    """Verify the statement of a call whose caller is known already; runs in the flow's thread.

    The idempotency key stands in the header, or in `key` where a form brought it. `parked`: the statement beside it is
    one that this hub took at a terminal of its pages, verified then, and kept itself.
    """
    now = moment()
    key = request.headers.get("idempotency-key", "") if key is None else key
    if not 8 <= len(key) <= 128 or not key.isascii() or not key.isprintable():
        raise AccessError("idempotency_key_missing")
    with registry.database.read() as connection:
        officer = _named_officer(body.statement, connection)
        terms = terms_for(body.statement, caller.system.code, key, connection=connection, registry=registry)
    called = _verified(
        body, caller=caller, officer=officer, act=act, key=key, terms=terms, registry=registry, now=now, parked=parked
    )
    check_duty(called.verified, officer, seconding=parked)
    if called.seconds:
        with registry.database.read() as connection:
            for each in called.seconds:
                check_duty(each.verified, _named_officer(each.verified.jws, connection), seconding=not parked)
    if is_sandbox(caller.system.department):
        _keep_to_sandbox(called, body, registry)
    return called


def refuse_sandbox(caller: Caller) -> None:
    """Refuse a system of the sandbox where what others have is told; AccessError sandbox_only."""
    if is_sandbox(caller.system.department):
        raise AccessError("sandbox_only")


def _keep_to_sandbox(called: Called, body: OrderBody | RequestBody, registry: Registry) -> None:
    """Refuse what the sandbox may not order, or about whom; and more orders of all its systems than one body may give.

    Raises AccessError sandbox_only, sandbox_busy.
    """
    statement = called.verified.statement
    asked = body.content if isinstance(body, OrderBody) else statement.request or {}
    holder = asked.get("licence_number")
    if statement.act not in SANDBOX_ACTS or (holder is not None and not is_sandbox(str(holder))):
        raise AccessError("sandbox_only")
    if not registry.rates.count("sandbox", called.now):
        raise AccessError("sandbox_busy")


def verify_again(body: OrderBody | RequestBody, *, act: Ordered, key: str, registry: Registry, now: datetime) -> Called:
    """Verify an order or a request that was carried out at `now`, a moment long gone, as its door verified it then.

    Raises StatementError.
    """
    code = unverified_claims(body.statement).get("iss")
    caller = find_system(code, registry=registry, now=now)[0] if isinstance(code, str) else None
    if caller is None:
        raise StatementError("statement_system")
    # It may have been carried out when it came a second time, under its key.
    age = registry.terms.statement_age + registry.terms.idempotency_term
    terms = replace(registry.terms, statement_age=age)
    with registry.database.read() as connection:
        officer = _named_officer(body.statement, connection)
    return _verified(body, caller=caller, officer=officer, act=act, key=key, terms=terms, registry=registry, now=now)


def _verified(
    body: OrderBody | RequestBody,
    *,
    caller: Caller,
    officer: Officer | None,
    act: Ordered,
    key: str,
    terms: Terms,
    registry: Registry,
    now: datetime,
    parked: bool = False,
) -> Called:
    key_id, verification_key = _signing_key(body.statement, caller)
    verified = verify_statement(
        body.statement,
        act=act,
        system=caller.system,
        key=verification_key,
        key_id=key_id,
        officer=officer,
        audience=registry.origin,
        now=now,
        terms=terms,
    )
    _refuse_forgotten(verified, caller, terms, registry)
    if not isinstance(body, OrderBody):
        return Called(caller, verified, officer, key, now)
    check_content(verified, body.content, body.salt)
    seconds = tuple(
        _second(each, body, verified, now, terms, registry, parked=parked) for each in body.countersignatures
    )
    approvals = verify_approvals(
        body.approvals, change=str(act), content_digest=verified.statement.content_digest or "", registry=registry,
        now=now,
    )  # fmt: skip
    return Called(caller, verified, officer, key, now, seconds, approvals)


def _second(
    jws: str,
    body: OrderBody,
    first: VerifiedStatement,
    now: datetime,
    terms: Terms,
    registry: Registry,
    *,
    parked: bool,
) -> Second:
    """Verify a statement that stands beside the caller's own: by its own system's key, over the same content."""
    code = unverified_claims(jws).get("iss")
    signing = find_system(code, registry=registry, now=now)[0] if isinstance(code, str) else None
    # A terminal's word is taken on the pages alone, which know who sits at it.
    if signing is None or (Role.TERMINAL in signing.system.roles) is not parked:
        raise StatementError("statement_system")
    age = terms.statement_age + terms.parking_term
    held_to = replace(terms, statement_age=age) if parked else terms
    key_id, key = _signing_key(jws, signing)
    with registry.database.read() as connection:
        officer = _named_officer(jws, connection)
    verified = verify_statement(
        jws,
        act=first.statement.act,
        system=signing.system,
        key=key,
        key_id=key_id,
        officer=officer,
        audience=registry.origin,
        now=now,
        terms=held_to,
    )
    _refuse_forgotten(verified, signing, terms, registry)
    check_content(verified, body.content, body.salt)
    if verified.jws == first.jws:
        raise StatementError("statement_replayed")
    return Second(verified, signing.system.department)


def _signing_key(jws: str, caller: Caller) -> tuple[str, VerificationKey]:
    """Return that key of a system, of those which count now, that a statement names; StatementError for another."""
    try:
        key_id = unverified_header(jws).get("kid")
    except SigningError:
        raise StatementError("statement_key") from None
    if not isinstance(key_id, str) or key_id not in caller.keys:
        raise StatementError("statement_key")
    return key_id, caller.keys[key_id]


def _refuse_forgotten(verified: VerifiedStatement, caller: Caller, terms: Terms, registry: Registry) -> None:
    """Refuse a statement that may have been spent before the store was restored or its clock set back.

    One whose answer is kept is not: it cannot act a second time.
    """
    if terms == registry.terms and verified.statement.issued_at <= caller.after:
        raise StatementError("statement_time")


def terms_for(jws: str, system: str, key: str, *, connection: Connection, registry: Registry) -> Terms:
    """Return the terms a statement is held to: one that came before under its key may be as old as its kept answer.

    It cannot act a second time; a department that lost the answer gets it again.
    """
    kept = IdempotencyReader(connection).get(system, key)
    if kept is None or kept.request_digest != sha256(jws.encode()).hexdigest():
        return registry.terms
    return replace(registry.terms, statement_age=registry.terms.statement_age + registry.terms.idempotency_term)


def _named_officer(jws: str, connection: Connection) -> Officer | None:
    """Look up the officer a statement names; whether he counts is decided when the statement is verified."""
    number = unverified_claims(jws).get("officer")
    if not isinstance(number, str):
        return None
    return PartyReader(connection).officer(number)
