"""What an evidence bundle holds of one delivery or one refusal, read from the store as it is, byte for byte.

Statement, note, grant, payloads, seals, act bytes and trust lists are the stored bytes; a record is the very bytes that
its delivery note is signed over, with the disclosures that were delivered and no others. What tells how they belong
together is JSON beside them. A grant or a line of the sharing table that is another's is not shown to who named it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection

from hub.applications import E_LICENCE_SYSTEM
from hub.delivery import permitted_names, present, presentation_digest
from hub.registry import Registry
from hub.signer_status import grant_context
from hub.store.certificate import CertificateReader, StoredRecord
from hub.store.entry import EntryReader, StoredEntry
from hub.store.erasure import ErasureReader
from hub.store.exchange import StoredDecision, StoredDelivery
from hub.store.grant import GrantReader
from hub.store.installation import InstallationReader
from hub.store.log_view import LogView
from hub.store.parties import PartyReader
from hub.store.sharing import SharingReader
from hub.store.statement import StatementReader
from schemas.canonical import canonical_json
from schemas.catalogue import TYPES_FOLDER
from schemas.certificate import Certificate, RecordedChange
from schemas.exchange import Basis
from schemas.fields import COMMON_FIELDS
from signing.base64url import decode, encode
from signing.envelope import decrypt
from signing.jws import parse_json
from signing.merkle import inclusion_path

FORM = 1
_HERE = Path(__file__).parent
_INDENTED = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS


@dataclass(slots=True)
class Contents:
    """A bundle as it is put together: `files` by name, its `entries` in the log, which `status_lists` tell of it.

    `acts` names the acts of decision, delivery and grant; `records` says of each record which acts are its own.
    """

    kind: str
    decision: str
    files: dict[str, bytes] = field(default_factory=dict)
    entries: list[StoredEntry] = field(default_factory=list)
    status_lists: set[int] = field(default_factory=set)
    acts: dict[str, str | None] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)

    def put_json(self, name: str, content: Any) -> None:
        self.files[name] = orjson.dumps(content, default=_written, option=_INDENTED)


def gather(
    decision: StoredDecision,
    delivery: StoredDelivery | None,
    *,
    registry: Registry,
    connection: Connection,
    now: datetime,
) -> Contents:
    """Read all that belongs to a decision; `delivery` is what it led to, None for a refusal."""
    contents = Contents("refusal" if delivery is None else "delivery", decision.decision)
    contents.acts = {"decision": decision.act_id, "delivery": delivery.act_id if delivery else None, "grant": None}
    _put_statement(contents, decision, connection)
    contents.put_json("decision.json", asdict(decision))
    _put_basis(contents, decision, registry, connection)
    if delivery is not None:
        contents.files["note.jws"] = delivery.note.encode()
        _put_records(contents, decision, delivery, registry, connection)
    _gather_entries(contents, connection)
    moments = [now, *(each.recorded_at for each in contents.entries)]
    _put_trust(contents, moments, connection)
    contents.files["README.txt"] = (_HERE / "readme.txt").read_bytes()
    contents.files["verify_bundle.py"] = (_HERE / "verify_bundle.py").read_bytes()
    return contents


def put_log(contents: Contents, view: LogView) -> None:
    """Put in the head of the log, and of each act its leaf, its salt and the proof of its place under that head.

    An act that has no place under it has neither place nor proof here.
    """
    told = []
    for each in contents.entries:
        name = f"acts/{each.act_id}.json"
        contents.files[name] = each.act_bytes
        row: dict[str, Any] = {
            "file": name,
            "salt": each.salt.hex(),
            "leaf": each.leaf.hex(),
            "index": None,
            "path": [],
        }
        # A leaf of a log that a recovery closed is not under this head; its receipt proves it.
        index = None if each.leaf_index is None else each.leaf_index - view.head.first_place
        if index is not None and 0 <= index < view.size:
            path = inclusion_path(index, view.size, view.hashes)
            row |= {"index": index, "path": [encode(one) for one in path]}
        told.append(row)
    contents.put_json("acts.json", told)
    contents.files["checkpoint.txt"] = view.head.note.encode()


# --- statement and basis ----------------------------------------------------------------------------------------


def _put_statement(contents: Contents, decision: StoredDecision, connection: Connection) -> None:
    """Put in what was asked: a system's JWS and its certs, or the sentence that an enterprise signed, with its cert."""
    raw, _ = StatementReader(connection).get(decision.statement)
    if decision.system == E_LICENCE_SYSTEM:
        contents.files["statement.json"] = raw.encode()
        return
    contents.files["statement.jws"] = raw.encode()
    _put_certs(contents, PartyReader(connection).system_certs(decision.system))


def _put_basis(contents: Contents, decision: StoredDecision, registry: Registry, connection: Connection) -> None:
    reference = decision.basis_reference or ""
    if decision.basis != Basis.GRANT:
        rule = SharingReader(connection).get(reference, decision.rule_version)
        if rule is not None and rule.requester == decision.requester:
            contents.put_json("basis/rule.json", asdict(rule))
        return
    stored = GrantReader(connection).get(reference)
    if stored is None or (stored.requester, stored.holder) != (decision.requester, decision.licence_number):
        return
    opened = decrypt(stored.envelope, masters=registry.masters, context=grant_context(stored.digest))
    signed = orjson.loads(opened)
    contents.files["basis/grant.txt"] = signed["text"].encode()
    contents.put_json("basis/grant.json", {name: signed[name] for name in ("algorithm", "signature", "cert")})
    contents.acts["grant"] = stored.act_id


# --- records ----------------------------------------------------------------------------------------------------


def _put_records(
    contents: Contents, decision: StoredDecision, delivery: StoredDelivery, registry: Registry, connection: Connection
) -> None:
    lines = parse_json(decode(delivery.note.split(".")[1]))["presentations"]
    reader = CertificateReader(connection)
    found = reader.by_identifier([each["identifier"] for each in lines])
    serials = [found[each["identifier"]].serial for each in lines]
    records, changes = reader.records(serials), reader.changes(serials)
    for number, line in enumerate(lines, 1):
        certificate = found[line["identifier"]]
        record = records[certificate.serial]
        names = permitted_names(certificate, decision, registry, connection)
        document = present(record, names, certificate.serial, registry)
        name = f"records/{number:03d}.json"
        contents.files[name] = canonical_json(document)
        is_as_delivered = presentation_digest(document) == line["sha256"]
        contents.records.append(
            {
                "file": name,
                "identifier": certificate.identifier,
                "issue": certificate.act_id,
                "changes": _until(changes[certificate.serial], delivery.recorded_at),
                "erased": [] if is_as_delivered else _erased(certificate, decision, connection),
            }
        )
        contents.status_lists.add(_status_list(record))
        # What the fields mean and which are public; its digest is in the sealed payload.
        type_file = f"{certificate.certificate_type}.{certificate.type_version}.toml"
        contents.files[f"schemas/{type_file}"] = (TYPES_FOLDER / type_file).read_bytes()


def _until(changes: Sequence[RecordedChange], moment: datetime) -> list[str]:
    """Return the acts that led to the status at the time: what came later is none of this delivery's."""
    return [each.act_id for each in changes if each.recorded_at <= moment]


def _erased(certificate: Certificate, decision: StoredDecision, connection: Connection) -> list[dict[str, str]]:
    """Return what was delivered and has been erased by law since, each with its act."""
    delivered = {*decision.fields[certificate.certificate_type], *COMMON_FIELDS}
    erasures = ErasureReader(connection).of(certificate.serial)
    return [{"field": each.field, "act": each.act_id} for each in erasures if each.field in delivered]


def _status_list(record: StoredRecord) -> int:
    place = parse_json(record.payload)["status"]["status_list"]
    return int(place["uri"].rpartition("/")[2])


# --- evidence ---------------------------------------------------------------------------------------------------


def _gather_entries(contents: Contents, connection: Connection) -> None:
    acts = [each for each in contents.acts.values() if each is not None]
    for row in contents.records:
        acts += [row["issue"], *row["changes"], *(each["act"] for each in row["erased"])]
    contents.entries = EntryReader(connection).of_acts(sorted(set(acts)))


def _put_trust(contents: Contents, moments: Iterable[datetime], connection: Connection) -> None:
    """Put in the trust list in force at each of these moments; the root certs stand inside it."""
    reader = InstallationReader(connection)
    for version in sorted({reader.trust_list_at(moment) for moment in moments}):
        raw = reader.trust_list(version)
        if raw is not None:
            contents.files[f"trust/{version}.json"] = raw


def _put_certs(contents: Contents, certs: Iterable[bytes]) -> None:
    for cert in certs:
        contents.files[f"certs/{sha256(cert).hexdigest()}.der"] = cert


def _written(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(type(value).__name__)
