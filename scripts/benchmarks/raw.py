"""The baselines: what the signature and the disk allow, with nothing of the hub around them."""

import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import make_url

_MESSAGE = b"x" * 2_000
_ROW = b"x" * 500
_FILE = os.urandom(65_536)


def signatures(seconds: float) -> tuple[float, float]:
    """Return raw ES256 signatures and verifications a second of one thread."""
    key, ecdsa = ec.generate_private_key(ec.SECP256R1()), ec.ECDSA(hashes.SHA256())
    public_key, signature = key.public_key(), key.sign(_MESSAGE, ecdsa)
    return (
        _rate(lambda: key.sign(_MESSAGE, ecdsa), seconds),
        _rate(lambda: public_key.verify(signature, _MESSAGE, ecdsa), seconds),
    )


def commits(url: str, folder: Path, seconds: float) -> tuple[float, float]:
    """Return one-row commits a second of one connection, and pairs of such commits (record, act, record).

    SQLite: WAL with synchronous=FULL, in a file beside the hub's; PostgreSQL: its own synchronous commit.
    """
    commit = _sqlite_commit(folder) if url.startswith("sqlite") else _postgres_commit(url)

    def twice() -> None:
        commit()
        commit()

    return _rate(commit, seconds), _rate(twice, seconds)


def files(folder: Path, seconds: float) -> float:
    """Return files of 64 KB a second that are on disk with their folder: written, synced, named, the folder synced."""
    unfinished, whole = folder / "raw.unfinished", folder / "raw.file"

    def keep() -> None:
        with unfinished.open("wb") as file:
            file.write(_FILE)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(whole)
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)

    return _rate(keep, seconds)


def _sqlite_commit(folder: Path) -> Callable[[], object]:
    connection = sqlite3.connect(folder / "raw.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE raw (number INTEGER PRIMARY KEY, content BLOB)")
    return lambda: connection.execute("INSERT INTO raw (content) VALUES (?)", (_ROW,))


def _postgres_commit(url: str) -> Callable[[], object]:
    connection = psycopg.connect(postgres_address(url), autocommit=True, prepare_threshold=1)
    connection.execute("CREATE TABLE raw (number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, content BYTEA)")
    return lambda: connection.execute("INSERT INTO raw (content) VALUES (%s)", (_ROW,))


def postgres_address(url: str) -> str:
    """Return an SQLAlchemy URL as psycopg reads it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _rate(act: Callable[[], object], seconds: float) -> float:
    count, started = 0, time.perf_counter()
    until = started + seconds
    while time.perf_counter() < until:
        for _ in range(20):
            act()
        count += 20
    return count / (time.perf_counter() - started)
