"""Connections and transactions on SQLite and PostgreSQL, behind one small class.

A flow reads inside `read()` and writes by handing `write()` a function of a connection; when `write()` returns, the
function's work is on disk (SQLite: WAL with synchronous=FULL, asserted on every connection; PostgreSQL: its own
synchronous commit).

SQLite has one writer thread: it runs the functions that wait, each in a savepoint, commits once, and only then lets all
of them return; one that fails is rolled back alone. `BEGIN IMMEDIATE` keeps this right with a second process beside it.

For who only reads (an audit) a database is opened so that nothing can be written, not even beside it.
"""

import queue
import select
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError

from hub.errors import StoreError

T = TypeVar("T")

_BUSY_SECONDS = 10.0
_MOST_PER_COMMIT = 64
_ATTEMPTS = 4
# serialization_failure, deadlock_detected: the transaction left no trace and may simply run again.
_RETRY_STATES = frozenset({"40001", "40P01"})


class Database:
    """One database of the hub. `dialect` is "sqlite" or "postgresql"; `url` an SQLAlchemy URL.

    One that `only_reads` leaves every byte of an SQLite file and its folder as they are; its `write` raises StoreError.
    """

    def __init__(self, url: str, *, pool_size: int = 16, only_reads: bool = False) -> None:
        self.url = url
        self._only_reads = only_reads
        parsed = make_url(url)
        self.dialect = parsed.get_backend_name()
        self._writer: _SqliteWriter | None = None
        if self.dialect == "sqlite":
            self.path = Path(parsed.database or "")
        if self.dialect == "sqlite" and only_reads:
            self._engine = _reading_engine(self.path, pool_size=pool_size)
        elif self.dialect == "sqlite":
            self._engine = _sqlite_engine(url, pool_size=pool_size, query_only=True)
            self._writer = _SqliteWriter(_sqlite_engine(url, pool_size=1, query_only=False))
        elif self.dialect == "postgresql":
            self._engine = _postgres_engine(url, pool_size=pool_size, only_reads=only_reads)
        else:
            raise StoreError("database_unsupported", dialect=self.dialect)
        self._reading = self._engine
        if self.dialect == "postgresql":
            # There each question sees what is committed when it is put, in a transaction or not: two round trips less.
            self._reading = self._engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection to read by; on SQLite it sees one state of the database, and cannot write at all."""
        with self._reading.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Yield a connection that sees one state of the database in all its queries, on PostgreSQL too."""
        with self._engine.connect() as connection, connection.begin():
            if self.dialect == "postgresql":
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield connection

    def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction of its own and return its result once that is on disk.

        `work` may run more than once (never after it was committed), so it must touch nothing but its connection.
        Raises what `work` raised, with nothing of it kept, or StoreError.
        """
        if self._only_reads:
            raise StoreError("database_only_read")
        if self._writer is not None:
            return self._writer.run(work)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with self._engine.begin() as connection:
                    return work(connection)
            except DBAPIError as error:
                if attempt == _ATTEMPTS or getattr(error.orig, "sqlstate", None) not in _RETRY_STATES:
                    raise
        raise AssertionError("the loop returns or raises")

    def close(self) -> None:
        """Finish the writes that wait, then close every connection."""
        if self._writer is not None:
            self._writer.close()
        self._engine.dispose()


def _reading_engine(path: Path, *, pool_size: int) -> Engine:
    """Return an engine on an SQLite file that is not written, nor anything beside it.

    A file whose log of writes is empty or gone is whole in itself and taken for one that nobody changes; else a hub
    serves it, or one has crashed, and what is in its log counts too.
    """
    log = path.with_name(f"{path.name}-wal")
    is_whole = not log.exists() or log.stat().st_size == 0
    url = f"sqlite:///file:{quote(str(path.resolve()))}?mode=ro&uri=true{'&immutable=1' if is_whole else ''}"
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False, "isolation_level": None},
    )

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def _sqlite_engine(url: str, *, pool_size: int, query_only: bool) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        # journal_mode is a property of the file; FULL must be asked of every connection and is asserted, because with
        # NORMAL a power cut loses commits that were acknowledged.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        # KB for each connection: the system's own cache is behind it, and four times as much made nothing faster.
        connection.execute("PRAGMA cache_size=-8000")
        connection.execute(f"PRAGMA query_only={int(query_only)}")
        mode = connection.execute("PRAGMA journal_mode").fetchone()[0]
        synchronous = connection.execute("PRAGMA synchronous").fetchone()[0]
        if (mode, synchronous) != ("wal", 2):
            raise StoreError("database_not_durable", journal_mode=mode, synchronous=synchronous)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if query_only else "BEGIN IMMEDIATE")

    return engine


def _postgres_engine(url: str, *, pool_size: int, only_reads: bool) -> Engine:
    options = {"options": "-c default_transaction_read_only=on"} if only_reads else {}
    engine = create_engine(url, pool_size=pool_size, max_overflow=0, connect_args=options)

    @event.listens_for(engine, "checkout")
    def look(connection: Any, *_: object) -> None:
        # What a server says unasked on a connection that waits is that it leaves: it is seen without asking it.
        waiting = select.poll()
        waiting.register(connection.fileno(), select.POLLIN)
        if waiting.poll(0):
            raise InvalidatePoolError

    return engine


class _SqliteWriter:
    """The one writer: a thread that groups the functions which wait into one commit."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: queue.SimpleQueue[tuple[Callable[[Connection], Any], Future[Any]] | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="sqlite-writer", daemon=True)
        self._thread.start()

    def run(self, work: Callable[[Connection], T]) -> T:
        if self._closed.is_set():
            raise StoreError("database_closed")
        done: Future[T] = Future()
        self._waiting.put((work, done))
        return done.result()

    def close(self) -> None:
        if not self._closed.is_set():
            self._closed.set()
            self._waiting.put(None)
            self._thread.join()
            self._engine.dispose()

    def _serve(self) -> None:
        while (first := self._waiting.get()) is not None:
            group, last = [first], False
            while len(group) < _MOST_PER_COMMIT and not self._waiting.empty():
                item = self._waiting.get()
                if item is None:
                    last = True
                    break
                group.append(item)
            self._commit(group)
            if last:
                return

    def _commit(self, group: list[tuple[Callable[[Connection], Any], Future[Any]]]) -> None:
        outcomes: list[Callable[[], None]] = []
        try:
            with self._engine.connect() as connection, connection.begin():
                if len(group) == 1:
                    # Nobody else's work is in this transaction: a failure may roll all of it back.
                    ((work, done),) = group
                    result = work(connection)
                    outcomes = [lambda: done.set_result(result)]
                else:
                    outcomes = [_run_in_savepoint(connection, work, done) for work, done in group]
        except BaseException as error:  # the commit itself failed: none of the group was acknowledged
            is_busy = isinstance(error, OperationalError | sqlite3.OperationalError)
            failure = StoreError("database_busy") if is_busy else error
            outcomes = [lambda done=done: done.set_exception(failure) for _, done in group]  # type: ignore[misc]
        for tell in outcomes:
            tell()


def _run_in_savepoint(
    connection: Connection, work: Callable[[Connection], Any], done: Future[Any]
) -> Callable[[], None]:
    """Run one function; return what tells its caller, to be called only after the commit."""
    # Asked of the driver itself: through SQLAlchemy, which need not know of it, it costs ten times as much.
    driver: Any = connection.connection.dbapi_connection
    driver.execute("SAVEPOINT one_of_many")
    try:
        result = work(connection)
    except Exception as error:
        failure = error
        driver.execute("ROLLBACK TO one_of_many")
        driver.execute("RELEASE one_of_many")
        return lambda: done.set_exception(failure)
    driver.execute("RELEASE one_of_many")
    return lambda: done.set_result(result)
