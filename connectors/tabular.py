"""Tables departments send, CSV or XLSX, read row by row in flat memory; the form is told by content, not by name.

CSV: UTF-8 (byte order mark allowed) or GB 18030. XLSX: the first visible sheet. The first row names the columns.
An older Excel file and an encrypted one are refused by name. Values come as text: dates in ISO form, whole numbers
without a fraction. Nothing is evaluated, and no error tells a value.
"""

from collections.abc import Iterator
from pathlib import Path

from connectors.contract import Row, RowProblem, Table, TabularLimits
from connectors.errors import TabularFormError
from connectors.tabular_csv import read_csv_lines
from connectors.tabular_rows import Line, header_of, name_cells
from connectors.tabular_xlsx import read_xlsx_lines

_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_OLE2_START = bytes.fromhex("d0cf11e0a1b11ae1")


def open_table(path: Path, *, limits: TabularLimits) -> Table:
    """Read the header and return it with the rows still to come.

    Raises the TabularError family at once for what the start or the encoding shows, later from `rows` for a file that
    proves cut or malformed further down; the rows before that point have then been given.
    """
    lines = _read_lines(path, limits)
    header = header_of(lines, limits=limits)
    return Table(header, name_cells(lines, header, limits=limits))


def read_rows(path: Path, *, limits: TabularLimits) -> Iterator[Row | RowProblem]:
    """Return the rows of `open_table`."""
    return open_table(path, limits=limits).rows


def _read_lines(path: Path, limits: TabularLimits) -> Iterator[Line | RowProblem]:
    with path.open("rb") as file:
        start = file.read(8)
    if start == _OLE2_START:
        raise TabularFormError("old_excel")
    if start.startswith(_ZIP_STARTS):
        return read_xlsx_lines(path, limits=limits)
    return read_csv_lines(path, limits=limits)
