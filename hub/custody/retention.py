"""Retention (保管期限): what is past its term is listed, and erased where its rule says so.

1 each kind is counted by its rule (`schemas/retention.toml`); a kind that is transferred is listed and nothing else
2 what is to be erased goes in bounded batches, each in one transaction: its rows, and one entry with the digest of what
  they were known by, where something recorded goes      <- COMMIT POINT
3 files go after rows: those of erased copies, spooled files whose intake has ended, files that no document names

A crash leaves whole batches done and the others as they were; the next run goes on. Nothing that a proof needs is
removed: seals, payloads, statements, act bytes, salts and leaves have no term.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import partial

from sqlalchemy import Connection

from hub.steps.certificates.intentions import new_name
from hub.steps.documents.erased_files import delete_erased_files
from hub.steps.files.spool import Spool
from hub.steps.registry import Registry
from hub.store.document import DocumentReader
from hub.store.entry import EntryWriter
from hub.store.files import DocumentFiles
from hub.store.retention import RetentionReader, RetentionWriter, intakes_open
from schemas.canonical import canonical_digest
from schemas.certificate import SHANGHAI, civil_date
from schemas.evidence import ActFacts, Kind
from schemas.retention import Retention, RetentionCode, Then

_AT_ONCE = 500
_OF_FILES = frozenset({RetentionCode.SPOOLED_FILE, RetentionCode.UNNAMED_FILE})
# What was recorded by an act of somebody: its removal is an act too. The others are traces of technical terms.
_ENTERED = frozenset(
    {RetentionCode.DELIVERY_NOTE, RetentionCode.COPY, RetentionCode.INTAKE_OUTCOME, RetentionCode.NOTICE}
)


@dataclass(frozen=True, slots=True)
class Keeping:
    """What retention is handed beside the registry: the rules, and where files lie."""

    rules: Mapping[RetentionCode, Retention]
    files: DocumentFiles
    spool: Spool


@dataclass(frozen=True, slots=True)
class PastTerm:
    """How many things of one kind are past their term; `before` is the day before which their event was."""

    rule: Retention
    before: date
    count: int


def past_term(keeping: Keeping, *, registry: Registry, now: datetime) -> list[PastTerm]:
    """List every kind that has a term, with how much of it is past it now."""
    found = []
    for rule in keeping.rules.values():
        if rule.then is not Then.KEPT:
            before = rule.ended_before(civil_date(now))
            found.append(PastTerm(rule, before, _count(rule.code, before, keeping, registry)))
    return found


def erase_past_term(keeping: Keeping, *, registry: Registry, now: datetime) -> dict[RetentionCode, int]:
    """Erase what is past its term, of every kind whose rule says so; return how many things of each went."""
    erased: dict[RetentionCode, int] = {}
    for rule in keeping.rules.values():
        if rule.then is Then.ERASED:
            before = rule.ended_before(civil_date(now))
            of_files = rule.code in _OF_FILES
            gone = (
                _delete_files(rule.code, before, keeping, registry)
                if of_files
                else _erase(rule.code, before, registry, now)
            )
            if gone:
                erased[rule.code] = gone
    delete_erased_files(registry=registry, files=keeping.files, now=now)
    return erased


# --- rows -------------------------------------------------------------------------------------------------------


def _count(code: RetentionCode, before: date, keeping: Keeping, registry: Registry) -> int:
    if code in _OF_FILES:
        return sum(1 for _ in _files_past(code, before, keeping, registry))
    with registry.database.read() as connection:
        return RetentionReader(connection).count(code, before)


def _erase(code: RetentionCode, before: date, registry: Registry, now: datetime) -> int:
    erased = 0
    while gone := registry.database.write(partial(_erase_batch, code, before, registry, now)):
        erased += gone
    return erased


def _erase_batch(code: RetentionCode, before: date, registry: Registry, now: datetime, connection: Connection) -> int:
    act_id = new_name(registry)
    names = RetentionWriter(connection).remove(code, before, most=_AT_ONCE, act_id=act_id)
    if names and code in _ENTERED:
        digest = canonical_digest({"kind": code.value, "erased": names})
        act = ActFacts(Kind.ERASE, act_id, now, None, None, digest, None)
        EntryWriter(connection, registry.random).add([act])
    return len(names)


# --- files ------------------------------------------------------------------------------------------------------


def _delete_files(code: RetentionCode, before: date, keeping: Keeping, registry: Registry) -> int:
    names = list(_files_past(code, before, keeping, registry))
    for name in names:
        if code is RetentionCode.SPOOLED_FILE:
            keeping.spool.delete(name)
        else:
            keeping.files.delete(name)
    return len(names)


def _files_past(code: RetentionCode, before: date, keeping: Keeping, registry: Registry) -> Iterator[str]:
    """Yield spooled files that no intake waits for, or files of documents that no document names."""
    seconds = datetime.combine(before, time(), SHANGHAI).timestamp()
    if code is RetentionCode.SPOOLED_FILE:
        names = keeping.spool.names(before=seconds)
        with registry.database.read() as connection:
            yield from sorted(set(names) - intakes_open(connection, names))
        return
    batch: list[str] = []
    for name in keeping.files.names(before=seconds):
        batch.append(name)
        if len(batch) == _AT_ONCE:
            yield from _unnamed(batch, registry)
            batch = []
    yield from _unnamed(batch, registry)


def _unnamed(digests: list[str], registry: Registry) -> list[str]:
    with registry.database.read() as connection:
        named = DocumentReader(connection).named(digests)
    return [each for each in digests if each not in named]
