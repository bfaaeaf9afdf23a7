"""Rows of CSV as spreadsheets want them: UTF-8 behind a byte order mark, and no cell that begins as a formula would.

Source: OWASP, CSV injection; the full-width signs are taken for the plain ones by spreadsheets in Chinese.
"""

import csv
from collections.abc import Sequence
from io import StringIO

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r", "\n")


def csv_row(cells: Sequence[str]) -> bytes:
    """Return one row; a cell that would be read as a formula gets an apostrophe in front."""
    line = StringIO()
    csv.writer(line).writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells])
    return line.getvalue().encode()


def as_meant(cell: str) -> str:
    """Return what a cell meant before it got its apostrophe."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell
