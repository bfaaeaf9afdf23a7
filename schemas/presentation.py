"""Presentations and their confirmations: what an enterprise signs to show certificates once, at a window, with a code.

A presentation gives a scope for minutes and for one use. It names who may use it, or leaves that to a confirmation: a
second sentence over who asks, at which window, for which fields. Neither holds the code itself.
Texts are those of `schemas/sentence.py`. Not checked here: signatures, codes, whether the parties exist;
`hub/enterprise/presentations.py` does. Source of the limits: design, glossary (one-time, minutes-long, over a signed
scope).
"""

import re
from dataclasses import dataclass
from datetime import datetime

from schemas.granted import (
    GrantedType,
    check_scope,
    parse_certificates,
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

ASKED_LATER = "出示时由出示方另行确认"

_PRESENTATION_TEMPLATE = """\
一照通行电子证照出示授权书（第1版）
出示方（持证主体）：「{holder_name}」，统一社会信用代码〔{holder_licence_number}〕。
用证方：{requester}。
出示的单张证照（含证照上除不予共享以外的全部内容）：{certificates}。
出示的证照类型及其字段：{types}。
出示期限：自〔{valid_from}〕起，至〔{valid_until}〕止（北京时间）。
出示次数：一次。
出示授权书编号：〔{nonce}〕。
上面没有写明用证方的，须经出示方确认用证方、窗口和字段，用证方才可以取得证照。出示方可以随时撤回。"""

_CONFIRMATION_TEMPLATE = """\
一照通行电子证照出示确认书（第1版）
确认方（持证主体）：统一社会信用代码〔{holder_licence_number}〕。
所确认的出示授权书摘要（SHA-256）：〔{presentation}〕。
用证方：部门「{requester_name}」，统一社会信用代码〔{requester_licence_number}〕，窗口「{window}」，经办人「{officer}」。
用途：事项编码「{item_code}」，办件编号「{case_number}」，不得用于其他用途。
同意提供的证照类型及其字段：{types}。
确认书编号：〔{nonce}〕。
确认之后，上述用证方可以凭该出示码取得证照一次。"""

_REQUESTER = re.compile("部门「([^「」\n]*)」，统一社会信用代码〔([^〔〕\n]*)〕")


@dataclass(frozen=True, slots=True)
class Presentation:
    """What the holder shows, for whom and until when; both members of the requester are None where it is asked later.

    Times are aware UTC in whole seconds, the end excluded. Raises SentenceFormError when a member breaks its rule.
    """

    holder_licence_number: str
    holder_name: str
    requester_licence_number: str | None
    requester_name: str | None
    certificates: tuple[str, ...]
    types: tuple[GrantedType, ...]
    valid_from: datetime
    valid_until: datetime
    nonce: str

    def __post_init__(self) -> None:
        check_form("holder_licence_number", self.holder_licence_number, LICENCE_NUMBER)
        check_plain("holder_name", self.holder_name, 200)
        if (self.requester_licence_number is None) != (self.requester_name is None):
            raise SentenceFormError("requester_name", "named by half")
        if self.requester_licence_number is not None and self.requester_name is not None:
            check_form("requester_licence_number", self.requester_licence_number, LICENCE_NUMBER)
            check_plain("requester_name", self.requester_name, 200)
        check_scope(self.certificates, self.types)
        check_moment("valid_from", self.valid_from)
        check_moment("valid_until", self.valid_until)
        if self.valid_until <= self.valid_from:
            raise SentenceFormError("valid_until", "not after valid_from")
        check_form("nonce", self.nonce, NONCE)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The holder releases a presentation, named by its digest, to who asked. Raises SentenceFormError."""

    holder_licence_number: str
    presentation: str
    requester_licence_number: str
    requester_name: str
    window: str
    officer: str
    item_code: str
    case_number: str
    types: tuple[GrantedType, ...]
    nonce: str

    def __post_init__(self) -> None:
        check_form("holder_licence_number", self.holder_licence_number, LICENCE_NUMBER)
        check_form("presentation", self.presentation, DIGEST)
        check_form("requester_licence_number", self.requester_licence_number, LICENCE_NUMBER)
        check_plain("requester_name", self.requester_name, 200)
        for member in ("window", "officer", "item_code"):
            check_plain(member, getattr(self, member), 64)
        check_plain("case_number", self.case_number, 128)
        check_scope((), self.types)
        check_form("nonce", self.nonce, NONCE)


def render_presentation(presentation: Presentation) -> str:
    """Return the text the holder signs; its UTF-8 bytes are what the signature is over."""
    number, name = presentation.requester_licence_number, presentation.requester_name
    return _PRESENTATION_TEMPLATE.format(
        holder_name=presentation.holder_name,
        holder_licence_number=presentation.holder_licence_number,
        requester=ASKED_LATER if number is None else f"部门「{name}」，统一社会信用代码〔{number}〕",
        certificates=render_certificates(presentation.certificates),
        types=render_types(presentation.types),
        valid_from=render_moment(presentation.valid_from),
        valid_until=render_moment(presentation.valid_until),
        nonce=presentation.nonce,
    )


def parse_presentation(text: str) -> Presentation:
    """Read a presentation's text; SentenceTextError unless it is exactly what `render_presentation` makes."""
    members = read_members(text, _PRESENTATION_PATTERN)
    requester = _REQUESTER.fullmatch(members["requester"])
    try:
        presentation = Presentation(
            holder_licence_number=members["holder_licence_number"],
            holder_name=members["holder_name"],
            requester_licence_number=requester[2] if requester else None,
            requester_name=requester[1] if requester else None,
            certificates=parse_certificates(members["certificates"]),
            types=parse_types(members["types"]),
            valid_from=parse_moment(members["valid_from"]),
            valid_until=parse_moment(members["valid_until"]),
            nonce=members["nonce"],
        )
    except SentenceFormError:
        raise SentenceTextError("value") from None
    if render_presentation(presentation) != text:
        raise SentenceTextError("not_canonical")
    return presentation


def render_confirmation(confirmation: Confirmation) -> str:
    """Return the text the holder signs to release what it presents."""
    members = {name: getattr(confirmation, name) for name in Confirmation.__slots__}
    return _CONFIRMATION_TEMPLATE.format(**(members | {"types": render_types(confirmation.types)}))


def parse_confirmation(text: str) -> Confirmation:
    """Read a confirmation's text; SentenceTextError unless it is exactly what `render_confirmation` makes."""
    members = read_members(text, _CONFIRMATION_PATTERN)
    types = members.pop("types")
    try:
        confirmation = Confirmation(**members, types=parse_types(types))
    except SentenceFormError:
        raise SentenceTextError("value") from None
    if render_confirmation(confirmation) != text:
        raise SentenceTextError("not_canonical")
    return confirmation


_PRESENTATION_PATTERN = template_pattern(_PRESENTATION_TEMPLATE)
_CONFIRMATION_PATTERN = template_pattern(_CONFIRMATION_TEMPLATE)
