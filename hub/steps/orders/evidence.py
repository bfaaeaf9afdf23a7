"""An ordered act, done once; and evidence of an order that was refused for want of a right.

Malformed input writes nothing; a decided refusal is kept and entered like an act, so that nobody can try quietly.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from hub.errors import HubError, OrderError, StatementError
from hub.steps.certificates.intentions import new_name
from hub.steps.orders.repeats import earlier_answer, keep_answer, open_act, spend_statement
from hub.steps.orders.statements import VerifiedStatement
from hub.steps.registry import Registry
from hub.store.entry import EntryWriter
from schemas.evidence import ActFacts, Kind
from schemas.parties import System

WITHOUT_RIGHT = frozenset(
    {
        "body_not_yours", "body_not_in_charge", "body_ended", "body_unknown", "item_not_yours", "rule_not_yours",
        "provider_only", "approvals_needed", "approval_own", "approval_same_person", "approval_same_duty",
    }
)  # fmt: skip


def record_refusal(
    error: HubError, *, verified: VerifiedStatement, system: System, registry: Registry, now: datetime
) -> None:
    """Keep the statement and enter the refusal, if `error` says that the caller had no right; it then names the act."""
    if error.code not in WITHOUT_RIGHT:
        return

    act = ActFacts(Kind.ORDER_REFUSED, new_name(registry), now, None, verified.digest, None, None)

    def record(connection: Connection) -> None:
        spend_statement(connection, verified, system=system.code, registry=registry, now=now)
        EntryWriter(connection, registry.random).add([act])

    registry.database.write(record)
    error.facts["act_id"] = act.act_id


def act_once(
    work: Callable[[Connection, str], dict[str, Any]],
    *,
    issuing_body: str | None,
    verified: VerifiedStatement,
    system: System,
    key: str,
    registry: Registry,
    now: datetime,
) -> dict[str, Any]:
    """Do an ordered act in one transaction, and answer the same request again with what it was answered.

    `work` does the act, given its name, and returns the answer; it may run more than once, never after it was
    committed. `issuing_body` is whose act the statement must order. Raises what `work` raised, an order without right
    recorded as refused; StatementError statement_body; OrderError key_conflict, act_under_way.
    """
    earlier = earlier_answer(system.code, key, request_digest=verified.digest, registry=registry)
    if earlier is not None:
        return earlier
    if verified.statement.issuing_body != issuing_body:
        raise StatementError("statement_body")

    def commit(connection: Connection) -> dict[str, Any]:
        act_id = new_name(registry)
        open_act(connection, system.code, key, request_digest=verified.digest, act=act_id, registry=registry, now=now)
        answer = work(connection, act_id)
        keep_answer(connection, system.code, key, answer, registry=registry)
        return answer

    try:
        return registry.database.write(commit)
    except OrderError as error:
        record_refusal(error, verified=verified, system=system, registry=registry, now=now)
        raise
