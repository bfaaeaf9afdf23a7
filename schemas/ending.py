"""The sentence by which an enterprise takes back at once all that it gave since a moment.

Texts are those of `schemas/sentence.py`. It names no single grant: what it ends is what the hub holds when it comes.
"""

from dataclasses import dataclass
from datetime import datetime

from schemas.sentence import (
    LICENCE_NUMBER,
    NONCE,
    SentenceFormError,
    SentenceTextError,
    check_form,
    check_moment,
    parse_moment,
    read_members,
    render_moment,
    template_pattern,
)

_TEMPLATE = """\
一照通行电子证照一键收回书（第1版）
收回方（持证主体）：统一社会信用代码〔{holder_licence_number}〕。
收回范围：自〔{since}〕（北京时间）起给出的全部授权、出示码、委托、下载链接，以及收到的授权请求。
收回书编号：〔{nonce}〕。
自本收回书送达之时起，上述各项全部失效；凭其取得的证照加注件不再提供下载。"""
_PATTERN = template_pattern(_TEMPLATE)


@dataclass(frozen=True, slots=True)
class Ending:
    """The holder ends all it gave since then; `since` is aware UTC in whole seconds. Raises SentenceFormError."""

    holder_licence_number: str
    since: datetime
    nonce: str

    def __post_init__(self) -> None:
        check_form("holder_licence_number", self.holder_licence_number, LICENCE_NUMBER)
        check_moment("since", self.since)
        check_form("nonce", self.nonce, NONCE)


def render_ending(ending: Ending) -> str:
    """Return the text the holder signs."""
    return _TEMPLATE.format(
        holder_licence_number=ending.holder_licence_number, since=render_moment(ending.since), nonce=ending.nonce
    )


def parse_ending(text: str) -> Ending:
    """Read an ending's text; SentenceTextError unless it is exactly what `render_ending` makes."""
    members = read_members(text, _PATTERN)
    try:
        ending = Ending(members["holder_licence_number"], parse_moment(members["since"]), members["nonce"])
    except SentenceFormError:
        raise SentenceTextError("value") from None
    if render_ending(ending) != text:
        raise SentenceTextError("not_canonical")
    return ending
