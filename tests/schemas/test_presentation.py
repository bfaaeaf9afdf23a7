"""Presentations and confirmations: what is signed is exactly what is read, and one kind of text is never another."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.exchange import RequestFormError, read_redemption
from schemas.grant import parse_grant
from schemas.granted import GrantedField, GrantedType
from schemas.presentation import (
    ASKED_LATER,
    Confirmation,
    Presentation,
    parse_confirmation,
    parse_presentation,
    render_confirmation,
    render_presentation,
)
from schemas.sentence import SentenceFormError, SentenceTextError

TYPES = (GrantedType("food_operation_permit", 1, "食品经营许可证", (GrantedField("scope", "经营项目"),)),)
BEGINS = datetime(2026, 11, 23, 11, 30, tzinfo=UTC)
SHOWN = Presentation(
    holder_licence_number="91442000MA4UNN6R9A",
    holder_name="中山市示例食品有限公司",
    requester_licence_number=None,
    requester_name=None,
    certificates=(),
    types=TYPES,
    valid_from=BEGINS,
    valid_until=BEGINS + timedelta(minutes=10),
    nonce="kKb3zY0mQ1yWcF2T-5s_8A",
)
NAMED = replace(SHOWN, requester_licence_number="113700000045046442", requester_name="示例市市场监督管理局")
CONFIRMED = Confirmation(
    holder_licence_number="91442000MA4UNN6R9A",
    presentation="0" * 64,
    requester_licence_number="113700000045046442",
    requester_name="示例市市场监督管理局",
    window="3号窗口",
    officer="h-001",
    item_code="440112001",
    case_number="示例〔2026〕1号",
    types=TYPES,
    nonce="kKb3zY0mQ1yWcF2T-5s_8A",
)


@pytest.mark.parametrize("presentation", [SHOWN, NAMED])
def test_presentation_is_read_back(presentation: Presentation) -> None:
    assert parse_presentation(render_presentation(presentation)) == presentation


def test_confirmation_is_read_back() -> None:
    assert parse_confirmation(render_confirmation(CONFIRMED)) == CONFIRMED


def test_whoever_is_not_named_is_to_be_confirmed() -> None:
    assert f"用证方：{ASKED_LATER}。" in render_presentation(SHOWN)


@pytest.mark.parametrize(
    "text",
    [
        render_presentation(SHOWN).replace(ASKED_LATER, "任何人"),
        render_presentation(SHOWN).replace("出示次数：一次", "出示次数：两次"),
        render_presentation(NAMED).replace("部门「", "市场主体「"),
        render_confirmation(CONFIRMED),
        render_presentation(SHOWN) + "\n",
    ],
)
def test_another_text_is_no_presentation(text: str) -> None:
    with pytest.raises(SentenceTextError):
        parse_presentation(text)


@pytest.mark.parametrize("parse", [parse_grant, parse_confirmation])
def test_presentation_is_read_as_nothing_else(parse: Any) -> None:
    with pytest.raises(SentenceTextError, match="template"):
        parse(render_presentation(SHOWN))


@pytest.mark.parametrize(
    "changes",
    [
        {"requester_name": "示例局"},
        {"types": ()},
        {"valid_until": BEGINS},
        {"holder_name": "示例「公司」"},
        {"nonce": "short"},
    ],
)
def test_member_that_breaks_its_rule_makes_no_presentation(changes: dict[str, Any]) -> None:
    with pytest.raises(SentenceFormError):
        replace(SHOWN, **changes)


@pytest.mark.parametrize("member", ["window", "officer", "item_code", "case_number", "requester_name"])
def test_member_that_could_close_a_bracket_makes_no_confirmation(member: str) -> None:
    broken: dict[str, Any] = {member: "1」，窗口「2"}
    with pytest.raises(SentenceFormError, match=member):
        replace(CONFIRMED, **broken)


@pytest.mark.parametrize("member", ["window", "wanted", "item_code", "case_number"])
def test_redemption_without_a_member_is_refused(member: str) -> None:
    request = {"window": "1", "wanted": [{"certificate_type": "x"}], "item_code": "1", "case_number": "1"}
    with pytest.raises(RequestFormError, match=member):
        read_redemption({name: value for name, value in request.items() if name != member})
