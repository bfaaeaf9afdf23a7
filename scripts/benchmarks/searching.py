"""Searches on a full registry, in one process without a door: each kind, deep pages, a holder of very many."""

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from hub.app.building import Hub
from hub.app.opening import scan_reader
from hub.decisions.facts import Surroundings, log_standing, seal_standing
from hub.public.lookup import look_up_enterprise
from hub.registry.finding import find
from hub.registry.issuance import Issued
from hub.registry.status import change_status, read_status_order
from hub.steps.certificates.intentions import new_name
from hub.steps.keyfolder import KeyFolder
from schemas.search import read_search
from schemas.statement import Ordered
from scripts.benchmarks import orders
from scripts.benchmarks.bulk import fill
from scripts.benchmarks.installation import MARKET, order, system_of
from scripts.benchmarks.table import Bar, percentiles

Say = Callable[..., None]
_LARGE, _SMALL, _ENTITIES = 5_000, 10, ("LA000001", "TE000001")
_DEEP_PAGES = 200
_ACTS = 40


class Searching:
    """Measures one hub that holds `certificates` of made-up enterprises."""

    def __init__(self, hub: Hub, keys: KeyFolder, *, certificates: int, seconds: float, say: Say) -> None:
        self._hub = hub
        self._keys = keys
        self._certificates = certificates
        self._seconds = seconds
        self._say = say
        self._chosen = random.Random(1)
        now = datetime.now(UTC)
        seals = seal_standing(hub.registry.trust(), now)
        log = log_standing(hub.registry.log(now), now)
        self._view = Surroundings(seals, {}, hub.registry.catalogue, hub.registry.origin, hub.registry.mode, log)

    def run(self) -> None:
        """Measure every kind of search, then what a holder of many costs."""
        self._suspend_some()
        for name, filters in self._kinds():
            self._kind(name, filters)
        for name, given in (
            ("by type", {"type": "food_operation_permit"}),
            ("by a part that all names have", {"name": "示例"}),
        ):
            self._deep(name, given)
        self._holders()

    # --- kinds ----------------------------------------------------------------------------------------------------

    def _kinds(self) -> Iterator[tuple[str, Callable[[], dict[str, str]]]]:
        yield "by number", lambda: {"number": self._food()["certificate_number"]}
        yield "by licence number", lambda: {"licence_number": self._holder()}
        yield "by a whole name", lambda: {"name": f"中山示例餐饮{self._holder()[9:17]}有限公司"}
        yield "by part of a name", lambda: {"name": self._holder()[11:17]}
        yield "by a part that all names have", lambda: {"name": "有限公司"}
        yield "by type", lambda: {"type": "food_operation_permit"}
        yield "by type and state", lambda: {"type": "food_operation_permit", "state": "in_force"}
        yield "by rare state, all types", lambda: {"state": "suspended"}
        yield "by issuing body", lambda: {"issuing_body": MARKET}
        yield "by state nobody is in", lambda: {"state": "expired"}
        yield "by name and state nobody is in", lambda: {"name": "示例餐饮", "state": "annulled"}

    def _kind(self, name: str, filters: Callable[[], dict[str, str]]) -> None:
        seconds, until, lines = list[float](), time.perf_counter() + self._seconds / 2, 0
        while time.perf_counter() < until or len(seconds) < 20:
            given = filters()
            started = time.perf_counter()
            lines += len(self._search(given)["certificates"])
            seconds.append(time.perf_counter() - started)
        p50, p95, p99 = percentiles(seconds)
        self._say(f"search {name}", p50, "ms", p50=p50, p95=p95, p99=p99, baseline=f"{lines / len(seconds):.0f} lines")

    def _deep(self, name: str, given: dict[str, str]) -> None:
        """Go on from page to page; compare the last ones with the first."""
        seconds, after = list[float](), ""
        for _ in range(min(_DEEP_PAGES, max(20, self._certificates // 200))):
            started = time.perf_counter()
            after = self._search(given | {"after": after})["after"] or ""
            seconds.append(time.perf_counter() - started)
            if not after:
                break
        few = max(1, len(seconds) // 10)
        first, last = percentiles(seconds[:few])[0], percentiles(seconds[-few:])[0]
        self._say(
            f"search {name}, page {len(seconds)}", last, "ms", baseline=f"first pages {first:.2f} ms",
            ratio=last / first, bars=(Bar("ratio", most=2),),
        )  # fmt: skip

    # --- a holder of many -------------------------------------------------------------------------------------------

    def _holders(self) -> None:
        sizes = dict(zip(_ENTITIES, (_LARGE, _SMALL), strict=True))
        made = {
            entity: fill(self._hub, self._keys, orders.of_one_holder(entity, size, 930_000_000 + 10_000_000 * place))
            for place, (entity, size) in enumerate(sizes.items())
        }
        measured = {
            "scan": [self._scans(made[entity].issued) for entity in _ENTITIES],
            "search of its certificates": [
                self._timed({"licence_number": orders.holder_number(entity)}) for entity in _ENTITIES
            ],
            "issue of one more": [self._issues(entity, place) for place, entity in enumerate(_ENTITIES)],
            "change of one status": [self._changes(made[entity].issued) for entity in _ENTITIES],
        }
        # A page of 100 lines is judged against 10; an act rewrites one page, whatever its holder has.
        bars = {"issue of one more": 2.0, "change of one status": 2.0}
        for what, (large, small) in measured.items():
            (p50, p95, p99), (little, _, _) = percentiles(large), percentiles(small)
            self._say(
                f"a holder of {_LARGE:,}: {what}", p50, "ms", p50=p50, p95=p95, p99=p99,
                baseline=f"a holder of {_SMALL} {little:.2f} ms", ratio=p50 / little,
                bars=(Bar("ratio", most=bars[what]),) if what in bars else (),
            )  # fmt: skip

    def _scans(self, issued: Sequence[Issued]) -> list[float]:
        async def scanned() -> list[float]:
            reader = scan_reader(self._hub.settings, self._hub.registry.database)
            seconds = list[float]()
            for _ in range(_ACTS):
                started = time.perf_counter()
                rows = await reader.enterprise(issued[0].holder_reference, None)
                if rows is not None:
                    look_up_enterprise(rows, surroundings=self._view, now=datetime.now(UTC))
                seconds.append(time.perf_counter() - started)
            await reader.close()
            return seconds

        return asyncio.run(scanned())

    def _timed(self, given: dict[str, str]) -> list[float]:
        seconds = []
        for _ in range(_ACTS):
            started = time.perf_counter()
            self._search(given)
            seconds.append(time.perf_counter() - started)
        return seconds

    def _issues(self, entity: str, place: int) -> list[float]:
        number = orders.holder_number(entity)
        first = 950_000_000 + 10_000_000 * place
        return [
            fill(self._hub, self._keys, [orders.food_order(number, serial)]).seconds[0]
            for serial in range(first, first + _ACTS)
        ]

    def _changes(self, issued: Sequence[Issued]) -> list[float]:
        seconds = []
        for turn in range(_ACTS):
            started = time.perf_counter()
            self._change(issued[len(issued) // 2].identifier, "reinstate" if turn % 2 else "suspend")
            seconds.append(time.perf_counter() - started)
        return seconds

    # --- around -----------------------------------------------------------------------------------------------------

    def _suspend_some(self) -> None:
        """Suspend a few of what was issued first, so that a search for them has far to go."""
        given: dict[str, str] = {"licence_number": orders.holder_number("00000000")}
        for line in self._search(given)["certificates"][1:]:
            self._change(line["identifier"], "suspend")

    def _change(self, identifier: str, act: str) -> None:
        registry, now = self._hub.registry, datetime.now(UTC)
        today = now.date().isoformat()
        content = {
            "identifier": identifier,
            "issuing_body": MARKET,
            "act": act,
            "ground": "示例事由",
            "document_name": "示例决定书",
            "document_number": "示决〔2026〕9号",
            "document_date": today,
            "works_from": today,
        }
        verified = order(registry, self._keys, Ordered.CHANGE_STATUS, content, system="market", issuing_body=MARKET)
        change_status(
            read_status_order(content),
            verified=verified,
            seconds=(),
            system=system_of(registry, "market"),
            key=new_name(registry),
            registry=registry,
            now=now,
        )

    def _search(self, given: dict[str, str]) -> dict[str, Any]:
        registry = self._hub.registry
        wanted, after = read_search(given.items(), catalogue=registry.catalogue, overrides=frozenset())
        return find(wanted, after, registry=registry, surroundings=self._view, now=datetime.now(UTC))

    def _holder(self) -> str:
        return orders.holder_number(f"{self._chosen.randrange(self._certificates // orders.PER_HOLDER):08d}")

    def _food(self) -> dict[str, Any]:
        holder = self._chosen.randrange(self._certificates // orders.PER_HOLDER)
        return orders.food_order("", holder * orders.PER_HOLDER + 1)
