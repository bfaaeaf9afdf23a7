"""Statuses by serial, for the published status lists."""

from sqlalchemy import Connection, select

from hub.store import tables


class StatusReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def not_valid(self, first: int, last: int) -> dict[int, str]:
        """Return serial → status of every certificate in first … last that is not simply valid."""
        table = tables.certificate
        query = select(table.c.serial, table.c.status).where(
            table.c.serial.between(first, last), table.c.status != "valid"
        )
        return {row.serial: row.status for row in self._connection.execute(query)}

    def highest(self) -> int:
        """Return the highest serial that was sealed, 0 for none."""
        table = tables.certificate
        query = select(table.c.serial).order_by(table.c.serial.desc()).limit(1)
        return int(self._connection.execute(query).scalar() or 0)
