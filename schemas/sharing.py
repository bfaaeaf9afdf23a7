"""The sharing table (共享规则): its lines, how a line's versions follow each other, and what may be answered to one.

A line lets one requester pull some fields of some certificate types for one item, by one law. Each version of it waits
until the provider (数源部门) of every type has approved it; one that only narrows an approved version needs no second
approval. A version is never changed: the next one supersedes it from its own first day.
Source: 政务数据共享条例 (Order 809): classes, answer with reasons, no wider and no other use.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any

from schemas.canonical import canonical_digest
from schemas.catalogue import SharingClass

_ONE_DAY = timedelta(days=1)


class RuleState(StrEnum):
    """How a version of a line stands: asked 待答复, approved 已同意, refused 不同意, ended 已终止."""

    ASKED = "asked"
    APPROVED = "approved"
    REFUSED = "refused"
    ENDED = "ended"


class RuleAnswer(StrEnum):
    """What a provider says: yes or no to a version that waits; that a line goes on, or that it ends."""

    APPROVE = "approve"
    REFUSE = "refuse"
    CONFIRM = "confirm"
    END = "end"


class AnswerReason(StrEnum):
    """Why a provider refuses or ends a line: a closed list, so that requesters can act on it; words stand beside it."""

    NO_LEGAL_BASIS = "no_legal_basis"
    BEYOND_DUTIES = "beyond_duties"
    NOT_HELD = "not_held"
    NOT_TO_BE_SHARED = "not_to_be_shared"
    UNCLEAR = "unclear"
    NOT_NEEDED = "not_needed"
    MISUSED = "misused"


class ReviewReason(StrEnum):
    """Why a reviewer finds a statutory pull not justified: a closed list; words stand beside it."""

    NO_SUCH_CASE = "no_such_case"
    OTHER_HOLDER = "other_holder"
    BEYOND_ITEM = "beyond_item"
    NOT_NEEDED = "not_needed"
    NO_ANSWER = "no_answer"


@dataclass(frozen=True, slots=True)
class SharingRule:
    """One version of a line: this requester may pull these fields for this item, by this law.

    `fields` maps a certificate type to field names, `providers` the type to the department that answers for it;
    `case_pattern` is the form of the item's case numbers. A case belongs to one holder unless there may be `many`.
    `daily_cap` is how many pulls a system may make on it in a day, `reviewer` the department that reviews a share of
    them. After `confirmed_until` it is frozen until its providers confirm it.
    """

    code: str
    requester: str
    item_code: str
    item_name: str
    legal_basis: str
    case_pattern: str
    fields: Mapping[str, tuple[str, ...]]
    from_on: date
    until_on: date | None
    version: int = 1
    sharing_class: SharingClass = SharingClass.CONDITIONAL
    providers: Mapping[str, str] = field(default_factory=dict)
    many_holders: bool = False
    daily_cap: int | None = None
    reviewer: str | None = None
    state: RuleState = RuleState.ASKED
    confirmed_until: date | None = None

    def stands(self, today: date) -> bool:
        """Say whether it is approved, in force and confirmed on that day."""
        in_time = self.from_on <= today <= (self.until_on or today)
        is_confirmed = self.confirmed_until is not None and today <= self.confirmed_until
        return self.state is RuleState.APPROVED and in_time and is_confirmed


def ordered_line(rule: SharingRule) -> dict[str, Any]:
    """Return a version as it was ordered, without what became of it since: days in ISO 8601, lists of field names."""
    line = asdict(rule) | {"fields": {code: list(names) for code, names in rule.fields.items()}}
    line |= {name: line[name] and line[name].isoformat() for name in ("from_on", "until_on")}
    line |= {"sharing_class": str(rule.sharing_class), "providers": dict(rule.providers)}
    return {name: value for name, value in line.items() if name not in ("state", "confirmed_until")}


def sealed_line(rule: SharingRule, approved: str | None) -> str:
    """Return what the entry of a version seals: SHA-256 (hex) over the canonical JSON of it as it was ordered.

    `approved` is the digest over the approvals of two persons, where the operator put it: both are sealed as one.
    """
    return canonical_digest(ordered_line(rule) | ({"approved": approved} if approved else {}))


def sealed_sheet(rules: Iterable[SharingRule], approved: str | None) -> str:
    """Return what the entry of a sheet seals: SHA-256 (hex) over the digests of its versions, and what approved it."""
    lines = sorted(sealed_line(each, None) for each in rules)
    return canonical_digest({"lines": lines} | ({"approved": approved} if approved else {}))


def narrows(new: SharingRule, old: SharingRule) -> bool:
    """Say whether all that `new` gives `old` gives too, for the same purpose, at the same providers' word."""
    same = ("code", "requester", "item_code", "item_name", "legal_basis", "case_pattern", "reviewer")
    return (
        all(getattr(new, name) == getattr(old, name) for name in same)
        and all(set(names) <= set(old.fields.get(code, ())) for code, names in new.fields.items())
        and all(code in old.fields and old.providers.get(code) == new.providers[code] for code in new.fields)
        and (new.sharing_class is old.sharing_class or new.sharing_class is SharingClass.CONDITIONAL)
        and new.from_on >= old.from_on
        and (old.until_on is None or (new.until_on is not None and new.until_on <= old.until_on))
        and (old.many_holders or not new.many_holders)
        and (old.daily_cap is None or (new.daily_cap is not None and new.daily_cap <= old.daily_cap))
    )


def in_force(versions: Sequence[SharingRule], today: date) -> SharingRule | None:
    """Return the version of one line that counts today: the newest approved one that has begun.

    Without one: the approved one that begins first, or the newest, whose state says why nothing may be pulled on it.
    """
    approved = sorted((each for each in versions if each.state is RuleState.APPROVED), key=lambda each: each.version)
    begun = [each for each in approved if each.from_on <= today]
    if begun:
        return begun[-1]
    return approved[0] if approved else max(versions, key=lambda each: each.version, default=None)


def live(versions: Sequence[SharingRule], today: date) -> list[SharingRule]:
    """Return the versions of one line by which something is given from today on or may be, in their order.

    The newest approved one, what waits after it, and an older one until the day before a newer one takes its place.
    """
    approved = sorted((each for each in versions if each.state is RuleState.APPROVED), key=lambda each: each.version)
    after = approved[-1].version if approved else 0
    found = [*approved[-1:], *(each for each in versions if each.state is RuleState.ASKED and each.version > after)]
    last = date.max
    for older, newer in reversed([*pairwise(approved)]):
        last = min(last, newer.from_on - _ONE_DAY)
        if last >= max(older.from_on, today):
            found.append(replace(older, until_on=min(older.until_on or last, last)))
    return sorted(found, key=lambda each: each.version)


def conflicts(one: SharingRule, other: SharingRule) -> bool:
    """Say whether two lines give one requester, for one item and on one day, the same type in two ways."""
    if (one.requester, one.item_code) != (other.requester, other.item_code) or not _overlap(one, other):
        return False
    return any(
        one.sharing_class is not other.sharing_class or set(one.fields[code]) != set(other.fields[code])
        for code in one.fields.keys() & other.fields.keys()
    )


def _overlap(one: SharingRule, other: SharingRule) -> bool:
    return one.from_on <= (other.until_on or date.max) and other.from_on <= (one.until_on or date.max)
