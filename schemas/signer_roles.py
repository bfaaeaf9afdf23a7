"""Who may sign what for an enterprise: what each role of the e-licence may do.

The roles are 法定代表人, 证照管理员 and 办事人 (the national e-licence's opertype, standards 3). A role acts by itself,
by a delegation that covers matter and time, or not at all.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal

Role = Literal["legal_representative", "manager", "agent"]
Right = Literal["own", "delegated"]
ROLE_WORDS: Mapping[Role, str] = {"legal_representative": "法定代表人", "manager": "证照管理员", "agent": "办事人"}

IdentityCheck = Literal["representative_present", "representative_by_letter"]
IDENTITY_CHECKS: tuple[IdentityCheck, ...] = ("representative_present", "representative_by_letter")
"""How a window checked who acts for an enterprise: its representative came, or sent somebody with a letter."""


class Deed(StrEnum):
    """What is signed for an enterprise."""

    GRANT = "grant"
    PRESENT = "present"
    CONFIRM = "confirm"
    ANSWER_REQUEST = "answer_request"
    ASK = "ask"
    WITHDRAW = "withdraw"
    DELEGATE = "delegate"
    CONFIRM_DELEGATIONS = "confirm_delegations"
    END_ALL = "end_all"


_GIVEN: Mapping[Role, Right] = {"legal_representative": "own", "manager": "own", "agent": "delegated"}
_KEPT: Mapping[Role, Right] = {"legal_representative": "own", "manager": "own"}
RIGHTS: Mapping[Deed, Mapping[Role, Right]] = {
    Deed.GRANT: _GIVEN,
    Deed.PRESENT: _GIVEN,
    Deed.CONFIRM: _GIVEN,
    Deed.ANSWER_REQUEST: _GIVEN,
    # An agent takes back what he gave himself.
    Deed.WITHDRAW: _GIVEN,
    Deed.ASK: _KEPT,
    Deed.DELEGATE: _KEPT,
    Deed.CONFIRM_DELEGATIONS: {"legal_representative": "own"},
    Deed.END_ALL: _KEPT,
}
