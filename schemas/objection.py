"""The sentence by which an enterprise objects (异议) with its electronic business licence: one button, four roads.

Texts are those of `schemas/sentence.py`. It says what it is about by identifier, receipt, or window and day, and why in
the enterprise's own words; it asks and grants nothing, and takes the place of no reconsideration by law.
Not checked here: the signature, whether what it names is there and the enterprise's; `hub/enterprise/objections.py`
does.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from schemas.sentence import (
    IDENTIFIER,
    LICENCE_NUMBER,
    NONCE,
    SentenceFormError,
    SentenceTextError,
    check_form,
    check_moment,
    check_plain,
    parse_moment,
    read_members,
    render_moment,
    template_pattern,
)


class Road(StrEnum):
    """Where an objection goes: by what is wrong."""

    DATA_WRONG = "data_wrong"
    ACCESS_NOT_ALLOWED = "access_not_allowed"
    DECISION_WRONG = "decision_wrong"
    WINDOW_REFUSED = "window_refused"


ROAD_WORDS = {
    Road.DATA_WRONG: "证照信息有误",
    Road.ACCESS_NOT_ALLOWED: "不应查询或调取",
    Road.DECISION_WRONG: "决定有误",
    Road.WINDOW_REFUSED: "窗口拒收电子证照",
}
LONGEST_REASON = 500
_ACT = re.compile(r"[0-9A-Za-z_-]{1,64}")
_ITEM = re.compile(r"[0-9A-Za-z._-]{1,64}")
_TEMPLATE = """\
一照通行电子证照异议书（第1版）
提出人：统一社会信用代码〔{applicant}〕。
事由：〔{road}〕。
所指：{about}。
说明：「{reason}」
提出时间：〔{drafted_at}〕（北京时间）。
异议书编号：〔{nonce}〕。
本异议书由平台转交有权处理的单位，不是授权书；不代替行政复议、行政诉讼，也不影响其期限。"""
_PATTERN = template_pattern(_TEMPLATE)
_CERTIFICATE = re.compile("证照标识〔([^〔〕]*)〕")
_LINE = re.compile("访问记录回执〔([^〔〕]*)〕")
_WINDOW = re.compile("部门〔([^〔〕]*)〕的窗口，日期〔([^〔〕]*)〕，事项编码〔([^〔〕]*)〕")


@dataclass(frozen=True, slots=True)
class Window:
    """A window of a department, the day it was gone to, and the item that was asked for."""

    department: str
    day: date
    item_code: str


@dataclass(frozen=True, slots=True)
class Objection:
    """What an enterprise objects to: a certificate by its identifier, a line of its ledger by its act, or a window.

    `data_wrong` is about a certificate, `access_not_allowed` about a line, `decision_wrong` about either,
    `window_refused` about a window. Raises SentenceFormError.
    """

    applicant: str
    road: Road
    about: str | Window
    reason: str
    drafted_at: datetime
    nonce: str

    def __post_init__(self) -> None:
        check_form("applicant", self.applicant, LICENCE_NUMBER)
        if isinstance(self.about, Window):
            check_form("department", self.about.department, LICENCE_NUMBER)
            check_form("item_code", self.about.item_code, _ITEM)
            allowed = {Road.WINDOW_REFUSED}
        elif self.is_of_certificate:
            allowed = {Road.DATA_WRONG, Road.DECISION_WRONG}
        else:
            check_form("about", self.about, _ACT)
            allowed = {Road.ACCESS_NOT_ALLOWED, Road.DECISION_WRONG}
        if self.road not in allowed:
            raise SentenceFormError("road", "not about this")
        check_plain("reason", self.reason, LONGEST_REASON)
        check_moment("drafted_at", self.drafted_at)
        check_form("nonce", self.nonce, NONCE)

    @property
    def is_of_certificate(self) -> bool:
        return isinstance(self.about, str) and IDENTIFIER.fullmatch(self.about) is not None

    @property
    def subject(self) -> str:
        """What it is about, in one text by which two objections about the same are known."""
        if isinstance(self.about, Window):
            return f"{self.about.department} {self.about.day.isoformat()} {self.about.item_code}"
        return self.about


def render_objection(objection: Objection) -> str:
    """Return the text the enterprise signs; its UTF-8 bytes are what the signature is over."""
    about = objection.about
    if isinstance(about, Window):
        named = f"部门〔{about.department}〕的窗口，日期〔{about.day.isoformat()}〕，事项编码〔{about.item_code}〕"
    else:
        named = f"证照标识〔{about}〕" if objection.is_of_certificate else f"访问记录回执〔{about}〕"
    return _TEMPLATE.format(
        applicant=objection.applicant,
        road=ROAD_WORDS[objection.road],
        about=named,
        reason=objection.reason,
        drafted_at=render_moment(objection.drafted_at),
        nonce=objection.nonce,
    )


def parse_objection(text: str) -> Objection:
    """Read an objection's text; SentenceTextError unless it is exactly what `render_objection` makes of it."""
    members = read_members(text, _PATTERN)
    roads = {word: road for road, word in ROAD_WORDS.items()}
    try:
        objection = Objection(
            applicant=members["applicant"],
            road=roads[members["road"]],
            about=_about(members["about"]),
            reason=members["reason"],
            drafted_at=parse_moment(members["drafted_at"]),
            nonce=members["nonce"],
        )
    except (ValueError, KeyError):
        raise SentenceTextError("value") from None
    if render_objection(objection) != text:
        raise SentenceTextError("not_canonical")
    return objection


def _about(text: str) -> str | Window:
    if found := _WINDOW.fullmatch(text):
        return Window(found[1], date.fromisoformat(found[2]), found[3])
    if found := _CERTIFICATE.fullmatch(text) or _LINE.fullmatch(text):
        return found[1]
    raise SentenceTextError("value")
