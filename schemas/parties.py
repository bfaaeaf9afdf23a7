"""The parties of the hub: departments, issuing bodies, their systems and officers, enterprises.

An issuing body is separate from a certificate type: it has an area, may be delegated, succeeds another, answers to a
superior, and is in charge of each type from a day until a day.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from schemas.annotation import AnnotationKind


class Role(StrEnum):
    """What a system may ask of the hub; an officer acts through a system of the same department.

    TERMINAL 窗口终端 is the browser of a workplace: it signs what its signed-in officer orders on the hub's own pages,
    and calls no other door, where nobody sees who sits there.
    """

    ISSUE = "issue"
    COLLECT = "collect"
    PULL = "pull"
    OPERATE = "operate"
    TERMINAL = "terminal"


class LicenceState(StrEnum):
    """The state of a holder's business licence as its permits feel it.

    DORMANT is 歇业, ABNORMAL 列入经营异常名录, STRIPPED 吊销未注销, MOVED_OUT 迁出, SUCCEEDED a holder whose permits
    another is to have changed to itself (个转企, 合并, 分立). NOT_NEEDED is a holder outside the business registry (a
    school, a hospital); NOT_RECORDED is a business whose licence this hub does not hold.
    """

    REGISTERED = "registered"
    SUSPENDED = "suspended"
    TERM_ENDED = "term_ended"
    WITHDRAWN = "withdrawn"
    ANNULLED = "annulled"
    STRIPPED = "stripped"
    CANCELLED = "cancelled"
    DORMANT = "dormant"
    ABNORMAL = "abnormal"
    MOVED_OUT = "moved_out"
    SUCCEEDED = "succeeded"
    NOT_NEEDED = "not_needed"
    NOT_RECORDED = "not_recorded"


class Authority(StrEnum):
    """By what right a body acts on a certificate: its own, that of one it succeeded, superior's, delegator's."""

    OWN = "own"
    SUCCESSOR = "successor"
    SUPERIOR = "superior"
    DELEGATOR = "delegator"


class RelationKind(StrEnum):
    """How one enterprise stands to another: a branch to its parent 分支机构, a predecessor to its successor.

    个转企, 吸收合并, 新设合并, 解散分立, 派生分立; after the last the predecessor lives on.
    """

    BRANCH = "branch"
    CONVERSION = "conversion"
    ABSORPTION = "absorption"
    MERGER = "merger"
    SPLIT = "split"
    SPIN_OFF = "spin_off"


ENDING_RELATIONS = frozenset(
    {RelationKind.CONVERSION, RelationKind.ABSORPTION, RelationKind.MERGER, RelationKind.SPLIT}
)
"""Relations after which the predecessor is no more and its permits wait to be changed."""


@dataclass(frozen=True, slots=True)
class Department:
    licence_number: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class IssuingBody:
    """Who seals.

    `competences` maps a certificate type's code to the days (first, last or None) it is in charge; `delegated` the code
    of a type it issues by delegation to the body that delegated it; `annotates` the kinds of annotation it may make on
    certificates of others.
    """

    licence_number: str
    department: str
    name_zh: str
    name_en: str
    area: str
    from_on: date
    until_on: date | None
    successor: str | None
    superior: str | None
    competences: Mapping[str, tuple[date, date | None]]
    delegated: Mapping[str, str] = field(default_factory=dict)
    annotates: frozenset[AnnotationKind] = frozenset()

    def is_in_charge(self, certificate_type: str, on: date) -> bool:
        """Say whether the body exists on that day and is in charge of the type."""
        first, last = self.competences.get(certificate_type, (date.max, None))
        return self.from_on <= on and first <= on and on <= (last or on) and on <= (self.until_on or on)


@dataclass(frozen=True, slots=True)
class System:
    """A department's software that calls the hub, known by its code and its key (`cert_der`, an X.509 cert)."""

    code: str
    department: str
    name: str
    cert_der: bytes
    roles: frozenset[Role]
    active: bool


class Duty(StrEnum):
    """What a person answers for 职责, after the separation of three 三员分立; most officers only handle cases.

    CASE 办件 is the whole work at a desk; ISSUE 制证 and PULL 用证 are one part of it each. SYSTEM 系统管理员 and
    SECURITY 安全管理员 approve changes of rights together, AUDIT 审计员 watches both, APPROVE 审批 speaks for a
    provider of data and seconds. Who has one of these four has a key of his own; the acts: `schemas/duties.py`.
    """

    CASE = "case"
    ISSUE = "issue"
    PULL = "pull"
    SYSTEM = "system"
    SECURITY = "security"
    AUDIT = "audit"
    APPROVE = "approve"


DESK_DUTIES = frozenset({Duty.CASE, Duty.ISSUE, Duty.PULL})
"""Of those who only handle cases: no key of their own, no word on changes of rights."""


@dataclass(frozen=True, slots=True)
class Officer:
    """A person of a department, named in statements by a number only; `cert_der` is of his own key, if he has one."""

    number: str
    department: str
    active: bool
    duty: Duty = Duty.CASE
    cert_der: bytes | None = None


@dataclass(frozen=True, slots=True)
class Enterprise:
    """A holder of certificates. `reference` is its public, replaceable name in the QR of its licence."""

    licence_number: str
    reference: str
    name: str
    address: str


class CoverageState(StrEnum):
    """How much of a type an issuing body has here; absence is said only of what is complete."""

    COMPLETE = "complete"
    PARTIAL = "partial"
    NOT_CONNECTED = "not_connected"


@dataclass(frozen=True, slots=True)
class Coverage:
    """收录范围: what this hub holds of one type and issuing body, since when, and when that was last heard."""

    certificate_type: str
    issuing_body: str
    state: CoverageState
    since_on: date | None
    heard_at: datetime | None


@dataclass(frozen=True, slots=True)
class Relation:
    """One enterprise to another, as the registry holds it: from branch or predecessor, to parent or successor."""

    kind: str
    from_number: str
    to_number: str
    works_from: date
    until_on: date | None
    recorded_at: datetime
    act_id: str
    ended_at: datetime | None = None

    def ends(self, licence_number: str) -> bool:
        """Say whether this enterprise is no more by a relation that stands; none is recorded ahead of its day."""
        return self.from_number == licence_number and self.kind in ENDING_RELATIONS and self.until_on is None


@dataclass(frozen=True, slots=True)
class Subject:
    """A site or a device with its id and its code: `holder` is whose it is now, `address` "" where it is a home."""

    subject_id: str
    kind: str
    reference: str
    holder: str
    name: str
    address: str
    ended_on: str | None


def needs_business_licence(licence_number: str) -> bool:
    """Say whether a holder is of the business registry: its licence number begins with 9 (GB 32100, position 1)."""
    return licence_number.startswith("9")


def may_lack_a_name(licence_number: str) -> bool:
    """Say whether a holder may have no trade name: the self-employed (个体工商户, positions 1-2 of GB 32100)."""
    return licence_number.startswith("92")
