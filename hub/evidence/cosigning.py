"""The hub asks its witnesses: the leader shows every published head to each of them and keeps what they vouch for.

A round, a second apart, in the process that leads: the head is read once and shown to every witness that is not being
asked at this moment, each in a thread of its own, so that one which is slow or gone holds up neither the others nor the
sequencer. Per witness:
1 prove        the proof from the size it saw last; it says so itself when it is another one, and is asked once more
2 verify       its lines, by the key that was configured; the time in them is near ours
3 keep         its word beside the head
A head between two rounds is shown to nobody: cosignatures count whole seconds. A witness that saw more leaves than
there are, or another tree of the same size, tells of a log that was set back: an operator must look, nothing is kept.
A head whose key is revoked is shown to nobody; signed anew by the next one, it is shown again, however large it was.
Sources: design, decision 7; C2SP tlog-witness, tlog-cosignature.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from connectors.contract import LogWitness, OutsideError
from hub.store.log import Head, LogStore, WitnessWord
from hub.store.log_view import LogView
from signing.checkpoint import NoteKey, add_lines, cosignatures
from signing.errors import SigningError
from signing.log_head import Revoked, revoked_signer
from signing.merkle import consistency_path

CLOCK_TOLERANCE = timedelta(minutes=5)
_LONGEST_PAUSE = timedelta(minutes=1)
_STOP_SECONDS = 1.0


@dataclass
class _Asked:
    """One witness, and what this process knows of it. `told` is the failure that stands in the log already."""

    witness: LogWitness
    remembers: int | None = None
    failures: int = 0
    not_before: datetime | None = None
    told: str | None = None
    thread: threading.Thread = field(default_factory=threading.Thread)


class Cosigning:
    """One process's part in asking witnesses; `owner` names it as a leader of the log.

    `revoked` returns the log's keys that count no more.
    """

    def __init__(
        self, *, store: LogStore, witnesses: Sequence[LogWitness], owner: str, revoked: Callable[[], Revoked]
    ) -> None:
        self._store = store
        self._owner = owner
        self._revoked = revoked
        self._all = [_Asked(each) for each in witnesses]
        self._stopping = threading.Event()

    def round(self, now: datetime) -> None:
        """Show the newest head to every witness that is free, when this process leads."""
        if not self._all or not self._store.is_led_by(self._owner, now):
            return
        head, revoked = self._store.head(), self._revoked()
        if revoked_signer(head.note, head.origin, revoked) is not None:
            return
        for asked in self._all:
            if not asked.thread.is_alive() and self._is_due(asked, head, revoked, now):
                asked.thread = threading.Thread(target=self._ask, args=(asked, head, now), name="witness", daemon=True)
                asked.thread.start()

    def wait(self, seconds: float) -> None:
        """Wait for the witnesses that are being asked, so long for all of them together."""
        ends = time.monotonic() + seconds
        for asked in self._all:
            if asked.thread.is_alive():
                asked.thread.join(max(0.0, ends - time.monotonic()))

    def stop(self) -> None:
        """Begin nothing more; an answer that is still out is not kept."""
        self._stopping.set()
        self.wait(_STOP_SECONDS)

    def _is_due(self, asked: _Asked, head: Head, revoked: Revoked, now: datetime) -> bool:
        if asked.not_before is not None and now < asked.not_before:
            return False
        last = self._store.newest_word(asked.witness.key.text, revoked)
        if asked.remembers is None:
            asked.remembers = last.size if last is not None else 0
        return head.size > (last.size if last is not None else 0)

    def _ask(self, asked: _Asked, head: Head, now: datetime) -> None:
        log = structlog.get_logger("hub.witnesses")
        try:
            failure = self._vouched(asked, head, now)
        except OutsideError as error:
            failure = error.reason if error.status is None else f"{error.reason} {error.status}"
        except Exception as error:
            failure = type(error).__name__
        if failure is None:
            asked.failures, asked.not_before, asked.told = 0, None, None
            return
        asked.failures += 1
        asked.not_before = now + min(_LONGEST_PAUSE, timedelta(seconds=2 ** min(asked.failures, 10)))
        if failure != asked.told and not self._stopping.is_set():
            log.error("witness_failed", witness=asked.witness.key.name, kind=failure, size=head.size)
        asked.told = failure

    def _vouched(self, asked: _Asked, head: Head, now: datetime) -> str | None:
        """Ask one witness; return why there is no word of it."""
        tiles, old = LogView(self._store, head).hashes, asked.remembers or 0
        answer = asked.witness.add_checkpoint(old, consistency_path(old, head.size, tiles), head.note)
        if answer.size is not None:
            if answer.size > head.size:
                return "witness_ahead"
            old = asked.remembers = answer.size
            answer = asked.witness.add_checkpoint(old, consistency_path(old, head.size, tiles), head.note)
        if answer.size is not None:
            return "witness_undecided"
        word = _word_of(asked.witness.key, head, answer.lines)
        if word is None:
            return "no_word"
        if abs(word.seen_at - now) > CLOCK_TOLERANCE:
            return "time"
        asked.remembers = head.size
        if not self._stopping.is_set():
            self._store.add_word(word, self._revoked())
        return None


def _word_of(key: NoteKey, head: Head, lines: Sequence[str]) -> WitnessWord | None:
    """Return the witness's word among the lines; those of other keys are ignored, as C2SP has it."""
    for line in lines:
        try:
            found = cosignatures(add_lines(head.note, [line]), [key])
        except SigningError:
            continue
        if found:
            return WitnessWord(head.number, key.text, head.size, head.note, line, found[0].seen_at)
    return None
