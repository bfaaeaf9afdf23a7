"""`yizhao backup` and `yizhao restore`: beside a serving hub, killed at any moment, whole or not there."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import httpx

from tests.cli.site import Site, run, served, start
from tests.cli.town import change, issue, new_order, settle

_PATIENCE_SECONDS = 20.0


def test_lost_data_are_restored_and_served_again(site: Site) -> None:
    with served(site) as serving:
        settle(serving)
        issued = issue(serving, new_order()).json
        wait_for_log(serving)
        made = run("backup", backup_of(site), *site.local, "--json")
        assert (made.code, made.json["documents"]) == (0, 0), made.err
    (site.folder / "data").rename(site.folder / "lost")
    back = run("restore", backup_of(site), *site.local, "--json")
    assert (back.code, back.json["log_places"]) == (0, made.json["log_places"]), back.err
    with served(site) as again:
        assert httpx.get(f"{again.url}/readyz").json()["store"]
        found = verdict_of(again, issued["reference"])
        assert found["outcome"] == "valid", found


def test_what_happened_after_the_backup_makes_every_verdict_unknown(site: Site) -> None:
    with served(site) as serving:
        settle(serving)
        issued = issue(serving, new_order()).json
        assert run("backup", backup_of(site), *site.local).code == 0
        assert change(serving, issued["identifier"], "withdraw").code == 0
        wait_for_log(serving)
    (site.folder / "data").rename(site.folder / "lost")
    assert run("restore", backup_of(site), *site.local).code == 0
    with served(site) as again:
        assert not httpx.get(f"{again.url}/readyz").json()["store"]
        assert verdict_of(again, issued["reference"])["reason"] == "store_rolled_back"


def test_killed_restore_leaves_nothing_that_starts_and_is_done_again(site: Site) -> None:
    _fill(site, 80_000)
    assert run("backup", backup_of(site), *site.local).code == 0
    (site.folder / "data").rename(site.folder / "lost")
    restoring = _command("restore", backup_of(site), *site.local)
    written = site.folder / "data" / ".hub.db.restoring-wal"
    _wait_until(lambda: written.exists() and written.stat().st_size > 1_000_000)
    restoring.kill()
    assert restoring.wait() == -signal.SIGKILL
    assert list((site.folder / "data").glob("hub*")) == []
    server = start(site)
    _, said = server.communicate()
    assert (server.returncode, "not_initialised" in said) == (1, True)
    assert run("restore", backup_of(site), *site.local).code == 0
    assert run("doctor", *site.local).code == 0
    assert {path.name for path in (site.folder / "data").iterdir()} == {"hub.db", "documents"}


def test_killed_backup_leaves_no_file_of_that_name(site: Site) -> None:
    _fill(site, 80_000)
    making = _command("backup", backup_of(site), *site.local)
    _wait_until(lambda: any(site.folder.glob(".hub.backup.*")))
    making.kill()
    assert making.wait() == -signal.SIGKILL
    assert not Path(backup_of(site)).exists()


def test_nothing_is_overwritten_and_a_file_that_is_not_there_is_told(site: Site) -> None:
    refused = run("restore", str(site.folder / "nothing"), *site.local)
    assert (refused.code, "file_unwritable" in refused.err) == (1, True)
    again = run("backup", str(site.folder / "keys" / "master.key"), *site.local)
    assert (again.code, "backup_exists" in again.err) == (1, True)
    assert run("backup", backup_of(site), *site.local).code == 0
    full = run("restore", backup_of(site), *site.local)
    assert (full.code, "data_not_empty" in full.err) == (1, True)


def backup_of(site: Site) -> str:
    return str(site.folder / "hub.backup")


def _command(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-P", "-m", "hub.cli.main", *arguments], stderr=subprocess.DEVNULL)


def _fill(site: Site, rows: int) -> None:
    """Make a backup of this site take a while."""
    connection = sqlite3.connect(site.folder / "data" / "hub.db")
    with connection:
        connection.executemany(
            "INSERT INTO single_use VALUES ('proof', 'filling', ?, 1)",
            ((os.urandom(24).hex(),) for _ in range(rows)),
        )
    connection.close()


def wait_for_log(site: Site) -> None:
    """Wait until the log has everything, as it does within a second."""
    connection = sqlite3.connect(site.folder / "data" / "hub.db")
    query = "SELECT count(*) FROM entry WHERE leaf_index IS NULL"
    _wait_until(lambda: connection.execute(query).fetchone()[0] == 0)
    connection.close()
    httpx.get(f"{site.url}/log/checkpoint").raise_for_status()


def _wait_until(condition: object) -> None:
    assert callable(condition)
    until = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < until, "it never came"


def verdict_of(site: Site, reference: str) -> dict[str, str]:
    found = httpx.get(f"{site.url}/c/{reference}", headers={"accept": "application/json"})
    verdict: dict[str, str] = found.json()["verdict"]
    return verdict
