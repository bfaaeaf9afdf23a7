"""A throw-away PostgreSQL cluster from the installed binaries, for one test session or one benchmark.

Rules:
- It never runs as root: root hands the folder to `postgres`, or `nobody`, and the server runs under that name.
- It outlives nobody: a guardian process holds the cluster and waits on a pipe from the session. When the session ends,
  even by `kill -9`, the pipe closes, and the guardian stops the server and deletes the folder.
- The hub signs in as an ordinary role with a password, as in production; only `Cluster` knows the administrator.

It does not migrate anything; `conftest.py` does.
"""

import argparse
import contextlib
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

OLDEST_VERSION = 15
MISSING = (
    f"PostgreSQL {OLDEST_VERSION} or newer is not installed: run `apt-get install postgresql` "
    "(the tests start their own server from its programs; the system's service may stay off)"
)

_ROLE = "hub"
_ADMINISTRATOR = "administrator"
_START_ATTEMPTS = 5
_STOP_SECONDS = 60
# The server must not inherit PGDATA, PGPORT, a locale or a message language from whoever runs the tests.
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}

_SETTINGS = """
listen_addresses = '127.0.0.1'
max_connections = 200
timezone = 'Asia/Shanghai'
log_min_messages = warning
logging_collector = off
"""
# Tests kill processes, never the power: what the server has acknowledged survives them without a single fsync. A
# database lives for a second: nobody vacuums it.
_SETTINGS_WITHOUT_FSYNC = """
fsync = off
full_page_writes = off
autovacuum = off
jit = off
"""


class ClusterError(Exception):
    """The cluster could not be started; the message says why and, where it can, what to install."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server on 127.0.0.1 and on a socket in `socket_folder`, held by the process `guardian_pid`.

    `administrator` is a connection of its own: making one takes as long as making a database.
    """

    port: int
    socket_folder: Path
    password: str
    guardian_pid: int
    administrator: psycopg.Connection

    def url(self, database: str) -> str:
        """The SQLAlchemy URL under which the hub reaches `database`."""
        return f"postgresql+psycopg://{_ROLE}:{self.password}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str, *, template: str = "template0") -> None:
        """Make a database of the hub's role: empty, or a copy of `template`, to which nobody may be connected."""
        statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY FILE_COPY")
        names = (sql.Identifier(name), sql.Identifier(_ROLE), sql.Identifier(template))
        self.administrator.execute(statement.format(*names))

    def administrator_of(self, name: str) -> psycopg.Connection:
        """Return a connection of the administrator's to a database, in which each statement commits itself."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=_ADMINISTRATOR, password=self.password, dbname=name, autocommit=True
        )

    def drop_database(self, name: str) -> None:
        """Delete a database and end whatever is still connected to it."""
        self.administrator.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextlib.contextmanager
def running_cluster(*, durable: bool = False) -> Iterator[Cluster]:
    """Start a cluster, yield it, stop and delete it.

    `durable` keeps fsync on, as benchmarks and power-cut drills need. Raises ClusterError.
    """
    command = [sys.executable, "-P", __file__, "--programs", str(find_programs())]
    with subprocess.Popen(
        [*command, "--durable"] if durable else command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C reaches the session alone; the guardian follows when the pipe closes
        text=True,
    ) as guardian:
        assert guardian.stdout is not None
        assert guardian.stderr is not None
        try:
            line = guardian.stdout.readline()
            if not line:
                raise ClusterError(guardian.stderr.read().strip())
            told = json.loads(line)
            with psycopg.connect(
                host="127.0.0.1", port=told["port"], user=_ADMINISTRATOR, password=told["password"], dbname="postgres",
                autocommit=True,
            ) as administrator:  # fmt: skip
                yield Cluster(
                    port=told["port"],
                    socket_folder=Path(told["folder"]),
                    password=told["password"],
                    guardian_pid=guardian.pid,
                    administrator=administrator,
                )
        finally:
            # Asked, not only left: a forked child of a test may still hold the pipe open.
            guardian.terminate()
            guardian.wait(_STOP_SECONDS)


def find_programs(root: Path = Path("/usr/lib/postgresql")) -> Path:
    """The folder with the newest installed initdb and pg_ctl; Debian keeps one per version under `root`.

    Raises ClusterError when none is there or all are older than OLDEST_VERSION.
    """
    candidates = [folder for folder in root.glob("*/bin") if folder.parent.name.isdecimal()]
    asked = shutil.which("pg_config")
    if asked is not None:
        candidates.append(Path(subprocess.run([asked, "--bindir"], capture_output=True, text=True).stdout.strip()))
    versions = {folder: _version_of(folder) for folder in candidates}
    newest = max(versions, key=lambda folder: versions[folder], default=None)
    if newest is None or versions[newest] < OLDEST_VERSION:
        raise ClusterError(MISSING)
    return newest


def _version_of(folder: Path) -> int:
    if not all((folder / program).exists() for program in ("initdb", "pg_ctl", "postgres")):
        return 0
    # "postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)"
    words = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True).stdout.split()
    return int(words[2].split(".")[0]) if len(words) > 2 else 0


class _Guardian:
    """Holds one cluster in one temporary folder; lives in a process of its own."""

    def __init__(self, programs: Path, *, durable: bool) -> None:
        self._programs = programs
        self._durable = durable
        self._password = secrets.token_urlsafe(16)
        self._folder = Path(tempfile.mkdtemp(prefix="yizhao-pg-"))
        self._cluster = self._folder / "cluster"
        self._account = _account()
        if self._account is not None:
            os.chown(self._folder, self._account.pw_uid, self._account.pw_gid)

    def start(self) -> int:
        """Make the cluster and start it; return its port."""
        secret = self._folder / "password"
        secret.write_text(self._password)
        if self._account is not None:
            os.chown(secret, self._account.pw_uid, self._account.pw_gid)
        self._run(
            "initdb", "--pgdata", str(self._cluster), "--username", _ADMINISTRATOR, "--pwfile", str(secret),
            "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions",
        )  # fmt: skip
        settings = _SETTINGS if self._durable else _SETTINGS + _SETTINGS_WITHOUT_FSYNC
        with (self._cluster / "postgresql.conf").open("a") as file:
            file.write(f"{settings}\nunix_socket_directories = '{self._folder}'\n")
        port = self._start_on_a_free_port()
        self._make_role(port)
        return port

    def _start_on_a_free_port(self) -> int:
        # Between asking for a free port and taking it, another process may take it: then ask again.
        for attempt in range(1, _START_ATTEMPTS + 1):
            port = _free_port()
            log = self._folder / f"log-{attempt}"
            options = ["--pgdata", str(self._cluster), "--log", str(log), "--options", f"-p {port}", "--wait"]
            try:
                self._run("pg_ctl", "start", *options)
            except ClusterError as error:
                told = log.read_text() if log.exists() else ""
                if "Address already in use" not in told or attempt == _START_ATTEMPTS:
                    raise ClusterError(f"{error}\n{told}") from error
            else:
                return port
        raise AssertionError("the loop returns or raises")

    def _make_role(self, port: int) -> None:
        with psycopg.connect(
            host="127.0.0.1", port=port, user=_ADMINISTRATOR, password=self._password, dbname="postgres"
        ) as connection:
            statement = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}")
            connection.execute(statement.format(sql.Identifier(_ROLE), sql.Literal(self._password)))

    def stop(self) -> None:
        """Stop the server at once and delete its folder; nothing in it is worth a clean shutdown."""
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if (self._cluster / "postmaster.pid").exists():
            with contextlib.suppress(ClusterError):
                self._run("pg_ctl", "stop", "--pgdata", str(self._cluster), "--mode", "immediate", "--wait")
        shutil.rmtree(self._folder, ignore_errors=True)

    def announce(self, port: int) -> None:
        """Tell the session, on standard output, where the cluster is."""
        told = {"port": port, "folder": str(self._folder), "password": self._password}
        print(json.dumps(told), flush=True)  # noqa: T201 - the pipe to the session

    def _run(self, program: str, *arguments: str) -> None:
        identity: dict[str, Any] = {}
        if self._account is not None:
            identity = {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}
        # A file, not a pipe: pg_ctl leaves the server behind, which would keep a pipe open.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [self._programs / program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                env=_ENVIRONMENT,
                **identity,
            )
            output.seek(0)
            if done.returncode != 0:
                raise ClusterError(f"{program} failed with {done.returncode}: {output.read().strip()}")


def _account() -> pwd.struct_passwd | None:
    """Whom the server runs as when we are root: PostgreSQL refuses root itself."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise ClusterError("PostgreSQL may not run as root, and there is neither an account `postgres` nor `nobody`")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _guard() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=Path, required=True)
    parser.add_argument("--durable", action="store_true")
    arguments = parser.parse_args()
    # The session's polite end; SystemExit runs the finally below.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        guardian = _Guardian(arguments.programs, durable=arguments.durable)
        try:
            guardian.announce(guardian.start())
            sys.stdin.read()  # returns when the session has closed its end, or has died
        finally:
            guardian.stop()
    except ClusterError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    _guard()
