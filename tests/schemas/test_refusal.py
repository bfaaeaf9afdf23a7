"""The refusal of a request: with a reason or without, one text each."""

import pytest

from schemas.refusal import Refusal, parse_refusal, render_refusal
from schemas.sentence import SentenceFormError, SentenceTextError

_PLAIN = Refusal("91442000MA4UNN6R9A", "11442000007332298C", "r" * 22, "n" * 22)
_REASONED = Refusal("91442000MA4UNN6R9A", "11442000007332298C", "r" * 22, "n" * 22, "没有这笔业务")


@pytest.mark.parametrize("refusal", [_PLAIN, _REASONED])
def test_a_refusal_is_read_as_it_was_written(refusal: Refusal) -> None:
    assert parse_refusal(render_refusal(refusal)) == refusal


@pytest.mark.parametrize("reason", ["两行\n理由", "」。", " 前有空格", "长" * 201])
def test_a_reason_that_could_mislead_is_no_reason(reason: str) -> None:
    with pytest.raises(SentenceFormError):
        Refusal(_PLAIN.holder_licence_number, _PLAIN.requester_licence_number, "r" * 22, "n" * 22, reason)


def test_an_empty_reason_is_no_text_of_the_second_version() -> None:
    text = render_refusal(_REASONED).replace("没有这笔业务", "")
    with pytest.raises(SentenceTextError):
        parse_refusal(text)
