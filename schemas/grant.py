"""Grants and their withdrawals: the Chinese sentences an enterprise signs with its electronic business licence.

Texts are those of `schemas/sentence.py`: `parse_` accepts exactly what `render_` makes and mends nothing.
Not checked here: check digits, whether parties, types and fields exist, the signature, and whether the nonce was given
out; `hub/enterprise/grants.py` does.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from schemas.granted import (
    NONE,
    GrantedType,
    check_count,
    check_scope,
    parse_certificates,
    parse_number,
    parse_types,
    render_certificates,
    render_types,
)
from schemas.sentence import (
    DIGEST,
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

TEMPLATE_VERSION = 2
LINK_VERSION = 3
"""The version of the sentence to a person, who has what it gives by a one-time link."""
PERSON = "person"
"""Stands where a requester's licence number does, as a person has none."""
MAX_USES = 1_000_000

RequesterKind = Literal["department", "enterprise", "person"]


KIND_WORDS: dict[RequesterKind, str] = {"department": "部门", "enterprise": "市场主体", "person": "个人"}
KINDS: dict[str, RequesterKind] = {word: kind for kind, word in KIND_WORDS.items()}

ITEM_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/-]{0,63}")

_FIRST_TEMPLATE = """\
一照通行电子证照授权书（第1版）
授权方（持证主体）：「{holder_name}」，统一社会信用代码〔{holder_licence_number}〕。
被授权方（用证方）：{requester_kind}「{requester_name}」，统一社会信用代码〔{requester_licence_number}〕。
授权提供的单张证照（含证照上除不予共享以外的全部内容）：{certificates}。
授权提供的证照类型及其字段：{types}。
用途：办理事项「{item_name}」，事项编码〔{item_code}〕，办件编号「{case_number}」，不得用于其他用途。
授权期限：自〔{valid_from}〕起，至〔{valid_until}〕止（北京时间）。
使用次数：最多〔{uses}〕次。
受托办理人：「{delegate}」。
授权书编号：〔{nonce}〕。
授权方可以随时撤回本授权；撤回之后，被授权方不得再凭本授权取得证照。"""

_GRANT_TEMPLATE = """\
一照通行电子证照授权书（第2版）
授权方（持证主体）：「{holder_name}」，统一社会信用代码〔{holder_licence_number}〕。
被授权方（用证方）：{requester_kind}「{requester_name}」，统一社会信用代码〔{requester_licence_number}〕。
授权提供的单张证照（含证照上除不予共享以外的全部内容）：{certificates}。
授权提供的证照类型及其字段：{types}。
上述类型中签署之后才颁发的证照：{future}。
用途：办理事项「{item_name}」，事项编码〔{item_code}〕，办件编号「{case_number}」，不得用于其他用途。
授权期限：自〔{valid_from}〕起，至〔{valid_until}〕止（北京时间）。
使用次数：最多〔{uses}〕次。
受托办理人：「{delegate}」。
授权书编号：〔{nonce}〕。
字段以所列版本为准，改版后新设的或含义不同的字段不在授权之内。授权方可以随时撤回本授权；撤回之后，被授权方不得再凭本授权取得证照。"""

_LINK_TEMPLATE = _GRANT_TEMPLATE.replace("（第2版）", "（第3版）").replace(
    "{requester_kind}「{requester_name}」，统一社会信用代码〔{requester_licence_number}〕。",
    "个人「{requester_name}」，实名登录后凭一次性链接〔{link}〕取得一次。",
)

FUTURE_WORDS = {True: "一并授权，授权期限内颁发的也包括在内", False: "不在授权之内"}
_WITHDRAWAL_TEMPLATE = """\
一照通行电子证照授权撤回书（第1版）
撤回方（持证主体）：统一社会信用代码〔{holder_licence_number}〕。
撤回的授权书摘要（SHA-256）：〔{grant_digest}〕。
撤回书编号：〔{nonce}〕。
自本撤回书送达之时起，被授权方不得再凭该授权书取得证照。"""


@dataclass(frozen=True, slots=True)
class Grant:
    """What the holder allows. `无` where a member is unused; times are aware UTC in whole seconds, the end excluded.

    A single certificate is granted with all its fields but those never shared; a type with the fields it names, as they
    are in its version. Of a type, what is issued after the signing is given by explicit words (`future`) alone; the
    first version of the sentence had none. To a person it names a one-time link, by the hub's keyed digest of it.
    Raises SentenceFormError when a member breaks its rule.
    """

    holder_licence_number: str
    holder_name: str
    requester_kind: RequesterKind
    requester_licence_number: str
    requester_name: str
    certificates: tuple[str, ...]
    types: tuple[GrantedType, ...]
    item_code: str
    item_name: str
    case_number: str
    valid_from: datetime
    valid_until: datetime
    uses: int
    delegate: str
    nonce: str
    future: bool = False
    version: int = TEMPLATE_VERSION
    link: str = ""

    @property
    def requester(self) -> str:
        """Whose pulls it allows: a licence number, or PERSON."""
        return PERSON if self.requester_kind == "person" else self.requester_licence_number

    def __post_init__(self) -> None:
        check_form("holder_licence_number", self.holder_licence_number, LICENCE_NUMBER)
        if self.version not in _TEMPLATES or (self.future and self.version == 1):
            raise SentenceFormError("version", "unknown, or without these words")
        if (self.version == LINK_VERSION) != (self.link != ""):
            raise SentenceFormError("link", "of another version")
        if self.link:
            check_form("link", self.link, DIGEST)
            if self.requester_kind != "person" or self.uses != 1:
                raise SentenceFormError("link", "of no person, or for more than once")
        if self.future and not self.types:
            raise SentenceFormError("future", "of no type")
        check_requester(self.requester_kind, self.requester_licence_number)
        for member in ("holder_name", "requester_name", "item_name"):
            check_plain(member, getattr(self, member), 200)
        for member in ("case_number", "delegate"):
            check_plain(member, getattr(self, member), 100)
        check_scope(self.certificates, self.types)
        if self.item_code != NONE:
            check_form("item_code", self.item_code, ITEM_CODE)
        check_moment("valid_from", self.valid_from)
        check_moment("valid_until", self.valid_until)
        if self.valid_until <= self.valid_from:
            raise SentenceFormError("valid_until", "not after valid_from")
        check_count("uses", self.uses, MAX_USES)
        check_form("nonce", self.nonce, NONCE)


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The holder takes a grant back; `grant_digest` is the grant's `statement_digest`. Raises SentenceFormError."""

    grant_digest: str
    holder_licence_number: str
    nonce: str

    def __post_init__(self) -> None:
        check_form("grant_digest", self.grant_digest, DIGEST)
        check_form("holder_licence_number", self.holder_licence_number, LICENCE_NUMBER)
        check_form("nonce", self.nonce, NONCE)


def render_grant(grant: Grant) -> str:
    """Return the text the holder signs; its UTF-8 bytes are what the signature is over."""
    return _TEMPLATES[grant.version].format(
        holder_name=grant.holder_name,
        holder_licence_number=grant.holder_licence_number,
        requester_kind=KIND_WORDS[grant.requester_kind],
        requester_name=grant.requester_name,
        requester_licence_number=grant.requester_licence_number,
        certificates=render_certificates(grant.certificates),
        types=render_types(grant.types),
        item_name=grant.item_name,
        item_code=grant.item_code,
        case_number=grant.case_number,
        valid_from=render_moment(grant.valid_from),
        valid_until=render_moment(grant.valid_until),
        uses=grant.uses,
        delegate=grant.delegate,
        nonce=grant.nonce,
        future=FUTURE_WORDS[grant.future],
        link=grant.link,
    )


def parse_grant(text: str) -> Grant:
    """Read a grant's text; SentenceTextError unless it is exactly what `render_grant` makes of what was read."""
    version = _VERSIONS.get(text.partition("\n")[0], TEMPLATE_VERSION)
    members = read_members(text, _PATTERNS[version])
    try:
        grant = Grant(
            holder_licence_number=members["holder_licence_number"],
            holder_name=members["holder_name"],
            requester_kind=KINDS[members.get("requester_kind", KIND_WORDS["person"])],
            requester_licence_number=members.get("requester_licence_number", NONE),
            requester_name=members["requester_name"],
            certificates=parse_certificates(members["certificates"]),
            types=parse_types(members["types"]),
            item_code=members["item_code"],
            item_name=members["item_name"],
            case_number=members["case_number"],
            valid_from=parse_moment(members["valid_from"]),
            valid_until=parse_moment(members["valid_until"]),
            uses=parse_number(members["uses"]),
            delegate=members["delegate"],
            nonce=members["nonce"],
            future=_FUTURES[members["future"]] if version > 1 else False,
            version=version,
            link=members.get("link", ""),
        )
    except (SentenceFormError, KeyError):
        raise SentenceTextError("value") from None
    if render_grant(grant) != text:
        raise SentenceTextError("not_canonical")
    return grant


def render_withdrawal(withdrawal: Withdrawal) -> str:
    """Return the text the holder signs to take a grant back."""
    return _WITHDRAWAL_TEMPLATE.format(
        holder_licence_number=withdrawal.holder_licence_number,
        grant_digest=withdrawal.grant_digest,
        nonce=withdrawal.nonce,
    )


def parse_withdrawal(text: str) -> Withdrawal:
    """Read a withdrawal's text; SentenceTextError unless it is exactly what `render_withdrawal` makes."""
    members = read_members(text, _WITHDRAWAL_PATTERN)
    try:
        withdrawal = Withdrawal(**members)
    except SentenceFormError:
        raise SentenceTextError("value") from None
    if render_withdrawal(withdrawal) != text:
        raise SentenceTextError("not_canonical")
    return withdrawal


_TEMPLATES = {1: _FIRST_TEMPLATE, 2: _GRANT_TEMPLATE, 3: _LINK_TEMPLATE}
_VERSIONS = {template.partition("\n")[0]: version for version, template in _TEMPLATES.items()}
_PATTERNS = {version: template_pattern(template) for version, template in _TEMPLATES.items()}
_FUTURES = {words: future for future, words in FUTURE_WORDS.items()}
_WITHDRAWAL_PATTERN = template_pattern(_WITHDRAWAL_TEMPLATE)


def check_requester(kind: RequesterKind, licence_number: str) -> None:
    """Refuse a requester of no kind, or whose licence number is not of its kind: SentenceFormError."""
    if kind not in get_args(RequesterKind):
        raise SentenceFormError("requester_kind", "unknown")
    if kind == "person":
        if licence_number != NONE:
            raise SentenceFormError("requester_licence_number", "a person has none")
    else:
        check_form("requester_licence_number", licence_number, LICENCE_NUMBER)


def numbered(requester: str) -> str | None:
    """Return a requester's licence number; None of a person, who has none."""
    return None if requester == PERSON else requester
