"""Sessions of pages: who sits at a browser, known by a random token in a cookie, of which only the digest is kept.

A session ends by itself when nothing was done for a while, and in any case after its term; signing out or in again,
whatever ends all that an enterprise gave, and the loss of the right it began with (`hub/enterprise/sign_in.py`) end it.
It lets somebody read what is his own; what is ordered or granted is signed each time, so that no session can act.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest
from hmac import digest as keyed_digest

from sqlalchemy import Connection

from hub.errors import AccessError
from hub.steps.registry import Registry
from hub.store.session import SessionReader, SessionWriter, StoredSession
from signing.base64url import encode

_TOKEN_BYTES = 32
# Seen more often than this is not written down: a page's reading would else be a write.
_SEEN_AGAIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Session:
    """An open session; `form_token` stands in its forms, and shows that a form came from one of our own pages.

    `is_stale` says that nobody looked at it for a minute: what may have changed outside is asked again.
    """

    stored: StoredSession
    form_token: str
    is_stale: bool = False

    @property
    def party(self) -> str:
        """The licence number of the enterprise, or of the officer's department."""
        return self.stored.party

    @property
    def agent(self) -> str | None:
        """The serial of an agent's cert: he sees what concerns his delegations; None: all of the enterprise's."""
        return self.stored.cert_serial if self.stored.role == "agent" else None


def open_session(
    connection: Connection,
    party: str,
    *,
    role: str | None = None,
    officer: str | None = None,
    terminal: str | None = None,
    cert_serial: str | None = None,
    subject_sha256: str | None = None,
    provider_session_sha256: str | None = None,
    term: timedelta,
    registry: Registry,
    now: datetime,
) -> str:
    """Begin a session within a transaction; return the token for the cookie. It is always a new one."""
    token = encode(registry.random(_TOKEN_BYTES))
    stored = StoredSession(
        _digest(token), party, role, officer, terminal, now, now, now + term, cert_serial=cert_serial,
        subject_sha256=subject_sha256, provider_session_sha256=provider_session_sha256,
    )  # fmt: skip
    SessionWriter(connection).add(stored)
    return token


def session_of(token: str, *, registry: Registry, now: datetime) -> Session:
    """Return the open session of a token. Raises AccessError session_missing, session_ended."""
    if not token:
        raise AccessError("session_missing")
    digest = _digest(token)
    with registry.database.read() as connection:
        stored = SessionReader(connection).get(digest)
    if stored is None:
        raise AccessError("session_missing")
    if stored.ended_at is not None or not now < min(stored.ends_at, stored.seen_at + registry.terms.session_idle):
        raise AccessError("session_ended")
    is_stale = now - stored.seen_at >= _SEEN_AGAIN
    if is_stale:
        registry.database.write(lambda connection: SessionWriter(connection).see(digest, now))
    return Session(stored, form_token(digest, registry), is_stale)


def end_session(token: str, *, registry: Registry, now: datetime) -> None:
    """End a session: its token opens nothing any more; one that is none is let be."""
    registry.database.write(lambda connection: SessionWriter(connection).end(_digest(token), now))


def leave(session: Session, *, registry: Registry, now: datetime) -> None:
    """End a session by whoever sits there."""
    registry.database.write(lambda connection: SessionWriter(connection).end(session.stored.token_sha256, now))


def sessions_of_officer(session: Session, *, registry: Registry, now: datetime) -> list[StoredSession]:
    """Return the open sessions of the officer whose session this is, the newest first."""
    with registry.database.read() as connection:
        found = SessionReader(connection).open_of(session.party, now)
    return [each for each in found if each.officer is not None and each.officer == session.stored.officer]


def leave_everywhere(session: Session, *, registry: Registry, now: datetime) -> None:
    """End every session of the officer whose session this is."""
    officer = session.stored.officer or ""
    registry.database.write(lambda connection: SessionWriter(connection).end_of_officer(officer, now))


def form_token(name: str, registry: Registry) -> str:
    """Return what a form of the session, or of the browser before it, of that name bears: nothing is stored for it."""
    return encode(keyed_digest(registry.facts_key, b"form\0" + name.encode(), "sha256"))


def check_form(shown: str, expected: str) -> None:
    """Refuse a form that none of our pages of this session sent: AccessError form_foreign."""
    if not compare_digest(shown.encode(), expected.encode()):
        raise AccessError("form_foreign")


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
