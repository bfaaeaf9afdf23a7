"""The evidence log's own store: full tiles as files, and its head in a small database of its own.

It lies outside the data folder and is not restored with it: a database that was rolled back meets a head that knows
better. The head is replaced by compare-and-swap, on disk when `advance` returns, so that of two who lead at once one
alone publishes. A full tile never changes; what is unfinished stands in the head, the right end of every level.
Beside it stands what others said of heads: the words of witnesses, each of which only ever speaks of larger ones, and
the timestamps of an authority. Who asks for them names the log's keys that are `revoked`: a word on a head by one of
them that is not older than that is passed over (`signing/log_head.py`), and gives way to the next on a head as large.
"""

import os
import secrets
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    RowMapping,
    Select,
    String,
    Table,
    Text,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from hub.errors import SetupError
from hub.store.columns import Moment
from hub.store.database import Database
from schemas.evidence import GREATEST_ERROR
from signing.log_head import Revoked
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
witnessed = Table(
    "witnessed",
    metadata,
    # The log whose head it is, by its number.
    Column("log", Integer, primary_key=True, autoincrement=False),
    Column("size", BigInteger, primary_key=True, autoincrement=False),
    # The witness's key in the one-line form, which has its name.
    Column("witness", String(400), primary_key=True),
    # The checkpoint as the log signed it, and the witness's signature line over it.
    Column("note", Text, nullable=False),
    Column("line", Text, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Index("witnessed_by", "log", "witness", "size"),
)
proven_time = Table(
    "proven_time",
    metadata,
    Column("number", Integer, primary_key=True),
    # The log whose head it is, by its number.
    Column("log", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    # The checkpoint as the log signed it, and the RFC 3161 token over its SHA-256.
    Column("note", Text, nullable=False),
    Column("token", LargeBinary, nullable=False),
    Column("gen_time", Moment, nullable=False),
    # The authority, by its cert's common name.
    Column("whose", String(255), nullable=False),
    Column("kept_at", Moment, nullable=False),
    Index("proven_time_of", "log", "size"),
)
_FIRST_PLACE = select(func.coalesce(func.sum(former.c.size), 0)).scalar_subquery().label("first_place")
_HEAD = select(head, _FIRST_PLACE)
_PULSE = select(head.c.size, head.c.last_leaf, head.c.heard_at, _FIRST_PLACE)
_NEWEST = select(head.c.number).scalar_subquery()


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


@dataclass(frozen=True, slots=True)
class WitnessWord:
    """A witness's word: `line` is its signature over the checkpoint's `note`, which it saw at `seen_at`.

    `log` is the number of the log: one that follows begins anew, and no word on the one before is a word on it.
    """

    log: int
    witness: str
    size: int
    note: str
    line: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class ProvenTime:
    """An authority's timestamp: `token` (RFC 3161) says that the checkpoint's `note` was there at `gen_time`.

    `kept_at` is our own clock's; `log` the number of the log whose head it is.
    """

    log: int
    size: int
    root: bytes
    note: str
    token: bytes
    gen_time: datetime
    whose: str
    kept_at: datetime


class FormerLog:
    """A log that was closed: its head, its full tiles in the folder where it was written, what others said of it."""

    def __init__(self, head: Head, folder: Path, database: Database) -> None:
        self._head = head
        self._folder = folder
        self._database = database

    def head(self) -> Head:
        return self._head

    def tile(self, level: int | None, index: int) -> bytes | None:
        """Return a full tile, or None."""
        return _tile(self._folder, level, index)

    def cosigned_head(self) -> tuple[str, list[str]]:
        """Return its last checkpoint, and the witnesses' lines that there are over it."""
        with self._database.read() as connection:
            return self._head.note, _lines(connection, self._head.number, self._head.size, self._head.note)

    def first_word(self, index: int, revoked: Revoked) -> WitnessWord | None:
        """Return the first word of any witness on a head that has the leaf at `index`."""
        with self._database.read() as connection:
            return _first_word(connection, self._head.number, index, revoked)

    def newest_time(self, revoked: Revoked) -> ProvenTime | None:
        """Return the timestamp that was kept last."""
        with self._database.read() as connection:
            return _newest_time(connection, self._head.number, revoked)

    def first_time(self, index: int, revoked: Revoked) -> ProvenTime | None:
        """Return the first timestamp over a head that has the leaf at `index`."""
        with self._database.read() as connection:
            return _first_time(connection, self._head.number, index, revoked)


class LogStore:
    """The store of a hub's logs, of which the last is written.

    A moment is the caller's; leases are compared on the caller's clock.
    """

    def __init__(self, folder: Path, *, only_reads: bool = False) -> None:
        """Open a store that was made, for who `only_reads` without a trace; SetupError log_missing."""
        if not self.is_at(folder):
            raise SetupError("log_missing")
        self.folder = folder
        self._database = Database(f"sqlite:///{(folder / _FILE).resolve()}", pool_size=4, only_reads=only_reads)
        # A store that an earlier version made has fewer tables.
        with self._database.read() as connection:
            is_whole = all(connection.dialect.has_table(connection, each) for each in metadata.tables)
        if not is_whole:
            self._database.write(metadata.create_all)

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
            row = connection.execute(_HEAD).mappings().one()
        return _head(row, row["first_place"])

    def former(self, number: int) -> FormerLog | None:
        """Return a log that was closed, or None."""
        with self._database.read() as connection:
            row = connection.execute(select(former).where(former.c.number == number)).mappings().first()
            before = select(func.coalesce(func.sum(former.c.size), 0)).where(former.c.number < number)
            first_place = int(connection.execute(before).scalar_one())
        return (
            None
            if row is None
            else FormerLog(_head(row, first_place), _tile_folder(self.folder, number), self._database)
        )

    def log_at(self, place: int) -> "LogStore | FormerLog":
        """Return the log that has a place, which counts on through all logs; the one that is written now, if none."""
        with self._database.read() as connection:
            rows = connection.execute(select(former.c.number, former.c.size).order_by(former.c.number)).all()
        for number, size in rows:
            if place < size:
                return self.former(number) or self
            place -= size
        return self

    def pulse(self) -> Pulse:
        with self._database.read() as connection:
            row = connection.execute(_PULSE).one()
        return Pulse(*row)

    def lead(self, owner: str, now: datetime, term: timedelta) -> bool:
        """Take the lead or keep it until `now` + `term`; False while another has it.

        A lease that lasts longer than any that is taken now was given by a clock that was ahead: nobody waits for it.
        """
        free = (
            (head.c.leader == owner) | (head.c.lease_until <= now) | (head.c.lease_until > now + term + GREATEST_ERROR)
        )
        taken = update(head).where(free).values(leader=owner, lease_until=now + term)
        return self._database.write(lambda connection: connection.execute(taken).rowcount == 1)

    def is_led_by(self, owner: str, now: datetime) -> bool:
        """Say whether `owner` has the lead."""
        leads = select(head.c.number).where((head.c.leader == owner) & (head.c.lease_until > now))
        with self._database.read() as connection:
            return connection.execute(leads).first() is not None

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

    # --- what witnesses said ---

    def add_word(self, word: WitnessWord, revoked: Revoked) -> bool:
        """Keep a witness's word, which was verified; False when it spoke of this size, or a larger one, before."""
        its = (witnessed.c.log == word.log) & (witnessed.c.witness == word.witness)

        def add(connection: Connection) -> bool:
            if _newest_size(connection, word.log, word.witness, revoked) >= word.size:
                return False
            # What it said of a head that counts no more gives way to its word on the same head, signed anew.
            connection.execute(delete(witnessed).where(its, witnessed.c.size == word.size))
            connection.execute(insert(witnessed).values(asdict(word)))
            return True

        return self._database.write(add)

    def newest_word(self, witness: str, revoked: Revoked) -> WitnessWord | None:
        """Return what a witness said last of the log that is written now."""
        its = (witnessed.c.log == _NEWEST) & (witnessed.c.witness == witness)
        with self._database.read() as connection:
            counts = _word_counts(connection, _number(connection), revoked)
            return _word(connection, select(witnessed).where(its, counts).order_by(witnessed.c.size.desc()))

    def first_word(self, index: int, revoked: Revoked) -> WitnessWord | None:
        """Return the first word of any witness on a head that has the leaf at `index`."""
        with self._database.read() as connection:
            return _first_word(connection, _number(connection), index, revoked)

    def cosigned_head(self) -> tuple[str, list[str]]:
        """Return the newest checkpoint, and the witnesses' lines that there are over it."""
        with self._database.read() as connection:
            number, size, note = connection.execute(select(head.c.number, head.c.size, head.c.note)).one()
            return note, _lines(connection, number, size, note)

    def newest_cosigned(self, witnesses: Sequence[str], needed: int, revoked: Revoked) -> tuple[str, list[str]] | None:
        """Return the newest checkpoint that `needed` of these witnesses have signed, and all lines over it."""
        with self._database.read() as connection:
            log = _number(connection)
            newest = sorted((_newest_size(connection, log, each, revoked) for each in set(witnesses)), reverse=True)
            # Above it fewer than enough have said anything at all, however long one of them has been silent.
            below = (witnessed.c.log == log) & (witnessed.c.size <= newest[needed - 1])
            counts = _word_counts(connection, log, revoked)
            said = select(witnessed.c.size, witnessed.c.witness, witnessed.c.note).where(below, counts)
            rows = connection.execute(said.order_by(witnessed.c.size.desc()).execution_options(yield_per=64))
            for size, group in groupby(rows, key=lambda row: row.size):
                signed = [row.note for row in group if row.witness in witnesses]
                if len(signed) >= needed:
                    return signed[0], _lines(connection, log, size, signed[0])
        return None

    # --- what a timestamp authority said ---

    def add_time(self, stamped: ProvenTime) -> None:
        """Keep a timestamp, which was verified."""
        self._database.write(lambda connection: connection.execute(insert(proven_time).values(asdict(stamped))))

    def newest_time(self, revoked: Revoked) -> ProvenTime | None:
        """Return the timestamp that was kept last of the log that is written now."""
        with self._database.read() as connection:
            return _newest_time(connection, _number(connection), revoked)

    def first_time(self, index: int, revoked: Revoked) -> ProvenTime | None:
        """Return the first timestamp over a head that has the leaf at `index`."""
        with self._database.read() as connection:
            return _first_time(connection, _number(connection), index, revoked)

    def covered_before(self, moment: datetime, revoked: Revoked) -> int:
        """Return the first place, through all logs, that no witness and no authority had spoken of before a moment."""
        with self._database.read() as connection:
            sizes = connection.execute(select(former.c.number, former.c.size).order_by(former.c.number)).all()
            sizes = [*sizes, connection.execute(select(head.c.number, head.c.size)).one()]
            place = 0
            for number, size in sizes:
                covered = _covered_before(connection, number, moment, revoked)
                if covered < size:
                    return place + covered
                place += size
            return place

    # --- tiles ---

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


def _number(connection: Connection) -> int:
    return int(connection.execute(select(head.c.number)).scalar_one())


def _newest_size(connection: Connection, log: int, witness: str, revoked: Revoked) -> int:
    """Return the size of a log that a witness spoke of last; -1 when it never did."""
    its = (witnessed.c.log == log) & (witnessed.c.witness == witness)
    counts = _word_counts(connection, log, revoked)
    found = connection.execute(select(func.max(witnessed.c.size)).where(its, counts)).scalar()
    return -1 if found is None else int(found)


def _covered_before(connection: Connection, log: int, moment: datetime, revoked: Revoked) -> int:
    words = select(func.max(witnessed.c.size)).where(witnessed.c.log == log, witnessed.c.seen_at < moment)
    times = select(func.max(proven_time.c.size)).where(proven_time.c.log == log, proven_time.c.gen_time < moment)
    words = words.where(_word_counts(connection, log, revoked))
    times = times.where(_time_counts(connection, log, revoked))
    return max(int(connection.execute(each).scalar() or 0) for each in (words, times))


def _word_counts(connection: Connection, log: int, revoked: Revoked) -> ColumnElement[bool]:
    return _counts(connection, log, revoked, witnessed.c.note, witnessed.c.seen_at)


def _time_counts(connection: Connection, log: int, revoked: Revoked) -> ColumnElement[bool]:
    return _counts(connection, log, revoked, proven_time.c.note, proven_time.c.gen_time)


def _counts(
    connection: Connection, log: int, revoked: Revoked, note: Column[str], said_at: Column[datetime]
) -> ColumnElement[bool]:
    """Return the condition under which a word on a head of a log proves anything.

    Whose signature a note bears is told by the beginning of its line; another key's that begins alike, one of a
    billion, would be passed over too.
    """
    if not revoked:
        return true()
    names = select(head.c.origin).where(head.c.number == log).union_all(
        select(former.c.origin).where(former.c.number == log)
    )  # fmt: skip
    origin = str(connection.execute(names).scalar_one())
    return and_(*(or_(said_at < each.since, func.instr(note, f"\n{each.line_start(origin)}") == 0) for each in revoked))


def _lines(connection: Connection, log: int, size: int, note: str) -> list[str]:
    there = (witnessed.c.log == log) & (witnessed.c.size == size) & (witnessed.c.note == note)
    return list(connection.execute(select(witnessed.c.line).where(there).order_by(witnessed.c.witness)).scalars())


def _first_word(connection: Connection, log: int, index: int, revoked: Revoked) -> WitnessWord | None:
    covers = (witnessed.c.log == log) & (witnessed.c.size > index)
    counts = _word_counts(connection, log, revoked)
    return _word(connection, select(witnessed).where(covers, counts).order_by(witnessed.c.size, witnessed.c.seen_at))


def _word(connection: Connection, wanted: Select[Any]) -> WitnessWord | None:
    row = connection.execute(wanted.limit(1)).mappings().first()
    return None if row is None else WitnessWord(**row)


def _newest_time(connection: Connection, log: int, revoked: Revoked) -> ProvenTime | None:
    its = select(proven_time).where(proven_time.c.log == log, _time_counts(connection, log, revoked))
    return _time(connection, its.order_by(proven_time.c.number.desc()))


def _first_time(connection: Connection, log: int, index: int, revoked: Revoked) -> ProvenTime | None:
    covers = (proven_time.c.log == log) & (proven_time.c.size > index)
    its = select(proven_time).where(covers, _time_counts(connection, log, revoked))
    return _time(connection, its.order_by(proven_time.c.size, proven_time.c.number))


def _time(connection: Connection, wanted: Select[Any]) -> ProvenTime | None:
    row = connection.execute(wanted.limit(1)).mappings().first()
    return None if row is None else ProvenTime(**{name: row[name] for name in row if name != "number"})


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
