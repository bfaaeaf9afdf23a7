"""Re-verifies everything a hub has stored, from its bytes: what an auditor with the keys would do.

Every record opens with the listed key and says what its row says; statuses follow the table of changes; chains, numbers
and names fit each other; every statement verifies; every act has exactly one entry, whose leaf recomputes and whose
digests are right; uses of grants add up; every answer recomposed from scratch equals the stored one.
Each check yields what it finds wrong; `check_registry` wants none of it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from typing import Any

import orjson
from sqlalchemy import Connection, Table, select

from connectors.contract import SignedText
from hub.answers import compose_head, disclosed_values, line_of, page_of
from hub.applications import E_LICENCE_SYSTEM
from hub.intentions import decrypt_disclosures, opened, public_fields
from hub.recomposition import bodies_from_store, compose_kin
from hub.repeats import kept_answer
from hub.signer_status import grant_context
from hub.store import tables
from hub.store.document import DocumentReader
from hub.store.erasure import ErasureReader
from hub.store.intention import IntentionReader, KeptAct
from schemas.canonical import canonical_json
from schemas.certificate import Act, RecordedChange, Standing, Status, changed, standing
from schemas.download import EXISTING, parse_download
from schemas.erasure import erasable
from schemas.exchange import NOTE_TYP
from schemas.fields import COMMON_FIELDS
from schemas.grant import parse_grant, parse_withdrawal
from schemas.identifiers import parse_identifier, parse_reference
from schemas.name_parts import parts_of
from schemas.order import UNNAMED_SUBJECT
from schemas.sentence import statement_digest
from schemas.statement import TYP, Ordered, read_statement
from signing.base64url import decode
from signing.commitment import leaf
from signing.envelope import decrypt
from signing.jws import VerificationKey, parse_json, verify_compact
from signing.sd_jwt import OpenedRecord, Record, Seal, open_record
from signing.status_list import place_of
from signing.trust import verify_trust_list
from signing.x509 import Purpose, read_cert_unverified
from tests.flows.document_check import faulty_documents, verified_application
from tests.flows.world import World

Row = Mapping[str, Any]
Faults = Iterator[str]


@dataclass(frozen=True, slots=True)
class Everything:
    """All that is stored, read in one transaction, and the hub it was read from."""

    world: World
    connection: Connection

    def rows(self, table: Table) -> list[Row]:
        """Return the rows of a table in the order of its key."""
        query = select(table).order_by(*table.primary_key.columns)
        return [dict(row) for row in self.connection.execute(query).mappings()]

    def by_key(self, table: Table, name: str) -> dict[Any, Row]:
        return {row[name]: row for row in self.rows(table)}


def check_registry(world: World, *, open_intentions: int = 0) -> None:
    """Assert that nothing stored is wrong, missing or too many, and that so many intentions are open."""
    with world.registry.database.read() as connection:
        faults = find_faults(world, connection)
        left = len(IntentionReader(connection).all())
        leaving = DocumentReader(connection).leaving(1)
    if left != open_intentions:
        faults.append(f"{left} intentions are open, not {open_intentions}")
    faults += [f"the file of erased document {digest} is still to be deleted" for digest in leaving]
    if faults:
        raise AssertionError("\n".join(faults))


def find_faults(world: World, connection: Connection) -> list[str]:
    """Return everything that is wrong with what is stored, as `connection` sees it."""
    everything = Everything(world, connection)
    return [fault for check in CHECKS for fault in _findings(check, everything)]


def _findings(check: Callable[[Everything], Faults], everything: Everything) -> Faults:
    try:
        yield from check(everything)
    except Exception as error:  # what is stored is so wrong that it cannot even be read
        yield f"{check.__name__} stopped: {type(error).__name__}: {error}"


# --- records ----------------------------------------------------------------------------------------------------


def _records(all_: Everything) -> Faults:
    """Every certificate has its record, which opens with the listed key and says what the row says."""
    certificates, records = all_.by_key(tables.certificate, "serial"), all_.by_key(tables.record, "serial")
    erased = ErasureReader(all_.connection).fields(sorted(certificates))
    if certificates.keys() != records.keys():
        yield "certificates and records are not one to one"
    for serial in certificates.keys() & records.keys():
        row, record = certificates[serial], records[serial]
        try:
            opened_record = _open(row, record, all_.world)
        except Exception as error:
            yield f"record {serial} does not open: {type(error).__name__}"
            continue
        if sha256(record["payload"]).hexdigest() != row["payload_sha256"]:
            yield f"record {serial}: payload digest"
        claims = _flat(opened_record.claims)
        wrong = (_expected_claims(row, all_.world) | _expected_origin(row, claims)).items() - claims.items()
        yield from (f"record {serial}: claim {name}" for name, _ in wrong)
        yield from _fields(row, record, opened_record, erased.get(serial, frozenset()), all_.world)


def _open(row: Row, record: Row, world: World) -> OpenedRecord:
    trust, at = world.registry.trust(), row["sealed_at"]
    private = decrypt_disclosures(record["envelope"], serial=row["serial"], registry=world.registry)

    def find_key(kid: str) -> VerificationKey:
        if row["source"] is not None:
            return trust.hub_key(kid, purpose="collected", at=at)
        return trust.seal_key(kid, issuing_body=row["issuing_body"], at=at)

    disclosures = (*record["public_disclosures"], *private)
    seals = tuple(Seal(**each) for each in record["seals"])
    return open_record(Record(record["payload"], seals, disclosures), find_key=find_key)


def _expected_claims(row: Row, world: World) -> dict[str, Any]:
    kind = world.registry.catalogue.get(row["certificate_type"], row["type_version"])
    place = place_of(row["serial"], world.registry.status_key)
    return {
        "iss": world.registry.origin,
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
        "status.status_list.uri": f"{world.registry.origin}/status/{place.list_number}",
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


def _fields(row: Row, record: Row, opened_record: OpenedRecord, erased: frozenset[str], world: World) -> Faults:
    serial, registry = row["serial"], world.registry
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
    intended = opened(IntentionReader(all_.connection).all(), registry=all_.world.registry)
    named = [(row["identifier"], row["reference"], row["serial"]) for row in all_.rows(tables.certificate)]
    named += [(each.identifier, each.reference, each.serial) for each in intended]
    claimed = _pairs(all_, tables.identifier_claim, "identifier", "serial")
    given = {(name, serial) for name, _, serial in named}
    # An identifier that was intended and then refused is never given again: its claim stays.
    if not given <= claimed or len(claimed - given) != _refused_intentions(all_):
        yield "identifiers and their claims differ"
    references = {(reference, serial) for _, reference, serial in named}
    references |= {(row["reference"], None) for row in all_.rows(tables.enterprise)}
    references |= {(row["reference"], None) for row in _retired(all_)}
    retirements = len(_acts_of(all_, "retire")) == len(_retired(all_))
    if references != _pairs(all_, tables.reference_claim, "reference", "serial") or not retirements:
        yield "references and their claims differ"
    yield from (f"reference of {serial} is malformed" for r, serial in references if parse_reference(r) != r)
    for name, count in Counter(name for pair in named for name in pair[:2]).items():
        if count > 1:
            yield f"{name} is given twice"
    yield from _identifier_parts(all_)


def _retired(all_: Everything) -> list[Row]:
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
        kind = all_.world.registry.catalogue.get(row["certificate_type"], row["type_version"])
        parts = parse_identifier(row["identifier"])
        expected = (kind.type_code, row["issuing_body"], f"{row['chain']:010d}", f"{row['version']:03}")
        if (parts.type_code, parts.body_code, parts.serial, parts.version) != expected:
            yield f"identifier of {row['serial']}"


def _pairs(all_: Everything, table: Table, *names: str) -> set[tuple[Any, ...]]:
    return {tuple(row[name] for name in names) for row in all_.rows(table)}


# --- statuses and chains ----------------------------------------------------------------------------------------


def _statuses(all_: Everything) -> Faults:
    """Every status is what its changes, one after the other along the table of changes, make of "valid"."""
    first_days = {row["serial"]: parse_json(row["payload"])["works_from"] for row in all_.rows(tables.record)}
    done: dict[int, list[RecordedChange]] = {serial: [] for serial in first_days}
    for row in all_.rows(tables.status_change):
        change = RecordedChange(**{name: row[name] for name in RecordedChange.__slots__})
        first_day = date.fromisoformat(first_days[change.serial])
        yield from _faulty_change(change, done[change.serial], first_day, row["number"])
        done[change.serial].append(change)
    for row in all_.rows(tables.certificate):
        stored = Standing(Status(row["status"]), row["status_since"], row["suspended_until"])
        if stored != standing(date.fromisoformat(first_days[row["serial"]]), done[row["serial"]]):
            yield f"status of {row['serial']} is not what was done to it"


def _faulty_change(change: RecordedChange, before: Sequence[RecordedChange], first_day: date, number: int) -> Faults:
    """Say what is wrong with a change that came upon those `before` it."""
    acts = {each.act_id for each in before}
    known = [each if each.undone_by in acts else replace(each, undone_by=None) for each in before]
    if change.from_status != standing(first_day, known).status:
        yield f"change {number}: does not begin where the one before ended"
    if change.act == Act.UNDO:
        kept = [each for each in known if each.undone_by or before[known.index(each)].undone_by != change.act_id]
        if len(kept) != len(known) - 1 or change.to_status != standing(first_day, kept).status:
            yield f"change {number}: does not undo one act"
        return
    try:
        status = changed(Status(change.from_status), Act(change.act))
    except ValueError:
        yield f"change {number}: not in the table of changes"
        return
    if change.to_status != status:
        yield f"change {number}: ends elsewhere than the table says"


def _chains(all_: Everything) -> Faults:
    """Every chain counts its versions upwards (a refused one leaves a gap); the last is current, the others ended."""
    versions: dict[int, list[Row]] = {}
    for row in all_.rows(tables.certificate):
        versions.setdefault(row["chain"], []).append(row)
    claims = {row["chain"] for row in all_.rows(tables.number_claim)}
    open_serials = {row["serial"] for row in all_.rows(tables.intention)}
    chains = all_.by_key(tables.chain, "chain")
    if not versions.keys() <= chains.keys():
        yield "a certificate is of no chain"
    for number, chain in chains.items():
        rows = sorted(versions.get(number, []), key=lambda row: int(row["version"]))
        counted = [0, *(row["version"] for row in rows)]
        if sorted(set(counted)) != counted or counted[-1] > chain["versions"]:
            yield f"chain {number}: versions"
        rows = [row for row in rows if row["status"] != "voided"]
        if chain["current"] != (rows[-1]["serial"] if rows else None):
            yield f"chain {number}: current"
        if versions.get(number) and not rows and number in claims:
            yield f"chain {number}: a mistake holds a number"
        if chain["open"] is not None and chain["open"] not in open_serials:
            yield f"chain {number}: open without an intention"
        if any(row["status"] in ("valid", "suspended") for row in rows[:-1]):
            yield f"chain {number}: an earlier version has not ended"
        yield from _chain_facts(chain, rows, all_)


def _chain_facts(chain: Row, rows: Sequence[Row], all_: Everything) -> Faults:
    if any(row["certificate_type"] != chain["certificate_type"] for row in rows):
        yield f"chain {chain['chain']}: type"
    if rows and any(rows[-1][name] != chain[name] for name in ("licence_number", "issuing_body")):
        yield f"chain {chain['chain']}: holder or issuing body"
    previous = [None, *(row["identifier"] for row in rows)]
    payloads = all_.by_key(tables.record, "serial")
    for row, expected in zip(rows, previous, strict=False):
        if parse_json(payloads[row["serial"]]["payload"])["previous_identifier"] != expected:
            yield f"certificate {row['serial']}: previous identifier"


def _devices(all_: Everything) -> Faults:
    """No two certificates of one type that have not ended are about one device."""
    current = {chain["current"] for chain in all_.rows(tables.chain)}
    records, about = all_.by_key(tables.record, "serial"), Counter[tuple[str, str]]()
    for row in all_.rows(tables.certificate):
        subject = parse_json(records[row["serial"]]["payload"])["subject"]
        is_live = row["serial"] in current and row["status"] in ("valid", "suspended")
        if is_live and subject["kind"] == "device" and subject["id"] != UNNAMED_SUBJECT:
            about[subject["id"], row["certificate_type"]] += 1
    yield from (f"device {name} is in {count} places" for (name, _), count in about.items() if count > 1)


def _name_parts(all_: Everything) -> Faults:
    """Every holder is found by each part of each name it has or had, and by nothing else."""
    named = [(row["licence_number"], row["name"]) for row in all_.rows(tables.enterprise)]
    named += [(row["licence_number"], row["name"]) for row in all_.rows(tables.former_name)]
    expected = {(part, number) for number, name in named for part in parts_of(name)}
    if expected != _pairs(all_, tables.name_part, "part", "licence_number"):
        yield "names and their parts differ"


def _numbers(all_: Everything) -> Faults:
    """Every chain's number is claimed for it; every chain has a slot of its own on its holder's pages."""
    claims = {
        (row["issuing_body"], row["certificate_type"], row["number"]): row["chain"]
        for row in all_.rows(tables.number_claim)
    }
    chains = all_.rows(tables.chain)
    for chain in chains:
        if chain["current"] is None and chain["open"] is None:
            continue  # a mistake: its number is free
        if claims.get((chain["issuing_body"], chain["certificate_type"], chain["number"])) != chain["chain"]:
            yield f"chain {chain['chain']}: its number is not its own"
    yield from _own_numbers(all_, claims)
    if not set(claims.values()) <= {chain["chain"] for chain in chains}:
        yield "a number is claimed for no chain"
    slots = Counter((chain["licence_number"], chain["slot"]) for chain in chains)
    counts = {row["licence_number"]: row["chains"] for row in all_.rows(tables.enterprise)}
    for (licence_number, slot), count in slots.items():
        if count > 1 or slot >= counts[licence_number]:
            yield f"slot {slot} of {licence_number}"


def _own_numbers(all_: Everything, claims: Mapping[tuple[str, str, str], int]) -> Faults:
    """Every version that was no mistake has its number for its chain alone."""
    records = all_.by_key(tables.record, "serial")
    for row in all_.rows(tables.certificate):
        number = disclosed_values(records[row["serial"]]["public_disclosures"]).get("certificate_number", "")
        key = (row["issuing_body"], row["certificate_type"], number)
        if number and row["status"] != "voided" and claims.get(key) != row["chain"]:
            yield f"the number of {row['serial']} is another's"


# --- statements and entries -------------------------------------------------------------------------------------


def _statements(all_: Everything) -> Faults:
    """Every statement verifies with its system's key, says what its row says, and is spent."""
    certs = _keys_of_systems(all_)
    spent = _pairs(all_, tables.single_use, "kind", "party", "value")
    terms = all_.world.registry.terms
    for row in all_.rows(tables.statement):
        if row["system"] == E_LICENCE_SYSTEM:
            yield from _application(row, spent, all_.world)
            continue
        try:
            statement = read_statement(parse_json(_verified(row, certs[row["system"]], all_.world)))
        except Exception as error:
            yield f"statement {row['number']} does not verify: {type(error).__name__}"
            continue
        said = (statement.system, str(statement.act), statement.audience)
        if said != (row["system"], row["act"], all_.world.registry.origin):
            yield f"statement {row['number']}: system, act or audience"
        if sha256(row["jws"].encode()).hexdigest() != row["digest"]:
            yield f"statement {row['number']}: digest"
        forgotten = row["recorded_at"] + terms.statement_age + terms.idempotency_term < all_.world.now
        if ("statement", statement.system, statement.jti) not in spent and not forgotten:
            yield f"statement {row['number']}: not spent"


def _application(row: Row, spent: set[tuple[Any, ...]], world: World) -> Faults:
    """What an enterprise signed itself verifies by the e-licence port, and is spent under its own number."""
    try:
        said = parse_download(verified_application(row, world))
    except Exception as error:
        yield f"statement {row['number']} does not verify: {type(error).__name__}"
        return
    if (row["act"], row["digest"]) != (Ordered.DOWNLOAD, sha256(row["jws"].encode()).hexdigest()):
        yield f"statement {row['number']}: act or digest"
    if ("statement", E_LICENCE_SYSTEM, f"{said.applicant}.{said.nonce}") not in spent:
        yield f"statement {row['number']}: not spent"


def _keys_of_systems(all_: Everything) -> dict[str, dict[str, bytes]]:
    """Return system → key id → cert, of every cert the system was ever enrolled with."""
    certs: dict[str, dict[str, bytes]] = {}
    for row in all_.rows(tables.system_cert):
        key_id = read_cert_unverified(row["cert_der"]).key_id
        certs.setdefault(row["system"], {})[key_id] = row["cert_der"]
    return certs


def _verified(row: Row, certs: Mapping[str, bytes], world: World) -> bytes:
    def find_key(kid: str) -> VerificationKey:
        cert, at = certs[kid], row["recorded_at"]
        facts = world.registry.trust().verify_party(cert, purpose=Purpose.SYSTEM, at=at)
        return VerificationKey(facts.algorithm, facts.public_key)

    return verify_compact(row["jws"], find_key=find_key, typ=TYP).payload


def _leaves(all_: Everything) -> Faults:
    """Every entry's leaf recomputes from salt and act bytes, and the act bytes are canonical."""
    for row in all_.rows(tables.entry):
        act = parse_json(row["act_bytes"])
        expected = leaf(row["salt"], row["act_bytes"]) if row["salt"] else b"\x02" + bytes.fromhex(act["sealed"])
        if expected != row["leaf"] or (not row["salt"] and row["kind"] != "open_log"):
            yield f"entry {row['number']}: leaf"
        if canonical_json(act) != row["act_bytes"] or (act["act_id"], act["kind"]) != (row["act_id"], row["kind"]):
            yield f"entry {row['number']}: act bytes"
        if datetime.fromisoformat(act["recorded_at"]) != row["recorded_at"]:
            yield f"entry {row['number']}: time"


def _acts(all_: Everything) -> Faults:
    """Every act has exactly one entry with the right digests, and no entry is without its act."""
    files = {row["statement"] for row in all_.rows(tables.intake)}
    refused_later = frozenset(row["digest"] for row in all_.rows(tables.statement) if row["number"] in files)
    acts = [parse_json(row["act_bytes"]) for row in all_.rows(tables.entry)]
    # Rows of a file that were intended and then refused leave an entry each, and nothing else to count them by.
    acts = [act for act in acts if act["kind"] != "order_refused" or act["statement"] not in refused_later]
    # What is past its term goes by an act that nobody ordered.
    acts = [act for act in acts if act["kind"] != "erase" or act["statement"]]
    # So does a document whose status changed while it was made: its entry names what was sealed on the way.
    acts = [act for act in acts if act["kind"] != "document_refused" or not act["sealed"]]
    entered = Counter(map(_entered, acts))
    done = Counter(_done(all_))
    yield from (f"no entry for {act}" for act in done - entered)
    yield from (f"no act for entry {act}" for act in entered - done)
    known = {row["act_id"] for row in all_.rows(tables.entry)}
    for row in all_.rows(tables.entry):
        previous = parse_json(row["act_bytes"])["previous"]
        if previous is not None and previous not in known:
            yield f"entry {row['number']}: its previous act is not entered"


Entered = tuple[str, str | None, str | None, str | None, str | None]
"""Kind, act, statement digest, sealed digest, previous act. The act is None where only its entry names it."""

_NAMED_BY_ENTRY = frozenset(
    {"enrol", "share", "trust_list", "import", "order_refused", "grant_withdrawal", "release", "retire", "open_log"}
)

# Acts of a statement that leave rows of many kinds, or none: each has an entry of its own.
_PLAIN = frozenset({"annotate", "relate", "register", "answer_task", "ask_correction", "undo_import"})


def _entered(act: Mapping[str, Any]) -> Entered:
    if act["kind"] in _PLAIN:
        return act["kind"], None, act["statement"], None, None
    act_id = None if act["kind"] in _NAMED_BY_ENTRY else act["act_id"]
    # What was intended and then refused is told apart by a digest of which nothing else is left.
    sealed = None if act["kind"] == "order_refused" else act["sealed"]
    return act["kind"], act_id, act["statement"], sealed, act["previous"]


def _done(all_: Everything) -> Iterator[Entered]:
    digests = {row["number"]: row["digest"] for row in all_.rows(tables.statement)}
    yield from _certificates_done(all_, digests)
    yield from _exchange_done(all_, digests)
    yield from _documents_done(all_, digests)
    yield from _ordered_done(all_)
    issued = {row["serial"]: row for row in all_.rows(tables.certificate)}
    for row in all_.rows(tables.erasure):
        before = issued[row["serial"]]
        yield "erase", row["act_id"], digests.get(row["statement"]), before["payload_sha256"], before["act_id"]
    yield from _retirements_done(all_, digests)
    for row in all_.rows(tables.trust_list):
        yield "trust_list", None, None, sha256(row["raw"]).hexdigest(), None
    yield "enrol", None, None, None, None  # of the operator, by `init`
    for row in all_.rows(tables.recovery):
        yield "open_log", None, None, sha256(row["note"].encode()).hexdigest(), None
        yield "recover", row["act_id"], None, row["report_sha256"], None
        if row["settled_at"] is not None:
            yield "settle", row["settled_by"], None, row["report_sha256"], row["act_id"]
    for row in all_.rows(tables.grant_table):
        yield "grant", row["act_id"], row["digest"], None, None
        if row["ended_by"] is not None:
            ended_by = {each["act_id"] for each in all_.rows(tables.relation) + all_.rows(tables.recovery)}
            assert row["ended_by"] in ended_by, "a grant was ended by no act of the registry"
        elif row["withdrawn_at"] is not None:
            entered = [act for act in _acts_of(all_, "grant_withdrawal") if act["previous"] == row["act_id"]]
            yield "grant_withdrawal", None, _withdrawal_digest(row, entered, all_.world), None, row["act_id"]


def _sealed_by(all_: Everything, act_id: str) -> str | None:
    """Return the digest an act is entered with, of something that is past its term."""
    found = next(row for row in all_.rows(tables.entry) if row["act_id"] == act_id)
    return parse_json(found["act_bytes"])["sealed"]  # type: ignore[no-any-return]


def _retirements_done(all_: Everything, digests: Mapping[int, str]) -> Iterator[Entered]:
    """Every retired reference was retired by a seconded order of that moment, whose entry seals which one it was."""
    for reference, number in _retired_by(all_).items():
        yield "retire", None, digests.get(number), sha256(reference.encode()).hexdigest(), None


def _retired_by(all_: Everything) -> dict[str, int]:
    """Return retired reference → its order's statement; 0 where there is none."""
    statements = all_.rows(tables.statement)
    seconded = {row["seconds"] for row in statements}
    orders = {
        (row["digest"], row["recorded_at"]): row["number"]
        for row in statements
        if row["act"] == Ordered.RETIRE and row["number"] in seconded
    }
    entered = {act["sealed"]: act["statement"] for act in _acts_of(all_, "retire")}
    retired = {row["reference"]: row["retired_at"] for row in _retired(all_)}
    sealed = {reference: sha256(reference.encode()).hexdigest() for reference in retired}
    return {name: orders.get((entered.get(sealed[name]), moment), 0) for name, moment in retired.items()}


def _acts_of(all_: Everything, kind: str) -> list[dict[str, Any]]:
    return [parse_json(row["act_bytes"]) for row in all_.rows(tables.entry) if row["kind"] == kind]


def _withdrawal_digest(grant: Row, entered: Sequence[Mapping[str, Any]], world: World) -> str | None:
    """Return the digest of the sentence that ended a grant, once its e-licence has been verified anew."""
    registry, digest = world.registry, str(entered[0]["statement"])
    opened_text = decrypt(grant["withdrawal"], masters=registry.masters, context=grant_context(digest))
    signed = _signed_text(orjson.loads(opened_text))
    signer = world.exchange.e_licence.verify(signed, at=grant["withdrawn_at"])
    withdrawal = parse_withdrawal(signed.text)
    is_its = (withdrawal.grant_digest, signer.licence_number) == (grant["digest"], grant["holder"])
    return statement_digest(signed.text) if is_its else None


def _signed_text(content: Mapping[str, Any]) -> SignedText:
    cert, signature = decode(content["cert"]), decode(content["signature"])
    return SignedText(content["text"], content["algorithm"], signature, cert, content["signer"]["role"])


def _certificates_done(all_: Everything, digests: Mapping[int, str]) -> Iterator[Entered]:
    last: dict[int, str] = {}
    order = {row["act_id"]: row["number"] for row in all_.rows(tables.entry)}
    certificates = all_.by_key(tables.certificate, "serial")
    changes = all_.rows(tables.status_change)
    replaced = _replaced(all_)
    voided = {row["act_id"] for row in changes if row["act"] == Act.VOID}
    acts = [(order.get(row["act_id"], 0), False, row) for row in certificates.values()]
    acts += [(order.get(row["act_id"], 0), True, row) for row in changes]
    for _, is_change, row in sorted(acts, key=lambda each: each[:2]):
        serial = row["serial"]
        if is_change and row["act"] == Act.SUPERSEDE:
            continue  # its act is the issue of the next version
        if is_change and row["act"] == Act.UNDO and row["act_id"] in voided:
            last[serial] = row["act_id"]
            continue  # its act is the voiding of the next version
        kind = "change_status" if is_change else "issue"
        statement = digests.get(row["statement"])
        previous = last.get(serial if is_change else replaced.get(serial, 0))
        yield kind, row["act_id"], statement, certificates[serial]["payload_sha256"], previous
        last[serial] = row["act_id"]


def _replaced(all_: Everything) -> dict[int, int]:
    """Return which version each one replaced, as its record says."""
    serials = {row["identifier"]: row["serial"] for row in all_.rows(tables.certificate)}
    before = {row["serial"]: parse_json(row["payload"])["previous_identifier"] for row in all_.rows(tables.record)}
    return {serial: serials[name] for serial, name in before.items() if name is not None}


def _exchange_done(all_: Everything, digests: Mapping[int, str]) -> Iterator[Entered]:
    acts = {row["number"]: row["act"] for row in all_.rows(tables.statement)}
    decisions = all_.by_key(tables.pull_decision, "decision")
    for row in decisions.values():
        compared = acts.get(row["statement"]) == Ordered.COMPARE
        allowed, refused = ("comparison", "comparison_refused") if compared else ("pull_allowed", "pull_refused")
        yield allowed if row["allowed"] else refused, row["act_id"], digests.get(row["statement"]), None, None
        if row["use_state"] == "released":
            yield "release", None, None, None, row["act_id"]
    for row in all_.rows(tables.delivery):
        note = sha256(row["note"].encode()).hexdigest() if row["note"] else _sealed_by(all_, row["act_id"])
        yield "delivery", row["act_id"], None, note, decisions[row["decision"]]["act_id"]


def _documents_done(all_: Everything, digests: Mapping[int, str]) -> Iterator[Entered]:
    certificates = all_.by_key(tables.certificate, "serial")
    deliveries = all_.by_key(tables.delivery, "decision")
    existing = all_.by_key(tables.existing_document, "sha256")
    for row in all_.rows(tables.document):
        if row["edition"] == EXISTING:
            statement, previous = existing[row["sha256"]]["statement"], certificates[row["serial"]]["act_id"]
            yield "existing_document", row["act_id"], digests.get(statement), row["sha256"], previous
            continue
        before = deliveries[row["delivery"]] if row["delivery"] else certificates[row["serial"]]
        yield "document", row["act_id"], None, row["sha256"], before["act_id"]
    for row in all_.rows(tables.download):
        yield "download", row["act_id"], digests.get(row["statement"]), None, None


def _ordered_done(all_: Everything) -> Iterator[Entered]:
    """Statements whose act leaves nothing but its entry; an order that led to nothing was refused."""
    led = {row["statement"] for table in _LED_BY for row in all_.rows(table)} | {*_retired_by(all_).values()}
    files = {row["statement"] for row in all_.rows(tables.intake)}
    acts = [parse_json(row["act_bytes"]) for row in all_.rows(tables.entry)]
    entered = {(act["kind"], act["statement"]) for act in acts if act["kind"] in _PLAIN}
    for row in all_.rows(tables.statement):
        if row["seconds"] is not None:
            continue  # it stands beside another, whose act is counted
        if (
            row["act"] in (Ordered.ENROL, Ordered.SHARE)
            or row["number"] in files
            or (row["act"], row["digest"]) in entered
        ):
            yield row["act"], None, row["digest"], None, None
        elif row["number"] not in led:
            yield "order_refused", None, row["digest"], None, None


_LED_BY = (
    tables.certificate, tables.intention, tables.status_change, tables.pull_decision, tables.download,
    tables.existing_document, tables.erasure,
)  # fmt: skip


# --- exchange ---------------------------------------------------------------------------------------------------


def _grants(all_: Everything) -> Faults:
    """Every grant is the sentence its e-licence signed, and its uses are those its decisions took."""
    taken = Counter(
        row["basis_reference"]
        for row in all_.rows(tables.pull_decision)
        if row["basis"] == "grant" and row["use_state"] in ("reserved", "used")
    )
    for row in all_.rows(tables.grant_table):
        digest, registry = row["digest"], all_.world.registry
        content = orjson.loads(decrypt(row["envelope"], masters=registry.masters, context=grant_context(digest)))
        grant = parse_grant(content["text"])
        signer = all_.world.exchange.e_licence.verify(_signed_text(content), at=row["recorded_at"])
        if (statement_digest(content["text"]), grant.holder_licence_number) != (digest, signer.licence_number):
            yield f"grant {digest}: text or signer"
        if (row["holder"], row["requester"]) != (grant.holder_licence_number, grant.requester_licence_number):
            yield f"grant {digest}: parties"
        if row["uses"] != grant.uses or row["uses_taken"] != taken[digest] or row["uses_taken"] > row["uses"]:
            yield f"grant {digest}: uses"


def _deliveries(all_: Everything) -> Faults:
    """Every delivery stands on an allowed decision, and its note verifies and says what was delivered."""
    decisions = all_.by_key(tables.pull_decision, "decision")
    sealed = {row["identifier"]: row["licence_number"] for row in all_.rows(tables.certificate)}
    for row in all_.rows(tables.delivery):
        decision = decisions[row["decision"]]
        if not decision["allowed"] or decision["use_state"] not in ("none", "used"):
            yield f"delivery {row['decision']}: was not allowed"
        if not row["note"]:
            continue  # past its term
        note = parse_json(_note(row, all_.world))
        said = (note["serial"], note["holder"], note["requester"]["licence_number"], note["case_number"])
        kept = (row["serial_number"], row["licence_number"], row["requester"], decision["case_number"])
        if said != kept:
            yield f"delivery {row['decision']}: its note says otherwise"
        if any(sealed.get(each["identifier"]) != row["licence_number"] for each in note["presentations"]):
            yield f"delivery {row['decision']}: a certificate is not the holder's"


def _note(row: Row, world: World) -> bytes:
    def find_key(kid: str) -> VerificationKey:
        return world.registry.trust().hub_key(kid, purpose="notes", at=row["recorded_at"])

    return verify_compact(row["note"], find_key=find_key, typ=NOTE_TYP).payload


def _documents(all_: Everything) -> Faults:
    """Every document is whole, sealed and entered, and says what its record says."""
    yield from faulty_documents(all_.world, all_.connection)


def _erasures(all_: Everything) -> Faults:
    """What was erased is nowhere any more: no document kept shows it, no kept answer hands it over."""
    rows = all_.rows(tables.erasure)
    if len({(row["serial"], row["field"]) for row in rows}) != len(rows):
        yield "a field was erased twice"
    acts = {row["act_id"]: row["serial"] for row in rows}
    unordered = {act["act_id"] for act in _acts_of(all_, "erase") if not act["statement"]}
    entered = {row["act_id"]: row["number"] for row in all_.rows(tables.entry)}
    decisions = all_.by_key(tables.pull_decision, "decision")
    for row in all_.rows(tables.document):
        if row["erased_by"] is not None:
            if acts.get(row["erased_by"]) != row["serial"] and row["erased_by"] not in unordered:
                yield f"document {row['sha256']}: erased by no act on its certificate"
            continue
        shown = decisions[row["delivery"]]["fields"] if row["delivery"] else None
        for each in rows:
            is_before = entered[row["act_id"]] < entered[each["act_id"]]
            named = shown is None or any(each["field"] in names for names in shown.values())
            if each["serial"] == row["serial"] and is_before and named:
                yield f"document {row['sha256']}: shows what was erased"
    yield from _handed_over(all_, rows)


def _handed_over(all_: Everything, erasures: Sequence[Row]) -> Faults:
    serials = {row["identifier"]: row["serial"] for row in all_.rows(tables.certificate)}
    gone = {(row["serial"], row["field"]) for row in erasures}
    for row in all_.rows(tables.idempotency):
        kept = KeptAct(row["request_digest"], row["act"], row["answer"])
        answer = kept_answer(kept, row["system"], row["key"], registry=all_.world.registry) or {}
        for item in answer.get("items", ()):
            record = item["file"]["record"] if item.get("file") else {"signatures": [{"header": {"disclosures": []}}]}
            names = disclosed_values(record["signatures"][0]["header"]["disclosures"])
            if gone & {(serials.get(item.get("identifier")), name) for name in names}:
                yield f"the kept answer of {row['act']} hands over what was erased"


# --- answers ----------------------------------------------------------------------------------------------------


def _answers(all_: Everything) -> Faults:
    """Every answer, recomposed from scratch, is the stored one, byte for byte."""
    catalogue = all_.world.registry.catalogue
    serials = [row["serial"] for row in all_.rows(tables.certificate)]
    bodies = {body["serial"]: body for body in bodies_from_store(all_.connection, serials, catalogue=catalogue)}
    stored = {row["serial"]: bytes(row["body"]) for row in all_.rows(tables.answer_certificate)}
    yield from _differing("certificate", stored, bodies)
    pages: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for chain in sorted(all_.rows(tables.chain), key=lambda row: int(row["slot"])):
        if chain["current"] is not None:
            key = (chain["licence_number"], page_of(chain["slot"]))
            pages.setdefault(key, []).append(line_of(bodies[chain["current"]]))
    kept = {(row["licence_number"], row["page"]): bytes(row["body"]) for row in all_.rows(tables.answer_page)}
    kept = {key: body for key, body in kept.items() if body != b"[]"}  # its certificates went elsewhere
    yield from _differing("page", kept, pages)
    heads = {row["licence_number"]: bytes(row["body"]) for row in all_.rows(tables.answer_head)}
    yield from _differing("head", heads, _heads(all_, pages, frozenset(heads)))


def _heads(
    all_: Everything, pages: Mapping[tuple[str, int], list[dict[str, Any]]], known: frozenset[str]
) -> dict[str, dict[str, Any]]:
    holders = {number for number, _ in pages} | known
    return {
        row["licence_number"]: compose_head(
            licence_number=row["licence_number"],
            reference=row["reference"],
            name=row["name"],
            address=row["address"],
            pages={page: lines for (number, page), lines in pages.items() if number == row["licence_number"]},
            earlier=None,
            kin=compose_kin(all_.connection, row["licence_number"]),
        )
        for row in all_.rows(tables.enterprise)
        if row["licence_number"] in holders
    }


def _differing(what: str, stored: Mapping[Any, bytes], recomposed: Mapping[Any, Any]) -> Faults:
    for key in stored.keys() | recomposed.keys():
        if key not in stored or key not in recomposed or stored[key] != orjson.dumps(recomposed[key]):
            yield f"answer of {what} {key} is not what is stored"


# --- the rest ---------------------------------------------------------------------------------------------------


def _kept_answers(all_: Everything) -> Faults:
    """Every kept answer opens, and names what the registry holds."""
    identifiers = {row["identifier"] for row in all_.rows(tables.certificate)}
    decisions = {row["decision"] for row in all_.rows(tables.pull_decision)}
    for row in all_.rows(tables.idempotency):
        kept = KeptAct(row["request_digest"], row["act"], row["answer"])
        answer = kept_answer(kept, row["system"], row["key"], registry=all_.world.registry) or {}
        if answer.get("identifier", None) not in identifiers | {None}:
            yield f"the kept answer of {row['act']} names no certificate"
        if answer.get("decision", None) not in decisions | {None}:
            yield f"the kept answer of {row['act']} names no decision"


def _notices(all_: Everything) -> Faults:
    """Every notice is of an act that is entered, and stands in the outbox; a task that is done says by which act."""
    known = {row["act_id"] for row in all_.rows(tables.entry)}
    sent = {row["notice"]: row["recipient"] for row in all_.rows(tables.outbox)}
    for row in all_.rows(tables.notice):
        if row["act_id"] not in known:
            yield f"notice {row['number']}: of no act"
        if sent.pop(row["number"], None) != row["recipient"]:
            yield f"notice {row['number']}: not in the outbox"
        if (row["state"] == "done") != (row["closed_by"] is not None):
            yield f"notice {row['number']}: done by no act"
    yield from (f"outbox: {number} is no notice" for number in sent)


def _trust_lists(all_: Everything) -> Faults:
    """Every trust list verifies by the pinned anchor, and none is older than the one before."""
    installation = all_.world.installation
    for before, row in enumerate(all_.rows(tables.trust_list)):
        verified = verify_trust_list(
            row["raw"],
            anchor_sha256=installation.anchor,
            now=row["recorded_at"],
            highest_version_seen=before,
            allow_test=installation.is_test,
        )
        if (verified.version, verified.origin) != (row["version"], installation.origin):
            yield f"trust list {row['version']}"


def _digests_of_statements(all_: Everything) -> Faults:
    """Every certificate, change and decision names a statement that orders such an act."""
    acts = {row["number"]: row["act"] for row in all_.rows(tables.statement)}
    for table, allowed in _ORDERED_BY.items():
        for row in all_.rows(table):
            if acts.get(row["statement"]) not in allowed:
                yield f"{table.name} {row['act_id']}: not ordered by its statement"


_ORDERED_BY: Mapping[Table, frozenset[str]] = {
    tables.certificate: frozenset({"issue", "import"}),
    tables.status_change: frozenset({"issue", "import", "change_status", "undo_import"}),
    tables.pull_decision: frozenset({"pull", "compare", "download"}),
    tables.download: frozenset({"download"}),
    tables.erasure: frozenset({"erase"}),
}

CHECKS: Sequence[Callable[[Everything], Faults]] = (
    _records,
    _identifiers,
    _current_claims,
    _statuses,
    _chains,
    _devices,
    _name_parts,
    _numbers,
    _statements,
    _digests_of_statements,
    _leaves,
    _acts,
    _grants,
    _deliveries,
    _documents,
    _erasures,
    _answers,
    _kept_answers,
    _notices,
    _trust_lists,
)
