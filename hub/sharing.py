"""The sharing table: the operator records which requester may pull what, for which item, by which law.

1 the operator's statement is verified and spent, once
2 the line is read: the requester is enrolled, types and fields are in the catalogue, the case form is a sound pattern
3 two persons of the operator approved it (`hub/approvals.py`)
4 the line, the approvals and the entry are committed together            <- COMMIT POINT
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from hub.approvals import VerifiedApproval, require_two
from hub.errors import HubError, OrderError
from hub.evidence import record_refusal
from hub.intentions import new_name
from hub.registry import Registry
from hub.repeats import spend_statement
from hub.statements import VerifiedStatement
from hub.store.entry import EntryWriter
from hub.store.parties import PartyReader
from hub.store.sharing import SharingWriter
from schemas.approval import Change
from schemas.catalogue import CertificateTypeUnknownError, FieldProblem, FieldsError, SharingClass
from schemas.evidence import ActFacts, Kind
from schemas.exchange import SharingRule
from schemas.parties import System

# What a case number's form may be made of: characters, digits and classes, each repeated a few times. No group and no
# open-ended repeat, so that matching is never slow.
_ATOM = re.compile(
    r"(?:[A-Za-z0-9〔〕/号第\u4e00-\u9fff-]|\\d|\[[A-Za-z0-9-]{1,40}\])(?:\{(\d{1,2})(?:,(\d{1,2}))?\})?"
)
_MOST_VARIABLE = 3
_MEMBERS = ("code", "requester", "item_code", "item_name", "legal_basis", "case_pattern")


def put_rule(
    content: Mapping[str, Any],
    *,
    verified: VerifiedStatement,
    approvals: Sequence[VerifiedApproval] = (),
    system: System,
    registry: Registry,
    now: datetime,
) -> dict[str, Any]:
    """Record one line of the sharing table; FieldsError names every member and rule that is wrong.

    What was ordered without the two persons it needs is entered as refused.
    """
    rule = _read_rule(content, registry)

    def record(connection: Connection) -> dict[str, Any]:
        if PartyReader(connection).department(rule.requester) is None:
            raise OrderError("department_unknown", licence_number=rule.requester)
        number = spend_statement(connection, verified, system=system.code, registry=registry, now=now)
        approved = require_two(approvals, change=Change.SHARE, connection=connection, now=now, statement=number)
        SharingWriter(connection).put(rule)
        act = ActFacts(Kind.SHARE, new_name(registry), now, rule.from_on.isoformat(), verified.digest, approved, None)
        EntryWriter(connection, registry.random).add([act])
        return {"code": rule.code, "act_id": act.act_id}

    try:
        return registry.database.write(record)
    except HubError as error:
        record_refusal(error, verified=verified, system=system, registry=registry, now=now)
        raise


def _read_rule(content: Mapping[str, Any], registry: Registry) -> SharingRule:
    problems: list[FieldProblem] = []
    texts: dict[str, str] = {}
    for name in _MEMBERS:
        value = content.get(name)
        texts[name] = value if isinstance(value, str) else ""
        if not texts[name] or len(texts[name]) > 500 or not texts[name].isprintable():
            problems.append(FieldProblem(name, "form"))
    if not _is_sound(texts["case_pattern"]):
        problems.append(FieldProblem("case_pattern", "form"))
    fields = _read_fields(content.get("fields"), registry, problems)
    from_on = _read_day(content.get("from_on"), "from_on", problems)
    until_on = _read_day(content["until_on"], "until_on", problems) if content.get("until_on") else None
    if problems:
        raise FieldsError(tuple(problems))
    return SharingRule(**texts, fields=fields, from_on=from_on, until_on=until_on)


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
    return bool(pattern) and variable <= _MOST_VARIABLE


def _read_fields(given: Any, registry: Registry, problems: list[FieldProblem]) -> dict[str, tuple[str, ...]]:
    if not isinstance(given, dict) or not given:
        problems.append(FieldProblem("fields", "missing"))
        return {}
    fields: dict[str, tuple[str, ...]] = {}
    for code, names in given.items():
        try:
            kind = registry.catalogue.get(code)
        except CertificateTypeUnknownError:
            problems.append(FieldProblem("fields", "type_unknown"))
            continue
        known = {field.name for field in kind.fields}
        if not isinstance(names, list) or any(not isinstance(name, str) or name not in known for name in names):
            problems.append(FieldProblem("fields", "field_unknown"))
            continue
        if kind.sharing_class is SharingClass.NOT_SHARED:
            problems.append(FieldProblem("fields", "not_shared"))
        fields[code] = tuple(names)
    return fields


def _read_day(value: Any, name: str, problems: list[FieldProblem]) -> date:
    try:
        return date.fromisoformat(value)
    except (ValueError, TypeError):
        problems.append(FieldProblem(name, "form"))
        return date.min
