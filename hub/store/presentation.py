"""Presentation codes, who redeemed them, and how often digits were guessed wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from hub.store import tables
from hub.store.queries import select_by
from hub.store.upsert import insert_rows

_CODE = tables.presentation_code
_MISS = tables.code_miss


@dataclass(frozen=True, slots=True)
class StoredCode:
    """The code of a presentation as kept: keyed digests of its two forms, its misses, who asks with it."""

    digest: str
    holder: str
    code_mac: str
    digits_mac: str
    misses: int
    killed_at: datetime | None
    redemption: str | None
    released_at: datetime | None
    confirmation: bytes | None
    confirmation_digest: str | None
    confirmation_act: str | None
    expires_at: datetime

    def is_live(self, now: datetime) -> bool:
        """Say whether it may still be redeemed."""
        return self.killed_at is None and self.redemption is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class StoredRedemption:
    """An officer showed a code; `fields` maps certificate types to what was asked and is shown."""

    redemption: str
    digest: str | None
    system: str
    requester: str
    officer: str | None
    window: str
    item_code: str
    case_number: str
    fields: Mapping[str, list[str]]
    allowed: bool
    reason: str
    statement: int
    recorded_at: datetime
    act_id: str


class PresentationReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def code(self, digest: str) -> StoredCode | None:
        row = select_by(self._connection, _CODE, digest=digest).first()
        return None if row is None else StoredCode(*row)

    def by_code(self, code_mac: str) -> StoredCode | None:
        row = select_by(self._connection, _CODE, code_mac=code_mac).first()
        return None if row is None else StoredCode(*row)

    def of_holder(self, holder: str, *, since: datetime) -> list[StoredCode]:
        """Return the holder's codes that end after `since`, the last to end first."""
        chosen = (_CODE.c.holder == holder) & (_CODE.c.expires_at > since)
        query = select(_CODE).where(chosen).order_by(_CODE.c.expires_at.desc())
        return [StoredCode(*row) for row in self._connection.execute(query)]

    def redemption(self, redemption: str) -> StoredRedemption | None:
        row = select_by(self._connection, tables.redemption, redemption=redemption).first()
        return None if row is None else StoredRedemption(*row)


class PresentationWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_code(self, code: StoredCode) -> None:
        insert_rows(self._connection, _CODE, [{name: getattr(code, name) for name in StoredCode.__slots__}])

    def add_redemption(self, redemption: StoredRedemption) -> None:
        row = {name: getattr(redemption, name) for name in StoredRedemption.__slots__}
        insert_rows(self._connection, tables.redemption, [row])

    def take_miss(self, officer: str, day: date, *, most: int) -> bool:
        """Count an officer's digits as wrong before they are looked at; False when the day's misses are used up.

        On PostgreSQL the row is held until the transaction ends: tries of one officer come one after another.
        """
        into = (postgresql if self._connection.dialect.name == "postgresql" else sqlite).insert(_MISS)
        more = into.on_conflict_do_update(
            index_elements=["officer", "day"], set_={"misses": _MISS.c.misses + 1}, where=_MISS.c.misses < most
        ).returning(_MISS.c.misses)
        row = {"officer": officer, "day": day, "misses": 1}
        return self._connection.execute(more, row).first() is not None

    def give_back_miss(self, officer: str, day: date) -> None:
        """Take back what `take_miss` counted: the digits were right."""
        same = (_MISS.c.officer == officer) & (_MISS.c.day == day)
        self._connection.execute(update(_MISS).where(same).values(misses=_MISS.c.misses - 1))

    def miss(self, digest: str, *, most: int, now: datetime) -> None:
        """Count a wrong guess against a code; the last that is allowed kills it."""
        same = _CODE.c.digest == digest
        self._connection.execute(update(_CODE).where(same).values(misses=_CODE.c.misses + 1))
        self._connection.execute(update(_CODE).where(same, _CODE.c.misses >= most).values(killed_at=now))

    def redeem(self, digest: str, redemption: str, *, released_at: datetime | None) -> bool:
        """Let one redemption have the code, ever; False when another has it or it was killed."""
        free = (_CODE.c.digest == digest) & _CODE.c.redemption.is_(None) & _CODE.c.killed_at.is_(None)
        values = {"redemption": redemption, "released_at": released_at}
        return self._connection.execute(update(_CODE).where(free).values(**values)).rowcount == 1

    def release(
        self, digest: str, *, confirmation: bytes, confirmation_digest: str, act_id: str, now: datetime
    ) -> bool:
        """Release a code to its redemption by the holder's confirmation, once; False when that was done."""
        waits = (_CODE.c.digest == digest) & _CODE.c.redemption.is_not(None) & _CODE.c.released_at.is_(None)
        values = {
            "released_at": now,
            "confirmation": confirmation,
            "confirmation_digest": confirmation_digest,
            "confirmation_act": act_id,
        }
        return self._connection.execute(update(_CODE).where(waits).values(**values)).rowcount == 1
