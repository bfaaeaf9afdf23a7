"""Taking in a file of pulls: the order that names it, then the file (steps 1 and 2); and its cancelling."""

from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection

from hub.errors import IntakeError, NotFoundError
from hub.steps.files.spool import Incoming
from hub.steps.orders.evidence import act_once
from hub.steps.orders.repeats import spend_statement
from hub.steps.orders.statements import VerifiedStatement
from hub.steps.registry import Registry
from hub.store.entry import EntryWriter
from hub.store.pull_batch import BatchReader, BatchWriter, StoredBatch
from schemas.evidence import ActFacts, Kind
from schemas.exchange import BatchRequest, RequestFormError
from schemas.parties import System


def admit_batch(
    request: BatchRequest, *, verified: VerifiedStatement, system: System, key: str, registry: Registry, now: datetime
) -> dict[str, Any]:
    """Admit a file that is still to come; whether its rows may have what they ask is decided when they are read."""
    return act_once(
        partial(_admit, request, verified, system, registry, now),
        issuing_body=None,
        verified=verified,
        system=system,
        key=key,
        registry=registry,
        now=now,
    )


def awaited_batch(name: str, *, system: System, registry: Registry) -> StoredBatch:
    """Return a batch of this system whose file is still to come; NotFoundError, IntakeError batch_file_received."""
    batch = own_batch(name, system=system, registry=registry)
    if batch.state != "awaiting_file":
        raise IntakeError("batch_file_received", batch=name)
    return batch


def own_batch(name: str, *, system: System, registry: Registry) -> StoredBatch:
    """Return a batch that this very system ordered; NotFoundError batch_not_found.

    Not another one of its department: what is delivered is delivered to who asked, and each system has its own key.
    """
    with registry.database.read() as connection:
        batch = BatchReader(connection).get(name)
    if batch is None or batch.system != system.code:
        raise NotFoundError("batch_not_found")
    return batch


def keep_file(batch: StoredBatch, incoming: Incoming, *, registry: Registry) -> dict[str, Any]:
    """Keep a file that came in whole; IntakeError file_digest, and nothing kept, when it is not the one ordered."""
    if not incoming.keep(file_sha256=batch.file_sha256):
        raise IntakeError("file_digest", batch=batch.batch)
    if not registry.database.write(lambda connection: BatchWriter(connection).receive(batch.batch)):
        raise IntakeError("batch_file_received", batch=batch.batch)
    return {"batch": batch.batch, "state": "waiting", "bytes": incoming.length}


def cancel_batch(
    name: str, *, verified: VerifiedStatement, system: System, key: str, registry: Registry, now: datetime
) -> dict[str, Any]:
    """Stop a batch for good: once this is answered no row of it is decided or delivered any more.

    Raises RequestFormError, NotFoundError batch_not_found, IntakeError batch_finished.
    """
    if dict(verified.statement.request or {}) != {"batch": name}:
        raise RequestFormError("batch")
    own_batch(name, system=system, registry=registry)
    return act_once(
        partial(_cancel, name, verified, system, registry, now),
        issuing_body=None,
        verified=verified,
        system=system,
        key=key,
        registry=registry,
        now=now,
    )


def _admit(
    request: BatchRequest,
    verified: VerifiedStatement,
    system: System,
    registry: Registry,
    now: datetime,
    connection: Connection,
    act_id: str,
) -> dict[str, Any]:
    statement = spend_statement(connection, verified, system=system.code, registry=registry, now=now)
    kept = {"batch": act_id, "system": system.code, "file_sha256": request.file_sha256, "statement": statement}
    BatchWriter(connection).add(kept | {"state": "awaiting_file", "rows_done": 0, "recorded_at": now})
    act = ActFacts(Kind.PULL_BATCH, act_id, now, None, verified.digest, None, None)
    EntryWriter(connection, registry.random).add([act])
    return {"batch": act_id, "act_id": act_id, "upload": f"/api/v1/pull-batches/{act_id}/file"}


def _cancel(
    name: str,
    verified: VerifiedStatement,
    system: System,
    registry: Registry,
    now: datetime,
    connection: Connection,
    act_id: str,
) -> dict[str, Any]:
    statement = spend_statement(connection, verified, system=system.code, registry=registry, now=now)
    ends_at = now + registry.terms.batch_term
    if not BatchWriter(connection).cancel(name, statement=statement, act_id=act_id, now=now, ends_at=ends_at):
        raise IntakeError("batch_finished", batch=name)
    EntryWriter(connection, registry.random).add(
        [ActFacts(Kind.CANCEL_BATCH, act_id, now, None, verified.digest, None, name)]
    )
    return {"batch": name, "state": "cancelled", "act_id": act_id}
