"""XLSX files as rows, streamed: the cells of the first visible sheet, each as text.

Read by expat and not by openpyxl, which keeps an element for every row it has passed, takes three times as long, and
knows none of the date formats of Chinese Excel. Formulas are neither evaluated nor is their last result believed.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from connectors.contract import RowProblem, RowRule, TabularLimits
from connectors.errors import TabularFormError
from connectors.tabular_rows import Line
from connectors.xlsx_dates import iso_text
from connectors.xlsx_package import Package
from connectors.xlsx_workbook import TextCollector, Workbook, read_workbook, unescape

_LETTERS = re.compile(r"[A-Z]{1,3}")
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[Ee][+-]?[0-9]+)?")
_MIDNIGHT = re.compile(r"T00:00:00(?:\.0+)?Z?$")
_MAX_ROWS = 1_048_576

# A double keeps 15 digits; from there on a number in a sheet may no longer be what was typed.
_TOO_LONG_NUMBER = 10**14


def read_xlsx_lines(path: Path, *, limits: TabularLimits) -> Iterator[Line | RowProblem]:
    """Return the sheet's rows from the header on; a cell left out is empty, and so are those after a row's last one.

    Raises TabularFormError, TabularCutError and TabularLimitError, also between rows.
    """
    with Package(path, limits=limits) as package:
        workbook = read_workbook(package, limits=limits)
        sheet = _Sheet(workbook, limits)
        width: int | None = None
        for _ in package.stream(workbook.sheet_part, sheet.elements):
            for line in sheet.take():
                if isinstance(line, Line):
                    width = width or _trimmed_length(line.cells)
                    _fit(line.cells, width)
                yield line


def _trimmed_length(cells: list[str]) -> int:
    return max((at for at, cell in enumerate(cells, 1) if cell.strip()), default=0)


def _column_of(letters: str) -> int:
    """Return the column's position from 1: A is 1, Z 26, AA 27."""
    if not _LETTERS.fullmatch(letters):
        raise TabularFormError("xml")
    return sum((ord(letter) - 64) * 26**at for at, letter in enumerate(reversed(letters)))


def _fit(cells: list[str], width: int) -> None:
    """Give the row as many cells as the header has, unless what is beyond it holds something."""
    cells.extend([""] * (width - len(cells)))
    if not any(cells[width:]):
        del cells[width:]


class _Sheet:
    """Is told of the sheet's elements and keeps the rows completed since they were last taken."""

    def __init__(self, workbook: Workbook, limits: TabularLimits) -> None:
        self._workbook = workbook
        self._limits = limits
        self._collector = TextCollector(limits.max_cell_length)
        self.elements = self._collector.elements(
            {"row": self._start_row, "c": self._start_cell, "f": self._start_formula},
            {"row": self._end_row, "c": self._end_cell},
        )
        self._columns: dict[str, int] = {}
        self._done: list[Line | RowProblem] = []
        self._number = self._column = 0
        self._cells: list[str] = []
        self._problem: RowProblem | None = None
        self._cell: Mapping[str, str] = {}
        self._formula = False

    def take(self) -> list[Line | RowProblem]:
        done, self._done = self._done, []
        return done

    def _start_row(self, attributes: Mapping[str, str]) -> None:
        number = attributes.get("r")
        before, self._number = self._number, int(number) if number and number.isdecimal() else self._number + 1
        # No program writes rows out of order; two rows of one number would make the outcome file ambiguous.
        if not before < self._number <= _MAX_ROWS:
            raise TabularFormError("xml")
        self._column, self._cells, self._problem = 0, [], None

    def _end_row(self) -> None:
        self._done.append(self._problem or Line(self._number, self._cells))

    def _start_cell(self, attributes: Mapping[str, str]) -> None:
        self._cell, self._formula = attributes, False
        self._column = self._position(attributes.get("r"))

    def _start_formula(self, attributes: Mapping[str, str]) -> None:
        self._formula = True

    def _position(self, reference: str | None) -> int:
        if reference is None:
            return self._column + 1
        letters = reference.rstrip("0123456789")
        if letters not in self._columns:
            self._columns[letters] = _column_of(letters)
        # Nor cells: the one that comes later in the file would hide the one a program shows.
        if self._columns[letters] <= self._column:
            raise TabularFormError("xml")
        return self._columns[letters]

    def _end_cell(self) -> None:
        raw = self._collector.take()
        if not raw and not self._formula:
            return
        value = self._value(raw)
        if self._problem is not None:
            return
        if isinstance(value, RowRule):
            self._problem = RowProblem(self._number, value, self._column)
        elif self._column > self._limits.max_columns:
            self._problem = RowProblem(self._number, RowRule.CELL_COUNT)
        else:
            self._cells.extend([""] * (self._column - 1 - len(self._cells)))
            self._cells.append(value)

    def _value(self, raw: str) -> str | RowRule:
        kind = self._cell.get("t", "n")
        if self._formula:
            return RowRule.FORMULA
        if kind == "n":
            return self._number_text(raw)
        if kind == "e":
            return RowRule.ERROR_VALUE
        if kind == "b":
            return "TRUE" if raw == "1" else "FALSE"
        if kind == "d":
            return _MIDNIGHT.sub("", raw)
        if kind == "s":
            raw = self._shared_text(raw)
        elif kind in ("inlineStr", "str"):
            raw = unescape(raw)
        return RowRule.FORMULA if raw.startswith("=") else raw

    def _shared_text(self, raw: str) -> str:
        try:
            return self._workbook.shared_texts[int(raw)]
        except (ValueError, IndexError):
            raise TabularFormError("xml") from None

    def _number_text(self, raw: str) -> str | RowRule:
        style = self._cell.get("s", "0")
        forms = self._workbook.date_forms
        form = forms[int(style)] if style.isdecimal() and int(style) < len(forms) else None
        if not _NUMBER.fullmatch(raw):
            raise TabularFormError("xml")
        value = float(raw)
        if form is not None:
            try:
                return iso_text(value, form, from_1904=self._workbook.from_1904)
            except ValueError:
                return RowRule.DATE
        if abs(value) >= _TOO_LONG_NUMBER:
            return RowRule.NUMBER_AS_TEXT
        # As many digits as Excel shows at most: 0.1 + 0.2 is stored with 17, and means 0.3.
        return str(int(value)) if value.is_integer() else f"{Decimal(f'{value:.15g}'):f}"
