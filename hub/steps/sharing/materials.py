"""What a pull by item tells beside the certificates: which material is met, which is missing and why, what it prefills.

A case keeps the version of its item under which it was first asked for, and deferrals (容缺) count from that day. That
a certificate is not held is said only of types held completely here; else it is unknown. Prefill is read from the
files of the answer and from nothing else, each time it is given, so that it ends with them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection

from hub.decisions.answers import disclosed_values
from hub.decisions.facts import Surroundings
from hub.steps.consent.signer_status import opened_grant
from hub.steps.registry import Registry
from hub.steps.sharing.delivery import Judged
from hub.store.exchange import ExchangeReader, StoredDecision
from hub.store.grant import GrantReader
from hub.store.item import ItemReader
from schemas.catalogue import SharingClass
from schemas.certificate import civil_date
from schemas.exchange import Basis
from schemas.items import Material, ServiceItem
from schemas.verdict import Outcome
from schemas.wording import MISSING

_HELD: Mapping[Outcome, str] = {
    Outcome.SUSPENDED: "suspended",
    Outcome.NOT_VALID: "not_valid",
    Outcome.UNKNOWN: "unknown",
}


@dataclass(frozen=True, slots=True)
class Case:
    """The version of the item that a case stands on, and the day it was first asked for."""

    item: ServiceItem
    began_on: date


def case_of(
    requester: str, licence_number: str, item_code: str, case_number: str, *, connection: Connection, today: date
) -> Case | None:
    """Return the case: as it was first asked for, or begun today on the version in force; None when there is none."""
    versions = ItemReader(connection).versions([item_code])
    first = ExchangeReader(connection).first_by_item(requester, licence_number, item_code, case_number)
    if first is not None:
        kept = next(each for each in versions if each.version == first.item_version)
        return Case(kept, civil_date(first.recorded_at))
    return next((Case(each, today) for each in versions if each.is_in_force(today)), None)


def describe_materials(
    case: Case,
    decision: StoredDecision,
    judged: Sequence[Judged],
    *,
    surroundings: Surroundings,
    registry: Registry,
    connection: Connection,
    today: date,
    tell: bool,
) -> dict[str, Any]:
    """Return `item`, `materials` and whether they are `complete`: every required one met, and one of each group.

    With `tell`, `told_of` names the types of whose issue the requester will be told while a material may follow.
    """
    whole = _whole_types(decision, registry, connection)
    told = []
    for material in case.item.materials:
        met = [each for each in judged if _meets(each, material)]
        why = [] if met else list(_why(material, decision, judged, whole, surroundings, registry))
        one = {
            "code": material.code,
            "name_zh": material.name_zh,
            "name_en": material.name_en,
            "group": material.group,
            "state": "met" if met else "missing",
            "met_by": [_named(each) for each in met],
            "why": why,
        }
        told.append(one | _deferral(material, case, registry, today))
    groups = {each["group"] for each in told if each["group"] and each["state"] == "met"}
    for each in told:
        if each["state"] == "missing" and each["group"] in groups:
            each["state"] = "not_needed"
    for each, material in zip(told, case.item.materials, strict=True):
        waits = tell and each["state"] == "missing" and each["deferrable"]
        each["told_of"] = [code for code in material.types if code in whole] if waits else []
    item = {name: getattr(case.item, name) for name in ("code", "version", "name_zh", "name_en")}
    return {"item": item, "complete": all(each["state"] != "missing" for each in told), "materials": told}


def with_prefill(answer: Mapping[str, Any], *, connection: Connection) -> dict[str, Any]:
    """Return a by-item pull's answer with its `prefill`: form field → value and source, from the files it hands over.

    The first source the item names that was delivered fills a field. Where it is several certificates that differ, the
    field is among the `prefill_choices` instead: nobody's value is guessed.
    """
    named = answer["item"]
    versions = ItemReader(connection).versions([named["code"]])
    item = next(each for each in versions if each.version == named["version"])
    prefill: dict[str, dict[str, str]] = {}
    choices: dict[str, list[dict[str, str]]] = {}
    for form_field, found in _sources(item, answer["items"]):
        if form_field in prefill or form_field in choices:
            continue
        if len({each["value"] for each in found}) == 1:
            prefill[form_field] = found[0]
        else:
            choices[form_field] = found
    return dict(answer) | {"prefill": prefill, "prefill_choices": choices}


def _sources(item: ServiceItem, items: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Yield form field and what delivered certificates of one type say of it, in the item's order."""
    delivered = [(each, _values(each)) for each in items if each.get("file")]
    for material in item.materials:
        for code, prefill in material.types.items():
            of_type = [(each, values) for each, values in delivered if each["certificate_type"] == code]
            for form_field, field in prefill.items():
                found = [
                    {"value": values[field], "certificate_type": code, "identifier": each["identifier"]}
                    for each, values in of_type
                    if values.get(field)
                ]
                if found:
                    yield form_field, found


def _values(delivered: Mapping[str, Any]) -> dict[str, str]:
    return disclosed_values(delivered["file"]["record"]["signatures"][0]["header"]["disclosures"])


def _meets(each: Judged, material: Material) -> bool:
    return each.verdict.outcome is Outcome.VALID and each.certificate.certificate_type in material.types


def _named(each: Judged) -> dict[str, str]:
    return {
        "certificate_type": each.certificate.certificate_type,
        "identifier": each.certificate.identifier,
        "certificate_number": each.number,
    }


def _whole_types(decision: StoredDecision, registry: Registry, connection: Connection) -> Collection[str]:
    """Return the types of which a decision covers whatever the holder has; certificates granted singly are not all."""
    stored = GrantReader(connection).get(decision.basis_reference or "") if decision.basis == Basis.GRANT else None
    if stored is None:
        return decision.fields.keys()
    return {each.code for each in opened_grant(stored, registry)[0].types} & decision.fields.keys()


def _why(
    material: Material,
    decision: StoredDecision,
    judged: Sequence[Judged],
    whole: Collection[str],
    surroundings: Surroundings,
    registry: Registry,
) -> Iterator[dict[str, Any]]:
    """Yield for each type that would meet a material why it does not: of each certificate held, or of none."""
    if not material.types:
        yield _reason("paper_only")
    for code in material.types:
        held = [each for each in judged if each.certificate.certificate_type == code]
        if registry.catalogue.get(code).sharing_class is SharingClass.NOT_SHARED:
            yield _reason("not_shared", certificate_type=code)
        elif held:
            yield from (_reason(_HELD[each.verdict.outcome], **_named(each)) for each in held)
        elif code not in whole:
            yield _reason("not_covered", certificate_type=code)
        elif code in surroundings.complete:
            since = surroundings.complete[code].isoformat()
            yield _reason("never_held", certificate_type=code, complete_since=since)
        else:
            yield _reason("not_collected", certificate_type=code)


def _reason(reason: str, **facts: str) -> dict[str, Any]:
    return {"reason": reason, "zh": MISSING[reason].zh, "en": MISSING[reason].en, **facts}


def _deferral(material: Material, case: Case, registry: Registry, today: date) -> dict[str, Any]:
    """Return whether a material may still follow, until which day; `provisional` marks an estimated day (暂估)."""
    if material.deferrable_days is None:
        return {"deferrable": False, "deferrable_until": None, "provisional": False}
    due = registry.calendar.after(case.began_on, material.deferrable_days)
    until = due.on.isoformat()
    return {"deferrable": today <= due.on, "deferrable_until": until, "provisional": due.provisional}
