"""Queries by key, built once: putting a statement together anew costs SQLAlchemy three times its execution.

Each function executes one question of a common shape on a connection and returns its result; the statements are kept by
table, columns and shape.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, CursorResult, Select, Table, bindparam, select

Names = tuple[str, ...]
Query = Select[*tuple[Any, ...]]
Found = CursorResult[*tuple[Any, ...]]


def select_by(
    connection: Connection, table: Table, /, *, columns: Names = (), order: str | None = None, **key: Any
) -> Found:
    """Select the rows whose columns equal `key`; all columns when none are named, in the order of one column."""
    return connection.execute(_equal(table, columns, tuple(key), order, lock=False), _parameters(key))


def select_among(
    connection: Connection,
    table: Table,
    column: str,
    values: Sequence[Any],
    /,
    *,
    columns: Names = (),
    order: str | None = None,
    lock: bool = False,
    **key: Any,
) -> Found:
    """Select the rows whose `column` is one of `values` and whose columns equal `key`; with `lock`, hold them."""
    if len(values) == 1:
        only = {column: values[0], **key}
        return connection.execute(_equal(table, columns, tuple(only), order, lock=lock), _parameters(only))
    statement = _among(table, columns, column, tuple(key), order, lock=lock)
    return connection.execute(statement, _parameters(key) | {"among": list(values)})


@lru_cache(maxsize=512)
def _equal(table: Table, columns: Names, key: Names, order: str | None, *, lock: bool) -> Query:
    statement = _selected(table, columns).where(*(table.c[name] == bindparam(f"of_{name}") for name in key))
    return _shaped(statement, table, order, lock=lock)


@lru_cache(maxsize=512)
def _among(table: Table, columns: Names, column: str, key: Names, order: str | None, *, lock: bool) -> Query:
    statement = _selected(table, columns).where(table.c[column].in_(bindparam("among", expanding=True)))
    statement = statement.where(*(table.c[name] == bindparam(f"of_{name}") for name in key))
    return _shaped(statement, table, order, lock=lock)


def _selected(table: Table, columns: Names) -> Query:
    return select(*(table.c[name] for name in columns)) if columns else select(table)


def _shaped(statement: Query, table: Table, order: str | None, *, lock: bool) -> Query:
    if order is not None:
        statement = statement.order_by(table.c[order])
    return statement.with_for_update() if lock else statement


def _parameters(key: dict[str, Any]) -> dict[str, Any]:
    return {f"of_{name}": value for name, value in key.items()}
