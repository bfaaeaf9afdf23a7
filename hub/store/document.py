"""Documents, the intentions of documents, and downloads: what was sealed, what is about to be, who may fetch it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete, func, select, update

from hub.store import tables
from hub.store.queries import select_among, select_by
from hub.store.upsert import insert_new, insert_rows

_OPEN = tables.document_intention


@dataclass(frozen=True, slots=True)
class DocumentName:
    """Which document: of one certificate version, in one edition and language; a copy's is that of one delivery.

    `edition` is "original", "duplicate", "copy", or "existing": a file its issuing body had sealed before.
    """

    serial: int
    edition: str
    language: str
    delivery: str = ""

    def key(self) -> dict[str, Any]:
        """Return the columns that hold it."""
        return {name: getattr(self, name) for name in DocumentName.__slots__}


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A sealed document. `sha256` (hex) names its file, `payload_sha256` the record it was drawn from.

    `xml_sha256` is that of the sealed XML inside, `key_id` the key that sealed both; None and "" of a file that was
    taken in as it was. `erased_by` is the act that erased something it shows: its file is gone, or about to be.
    """

    serial: int
    edition: str
    language: str
    delivery: str
    sha256: str
    length: int
    xml_sha256: str | None
    key_id: str
    payload_sha256: str
    sealed_at: datetime
    act_id: str
    erased_by: str | None = None

    @property
    def name(self) -> DocumentName:
        return DocumentName(self.serial, self.edition, self.language, self.delivery)


@dataclass(frozen=True, slots=True)
class OpenDocument:
    """A document that is wanted or about to be sealed.

    `envelope` holds what it follows from, None while nobody has begun; `problem` says why it could not be made, and
    `recorded_at` then when that was found.
    """

    name: DocumentName
    owner: str
    lease_until: datetime
    envelope: bytes | None
    problem: Mapping[str, Any] | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class StoredDownload:
    """Documents an enterprise may fetch, once it has signed for them, until `ends_at`."""

    download: str
    applicant: str
    edition: str
    language: str
    serials: Sequence[int]
    statement: int
    ends_at: datetime
    recorded_at: datetime
    act_id: str


@dataclass(frozen=True, slots=True)
class ExistingDocument:
    """What is kept of a file that its issuing body had sealed before: whose seal, by its own claim when, from where.

    `trust_level` is B (存量): the body vouches for the file by its signed order, not for its content by a record.
    """

    sha256: str
    issuing_body: str
    system: str
    statement: int
    origin: str
    trust_level: str
    seal_subject: str
    seal_cert_sha256: str
    seal_claimed_at: datetime | None
    recorded_at: datetime


class DocumentReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def newest(self, name: DocumentName) -> StoredDocument | None:
        """Return the document under this name; of one drawn again, the last; none that was erased."""
        row = self._connection.execute(_NEWEST, _of(name)).first()
        return None if row is None else StoredDocument(*row)

    def by_digest(self, digest: str) -> StoredDocument | None:
        row = select_by(self._connection, tables.document, columns=_NAMES, sha256=digest).first()
        return None if row is None else StoredDocument(*row)

    def by_xml_digest(self, digest: str) -> StoredDocument | None:
        """Return the document whose XML has this digest."""
        row = select_by(self._connection, tables.document, columns=_NAMES, xml_sha256=digest).first()
        return None if row is None else StoredDocument(*row)

    def copy_by_act(self, act_id: str) -> StoredDocument | None:
        """Return the copy that an act sealed, also one that was erased since; no other document."""
        row = self._connection.execute(_COPY_BY_ACT, {"of_act": act_id}).first()
        return None if row is None else StoredDocument(*row)

    def all(self, page: int = 500) -> Iterator[StoredDocument]:
        """Yield every document in the order they were sealed, read in pages."""
        number, query = 0, select(tables.document.c.number, *_COLUMNS).order_by(tables.document.c.number).limit(page)
        while rows := self._connection.execute(query.where(tables.document.c.number > number)).all():
            yield from (StoredDocument(*row[1:]) for row in rows)
            number = rows[-1][0]

    def every(self, serial: int) -> list[StoredDocument]:
        """Return every document of a certificate version in the order sealed, erased ones too."""
        rows = select_by(self._connection, tables.document, columns=_NAMES, order="number", serial=serial)
        return [StoredDocument(*row) for row in rows]

    def masters_by(self, key_id: str, serials: Sequence[int]) -> list[DocumentName]:
        """Return which documents of these certificate versions' holders are, as last drawn, sealed by this key."""
        rows = select_among(
            self._connection, tables.document, "serial", serials, columns=_NAMES, order="number", delivery=""
        )
        newest = {each.name: each for each in (StoredDocument(*row) for row in rows) if each.erased_by is None}
        return [name for name, each in newest.items() if each.key_id == key_id]

    def leaving(self, most: int) -> list[str]:
        """Return the digests of erased documents whose files are still to be deleted."""
        query = select(tables.document.c.sha256).where(_LEAVING).order_by(tables.document.c.number).limit(most)
        return list(self._connection.execute(query).scalars())

    def named(self, digests: Sequence[str]) -> frozenset[str]:
        """Return which of these digests are those of documents, erased or not."""
        column = tables.document.c.sha256
        return frozenset(self._connection.execute(select(column).where(column.in_(digests))).scalars())

    def open(self, name: DocumentName) -> OpenDocument | None:
        """Return the intention under this name, if there is one."""
        columns = ("owner", "lease_until", "envelope", "problem", "recorded_at")
        row = select_by(self._connection, _OPEN, columns=columns, **name.key()).first()
        return None if row is None else OpenDocument(name, *row)

    def under_way(self, serial: int) -> list[bytes]:
        """Return what documents of a certificate version are to say, encrypted, of those that were begun."""
        rows = select_by(self._connection, _OPEN, columns=("envelope",), serial=serial).scalars()
        return [each for each in rows if each is not None]

    def waiting(self, now: datetime, *, most: int = 100) -> list[DocumentName]:
        """Return documents that nobody is making: wanted, or left by a maker whose lease ran out; oldest first."""
        query = select(*(_OPEN.c[name] for name in DocumentName.__slots__)).where(_FREE)
        found = self._connection.execute(query.order_by(_OPEN.c.recorded_at).limit(most), {"now": now})
        return [DocumentName(*row) for row in found]

    def counts(self) -> tuple[int, int]:
        """Return how many documents are wanted or under way, and how many could not be made."""
        failed = func.count(_OPEN.c.problem)
        counted = self._connection.execute(select(func.count() - failed, failed).select_from(_OPEN)).one()
        return int(counted[0]), int(counted[1])

    def existing(self, digest: str) -> ExistingDocument | None:
        row = select_by(self._connection, tables.existing_document, sha256=digest).first()
        return None if row is None else ExistingDocument(*row)

    def download(self, download: str) -> StoredDownload | None:
        row = select_by(self._connection, tables.download, download=download).first()
        return None if row is None else StoredDownload(*row)


class DocumentWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def want(self, names: Sequence[DocumentName], now: datetime) -> None:
        """Record that documents are wanted, each once; one that could not be made may be tried again."""
        new = {"owner": "", "lease_until": now, "envelope": None, "problem": None, "recorded_at": now}
        if insert_new(self._connection, _OPEN, [name.key() | new for name in names]) == len(names):
            return
        for name in names:
            self._connection.execute(_WANT_AGAIN, _of(name) | new)

    def no_longer_want(self, name: DocumentName) -> None:
        """Take back what is wanted and nobody has begun."""
        self._connection.execute(_DROP_UNBEGUN, _of(name))

    def take_over(self, name: DocumentName, *, owner: str, lease_until: datetime, now: datetime) -> bool:
        """Take what nobody is making; False when its maker still holds it, or it is done."""
        taken = {"now": now, "owner": owner, "lease_until": lease_until}
        return self._connection.execute(_TAKE, _of(name) | taken).rowcount == 1

    def keep(self, name: DocumentName, *, owner: str, lease_until: datetime, envelope: bytes) -> bool:
        """Keep what has been made so far; False when another process has taken the intention over."""
        return self._change(name, owner, lease_until=lease_until, envelope=envelope)

    def fail(self, name: DocumentName, *, owner: str, problem: Mapping[str, Any], now: datetime) -> bool:
        """Say why a document cannot be made; what it followed from is dropped. False when it is another's now."""
        return self._change(name, owner, owner="", envelope=None, problem=problem, recorded_at=now)

    def drop(self, name: DocumentName, *, owner: str) -> bool:
        """End an intention that `owner` holds; False when it is not there, or another's."""
        return self._connection.execute(_DROP_HELD, _of(name) | {"holder": owner}).rowcount == 1

    def begin_anew(self, serial: int, now: datetime) -> None:
        """Forget what documents of a certificate version were to say: whoever makes them reads it again."""
        anew = {"owner": "", "lease_until": now, "envelope": None}
        self._connection.execute(update(_OPEN).where(_OPEN.c.serial == serial).values(**anew))

    def erase(self, digests: Sequence[str], *, erased_by: str) -> None:
        """Mark documents as erased by an act; their rows stay."""
        table = tables.document
        self._connection.execute(update(table).where(table.c.sha256.in_(digests)).values(erased_by=erased_by))

    def file_gone(self, digest: str, now: datetime) -> None:
        """Note that the file of an erased document is deleted."""
        table = tables.document
        self._connection.execute(update(table).where(table.c.sha256 == digest).values(file_gone_at=now))

    def forget_problems(self, before: datetime) -> None:
        """Drop what could not be made and nobody has wanted again since."""
        old = _OPEN.c.problem.is_not(None) & (_OPEN.c.recorded_at < before)
        self._connection.execute(delete(_OPEN).where(old))

    def add(self, document: StoredDocument) -> None:
        insert_rows(self._connection, tables.document, [{name: getattr(document, name) for name in _NAMES}])

    def add_existing(self, document: StoredDocument, existing: ExistingDocument) -> None:
        self.add(document)
        row = {name: getattr(existing, name) for name in ExistingDocument.__slots__}
        insert_rows(self._connection, tables.existing_document, [row])

    def add_download(self, download: StoredDownload) -> None:
        row = {name: getattr(download, name) for name in StoredDownload.__slots__}
        insert_rows(self._connection, tables.download, [row])

    def end_downloads_since(self, applicant: str, since: datetime, now: datetime) -> list[str]:
        """End every download opened since then that still runs; return their names."""
        table = tables.download
        running = (table.c.applicant == applicant) & (table.c.recorded_at >= since) & (table.c.ends_at > now)
        ended = update(table).where(running).values(ends_at=now).returning(table.c.download)
        return sorted(self._connection.execute(ended).scalars())

    def _change(self, name: DocumentName, holder: str, **values: Any) -> bool:
        return self._connection.execute(_CHANGE_HELD, _of(name) | {"holder": holder} | values).rowcount == 1


# --- statements, built once: each document runs all of them -----------------------------------------------------


def _of(name: DocumentName) -> dict[str, Any]:
    return {f"of_{column}": value for column, value in name.key().items()}


def _named(table: Table) -> list[Any]:
    return [table.c[column] == bindparam(f"of_{column}") for column in DocumentName.__slots__]


_NAMES = tuple(StoredDocument.__dataclass_fields__)
_COLUMNS = [tables.document.c[name] for name in _NAMES]
_KEPT = tables.document.c.erased_by.is_(None)
_LEAVING = ~_KEPT & tables.document.c.file_gone_at.is_(None)
_NEWEST = select(*_COLUMNS).where(*_named(tables.document), _KEPT).order_by(tables.document.c.number.desc()).limit(1)
_COPY_BY_ACT = select(*_COLUMNS).where(
    tables.document.c.act_id == bindparam("of_act"), tables.document.c.delivery != ""
)
_HELD = _OPEN.c.owner == bindparam("holder")
_FREE = (_OPEN.c.lease_until <= bindparam("now")) & _OPEN.c.problem.is_(None)
# An update sets the columns that its parameters name.
_TAKE = update(_OPEN).where(*_named(_OPEN), _FREE)
_CHANGE_HELD = update(_OPEN).where(*_named(_OPEN), _HELD)
_WANT_AGAIN = update(_OPEN).where(*_named(_OPEN), _OPEN.c.problem.is_not(None))
_DROP_HELD = delete(_OPEN).where(*_named(_OPEN), _HELD)
_DROP_UNBEGUN = delete(_OPEN).where(*_named(_OPEN), _OPEN.c.owner == "", _OPEN.c.envelope.is_(None))
