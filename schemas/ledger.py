"""The sentence by which an enterprise asks, with its electronic business licence, to read its ledger (访问记录).

Texts are those of `schemas/sentence.py`. It asks and grants nothing: its first line is no grant's and no download's.
Not checked here: the signature, and whose it is; `hub/enterprise/ledger.py` does.
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
一照通行电子证照访问记录查阅申请书（第1版）
申请人：统一社会信用代码〔{applicant}〕。
查阅内容：申请人名下证照被调取、比对、交付、下载的记录。
申请时间：〔{drafted_at}〕（北京时间）。
申请书编号：〔{nonce}〕。
本申请书只用于查阅、导出申请人自己的访问记录，不是授权书；查阅的凭据只供申请人在限定时间内使用。"""
_PATTERN = template_pattern(_TEMPLATE)


@dataclass(frozen=True, slots=True)
class LedgerReading:
    """Who asks to read its own ledger, and when (UTC, whole seconds). Raises SentenceFormError."""

    applicant: str
    drafted_at: datetime
    nonce: str

    def __post_init__(self) -> None:
        check_form("applicant", self.applicant, LICENCE_NUMBER)
        check_moment("drafted_at", self.drafted_at)
        check_form("nonce", self.nonce, NONCE)


def render_reading(reading: LedgerReading) -> str:
    """Return the text the applicant signs; its UTF-8 bytes are what the signature is over."""
    return _TEMPLATE.format(
        applicant=reading.applicant, drafted_at=render_moment(reading.drafted_at), nonce=reading.nonce
    )


def parse_reading(text: str) -> LedgerReading:
    """Read an application's text; SentenceTextError unless it is exactly what `render_reading` makes of it."""
    members = read_members(text, _PATTERN)
    try:
        reading = LedgerReading(members["applicant"], parse_moment(members["drafted_at"]), members["nonce"])
    except SentenceFormError:
        raise SentenceTextError("value") from None
    if render_reading(reading) != text:
        raise SentenceTextError("not_canonical")
    return reading
