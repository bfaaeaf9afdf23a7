"""The rows of one database, measured one after another on one installation."""

import statistics
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from hub.app.building import Hub, build
from hub.registry.issuance import Issued
from hub.settings import Settings
from hub.steps.certificates.intentions import new_name
from hub.steps.keyfolder import KeyFolder
from hub.steps.orders.repeats import spend_statement
from hub.steps.orders.statements import VerifiedStatement
from hub.steps.registry import Registry
from hub.store.entry import EntryWriter
from schemas.evidence import ActFacts, Kind
from schemas.statement import Ordered
from scripts.benchmarks import load, orders, painting, raw
from scripts.benchmarks.bulk import Filled, fill, resident_bytes
from scripts.benchmarks.calls import called
from scripts.benchmarks.documents import Documents
from scripts.benchmarks.installation import environment_of, make_installation, order, settings_for
from scripts.benchmarks.proofs import measure_proofs
from scripts.benchmarks.searching import Searching
from scripts.benchmarks.server import Server, processor_seconds, running_empty_route, running_hub
from scripts.benchmarks.table import Bar, Row, percentiles
from scripts.benchmarks.verifying import Verifying

ROWS = ("bulk", "scan", "page", "search", "issue", "pull", "log", "documents", "verify", "start")
CALLERS = 16
SMALL_REGISTRY = 10_000
_OPENED = 21
_ROW_OF = {"issue and proof": "log"}
_LARGE_HOLDER, _SMALL_HOLDER = 5_000, 10
_SCAN_RATIO = {"sqlite": 0.20, "postgresql": 0.12}
_BULK_RATE = {"sqlite": 1_500, "postgresql": 800}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be measured: rows, how many certificates and documents, and how long each load lasts."""

    rows: Collection[str]
    certificates: int
    documents: int
    seconds: float


class Measuring:
    """One installation on one database, from empty to full, and what was measured of it."""

    def __init__(
        self, dialect: str, url: str | None, folder: Path, wanted: Wanted, told: Callable[[Row], None]
    ) -> None:
        self._dialect = dialect
        self._folder = folder
        self._wanted = wanted
        self._told = told
        self._settings = settings_for(folder, url)
        self._log = folder / "log"
        self._issued: list[Issued] = []

    def run(self) -> None:
        """Measure every row that is wanted."""
        make_installation(self._settings)
        self._say("raw commit", *self._commits())
        if "start" in self._wanted.rows:
            self._start("start, empty", 2.0)
        filled, small = self._fill_all()
        if "bulk" in self._wanted.rows:
            self._bulk(filled)
        if "scan" in self._wanted.rows:
            self._scans(small)
        if "page" in self._wanted.rows:
            self._pages()
        if "search" in self._wanted.rows:
            self._searches()
        if {"issue", "pull", "log"} & set(self._wanted.rows):
            self._calls()
        if "documents" in self._wanted.rows:
            self._documents()
        if "verify" in self._wanted.rows:
            Verifying(
                self._settings,
                certificates=len(self._issued),
                seconds=self._wanted.seconds / 2,
                log=self._log,
                say=self._say,
            ).run()
        if "start" in self._wanted.rows:
            self._start(f"start, {self._wanted.certificates:,} certificates", 3.0)

    # --- baselines and start --------------------------------------------------------------------------------------

    def _commits(self) -> tuple[float, str]:
        self._commit_rate, self._pair_rate = raw.commits(self._settings.database_url, self._folder, 1.0)
        self._say("raw two commits", self._pair_rate, "/s")
        return self._commit_rate, "/s"

    def _start(self, name: str, most_seconds: float) -> None:
        with self._hub_serving() as server:
            time.sleep(1.0)
            resident = resident_bytes(server.pid) / 1e6
        self._say(name, server.start_seconds, "s", bars=(Bar("value", most=most_seconds),))
        self._say(f"{name}: idle memory", resident, "MB", bars=(Bar("value", most=200),))

    # --- bulk -----------------------------------------------------------------------------------------------------

    def _fill_all(self) -> tuple[Filled, load.Load | None]:
        """Fill the database; on the way, when it gets larger than 10,000, measure a scan there."""
        count, small = self._wanted.certificates, None
        contents = orders.filling(count)
        if count > SMALL_REGISTRY and "scan" in self._wanted.rows:
            first = self._fill([next(contents) for _ in range(SMALL_REGISTRY)])
            with self._hub_serving() as server:
                small = self._load(server, self._holders(), "application/jwt")
            rest = self._fill(contents)
            growth = first.growth_bytes + rest.growth_bytes
            seconds, sizes = first.seconds + rest.seconds, first.sizes + rest.sizes
            refused, cpu = first.refused + rest.refused, first.cpu_seconds + rest.cpu_seconds
            return Filled([], seconds, sizes, growth, refused, cpu), small
        return self._fill(contents), small

    def _fill(self, contents: Iterable[dict[str, Any]]) -> Filled:
        hub, keys = self._opened()
        try:
            filled = fill(hub, keys, contents)
        finally:
            hub.close()
        self._issued += filled.issued
        return filled

    def _bulk(self, filled: Filled) -> None:
        p50, p95, p99 = percentiles(filled.seconds)
        self._say(
            "bulk, batches of 200", filled.per_second, "/s", cpu=filled.cpu_seconds * 1000 / sum(filled.sizes),
            p50=p50, p95=p95, p99=p99, errors=filled.refused,
            baseline=f"raw two commits {self._pair_rate:,.0f}/s", ratio=filled.per_second / self._pair_rate,
            bars=(Bar("value", least=_BULK_RATE[self._dialect]),),
        )  # fmt: skip
        first, last = filled.tenth(0), filled.tenth(-1)
        self._say(
            "bulk, last tenth", last, "/s", baseline=f"first tenth {first:,.0f}/s", ratio=first / last,
            bars=(Bar("ratio", most=1.2),),
        )  # fmt: skip
        self._say("bulk, growth of memory", filled.growth_bytes / 1e6, "MB", bars=(Bar("value", most=50),))

    # --- scan -----------------------------------------------------------------------------------------------------

    def _scans(self, small: load.Load | None) -> None:
        if not load.has_wrk():
            print("wrk is not installed (apt-get install wrk): the scan rows are left out")
            return
        hub, keys = self._opened()
        try:
            large = fill(hub, keys, orders.of_one_holder(orders.LARGE, _LARGE_HOLDER, 900_000_000)).issued[0]
            little = fill(hub, keys, orders.of_one_holder(orders.SMALL, _SMALL_HOLDER, 910_000_000)).issued[0]
        finally:
            hub.close()
        with running_empty_route(self._log) as route, self._hub_serving() as server:
            empty = self._load(route, ["/"], "*/*")
            self._say_load("empty Starlette route", empty)
            signed = self._load(server, self._holders(), "application/jwt")
            empty = _mean(empty, self._load(route, ["/"], "*/*"))
            self._say_load("scan, signed answer", signed, empty, (Bar("ratio", least=_SCAN_RATIO[self._dialect]),))
            self._at_80_percent(server, signed)
            if small is not None:
                name = f"scan at {SMALL_REGISTRY:,} certificates"
                ratio = small.per_second / signed.per_second
                self._say(
                    f"scan cost against {SMALL_REGISTRY:,}", signed.per_second, "/s",
                    baseline=f"{name} {small.per_second:,.0f}/s", ratio=ratio, bars=(Bar("ratio", most=1.2),),
                )  # fmt: skip
            short = self._wanted.seconds / 2
            for name, accept in (("JSON", "application/json"), ("page", "text/html")):
                self._say_load(f"scan, {name}", self._load(server, self._holders(), accept, short), empty)
            self._say_load("status list, kept", self._load(server, ["/status/0"], "*/*", short), empty)
            one = self._load(server, self._certificates(), "application/jwt", short)
            self._say_load("scan, signed, one certificate", one, empty)
            of_ten = self._load(server, [f"/q/{little.holder_reference}"], "application/jwt", short)
            of_many = self._load(server, [f"/q/{large.holder_reference}"], "application/jwt", short)
            ratio = of_ten.per_second / of_many.per_second
            self._say(
                f"scan, a holder of {_LARGE_HOLDER:,}", of_many.per_second, "/s",
                cpu=of_many.cpu, p50=of_many.p50, p95=of_many.p95, p99=of_many.p99,
                errors=of_many.errors + of_ten.errors,
                baseline=f"a holder of {_SMALL_HOLDER} {of_ten.per_second:,.0f}/s", ratio=ratio,
                bars=(Bar("ratio", most=5),),
            )  # fmt: skip

    def _pages(self) -> None:
        if not painting.has_browser():
            print("Chromium or playwright is not installed: the rows of the page are left out")
            return
        with self._hub_serving() as server:
            for name, paths in (("page of a holder", self._holders()), ("page of a permit", self._certificates())):
                found = painting.painted(server.url, paths[:_OPENED])
                painting.tell_painting(name, found, self._told)

    def _searches(self) -> None:
        hub, keys = self._opened()
        try:
            count, seconds = self._wanted.certificates, self._wanted.seconds
            Searching(hub, keys, certificates=count, seconds=seconds, say=self._say).run()
        finally:
            hub.close()

    def _at_80_percent(self, server: Server, signed: load.Load) -> None:
        rate = 0.8 * signed.per_second
        paced = load.at_a_fixed_rate(
            server.port, self._holders(), "application/jwt", rate, self._folder, self._wanted.seconds
        )
        self._say(
            "scan, signed, at 80 % load", paced.per_second, "/s", p50=paced.p50, p95=paced.p95, p99=paced.p99,
            errors=paced.errors, baseline=f"asked {rate:,.0f}/s", ratio=paced.per_second / rate,
            bars=(Bar("p99", most=20),),
        )  # fmt: skip

    def _load(self, server: Server, paths: Sequence[str], accept: str, seconds: float | None = None) -> load.Load:
        lasting, before = max(1, round(seconds or self._wanted.seconds)), processor_seconds(server.pid)
        done = load.as_much_as_it_takes(server.url, paths, accept, self._folder, lasting)
        spent = processor_seconds(server.pid) - before
        return replace(done, cpu=spent * 1000 / max(1, done.per_second * lasting))

    def _holders(self) -> list[str]:
        return sorted({f"/q/{each.holder_reference}" for each in self._issued})

    def _certificates(self) -> list[str]:
        return [f"/c/{each.reference}" for each in self._issued]

    # --- issue and pull -------------------------------------------------------------------------------------------

    def _calls(self) -> None:
        first_serial = 500_000_000
        pairs = f"raw two commits {self._pair_rate:,.0f}/s"
        with self._hub_serving() as server:
            for act, callers, bars in (
                ("issue", CALLERS, (Bar("value", least=200),)),
                ("issue", 1, ()),
                ("pull", CALLERS, (Bar("value", least=200), Bar("p99", most=150))),
                ("pull", 1, ()),
                ("issue and proof", CALLERS, (Bar("p99", most=1_000),)),
                ("issue and proof", 1, (Bar("p99", most=1_000),)),
            ):
                if _ROW_OF.get(act, act) not in self._wanted.rows:
                    continue
                seconds = self._wanted.seconds if callers > 1 else self._wanted.seconds / 2
                before = processor_seconds(server.pid)
                calls = called(
                    act, server.url, self._settings.key_folder, callers=callers, seconds=seconds,
                    holders=self._wanted.certificates // orders.PER_HOLDER, first_serial=first_serial,
                )  # fmt: skip
                cpu = (processor_seconds(server.pid) - before) * 1000 / max(1, calls.per_second * seconds)
                first_serial += 10_000_000
                if calls.first_error:
                    print(f"first error: {calls.first_error}")
                self._say(
                    f"{act}, {callers} caller{'s' if callers > 1 else ''}", calls.per_second, "/s", cpu=cpu,
                    p50=calls.p50, p95=calls.p95, p99=calls.p99, errors=calls.errors, baseline=pairs,
                    ratio=calls.per_second / self._pair_rate, bars=bars,
                )  # fmt: skip
        if "pull" in self._wanted.rows:
            self._evidence()
        if "log" in self._wanted.rows:
            measure_proofs(self._folder / "proofs", self._say)

    def _evidence(self) -> None:
        """Measure the keeping of statement and entry by itself: spent, kept and entered, one commit each."""
        hub, keys = self._opened()
        registry, seconds, spent = hub.registry, [], 0.0
        try:
            until = time.perf_counter() + 1.0
            while time.perf_counter() < until:
                verified = order(registry, keys, Ordered.PULL, {}, system="health")
                act = ActFacts(
                    Kind.PULL_ALLOWED, new_name(registry), datetime.now(UTC), None, verified.digest, None, None
                )
                keep = partial(_keep, verified, act, registry)
                before, started = time.process_time(), time.perf_counter()
                registry.database.write(keep)
                seconds.append(time.perf_counter() - started)
                spent += time.process_time() - before
        finally:
            hub.close()
        p50, p95, p99 = percentiles(seconds)
        rate = 1 / statistics.mean(seconds)
        self._say(
            "evidence alone: statement, entry", rate, "/s", cpu=spent * 1000 / len(seconds), p50=p50, p95=p95, p99=p99,
            baseline=f"raw commit {self._commit_rate:,.0f}/s", ratio=rate / self._commit_rate,
        )  # fmt: skip

    # --- documents ------------------------------------------------------------------------------------------------

    def _documents(self) -> None:
        file_rate = raw.files(self._folder, 1.0)
        self._say("raw file of 64 KB, synced with its folder", file_rate, "/s")
        Documents(
            self._settings,
            certificates=len(self._issued),
            count=self._wanted.documents,
            log=self._log,
            commit_rate=self._commit_rate,
            file_rate=file_rate,
            say=self._say,
        ).run()

    # --- around ---------------------------------------------------------------------------------------------------

    def _opened(self) -> tuple[Hub, KeyFolder]:
        settings: Settings = self._settings
        return build(settings), KeyFolder(settings.key_folder, settings.passphrase_file)

    def _hub_serving(self) -> AbstractContextManager[Server]:
        return running_hub(environment_of(self._settings), self._log)

    def _say_load(
        self, name: str, measured: load.Load, empty: load.Load | None = None, bars: tuple[Bar, ...] = ()
    ) -> None:
        baseline = f"empty route {empty.per_second:,.0f}/s" if empty else ""
        self._say(
            name, measured.per_second, "/s", cpu=measured.cpu, p50=measured.p50, p95=measured.p95, p99=measured.p99,
            errors=measured.errors, baseline=baseline,
            ratio=measured.per_second / empty.per_second if empty else None, bars=bars,
        )  # fmt: skip

    def _say(self, name: str, value: float, unit: str, **more: object) -> None:
        self._told(Row(name, value, unit, **more))  # type: ignore[arg-type]


def _keep(verified: VerifiedStatement, act: ActFacts, registry: Registry, connection: Connection) -> None:
    spend_statement(connection, verified, system="health", registry=registry, now=act.recorded_at)
    EntryWriter(connection, registry.random).add([act])


def _mean(one: load.Load, other: load.Load) -> load.Load:
    return replace(one, per_second=(one.per_second + other.per_second) / 2, errors=one.errors + other.errors)
