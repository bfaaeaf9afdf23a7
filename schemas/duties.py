"""What a person may order by his duty (职责): one table, asked by every door that takes a statement which names him.

Desk work is issuing and changing (制证) or pulling (用证); who watches or answers for rights does none of it, and who
speaks for a provider (审批) answers what others ask for. Whether the system may is another question (`Role`).
"""

from collections.abc import Mapping

from schemas.parties import Duty
from schemas.statement import Ordered

_WORD = frozenset({Ordered.ANSWER_TASK, Ordered.ASK_CORRECTION})
_ISSUING = frozenset(
    {
        Ordered.ISSUE, Ordered.CHANGE_STATUS, Ordered.IMPORT, Ordered.UNDO_IMPORT, Ordered.TAKE_IN, Ordered.ANNOTATE,
        Ordered.RELATE, Ordered.REGISTER, Ordered.ERASE, Ordered.RETIRE, Ordered.RESEAL, Ordered.END_ALL,
    }
)  # fmt: skip
_PULLING = frozenset(
    {
        Ordered.PULL, Ordered.COMPARE, Ordered.ASK_PREDICATE, Ordered.DOWNLOAD, Ordered.OPEN_LINK, Ordered.PULL_BATCH,
        Ordered.CANCEL_BATCH, Ordered.REDEEM, Ordered.REQUEST_GRANT, Ordered.WITNESS_GRANT, Ordered.DEFER,
    }
)  # fmt: skip
_ASKING = frozenset({Ordered.SHARE, Ordered.SHARE_SHEET})
_ANSWERING = frozenset({Ordered.ANSWER_SHARE, Ordered.ANSWER_REVIEW})
_RIGHTS = frozenset(Ordered) - _ISSUING - _PULLING - _ANSWERING - _WORD

MAY_ORDER: Mapping[Duty, frozenset[Ordered]] = {
    Duty.CASE: frozenset(Ordered),
    Duty.ISSUE: _ISSUING | _WORD,
    Duty.PULL: _PULLING | _ASKING | _WORD,
    Duty.APPROVE: _ASKING | _ANSWERING | _WORD,
    # Changes of rights name whoever prepared them; two persons' approvals stand beside them (`schemas/approval.py`).
    Duty.SYSTEM: _RIGHTS,
    Duty.SECURITY: _RIGHTS,
    Duty.AUDIT: frozenset(),
}
"""Duty → the acts that a statement which names such an officer may order."""


def may_order(duty: Duty, act: Ordered) -> bool:
    """Say whether an officer of this duty may order such an act."""
    return act in MAY_ORDER[duty]


def may_second(duty: Duty, act: Ordered) -> bool:
    """Say whether he may sign beside another who orders it: who may order it himself, or who approves."""
    return duty is Duty.APPROVE or may_order(duty, act)
