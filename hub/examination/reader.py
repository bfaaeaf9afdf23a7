"""Reading strangers' files: each in a child process of its own (`reading_child`), spawned, and killed when it is late.

A child has an empty environment and finds its modules where this process does. Some are kept ready, so that nobody
waits for an interpreter to start; each reads one file, so that what it says can depend on that file alone. A child
that crashes, is killed, or says what no child of ours says has not read the file: that is an answer, not an error.
How many run at once is for the doors to say (`hub/web/limits.py`).
"""

import os
import subprocess
import sys
from collections import deque
from contextlib import suppress
from threading import Lock, Timer
from typing import IO, cast

from hub.examination.extracted import LARGEST_ANSWER, READY, TOO_SLOW, Extracted, Unread, read_answer

# A file is answered or refused within five seconds; what is left is for this side.
LONGEST_SECONDS = 4.5
READ_ONE_FILE = "import sys; sys.path[:] = sys.argv[1:]; from hub.examination.reading_child import serve; serve()"


class Reader:
    """Reads files, several at a time from different threads; `ready` children are kept waiting for the next.

    `program` is what a child runs, in Python.
    """

    def __init__(self, *, ready: int = 0, program: str = READ_ONE_FILE) -> None:
        self._wanted = ready
        self._program = program
        self._ready: deque[_Child] = deque()
        self._lock = Lock()

    def start(self) -> None:
        """Start the children that are kept ready."""
        with self._lock:
            while len(self._ready) < self._wanted:
                self._ready.append(_Child(self._program))

    def read(self, raw: bytes) -> Extracted:
        """Return what a child took out of `raw`, whatever that is. Raises OSError when no child can be started."""
        child = self._next()
        try:
            self.start()
            return child.read(raw)
        finally:
            child.end()

    def close(self) -> None:
        """End the children that wait."""
        with self._lock:
            self._wanted = 0
            while self._ready:
                self._ready.pop().end()

    def _next(self) -> "_Child":
        with self._lock:
            while self._ready:
                child = self._ready.popleft()
                if child.is_alive():
                    return child
                child.end()
        return _Child(self._program)


class _Child:
    """One process, for one file; whoever has it ends it."""

    def __init__(self, program: str) -> None:
        self._late = False
        # Isolated and without site: nothing but these folders decides what is loaded. In a session of its own: what
        # interrupts this process does not break off a file under way.
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-S", "-c", program, *map(os.path.abspath, sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            start_new_session=True,
        )

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def read(self, raw: bytes) -> Extracted:
        """Hand the file over and return what is said of it."""
        deadline = Timer(LONGEST_SECONDS, self._kill_late)
        deadline.start()
        try:
            said = self._ask(raw)
        finally:
            deadline.cancel()
        if self._late:
            return Unread(TOO_SLOW)
        if not said.startswith(READY):
            # It ended before it had seen the file: the fault is not the file's.
            raise OSError("a reading child did not start")
        return read_answer(said.removeprefix(READY))

    def end(self) -> None:
        """Kill the child if it still runs, and let go of it."""
        self._process.kill()
        with suppress(BrokenPipeError), self._process:
            pass

    def _ask(self, raw: bytes) -> bytes:
        # A child that does not read, or does not end, keeps this thread waiting till the deadline and no longer.
        request, answer = cast(IO[bytes], self._process.stdin), cast(IO[bytes], self._process.stdout)
        with suppress(BrokenPipeError), request:
            request.write(raw)
        return answer.read(len(READY) + LARGEST_ANSWER + 1)

    def _kill_late(self) -> None:
        self._late = True
        self._process.kill()
