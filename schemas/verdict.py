"""Verdicts: the four outcomes, the named checks behind them, and the tables that say which check a surface requires.

Three rules outrank all others. A required check that has no result gives unknown. "Not possible here" is named and
lowers nothing. Doubt never reads "valid".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from schemas.annotation import Annotation, AnnotationKind
from schemas.certificate import Status
from schemas.parties import LicenceState


class Outcome(StrEnum):
    VALID = "valid"
    NOT_VALID = "not_valid"
    SUSPENDED = "suspended"
    UNKNOWN = "unknown"


class Surface(StrEnum):
    """A door a verdict stands behind."""

    SCAN = "scan"
    PULL = "pull"
    EXAMINATION = "examination"
    OFFLINE = "offline"


class CheckName(StrEnum):
    SEAL = "seal"
    TRUST = "trust"
    STATEMENT = "statement"
    STATUS = "status"
    DATES = "dates"
    LICENCE = "licence"
    DATA_AGE = "data_age"
    ANNOTATIONS = "annotations"
    RIGHT_TO_HOLD = "right_to_hold"
    LOG = "log"
    PROVEN_TIME = "proven_time"


class Result(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    SUSPENDED = "suspended"
    UNKNOWN = "unknown"
    NOT_POSSIBLE = "not_possible"


@dataclass(frozen=True, slots=True)
class Check:
    """One named check: its result, and a reason code (a row of `schemas/wording.py`) where it did not simply pass."""

    name: CheckName
    result: Result
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The one answer about a certificate. `reason` is the first cause, `since` the day it began where one is known."""

    outcome: Outcome
    reason: str
    since: date | None
    checks: tuple[Check, ...]
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What a surface knows of one certificate when it asks for a verdict; None is "not known here".

    seal, trust, statement and right_to_hold are findings of the surface itself (it opened the bytes, it read the trust
    list), and `log` of how the evidence log stands; the rest are facts that the verdict judges. `seen_at` and
    `fresh_for_seconds` are the source's, for collected data; None for the hub's own, whose age is nought.
    `status_as_of` is None when the status is this moment's. `status_finding` stands in place of a judged status where
    the surface found one that no `Status` says: the registry holds no such record, or a status list says "ended" and
    not how. `annotations` are all that are known, those of other days too. `works_from` is the first day it works in
    law, where that may be later than `valid_from`. `sealed_in_time` says that another's word proves the seal to be
    older than the end of its key; it is asked only where `trust` finds that the key is over (`SEAL_OVER`).
    """

    seal: Check
    trust: Check
    statement: Check
    right_to_hold: Check
    log: Check
    status: Status | None
    status_since: date | None
    suspended_until: date | None
    suspension_ends: str
    valid_from: date | None
    valid_to: date | None
    licence: LicenceState | None
    collected: bool
    seen_at: datetime | None
    fresh_for_seconds: int | None
    status_as_of: datetime | None
    status_finding: Check | None = None
    annotations: tuple[Annotation, ...] = ()
    works_from: date | None = None
    sealed_in_time: bool = False


SEAL_OVER = frozenset({"seal_ended", "seal_revoked"})
"""The reasons of a trust check whose key was on the list and counts no more: what it sealed before still holds."""

REQUIRED: Mapping[Surface, frozenset[CheckName]] = {
    # The seal was opened when the record was sealed; a scan shows no bytes that could be forged.
    Surface.SCAN: frozenset(CheckName) - {CheckName.RIGHT_TO_HOLD},
    Surface.PULL: frozenset(CheckName) - {CheckName.RIGHT_TO_HOLD},
    Surface.EXAMINATION: frozenset(CheckName),
    # Offline there is no registry to ask: statement, licence and data age are the delivery note's to tell.
    Surface.OFFLINE: frozenset(CheckName)
    - {CheckName.STATEMENT, CheckName.LICENCE, CheckName.DATA_AGE, CheckName.ANNOTATIONS, CheckName.LOG},
}

# licence state × a permit that is good by itself → result and reason. A permit that has ended stays ended; "passed"
# with a reason is told and lowers nothing.
LICENCE_TABLE: Mapping[LicenceState, tuple[Result, str | None]] = {
    LicenceState.REGISTERED: (Result.PASSED, None),
    LicenceState.NOT_NEEDED: (Result.PASSED, None),
    LicenceState.SUSPENDED: (Result.SUSPENDED, "licence_suspended"),
    LicenceState.TERM_ENDED: (Result.UNKNOWN, "licence_term_ended"),
    LicenceState.WITHDRAWN: (Result.FAILED, "licence_withdrawn"),
    LicenceState.ANNULLED: (Result.FAILED, "licence_annulled"),
    LicenceState.STRIPPED: (Result.FAILED, "licence_stripped"),
    LicenceState.CANCELLED: (Result.FAILED, "licence_cancelled"),
    # Dormancy and the list of abnormal operations take no permit away (市场主体登记管理条例 art. 30; 信息公示条例 17).
    LicenceState.DORMANT: (Result.PASSED, "licence_dormant"),
    LicenceState.ABNORMAL: (Result.PASSED, "licence_abnormal"),
    LicenceState.MOVED_OUT: (Result.UNKNOWN, "licence_moved_out"),
    LicenceState.SUCCEEDED: (Result.UNKNOWN, "licence_succeeded"),
    LicenceState.NOT_RECORDED: (Result.UNKNOWN, "licence_not_recorded"),
}

# annotation × a certificate that is good by itself → result and reason. A stay of execution on a certificate that was
# ended makes that ending doubtful: unknown, never valid. A renewal that is under way is judged with the dates.
ANNOTATION_TABLE: Mapping[AnnotationKind, tuple[Result, str]] = {
    AnnotationKind.BUSINESS_HALTED: (Result.SUSPENDED, "business_halted"),
    AnnotationKind.FROZEN: (Result.PASSED, "frozen"),
    AnnotationKind.EXECUTION_STAYED: (Result.PASSED, "execution_stayed"),
    AnnotationKind.RENEWAL_ACCEPTED: (Result.PASSED, "renewal_accepted"),
    AnnotationKind.RENEWAL_REFUSED: (Result.PASSED, "renewal_refused"),
    # On the business licence's own line; for its holder's permits they are a state of the table above.
    AnnotationKind.DORMANT: (Result.PASSED, "licence_dormant"),
    AnnotationKind.ABNORMAL: (Result.PASSED, "licence_abnormal"),
    AnnotationKind.MOVED_OUT: (Result.UNKNOWN, "licence_moved_out"),
}
