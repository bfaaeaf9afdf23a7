"""The log by itself: how fast leaves are added to the tree, and what a proof costs over a million of them.

The tree is made of made-up leaves in a folder of its own; tiles are written as the hub writes them, but not synced.
"""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from hub.evidence.sequencing import LogKey, empty_head
from hub.store.log import LogStore
from hub.store.log_view import LogView
from scripts.benchmarks.table import Bar, percentiles
from signing.algorithms import generate_private_key
from signing.merkle import Edge, Full, consistency_path, inclusion_path, leaf_hash
from signing.signers.file import FileSigner
from signing.tiles import tile_name

LEAVES = 1_000_000
_BATCH = 1_000
_PROOFS = 2_000


def measure_proofs(folder: Path, say: Callable[..., None]) -> None:
    """Measure adding leaves, inclusion and consistency proofs."""
    now = datetime.now(UTC)
    signing = generate_private_key("Ed25519")
    signer = FileSigner(signing)
    key = LogKey("bench.example.test/log", lambda: signer, signing.public_key)
    first = empty_head(key, now)
    edge, seconds = first.edge, 0.0
    for hashes in _batches():
        began = time.perf_counter()
        edge, full = edge.extended(hashes)
        edge.root()
        seconds += time.perf_counter() - began
        _write(folder, full)
    say("leaves added to the tree, 1,000 a head", LEAVES / seconds, "/s")
    head = replace(first, edge=edge, note=key.sign(edge.size, edge.root()))
    LogStore.create(folder, head)
    store = LogStore(folder)
    try:
        _measure_paths(LogView(store), edge, say)
    finally:
        store.close()


def _measure_paths(view: LogView, edge: Edge, say: Callable[..., None]) -> None:
    chosen = random.Random(1)
    ways: dict[str, Callable[[int], object]] = {
        "inclusion proof": lambda at: inclusion_path(at, edge.size, view.hashes),
        "consistency proof": lambda at: consistency_path(at, edge.size, view.hashes),
    }
    for name, prove in ways.items():
        seconds, before = [], time.thread_time()
        for _ in range(_PROOFS):
            at, began = chosen.randrange(1, edge.size), time.perf_counter()
            prove(at)
            seconds.append(time.perf_counter() - began)
        p50, p95, p99 = percentiles(seconds)
        rate, cpu = len(seconds) / sum(seconds), (time.thread_time() - before) * 1000 / len(seconds)
        say(f"{name} at {LEAVES:,} leaves", rate, "/s", cpu=cpu, p50=p50, p95=p95, p99=p99, bars=(Bar("p99", most=5),))


def _batches() -> Iterator[list[bytes]]:
    for start in range(0, LEAVES, _BATCH):
        yield [
            leaf_hash(b"\x01" + sha256(number.to_bytes(8, "big")).digest()) for number in range(start, start + _BATCH)
        ]


def _write(folder: Path, full: list[Full]) -> None:
    for each in full:
        path = folder / "tile" / tile_name(each.level, each.index)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(each.hashes)
