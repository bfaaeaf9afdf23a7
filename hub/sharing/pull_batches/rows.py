"""Reading a file of pulls: a table (CSV, XLSX) or JSON lines; each row the pull that it asks for, or what is wrong.

A table's columns are 统一社会信用代码, 办件编号, and where they are wanted 授权书摘要 and 证照类型 (codes, separated by
spaces); the names of JSON lines' members serve as well. Rows are numbered as in the file: a table's header is 1.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from connectors.contract import OpenTable, RowProblem, TabularHeaderError, TabularLimits
from schemas.exchange import BatchRequest, PullRequest, RequestFormError, read_batch_row
from signing.errors import SigningError
from signing.jws import parse_json

_COLUMNS: Mapping[str, str] = {
    "统一社会信用代码": "licence_number",
    "办件编号": "case_number",
    "授权书摘要": "grant",
    "证照类型": "types",
}
_NEEDED = frozenset({"licence_number", "case_number"})
_LONGEST_LINE = 4_096


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A row by its number: its request, or the rule that it breaks (a name, never a value)."""

    number: int
    request: PullRequest | None
    problem: str = ""


def open_rows(path: Path, batch: BatchRequest, *, open_table: OpenTable, limits: TabularLimits) -> Iterator[BatchRow]:
    """Yield the rows of a file; raises the TabularError family where the file as a whole cannot be read."""
    with path.open("rb") as opened:
        is_json = opened.read(1) == b"{"
    if is_json:
        return _json_rows(path, batch)
    table = open_table(path, limits=limits)
    names = [_COLUMNS.get(title, title) for title in table.header]
    unknown = [place for place, name in enumerate(names, start=1) if name not in _COLUMNS.values()]
    if unknown or not set(names) >= _NEEDED or len(set(names)) != len(names):
        raise TabularHeaderError("form", unknown[0] if unknown else None)
    return (
        BatchRow(row.number, None, str(row.rule))
        if isinstance(row, RowProblem)
        else _table_row(row.number, row.values, batch)
        for row in table.rows
    )


def _table_row(number: int, values: Mapping[str, str], batch: BatchRequest) -> BatchRow:
    given: dict[str, Any] = {_COLUMNS.get(title, title): value.strip() for title, value in values.items()}
    given = {name: value for name, value in given.items() if value}
    if "types" in given:
        given["types"] = given["types"].split()
    return _row(number, lambda: given, batch)


def _json_rows(path: Path, batch: BatchRequest) -> Iterator[BatchRow]:
    with path.open("rb") as opened:
        number = 0
        while line := opened.readline(_LONGEST_LINE):
            number += 1
            # A longer line is no row: it is read past, piece by piece.
            piece = line
            while len(piece) == _LONGEST_LINE and not piece.endswith(b"\n"):
                line, piece = b"", opened.readline(_LONGEST_LINE)
            if line.strip() or not line:
                yield _row(number, partial(parse_json, line), batch)


def _row(number: int, read: Callable[[], Any], batch: BatchRequest) -> BatchRow:
    try:
        given = read()
        if not isinstance(given, dict):
            raise RequestFormError("row")
        return BatchRow(number, read_batch_row(given, batch))
    except RequestFormError as error:
        return BatchRow(number, None, f"row_{error.member}" if error.member != "row" else "row")
    except SigningError:
        return BatchRow(number, None, "row")
