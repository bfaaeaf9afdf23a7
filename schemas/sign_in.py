"""The sentence by which somebody signs in for an enterprise, with its electronic business licence.

Texts are those of `schemas/sentence.py`. It grants nothing and orders nothing: its first line is no grant's and no
application's (design, decision 10). Not checked here: the signature, and whose it is; `hub/enterprise/sign_in.py` does.
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
一照通行电子证照共享中心登录确认书（第1版）
登录主体：统一社会信用代码〔{applicant}〕。
登录网址：〔{origin}〕。
确认时间：〔{drafted_at}〕（北京时间）。
确认书编号：〔{nonce}〕。
登录后可以在限定时间内查看登录主体自己的证照、授权和访问记录；本确认书不是授权书，授权、出示、撤回等仍须逐项签署。
请核对您正在使用的就是上述网址；不是您本人发起的，请勿签署。"""
_PATTERN = template_pattern(_TEMPLATE)


@dataclass(frozen=True, slots=True)
class SignIn:
    """Which enterprise signs in at which origin, and when (UTC, whole seconds). Raises SentenceFormError."""

    applicant: str
    origin: str
    drafted_at: datetime
    nonce: str

    def __post_init__(self) -> None:
        check_form("applicant", self.applicant, LICENCE_NUMBER)
        check_moment("drafted_at", self.drafted_at)
        check_form("nonce", self.nonce, NONCE)


def render_sign_in(said: SignIn) -> str:
    """Return the text that is signed; its UTF-8 bytes are what the signature is over."""
    return _TEMPLATE.format(
        applicant=said.applicant, origin=said.origin, drafted_at=render_moment(said.drafted_at), nonce=said.nonce
    )


def parse_sign_in(text: str) -> SignIn:
    """Read a text; SentenceTextError unless it is exactly what `render_sign_in` makes of it."""
    members = read_members(text, _PATTERN)
    try:
        said = SignIn(members["applicant"], members["origin"], parse_moment(members["drafted_at"]), members["nonce"])
    except SentenceFormError:
        raise SentenceTextError("value") from None
    if render_sign_in(said) != text:
        raise SentenceTextError("not_canonical")
    return said
