"""Proven time: an authority stamps heads of the log, and what a head covers was there then (design, decision 8).

What was sealed, drawn or handed over counts for good once its entry is older, by another's word, than the end of the
key that signed it; whatever claims to be so old and has no such word does not. The claimed time is never asked.
The leader has the newest head stamped once a minute while leaves are added, and every ten minutes while none are; never
more often, also when the authority fails. A round:
1 due          by what was kept last, whoever kept it
2 ask          a timestamp over the SHA-256 of the head's note, with a fresh nonce
3 verify       the token, before anybody relies on it: authority, digest, nonce, our clock
4 keep         head and token, beside the log
A hub without a timestamp goes on: the head is the log's, and only the proof of its time comes later.

A head counts as `signing/log_head.py` says: once the log's key is revoked, a word on a head by it that is not older
than that proves nothing, and what lost its first word has the next one, on a head by the key that follows.

A key that ended by age leaves all that it sealed to be proven, by ones, whenever somebody scans it. So once it is over
for a while, upkeep finds by one question which of its records were entered before the last word in its time, and keeps
that in memory; a scan asks nothing more of them than of others. The rows are believed there as they are for keys in
force. What a revoked key sealed is always held against the very leaf in the log.
Source: RFC 3161.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TypeVar

from connectors.contract import TimestampAuthority
from hub.errors import HubError
from hub.store.database import Database
from hub.store.entry import EntryReader, StoredEntry
from hub.store.exchange import ExchangeReader
from hub.store.log import LogStore, ProvenTime
from hub.store.log_view import LogView
from hub.store.resealing import Covered, ResealingReader
from signing.commitment import following_leaf, leaf
from signing.errors import KeyUnknownError
from signing.jws import parse_json
from signing.log_head import Revoked, revoked_log_keys, revoked_signer
from signing.timestamp import require_fresh, verify_token
from signing.trust import HubKey, SealIssuer, TrustList

WHILE_BUSY = timedelta(minutes=1)
WHILE_IDLE = timedelta(minutes=10)
_NONCE_BYTES = 8
_MOST_REMEMBERED = 200_000
# An order that was begun in a key's last moment is sealed, and has its entry, or its intention tells of it.
_SETTLED = timedelta(hours=1)
K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Believed:
    """The authority that is asked; its cert is issued by one of `anchors` (DER), its `policy` is this one if any."""

    authority: TimestampAuthority
    anchors: Sequence[bytes]
    policy: str | None
    allow_test: bool


class Stamping:
    """One process's part in having heads stamped; `owner` names it as a leader of the log.

    `revoked` returns the log's keys that count no more: a head by one of them is not worth a stamp.
    """

    def __init__(
        self,
        *,
        store: LogStore,
        believed: Believed,
        owner: str,
        random: Callable[[int], bytes],
        revoked: Callable[[], Revoked],
    ) -> None:
        self._store = store
        self._believed = believed
        self._owner = owner
        self._random = random
        self._revoked = revoked
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
        revoked = self._revoked()
        head = self._store.head()
        if revoked_signer(head.note, head.origin, revoked) is not None:
            return False
        last = self._store.newest_time(revoked)
        if last is None:
            return True
        is_busy = self._store.pulse().size > last.size
        # A clock that was set back stamps anew rather than waits for what it takes for the future.
        return not timedelta(0) <= now - last.kept_at < (WHILE_BUSY if is_busy else WHILE_IDLE)


def proven_at(place: int, store: LogStore, revoked: Revoked) -> datetime | None:
    """Return when an entry's leaf was there by another's word: the first witness or timestamp over it, or None.

    `place` is the entry's, which counts on through all logs; `revoked` are the log's keys that count no more.
    """
    log = store.log_at(place)
    head = log.head()
    index = place - head.first_place
    word, stamped = log.first_word(index, revoked), log.first_time(index, revoked)
    said = ([word.seen_at] if word is not None else []) + ([stamped.gen_time] if stamped is not None else [])
    if said or head.number == store.head().number:
        return min(said, default=None)
    # The log that follows a closed one begins with its last head: what covers that leaf covers all that was before.
    following = head.first_place + head.size
    is_chained = LogView(store.log_at(following)).leaf(0) == following_leaf(head.note)
    return proven_at(following, store, revoked) if is_chained else None


class SealTimeUnreadError(Exception):
    """Whether a seal is proven is not in memory: the store and the log must be asked."""


class SealTimes:
    """Says of what was sealed whether that is proven older than the end of the key that sealed it.

    It reads the store and the log, and remembers what is proven: that changes with the log's keys that are `revoked`,
    and with nothing else. What is not proven is asked again.
    """

    def __init__(self, database: Database, store: LogStore) -> None:
        self._database = database
        self._store = store
        self._revoked: Revoked = ()
        self._known: dict[tuple[str, str, Revoked], datetime] = {}
        self._acts: dict[tuple[int, str], tuple[str, str]] = {}
        self._covered: dict[tuple[str, datetime, Revoked], Covered] = {}
        self._wanted: set[tuple[str, datetime, Revoked]] = set()

    def covered_before(self, moment: datetime, revoked: Revoked) -> int:
        """Return the first place in the log that no other's word before a moment covers."""
        return self._store.covered_before(moment, revoked)

    def under(self, trust: TrustList | None) -> "InTime":
        """Return what answers with the ends of keys that a trust list names."""
        listed: list[SealIssuer | HubKey] = [*trust.seals, *trust.hub_keys] if trust is not None else []
        aged = {each.key_id: each.until_at for each in listed if each.until_at is not None and each.revoked_at is None}
        revoked = revoked_log_keys(trust) if trust is not None else ()
        if revoked != self._revoked:
            self._revoked = revoked
            for remembered in (self._known, self._covered, self._wanted):
                remembered.clear()
        return InTime(self, trust, aged, revoked)

    def settle(self, now: datetime) -> None:
        """Find what keys sealed in their time that ended by age, of those that were asked for since."""
        for wanted in sorted(self._wanted, key=lambda each: each[:2]):
            key_id, ends_at, revoked = wanted
            if now - ends_at < _SETTLED:
                continue
            place = self.covered_before(ends_at, revoked)
            with self._database.read() as connection:
                self._covered[wanted] = ResealingReader(connection).covered(place, key_id=key_id)
            self._wanted.discard(wanted)

    def is_covered(self, serial: int, key_id: str, ends_at: datetime, revoked: Revoked) -> bool:
        """Say whether a record is known to bear the seal of a key since before the end it came to by age."""
        covered = self._covered.get((key_id, ends_at, revoked))
        if covered is None:
            self._wanted.add((key_id, ends_at, revoked))
            return False
        return serial in covered

    def remembered(self, serial: int, key_id: str, revoked: Revoked) -> datetime | None:
        """Return since when a record is proven to bear the seal of a key, if that is in memory."""
        act = self._acts.get((serial, key_id))
        return None if act is None else self._known.get((*act, revoked))

    def record_at(self, serial: int, key_id: str, revoked: Revoked) -> datetime | None:
        """Return since when a record is proven to bear the seal of a key; None where nothing proves it."""
        act = self._acts.get((serial, key_id))
        if act is None:
            with self._database.read() as connection:
                act = ResealingReader(connection).act_of_seal(serial, key_id)
            if act is None:
                return None
            _remember(self._acts, (serial, key_id), act)
        return self.act_at(*act, revoked)

    def act_at(self, act_id: str, sealed_digest: str, revoked: Revoked) -> datetime | None:
        """Return since when the entry of an act that sealed these bytes (SHA-256, hex) is proven to be in the log."""
        known = self._known.get((act_id, sealed_digest, revoked))
        if known is not None:
            return known
        with self._database.read() as connection:
            entry = EntryReader(connection).get(act_id)
        found = None
        if entry is not None and parse_json(entry.act_bytes)["sealed"] == sealed_digest:
            found = self._entered_at(entry, revoked)
        if found is not None:
            _remember(self._known, (act_id, sealed_digest, revoked), found)
        return found

    def note_at(self, note: str, serial: str, revoked: Revoked) -> datetime | None:
        """Return since when a delivery note of this serial is proven to have been handed over."""
        with self._database.read() as connection:
            delivery = ExchangeReader(connection).delivery(serial)
        if delivery is None or delivery.note != note:
            return None
        return self.act_at(delivery.act_id, sha256(note.encode()).hexdigest(), revoked)

    def _entered_at(self, entry: StoredEntry, revoked: Revoked) -> datetime | None:
        """Return the proven time of an entry whose very leaf stands in the log: a row of the store is no proof."""
        place = entry.leaf_index
        if place is None or leaf(entry.salt, entry.act_bytes) != entry.leaf:
            return None
        try:
            view = LogView(self._store.log_at(place))
            index = place - view.head.first_place
            if not 0 <= index < view.size or view.leaf(index) != entry.leaf:
                return None
            return proven_at(place, self._store, revoked)
        except HubError:
            return None


@dataclass(frozen=True, slots=True)
class InTime:
    """Answers whether what a key sealed is proven older than that key's end; without a list, or an end, it is not."""

    times: SealTimes
    trust: TrustList | None
    # The keys that end by age and by nothing else.
    aged: Mapping[str, datetime]
    # The log's keys that count no more.
    revoked: Revoked

    def record(self, serial: int, key_id: str) -> bool:
        known = self.remembered(serial, key_id)
        return self._is_before(self.times.record_at(serial, key_id, self.revoked), key_id) if known is None else known

    def remembered(self, serial: int, key_id: str) -> bool | None:
        """Answer from memory; None where the store must be asked."""
        ends_at = self.aged.get(key_id)
        if ends_at is not None and self.times.is_covered(serial, key_id, ends_at, self.revoked):
            return True
        proven = self.times.remembered(serial, key_id, self.revoked)
        return None if proven is None else self._is_before(proven, key_id)

    def act(self, act_id: str, sealed_digest: str, key_id: str) -> bool:
        return self._is_before(self.times.act_at(act_id, sealed_digest, self.revoked), key_id)

    def note(self, note: str, serial: str, key_id: str) -> bool:
        return self._is_before(self.times.note_at(note, serial, self.revoked), key_id)

    def _is_before(self, proven: datetime | None, key_id: str) -> bool:
        if proven is None or self.trust is None:
            return False
        try:
            ends_at = self.trust.ends_at(key_id)
        except KeyUnknownError:
            return False
        return ends_at is not None and proven < ends_at


@dataclass(frozen=True, slots=True)
class Remembered:
    """The same answers for those who may not wait for the store, of records; SealTimeUnreadError where they must."""

    in_time: InTime

    def record(self, serial: int, key_id: str) -> bool:
        known = self.in_time.remembered(serial, key_id)
        if known is None:
            raise SealTimeUnreadError
        return known

    def act(self, act_id: str, sealed_digest: str, key_id: str) -> bool:
        raise SealTimeUnreadError

    def note(self, note: str, serial: str, key_id: str) -> bool:
        raise SealTimeUnreadError


def _remember(known: dict[K, V], key: K, found: V) -> None:
    if len(known) >= _MOST_REMEMBERED:
        known.clear()
    known[key] = found
