"""A sheet that an order carries (CSV or XLSX): its rows, by the columns that such a sheet may have and must have.

Columns have Chinese or English names, in any order. What is written as spreadsheets want it
(`hub/steps/files/spreadsheet.py`) is read as it was meant.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from connectors.contract import OpenTable, Row, RowProblem, TabularError, TabularLimits
from hub.errors import OrderError
from hub.steps.files.spreadsheet import as_meant
from schemas.catalogue import FieldProblem, FieldsError, folded
from schemas.publicity import ColumnUnknownError, match_columns

Cells = Mapping[str, str]


def read_rows(
    raw: bytes, *, columns: Mapping[str, str], optional: Collection[str], open_table: OpenTable
) -> tuple[list[tuple[int, Cells]], list[FieldProblem]]:
    """Return the rows of a sheet with their numbers, cells by meaning, all columns in each; and rows that are none.

    `columns` maps a meaning to its Chinese name. Raises OrderError sheet_unreadable for a file that is no table,
    FieldsError for its columns.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder, "sheet")
        path.write_bytes(raw)
        try:
            table = open_table(path, limits=TabularLimits(max_columns=len(columns)))
            rows = list(table.rows)
        except TabularError as error:
            raise OrderError("sheet_unreadable", rule=error.rule, row=error.row) from error
    meanings = _meanings(table.header, columns, optional)
    problems = [FieldProblem(f"row {each.number}", each.rule) for each in rows if isinstance(each, RowProblem)]
    blank = dict.fromkeys(columns, "")
    read: list[tuple[int, Cells]] = [
        (row.number, blank | {meanings[name]: as_meant(value.strip()) for name, value in row.values.items()})
        for row in rows
        if isinstance(row, Row)
    ]
    return read, problems


def whole(text: str) -> int | str:
    """Return a whole number, or the text for its reader to refuse."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text


def _meanings(header: tuple[str, ...], columns: Mapping[str, str], optional: Collection[str]) -> dict[str, str]:
    known = {folded(name).upper(): meaning for meaning, zh in columns.items() for name in (meaning, zh)}
    try:
        meanings = match_columns(header, known)
    except ColumnUnknownError as error:
        raise FieldsError((FieldProblem(f"column {error.position}", "unknown"),)) from None
    if missing := columns.keys() - optional - {*meanings.values()}:
        raise FieldsError(tuple(FieldProblem(each, "missing") for each in sorted(missing)))
    return meanings
