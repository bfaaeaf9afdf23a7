"""Statuses by serial, for the published status lists, and how often what each list tells of has changed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select, update

from hub.store import tables
from hub.store.upsert import insert_new
from signing.status_list import SHARD_SIZE

_LISTS = tables.status_list


@dataclass(frozen=True, slots=True)
class StatusRow:
    """A certificate that is not simply valid, with what says whether its suspension ended by itself."""

    serial: int
    status: str
    suspended_until: date | None
    certificate_type: str
    type_version: int


class StatusReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def not_valid(self, first: int, last: int) -> list[StatusRow]:
        """Return the status of every certificate in first … last that is not simply valid."""
        table = tables.certificate
        columns = (table.c.serial, table.c.status, table.c.suspended_until, table.c.certificate_type)
        query = select(*columns, table.c.type_version).where(
            table.c.serial.between(first, last), table.c.status != "valid"
        )
        return [StatusRow(*row) for row in self._connection.execute(query)]

    def sealed(self, first: int, last: int) -> set[int]:
        """Return the serials in first … last that a certificate has."""
        serial = tables.certificate.c.serial
        return set(self._connection.execute(select(serial).where(serial.between(first, last))).scalars())

    def highest(self) -> int:
        """Return the highest serial that was sealed, 0 for none."""
        table = tables.certificate
        query = select(table.c.serial).order_by(table.c.serial.desc()).limit(1)
        return int(self._connection.execute(query).scalar() or 0)

    def version(self, number: int) -> int:
        """Return how often what a list tells of has changed; 0 when it never did."""
        found = self._connection.execute(select(_LISTS.c.version).where(_LISTS.c.number == number)).scalar()
        return int(found or 0)


class StatusWriter:
    """Writes last in its transaction: other acts on the same list wait for its row from here to the commit."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def note_change(self, serials: Iterable[int]) -> None:
        """Note that what the lists tell of these certificates may have changed."""
        # In one order, so that two acts never wait for each other.
        numbers = sorted({serial // SHARD_SIZE for serial in serials})
        insert_new(self._connection, _LISTS, [{"number": number, "version": 0} for number in numbers])
        for number in numbers:
            changed = update(_LISTS).where(_LISTS.c.number == number).values(version=_LISTS.c.version + 1)
            self._connection.execute(changed)
