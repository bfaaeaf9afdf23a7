"""How a backup is laid out: parts one after the other in a sealed stream, and at the end what they all are.

A part of the stream is a letter, a length in four bytes, and its content:
H  what the backup is of, as JSON; the first
T  a table begins, as JSON: its name, its columns and their kinds
R  rows of the table, one JSON array a line, compressed (zlib); bytes are base64, a date is YYYY-MM-DD
F  a document's file begins, as JSON: its name and length
C  content of the file, as it lay there: encrypted
E  the end, as JSON: of each table and of all documents together how many, and the digest of what was written

Nothing in it depends on which database it came from or goes to.
"""

import json
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any, BinaryIO

import orjson

from hub.errors import BackupError
from hub.store.copies import Columns
from signing.envelope import MasterKey
from signing.errors import EnvelopeError, EnvelopeKeyError
from signing.sealed_stream import OpeningStream, SealingStream

FORM = 1
SECRET = "backups"  # noqa: S105 - what the key folder's secret is for
DOCUMENTS = "documents"
_CONTEXT = b"yizhao backup"
_LENGTH_BYTES = 4
_LONGEST_PART = 1 << 20


@dataclass(frozen=True, slots=True)
class About:
    """What a backup is of. `log_note` is the newest checkpoint, all of whose leaves are in the backup's tables."""

    form: int
    version: str
    revision: str
    mode: str
    origin: str
    anchor: str
    dialect: str
    made_at: str
    next_serial: int
    log_note: str
    log_places: int
    last_leaf_b64: str

    @classmethod
    def load(cls, raw: bytes) -> "About":
        found = json.loads(raw)
        if found.get("form") != FORM:
            raise BackupError("backup_version", form=found.get("form"))
        return cls(**found)


@dataclass(slots=True)
class Counted:
    """How much of one kind there is: rows of a table, or documents; and the digest of what was written of it."""

    count: int = 0
    digest: Any = field(default_factory=sha256)

    def add(self, content: bytes, count: int = 0) -> None:
        self.count += count
        self.digest.update(content)

    @property
    def told(self) -> dict[str, Any]:
        return {"count": self.count, "sha256": self.digest.hexdigest()}


class PartsWriter:
    """Writes a backup's parts into `file`; `close` writes the end, without which nothing is restored."""

    def __init__(self, file: BinaryIO, *, master: MasterKey, about: About) -> None:
        self._stream = SealingStream(file, master=master, context=_CONTEXT)
        self._counted: dict[str, Counted] = {}
        self._put(b"H", _json(asdict(about)))

    def table(self, name: str, columns: Columns) -> Callable[[Sequence[Sequence[Any]]], None]:
        """Begin a table; return what writes rows of it."""
        counted = self._counted[name] = Counted()
        self._put(b"T", _json({"table": name, "columns": columns}))

        def put(rows: Sequence[Sequence[Any]]) -> None:
            lines = b"".join(_line(row) for row in rows)
            counted.add(lines, len(rows))
            self._put(b"R", zlib.compress(lines, 1))

        return put

    def document(self, name: str, content: bytes) -> None:
        """Write a document's file as it lies in its place."""
        begin = _json({"name": name, "length": len(content)})
        counted = self._counted.setdefault(DOCUMENTS, Counted())
        counted.add(begin, 1)
        counted.add(content)
        self._put(b"F", begin)
        for at in range(0, len(content), _LONGEST_PART):
            self._put(b"C", content[at : at + _LONGEST_PART])

    def close(self) -> dict[str, dict[str, Any]]:
        """Write the end, and return what it says."""
        told = {name: each.told for name, each in self._counted.items()}
        self._put(b"E", _json(told))
        self._stream.close()
        return told

    def _put(self, letter: bytes, content: bytes) -> None:
        self._stream.write(letter + len(content).to_bytes(_LENGTH_BYTES, "big"))
        self._stream.write(content)


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of a table, as they were stored."""

    table: str
    columns: Columns
    rows: Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Document:
    """A document's file, as it lay in its place."""

    name: str
    content: bytes


class PartsReader:
    """Reads a backup: `about` first, then `parts` to the end, then `told`.

    Nothing that was read counts before `parts` has ended by itself. Raises BackupError backup_damaged for a file that
    was cut, changed, put in another order or made longer; backup_key for one under keys that are not here;
    backup_version for one of a form that this version does not know.
    """

    def __init__(self, file: BinaryIO, *, masters: Mapping[bytes, MasterKey]) -> None:
        self._counted: dict[str, Counted] = {}
        self.told: dict[str, dict[str, Any]] = {}
        try:
            self._stream = OpeningStream(file, masters=masters, context=_CONTEXT)
        except EnvelopeKeyError:
            raise BackupError("backup_key") from None
        except EnvelopeError:
            raise BackupError("backup_damaged") from None
        self.about = About.load(self._expect(b"H"))

    def parts(self) -> Iterator[Rows | Document]:
        table, columns = "", dict[str, str]()
        while True:
            letter, content = self._next()
            if letter == b"T":
                found = orjson.loads(content)
                table, columns = found["table"], found["columns"]
                self._counted[table] = Counted()
            elif letter == b"R":
                yield self._rows(table, columns, content)
            elif letter == b"F":
                yield self._document(content)
            elif letter == b"E":
                self._end(content)
                return
            else:
                raise BackupError("backup_damaged")

    def _rows(self, table: str, columns: Columns, content: bytes) -> Rows:
        lines = zlib.decompress(content)
        rows = [_row(line, columns) for line in lines.splitlines()]
        self._counted[table].add(lines, len(rows))
        return Rows(table, columns, rows)

    def _document(self, begin: bytes) -> Document:
        found = orjson.loads(begin)
        content = bytearray()
        while len(content) < found["length"]:
            content += self._expect(b"C")
        counted = self._counted.setdefault(DOCUMENTS, Counted())
        document = Document(found["name"], bytes(content))
        counted.add(begin, 1)
        counted.add(document.content)
        return document

    def _end(self, content: bytes) -> None:
        self.told = orjson.loads(content)
        if self.told != {name: each.told for name, each in self._counted.items()} or self._read(1):
            raise BackupError("backup_damaged")

    def _expect(self, letter: bytes) -> bytes:
        found, content = self._next()
        if found != letter:
            raise BackupError("backup_damaged")
        return content

    def _next(self) -> tuple[bytes, bytes]:
        head = self._read(1 + _LENGTH_BYTES)
        length = int.from_bytes(head[1:], "big")
        content = self._read(length)
        if len(head) != 1 + _LENGTH_BYTES or len(content) != length:
            raise BackupError("backup_damaged")
        return head[:1], content

    def _read(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except EnvelopeError:
            raise BackupError("backup_damaged") from None


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content).encode()


def _line(row: Sequence[Any]) -> bytes:
    return orjson.dumps([b64encode(each).decode() if isinstance(each, bytes) else each for each in row]) + b"\n"


def _row(line: bytes, columns: Columns) -> list[Any]:
    return [_value(each, kind) for each, kind in zip(orjson.loads(line), columns.values(), strict=True)]


def _value(each: Any, kind: str) -> Any:
    if each is None:
        return None
    if kind == "bytes":
        return b64decode(each)
    return date.fromisoformat(each) if kind == "date" else each
