"""`scripts/run`: what a newcomer sees at the first start and at the next, and that the tour finds all in order."""

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.scripts.started import LOADED, ROOT, started

ORIGIN = ("--public-origin", "http://hub.example.test")


def _count(data: Path, query: str) -> int:
    connection = sqlite3.connect(data / "hub.db")
    try:
        return int(connection.execute(query).fetchone()[0])
    finally:
        connection.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_first_start_without_demonstration_serves_an_empty_hub(tmp_path: Path, number: signal.Signals) -> None:
    data = tmp_path / "data"
    with started(data, *ORIGIN, "--no-demo") as first:
        first.until(LOADED)
        described = httpx.get(f"{first.url}/api/v1/openapi.json")
        assert first.stop(number) == 0
    assert described.json()["openapi"].startswith("3.1")
    assert _count(data, "SELECT count(*) FROM certificate") == 0
    assert not list(data.rglob("*.pem"))


def test_next_start_of_an_empty_hub_loads_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with started(data, *ORIGIN, "--no-demo") as first:
        first.until(LOADED)
        first.stop()
    with started(data) as second:
        second.until(LOADED)
        second.stop()
    assert "loading" not in "".join(second.lines)
    assert _count(data, "SELECT count(*) FROM certificate") == 0


def test_demonstration_killed_in_the_middle_is_finished_by_the_next_start_and_never_loaded_again(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    with started(data, *ORIGIN) as first:
        first.until("trust list signed")
        first.kill()
    with started(data) as second:
        second.until(LOADED)
        page = httpx.get(second.url + _path_of("/q/", second.lines), headers={"accept": "text/html"})
        assert second.stop() == 0
    entries = _count(data, "SELECT count(*) FROM entry")
    with started(data) as third:
        third.until(LOADED)
        third.stop()
    assert (page.status_code, "示例" in page.text) == (200, True)
    assert _count(data, "SELECT count(*) FROM entry") == entries
    _require_city(data)


def test_tour_finds_everything_as_it_should_be() -> None:
    walked = subprocess.run(
        [sys.executable, "-P", str(ROOT / "scripts" / "tour.py")], capture_output=True, text=True, check=False
    )
    assert walked.returncode == 0, walked.stdout + walked.stderr
    assert walked.stdout.count("✓") == 31


def test_taken_port_is_said_and_ends_with_one(tmp_path: Path) -> None:
    with started(tmp_path / "one", *ORIGIN, "--no-demo") as first:
        first.until(LOADED)
        with started(tmp_path / "two", *ORIGIN, "--no-demo", "--port", first.url.rpartition(":")[2]) as second:
            second.until("port_taken")
            assert second.child.wait() == 1


def _require_city(data: Path) -> None:
    """What the demonstration promises: signed files and a publicity file, with later acts done to them."""
    native = "SELECT count(*) FROM certificate WHERE source IS NULL"
    assert _count(data, f"{native} AND version = 1") >= 300
    assert _count(data, "SELECT count(*) FROM enterprise") >= 60
    assert _count(data, f"SELECT count(*) FROM ({_TYPES} HAVING count(*) >= 2)") == 38  # noqa: S608
    assert _count(data, "SELECT count(*) FROM intake_row JOIN intake USING (intake) WHERE form = 'publicity'") == 100
    for status in ("suspended", "withdrawn", "annulled", "stripped", "cancelled", "superseded"):
        assert _count(data, f"SELECT count(*) FROM certificate WHERE status = '{status}'") >= 1  # noqa: S608


_TYPES = "SELECT certificate_type FROM certificate WHERE source IS NULL GROUP BY certificate_type"


def _path_of(prefix: str, lines: list[str]) -> str:
    line = next(each for each in lines if prefix in each)
    return prefix + line.partition(prefix)[2].split()[0]
