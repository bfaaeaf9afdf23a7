"""Queries by key, built once: putting a statement together anew costs SQLAlchemy three times its execution.

Each function executes one question of a common shape on a connection and returns its result; the statements are kept by
table, columns and shape.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, CursorResult, Select, Table, bindparam, select

Names = tuple[str, ...]
Query = Select[*tuple[Any, ...]]
Found = CursorResult[*tuple[Any, ...]]
_FEW = 16


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
    if 1 < len(values) <= _FEW:
        width = width_of(values)
        statement = _among_few(table, columns, column, tuple(key), order, width, lock=lock)
        return connection.execute(statement, _parameters(key) | padded(values, width))
    statement = _among(table, columns, column, tuple(key), order, lock=lock)
    return connection.execute(statement, _parameters(key) | {"among": list(values)})


def width_of(values: Sequence[Any]) -> int:
    """Return for how many values a question about these few is put: a power of two, so that there are few questions.

    What SQLAlchemy expands for each list anew costs it as much as three whole queries.
    """
    return 1 << max(0, len(values) - 1).bit_length()


def among(column: Column[Any], width: int) -> ColumnElement[bool]:
    """Say that a column has one of so many values, which `padded` names."""
    return column.in_([bindparam(f"among_{place}", type_=column.type) for place in range(width)])


def padded(values: Sequence[Any], width: int) -> dict[str, Any]:
    """Return values as the parameters of `among`, the last one as often as needed."""
    return {f"among_{place}": values[min(place, len(values) - 1)] for place in range(width)}


@lru_cache(maxsize=512)
def _equal(table: Table, columns: Names, key: Names, order: str | None, *, lock: bool) -> Query:
    statement = _selected(table, columns).where(*(table.c[name] == bindparam(f"of_{name}") for name in key))
    return _shaped(statement, table, order, lock=lock)


@lru_cache(maxsize=512)
def _among_few(
    table: Table, columns: Names, column: str, key: Names, order: str | None, width: int, *, lock: bool
) -> Query:
    statement = _selected(table, columns).where(among(table.c[column], width))
    statement = statement.where(*(table.c[name] == bindparam(f"of_{name}") for name in key))
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
