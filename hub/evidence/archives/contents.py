"""What an archive package holds of one chain of certificates, read from the store as it is, byte for byte.

Nothing is composed anew: payloads, seals, statements, act bytes and trust lists are the stored bytes. What tells how
they belong together is JSON beside them, without a claim that those bytes do not prove.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection

from hub.steps.certificates.intentions import decrypt_disclosures
from hub.steps.registry import Registry
from hub.store.annotation import AnnotationReader
from hub.store.certificate import CertificateReader, StoredRecord
from hub.store.document import DocumentReader, StoredDocument
from hub.store.entry import EntryReader, StoredEntry
from hub.store.erasure import ErasureReader, StoredErasure
from hub.store.installation import InstallationReader
from hub.store.parties import PartyReader
from hub.store.statement import KeptStatement, StatementReader
from schemas.annotation import RecordedAnnotation
from schemas.catalogue import TYPES_FOLDER
from schemas.certificate import Certificate, RecordedChange
from schemas.document import SCHEMA_FILES
from schemas.download import COPY
from schemas.evidence import VERSION as EVIDENCE_VERSION
from schemas.statement import VERSION as STATEMENT_VERSION
from signing.base64url import decode
from signing.jws import parse_json

FORM = 1
_HERE = Path(__file__).parent
_INDENTED = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS


@dataclass(slots=True)
class Contents:
    """A package as it is put together: `files` by name, and the documents whose bytes are read when their turn comes.

    `statuses` is what the status lists must say, by list number and place; `schemas` the version of each form.
    """

    identifier: str
    files: dict[str, bytes] = field(default_factory=dict)
    documents: list[tuple[StoredDocument, int]] = field(default_factory=list)
    statuses: dict[tuple[int, int], str] = field(default_factory=dict)
    schemas: dict[str, str] = field(default_factory=dict)

    def put_json(self, name: str, content: Any) -> None:
        self.files[name] = as_json(content)


def as_json(content: Any) -> bytes:
    """Return JSON for people and programs: indented, sorted, days and moments in ISO 8601."""
    return orjson.dumps(content, default=_written, option=_INDENTED)


def gather(certificate: Certificate, registry: Registry, connection: Connection, now: datetime) -> Contents:
    """Read everything of the chain this certificate belongs to; its documents are named only."""
    reader = CertificateReader(connection)
    versions = reader.versions_of([certificate.chain])[certificate.chain]
    serials = [each.serial for each in versions]
    records, changes = reader.records(serials), reader.changes(serials)
    notes, erasures = AnnotationReader(connection).of(serials), ErasureReader(connection)
    contents = Contents(certificate.identifier)
    statements, acts, moments = set[int](), list[str](), [now]
    for each in versions:
        erased, noted = erasures.of(each.serial), notes.get(each.serial, [])
        _put_version(contents, each, records[each.serial], changes[each.serial], noted, erased, registry)
        documents = [one for one in DocumentReader(connection).every(each.serial) if one.edition != COPY]
        contents.documents += [(one, each.version) for one in documents]
        done: list[RecordedChange | RecordedAnnotation | StoredErasure] = [*changes[each.serial], *noted, *erased]
        statements |= {each.statement, *(one.statement for one in done)}
        acts += [each.act_id, *(one.act_id for one in done), *(one.act_id for one in documents)]
        acts += [one.lifted_by for one in noted if one.lifted_by]
        moments += [each.sealed_at, *(one.sealed_at for one in documents)]
    existing = [DocumentReader(connection).existing(one.sha256) for one, _ in contents.documents]
    statements |= {one.statement for one in existing if one is not None}
    _put_statements(contents, StatementReader(connection).all_of(sorted(statements)), connection)
    _put_entries(contents, EntryReader(connection).of_acts(sorted(set(acts))))
    _put_trust(contents, sorted(set(moments)), connection)
    _put_schemas(contents, versions)
    contents.files["README.txt"] = (_HERE / "readme.txt").read_bytes()
    contents.files["verify_archive.py"] = (_HERE / "verify_archive.py").read_bytes()
    return contents


# --- one version ------------------------------------------------------------------------------------------------


def _put_version(
    contents: Contents,
    certificate: Certificate,
    record: StoredRecord,
    changes: Sequence[RecordedChange],
    notes: Sequence[RecordedAnnotation],
    erased: Sequence[StoredErasure],
    registry: Registry,
) -> None:
    folder = f"versions/{certificate.version:03d}"
    private = decrypt_disclosures(record.envelope, serial=record.serial, registry=registry)
    contents.files[f"{folder}/payload.json"] = record.payload
    contents.put_json(f"{folder}/seals.json", record.seals)
    contents.put_json(f"{folder}/disclosures.json", [*record.public_disclosures, *private])
    contents.put_json(f"{folder}/changes.json", [_without(asdict(each), "serial") for each in changes])
    contents.put_json(f"{folder}/annotations.json", [_without(asdict(each), "serial", "number") for each in notes])
    contents.put_json(f"{folder}/erasures.json", [_without(asdict(each), "serial", "number") for each in erased])
    kind = registry.catalogue.get(certificate.certificate_type, certificate.type_version)
    told = _without(asdict(certificate), "serial", "chain", "facts_digest")
    contents.put_json(f"{folder}/version.json", told | {"suspension_ends": kind.suspension_ends})
    place = parse_json(record.payload)["status"]["status_list"]
    contents.statuses[int(place["uri"].rpartition("/")[2]), int(place["idx"])] = certificate.status


def _without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


# --- evidence ---------------------------------------------------------------------------------------------------


def _put_statements(contents: Contents, statements: Iterable[KeptStatement], connection: Connection) -> None:
    kept = list(statements)
    for each in kept:
        contents.files[f"statements/{each.number}.jws"] = each.jws.encode()
    contents.put_json("statements.json", [_without(asdict(each), "jws") for each in kept])
    for system in sorted({each.system for each in kept}):
        for cert in PartyReader(connection).system_certs(system):
            contents.files[f"certs/{sha256(cert).hexdigest()}.der"] = cert


def _put_entries(contents: Contents, entries: Iterable[StoredEntry]) -> None:
    told = []
    for each in entries:
        name = f"entries/{each.act_id}.json"
        contents.files[name] = each.act_bytes
        told.append({"file": name, "salt": each.salt.hex(), "leaf": each.leaf.hex()})
    contents.put_json("entries.json", told)


def _put_trust(contents: Contents, moments: Iterable[datetime], connection: Connection) -> None:
    """Put in the trust list in force at each of these moments, with the root certs it stands on."""
    reader = InstallationReader(connection)
    for version in sorted({reader.trust_list_at(moment) for moment in moments}):
        raw = reader.trust_list(version)
        if raw is None:
            continue
        contents.files[f"trust/{version}.json"] = raw
        for cert in parse_json(raw, max_bytes=len(raw))["root_set"]["certs"]:
            der = decode(cert)
            contents.files[f"certs/{sha256(der).hexdigest()}.der"] = der


def _put_schemas(contents: Contents, versions: Iterable[Certificate]) -> None:
    """Put in what names the fields: the type's file, whose digest every payload seals, and the schema of the XML."""
    for code, version in sorted({(each.certificate_type, each.type_version) for each in versions}):
        name = f"{code}.{version}.toml"
        contents.files[f"schemas/{name}"] = (TYPES_FOLDER / name).read_bytes()
    for path in SCHEMA_FILES.values():
        contents.files[f"schemas/{path.name}"] = path.read_bytes()
    for name, content in contents.files.items():
        if name.startswith("schemas/"):
            contents.schemas[name.removeprefix("schemas/")] = sha256(content).hexdigest()
    contents.schemas |= {
        "archive": str(FORM), "statement": str(STATEMENT_VERSION), "evidence": str(EVIDENCE_VERSION),
    }  # fmt: skip


def document_row(document: StoredDocument, version: int, fault: str | None) -> Mapping[str, Any]:
    """Return what is told of one document; `fault` says why its file is not here."""
    return _without(asdict(document), "serial", "delivery") | {"version": version, "fault": fault}


def _written(value: Any) -> str:
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(type(value).__name__)
