"""Requests that come again: one idempotency key, scoped to the system, leads to one act and one answer.

The answer is kept encrypted for a term. The same request under the same key gives it back; another request under that
key is a conflict; a request whose act is still under way is told so.
"""

from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection

from hub.errors import OrderError, StatementError
from hub.steps.orders.statements import VerifiedStatement
from hub.steps.registry import Registry
from hub.store.intention import IdempotencyReader, IdempotencyWriter, KeptAct
from hub.store.statement import StatementWriter
from signing.envelope import decrypt, encrypt


def earlier_act(system: str, key: str, *, request_digest: str, registry: Registry) -> KeptAct | None:
    """Return what this key led to before, or None; OrderError key_conflict when it was another request's."""
    with registry.database.read() as connection:
        kept = IdempotencyReader(connection).get(system, key)
    if kept is not None and kept.request_digest != request_digest:
        raise OrderError("key_conflict")
    return kept


def earlier_answer(system: str, key: str, *, request_digest: str, registry: Registry) -> dict[str, Any] | None:
    """Return what this request was answered before, or None for a new one.

    Raises OrderError key_conflict when the key was another request's, act_under_way while it has no answer.
    """
    earlier = earlier_act(system, key, request_digest=request_digest, registry=registry)
    if earlier is None:
        return None
    answer = kept_answer(earlier, system, key, registry=registry)
    if answer is None:
        raise OrderError("act_under_way")
    return answer


def kept_answer(kept: KeptAct, system: str, key: str, *, registry: Registry) -> dict[str, Any] | None:
    """Return the answer that was kept, or None while the act is under way."""
    if kept.answer is None:
        return None
    answer: dict[str, Any] = orjson.loads(decrypt(kept.answer, masters=registry.masters, context=_context(system, key)))
    return answer


def open_act(
    connection: Connection, system: str, key: str, *, request_digest: str, act: str, registry: Registry, now: datetime
) -> None:
    """Keep the key in the transaction that records the intention; OrderError act_under_way when another has it."""
    expires_at = now + registry.terms.idempotency_term
    opened = IdempotencyWriter(connection).open(
        system, key, request_digest=request_digest, act=act, expires_at=expires_at
    )
    if not opened:
        raise OrderError("act_under_way")


def keep_answer(connection: Connection, system: str, key: str, answer: dict[str, Any], *, registry: Registry) -> bool:
    """Keep the answer in the transaction that does the act; False when one is kept already, which stays."""
    sealed = encrypt(orjson.dumps(answer), master=registry.master, context=_context(system, key))
    return IdempotencyWriter(connection).answer(system, key, sealed)


def replace_answer(
    connection: Connection, system: str, key: str, answer: dict[str, Any], *, registry: Registry
) -> None:
    """Keep another answer in place of the one that is kept: what it handed over may not be handed over again."""
    sealed = encrypt(orjson.dumps(answer), master=registry.master, context=_context(system, key))
    IdempotencyWriter(connection).replace_answer(system, key, sealed)


def spend_statement(
    connection: Connection,
    verified: VerifiedStatement,
    *,
    system: str,
    registry: Registry,
    now: datetime,
    beside: int | None = None,
) -> int:
    """Keep a statement as evidence and spend its `jti`; return its number. `beside` is the one that it seconds.

    Raises StatementError statement_replayed when it was spent before, in this process or any other.
    """
    writer, statement = StatementWriter(connection), verified.statement
    expires_at = now + registry.terms.statement_age + registry.terms.idempotency_term
    if not writer.spend("statement", system, statement.jti, expires_at=expires_at):
        raise StatementError("statement_replayed")
    act = str(statement.act)
    return writer.add(system=system, act=act, jws=verified.jws, digest=verified.digest, now=now, seconds=beside)


def _context(system: str, key: str) -> bytes:
    return b"answer\x00" + system.encode() + b"\x00" + key.encode()
