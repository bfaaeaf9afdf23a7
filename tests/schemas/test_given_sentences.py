"""Delegations, requests, refusals and endings: each text is read back exactly, and as nothing else."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.asking import Asking, parse_asking, render_asking
from schemas.delegation import (
    Delegation,
    DelegationConfirmation,
    DelegationWithdrawal,
    parse_delegation,
    parse_delegation_confirmation,
    parse_delegation_withdrawal,
    render_delegation,
    render_delegation_confirmation,
    render_delegation_withdrawal,
)
from schemas.ending import Ending, parse_ending, render_ending
from schemas.granted import GrantedField, GrantedType
from schemas.refusal import Refusal, parse_refusal, render_refusal
from schemas.sentence import SentenceFormError, SentenceTextError
from schemas.signer_roles import RIGHTS, Deed

HOLDER, OTHER, NONCE, DIGEST = "91442000MA4UNN6R9A", "113700000045046442", "kKb3zY0mQ1yWcF2T-5s_8A", "0" * 64
BEGINS = datetime(2026, 11, 23, 11, 30, tzinfo=UTC)
ENDS = BEGINS + timedelta(days=30)
TYPES = (GrantedType("food_operation_permit", 1, "食品经营许可证", (GrantedField("scope", "经营项目"),)),)
DELEGATION = Delegation(HOLDER, "示例公司", "示例丙", "ab12", "440112001", "公共场所卫生许可", BEGINS, ENDS, NONCE)
ASKING = Asking(
    HOLDER, "示例公司", (OTHER,), TYPES, True, "lease", "房屋租赁", "租〔2026〕1号", ENDS, 3, NONCE
)  # fmt: skip
Case = tuple[Any, Callable[[Any], str], Callable[[str], Any]]
CASES: dict[str, Case] = {
    "delegation": (DELEGATION, render_delegation, parse_delegation),
    "its withdrawal": (
        DelegationWithdrawal(HOLDER, DIGEST, NONCE), render_delegation_withdrawal, parse_delegation_withdrawal,
    ),
    "its confirmation": (
        DelegationConfirmation(HOLDER, (DIGEST, "1" * 64), True, NONCE), render_delegation_confirmation,
        parse_delegation_confirmation,
    ),
    "request": (ASKING, render_asking, parse_asking),
    "refusal": (Refusal(HOLDER, OTHER, NONCE, NONCE), render_refusal, parse_refusal),
    "ending": (Ending(HOLDER, BEGINS, NONCE), render_ending, parse_ending),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_rendered_is_read_back(name: str) -> None:
    sentence, render, parse = CASES[name]
    assert parse(render(sentence)) == sentence


@pytest.mark.parametrize("name", CASES)
def test_no_text_is_read_as_another_kind(name: str) -> None:
    sentence, render, _ = CASES[name]
    for other in CASES.keys() - {name}:
        with pytest.raises(SentenceTextError):
            CASES[other][2](render(sentence))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(("old", "new"), [("（第1版）", "（第2版）"), ("\n", "\r\n"), (HOLDER, "无"), ("〕", "〕〕")])
def test_altered_text_is_refused(name: str, old: str, new: str) -> None:
    sentence, render, parse = CASES[name]
    with pytest.raises(SentenceTextError):
        parse(render(sentence).replace(old, new))


@pytest.mark.parametrize(
    ("sentence", "changes"),
    [
        (DELEGATION, {"cert_serial": "XYZ"}),
        (DELEGATION, {"valid_until": BEGINS}),
        (DELEGATION, {"item_name": "「x"}),
        (ASKING, {"holders": ()}),
        (ASKING, {"holders": (OTHER, OTHER)}),
        (ASKING, {"types": ()}),
        (ASKING, {"uses": 0}),
        (CASES["its confirmation"][0], {"delegations": (DIGEST, DIGEST)}),
        (CASES["ending"][0], {"since": datetime(1999, 1, 1, tzinfo=UTC)}),
    ],
)
def test_member_that_breaks_its_rule_makes_no_sentence(sentence: Any, changes: dict[str, Any]) -> None:
    with pytest.raises(SentenceFormError):
        replace(sentence, **changes)


def test_every_deed_is_the_representatives_and_an_agents_only_where_it_may_be_delegated() -> None:
    assert RIGHTS.keys() == set(Deed)
    assert all(rights["legal_representative"] == "own" for rights in RIGHTS.values())
    assert {rights.get("agent") for rights in RIGHTS.values()} == {None, "delegated"}
