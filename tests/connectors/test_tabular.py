"""Tables of any length are read in flat memory, whatever their form; the form is told by content."""

import tracemalloc
import zipfile
from pathlib import Path

from connectors.contract import Row, TabularLimits
from connectors.tabular import read_rows
from tests.connectors.xlsx import text_row, write_xlsx

CSV_ROWS = 200_000
# Tracing makes the reading of XML some four times slower; what grew with each row would show long before.
XLSX_ROWS = 60_000
MEGABYTE = 1024**2


def counted_with_peak(path: Path) -> tuple[int, int]:
    """Return how many rows `path` has and the most memory that reading them took, in bytes."""
    tracemalloc.start()
    count = sum(isinstance(row, Row) for row in read_rows(path, limits=TabularLimits()))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return count, peak


def test_a_long_csv_file_is_read_in_flat_memory(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    with path.open("w", encoding="gb18030") as file:
        file.write("许可证编号,经营者名称,经营场所\n")
        file.writelines(f'JY{number:014d},"示例饭店{number}",示例路{number}号\n' for number in range(CSV_ROWS))
    count, peak = counted_with_peak(path)
    assert count == CSV_ROWS
    assert peak < 16 * MEGABYTE


def test_a_long_xlsx_file_is_read_in_flat_memory(tmp_path: Path) -> None:
    rows = "".join(text_row(number, f"JY{number:014d}", f"示例饭店{number}") for number in range(2, XLSX_ROWS + 2))
    path = write_xlsx(tmp_path / "orders.xlsx", text_row(1, "许可证编号", "经营者名称") + rows)
    count, peak = counted_with_peak(path)
    assert count == XLSX_ROWS
    assert peak < 4 * MEGABYTE


def test_the_form_is_told_by_content_and_not_by_name(tmp_path: Path) -> None:
    sheet = write_xlsx(tmp_path / "orders.csv", text_row(1, "a") + text_row(2, "1"))
    text = tmp_path / "orders.xlsx"
    text.write_text("a\n1\n")
    assert zipfile.is_zipfile(sheet)
    assert (
        [*read_rows(sheet, limits=TabularLimits())]
        == [*read_rows(text, limits=TabularLimits())]
        == [Row(2, {"a": "1"})]
    )
