"""Load on the scan door: as much as it takes (wrk), and at a fixed rate, timed from when each request was due.

A generator that waits for an answer before it asks again leaves out exactly the requests that would have waited; here
each request has its moment, and its latency counts from that moment, whenever it could be sent.
"""

import asyncio
import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from scripts.benchmarks.server import LOAD_CORE, pinned

CONNECTIONS = 32
_WAITING = 64
# PATHS and ACCEPT are replaced; the paths are read from a file, one a line, and asked for in random order.
_LUA = """
local paths = {}
for line in io.lines("PATHS") do paths[#paths + 1] = line end
function init(arguments) math.randomseed(1) end
function request()
  return wrk.format("GET", paths[math.random(#paths)], {["accept"] = "ACCEPT"})
end
function done(summary, latency, requests)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format("RESULT %d %d %d %d %d %d\\n", summary.requests, summary.duration, failed,
    latency:percentile(50), latency:percentile(95), latency:percentile(99)))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """How a load went: answers a second, errors, percentiles, and the server's processor time an answer, in ms."""

    per_second: float
    errors: int
    p50: float
    p95: float
    p99: float
    cpu: float = 0.0


def has_wrk() -> bool:
    """Say whether wrk is installed."""
    return shutil.which("wrk") is not None


def as_much_as_it_takes(url: str, paths: Sequence[str], accept: str, folder: Path, seconds: int) -> Load:
    """Ask with 32 connections of wrk, pinned to the other core."""
    script, listed = folder / "load.lua", folder / "paths"
    script.write_text(_LUA.replace("PATHS", str(listed)).replace("ACCEPT", accept))
    listed.write_text("\n".join(paths))
    done = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script), url],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: pinned(LOAD_CORE),
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT"))
    count, micros, errors, *percentiles = (int(word) for word in line.split()[1:])
    p50, p95, p99 = (each / 1000 for each in percentiles)
    return Load(count / micros * 1e6, errors, p50, p95, p99)


def at_a_fixed_rate(
    port: int, paths: Sequence[str], accept: str, per_second: float, folder: Path, seconds: float
) -> Load:
    """Ask at this rate, in a process pinned to the other core."""
    job = {"port": port, "accept": accept, "per_second": per_second, "seconds": seconds}
    listed = folder / "paths"
    listed.write_text("\n".join(paths))
    done = subprocess.run(
        [sys.executable, "-m", "scripts.benchmarks.load", json.dumps(job), str(listed)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        preexec_fn=lambda: pinned(LOAD_CORE),
    )
    told = json.loads(done.stdout)
    return Load(told["per_second"], told["errors"], told["p50"], told["p95"], told["p99"])


class _Connection(asyncio.Protocol):
    """One connection that has at most one request under way."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._length = 0
        self._answered: asyncio.Future[bool] | None = None
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's is none by its class

    def ask(self, request: bytes) -> "asyncio.Future[bool]":
        """Send a request; the result says whether it was answered with 200."""
        if self._transport is None:
            raise ConnectionError
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answered

    def data_received(self, data: bytes) -> None:
        self._received += data
        head = self._received.find(b"\r\n\r\n")
        if head < 0:
            return
        if not self._length:
            length = self._received.lower().index(b"content-length:") + 15
            self._length = head + 4 + int(self._received[length : self._received.index(b"\r", length)])
        if len(self._received) >= self._length:
            good = self._received.startswith(b"HTTP/1.1 200")
            self._received.clear()
            self._length = 0
            self._finish(good)

    def connection_lost(self, error: Exception | None) -> None:
        self._finish(False)

    def _finish(self, good: bool) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(good)


async def _generate(job: dict[str, float], requests: Sequence[bytes]) -> dict[str, float]:
    loop = asyncio.get_running_loop()
    connections = [
        (await loop.create_connection(_Connection, "127.0.0.1", int(job["port"])))[1] for _ in range(_WAITING)
    ]
    count, begun = int(job["per_second"] * job["seconds"]), time.perf_counter() + 0.05
    latencies: list[float] = []
    errors, due = 0, iter(range(count))

    async def serve(connection: _Connection) -> None:
        nonlocal errors
        for number in due:
            moment = begun + number / job["per_second"]
            if (wait := moment - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            if not await connection.ask(random.choice(requests)):
                errors += 1
            latencies.append(time.perf_counter() - moment)

    await asyncio.gather(*(serve(connection) for connection in connections))
    ordered = sorted(latencies)
    p50, p95, p99 = (ordered[int(len(ordered) * share)] * 1000 for share in (0.5, 0.95, 0.99))
    per_second = count / (time.perf_counter() - begun)
    return {"per_second": per_second, "errors": errors, "p50": p50, "p95": p95, "p99": p99}


def _main() -> None:
    import uvloop

    job, accept = json.loads(sys.argv[1]), json.loads(sys.argv[1])["accept"]
    paths = Path(sys.argv[2]).read_text().splitlines()
    requests = [f"GET {path} HTTP/1.1\r\nhost: localhost\r\naccept: {accept}\r\n\r\n".encode() for path in paths]
    print(json.dumps(uvloop.run(_generate(job, requests))))


if __name__ == "__main__":
    _main()
