"""Grants: the enterprise's signed sentence, how often it was used, whether it still counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update

from hub.store import tables
from hub.store.queries import select_by
from schemas.exchange import Basis

_TABLE = tables.grant_table


@dataclass(frozen=True, slots=True)
class StoredGrant:
    """A grant as kept. `envelope` holds sentence, signature and cert, encrypted; `cert_good_at` None: pending.

    `withdrawal` holds the same of the sentence that ended it; `ended_by` names the act that did, by law and not by the
    holder's word. `basis` is None for a grant that the e-licence signed; `delegation` names what its signer acted by,
    `statement` the order of the officers who witnessed one on paper.
    """

    digest: str
    holder: str
    requester: str
    envelope: bytes
    valid_from: datetime
    valid_until: datetime
    uses: int
    uses_taken: int
    cert_serial: str
    signer_role: str
    cert_good_at: datetime | None
    cert_revoked: bool
    withdrawn_at: datetime | None
    recorded_at: datetime
    act_id: str
    withdrawal: bytes | None = None
    ended_by: str | None = None
    basis: str | None = None
    delegation: str | None = None
    statement: int | None = None


class GrantReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, digest: str) -> StoredGrant | None:
        row = select_by(self._connection, _TABLE, digest=digest).first()
        return None if row is None else StoredGrant(*row)

    def live(self, holders: Sequence[str], requester: str, now: datetime) -> list[StoredGrant]:
        """Return the grants of these holders to a requester that run and were not taken back."""
        column = _TABLE.c
        runs = (column.valid_from <= now) & (column.valid_until > now) & column.withdrawn_at.is_(None)
        is_grant = or_(column.basis.is_(None), column.basis != Basis.PRESENTATION.value)
        query = select(_TABLE).where(column.holder.in_(holders), column.requester == requester, runs, is_grant)
        return [
            StoredGrant(*row) for row in self._connection.execute(query.order_by(column.recorded_at, column.digest))
        ]

    def page(
        self,
        holder: str,
        which: str,
        *,
        signer: str | None,
        behind: tuple[datetime, str] | None,
        most: int,
        now: datetime,
    ) -> list[StoredGrant]:
        """Return a holder's grants "live", "used" or "over", the newest first, behind a place; no presentations.

        `signer` is the serial of the cert that signed them; None: of any.
        """
        column = _TABLE.c
        taken_back = column.withdrawn_at.is_not(None)
        used = ~taken_back & (column.uses_taken >= column.uses)
        live = ~taken_back & ~used & (column.valid_until > now) & ~column.cert_revoked
        chosen = {"live": live, "used": used, "over": ~live & ~used}[which]
        query = select(_TABLE).where(column.holder == holder, chosen)
        query = query.where(or_(column.basis.is_(None), column.basis != Basis.PRESENTATION.value))
        if signer is not None:
            query = query.where(column.cert_serial == signer)
        if behind is not None:
            at, digest = behind
            query = query.where(or_(column.recorded_at < at, (column.recorded_at == at) & (column.digest < digest)))
        newest = query.order_by(column.recorded_at.desc(), column.digest.desc()).limit(most)
        return [StoredGrant(*row) for row in self._connection.execute(newest)]


class GrantWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, grant: StoredGrant) -> None:
        row: dict[str, Any] = {name: getattr(grant, name) for name in StoredGrant.__slots__}
        self._connection.execute(insert(_TABLE), row)

    def note_cert_status(self, digest: str, *, good_at: datetime | None, revoked: bool) -> None:
        values = {"cert_good_at": good_at, "cert_revoked": revoked}
        self._connection.execute(update(_TABLE).where(_TABLE.c.digest == digest).values(**values))

    def take_use(self, digest: str) -> bool:
        """Take one use; False when none is left or the grant was withdrawn. One of fifty callers gets the last one."""
        open_ = (_TABLE.c.digest == digest) & (_TABLE.c.uses_taken < _TABLE.c.uses) & _TABLE.c.withdrawn_at.is_(None)
        taken = self._connection.execute(update(_TABLE).where(open_).values(uses_taken=_TABLE.c.uses_taken + 1))
        return taken.rowcount == 1

    def give_back_use(self, digest: str) -> None:
        same = _TABLE.c.digest == digest
        self._connection.execute(update(_TABLE).where(same).values(uses_taken=_TABLE.c.uses_taken - 1))

    def withdraw(self, digest: str, withdrawal: bytes, now: datetime) -> bool:
        """Withdraw a grant at once, keeping the signed sentence; False when it was withdrawn before."""
        open_ = (_TABLE.c.digest == digest) & _TABLE.c.withdrawn_at.is_(None)
        values = {"withdrawn_at": now, "withdrawal": withdrawal}
        return self._connection.execute(update(_TABLE).where(open_).values(**values)).rowcount == 1

    def end_every(self, act_id: str, now: datetime) -> int:
        """End every grant of before `now`, by the recovery of a store that may have lost some; return how many."""
        values = {"withdrawn_at": now, "ended_by": act_id}
        open_ = _TABLE.c.withdrawn_at.is_(None) & (_TABLE.c.recorded_at <= now)
        return self._connection.execute(update(_TABLE).where(open_).values(**values)).rowcount

    def reopen(self, act_id: str) -> None:
        """Let what a recovery ended count again, within a transaction that does an act of before it again."""
        ended = _TABLE.c.ended_by == act_id
        self._connection.execute(update(_TABLE).where(ended).values(withdrawn_at=None, ended_by=None))

    def end_all(self, holder: str, act_id: str, now: datetime) -> int:
        """End every grant of a holder that is no more, by an act of the registry; return how many."""
        open_ = (_TABLE.c.holder == holder) & _TABLE.c.withdrawn_at.is_(None)
        values = {"withdrawn_at": now, "ended_by": act_id}
        return self._connection.execute(update(_TABLE).where(open_).values(**values)).rowcount

    def end_since(self, holder: str, since: datetime, act_id: str, now: datetime) -> list[str]:
        """End every grant and presentation taken in since then, by one act; return their digests."""
        open_ = (_TABLE.c.holder == holder) & _TABLE.c.withdrawn_at.is_(None) & (_TABLE.c.recorded_at >= since)
        ended = update(_TABLE).where(open_).values(withdrawn_at=now, ended_by=act_id).returning(_TABLE.c.digest)
        return sorted(self._connection.execute(ended).scalars())
