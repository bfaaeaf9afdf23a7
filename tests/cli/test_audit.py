"""`yizhao audit`: a stranger proves the log over HTTP; an auditor with the data is told which row was touched."""

import json
import shutil
import sqlite3
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from hub.steps.keyfolder import KeyFolder
from tests.cli.site import Ran, Site, run, served
from tests.cli.town import settle

OTHER_ROOT = b64encode(bytes(32)).decode()


def _anchor(site: Site) -> str:
    looked = run("doctor", *site.local, "--json").json
    return str(next(each["seen"] for each in looked if each["name"] == "anchor"))


def _audit(site: Site, *more: str) -> Ran:
    return run("audit", site.url, "--anchor", _anchor(site), "--json", *more)


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A served town; what settled it is under the head, because a hub that stops publishes what waits."""
    made = Site(tmp_path_factory.mktemp("logged"))
    assert made.init().code == 0
    with served(made) as site:
        settle(site)
    with served(made) as site:
        yield site


def test_stranger_proves_the_log_and_that_it_only_grew(logged: Site, tmp_path: Path) -> None:
    state = tmp_path / "seen.json"
    first = _audit(logged, "--state", str(state))
    assert (first.code, first.json["faults"]) == (0, [])
    assert first.json["size"] > 10
    again = _audit(logged, "--state", str(state))
    assert (again.code, again.json["seen_before"]) == (0, first.json["size"])


def test_log_that_no_longer_begins_with_what_was_seen_is_named(logged: Site, tmp_path: Path) -> None:
    state = tmp_path / "seen.json"
    _audit(logged, "--state", str(state))
    state.write_text(json.dumps(json.loads(state.read_text()) | {"size": 3, "root": OTHER_ROOT}))
    kept = state.read_text()
    ran = _audit(logged, "--state", str(state))
    assert ran.code == 1
    assert ran.json["faults"] == ["log: it no longer begins with the head of 3 leaves that it showed"]
    assert state.read_text() == kept  # evidence is not written over


def test_log_that_became_shorter_is_named(logged: Site, tmp_path: Path) -> None:
    state = tmp_path / "seen.json"
    _audit(logged, "--state", str(state))
    state.write_text(json.dumps(json.loads(state.read_text()) | {"size": 100_000}))
    assert "shorter than a head of 100000" in _audit(logged, "--state", str(state)).json["faults"][0]


def test_other_anchor_other_hub_and_no_anchor_are_refused(logged: Site, tmp_path: Path) -> None:
    state = tmp_path / "seen.json"
    _audit(logged, "--state", str(state))
    assert "trust_list_refused" in run("audit", logged.url, "--anchor", "0" * 64).err
    assert "anchor_needed" in run("audit", logged.url).err
    assert "state_other" in run("audit", logged.url, "--anchor", "0" * 64, "--state", str(state)).err
    state.write_text("no state")
    assert "state_unreadable" in _audit(logged, "--state", str(state)).err


def test_whole_store_is_proven(logged: Site) -> None:
    ran = run("audit", str(logged.folder / "data"), *logged.keys, "--json")
    assert (ran.code, ran.json["faults"]) == (0, [])
    assert ran.json["acts"] == ran.json["in_log"]


def test_audit_leaves_every_byte_of_a_store_as_it_was(logged: Site, tmp_path: Path) -> None:
    copy = Site(tmp_path / "copy")
    for name in ("data", "keys", "data-log"):
        shutil.copytree(logged.folder / name, copy.folder / name)
    for file in ("data/hub.db", "data-log/head.db"):
        with closing(sqlite3.connect(copy.folder / file)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = _bytes_of(copy.folder)
    assert run("audit", str(copy.folder / "data"), *copy.keys, "--json").code == 0
    assert _bytes_of(copy.folder) == before


def test_audit_makes_no_log_where_there_is_none(logged: Site, tmp_path: Path) -> None:
    copy = Site(tmp_path / "copy")
    for name in ("data", "keys"):
        shutil.copytree(logged.folder / name, copy.folder / name)
    before = sorted(_bytes_of(copy.folder))
    assert "log_missing" in run("audit", str(copy.folder / "data"), *copy.keys).err
    assert sorted(_bytes_of(copy.folder)) == before


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE entry SET recorded_at = recorded_at + 1000000 WHERE leaf_index = 2", "time"),
        ("DELETE FROM entry WHERE leaf_index = 2", "log: leaf 2 is no entry of the store"),
        ("UPDATE statement SET jws = replace(jws, 'e', 'f') WHERE number = 1", "statement 1 does not verify"),
        ("UPDATE installation SET value = 'x' WHERE name = 'nothing'", ""),
    ],
)
def test_row_that_was_touched_is_named(logged: Site, tmp_path: Path, statement: str, told: str) -> None:
    copy = Site(tmp_path / "copy")
    for name in ("data", "keys", "data-log"):
        shutil.copytree(logged.folder / name, copy.folder / name)
    database = sqlite3.connect(copy.folder / "data" / "hub.db")
    database.execute(statement)
    database.commit()
    database.close()
    ran = run("audit", str(copy.folder / "data"), *copy.keys, "--json")
    assert bool(ran.json["faults"]) == bool(told)
    assert ran.code == (1 if told else 0)
    assert not told or any(told in fault for fault in ran.json["faults"])


def test_head_by_a_compromised_key_is_refused_until_the_next_key_signs_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = Site(tmp_path)
    assert site.init().code == 0
    said = ("keys", "compromise", "log", "--since", datetime.now(UTC).isoformat(timespec="seconds"), *site.local)
    with served(site) as public, monkeypatch.context() as killed:
        assert _audit(public).code == 0
        killed.setattr(KeyFolder, "adopt_next", lambda keys, use: None)
        assert run(*said).code == 0
        assert httpx.get(f"{public.url}/readyz").json()["log"] is False
        assert "checkpoint_revoked" in _audit(public).err
        killed.undo()
        assert run(*said).code == 0
        until_the_log_counts(public.url)
    assert run("audit", str(site.folder / "data"), *site.keys, "--json").json["faults"] == []


def until_the_log_counts(url: str) -> None:
    """Wait until the next key has signed the head, at most twenty seconds."""
    until, pause = time.monotonic() + 20, threading.Event()
    while not httpx.get(f"{url}/readyz").json()["log"]:
        assert time.monotonic() < until, "the next key never signed the head"
        pause.wait(0.1)


def _bytes_of(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_store_put_back_to_an_old_copy_is_named(tmp_path: Path) -> None:
    site = Site(tmp_path)
    assert site.init().code == 0
    with served(site):
        pass
    database = sqlite3.connect(site.folder / "data" / "hub.db")
    database.execute("DELETE FROM entry WHERE number = (SELECT max(number) FROM entry)")
    database.commit()
    database.close()
    looked = run("doctor", *site.local, "--json")
    assert (looked.code, next(each["state"] for each in looked.json if each["name"] == "log")) == (1, "trouble")
    ran = run("audit", str(site.folder / "data"), *site.keys, "--json")
    assert ran.code == 1
    assert any("is no entry of the store" in fault for fault in ran.json["faults"])
