"""May this system have these fields of this holder, for this case, on this basis, now? One pure decision.

1 the caller: an active system with the right to pull, of the department that asks
2 the basis: the line of the sharing table, or the enterprise's grant, and whether it covers holder, item, case and time
3 the types and fields: only what the basis lists, and never what its type or field does not share, or shares under
  conditions where the line is unconditional: the strictest of type, field and line wins
  A pull by item asks for what the item needs, as far as the basis lists it: public fields, and those its form takes.
Public fields need no listing. Comparing a field needs the same right as seeing it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from schemas.catalogue import Catalogue, CertificateType, CertificateTypeUnknownError, FieldClass, SharingClass
from schemas.certificate import civil_date
from schemas.exchange import Basis, PullRequest, Redemption, Wanted
from schemas.items import ServiceItem
from schemas.parties import Officer, Role, System
from schemas.predicates import Predicate, is_argument
from schemas.sharing import RuleState, SharingRule

Allowed = Mapping[str, tuple[str, ...]]
"""Certificate type → names of the non-common fields that may be disclosed."""


@dataclass(frozen=True, slots=True)
class DelegationStanding:
    """The delegation that a grant was signed by: in which matter, whether taken back, whether frozen by a change."""

    item_code: str
    withdrawn: bool
    frozen: bool


@dataclass(frozen=True, slots=True)
class GrantStanding:
    """A grant as it stands when it is asked about. `fields` maps certificate types to field names.

    `signer_known_good` is None while the signer's cert has no positive status of late: the grant is pending. Of a
    presentation requester, officer, item and case are those of its redemption, and it is `released` once the holder
    has confirmed them or had named the requester before. `versions` pins types to the version whose fields are given;
    `delegation` None: its signer's role sufficed.
    """

    digest: str
    holder: str
    requester: str
    fields: Mapping[str, tuple[str, ...]]
    item_code: str
    case_number: str
    valid_from: datetime
    valid_until: datetime
    uses_left: int
    withdrawn: bool
    signer_known_good: bool | None
    basis: Basis = Basis.GRANT
    officer: str | None = None
    released: bool = True
    versions: Mapping[str, int] = field(default_factory=dict)
    delegation: DelegationStanding | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """Allowed or not, by which reason code; `fields` is what may be disclosed, empty when refused."""

    allowed: bool
    reason: str
    fields: Allowed


def decide(
    request: PullRequest,
    *,
    system: System,
    officer: Officer | None,
    rule: SharingRule | None,
    grant: GrantStanding | None,
    catalogue: Catalogue,
    now: datetime,
    item: ServiceItem | None = None,
) -> Decision:
    """Decide a pull. `rule` and `grant` are what the request's basis names, or None when there is no such thing.

    `item` is the version that a pull by item stands on, None when none is in force.
    """
    refusal = _caller(system) or (
        _statutory(request, system, officer, rule, now)
        if request.basis is Basis.STATUTORY
        else _granted(request, system, officer, grant, now)
    )
    if refusal is not None:
        return Decision(False, refusal, {})
    listed = rule.fields if rule is not None else grant.fields if grant is not None else {}
    versions = grant.versions if grant is not None else {}
    freest = rule.sharing_class if rule is not None else SharingClass.CONDITIONAL
    asked = request.wanted
    if request.by_item:
        if item is None:
            return Decision(False, "item_not_in_force", {})
        asked = _needed(item, listed, catalogue, versions, freest)
        if not asked:
            return Decision(False, "type_not_covered", {})
    fields: dict[str, tuple[str, ...]] = {}
    for wanted in asked:
        outcome = permitted_fields(wanted, listed, catalogue, versions, freest)
        if isinstance(outcome, str):
            return Decision(False, outcome, {})
        fields[wanted.certificate_type] = outcome
    return Decision(True, "allowed", fields)


def may_follow(
    certificate_type: str,
    *,
    system: System,
    rule: SharingRule | None,
    grant: GrantStanding | None,
    catalogue: Catalogue,
    now: datetime,
) -> bool:
    """Say whether a system may be told that something was done to certificates of a type, on a line or on a grant.

    No case is asked about and no field is told: the basis has to stand, be this requester's, and give of that type.
    """
    if _caller(system) is not None:
        return False
    wanted = Wanted(certificate_type, ())
    if rule is not None:
        shared = permitted_fields(wanted, rule.fields, catalogue, {}, rule.sharing_class)
        stands = rule.requester == system.department and rule.stands(civil_date(now))
    elif grant is not None and grant.basis is not Basis.PRESENTATION:
        shared = permitted_fields(wanted, grant.fields, catalogue, grant.versions)
        stands = grant.requester == system.department and all(good for good, _ in _standing_checks(grant, now))
    else:
        return False
    return stands and not isinstance(shared, str)


def listed_predicate(
    item: ServiceItem | None, code: str, argument: str | None
) -> tuple[Predicate, str, ServiceItem] | str:
    """Return the predicate an item in force lists, the argument it is asked with, the item; or why nothing is asked.

    What the item fixes nobody may change; what it leaves open has to be said, in the form its kind needs.
    """
    if item is None:
        return "item_not_in_force"
    predicate = next((each for each in item.predicates if each.code == code), None)
    if predicate is None:
        return "predicate_not_listed"
    said = argument if predicate.argument is None else predicate.argument
    if said is None or argument not in (None, said) or not is_argument(predicate.kind, said):
        return "predicate_argument"
    return predicate, said, item


def limit(decision: Decision, *, is_within_caps: bool, bound_to: str | None, holder: str) -> Decision:
    """Refuse what the decision allows but the day or the case does not.

    `bound_to` is the holder whom the case belongs to on this line; None where it is nobody's, or may be many's.
    """
    checks = (
        (is_within_caps, "cap_reached"),
        (bound_to in (None, holder), "case_other_holder"),
    )
    refusal = next((reason for good, reason in checks if not good), None) if decision.allowed else None
    return Decision(False, refusal, {}) if refusal is not None else decision


def decide_redemption(
    redemption: Redemption,
    *,
    system: System,
    presentation: GrantStanding,
    catalogue: Catalogue,
    now: datetime,
) -> Decision:
    """Decide whether a code that was shown may be asked with: by whom, and for which fields of what is presented.

    `presentation.requester` is who the holder named before, "" for nobody.
    """
    acts_in = presentation.delegation.item_code if presentation.delegation else None
    checks = (
        (presentation.requester in ("", system.department), "grant_other_requester"),
        *_standing_checks(presentation, now),
        (acts_in is None or acts_in == redemption.item_code, "item_not_covered"),
    )
    refusal = _caller(system) or next((reason for good, reason in checks if not good), None)
    fields: dict[str, tuple[str, ...]] = {}
    for wanted in redemption.wanted if refusal is None else ():
        outcome = permitted_fields(wanted, presentation.fields, catalogue, presentation.versions)
        if isinstance(outcome, str):
            refusal = outcome
            break
        fields[wanted.certificate_type] = outcome
    return Decision(False, refusal, {}) if refusal is not None else Decision(True, "allowed", fields)


def _caller(system: System) -> str | None:
    return None if system.active and Role.PULL in system.roles else "role_missing"


def _statutory(
    request: PullRequest, system: System, officer: Officer | None, rule: SharingRule | None, now: datetime
) -> str | None:
    today = civil_date(now)
    if rule is None or rule.requester != system.department:
        return "rule_unknown"
    checks = (
        (rule.state is not RuleState.ASKED, "rule_not_approved"),
        (rule.state is not RuleState.REFUSED, "rule_refused"),
        (rule.state is RuleState.APPROVED, "rule_ended"),
        (rule.from_on <= today <= (rule.until_on or today), "rule_not_in_force"),
        (rule.confirmed_until is not None and today <= rule.confirmed_until, "rule_unreviewed"),
        (officer is not None, "officer_needed"),
        (request.item_code == rule.item_code, "item_not_covered"),
        (re.fullmatch(rule.case_pattern, request.case_number) is not None, "case_number_form"),
    )
    return next((reason for good, reason in checks if not good), None)


def _granted(
    request: PullRequest, system: System, officer: Officer | None, grant: GrantStanding | None, now: datetime
) -> str | None:
    if grant is None or grant.basis is not request.basis:
        return "grant_unknown"
    is_presented = grant.basis is Basis.PRESENTATION
    checks = (
        (grant.basis is Basis.GRANT or officer is not None, "officer_needed"),
        (grant.requester == system.department, "grant_other_requester"),
        (not is_presented or (officer is not None and officer.number == grant.officer), "presentation_other_officer"),
        (grant.holder == request.licence_number, "grant_other_holder"),
        *_standing_checks(grant, now),
        (grant.released, "presentation_unconfirmed"),
        (grant.item_code == request.item_code, "item_not_covered"),
        (grant.case_number == request.case_number, "case_not_covered"),
    )
    return next((reason for good, reason in checks if not good), None)


def _needed(
    item: ServiceItem, listed: Allowed, catalogue: Catalogue, versions: Mapping[str, int], freest: SharingClass
) -> tuple[Wanted, ...]:
    """Return what a pull by item asks for: of the types that may be had at all, no field the item has no use for."""
    needed = []
    for code, taken in item.asked_fields().items():
        most = permitted_fields(Wanted(code, None), listed, catalogue, versions, freest)
        if isinstance(most, str):
            continue  # told as missing, and why
        public = {each.name for each in catalogue.get(code).fields if each.field_class is FieldClass.PUBLIC}
        needed.append(Wanted(code, tuple(name for name in most if name in public | taken)))
    return tuple(needed)


def _standing_checks(grant: GrantStanding, now: datetime) -> tuple[tuple[bool, str], ...]:
    return (
        (not grant.withdrawn, "grant_withdrawn"),
        (grant.signer_known_good is not False, "grant_signer_revoked"),
        (grant.signer_known_good is not None, "grant_pending"),
        (now >= grant.valid_from, "grant_not_begun"),
        (now < grant.valid_until, "grant_ended"),
        (grant.uses_left > 0, "grant_used_up"),
        (grant.delegation is None or not grant.delegation.withdrawn, "delegation_withdrawn"),
        (grant.delegation is None or not grant.delegation.frozen, "delegation_frozen"),
    )


def permitted_fields(
    wanted: Wanted,
    listed: Allowed,
    catalogue: Catalogue,
    versions: Mapping[str, int],
    freest: SharingClass = SharingClass.CONDITIONAL,
) -> tuple[str, ...] | str:
    """Return what may be disclosed of one type, or why nothing; `freest` is the class the basis allows at most."""
    try:
        kind = catalogue.get(wanted.certificate_type, versions.get(wanted.certificate_type))
        newest = catalogue.get(wanted.certificate_type)
    except CertificateTypeUnknownError:
        return "type_unknown"
    if wanted.certificate_type not in listed:
        return "type_not_covered"
    # What a later version shares no more is shared no more: the strictest wins.
    strictest = SharingClass.strictest(kind.sharing_class, newest.sharing_class)
    if strictest is SharingClass.NOT_SHARED:
        return "not_shared"
    if SharingClass.strictest(strictest, freest) is not freest:
        return "class_stricter"
    permitted = frozenset(listed[wanted.certificate_type]) & _shareable(kind, freest) - _withheld(newest, freest)
    public = {each.name for each in kind.fields if each.field_class is FieldClass.PUBLIC}
    if wanted.fields is None:
        return tuple(each.name for each in kind.fields if each.name in permitted | public)
    if any(name not in permitted | public for name in wanted.fields):
        return "field_not_covered"
    return wanted.fields


def _shareable(kind: CertificateType, freest: SharingClass) -> frozenset[str]:
    return frozenset(each.name for each in kind.fields) - _withheld(kind, freest)


def _withheld(kind: CertificateType, freest: SharingClass) -> frozenset[str]:
    return frozenset(
        each.name for each in kind.fields if SharingClass.strictest(each.sharing_class, freest) is not freest
    )
