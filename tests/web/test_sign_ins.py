"""The token door when many come at once: so many are under way, the others are told to come again."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from hub.client import RefusedError
from hub.store.database import Database
from tests.flows.world import make_world
from tests.web.served import Door, client_of, served


@pytest.fixture
def narrow_door(sqlite_url: str, tmp_path: Path) -> Iterator[Door]:
    """A hub at whose token door two sign-ins may be under way."""
    with closing(Database(sqlite_url)) as database:
        world = make_world(database, tmp_path, datetime.now(UTC) - timedelta(seconds=20))
        with served(sqlite_url, tmp_path, sign_ins=2) as client:
            yield client, world


def test_sign_ins_past_the_bound_are_told_to_come_again_and_the_others_are_answered(
    narrow_door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, answers = narrow_door[1].registry.database.path, list[httpx.Response]()
    monkeypatch.setitem(narrow_door[0].event_hooks, "response", [answers.append])
    with ThreadPoolExecutor(3) as threads, closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")  # nobody else can spend an assertion now
        asked = [threads.submit(client_of(narrow_door, "market").headers, "GET", "/x") for _ in range(3)]
        (refused,), waiting = wait(asked, timeout=10, return_when=FIRST_COMPLETED)
        holder.execute("ROLLBACK")
        signed_in = [each.result() for each in waiting]
    error = refused.exception()
    assert isinstance(error, RefusedError)
    assert (error.status, error.code, error.problem["error"]) == (503, "sign_ins_busy", "temporarily_unavailable")
    assert [each.headers["retry-after"] for each in answers if each.status_code == 503] == ["5"]
    assert [each["authorization"].split()[0] for each in signed_in] == ["DPoP", "DPoP"]
    assert client_of(narrow_door, "market").headers("GET", "/x")
