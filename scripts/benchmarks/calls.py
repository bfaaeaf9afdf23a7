"""Departments' calls: some callers at once, each a thread with the hub's own client, in a process on the other core."""

import json
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from hub.client import Client, RefusedError
from hub.steps.keyfolder import KeyFolder
from schemas.statement import Ordered
from scripts.benchmarks.installation import ITEM, MARKET, OFFICER, ORIGIN, RULE
from scripts.benchmarks.orders import food_order, holder_number
from scripts.benchmarks.server import LOAD_CORE, pinned
from scripts.benchmarks.table import percentiles
from signing.base64url import decode


@dataclass(frozen=True, slots=True)
class Calls:
    """How the calls went: answers a second, refusals and failures, percentiles in milliseconds, the first refusal."""

    per_second: float
    errors: int
    p50: float
    p95: float
    p99: float
    first_error: str


def called(act: str, url: str, keys: Path, *, callers: int, seconds: float, holders: int, first_serial: int) -> Calls:
    """Let `callers` "issue" or "pull" for so long, on random ones of the first `holders` enterprises."""
    job = {
        "act": act, "url": url, "keys": str(keys), "callers": callers, "seconds": seconds, "holders": holders,
        "first_serial": first_serial,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "scripts.benchmarks.calls", json.dumps(job)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        preexec_fn=lambda: pinned(LOAD_CORE),
    )
    return Calls(**json.loads(done.stdout))


def _issue(client: Client, holder: str, serial: int) -> None:
    content = food_order(holder, serial)
    client.order(
        "/api/v1/certificates",
        Ordered.ISSUE,
        content,
        certificate_type=content["certificate_type"],
        issuing_body=MARKET,
    )


def _issue_proven(client: Client, holder: str, serial: int) -> None:
    """Issue, and wait for the receipt that proves the act under a signed head."""
    content = food_order(holder, serial)
    body = client.make_order(Ordered.ISSUE, content, certificate_type=content["certificate_type"], issuing_body=MARKET)
    answer = client.post("/api/v1/certificates", body, wait=10)
    receipt = json.loads(decode(answer["receipt"].split(".")[1]))
    if "log" not in receipt:
        raise RefusedError(200, {"code": "not_proven"})


def _pull(client: Client, holder: str, serial: int) -> None:
    request = {
        "licence_number": holder,
        "wanted": [{"certificate_type": "food_operation_permit"}],
        "basis": {"kind": "statutory", "reference": RULE},
        "item_code": ITEM,
        "case_number": f"2026-{serial:09d}",
    }
    answer = client.request("/api/v1/pulls", Ordered.PULL, request, officer=OFFICER)
    if not answer["delivery"]:
        raise RefusedError(200, {"code": "nothing_delivered"})


_ACTS: Mapping[str, tuple[str, Callable[[Client, str, int], None]]] = {
    "issue": ("market", _issue),
    "pull": ("health", _pull),
    "issue and proof": ("market", _issue_proven),
}


class _Callers:
    def __init__(self, job: Mapping[str, Any]) -> None:
        self._job = job
        self._system, self._act = _ACTS[job["act"]]
        keys = KeyFolder(Path(job["keys"]))
        self._signer = keys.signer(f"system:{self._system}")
        self._ready = threading.Barrier(job["callers"] + 1)
        self._seconds: list[float] = []
        self._errors: list[str] = []

    def run(self) -> dict[str, Any]:
        threads = [threading.Thread(target=self._call, args=(number,)) for number in range(self._job["callers"])]
        for thread in threads:
            thread.start()
        self._ready.wait()
        started = time.perf_counter()
        for thread in threads:
            thread.join()
        elapsed = time.perf_counter() - started
        p50, p95, p99 = percentiles(self._seconds or [0.0])
        return {
            "per_second": len(self._seconds) / elapsed, "errors": len(self._errors), "p50": p50, "p95": p95, "p99": p99,
            "first_error": self._errors[0] if self._errors else "",
        }  # fmt: skip

    def _call(self, number: int) -> None:
        with httpx.Client(timeout=60) as http:
            client = Client(self._job["url"], self._system, self._signer, ORIGIN, http)
            client.headers("GET", "/")  # the token is fetched before the clock starts; its renewal counts
            chosen = random.Random(number)
            serial = self._job["first_serial"] + number
            self._ready.wait()
            until = time.perf_counter() + self._job["seconds"]
            while (started := time.perf_counter()) < until:
                holder = holder_number(f"{chosen.randrange(self._job['holders']):08d}")
                try:
                    self._act(client, holder, serial)
                    self._seconds.append(time.perf_counter() - started)
                except (RefusedError, httpx.HTTPError) as error:
                    self._errors.append(str(error)[:300])
                serial += self._job["callers"]


if __name__ == "__main__":
    print(json.dumps(_Callers(json.loads(sys.argv[1])).run()))
