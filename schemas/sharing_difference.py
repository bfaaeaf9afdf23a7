"""What a sheet of sharing lines would do to the table: each line added, narrowed, widened, ended, removed, unchanged.

Only what takes something away stands at once. What is added, or gives more or for another purpose than the version that
stands, waits for its providers, whoever put the sheet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from schemas.canonical import canonical_digest
from schemas.sharing import RuleState, SharingRule, in_force, live, narrows, ordered_line

_ONE_DAY = timedelta(days=1)


class Effect(StrEnum):
    """What becomes of a line: added 新增, narrowed 收窄, widened 扩大, ended 终止, removed 移除, unchanged 不变."""

    ADDED = "added"
    NARROWED = "narrowed"
    WIDENED = "widened"
    ENDED = "ended"
    REMOVED = "removed"
    UNCHANGED = "unchanged"


_WORDS: Mapping[Effect, tuple[str, str]] = {
    Effect.ADDED: ("新增，待数源部门同意", "added, to be approved by its providers"),
    Effect.NARROWED: ("收窄，即时生效", "narrowed, stands at once"),
    Effect.WIDENED: (
        "扩大或改变用途，待数源部门同意",
        "widened or for another purpose, to be approved by its providers",
    ),
    Effect.ENDED: ("写明失效日期，即时生效", "given its last day, stands at once"),
    Effect.REMOVED: ("表中未列，当日终止", "not in the sheet, ended with this day"),
    Effect.UNCHANGED: ("不变", "unchanged"),
}


@dataclass(frozen=True, slots=True)
class LineChange:
    """What happens to one line: the version to be put, the one that counts for it now, and all that there are."""

    effect: Effect
    rule: SharingRule
    before: SharingRule | None
    versions: Sequence[SharingRule]

    @property
    def waits(self) -> bool:
        """Whether it gives nothing before its providers have approved it."""
        return self.effect in (Effect.ADDED, Effect.WIDENED)

    def content(self) -> dict[str, Any]:
        """Return it in codes, days and words, with the digest (SHA-256, hex) of all that the version would say."""
        had, given = (_shown(each) for each in (self.before, self.rule))
        zh, en = _WORDS[self.effect]
        line = ordered_line(replace(self.rule, version=0))
        before = {} if self.before is None else ordered_line(self.before)
        changed = [name for name, value in line.items() if before and name != "version" and before[name] != value]
        return {
            "code": self.rule.code,
            "change": str(self.effect),
            "zh": zh,
            "en": en,
            "requester": self.rule.requester,
            "item_code": self.rule.item_code,
            "providers": sorted(set(self.rule.providers.values())),
            "follows": self.before.version if self.before else None,
            "changed": changed,
            "fields_added": sorted(given - had),
            "fields_ended": sorted(had - given),
            "until_on": line["until_on"],
            "sha256": canonical_digest(line),
        }

    def given(self, today: date) -> list[SharingRule]:
        """Return what the line gives or may give from now on: the version, and those before as long as they count."""
        if self.effect is Effect.UNCHANGED:
            return live(self.versions, today)
        state = RuleState.ASKED if self.waits else RuleState.APPROVED
        last = max((each.version for each in self.versions), default=0)
        return live([*self.versions, replace(self.rule, version=last + 1, state=state)], today)


def compare_rule(rule: SharingRule, versions: Sequence[SharingRule], today: date) -> LineChange:
    """Return what putting `rule` would do to the line whose versions these are.

    A version that waits already, or stands, as the sheet has it, is put no second time.
    """
    alive, standing = live(versions, today), _standing(versions, today)
    if alive and _ordered(alive[-1]) == _ordered(rule):
        return LineChange(Effect.UNCHANGED, rule, alive[-1], versions)
    if standing is None:
        return LineChange(Effect.ADDED, rule, None, versions)
    if not narrows(rule, standing):
        return LineChange(Effect.WIDENED, rule, standing, versions)
    is_end = _ordered(replace(rule, until_on=standing.until_on)) == _ordered(standing)
    return LineChange(Effect.ENDED if is_end else Effect.NARROWED, rule, standing, versions)


def remove_rule(versions: Sequence[SharingRule], today: date) -> LineChange | None:
    """Return the end of a line that is no more to be: with this day. None where nothing of it stands."""
    standing = _standing(versions, today)
    last = None if standing is None else max(today, standing.from_on - _ONE_DAY)
    if standing is None or last is None or (standing.until_on is not None and standing.until_on <= last):
        return None
    return LineChange(Effect.REMOVED, replace(standing, until_on=last), standing, versions)


def _standing(versions: Sequence[SharingRule], today: date) -> SharingRule | None:
    found = in_force(versions, today)
    return found if found is not None and found.state is RuleState.APPROVED else None


def _ordered(rule: SharingRule) -> dict[str, Any]:
    """Return what a version was ordered by, whichever number it has, fields in one order."""
    fields = {code: tuple(sorted(names)) for code, names in rule.fields.items()}
    return ordered_line(replace(rule, fields=fields, version=0))


def _shown(rule: SharingRule | None) -> set[str]:
    fields = rule.fields if rule else {}
    return {f"{code}:{name}" for code, names in fields.items() for name in (*names, "")}
