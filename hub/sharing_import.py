"""Putting a whole sheet of sharing lines, in one act, once its difference has been shown and two persons signed it.

1 the statement is verified (`hub/statements.py`); a dry run ends after 3 and spends nothing
2 the lines are read, from members or a sheet: wider than a class, or of a wrong form, is refused by row and rule
3 each is compared with what is recorded: added, narrowed, widened, ended, unchanged; lines that contradict one another,
  in the sheet or with what is recorded, are refused by their names
4 two persons of different duties approved this very content
5 statement, versions, tasks of the providers and entry are committed together, all or none            <- COMMIT POINT

A line that the sheet leaves out stays as it is; one that is to end is given its last day.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from connectors.contract import OpenTable
from hub.approvals import VerifiedApproval, require_two
from hub.errors import AccessError, OrderError
from hub.evidence import act_once
from hub.registry import Registry
from hub.repeats import spend_statement
from hub.sharing_lines import providers_of, record_rule
from hub.sharing_reading import read_rule
from hub.sharing_sheet import MOST_LINES, read_sheet
from hub.statements import VerifiedStatement
from hub.store.entry import EntryWriter
from hub.store.sharing import SharingReader
from schemas import approval
from schemas.canonical import canonical_digest
from schemas.catalogue import FieldProblem, FieldsError
from schemas.certificate import civil_date
from schemas.evidence import ActFacts, Kind
from schemas.parties import Role, System
from schemas.sharing import Change, LineChange, SharingRule, compare_rule, conflicts, live

_MEMBERS = frozenset({"rules", "sheet", "dry_run", "difference"})


@dataclass(frozen=True, slots=True)
class _Placed:
    """A line with the place in the order that problems name: `row 7` of a sheet, or `rules[3]`."""

    place: str
    rule: SharingRule


def put_sheet(
    content: Mapping[str, Any],
    *,
    verified: VerifiedStatement,
    approvals: Sequence[VerifiedApproval],
    system: System,
    key: str,
    registry: Registry,
    open_table: OpenTable,
    now: datetime,
) -> dict[str, Any]:
    """Put the ordered lines: `rules` as members, or `sheet`, the base64 of a CSV or XLSX file.

    With `dry_run` only tell the difference and its digest; an order names that digest in `difference` and is done only
    while it is still the same. Raises FieldsError with every place and rule that is wrong, OrderError
    difference_changed, sheet_unreadable and those of `hub/approvals.py`.
    """
    if Role.OPERATE not in system.roles:
        raise AccessError("role_missing", role=str(Role.OPERATE))
    given = _given(content, open_table)
    if content.get("dry_run"):
        with registry.database.read() as connection:
            return _answer(_compare(given, connection, registry, now)) | {"dry_run": True}

    def put(connection: Connection, act_id: str) -> dict[str, Any]:
        changes = _compare(given, connection, registry, now)
        answer = _answer(changes) | {"dry_run": False, "act_id": act_id}
        if content.get("difference") != answer["difference"]:
            raise OrderError("difference_changed")
        number = spend_statement(connection, verified, system=system.code, registry=registry, now=now)
        sealed = require_two(
            approvals, change=approval.Change.SHARE_SHEET, connection=connection, now=now, statement=number
        )
        for each in changes:
            if each.change is not Change.UNCHANGED:
                record_rule(each.rule, act_id, connection=connection, registry=registry, now=now)
        act = ActFacts(Kind.SHARE_SHEET, act_id, now, None, verified.digest, sealed, None)
        EntryWriter(connection, registry.random).add([act])
        return answer

    return act_once(put, issuing_body=None, verified=verified, system=system, key=key, registry=registry, now=now)


# --- steps 2 and 3 ----------------------------------------------------------------------------------------------


def _given(content: Mapping[str, Any], open_table: OpenTable) -> dict[str, dict[str, Any]]:
    problems = [FieldProblem("content", "unknown")] if content.keys() - _MEMBERS else []
    if not isinstance(content.get("dry_run", False), bool):
        problems.append(FieldProblem("dry_run", "form"))
    if ("rules" in content) == ("sheet" in content):
        problems.append(FieldProblem("rules", "one_of"))
    rules = content.get("rules", [{}])
    if not isinstance(rules, list) or not all(isinstance(each, dict) for each in rules):
        problems.append(FieldProblem("rules", "form"))
    if problems:
        raise FieldsError(tuple(problems))
    lines = {f"rules[{at}]": each for at, each in enumerate(rules)}
    if "sheet" in content:
        try:
            lines = read_sheet(b64decode(content["sheet"], validate=True), open_table=open_table)
        except (Base64Error, ValueError, TypeError):
            raise FieldsError((FieldProblem("sheet", "form"),)) from None
    if not 1 <= len(lines) <= MOST_LINES:
        raise FieldsError((FieldProblem("rules", "too_long" if lines else "missing"),))
    return lines


def _compare(
    lines: Mapping[str, Mapping[str, Any]], connection: Connection, registry: Registry, now: datetime
) -> list[LineChange]:
    """Return what each line would change; FieldsError names every place, and the line that one contradicts."""
    today = civil_date(now)
    providers, problems = providers_of(connection, today), list[FieldProblem]()
    placed: list[_Placed] = []
    for place, content in lines.items():
        try:
            placed.append(_Placed(place, read_rule(content, catalogue=registry.catalogue, providers=providers)))
        except FieldsError as error:
            problems += [FieldProblem(f"{place}.{each.field}", each.rule) for each in error.problems]
    recorded: dict[str, list[SharingRule]] = {}
    for each in SharingReader(connection).all():
        recorded.setdefault(each.code, []).append(each)
    problems += _contradictions(placed, recorded)
    if problems:
        raise FieldsError(tuple(problems))
    return [compare_rule(each.rule, recorded.get(each.rule.code, []), today) for each in placed]


def _contradictions(placed: Sequence[_Placed], recorded: Mapping[str, Sequence[SharingRule]]) -> list[FieldProblem]:
    codes = {each.rule.code for each in placed}
    # What the sheet itself puts takes the place of what is recorded of that line.
    others = [one for code, versions in recorded.items() if code not in codes for one in live(versions)]
    found = []
    for at, each in enumerate(placed):
        against = [*(one.rule for one in placed[:at]), *others]
        if each.rule.code in {one.rule.code for one in placed[:at]}:
            found.append(FieldProblem(f"{each.place}.code", "twice"))
        found += [
            FieldProblem(f"{each.place}.code {each.rule.code}/{one.code}", "conflicts")
            for one in against
            if one.code != each.rule.code and conflicts(each.rule, one)
        ]
    return found


def _answer(changes: Sequence[LineChange]) -> dict[str, Any]:
    lines = [each.content() for each in changes]
    counts = {str(change): sum(each.change is change for each in changes) for change in Change}
    return {"lines": lines, "counts": counts, "difference": canonical_digest({"lines": lines})}
