"""The processes that are measured, each pinned to one core: the hub as `yizhao serve` runs it, and an empty route."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

SERVER_CORE, LOAD_CORE = 0, -1
_START_SECONDS = 30.0
_STOP_SECONDS = 15.0
_SERVE = [sys.executable, "-m", "hub.cli.main", "serve", "--host", "127.0.0.1", "--port"]
_WORK = [sys.executable, "-m", "hub.cli.main", "worker"]
_EMPTY = [sys.executable, "-m", "scripts.benchmarks.empty_route"]


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: where it listens, its process, and how long it took from exec to its first good answer."""

    port: int
    pid: int
    start_seconds: float

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def told(environment: Mapping[str, str], command: Sequence[str]) -> list[str]:
    """Return a command that has these settings in its environment."""
    return ["env", *(f"{name}={value}" for name, value in environment.items()), *command]


@contextmanager
def running_hub(environment: Mapping[str, str], log: Path) -> Iterator[Server]:
    """Run `yizhao serve` with these settings until the block ends; its log lines go to the file `log`."""
    with _running(told(environment, _SERVE), log, "/readyz") as server:
        yield server


@contextmanager
def running_worker(environment: Mapping[str, str], log: Path) -> Iterator[None]:
    """Run `yizhao worker` on the other core until the block ends."""
    with log.open("ab") as lines:
        process = subprocess.Popen(
            told(environment, _WORK), stdin=subprocess.DEVNULL, stdout=lines, stderr=lines,
            preexec_fn=lambda: pinned(LOAD_CORE),
        )  # fmt: skip
    try:
        yield
    finally:
        _stop(process)


@contextmanager
def running_empty_route(log: Path) -> Iterator[Server]:
    """Run the baseline: a Starlette route that answers with no content, under the same server and pinning."""
    with _running(_EMPTY, log, "/") as server:
        yield server


def processor_seconds(pid: int) -> float:
    """Return the processor time a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cores() -> list[int]:
    """Return the cores this process may use, before anything was pinned."""
    return sorted(_CORES)


def pinned(core: int) -> None:
    """Pin this process to one of its cores (an index of `cores`); with one core only, nothing changes."""
    os.sched_setaffinity(0, {cores()[core]})


@contextmanager
def _running(command: list[str], log: Path, ready: str) -> Iterator[Server]:
    port = _free_port()
    started = time.perf_counter()
    with log.open("ab") as lines:
        process = subprocess.Popen(
            [*command, str(port)],
            stdin=subprocess.DEVNULL,
            stdout=lines,
            stderr=lines,
            preexec_fn=lambda: pinned(SERVER_CORE),
        )
    try:
        _await_ready(process, f"http://127.0.0.1:{port}{ready}", log)
        yield Server(port, process.pid, time.perf_counter() - started)
    finally:
        _stop(process)


def _await_ready(process: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            if httpx.get(url, timeout=2).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.01)
    raise RuntimeError(f"the server did not start:\n{log.read_text()[-2000:]}")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


_CORES = os.sched_getaffinity(0)
