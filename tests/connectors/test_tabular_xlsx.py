"""XLSX files: every cell as the text a person sees, hostile archives refused."""

import zipfile
from collections.abc import Callable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.contract import Row, RowProblem, RowRule, TabularLimits
from connectors.errors import (
    TabularCutError,
    TabularError,
    TabularFormError,
    TabularHeaderError,
    TabularLimitError,
)
from connectors.tabular import open_table, read_rows
from connectors.xlsx_dates import DateForm, date_form, iso_text
from tests.connectors.xlsx import sheet, text_row, write_xlsx

LIMITS = TabularLimits()
HEADER = text_row(1, "a", "b")


def rows_of(path: Path, limits: TabularLimits = LIMITS) -> list[Row | RowProblem]:
    return list(read_rows(path, limits=limits))


def saved(path: Path, *rows: list[Any]) -> Path:
    workbook = openpyxl.Workbook()
    for row in rows:
        workbook.worksheets[0].append(row)
    workbook.save(path)
    return path


def cell(path: Path, xml: str, **parts: Any) -> str | RowRule:
    """Return what the one cell `xml` of a sheet reads as."""
    [row] = rows_of(write_xlsx(path, f'{text_row(1, "a")}<row r="2">{xml}</row>', **parts))
    return row.values["a"] if isinstance(row, Row) else row.rule


def test_what_openpyxl_writes_reads_as_a_person_sees_it(tmp_path: Path) -> None:
    path = saved(
        tmp_path / "没有后缀",
        ["文本", "整数", "小数", "日期", "时刻", "日期和时刻", "是否"],
        ["示例𠀀&<店>", 42, 1234567.5, date(2026, 11, 23), time(8, 30), datetime(2026, 11, 23, 8, 30), True],  # noqa: DTZ001
        ["", 0, 0.1 + 0.2, date(2026, 11, 23), time(0, 0), datetime(2026, 11, 23), False],  # noqa: DTZ001
    )
    assert [list(row.values.values()) for row in rows_of(path) if isinstance(row, Row)] == [
        ["示例𠀀&<店>", "42", "1234567.5", "2026-11-23", "08:30:00", "2026-11-23T08:30:00", "TRUE"],
        ["", "0", "0.3", "2026-11-23", "00:00:00", "2026-11-23", "FALSE"],
    ]


def test_shared_texts_join_their_runs_without_the_reading_aids(tmp_path: Path) -> None:
    shared = "<si><t>a</t></si><si><r><t>示例</t></r><r><t>饭店</t></r><rPh><t>shili</t></rPh></si><si/>"
    rows = '<row><c t="s"><v>0</v></c></row><row><c t="s"><v>1</v></c></row><row><c t="s"><v>2</v></c></row>'
    assert rows_of(write_xlsx(tmp_path / "t.xlsx", rows, shared=shared)) == [Row(2, {"a": "示例饭店"})]


@pytest.mark.parametrize("position", ["-1", "1", "x", "99999999999999999999"])
def test_a_shared_text_that_is_not_there_is_refused(tmp_path: Path, position: str) -> None:
    with pytest.raises(TabularFormError):
        cell(tmp_path / "t.xlsx", f'<c t="s"><v>{position}</v></c>', shared="<si><t>x</t></si>")


@pytest.mark.parametrize(
    ("xml", "read"),
    [
        ("<c><v>42</v></c>", "42"),
        ("<c><v>4.2E1</v></c>", "42"),
        ("<c><v>-0.00001</v></c>", "-0.00001"),
        ("<c><v>99999999999999</v></c>", "99999999999999"),
        ("<c><v>440301103097413</v></c>", RowRule.NUMBER_AS_TEXT),
        ("<c><v>9.14420001922038E+17</v></c>", RowRule.NUMBER_AS_TEXT),
        ("<c><v>-440301103097413.5</v></c>", RowRule.NUMBER_AS_TEXT),
        ("<c><v>1E999</v></c>", RowRule.NUMBER_AS_TEXT),
        ('<c t="str"><v>文本</v></c>', "文本"),
        ('<c t="d"><v>2026-11-23T00:00:00</v></c>', "2026-11-23"),
        ('<c t="e"><v>#REF!</v></c>', RowRule.ERROR_VALUE),
        ("<c><f>1+1</f><v>2</v></c>", RowRule.FORMULA),
        ('<c t="str"><f>A1</f><v>91442000</v></c>', RowRule.FORMULA),
        ('<c><f t="shared" si="0"/></c>', RowRule.FORMULA),
        ('<c t="inlineStr"><is><t>=1+1</t></is></c>', RowRule.FORMULA),
        ('<c t="inlineStr"><is><t>一_x000A_二_x005F_x0041_</t></is></c>', "一\n二_x0041_"),
        ('<c t="inlineStr"><is><t>_xD800_</t></is></c>', "_xD800_"),
        ('<c t="inlineStr"><is><t>a_x0000_b</t></is></c>', RowRule.NUL),
        (f'<c t="inlineStr"><is><t>{"长" * 10_001}</t></is></c>', RowRule.CELL_TOO_LONG),
        ('<c r="B2"><v>1</v></c>', RowRule.CELL_COUNT),
    ],
)
def test_a_cell_reads_as_text_or_its_row_is_told(tmp_path: Path, xml: str, read: str | RowRule) -> None:
    assert cell(tmp_path / "t.xlsx", xml) == read


@pytest.mark.parametrize(
    ("number_format", "serial", "read"),
    [
        ("14", "46349", "2026-11-23"),
        ("31", "46349", "2026-11-23"),  # Chinese Excel's own 2026年11月23日
        ("22", "46349.5", "2026-11-23T12:00:00"),
        ("20", "0.75", "18:00:00"),
        ("14", "46349.9999999", "2026-11-24"),
        ("14", "1", "1900-01-01"),
        ("14", "59", "1900-02-28"),
        ("14", "60", RowRule.DATE),
        ("14", "61", "1900-03-01"),
        ("14", "-1", RowRule.DATE),
        ("14", "99999999", RowRule.DATE),
        ("2", "46349", "46349"),
    ],
)
def test_a_number_with_a_date_format_reads_as_the_date(
    tmp_path: Path, number_format: str, serial: str, read: str | RowRule
) -> None:
    styles = f'<cellStyleXfs><xf numFmtId="0"/></cellStyleXfs><cellXfs><xf/><xf numFmtId="{number_format}"/></cellXfs>'
    assert cell(tmp_path / "t.xlsx", f'<c s="1"><v>{serial}</v></c>', styles=styles) == read


@pytest.mark.parametrize(
    ("code", "form"),
    [
        ("yyyy-mm-dd", DateForm.DATE),
        ('yyyy"年"m"月"d"日"', DateForm.DATE),
        ('[$-804]yyyy"年"m"月"d"日";@', DateForm.DATE),
        ("m/d", DateForm.DATE),
        ("yyyy\\-mm\\-dd\\ hh:mm", DateForm.BOTH),
        ("[h]:mm:ss", DateForm.TIME),
        ("mm:ss", DateForm.TIME),
        ("General", None),
        ("0.00_);[Red]\\(0.00\\)", None),
        ('#,##0.00"元/day"', None),
        ("[Red]0", None),
        ("@", None),
        ("", None),
    ],
)
def test_a_format_of_ones_own_is_a_date_by_what_it_shows(code: str, form: DateForm | None) -> None:
    assert date_form(code) is form


def test_days_counted_from_1904_are_read_so(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    styles = '<cellXfs><xf numFmtId="14"/></cellXfs>'
    read = cell(path, "<c><v>44887</v></c>", styles=styles, properties='<workbookPr date1904="1"/>')
    assert read == "2026-11-23" == iso_text(44887, DateForm.DATE, from_1904=True)


def test_missing_cells_and_rows_are_empty_and_numbers_are_those_of_the_sheet(tmp_path: Path) -> None:
    rows = (
        '<row r="1"><c r="A1" t="str"><v>a</v></c><c r="B1" t="str"><v>b</v></c><c r="C1"/></row>'
        '<row r="3"><c r="B3"><v>1</v></c></row><row r="7"/><row r="8"><c r="A8"><v>2</v></c><c r="D8"/></row>'
    )
    assert rows_of(write_xlsx(tmp_path / "t.xlsx", rows)) == [Row(3, {"a": "", "b": "1"}), Row(8, {"a": "2", "b": ""})]


def test_a_bad_row_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    path = saved(tmp_path / "t.xlsx", ["a", "b"], ["1", "=A1"], ["2", 440301103097413], ["3", "4", "5"], ["6", "7"])
    assert rows_of(path) == [
        RowProblem(2, RowRule.FORMULA, 2),
        RowProblem(3, RowRule.NUMBER_AS_TEXT, 2),
        RowProblem(4, RowRule.CELL_COUNT),
        Row(5, {"a": "6", "b": "7"}),
    ]


def test_the_first_sheet_a_person_sees_is_read(tmp_path: Path) -> None:
    sheets = '<sheet name="藏" state="hidden" r:id="r9"/><sheet name="图" r:id="r8"/><sheet name="表" r:id="r1"/>'
    path = write_xlsx(tmp_path / "t.xlsx", HEADER + text_row(2, "1", "2"), sheets=sheets)
    assert rows_of(path) == [Row(2, {"a": "1", "b": "2"})]


def test_prefixes_and_the_strict_form_read_alike(tmp_path: Path) -> None:
    strict = (
        '<x:worksheet xmlns:x="http://purl.oclc.org/ooxml/spreadsheetml/main"><x:sheetData>'
        '<x:row><x:c t="str"><x:v>a</x:v></x:c></x:row><x:row><x:c><x:v>1</x:v></x:c></x:row>'
        "</x:sheetData></x:worksheet>"
    )
    path = write_xlsx(tmp_path / "t.xlsx", "", parts={"xl/worksheets/sheet1.xml": strict.encode("utf-16")})
    assert rows_of(path) == [Row(2, {"a": "1"})]


@pytest.mark.parametrize(
    "rows",
    [
        HEADER + '<row r="2"/><row r="2"/>',
        HEADER + '<row r="3"/><row r="2"/>',
        HEADER + '<row r="1048577"/>',
        HEADER + '<row r="2"><c r="B2"><v>1</v></c><c r="A2"><v>2</v></c></row>',
        HEADER + '<row r="2"><c r="A2"><v>1</v></c><c r="A2"><v>2</v></c></row>',
        HEADER + '<row r="2"><c r="2"/></row>',
        HEADER + '<row r="2"><c r="AAAA2"/></row>',
        HEADER + '<row r="2"><c><v>1_0</v></c></row>',
        HEADER + '<row r="2"><c><v>nan</v></c></row>',
        HEADER + "<row>",
        HEADER + "<row>&anything;</row>",
    ],
)
def test_a_sheet_no_program_writes_is_refused(tmp_path: Path, rows: str) -> None:
    with pytest.raises(TabularFormError, match="xml"):
        rows_of(write_xlsx(tmp_path / "t.xlsx", rows))


@pytest.mark.parametrize(
    "part", ["_rels/.rels", "xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"]
)
def test_a_document_type_is_refused_in_every_part(tmp_path: Path, part: str) -> None:
    bomb = '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><r>&b;</r>'
    with pytest.raises(TabularFormError, match="doctype"):
        rows_of(write_xlsx(tmp_path / "t.xlsx", HEADER, parts={part: bomb}))


def test_an_unpacked_size_beyond_the_limit_is_refused_before_unpacking(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "t.xlsx", HEADER, parts={"xl/media/1.png": b"\0" * 3_000_000})
    with pytest.raises(TabularLimitError, match="uncompressed"):
        rows_of(path, TabularLimits(max_uncompressed_bytes=2_000_000))


def test_a_bomb_is_told_by_its_ratio(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "t.xlsx", HEADER + " " * 20_000_000)
    with pytest.raises(TabularLimitError, match="ratio"):
        rows_of(path)


def test_shared_texts_are_limited_by_themselves(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "t.xlsx", HEADER, shared="<si><t>示例</t></si>" * 10)
    with pytest.raises(TabularLimitError, match="strings"):
        rows_of(path, TabularLimits(max_shared_text_bytes=100))


def test_one_tag_of_many_megabytes_and_thousands_of_names_are_refused(tmp_path: Path) -> None:
    tag = HEADER + f'<row x="{"x" * 6_000_000}"/>'
    names = HEADER + "".join(f"<n{number}/>" for number in range(12_000))
    with pytest.raises(TabularLimitError, match="token"):
        rows_of(write_xlsx(tmp_path / "tag.xlsx", tag))
    with pytest.raises(TabularLimitError, match="token"):
        rows_of(write_xlsx(tmp_path / "names.xlsx", names))


def test_too_many_members_are_refused_before_the_directory_is_read(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "t.xlsx", HEADER, parts={f"x/{number}": "" for number in range(10_001)})
    with pytest.raises(TabularLimitError, match="members"):
        rows_of(path)


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "t.xlsx", HEADER, parts={"XL/Worksheets/Sheet1.xml": sheet(text_row(1, "b"))})
    with pytest.raises(TabularFormError, match="archive"):
        rows_of(path)


def test_a_packing_the_standard_does_not_know_is_refused(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "t.xlsx", HEADER)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_LZMA) as archive:
        archive.writestr("xl/media/1.png", b"\0" * 100)
    with pytest.raises(TabularFormError, match="archive"):
        rows_of(path)


@pytest.mark.parametrize("content", ["PK\x03\x04 no archive", "PK\x05\x06"])
def test_what_only_begins_like_an_archive_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "t.xlsx"
    path.write_text(content)
    with pytest.raises(TabularCutError, match="archive"):
        rows_of(path)


def test_another_office_document_is_no_workbook(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "letter.docx", "w") as archive:
        archive.writestr("word/document.xml", "<document/>")
    with pytest.raises(TabularFormError, match="workbook"):
        rows_of(tmp_path / "letter.docx")
    no_sheet = write_xlsx(tmp_path / "t.xlsx", "", sheets="")
    with pytest.raises(TabularFormError, match="sheet"):
        rows_of(no_sheet)


def test_an_older_or_encrypted_excel_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "orders.xls"
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 512)
    with pytest.raises(TabularFormError, match="old_excel"):
        rows_of(path)


def test_a_file_cut_in_the_middle_is_refused_at_once(tmp_path: Path) -> None:
    path = saved(tmp_path / "t.xlsx", ["a", "b"], *[[str(number), "示例"] for number in range(1000)])
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(TabularCutError, match="archive"):
        open_table(path, limits=LIMITS)


def test_a_directory_that_points_before_the_file_is_refused(tmp_path: Path) -> None:
    path = write_xlsx(tmp_path / "t.xlsx", HEADER)
    content = path.read_bytes()
    path.write_bytes(content[:100] + content[130:])
    with pytest.raises(TabularCutError, match="archive"):
        rows_of(path)


def test_a_sheet_that_fails_its_checksum_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    write_xlsx(path, HEADER + text_row(2, "1", "JY14420000000000"), packing=zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"JY14420000000000", b"JY14420000000009"))
    with pytest.raises(TabularCutError, match="archive"):
        rows_of(path)


@pytest.mark.parametrize(
    ("rows", "rule", "column"),
    [
        ("", "header_missing", None),
        ('<row r="1"/>', "header_missing", None),
        (text_row(1, "a", "", "c"), "header_empty", 2),
        (text_row(1, "a", "a"), "header_twice", 2),
        ('<row><c t="str"><v>a</v></c><c><f>A1</f></c></row>', "header_form", 2),
    ],
)
def test_the_header_keeps_the_rules_of_every_table(tmp_path: Path, rows: str, rule: str, column: int | None) -> None:
    with pytest.raises(TabularHeaderError) as refusal:
        rows_of(write_xlsx(tmp_path / "t.xlsx", rows))
    assert (refusal.value.rule, refusal.value.column) == (rule, column)


def test_a_row_of_more_cells_than_allowed_is_told_and_not_held(tmp_path: Path) -> None:
    rows = HEADER + '<row r="2"><c r="A2"><v>1</v></c><c r="ZZ2"><v>1</v></c></row>' + text_row(3, "1", "2")
    assert rows_of(write_xlsx(tmp_path / "t.xlsx", rows)) == [
        RowProblem(2, RowRule.CELL_COUNT),
        Row(3, {"a": "1", "b": "2"}),
    ]


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_workbook_is_read_or_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("xlsx")
    content = bytearray(write_xlsx(folder / "t.xlsx", HEADER + text_row(2, "1", "2")).read_bytes())
    content[data.draw(st.integers(4, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    (folder / "t.xlsx").write_bytes(content)
    assert isinstance(refusal_of(lambda: rows_of(folder / "t.xlsx")), TabularError | None)


def refusal_of(read: Callable[[], object]) -> Exception | None:
    try:
        read()
    except TabularError as error:
        return error
    return None
