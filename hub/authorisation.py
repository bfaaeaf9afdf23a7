"""May this system have these fields of this holder, for this case, on this basis, now? One pure decision.

1 the caller: an active system with the right to pull, of the department that asks
2 the basis: the line of the sharing table, or the enterprise's grant, and whether it covers holder, item, case and time
3 the types and fields: only what the basis lists, and never what its type or field does not share
  A pull by item asks for what the item needs, as far as the basis lists it: public fields, and those its form takes.
Public fields need no listing. Comparing a field needs the same right as seeing it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from schemas.catalogue import Catalogue, CertificateType, CertificateTypeUnknownError, FieldClass, SharingClass
from schemas.certificate import civil_date
from schemas.exchange import Basis, PullRequest, SharingRule, Wanted
from schemas.items import ServiceItem
from schemas.parties import Officer, Role, System

Allowed = Mapping[str, tuple[str, ...]]
"""Certificate type → names of the non-common fields that may be disclosed."""


@dataclass(frozen=True, slots=True)
class GrantStanding:
    """A grant as it stands when it is asked about. `fields` maps certificate types to field names.

    `signer_known_good` is None while the signer's cert has no positive status of late: the grant is pending.
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
        else _granted(request, system, grant, now)
    )
    if refusal is not None:
        return Decision(False, refusal, {})
    listed = rule.fields if rule is not None else grant.fields if grant is not None else {}
    asked = request.wanted
    if request.by_item:
        if item is None:
            return Decision(False, "item_not_in_force", {})
        asked = _needed(item, listed, catalogue)
        if not asked:
            return Decision(False, "type_not_covered", {})
    fields: dict[str, tuple[str, ...]] = {}
    for wanted in asked:
        outcome = _fields(wanted, listed, catalogue)
        if isinstance(outcome, str):
            return Decision(False, outcome, {})
        fields[wanted.certificate_type] = outcome
    return Decision(True, "allowed", fields)


def _caller(system: System) -> str | None:
    return None if system.active and Role.PULL in system.roles else "role_missing"


def _statutory(
    request: PullRequest, system: System, officer: Officer | None, rule: SharingRule | None, now: datetime
) -> str | None:
    today = civil_date(now)
    if rule is None or rule.requester != system.department:
        return "rule_unknown"
    if today < rule.from_on or (rule.until_on is not None and today > rule.until_on):
        return "rule_not_in_force"
    if officer is None:
        return "officer_needed"
    if request.item_code != rule.item_code:
        return "item_not_covered"
    if not re.fullmatch(rule.case_pattern, request.case_number):
        return "case_number_form"
    return None


def _granted(request: PullRequest, system: System, grant: GrantStanding | None, now: datetime) -> str | None:
    if grant is None:
        return "grant_unknown"
    checks = (
        (grant.requester == system.department, "grant_other_requester"),
        (grant.holder == request.licence_number, "grant_other_holder"),
        (not grant.withdrawn, "grant_withdrawn"),
        (grant.signer_known_good is not False, "grant_signer_revoked"),
        (grant.signer_known_good is not None, "grant_pending"),
        (now >= grant.valid_from, "grant_not_begun"),
        (now < grant.valid_until, "grant_ended"),
        (grant.uses_left > 0, "grant_used_up"),
        (grant.item_code == request.item_code, "item_not_covered"),
        (grant.case_number == request.case_number, "case_not_covered"),
    )
    return next((reason for good, reason in checks if not good), None)


def _needed(item: ServiceItem, listed: Allowed, catalogue: Catalogue) -> tuple[Wanted, ...]:
    """Return what a pull by item asks for: of the types that may be had at all, no field the item has no use for."""
    needed = []
    for code, taken in item.asked_fields().items():
        most = _fields(Wanted(code, None), listed, catalogue)
        if isinstance(most, str):
            continue  # told as missing, and why
        public = {each.name for each in catalogue.get(code).fields if each.field_class is FieldClass.PUBLIC}
        needed.append(Wanted(code, tuple(name for name in most if name in public | taken)))
    return tuple(needed)


def _fields(wanted: Wanted, listed: Allowed, catalogue: Catalogue) -> tuple[str, ...] | str:
    try:
        kind = catalogue.get(wanted.certificate_type)
    except CertificateTypeUnknownError:
        return "type_unknown"
    if wanted.certificate_type not in listed:
        return "type_not_covered"
    if kind.sharing_class is SharingClass.NOT_SHARED:
        return "not_shared"
    permitted = frozenset(listed[wanted.certificate_type]) & _shareable(kind)
    public = {field.name for field in kind.fields if field.field_class is FieldClass.PUBLIC}
    if wanted.fields is None:
        return tuple(field.name for field in kind.fields if field.name in permitted | public)
    if any(name not in permitted | public for name in wanted.fields):
        return "field_not_covered"
    return wanted.fields


def _shareable(kind: CertificateType) -> frozenset[str]:
    return frozenset(field.name for field in kind.fields if field.sharing_class is not SharingClass.NOT_SHARED)
