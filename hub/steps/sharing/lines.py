"""What every order of a line of the sharing table does alike: who may order it, what it may not contradict, its tasks.

A version that only narrows an approved one stands at once, by the approval that is there; any other waits for its
providers, each of whom gets a task with the legal clock of the line's class.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import Connection

from hub.errors import AccessError, OrderError
from hub.steps.notices import NoticeKind, Notices
from hub.steps.registry import Registry
from hub.store.parties import PartyReader
from hub.store.sharing import LineOrder, SharingReader, SharingWriter, StoredApproval
from schemas.catalogue import SharingClass
from schemas.certificate import civil_date
from schemas.clocks import ClockCode
from schemas.parties import Role, System
from schemas.sharing import RuleState, SharingRule, conflicts, in_force, live, narrows

CLOCK_OF_CLASS: Mapping[SharingClass, ClockCode] = {
    SharingClass.UNCONDITIONAL: ClockCode.SHARING_UNCONDITIONAL,
    SharingClass.CONDITIONAL: ClockCode.SHARING_CONDITIONAL,
}


def providers_of(connection: Connection, today: date) -> dict[str, list[str]]:
    """Return the departments whose bodies are in charge of each certificate type today."""
    parties = PartyReader(connection)
    departments = parties.departments_of_bodies()
    return {
        code: sorted({departments[body] for body in bodies}) for code, bodies in parties.in_charge(today).items()
    }  # fmt: skip


def require_requester(rule: SharingRule, system: System) -> None:
    """Let the operator put any line, and a requester with the right to pull ask for its own."""
    if Role.OPERATE in system.roles:
        return
    if Role.PULL not in system.roles:
        raise AccessError("role_missing", role=str(Role.PULL))
    if rule.requester != system.department:
        raise OrderError("rule_not_yours")


def refuse_taken(rule: SharingRule, connection: Connection) -> None:
    """Refuse a version of a line that is another requester's: it would take that one's place."""
    if any(each.requester != rule.requester for each in SharingReader(connection).versions(rule.code)):
        raise OrderError("rule_not_yours")


def refuse_conflicts(rule: SharingRule, connection: Connection, today: date) -> None:
    """Refuse a line that contradicts another one, by that one's code."""
    for code, versions in SharingReader(connection).by_code(requester=rule.requester).items():
        if code != rule.code and any(conflicts(rule, each) for each in live(versions, today)):
            raise OrderError("rule_conflicts", rule=code)


def record_rule(
    rule: SharingRule, order: LineOrder, *, connection: Connection, registry: Registry, now: datetime
) -> SharingRule:
    """Write the next version of a line within the act that puts it, and the tasks of those it waits for."""
    for number in (rule.requester, *filter(None, [rule.reviewer])):
        if PartyReader(connection).department(number) is None:
            raise OrderError("department_unknown", licence_number=number)
    stored, waits = _add_version(rule, order, connection, now)
    if waits:
        notices = Notices(connection, act_id=order.act_id, registry=registry, now=now)
        for each in sorted(set(stored.providers.values())):
            types = sorted(code for code, provider in stored.providers.items() if provider == each)
            facts = {"rule": stored.code, "version": stored.version, "requester": stored.requester}
            facts |= {"item_code": stored.item_code, "types": types, "sharing_class": str(stored.sharing_class)}
            notices.add(each, NoticeKind.SHARING_ASKED, facts, clock=CLOCK_OF_CLASS[stored.sharing_class])
        _keep_asked({each: [stored] for each in sorted(set(stored.providers.values()))}, notices, connection)
    return stored


def record_sheet(
    rules: Sequence[SharingRule], order: LineOrder, *, connection: Connection, registry: Registry, now: datetime
) -> list[SharingRule]:
    """Write the next version of each line of a sheet within its act; each provider has one task for all its lines.

    Its last day is that of the shortest clock among them.
    """
    stored: list[SharingRule] = []
    waiting: dict[str, list[SharingRule]] = {}
    # Two sheets at once take the lines in one order: neither waits for the other for ever.
    for rule in sorted(rules, key=lambda each: each.code):
        line, waits = _add_version(rule, order, connection, now)
        stored.append(line)
        for provider in sorted(set(line.providers.values())) if waits else ():
            waiting.setdefault(provider, []).append(line)
    notices = Notices(connection, act_id=order.act_id, registry=registry, now=now)
    for provider, lines in waiting.items():
        clocks = [CLOCK_OF_CLASS[each.sharing_class] for each in lines]
        clock = min(clocks, key=lambda each: registry.due(each, civil_date(now)).on)
        facts = {"sheet": order.act_id, "lines": len(lines)}
        notices.add(provider, NoticeKind.SHARING_ASKED, facts, clock=clock)
    _keep_asked(waiting, notices, connection)
    return stored


def _add_version(
    rule: SharingRule, order: LineOrder, connection: Connection, now: datetime
) -> tuple[SharingRule, bool]:
    """Write the next version of a line; return it, and whether it waits for its providers."""
    writer, reader = SharingWriter(connection), SharingReader(connection)
    writer.lock(rule.code)
    versions = reader.versions(rule.code)
    rule = replace(rule, version=max((each.version for each in versions), default=0) + 1, confirmed_until=None)
    rule = replace(rule, state=RuleState.ASKED)
    before = in_force(versions, civil_date(now))
    held: list[StoredApproval] = []
    if before is not None and before.state is RuleState.APPROVED and narrows(rule, before):
        rule = replace(rule, state=RuleState.APPROVED, confirmed_until=before.confirmed_until)
        approvals = reader.approvals(before.code, before.version)
        held = [replace(each, version=rule.version) for each in approvals if each.provider in rule.providers.values()]
    if not writer.add(rule, order, now=now):
        raise OrderError("act_under_way")
    writer.add_approvals(held)
    return rule, rule.state is RuleState.ASKED


def _keep_asked(asked: Mapping[str, Sequence[SharingRule]], notices: Notices, connection: Connection) -> None:
    """Keep the tasks, one for each provider in this order, and beside each line whom it waits for under which task."""
    rows = [
        StoredApproval(line.code, line.version, provider, number)
        for (provider, lines), number in zip(asked.items(), notices.keep(), strict=True)
        for line in lines
    ]
    SharingWriter(connection).add_approvals(rows)
