"""Documents and the intentions of documents: what was sealed, and what is about to be."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from hub.store import tables
from hub.store.queries import select_by
from hub.store.upsert import insert_new, insert_rows

_OPEN = tables.document_intention


@dataclass(frozen=True, slots=True)
class DocumentName:
    """Which document: of one certificate version, in one edition ("original", "duplicate") and language."""

    serial: int
    edition: str
    language: str


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A sealed document. `sha256` (hex) names its file, `payload_sha256` the record it was drawn from."""

    serial: int
    edition: str
    language: str
    sha256: str
    length: int
    payload_sha256: str
    sealed_at: datetime
    act_id: str


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """A document about to be sealed; `envelope` holds what it follows from."""

    name: DocumentName
    owner: str
    lease_until: datetime
    envelope: bytes


class DocumentReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def newest(self, name: DocumentName) -> StoredDocument | None:
        """Return the document under this name; of one drawn again, the last."""
        table = tables.document
        of_name = (table.c.serial == name.serial) & (table.c.edition == name.edition)
        query = select(*_columns()).where(of_name & (table.c.language == name.language)).order_by(table.c.number.desc())
        row = self._connection.execute(query.limit(1)).first()
        return None if row is None else StoredDocument(*row)

    def by_digest(self, digest: str) -> StoredDocument | None:
        row = select_by(self._connection, tables.document, columns=_NAMES, sha256=digest).first()
        return None if row is None else StoredDocument(*row)

    def all(self) -> list[StoredDocument]:
        """Return every document, in the order they were sealed."""
        query = select(*_columns()).order_by(tables.document.c.number)
        return [StoredDocument(*row) for row in self._connection.execute(query)]

    def open(self, name: DocumentName) -> OpenDocument | None:
        """Return the intention under this name, if there is one."""
        key: dict[str, Any] = {"serial": name.serial, "edition": name.edition, "language": name.language}
        row = select_by(self._connection, _OPEN, columns=("owner", "lease_until", "envelope"), **key).first()
        return None if row is None else OpenDocument(name, *row)

    def orphans(self, now: datetime) -> list[DocumentName]:
        """Return the documents whose maker let the lease run out, oldest first."""
        query = select(_OPEN.c.serial, _OPEN.c.edition, _OPEN.c.language).where(_OPEN.c.lease_until < now)
        return [DocumentName(*row) for row in self._connection.execute(query.order_by(_OPEN.c.recorded_at))]


class DocumentWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def intend(self, name: DocumentName, row: Mapping[str, Any]) -> bool:
        """Record an intention; False when this document is under way already."""
        key = {"serial": name.serial, "edition": name.edition, "language": name.language}
        return insert_new(self._connection, _OPEN, [key | dict(row)]) == 1

    def take_over(self, name: DocumentName, *, owner: str, lease_until: datetime, now: datetime) -> bool:
        """Take an intention whose lease has run out; False when its maker still holds it, or it is done."""
        taken = update(_OPEN).where(_named(name) & (_OPEN.c.lease_until < now))
        return self._connection.execute(taken.values(owner=owner, lease_until=lease_until)).rowcount == 1

    def keep(self, name: DocumentName, *, owner: str, lease_until: datetime, envelope: bytes) -> bool:
        """Keep what has been made so far; False when another process has taken the intention over."""
        kept = update(_OPEN).where(_named(name) & (_OPEN.c.owner == owner))
        return self._connection.execute(kept.values(lease_until=lease_until, envelope=envelope)).rowcount == 1

    def drop(self, name: DocumentName, *, owner: str) -> bool:
        """End an intention that `owner` holds; False when it is not there, or another's."""
        dropped = delete(_OPEN).where(_named(name) & (_OPEN.c.owner == owner))
        return self._connection.execute(dropped).rowcount == 1

    def add(self, document: StoredDocument) -> None:
        insert_rows(
            self._connection, tables.document, [{name: getattr(document, name) for name in StoredDocument.__slots__}]
        )


_NAMES = tuple(StoredDocument.__dataclass_fields__)


def _columns() -> list[Any]:
    return [tables.document.c[name] for name in _NAMES]


def _named(name: DocumentName) -> Any:
    same = (_OPEN.c.serial == name.serial) & (_OPEN.c.edition == name.edition)
    return same & (_OPEN.c.language == name.language)
