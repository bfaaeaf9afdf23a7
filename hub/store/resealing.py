"""Seals put beside a record's first one: which act made each, and those that are about to be made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, select, union_all, update

from hub.store import tables
from hub.store.queries import select_among, select_by
from hub.store.upsert import insert_new, update_rows


@dataclass(frozen=True, slots=True)
class StoredResealing:
    """One record's next seal: ordered by `statement`, in `act_id`; `key_id` is None until it is made.

    `over_key_id` is the key whose seal it stands in for; `batch` the order, `owner` and `lease_until` who is at it.
    """

    number: int
    serial: int
    over_key_id: str
    key_id: str | None
    batch: str
    owner: str
    lease_until: datetime
    statement: int
    recorded_at: datetime
    sealed_at: datetime | None
    act_id: str


@dataclass(frozen=True, slots=True)
class Covered:
    """The records whose seal by a key is entered before a place in the log: those up to a serial, `but` a few."""

    last: int
    but: frozenset[int]

    def __contains__(self, serial: int) -> bool:
        return serial <= self.last and serial not in self.but


class ResealingReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def act_of_seal(self, serial: int, key_id: str) -> tuple[str, str] | None:
        """Return the act that put this key's seal on a record, and the record's digest; None for no such record."""
        made, certificate = tables.resealing, tables.certificate
        of_key = (made.c.serial == serial) & (made.c.key_id == key_id)
        act = self._connection.execute(select(made.c.act_id).where(of_key).limit(1)).scalar()
        columns = (certificate.c.act_id, certificate.c.payload_sha256)
        row = self._connection.execute(select(*columns).where(certificate.c.serial == serial)).first()
        return None if row is None else (act or row.act_id, row.payload_sha256)

    def sealed_again_at(self, serial: int, key_id: str) -> datetime | None:
        """Return when a record was last sealed again, where once it was because of this key; None where it was not."""
        table = tables.resealing
        rows = select_by(self._connection, table, columns=("over_key_id", "sealed_at"), serial=serial).all()
        made = [row for row in rows if row.sealed_at is not None]
        return max(row.sealed_at for row in made) if key_id in {row.over_key_id for row in made} else None

    def sealed_since(
        self, place: int, *, issuing_body: str | None, key_id: str, after: int, most: int, with_open: bool
    ) -> list[int]:
        """Return the serials of a body's certificates (None: of collected ones) whose issue is entered from a place on.

        And of those that a key sealed again, wherever their issue is entered. `most` of them, above the serial
        `after`, without what was sealed again over the key, and what is about to be unless `with_open`.
        """
        certificate, entry, made = tables.certificate, tables.entry, tables.resealing
        source = certificate.c.source
        whose = source.is_not(None) if issuing_body is None else certificate.c.issuing_body == issuing_body
        whose = whose if issuing_body is None else whose & source.is_(None)
        is_late = entry.c.leaf_index.is_(None) | (entry.c.leaf_index >= place)
        again = exists().where(made.c.serial == certificate.c.serial, made.c.key_id == key_id)
        over = (made.c.serial == certificate.c.serial) & (made.c.over_key_id == key_id)
        # A key that ends later may seal again what it sealed: that mends nothing.
        by_another = made.c.key_id != key_id
        mended = exists().where(over, by_another if with_open else by_another | made.c.key_id.is_(None))
        query = (
            select(certificate.c.serial)
            .join(entry, entry.c.act_id == certificate.c.act_id)
            .where(certificate.c.serial > after, whose, is_late | again, ~mended)
            .order_by(certificate.c.serial)
            .limit(most)
        )
        return list(self._connection.execute(query).scalars())

    def last_over(self, key_id: str) -> int:
        """Return the highest serial of the records that an order named because of a key; 0 for none."""
        table = tables.resealing
        query = select(table.c.serial).where(table.c.over_key_id == key_id).order_by(table.c.serial.desc()).limit(1)
        return int(self._connection.execute(query).scalar() or 0)

    def covered(self, place: int, *, key_id: str) -> Covered:
        """Return the records whose every seal that may be this key's is entered before a place, or is another's.

        Once no order from before the key's end is under way, none joins them. What is entered later was mostly sealed
        later too: left out are the few that overtook others, what has its intention still, and late seals beside.
        """
        certificate, entry, made, intention = tables.certificate, tables.entry, tables.resealing, tables.intention
        is_late = entry.c.leaf_index.is_(None) | (entry.c.leaf_index >= place)
        early = certificate.join(entry, entry.c.act_id == certificate.c.act_id)
        newest = select(certificate.c.serial).select_from(early).where(entry.c.leaf_index < place)
        last = self._connection.execute(newest.order_by(certificate.c.serial.desc()).limit(1)).scalar() or 0
        issued = certificate.outerjoin(entry, entry.c.act_id == certificate.c.act_id)
        again = made.outerjoin(entry, entry.c.act_id == made.c.act_id)
        its = made.c.key_id.is_(None) | (made.c.key_id == key_id)
        left_out = union_all(
            select(certificate.c.serial).select_from(issued).where(certificate.c.serial <= last, is_late),
            select(intention.c.serial).where(intention.c.serial <= last),
            select(made.c.serial).select_from(again).where(made.c.serial <= last, its, is_late),
        )
        return Covered(last, frozenset(self._connection.execute(left_out).scalars()))

    def batch(self, batch: str) -> list[StoredResealing]:
        """Return what is still to be sealed of an order."""
        return self._where(tables.resealing.c.batch == batch, tables.resealing.c.key_id.is_(None))

    def orphans(self, now: datetime) -> list[str]:
        """Return the orders of which something is still to be sealed and whose owner let the lease run out."""
        table = tables.resealing
        is_orphan = table.c.key_id.is_(None) & (table.c.lease_until < now)
        return sorted(set(self._connection.execute(select(table.c.batch).where(is_orphan)).scalars()))

    def open_of(self, serials: Sequence[int]) -> set[int]:
        """Return which of these records have a seal that is about to be made."""
        rows = select_among(self._connection, tables.resealing, "serial", serials, columns=("serial", "key_id"))
        return {row.serial for row in rows if row.key_id is None}

    def _where(self, *conditions: Any) -> list[StoredResealing]:
        query = select(tables.resealing).where(*conditions).order_by(tables.resealing.c.number)
        return [StoredResealing(**row) for row in self._connection.execute(query).mappings()]


class ResealingWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, rows: Sequence[Mapping[str, Any]]) -> int:
        """Keep what is about to be sealed; return how many that are, one that is under way already not counted."""
        return insert_new(self._connection, tables.resealing, rows)

    def take_over(self, batch: str, *, owner: str, lease_until: datetime, now: datetime) -> bool:
        """Take an order that its owner left; False when the lease still holds or another process was first."""
        table = tables.resealing
        orphaned = (table.c.batch == batch) & table.c.key_id.is_(None) & (table.c.lease_until < now)
        values = {"owner": owner, "lease_until": lease_until}
        return self._connection.execute(update(table).where(orphaned).values(**values)).rowcount > 0

    def close(self, numbers: Mapping[int, str], *, now: datetime) -> int:
        """Note the key of each seal that was made, by number; return how many were open still."""
        table = tables.resealing
        open_now = select(table.c.number).where(table.c.number.in_(list(numbers)), table.c.key_id.is_(None))
        found = list(self._connection.execute(open_now).scalars())
        rows = [{"number": number, "key_id": numbers[number], "sealed_at": now} for number in found]
        update_rows(self._connection, table, rows, key="number")
        return len(found)
