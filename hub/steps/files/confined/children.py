"""Confined children: each a process of its own, spawned, asked once, and killed when it is late.

A child has an empty environment and finds its modules where this process does. Some are kept ready, so that nobody
waits for an interpreter to start; each is asked once, so that what it says can depend on what it was asked alone. What
it says is the word of a process that a hostile file may have taken over: whoever asked reads it strictly.
How many run at once is for the doors to say (`hub/web/limits.py`).
"""

import os
import subprocess
import sys
from collections import deque
from contextlib import suppress
from threading import Lock, Timer
from typing import IO, cast

from hub.steps.files.confined.child import READY

# What is asked is answered or refused within five seconds; what is left is for this side.
LONGEST_SECONDS = 4.5
LARGEST_ANSWER = 4 * 1024 * 1024


def program_of(module: str) -> str:
    """Return what a child runs, in Python, to load `module` and to serve."""
    return f"import sys; sys.path[:] = sys.argv[1:]; from {module} import serve; serve()"


class Children:
    """Children that run `program`, several at a time from different threads; `ready` are kept waiting for the next."""

    def __init__(self, program: str, *, ready: int = 0) -> None:
        self._wanted = ready
        self._program = program
        self._ready: deque[_Child] = deque()
        self._lock = Lock()

    def start(self) -> None:
        """Start the children that are kept ready."""
        with self._lock:
            while len(self._ready) < self._wanted:
                self._ready.append(_Child(self._program))

    def ask(self, raw: bytes) -> bytes | None:
        """Return what a child answers, LARGEST_ANSWER bytes and one more at most; None when it took too long.

        A child that crashes has answered nothing, or half. Raises OSError when no child can be started.
        """
        child = self._next()
        try:
            self.start()
            return child.ask(raw)
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
    """One process, to be asked once; whoever has it ends it."""

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

    def ask(self, raw: bytes) -> bytes | None:
        """Hand over what is asked and return what is answered."""
        deadline = Timer(LONGEST_SECONDS, self._kill_late)
        deadline.start()
        try:
            said = self._ask(raw)
        finally:
            deadline.cancel()
        if self._late:
            return None
        if not said.startswith(READY):
            # It ended before it had seen what was asked: the fault is not the file's.
            raise OSError("a confined child did not start")
        return said.removeprefix(READY)

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
