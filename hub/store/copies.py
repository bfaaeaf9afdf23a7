"""Tables as plain rows, for a copy that either database takes: what a backup reads and a restore writes.

Values are those that are stored: a moment is a number, JSON its bytes. A table is known by its name and the kinds of
its columns, so that a copy of an earlier version's tables can be written where those were made.
The counters behind keys are no rows: a new row's number is the highest plus one; certificates' serials go on from where
they stood.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    LargeBinary,
    MetaData,
    Table,
    Text,
    select,
    text,
    type_coerce,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from hub.store import tables
from hub.store.upsert import insert_rows

_ROWS_A_READ = 500
_KINDS: Mapping[str, type[TypeEngine[Any]]] = {
    "bytes": LargeBinary,
    "date": Date,
    "flag": Boolean,
    "number": BigInteger,
    "text": Text,
}
# A counter of SQLite's, which PostgreSQL has as a sequence: carried as a number of its own.
_COUNTED = tables.serial.name
_CERTIFICATES = "certificate"

Columns = Mapping[str, str]
"""Column name → kind: bytes, date, flag, number or text."""


def copied_tables() -> list[Table]:
    """Return the tables that a copy holds, all but the counters."""
    return [table for table in tables.metadata.sorted_tables if table.name != _COUNTED]


def columns_of(table: Table) -> Columns:
    """Return a table's columns and the kinds of what is stored in them."""
    return {column.name: _kind(_stored(column)) for column in table.c}


def read_rows(connection: Connection, table: Table) -> Iterator[Sequence[Sequence[Any]]]:
    """Yield all rows, some hundreds at a time, in the order of the key; the whole table is never in memory."""
    query = select(*(type_coerce(each, _stored(each)) for each in table.c)).order_by(*table.primary_key.columns)
    found = connection.execute(query, execution_options={"yield_per": _ROWS_A_READ})
    yield from found.partitions()


def write_rows(connection: Connection, name: str, columns: Columns, rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows as they were read; KeyError for a kind there is not."""
    table = Table(name, MetaData(), *(Column(each, _KINDS[kind]) for each, kind in columns.items()))
    insert_rows(connection, table, [dict(zip(columns, row, strict=True)) for row in rows])


def next_serial(connection: Connection) -> int:
    """Return the serial that the next certificate gets; after other acts under way it may be a later one."""
    if connection.dialect.name == "postgresql":
        row = connection.execute(text("SELECT last_value, is_called FROM certificate_serial")).one()
        return int(row.last_value) + bool(row.is_called)
    query = select(tables.serial.c.next).where(tables.serial.c.name == _CERTIFICATES)
    return int(connection.execute(query).scalar_one())


def skip_names(connection: Connection, serials: int, versions: int) -> tuple[int, int]:
    """Leave out so many serials, and of each chain so many versions: their identifiers may have been given already.

    Return the first serial that is left out, and the first that is not.
    """
    first = next_serial(connection)
    following = first + serials
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT setval('certificate_serial', :next, false)"), {"next": following})
    else:
        connection.execute(text("UPDATE serial SET next = :next WHERE name = 'certificate'"), {"next": following})
    connection.execute(text("UPDATE chain SET versions = versions + :versions"), {"versions": versions})
    return first, following


def set_counters(connection: Connection, following: int) -> None:
    """Let the next certificate get the serial `following`, and new rows of every table numbers that are free."""
    if connection.dialect.name != "postgresql":
        connection.execute(text("UPDATE serial SET next = :next WHERE name = 'certificate'"), {"next": following})
        return
    connection.execute(text("SELECT setval('certificate_serial', :next, false)"), {"next": following})
    for table in tables.metadata.sorted_tables:
        # Tables of a later revision than the copy's may not be there yet: they are empty then.
        column = table.autoincrement_column
        if column is None or not connection.dialect.has_table(connection, table.name):
            continue
        quoted = f'"{table.name}"'
        sequence = connection.execute(
            text("SELECT pg_get_serial_sequence(:table, :column)"), {"table": quoted, "column": column.name}
        ).scalar_one()
        if sequence is not None:
            highest = f'SELECT max("{column.name}") FROM {quoted}'  # noqa: S608
            connection.execute(
                text(f"SELECT setval(CAST(:sequence AS regclass), coalesce(({highest}), 0) + 1, false)"),
                {"sequence": sequence},
            )


def _stored(column: Column[Any]) -> TypeEngine[Any]:
    kind = column.type
    return kind.impl_instance if isinstance(kind, TypeDecorator) else kind


def _kind(stored: TypeEngine[Any]) -> str:
    by_python = {bytes: "bytes", bool: "flag", int: "number", str: "text"}
    return "date" if isinstance(stored, Date) else by_python[stored.python_type]
