"""The sharing table: which requester may pull what, for which item, by which law, once the providers have approved it.

1 the statement is verified (`hub/steps/orders/statements.py`) and spent, once
2 the line is read: types and fields are in the catalogue and not wider than their class, the case form is a sound one
3 it is compared with what is recorded: lines it contradicts, the version it follows, whether it only narrows that one
4 a line that the operator puts is approved by two of its persons (`hub/steps/orders/approvals.py`)
5 the version, the approvals, a task for each provider with its legal clock, and the entry are committed together
                                                                                                     <- COMMIT POINT

The operator puts any line, a requester asks for its own. A version that only narrows an approved one stands at once,
by the approval that is there; any other waits for its providers (`hub/sharing/answers.py`).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hub.errors import NotFoundError
from hub.steps.orders.approvals import VerifiedApproval, require_two
from hub.steps.orders.evidence import act_once
from hub.steps.orders.repeats import spend_statement
from hub.steps.orders.statements import VerifiedStatement
from hub.steps.registry import Registry
from hub.steps.sharing.lines import providers_of, record_rule, refuse_conflicts, refuse_taken, require_requester
from hub.steps.sharing.reading import read_rule
from hub.steps.sharing.sheet import write_sheet
from hub.store.entry import EntryWriter
from hub.store.notice import NoticeReader
from hub.store.parties import PartyReader
from hub.store.sharing import LineOrder, SharingReader, SharingWriter, StoredApproval
from schemas.approval import Change
from schemas.certificate import civil_date
from schemas.evidence import ActFacts, Kind
from schemas.parties import Role, System
from schemas.sharing import SharingRule, live, ordered_line, sealed_line


def put_rule(
    content: Mapping[str, Any],
    *,
    verified: VerifiedStatement,
    system: System,
    key: str,
    registry: Registry,
    now: datetime,
    approvals: Sequence[VerifiedApproval] = (),
) -> dict[str, Any]:
    """Put one line of the sharing table, or ask for it; FieldsError names every member and rule that is wrong.

    Raises OrderError rule_not_yours, rule_conflicts, department_unknown, and those of `require_two`.
    """

    def put(connection: Connection, act_id: str) -> dict[str, Any]:
        SharingWriter(connection).hold_table()
        rule = read_rule(content, catalogue=registry.catalogue, providers=providers_of(connection, civil_date(now)))
        require_requester(rule, system)
        if Role.OPERATE not in system.roles:
            refuse_taken(rule, connection)
        refuse_conflicts(rule, connection, civil_date(now))
        number = spend_statement(connection, verified, system=system.code, registry=registry, now=now)
        approved = None
        if Role.OPERATE in system.roles:
            approved = require_two(approvals, change=Change.SHARE, connection=connection, now=now, statement=number)
        stored = record_rule(rule, LineOrder(act_id, number), connection=connection, registry=registry, now=now)
        sealed = sealed_line(stored, approved)
        act = ActFacts(Kind.SHARE, act_id, now, rule.from_on.isoformat(), verified.digest, sealed, None)
        EntryWriter(connection, registry.random).add([act])
        told = {"code": stored.code, "version": stored.version, "state": str(stored.state)}
        return told | {"providers": sorted(set(stored.providers.values())), "act_id": act_id}

    return act_once(put, issuing_body=None, verified=verified, system=system, key=key, registry=registry, now=now)


def check_line(content: Mapping[str, Any], *, registry: Registry, now: datetime) -> None:
    """Check a line that its requester is about to ask for, before anybody signs. Raises FieldsError, OrderError."""
    today = civil_date(now)
    with registry.database.read() as connection:
        rule = read_rule(content, catalogue=registry.catalogue, providers=providers_of(connection, today))
        refuse_taken(rule, connection)
        refuse_conflicts(rule, connection, today)


def provider_choices(
    types: Sequence[str], department: str, *, registry: Registry, now: datetime
) -> dict[str, list[tuple[str, str]]]:
    """Return by type which departments, by number and name, may answer for it, where a requester has to choose one."""
    with registry.database.read() as connection:
        providers = providers_of(connection, civil_date(now))
        names = PartyReader(connection).department_names()
    choices = {code: [each for each in providers.get(code, ()) if each != department] for code in types}
    return {
        code: [(each, names.get(each, each)) for each in found] for code, found in choices.items() if len(found) > 1
    }


def own_line(code: str, department: str, *, registry: Registry) -> dict[str, Any]:
    """Return the newest version of a line that a department asks for. Raises NotFoundError rule_not_found."""
    with registry.database.read() as connection:
        versions = SharingReader(connection).versions(code)
    if not versions or versions[-1].requester != department:
        raise NotFoundError("rule_not_found")
    return ordered_line(versions[-1])


def answers_to(department: str, *, registry: Registry, now: datetime) -> dict[tuple[str, int], list[dict[str, Any]]]:
    """Return by code and version what providers said to a department's own lines, or by which day they have to.

    `due_on` is the last day of the task that still waits, `overdue` whether it is over.
    """
    today = civil_date(now)
    told: dict[tuple[str, int], list[dict[str, Any]]] = {}
    with registry.database.read() as connection:
        names = PartyReader(connection).department_names()
        own = {(each.code, each.version) for each in SharingReader(connection).all(requester=department)}
        for line, approvals in SharingReader(connection).all_approvals().items():
            for each in approvals if line in own else ():
                waits = each.answer is None and each.notice is not None
                notice = NoticeReader(connection).get(each.notice) if waits and each.notice is not None else None
                due_on = notice.due_on if notice else None
                told.setdefault(line, []).append(
                    {
                        "name": names.get(each.provider, each.provider),
                        "answer": each.answer,
                        "reason": each.reason,
                        "words": each.words,
                        "due_on": due_on.isoformat() if due_on else None,
                        "overdue": due_on is not None and due_on < today,
                    }
                )
    return told


def list_rules(system: System, *, registry: Registry) -> dict[str, Any]:
    """Return every version of the lines a system's department asks for or provides; the operator sees all."""
    with registry.database.read() as connection:
        reader = SharingReader(connection)
        rules = [each for each in reader.all() if _concerns(each, system)]
        approvals = reader.all_approvals()
    return {"rules": [_describe_rule(each, approvals.get((each.code, each.version), [])) for each in rules]}


def export_rules(system: System, *, registry: Registry, now: datetime) -> Iterator[bytes]:
    """Yield a sheet (CSV) with the newest version that stands or waits of each line a system may read."""
    with registry.database.read() as connection:
        versions = SharingReader(connection).by_code()
    today = civil_date(now)
    newest = [found[-1] for each in versions.values() if (found := live(each, today))]
    return write_sheet(each for each in newest if _concerns(each, system))


def _describe_rule(rule: SharingRule, approvals: Sequence[StoredApproval]) -> dict[str, Any]:
    """Return a version as it is shown, with what its providers said."""
    confirmed_until = rule.confirmed_until.isoformat() if rule.confirmed_until else None
    answers = [
        {"provider": each.provider, "answer": each.answer, "reason": each.reason, "words": each.words}
        for each in approvals
    ]
    return ordered_line(rule) | {"state": str(rule.state), "confirmed_until": confirmed_until, "answers": answers}


def _concerns(rule: SharingRule, system: System) -> bool:
    return Role.OPERATE in system.roles or system.department in {
        rule.requester,
        rule.reviewer,
        *rule.providers.values(),
    }
