"""A witness of logs: it says when it saw a head, and never vouches for two heads of one log that do not agree.

It is nobody's part of the hub: another party runs it (`yizhao witness`), with a key and a memory of its own. A request,
down the list:
1 read         the form of the request and of the note
2 whose        the log is one it was configured with, and the note bears a signature of that log's key
3 compare      the request continues the head it remembers, else it is told the size that is remembered
4 prove        the new tree begins with the remembered one
5 remember     the new head is on disk: commit point
6 vouch        the cosignature over it, of this second
A crash between 5 and 6 leaves a head that is remembered and not vouched for: asked again, it is. Steps 3 to 6 happen
for one request at a time. A clock that runs backwards stops it: its words would contradict each other.
Sources: C2SP tlog-witness ("add-checkpoint", the order of answers), tlog-cosignature (v1: "as of the specified time,
the consistent tree head with the largest size"), RFC 6962 section 2.1.2.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from hub.store.witness import Seen, WitnessStore
from signing.checkpoint import Checkpoint, NoteKey, cosign, read_checkpoint, split_note
from signing.errors import AlgorithmRefusedError, MalformedTokenError, SignatureInvalidError
from signing.merkle import verify_consistency
from signing.signers import Signer
from signing.witness_request import WitnessRequest, parse_witness_request

_NO_WORD_YET = datetime(1970, 1, 1, tzinfo=UTC)


class Said(StrEnum):
    """How a witness answers."""

    COSIGNED = "cosigned"
    MALFORMED = "malformed"
    UNKNOWN_LOG = "unknown_log"
    UNKNOWN_KEY = "unknown_key"
    OTHER_SIZE = "other_size"
    OTHER_ROOT = "other_root"
    NOT_CONSISTENT = "not_consistent"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Word:
    """An answer: `line` is the cosignature where it vouched, `size` what it remembers where that is another one.

    `checkpoint` is the head it was shown, once that is known to be the log's.
    """

    said: Said
    line: str = ""
    size: int = 0
    checkpoint: Checkpoint | None = None


class Witness:
    """One witness; `logs` are the keys it was configured with, several where a log changes its key."""

    def __init__(
        self,
        *,
        logs: Sequence[NoteKey],
        key: NoteKey,
        signer: Signer,
        store: WitnessStore,
        clock: Callable[[], datetime],
    ) -> None:
        self._logs = tuple(logs)
        self._key = key
        self._signer = signer
        self._store = store
        self._clock = clock
        self._lock = threading.Lock()
        for log in logs:
            store.enter(log.name, _NO_WORD_YET)

    def add_checkpoint(self, body: bytes) -> Word:
        """Return the answer to a request's body, as it came from a stranger."""
        try:
            asked = parse_witness_request(body)
            origin = split_note(asked.note)[0].partition("\n")[0]
            keys = [key for key in self._logs if key.name == origin]
            if not keys:
                return Word(Said.UNKNOWN_LOG)
            shown = _signed(asked.note, keys)
        except MalformedTokenError:
            return Word(Said.MALFORMED)
        if shown is None:
            return Word(Said.UNKNOWN_KEY)
        if asked.old > shown.size:
            return Word(Said.MALFORMED)
        with self._lock:
            return self._vouch(asked, shown)

    def _vouch(self, asked: WitnessRequest, shown: Checkpoint) -> Word:
        before, now = self._store.newest(shown.origin), self._clock()
        if asked.old != before.size:
            return Word(Said.OTHER_SIZE, size=before.size, checkpoint=shown)
        if shown.size == before.size and shown.root != before.root:
            return Word(Said.OTHER_ROOT, size=before.size, checkpoint=shown)
        if not verify_consistency(before.size, shown.size, before.root, shown.root, asked.path):
            return Word(Said.NOT_CONSISTENT, size=before.size, checkpoint=shown)
        if now < before.seen_at:
            return Word(Said.CLOCK, size=before.size, checkpoint=shown)
        if not self._store.advance(shown.origin, before, Seen(shown.size, shown.root, now)):
            return Word(Said.OTHER_SIZE, size=self._store.newest(shown.origin).size, checkpoint=shown)
        line = cosign(asked.note, self._signer, self._key, now)
        return Word(Said.COSIGNED, line=line, size=shown.size, checkpoint=shown)


def _signed(note: str, keys: Sequence[NoteKey]) -> Checkpoint | None:
    """Return what a note says when one of the keys signed it."""
    for key in keys:
        try:
            return read_checkpoint(note, key)
        except (SignatureInvalidError, AlgorithmRefusedError):
            continue
    return None
