"""The speed table: every row of `docs/performance.md`, measured on a throw-away installation, with its baselines.

Run by `scripts/bench`. The hub runs as `yizhao serve`, pinned to one core, the load on another; everything that was
started and made is stopped and deleted at the end, after Ctrl-C too. A bar that is missed is said to be missed.
"""

import argparse
import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from scripts.benchmarks import load, raw
from scripts.benchmarks.machine import machine
from scripts.benchmarks.measure import ROWS, Measuring, Wanted
from scripts.benchmarks.table import Row, printed
from tests.postgres import ClusterError, running_cluster

_DIALECTS = {"sqlite": ("sqlite",), "postgresql": ("postgresql",), "both": ("sqlite", "postgresql")}


@dataclass(frozen=True, slots=True)
class _Place:
    """A database to measure: its URL (None: SQLite in the folder) and, for a server, its version."""

    url: str | None
    version: str | None


def main() -> int:
    """Measure what was asked for; the exit code says only whether it could be measured."""
    arguments = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    _see_to_wrk()
    wanted = Wanted(arguments.rows, arguments.certificates, arguments.documents, arguments.seconds)
    started = time.monotonic()
    try:
        results = [_measured(dialect, wanted) for dialect in _DIALECTS[arguments.database]]
    except KeyboardInterrupt:
        print("stopped; nothing is left running", file=sys.stderr)
        return 130
    except ClusterError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"\n{time.monotonic() - started:.0f} seconds in all")
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(results, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--certificates", type=int, default=10_000, help="how many to fill the database with")
    parser.add_argument("--documents", type=int, default=300, help="how many to make in each way; a long run: 2000")
    parser.add_argument("--database", choices=_DIALECTS, default="both")
    parser.add_argument("--rows", type=_rows, default=ROWS, help=f"some of {','.join(ROWS)}")
    parser.add_argument("--seconds", type=float, default=5.0, help="how long each load lasts")
    parser.add_argument("--json", type=Path, help="write the table to this file, too")
    arguments = parser.parse_args()
    if arguments.certificates < 1_000 or arguments.seconds < 1:
        parser.error("at least 1000 certificates and 1 second")
    if not 10 <= arguments.documents * 2 <= arguments.certificates:
        parser.error("at least 5 documents, and twice as many certificates")
    return arguments


def _rows(text: str) -> tuple[str, ...]:
    chosen = tuple(text.split(","))
    if unknown := set(chosen) - set(ROWS):
        raise argparse.ArgumentTypeError(f"no such row: {', '.join(sorted(unknown))}")
    return chosen


def _measured(dialect: str, wanted: Wanted) -> dict[str, Any]:
    rows: list[Row] = []

    def told(row: Row) -> None:
        rows.append(row)
        print(".", end="", file=sys.stderr, flush=True)

    with _place(dialect) as place, tempfile.TemporaryDirectory(prefix="yizhao-bench-") as folder:
        described = machine(place.version)
        for name, rate in zip(("raw ES256 sign", "raw ES256 verify"), raw.signatures(1.0), strict=True):
            told(Row(name, rate, "/s"))
        Measuring(dialect, place.url, Path(folder), wanted, told).run()
    print(f"\n\n{dialect}: " + ", ".join(f"{name} {value}" for name, value in described.items()))
    print(f"{wanted.certificates:,} certificates, {wanted.seconds:g} s a load\n")
    print(printed(rows), flush=True)
    return {"database": dialect, "machine": described, "rows": [row.document() for row in rows]}


@contextlib.contextmanager
def _place(dialect: str) -> Iterator[_Place]:
    if dialect == "sqlite":
        yield _Place(None, None)
        return
    with running_cluster(durable=True) as cluster:
        cluster.create_database("benchmark")
        url = cluster.url("benchmark")
        with psycopg.connect(raw.postgres_address(url)) as connection:
            version = str(connection.info.server_version // 10_000)
        yield _Place(url, version)


def _see_to_wrk() -> None:
    """Install wrk where that may be done; without it the other rows are measured all the same."""
    if not load.has_wrk():
        subprocess.run([Path(__file__).with_name("packages"), "wrk"], check=False)


if __name__ == "__main__":
    sys.exit(main())
