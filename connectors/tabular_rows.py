"""Rows of a table, whatever file they came from: the header's rules and those of a row's shape.

A row that breaks a rule becomes a RowProblem and the others go on. What the values mean, and characters a certificate
may not hold, are judged by the reader of the rows.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from connectors.contract import Row, RowProblem, RowRule, TabularLimits
from connectors.errors import TabularHeaderError, TabularLimitError


@dataclass(frozen=True, slots=True)
class Line:
    """One row before its cells have names."""

    number: int
    cells: list[str]


def header_of(lines: Iterator[Line | RowProblem], *, limits: TabularLimits) -> tuple[str, ...]:
    """Take the first row from `lines` and return its names, without surrounding white space.

    Raises TabularHeaderError when it is missing, unreadable, or its names are not all there and different;
    TabularLimitError when there are too many.
    """
    first = next(lines, None)
    if first is None:
        raise TabularHeaderError("missing")
    if isinstance(first, RowProblem):
        raise TabularHeaderError("form", first.column)
    names = tuple(cell.removeprefix("\ufeff").strip() for cell in first.cells)
    if len(names) > limits.max_columns:
        raise TabularLimitError("columns", first.number)
    if not any(names):
        raise TabularHeaderError("missing")
    if "" in names:
        raise TabularHeaderError("empty", names.index("") + 1)
    if len(set(names)) != len(names):
        raise TabularHeaderError("twice", next(at for at, name in enumerate(names, 1) if name in names[: at - 1]))
    return names


def name_cells(
    lines: Iterator[Line | RowProblem], header: tuple[str, ...], *, limits: TabularLimits
) -> Iterator[Row | RowProblem]:
    """Return each row with its names, or its problem. A row in which every cell is empty states nothing: left out."""
    width, longest = len(header), limits.max_cell_length
    for line in lines:
        if isinstance(line, RowProblem):
            yield line
            continue
        cells = line.cells
        if not any(cells):
            continue
        if len(cells) != width:
            yield RowProblem(line.number, RowRule.CELL_COUNT)
        elif max(map(len, cells)) > longest:
            yield RowProblem(line.number, RowRule.CELL_TOO_LONG, 1 + max(range(width), key=lambda at: len(cells[at])))
        elif "\0" in "".join(cells):
            yield RowProblem(line.number, RowRule.NUL, next(at for at, cell in enumerate(cells, 1) if "\0" in cell))
        else:
            yield Row(line.number, dict(zip(header, cells, strict=True)))
