"""The one verdict, behind every door: facts of a certificate in, a Verdict out; no I/O.

1 seal       the bytes are as sealed
2 trust      the sealer was on the trust list, for this body, and its seal still proves something
3 statement  the issuing body ordered it (collected data have no such order, and say so)
4 status     what the registry holds
5 dates      civil days in Shanghai, the last one included
6 licence    the state of the holder's business licence (`schemas.verdict.LICENCE_TABLE`)
7 data age   collected data are believed only while their source is fresh
8 right      who shows non-public fields must show a delivery note
9 noted      what other authorities noted (`schemas.verdict.ANNOTATION_TABLE`)
10 log       the store knows all that the evidence log knows, and the log goes on
11 time      a seal whose key has ended or was revoked is proven older than that end; of others nothing is asked

Steps 1-3, 8 and 10 are findings of the surface, and so is what 11 asks; 4-7 and 9 are judged here. The outcome is the
worst of the required checks: failed before suspended before unknown; only when all passed is it valid. A store that was
rolled back, or was recovered from that and is not settled, makes all of it unknown: what it says may have been changed
since. A signed answer of the hub carries a verdict already: `restate` says what is left of it; one about a moment that
is over, the answer to a predicate, has only its own signature and record: `judge_told`.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache

from schemas.annotation import Annotation, AnnotationKind
from schemas.certificate import ENDED, Status, civil_date, suspension_over
from schemas.parties import LicenceState
from schemas.verdict import (
    ANNOTATION_TABLE,
    LICENCE_TABLE,
    REQUIRED,
    SEAL_OVER,
    Check,
    CheckName,
    Facts,
    Outcome,
    Result,
    Surface,
    Verdict,
)

# All certificates of one answer are judged at one moment.
civil_day = lru_cache(maxsize=16)(civil_date)
_PASSED = {name: Check(name, Result.PASSED) for name in CheckName}
_PASSED_RESULT = Result.PASSED
_DOUBTS = frozenset({"store_rolled_back", "store_recovered", "act_lost"})
"""The reasons of a log check when the store does not know what the log knows, or what was lost is not settled."""
_SEVERITY = (
    (Result.FAILED, Outcome.NOT_VALID),
    (Result.SUSPENDED, Outcome.SUSPENDED),
    (Result.UNKNOWN, Outcome.UNKNOWN),
)


def judge(facts: Facts, *, surface: Surface, now: datetime) -> Verdict:
    """Judge one certificate as `surface` knows it at `now` (aware)."""
    today = civil_day(now)
    dates = _dates(facts, today)
    trust, proven_time = _sealed(facts)
    checks: tuple[Check, ...] = (
        facts.seal,
        trust,
        facts.statement,
        _status(facts, today),
        dates,
        _licence(facts),
        _data_age(facts, now),
        facts.right_to_hold,
        _annotations(facts, today),
        facts.log,
        proven_time,
    )
    if surface is Surface.OFFLINE:
        checks = tuple(_as_possible_offline(check) for check in checks)
    outcome, reason = _worst(checks, surface)
    if facts.log.reason in _DOUBTS and facts.seal.result is not Result.FAILED:
        return Verdict(Outcome.UNKNOWN, facts.log.reason or "", None, checks, facts.status_as_of or now)
    if outcome is Outcome.VALID:
        reason = dates.reason or ("good" if facts.valid_to else "good_no_end")
        if surface is Surface.OFFLINE and facts.licence is None:
            reason = "good_by_list"  # nobody is there to ask about the holder's licence: it is said first
    return Verdict(outcome, reason, _since(facts, reason), checks, facts.status_as_of or now)


def restate(told: Verdict, *, seal: Check, trust: Check, current: bool) -> Verdict:
    """Return what a verdict told in a signed answer says now.

    `seal` and `trust` are the findings about the answer's own signature; `current` whether its term still runs.
    """
    checks = (seal, trust, *(each for each in told.checks if each.name not in (CheckName.SEAL, CheckName.TRUST)))
    for result, outcome in _SEVERITY:
        for check in (seal, trust):
            if check.result is result:
                return Verdict(outcome, check.reason or "check_missing", None, checks, told.as_of)
    if not (seal.result is trust.result is Result.PASSED):
        return Verdict(Outcome.UNKNOWN, "check_missing", None, checks, told.as_of)
    if not current:
        aged = Check(CheckName.STATUS, Result.UNKNOWN, "status_as_signed")
        checks = tuple(aged if each.name is CheckName.STATUS else each for each in checks)
        return Verdict(Outcome.UNKNOWN, "status_as_signed", None, checks, told.as_of)
    return replace(told, checks=checks)


def judge_told(
    *,
    seal: Check,
    trust: Check,
    recorded: Check | None,
    log: Check,
    in_time: bool,
    as_of: datetime,
    surface: Surface = Surface.EXAMINATION,
) -> Verdict:
    """Judge a signed answer about a moment that is over: genuine or not, and nothing about now.

    `recorded` is what the registry holds against it, if anything; `in_time` whether another's word proves it older than
    the end of its key. It is never valid: what it said then, nobody says now.
    """
    trust, proven_time = _sealed_by(trust, in_time=in_time)
    told = recorded or Check(CheckName.STATUS, Result.UNKNOWN, "answer_as_signed")
    checks = (seal, trust, told, log, proven_time)
    if log.reason in _DOUBTS and seal.result is not Result.FAILED:
        return Verdict(Outcome.UNKNOWN, log.reason or "", None, checks, as_of)
    outcome, reason = _worst(checks, surface)
    return Verdict(outcome, reason, None, checks, as_of)


def passed(name: CheckName) -> Check:
    """Return the plain passed check of that name."""
    return _PASSED[name]


def licence_state(
    status: Status | None,
    *,
    valid_to: date | None,
    needed: bool,
    today: date,
    annotations: Sequence[Annotation] = (),
    is_succeeded: bool = False,
) -> LicenceState:
    """Return the state of a holder's licence.

    It follows from its business licence's status (None: not recorded), last day and annotations, and from whether
    another enterprise succeeded the holder.
    """
    if is_succeeded and status not in (Status.ANNULLED, Status.STRIPPED):
        return LicenceState.SUCCEEDED
    if status is None:
        return LicenceState.NOT_RECORDED if needed else LicenceState.NOT_NEEDED
    if status is not Status.VALID:
        # A superseded or voided version is never the holder's current licence.
        return LicenceState(status.value) if status.value in _LICENCE_STATES else LicenceState.NOT_RECORDED
    noted = {each.kind for each in annotations if each.counts_on(today)}
    if AnnotationKind.MOVED_OUT in noted:
        return LicenceState.MOVED_OUT
    if valid_to is not None and today > valid_to:
        return LicenceState.TERM_ENDED
    if AnnotationKind.DORMANT in noted:
        return LicenceState.DORMANT
    return LicenceState.ABNORMAL if AnnotationKind.ABNORMAL in noted else LicenceState.REGISTERED


def _as_possible_offline(check: Check) -> Check:
    # Nobody is there to ask: what is not required is named as not possible, never shown as passed.
    if check.name not in REQUIRED[Surface.OFFLINE] and check.result in (Result.PASSED, Result.UNKNOWN):
        return Check(check.name, Result.NOT_POSSIBLE, check.reason)
    return check


def _sealed(facts: Facts) -> tuple[Check, Check]:
    """Return what the trust list says of the sealer, and whether the time of the seal is proven where that is needed.

    Who was on the list and is no more was one who may seal: all that is in doubt is when it sealed.
    """
    return _sealed_by(facts.trust, in_time=facts.sealed_in_time)


def _sealed_by(trust: Check, *, in_time: bool) -> tuple[Check, Check]:
    if trust.result is _PASSED_RESULT:
        return trust, _PASSED[CheckName.PROVEN_TIME]
    if trust.reason in SEAL_OVER and trust.result is Result.UNKNOWN:
        return Check(CheckName.TRUST, _PASSED_RESULT, trust.reason), _TIMES[in_time]
    return trust, _TIME_NOT_ASKED


def _status(facts: Facts, today: date) -> Check:
    if facts.status_finding is not None:
        return facts.status_finding
    if facts.status is None:
        return Check(CheckName.STATUS, Result.UNKNOWN, "status_unknown")
    if facts.status in ENDED:
        if facts.annotations and _counts(facts, AnnotationKind.EXECUTION_STAYED, today):
            return Check(CheckName.STATUS, Result.UNKNOWN, "execution_stayed")
        return Check(CheckName.STATUS, Result.FAILED, facts.status.value)
    if facts.status is Status.SUSPENDED and not suspension_over(facts.suspended_until, facts.suspension_ends, today):
        past = facts.suspended_until is not None and today > facts.suspended_until
        return Check(CheckName.STATUS, Result.SUSPENDED, "suspension_past" if past else "suspended")
    if facts.status_as_of is not None:
        return Check(CheckName.STATUS, Result.UNKNOWN, "status_as_signed")
    return _PASSED[CheckName.STATUS]


def _dates(facts: Facts, today: date) -> Check:
    if facts.valid_from is None:
        return Check(CheckName.DATES, Result.UNKNOWN, "check_missing")
    if facts.valid_to is not None and today > facts.valid_to:
        return _past_end(facts, facts.valid_to, today)
    if today < max(facts.valid_from, facts.works_from or facts.valid_from):
        return Check(CheckName.DATES, Result.FAILED, "not_yet_valid")
    return _PASSED[CheckName.DATES]


def _past_end(facts: Facts, last_day: date, today: date) -> Check:
    """Judge a certificate past its last day: a renewal filed in time and not decided carries it on for a term.

    行政许可法 art. 50: without a decision before the end it is deemed renewed. The annotation ends after the last day
    only where the renewal was filed in time.
    """
    accepted = [each for each in facts.annotations if each.kind is AnnotationKind.RENEWAL_ACCEPTED]
    until = max((each.until_on for each in accepted if each.until_on is not None), default=last_day)
    if until <= last_day:
        return Check(CheckName.DATES, Result.FAILED, "expired")
    if today <= until:
        return Check(CheckName.DATES, Result.PASSED, "renewal_deemed")
    refused = [each for each in facts.annotations if each.kind is AnnotationKind.RENEWAL_REFUSED]
    if any(each.counts_on(today) and each.from_on > until for each in refused):
        return Check(CheckName.DATES, Result.FAILED, "expired")
    return Check(CheckName.DATES, Result.UNKNOWN, "renewal_undecided")


def _licence(facts: Facts) -> Check:
    return _NO_LICENCE if facts.licence is None else _LICENCE_CHECKS[facts.licence]


def _annotations(facts: Facts, today: date) -> Check:
    """Judge what is noted: of several the worst is told; the others stand on the page."""
    if not facts.annotations:
        return _PASSED[CheckName.ANNOTATIONS]
    told = [ANNOTATION_TABLE[each.kind] for each in facts.annotations if each.counts_on(today)]
    for severity in (Result.FAILED, Result.SUSPENDED, Result.UNKNOWN, Result.PASSED):
        for result, reason in told:
            if result is severity:
                return Check(CheckName.ANNOTATIONS, result, reason)
    return _PASSED[CheckName.ANNOTATIONS]


def _counts(facts: Facts, kind: AnnotationKind, today: date) -> bool:
    return any(each.kind is kind and each.counts_on(today) for each in facts.annotations)


def _data_age(facts: Facts, now: datetime) -> Check:
    if not facts.collected:
        return _PASSED[CheckName.DATA_AGE]
    if facts.seen_at is None or facts.fresh_for_seconds is None:
        return Check(CheckName.DATA_AGE, Result.UNKNOWN, "age_unknown")
    if (now - facts.seen_at).total_seconds() > facts.fresh_for_seconds:
        return Check(CheckName.DATA_AGE, Result.UNKNOWN, "source_stale")
    return _PASSED[CheckName.DATA_AGE]


def _worst(checks: Sequence[Check], surface: Surface) -> tuple[Outcome, str]:
    required = REQUIRED[surface]
    telling = [check for check in checks if check.result is not _PASSED_RESULT and _tells(check, required)]
    if not telling:
        return Outcome.VALID, "good"
    for result, outcome in _SEVERITY:
        # Of several doubts about a file, the right to hold it is told first: asking again later does not mend it.
        is_doubt = result is Result.UNKNOWN and surface in _OF_FILES
        for check in sorted(telling, key=_is_later_doubt) if is_doubt else telling:
            if check.result is result:
                return outcome, check.reason or "check_missing"
    return Outcome.UNKNOWN, "check_missing"


def _tells(check: Check, required: frozenset[CheckName]) -> bool:
    """Say whether a check that did not pass lowers the verdict: what failed always, what is not known when required."""
    if check.result is Result.FAILED or check.result is Result.SUSPENDED:
        return True
    # Collected data have no order by an issuing body: named, and lowering trust, not the verdict.
    return check.name in required and not (check.result is Result.NOT_POSSIBLE and check.reason == "collected")


def _is_later_doubt(check: Check) -> bool:
    return check.name not in _FIRST_DOUBTS


def _since(facts: Facts, reason: str) -> date | None:
    if reason == "expired":
        return facts.valid_to
    if reason in ("good", "good_no_end", "good_by_list", "renewal_deemed"):
        return facts.valid_from
    if reason == "not_yet_valid":
        return max(filter(None, (facts.valid_from, facts.works_from)), default=None)
    # A mistake never counted: that was so before it was found, too.
    is_dated = facts.status is not None and reason in _STATUS_REASONS and facts.status is not Status.VOIDED
    return facts.status_since if is_dated else None


_TIMES = {
    True: Check(CheckName.PROVEN_TIME, Result.PASSED, "seal_time_proven"),
    False: Check(CheckName.PROVEN_TIME, Result.UNKNOWN, "seal_time_unproven"),
}
_TIME_NOT_ASKED = Check(CheckName.PROVEN_TIME, Result.UNKNOWN, "check_missing")
_NO_LICENCE = Check(CheckName.LICENCE, Result.NOT_POSSIBLE)
_LICENCE_CHECKS = {state: Check(CheckName.LICENCE, *told) for state, told in LICENCE_TABLE.items()}
_LICENCE_STATES = frozenset(state.value for state in LicenceState)
_OF_FILES = frozenset({Surface.EXAMINATION, Surface.OFFLINE})
_FIRST_DOUBTS = frozenset({CheckName.SEAL, CheckName.TRUST, CheckName.PROVEN_TIME, CheckName.RIGHT_TO_HOLD})
_STATUS_REASONS = frozenset(status.value for status in Status) | {"suspension_past"}
