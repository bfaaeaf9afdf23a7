"""Reading the content of a line of the sharing table: every member and rule that is wrong is named, no value repeated.

Nothing wider than the class of a type or field is read: what is not shared (不予共享) is no part of any line, and what
is shared under conditions (有条件共享) no part of an unconditional one. The strictest of type and field wins.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from hub.steps.orders.reading import OrderReading
from schemas.catalogue import Catalogue, CertificateType, CertificateTypeUnknownError, SharingClass
from schemas.sharing import SharingRule

# What a case number's form may be made of: characters, digits and classes, each repeated a few times. No group and no
# open-ended repeat, so that matching is never slow.
_ATOM = re.compile(
    r"(?:[A-Za-z0-9〔〕/号第\u4e00-\u9fff-]|\\d|\[[A-Za-z0-9-]{1,40}\])(?:\{(\d{1,2})(?:,(\d{1,2}))?\})?"
)
_MOST_VARIABLE = 3
_MOST_TYPES = 50
_TEXTS = ("code", "requester", "item_code", "item_name", "legal_basis", "case_pattern")
_SHARED = (SharingClass.UNCONDITIONAL, SharingClass.CONDITIONAL)
MEMBERS = frozenset(
    {*_TEXTS, "fields", "from_on", "until_on", "sharing_class", "providers", "many_holders", "daily_cap", "reviewer"}
)


def read_rule(
    content: Mapping[str, Any], *, catalogue: Catalogue, providers: Mapping[str, Sequence[str]]
) -> SharingRule:
    """Read one line; FieldsError names each member that is wrong, by its rule.

    `providers` are the departments that answer for each certificate type today. A type whose `providers` member is
    left out is answered for by the only one of them, the requester aside.
    """
    reading = OrderReading(content)
    if content.keys() - MEMBERS:
        reading.problem("content", "unknown")
    texts = {name: _text(reading, name) for name in _TEXTS}
    if texts["case_pattern"] and not _is_sound(texts["case_pattern"]):
        reading.problem("case_pattern", "form")
    sharing_class = reading.choice("sharing_class", _SHARED) if content.get("sharing_class") else _SHARED[1]
    fields = _read_fields(reading, catalogue, sharing_class or _SHARED[1])
    from_on, until_on = reading.day("from_on"), reading.optional_day("until_on")
    if until_on is not None and until_on < from_on:
        reading.problem("until_on", "reversed")
    reviewer = reading.optional_licence_number("reviewer")
    if reviewer is not None and reviewer == texts["requester"]:
        reading.problem("reviewer", "own_review")
    rule = SharingRule(
        code=texts["code"],
        requester=texts["requester"],
        item_code=texts["item_code"],
        item_name=texts["item_name"],
        legal_basis=texts["legal_basis"],
        case_pattern=texts["case_pattern"],
        fields=fields,
        from_on=from_on,
        until_on=until_on,
        sharing_class=sharing_class or _SHARED[1],
        providers=_read_providers(reading, fields, texts["requester"], providers),
        many_holders=reading.flag("many_holders", default=False),
        daily_cap=reading.whole("daily_cap") if content.get("daily_cap") is not None else None,
        reviewer=reviewer,
    )
    reading.refuse_problems()
    return rule


def _text(reading: OrderReading, name: str) -> str:
    value = reading.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= (500 if name not in ("code", "item_code") else 64) or (
        not value.isprintable()
    ):  # fmt: skip
        reading.problem(name, "form")
        return ""
    return value


def _is_sound(pattern: str) -> bool:
    """Say whether a case number's form is one that compiles and can only be matched quickly."""
    place, variable = 0, 0
    while place < len(pattern):
        atom = _ATOM.match(pattern, place)
        if atom is None:
            return False
        place, variable = atom.end(), variable + (atom[2] is not None)
    try:
        re.compile(pattern)
    except re.error:
        return False
    return variable <= _MOST_VARIABLE


def _read_fields(
    reading: OrderReading, catalogue: Catalogue, sharing_class: SharingClass
) -> dict[str, tuple[str, ...]]:
    given = reading.get("fields")
    if not isinstance(given, dict) or not 1 <= len(given) <= _MOST_TYPES:
        reading.problem("fields", "missing" if not given else "form")
        return {}
    fields: dict[str, tuple[str, ...]] = {}
    for code, names in given.items():
        try:
            kind = catalogue.get(code)
        except CertificateTypeUnknownError:
            reading.problem("fields", "type_unknown")
            continue
        known = {field.name for field in kind.fields}
        if not isinstance(names, list) or any(not isinstance(name, str) or name not in known for name in names):
            reading.problem("fields", "field_unknown")
            continue
        _refuse_wider(reading, kind, names, sharing_class)
        fields[code] = tuple(dict.fromkeys(names))
    return fields


def _refuse_wider(reading: OrderReading, kind: CertificateType, names: Sequence[str], wanted: SharingClass) -> None:
    """Refuse what would be shared more freely than the type, or a field of it, may be."""
    classes = [kind.sharing_class, *(each.sharing_class for each in kind.fields if each.name in names)]
    strictest = SharingClass.strictest(*classes)
    if strictest is SharingClass.NOT_SHARED:
        reading.problem("fields", "not_shared")
    elif SharingClass.strictest(strictest, wanted) is not wanted:
        reading.problem("sharing_class", "class_wider")


def _read_providers(
    reading: OrderReading, fields: Mapping[str, Any], requester: str, candidates: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    given = reading.get("providers") or {}
    if not isinstance(given, dict) or not all(isinstance(each, str) for each in given.values()):
        reading.problem("providers", "form")
        return {}
    found: dict[str, str] = {}
    for code in fields:
        # Nobody approves its own request while another department answers for the type.
        others = [each for each in candidates.get(code, ()) if each != requester] or candidates.get(code, ())
        named = given.get(code) or (others[0] if len(others) == 1 else None)
        if named is None or named not in others:
            reading.problem("providers", "provider_unclear" if named is None else "provider_unknown")
        else:
            found[code] = named
    return found
