"""How the evidence log stands, as every process sees it: asked at most once a second.

A database that no longer has the log's last leaf at its place was rolled back, whoever did it and however well it looks
by itself: the log lies outside what is restored with it. A head whose key is revoked is none to rely on, until the next
key has signed it anew.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

from sqlalchemy import Connection

from hub.decisions.answers import LICENCE_TYPE
from hub.store.certificate import CertificateReader
from hub.store.database import Database
from hub.store.entry import EntryReader
from hub.store.log import LogStore, Pulse
from hub.store.lost_act import LostActReader
from hub.store.recovery import RecoveryReader
from schemas.evidence import LogState
from signing.log_head import Revoked, RevokedKey, revoked_signer

_FRESH = timedelta(seconds=1)


class LogWatch:
    """Tells the state of the log; `silence` is how long it may say nothing before issues and pulls stop.

    `revoked` returns the log's keys that count no more.
    """

    def __init__(
        self, database: Database, store: LogStore, *, silence: timedelta, revoked: Callable[[], Revoked]
    ) -> None:
        self._database = database
        self._revoked = revoked
        self._store = store
        self._silence = silence
        self._lock = Lock()
        self._seen: tuple[datetime, LogState] | None = None

    def __call__(self, now: datetime) -> LogState:
        seen = self._seen
        if seen is None or not timedelta(0) <= now - seen[0] < _FRESH:
            with self._lock:
                seen = self._seen = (now, self._look())
        return seen[1]

    def _look(self) -> LogState:
        pulse = self._store.pulse()
        with self._database.read() as connection:
            back_to = rolled_back_to(EntryReader(connection), pulse)
            recovery = RecoveryReader(connection).newest()
            held = _held(connection) if recovery is not None else frozenset()
        recovered_at = None if recovery is None else recovery.recovered_at
        is_settled = recovery is None or recovery.settled_at is not None
        over = self._revoked_signer()
        return LogState(
            pulse.size, pulse.heard_at, self._silence, back_to, recovered_at, is_settled, held,
            None if over is None else over.since,
        )  # fmt: skip

    def _revoked_signer(self) -> RevokedKey | None:
        revoked = self._revoked()
        if not revoked:
            return None
        head = self._store.head()
        return revoked_signer(head.note, head.origin, revoked)


def _held(connection: Connection) -> frozenset[int]:
    """Return the certificates of which a lost act is missing; where that is a licence, all that its holder has."""
    held, reader = LostActReader(connection).held(), CertificateReader(connection)
    licences = [each for each in reader.by_serial(sorted(held)).values() if each.certificate_type == LICENCE_TYPE]
    return held | {one.serial for each in licences for one in reader.current_of(each.licence_number)}


def rolled_back_to(entries: EntryReader, pulse: Pulse) -> datetime | None:
    """Return the moment of the newest act a rolled-back database knows; None when it knows all that the log does."""
    if pulse.size == 0 or entries.leaf_at(pulse.last_place) == pulse.last_leaf:
        return None
    return entries.last_recorded_at() or datetime.min.replace(tzinfo=pulse.heard_at.tzinfo)
