"""Makers of documents: processes that make what is wanted as `yizhao worker` does, and say how each document went."""

import gc
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from hub.app.building import build
from hub.app.seeing import Drawn
from hub.cli.worker import THREADS
from hub.documents.making import Workshop, want
from hub.documents.worker import DocumentWorker, Maker
from hub.settings import Settings
from hub.steps.documents.faces.drawing import Drawing
from hub.store.database import Database
from hub.store.document import DocumentName, DocumentReader
from scripts.benchmarks.bulk import resident_bytes
from scripts.benchmarks.installation import environment_of
from scripts.benchmarks.server import pinned, told

_WANTED_AT_ONCE = 100
_LOOK_SECONDS = 0.2
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Made:
    """One document: when it was done (seconds of the monotonic clock), how long it took, the process's memory then."""

    done_at: float
    seconds: float
    resident_bytes: int


@dataclass(frozen=True, slots=True)
class Making:
    """How it went in all makers together; `broken` are the kinds of the errors that documents broke off with."""

    documents: list[Made]
    broken: list[str]
    cpu_seconds: float

    @property
    def per_second(self) -> float:
        return len(self.documents) / (
            max(each.done_at for each in self.documents) - min(each.done_at - each.seconds for each in self.documents)
        )

    def tenth(self, which: int) -> float:
        """Return the rate of the first (0) or last (-1) tenth of the documents."""
        length = max(2, len(self.documents) // 10)
        ended = sorted(each.done_at for each in self.documents)
        part = ended[:length] if which == 0 else ended[-length:]
        return (length - 1) / (part[-1] - part[0])

    def growth_bytes(self, after: int) -> int:
        """Return how much memory grew between the document number `after` and the last."""
        ordered = sorted(self.documents, key=lambda each: each.done_at)
        return ordered[-1].resident_bytes - ordered[after - 1].resident_bytes


def made_by(cores: Sequence[int], names: Sequence[DocumentName], settings: Settings, log: Path) -> Making:
    """Let one maker on each of `cores` run, want the documents of all of them, and return when none is left."""
    makers = [_started(core, settings, log) for core in cores]
    try:
        for maker in makers:
            _line(maker, log)
        want_all(names, settings)
        for maker in makers:
            maker.stdin.close()  # type: ignore[union-attr]
        answers = [json.loads(_line(maker, log)) for maker in makers]
    finally:
        for maker in makers:
            maker.kill()
            maker.wait()
    documents = [Made(*each) for one in answers for each in one["documents"]]
    broken = [kind for one in answers for kind in one["broken"]]
    return Making(documents, broken, sum(one["cpu_seconds"] for one in answers))


def _started(core: int, settings: Settings, log: Path) -> "subprocess.Popen[bytes]":
    with log.open("ab") as lines:
        return subprocess.Popen(
            told(environment_of(settings), [sys.executable, "-m", "scripts.benchmarks.making"]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=lines,
            preexec_fn=lambda: pinned(core),
        )


def _line(maker: "subprocess.Popen[bytes]", log: Path) -> bytes:
    line: bytes = maker.stdout.readline()  # type: ignore[union-attr]
    if not line:
        raise RuntimeError(f"a maker of documents ended:\n{log.read_text()[-2000:]}")
    return line


def want_all(names: Sequence[DocumentName], settings: Settings) -> int:
    """Want documents, some at once as orders do, and wait until all are made; return how many are not."""
    database = Database(settings.database_url, pool_size=2)
    try:
        for first in range(0, len(names), _WANTED_AT_ONCE):
            some = dict.fromkeys(names[first : first + _WANTED_AT_ONCE])
            database.write(partial(want, names=some, now=datetime.now(UTC)))
        return _left(database)
    finally:
        database.close()


def _left(database: Database) -> int:
    """Wait until nothing is left to make, or for a minute nothing was made; return how many are not made."""
    left, since = -1, time.monotonic()
    while time.monotonic() - since < _PATIENCE_SECONDS:
        time.sleep(_LOOK_SECONDS)
        with database.read() as connection:
            waiting, failed = DocumentReader(connection).counts()
        if not waiting:
            return failed
        if waiting != left:
            left, since = waiting, time.monotonic()
    return left


# --- the process ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _WatchedMaker(Maker):
    documents: list[tuple[float, float, int]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def make(self, name: DocumentName) -> bool:
        started = time.monotonic()
        try:
            made = Maker.make(self, name)
        except Exception as error:
            self.broken.append(type(error).__name__)
            raise
        if made:
            done = time.monotonic()
            self.documents.append((done, done - started, resident_bytes()))
        return made


def _main() -> None:
    hub = build(Settings())
    gc.collect()
    gc.freeze()
    workshop = Workshop(hub.files, Drawn(Drawing(), hub.registry.catalogue).pages)
    maker = _WatchedMaker(hub.registry, hub.sealers, workshop, lambda: datetime.now(UTC))
    worker = DocumentWorker(maker, threads=THREADS)
    worker.start()
    print("ready", flush=True)
    cpu = time.process_time()
    sys.stdin.read()
    cpu = time.process_time() - cpu
    worker.stop()
    hub.close()
    answer = {"documents": maker.documents, "broken": maker.broken, "cpu_seconds": cpu}
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    _main()
