"""Service items (政务服务事项) and what each needs: materials, and which certificates hand them in for the applicant.

A material is met by a certificate of one of its types; the fields of that certificate may fill the form (免填写), and
the material need not be brought (免提交). It may be let come later (容缺受理) within so many working days.
Source: the reform's plan, sections (六), (七), (九) and (十七); item codes are those of the city's list of items.
A version is never changed once it is recorded; it ends, and the next one follows it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from schemas.catalogue import FieldProblem
from schemas.predicates import Predicate

_ONE_DAY = timedelta(days=1)
LONGEST_DEFERRAL = 250


@dataclass(frozen=True, slots=True)
class Material:
    """What an applicant would have to bring.

    `types` maps each certificate type that meets it to form field → field of that type; none: only a paper does.
    Of the materials of one `group` a single one is enough; without a group it is required. `deferrable_days` are
    working days within which it may follow, None when it may not.
    """

    code: str
    name_zh: str
    name_en: str
    group: str | None
    types: Mapping[str, Mapping[str, str]]
    deferrable_days: int | None


@dataclass(frozen=True, slots=True)
class ServiceItem:
    """One version of an item: `department` (a licence number) decides it, from and until those days, both included.

    `predicates` are the only questions with a yes or no that may be asked for it.
    """

    code: str
    version: int
    name_zh: str
    name_en: str
    department: str
    from_on: date
    until_on: date | None
    materials: tuple[Material, ...]
    predicates: tuple[Predicate, ...] = ()

    def is_in_force(self, today: date) -> bool:
        return self.from_on <= today and (self.until_on is None or today <= self.until_on)

    def asked_fields(self) -> dict[str, frozenset[str]]:
        """Return the certificate types that meet its materials, in their order, and the fields its form takes."""
        asked: dict[str, frozenset[str]] = {}
        for material in self.materials:
            for code, prefill in material.types.items():
                asked[code] = asked.get(code, frozenset()) | frozenset(prefill.values())
        return asked

    def content(self) -> dict[str, Any]:
        """Return it as plain members, the form in which it is ordered and shown."""
        return {
            "code": self.code,
            "version": self.version,
            "name_zh": self.name_zh,
            "name_en": self.name_en,
            "department": self.department,
            "from_on": self.from_on.isoformat(),
            "until_on": self.until_on.isoformat() if self.until_on else None,
            "materials": [material_content(each) for each in self.materials],
            "predicates": [each.content() for each in self.predicates],
        }


def material_content(material: Material) -> dict[str, Any]:
    """Return a material as plain members."""
    return {
        "code": material.code,
        "name_zh": material.name_zh,
        "name_en": material.name_en,
        "group": material.group,
        "types": [
            {"certificate_type": code, "prefill": dict(prefill)} for code, prefill in material.types.items()
        ],
        "deferrable_days": material.deferrable_days,
    }  # fmt: skip


def material_of(content: Mapping[str, Any]) -> Material:
    """Return the material that `material_content` told."""
    types = {each["certificate_type"]: dict(each["prefill"]) for each in content["types"]}
    return Material(**{**content, "types": types})


@dataclass(frozen=True, slots=True)
class PlacedItem:
    """An item with the place in the order that problems name: `row 7` of a sheet, or `items[3]`."""

    place: str
    item: ServiceItem


@dataclass
class Difference:
    """What an order of items would do: versions to add, days on which versions end, and what breaks a rule."""

    added: list[ServiceItem] = field(default_factory=list)
    # New version → the one it follows.
    changed: list[tuple[ServiceItem, ServiceItem]] = field(default_factory=list)
    ended: list[ServiceItem] = field(default_factory=list)
    unchanged: int = 0
    problems: list[FieldProblem] = field(default_factory=list)

    def content(self) -> dict[str, Any]:
        """Return it in codes and days: which items, materials and predicates are added, changed and ended."""
        return {
            "added": [_named(each) | _parts(each) for each in self.added],
            "changed": [_named(new) | {"follows": old.version} | _changes(old, new) for new, old in self.changed],
            "ended": [_named(each) | {"until_on": str(each.until_on)} for each in self.ended],
            "unchanged": self.unchanged,
        }


def compare_items(given: Sequence[PlacedItem], stored: Iterable[ServiceItem]) -> Difference:
    """Return what the given versions add, change and end of those stored, and every rule they break.

    A new version ends the stored one before it, which has no end of its own, the day before it begins. Rules:
    version_gap (versions count from 1), version_differs (a recorded version never changes, but may be given its end),
    versions_overlap (two would be in force on one day).
    """
    difference = Difference()
    kept: dict[str, dict[int, ServiceItem]] = {}
    for each in stored:
        kept.setdefault(each.code, {})[each.version] = each
    for placed in sorted(given, key=lambda each: (each.item.code, each.item.version)):
        _compare(placed, kept.setdefault(placed.item.code, {}), difference)
    _refuse_overlaps(given, kept, difference)
    return difference


def _compare(placed: PlacedItem, versions: dict[int, ServiceItem], difference: Difference) -> None:
    item = placed.item
    known = versions.get(item.version)
    if known is not None:
        _compare_known(placed, known, versions, difference)
        return
    if item.version != max(versions, default=0) + 1:
        difference.problems.append(FieldProblem(f"{placed.place}.version", "version_gap"))
        return
    before = versions.get(item.version - 1)
    if before is None:
        difference.added.append(item)
    else:
        is_new = any(before is each for each in _new(difference))
        if before.until_on is None and not is_new and before.from_on < item.from_on:
            before = versions[before.version] = replace(before, until_on=item.from_on - _ONE_DAY)
            difference.ended.append(before)
        difference.changed.append((item, before))
    versions[item.version] = item


def _compare_known(
    placed: PlacedItem, known: ServiceItem, versions: dict[int, ServiceItem], difference: Difference
) -> None:
    item = placed.item
    if replace(item, until_on=known.until_on) != known:
        difference.problems.append(FieldProblem(f"{placed.place}.version", "version_differs"))
    elif item.until_on in (None, known.until_on):
        difference.unchanged += 1  # leaving an end out takes none back
    else:
        versions[item.version] = item
        difference.ended.append(item)


def _refuse_overlaps(
    given: Sequence[PlacedItem], kept: Mapping[str, Mapping[int, ServiceItem]], difference: Difference
) -> None:
    places = {(each.item.code, each.item.version): each.place for each in given}
    for code, versions in kept.items():
        for version, item in versions.items():
            before = versions.get(version - 1)
            if before is None or (before.until_on is not None and before.until_on < item.from_on):
                continue
            place = places.get((code, version)) or places.get((code, version - 1))
            if place is not None:
                difference.problems.append(FieldProblem(f"{place}.from_on", "versions_overlap"))


def _new(difference: Difference) -> Iterator[ServiceItem]:
    yield from difference.added
    yield from (each for each, _ in difference.changed)


def _named(item: ServiceItem) -> dict[str, Any]:
    return {"code": item.code, "version": item.version, "name_zh": item.name_zh}


def _parts(item: ServiceItem) -> dict[str, list[str]]:
    return {"materials": [each.code for each in item.materials], "predicates": [each.code for each in item.predicates]}


def _changes(old: ServiceItem, new: ServiceItem) -> dict[str, list[str]]:
    return _changes_of("materials", old.materials, new.materials) | _changes_of(
        "predicates", old.predicates, new.predicates
    )


def _changes_of(
    name: str, old: Iterable[Material | Predicate], new: Iterable[Material | Predicate]
) -> dict[str, list[str]]:
    before, after = ({each.code: each for each in parts} for parts in (old, new))
    return {
        f"{name}_added": [code for code in after if code not in before],
        f"{name}_changed": [code for code in after if code in before and after[code] != before[code]],
        f"{name}_ended": [code for code in before if code not in after],
    }
