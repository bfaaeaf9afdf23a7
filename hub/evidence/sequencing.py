"""The sequencer: gives every entry its place in the log and publishes the signed head; one leader among all processes.

A round, down the list:
1 lead          a lease in the log's store, taken or kept; without it nothing is done
2 compare       the database has the log's last leaf at its place, else it was rolled back and nothing is signed
3 place         one transaction gives the entries that wait the next places; a place is never given twice
4 write         the tiles that became full, on disk
5 sign          the new head, which begins with every earlier one: it is the old edge and what follows it
6 publish       compare-and-swap in the log's store, on disk: commit point
A crash between 3 and 6 leaves places without a head over them, which the next leader publishes. One who was stopped and
wakes finds his lease over before he signs; had he signed already, the swap fails and nobody sees it. What he signed
would be a beginning of the same tree all the same, because places come from the database alone.
A key of the log that is revoked signs no more: what waits waits for the next one. That signs the head it finds anew,
and goes on; the tree is that of the database, whoever signed it before.
Source: design, decision 7; C2SP tlog-checkpoint ("MUST not sign any checkpoint inconsistent with" an earlier one).
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection

from hub.errors import StoreError
from hub.steps.log.watch import rolled_back_to
from hub.store.database import Database
from hub.store.entry import EntryReader, give_places
from hub.store.log import Head, LogStore, Pulse
from signing.algorithms import PublicKey
from signing.checkpoint import Checkpoint, NoteKey, sign_checkpoint
from signing.log_head import Revoked, RevokedKey, revoked_signer
from signing.merkle import EMPTY, TILE_WIDTH, leaf_hash
from signing.signers import Signer
from signing.tiles import bundle, read_bundle

LEASE = timedelta(seconds=10)
MOST_A_ROUND = 4_096
_BEAT = timedelta(seconds=3)
_ROUND_SECONDS = 0.1


class LogKey:
    """The log's name and the key that signs its heads: that which counts at the moment of each."""

    def __init__(self, origin: str, signer: Callable[[], Signer], public_key: Callable[[], PublicKey]) -> None:
        self.origin = origin
        self._signer = signer
        self._public_key = public_key
        self._opened: tuple[Signer, PublicKey] | None = None

    @property
    def text(self) -> str:
        """The public key in the one-line form of notes."""
        return NoteKey(self.origin, self._open()[1]).text

    def revoked_by(self, revoked: Revoked) -> RevokedKey | None:
        """Return what revokes the key that counts at this moment; None when nothing does."""
        return next((each for each in revoked if each.is_key(self._open()[1])), None)

    def sign(self, size: int, root: bytes) -> str:
        """Return the checkpoint's note."""
        return sign_checkpoint(Checkpoint(self.origin, size, root), *self._open())

    def _open(self) -> tuple[Signer, PublicKey]:
        signer, opened = self._signer(), self._opened
        if opened is None or opened[0] is not signer:
            opened = self._opened = (signer, self._public_key())
        return opened


def empty_head(key: LogKey, now: datetime) -> Head:
    """Return the head of a log in which nothing is yet."""
    return Head(key.origin, EMPTY, b"", b"", key.sign(0, EMPTY.root()), now, now)


class Sequencer:
    """One process's part in the log. `owner` names it; `monotonic` counts seconds that never run backwards.

    `revoked` returns the log's keys that count no more.
    """

    def __init__(
        self,
        *,
        database: Database,
        store: LogStore,
        key: LogKey,
        owner: str,
        clock: Callable[[], datetime],
        revoked: Callable[[], Revoked],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._store = store
        self._key = key
        self._origin = key.origin
        self._owner = owner
        self._clock = clock
        self._revoked = revoked
        self._monotonic = monotonic
        self._beaten_at: float | None = None
        self._lead_until = 0.0

    def round(self) -> int:
        """Publish what waits, when there is anything and this process leads; return how many leaves were added.

        Raises StoreError store_rolled_back, log_key_revoked.
        """
        is_due = self._beaten_at is None or self._monotonic() - self._beaten_at >= _BEAT.total_seconds()
        with self._database.read() as connection:
            waits = EntryReader(connection).waits()
        if not waits and not is_due:
            return 0
        self._beaten_at = self._monotonic()
        if not self._lead():
            return 0
        head = self._store.head()
        if head.origin != self._origin:
            # Another process has closed the log that this one opened: what it would sign has another name.
            raise StoreError("log_other")
        if over := self._key.revoked_by(self._revoked()):
            raise StoreError("log_key_revoked", since=over.since.isoformat(timespec="seconds"))
        placed = self._place(head) if waits else 0
        return self._publish(head, is_whole=placed < MOST_A_ROUND)

    def _lead(self) -> bool:
        began = self._monotonic()
        if self._lead_until - began > LEASE.total_seconds() / 2:
            return True
        leads = self._store.lead(self._owner, self._clock(), LEASE)
        self._lead_until = began + LEASE.total_seconds() if leads else 0.0
        return leads

    def _place(self, head: Head) -> int:
        def place(connection: Connection) -> int:
            _refuse_rolled_back(EntryReader(connection), head)
            return give_places(connection, MOST_A_ROUND)

        return self._database.write(place)

    def _publish(self, head: Head, *, is_whole: bool) -> int:
        with self._database.snapshot() as connection:
            entries = EntryReader(connection)
            _refuse_rolled_back(entries, head)
            start = head.first_place + head.size
            leaves = entries.leaves(start, start + MOST_A_ROUND)
        after = extended(head, leaves, self._store) if leaves else head
        now, began = self._clock(), self._monotonic()
        after = replace(after, heard_at=now if is_whole and len(leaves) < MOST_A_ROUND else head.heard_at)
        if leaves or revoked_signer(head.note, head.origin, self._revoked()) is not None:
            # Whoever was stopped for a while is no leader any more, and signs nothing.
            if began >= self._lead_until:
                return 0
            after = replace(after, note=self._key.sign(after.size, after.edge.root()), signed_at=now)
        published = self._store.advance(head, after, self._owner, now + LEASE)
        self._lead_until = began + LEASE.total_seconds() if published else 0.0
        return len(leaves) if published else 0


def extended(head: Head, leaves: list[bytes], store: LogStore) -> Head:
    """Return the head with more leaves, not signed yet; the tiles that became full are on disk."""
    edge, full = head.edge.extended(map(leaf_hash, leaves))
    for tile in full:
        store.put_tile(head.number, tile.level, tile.index, tile.hashes)
    unfinished, index = read_bundle(head.leaves) + leaves, head.size // TILE_WIDTH
    while len(unfinished) >= TILE_WIDTH:
        store.put_tile(head.number, None, index, bundle(unfinished[:TILE_WIDTH]))
        unfinished, index = unfinished[TILE_WIDTH:], index + 1
    return replace(head, edge=edge, leaves=bundle(unfinished), last_leaf=leaves[-1])


def _refuse_rolled_back(entries: EntryReader, head: Head) -> None:
    back_to = rolled_back_to(entries, Pulse(head.size, head.last_leaf, head.heard_at, head.first_place))
    if back_to is not None:
        raise StoreError("store_rolled_back", to=back_to.isoformat(timespec="seconds"))


class SequencerThread:
    """Runs rounds until it is stopped; a round that fails is told in the log, once for each kind in a row."""

    def __init__(self, sequencer: Sequencer) -> None:
        self._sequencer = sequencer
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="sequencer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _serve(self) -> None:
        is_stopping, told = False, ""
        while not is_stopping:
            # The last round comes after the word to stop: what was acknowledged before is under the head.
            is_stopping = self._stopping.wait(_ROUND_SECONDS)
            try:
                self._sequencer.round()
                told = ""
            except Exception as error:
                kind = error.code if isinstance(error, StoreError) else type(error).__name__
                if kind != told:
                    structlog.get_logger("hub.sequencer").error("sequencer_failed", kind=kind)
                told = kind
