"""What departments and enterprises have kept and bring back, sorted by the digests that acts name it by.

A file is a receipt, a kept order or sentence, a record, an evidence bundle, an archive package, or a list of such. Each
thing in it is known by its own bytes, so it does not matter who brings it, under what name, or what stands beside it:
1 act bytes and salt, from a receipt or a bundle: their leaf is in the log or it is not
2 an order (statement, salt, content) by the SHA-256 of its statement, a signed sentence by that of its text
3 a record by the SHA-256 of its payload; disclosures and seals that several copies bring are put together
4 a receipt that is signed, by its leaf: the hub's own word on the names of what it issued
5 a statement by itself, which asks for a pull, and a delivery note, by the SHA-256 of the token
Nothing is verified here but that bytes and digests belong together; what is none of these is passed over. A forgery
beside the true thing takes nothing away: several that go by one name are all kept, to be tried one after the other.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile, ZipFile

from schemas.exchange import NOTE_TYP
from schemas.sentence import statement_digest
from schemas.statement import TYP as STATEMENT_TYP
from signing.base64url import decode
from signing.commitment import SALT_BYTES, leaf
from signing.errors import SigningError
from signing.sd_jwt import Record, Seal, disclosure_digest, parse_record

_LONGEST_BYTES = 64 << 20
_LONGEST_MEMBER = 1 << 20
_MOST_MEMBERS = 10_000
_DEEPEST = 4
_MOST_OF_A_NAME = 16
_INSIDE = ("order", "answer", "receipt", "sentence", "record", "statement", "note")
_ORDER = frozenset({"statement", "salt", "content"})
_ORDER_BODY = _ORDER | {"countersignatures", "approvals"}
_SENTENCE = frozenset({"text", "algorithm", "signature", "cert", "role"})
N = TypeVar("N")
T = TypeVar("T")
_WRONG = (ValueError, KeyError, TypeError, AttributeError, RecursionError, SigningError)


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens a leaf: the act's bytes, what they say, and the salt."""

    act_bytes: bytes
    act: Mapping[str, Any]
    salt: bytes


@dataclass(slots=True)
class Returned:
    """All that was brought back: openings and signed receipts by leaf, the rest by the digest (hex) acts name it by."""

    openings: dict[bytes, Opening] = field(default_factory=dict)
    receipts: dict[bytes, list[str]] = field(default_factory=dict)
    orders: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    sentences: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    records: dict[str, Record] = field(default_factory=dict)
    requests: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def take(self, raw: bytes) -> None:
        """Take what is in a file."""
        if raw[:2] == b"PK":
            self._take_zip(raw)
        else:
            self._take_text(raw.strip())

    def _take_text(self, raw: bytes) -> None:
        if raw[:1] in (b"{", b"["):
            try:
                self._take_value(json.loads(raw), 0)
            except _WRONG:
                for line in raw.splitlines():
                    self._take_line(line)
        elif b"~" in raw:
            self._take_record(raw)
        else:
            self._take_token(raw)

    def _take_line(self, line: bytes) -> None:
        try:
            self._take_value(json.loads(line), 0)
        except _WRONG:
            return

    def _take_value(self, value: Any, depth: int) -> None:
        if isinstance(value, list) and depth < _DEEPEST:
            for each in value:
                self._take_value(each, depth + 1)
        if isinstance(value, str):
            self._take_token(value.encode())
        if not isinstance(value, dict):
            return
        if {"act", "salt"} <= value.keys():
            self._take_opening(value, None)
        if value.keys() >= _ORDER and isinstance(value["statement"], str):
            _keep(self.orders, sha256(value["statement"].encode()).hexdigest(), _only(value, _ORDER_BODY))
        if value.keys() >= _SENTENCE and isinstance(value["text"], str):
            _keep(self.sentences, statement_digest(value["text"]), _only(value, _SENTENCE))
        if {"payload", "signatures"} <= value.keys():
            self._take_record(json.dumps(value).encode())
        if depth < _DEEPEST:
            for name in _INSIDE:
                self._take_value(value.get(name), depth + 1)

    def _take_token(self, raw: bytes) -> None:
        """Take a compact token: a statement, a delivery note, or a signed receipt, whose payload opens a leaf."""
        try:
            head, payload, _ = raw.split(b".")
            kept = {STATEMENT_TYP: self.requests, NOTE_TYP: self.notes}.get(
                json.loads(decode(head.decode())).get("typ")
            )
            if kept is not None:
                kept[sha256(raw).hexdigest()] = raw.decode()
                return
            self._take_opening(json.loads(decode(payload.decode())), raw.decode())
        except _WRONG:
            return

    def _take_opening(self, receipt: Any, token: str | None) -> None:
        try:
            self._open(decode(receipt["act"]), decode(receipt["salt"]), token)
        except _WRONG:
            return

    def _open(self, act_bytes: bytes, salt: bytes, token: str | None = None) -> None:
        act = json.loads(act_bytes)
        if len(salt) != SALT_BYTES or not isinstance(act, dict):
            return
        committed = leaf(salt, act_bytes)
        self.openings[committed] = Opening(act_bytes, act, salt)
        if token is not None:
            _keep(self.receipts, committed, token)

    def _take_record(self, raw: bytes) -> None:
        try:
            found = parse_record(raw)
        except _WRONG:
            return
        name = sha256(found.payload).hexdigest()
        known = self.records.get(name, Record(found.payload, ()))
        named = [each for each in found.disclosures if disclosure_digest(each).encode() in found.payload]
        self.records[name] = Record(
            found.payload,
            tuple(dict.fromkeys((*known.seals, *found.seals))),
            tuple(dict.fromkeys((*known.disclosures, *named))),
        )

    def _take_zip(self, raw: bytes) -> None:
        """Take what is in an evidence bundle or an archive package: acts with their salts, records."""
        try:
            with ZipFile(BytesIO(raw)) as opened:
                small = [each for each in opened.infolist() if each.file_size <= _LONGEST_MEMBER][:_MOST_MEMBERS]
                members = {each.filename: opened.read(each) for each in small}
        except (BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError):
            return
        for name in ("acts.json", "entries.json"):
            for row in _listed(members.get(name)):
                self._take_row(members.get(str(row.get("file"))), row.get("salt"))
        for name, content in members.items():
            if name.endswith(".jws"):
                self._take_token(content)
            if name.startswith("records/"):
                self._take_record(content)
            elif name.endswith("/payload.json"):
                self._take_version(content, members, name.removesuffix("payload.json"))

    def _take_row(self, act_bytes: bytes | None, salt: Any) -> None:
        try:
            if act_bytes is not None:
                self._open(act_bytes, bytes.fromhex(salt))
        except _WRONG:
            return

    def _take_version(self, payload: bytes, members: Mapping[str, bytes], folder: str) -> None:
        """Take the record of one version in an archive package."""
        try:
            seals = json.loads(members[f"{folder}seals.json"])
            disclosures = tuple(json.loads(members[f"{folder}disclosures.json"]))
            found = Record(payload, tuple(Seal(**each) for each in seals), disclosures)
            self._take_record(found.to_json())
        except (*_WRONG, IndexError):
            return


def read_returned(paths: Iterable[Path]) -> Returned:
    """Read files, and all files below folders; what is too long is passed over. Raises OSError."""
    returned = Returned()
    for path in _files(paths):
        if path.stat().st_size <= _LONGEST_BYTES:
            returned.take(path.read_bytes())
    return returned


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from (each for each in sorted(path.rglob("*")) if each.is_file())
        else:
            yield path


def _keep(kept: dict[N, list[T]], name: N, value: T) -> None:
    found = kept.setdefault(name, [])
    if value not in found and len(found) < _MOST_OF_A_NAME:
        found.append(value)


def _only(value: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: value[name] for name in names if name in value}


def _listed(raw: bytes | None) -> list[dict[str, Any]]:
    try:
        found = json.loads(raw or b"[]")
    except _WRONG:
        return []
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []
