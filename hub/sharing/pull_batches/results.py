"""What became of a file of pulls: how far it is, and its results row by row for the system that ordered it (step 6).

A result holds what a single pull answers. Its records are put in as they were delivered, from the store; what was
erased since is named and handed over no more.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import takewhile
from typing import Any

import orjson
from sqlalchemy import Connection

from hub.errors import IntakeError
from hub.sharing.pull_batches.admission import own_batch
from hub.sharing.pull_batches.run import answer_context
from hub.steps.certificates.intentions import new_name
from hub.steps.registry import Registry
from hub.steps.sharing.delivery import delivered_file, permitted_names, present_as_delivered, presentation_digest
from hub.store.certificate import CertificateReader
from hub.store.entry import EntryWriter
from hub.store.exchange import ExchangeReader, StoredDecision, StoredDelivery
from hub.store.pull_batch import BatchReader, BatchWriter, StoredBatch, StoredBatchRow
from schemas.evidence import ActFacts, Kind
from schemas.parties import System
from signing.envelope import decrypt
from signing.jws import unverified_payload

_PAGE = 50


def progress_of(name: str, *, system: System, registry: Registry) -> dict[str, Any]:
    """Return how far a file is, its rows counted by state; NotFoundError batch_not_found."""
    batch = own_batch(name, system=system, registry=registry)
    with registry.database.read() as connection:
        counts = BatchReader(connection).counts(name)
    return {
        "batch": batch.batch,
        "state": batch.state,
        "problem": batch.problem,
        "file_sha256": batch.file_sha256,
        "rows_done": sum(counts.values()),
        "counts": counts,
        "recorded_at": batch.recorded_at.isoformat(),
        "not_before": batch.not_before.isoformat() if batch.not_before else None,
        "finished_at": batch.finished_at.isoformat() if batch.finished_at else None,
        "ends_at": batch.ends_at.isoformat() if batch.ends_at else None,
    }


def open_results(name: str, *, after: int, system: System, registry: Registry, now: datetime) -> StoredBatch:
    """Enter that a system fetches the results behind row `after`, and return the batch they are of.

    The act is committed before the first byte leaves. Raises NotFoundError batch_not_found, IntakeError
    batch_results_ended, StoreError.
    """
    registry.refuse_doubtful(now)
    batch = own_batch(name, system=system, registry=registry)
    if batch.ends_at is not None and now >= batch.ends_at:
        raise IntakeError("batch_results_ended", batch=name)
    act_id = new_name(registry)

    def record(connection: Connection) -> None:
        BatchWriter(connection).add_fetch({"act_id": act_id, "batch": name, "after": after, "recorded_at": now})
        act = ActFacts(Kind.FETCH_BATCH, act_id, now, None, None, None, name)
        EntryWriter(connection, registry.random).add([act])

    registry.database.write(record)
    return batch


def results(batch: StoredBatch, *, after: int, registry: Registry) -> Iterator[bytes]:
    """Yield the results behind row `after` as JSON lines, a page of rows at a time, up to the first row under way."""
    # A transaction per page: whoever fetches slowly must not hold a connection all the while.
    while page := _page(batch.batch, after, registry):
        told, after = page
        yield told


def _page(name: str, after: int, registry: Registry) -> tuple[bytes, int] | None:
    with registry.database.read() as connection:
        rows = BatchReader(connection).rows(name, after=after, most=_PAGE)
        # No row is passed over: whoever goes on behind the last one told misses nothing.
        done = list(takewhile(lambda row: row.state != "decided", rows))
        lines = [orjson.dumps(_told(row, registry, connection)) for row in done]
    return (b"".join(line + b"\n" for line in lines), done[-1].row) if done else None


def _told(row: StoredBatchRow, registry: Registry, connection: Connection) -> dict[str, Any]:
    told: dict[str, Any] = {"row": row.row, "result": row.state, "reason": row.reason, "decision": row.decision}
    if row.answer is None or row.decision is None:
        return told
    opened = decrypt(row.answer, masters=registry.masters, context=answer_context(row.decision))
    answer: dict[str, Any] = orjson.loads(opened)
    decision = ExchangeReader(connection).decision(row.decision)
    delivery = ExchangeReader(connection).delivery(row.decision)
    if decision is not None and delivery is not None and delivery.note:
        _put_files(answer, decision, delivery, registry, connection)
    return told | {"answer": answer}


def _put_files(
    answer: Mapping[str, Any],
    decision: StoredDecision,
    delivery: StoredDelivery,
    registry: Registry,
    connection: Connection,
) -> None:
    """Put into an answer the records that its note was signed over, byte for byte, or that they can be had no more."""
    note = unverified_payload(delivery.note)
    signed = {each["identifier"]: each["sha256"] for each in note["presentations"]}
    reader = CertificateReader(connection)
    found = reader.by_identifier(sorted(signed))
    records = reader.records([each.serial for each in found.values()])
    for item in answer["items"]:
        certificate = found.get(item.get("identifier", ""))
        if certificate is None:
            continue
        names = permitted_names(certificate, decision, registry, connection)
        digest = signed[certificate.identifier]
        document = present_as_delivered(records[certificate.serial], names, certificate.serial, {digest}, registry)
        if presentation_digest(document) == digest:
            item["file"] = delivered_file(document, delivery.note, registry)
        else:
            item["changed_since"] = True
