"""Recognising what was uploaded or pasted: a delivered file, a record, a pull's answer, a token, or a name.

Pure, and total: whatever the bytes are, an `Examined` comes back. Nothing is verified here, and of a PDF, XML or
picture no more is looked at than its first bytes: a child takes it apart (`documents`).
"""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from schemas.exchange import NOTE_TYP
from schemas.identifiers import (
    IdentifierCheckError,
    IdentifierFormError,
    LicenceNumberCheckError,
    LicenceNumberFormError,
    ReferenceFormError,
    parse_identifier,
    parse_licence_number,
    parse_reference,
)
from schemas.predicates import PREDICATE_TYP
from schemas.tokens import ANSWER_TYP, KEPT_TYP
from signing.errors import MalformedTokenError
from signing.jws import json_bytes, parse_json, unverified_header
from signing.sd_jwt import Record, parse_record

LARGEST_BYTES = 2 * 1024 * 1024
LARGEST_FILE = 20 * 1024 * 1024
_LONGEST_NAME = 300
_MOST_FILES = 100
_MOST_CERTS = 8
_WHITE = b" \t\r\n"
_TOKEN = re.compile(rb"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_FILE = {"record", "note", "certs"}
_RECORD = {"payload", "signatures"}
_PULL_ANSWER = {"decision", "delivery", "as_of", "ends_at", "note", "items"}
_PREDICATE_ANSWER = {"predicate", "answer", "decision", "as_of", "signed", "act_id"}
_BESIDE_PULL = {"act_id", "receipt", "materials", "prefill", "prefill_choices"}
_URL = re.compile(r"(https?://[^/?#\s]{1,255})/([qcsdk])/([^/?#\s]{1,64})(?:[?#]\S*)?", re.IGNORECASE)
# As `hub/steps/codes.py` makes them: what the picture on a manager's phone holds.
_LIVE = re.compile(r"YZ-[0-9A-Z]{26}")
_KEPT = re.compile(
    r"(https?://[^/?#\s]{1,255})/kept/([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)(?:[/?#]\S*)?", re.IGNORECASE
)


class Form(StrEnum):
    """What was brought; the values are rows of `schemas.wording.FORMS`."""

    DELIVERED = "delivered"
    RECORD = "record"
    PULL_ANSWER = "pull_answer"
    SCAN_ANSWER = "scan_answer"
    NOTE = "note"
    PREDICATE = "predicate"
    PDF = "pdf"
    XML = "xml"
    PICTURE = "picture"
    NAME = "name"
    UNKNOWN_FORM = "unknown_form"


@dataclass(frozen=True, slots=True)
class ShownFile:
    """One record as shown. `record` is None where it could not be read; `document` is its parsed JSON form, if any.

    `note` is the delivery note beside it. `certs` are DER; None where they could not be read.
    """

    record: Record | None
    document: Mapping[str, Any] | None
    note: str | None
    certs: tuple[bytes, ...] | None


@dataclass(frozen=True, slots=True)
class Examined:
    """What was recognised. `token` is set for signed answers and for a note alone.

    A name has `opens` (paths of pages) or an `identifier`; what gets no verdict has its `reason`, a row of
    `schemas.wording.NOT_READ`.
    """

    form: Form
    files: tuple[ShownFile, ...] = ()
    token: str = ""
    opens: tuple[str, ...] = ()
    identifier: str = ""
    reason: str = ""


_BEGINNINGS = ((b"%PDF-", Form.PDF), (b"\x89PNG\r\n\x1a\n", Form.PICTURE), (b"\xff\xd8\xff", Form.PICTURE))


def kind_of(raw: bytes) -> Form | None:
    """Return PDF, XML or PICTURE by the first bytes of what only a child takes apart; None for what is read here."""
    # A byte order mark or blanks before an XML make it no document of ours, and still no text.
    if raw[:16].lstrip(_WHITE + b"\xef\xbb\xbf")[:1] == b"<":
        return Form.XML
    return next((kind for beginning, kind in _BEGINNINGS if raw.startswith(beginning)), None)


def read_examined(raw: bytes, *, origin: str) -> Examined:
    """Recognise a text, at most 2 MiB of it; `origin` is the hub's own ("https://…"), whose addresses are names."""
    if len(raw) > LARGEST_BYTES:
        return _unknown("too_large")
    shown = raw.strip(_WHITE)
    if not shown:
        return _unknown("empty")
    if shown[:1] == b"{":
        return _read_json(shown)
    if b"~" in shown:
        return _read_compact(shown)
    if _TOKEN.fullmatch(shown):
        return _read_token(shown.decode("ascii"))
    return _read_name(shown, origin)


# --- JSON ---


def _read_json(raw: bytes) -> Examined:
    try:
        document = parse_json(raw, max_bytes=LARGEST_BYTES)
    except MalformedTokenError:
        return _unknown("not_ours")
    if document.keys() == _RECORD:
        return Examined(Form.RECORD, files=(_record_alone(document, raw),))
    if document.keys() == _FILE:
        return Examined(Form.DELIVERED, files=(_read_file(document),))
    if _PULL_ANSWER <= document.keys() <= _PULL_ANSWER | _BESIDE_PULL:
        return _read_pull_answer(document)
    if _PREDICATE_ANSWER <= document.keys() <= _PREDICATE_ANSWER | {"receipt"}:
        # What stands beside the signed answer in the clear is nobody's word.
        return _read_token(str(document["signed"]))
    return _unknown("not_ours")


def _record_alone(document: Mapping[str, Any], raw: bytes) -> ShownFile:
    return ShownFile(_record_in(raw), document, None, ())


def read_delivered(raw: bytes) -> ShownFile | None:
    """Return a delivered file; None for anything else."""
    examined = _read_json(raw)
    return examined.files[0] if examined.form is Form.DELIVERED else None


def _read_file(document: Mapping[str, Any]) -> ShownFile:
    note = document["note"]
    if not (note is None or isinstance(note, str)):
        note = ""
    return ShownFile(
        _record_of(document["record"]), _object_or_none(document["record"]), note, _certs(document["certs"])
    )


def _read_pull_answer(answer: Mapping[str, Any]) -> Examined:
    items, note = answer["items"], answer["note"]
    if not isinstance(items, list) or len(items) > _MOST_FILES:
        return _unknown("not_ours")
    found = [item.get("file") for item in items if isinstance(item, dict)]
    files = tuple(_read_file(file) for file in found if isinstance(file, dict) and file.keys() == _FILE)
    if files:
        return Examined(Form.PULL_ANSWER, files=files)
    # What was not delivered is told in an answer without a signature: there is nothing to verify.
    return Examined(Form.NOTE, token=note) if isinstance(note, str) else _unknown("not_ours")


def _record_of(document: Any) -> Record | None:
    if not isinstance(document, dict):
        return None
    # The general form is read by the one reader of records; what it covers are decoded bytes, not this text.
    return _record_in(json_bytes(document))


def _record_in(raw: bytes) -> Record | None:
    try:
        return parse_record(raw)
    except MalformedTokenError:
        return None


def _certs(value: Any) -> tuple[bytes, ...] | None:
    if not isinstance(value, list) or len(value) > _MOST_CERTS:
        return None
    certs = [_decoded(text) for text in value]
    return None if None in certs else tuple(cert for cert in certs if cert is not None)


def _decoded(text: Any) -> bytes | None:
    if not isinstance(text, str):
        return None
    try:
        octets = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        return None
    # One text for one cert: spare bits in the last character would be a place to change unseen.
    return octets if b64encode(octets).decode() == text else None


def _object_or_none(value: Any) -> Mapping[str, Any] | None:
    return value if isinstance(value, dict) else None


# --- tokens ---


def _read_compact(raw: bytes) -> Examined:
    record = _record_in(raw)
    return _unknown("not_ours") if record is None else Examined(Form.RECORD, files=(ShownFile(record, None, None, ()),))


def _read_token(token: str) -> Examined:
    try:
        typ = unverified_header(token, max_bytes=LARGEST_BYTES).get("typ")
    except MalformedTokenError:
        return _unknown("not_ours")
    if typ == ANSWER_TYP:
        return Examined(Form.SCAN_ANSWER, token=token)
    if typ == KEPT_TYP:
        # What a visitor kept has a page of its own, which checks it and tells of now beside it.
        return _name(f"/kept/{token}")
    if typ == PREDICATE_TYP:
        return Examined(Form.PREDICATE, token=token)
    return Examined(Form.NOTE, token=token) if typ == NOTE_TYP else _unknown("not_ours")


# --- names ---


def _read_name(raw: bytes, origin: str) -> Examined:
    try:
        text = raw.decode("utf-8").strip()
    except UnicodeDecodeError:
        return _unknown("not_ours")
    if (kept := _KEPT.fullmatch(text)) and kept[1].lower() == origin.lower():
        return _name(f"/kept/{kept[2]}")
    if len(text) > _LONGEST_NAME:
        return _unknown("not_ours")
    if _LIVE.fullmatch(text.upper()):
        # Whose it is and whether it counts now is told by its own page, to who enters it there.
        return Examined(Form.NAME, opens=("/resolve",), reason="live_code")
    if address := _URL.fullmatch(text):
        return _read_address(address, origin)
    return _read_reference(text) or _read_identifier(text) or _read_licence_number(text)


def _read_address(address: re.Match[str], origin: str) -> Examined:
    host, kind, name = address.groups()
    if host.lower() != origin.lower():
        return _unknown("other_origin")
    try:
        return _name(f"/{kind.lower()}/{parse_reference(name)}")
    except ReferenceFormError:
        return _unknown("not_ours")


def _read_reference(text: str) -> Examined | None:
    try:
        reference = parse_reference(text)
    except ReferenceFormError:
        return None
    # A reference does not tell whether it names an enterprise or a certificate version.
    return _name(f"/q/{reference}", f"/c/{reference}")


def _read_identifier(text: str) -> Examined | None:
    try:
        identifier = str(parse_identifier(text))
    except IdentifierCheckError:
        return _unknown("number_check")
    except IdentifierFormError:
        return None
    return Examined(Form.NAME, identifier=identifier, reason="name")


def _read_licence_number(text: str) -> Examined:
    try:
        return _name(f"/search?licence_number={parse_licence_number(text)}")
    except LicenceNumberCheckError:
        return _unknown("number_check")
    except LicenceNumberFormError:
        return _unknown("not_ours")


def _name(*opens: str) -> Examined:
    return Examined(Form.NAME, opens=opens, reason="name")


def _unknown(reason: str) -> Examined:
    return Examined(Form.UNKNOWN_FORM, reason=reason)
