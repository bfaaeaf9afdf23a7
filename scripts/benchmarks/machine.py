"""What was measured on: processor, cores, versions, commit, and how busy the machine was before."""

import os
import platform
import sqlite3
import subprocess
from pathlib import Path

from scripts.benchmarks.server import cores

_ROOT = Path(__file__).parents[2]


def machine(postgres: str | None) -> dict[str, str]:
    """Return the machine as names and texts; `postgres` is the server's version, None when it is not measured."""
    told = {
        "processor": _processor(),
        "cores": str(len(cores())),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "commit": _commit(),
        "load before": f"{os.getloadavg()[0]:.2f}",
    }
    return told | ({"postgresql": postgres} if postgres else {})


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    def asked(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=_ROOT, capture_output=True, text=True)
        return done.stdout.strip()

    head = asked("rev-parse", "--short", "HEAD")
    return head + (" with changes" if asked("status", "--porcelain", "--untracked-files=no") else "")
