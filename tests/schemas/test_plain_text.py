"""Plain text: ordinary Chinese passes as it is, and nothing invisible does."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.plain_text import TextControlError, TextFormError, TextLengthError, parse_plain_text

INVISIBLE = [0x00, 0x09, 0x0D, 0x1B, 0x7F, 0x85, 0xAD, 0x34F, 0x61C, 0x115F, 0x180B, 0x2028, 0x2029, 0x2800, 0x3164]
INVISIBLE += [*range(0x200B, 0x2010), *range(0x202A, 0x202F), 0x2060, *range(0x2066, 0x206A), 0xFEFF, 0xFFA0, 0xFFF9]
INVISIBLE += [
    0xE0001,
    0xE0041,
    0xD800,
    0xDFFF,
    0xE000,
    0xF8FF,
    0xF0000,
    0xFDD0,
    0xFFFE,
    0xFFFF,
    0x2FFFE,
    0x10FFFF,
    0x378,
]

VISIBLE = st.characters(
    exclude_categories=("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"),
    exclude_characters="\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0",
)


@pytest.mark.parametrize(
    "text",
    [
        "中山市示例餐饮管理有限公司",
        "粤印证字4420000001号（2026）",
        "热食类食品制售；冷食类食品制售",
        "示例　名称",
        "㐂𠮷\U0002ebf0\U00031000",
        "葛\U000e0100",
        "Café 示例",
    ],
)
def test_ordinary_text_and_rare_characters_pass_unchanged(text: str) -> None:
    assert parse_plain_text(text, max_length=100) == text


@pytest.mark.parametrize("code", INVISIBLE, ids=lambda code: f"U+{code:04X}")
def test_invisible_character_is_refused_and_the_text_not_repeated(code: int) -> None:
    with pytest.raises(TextControlError) as refused:
        parse_plain_text(f"示{chr(code)}例", max_length=100, multiline=True)
    assert "示" not in str(refused.value)
    with pytest.raises(TextControlError):
        parse_plain_text(f"A{chr(code)}B", max_length=100)


@pytest.mark.parametrize("code", [0x1C, 0x1F, 0x85, 0x200B, 0x2028, 0xFEFF], ids=lambda code: f"U+{code:04X}")
def test_invisible_character_at_the_edge_is_refused_and_not_trimmed(code: int) -> None:
    with pytest.raises(TextControlError):
        parse_plain_text(f"示例{chr(code)}", max_length=100)
    with pytest.raises(TextControlError):
        parse_plain_text(f"{chr(code)}示例", max_length=100)


def test_surrounding_white_space_is_trimmed_and_not_counted() -> None:
    assert parse_plain_text(" \t\u3000示例\u00a0\r\n", max_length=2) == "示例"
    assert parse_plain_text("\u3000 ", max_length=0) == ""


def test_line_feed_is_text_only_where_lines_are_allowed() -> None:
    assert parse_plain_text("内科\n外科", max_length=10, multiline=True) == "内科\n外科"
    with pytest.raises(TextControlError):
        parse_plain_text("内科\n外科", max_length=10)
    with pytest.raises(TextControlError):
        parse_plain_text("内科\r\n外科", max_length=10, multiline=True)


@pytest.mark.parametrize("text", ["Cafe\u0301", "\u212b", "\uf9d0", "\u1100\u1161"])
def test_text_in_another_normal_form_is_refused_and_never_mended(text: str) -> None:
    with pytest.raises(TextFormError):
        parse_plain_text(text, max_length=100)


def test_length_counts_code_points() -> None:
    assert parse_plain_text("𠮷" * 5, max_length=5) == "𠮷" * 5
    with pytest.raises(TextLengthError):
        parse_plain_text("𠮷" * 6, max_length=5)


@given(st.text(VISIBLE, max_size=50).map(lambda text: unicodedata.normalize("NFC", text)))
def test_all_that_is_seen_and_in_normal_form_passes_unchanged(text: str) -> None:
    assert parse_plain_text(f"示{text}例", max_length=200) == f"示{text}例"


@given(st.text(max_size=30), st.sampled_from(INVISIBLE), st.text(max_size=30))
def test_no_surroundings_hide_an_invisible_character(before: str, code: int, after: str) -> None:
    with pytest.raises(TextControlError):
        parse_plain_text(f"示{before}{chr(code)}{after}例", max_length=100, multiline=True)
