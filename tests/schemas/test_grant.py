"""Grants and withdrawals: a text has one meaning and a meaning one text."""

import unicodedata
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from schemas.grant import (
    Grant,
    RequesterKind,
    Withdrawal,
    parse_grant,
    parse_withdrawal,
    render_grant,
    render_withdrawal,
)
from schemas.granted import GrantedField, GrantedType
from schemas.sentence import SentenceFormError, SentenceTextError, statement_digest

IDENTIFIER = "1.2.156.3005.2.11100000000013338W032.11220000013544541J.2430599.001.F"
GRANT = Grant(
    holder_licence_number="91442000MA4UNN6R9A",
    holder_name="中山市示例食品有限公司",
    requester_kind="department",
    requester_licence_number="113700000045046442",
    requester_name="示例市市场监督管理局",
    certificates=(IDENTIFIER,),
    types=(
        GrantedType(
            code="food_operation_permit",
            version=1,
            name_zh="食品经营许可证",
            fields=(GrantedField("business_place", "经营场所"), GrantedField("scope", "经营项目")),
        ),
    ),
    item_code="90000500169555062213440300",
    item_name="开办餐饮店“一件事”",
    case_number="示例〔2026〕1号",
    valid_from=datetime(2026, 11, 23, 11, 30, tzinfo=UTC),
    valid_until=datetime(2026, 12, 23, 11, 30, tzinfo=UTC),
    uses=3,
    delegate="无",
    nonce="kKb3zY0mQ1yWcF2T-5s_8A",
)
TEXT = render_grant(GRANT)

_names = (
    st.text(st.sampled_from("示例一二（）〔〕、；，。：无Aa1 ·-𠀀"), min_size=1, max_size=12)
    .map(str.strip)
    .filter(bool)
)
_slugs = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)
_licence_numbers = st.from_regex(r"9[1-3]442000MA[0-9A-H]{8}", fullmatch=True)
_identifiers = st.from_regex(r"1\.2\.156\.3005\.2(\.[0-9A-Z]{1,8}){5}", fullmatch=True)
_moments = st.datetimes(datetime(2000, 1, 1), datetime(2998, 12, 31)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)
_granted_fields = st.lists(st.builds(GrantedField, _slugs, _names), min_size=1, max_size=3, unique_by=lambda f: f.name)
_types = st.lists(
    st.builds(GrantedType, _slugs, st.integers(1, 999_999), _names, _granted_fields.map(tuple)),
    max_size=3,
    unique_by=lambda granted: granted.code,
).map(tuple)
_requesters: st.SearchStrategy[tuple[RequesterKind, str]] = st.one_of(
    st.tuples(st.sampled_from(["department", "enterprise"]), _licence_numbers), st.just(("person", "无"))
)


@st.composite
def grants(draw: st.DrawFn) -> Grant:
    kind, requester_licence_number = draw(_requesters)
    begins, ends = sorted(draw(st.lists(_moments, min_size=2, max_size=2, unique=True)))
    certificates = tuple(draw(st.lists(_identifiers, max_size=3, unique=True)))
    types = draw(_types)
    assume(certificates or types)
    future = bool(types) and draw(st.booleans())
    return Grant(
        holder_licence_number=draw(_licence_numbers),
        holder_name=draw(_names),
        requester_kind=kind,
        requester_licence_number=requester_licence_number,
        requester_name=draw(_names),
        certificates=certificates,
        types=types,
        item_code=draw(st.one_of(st.just("无"), st.from_regex(r"[0-9A-Z][0-9A-Za-z._/-]{0,20}", fullmatch=True))),
        item_name=draw(_names),
        case_number=draw(_names),
        valid_from=begins,
        valid_until=ends,
        uses=draw(st.integers(1, 1_000_000)),
        delegate=draw(_names),
        nonce=draw(st.from_regex(r"[0-9A-Za-z_-]{22}", fullmatch=True)),
        future=future,
        version=1 if not future and draw(st.booleans()) else 2,
    )


def test_the_text_reads_as_chinese_sentences_in_beijing_time() -> None:
    lines = TEXT.split("\n")
    assert lines[0] == "一照通行电子证照授权书（第2版）"
    assert lines[1] == "授权方（持证主体）：「中山市示例食品有限公司」，统一社会信用代码〔91442000MA4UNN6R9A〕。"
    assert (
        lines[7] == "授权期限：自〔2026年11月23日 19时30分00秒〕起，至〔2026年12月23日 19时30分00秒〕止（北京时间）。"
    )
    assert lines[8] == "使用次数：最多〔3〕次。"


def test_every_member_of_the_grant_changes_the_text() -> None:
    changed = [
        replace(GRANT, holder_licence_number="92442000MA4UNN6R9A"),
        replace(GRANT, holder_name="示例"),
        replace(GRANT, requester_kind="enterprise"),
        replace(GRANT, requester_licence_number="11330105002500287C"),
        replace(GRANT, requester_name="示例"),
        replace(GRANT, certificates=()),
        replace(GRANT, types=()),
        replace(GRANT, item_code="无"),
        replace(GRANT, item_name="无"),
        replace(GRANT, case_number="无"),
        replace(GRANT, valid_from=GRANT.valid_from + timedelta(seconds=1)),
        replace(GRANT, valid_until=GRANT.valid_until + timedelta(seconds=1)),
        replace(GRANT, uses=4),
        replace(GRANT, delegate="张示例"),
        replace(GRANT, nonce="A" * 22),
        replace(GRANT, future=True),
        replace(GRANT, version=1),
    ]
    # The link stands in the sentence to a person alone: tests/flows/test_grant_links.py.
    assert len(changed) == len(fields(Grant)) - 1
    assert len({TEXT, *map(render_grant, changed)}) == len(changed) + 1


@given(grants())
def test_what_is_rendered_is_read_back(grant: Grant) -> None:
    assert parse_grant(render_grant(grant)) == grant


@given(grants(), grants())
def test_no_two_grants_render_alike(one: Grant, other: Grant) -> None:
    assert (render_grant(one) == render_grant(other)) == (one == other)


@given(grants(), st.data())
def test_a_text_changed_by_one_character_is_refused_or_is_the_text_of_what_it_now_says(
    grant: Grant, data: st.DataObject
) -> None:
    text = render_grant(grant)
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + data.draw(st.sampled_from(["", "无", "」", "〕", "9", " ", "\n", "、"])) + text[at + 1 :]
    assert _reading(changed) in (None, changed)


def _reading(text: str) -> str | None:
    try:
        return render_grant(parse_grant(text))
    except SentenceTextError:
        return None


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (TEXT + "\n", "template"),
        (" " + TEXT, "template"),
        (TEXT.replace("\n", "\r\n"), "template"),
        (TEXT.replace("第2版", "第1版"), "template"),
        (TEXT.replace("第2版", "第3版"), "template"),
        (TEXT.replace("不在授权之内。\n", "也在授权之内。\n"), "value"),
        (TEXT.replace("可以随时撤回", "不可以撤回"), "template"),
        (TEXT.replace("〔3〕次", "〔03〕次"), "value"),
        (TEXT.replace("〔3〕次", "〔３〕次"), "value"),
        (TEXT.replace("〔3〕次", "〔0〕次"), "value"),
        (TEXT.replace("11月23日", "02月30日"), "value"),
        (TEXT.replace("2026年12月", "2026年10月"), "value"),
        (TEXT.replace("部门「", "机关「"), "value"),
        (TEXT.replace("2026年11月23日 19", "2026年11月23日  19"), "value"),
        (TEXT.replace("、「经营项目」", "，「经营项目」"), "not_canonical"),
        (TEXT.replace("〔scope〕。", "〔scope〕、。"), "not_canonical"),
        (TEXT.replace(f"〔{IDENTIFIER}〕", f"〔{IDENTIFIER}〕及全部"), "not_canonical"),
        (TEXT.replace("中山市示例食品", "中山市\u200b示例食品"), "value"),
        (TEXT.replace("中山市示例食品", "中山市\u202e示例食品"), "value"),
        (TEXT.replace("中山市示例食品", "Cafe\u0301"), "not_nfc"),
        (TEXT.replace("中山市示例食品", "\ud800"), "encoding"),
        (TEXT.replace("中山市示例食品", "示" * 70_000), "length"),
        ("", "template"),
    ],
)
def test_another_text_is_refused_and_never_mended(changed: str, reason: str) -> None:
    with pytest.raises(SentenceTextError) as refusal:
        parse_grant(changed)
    assert refusal.value.reason == reason


def test_text_that_is_not_nfc_is_refused_though_its_nfc_form_is_a_grant() -> None:
    text = render_grant(replace(GRANT, holder_name="示例Café店"))
    assert parse_grant(text).holder_name == "示例Café店"
    with pytest.raises(SentenceTextError, match="not_nfc"):
        parse_grant(unicodedata.normalize("NFD", text))


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("holder_licence_number", "91442000MA4UNN6R9"),
        ("holder_licence_number", "91442000ma4unn6r9a"),
        ("holder_name", ""),
        ("holder_name", "示例」，使用次数：最多〔999〕次「"),
        ("holder_name", "示例｣"),
        ("holder_name", "示例﹂"),
        ("holder_name", "示例\n公司"),
        ("holder_name", " 示例"),
        ("holder_name", "示" * 201),
        ("requester_kind", "anyone"),
        ("requester_kind", "person"),
        ("requester_licence_number", "无"),
        ("requester_name", "示例\u2066局"),
        ("certificates", ("1.2.156.3005.2",)),
        ("certificates", (IDENTIFIER, IDENTIFIER)),
        ("types", GRANT.types * 2),
        ("item_code", "〕"),
        ("item_code", ""),
        ("item_name", "示例\u0000"),
        ("case_number", "「1」"),
        ("delegate", ""),
        ("valid_from", datetime(2026, 11, 23, tzinfo=timezone(timedelta(hours=8)))),
        ("valid_from", datetime(2026, 11, 23)),  # noqa: DTZ001
        ("valid_from", datetime(2026, 11, 23, 0, 0, 0, 1, tzinfo=UTC)),
        ("valid_from", datetime(1999, 12, 31, tzinfo=UTC)),
        ("valid_until", datetime(2999, 1, 1, tzinfo=UTC)),
        ("valid_until", GRANT.valid_from),
        ("uses", 0),
        ("uses", 1_000_001),
        ("uses", True),
        ("nonce", "short"),
        ("version", 3),
    ],
)
def test_a_member_that_breaks_its_rule_makes_no_grant(member: str, value: Any) -> None:
    with pytest.raises(SentenceFormError):
        replace(GRANT, **{member: value})


def test_a_grant_of_neither_certificates_nor_types_is_none() -> None:
    with pytest.raises(SentenceFormError, match="types"):
        replace(GRANT, certificates=(), types=())


def test_a_type_is_granted_with_its_fields_named_once() -> None:
    [granted] = GRANT.types
    with pytest.raises(SentenceFormError, match="fields"):
        replace(granted, fields=())
    with pytest.raises(SentenceFormError, match="fields"):
        replace(granted, fields=granted.fields * 2)


def test_an_error_tells_the_member_and_never_the_value() -> None:
    with pytest.raises(SentenceFormError) as refusal:
        replace(GRANT, holder_name="示例机密\u202e")
    assert refusal.value.member == "holder_name"
    assert "机密" not in str(refusal.value)


def test_a_person_has_no_licence_number() -> None:
    grant = replace(GRANT, requester_kind="person", requester_licence_number="无", requester_name="张示例")
    assert "个人「张示例」，统一社会信用代码〔无〕" in render_grant(grant)
    assert parse_grant(render_grant(grant)) == grant


def test_what_is_issued_later_is_given_by_explicit_words_alone() -> None:
    assert "上述类型中签署之后才颁发的证照：不在授权之内。" in TEXT
    assert "签署之后才颁发的证照：一并授权" in render_grant(replace(GRANT, future=True))
    with pytest.raises(SentenceFormError):
        replace(GRANT, future=True, types=())
    with pytest.raises(SentenceFormError):
        replace(GRANT, future=True, version=1)


def test_a_withdrawal_names_the_grant_by_its_digest() -> None:
    withdrawal = Withdrawal(statement_digest(TEXT), GRANT.holder_licence_number, "n" * 22)
    text = render_withdrawal(withdrawal)
    assert sha256(TEXT.encode()).hexdigest() in text
    assert parse_withdrawal(text) == withdrawal


def test_one_kind_of_text_is_never_read_as_another() -> None:
    withdrawal = render_withdrawal(Withdrawal("0" * 64, GRANT.holder_licence_number, "n" * 22))
    login = TEXT.replace("一照通行电子证照授权书（第2版）", "一照通行登录确认书（第1版）")
    with pytest.raises(SentenceTextError, match="template"):
        parse_grant(withdrawal)
    with pytest.raises(SentenceTextError, match="template"):
        parse_withdrawal(TEXT)
    with pytest.raises(SentenceTextError, match="template"):
        parse_grant(login)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("0" * 64, "0" * 63, "value"),
        ("0" * 64, "A" * 64, "value"),
        ("91442000MA4UNN6R9A", "无", "value"),
        ("\n", "\r\n", "template"),
        ("不得再凭", "可以再凭", "template"),
    ],
)
def test_another_withdrawal_text_is_refused(old: str, new: str, reason: str) -> None:
    text = render_withdrawal(Withdrawal("0" * 64, GRANT.holder_licence_number, "n" * 22))
    with pytest.raises(SentenceTextError) as refusal:
        parse_withdrawal(text.replace(old, new))
    assert refusal.value.reason == reason
