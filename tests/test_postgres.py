"""The throw-away cluster: it serves, it is no one's root, and it is gone with the session that started it."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, inspect, text

from tests.postgres import MISSING, Cluster, ClusterError, find_programs

_REPOSITORY = Path(__file__).resolve().parent.parent
_SESSION = """
from tests.postgres import running_cluster
with running_cluster() as cluster:
    print(cluster.guardian_pid, cluster.socket_folder, flush=True)
    input()
"""


def test_every_test_gets_a_migrated_database_of_its_own(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE mark_of_this_test (one integer)"))
        tables = inspect(connection).get_table_names()
    engine.dispose()
    assert "alembic_version" in tables
    assert tables.count("mark_of_this_test") == 1


test_no_test_sees_what_another_left = test_every_test_gets_a_migrated_database_of_its_own


def test_the_server_is_not_run_by_root(postgresql_cluster: Cluster) -> None:
    lines = (postgresql_cluster.socket_folder / "cluster" / "postmaster.pid").read_text().splitlines()
    assert Path(f"/proc/{lines[0]}").stat().st_uid != 0


def test_the_hub_signs_in_as_an_ordinary_role_with_a_password(postgresql_cluster: Cluster, postgresql_url: str) -> None:
    address = postgresql_url.replace("+psycopg", "")
    with psycopg.connect(address) as connection:
        [is_superuser] = (
            connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() or []
        )
    assert is_superuser is False
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(address.replace(postgresql_cluster.password, "wrong"))


def test_a_killed_session_leaves_no_server_and_no_folder() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _SESSION], cwd=_REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as session:
        assert session.stdout is not None
        guardian_pid, folder = session.stdout.readline().split()
        guardian = os.pidfd_open(int(guardian_pid))
        assert Path(folder, "cluster", "postmaster.pid").exists()
        session.send_signal(signal.SIGKILL)
        ended, _, _ = select.select([guardian], [], [], 60)
    os.close(guardian)
    assert ended == [guardian]
    assert not Path(folder).exists()


def test_a_machine_without_postgresql_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ClusterError, match="apt-get install postgresql") as refused:
        find_programs(tmp_path)
    assert str(refused.value) == MISSING
