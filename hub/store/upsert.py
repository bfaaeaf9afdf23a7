"""Many rows written in one statement, in the two dialects: insert, insert what is new, insert or replace, update.

SQLite runs one prepared statement over the rows. PostgreSQL gets each column as one array, so that a batch is one
statement there and one round trip; a row alone it gets as it is, for arrays of one cost three times as much. Rows are
mappings of column name to value, all with the same names.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Date, String, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

Rows = Sequence[Mapping[str, Any]]


def insert_rows(connection: Connection, table: Table, rows: Rows) -> None:
    """Insert rows; IntegrityError when a key is there already."""
    _insert(connection, table, rows, "")


def insert_new(connection: Connection, table: Table, rows: Rows) -> int:
    """Insert the rows whose primary key is not there yet, and return how many; the others stay as they are."""
    return _insert(connection, table, rows, " ON CONFLICT DO NOTHING")


def insert_or_replace(connection: Connection, table: Table, rows: Rows) -> None:
    """Insert the rows; where the primary key is there already, its other columns take the new values.

    No two rows may have one key.
    """
    if rows:
        key = [column.name for column in table.primary_key]
        changed = ", ".join(f'"{name}" = excluded."{name}"' for name in rows[0] if name not in key)
        _insert(connection, table, rows, f" ON CONFLICT ({_quoted(key)}) DO UPDATE SET {changed}")


def update_rows(connection: Connection, table: Table, rows: Rows, *, key: str) -> None:
    """Set the columns that rows name, in the row whose column `key` has their value; no two rows may have one key."""
    if rows:
        # The key stands last, where the prepared statement of SQLite asks for it.
        names = (*(name for name in rows[0] if name != key), key)
        statement = _update_statement(connection.dialect, table, names, is_one=len(rows) == 1)
        _run(connection, table, names, rows, statement)


def _insert(connection: Connection, table: Table, rows: Rows, clause: str) -> int:
    if not rows:
        return 0
    names = tuple(rows[0])
    statement = _insert_statement(connection.dialect, table, names, is_one=len(rows) == 1)
    return _run(connection, table, names, rows, statement + clause)


def _run(connection: Connection, table: Table, names: tuple[str, ...], rows: Rows, statement: str) -> int:
    forms = _forms(connection.dialect, table, names)
    columns = [
        [row[name] for row in rows] if form is None else [form(row[name]) for row in rows]
        for name, form in zip(names, forms, strict=True)
    ]
    values: list[tuple[Any, ...]] | tuple[Any, ...] = tuple(columns)
    if connection.dialect.name == "sqlite":
        values = list(zip(*columns, strict=True))
    elif len(rows) == 1:
        values = tuple(column[0] for column in columns)
    return connection.exec_driver_sql(statement, values).rowcount


@lru_cache(maxsize=256)
def _insert_statement(dialect: Dialect, table: Table, names: tuple[str, ...], *, is_one: bool) -> str:
    into = f'INSERT INTO "{table.name}" ({_quoted(names)})'
    if dialect.name == "sqlite":
        return f"{into} VALUES ({', '.join('?' for _ in names)})"
    if is_one:
        return f"{into} VALUES ({', '.join(f'%s::{each}' for each in _types(dialect, table, names))})"
    return f"{into} SELECT * FROM {_arrays(dialect, table, names)}"  # noqa: S608


@lru_cache(maxsize=64)
def _update_statement(dialect: Dialect, table: Table, names: tuple[str, ...], *, is_one: bool) -> str:
    *changed, key = names
    if dialect.name == "sqlite":
        return f'UPDATE "{table.name}" SET {", ".join(f"{_quoted([name])} = ?" for name in changed)} WHERE "{key}" = ?'  # noqa: S608
    if is_one:
        types = _types(dialect, table, names)
        *values, same = (f'"{name}" = %s::{each}' for name, each in zip(names, types, strict=True))
        return f'UPDATE "{table.name}" SET {", ".join(values)} WHERE {same}'  # noqa: S608
    taken = ", ".join(f'"{name}" = given."{name}"' for name in changed)
    given = f"{_arrays(dialect, table, names)} AS given ({_quoted(names)})"
    return f'UPDATE "{table.name}" SET {taken} FROM {given} WHERE "{table.name}"."{key}" = given."{key}"'  # noqa: S608


def _arrays(dialect: Dialect, table: Table, names: Sequence[str]) -> str:
    return f"unnest({', '.join(f'%s::{each}[]' for each in _types(dialect, table, names))})"


def _types(dialect: Dialect, table: Table, names: Sequence[str]) -> list[str]:
    # A cast to a text of limited length would cut what is too long; without it the insert refuses it.
    kinds = [table.c[name].type for name in names]
    return ["text" if isinstance(kind, String) else kind.compile(dialect) for kind in kinds]


@lru_cache(maxsize=256)
def _forms(dialect: Dialect, table: Table, names: tuple[str, ...]) -> tuple[Callable[[Any], Any] | None, ...]:
    """Return for each column what turns a value into its stored form; None where the value is stored as it is."""
    return tuple(_form(dialect, table.c[name].type) for name in names)


def _form(dialect: Dialect, kind: Any) -> Callable[[Any], Any] | None:
    if isinstance(kind, TypeDecorator):
        return lambda value: kind.process_bind_param(value, dialect)
    if isinstance(kind, Date) and dialect.name == "sqlite":
        return lambda value: None if value is None else value.isoformat()
    return None


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)
