"""Statuses by serial, for the published status lists."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select

from hub.store import tables


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
