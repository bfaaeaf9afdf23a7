"""`scripts/start.py` in a process group of its own, and what it says."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STOP_SECONDS = 5.0
LOADED = "停止 stop:"


@dataclass(slots=True)
class Started:
    """One start; `lines` is what it has said so far."""

    child: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    def until(self, words: str) -> str:
        """Wait for a line that holds `words`, and return it; fails when the start ends without it."""
        assert self.child.stdout is not None
        for line in iter(self.child.stdout.readline, ""):
            self.lines.append(line)
            if words in line:
                return line
        raise AssertionError(f"ended without {words!r}: {''.join(self.lines)}")

    @property
    def url(self) -> str:
        return next(line for line in self.lines if "serving" in line).split()[2]

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Tell it to end, as a terminal or a supervisor would; return its exit code. Five seconds are what it has."""
        self.child.send_signal(number)
        return self.child.wait(STOP_SECONDS)

    def kill(self) -> None:
        """End the whole group at once, as a power cut would."""
        os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()


@contextmanager
def started(data: Path, *arguments: str) -> Iterator[Started]:
    """Start on a data folder, at any free port; nothing of it is left running."""
    command = [sys.executable, "-P", str(ROOT / "scripts" / "start.py"), "--data", str(data), "--port", "0", *arguments]
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    begun = Started(child)
    try:
        yield begun
    finally:
        if child.poll() is None:
            begun.kill()
        assert child.stdout is not None
        child.stdout.close()
