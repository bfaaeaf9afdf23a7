"""Pull decisions and deliveries: what was asked, what was decided, what was handed over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from hub.store import tables
from hub.store.queries import select_among, select_by
from hub.store.upsert import insert_rows
from schemas.exchange import Basis

_MISS = tables.comparison_miss


@dataclass(frozen=True, slots=True)
class StoredDecision:
    """A decision as kept. `fields` maps certificate types to what may be disclosed; `use_state` none | reserved | …"""

    decision: str
    system: str
    requester: str
    officer: str | None
    licence_number: str
    item_code: str
    case_number: str
    basis: str
    basis_reference: str | None
    allowed: bool
    reason: str
    fields: Mapping[str, list[str]]
    use_state: str
    lapses_at: datetime
    statement: int
    recorded_at: datetime
    act_id: str
    item_version: int | None = None
    rule_version: int | None = None


@dataclass(frozen=True, slots=True)
class StoredDelivery:
    """What was handed over: to whom, of whom, under which note (a JWT), until when."""

    decision: str
    serial_number: str
    requester: str
    licence_number: str
    note: str
    ends_at: datetime
    recorded_at: datetime
    act_id: str


class ExchangeReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def decision(self, decision: str) -> StoredDecision | None:
        row = select_by(self._connection, tables.pull_decision, decision=decision).first()
        return None if row is None else StoredDecision(*row)

    def decisions(self, names: Sequence[str]) -> dict[str, StoredDecision]:
        """Return these decisions by name."""
        rows = select_among(self._connection, tables.pull_decision, "decision", names) if names else ()
        return {each.decision: each for each in (StoredDecision(*row) for row in rows)}

    def first_by_item(
        self, requester: str, licence_number: str, item_code: str, case_number: str
    ) -> StoredDecision | None:
        """Return the first pull by item that was allowed for a case."""
        table = tables.pull_decision
        case = {"requester": requester, "item_code": item_code, "case_number": case_number}
        query = select(table).where(
            table.c.licence_number == licence_number, table.c.allowed, table.c.item_version.is_not(None),
            *(table.c[name] == value for name, value in case.items()),
        )  # fmt: skip
        row = self._connection.execute(query.order_by(table.c.recorded_at, table.c.statement).limit(1)).first()
        return None if row is None else StoredDecision(*row)

    def is_delivered(self, decision: str) -> bool:
        found = select_by(self._connection, tables.delivery, columns=("decision",), decision=decision)
        return found.first() is not None

    def delivery(self, decision: str) -> StoredDelivery | None:
        """Return the delivery a decision led to; its serial number is the decision's name."""
        row = select_by(self._connection, tables.delivery, decision=decision).first()
        return None if row is None else StoredDelivery(*row)

    def delivered_since(self, licence_number: str, since: datetime) -> list[tuple[str, str]]:
        """Return requester and delivery note of what was delivered of a holder since then."""
        table = tables.delivery
        query = select(table.c.requester, table.c.note).where(
            # A note past its term is erased; that it was delivered stays.
            table.c.licence_number == licence_number, table.c.recorded_at >= since, table.c.note != "",
        )  # fmt: skip
        return [(row[0], row[1]) for row in self._connection.execute(query)]

    def affirmed_since(self, licence_number: str, since: datetime) -> list[tuple[str, list[int]]]:
        """Return who was answered yes about a holder since then, and of which certificates (serials)."""
        table = tables.affirmation.c
        query = select(table.requester, table.serials).where(table.licence_number == licence_number)
        return [(row[0], row[1]) for row in self._connection.execute(query.where(table.recorded_at >= since))]

    def usable(self, holders: Sequence[str], requester: str, now: datetime) -> list[tuple[str, str]]:
        """Return decision and note of what a requester was delivered of these holders and may still use.

        Its copies have not ended, and the grant it stood on, where it did, was not taken back.
        """
        table, decided, grant = tables.delivery.c, tables.pull_decision, tables.grant_table
        joined = tables.delivery.join(decided, decided.c.decision == table.decision)
        joined = joined.outerjoin(grant, grant.c.digest == decided.c.basis_reference)
        stands = (decided.c.basis == Basis.STATUTORY.value) | (
            grant.c.digest.is_not(None) & grant.c.withdrawn_at.is_(None)
        )
        query = (
            select(table.decision, table.note)
            .select_from(joined)
            .where(table.licence_number.in_(holders), table.requester == requester, table.ends_at > now, stands)
            .order_by(table.recorded_at)
        )
        return [(row[0], row[1]) for row in self._connection.execute(query)]

    def notes(self, after: str, most: int) -> list[tuple[str, str]]:
        """Return decision and delivery note, at most so many, behind a decision's name."""
        table = tables.delivery
        query = select(table.c.decision, table.c.note).where(table.c.decision > after, table.c.note != "")
        return [(row[0], row[1]) for row in self._connection.execute(query.order_by(table.c.decision).limit(most))]

    def newest_by_kind(self) -> dict[str, tuple[str, str]]:
        """Return decision and requester of the newest delivery and of the newest refusal, where there are any."""
        table, delivered = tables.pull_decision, tables.delivery
        kinds = {
            "delivery": select(delivered.c.decision, delivered.c.requester).where(delivered.c.note != "").order_by(
                delivered.c.recorded_at.desc()
            ),
            "refusal": select(table.c.decision, table.c.requester).where(~table.c.allowed).order_by(
                table.c.recorded_at.desc()
            ),
        }  # fmt: skip
        found = {kind: self._connection.execute(query.limit(1)).first() for kind, query in kinds.items()}
        return {kind: (row[0], row[1]) for kind, row in found.items() if row is not None}

    def of_holder(self, licence_number: str, *, since: datetime) -> list[StoredDecision]:
        """Return what was decided since then about pulls of a holder's certificates, and allowed."""
        table = tables.pull_decision
        chosen = (table.c.licence_number == licence_number) & (table.c.recorded_at >= since) & table.c.allowed
        return [StoredDecision(*row) for row in self._connection.execute(select(table).where(chosen))]

    def delivered_of(self, licence_number: str, *, since: datetime) -> frozenset[str]:
        """Return the decisions that led to a delivery of a holder's certificates since then."""
        table = tables.delivery
        query = select(table.c.decision).where(table.c.licence_number == licence_number, table.c.recorded_at >= since)
        return frozenset(self._connection.execute(query).scalars())

    def lapsed(self, now: datetime) -> list[StoredDecision]:
        """Return decisions whose reserved use was neither used nor released in time."""
        table = tables.pull_decision
        lapsed = (table.c.use_state == "reserved") & (table.c.lapses_at < now)
        return [StoredDecision(*row) for row in self._connection.execute(select(table).where(lapsed))]


class ExchangeWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_decisions(self, decisions: Sequence[StoredDecision]) -> None:
        rows = [{name: getattr(each, name) for name in StoredDecision.__slots__} for each in decisions]
        insert_rows(self._connection, tables.pull_decision, rows)

    def settle_use(self, decision: str, state: str) -> bool:
        """Turn a reserved use into "used" or "released", once; False when that has been done."""
        table = tables.pull_decision
        reserved = (table.c.decision == decision) & (table.c.use_state == "reserved")
        return self._connection.execute(update(table).where(reserved).values(use_state=state)).rowcount == 1

    def add_delivery(self, row: Mapping[str, Any]) -> None:
        insert_rows(self._connection, tables.delivery, [row])

    def add_affirmation(self, decision: StoredDecision, serials: Sequence[int], now: datetime) -> None:
        """Keep that a comparison matched, or a question was answered yes, by these certificates."""
        names = ("decision", "requester", "licence_number")
        row: dict[str, Any] = {name: getattr(decision, name) for name in names}
        insert_rows(self._connection, tables.affirmation, [row | {"serials": list(serials), "recorded_at": now}])

    def take_miss(self, requester: str, licence_number: str, day: date, *, most: int) -> bool:
        """Count a comparison as a miss before it is made; False when the day's misses are used up."""
        row = {"requester": requester, "licence_number": licence_number, "day": day, "misses": 1}
        into = (postgresql if self._connection.dialect.name == "postgresql" else sqlite).insert(_MISS)
        key = ["requester", "licence_number", "day"]
        more = into.on_conflict_do_update(
            index_elements=key, set_={"misses": _MISS.c.misses + 1}, where=_MISS.c.misses < most
        ).returning(_MISS.c.misses)
        return most > 0 and self._connection.execute(more, row).first() is not None

    def give_back_miss(self, requester: str, licence_number: str, day: date) -> None:
        """Take back what `take_miss` counted: the values were right."""
        same = (_MISS.c.requester == requester) & (_MISS.c.licence_number == licence_number) & (_MISS.c.day == day)
        self._connection.execute(update(_MISS).where(same).values(misses=_MISS.c.misses - 1))
