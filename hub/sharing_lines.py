"""What every order of a line of the sharing table does alike: who may order it, what it may not contradict, its tasks.

A version that only narrows an approved one stands at once, by the approval that is there; any other waits for its
providers, each of whom gets a task with the legal clock of the line's class.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

from sqlalchemy import Connection

from hub.errors import AccessError, OrderError
from hub.notices import NoticeKind, Notices
from hub.registry import Registry
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


def refuse_conflicts(rule: SharingRule, connection: Connection) -> None:
    """Refuse a line that contradicts another one, by that one's code."""
    others: dict[str, list[SharingRule]] = {}
    for each in SharingReader(connection).all(requester=rule.requester):
        if each.code != rule.code:
            others.setdefault(each.code, []).append(each)
    for code, versions in others.items():
        if any(conflicts(rule, each) for each in live(versions)):
            raise OrderError("rule_conflicts", rule=code)


def record_rule(
    rule: SharingRule, order: LineOrder, *, connection: Connection, registry: Registry, now: datetime
) -> SharingRule:
    """Write the next version of a line within the act that puts it, and the tasks of those it waits for."""
    for number in (rule.requester, *filter(None, [rule.reviewer])):
        if PartyReader(connection).department(number) is None:
            raise OrderError("department_unknown", licence_number=number)
    writer, reader = SharingWriter(connection), SharingReader(connection)
    writer.lock(rule.code)
    versions = reader.versions(rule.code)
    rule = replace(rule, version=max((each.version for each in versions), default=0) + 1)
    before = in_force(versions, civil_date(now))
    if before is not None and before.state is RuleState.APPROVED and narrows(rule, before):
        rule = replace(rule, state=RuleState.APPROVED, confirmed_until=before.confirmed_until)
        held = [
            each for each in reader.approvals(before.code, before.version) if each.provider in rule.providers.values()
        ]
        approvals = [replace(each, version=rule.version) for each in held]
    else:
        approvals = _ask(rule, order.act_id, connection, registry, now)
    if not writer.add(rule, order, now=now):
        raise OrderError("act_under_way")
    writer.add_approvals(approvals)
    return rule


def _ask(
    rule: SharingRule, act_id: str, connection: Connection, registry: Registry, now: datetime
) -> list[StoredApproval]:
    notices = Notices(connection, act_id=act_id, registry=registry, now=now)
    providers = sorted(set(rule.providers.values()))
    for each in providers:
        types = sorted(code for code, provider in rule.providers.items() if provider == each)
        facts = {"rule": rule.code, "version": rule.version, "requester": rule.requester, "item_code": rule.item_code}
        facts |= {"types": types, "sharing_class": str(rule.sharing_class)}
        notices.add(each, NoticeKind.SHARING_ASKED, facts, clock=CLOCK_OF_CLASS[rule.sharing_class])
    numbers = notices.keep()
    return [
        StoredApproval(rule.code, rule.version, provider, number)
        for provider, number in zip(providers, numbers, strict=True)
    ]
