"""CSV files (RFC 4180) as rows, streamed: UTF-8 or GB 18030, decided by the whole file before the first row.

Cells are separated by commas; a cell in quotes may hold commas, line ends and doubled quotes. A quote anywhere else
spoils its row only; a quote that is never closed stops the reading, as nobody can tell where its row ends.
"""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from connectors.contract import RowProblem, RowRule, TabularLimits
from connectors.errors import TabularCutError, TabularEncodingError, TabularLimitError
from connectors.tabular_rows import Line

_CHUNK_BYTES = 1024**2

# So many characters of correct UTF-8 beyond ASCII do not stand in a GB 18030 text by chance (one in seven does).
_PROOF_OF_UTF_8 = 16

# Possessive throughout: a cell has one reading, so a stranger's line of quotes costs no second try.
_CELL = re.compile(r'(?:"((?:[^"]++|"")*+)"|([^",]*+))(,|\Z)')
_ENDS_IN_QUOTES = re.compile(r'(?:(?:"(?:[^"]++|"")*+"|[^",]*+),)*+"(?:[^"]++|"")*+')


def read_csv_lines(path: Path, *, limits: TabularLimits) -> Iterator[Line | RowProblem]:
    """Return the file's rows from the header on.

    Raises TabularEncodingError, TabularCutError (also between rows) and TabularLimitError.
    """
    return _lines(path, find_encoding(path), limits)


def find_encoding(path: Path) -> str:
    """Return the codec that reads the whole file: "utf-8-sig" or "gb18030".

    GB 18030 reads most damaged UTF-8 as other characters, so it is tried only on what cannot have been UTF-8.
    Raises TabularEncodingError, or TabularCutError when the last character is incomplete.
    """
    failure = _first_failure(path, "utf-8")
    if failure is None:
        return "utf-8-sig"
    before, at_the_end = failure
    if before >= _PROOF_OF_UTF_8 or _has_mark(path):
        raise TabularCutError("character") if at_the_end else TabularEncodingError("encoding")
    failure = _first_failure(path, "gb18030")
    if failure is None:
        return "gb18030"
    raise TabularCutError("character") if failure[1] else TabularEncodingError("encoding")


def _first_failure(path: Path, codec: str) -> tuple[int, bool] | None:
    """Return how many characters beyond ASCII stand before the first fault, and whether the fault is the file's end."""
    decoder = codecs.getincrementaldecoder(codec)("strict")
    read, at_the_end = 0, False
    with path.open("rb") as file:
        while not at_the_end:
            chunk = file.read(_CHUNK_BYTES)
            at_the_end = not chunk
            try:
                text = decoder.decode(chunk, final=at_the_end)
            except UnicodeDecodeError as error:
                return read + _beyond_ascii(error.object[: error.start].decode(codec)), at_the_end
            if read < _PROOF_OF_UTF_8:
                read += _beyond_ascii(text)
    return None


def _beyond_ascii(text: str) -> int:
    return 0 if text.isascii() else sum(character > "\x7f" for character in text)


def _has_mark(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(3) == codecs.BOM_UTF8


def _lines(path: Path, encoding: str, limits: TabularLimits) -> Iterator[Line | RowProblem]:
    with path.open(encoding=encoding, errors="strict", newline="") as file:
        number = 0
        while line := file.readline(limits.max_row_length):
            number += 1
            if len(line) == limits.max_row_length:
                raise TabularLimitError("row_length", number)
            if '"' in line:
                cells = _split_quoted(_whole_row(line, file, number, limits).rstrip("\r\n"))
                yield RowProblem(number, RowRule.QUOTE) if cells is None else Line(number, cells)
            else:
                yield Line(number, line.rstrip("\r\n").split(","))


def _whole_row(first: str, file: TextIO, number: int, limits: TabularLimits) -> str:
    """Return the row that begins with the line `first`: it ends at the first line end outside quotes.

    A line with a quote out of place is its own row: it must not draw the next ones in.
    """
    quotes = first.count('"')
    if quotes % 2 == 0 or not _ENDS_IN_QUOTES.fullmatch(first):
        return first
    parts, length = [first], len(first)
    while quotes % 2:
        line = file.readline(limits.max_row_length)
        length += len(line)
        if not line or length >= limits.max_row_length:
            raise TabularCutError("quote", number)
        parts.append(line)
        quotes += line.count('"')
    return "".join(parts)


def _split_quoted(row: str) -> list[str] | None:
    """Return the cells of a row that holds quotes, None when a quote stands where none may."""
    cells, at = [], 0
    while match := _CELL.match(row, at):
        quoted, plain, separator = match.groups()
        cells.append(plain if quoted is None else quoted.replace('""', '"'))
        if not separator:
            return cells
        at = match.end()
    return None
