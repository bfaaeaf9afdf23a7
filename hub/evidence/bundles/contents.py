"""What an evidence bundle holds of one delivery or one refusal, read from the store as it is, byte for byte.

Statement, note, grant, payloads, seals, act bytes and trust lists are the stored bytes; a record is the very bytes that
its delivery note is signed over, with the disclosures that were delivered and no others. What tells how they belong
together is JSON beside them. A grant or a line of the sharing table that is another's is not shown to who named it.
Once a delivery ended, its grant was withdrawn, or something of a record was erased, the record is here without what it
disclosed, and what tells of it says why: all else goes on proving what was done.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from hub.evidence.bundles.basis import put_basis
from hub.evidence.bundles.members import Contents
from hub.steps.consent.applications import E_LICENCE_SYSTEM, PERSON_SYSTEM
from hub.steps.registry import Registry
from hub.steps.sharing.delivery import end_of, permitted_names, present_as_delivered, presentation_digest
from hub.store.certificate import CertificateReader, StoredRecord
from hub.store.entry import EntryReader
from hub.store.erasure import ErasureReader
from hub.store.exchange import StoredDecision, StoredDelivery
from hub.store.grant import GrantReader
from hub.store.installation import InstallationReader
from hub.store.log import LogStore
from hub.store.log_view import LogView
from hub.store.parties import PartyReader
from hub.store.statement import StatementReader
from schemas.canonical import canonical_json
from schemas.catalogue import TYPES_FOLDER
from schemas.certificate import Certificate, RecordedChange
from schemas.fields import COMMON_FIELDS
from signing.base64url import encode
from signing.jws import parse_json, unverified_payload
from signing.merkle import inclusion_path

_HERE = Path(__file__).parent


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
    contents.acts = {"decision": decision.act_id, "delivery": delivery.act_id if delivery else None}
    contents.acts |= dict.fromkeys(("grant", "redemption", "confirmation", "rule", "withdrawal"))
    _put_statement(contents, decision, connection)
    contents.put_json("decision.json", asdict(decision))
    put_basis(contents, decision, registry, connection)
    if delivery is not None:
        contents.files["note.jws"] = delivery.note.encode()
        ended = end_of(delivery, decision, connection, now)
        if ended == "withdrawn":
            contents.acts["withdrawal"] = _withdrawal(decision, connection)
        _put_records(contents, decision, delivery, ended, registry, connection)
    _gather_entries(contents, connection)
    moments = [now, *(each.recorded_at for each in contents.entries)]
    _put_trust(contents, moments, connection)
    contents.files["README.txt"] = (_HERE / "readme.txt").read_bytes()
    contents.files["verify_bundle.py"] = (_HERE / "verify_bundle.py").read_bytes()
    return contents


def put_log(contents: Contents, store: LogStore) -> None:
    """Put in the head of the log, and of each act its leaf, its salt and the proof of its place under a head.

    An act in a log that a recovery has closed stands under that log's last head; one that has no place yet has neither
    place nor proof here.
    """
    view, told = LogView(store), []
    contents.files["checkpoint.txt"] = view.head.note.encode()
    for each in contents.entries:
        place, head = each.leaf_index, view.head
        above = view if place is None or place >= head.first_place else LogView(store.log_at(place))
        name, checkpoint = f"acts/{each.act_id}.json", "checkpoint.txt"
        if above is not view:
            checkpoint = f"checkpoint_{above.head.number}.txt"
            contents.files[checkpoint] = above.head.note.encode()
        contents.files[name] = each.act_bytes
        row: dict[str, Any] = {
            "file": name,
            "salt": each.salt.hex(),
            "leaf": each.leaf.hex(),
            "index": None,
            "path": [],
        }
        index = None if place is None else place - above.head.first_place
        if index is not None and index < above.size:
            path = inclusion_path(index, above.size, above.hashes)
            row |= {"index": index, "path": [encode(one) for one in path]}
        told.append(row | {"checkpoint": checkpoint})
    contents.put_json("acts.json", told)


# --- statement ---------------------------------------------------------------------------------------------------


def _put_statement(contents: Contents, decision: StoredDecision, connection: Connection) -> None:
    """Put in what was asked: a system's JWS and its certs, or the sentence that an enterprise signed, with its cert."""
    raw, _ = StatementReader(connection).get(decision.statement)
    if decision.system in (E_LICENCE_SYSTEM, PERSON_SYSTEM):
        contents.files["statement.json"] = raw.encode()
        return
    contents.files["statement.jws"] = raw.encode()
    contents.put_certs(PartyReader(connection).system_certs(decision.system))


# --- records ----------------------------------------------------------------------------------------------------


def _put_records(
    contents: Contents,
    decision: StoredDecision,
    delivery: StoredDelivery,
    ended: str | None,
    registry: Registry,
    connection: Connection,
) -> None:
    lines = unverified_payload(delivery.note)["presentations"]
    reader = CertificateReader(connection)
    found = reader.by_identifier([each["identifier"] for each in lines])
    serials = [found[each["identifier"]].serial for each in lines]
    records, changes = reader.records(serials), reader.changes(serials)
    for number, line in enumerate(lines, 1):
        certificate = found[line["identifier"]]
        record = records[certificate.serial]
        names = permitted_names(certificate, decision, registry, connection)
        document = present_as_delivered(record, names, certificate.serial, {line["sha256"]}, registry)
        name = f"records/{number:03d}.json"
        is_as_delivered = presentation_digest(document) == line["sha256"]
        erased = [] if is_as_delivered else _erased(certificate, decision, connection)
        left_out = ended or ("erased" if erased else None)
        contents.files[name] = canonical_json(_sealed_part(document) if left_out else document)
        contents.records.append(
            {
                "file": name,
                "identifier": certificate.identifier,
                "issue": certificate.act_id,
                "changes": _until(changes[certificate.serial], delivery.recorded_at),
                "erased": erased,
                "left_out": left_out,
            }
        )
        contents.status_lists.add(_status_list(record))
        # What the fields mean and which are public; its digest is in the sealed payload.
        type_file = f"{certificate.certificate_type}.{certificate.type_version}.toml"
        contents.files[f"schemas/{type_file}"] = (TYPES_FOLDER / type_file).read_bytes()


def _sealed_part(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record without what it discloses: the very bytes that are sealed, and the seals."""
    first, *others = document["signatures"]
    return {**document, "signatures": [first | {"header": {"disclosures": []}}, *others]}


def _withdrawal(decision: StoredDecision, connection: Connection) -> str | None:
    """Return the act that ended the grant of a decision: the holder's own, or one that ended all of them."""
    grant = GrantReader(connection).get(decision.basis_reference or "")
    if grant is None or grant.withdrawn_at is None:
        return None
    return grant.ended_by or EntryReader(connection).withdrawal_of(grant.act_id, grant.withdrawn_at)


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
