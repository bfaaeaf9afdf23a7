"""Whether an assertion, a DPoP proof or an access token is of this moment, and shown for the first time.

(Statements have an age of their own, see `hub/steps/orders/statements.py`; the mark below, which is told with who
calls, holds for them too.)

Clocks (FAPI 2.0 Security Profile, 5.3.2.1): `iat` and `nbf` up to 10 s ahead are accepted, more than 60 s never. What
lies between is the site's to decide: the setting `clock_skew` (10 to 60, by default 10) is how far ahead another clock
may be.

Replay: what was shown is spent in the database, so that it counts once in all processes and after a restart. It is
remembered for `REMEMBERED`, longer than any of it is good for, so that a clock set back by minutes forgets nothing.

Two things take memory away, and both leave a mark below which nothing is accepted, because it may have been spent:
- the store was restored from a backup (`note_restored`): what was issued until then, and within a clock's greatest
  error after it, is refused;
- a clock was set back behind what was forgotten: what is as old as that is refused. `note_restored` ends this too, once
  the clock is right.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf, nan
from typing import Any

from sqlalchemy import Connection

from hub.store.database import Database
from hub.store.installation import InstallationReader, InstallationWriter
from hub.store.statement import StatementWriter
from hub.terms import Terms
from schemas.evidence import GREATEST_ERROR

REMEMBERED = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Window:
    """When what is presented may have been issued: after `after`, and not past `latest` (seconds since 1970 UTC)."""

    after: float
    latest: float

    def holds(self, claims: Mapping[str, Any]) -> bool:
        """Say whether `iat`, and `nbf` where it stands, are moments within; without an `iat` they are not."""
        issued_at = number(claims, "iat")
        return self.after < issued_at <= self.latest and ("nbf" not in claims or number(claims, "nbf") <= self.latest)


def refused_until(connection: Connection) -> datetime | None:
    """Return the moment up to which nothing that was issued is accepted, by what the store can still remember."""
    restored_at, forgotten_until = InstallationReader(connection).memory_marks()
    marks = [] if restored_at is None else [restored_at + GREATEST_ERROR]
    if forgotten_until is not None:
        # The newest that was forgotten was spent then, and issued no more than a clock's greatest error after.
        marks.append(forgotten_until - REMEMBERED + GREATEST_ERROR)
    return max(marks, default=None)


def read_window(connection: Connection, *, terms: Terms, now: datetime) -> Window:
    """Return the window of this moment, by what the store can still remember."""
    until = refused_until(connection)
    latest = now + min(terms.clock_skew, GREATEST_ERROR)
    return Window(-inf if until is None else until.timestamp(), latest.timestamp())


def spend(kind: str, party: str, value: str, *, database: Database, now: datetime) -> bool:
    """Spend a `jti`; False when it was spent before, by this process or any other.

    `kind` is assertion, proof or provider state.
    """
    until = now + REMEMBERED
    return database.write(lambda connection: StatementWriter(connection).spend(kind, party, value, expires_at=until))


def note_restored(connection: Connection, now: datetime) -> None:
    """Note that the store was restored, or its clock put right: whatever may have been spent before `now` is refused.

    To be called once (`yizhao restored`), after the restore and before any hub serves that store.
    """
    InstallationWriter(connection).note_restored(now)


def number(claims: Mapping[str, Any], name: str) -> float:
    """Return a time a token names; what is no number compares as false with every moment."""
    value = claims.get(name)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else nan
