"""The evidence log's own store: full tiles as files, and its head in a small database of its own.

It lies outside the data folder and is not restored with it: a database that was rolled back meets a head that knows
better. The head is replaced by compare-and-swap, on disk when `advance` returns, so that of two who lead at once one
alone publishes. A full tile never changes; what is unfinished stands in the head, the right end of every level.
"""

import os
import secrets
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    RowMapping,
    String,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)

from hub.errors import SetupError
from hub.store.columns import Moment
from hub.store.database import Database
from signing.merkle import Edge
from signing.synced import replace_synced, sync_folder
from signing.tiles import bundle, read_bundle, tile_name

_FILE = "head.db"
_TILES = "tile"

metadata = MetaData()
head = Table(
    "head",
    metadata,
    # One row: the log that is written now.
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("origin", String(255), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("levels", LargeBinary, nullable=False),
    # The contents of the leaves of the unfinished bundle.
    Column("leaves", LargeBinary, nullable=False),
    Column("last_leaf", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
    Column("signed_at", Moment, nullable=False),
    # When the leader last found that everything recorded is under the head.
    Column("heard_at", Moment, nullable=False),
    Column("leader", String(64), nullable=False),
    Column("lease_until", Moment, nullable=False),
)
former = Table(
    "former",
    metadata,
    # A log that was closed, as it was published last; its places come before those of all that followed it.
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("origin", String(255), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("levels", LargeBinary, nullable=False),
    Column("leaves", LargeBinary, nullable=False),
    Column("last_leaf", LargeBinary, nullable=False),
    Column("note", Text, nullable=False),
    Column("signed_at", Moment, nullable=False),
    Column("heard_at", Moment, nullable=False),
)
_FIRST_PLACE = select(func.coalesce(func.sum(former.c.size), 0)).scalar_subquery().label("first_place")


@dataclass(frozen=True, slots=True)
class Head:
    """The log as it was published last. `last_leaf` is the content of its last leaf; `note` the signed checkpoint.

    `number` counts the hub's logs, and `first_place` the leaves of those before this one: an entry's place counts on
    through all of them.
    """

    origin: str
    edge: Edge
    leaves: bytes
    last_leaf: bytes
    note: str
    signed_at: datetime
    heard_at: datetime
    number: int = 1
    first_place: int = 0

    @property
    def size(self) -> int:
        return self.edge.size


@dataclass(frozen=True, slots=True)
class Pulse:
    """What is asked of the head every second: its size, its last leaf, and when its leader last found all well."""

    size: int
    last_leaf: bytes
    heard_at: datetime
    first_place: int = 0

    @property
    def last_place(self) -> int:
        """The place of its last leaf among those of all logs."""
        return self.first_place + self.size - 1


class FormerLog:
    """A log that was closed: its head, and its full tiles in the folder where it was written."""

    def __init__(self, head: Head, folder: Path) -> None:
        self._head = head
        self._folder = folder

    def head(self) -> Head:
        return self._head

    def tile(self, level: int | None, index: int) -> bytes | None:
        """Return a full tile, or None."""
        return _tile(self._folder, level, index)


class LogStore:
    """One log's store. A moment is the caller's; leases are compared on the caller's clock."""

    def __init__(self, folder: Path) -> None:
        """Open a store that was made; SetupError log_missing."""
        if not self.is_at(folder):
            raise SetupError("log_missing")
        self.folder = folder
        self._database = Database(f"sqlite:///{(folder / _FILE).resolve()}", pool_size=4)
        # A store of an earlier version has had one log only.
        with self._database.read() as connection:
            is_whole = connection.dialect.has_table(connection, former.name)
        if not is_whole:
            self._database.write(lambda connection: former.create(connection, checkfirst=True))

    @staticmethod
    def is_at(folder: Path) -> bool:
        """Say whether a store was made there."""
        return (folder / _FILE).exists()

    @staticmethod
    def create(folder: Path, first: Head) -> None:
        """Make a store whose log begins with `first`; nothing happens when another process has made one meanwhile."""
        (folder / _TILES).mkdir(mode=0o700, parents=True, exist_ok=True)
        # Made under another name first: a store is there with its head, or not there.
        unfinished = folder / f".{_FILE}.{secrets.token_hex(8)}"
        database = Database(f"sqlite:///{unfinished.resolve()}", pool_size=1)
        try:
            database.write(lambda connection: _make(connection, first))
            database.close()
            with suppress(FileExistsError):
                os.link(unfinished, folder / _FILE)
        finally:
            database.close()
            for path in folder.glob(f"{unfinished.name}*"):
                path.unlink()
        sync_folder(folder)
        sync_folder(folder.parent)

    def close(self) -> None:
        self._database.close()

    def head(self) -> Head:
        """Return the log as it was published last."""
        with self._database.read() as connection:
            row = connection.execute(select(head, _FIRST_PLACE)).mappings().one()
        return _head(row, row["first_place"])

    def former(self, number: int) -> FormerLog | None:
        """Return a log that was closed, or None."""
        with self._database.read() as connection:
            row = connection.execute(select(former).where(former.c.number == number)).mappings().first()
            before = select(func.coalesce(func.sum(former.c.size), 0)).where(former.c.number < number)
            first_place = int(connection.execute(before).scalar_one())
        return None if row is None else FormerLog(_head(row, first_place), _tile_folder(self.folder, number))

    def pulse(self) -> Pulse:
        with self._database.read() as connection:
            row = connection.execute(select(head.c.size, head.c.last_leaf, head.c.heard_at, _FIRST_PLACE)).one()
        return Pulse(*row)

    def lead(self, owner: str, now: datetime, term: timedelta) -> bool:
        """Take the lead or keep it until `now` + `term`; False while another has it."""
        free = (head.c.leader == owner) | (head.c.lease_until <= now)
        taken = update(head).where(free).values(leader=owner, lease_until=now + term)
        return self._database.write(lambda connection: connection.execute(taken).rowcount == 1)

    def advance(self, before: Head, after: Head, owner: str, lease_until: datetime) -> bool:
        """Publish `after` in place of `before`: the commit point of every leaf it has more.

        False, and nothing is published, when the head is not `before` any more or another has taken the lead.
        """
        is_before = (head.c.size == before.size) & (head.c.note == before.note) & (head.c.leader == owner)
        advanced = update(head).where(is_before).values(**_row(after), lease_until=lease_until)
        return self._database.write(lambda connection: connection.execute(advanced).rowcount == 1)

    def follow(self, before: Head, first: Head, owner: str) -> bool:
        """Close the log `before` for good and open the next with `first`, at once: the commit point of both.

        False, and nothing is done, when the head is not `before` any more or another has taken the lead.
        """
        is_before = (head.c.number == before.number) & (head.c.note == before.note) & (head.c.leader == owner)

        def close_and_open(connection: Connection) -> bool:
            opened = (
                update(head)
                .where(is_before)
                .values(**_row(first), number=first.number, leader="", lease_until=first.heard_at)
            )
            if connection.execute(opened).rowcount != 1:
                return False
            connection.execute(insert(former).values(**_row(before), number=before.number))
            return True

        return self._database.write(close_and_open)

    def copy(self, folder: Path) -> None:
        """Copy the store as it is now into a new folder, led by nobody; a hub may go on writing it."""
        folder.mkdir(mode=0o700, parents=True)
        here, there = (sqlite3.connect(each / _FILE) for each in (self.folder, folder))
        with closing(here), closing(there), there:
            here.backup(there)
            there.execute("UPDATE head SET leader = '', lease_until = 0")
        # After the head, so that all it names is there.
        shutil.copytree(self.folder / _TILES, folder / _TILES)
        for each in self.folder.glob(f"[0-9]*/{_TILES}"):
            shutil.copytree(each, folder / each.parent.name / _TILES)

    def put_tile(self, number: int, level: int | None, index: int, content: bytes) -> None:
        """Keep a full tile, or bundle of entries, of the log of that number for good."""
        path = _tile_folder(self.folder, number) / tile_name(level, index)
        if path.exists() and path.read_bytes() == content:
            return
        made = [folder for folder in path.parents if not folder.exists()]
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_synced(path, content)
        for folder in made:
            sync_folder(folder.parent)

    def tile(self, level: int | None, index: int) -> bytes | None:
        """Return a full tile of the log that is written now, or None."""
        with self._database.read() as connection:
            number = connection.execute(select(head.c.number)).scalar_one()
        return _tile(_tile_folder(self.folder, number), level, index)


def _tile_folder(folder: Path, number: int) -> Path:
    """Return where a log's tiles lie: those of the first stand where they did before there was another."""
    return folder / _TILES if number == 1 else folder / str(number) / _TILES


def _tile(folder: Path, level: int | None, index: int) -> bytes | None:
    try:
        return (folder / tile_name(level, index)).read_bytes()
    except FileNotFoundError:
        return None


def _head(row: RowMapping, first_place: int) -> Head:
    edge = Edge(row["size"], tuple(read_bundle(row["levels"])))
    return Head(
        row["origin"], edge, row["leaves"], row["last_leaf"], row["note"], row["signed_at"], row["heard_at"],
        row["number"], first_place,
    )  # fmt: skip


def _make(connection: Connection, first: Head) -> None:
    metadata.create_all(connection)
    nobody = {"number": 1, "leader": "", "lease_until": first.heard_at}
    connection.execute(insert(head).values(**_row(first), **nobody))


def _row(each: Head) -> dict[str, object]:
    return {
        "origin": each.origin,
        "size": each.size,
        "levels": bundle(each.edge.levels),
        "leaves": each.leaves,
        "last_leaf": each.last_leaf,
        "note": each.note,
        "signed_at": each.signed_at,
        "heard_at": each.heard_at,
    }
