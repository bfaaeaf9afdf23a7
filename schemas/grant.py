"""Grants and their withdrawals: the Chinese sentences an enterprise signs with its electronic business licence.

What is signed is the sentence itself, rendered from a versioned template; `parse_` accepts exactly the texts `render_`
makes and mends nothing, so a text has one meaning and a meaning one text. Free text stands in 「」, codes in 〔〕; the
rules of the values keep both unambiguous. Each kind of text has its own first line: none can be read as another.
Not checked here: check digits, whether parties, types and fields exist, the signature, and whether the nonce was given
out; `hub/grants.py` does.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Literal, get_args

from schemas.plain_text import TextControlError, TextFormError, TextLengthError, parse_plain_text

TEMPLATE_VERSION = 1
MAX_TEXT_LENGTH = 64 * 1024
MAX_USES = 1_000_000
NONE = "无"

RequesterKind = Literal["department", "enterprise", "person"]

_KIND_WORDS: dict[RequesterKind, str] = {"department": "部门", "enterprise": "市场主体", "person": "个人"}
_BEIJING = timezone(timedelta(hours=8))
_EARLIEST_YEAR, _LATEST_YEAR = 2000, 2999
_TIME = re.compile(r"([0-9]{4})年([0-9]{2})月([0-9]{2})日 ([0-9]{2})时([0-9]{2})分([0-9]{2})秒")

# The form only: a wrongly issued number an operator admitted (standards 1.1) fails its check and may still grant.
_LICENCE_NUMBER = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}[0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_IDENTIFIER = re.compile(r"1\.2\.156\.3005\.2(?:\.[0-9A-Z]{1,40}){5}")
_SLUG = re.compile(r"[a-z][a-z0-9_]{0,63}")
_ITEM_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/-]{0,63}")
_NONCE = re.compile(r"[0-9A-Za-z_-]{16,64}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NUMBER = re.compile(r"[1-9][0-9]{0,6}")

_GRANT_TEMPLATE = """\
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

_WITHDRAWAL_TEMPLATE = """\
一照通行电子证照授权撤回书（第1版）
撤回方（持证主体）：统一社会信用代码〔{holder_licence_number}〕。
撤回的授权书摘要（SHA-256）：〔{grant_digest}〕。
撤回书编号：〔{nonce}〕。
自本撤回书送达之时起，被授权方不得再凭该授权书取得证照。"""


class GrantFormError(ValueError):
    """A member of a grant or withdrawal breaks its rule; `member` names it, its value is never told."""

    def __init__(self, member: str, rule: str) -> None:
        super().__init__(f"{member}: {rule}")
        self.member = member
        self.rule = rule


class GrantTextError(ValueError):
    """The text is not exactly a grant or withdrawal of this template; `reason` is one of
    length, encoding, not_nfc, template, value, not_canonical."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"not a text of this template: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class GrantedField:
    """One field of a type: its name in the catalogue and the label the signer read."""

    name: str
    label_zh: str

    def __post_init__(self) -> None:
        _form("field name", self.name, _SLUG)
        _plain("field label", self.label_zh, 40)


@dataclass(frozen=True, slots=True)
class GrantedType:
    """One certificate type in one version, and which of its fields are granted."""

    code: str
    version: int
    name_zh: str
    fields: tuple[GrantedField, ...]

    def __post_init__(self) -> None:
        _form("type code", self.code, _SLUG)
        _count("type version", self.version, 999_999)
        _plain("type name", self.name_zh, 80)
        _distinct("fields", [field.name for field in self.fields], at_least=1)


@dataclass(frozen=True, slots=True)
class Grant:
    """What the holder allows. `无` where a member is unused; times are aware UTC in whole seconds, the end excluded.

    A single certificate is granted with all its fields but those never shared; a type with the fields it names.
    Raises GrantFormError when a member breaks its rule.
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

    def __post_init__(self) -> None:
        _form("holder_licence_number", self.holder_licence_number, _LICENCE_NUMBER)
        _check_requester(self.requester_kind, self.requester_licence_number)
        for member in ("holder_name", "requester_name", "item_name"):
            _plain(member, getattr(self, member), 200)
        for member in ("case_number", "delegate"):
            _plain(member, getattr(self, member), 100)
        for identifier in self.certificates:
            _form("certificates", identifier, _IDENTIFIER)
        _distinct("certificates", self.certificates)
        _distinct("types", [granted.code for granted in self.types], at_least=0 if self.certificates else 1)
        if self.item_code != NONE:
            _form("item_code", self.item_code, _ITEM_CODE)
        _check_time("valid_from", self.valid_from)
        _check_time("valid_until", self.valid_until)
        if self.valid_until <= self.valid_from:
            raise GrantFormError("valid_until", "not after valid_from")
        _count("uses", self.uses, MAX_USES)
        _form("nonce", self.nonce, _NONCE)


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """The holder takes a grant back; `grant_digest` is the grant's `statement_digest`. Raises GrantFormError."""

    grant_digest: str
    holder_licence_number: str
    nonce: str

    def __post_init__(self) -> None:
        _form("grant_digest", self.grant_digest, _DIGEST)
        _form("holder_licence_number", self.holder_licence_number, _LICENCE_NUMBER)
        _form("nonce", self.nonce, _NONCE)


def statement_digest(text: str) -> str:
    """Return the SHA-256, in hex, of the text's UTF-8 bytes: the name of a grant.

    Raises GrantTextError when the text holds a lone surrogate.
    """
    try:
        return sha256(text.encode()).hexdigest()
    except UnicodeEncodeError:
        raise GrantTextError("encoding") from None


def render_grant(grant: Grant) -> str:
    """Return the text the holder signs; its UTF-8 bytes are what the signature is over."""
    return _GRANT_TEMPLATE.format(
        holder_name=grant.holder_name,
        holder_licence_number=grant.holder_licence_number,
        requester_kind=_KIND_WORDS[grant.requester_kind],
        requester_name=grant.requester_name,
        requester_licence_number=grant.requester_licence_number,
        certificates="、".join(f"〔{identifier}〕" for identifier in grant.certificates) or NONE,
        types="；".join(map(_render_type, grant.types)) or NONE,
        item_name=grant.item_name,
        item_code=grant.item_code,
        case_number=grant.case_number,
        valid_from=_render_time(grant.valid_from),
        valid_until=_render_time(grant.valid_until),
        uses=grant.uses,
        delegate=grant.delegate,
        nonce=grant.nonce,
    )


def parse_grant(text: str) -> Grant:
    """Read a grant's text; GrantTextError unless it is exactly what `render_grant` makes of the grant read from it."""
    members = _members(text, _GRANT_PATTERN)
    kinds = {word: kind for kind, word in _KIND_WORDS.items()}
    try:
        grant = Grant(
            holder_licence_number=members["holder_licence_number"],
            holder_name=members["holder_name"],
            requester_kind=kinds[members["requester_kind"]],
            requester_licence_number=members["requester_licence_number"],
            requester_name=members["requester_name"],
            certificates=tuple(re.findall("〔([^〔〕]*)〕", members["certificates"])),
            types=tuple(map(_parse_type, _TYPE.finditer(members["types"]))),
            item_code=members["item_code"],
            item_name=members["item_name"],
            case_number=members["case_number"],
            valid_from=_parse_time(members["valid_from"]),
            valid_until=_parse_time(members["valid_until"]),
            uses=_parse_number(members["uses"]),
            delegate=members["delegate"],
            nonce=members["nonce"],
        )
    except (GrantFormError, KeyError):
        raise GrantTextError("value") from None
    if render_grant(grant) != text:
        raise GrantTextError("not_canonical")
    return grant


def render_withdrawal(withdrawal: Withdrawal) -> str:
    """Return the text the holder signs to take a grant back."""
    return _WITHDRAWAL_TEMPLATE.format(
        holder_licence_number=withdrawal.holder_licence_number,
        grant_digest=withdrawal.grant_digest,
        nonce=withdrawal.nonce,
    )


def parse_withdrawal(text: str) -> Withdrawal:
    """Read a withdrawal's text; GrantTextError unless it is exactly what `render_withdrawal` makes."""
    members = _members(text, _WITHDRAWAL_PATTERN)
    try:
        withdrawal = Withdrawal(**members)
    except GrantFormError:
        raise GrantTextError("value") from None
    if render_withdrawal(withdrawal) != text:
        raise GrantTextError("not_canonical")
    return withdrawal


def _pattern(template: str) -> re.Pattern[str]:
    """Return the template as an expression: each place holds what its own brackets may hold, lists one line."""
    inside, line = {"「": r"[^「」\n]*", "〔": r"[^〔〕\n]*"}, r"[^\n]*"
    parts = re.split(r"\{(\w+)\}", template)
    pattern = re.escape(parts[0])
    for name, literal, before in zip(parts[1::2], parts[2::2], parts[0::2], strict=False):
        pattern += f"(?P<{name}>{inside.get(before[-1:], line)}){re.escape(literal)}"
    return re.compile(pattern)


_GRANT_PATTERN = _pattern(_GRANT_TEMPLATE)
_WITHDRAWAL_PATTERN = _pattern(_WITHDRAWAL_TEMPLATE)
_FIELD = re.compile("「([^「」]*)」〔([^〔〕]*)〕")
_TYPE = re.compile(f"「([^「」]*)」〔([^〔〕]*)〕第〔([^〔〕]*)〕版，字段：((?:{_FIELD.pattern}、?)+)")


def _members(text: str, pattern: re.Pattern[str]) -> dict[str, str]:
    if len(text) > MAX_TEXT_LENGTH:
        raise GrantTextError("length")
    statement_digest(text)
    if not unicodedata.is_normalized("NFC", text):
        raise GrantTextError("not_nfc")
    match = pattern.fullmatch(text)
    if match is None:
        raise GrantTextError("template")
    return match.groupdict()


def _render_type(granted: GrantedType) -> str:
    fields = "、".join(f"「{field.label_zh}」〔{field.name}〕" for field in granted.fields)
    return f"「{granted.name_zh}」〔{granted.code}〕第〔{granted.version}〕版，字段：{fields}"


def _parse_type(match: re.Match[str]) -> GrantedType:
    name_zh, code, version, fields = match.group(1, 2, 3, 4)
    named = tuple(GrantedField(name=name, label_zh=label) for label, name in _FIELD.findall(fields))
    return GrantedType(code=code, version=_parse_number(version), name_zh=name_zh, fields=named)


def _render_time(moment: datetime) -> str:
    return f"{moment.astimezone(_BEIJING):%Y年%m月%d日 %H时%M分%S秒}"


def _parse_time(text: str) -> datetime:
    match = _TIME.fullmatch(text)
    if match is None:
        raise GrantFormError("time", "form")
    year, month, day, hour, minute, second = map(int, match.groups())
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=_BEIJING).astimezone(UTC)
    except (ValueError, OverflowError):
        raise GrantFormError("time", "no such time") from None


def _parse_number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise GrantFormError("number", "form")
    return int(text)


def _form(member: str, value: str, pattern: re.Pattern[str]) -> None:
    if not pattern.fullmatch(value):
        raise GrantFormError(member, "form")


def _plain(member: str, value: str, max_length: int) -> None:
    """Refuse what could hide, reorder or close a bracket: the signer must see what is signed."""
    try:
        plain = parse_plain_text(value, max_length=max_length)
    except (TextControlError, TextFormError, TextLengthError):
        raise GrantFormError(member, "not plain text") from None
    if not value or plain != value:
        raise GrantFormError(member, "empty or with surrounding space")
    # The compatibility form also finds the half-width and vertical corner brackets, which look alike.
    if set("「」") & set(unicodedata.normalize("NFKC", value)):
        raise GrantFormError(member, "holds a corner bracket")


def _count(member: str, value: int, most: int) -> None:
    if type(value) is not int or not 1 <= value <= most:
        raise GrantFormError(member, "out of range")


def _distinct(member: str, values: tuple[str, ...] | list[str], *, at_least: int = 0) -> None:
    if len(values) < at_least or len(set(values)) != len(values):
        raise GrantFormError(member, "empty or named twice")


def _check_requester(kind: RequesterKind, licence_number: str) -> None:
    if kind not in get_args(RequesterKind):
        raise GrantFormError("requester_kind", "unknown")
    if kind == "person":
        if licence_number != NONE:
            raise GrantFormError("requester_licence_number", "a person has none")
    else:
        _form("requester_licence_number", licence_number, _LICENCE_NUMBER)


def _check_time(member: str, moment: datetime) -> None:
    if moment.utcoffset() != timedelta(0) or moment.microsecond:
        raise GrantFormError(member, "not UTC in whole seconds")
    if not _EARLIEST_YEAR <= moment.year < _LATEST_YEAR:
        raise GrantFormError(member, "out of range")
