"""Publicity rows: columns of both editions, what each means, and which columns are dropped."""

import pytest

from schemas.catalogue import FieldsError, load_catalogue
from schemas.publicity import (
    ColumnUnknownError,
    RowState,
    TypeNotFoundError,
    is_identity_column,
    read_publicity_header,
    read_publicity_row,
)

CATALOGUE = load_catalogue()
ROW = {
    "XK_XDR_MC": "中山示例餐饮有限公司",
    "XK_XDR_LB": "法人及非法人组织",
    "XK_XDR_SHXYM": "示例代码",
    "XK_FRDB": "示例甲",
    "XK_XKWS": "准予行政许可决定书",
    "XK_WSH": "示许〔2026〕1号",
    "XK_XKZS": "食品经营许可证",
    "XK_XKBH": "JY14420000000010",
    "XK_NR": "热食类食品制售",
    "XK_JDRQ": "2026/11/02",
    "XK_YXQZ": "2026/11/03",
    "XK_YXQZI": "2031/11/01",
    "XK_XKJG": "中山市市场监督管理局",
    "XK_XKJGDM": "示例机关代码",
    "XK_ZT": "1",
}


def _read(**changes: str) -> object:
    row = ROW | changes
    return read_publicity_row(row, read_publicity_header(row), catalogue=CATALOGUE)


def test_row_of_2018_becomes_the_content_of_an_order() -> None:
    row = read_publicity_row(ROW, read_publicity_header(ROW), catalogue=CATALOGUE)

    assert (row.certificate_type.code, row.authority_number, row.state) == (
        "food_operation_permit", "示例机关代码", RowState.IN_FORCE,
    )  # fmt: skip
    assert row.content["certificate_number"] == "JY14420000000010"
    assert row.content["fields"] == {"business_items": "热食类食品制售", "legal_representative": "示例甲"}
    assert row.marks == ()


def test_columns_are_known_by_their_chinese_names_too() -> None:
    header = ("行政相对人名称", "统一社会信用代码", "许可决定日期", "有效期至", "许可机关")

    assert list(read_publicity_header(header).meanings.values()) == [
        "holder_name", "licence_number", "decided_on", "valid_to", "authority",
    ]  # fmt: skip


def test_row_of_2016_is_taken_by_its_item_and_marked() -> None:
    row = {
        "XK_XDR": "中山示例餐饮有限公司",
        "XK_XDR_SHXYM": "示例代码",
        "XK_XDR_SFZ": "示例",
        "XK_XMMC": "食品经营许可",
        "XK_SPLB": "许可",
        "XK_WSH": "示许〔2016〕1号",
        "XK_NR": "热食类食品制售",
        "XK_JDRQ": "2016/11/02",
        "XK_JZQ": "2021/11/01",
        "XK_XZJG": "中山市市场监督管理局",
        "XK_ZT": "0",
        "DFBM": "442000",
        "SJC": "2016/11/03",
    }

    read = read_publicity_row(row, read_publicity_header(row), catalogue=CATALOGUE)

    assert read.certificate_type.code == "food_operation_permit"
    assert (read.content["certificate_number"], read.content["valid_from"]) == ("示许〔2016〕1号", "2016/11/02")
    assert read.marks == ("number_from_decision", "first_day_from_decision")
    assert read.state is RowState.IN_FORCE


def test_state_of_2016_counts_the_other_way() -> None:
    columns = read_publicity_header([*ROW, "XK_XMMC"])

    assert read_publicity_row(ROW, columns, catalogue=CATALOGUE).state is RowState.NOT_IN_FORCE


def test_state_that_is_not_of_the_edition_is_refused() -> None:
    with pytest.raises(FieldsError, match="state: choice"):
        _read(XK_ZT="9")


def test_unknown_name_and_unclear_name_are_told_apart() -> None:
    with pytest.raises(TypeNotFoundError) as unknown:
        _read(XK_XKZS="示例许可证")
    with pytest.raises(TypeNotFoundError) as unclear:
        _read(XK_XKZS="特种设备使用登记证", XK_XKWS="特种设备使用登记")

    assert (unknown.value.rule, unclear.value.rule) == ("type_unknown", "type_unclear")


def test_every_type_is_found_by_its_own_publicity_words() -> None:
    rows = [
        ROW | {"XK_XKZS": each.publicity.names[0], "XK_XKJG": each.publicity.authorities[0], "XK_XKWS": item}
        for each in CATALOGUE.current()
        for item in each.publicity.item_names[-1:]
    ]
    columns = read_publicity_header(ROW)

    found = [read_publicity_row(row, columns, catalogue=CATALOGUE).certificate_type for row in rows]

    assert {each.code for each in found} == {each.code for each in CATALOGUE.current() if each.publicity.item_names}


def test_unknown_and_doubled_columns_are_named_by_position_only() -> None:
    with pytest.raises(ColumnUnknownError) as unknown:
        read_publicity_header(["XK_XDR_MC", "示例甲11010519491231002X"])
    with pytest.raises(ColumnUnknownError) as doubled:
        read_publicity_header(["XK_XDR_MC", "行政相对人名称"])

    assert (unknown.value.position, doubled.value.position) == (2, 2)
    assert "示例甲" not in str(unknown.value)


@pytest.mark.parametrize(
    "name",
    [
        "XK_FR_ZJHM", "XK_FR_ZJLX", "XK_XDR_ZJHM", "XK_XDR_ZJLX", "XK_FR_SFZH", "XK_XDR_SFZ", "xk_fr_sfzh",
        "身份证号", "法定代表人身份证号码", "证件号码", "法定代表人证件类型", "居民身份证号", "id_number", "护照号",
    ],
)  # fmt: skip
def test_columns_of_identity_papers_are_dropped(name: str) -> None:
    assert is_identity_column(name)


def test_no_field_of_the_catalogue_is_taken_for_an_identity_column() -> None:
    fields = [field for each in CATALOGUE.all_versions() for field in each.fields]
    names = {name for field in fields for name in (field.name, field.label_zh, field.label_en)}

    assert [name for name in sorted(names) if is_identity_column(name)] == []
    assert not any(is_identity_column(name) for name in ROW)
