"""Reading in children: kept ready, used once, and whatever one of them does or says, the answer is an answer."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.public.examination.extracted import (
    PictureRead,
    Unread,
    read_answer,
    to_answer,
)
from hub.public.examination.forms import LARGEST_FILE
from hub.public.examination.reader import Reader
from hub.steps.files.confined.children import LARGEST_ANSWER
from hub.web.public.qr import qr_png
from tests.hub.examination.children import reading_children

TEXT = "https://HUB.EXAMPLE/Q/0123456789ABCDEFGHJKMNPQRS"
PICTURE = qr_png(TEXT, 8)
READY = "import os, sys, time; os.write(1, b'ready'); "


@contextmanager
def reading(*, ready: int = 0, program: str | None = None) -> Iterator[Reader]:
    reader = Reader(ready=ready) if program is None else Reader(ready=ready, program=program)
    reader.start()
    try:
        yield reader
    finally:
        reader.close()


def children() -> set[str]:
    """Return the process ids of the reading children of this process."""
    return reading_children(os.getpid())


def test_children_are_kept_ready_used_once_and_replaced() -> None:
    with reading(ready=2) as reader:
        before = children()
        assert reader.read(PICTURE) == PictureRead((TEXT,))
        after = children()
        assert [len(before), len(after), len(before & after)] == [2, 2, 1]
    assert children() == set()


def test_reader_reads_without_children_kept_ready() -> None:
    with reading() as reader:
        assert reader.read(PICTURE) == PictureRead((TEXT,))
        assert children() == set()


def test_child_has_no_environment_and_is_in_no_folder_of_ours() -> None:
    with reading(ready=1, program=READY + "os.chdir('/'); sys.stdin.read()"):
        [child] = children()
        assert Path(f"/proc/{child}/environ").read_bytes() == b""


def test_child_that_died_while_it_waited_is_not_asked() -> None:
    with reading(ready=1) as reader:
        (child,) = map(int, children())
        os.kill(child, signal.SIGKILL)
        os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
        assert reader.read(PICTURE) == PictureRead((TEXT,))


@pytest.mark.parametrize(
    "program",
    [
        "os.abort()",
        "sys.exit(1)",
        "os.kill(os.getpid(), 9)",
        "sys.stdin.buffer.read()",
        "os.write(1, b'[]')",
        "os.write(1, b'\\xff' * 60_000)",
        "sys.stdin.read(); [os.write(1, bytes(60_000)) for _ in range(1000)]",
        "os.close(0)",
        "os.write(1, b'\\0\\0\\0\\6unread\\0\\0\\0\\7because')",
    ],
)
def test_child_that_crashes_or_talks_nonsense_has_not_read_the_file(program: str) -> None:
    with reading(program=READY + program) as reader:
        assert reader.read(bytes(LARGEST_FILE)) == Unread("unreadable")


@pytest.mark.parametrize(
    "program", ["time.sleep(99)", "os.close(1); time.sleep(99)", "[os.write(1, bytes(99)) for _ in iter(int, 1)]"]
)
def test_child_that_takes_too_long_is_killed(program: str) -> None:
    with reading(program=READY + program) as reader:
        assert reader.read(bytes(LARGEST_FILE)) == Unread("too_slow")
        assert children() == set()


def test_child_that_cannot_start_is_a_fault_of_ours_and_not_of_the_file() -> None:
    with reading(program="raise SystemExit(1)") as reader, pytest.raises(OSError, match="did not start"):
        reader.read(PICTURE)


@given(st.binary(max_size=300))
def test_whatever_is_answered_something_is_read(raw: bytes) -> None:
    assert isinstance(read_answer(raw), PictureRead | Unread)


@given(st.lists(st.text(max_size=50), max_size=16))
def test_answer_arrives_as_it_was_given(texts: list[str]) -> None:
    found = PictureRead(tuple(text.encode(errors="replace").decode() for text in texts))
    assert read_answer(to_answer(found)) == found


def test_answer_past_its_bounds_is_none() -> None:
    whole = to_answer(PictureRead((TEXT,)))
    broken = [
        whole[:-1],
        whole + b"\0",
        b"",
        to_answer(PictureRead(("x",) * 17)),
        to_answer(PictureRead(("x" * 9000,))),
    ]
    assert {read_answer(each) for each in broken} == {Unread("unreadable")}
    assert read_answer(bytes(LARGEST_ANSWER + 1)) == Unread("unreadable")
