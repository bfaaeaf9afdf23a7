"""Every certificate has its record, which opens with the listed key and says what its row says; names are unique."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from hub.decisions.answers import disclosed_values
from hub.steps.certificates.intentions import decrypt_disclosures, opened, public_fields
from hub.store import tables
from hub.store.erasure import ErasureReader
from hub.store.intention import IntentionReader
from hub.supervision.audit.everything import Check, Everything, Faults, Row
from schemas.erasure import erasable
from schemas.fields import COMMON_FIELDS
from schemas.identifiers import parse_identifier, parse_reference
from signing.base64url import decode
from signing.jws import VerificationKey, parse_json
from signing.sd_jwt import OpenedRecord, Record, Seal, open_record
from signing.status_list import place_of


def _records(all_: Everything) -> Faults:
    """Every certificate has its record, which opens with the listed key and says what the row says."""
    certificates, records = all_.by_key(tables.certificate, "serial"), all_.by_key(tables.record, "serial")
    erased = ErasureReader(all_.connection).fields(sorted(certificates))
    if certificates.keys() != records.keys():
        yield "certificates and records are not one to one"
    for serial in certificates.keys() & records.keys():
        row, record = certificates[serial], records[serial]
        try:
            opened_record = _open(row, record, all_)
        except Exception as error:
            yield f"record {serial} does not open: {type(error).__name__}"
            continue
        if sha256(record["payload"]).hexdigest() != row["payload_sha256"]:
            yield f"record {serial}: payload digest"
        claims = _flat(opened_record.claims)
        wrong = (_expected_claims(row, all_) | _expected_origin(row, claims)).items() - claims.items()
        yield from (f"record {serial}: claim {name}" for name, _ in wrong)
        yield from _fields(row, record, opened_record, erased.get(serial, frozenset()), all_)


def _open(row: Row, record: Row, all_: Everything) -> OpenedRecord:
    trust, sealed = all_.registry.trust(), _sealed_at(row, all_)
    private = decrypt_disclosures(record["envelope"], serial=row["serial"], registry=all_.registry)

    def find_key(kid: str) -> VerificationKey:
        # Whether it counts is the verdict's to say: the store is whole when the key was its sealer's at that time.
        use = "collected" if row["source"] is not None else row["issuing_body"]
        return trust.listed_key(kid, use=use, at=sealed[kid] if kid in sealed else row["sealed_at"])

    disclosures = (*record["public_disclosures"], *private)
    seals = tuple(Seal(**each) for each in record["seals"])
    return open_record(Record(record["payload"], seals, disclosures), find_key=find_key)


def _sealed_at(row: Row, all_: Everything) -> dict[str, datetime]:
    """Return when each later seal was put beside a record's first, by its key."""
    made = [each for each in all_.rows(tables.resealing) if each["serial"] == row["serial"] and each["key_id"]]
    return {str(each["key_id"]): each["sealed_at"] for each in made}


def _seals(all_: Everything) -> Faults:
    """A record bears its first seal and one for each resealing, in the order they were made."""
    made: dict[int, list[str]] = {}
    for row in all_.rows(tables.resealing):
        if row["key_id"] is not None:
            made.setdefault(row["serial"], []).append(row["key_id"])
    for record in all_.rows(tables.record):
        keys = [str(parse_json(decode(each["protected"]))["kid"]) for each in record["seals"]]
        if keys[1:] != made.get(record["serial"], []):
            yield f"record {record['serial']}: its seals are not those that were ordered"


def _expected_claims(row: Row, all_: Everything) -> dict[str, Any]:
    kind = all_.registry.catalogue.get(row["certificate_type"], row["type_version"])
    place = place_of(row["serial"], all_.registry.status_key)
    return {
        "iss": all_.registry.origin,
        "licence_number": row["licence_number"],
        "identifier": row["identifier"],
        "issuing_body": row["issuing_body"],
        "valid_from": row["valid_from"].isoformat(),
        "valid_to": row["valid_to"].isoformat() if row["valid_to"] else None,
        "decision.date": row["decided_on"].isoformat(),
        "certificate_type.code": row["certificate_type"],
        "certificate_type.version": row["type_version"],
        "certificate_type.digest": kind.digest,
        "certificate_type.type_code": kind.type_code,
        "origin.source": row["source"],
        "status.status_list.idx": place.index,
        "status.status_list.uri": f"{all_.registry.origin}/status/{place.list_number}",
    }


def _expected_origin(row: Row, claims: Mapping[str, Any]) -> dict[str, Any]:
    """What no body signed is collected, or of an archive and then of a paper's scan."""
    if row["source"] is None:
        return {"origin.kind": "native", "trust_level": "A"}
    is_legacy = "origin.scan_sha256" in claims
    return {"origin.kind": "legacy" if is_legacy else "collected", "trust_level": "B" if is_legacy else "C"}


def _flat(claims: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in claims.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        elif not isinstance(value, list):
            flat[prefix + name] = value
    return flat


def _fields(row: Row, record: Row, opened_record: OpenedRecord, erased: frozenset[str], all_: Everything) -> Faults:
    serial, registry = row["serial"], all_.registry
    kind = registry.catalogue.get(row["certificate_type"], row["type_version"])
    public = public_fields(row["certificate_type"], row["type_version"], registry)
    if not set(disclosed_values(record["public_disclosures"])) <= public:
        yield f"record {serial}: a field that is not public stands in the open"
    known = {field.name for field in kind.fields} | set(COMMON_FIELDS)
    if not set(COMMON_FIELDS) - erased <= opened_record.disclosed.keys() <= known - erased:
        yield f"record {serial}: fields"
    if not erased <= erasable(kind):
        yield f"record {serial}: what cannot be erased was"
    if len(parse_json(record["payload"])["_sd"]) != kind.disclosure_count:
        yield f"record {serial}: number of digests"


def _identifiers(all_: Everything) -> Faults:
    """Every identifier is its parts with the right check character; every name is claimed once and only once."""
    intended = opened(IntentionReader(all_.connection).all(), registry=all_.registry)
    named = [(row["identifier"], row["reference"], row["serial"]) for row in all_.rows(tables.certificate)]
    named += [(each.identifier, each.reference, each.serial) for each in intended]
    claimed = all_.pairs(tables.identifier_claim, "identifier", "serial")
    given = {(name, serial) for name, _, serial in named}
    # An identifier that was intended and then refused is never given again: its claim stays.
    if not given <= claimed or len(claimed - given) != _refused_intentions(all_):
        yield "identifiers and their claims differ"
    references = {(reference, serial) for _, reference, serial in named}
    references |= {(row["reference"], None) for row in all_.rows(tables.enterprise)}
    references |= {(row["reference"], None) for row in retired_claims(all_)}
    retirements = len(all_.acts_of("retire")) == len(retired_claims(all_))
    if references != all_.pairs(tables.reference_claim, "reference", "serial") or not retirements:
        yield "references and their claims differ"
    yield from (f"reference of {serial} is malformed" for r, serial in references if parse_reference(r) != r)
    for name, count in Counter(name for pair in named for name in pair[:2]).items():
        if count > 1:
            yield f"{name} is given twice"
    yield from _identifier_parts(all_)


def retired_claims(all_: Everything) -> list[Row]:
    """Return the claims of retired references: those of enterprises that have another now."""
    has_now = {row["licence_number"]: row["reference"] for row in all_.rows(tables.enterprise)}
    return [
        row
        for row in all_.rows(tables.reference_claim)
        if row["retired_at"] is not None and has_now.get(row["licence_number"], row["reference"]) != row["reference"]
    ]


def _current_claims(all_: Everything) -> Faults:
    """What counts now is not retired, and only an enterprise's reference ever is."""
    retired = {row["reference"] for row in all_.rows(tables.reference_claim) if row["retired_at"] is not None}
    for table in (tables.enterprise, tables.certificate):
        yield from (
            f"{row['reference']} counts and is retired" for row in all_.rows(table) if row["reference"] in retired
        )


def _refused_intentions(all_: Everything) -> int:
    acts = [parse_json(row["act_bytes"]) for row in all_.rows(tables.entry)]
    return sum(act["kind"] == "order_refused" and act["sealed"] is not None for act in acts)


def _identifier_parts(all_: Everything) -> Faults:
    for row in all_.rows(tables.certificate):
        kind = all_.registry.catalogue.get(row["certificate_type"], row["type_version"])
        parts = parse_identifier(row["identifier"])
        expected = (kind.type_code, row["issuing_body"], f"{row['chain']:010d}", f"{row['version']:03}")
        if (parts.type_code, parts.body_code, parts.serial, parts.version) != expected:
            yield f"identifier of {row['serial']}"


CHECKS: Sequence[Check] = (
    _records,
    _seals,
    _identifiers,
    _current_claims,
)
