"""The sentence by which an enterprise (a landlord, a bank, a platform) asks holders for a grant.

Texts are those of `schemas/sentence.py`. It is signed by the e-licence of who asks, gives nothing, and says so.
Not checked here: whether the parties, types and fields exist, and the signature; `hub/enterprise/grant_requests.py`
does.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from schemas.grant import FUTURE_WORDS, ITEM_CODE, MAX_USES
from schemas.granted import GrantedType, check_count, check_scope, parse_number, parse_types, render_types
from schemas.sentence import (
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

MOST_HOLDERS = 20
_TEMPLATE = """\
一照通行电子证照授权请求书（第1版）
请求方（用证方）：市场主体「{requester_name}」，统一社会信用代码〔{requester_licence_number}〕。
请求以下持证主体授权：{holders}。
请求提供的证照类型及其字段：{types}。
其中签署之后才颁发的证照：{future}。
用途：办理事项「{item_name}」，事项编码〔{item_code}〕，办件编号「{case_number}」，不得用于其他用途。
授权期限：至〔{valid_until}〕止（北京时间）。
使用次数：最多〔{uses}〕次。
请求书编号：〔{nonce}〕。
本请求书不是授权。持证主体可以签署授权书，也可以拒绝。"""
_PATTERN = template_pattern(_TEMPLATE)
_FUTURES = {words: future for future, words in FUTURE_WORDS.items()}


@dataclass(frozen=True, slots=True)
class Asking:
    """What an enterprise asks of holders; `valid_until` is aware UTC in whole seconds. Raises SentenceFormError."""

    requester_licence_number: str
    requester_name: str
    holders: tuple[str, ...]
    types: tuple[GrantedType, ...]
    future: bool
    item_code: str
    item_name: str
    case_number: str
    valid_until: datetime
    uses: int
    nonce: str

    def __post_init__(self) -> None:
        check_form("requester_licence_number", self.requester_licence_number, LICENCE_NUMBER)
        check_plain("requester_name", self.requester_name, 200)
        for number in self.holders:
            check_form("holders", number, LICENCE_NUMBER)
        if not 1 <= len(self.holders) <= MOST_HOLDERS or len(set(self.holders)) != len(self.holders):
            raise SentenceFormError("holders", "none, too many or named twice")
        check_scope((), self.types)
        check_form("item_code", self.item_code, ITEM_CODE)
        check_plain("item_name", self.item_name, 200)
        check_plain("case_number", self.case_number, 100)
        check_moment("valid_until", self.valid_until)
        check_count("uses", self.uses, MAX_USES)
        check_form("nonce", self.nonce, NONCE)

    @property
    def holder_licence_number(self) -> str:
        """Whose e-licence signs it: who asks holds the licence it signs by."""
        return self.requester_licence_number


def render_asking(asking: Asking) -> str:
    """Return the text that who asks signs."""
    members = {name: getattr(asking, name) for name in Asking.__slots__}
    members |= {
        "holders": "、".join(f"〔{number}〕" for number in asking.holders),
        "types": render_types(asking.types),
        "future": FUTURE_WORDS[asking.future],
        "valid_until": render_moment(asking.valid_until),
    }
    return _TEMPLATE.format(**members)


def parse_asking(text: str) -> Asking:
    """Read a request's text; SentenceTextError unless it is exactly what `render_asking` makes."""
    members = read_members(text, _PATTERN)
    try:
        asking = Asking(
            requester_licence_number=members["requester_licence_number"],
            requester_name=members["requester_name"],
            holders=tuple(re.findall("〔([^〔〕]*)〕", members["holders"])),
            types=parse_types(members["types"]),
            future=_FUTURES[members["future"]],
            item_code=members["item_code"],
            item_name=members["item_name"],
            case_number=members["case_number"],
            valid_until=parse_moment(members["valid_until"]),
            uses=parse_number(members["uses"]),
            nonce=members["nonce"],
        )
    except (SentenceFormError, KeyError):
        raise SentenceTextError("value") from None
    if render_asking(asking) != text:
        raise SentenceTextError("not_canonical")
    return asking
