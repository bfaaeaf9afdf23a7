"""The sentence by which an enterprise refuses what a requester asked it to grant.

Texts are those of `schemas/sentence.py`. It gives nothing and ends nothing; the request stays answered.
"""

from dataclasses import dataclass

from schemas.sentence import (
    LICENCE_NUMBER,
    NONCE,
    SentenceFormError,
    SentenceTextError,
    check_form,
    read_members,
    template_pattern,
)

_TEMPLATE = """\
一照通行电子证照授权拒绝书（第1版）
拒绝方（持证主体）：统一社会信用代码〔{holder_licence_number}〕。
提出请求的用证方：统一社会信用代码〔{requester_licence_number}〕，请求编号〔{request}〕。
拒绝书编号：〔{nonce}〕。
拒绝方不同意该请求，没有给出任何授权。"""
_PATTERN = template_pattern(_TEMPLATE)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The holder refuses a request, named by the hub's name for it. Raises SentenceFormError."""

    holder_licence_number: str
    requester_licence_number: str
    request: str
    nonce: str

    def __post_init__(self) -> None:
        check_form("holder_licence_number", self.holder_licence_number, LICENCE_NUMBER)
        check_form("requester_licence_number", self.requester_licence_number, LICENCE_NUMBER)
        check_form("request", self.request, NONCE)
        check_form("nonce", self.nonce, NONCE)


def render_refusal(refusal: Refusal) -> str:
    """Return the text the holder signs to refuse."""
    return _TEMPLATE.format(**{name: getattr(refusal, name) for name in Refusal.__slots__})


def parse_refusal(text: str) -> Refusal:
    """Read a refusal's text; SentenceTextError unless it is exactly what `render_refusal` makes."""
    try:
        refusal = Refusal(**read_members(text, _PATTERN))
    except SentenceFormError:
        raise SentenceTextError("value") from None
    if render_refusal(refusal) != text:
        raise SentenceTextError("not_canonical")
    return refusal
