"""The single cases behind a figure, newest or longest overdue first, a page at a time by key.

A case names a certificate by its identifier, a pull by its decision, a code by its redemption, a task by its number:
never a holder, a case number or a field.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any

from hub.errors import NotFoundError
from hub.steps.registry import Registry
from hub.store.columns import microseconds, moment_of
from hub.store.figure import FigureReader, Refusing
from hub.store.notice import NoticeReader
from hub.store.parties import PartyReader
from hub.supervision.figures.once_a_minute import MINUTE
from hub.supervision.figures.page_keys import read_number
from hub.supervision.figures.present import CONFLICTS, CORRECTIONS, SPENT, Counting, Lateness, scope_of
from schemas.certificate import civil_date
from schemas.clocks import ClockCode
from schemas.figures import FIGURES

PAGE = 50
# So many certificates are looked at for one page of late ones.
_LOOKED_AT = 2_000


@dataclass(frozen=True, slots=True)
class Case:
    """One case: when, of whom, what (a reason, a kind, a clock), about which act or certificate, by which day."""

    when: datetime
    who: str
    what: str
    about: str
    due_on: date | None = None


Page = tuple[list[Case], str | None]
"""Cases, and behind which key the next page begins; None: there is none."""


def list_cases(
    code: str, department: str | None, *, after: str, registry: Registry, now: datetime
) -> Mapping[str, Any]:
    """Return a page of the cases of a figure behind the key `after` ("" for the first).

    Raises NotFoundError figure_not_found for a figure without cases, or a key that is none.
    """
    if code not in FIGURES or not FIGURES[code].listed:
        raise NotFoundError("figure_not_found")
    registry.refuse_doubtful(now)
    with registry.database.read() as connection:
        parties = PartyReader(connection)
        counting = Counting(FigureReader(connection), parties, scope_of(department, parties), registry, now)
        try:
            cases, following = _LISTED[code](counting, NoticeReader(connection), after)
        except ValueError:
            raise NotFoundError("figure_not_found") from None
        names = counting.reader.names()
    return {
        "cases": [
            {
                "when": each.when.isoformat(),
                "who": each.who,
                "name_zh": names.get(each.who, ("", ""))[0],
                "name_en": names.get(each.who, ("", ""))[1],
                "what": each.what,
                "about": each.about,
                "due_on": each.due_on.isoformat() if each.due_on else None,
            }
            for each in cases
        ],
        "after": following,
    }


def _late(counting: Counting, _: NoticeReader, after: str) -> Page:
    late, registry = Lateness(counting.registry), counting.registry
    below = read_number(after) if after else 2**53
    found = counting.reader.ordered_singly(
        counting.since, counting.now + MINUTE, counting.scope.bodies, after=below, most=_LOOKED_AT
    )
    cases: list[tuple[int, Case]] = []
    for serial, identifier, body, decided, sealed_at in found:
        for clock in (ClockCode.PUBLICATION, ClockCode.CERTIFICATE_DELIVERY):
            if late(clock, decided, civil_date(sealed_at)):
                due = registry.due(clock, decided).on
                cases.append((serial, Case(sealed_at, body, str(clock), identifier, due)))
    if len(cases) > PAGE:
        # A certificate that is late by both clocks stands on one page.
        last = cases[PAGE - 1][0]
        return [case for serial, case in cases if serial >= last], str(last)
    return [case for _, case in cases], str(found[-1][0]) if len(found) == _LOOKED_AT else None


def _overdue(counting: Counting, notices: NoticeReader, after: str) -> Page:
    day, _, number = after.rpartition(".")
    behind = (date.fromisoformat(day), read_number(number)) if after else (date.min, 0)
    found = notices.overdue(civil_date(counting.now), recipients=counting.scope.recipients, after=behind, most=PAGE + 1)
    cases = [Case(each.recorded_at, each.recipient, each.kind, str(each.number), each.due_on) for each in found[:PAGE]]
    last = found[PAGE - 1] if len(found) > PAGE else None
    return cases, f"{last.due_on}.{last.number}" if last else None


def _told(kinds: tuple[str, ...]) -> Callable[[Counting, NoticeReader, str], Page]:
    def listed(counting: Counting, _: NoticeReader, after: str) -> Page:
        below = read_number(after) if after else 2**53
        found = counting.reader.told_below(kinds, counting.since, counting.scope.recipients, after=below, most=PAGE + 1)
        cases = [
            Case(when, recipient, state, str(number), due_on)
            for number, recipient, state, due_on, when in islice(found, PAGE)
        ]
        return cases, str(found[PAGE - 1][0]) if len(found) > PAGE else None

    return listed


def _refused(*of: Refusing, reasons: Collection[str] | None = None) -> Callable[[Counting, NoticeReader, str], Page]:
    def listed(counting: Counting, notices: NoticeReader, after: str) -> Page:
        moment, _, name = after.partition(".")
        behind = (moment_of(read_number(moment)), name[:43]) if after else None
        found = counting.reader.refused_below(
            of, counting.since, counting.scope.department, reasons=reasons, after=behind, most=PAGE + 1
        )
        cases = [Case(when, requester, reason, about) for about, requester, reason, when in found[:PAGE]]
        last = found[PAGE - 1] if len(found) > PAGE else None
        return cases, f"{microseconds(last[3])}.{last[0]}" if last else None

    return listed


_LISTED: Mapping[str, Callable[[Counting, NoticeReader, str], Page]] = {
    "published_late": _late,
    "overdue_tasks": _overdue,
    "correction_requests": _told(CORRECTIONS),
    "conflicts": _told(CONFLICTS),
    "refused_pulls": _refused("pulls"),
    "refused_codes": _refused("codes"),
    "shown_twice": _refused("pulls", "codes", reasons=SPENT),
}
