"""Requests for grants that a requester started, and how each holder answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from hub.store import tables
from hub.store.queries import select_by
from hub.store.upsert import insert_rows

_TABLE = tables.grant_request
_HOLDER = tables.grant_request_holder


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """A request as kept; `envelope` holds what it asks, encrypted, `code_mac` the keyed digest of its code.

    A department's `statement` ordered it, or the sentence of an enterprise, kept in `asking`, encrypted.
    """

    request: str
    requester: str
    system: str
    code_mac: str
    envelope: bytes
    statement: int | None
    valid_until: datetime
    recorded_at: datetime
    act_id: str
    asking: bytes | None = None
    asking_digest: str | None = None


@dataclass(frozen=True, slots=True)
class AskedHolder:
    """One holder of a request: "open" until it has "signed", "refused", or "ended" all that was asked of it."""

    request: str
    place: int
    holder: str
    state: str
    answered_at: datetime | None = None
    grant_digest: str | None = None
    refusal: bytes | None = None
    refusal_digest: str | None = None
    answered_by: str | None = None


class GrantRequestReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, request: str) -> StoredRequest | None:
        row = select_by(self._connection, _TABLE, request=request).first()
        return None if row is None else StoredRequest(*row)

    def by_code(self, code_mac: str) -> StoredRequest | None:
        row = select_by(self._connection, _TABLE, code_mac=code_mac).first()
        return None if row is None else StoredRequest(*row)

    def open_of(
        self, holder: str, *, behind: tuple[datetime, str] | None, most: int, now: datetime
    ) -> list[StoredRequest]:
        """Return what a holder is asked and has not answered, newest first, behind (recorded at, request)."""
        joined = _TABLE.join(_HOLDER, _HOLDER.c.request == _TABLE.c.request)
        query = select(_TABLE).select_from(joined)
        query = query.where(_HOLDER.c.holder == holder, _HOLDER.c.state == "open", _TABLE.c.valid_until > now)
        if behind is not None:
            at, request = behind
            same = (_TABLE.c.recorded_at == at) & (_TABLE.c.request < request)
            query = query.where((_TABLE.c.recorded_at < at) | same)
        query = query.order_by(_TABLE.c.recorded_at.desc(), _TABLE.c.request.desc()).limit(most)
        return [StoredRequest(*row) for row in self._connection.execute(query)]

    def holders(self, request: str) -> list[AskedHolder]:
        """Return whom a request asks, in their order."""
        return [AskedHolder(*row) for row in select_by(self._connection, _HOLDER, order="place", request=request)]


class GrantRequestWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, request: StoredRequest, holders: Sequence[str]) -> None:
        row = {name: getattr(request, name) for name in StoredRequest.__slots__}
        insert_rows(self._connection, _TABLE, [row])
        rows = [AskedHolder(request.request, place, holder, "open") for place, holder in enumerate(holders)]
        insert_rows(self._connection, _HOLDER, [{n: getattr(r, n) for n in AskedHolder.__slots__} for r in rows])

    def answer(self, request: str, holder: str, **values: Any) -> bool:
        """Keep a holder's answer, once; False when it had answered, or is not asked."""
        same = (_HOLDER.c.request == request) & (_HOLDER.c.holder == holder) & (_HOLDER.c.state == "open")
        return self._connection.execute(update(_HOLDER).where(same).values(**values)).rowcount == 1

    def end_since(self, holder: str, since: datetime, act_id: str, now: datetime) -> list[str]:
        """End what was asked of a holder since then and is not answered; return the requests' names."""
        asked = select(_TABLE.c.request).where(_TABLE.c.recorded_at >= since)
        open_ = (_HOLDER.c.holder == holder) & (_HOLDER.c.state == "open") & _HOLDER.c.request.in_(asked)
        values = {"state": "ended", "answered_at": now, "answered_by": act_id}
        ended = update(_HOLDER).where(open_).values(**values).returning(_HOLDER.c.request)
        return sorted(self._connection.execute(ended).scalars())
