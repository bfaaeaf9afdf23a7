"""What is known of a certificate as composed, made ready for the verdict; and a verdict put in words. Pure.

Shared by every door that judges from the registry: the scan, the pull, the examination.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from typing import Any, Protocol

from hub.decisions.answers import LICENCE_TYPE, Head, Line, begins_on, is_succeeded, licence_of
from hub.decisions.verification import civil_day, judge, licence_state, passed
from schemas.annotation import Annotation, AnnotationKind
from schemas.catalogue import Catalogue
from schemas.certificate import Status, civil_date, last_moment_of
from schemas.evidence import LogState
from schemas.parties import Coverage, CoverageState, LicenceState, needs_business_licence
from schemas.verdict import SEAL_OVER, Check, CheckName, Facts, Outcome, Result, Surface, Verdict
from schemas.wording import OUTCOMES, REASONS
from signing.trust import TrustList

_SEALED = passed(CheckName.SEAL)
_TRUSTED = passed(CheckName.TRUST)
_LOGGED = passed(CheckName.LOG)
_PLAIN = ("type", "status", "status_since", "until", "ends_by", "valid_from", "valid_to")
_MOST_PLAIN = 16_384
_ORDERED = passed(CheckName.STATEMENT)
_STATUSES = {status.value: status for status in Status}  # a third of the time of asking the enumeration
_COLLECTED = Check(CheckName.STATEMENT, Result.NOT_POSSIBLE, "collected")
_NO_RIGHT_NEEDED = Check(CheckName.RIGHT_TO_HOLD, Result.NOT_POSSIBLE)
_KEPT = frozenset({"collected", "copies", "notes"})
_ACT_LOST = Check(CheckName.LOG, Result.UNKNOWN, "act_lost")
_UNLISTED = Check(CheckName.TRUST, Result.UNKNOWN, "trust_list_missing")


@dataclass(frozen=True, slots=True)
class Source:
    """Where collected data come from: its name, when it was last seen, for how long that keeps it fresh."""

    name_zh: str
    seen_at: datetime | None
    fresh_for_seconds: int


class SealedInTime(Protocol):
    """Says whether what a key sealed is proven older than the end of that key; asked only of keys that have one."""

    def record(self, serial: int, key_id: str) -> bool: ...

    def act(self, act_id: str, sealed_digest: str, key_id: str) -> bool: ...

    def note(self, note: str, serial: str, key_id: str) -> bool: ...


class _Unproven:
    """Where nobody can be asked, nothing is proven."""

    def record(self, serial: int, key_id: str) -> bool:
        return False

    def act(self, act_id: str, sealed_digest: str, key_id: str) -> bool:
        return False

    def note(self, note: str, serial: str, key_id: str) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What many answers share and none stores: the trust list's word on each seal, the sources; at most 1 s old."""

    seals: Mapping[str, Check]
    sources: Mapping[str, Source]
    catalogue: Catalogue
    origin: str
    mode: str
    # What the evidence log says of the whole store.
    log: Check
    # Why nothing that the store says can be relied on, as a code and its moment.
    doubt: tuple[str, datetime] | None = None
    # Types of which every body in charge has declared all that it has, and since which day all of them.
    complete: Mapping[str, date] = field(default_factory=dict)
    in_time: SealedInTime = field(default_factory=_Unproven)
    # Certificates, by their serials, of which an act that was lost is known to be missing.
    held: Collection[int] = frozenset()


def seal_standing(trust: TrustList | None, now: datetime) -> dict[str, Check]:
    """Return what the trust list says at `now` of every key it names that seals what is kept, by key id."""
    if trust is None:
        return {}
    keys = [(each.key_id, each.until_at, each.revoked_at) for each in trust.seals]
    keys += [(k.key_id, k.until_at, k.revoked_at) for k in trust.hub_keys if k.purpose in _KEPT]
    return {key_id: _standing(until_at, revoked_at, now) for key_id, until_at, revoked_at in keys}


def log_standing(state: LogState, now: datetime) -> Check:
    """Return what the evidence log says at `now` of all that the store holds."""
    if state.doubt is not None:
        return Check(CheckName.LOG, Result.UNKNOWN, state.doubt[0])
    # Issues and pulls have stopped: what is held was under the log's head, or is withdrawn meanwhile.
    if state.key_revoked_at is not None:
        return Check(CheckName.LOG, Result.PASSED, "log_key_revoked")
    if state.is_silent(now):
        return Check(CheckName.LOG, Result.PASSED, "log_silent")
    # What was lost is settled; that it was is told for good.
    return passed(CheckName.LOG) if state.recovered_at is None else Check(CheckName.LOG, Result.PASSED, "recovered")


def complete_types(
    coverage: Iterable[Coverage], in_charge: Mapping[str, Collection[str]], today: date
) -> dict[str, date]:
    """Return the types that are held completely, and since when.

    `in_charge` are the bodies of each type today; one of them that declared less, or nothing, leaves a gap.
    """
    declared = {(each.certificate_type, each.issuing_body): each for each in coverage}
    complete = {}
    for code, bodies in in_charge.items():
        found = [declared.get((code, body)) for body in bodies]
        days = [each.since_on for each in found if each is not None and each.state is CoverageState.COMPLETE]
        since = [day for day in days if day is not None and day <= today]
        if found and len(since) == len(found):
            complete[code] = max(since)
    return complete


def facts_of(line: Line, licence: LicenceState, surroundings: Surroundings) -> Facts:
    """Return what the registry knows of a certificate as composed, for the verdict."""
    trust = surroundings.seals.get(line["seal"], _UNLISTED)
    in_time = _is_in_time(line, trust, surroundings)
    source = surroundings.sources.get(line["source"] or "")
    log = _ACT_LOST if line["serial"] in surroundings.held else surroundings.log
    return _facts(line, licence, source, trust=trust, log=log, sealed_in_time=in_time)


def _is_in_time(line: Line, trust: Check, surroundings: Surroundings) -> bool:
    return trust.reason in SEAL_OVER and surroundings.in_time.record(line["serial"], line["seal"])


def _facts(
    line: Line, licence: LicenceState, source: Source | None, *, trust: Check, log: Check, sealed_in_time: bool
) -> Facts:
    # What an archive told is no department's word either, until one signs it.
    collected = line["origin"] != "native"
    until, valid_to = line["until"], line["valid_to"]
    return Facts(
        # The record was opened with the listed key when it was sealed, in the flow that committed it.
        seal=_SEALED,
        trust=trust,
        statement=_COLLECTED if collected else _ORDERED,
        right_to_hold=_NO_RIGHT_NEEDED,
        log=log,
        status=_STATUSES[line["status"]],
        status_since=date.fromisoformat(line["status_since"]),
        suspended_until=date.fromisoformat(until) if until else None,
        suspension_ends=line["ends_by"],
        valid_from=date.fromisoformat(line["valid_from"]),
        valid_to=date.fromisoformat(valid_to) if valid_to else None,
        # A business licence is judged by its own status and dates, not by itself a second time; but its holder may be
        # no more.
        licence=_own_licence(licence) if line["type"] == LICENCE_TYPE else licence,
        collected=collected,
        seen_at=source.seen_at if source else None,
        fresh_for_seconds=source.fresh_for_seconds if source else None,
        status_as_of=None,
        annotations=annotations_of(line) if "annotations" in line else (),
        works_from=date.fromisoformat(line["works_from"]) if "works_from" in line else None,
        sealed_in_time=sealed_in_time,
    )


def verdict_of_line(line: Line, licence: LicenceState, surroundings: Surroundings, now: datetime) -> dict[str, Any]:
    """Return what a scan says of a certificate by its line, in codes and words; not to be changed by its caller.

    Of most lines the verdict follows from a few of their words, which many certificates share: it is judged once.
    """
    trust = surroundings.seals.get(line["seal"], _UNLISTED)
    is_plain = (
        surroundings.log is _LOGGED
        and line["serial"] not in surroundings.held
        and (trust is _TRUSTED or _is_in_time(line, trust, surroundings))
        and line["origin"] == "native"
        and line["source"] is None
        and "annotations" not in line
        and line["serial"] not in surroundings.held
    )
    if is_plain:
        said = map(line.__getitem__, _PLAIN)
        return _plain_verdict(*said, line.get("works_from"), trust.reason, licence, civil_day(now))
    return answer_verdict(judge(facts_of(line, licence, surroundings), surface=Surface.SCAN, now=now))


@lru_cache(maxsize=_MOST_PLAIN)
def _plain_verdict(*known: Any) -> dict[str, Any]:
    """Judge a line that says no more than this: `_PLAIN`, from when it works in law, and beside it licence and day.

    `over` is why its seal counts by its proven time alone, which is early enough; None for a seal in force.
    """
    *told, works_from, over, licence, today = known
    trust = _TRUSTED if over is None else Check(CheckName.TRUST, Result.UNKNOWN, over)
    line = dict(zip(_PLAIN, told, strict=True)) | {"origin": "native"}
    line |= {"works_from": works_from} if works_from else {}
    facts = _facts(line, licence, None, trust=trust, log=_LOGGED, sealed_in_time=over is not None)
    return answer_verdict(judge(facts, surface=Surface.SCAN, now=last_moment_of(today)))


def _own_licence(state: LicenceState) -> LicenceState:
    return state if state is LicenceState.SUCCEEDED else LicenceState.REGISTERED


def annotations_of(line: Line) -> tuple[Annotation, ...]:
    """Return what is noted on a certificate, ready for the verdict: a lifted annotation ended the day before."""
    return tuple(
        Annotation(AnnotationKind(each["kind"]), date.fromisoformat(each["from"]), _last_day(each))
        for each in line["annotations"]
    )


def _last_day(annotation: Mapping[str, Any]) -> date | None:
    days = [date.fromisoformat(annotation["until"])] if annotation["until"] else []
    if "lifted_on" in annotation:
        days.append(date.fromisoformat(annotation["lifted_on"]) - timedelta(days=1))
    return min(days, default=None)


def head_licence_state(head: Head, now: datetime) -> LicenceState:
    """Return the state of the holder's business licence as the head tells it, at `now`."""
    line, today = licence_of(head), civil_date(now)
    if line is not None and begins_on(line) > today:
        line = None  # it was recorded before it is to work
    return licence_state(
        Status(line["status"]) if line else None,
        valid_to=date.fromisoformat(line["valid_to"]) if line and line["valid_to"] else None,
        needed=needs_business_licence(head["licence_number"]),
        today=today,
        annotations=annotations_of(line) if line and "annotations" in line else (),
        is_succeeded="relations" in head and is_succeeded(head, today),
    )


def answer_verdict(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict in codes and words."""
    since = verdict.since.isoformat() if verdict.since else None
    return {**_in_words(verdict.outcome, verdict.reason), "since": since}


@cache
def _in_words(outcome: Outcome, reason: str) -> dict[str, Any]:
    return {
        "outcome": outcome.value,
        "reason": reason,
        "since": None,
        "zh": OUTCOMES[outcome].zh,
        "en": OUTCOMES[outcome].en,
        "reason_zh": REASONS[reason].zh,
        "reason_en": REASONS[reason].en,
    }


def answer_check(check: Check) -> dict[str, Any]:
    """Return a named check in codes."""
    return {"name": check.name.value, "result": check.result.value, "reason": check.reason}


def _standing(until_at: datetime | None, revoked_at: datetime | None, now: datetime) -> Check:
    # By itself an ended or revoked cert proves nothing about when it sealed: that must be proven by another's word.
    if revoked_at is not None and revoked_at <= now:
        return Check(CheckName.TRUST, Result.UNKNOWN, "seal_revoked")
    if until_at is not None and until_at <= now:
        return Check(CheckName.TRUST, Result.UNKNOWN, "seal_ended")
    return passed(CheckName.TRUST)
