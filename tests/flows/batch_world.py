"""Files of pulls for the stories, and the acts around them as door and night would do them."""

import os
import secrets
import signal
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from connectors.contract import TabularLimits
from connectors.tabular import open_table
from hub.sharing.pull_batches.admission import admit_batch, awaited_batch, cancel_batch, keep_file
from hub.sharing.pull_batches.results import open_results, progress_of, results
from hub.sharing.pull_batches.run import Workplace, run_ready
from hub.steps.files.spool import Spool
from schemas.exchange import read_batch_request
from schemas.statement import Ordered
from signing.base64url import encode
from signing.jws import CompactSigner
from tests.flows.world import World

NIGHT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
STATUTORY = {"kind": "statutory", "reference": "rule-1"}
BY_GRANTS = {"kind": "grant"}


def lines_of(rows: Sequence[dict[str, Any]]) -> bytes:
    """Return rows as JSON lines."""
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def batch_request(file: bytes, **changes: Any) -> dict[str, Any]:
    """Return what the health bureau orders a file of pulls with."""
    return {
        "file_sha256": sha256(file).hexdigest(),
        "item_code": "440112001",
        "basis": STATUTORY,
        "wanted": [{"certificate_type": "food_operation_permit"}],
    } | changes


class Batches:
    """The doors of files of pulls and the night of one world."""

    def __init__(self, world: World, folder: Path, *, batch_rows: int = 100) -> None:
        self.world = world
        self.folder = folder
        self.batch_rows = batch_rows
        self.spool = Spool(folder / "pulls", master=world.registry.master, masters=world.registry.masters)

    def order(self, file: bytes, *, officer: str | None = "h-001", **changes: Any) -> str:
        """Order a file of pulls; return its name."""
        request, world = batch_request(file, **changes), self.world
        jws = world.sign(Ordered.PULL_BATCH, system="health", officer=officer, request=request)
        answer = admit_batch(
            read_batch_request(request),
            verified=world.verified(jws, act=Ordered.PULL_BATCH, system="health"),
            system=world.system("health"),
            key=encode(secrets.token_bytes(16)),
            registry=world.registry,
            now=world.now,
        )
        return str(answer["batch"])

    def send(self, name: str, file: bytes, *, system: str = "health") -> None:
        batch = awaited_batch(name, system=self.world.system(system), registry=self.world.registry)
        incoming = self.spool.receive(name)
        incoming.write(file)
        keep_file(batch, incoming, registry=self.world.registry)

    def sent(self, file: bytes, **changes: Any) -> str:
        """Order a file and send it."""
        name = self.order(file, **changes)
        self.send(name, file)
        return name

    def night(self, **changes: Any) -> list[str]:
        """Work as the thread of the night does; return what came to an end."""
        usual: dict[str, Any] = {
            "registry": self.world.registry,
            "exchange": self.world.exchange,
            "open_table": open_table,
            "limits": TabularLimits(),
            "spool": self.spool,
            "clock": lambda: self.world.now,
            "batch_rows": self.batch_rows,
        }
        return run_ready(Workplace(**usual | changes))

    def killed(self, signature: int) -> int:
        """Let a process work through the night and die at that signature; return the signal that ended it."""
        self.world.log.round(self.world.now)
        child = os.fork()
        if child == 0:
            try:
                own = self.world.another()
                signer = KillingSigner(own.exchange.note_signer, signature)
                Batches(own, self.folder, batch_rows=self.batch_rows).night(
                    exchange=replace(own.exchange, note_signer=signer)  # type: ignore[arg-type]
                )
            finally:
                os._exit(1)
        return os.WTERMSIG(os.waitpid(child, 0)[1])

    def cancel(self, name: str) -> dict[str, Any]:
        request = {"batch": name}
        jws = self.world.sign(Ordered.CANCEL_BATCH, system="health", request=request)
        return cancel_batch(
            name,
            verified=self.world.verified(jws, act=Ordered.CANCEL_BATCH, system="health"),
            system=self.world.system("health"),
            key=encode(secrets.token_bytes(16)),
            registry=self.world.registry,
            now=self.world.now,
        )

    def progress(self, name: str, *, system: str = "health") -> dict[str, Any]:
        return progress_of(name, system=self.world.system(system), registry=self.world.registry)

    def results(self, name: str, *, after: int = 0, system: str = "health") -> list[dict[str, Any]]:
        """Fetch the results as their door hands them out."""
        world = self.world
        batch = open_results(name, after=after, system=world.system(system), registry=world.registry, now=world.now)
        told = b"".join(results(batch, after=after, registry=world.registry))
        return [orjson.loads(line) for line in told.splitlines()]

    def told(self, name: str) -> list[tuple[int, str, str]]:
        """Return row, result and reason of each row."""
        return [(each["row"], each["result"], each["reason"]) for each in self.results(name)]


class KillingSigner:
    """Signs notes as usual, and kills the process at the nth."""

    def __init__(self, signer: CompactSigner, nth: int) -> None:
        self._signer = signer
        self._left = nth

    def sign(self, payload: bytes) -> str:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return self._signer.sign(payload)
