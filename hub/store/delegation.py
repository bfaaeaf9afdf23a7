"""Delegations of enterprises, how they ended, and which of them new legal representatives confirmed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from hub.store import tables
from hub.store.queries import select_by
from hub.store.upsert import insert_rows

_TABLE = tables.delegation
_CONFIRMED = tables.delegation_confirmation


@dataclass(frozen=True, slots=True)
class StoredDelegation:
    """A delegation as kept; `envelope` and `withdrawal` hold sentence, signature and cert, encrypted.

    `ended_by` names the act that ended it, of the holder or by law.
    """

    digest: str
    holder: str
    cert_serial: str
    item_code: str
    valid_from: datetime
    valid_until: datetime
    envelope: bytes
    recorded_at: datetime
    act_id: str
    ended_at: datetime | None = None
    ended_by: str | None = None
    withdrawal: bytes | None = None
    withdrawal_digest: str | None = None


@dataclass(frozen=True, slots=True)
class StoredConfirmation:
    """What a new legal representative confirmed: delegations by digest, and whether managers go on."""

    digest: str
    holder: str
    delegations: Sequence[str]
    managers: bool
    envelope: bytes
    recorded_at: datetime
    act_id: str


class DelegationReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, digest: str) -> StoredDelegation | None:
        row = select_by(self._connection, _TABLE, digest=digest).first()
        return None if row is None else StoredDelegation(*row)

    def of(self, holder: str) -> list[StoredDelegation]:
        """Return the holder's delegations that have not been ended."""
        query = select(_TABLE).where(_TABLE.c.holder == holder, _TABLE.c.ended_at.is_(None))
        return [StoredDelegation(*row) for row in self._connection.execute(query.order_by(_TABLE.c.recorded_at))]

    def newest(self, holder: str, *, most: int, cert_serial: str | None = None) -> list[StoredDelegation]:
        """Return the holder's newest delegations, ended ones too; to one cert where it is named."""
        chosen = _TABLE.c.holder == holder
        if cert_serial is not None:
            chosen &= _TABLE.c.cert_serial == cert_serial
        query = select(_TABLE).where(chosen).order_by(_TABLE.c.recorded_at.desc(), _TABLE.c.digest).limit(most)
        return [StoredDelegation(*row) for row in self._connection.execute(query)]

    def confirmations(self, holder: str, *, since: datetime) -> list[StoredConfirmation]:
        """Return what was confirmed after `since`."""
        chosen = (_CONFIRMED.c.holder == holder) & (_CONFIRMED.c.recorded_at > since)
        return [StoredConfirmation(*row) for row in self._connection.execute(select(_CONFIRMED).where(chosen))]


class DelegationWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, delegation: StoredDelegation) -> None:
        row = {name: getattr(delegation, name) for name in StoredDelegation.__slots__}
        insert_rows(self._connection, _TABLE, [row])

    def withdraw(self, digest: str, withdrawal: bytes, said: str, act_id: str, now: datetime) -> bool:
        """End a delegation at once, keeping the signed sentence; False when it had been ended."""
        open_ = (_TABLE.c.digest == digest) & _TABLE.c.ended_at.is_(None)
        values = {"ended_at": now, "ended_by": act_id, "withdrawal": withdrawal, "withdrawal_digest": said}
        return self._connection.execute(update(_TABLE).where(open_).values(**values)).rowcount == 1

    def end_since(self, holder: str, since: datetime, act_id: str, now: datetime) -> list[str]:
        """End every delegation recorded since then; return their digests."""
        open_ = (_TABLE.c.holder == holder) & _TABLE.c.ended_at.is_(None) & (_TABLE.c.recorded_at >= since)
        ended = update(_TABLE).where(open_).values(ended_at=now, ended_by=act_id).returning(_TABLE.c.digest)
        return sorted(self._connection.execute(ended).scalars())

    def end_every(self, act_id: str, now: datetime) -> None:
        """End every delegation of before `now`, by the recovery of a store that may have lost withdrawals."""
        open_ = _TABLE.c.ended_at.is_(None) & (_TABLE.c.recorded_at <= now)
        self._connection.execute(update(_TABLE).where(open_).values(ended_at=now, ended_by=act_id))

    def reopen(self, act_id: str) -> None:
        """Let what a recovery ended count again, within a transaction that does an act of before it again."""
        self._connection.execute(update(_TABLE).where(_TABLE.c.ended_by == act_id).values(ended_at=None, ended_by=None))

    def add_confirmation(self, confirmation: StoredConfirmation) -> None:
        row = {name: getattr(confirmation, name) for name in StoredConfirmation.__slots__}
        insert_rows(self._connection, _CONFIRMED, [row])
