"""CSV files: the encoding is decided by the whole file, each row is read or its problem told."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Row, RowProblem, RowRule, TabularLimits
from connectors.errors import (
    TabularCutError,
    TabularEncodingError,
    TabularError,
    TabularHeaderError,
    TabularLimitError,
)
from connectors.tabular import open_table, read_rows

LIMITS = TabularLimits()
SMALL = TabularLimits(max_columns=3, max_cell_length=10)
HEADER = "许可证编号,经营者名称,经营场所\n"


def written(folder: Path, content: bytes | str, encoding: str = "utf-8") -> Path:
    path = folder / "orders.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def rows_of(path: Path, limits: TabularLimits = LIMITS) -> list[Row | RowProblem]:
    return list(read_rows(path, limits=limits))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_utf_8_with_and_without_mark_and_gb_18030_read_alike(tmp_path: Path, encoding: str) -> None:
    # 𠀀 takes four bytes in both encodings, 㐀 four in GB 18030.
    path = written(tmp_path, HEADER + "JY1,示例𠀀㐀饭店,中山市\n", encoding)
    table = open_table(path, limits=LIMITS)
    assert table.header == ("许可证编号", "经营者名称", "经营场所")
    assert list(table.rows) == [Row(2, {"许可证编号": "JY1", "经营者名称": "示例𠀀㐀饭店", "经营场所": "中山市"})]


def test_gb_18030_with_a_mark_has_the_same_header(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeff" + HEADER, "gb18030")
    assert open_table(path, limits=LIMITS).header[0] == "许可证编号"


def test_a_short_gb_18030_word_that_begins_like_utf_8_is_still_gb_18030(tmp_path: Path) -> None:
    # 目 is C4 BF, which by itself is UTF-8 too.
    assert rows_of(written(tmp_path, "目,标\n目,示例\n", "gb18030")) == [Row(2, {"目": "目", "标": "示例"})]


def test_utf_8_with_one_broken_byte_is_refused_and_not_read_as_gb_18030(tmp_path: Path) -> None:
    content = (HEADER + "JY1,示例饭店一二三四五六,中山市\n").encode()
    at = content.rindex("四".encode())
    broken = content[:at] + b"\xff" + content[at + 1 :]
    with pytest.raises(TabularEncodingError):
        read_rows(written(tmp_path, broken), limits=LIMITS)


def test_a_file_cut_inside_a_character_says_so_before_its_first_row(tmp_path: Path) -> None:
    content = (HEADER + "JY1,示例饭店,中山市石岐").encode()
    with pytest.raises(TabularCutError, match="character"):
        read_rows(written(tmp_path, content[:-1]), limits=LIMITS)
    with pytest.raises(TabularCutError, match="character"):
        read_rows(written(tmp_path, HEADER.encode("gb18030") + b"\x95\x32\x82"), limits=LIMITS)


@pytest.mark.parametrize(
    "content", [HEADER.encode("utf-16"), b"\xef\xbb\xbf" + HEADER.encode("gb18030"), b"a,b\n\xff,"]
)
def test_other_encodings_are_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(TabularEncodingError):
        read_rows(written(tmp_path, content), limits=LIMITS)


def test_quoted_cells_hold_commas_quotes_and_line_ends(tmp_path: Path) -> None:
    path = written(tmp_path, 'a,b\r\n"预包装,散装","他说""可以""\r\n第二行"\r\n1,2')
    assert rows_of(path) == [
        Row(2, {"a": "预包装,散装", "b": '他说"可以"\r\n第二行'}),
        Row(3, {"a": "1", "b": "2"}),
    ]


@pytest.mark.parametrize("row", ['1,5" 管', '"1"x,2', '"a" ,"b"', '"a"b"c",1', 'a"b"c,1', '"多\n行"x,1'])
def test_a_quote_out_of_place_spoils_its_own_row_only(tmp_path: Path, row: str) -> None:
    path = written(tmp_path, f"a,b\n0,0\n{row}\n3,4\n")
    assert rows_of(path) == [
        Row(2, {"a": "0", "b": "0"}),
        RowProblem(3, RowRule.QUOTE),
        Row(4, {"a": "3", "b": "4"}),
    ]


@pytest.mark.parametrize("row", ['1,"2', '"1,2', '1,"2""', '"1","2'])
def test_a_quote_that_is_never_closed_stops_the_reading_and_names_its_row(tmp_path: Path, row: str) -> None:
    rows = read_rows(written(tmp_path, f"a,b\n0,0\n{row}\n3,4\n5,6\n"), limits=LIMITS)
    assert next(rows) == Row(2, {"a": "0", "b": "0"})
    with pytest.raises(TabularCutError) as refusal:
        next(rows)
    assert (refusal.value.rule, refusal.value.row) == ("quote", 3)


def test_the_search_for_a_closing_quote_ends_at_the_longest_possible_row(tmp_path: Path) -> None:
    path = written(tmp_path, 'a,b\n"1,2\n' + "3,4\n" * 20 + '5,6"\n')
    with pytest.raises(TabularCutError, match=r"quote \(row 2\)"):
        rows_of(path, SMALL)


def test_a_row_of_another_width_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b\n1\n1,2\n1,2,3\n7,8\n")
    assert rows_of(path) == [
        RowProblem(2, RowRule.CELL_COUNT),
        Row(3, {"a": "1", "b": "2"}),
        RowProblem(4, RowRule.CELL_COUNT),
        Row(5, {"a": "7", "b": "8"}),
    ]


def test_empty_rows_count_and_say_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b\r\n\r\n1,2\r\n,\r\n3,4\r\n\r\n,\r\n\r\n")
    assert rows_of(path) == [Row(3, {"a": "1", "b": "2"}), Row(5, {"a": "3", "b": "4"})]


def test_a_row_of_several_lines_counts_as_one(tmp_path: Path) -> None:
    path = written(tmp_path, 'a,b\n"1\n1",2\n3,4\n')
    assert [row.number for row in rows_of(path)] == [2, 3]


def test_too_long_cells_and_nul_are_told_with_their_column(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b\n1," + "长" * 11 + "\n1," + "长" * 10 + "\n\0,2\n")
    assert rows_of(path, SMALL) == [
        RowProblem(2, RowRule.CELL_TOO_LONG, 2),
        Row(3, {"a": "1", "b": "长" * 10}),
        RowProblem(4, RowRule.NUL, 1),
    ]


def test_a_line_without_end_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    path = written(tmp_path, "a,b\n1,2\n" + "x" * (SMALL.max_row_length + 1))
    with pytest.raises(TabularLimitError, match=r"row_length \(row 3\)"):
        rows_of(path, SMALL)


@pytest.mark.parametrize(
    ("content", "rule", "column"),
    [
        ("", "header_missing", None),
        ("\n1,2\n", "header_missing", None),
        ("a,,c\n", "header_empty", 2),
        ("a, \n", "header_empty", 2),
        ("a,b,a\n", "header_twice", 3),
        ("a,b , b\n", "header_twice", 3),
        ('a,"b"x\n', "header_form", None),
    ],
)
def test_a_header_must_name_every_column_once(tmp_path: Path, content: str, rule: str, column: int | None) -> None:
    with pytest.raises(TabularHeaderError) as refusal:
        read_rows(written(tmp_path, content), limits=LIMITS)
    assert (refusal.value.rule, refusal.value.column) == (rule, column)


def test_more_columns_than_allowed_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TabularLimitError, match="columns"):
        read_rows(written(tmp_path, "a,b,c,d\n"), limits=SMALL)


def test_no_error_tells_a_value(tmp_path: Path) -> None:
    path = written(tmp_path, '机密一,机密一\n机密二,"机密三\n')
    with pytest.raises(TabularError) as refusal:
        rows_of(path)
    assert "机密" not in f"{refusal.value} {refusal.value!r}"


# The standard writer leaves a lone carriage return unquoted, where it cannot be told from a line's end.
@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r")), min_size=3, max_size=3),
        max_size=5,
    ),
    st.sampled_from(["utf-8-sig", "gb18030"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_the_standard_writer_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]], encoding: str, quoting: int, end: str
) -> None:
    text = io.StringIO()
    header = ["许可证编号", "经营者名称", "经营场所"]
    csv.writer(text, quoting=quoting, lineterminator=end).writerows([header, *table])  # type: ignore[arg-type]
    path = written(tmp_path_factory.mktemp("csv"), text.getvalue(), encoding)
    read = [list(row.values.values()) for row in rows_of(path) if isinstance(row, Row)]
    assert read == [cells for cells in table if any(cells)]


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_by_name(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = written(tmp_path_factory.mktemp("csv"), b"a,b\n" + content)
    rows, refusal = outcome(path)
    assert refusal is None or isinstance(refusal, TabularError)
    assert [row.number for row in rows] == sorted({row.number for row in rows})


def outcome(path: Path) -> tuple[list[Row | RowProblem], Exception | None]:
    rows: list[Row | RowProblem] = []
    try:
        rows.extend(read_rows(path, limits=SMALL))
    except TabularError as error:
        return rows, error
    return rows, None
