"""What figures are counted from: sums over the recorded rows of a span of time, and single cases a page at a time.

Every question is bounded by a span that an index serves, or by tables that stay small: those of parties and of files
taken in. Nothing is read of a certificate but its type, body, days and status. `bodies` and `requester` narrow a
question to one department; None: all.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    func,
    literal_column,
    select,
    type_coerce,
)

from hub.store import tables
from schemas.certificate import UNDECIDING

_CERTIFICATE, _CHANGE, _NOTICE = tables.certificate.c, tables.status_change.c, tables.notice.c
_DECISION, _REDEMPTION, _ENTRY = tables.pull_decision.c, tables.redemption.c, tables.entry.c
# China has one clock, eight hours ahead, without summer time since 1991. Literals: as parameters, what is selected and
# what is grouped by would not be the same to PostgreSQL.
_AHEAD: ColumnElement[int] = literal_column(str(8 * 3_600 * 1_000_000), BigInteger)
_DAY: ColumnElement[int] = literal_column(str(86_400 * 1_000_000), BigInteger)
_EPOCH = date(1970, 1, 1).toordinal()

Bodies = Sequence[str] | None
Refusing = Literal["pulls", "codes"]
"""What refuses: decisions of pulls, or redemptions of presentation codes."""
_REFUSING: Mapping[Refusing, tuple[Table, Column[str]]] = {
    "pulls": (tables.pull_decision, _DECISION.decision),
    "codes": (tables.redemption, _REDEMPTION.redemption),
}


class FigureReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # --- timely ---

    def decided(self, since: datetime, before: datetime, bodies: Bodies) -> list[tuple[str, date, date, int]]:
        """Count what was ordered one by one: (issuing body, decided on, seen since the day, count)."""
        table = _CERTIFICATE
        by = (table.issuing_body, table.decided_on, _civil_day(table.sealed_at))
        query = select(*by, func.count()).where(*_ordered_singly(since, before), *_of(table.issuing_body, bodies))
        rows = self._connection.execute(query.group_by(*by))
        return [(body, decided, _date(seen), count) for body, decided, seen, count in rows]

    def ordered_singly(
        self, since: datetime, before: datetime, bodies: Bodies, *, after: int, most: int
    ) -> list[tuple[int, str, str, date, datetime]]:
        """Return what was ordered one by one, newest first: serial, identifier, body, decided on, sealed."""
        table = _CERTIFICATE
        columns = (table.serial, table.identifier, table.issuing_body, table.decided_on, table.sealed_at)
        query = select(*columns).where(
            *_ordered_singly(since, before), *_of(table.issuing_body, bodies), table.serial < after
        )
        rows = self._connection.execute(query.order_by(table.serial.desc()).limit(most))
        return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]

    def changed(self, since: datetime, bodies: Bodies) -> list[tuple[str, str, str | None, date, date, int]]:
        """Count changes of status that stand: (body, act, cause, date of the document, seen since the day, count)."""
        by = (
            _CHANGE.issuing_body, _CHANGE.act, _CHANGE.cause, _CHANGE.document_date, _civil_day(_CHANGE.recorded_at),
        )  # fmt: skip
        query = select(*by, func.count()).where(
            _CHANGE.recorded_at >= since, _CHANGE.undone_by.is_(None), *_of(_CHANGE.issuing_body, bodies)
        )
        rows = self._connection.execute(query.group_by(*by))
        return [(body, act, cause, decided, _date(seen), n) for body, act, cause, decided, seen, n in rows]

    def filed(self, since: datetime, bodies: Bodies) -> list[tuple[str, datetime, datetime]]:
        """Return the files that were taken in whole since then: (issuing body or source, ordered, finished)."""
        table = tables.intake.c
        of = func.coalesce(table.issuing_body, table.source, "")
        query = select(of, table.recorded_at, table.finished_at).where(
            table.finished_at >= since, table.state == "done", ~table.dry_run, *_of(table.issuing_body, bodies)
        )
        return [(row[0], row[1], row[2]) for row in self._connection.execute(query)]

    def overdue(self, today: date, recipients: Bodies) -> list[tuple[str, int]]:
        """Count open tasks past their last day, by kind."""
        # Counted here: grouped by its kind SQLite would walk all notices by the index of kinds.
        query = select(_NOTICE.kind).where(tables.OPEN, _NOTICE.due_on < today, *_of(_NOTICE.recipient, recipients))
        return list(Counter(self._connection.execute(query).scalars()).items())

    # --- accurate ---

    def told(self, kinds: Sequence[str], since: datetime, recipients: Bodies) -> list[tuple[str, str, int]]:
        """Count notices of some kinds: (recipient, state, count)."""
        by = (_NOTICE.recipient, _NOTICE.state)
        query = select(*by, func.count()).where(
            _NOTICE.kind.in_(kinds), _NOTICE.recorded_at >= since, *_of(_NOTICE.recipient, recipients)
        )
        return [(row[0], row[1], row[2]) for row in self._connection.execute(query.group_by(*by))]

    def told_below(
        self, kinds: Sequence[str], since: datetime, recipients: Bodies, *, after: int, most: int
    ) -> list[tuple[int, str, str, date | None, datetime]]:
        """Return notices of some kinds, newest first: number, recipient, state, last day, when."""
        columns = (_NOTICE.number, _NOTICE.recipient, _NOTICE.state, _NOTICE.due_on, _NOTICE.recorded_at)
        query = select(*columns).where(
            _NOTICE.kind.in_(kinds), _NOTICE.recorded_at >= since, *_of(_NOTICE.recipient, recipients),
            _NOTICE.number < after,
        )  # fmt: skip
        rows = self._connection.execute(query.order_by(_NOTICE.number.desc()).limit(most))
        return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]

    # --- secure ---

    def refused_pulls(self, since: datetime, before: datetime, requester: str | None) -> list[tuple[str, int]]:
        """Count refused decisions by their reason."""
        mine = [_DECISION.requester == requester] if requester else []
        query = select(_DECISION.reason, func.count()).where(
            _DECISION.recorded_at >= since, _DECISION.recorded_at < before, ~_DECISION.allowed, *mine
        )
        return [(row[0], row[1]) for row in self._connection.execute(query.group_by(_DECISION.reason))]

    def refused_below(
        self,
        of: Sequence[Refusing],
        since: datetime,
        requester: str | None,
        *,
        reasons: Collection[str] | None = None,
        after: tuple[datetime, str] | None,
        most: int,
    ) -> list[tuple[str, str, str, datetime]]:
        """Return what was refused, newest first: name, requester, reason, when. No holder, no case.

        `of` says whether decisions of pulls or redemptions of codes; `reasons` None: for whatever reason.
        """
        asked = [self._refused(each, since, requester, reasons, after).limit(most) for each in of]
        # SQLite orders no part of a union: each part is a question of its own.
        found = [(row[0], row[1], row[2], row[3]) for query in asked for row in self._connection.execute(query)]
        return sorted(found, key=lambda row: (row[3], row[0]), reverse=True)[:most]

    def _refused(
        self,
        of: Refusing,
        since: datetime,
        requester: str | None,
        reasons: Collection[str] | None,
        after: tuple[datetime, str] | None,
    ) -> Select[Any]:
        table, name = _REFUSING[of][0].c, _REFUSING[of][1]
        query = select(name, table.requester, table.reason, table.recorded_at)
        query = query.where(table.recorded_at >= since, ~table.allowed)
        if requester:
            query = query.where(table.requester == requester)
        if reasons is not None:
            query = query.where(table.reason.in_(sorted(reasons)))
        if after is not None:
            at, last = after
            query = query.where((table.recorded_at < at) | ((table.recorded_at == at) & (name < last)))
        return query.order_by(table.recorded_at.desc(), name.desc())

    def refused_codes(self, since: datetime, requester: str | None) -> list[tuple[str, int]]:
        """Count presentation codes that were not accepted, by their reason."""
        mine = [_REDEMPTION.requester == requester] if requester else []
        query = select(_REDEMPTION.reason, func.count()).where(
            _REDEMPTION.recorded_at >= since, ~_REDEMPTION.allowed, *mine
        )
        return [(row[0], row[1]) for row in self._connection.execute(query.group_by(_REDEMPTION.reason))]

    def refused_orders(self, since: datetime) -> int:
        """Count orders that were refused for want of a right and entered."""
        query = select(func.count()).where(tables.ORDER_REFUSED, _ENTRY.recorded_at >= since)
        return int(self._connection.execute(query).scalar_one())

    def read(self, since: datetime, requester: str | None) -> list[tuple[str, str, str | None, date, int]]:
        """Count decisions a day: (requester, system, officer, day, count)."""
        mine = [_DECISION.requester == requester] if requester else []
        by = (_DECISION.requester, _DECISION.system, _DECISION.officer, _civil_day(_DECISION.recorded_at))
        query = select(*by, func.count()).where(_DECISION.recorded_at >= since, *mine).group_by(*by)
        return [(row[0], row[1], row[2], _date(row[3]), row[4]) for row in self._connection.execute(query)]

    # --- parties, which are few ---

    def names(self) -> dict[str, tuple[str, str]]:
        """Return departments and issuing bodies: licence number → names in Chinese and English."""
        return {
            row[0]: (row[1], row[2])
            for table in (tables.issuing_body, tables.department)
            for row in self._connection.execute(select(table.c.licence_number, table.c.name_zh, table.c.name_en))
        }

    def system_certs(self, department: str | None) -> list[tuple[str, bytes]]:
        """Return code and cert (DER) of the systems that are active."""
        table = tables.system.c
        query = select(table.code, table.cert_der).where(table.active).order_by(table.code)
        if department:
            query = query.where(table.department == department)
        return [(row[0], row[1]) for row in self._connection.execute(query)]


def _ordered_singly(since: datetime, before: datetime) -> list[ColumnElement[bool]]:
    """Say what was decided anew and ordered by itself: no file, nothing collected, no correction."""
    undecided = select(_CHANGE.act_id).where(
        _CHANGE.recorded_at >= since, _CHANGE.cause.in_([str(each) for each in sorted(UNDECIDING)])
    )
    return [
        _CERTIFICATE.sealed_at >= since,
        _CERTIFICATE.sealed_at < before,
        _CERTIFICATE.source.is_(None),
        _CERTIFICATE.statement.not_in(select(tables.intake.c.statement)),
        _CERTIFICATE.act_id.not_in(undecided),
    ]


def _of(column: ColumnElement[str], among: Bodies) -> list[ColumnElement[bool]]:
    return [] if among is None else [column.in_(among)]


def _civil_day(moment: ColumnElement[datetime]) -> ColumnElement[int]:
    """Return the civil day in Shanghai of a moment, as days since 1970."""
    return (type_coerce(moment, BigInteger) + _AHEAD) // _DAY


def _date(days: int) -> date:
    return date.fromordinal(_EPOCH + int(days))
