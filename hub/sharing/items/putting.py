"""Putting service items into the catalogue, in one act, once its difference has been shown.

1 the statement is verified (`hub/steps/orders/statements.py`); a dry run ends after 3 and spends nothing
2 the items are read, from members or a sheet
3 they are compared with the versions recorded: what is added, changed, ended, or contradicts
4 statement, versions, ends and entry are committed together            <- COMMIT POINT

The operator puts any item, a department its own. Recorded versions stay, so that a case decided under one keeps it.
"""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from connectors.contract import OpenTable
from hub.errors import OrderError
from hub.sharing.items.reading import read_items
from hub.sharing.items.sheet import read_sheet
from hub.steps.orders.evidence import act_once
from hub.steps.orders.repeats import spend_statement
from hub.steps.orders.statements import VerifiedStatement
from hub.steps.registry import Registry
from hub.store.entry import EntryWriter
from hub.store.item import ItemReader, ItemWriter
from hub.store.parties import PartyReader
from schemas.canonical import canonical_digest
from schemas.catalogue import FieldProblem, FieldsError
from schemas.certificate import civil_date
from schemas.evidence import ActFacts, Kind
from schemas.items import Difference, PlacedItem, compare_items
from schemas.parties import Role, System

_MEMBERS = frozenset({"items", "sheet", "dry_run", "difference"})


def put_items(
    content: Mapping[str, Any],
    *,
    verified: VerifiedStatement,
    system: System,
    key: str,
    registry: Registry,
    open_table: OpenTable,
    now: datetime,
) -> dict[str, Any]:
    """Put the ordered items: `items` as members, or `sheet`, the base64 of a CSV or XLSX file.

    With `dry_run` only tell the difference and its digest; an order that names that digest in `difference` is done
    only while the difference is still the same. Raises FieldsError with every place and rule that is wrong, OrderError
    item_not_yours, difference_changed, sheet_unreadable.
    """
    if content.get("dry_run"):
        told = items_difference(content, system=system, registry=registry, open_table=open_table)
        return told | {"dry_run": True}
    given = read_items(_given(content, open_table), catalogue=registry.catalogue)

    def put(connection: Connection, act_id: str) -> dict[str, Any]:
        difference = _compare(given, system, connection)
        answer = _answer(difference) | {"dry_run": False, "act_id": act_id}
        if content.get("difference") not in (None, answer["difference"]):
            raise OrderError("difference_changed")
        number = spend_statement(connection, verified, system=system.code, registry=registry, now=now)
        _write(difference, number, act_id, now, connection)
        act = ActFacts(Kind.PUT_ITEMS, act_id, now, None, verified.digest, None, None)
        EntryWriter(connection, registry.random).add([act])
        return answer

    return act_once(put, issuing_body=None, verified=verified, system=system, key=key, registry=registry, now=now)


def items_difference(
    content: Mapping[str, Any], *, system: System, registry: Registry, open_table: OpenTable
) -> dict[str, Any]:
    """Return what an order would add, change and end, with its digest (steps 2 and 3). Raises as `put_items` does."""
    given = read_items(_given(content, open_table), catalogue=registry.catalogue)
    with registry.database.read() as connection:
        return _answer(_compare(given, system, connection))


def list_items(*, registry: Registry, now: datetime, code: str | None = None) -> dict[str, Any]:
    """Return the version of each item that is in force today; of the item `code` every version."""
    with registry.database.read() as connection:
        found = ItemReader(connection).versions([code] if code is not None else None)
    today = civil_date(now)
    shown = [each for each in found if code is not None or each.is_in_force(today)]
    return {"items": [each.content() | {"in_force": each.is_in_force(today)} for each in shown]}


def _given(content: Mapping[str, Any], open_table: OpenTable) -> Any:
    problems = [FieldProblem("content", "unknown")] if content.keys() - _MEMBERS else []
    if not isinstance(content.get("dry_run", False), bool):
        problems.append(FieldProblem("dry_run", "form"))
    if ("items" in content) == ("sheet" in content):
        problems.append(FieldProblem("items", "one_of"))
    if problems:
        raise FieldsError(tuple(problems))
    if "items" in content:
        return content["items"]
    try:
        raw = b64decode(content["sheet"], validate=True)
    except (Base64Error, ValueError, TypeError):
        raise FieldsError((FieldProblem("sheet", "form"),)) from None
    return read_sheet(raw, open_table=open_table)


def _compare(given: Sequence[PlacedItem], system: System, connection: Connection) -> Difference:
    """Compare with what is recorded; refuse what breaks a rule, and items that are another department's."""
    parties, codes = PartyReader(connection), sorted({each.item.code for each in given})
    stored = ItemReader(connection).versions(codes)
    departments = {each.item.department for each in given} | {each.department for each in stored}
    if Role.OPERATE not in system.roles and departments != {system.department}:
        raise OrderError("item_not_yours")
    difference = compare_items(given, stored)
    difference.problems += [
        FieldProblem(f"{each.place}.department", "department_unknown")
        for each in given
        if parties.department(each.item.department) is None
    ]
    if difference.problems:
        raise FieldsError(tuple(difference.problems))
    return difference


def _answer(difference: Difference) -> dict[str, Any]:
    content = difference.content()
    return content | {"difference": canonical_digest(content)}


def _write(difference: Difference, statement: int, act_id: str, now: datetime, connection: Connection) -> None:
    writer = ItemWriter(connection)
    new = [*difference.added, *(each for each, _ in difference.changed)]
    if not writer.add(new, statement=statement, act_id=act_id, now=now) or not writer.end(difference.ended):
        raise OrderError("act_under_way")  # another order of the same items came between reading and writing
