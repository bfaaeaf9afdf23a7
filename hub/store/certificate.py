"""Certificates: chains of versions, their sealed records, what was done to them, and what names they claim."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, delete, select, text, update

from hub.store import tables
from hub.store.queries import Query, among, padded, select_among, select_by, width_of
from hub.store.upsert import insert_new, insert_or_replace, insert_rows, update_rows
from schemas.certificate import ENDED, Certificate, RecordedChange, Status

NumberKey = tuple[str, str, str]
"""Issuing body, certificate type, certificate number."""
DeviceKey = tuple[str, str]
"""Device id, certificate type."""


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A sealed record as kept: payload bytes, seals ({protected, signature}), disclosures by who may see them."""

    serial: int
    payload: bytes
    seals: list[dict[str, str]]
    public_disclosures: list[str]
    envelope: bytes


@dataclass(frozen=True, slots=True)
class StoredChain:
    """A chain of versions: `current` is the serial in force, `open` one whose seal is under way."""

    chain: int
    licence_number: str
    certificate_type: str
    issuing_body: str
    number: str
    slot: int
    versions: int
    current: int | None
    open: int | None


@dataclass(frozen=True, slots=True)
class AnsweredCertificate:
    """A certificate with its composed answer, and which of its fields were erased."""

    certificate: Certificate
    answer: dict[str, Any]
    erased: frozenset[str]


_CHANGE_COLUMNS = tuple(column.name for column in tables.status_change.c if column.name != "number")
_NEXT = tables.serial.c.next
_TAKE_SERIALS = update(tables.serial).values(next=_NEXT + bindparam("count")).returning(_NEXT)
_NEXT_SERIALS = text("SELECT nextval('certificate_serial') FROM generate_series(1, :count)")


class CertificateReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def by_serial(self, serials: Sequence[int]) -> dict[int, Certificate]:
        rows = select_among(self._connection, tables.certificate, "serial", serials) if serials else ()
        return {row.serial: Certificate(*row) for row in rows}

    def by_identifier(self, identifiers: Sequence[str]) -> dict[str, Certificate]:
        if not identifiers:
            return {}
        claims = select_among(self._connection, tables.identifier_claim, "identifier", identifiers, columns=("serial",))
        serials = list(claims.scalars())
        return {each.identifier: each for each in self.by_serial(serials).values()}

    def by_reference(self, reference: str) -> Certificate | None:
        """Return the version with this reference; None also for an enterprise's."""
        serial = select_by(self._connection, tables.reference_claim, columns=("serial",), reference=reference).scalar()
        return None if serial is None else self.by_serial([serial]).get(serial)

    def current_answered(self, licence_number: str, types: Sequence[str]) -> list[AnsweredCertificate]:
        """Return the current version of each of a holder's chains of those types, oldest first, with its answer."""
        if not types:
            return []
        width, found = width_of(types), dict[int, AnsweredCertificate]()
        asked = {"holder": licence_number} | padded(types, width)
        for *row, body, field in self._connection.execute(_current_answered(width), asked):
            # One row for each field that was erased, or one where none was.
            before = found.get(row[0])
            if before is None:
                before = AnsweredCertificate(Certificate(*row), orjson.loads(body), frozenset())
            found[row[0]] = before if field is None else replace(before, erased=before.erased | {field})
        return list(found.values())

    def current_of(self, licence_number: str, types: Sequence[str] | None = None) -> list[Certificate]:
        """Return the current version of each of a holder's chains, of those types when given, oldest first."""
        if types is None:
            rows = self._connection.execute(_current(None), {"holder": licence_number})
        elif types:
            width = width_of(types)
            rows = self._connection.execute(_current(width), {"holder": licence_number} | padded(types, width))
        else:
            return []
        return [Certificate(*row) for row in rows]

    def records(self, serials: Sequence[int]) -> dict[int, StoredRecord]:
        rows = select_among(self._connection, tables.record, "serial", serials) if serials else ()
        return {row.serial: StoredRecord(*row) for row in rows}

    def changes(self, serials: Sequence[int]) -> dict[int, list[RecordedChange]]:
        """Return the changes of each certificate in the order they were recorded."""
        found: dict[int, list[RecordedChange]] = {serial: [] for serial in serials}
        if not serials:
            return found
        rows = select_among(
            self._connection, tables.status_change, "serial", serials, columns=_CHANGE_COLUMNS, order="number"
        )
        for row in rows:
            found[row.serial].append(RecordedChange(*row))
        return found

    def chains(self, numbers: Sequence[int]) -> dict[int, StoredChain]:
        rows = select_among(self._connection, tables.chain, "chain", numbers) if numbers else ()
        return {row.chain: StoredChain(*row) for row in rows}

    def chains_by_number(self, keys: Sequence[NumberKey]) -> dict[NumberKey, StoredChain]:
        """Return the chain that claims each (issuing body, type, number) which is claimed."""
        claimed = _claimed(self._connection, keys)
        chains = self.chains(sorted(set(claimed.values())))
        return {key: chains[number] for key, number in claimed.items()}

    def chains_numbered(self, numbers: Sequence[str], *, most: int) -> list[StoredChain]:
        """Return the chains, at most so many, that claim one of these numbers, whoever issued them."""
        claim = tables.number_claim.c
        query = select(claim.chain).where(claim.number.in_(numbers)).order_by(claim.chain).distinct().limit(most)
        chains = self.chains(list(self._connection.execute(query).scalars()))
        return [chains[number] for number in sorted(chains)]

    def device_chains(self, devices: Sequence[DeviceKey]) -> dict[DeviceKey, StoredChain]:
        """Return the chain that claims each (device id, certificate type) which is claimed."""
        ids = sorted({device_id for device_id, _ in devices})
        rows = list(select_among(self._connection, tables.device_claim, "device_id", ids)) if ids else []
        chains = self.chains(sorted({row.chain for row in rows}))
        found = {(row.device_id, row.certificate_type): chains[row.chain] for row in rows}
        return {key: found[key] for key in devices if key in found}

    def is_live(self, chain: StoredChain) -> bool:
        """Say whether a chain's current version has not ended, or a version is being sealed."""
        if chain.open is not None:
            return True
        current = self.by_serial([chain.current]) if chain.current else {}
        return any(Status(each.status) not in ENDED for each in current.values())

    def chains_of(self, licence_number: str) -> list[StoredChain]:
        rows = select_by(self._connection, tables.chain, licence_number=licence_number, order="slot")
        return [StoredChain(*row) for row in rows]

    def versions_of(self, chains: Sequence[int]) -> dict[int, list[Certificate]]:
        """Return all versions of each chain, first to last."""
        found: dict[int, list[Certificate]] = {chain: [] for chain in chains}
        if not chains:
            return found
        for row in select_among(self._connection, tables.certificate, "chain", chains, order="version"):
            found[row.chain].append(Certificate(*row))
        return found


class CertificateWriter:
    """Writes within the transaction that holds the enterprises' rows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def allocate(self, count: int) -> list[int]:
        """Take `count` serials from the one sequence of the hub; they are never given twice."""
        if self._connection.dialect.name == "postgresql":
            return [int(number) for number in self._connection.execute(_NEXT_SERIALS, {"count": count}).scalars()]
        following = int(self._connection.execute(_TAKE_SERIALS, {"count": count}).scalar_one())
        return list(range(following - count, following))

    def add_chains(self, rows: Sequence[Mapping[str, Any]]) -> None:
        insert_rows(self._connection, tables.chain, rows)

    def claim_numbers(self, claims: Mapping[NumberKey, int]) -> dict[NumberKey, int]:
        """Claim numbers for chains; return the chain that now holds each, which may be another's."""
        rows = [
            {"issuing_body": body, "certificate_type": code, "number": number, "chain": chain}
            for (body, code, number), chain in sorted(claims.items())
        ]
        if insert_new(self._connection, tables.number_claim, rows) == len(rows):
            return dict(claims)
        return _claimed(self._connection, list(claims))

    def claim_devices(self, claims: Mapping[DeviceKey, int]) -> None:
        """Let chains claim devices, (device id, type) → chain; a chain lets go of the device it was about before."""
        table = tables.device_claim
        for (device_id, _), chain in claims.items():
            other = (table.c.chain == chain) & (table.c.device_id != device_id)
            self._connection.execute(delete(table).where(other))
        rows = [
            {"device_id": device_id, "certificate_type": code, "chain": chain}
            for (device_id, code), chain in sorted(claims.items())
        ]
        insert_or_replace(self._connection, table, rows)

    def add_sites(self, rows: Sequence[tuple[str, int]]) -> None:
        """Keep which chain is about which site, (site id, chain)."""
        insert_new(self._connection, tables.site_chain, [{"site_id": site, "chain": chain} for site, chain in rows])

    def claim_names(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Claim identifier and reference of each version; `rows` hold serial, identifier, reference, licence_number."""
        identifiers = [{"identifier": row["identifier"], "serial": row["serial"]} for row in rows]
        names = ("reference", "licence_number", "serial")
        insert_rows(self._connection, tables.identifier_claim, identifiers)
        insert_rows(self._connection, tables.reference_claim, [{name: row[name] for name in names} for row in rows])

    def drop_chain(self, chain: int) -> None:
        """Drop a chain that never had a version, and the number it claimed."""
        self.free_number(chain)
        for table in (tables.site_chain, tables.device_claim):
            self._connection.execute(delete(table).where(table.c.chain == chain))
        self._connection.execute(delete(tables.chain).where(tables.chain.c.chain == chain))

    def free_number(self, chain: int, *, number: str | None = None) -> None:
        """Free the numbers a chain claimed, or one of them, for the certificate that truly bears it."""
        claim = tables.number_claim
        freed = claim.c.chain == chain if number is None else (claim.c.chain == chain) & (claim.c.number == number)
        self._connection.execute(delete(claim).where(freed))

    def drop_names(self, serials: Sequence[int]) -> None:
        """Free the references of versions that never came to be; their identifiers are never given again."""
        self._connection.execute(delete(tables.reference_claim).where(tables.reference_claim.c.serial.in_(serials)))

    def update_chain(self, chain: int, **values: Any) -> None:
        table = tables.chain
        self._connection.execute(update(table).where(table.c.chain == chain).values(**values))

    def open_chains(self, opened: Mapping[int, int]) -> None:
        """Mark chains as having a version whose seal is under way: chain → its serial."""
        rows = [{"chain": chain, "open": serial} for chain, serial in sorted(opened.items())]
        update_rows(self._connection, tables.chain, rows, key="chain")

    def close_chains(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Let a version be the current one of its chain; `rows` hold its new values."""
        closed = [{**row, "open": None} for row in sorted(rows, key=lambda row: int(row["chain"]))]
        update_rows(self._connection, tables.chain, closed, key="chain")

    def add(self, certificates: Sequence[Mapping[str, Any]], records: Sequence[Mapping[str, Any]]) -> None:
        insert_rows(self._connection, tables.certificate, certificates)
        insert_rows(self._connection, tables.record, records)

    def set_disclosures(self, serial: int, *, public: Sequence[str], envelope: bytes) -> None:
        """Keep other disclosures beside a record; payload and seals stay as they are."""
        row = {"serial": serial, "public_disclosures": list(public), "envelope": envelope}
        update_rows(self._connection, tables.record, [row], key="serial")

    def set_seals(self, serial: int, seals: Sequence[Mapping[str, str]]) -> None:
        """Keep a record's seals, one more than before; the payload stays as it is."""
        update_rows(self._connection, tables.record, [{"serial": serial, "seals": list(seals)}], key="serial")

    def set_status(self, serial: int, *, status: str, since: date, until: date | None) -> None:
        row = {"serial": serial, "status": status, "status_since": since, "suspended_until": until}
        update_rows(self._connection, tables.certificate, [row], key="serial")

    def supersede(self, since: Mapping[int, date]) -> None:
        """Set versions superseded, each since the day the next one works from."""
        changed = {"status": Status.SUPERSEDED.value, "suspended_until": None}
        rows = [{"serial": serial, "status_since": day} | changed for serial, day in sorted(since.items())]
        update_rows(self._connection, tables.certificate, rows, key="serial")

    def mark_undone(self, serial: int, act_id: str, *, undone_by: str) -> None:
        """Mark a change of a certificate as undone by another act; both are kept."""
        table = tables.status_change
        same = (table.c.serial == serial) & (table.c.act_id == act_id)
        self._connection.execute(update(table).where(same).values(undone_by=undone_by))

    def mark_repaired(self, serial: int, act_id: str, repaired_on: date) -> bool:
        """Mark that the holder's credit after a change was repaired; False when there is no such change."""
        table = tables.status_change
        same = (table.c.serial == serial) & (table.c.act_id == act_id)
        return self._connection.execute(update(table).where(same).values(repaired_on=repaired_on)).rowcount == 1

    def add_changes(self, rows: Sequence[Mapping[str, Any]]) -> None:
        insert_rows(self._connection, tables.status_change, rows)


def _claimed(connection: Connection, keys: Sequence[NumberKey]) -> dict[NumberKey, int]:
    """Return the chain that holds each number which is claimed; asked once for each issuing body and type."""
    numbers: dict[tuple[str, str], list[str]] = {}
    for body, code, number in keys:
        numbers.setdefault((body, code), []).append(number)
    found: dict[NumberKey, int] = {}
    for (body, code), wanted in numbers.items():
        rows = select_among(
            connection, tables.number_claim, "number", wanted,
            columns=("number", "chain"), issuing_body=body, certificate_type=code,
        )  # fmt: skip
        found |= {(body, code, row[0]): row[1] for row in rows}
    return found


@lru_cache(maxsize=16)
def _current(types: int | None) -> Query:
    """Return the question for a holder's current versions: of any type, or of that many."""
    chain, certificate = tables.chain, tables.certificate
    joined = certificate.join(chain, chain.c.current == certificate.c.serial)
    query = select(certificate).select_from(joined).where(chain.c.licence_number == bindparam("holder"))
    if types is not None:
        query = query.where(among(chain.c.certificate_type, types))
    return query.order_by(certificate.c.serial)


@lru_cache(maxsize=16)
def _current_answered(types: int) -> Query:
    chain, certificate = tables.chain, tables.certificate
    answer, erasure = tables.answer_certificate, tables.erasure
    joined = (
        certificate.join(chain, chain.c.current == certificate.c.serial)
        # Outer: a certificate without its answer is a fault that shows, not a certificate that is not there.
        .outerjoin(answer, answer.c.serial == certificate.c.serial)
        .outerjoin(erasure, erasure.c.serial == certificate.c.serial)
    )
    its = (chain.c.licence_number == bindparam("holder")) & among(chain.c.certificate_type, types)
    query = select(*certificate.c, answer.c.body, erasure.c.field).select_from(joined).where(its)
    return query.order_by(certificate.c.serial)
