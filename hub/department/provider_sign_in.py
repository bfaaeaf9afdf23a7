"""Officers who sign in at the city's provider of identities, where one is configured.

There: 1 the browser is sent to the provider with a state that is encrypted for this browser alone and holds the way's
own secrets: nothing is stored for somebody who may never come back
Back: 2 the state is this browser's, of the last ten minutes, and spent here and now, so that it brings one answer
3 the provider vouches for an account (`connectors/contract.py`) 4 an enrolled, active officer's record names that very
account: nobody becomes an officer by signing in 5 he used a second factor by the provider's word, or the code of his
app is asked for (`confirm`) 6 the session is committed, or the wrong code counted     <- COMMIT POINT
Ended there: the provider's token names a session or a subject, whose sessions end here.
What the provider says afterwards keeps nobody in: an officer who leaves is out with the order that ends him, as
`hub/supervision/parties.py` removes his account, which is held here until the session stands.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from connectors.contract import EndedThere, IdentityError, IdentityProvider, Sending, Vouched
from hub.errors import AccessError
from hub.steps.accounts import CODE_MISS, count_miss, fresh_step, is_locked, use_step
from hub.steps.orders.freshness import REMEMBERED, read_window, spend
from hub.steps.registry import Registry
from hub.steps.sessions import open_session
from hub.store.account import AccountReader, AccountWriter
from hub.store.identity import IdentityReader
from hub.store.parties import PartyReader
from hub.store.session import SessionWriter
from hub.store.statement import StatementWriter
from schemas.parties import Officer
from signing.base64url import decode, encode
from signing.envelope import decrypt, encrypt
from signing.errors import SigningError
from signing.jws import json_bytes, parse_json

_STATE_TERM = timedelta(minutes=10)
TICKET_TERM = timedelta(minutes=5)
_CODES = {"away": "provider_away", "answer": "provider_answer", "token": "provider_token"}
_LONGEST_STATE = 4_096
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Returned:
    """What the browser brought back from the provider: `issuer` is whose answer it says it is (RFC 9207)."""

    state: str
    code: str
    issuer: str | None
    error: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session's `token`; or, where the app's code is still asked for, the `ticket` that is sent with it.

    `next_path` is where the officer wanted to go, as he gave it.
    """

    token: str | None
    ticket: str | None
    next_path: str


def send(
    browser: str, next_path: str, return_url: str, *, provider: IdentityProvider, registry: Registry, now: datetime
) -> str:
    """Return the address at the provider (step 1). `browser` is a secret of the browser's cookie.

    Raises AccessError provider_away.
    """
    nonce, verifier = (encode(registry.random(_SECRET_BYTES)) for _ in range(2))
    held = {"at": now.timestamp(), "nonce": nonce, "verifier": verifier, "next": next_path}
    state = _sealed(held, "state", browser, registry)
    try:
        return provider.address(Sending(nonce, verifier, return_url, now), state)
    except IdentityError as error:
        raise _refused(error) from error


def come_back(
    returned: Returned,
    browser: str,
    return_url: str,
    *,
    provider: IdentityProvider,
    registry: Registry,
    now: datetime,
) -> SignedIn:
    """Begin a session for whom the provider vouches (steps 2 to 6), or ask for the app's code.

    Raises AccessError provider_answer, provider_declined, provider_away, provider_token, provider_stranger,
    provider_needs_app.
    """
    held = _opened(returned.state, "state", browser, _STATE_TERM, registry, now)
    digest = sha256(returned.state.encode()).hexdigest()
    if not spend("provider state", "", digest, database=registry.database, now=now):
        raise AccessError("provider_answer")
    if returned.error:
        raise AccessError("provider_declined")
    began_at = datetime.fromtimestamp(held["at"], now.tzinfo)
    sending = Sending(held["nonce"], held["verifier"], return_url, began_at)
    try:
        vouched = provider.redeem(returned.code, returned.issuer, sending, now=now)
    except IdentityError as error:
        raise _refused(error) from error
    if vouched.is_twofold:
        token = registry.database.write(partial(_begin, vouched, registry, now))
        return SignedIn(token, None, held["next"])
    with registry.database.read() as connection:
        officer = _officer_of(vouched, connection, lock=False)
        account = AccountReader(connection).get(officer.number)
    if account is None or account.totp is None:
        raise AccessError("provider_needs_app")
    kept = {name: getattr(vouched, name) for name in ("issuer", "account", "subject", "session")}
    ticket = _sealed(kept | {"at": now.timestamp(), "next": held["next"]}, "ticket", browser, registry)
    return SignedIn(None, ticket, held["next"])


def confirm(ticket: str, code: str, browser: str, *, registry: Registry, now: datetime) -> SignedIn:
    """Begin the session of whom the provider vouched for minutes ago, by the code of his app (steps 4 to 6).

    Raises AccessError provider_answer, provider_stranger, provider_needs_app, app_code, account_locked.
    """
    held = _opened(ticket, "ticket", browser, TICKET_TERM, registry, now)
    vouched = Vouched(held["issuer"], held["account"], held["subject"], held["session"], is_twofold=False)
    # What is wrong is committed as a miss: it is returned, not raised, which would roll it back.
    outcome = registry.database.write(partial(_begin_with_code, vouched, code, registry, now))
    if isinstance(outcome, AccessError):
        raise outcome
    return SignedIn(outcome, None, held["next"])


def end_by_provider(token: str, *, provider: IdentityProvider, registry: Registry, now: datetime) -> int:
    """End the sessions that a token of the provider names; return how many were open.

    Raises AccessError provider_away, provider_token; the latter too for a token that was shown before.
    """
    try:
        ended = provider.read_ending(token, now=now)
    except IdentityError as error:
        raise _refused(error) from error
    return registry.database.write(partial(_end, ended, registry, now))


def _begin(vouched: Vouched, registry: Registry, now: datetime, connection: Connection) -> str:
    return _open(_officer_of(vouched, connection), vouched, registry, now, connection)


def _begin_with_code(
    vouched: Vouched, code: str, registry: Registry, now: datetime, connection: Connection
) -> str | AccessError:
    officer = _officer_of(vouched, connection)
    account = AccountReader(connection).lock(officer.number)
    if account is None or account.totp is None:
        return AccessError("provider_needs_app")
    if is_locked(account, now):
        return AccessError("account_locked")
    step, writer = fresh_step(account, code, registry=registry, now=now), AccountWriter(connection)
    if step is None:
        count_miss(account, CODE_MISS, writer, registry=registry, now=now)
        return AccessError("app_code")
    use_step(account, step, writer)
    return _open(officer, vouched, registry, now, connection)


def _officer_of(vouched: Vouched, connection: Connection, *, lock: bool = True) -> Officer:
    """Return whose account that is, held until the transaction ends; AccessError provider_stranger where nobody's."""
    identity = IdentityReader(connection).of(vouched.issuer, vouched.account, lock=lock)
    officer = PartyReader(connection).officer(identity.officer) if identity is not None else None
    if officer is None or not officer.active:
        raise AccessError("provider_stranger")
    return officer


def _open(officer: Officer, vouched: Vouched, registry: Registry, now: datetime, connection: Connection) -> str:
    return open_session(
        connection, officer.department, officer=officer.number, term=registry.terms.shift_term, registry=registry,
        now=now, subject_sha256=_named(vouched.issuer, vouched.subject),
        provider_session_sha256=_named(vouched.issuer, vouched.session),
    )  # fmt: skip


def _end(ended: EndedThere, registry: Registry, now: datetime, connection: Connection) -> int:
    window = read_window(connection, terms=registry.terms, now=now)
    is_new = window.holds({"iat": ended.issued_at.timestamp()}) and StatementWriter(connection).spend(
        "provider ending", "", _named(ended.issuer, ended.number) or "", expires_at=now + 2 * REMEMBERED
    )
    if not is_new:
        raise AccessError("provider_token")
    subject, session = (_named(ended.issuer, each) for each in (ended.subject, ended.session))
    return SessionWriter(connection).end_of_provider(subject, session, now)


def _named(issuer: str, name: str | None) -> str | None:
    """Return by what a provider's name for somebody is known here: names of one provider mean nothing to another."""
    return None if name is None else sha256(f"{issuer}\0{name}".encode()).hexdigest()


def _refused(error: IdentityError) -> AccessError:
    return AccessError(_CODES[error.reason])


def _sealed(held: dict[str, Any], use: str, browser: str, registry: Registry) -> str:
    return encode(encrypt(json_bytes(held), master=registry.master, context=_context(use, browser)))


def _opened(sealed: str, use: str, browser: str, term: timedelta, registry: Registry, now: datetime) -> dict[str, Any]:
    """Return what was encrypted for this browser a moment ago; AccessError provider_answer for anything else."""
    try:
        blob = decode(sealed) if browser and len(sealed) <= _LONGEST_STATE else b""
        held: dict[str, Any] = parse_json(decrypt(blob, masters=registry.masters, context=_context(use, browser)))
    except SigningError as error:
        raise AccessError("provider_answer") from error
    # Another process may have sealed it, by a clock that is a little ahead.
    if not -registry.terms.clock_skew.total_seconds() <= now.timestamp() - held["at"] < term.total_seconds():
        raise AccessError("provider_answer")
    return held


def _context(use: str, browser: str) -> bytes:
    return f"provider {use}\0{browser}".encode()
