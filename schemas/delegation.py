"""Delegations: who may act for an enterprise, in which matter, until when; their withdrawal, and their confirmation.

An agent (办事人) is known by the serial of its e-licence cert. After a change of the legal representative a delegation
is frozen until the new one confirms it by name.
Texts are those of `schemas/sentence.py`. Not checked here: signatures, and that the cert is anybody's.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from schemas.granted import NONE
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

MOST_CONFIRMED = 200
_SERIAL = re.compile(r"[0-9a-f]{1,40}")
_ITEM_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/-]{0,63}")
_MANAGER_WORDS = {True: "继续有效", False: "不再有效"}

_DELEGATION_TEMPLATE = """\
一照通行电子证照委托书（第1版）
委托方（持证主体）：「{holder_name}」，统一社会信用代码〔{holder_licence_number}〕。
受托人：办事人「{delegate}」，其电子营业执照证书序列号〔{cert_serial}〕。
委托事项：「{item_name}」，事项编码〔{item_code}〕。
委托权限：为办理上述事项，代委托方授权他人取得证照、出示证照；不得转委托。
委托期限：自〔{valid_from}〕起，至〔{valid_until}〕止（北京时间）。
委托书编号：〔{nonce}〕。
委托方可以随时撤回；法定代表人变更的，未经新任法定代表人确认，本委托及凭本委托给出的授权停止使用。"""

_WITHDRAWAL_TEMPLATE = """\
一照通行电子证照委托撤回书（第1版）
撤回方（持证主体）：统一社会信用代码〔{holder_licence_number}〕。
撤回的委托书摘要（SHA-256）：〔{delegation}〕。
撤回书编号：〔{nonce}〕。
自本撤回书送达之时起，受托人不得再代为授权或出示，凭该委托给出的授权停止使用。"""

_CONFIRMATION_TEMPLATE = """\
一照通行电子证照委托确认书（第1版）
确认方（持证主体）：统一社会信用代码〔{holder_licence_number}〕，现任法定代表人。
继续有效的委托书摘要（SHA-256）：{delegations}。
证照管理员：〔{managers}〕。
确认书编号：〔{nonce}〕。
法定代表人变更之前作出、没有列在上面的委托，不再有效。"""


@dataclass(frozen=True, slots=True)
class Delegation:
    """An agent may give and show for the holder, in one matter, until an end (excluded). Raises SentenceFormError."""

    holder_licence_number: str
    holder_name: str
    delegate: str
    cert_serial: str
    item_code: str
    item_name: str
    valid_from: datetime
    valid_until: datetime
    nonce: str

    def __post_init__(self) -> None:
        check_form("holder_licence_number", self.holder_licence_number, LICENCE_NUMBER)
        check_plain("holder_name", self.holder_name, 200)
        check_plain("delegate", self.delegate, 100)
        check_form("cert_serial", self.cert_serial, _SERIAL)
        check_form("item_code", self.item_code, _ITEM_CODE)
        check_plain("item_name", self.item_name, 200)
        check_moment("valid_from", self.valid_from)
        check_moment("valid_until", self.valid_until)
        if self.valid_until <= self.valid_from:
            raise SentenceFormError("valid_until", "not after valid_from")
        check_form("nonce", self.nonce, NONCE)


@dataclass(frozen=True, slots=True)
class DelegationWithdrawal:
    """The holder takes a delegation, named by its digest, back. Raises SentenceFormError."""

    holder_licence_number: str
    delegation: str
    nonce: str

    def __post_init__(self) -> None:
        check_form("holder_licence_number", self.holder_licence_number, LICENCE_NUMBER)
        check_form("delegation", self.delegation, DIGEST)
        check_form("nonce", self.nonce, NONCE)


@dataclass(frozen=True, slots=True)
class DelegationConfirmation:
    """The new legal representative says which delegations go on, by digest, and whether managers do."""

    holder_licence_number: str
    delegations: tuple[str, ...]
    managers: bool
    nonce: str

    def __post_init__(self) -> None:
        check_form("holder_licence_number", self.holder_licence_number, LICENCE_NUMBER)
        for digest in self.delegations:
            check_form("delegations", digest, DIGEST)
        if len(set(self.delegations)) != len(self.delegations) or len(self.delegations) > MOST_CONFIRMED:
            raise SentenceFormError("delegations", "too many or named twice")
        check_form("nonce", self.nonce, NONCE)


def render_delegation(delegation: Delegation) -> str:
    """Return the text the holder signs to delegate."""
    members = {name: getattr(delegation, name) for name in Delegation.__slots__}
    for name in ("valid_from", "valid_until"):
        members[name] = render_moment(members[name])
    return _DELEGATION_TEMPLATE.format(**members)


def parse_delegation(text: str) -> Delegation:
    """Read a delegation's text; SentenceTextError unless it is exactly what `render_delegation` makes."""
    members = read_members(text, _DELEGATION_PATTERN)
    try:
        delegation = Delegation(
            holder_licence_number=members["holder_licence_number"],
            holder_name=members["holder_name"],
            delegate=members["delegate"],
            cert_serial=members["cert_serial"],
            item_code=members["item_code"],
            item_name=members["item_name"],
            valid_from=parse_moment(members["valid_from"]),
            valid_until=parse_moment(members["valid_until"]),
            nonce=members["nonce"],
        )
    except SentenceFormError:
        raise SentenceTextError("value") from None
    if render_delegation(delegation) != text:
        raise SentenceTextError("not_canonical")
    return delegation


def render_delegation_withdrawal(withdrawal: DelegationWithdrawal) -> str:
    """Return the text the holder signs to take a delegation back."""
    return _WITHDRAWAL_TEMPLATE.format(
        holder_licence_number=withdrawal.holder_licence_number,
        delegation=withdrawal.delegation,
        nonce=withdrawal.nonce,
    )


def parse_delegation_withdrawal(text: str) -> DelegationWithdrawal:
    """Read a withdrawal's text; SentenceTextError unless it is exactly what `render_delegation_withdrawal` makes."""
    try:
        withdrawal = DelegationWithdrawal(**read_members(text, _WITHDRAWAL_PATTERN))
    except SentenceFormError:
        raise SentenceTextError("value") from None
    if render_delegation_withdrawal(withdrawal) != text:
        raise SentenceTextError("not_canonical")
    return withdrawal


def render_delegation_confirmation(confirmation: DelegationConfirmation) -> str:
    """Return the text the new legal representative signs."""
    return _CONFIRMATION_TEMPLATE.format(
        holder_licence_number=confirmation.holder_licence_number,
        delegations="、".join(f"〔{digest}〕" for digest in confirmation.delegations) or NONE,
        managers=_MANAGER_WORDS[confirmation.managers],
        nonce=confirmation.nonce,
    )


def parse_delegation_confirmation(text: str) -> DelegationConfirmation:
    """Read a confirmation's text; SentenceTextError unless it is exactly what its rendering makes."""
    members = read_members(text, _CONFIRMATION_PATTERN)
    words = {word: goes_on for goes_on, word in _MANAGER_WORDS.items()}
    try:
        confirmation = DelegationConfirmation(
            holder_licence_number=members["holder_licence_number"],
            delegations=tuple(re.findall("〔([^〔〕]*)〕", members["delegations"])),
            managers=words[members["managers"]],
            nonce=members["nonce"],
        )
    except (SentenceFormError, KeyError):
        raise SentenceTextError("value") from None
    if render_delegation_confirmation(confirmation) != text:
        raise SentenceTextError("not_canonical")
    return confirmation


_DELEGATION_PATTERN = template_pattern(_DELEGATION_TEMPLATE)
_WITHDRAWAL_PATTERN = template_pattern(_WITHDRAWAL_TEMPLATE)
_CONFIRMATION_PATTERN = template_pattern(_CONFIRMATION_TEMPLATE)
