"""Reading ordered items: each member by its form, every rule that is broken named with its place, no value repeated."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hub.steps.orders.reading import OrderReading
from schemas.catalogue import Catalogue, CertificateTypeUnknownError, FieldProblem, FieldsError, SharingClass
from schemas.fields import COMMON_FIELDS
from schemas.items import LONGEST_DEFERRAL, Material, PlacedItem, ServiceItem
from schemas.predicates import LONGEST_ARGUMENT, Predicate, PredicateKind, is_argument

MOST_ITEMS = 500
_MOST_MATERIALS = 100
_MOST_TYPES = 20
_MOST_PREFILLED = 100
_MOST_PREDICATES = 50
_ITEM = frozenset(
    {"code", "version", "name_zh", "name_en", "department", "from_on", "until_on", "materials", "predicates", "row"}
)
_MATERIAL = frozenset({"code", "name_zh", "name_en", "group", "types", "deferrable_days", "row"})
_PREDICATE = frozenset({"code", "kind", "certificate_type", "field", "argument", "row"})
_TYPE = frozenset({"certificate_type", "prefill", "row"})


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the order something stands, and the problems found so far."""

    name: str
    problems: list[FieldProblem]

    def within(self, member: str, index: int, content: Mapping[str, Any]) -> "_Place":
        row = content.get("row")
        # A sheet's rows are what its maker can find again; JSON has places.
        return _Place(f"row {row}" if type(row) is int else f"{self.name}{member}[{index}]", self.problems)

    def problem(self, member: str, rule: str) -> None:
        self.problems.append(FieldProblem(f"{self.name}.{member}" if self.name else member, rule))

    def took(self, reading: OrderReading) -> None:
        for each in reading.problems:
            self.problem(each.field, each.rule)


def read_items(given: Any, *, catalogue: Catalogue) -> list[PlacedItem]:
    """Read the `items` of an order; FieldsError names each member that is wrong by its place and rule.

    A material without types is a paper that no certificate replaces. A `row` beside any member is the row of the sheet
    it came from.
    """
    problems: list[FieldProblem] = []
    top = _Place("", problems)
    items = _list(given, "items", MOST_ITEMS, top)
    read = [_read_item(each, top.within("items", at, each), catalogue) for at, each in enumerate(items)]
    _refuse_twice(((each.place, (each.item.code, each.item.version)) for each in read), "version", problems)
    if problems:
        raise FieldsError(tuple(problems))
    return read


def _read_item(content: Mapping[str, Any], place: _Place, catalogue: Catalogue) -> PlacedItem:
    _refuse_unknown(content, _ITEM, place)
    reading = OrderReading(content)
    code, version = reading.code("code"), reading.whole("version")
    name_zh, name_en = reading.text("name_zh"), reading.text("name_en")
    department = reading.licence_number("department")
    from_on, until_on = reading.day("from_on"), reading.optional_day("until_on")
    if until_on is not None and until_on < from_on:
        reading.problem("until_on", "reversed")
    place.took(reading)
    given = _list(content.get("materials"), "materials", _MOST_MATERIALS, place)
    places = [place.within(".materials", at, each) for at, each in enumerate(given)]
    materials = [_read_material(each, at, catalogue) for each, at in zip(given, places, strict=True)]
    named = [(at.name, material.code) for at, material in zip(places, materials, strict=True)]
    _refuse_twice(named, "code", place.problems)
    groups = [each.group for each in materials]
    for material, at in zip(materials, places, strict=True):
        if material.group is not None and groups.count(material.group) == 1:
            at.problem("group", "group_of_one")
    given = _list(content.get("predicates", []), "predicates", _MOST_PREDICATES, place, least=0)
    asked = [_read_predicate(each, place.within(".predicates", at, each), catalogue) for at, each in enumerate(given)]
    _refuse_twice(((f"{place.name}.predicates", each.code) for each in asked), "code", place.problems)
    item = ServiceItem(
        code, version, name_zh, name_en, department, from_on, until_on, tuple(materials), tuple(asked)
    )  # fmt: skip
    return PlacedItem(place.name, item)


def _read_predicate(content: Mapping[str, Any], place: _Place, catalogue: Catalogue) -> Predicate:
    """Read a question the item lists: of a type that is shared, about a field of it that is, unless about validity."""
    _refuse_unknown(content, _PREDICATE, place)
    reading = OrderReading(content)
    code, kind = reading.code("code"), reading.choice("kind", list(PredicateKind)) or PredicateKind.VALID_ON
    argument = reading.text("argument", LONGEST_ARGUMENT) if content.get("argument") is not None else None
    if argument and not is_argument(kind, argument):
        reading.problem("argument", "form")
    certificate_type, field = content.get("certificate_type"), content.get("field")
    about_validity = kind is PredicateKind.VALID_ON
    if not isinstance(certificate_type, str) or (field is None) != about_validity:
        reading.problem("field" if isinstance(certificate_type, str) else "certificate_type", "form")
    place.took(reading)
    if isinstance(certificate_type, str):
        _read_prefill(certificate_type, {} if field is None else {"asked": field}, place, catalogue, member="field")
    return Predicate(code, kind, str(certificate_type), None if field is None else str(field), argument)


def _read_material(content: Mapping[str, Any], place: _Place, catalogue: Catalogue) -> Material:
    _refuse_unknown(content, _MATERIAL, place)
    reading = OrderReading(content)
    code, name_zh, name_en = reading.code("code"), reading.text("name_zh"), reading.text("name_en")
    group = reading.code("group") if content.get("group") is not None else None
    days = reading.whole("deferrable_days") if content.get("deferrable_days") is not None else None
    if days is not None and not 1 <= days <= LONGEST_DEFERRAL:
        reading.problem("deferrable_days", "form")
    place.took(reading)
    types: dict[str, dict[str, str]] = {}
    given = _list(content.get("types"), "types", _MOST_TYPES, place, least=0)
    for at, each in enumerate(given):
        inner = place.within(".types", at, each)
        _refuse_unknown(each, _TYPE, inner)
        name = each.get("certificate_type")
        if not isinstance(name, str) or name in types:
            inner.problem("certificate_type", "form" if not isinstance(name, str) else "twice")
            continue
        types[name] = _read_prefill(name, each.get("prefill", {}), inner, catalogue)
    return Material(code, name_zh, name_en, group, types, days)


def _read_prefill(
    name: str, given: Any, place: _Place, catalogue: Catalogue, *, member: str = "prefill"
) -> dict[str, str]:
    """Read form field → field of a type; only fields that the type has and that may be shared fill a form."""
    try:
        kind = catalogue.get(name)
    except CertificateTypeUnknownError:
        place.problem("certificate_type", "type_unknown")
        return {}
    if not isinstance(given, dict) or len(given) > _MOST_PREFILLED:
        place.problem(member, "form")
        return {}
    fields = {each.name: each for each in kind.fields}
    for form_field, field in given.items():
        if not OrderReading({"code": form_field}).code("code") or not isinstance(field, str):
            place.problem(member, "form")
        elif field in fields and fields[field].sharing_class is SharingClass.NOT_SHARED:
            place.problem(member, "not_shared")
        elif field not in fields and field not in COMMON_FIELDS:
            place.problem(member, "field_unknown")
    return dict(given)


def _list(given: Any, member: str, most: int, place: _Place, *, least: int = 1) -> list[Mapping[str, Any]]:
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        place.problem(member, "missing" if given is None else "form")
        return []
    if not least <= len(given) <= most:
        place.problem(member, "too_long" if given else "missing")
        return []
    return given


def _refuse_unknown(content: Mapping[str, Any], known: frozenset[str], place: _Place) -> None:
    if content.keys() - known:
        place.problem("content", "unknown")


def _refuse_twice(named: Iterable[tuple[str, object]], member: str, problems: list[FieldProblem]) -> None:
    seen: set[object] = set()
    for place, name in named:
        if name in seen:
            problems.append(FieldProblem(f"{place}.{member}", "twice"))
        seen.add(name)
