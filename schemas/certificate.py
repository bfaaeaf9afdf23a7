"""A certificate's life: its status, the acts that change it, and its civil dates.

Rules kept here: the table of changes (the only allowed ways between statuses), what stands after a row of changes, the
last day of validity counts until 24:00 in Shanghai, expiry is derived and never stored.
Sources: Administrative Licensing Law (行政许可法) art. 69-70 for withdrawal, annulment and cancellation; Administrative
Penalty Law (行政处罚法) art. 9 for suspension and stripping.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, timezone
from enum import StrEnum

# China has kept one offset and no summer time since 1991; a fixed offset needs no time zone files on the machine.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIRST_DAY = date(1800, 1, 1)
NO_END = (date(2099, 12, 31), date(9999, 12, 31))


class Status(StrEnum):
    """What the registry holds of a certificate; "expired" is derived from its dates."""

    VALID = "valid"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"
    ANNULLED = "annulled"
    STRIPPED = "stripped"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    VOIDED = "voided"


class Act(StrEnum):
    """What an issuing body orders for a certificate that exists.

    SUPERSEDE is ordered by issuing its next version. VOID 误录作废 says that the record was a mistake from the start;
    UNDO takes one wrong act back, and both acts are kept.
    """

    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    WITHDRAW = "withdraw"
    ANNUL = "annul"
    STRIP = "strip"
    CANCEL = "cancel"
    SUPERSEDE = "supersede"
    VOID = "void"
    UNDO = "undo"


class Cause(StrEnum):
    """Why a version replaces another: 延续, 变更, 更正 (a clerk's error), 补发 (lost), 换发."""

    RENEW = "renew"
    CHANGE = "change"
    CORRECT = "correct"
    REISSUE = "reissue"
    EXCHANGE = "exchange"


_ENDINGS = {
    Act.WITHDRAW: Status.WITHDRAWN,
    Act.ANNUL: Status.ANNULLED,
    Act.STRIP: Status.STRIPPED,
    Act.CANCEL: Status.CANCELLED,
    Act.SUPERSEDE: Status.SUPERSEDED,
    Act.VOID: Status.VOIDED,
}
# A withdrawn, annulled or stripped certificate is still to be cancelled (行政许可法 art. 70); the first ground stays.
CHANGES: Mapping[tuple[Status, Act], Status] = {
    **{(Status.VALID, act): status for act, status in _ENDINGS.items()},
    **{(Status.SUSPENDED, act): status for act, status in _ENDINGS.items()},
    (Status.VALID, Act.SUSPEND): Status.SUSPENDED,
    (Status.SUSPENDED, Act.REINSTATE): Status.VALID,
    (Status.WITHDRAWN, Act.CANCEL): Status.CANCELLED,
    (Status.ANNULLED, Act.CANCEL): Status.CANCELLED,
    (Status.STRIPPED, Act.CANCEL): Status.CANCELLED,
    # A record made by mistake is one whatever became of it since.
    (Status.WITHDRAWN, Act.VOID): Status.VOIDED,
    (Status.ANNULLED, Act.VOID): Status.VOIDED,
    (Status.STRIPPED, Act.VOID): Status.VOIDED,
    (Status.CANCELLED, Act.VOID): Status.VOIDED,
}
RESULTS: Mapping[str, Status] = {
    Act.SUSPEND.value: Status.SUSPENDED,
    Act.REINSTATE.value: Status.VALID,
    **{act.value: status for act, status in _ENDINGS.items()},
}
"""Act → the status it leads to, from wherever it may; an undo leads back, to another status each time."""
# Acts whose mistake or misuse costs most: a second officer stands beside the first.
GRAVE = frozenset({Act.ANNUL, Act.STRIP, Act.VOID, Act.UNDO})
# Acts that work from the start or say that there never was one: they may reach back behind an act before them.
REACHING_BACK = frozenset({Act.ANNUL, Act.VOID, Act.UNDO})
# Versions that decide nothing anew: they do not lift a suspension, so they wait until it is lifted.
UNDECIDING = frozenset({Cause.CORRECT, Cause.REISSUE})
ENDED = frozenset(Status) - {Status.VALID, Status.SUSPENDED}


class ChangeNotAllowedError(ValueError):
    """The table of changes has no way from this status by this act."""

    def __init__(self, status: Status, act: Act) -> None:
        super().__init__(f"no change by {act} from {status}")
        self.status = status
        self.act = act


def changed(status: Status, act: Act) -> Status:
    """Return the status that `act` leads to from `status`; ChangeNotAllowedError where the table has no such way."""
    try:
        return CHANGES[status, act]
    except KeyError:
        raise ChangeNotAllowedError(status, act) from None


@dataclass(frozen=True, slots=True)
class StatusChange:
    """One act on a certificate: by which document, from when it works in law, and until when (a suspension).

    `public_until` is the last day the public is told of it (a penalty's 公示期); `undoes` the act that UNDO takes back.
    """

    act: Act
    ground: str
    document_name: str
    document_number: str
    document_date: date
    works_from: date
    until: date | None = None
    public_until: date | None = None
    undoes: str | None = None


def civil_date(moment: datetime) -> date:
    """Return the day it is in Shanghai at `moment` (aware)."""
    return moment.astimezone(SHANGHAI).date()


def last_moment_of(day: date) -> datetime:
    """Return the last moment of a day in Shanghai."""
    return datetime.combine(day, time.max, SHANGHAI)


def parse_day(text: str) -> date:
    """Read a day written YYYY-MM-DD and in no other form of ISO 8601, from 1800 on; ValueError otherwise.

    A day that no registry knows is a slip, and the day before the first of all days cannot be reckoned.
    """
    if not _DAY.fullmatch(text):
        raise ValueError("not a day of the form YYYY-MM-DD")
    day = date.fromisoformat(text)
    if day < _FIRST_DAY:
        raise ValueError("a day before any registry's")
    return day


def end_of_validity(last_day: date | None) -> date | None:
    """Return the last day as stored: 2099-12-31, and the registry's 9999-12-31, are written for "no end"."""
    return None if last_day in NO_END else last_day


def suspension_over(until: date | None, ends_by: str, today: date) -> bool:
    """Say whether a suspension has ended by itself: only where its type's rule is "date", after its last day."""
    return ends_by == "date" and until is not None and today > until


@dataclass(frozen=True, slots=True)
class Certificate:
    """One version of a certificate, as the registry holds it: all but its sealed record."""

    serial: int
    chain: int
    version: int
    identifier: str
    reference: str
    licence_number: str
    certificate_type: str
    type_version: int
    issuing_body: str
    status: str
    status_since: date
    suspended_until: date | None
    valid_from: date
    valid_to: date | None
    decided_on: date
    payload_sha256: str
    facts_digest: str
    statement: int
    source: str | None
    sealed_at: datetime
    act_id: str


@dataclass(frozen=True, slots=True)
class RecordedChange:
    """One change of status, as the registry holds it."""

    serial: int
    act: str
    from_status: str
    to_status: str
    ground: str
    document_name: str
    document_number: str
    document_date: date
    works_from: date
    until: date | None
    issuing_body: str
    statement: int
    recorded_at: datetime
    act_id: str
    authority: str | None = None
    cause: str | None = None
    public_until: date | None = None
    repaired_on: date | None = None
    undone_by: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What a certificate's status is after a row of changes: since when, and until when a suspension runs."""

    status: Status
    since: date
    until: date | None = None


def standing(works_from: date, changes: Sequence[RecordedChange], *, on: date | None = None) -> Standing:
    """Return what stands after `changes` (in the order recorded), those undone left out.

    With `on`, only what works in law on that day: the state of a certificate on a day gone by, as its acts tell now.
    """
    found = Standing(Status.VALID, works_from)
    for change in changes:
        if change.undone_by is None and change.act != Act.UNDO and (on is None or change.works_from <= on):
            found = Standing(Status(change.to_status), change.works_from, change.until)
    return found


def recorded_by(changes: Sequence[RecordedChange], moment: datetime) -> list[RecordedChange]:
    """Return the changes as they were known at `moment`: later ones unsaid, and what a later act undid still standing.

    An act that undid others is a change of its own, of its own moment.
    """
    known = [change for change in changes if change.recorded_at <= moment]
    acts = {change.act_id for change in known}
    return [change if change.undone_by in acts else replace(change, undone_by=None) for change in known]
