"""Endings: by which acts all that an enterprise gave since a moment was taken back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from hub.store import tables
from hub.store.queries import select_by
from hub.store.upsert import insert_rows


@dataclass(frozen=True, slots=True)
class StoredEnding:
    """An ending as kept: by the holder's sentence (`envelope`, encrypted, and its digest), or a window's `statement`.

    `counts` says how many of each it ended.
    """

    act_id: str
    holder: str
    since: datetime
    counts: Mapping[str, int]
    recorded_at: datetime
    envelope: bytes | None = None
    digest: str | None = None
    statement: int | None = None


class EndingReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def by_digest(self, holder: str, digest: str) -> StoredEnding | None:
        """Return the ending of a holder by the sentence of that digest."""
        row = select_by(self._connection, tables.ending, holder=holder, digest=digest).first()
        return None if row is None else StoredEnding(*row)


class EndingWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, ending: StoredEnding) -> None:
        row = {name: getattr(ending, name) for name in StoredEnding.__slots__}
        insert_rows(self._connection, tables.ending, [row])
