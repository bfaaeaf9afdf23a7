"""Putting a whole sheet of sharing lines, in one act, once its difference has been shown and two persons signed it.

1 the statement is verified (`hub/steps/orders/statements.py`); a dry run ends after 3 and spends nothing
2 the lines are read, from members or a sheet: what is wider than a class or of a wrong form is refused by row and rule
3 each is compared with what is recorded; lines that contradict one another, in the sheet or with what is recorded, are
  refused by their rows
4 two persons of different duties approved this very content, which names the digest of that difference
  (`hub/steps/orders/approvals.py`)
5 statement, approvals, versions, a task for each provider and the entry are committed together, all or none
                                                                                                     <- COMMIT POINT

A line that the sheet leaves out stays as it is, and is told; with `whole` the sheet is all there is, and one that
stands ends.
What is widened or new gives nothing until its providers have approved it, each by one signature over its lines
(`hub/sharing/answers.py`).
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from connectors.contract import OpenTable
from hub.errors import OrderError
from hub.steps.orders.approvals import VerifiedApproval, require_two
from hub.steps.orders.evidence import act_once
from hub.steps.orders.repeats import spend_statement
from hub.steps.orders.statements import VerifiedStatement
from hub.steps.registry import Registry
from hub.steps.sharing.lines import providers_of, record_sheet
from hub.steps.sharing.reading import read_rule
from hub.steps.sharing.sheet import MOST_LINES, read_sheet
from hub.store.entry import EntryWriter
from hub.store.parties import PartyReader
from hub.store.sharing import LineOrder, SharingReader, SharingWriter
from schemas.approval import Change
from schemas.canonical import canonical_digest
from schemas.catalogue import FieldProblem, FieldsError
from schemas.certificate import civil_date
from schemas.evidence import ActFacts, Kind
from schemas.parties import System
from schemas.sharing import RuleState, SharingRule, conflicts, live, sealed_sheet
from schemas.sharing_difference import Effect, LineChange, compare_rule, remove_rule

_MEMBERS = frozenset({"rules", "sheet", "whole", "dry_run", "difference"})


@dataclass(frozen=True, slots=True)
class _Placed:
    """What becomes of a line, with the place in the order that problems name: `row 7` of a sheet, or `rules[3]`."""

    place: str
    change: LineChange


@dataclass(frozen=True, slots=True)
class _Difference:
    """What a sheet would do; `left_out` are the lines that stand or wait as they are, and that it does not name."""

    changes: Sequence[LineChange]
    left_out: Sequence[str]

    def content(self) -> dict[str, Any]:
        """Return it in codes and words, with its digest."""
        counts = {str(effect): sum(each.effect is effect for each in self.changes) for effect in Effect}
        told = [each.content() for each in self.changes if each.effect is not Effect.UNCHANGED]
        content = {"lines": told, "counts": counts, "left_out": list(self.left_out)}
        return content | {"difference": canonical_digest(content)}


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
    difference_changed, sheet_unreadable, and those of `require_two`.
    """
    if content.get("dry_run"):
        return sheet_difference(content, registry=registry, open_table=open_table, now=now) | {"dry_run": True}
    given, is_whole = _given(content, open_table), content.get("whole") is True

    def put(connection: Connection, act_id: str) -> dict[str, Any]:
        SharingWriter(connection).hold_table()
        difference = _compare(given, connection, registry, civil_date(now), is_whole=is_whole)
        answer = difference.content() | {"dry_run": False, "act_id": act_id}
        if content.get("difference") != answer["difference"]:
            raise OrderError("difference_changed")
        number = spend_statement(connection, verified, system=system.code, registry=registry, now=now)
        approved = require_two(approvals, change=Change.SHARE_SHEET, connection=connection, now=now, statement=number)
        rules = [each.rule for each in difference.changes if each.effect is not Effect.UNCHANGED]
        put_lines = record_sheet(
            rules, LineOrder(act_id, number), connection=connection, registry=registry, now=now
        )  # fmt: skip
        act = ActFacts(Kind.SHARE_SHEET, act_id, now, None, verified.digest, sealed_sheet(put_lines, approved), None)
        EntryWriter(connection, registry.random).add([act])
        return answer | {"put": [{"code": each.code, "version": each.version} for each in put_lines]}

    return act_once(put, issuing_body=None, verified=verified, system=system, key=key, registry=registry, now=now)


def sheet_difference(
    content: Mapping[str, Any], *, registry: Registry, open_table: OpenTable, now: datetime
) -> dict[str, Any]:
    """Return what a sheet would do, with its digest (steps 2 and 3). Raises as `put_sheet` does up to there."""
    given, is_whole = _given(content, open_table), content.get("whole") is True
    with registry.database.read() as connection:
        return _compare(given, connection, registry, civil_date(now), is_whole=is_whole).content()


# --- steps 2 and 3 ----------------------------------------------------------------------------------------------


def _given(content: Mapping[str, Any], open_table: OpenTable) -> Mapping[str, Mapping[str, Any]]:
    problems = [FieldProblem("content", "unknown")] if content.keys() - _MEMBERS else []
    problems += [
        FieldProblem(name, "form") for name in ("dry_run", "whole") if not isinstance(content.get(name, False), bool)
    ]
    if ("rules" in content) == ("sheet" in content):
        problems.append(FieldProblem("rules", "one_of"))
    rules = content.get("rules", [{}])
    if not isinstance(rules, list) or not all(isinstance(each, dict) for each in rules):
        problems.append(FieldProblem("rules", "form"))
    if problems:
        raise FieldsError(tuple(problems))
    lines = _read(content["sheet"], open_table) if "sheet" in content else _numbered(rules)
    if not 1 <= len(lines) <= MOST_LINES:
        raise FieldsError((FieldProblem("rules", "too_long" if lines else "missing"),))
    return lines


def _numbered(rules: Sequence[Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
    return {f"rules[{at}]": each for at, each in enumerate(rules)}


def _read(sheet: Any, open_table: OpenTable) -> Mapping[str, Mapping[str, Any]]:
    try:
        raw = b64decode(sheet, validate=True)
    except (Base64Error, ValueError, TypeError):
        raise FieldsError((FieldProblem("sheet", "form"),)) from None
    return read_sheet(raw, open_table=open_table)


def _compare(
    lines: Mapping[str, Mapping[str, Any]], connection: Connection, registry: Registry, today: date, *, is_whole: bool
) -> _Difference:
    """Return what the sheet would do; FieldsError names every place with what is wrong there."""
    recorded = SharingReader(connection).by_code()
    rules = _rules(lines, connection, registry, today)
    placed = [
        _Placed(place, compare_rule(rule, recorded.get(rule.code, []), today)) for place, rule in rules.items()
    ]  # fmt: skip
    named = {each.change.rule.code for each in placed}
    absent = {code: versions for code, versions in recorded.items() if code not in named}
    ends = [each for each in (remove_rule(versions, today) for versions in absent.values()) if each is not None]
    removed = ends if is_whole else []
    gone = {each.rule.code for each in removed}
    beside = [one for code, versions in absent.items() if code not in gone for one in live(versions, today)]
    beside += [one for each in removed for one in each.given(today)]
    _refuse_contradictions(placed, beside, today)
    # What only waits is its providers' to answer: a whole sheet ends it no more than another, and both say so.
    waiting = {
        code
        for code, versions in absent.items()
        if any(each.state is RuleState.ASKED for each in live(versions, today))
    }
    left_out = sorted({*waiting, *(each.rule.code for each in ends)} - gone)
    return _Difference([*(each.change for each in placed), *removed], left_out)


def _rules(
    lines: Mapping[str, Mapping[str, Any]], connection: Connection, registry: Registry, today: date
) -> dict[str, SharingRule]:
    providers, parties = providers_of(connection, today), PartyReader(connection)
    problems: list[FieldProblem] = []
    rules: dict[str, SharingRule] = {}
    known: dict[str, bool] = {}
    codes: set[str] = set()
    for place, content in lines.items():
        try:
            rule = read_rule(content, catalogue=registry.catalogue, providers=providers)
        except FieldsError as error:
            problems += [FieldProblem(f"{place}.{each.field}", each.rule) for each in error.problems]
            continue
        if rule.code in codes:
            problems.append(FieldProblem(f"{place}.code", "twice"))
        codes.add(rule.code)
        for member in ("requester", "reviewer"):
            number = getattr(rule, member)
            if number is not None and number not in known:
                known[number] = parties.department(number) is not None
            if number is not None and not known[number]:
                problems.append(FieldProblem(f"{place}.{member}", "department_unknown"))
        rules[place] = rule
    if problems:
        raise FieldsError(tuple(problems))
    return rules


def _refuse_contradictions(placed: Sequence[_Placed], beside: Sequence[SharingRule], today: date) -> None:
    """Refuse lines that give one requester the same in two ways, by the rows of both, or by the recorded line's code.

    A version that waits for approval counts beside the one that stands until then, as both may give.
    """
    by_item: dict[tuple[str, str], list[tuple[str, SharingRule]]] = {}
    for one in beside:
        by_item.setdefault((one.requester, one.item_code), []).append((one.code, one))
    problems: list[FieldProblem] = []
    for each in placed:
        given = [*each.change.given(today)]
        others = [other for one in given for other in by_item.get((one.requester, one.item_code), ())]
        found = {name for name, other in others if any(conflicts(one, other) for one in given)}
        problems += [FieldProblem(f"{each.place}.code ({name})", "conflicts") for name in sorted(found)]
        for one in given:
            by_item.setdefault((one.requester, one.item_code), []).append((each.place, one))
    if problems:
        raise FieldsError(tuple(problems))
