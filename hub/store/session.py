"""Sessions of pages, known by the digest of the token in a cookie, and the sign-ins of enterprises that began them."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Connection, select, update

from hub.store import tables
from hub.store.queries import select_by
from hub.store.upsert import insert_rows

_SESSION = tables.session


@dataclass(frozen=True, slots=True)
class StoredSignIn:
    """One sign-in of an enterprise: in which role of its e-licence, by which statement."""

    act_id: str
    applicant: str
    role: str
    statement: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class StoredSession:
    """Who sits at a browser: an enterprise's signer (`role`), or an `officer` of a department at its `terminal`.

    `party` is the licence number of either. A terminal is a system by its code; None where the browser has no key.
    `cert_serial` is that of the e-licence an agent signed in with: by it his delegations are known. The two digests
    (hex) are of a provider's names for an officer who came from there, and for the session he has there.
    """

    token_sha256: str
    party: str
    role: str | None
    officer: str | None
    terminal: str | None
    started_at: datetime
    seen_at: datetime
    ends_at: datetime
    ended_at: datetime | None = None
    cert_serial: str | None = None
    subject_sha256: str | None = None
    provider_session_sha256: str | None = None


BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
"""Before any session began."""


class SessionReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, token_sha256: str) -> StoredSession | None:
        row = select_by(self._connection, _SESSION, token_sha256=token_sha256).first()
        return None if row is None else StoredSession(*row)

    def open_of(self, party: str, now: datetime) -> list[StoredSession]:
        """Return the sessions of an enterprise or a department that are open, the newest first."""
        is_open = (_SESSION.c.party == party) & _SESSION.c.ended_at.is_(None) & (_SESSION.c.ends_at > now)
        rows = self._connection.execute(select(_SESSION).where(is_open).order_by(_SESSION.c.started_at.desc()))
        return [StoredSession(*row) for row in rows]


class SessionWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_sign_in(self, sign_in: StoredSignIn) -> None:
        insert_rows(
            self._connection, tables.sign_in, [{name: getattr(sign_in, name) for name in StoredSignIn.__slots__}]
        )

    def add(self, session: StoredSession) -> None:
        insert_rows(self._connection, _SESSION, [{name: getattr(session, name) for name in StoredSession.__slots__}])

    def see(self, token_sha256: str, now: datetime) -> None:
        """Note that a session was used."""
        same = _SESSION.c.token_sha256 == token_sha256
        self._connection.execute(update(_SESSION).where(same).values(seen_at=now))

    def bind(self, token_sha256: str, terminal: str) -> None:
        """Note at which terminal an officer's session is."""
        same = _SESSION.c.token_sha256 == token_sha256
        self._connection.execute(update(_SESSION).where(same).values(terminal=terminal))

    def end(self, token_sha256: str, now: datetime) -> bool:
        """End a session; False when it had ended before."""
        return self._end(_SESSION.c.token_sha256 == token_sha256, now) == 1

    def end_since(self, party: str, since: datetime, now: datetime) -> list[datetime]:
        """End the sessions of a party that began since then and are open; return when each began."""
        running = (_SESSION.c.party == party) & (_SESSION.c.started_at >= since)
        running &= _SESSION.c.ended_at.is_(None) & (_SESSION.c.ends_at > now)
        ended = update(_SESSION).where(running).values(ended_at=now).returning(_SESSION.c.started_at)
        return sorted(self._connection.execute(ended).scalars())

    def end_of_officer(self, officer: str, now: datetime) -> int:
        """End all open sessions of an officer; return how many."""
        return self._end(_SESSION.c.officer == officer, now)

    def end_of_provider(self, subject_sha256: str | None, provider_session_sha256: str | None, now: datetime) -> int:
        """End the open sessions that bear the one, or both where both are named; return how many."""
        if provider_session_sha256 is None:
            return self._end(_SESSION.c.subject_sha256 == subject_sha256, now)
        which = _SESSION.c.provider_session_sha256 == provider_session_sha256
        if subject_sha256 is not None:
            which &= _SESSION.c.subject_sha256 == subject_sha256
        return self._end(which, now)

    def _end(self, which: ColumnElement[bool], now: datetime) -> int:
        open_ = which & _SESSION.c.ended_at.is_(None)
        return self._connection.execute(update(_SESSION).where(open_).values(ended_at=now)).rowcount
