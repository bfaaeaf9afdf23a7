"""Documents: made by processes as a site runs them, by one and by two; what each step takes; the ordinary way beside.

Two processes see the same list of what is wanted: that each document is drawn once is counted in the evidence. At the
end every document is proven anew from its bytes. With 1,000 documents and more the run is a long one: its last tenth
and its memory are held against its beginning.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from sqlalchemy import func, select

from hub.app.building import build
from hub.documents.checking import check_documents
from hub.settings import Settings
from hub.store import tables
from hub.store.database import Database
from hub.store.document import DocumentName
from schemas.evidence import Kind
from scripts.benchmarks import document_steps as steps
from scripts.benchmarks.installation import environment_of
from scripts.benchmarks.making import Making, made_by, want_all
from scripts.benchmarks.server import LOAD_CORE, SERVER_CORE, running_hub, running_worker
from scripts.benchmarks.table import Bar, percentiles

_STEPS = 100
_LONG, _WARM = 1_000, 200
_PER_SECOND, _PER_SECOND_OF_TWO = 85, 140
_ONCE = Bar("value", most=1)


class Documents:
    """The rows of documents on one filled installation. `commit_rate` and `file_rate` are the raw ones of its disk."""

    def __init__(
        self,
        settings: Settings,
        *,
        certificates: int,
        count: int,
        log: Path,
        commit_rate: float,
        file_rate: float,
        say: Callable[..., None],
    ) -> None:
        self._settings = settings
        self._count = count
        self._names = _names(certificates)
        self._log = log
        self._commit_rate = commit_rate
        self._file_rate = file_rate
        self._say = say

    def run(self) -> None:
        """Make documents in every way, and prove all of them at the end."""
        seconds = steps.steps_of(self._next(_STEPS), self._settings)
        ordinary = 1 / (_median(seconds, steps.ORDINARY_DRAWN) + _median(seconds, steps.ORDINARY_SEALED))
        self._say("the page by weasyprint, pyHanko", ordinary, "/s")
        bars = (Bar("value", least=_PER_SECOND),)
        one = self._made("documents, one process", (SERVER_CORE,), "weasyprint, pyHanko", ordinary, bars)
        if self._count >= _LONG:
            self._long(one)
        bars = (Bar("value", least=_PER_SECOND_OF_TWO),)
        self._made("documents, two processes", (SERVER_CORE, LOAD_CORE), "one process", one.per_second, bars)
        self._hub_and_worker()
        self._steps(seconds)
        self._proven()

    def _made(self, name: str, cores: Sequence[int], baseline: str, rate: float, bars: tuple[Bar, ...]) -> Making:
        names, before = self._next(self._count), self._entered()
        making = made_by(cores, names, self._settings, self._log)
        p50, p95, p99 = percentiles([each.seconds for each in making.documents])
        self._say(
            name, making.per_second, "/s", cpu=making.cpu_seconds * 1000 / len(names), p50=p50, p95=p95, p99=p99,
            errors=len(making.broken) + len(names) - len(making.documents),
            baseline=f"{baseline} {rate:,.1f}/s", ratio=making.per_second / rate, bars=bars,
        )  # fmt: skip
        if len(cores) > 1:
            self._say(f"{name}: drawn twice", self._entered() - before - len(names), "", bars=(_ONCE,))
        return making

    def _long(self, making: Making) -> None:
        first, last = making.tenth(0), making.tenth(-1)
        self._say(
            "documents, last tenth", last, "/s", baseline=f"first tenth {first:,.1f}/s", ratio=first / last,
            bars=(Bar("ratio", most=1.2),),
        )  # fmt: skip
        growth = making.growth_bytes(_WARM) / 1e6
        self._say(f"documents, growth of memory from {_WARM} on", growth, "MB", bars=(Bar("value", most=50),))

    def _hub_and_worker(self) -> None:
        """Let `yizhao serve` and `yizhao worker` make the same documents."""
        names, before, environment = self._next(self._count), self._entered(), environment_of(self._settings)
        with running_hub(environment, self._log), running_worker(environment, self._log):
            left = want_all(names, self._settings)
        twice = self._entered() - before - len(names) + left
        self._say("hub and worker: drawn twice", twice, "", errors=left, bars=(_ONCE,))

    def _steps(self, seconds: steps.Seconds) -> None:
        commit, file = f"raw commit {1000 / self._commit_rate:.2f} ms", f"raw file {1000 / self._file_rate:.2f} ms"
        weasyprint, pyhanko = _median(seconds, steps.ORDINARY_DRAWN), _median(seconds, steps.PYHANKO_SEALED)
        for name, step, baseline, rate in (
            ("a document by itself", steps.WHOLE, "", None),
            ("· intention, committed", steps.INTENTION, commit, 1 / self._commit_rate),
            ("· XML made and sealed", steps.XML, "", None),
            ("· XML kept, committed", steps.XML_KEPT, commit, 1 / self._commit_rate),
            ("· page drawn", steps.DRAWN, f"weasyprint {weasyprint * 1000:.1f} ms", weasyprint),
            ("· PDF sealed", steps.SEALED, f"pyHanko {pyhanko * 1000:.1f} ms", pyhanko),
            ("· file kept, synced", steps.FILE, file, 1 / self._file_rate),
            ("· document, entry, committed", steps.RECORDED, commit, 1 / self._commit_rate),
        ):
            p50, p95, p99 = percentiles(seconds[step])
            ratio = rate and p50 / 1000 / rate
            self._say(name, p50, "ms", p50=p50, p95=p95, p99=p99, baseline=baseline, ratio=ratio)

    def _proven(self) -> None:
        """Check every document from its bytes: file, entry and seal."""
        hub, started = build(self._settings), time.perf_counter()
        try:
            checked = list(check_documents(registry=hub.registry, files=hub.files, now=datetime.now(UTC)))
        finally:
            hub.close()
        rate = len(checked) / (time.perf_counter() - started)
        faults = sum(each.fault is not None for each in checked)
        self._say(f"documents check, all {len(checked):,}", rate, "/s", errors=faults)

    def _next(self, count: int) -> list[DocumentName]:
        return list(islice(self._names, count))

    def _entered(self) -> int:
        """Return how many documents the evidence has."""
        database = Database(self._settings.database_url, pool_size=1)
        counted = select(func.count()).select_from(tables.entry).where(tables.entry.c.kind == str(Kind.DOCUMENT))
        try:
            with database.read() as connection:
                return int(connection.execute(counted).scalar_one())
        finally:
            database.close()


def _names(certificates: int) -> Iterator[DocumentName]:
    """Yield documents that nobody has, all of them different."""
    for edition in ("original", "duplicate"):
        for serial in range(1, certificates + 1):
            yield DocumentName(serial, edition, "zh")


def _median(seconds: steps.Seconds, name: str) -> float:
    return statistics.median(seconds[name])
