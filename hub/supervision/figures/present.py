"""The figures of the present: counted from recorded rows over the last days, for the whole hub or for one department.

They are counted at most once a minute for each of whom they are shown to (`Figures`). Every question is one by an
index: of 1,000,000 certificates, with 50,000 of them and 75,000 pulls in the span, it takes about a second of a core.
No holder, case or field is in them, and lines stand in the order of their names: nobody is ranked.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from hub.steps.notices import NoticeKind
from hub.steps.registry import Registry
from hub.store.figure import FigureReader
from hub.store.parties import PartyReader
from hub.supervision.figures.once_a_minute import MINUTE, OnceAMinute
from schemas.certificate import Act, Cause, civil_date
from schemas.clocks import ClockCode
from schemas.figures import FIGURES, SPAN, is_unusual, percentile, usual_week
from schemas.wording import NOTICES
from signing.x509 import read_cert_unverified

CONFLICTS = (NoticeKind.CONFLICT.value, NoticeKind.UNCLASSIFIED.value)
CORRECTIONS = (NoticeKind.CORRECTION_ASKED.value,)
_WEEK, _FOUR_WEEKS = timedelta(days=7), timedelta(days=28)
SPENT = frozenset({"code_redeemed", "grant_used_up"})

Values = Mapping[str, int | None]
Lines = Mapping[str, Values]


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose figures these are: one department's with its issuing bodies, or, both None, those of all."""

    department: str | None
    bodies: tuple[str, ...] | None

    @property
    def recipients(self) -> tuple[str, ...] | None:
        """Who is told what the department is to do; None: everybody."""
        return None if self.bodies is None or self.department is None else (self.department, *self.bodies)


@dataclass(frozen=True, slots=True)
class Counting:
    """What the figures are counted with."""

    reader: FigureReader
    parties: PartyReader
    scope: Scope
    registry: Registry
    now: datetime
    # What two figures each are counted from, read once, as `FigureReader` returns it.
    decided: Sequence[tuple[str, date, date, int]] = ()
    changed: Sequence[tuple[str, str, str | None, date, date, int]] = ()
    refused_pulls: Sequence[tuple[str, int]] = ()
    refused_codes: Sequence[tuple[str, int]] = ()

    @property
    def since(self) -> datetime:
        return self.now - SPAN


class Figures:
    """The figures as everybody is shown them, counted at most once a minute; `as_of` says when."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._counted = OnceAMinute[dict[str, Any]]()

    def __call__(self, department: str | None, now: datetime) -> dict[str, Any]:
        """Return the figures of a department, or of all."""
        count = partial(count_present, department, registry=self._registry, now=now)
        return self._counted(department, count, now)[1]


def count_present(department: str | None, *, registry: Registry, now: datetime) -> dict[str, Any]:
    """Count all figures of one department, or of all. Raises StoreError while the store is in doubt."""
    registry.refuse_doubtful(now)
    with registry.database.snapshot() as connection:
        reader, parties = FigureReader(connection), PartyReader(connection)
        counting = _read(Counting(reader, parties, scope_of(department, parties), registry, now))
        names = reader.names()
        figures = [_figure(code, [*counted(counting)], names, registry) for code, counted in _COUNTED.items()]
    return {
        "as_of": now.isoformat(),
        "since": counting.since.isoformat(),
        "department": department,
        "name_zh": names.get(department, ("", ""))[0] if department else "",
        "name_en": names.get(department, ("", ""))[1] if department else "",
        "figures": figures,
    }


def _read(counting: Counting) -> Counting:
    """Return the counting with what more than one figure is counted from."""
    reader, scope, since, before = counting.reader, counting.scope, counting.since, counting.now + MINUTE
    return replace(
        counting,
        decided=reader.decided(since, before, scope.bodies),
        changed=reader.changed(since, scope.bodies),
        refused_pulls=reader.refused_pulls(since, before, scope.department),
        refused_codes=reader.refused_codes(since, scope.department),
    )


def scope_of(department: str | None, parties: PartyReader) -> Scope:
    """Return whose figures a department's are: its own and those of its bodies, in being or not."""
    return Scope(department, None if department is None else tuple(sorted(parties.bodies_of(department))))


# --- timely -----------------------------------------------------------------------------------------------------


def _decided_to_visible(counting: Counting) -> Iterable[tuple[str, Values]]:
    days: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for body, decided, seen, count in counting.decided:
        days[body][max((seen - decided).days, 0)] += count
    return _spread(days)


def _published_late(counting: Counting) -> Iterable[tuple[str, Values]]:
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    late = Lateness(counting.registry)
    for body, decided, seen, count in counting.decided:
        counts[body]["late_publication"] += count * late(ClockCode.PUBLICATION, decided, seen)
        counts[body]["late_delivery"] += count * late(ClockCode.CERTIFICATE_DELIVERY, decided, seen)
    return sorted(counts.items())


def _changed_to_visible(counting: Counting) -> Iterable[tuple[str, Values]]:
    days: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for body, act, _, decided, seen, count in counting.changed:
        if act != Act.SUPERSEDE:
            days[body][max((seen - decided).days, 0)] += count
    return _spread(days)


def _filed_to_visible(counting: Counting) -> Iterable[tuple[str, Values]]:
    seconds: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for of, ordered_at, finished_at in counting.reader.filed(counting.since, counting.scope.bodies):
        seconds[of][max(int((finished_at - ordered_at).total_seconds()), 0)] += 1
    return _spread(seconds, "seconds")


def _overdue_tasks(counting: Counting) -> Iterable[tuple[str, Values]]:
    found = counting.reader.overdue(civil_date(counting.now), counting.scope.recipients)
    return [(kind, {"count": count}) for kind, count in sorted(found)]


class Lateness:
    """Says whether something was seen after the last day of a legal clock; each last day is worked out once."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._due: dict[tuple[ClockCode, date], date] = {}

    def __call__(self, clock: ClockCode, decided: date, seen: date) -> bool:
        if (clock, decided) not in self._due:
            self._due[clock, decided] = self._registry.due(clock, decided).on
        return seen > self._due[clock, decided]


def _spread(values: Mapping[str, Counter[int]], unit: str = "days") -> Iterable[tuple[str, Values]]:
    """Return a line for each body, and first that of all, which has no name: percentiles cannot be added up."""
    every = sum(values.values(), Counter[int]())
    for of, counts in [("", every), *sorted(values.items())] if values else []:
        spread = {f"p{each}_{unit}": percentile(counts, each) for each in (50, 95)}
        yield of, {**spread, "count": counts.total()}


# --- accurate ---------------------------------------------------------------------------------------------------


def _corrections(counting: Counting) -> Iterable[tuple[str, Values]]:
    counts: defaultdict[str, Counter[str]] = defaultdict(lambda: Counter(corrected=0, voided=0))
    for body, act, cause, _, _, count in counting.changed:
        if cause == Cause.CORRECT:
            counts[body]["corrected"] += count
        if act == Act.VOID:
            counts[body]["voided"] += count
    return sorted(counts.items())


def _correction_requests(counting: Counting) -> Iterable[tuple[str, Values]]:
    return _told(counting, CORRECTIONS)


def _conflicts(counting: Counting) -> Iterable[tuple[str, Values]]:
    return _told(counting, CONFLICTS)


def _told(counting: Counting, kinds: Sequence[str]) -> Iterable[tuple[str, Values]]:
    counts: defaultdict[str, Counter[str]] = defaultdict(lambda: Counter(count=0, open=0))
    for recipient, state, count in counting.reader.told(kinds, counting.since, counting.scope.recipients):
        counts[recipient]["count"] += count
        counts[recipient]["open"] += count if state == "open" else 0
    return sorted(counts.items())


def _coverage(counting: Counting) -> Iterable[tuple[str, Values]]:
    declared = {(each.certificate_type, each.issuing_body): str(each.state) for each in counting.parties.coverage()}
    bodies = counting.scope.bodies
    for code, in_charge in sorted(counting.parties.in_charge(civil_date(counting.now)).items()):
        mine = [body for body in in_charge if bodies is None or body in bodies]
        states = Counter(declared.get((code, body), "not_connected") for body in mine)
        if mine:
            yield code, {state: states[state] for state in FIGURES["coverage"].columns}


# --- secure -----------------------------------------------------------------------------------------------------


def _refused_pulls(counting: Counting) -> Iterable[tuple[str, Values]]:
    return [(reason, {"count": count}) for reason, count in sorted(counting.refused_pulls)]


def _refused_codes(counting: Counting) -> Iterable[tuple[str, Values]]:
    return [(reason, {"count": count}) for reason, count in sorted(counting.refused_codes)]


def _refused_orders(counting: Counting) -> Iterable[tuple[str, Values]]:
    # An entry names no department: whose order it was is known to the whole hub's view alone.
    if counting.scope.department is not None:
        return []
    count = counting.reader.refused_orders(counting.since)
    return [("order_refused", {"count": count})] if count else []


def _shown_twice(counting: Counting) -> Iterable[tuple[str, Values]]:
    both = [*_refused_pulls(counting), *_refused_codes(counting)]
    return [(reason, values) for reason, values in both if reason in SPENT]


def _unusual_readers(counting: Counting) -> Iterable[tuple[str, Values]]:
    today = civil_date(counting.now)
    week_from, past_from = today - _WEEK + timedelta(days=1), today - _WEEK - _FOUR_WEEKS + timedelta(days=1)
    week: Counter[str] = Counter()
    past: defaultdict[str, list[int]] = defaultdict(list)
    found = counting.reader.read(counting.now - _WEEK - _FOUR_WEEKS - timedelta(days=1), counting.scope.department)
    for requester, system, officer, day, count in found:
        of = f"{requester} {officer or system}"
        if day >= week_from:
            week[of] += count
        elif day >= past_from:
            past[of].append(count)
    for of, count in sorted(week.items()):
        usual = usual_week(past[of])
        if is_unusual(count, usual):
            yield of, {"count": count, "usual": round(usual)}


def count_keys(counting: Counting) -> Sequence[tuple[str, Values]]:
    """Return how long each key that counts has been in use, and how many days it has left; what ends first, first."""
    trust, now, bodies = counting.registry.trust(), counting.now, counting.scope.bodies
    found: dict[str, tuple[datetime, datetime]] = {}
    if bodies is None:
        found["trust_list"] = trust.issued_at, trust.expires_at
        for key in trust.hub_keys:
            if key.revoked_at is None and key.until_at is not None and key.until_at > now:
                found[f"hub:{key.purpose} {key.key_id[:8]}"] = key.from_at, key.until_at
    for seal in trust.seals:
        ends = min(
            seal.until_at or datetime.max.replace(tzinfo=now.tzinfo), read_cert_unverified(seal.cert_der).not_after
        )
        if seal.revoked_at is None and ends > now and (bodies is None or seal.issuing_body in bodies):
            found[f"seal:{seal.issuing_body} {seal.key_id[:8]}"] = seal.from_at, ends
    for code, cert_der in counting.reader.system_certs(counting.scope.department):
        facts = read_cert_unverified(cert_der)
        found[f"system:{code}"] = facts.not_before, facts.not_after
    ordered = sorted(found.items(), key=lambda each: (each[1][1], each[0]))
    return [(of, {"days_left": (ends - now).days, "age_days": (now - begins).days}) for of, (begins, ends) in ordered]


_COUNTED: Mapping[str, Callable[[Counting], Iterable[tuple[str, Values]]]] = {
    "decided_to_visible": _decided_to_visible,
    "published_late": _published_late,
    "changed_to_visible": _changed_to_visible,
    "filed_to_visible": _filed_to_visible,
    "overdue_tasks": _overdue_tasks,
    "corrections": _corrections,
    "correction_requests": _correction_requests,
    "conflicts": _conflicts,
    "coverage": _coverage,
    "refused_pulls": _refused_pulls,
    "refused_codes": _refused_codes,
    "refused_orders": _refused_orders,
    "shown_twice": _shown_twice,
    "unusual_readers": _unusual_readers,
    "key_days": count_keys,
}


# --- lines ------------------------------------------------------------------------------------------------------


def _figure(
    code: str, counted: Sequence[tuple[str, Values]], names: Mapping[str, tuple[str, str]], registry: Registry
) -> dict[str, Any]:
    lines = [_line(of, values, names, registry) for of, values in counted if of]
    total = next((dict(values) for of, values in counted if not of), None) or _total(code, lines)
    return {"code": code, "total": total, "lines": lines}


def _line(of: str, values: Values, names: Mapping[str, tuple[str, str]], registry: Registry) -> dict[str, Any]:
    zh, en = _named(of, names, registry)
    return {"of": of, "name_zh": zh, "name_en": en, "values": dict(values)}


def _named(of: str, names: Mapping[str, tuple[str, str]], registry: Registry) -> tuple[str, str]:
    """Return what a line is of in words: a body, a department, a type, a task; "" where a code says it all."""
    # A key, or a reader, is a body's or a department's: its number stands in the line's code.
    for word in of.replace(":", " ").split():
        if word in names:
            return names[word]
    for kind in registry.catalogue.current():
        if kind.code == of:
            return kind.name_zh, kind.name_en
    if of in NOTICES:
        return NOTICES[of].zh, NOTICES[of].en
    return "", ""


def _total(code: str, lines: Sequence[Mapping[str, Any]]) -> dict[str, int | None]:
    """Add the lines up; of days left the fewest count, and of what cannot be added there is no total."""
    total: dict[str, int | None] = {}
    for column in FIGURES[code].columns:
        values = [each["values"][column] for each in lines]
        if column == "days_left":
            total[column] = min(values, default=None)
        elif column not in ("age_days", "usual") and not column.startswith(("p50", "p95")):
            total[column] = sum(values)
    return total
