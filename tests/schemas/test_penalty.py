"""Penalty rows: what is read of them, and which certificate a text names, if any."""

from datetime import date
from typing import Any

import pytest

from schemas.catalogue import FieldsError, load_catalogue
from schemas.identifiers import make_licence_number
from schemas.penalty import Asked, HeldPermit, Naming, named_certificate, read_penalty_header, read_penalty_row
from schemas.publicity import ColumnUnknownError

CATALOGUE = load_catalogue()
HOLDER = make_licence_number("91442000", "MA000001")
BODY = make_licence_number("11442000", "00000002")
ROW = {
    "CF_XDR_SHXYM": HOLDER,
    "CF_WSH": "示罚〔2026〕1号",
    "CF_CFLB": "暂扣许可证",
    "CF_NR": "暂扣许可证三个月",
    "CF_NR_ZKDX": "食品经营许可证JY14420000000011",
    "CF_JDRQ": "2026年11月2日",
    "CF_GSJZQ": "2029/11/02",
    "CF_CFJGDM": BODY,
}
HELD = [
    HeldPermit(1, "business_licence", HOLDER, "valid"),
    HeldPermit(2, "food_operation_permit", "JY14420000000011", "valid"),
    HeldPermit(3, "drug_retail_permit", "粤DA7600001", "valid"),
    HeldPermit(4, "drug_wholesale_permit", "粤AA7600001", "cancelled"),
    HeldPermit(5, "medical_institution_licence", "12345", "valid"),
    HeldPermit(6, "lift_registration", "梯11粤T00001（26）", "valid"),
    HeldPermit(7, "lift_registration", "梯11粤T00002（26）", "valid"),
]
NAMED: dict[str, tuple[str, Naming]] = {
    "a number alone": ("JY14420000000011", Naming(2)),
    "name and number": ("食品经营许可证（编号：ＪＹ14420000000011）", Naming(2)),
    "a number in small letters": ("食品经营许可证jy14420000000011号", Naming(2)),
    "a name alone": ("食品经营许可证", Naming(2)),
    "two names of one type": ("食品经营许可证（食品经营许可）", Naming(2)),
    "a name with white space in it": ("食品 经营 许可证", Naming(2)),
    "the licence by name": ("营业执照", Naming(1)),
    "the licence by name and number": (f"营业执照（{HOLDER}）", Naming(1)),
    "a type of which another has ended": ("药品经营许可证", Naming(3)),
    "a number that is no longer in force": ("粤AA7600001", Naming(4)),
    "one of two devices by its number": ("特种设备使用登记证 梯11粤T00002(26)", Naming(7)),
    "whose it is, beside the name": (f"食品经营许可证，持证人{HOLDER}", Naming(2)),
    "nothing on record": ("烟草专卖零售许可证", Naming(None, "penalty_unknown")),
    "words only": ("相关证照", Naming(None, "penalty_unknown")),
    "a number nobody recorded": ("食品经营许可证JY24420000000099", Naming(None, "penalty_unknown")),
    "a longer number": ("食品经营许可证JY144200000000119", Naming(None, "penalty_unknown")),
    "whose it is alone": (HOLDER, Naming(None, "penalty_unknown")),
    "two names": ("营业执照、食品经营许可证", Naming(None, "penalty_several")),
    "two numbers": ("JY14420000000011、粤DA7600001", Naming(None, "penalty_several")),
    "a number and another name": ("JY14420000000011，营业执照", Naming(None, "penalty_several")),
    "a name of two devices": ("特种设备使用登记证", Naming(None, "penalty_several")),
    "a short number, which is found anywhere": ("第12345号文", Naming(None, "penalty_unknown")),
}


def read(**changes: str) -> Any:
    row = ROW | changes
    return read_penalty_row(row, read_penalty_header(row), overrides=frozenset())


@pytest.mark.parametrize("name", NAMED)
def test_text_names_one_certificate_or_none(name: str) -> None:
    text, naming = NAMED[name]
    assert named_certificate(text, HELD, licence_number=HOLDER, catalogue=CATALOGUE) == naming


def test_hostile_text_is_read_in_no_time() -> None:
    text = ("A1" * 250 + "食品经营许可证") * 2
    assert named_certificate(text, HELD * 200, licence_number=HOLDER, catalogue=CATALOGUE).serial is None


def test_row_is_read() -> None:
    row = read()
    assert (row.licence_number, row.decision_number, row.body_number) == (HOLDER, "示罚〔2026〕1号", BODY)
    assert (row.decided_on, row.public_until, row.asked) == (date(2026, 11, 2), date(2029, 11, 2), Asked.SUSPEND)


def test_row_is_read_by_chinese_names() -> None:
    names = {"统一社会信用代码": HOLDER, "行政处罚决定书文号": "示罚1号", "处罚决定日期": "20261102"}
    named = names | {"暂扣或吊销证照名称及编号": "营业执照", "处罚类别": "吊销营业执照", "备注": "", "证件号码": "x"}
    row = read_penalty_row(named, read_penalty_header(named), overrides=frozenset())
    assert row is not None
    assert (row.asked, row.public_until, row.body_number) == (Asked.STRIP, None, "")


@pytest.mark.parametrize("written", ["", " ", "无", "/", "——", "不涉及", "null"])
def test_row_that_names_no_certificate_is_nothing_whatever_else_is_wrong(written: str) -> None:
    assert read(CF_NR_ZKDX=written, CF_XDR_SHXYM="", CF_JDRQ="x") is None


@pytest.mark.parametrize(
    ("category", "content", "asked"),
    [
        ("吊销许可证", "罚款", "strip"),
        ("罚款、暂扣许可证", "吊销", "suspend"),
        ("暂扣或者吊销许可证", "吊销食品经营许可证", "strip"),
        ("暂扣或者吊销许可证", "罚款", "unclear"),
        ("罚款", "罚款", "unclear"),
    ],
)
def test_what_is_asked_is_said_by_the_first_clear_word(category: str, content: str, asked: str) -> None:
    assert read(CF_CFLB=category, CF_NR=content).asked == asked


@pytest.mark.parametrize(
    ("changes", "member", "rule"),
    [
        ({"CF_WSH": ""}, "decision_number", "missing"),
        ({"CF_WSH": "示\u202e号"}, "decision_number", "control_character"),
        ({"CF_WSH": "长" * 129}, "decision_number", "too_long"),
        ({"CF_JDRQ": "去年"}, "decided_on", "form"),
        ({"CF_JDRQ": ""}, "decided_on", "missing"),
        ({"CF_GSJZQ": "2026-13-01"}, "public_until", "form"),
        ({"CF_XDR_SHXYM": "1" * 17}, "licence_number", "form"),
        ({"CF_XDR_SHXYM": ""}, "licence_number", "missing"),
        ({"CF_CFJGDM": "x"}, "body_number", "form"),
        ({"CF_NR_ZKDX": "营" * 1_001}, "object", "too_long"),
        ({"CF_XDR_LB": "自然人"}, "licence_number", "natural_person"),
    ],
)
def test_wrong_row_is_told_by_member_and_rule(changes: dict[str, str], member: str, rule: str) -> None:
    with pytest.raises(FieldsError) as caught:
        read(**changes)
    assert next((each.field, each.rule) for each in caught.value.problems) == (member, rule)


def test_column_nobody_knows_is_refused() -> None:
    with pytest.raises(ColumnUnknownError):
        read_penalty_header(["CF_WSH", "XK_WSH"])
    with pytest.raises(ColumnUnknownError):
        read_penalty_header(["CF_WSH", "行政处罚决定书文号"])
