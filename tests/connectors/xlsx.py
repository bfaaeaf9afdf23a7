"""XLSX files written part by part: what other programs write and openpyxl does not, and what only attackers do."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def write_xlsx(
    path: Path,
    rows: str,
    *,
    shared: str = "",
    styles: str = "",
    sheets: str = '<sheet name="表" sheetId="1" r:id="r1"/>',
    properties: str = "",
    parts: Mapping[str, str | bytes] | None = None,
    packing: int = zipfile.ZIP_DEFLATED,
) -> Path:
    """Write a workbook of one sheet with `rows` (XML inside sheetData); `parts` replaces or adds parts by name."""
    written: dict[str, str | bytes] = {
        "_rels/.rels": relations(("r1", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": (
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">{properties}<sheets>{sheets}</sheets></workbook>'
        ),
        "xl/_rels/workbook.xml.rels": relations(
            ("r1", "worksheet", "worksheets/sheet1.xml"),
            ("r2", "sharedStrings", "sharedStrings.xml"),
            ("r3", "styles", "/xl/styles.xml"),
        ),
        "xl/worksheets/sheet1.xml": sheet(rows),
        "xl/sharedStrings.xml": f'<sst xmlns="{_MAIN}">{shared}</sst>',
        "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}">{styles}</styleSheet>',
    }
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, content in (written | dict(parts or {})).items():
            archive.writestr(name, content)
    return path


def sheet(rows: str, *, before: str = "") -> str:
    """Return the XML of a sheet."""
    return f'{before}<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def relations(*members: tuple[str, str, str]) -> str:
    """Return the XML of a part's relations: (id, kind, target)."""
    listed = "".join(f'<Relationship Id="{at}" Type="{_OFFICE}/{kind}" Target="{to}"/>' for at, kind, to in members)
    return f'<Relationships xmlns="{_RELATIONS}">{listed}</Relationships>'


def text_row(number: int, *cells: str) -> str:
    """Return a row of inline texts, already escaped."""
    inside = "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in cells)
    return f'<row r="{number}">{inside}</row>'
