"""Every change that needs two persons has them: both approvals verify anew, and the act's entry commits to both.

1 each approval is signed by the key its officer had that moment, in the duty he then had, for this hub, over the very
  digest that was ordered, listed or admitted
2 each act that needs two has two, by two persons of the operator in two different duties that it needs
3 each stands once: an approval of nothing that was done is named too
What was ordered and listed before this hub knew approvals (`approvals_after_…`, noted by a migration) needs none.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256

from hub.steps.certificates.type_versions import types_digest
from hub.steps.orders.approvals import sealed_digest
from hub.store import tables
from hub.supervision.audit.everything import Check, Everything, Faults, Row
from schemas.approval import (
    DUTIES_NEEDED,
    LOCAL,
    TYP,
    Approval,
    Change,
    read_approval,
    recovery_order,
    settlement_order,
)
from schemas.canonical import canonical_digest
from schemas.parties import Duty
from schemas.statement import read_statement
from signing.base64url import decode
from signing.errors import KeyUnknownError
from signing.jws import VerificationKey, parse_json, unverified_payload, verify_compact
from signing.x509 import Purpose

_ORDERED = frozenset(set(Change) - LOCAL)


def sealed_by_approvals(all_: Everything) -> dict[int, str]:
    """Return what the entry of each approved order commits to, by the statement's number."""
    found: dict[int, list[str]] = {}
    for row in all_.rows(tables.approval):
        if row["statement"] is not None:
            found.setdefault(row["statement"], []).append(row["jws"])
    return {number: sealed_digest(tokens) for number, tokens in found.items()}


def _approvals(all_: Everything) -> Faults:
    """Every kept approval verifies anew, and says what its row says."""
    for row in all_.rows(tables.approval):
        name = f"approval {row['officer']} {row['jti']}"
        try:
            said = _verified(row, all_)
        except Exception as error:
            yield f"{name} does not verify: {type(error).__name__}"
            continue
        kept = (row["officer"], row["jti"], row["change"], row["content_digest"], all_.registry.origin)
        if (said.officer, said.jti, said.change, said.content_digest, said.audience) != kept:
            yield f"{name}: officer, change, content or audience"
        if not _had_duty(row, said.duty, all_):
            yield f"{name}: its officer did not have that duty then"


def _verified(row: Row, all_: Everything) -> Approval:
    at: datetime = row["recorded_at"]

    def find_key(kid: str) -> VerificationKey:
        for state in _states(row, all_):
            facts = all_.registry.trust().verify_party(state["cert_der"], purpose=Purpose.OFFICER, at=at)
            if facts.key_id == kid and facts.licence_number == state["department"]:
                return VerificationKey(facts.algorithm, facts.public_key)
        raise KeyUnknownError(kid, "unlisted")

    return read_approval(parse_json(verify_compact(row["jws"], find_key=find_key, typ=TYP).payload))


def _had_duty(row: Row, duty: Duty, all_: Everything) -> bool:
    """Say whether the officer was active in that duty; those who approve changes of rights are of the operator."""
    of_operator = duty in (Duty.SYSTEM, Duty.SECURITY)
    return any(
        (state["active"], state["duty"]) == (True, duty)
        and (not of_operator or state["department"] == all_.installed["operator"])
        for state in _states(row, all_)
    )


def _states(row: Row, all_: Everything) -> Iterator[Row]:
    """Yield how an approval's officer stood at its moment, with a key; several where that moment changed it."""
    states = [each for each in all_.rows(tables.officer_state) if each["officer"] == row["officer"]]
    until = [*(each["recorded_at"] for each in states[1:]), None]
    for state, ended in zip(states, until, strict=True):
        lasted = state["recorded_at"] <= row["recorded_at"] and (ended is None or row["recorded_at"] <= ended)
        if lasted and state["cert_der"] is not None:
            yield state


def _orders(all_: Everything) -> Faults:
    """Every order of rights that was done has its two, over the digest that it binds."""
    before = int(all_.installed.get("approvals_after_statement", 0))
    by_order = _grouped(all_.rows(tables.approval), "statement")
    refused = {act["statement"] for act in all_.acts_of("order_refused")}
    asked = _asked_for_itself(all_)
    for row in all_.rows(tables.statement):
        approvals = by_order.pop(row["number"], [])
        done = row["act"] in _ORDERED and row["digest"] not in refused
        if done and (approvals or (row["number"] > before and row["number"] not in asked)):
            yield from _two(approvals, Change(row["act"]), _bound(row), f"statement {row['number']}")
        elif approvals:
            yield f"statement {row['number']}: approvals of what needs none or was refused"
    by_order.pop(None, None)
    yield from (f"approvals of statement {number}, which is not there" for number in by_order)


def _asked_for_itself(all_: Everything) -> set[int]:
    """Return the orders of one line that a requester asked for itself: they wait for its providers' word instead."""
    departments = {row["code"]: row["department"] for row in all_.rows(tables.system)}
    single = [row for row in all_.rows(tables.statement) if row["act"] == Change.SHARE]
    ordering = {row["number"]: departments.get(row["system"]) for row in single}
    lines = [row for row in all_.rows(tables.sharing_rule) if row["statement"] in ordering]
    return {row["statement"] for row in lines if ordering[row["statement"]] == row["requester"]}


def _bound(statement: Row) -> str | None:
    """Return the digest a statement binds; whether it verifies is another check's."""
    return read_statement(unverified_payload(statement["jws"])).content_digest


def _two(approvals: Sequence[Row], change: Change, digest: str | None, name: str) -> Faults:
    duties = {_said(each).duty for each in approvals}
    persons = {each["officer"] for each in approvals}
    if (len(approvals), len(persons), len(duties)) != (2, 2, 2) or not duties <= DUTIES_NEEDED[change]:
        yield f"{name}: not approved by two persons of different duties"
    if any((each["change"], each["content_digest"]) != (change, digest) for each in approvals):
        yield f"{name}: an approval of something else"


def _said(row: Row) -> Approval:
    return read_approval(unverified_payload(row["jws"]))


def _grouped(rows: Sequence[Row], name: str) -> dict[int | str | None, list[Row]]:
    found: dict[int | str | None, list[Row]] = {}
    for row in rows:
        found.setdefault(row[name], []).append(row)
    return found


def _lists(all_: Everything) -> Faults:
    """Every trust list has its two, over the very bytes that its roots signed."""
    before = int(all_.installed.get("approvals_after_list", 0))
    approvals = _local(Change.TRUST_LIST, all_)
    for row in all_.rows(tables.trust_list):
        digest = sha256(decode(parse_json(row["raw"])["payload"])).hexdigest()
        if (found := approvals.pop(digest, [])) or row["version"] > before:
            yield from _two(found, Change.TRUST_LIST, digest, f"trust list {row['version']}")
    yield from (f"approvals of a trust list that is not there: {digest}" for digest in approvals)


def _types(all_: Everything) -> Faults:
    """Every type version that was not there at the first start was admitted by two, over the digest of what came."""
    approvals = _local(Change.ADMIT_TYPE, all_)
    acts = {act["act_id"]: act["sealed"] for act in all_.acts_of("admit_type")}
    admitted = _grouped([row for row in all_.rows(tables.type_version) if row["admitted_by"]], "admitted_by")
    for act_id, rows in admitted.items():
        digest = types_digest({(row["code"], row["version"]): row["digest"] for row in rows})
        if acts.pop(str(act_id), None) != digest:
            yield f"types admitted by {act_id}: are not those that were entered"
        yield from _two(approvals.pop(digest, []), Change.ADMIT_TYPE, digest, f"types admitted by {act_id}")
    yield from (f"types admitted by {act_id} are not there" for act_id in acts)
    yield from (f"approvals of types that are not there: {digest}" for digest in approvals)


def _recoveries(all_: Everything) -> Faults:
    """Every recovery, and every settlement, has its two, over what it gave up and which log it closed."""
    before = int(all_.installed.get("approvals_after_recovery", 0))
    recovered, settled = (_local(each, all_) for each in (Change.RECOVER, Change.SETTLE))
    for row in all_.rows(tables.recovery):
        digest = canonical_digest(recovery_order(row["log"], row["note"], _lost_by(row, all_)))
        if (found := recovered.pop(digest, [])) or row["log"] > before:
            yield from _two(found, Change.RECOVER, digest, f"recovery {row['log']}")
    # Recoveries that are settled by one act are settled by the approvals of the last of them.
    for row in {row["settled_by"]: row for row in all_.rows(tables.recovery) if row["settled_by"]}.values():
        digest = canonical_digest(settlement_order(row["log"], row["report_sha256"]))
        if (found := settled.pop(digest, [])) or row["log"] > before:
            yield from _two(found, Change.SETTLE, digest, f"settlement {row['log']}")
    yield from (f"approvals of a recovery that is not there: {digest}" for digest in (*recovered, *settled))


def _lost_by(recovery: Row, all_: Everything) -> dict[int, bytes]:
    """Return the leaves, by their places, that a recovery gave up: lost until then, and not done again before it."""
    at = recovery["recovered_at"]
    return {
        row["place"]: row["leaf"]
        for row in all_.rows(tables.lost_act)
        if row["log"] < recovery["log"] and (row["again_at"] is None or row["again_at"] > at)
    }


def _local(change: Change, all_: Everything) -> dict[int | str | None, list[Row]]:
    """Return the approvals of local acts of a kind, by the digest of what they approve."""
    rows = [row for row in all_.rows(tables.approval) if row["statement"] is None and row["change"] == change]
    return _grouped(rows, "content_digest")


CHECKS: Sequence[Check] = (
    _approvals,
    _orders,
    _lists,
    _types,
    _recoveries,
)
