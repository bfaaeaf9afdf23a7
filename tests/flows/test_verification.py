"""The one verdict: status × licence state × dates × surface against a table written by hand, and its properties."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hub.decisions.verification import judge, licence_state, passed, restate
from schemas.certificate import SHANGHAI, Status
from schemas.parties import LicenceState
from schemas.verdict import REQUIRED, SEAL_OVER, Check, CheckName, Facts, Outcome, Result, Surface, Verdict
from schemas.wording import CHECKS, NEXT_STEPS, OUTCOMES, REASONS, RESULTS, STATUSES

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=SHANGHAI)
TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)
GOOD = Facts(
    seal=passed(CheckName.SEAL),
    trust=passed(CheckName.TRUST),
    statement=passed(CheckName.STATEMENT),
    right_to_hold=passed(CheckName.RIGHT_TO_HOLD),
    log=passed(CheckName.LOG),
    status=Status.VALID,
    status_since=TODAY - DAY,
    suspended_until=None,
    suspension_ends="act",
    valid_from=TODAY - DAY,
    valid_to=TODAY + DAY,
    licence=LicenceState.REGISTERED,
    collected=False,
    seen_at=None,
    fresh_for_seconds=None,
    status_as_of=None,
)

# V valid, N not valid, S suspended, U unknown; rows: the state of the holder's licence.
TABLE = """
             valid suspended withdrawn annulled stripped cancelled superseded voided
registered   V     S         N         N        N        N         N          N
not_needed   V     S         N         N        N        N         N          N
suspended    S     S         N         N        N        N         N          N
term_ended   U     S         N         N        N        N         N          N
not_recorded U     S         N         N        N        N         N          N
withdrawn    N     N         N         N        N        N         N          N
annulled     N     N         N         N        N        N         N          N
stripped     N     N         N         N        N        N         N          N
cancelled    N     N         N         N        N        N         N          N
dormant      V     S         N         N        N        N         N          N
abnormal     V     S         N         N        N        N         N          N
moved_out    U     S         N         N        N        N         N          N
succeeded    U     S         N         N        N        N         N          N
"""
LETTERS = {"V": Outcome.VALID, "N": Outcome.NOT_VALID, "S": Outcome.SUSPENDED, "U": Outcome.UNKNOWN}
HEAD, *ROWS = [line.split() for line in TABLE.strip().splitlines()]
CELLS = [
    (Status(status), LicenceState(row[0]), LETTERS[letter])
    for row in ROWS
    for status, letter in zip(HEAD, row[1:], strict=True)
]
ASKED = [Surface.SCAN, Surface.PULL, Surface.EXAMINATION]


def outcome(facts: Facts, surface: Surface = Surface.SCAN, now: datetime = NOON) -> Outcome:
    return judge(facts, surface=surface, now=now).outcome


def test_table_names_every_status_and_every_licence_state() -> None:
    assert {cell[:2] for cell in CELLS} == {(status, licence) for status in Status for licence in LicenceState}


@pytest.mark.parametrize("surface", ASKED)
@pytest.mark.parametrize(("status", "licence", "expected"), CELLS)
def test_verdict_is_the_tables(status: Status, licence: LicenceState, expected: Outcome, surface: Surface) -> None:
    assert outcome(replace(GOOD, status=status, licence=licence), surface) is expected


@pytest.mark.parametrize("surface", Surface)
@pytest.mark.parametrize(("status", "licence", "expected"), CELLS)
def test_outside_its_dates_nothing_is_valid(
    status: Status, licence: LicenceState, expected: Outcome, surface: Surface
) -> None:
    facts = replace(GOOD, status=status, licence=licence)
    expired = replace(facts, valid_to=TODAY - DAY)
    early = replace(facts, valid_from=TODAY + DAY)
    assert (outcome(expired, surface), outcome(early, surface)) == (Outcome.NOT_VALID, Outcome.NOT_VALID)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status.VALID, Outcome.UNKNOWN),
        (Status.SUSPENDED, Outcome.SUSPENDED),
        (Status.WITHDRAWN, Outcome.NOT_VALID),
        (Status.ANNULLED, Outcome.NOT_VALID),
        (Status.STRIPPED, Outcome.NOT_VALID),
        (Status.CANCELLED, Outcome.NOT_VALID),
        (Status.SUPERSEDED, Outcome.NOT_VALID),
        (Status.VOIDED, Outcome.NOT_VALID),
        (None, Outcome.UNKNOWN),
    ],
)
def test_offline_a_status_as_signed_is_doubtful_unless_it_was_bad(status: Status | None, expected: Outcome) -> None:
    facts = replace(GOOD, status=status, licence=None, status_as_of=NOON)
    assert outcome(facts, Surface.OFFLINE) is expected


@pytest.mark.parametrize("surface", Surface)
@pytest.mark.parametrize("reason", sorted(SEAL_OVER))
@pytest.mark.parametrize(("status", "expected"), [(cell[0], cell[2]) for cell in CELLS if cell[1] == "registered"])
def test_seal_that_is_over_counts_where_its_time_is_proven_and_is_doubtful_where_not(
    status: Status, expected: Outcome, reason: str, surface: Surface
) -> None:
    over = replace(GOOD, status=status, trust=Check(CheckName.TRUST, Result.UNKNOWN, reason))
    doubtful = judge(over, surface=surface, now=NOON)
    assert outcome(replace(over, sealed_in_time=True), surface) is expected
    assert doubtful.outcome is (Outcome.UNKNOWN if expected is Outcome.VALID else expected)
    assert (doubtful.reason == "seal_time_unproven") is (expected is Outcome.VALID)


@pytest.mark.parametrize("surface", Surface)
@pytest.mark.parametrize(("result", "reason"), [(Result.FAILED, "seal_unlisted"), (Result.UNKNOWN, "cert_other")])
def test_proven_time_mends_no_other_doubt_about_the_sealer(result: Result, reason: str, surface: Surface) -> None:
    facts = replace(GOOD, trust=Check(CheckName.TRUST, result, reason), sealed_in_time=True)
    verdict = judge(facts, surface=surface, now=NOON)
    assert (verdict.outcome is Outcome.VALID, verdict.reason) == (False, reason)


@pytest.mark.parametrize("surface", ASKED)
def test_holder_whose_licence_is_not_known_here_makes_doubt(surface: Surface) -> None:
    assert outcome(replace(GOOD, licence=None), surface) is Outcome.UNKNOWN
    assert outcome(replace(GOOD, licence=None), Surface.OFFLINE) is Outcome.VALID


def test_last_day_counts_until_midnight_in_shanghai() -> None:
    facts = replace(GOOD, valid_to=TODAY)
    assert outcome(facts, now=datetime(2026, 11, 23, 23, 59, 59, tzinfo=SHANGHAI)) is Outcome.VALID
    assert outcome(facts, now=datetime(2026, 11, 24, 0, 0, tzinfo=SHANGHAI)) is Outcome.NOT_VALID


def test_certificate_without_an_end_is_valid_and_says_so() -> None:
    verdict = judge(replace(GOOD, valid_to=None), surface=Surface.SCAN, now=NOON)
    assert (verdict.outcome, verdict.reason, verdict.since) == (Outcome.VALID, "good_no_end", GOOD.valid_from)


def test_suspension_past_its_last_day_ends_by_date_only_where_its_type_says_so() -> None:
    facts = replace(GOOD, status=Status.SUSPENDED, suspended_until=TODAY - DAY)
    assert judge(facts, surface=Surface.SCAN, now=NOON).reason == "suspension_past"
    assert outcome(replace(facts, suspension_ends="date")) is Outcome.VALID
    assert outcome(replace(facts, suspension_ends="date", suspended_until=TODAY)) is Outcome.SUSPENDED


@pytest.mark.parametrize(
    ("seconds", "fresh_for", "expected"),
    [(60, 60, Outcome.VALID), (61, 60, Outcome.UNKNOWN), (60, None, Outcome.UNKNOWN), (None, 60, Outcome.UNKNOWN)],
)
def test_collected_data_are_believed_while_their_source_is_fresh(
    seconds: int | None, fresh_for: int | None, expected: Outcome
) -> None:
    statement = Check(CheckName.STATEMENT, Result.NOT_POSSIBLE, "collected")
    seen_at = None if seconds is None else NOON - timedelta(seconds=seconds)
    facts = replace(GOOD, statement=statement, collected=True, seen_at=seen_at, fresh_for_seconds=fresh_for)
    assert outcome(facts) is expected


def test_finding_stands_in_place_of_a_status() -> None:
    finding = Check(CheckName.STATUS, Result.FAILED, "record_not_issued")
    verdict = judge(replace(GOOD, status_finding=finding), surface=Surface.EXAMINATION, now=NOON)
    assert (verdict.outcome, verdict.reason) == (Outcome.NOT_VALID, "record_not_issued")


def test_right_to_hold_is_the_first_doubt_told_about_a_file() -> None:
    doubt = Check(CheckName.RIGHT_TO_HOLD, Result.UNKNOWN, "note_missing")
    facts = replace(GOOD, right_to_hold=doubt, licence=LicenceState.NOT_RECORDED)
    assert judge(facts, surface=Surface.EXAMINATION, now=NOON).reason == "note_missing"
    assert judge(replace(facts, status=None), surface=Surface.OFFLINE, now=NOON).reason == "note_missing"


# --- the holder's licence ---


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (Status.VALID, LicenceState.REGISTERED),
        (Status.SUSPENDED, LicenceState.SUSPENDED),
        (Status.WITHDRAWN, LicenceState.WITHDRAWN),
        (Status.ANNULLED, LicenceState.ANNULLED),
        (Status.STRIPPED, LicenceState.STRIPPED),
        (Status.CANCELLED, LicenceState.CANCELLED),
        (Status.SUPERSEDED, LicenceState.NOT_RECORDED),
        (Status.VOIDED, LicenceState.NOT_RECORDED),
    ],
)
def test_licence_state_follows_the_business_licence(status: Status, state: LicenceState) -> None:
    assert licence_state(status, valid_to=None, needed=True, today=TODAY) is state


def test_licence_state_without_a_business_licence() -> None:
    assert licence_state(None, valid_to=None, needed=True, today=TODAY) is LicenceState.NOT_RECORDED
    assert licence_state(None, valid_to=None, needed=False, today=TODAY) is LicenceState.NOT_NEEDED
    ended = licence_state(Status.VALID, valid_to=TODAY - DAY, needed=True, today=TODAY)
    assert ended is LicenceState.TERM_ENDED


# --- answers restated ---


@pytest.mark.parametrize("told", Outcome)
def test_signed_answer_is_restated_while_it_counts(told: Outcome) -> None:
    verdict = Verdict(told, "good", None, (passed(CheckName.STATUS),), NOON)
    seal, trust = passed(CheckName.SEAL), passed(CheckName.TRUST)
    assert restate(verdict, seal=seal, trust=trust, current=True).outcome is told
    assert restate(verdict, seal=seal, trust=trust, current=False).outcome is Outcome.UNKNOWN


@given(st.sampled_from(Result), st.sampled_from(Result), st.sampled_from(Outcome), st.booleans())
def test_answer_that_is_not_proven_is_never_valid(seal: Result, trust: Result, told: Outcome, current: bool) -> None:
    assume((seal, trust, current) != (Result.PASSED, Result.PASSED, True))
    verdict = Verdict(told, "good", None, (), NOON)
    checks = {"seal": Check(CheckName.SEAL, seal), "trust": Check(CheckName.TRUST, trust)}
    assert restate(verdict, **checks, current=current).outcome is not Outcome.VALID


# --- properties ---


def a_check(name: CheckName, reasons: tuple[str | None, ...] = (None, "check_missing")) -> st.SearchStrategy[Check]:
    return st.builds(Check, st.just(name), st.sampled_from(Result), st.sampled_from(reasons))


def a_finding() -> st.SearchStrategy[Any]:
    return st.none() | a_check(CheckName.STATUS)


SOME_DAYS = st.none() | st.integers(-3, 3).map(lambda days: TODAY + days * DAY)
SOME_FACTS = st.builds(
    Facts,
    seal=a_check(CheckName.SEAL),
    trust=a_check(CheckName.TRUST, (None, "check_missing", *sorted(SEAL_OVER))),
    sealed_in_time=st.booleans(),
    statement=a_check(CheckName.STATEMENT, (None, "collected")),
    right_to_hold=a_check(CheckName.RIGHT_TO_HOLD),
    log=a_check(CheckName.LOG),
    status=st.none() | st.sampled_from(Status),
    status_since=SOME_DAYS,
    suspended_until=SOME_DAYS,
    suspension_ends=st.sampled_from(["act", "date"]),
    valid_from=SOME_DAYS,
    valid_to=SOME_DAYS,
    licence=st.none() | st.sampled_from(LicenceState),
    collected=st.booleans(),
    seen_at=st.none() | st.just(NOON),
    fresh_for_seconds=st.none() | st.just(60),
    status_as_of=st.none() | st.just(NOON),
    status_finding=a_finding(),
)
# One fact is made bad and the rest left good, so that every check meets its doubt alone.
ALMOST_GOOD = st.builds(
    lambda facts, name: replace(GOOD, **{name: getattr(facts, name)}),
    SOME_FACTS,
    st.sampled_from([name for name in Facts.__slots__ if name != "suspension_ends"]),
)


@given(SOME_FACTS | ALMOST_GOOD, st.sampled_from(Surface))
def test_valid_only_when_every_required_check_passed(facts: Facts, surface: Surface) -> None:
    verdict = judge(facts, surface=surface, now=NOON)
    missing = {check for check in verdict.checks if check.name in REQUIRED[surface] and check.result != Result.PASSED}
    collected = {Check(CheckName.STATEMENT, Result.NOT_POSSIBLE, "collected")}
    assert verdict.outcome is not Outcome.VALID or missing <= collected
    assert {check.name for check in verdict.checks} == set(CheckName)


@given(SOME_FACTS | ALMOST_GOOD, st.sampled_from(Surface))
def test_failed_check_outranks_everything(facts: Facts, surface: Surface) -> None:
    verdict = judge(facts, surface=surface, now=NOON)
    results = {check.result for check in verdict.checks}
    assert (verdict.outcome is Outcome.NOT_VALID) == (Result.FAILED in results)


@given(SOME_FACTS | ALMOST_GOOD, st.sampled_from(Surface), st.sampled_from(["seal", "trust", "right_to_hold"]))
def test_doubt_never_makes_a_verdict_better(facts: Facts, surface: Surface, name: str) -> None:
    doubt: dict[str, Any] = {name: Check(CheckName(name), Result.UNKNOWN, "check_missing")}
    assume(CheckName(name) in REQUIRED[surface])
    assert outcome(replace(facts, **doubt), surface) is not Outcome.VALID


@given(SOME_FACTS | ALMOST_GOOD, st.sampled_from(Surface))
def test_there_are_words_for_every_verdict(facts: Facts, surface: Surface) -> None:
    verdict = judge(facts, surface=surface, now=NOON)
    assert verdict.reason in REASONS
    assert verdict.outcome in OUTCOMES
    assert verdict.outcome in NEXT_STEPS
    assert {check.name for check in verdict.checks} <= CHECKS.keys()
    assert {check.result for check in verdict.checks} <= RESULTS.keys()
    assert set(Status) <= STATUSES.keys()
