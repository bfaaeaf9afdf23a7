"""Proven time: an authority stamps heads of the log, and what a head covers was there then (design, decision 8).

The leader has the newest head stamped once a minute while leaves are added, and every ten minutes while none are; never
more often, also when the authority fails. A round:
1 due          by what was kept last, whoever kept it
2 ask          a timestamp over the SHA-256 of the head's note, with a fresh nonce
3 verify       the token, before anybody relies on it: authority, digest, nonce, our clock
4 keep         head and token, beside the log
A hub without a timestamp goes on: the head is the log's, and only the proof of its time comes later.
Source: RFC 3161.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from connectors.contract import TimestampAuthority
from hub.store.log import LogStore, ProvenTime
from signing.timestamp import require_fresh, verify_token

WHILE_BUSY = timedelta(minutes=1)
WHILE_IDLE = timedelta(minutes=10)
_NONCE_BYTES = 8


@dataclass(frozen=True, slots=True)
class Believed:
    """The authority that is asked; its cert is issued by one of `anchors` (DER), its `policy` is this one if any."""

    authority: TimestampAuthority
    anchors: Sequence[bytes]
    policy: str | None
    allow_test: bool


class Stamping:
    """One process's part in having heads stamped; `owner` names it as a leader of the log."""

    def __init__(self, *, store: LogStore, believed: Believed, owner: str, random: Callable[[int], bytes]) -> None:
        self._store = store
        self._believed = believed
        self._owner = owner
        self._random = random
        self._tried_at: datetime | None = None

    def round(self, now: datetime) -> None:
        """Have the newest head stamped when that is due and this process leads.

        Raises OutsideError, TimestampRefusedError: there is no timestamp, and the next try is a minute away.
        """
        if not self._store.is_led_by(self._owner, now) or not self._is_due(now):
            return
        self._tried_at = now
        head, nonce = self._store.head(), int.from_bytes(self._random(_NONCE_BYTES), "big")
        digest = sha256(head.note.encode()).digest()
        token = self._believed.authority.stamp(digest, nonce)
        stamp = verify_token(token, digest=digest, anchors=self._believed.anchors, allow_test=self._believed.allow_test)
        require_fresh(stamp, nonce=nonce, at=now, policy=self._believed.policy)
        root = head.edge.root()
        self._store.add_time(
            ProvenTime(head.number, head.size, root, head.note, token, stamp.gen_time, stamp.whose, now)
        )

    def _is_due(self, now: datetime) -> bool:
        if self._tried_at is not None and timedelta(0) <= now - self._tried_at < WHILE_BUSY:
            return False
        last = self._store.newest_time()
        if last is None:
            return True
        is_busy = self._store.pulse().size > last.size
        # A clock that was set back stamps anew rather than waits for what it takes for the future.
        return not timedelta(0) <= now - last.kept_at < (WHILE_BUSY if is_busy else WHILE_IDLE)


def proven_at(place: int, store: LogStore) -> datetime | None:
    """Return when an entry's leaf was there by another's word: the first witness or timestamp over it, or None.

    `place` is the entry's, which counts on through all logs.
    """
    log = store.log_at(place)
    index = place - log.head().first_place
    word, stamped = log.first_word(index), log.first_time(index)
    said = ([word.seen_at] if word is not None else []) + ([stamped.gen_time] if stamped is not None else [])
    return min(said, default=None)
