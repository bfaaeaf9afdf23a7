"""What a witness remembers: of every log the newest head it vouched for, in a small database of its own.

A head takes the place of another by compare-and-swap, and is on disk when `advance` returns. Whoever puts an old copy
of this folder back makes the witness forget, and may make it vouch for two histories: its key must be given up then.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, String, Table, select, update
from sqlalchemy.dialects.sqlite import insert

from hub.store.columns import Moment
from hub.store.database import Database
from signing.merkle import EMPTY_ROOT
from signing.synced import sync_folder

_FILE = "witness.db"

metadata = MetaData()
seen = Table(
    "seen",
    metadata,
    Column("origin", String(255), primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("seen_at", Moment, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest head of a log that the witness vouched for: how many leaves, their root, and when it last said so."""

    size: int
    root: bytes
    seen_at: datetime


class WitnessStore:
    """One witness's memory."""

    def __init__(self, folder: Path) -> None:
        """Open the memory in `folder`, made when it is not there."""
        self._database = Database(f"sqlite:///{(folder / _FILE).resolve()}", pool_size=4)
        self._database.write(metadata.create_all)
        sync_folder(folder)

    def close(self) -> None:
        self._database.close()

    def enter(self, origin: str, since: datetime) -> None:
        """Begin to remember a log, of which nothing is known yet; nothing happens when it is remembered already."""
        first = insert(seen).values(origin=origin, size=0, root=EMPTY_ROOT, seen_at=since)
        self._database.write(lambda connection: connection.execute(first.on_conflict_do_nothing()))

    def newest(self, origin: str) -> Seen:
        """Return the newest head of a log that was entered."""
        with self._database.read() as connection:
            row = connection.execute(select(seen).where(seen.c.origin == origin)).one()
        return Seen(row.size, row.root, row.seen_at)

    def advance(self, origin: str, before: Seen, after: Seen) -> bool:
        """Put `after` in the place of `before`; False, and nothing changes, when another head stands there."""
        is_before = (seen.c.origin == origin) & (seen.c.size == before.size) & (seen.c.root == before.root)
        advanced = update(seen).where(is_before).values(size=after.size, root=after.root, seen_at=after.seen_at)
        return self._database.write(lambda connection: connection.execute(advanced).rowcount == 1)
