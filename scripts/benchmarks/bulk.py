"""Bulk: one signed statement, its rows issued in batches by `issue_many`; at the same time what fills the database."""

import resource
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from typing import Any

from hub.app.building import Hub
from hub.registry.issuance import Issued, issue_many
from hub.steps.certificates.intentions import Batch, Origin, new_name
from hub.steps.keyfolder import KeyFolder
from hub.steps.orders.repeats import spend_statement
from schemas.order import Order, read_order
from schemas.statement import Ordered
from scripts.benchmarks.installation import MARKET, order, system_of

BATCH = 200


@dataclass(frozen=True, slots=True)
class Filled:
    """How a filling went: seconds of each batch, growth of the process in bytes, rows refused, processor seconds."""

    issued: list[Issued]
    seconds: list[float]
    sizes: list[int]
    growth_bytes: int
    refused: int
    cpu_seconds: float = 0.0

    @property
    def per_second(self) -> float:
        return sum(self.sizes) / sum(self.seconds)

    def tenth(self, which: int) -> float:
        """Return the rate of the first (0) or last (-1) tenth of the batches, certificates a second."""
        length = max(1, len(self.seconds) // 10)
        part = slice(0, length) if which == 0 else slice(-length, None)
        return sum(self.sizes[part]) / sum(self.seconds[part])


def fill(hub: Hub, keys: KeyFolder, contents: Iterable[dict[str, Any]]) -> Filled:
    """Issue all of `contents`, read and checked as a file's rows are, under one statement of the market bureau."""
    registry, now = hub.registry, datetime.now(UTC)
    verified = order(registry, keys, Ordered.ISSUE, {"file": "示例"}, system="market", issuing_body=MARKET)
    system = system_of(registry, "market")
    number = registry.database.write(
        lambda connection: spend_statement(connection, verified, system=system.code, registry=registry, now=now)
    )
    origin = Origin.native(now, file_sha256=sha256(b"example").hexdigest(), row=1)
    filled = Filled([], [], [], 0, 0)
    resident, refused, cpu = resident_bytes(), 0, time.process_time()
    rows = iter(contents)
    while content := list(islice(rows, BATCH)):
        started = time.perf_counter()
        orders = _read(content, hub)
        batch = Batch(new_name(registry), orders, [origin] * len(orders), verified, system, number)
        outcomes = issue_many(batch, registry=registry, sealers=hub.sealers, now=datetime.now(UTC))
        filled.seconds.append(time.perf_counter() - started)
        filled.sizes.append(len(orders))
        made = [each for each in outcomes if isinstance(each, Issued)]
        filled.issued.extend(made)
        refused += len(outcomes) - len(made)
    growth, cpu = resident_bytes() - resident, time.process_time() - cpu
    return Filled(filled.issued, filled.seconds, filled.sizes, growth, refused, cpu)


def resident_bytes(pid: int | str = "self") -> int:
    """Return the resident memory of a process."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def _read(contents: Sequence[dict[str, Any]], hub: Hub) -> list[Order]:
    catalogue = hub.registry.catalogue
    return [read_order(each, catalogue=catalogue, overrides=frozenset()) for each in contents]
