"""Statuses follow the table of changes; chains, versions, devices, names and numbers fit each other."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from hub.decisions.answers import disclosed_values
from hub.store import tables
from hub.supervision.audit.everything import Check, Everything, Faults, Row
from schemas.certificate import Act, RecordedChange, Standing, Status, changed, standing
from schemas.name_parts import parts_of
from schemas.order import UNNAMED_SUBJECT
from signing.jws import parse_json


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
    if expected != all_.pairs(tables.name_part, "part", "licence_number"):
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


CHECKS: Sequence[Check] = (
    _statuses,
    _chains,
    _devices,
    _name_parts,
    _numbers,
)
