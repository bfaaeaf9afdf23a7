"""The witness: it vouches for one history of a log, whatever it is asked, how often, and by how many at once."""

import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.evidence.witness import Said, Witness, Word
from hub.store.witness import WitnessStore
from signing.algorithms import generate_private_key
from signing.checkpoint import NoteKey, cosignatures, read_checkpoint
from signing.errors import MalformedTokenError
from signing.signers.file import FileSigner
from signing.witness_request import make_witness_request, parse_witness_request
from tests.second import merkle
from tests.second.small_log import SmallLog

NOW = datetime(2026, 11, 23, 1, 0, 7, tzinfo=UTC)
PRIVATE = generate_private_key("Ed25519")
KEY = NoteKey("witness.example.test/one", PRIVATE.public_key(), is_witness=True)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def log() -> SmallLog:
    return SmallLog().add("a", "b", "c")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def witness(log: SmallLog, clock: Clock, tmp_path: Path) -> Iterator[Witness]:
    with closing(WitnessStore(tmp_path)) as store:
        yield open_witness(log, store, clock)


def open_witness(log: SmallLog, store: WitnessStore, clock: Clock) -> Witness:
    return Witness(logs=[log.key], key=KEY, signer=FileSigner(PRIVATE), store=store, clock=clock)


def test_it_vouches_for_a_head_and_the_one_that_follows(log: SmallLog, witness: Witness, clock: Clock) -> None:
    first = witness.add_checkpoint(log.ask(0))
    (word,) = cosignatures(log.note() + first.line, [KEY])
    assert (first.said, word.name, word.seen_at) == (Said.COSIGNED, KEY.name, NOW)
    log.add("d", "e")
    clock.now += timedelta(seconds=2)
    second = witness.add_checkpoint(log.ask(3))
    (later,) = cosignatures(log.note() + second.line, [KEY])
    assert later.seen_at == clock.now
    assert read_checkpoint(log.note() + second.line, log.key).size == 5


def test_it_tells_the_size_it_remembers_to_who_has_another(log: SmallLog, witness: Witness) -> None:
    witness.add_checkpoint(log.ask(0))
    log.add("d")
    told = witness.add_checkpoint(log.ask(0))
    assert (told.said, told.size, told.line) == (Said.OTHER_SIZE, 3, "")
    assert witness.add_checkpoint(log.ask(told.size)).said is Said.COSIGNED


def test_same_head_is_vouched_for_again(log: SmallLog, witness: Witness, clock: Clock) -> None:
    """As after a crash between remembering and answering."""
    witness.add_checkpoint(log.ask(0))
    clock.now += timedelta(minutes=1)
    again = witness.add_checkpoint(log.ask(3))
    (word,) = cosignatures(log.note() + again.line, [KEY])
    assert word.seen_at == clock.now


def test_fork_of_the_same_size_is_refused(log: SmallLog, witness: Witness) -> None:
    log.add("d")
    fork = log.fork()
    fork.leaves[-1] = b"other"
    assert witness.add_checkpoint(log.ask(0)).said is Said.COSIGNED
    refused = witness.add_checkpoint(fork.ask(4))
    assert (refused.said, refused.size, refused.line) == (Said.OTHER_ROOT, 4, "")


def test_larger_fork_has_no_proof(log: SmallLog, witness: Witness) -> None:
    fork = log.fork().add("x", "y", "z")
    log.add("d")
    witness.add_checkpoint(log.ask(0))
    refused = witness.add_checkpoint(fork.ask(4))
    assert (refused.said, refused.line) == (Said.NOT_CONSISTENT, "")


def test_smaller_head_is_never_vouched_for_again(log: SmallLog, witness: Witness) -> None:
    witness.add_checkpoint(log.ask(0))
    assert witness.add_checkpoint(log.ask(2, 2)).said is Said.OTHER_SIZE
    assert witness.add_checkpoint(log.ask(3, 2, path=[])).said is Said.MALFORMED  # old is larger than the head


def test_proof_where_none_is_due_is_refused(log: SmallLog, witness: Witness) -> None:
    assert witness.add_checkpoint(log.ask(0, path=[merkle.head([b"a"])])).said is Said.NOT_CONSISTENT


def test_unknown_log_and_unknown_key_are_told_apart(log: SmallLog, witness: Witness) -> None:
    assert witness.add_checkpoint(SmallLog("other.example.test/log").add("a").ask(0)).said is Said.UNKNOWN_LOG
    assert witness.add_checkpoint(SmallLog().add("a").ask(0)).said is Said.UNKNOWN_KEY


def test_signature_over_another_head_is_refused(log: SmallLog, witness: Witness) -> None:
    body = log.ask(0).replace(b"\n3\n", b"\n4\n")
    assert witness.add_checkpoint(body).said is Said.UNKNOWN_KEY


def test_a_log_may_change_its_key(log: SmallLog, clock: Clock, tmp_path: Path) -> None:
    newer = SmallLog().add("a", "b", "c", "d")
    with closing(WitnessStore(tmp_path)) as store:
        witness = Witness(logs=[log.key, newer.key], key=KEY, signer=FileSigner(PRIVATE), store=store, clock=clock)
        assert witness.add_checkpoint(log.ask(0)).said is Said.COSIGNED
        assert witness.add_checkpoint(newer.ask(3)).said is Said.COSIGNED


def test_clock_that_runs_backwards_says_nothing(log: SmallLog, witness: Witness, clock: Clock) -> None:
    witness.add_checkpoint(log.ask(0))
    clock.now -= timedelta(seconds=5)
    assert witness.add_checkpoint(log.add("d").ask(3)).said is Said.CLOCK


BROKEN = {
    "empty": b"",
    "no note": b"old 0\n\n",
    "no old size": b"\n\nhub.example.test/log/TEST\n",
    "a leading zero": b"old 00\n\n",
    "a negative size": b"old -1\n\n",
    "a size of Arabic digits": "old ٣\n\n".encode(),
    "half a hash": b"old 1\nAAAA\n\n",
    "a hash in another base64": b"old 1\n" + b64encode(b"\xff" * 32).replace(b"/", b"_") + b"\n\n",
    "64 hashes": b"old 1\n" + (b64encode(bytes(32)) + b"\n") * 64 + b"\n",
    "not UTF-8": b"old 0\n\n\xff\n",
    "too long": b"old 0\n\n" + b"x" * 100_000,
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_broken_request_is_malformed(body: bytes, log: SmallLog, witness: Witness) -> None:
    assert witness.add_checkpoint(body).said is Said.MALFORMED
    assert witness.add_checkpoint(body + log.note().encode()[:-1]).said is Said.MALFORMED


@settings(max_examples=30)
@given(st.integers(0, 2**62), st.lists(st.binary(min_size=32, max_size=32), max_size=63), st.text(max_size=40))
def test_request_is_read_as_it_was_made(old: int, path: list[bytes], note: str) -> None:
    read = parse_witness_request(make_witness_request(old, path, note))
    assert (read.old, list(read.path), read.note) == (old, path, note)


@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_whatever_is_sent_is_read_or_malformed(body: bytes) -> None:
    with suppress(MalformedTokenError):
        parse_witness_request(body)


def test_of_two_forks_asked_at_once_one_is_vouched_for(log: SmallLog, clock: Clock, tmp_path: Path) -> None:
    """Through two openings of the same memory, as if two processes had got past the lock of the folder."""
    with closing(WitnessStore(tmp_path)) as one, closing(WitnessStore(tmp_path)) as other:
        witnesses = [open_witness(log, one, clock), open_witness(log, other, clock)]
        witnesses[0].add_checkpoint(log.ask(0))
        forks = [log.fork().add(f"fork {number}", "more") for number in range(16)]
        start, words = threading.Barrier(16), list[Word]()

        def ask(number: int) -> None:
            start.wait()
            words.append(witnesses[number % 2].add_checkpoint(forks[number].ask(3)))

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
    assert [each.said for each in words].count(Said.COSIGNED) == 1
    assert {each.said for each in words} == {Said.COSIGNED, Said.OTHER_SIZE}
