"""Recovering a store that was rolled back, while no hub runs on it; and settling what it lost.

1 lead        the lease of the log's writer is taken: a hub that runs holds it
2 compare     the store is held against every leaf its logs have published
3 approve     two persons of the operator sign what the recovery gives up and closes (`recovery_order`)
4 name        the report is written and on disk: every lost leaf, between which moments, and which act it was where a
              receipt was brought back
5 record      one transaction: what is found again gets its place; what went on under places that are other acts' gets
              none; grants and delegations end, since their withdrawals may be lost; serials and versions that may be
              given already are left out; what may have been spent before is refused from now on
              (`hub/steps/orders/freshness.py`); both approvals, every lost leaf, the entry of the next log's first
              leaf, the recovery and its act
6 close, open in the log's store, at once: the old log is closed, the next begins with a leaf that commits to the old
              one's last checkpoint                                                               <- commit point
A crash before 6 leaves a store that still disagrees with its log, so all of it stays unknown; the same command goes on
at 6 when 5 is done. After 6 acts go on, and every verdict is unknown until `settle`, which two persons sign too:
which of the certificates that the store holds were withdrawn in between, nobody knows. What is brought back is done
again (`reapplying.py`); the rest is ordered again by those who ordered it, and none is made up here.
Source: design, decision 7.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection

from hub.custody.recovery.comparing import Compared, Leaf, compare
from hub.custody.recovery.returned import Opening, Returned
from hub.errors import BackupError, HubError
from hub.steps.certificates.remaking import SKIPPED_VERSIONS
from hub.steps.log.watch import rolled_back_to
from hub.steps.orders.approvals import VerifiedApproval, require_two
from hub.steps.orders.freshness import note_restored
from hub.store.copies import skip_names
from hub.store.database import Database
from hub.store.delegation import DelegationWriter
from hub.store.entry import EntryReader, EntryWriter
from hub.store.grant import GrantWriter
from hub.store.log import Head, LogStore
from hub.store.lost_act import LostAct, LostActWriter
from hub.store.recovery import Recovery, RecoveryReader, RecoveryWriter
from schemas.approval import Change, recovery_order, settlement_order
from schemas.canonical import canonical_digest
from schemas.evidence import ActFacts, Kind
from signing.base64url import encode
from signing.commitment import following_leaf
from signing.merkle import EMPTY, leaf_hash
from signing.synced import create_synced
from signing.tiles import bundle

_LEASE = timedelta(minutes=2)
# What the log does not know of may have been sealed too: issues stop after 15 minutes of its silence, and are at most
# 1,500 a second until then.
_SKIPPED_SERIALS = 2_000_000
Approve = Callable[[Change, str], Sequence[VerifiedApproval]]
"""Returns two persons' verified approvals of a change, by the digest of what is changed."""


class NamedKey(Protocol):
    """A log's name, and what signs its heads."""

    origin: str

    def sign(self, size: int, root: bytes) -> str:
        """Return the checkpoint's note."""


@dataclass(frozen=True, slots=True)
class Recovering:
    """What a recovery works on. `next_key` names and signs the log of a number; `operator` is its licence number."""

    database: Database
    store: LogStore
    next_key: Callable[[int], NamedKey]
    operator: str
    random: Callable[[int], bytes]
    owner: str


def recover(
    recovering: Recovering, report: Path, *, returned: Returned, approve: Approve, now: datetime
) -> dict[str, Any]:
    """Recover the store; the new file `report` names all that is lost. `returned` is what was kept elsewhere.

    Raises BackupError hub_running, not_rolled_back, report_exists; StoreError log_damaged; OSError; what `approve` and
    `require_two` raise. Where nothing is lost nothing is given up, and nobody approves it.
    """
    store = recovering.store
    if not store.lead(recovering.owner, now, _LEASE):
        raise BackupError("hub_running")
    try:
        return _recover(recovering, report, returned, approve, now)
    except (HubError, OSError):
        # What was refused has changed nothing: whoever runs it again need not wait until the lease ends.
        store.lead(recovering.owner, now, timedelta(0))
        raise


def _recover(
    recovering: Recovering, report: Path, returned: Returned, approve: Approve, now: datetime
) -> dict[str, Any]:
    database = recovering.database
    head, compared, under_way = _looked_at(database, recovering.store)
    if under_way is not None and under_way.log == head.number + 1:
        return _close_and_open(recovering, head, under_way, now)
    if not compared.lost:
        database.write(lambda connection: _place(connection, compared, now))
        return {"lost": 0, "found": len(compared.found), "log": head.origin}
    approvals = approve(Change.RECOVER, canonical_digest(_order(head, compared)))
    content = _report(compared, returned.openings, head, approvals, now)
    try:
        create_synced(report, content)
    except FileExistsError:
        raise BackupError("report_exists") from None
    act_id, opening = (encode(recovering.random(16)) for _ in range(2))
    digest = sha256(content).hexdigest()

    def record(connection: Connection) -> Recovery:
        require_two(approvals, change=Change.RECOVER, connection=connection, now=now, departments={recovering.operator})
        skipped = skip_names(connection, len(compared.lost) + _SKIPPED_SERIALS, SKIPPED_VERSIONS)
        made = Recovery(
            head.number + 1, len(compared.lost), head.note, digest, *skipped, _persons(approvals), now, act_id
        )
        _record(connection, compared, head, made, opening, recovering)
        return made

    try:
        recovery = database.write(record)
    except HubError:
        report.unlink()
        raise
    return _close_and_open(recovering, head, recovery, now) | {"found": len(compared.found)}


def settle(
    *, database: Database, operator: str, approve: Approve, random: Callable[[int], bytes], now: datetime
) -> Recovery:
    """Declare that what was lost is ordered again or of no more account: verdicts are told again. Returns the recovery.

    Raises BackupError nothing_to_settle; what `approve` and `require_two` raise.
    """
    found = unsettled(database)
    approvals = approve(Change.SETTLE, canonical_digest(settlement_order(found.log, found.report_sha256)))

    def record(connection: Connection) -> Recovery:
        require_two(approvals, change=Change.SETTLE, connection=connection, now=now, departments={operator})
        act_id = encode(random(16))
        if RecoveryReader(connection).newest() != found or not RecoveryWriter(connection).settle(act_id, now):
            raise BackupError("nothing_to_settle")
        act = ActFacts(Kind.SETTLE, act_id, now, None, None, found.report_sha256, found.act_id)
        EntryWriter(connection, random).add([act])
        return found

    return database.write(record)


def unsettled(database: Database) -> Recovery:
    """Return the last recovery, which is not settled yet; BackupError nothing_to_settle."""
    with database.read() as connection:
        found = RecoveryReader(connection).newest()
    if found is None or found.settled_at is not None:
        raise BackupError("nothing_to_settle")
    return found


def order_of(database: Database, store: LogStore) -> dict[str, Any]:
    """Return what two persons are to sign for this recovery; BackupError not_rolled_back where there is none."""
    head, compared, under_way = _looked_at(database, store)
    if not compared.lost or (under_way is not None and under_way.log == head.number + 1):
        raise BackupError("not_rolled_back")
    return _order(head, compared)


def _looked_at(database: Database, store: LogStore) -> tuple[Head, Compared, Recovery | None]:
    """Hold the store against its log; the last recovery is that under way, or an earlier one."""
    with database.snapshot() as connection:
        entries = EntryReader(connection)
        # A log that is older than the store is no loss: it is published again from where it stands.
        if rolled_back_to(entries, store.pulse()) is None:
            raise BackupError("not_rolled_back")
        return store.head(), compare(entries, store), RecoveryReader(connection).newest()


def _order(head: Head, compared: Compared) -> dict[str, Any]:
    return recovery_order(
        head.number + 1, head.note, {place: leaf.content for place, leaf in compared.lost.items()}
    )  # fmt: skip


def _persons(approvals: Sequence[VerifiedApproval]) -> list[str]:
    return sorted(each.officer.number for each in approvals)


def _place(connection: Connection, compared: Compared, now: datetime) -> None:
    note_restored(connection, now)
    writer = EntryWriter(connection, _no_salt)
    places: dict[int, int | None] = {**dict.fromkeys(compared.strangers), **compared.found}
    # A place is given once: whoever has another's must leave it first.
    writer.place(dict.fromkeys(places))
    writer.place(dict(compared.found))


def _no_salt(size: int) -> bytes:
    raise AssertionError("an entry that is placed has its salt")


def _record(
    connection: Connection, compared: Compared, head: Head, recovery: Recovery, opening: str, recovering: Recovering
) -> None:
    _place(connection, compared, recovery.recovered_at)
    GrantWriter(connection).end_every(recovery.act_id, recovery.recovered_at)
    DelegationWriter(connection).end_every(recovery.act_id, recovery.recovered_at)
    RecoveryWriter(connection).add(recovery)
    lost = ((place, each.log, each.index, each.content) for place, each in sorted(compared.lost.items()))
    LostActWriter(connection).add(LostAct(*each) for each in lost)
    now, entries = recovery.recovered_at, EntryWriter(connection, recovering.random)
    opens = ActFacts(Kind.OPEN_LOG, opening, now, None, None, sha256(head.note.encode()).hexdigest(), None)
    entries.open_log(opens, head.note, head.first_place + head.size)
    entries.add([ActFacts(Kind.RECOVER, recovery.act_id, now, None, None, recovery.report_sha256, None)])


def _close_and_open(recovering: Recovering, head: Head, recovery: Recovery, now: datetime) -> dict[str, Any]:
    key, first = recovering.next_key(recovery.log), following_leaf(head.note)
    edge, _ = EMPTY.extended([leaf_hash(first)])
    opened = Head(
        key.origin, edge, bundle([first]), first, key.sign(1, edge.root()), now, now,
        recovery.log, head.first_place + head.size,
    )  # fmt: skip
    if not recovering.store.follow(head, opened, recovering.owner):
        raise BackupError("hub_running")
    return {
        "lost": recovery.lost,
        "report_sha256": recovery.report_sha256,
        "by_whom": recovery.by_whom,
        "closed": head.origin,
        "log": key.origin,
    }


def _report(
    compared: Compared,
    opened: Mapping[bytes, Opening],
    head: Head,
    approvals: Sequence[VerifiedApproval],
    now: datetime,
) -> bytes:
    known = compared.known_until
    lost = [_told(leaf, opened) for _, leaf in sorted(compared.lost.items())]
    report = {
        "recovered_at": now.isoformat(),
        "by_whom": _persons(approvals),
        "order": _order(head, compared),
        "approvals": [each.jws for each in approvals],
        "log": {"number": head.number, "origin": head.origin, "size": head.size, "checkpoint": head.note},
        "known_until": None if known is None else {"place": known[0], "recorded_at": known[1].isoformat()},
        "lost": {
            "count": len(lost),
            "identified": sum("act" in each for each in lost),
            "after": None if known is None else known[1].isoformat(),
            "before": head.signed_at.isoformat(),
            "leaves": lost,
        },
        "found": {"count": len(compared.found), "places": sorted(compared.found.values())},
    }
    return json.dumps(report, ensure_ascii=False, indent=1).encode() + b"\n"


def _told(leaf: Leaf, opened: Mapping[bytes, Opening]) -> dict[str, Any]:
    told: dict[str, Any] = {"log": leaf.log, "index": leaf.index, "leaf": b64encode(leaf.content).decode()}
    opening = opened.get(leaf.content)
    return told if opening is None else told | {"act": opening.act}
