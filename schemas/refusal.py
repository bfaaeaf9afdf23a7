"""The sentence by which an enterprise refuses what a requester asked it to grant.

Texts are those of `schemas/sentence.py`. It gives nothing and ends nothing; the request stays answered. The second
version says why, in the holder's own words, for the requester to read; the first gives no reason.
"""

from dataclasses import dataclass

from schemas.sentence import (
    LICENCE_NUMBER,
    NONCE,
    SentenceFormError,
    SentenceTextError,
    check_form,
    check_plain,
    read_members,
    template_pattern,
)

_TEMPLATE = """\
一照通行电子证照授权拒绝书（第1版）
拒绝方（持证主体）：统一社会信用代码〔{holder_licence_number}〕。
提出请求的用证方：统一社会信用代码〔{requester_licence_number}〕，请求编号〔{request}〕。
拒绝书编号：〔{nonce}〕。
拒绝方不同意该请求，没有给出任何授权。"""
_REASONED = _TEMPLATE.replace("（第1版）", "（第2版）").replace(
    "请求编号〔{request}〕。\n", "请求编号〔{request}〕。\n拒绝理由：「{reason}」。\n"
)
_PATTERN, _REASONED_PATTERN = template_pattern(_TEMPLATE), template_pattern(_REASONED)
LONGEST_REASON = 200


@dataclass(frozen=True, slots=True)
class Refusal:
    """The holder refuses a request, named by the hub's name for it; `reason` "" for none. Raises SentenceFormError."""

    holder_licence_number: str
    requester_licence_number: str
    request: str
    nonce: str
    reason: str = ""

    def __post_init__(self) -> None:
        check_form("holder_licence_number", self.holder_licence_number, LICENCE_NUMBER)
        check_form("requester_licence_number", self.requester_licence_number, LICENCE_NUMBER)
        check_form("request", self.request, NONCE)
        check_form("nonce", self.nonce, NONCE)
        if self.reason:
            check_plain("reason", self.reason, LONGEST_REASON)


def render_refusal(refusal: Refusal) -> str:
    """Return the text the holder signs to refuse."""
    template = _REASONED if refusal.reason else _TEMPLATE
    return template.format(**{name: getattr(refusal, name) for name in Refusal.__slots__})


def parse_refusal(text: str) -> Refusal:
    """Read a refusal's text; SentenceTextError unless it is exactly what `render_refusal` makes."""
    try:
        members = read_members(text, _REASONED_PATTERN if "拒绝理由：" in text else _PATTERN)
        refusal = Refusal(**members)
    except SentenceFormError:
        raise SentenceTextError("value") from None
    if render_refusal(refusal) != text:
        raise SentenceTextError("not_canonical")
    return refusal
