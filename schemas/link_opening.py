"""The sentence a person confirms to open a one-time link: which link, when; it names nobody and grants nothing.

Texts are those of `schemas/sentence.py`. Not checked here: who confirmed it; `hub/enterprise/grant_links.py` does.
"""

from dataclasses import dataclass
from datetime import datetime

from schemas.sentence import (
    DIGEST,
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
一照通行电子证照一次性链接查阅申请书（第1版）
所打开的一次性链接（摘要）：〔{link}〕。
申请时间：〔{drafted_at}〕（北京时间）。
申请书编号：〔{nonce}〕。
申请人实名登录后确认本申请书；所取得的证照只用于授权书写明的用途。"""
_PATTERN = template_pattern(_TEMPLATE)


@dataclass(frozen=True, slots=True)
class LinkOpening:
    """Which link is opened (its keyed digest), and when it was drafted (UTC, whole seconds). SentenceFormError."""

    link: str
    drafted_at: datetime
    nonce: str

    def __post_init__(self) -> None:
        check_form("link", self.link, DIGEST)
        check_moment("drafted_at", self.drafted_at)
        check_form("nonce", self.nonce, NONCE)


def render_opening(opening: LinkOpening) -> str:
    """Return the text that is confirmed."""
    return _TEMPLATE.format(link=opening.link, drafted_at=render_moment(opening.drafted_at), nonce=opening.nonce)


def parse_opening(text: str) -> LinkOpening:
    """Read the text; SentenceTextError unless it is exactly what `render_opening` makes of what was read."""
    members = read_members(text, _PATTERN)
    try:
        opening = LinkOpening(members["link"], parse_moment(members["drafted_at"]), members["nonce"])
    except SentenceFormError:
        raise SentenceTextError("value") from None
    if render_opening(opening) != text:
        raise SentenceTextError("not_canonical")
    return opening
