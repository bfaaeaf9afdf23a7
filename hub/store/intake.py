"""Intakes: files taken in, what became of each row, and which process is at work on which file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, except_, func, insert, literal, or_, select, update

from hub.store import tables
from hub.store.upsert import insert_rows

_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class StoredIntake:
    """One intake. Signed by `issuing_body`, or collected from `source`; `rows` is None until all were read once.

    `origin` is "legacy" for what an archive tells; `undone_by` the statement that ordered all of it to be undone.
    """

    intake: str
    system: str
    officer: str | None
    form: str
    certificate_type: str | None
    issuing_body: str | None
    source: str | None
    origin: str | None
    dry_run: bool
    file_sha256: str
    statement: int
    state: str
    problem: str | None
    owner: str | None
    lease_until: datetime | None
    rows: int | None
    rows_done: int
    counts: dict[str, int]
    recorded_at: datetime
    finished_at: datetime | None
    undone_by: int | None


@dataclass(frozen=True, slots=True)
class StoredRow:
    """What became of one row; `problems` are {field, rule}, names only. Row numbers below zero: not in the file."""

    row: int
    result: str
    identifier: str | None
    chain: int | None
    problems: list[dict[str, str]] | None


@dataclass(frozen=True, slots=True)
class WaitingRows:
    """Rows of one intake with one result and the same problems, about certificates of one body, or of none."""

    result: str
    issuing_body: str | None
    problems: list[dict[str, str]]
    count: int
    rows: list[int]


class IntakeReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, intake: str) -> StoredIntake | None:
        row = self._connection.execute(select(tables.intake).where(tables.intake.c.intake == intake)).first()
        return None if row is None else StoredIntake(*row)

    def of_department(
        self, department: str, *, collected: bool, before: datetime | None, most: int
    ) -> list[StoredIntake]:
        """Return the newest intakes of a department's systems: those of a source, or those that it signed itself.

        `before` leaves out what was recorded then and later.
        """
        table, system = tables.intake, tables.system
        query = select(table).join(system, system.c.code == table.c.system).where(system.c.department == department)
        query = query.where(table.c.source.is_not(None) if collected else table.c.source.is_(None))
        if before is not None:
            query = query.where(table.c.recorded_at < before)
        rows = self._connection.execute(query.order_by(table.c.recorded_at.desc()).limit(most))
        return [StoredIntake(*row) for row in rows]

    def ready(self, now: datetime) -> list[str]:
        """Return the intakes whose file is here and that nobody is at work on, oldest first."""
        table = tables.intake
        query = select(table.c.intake).where(_free(now)).order_by(table.c.recorded_at)
        return list(self._connection.execute(query).scalars())

    def counts(self, intake: str) -> dict[str, int]:
        """Return how many rows had each result so far."""
        table = tables.intake_row
        query = select(table.c.result, func.count()).where(table.c.intake == intake).group_by(table.c.result)
        return {row[0]: row[1] for row in self._connection.execute(query)}

    def under_way(self, intake: str) -> bool:
        """Say whether rows of this intake stand in intentions that are not completed."""
        # Batches of an intake are named after it.
        mine = tables.intention.c.batch.startswith(f"{intake}.", autoescape=True)
        query = select(literal(1)).select_from(tables.intention).where(mine).limit(1)
        return self._connection.execute(query).first() is not None

    def rows(self, intake: str, after: int) -> list[StoredRow]:
        """Return the next rows of the outcome, at most a page: those of the file, then those the file does not name.

        `after` is the last row number given, 0 to begin with.
        """
        table = tables.intake_row
        columns = [column for column in table.c if column.name != "intake"]
        mine = select(*columns).where(table.c.intake == intake).limit(_PAGE)
        found: Sequence[Any] = ()
        if after >= 0:
            found = self._connection.execute(mine.where(table.c.row > after).order_by(table.c.row)).all()
        if not found:
            before = min(after, 0)
            found = self._connection.execute(mine.where(table.c.row < before).order_by(table.c.row.desc())).all()
        return [StoredRow(*row) for row in found]

    def each_row(self, intake: str) -> Iterator[StoredRow]:
        """Yield every row of the outcome, read page by page."""
        last = 0
        while page := self.rows(intake, last):
            yield from page
            last = page[-1].row

    def made(self, intake: str, *, before: int | None, most: int) -> list[StoredRow]:
        """Return rows that made a certificate, the last first, at most `most` of those before row `before`."""
        table = tables.intake_row
        columns = [column for column in table.c if column.name != "intake"]
        mine = (table.c.intake == intake) & table.c.result.in_(("issued", "changed")) & (table.c.row > 0)
        query = select(*columns).where(mine)
        if before is not None:
            query = query.where(table.c.row < before)
        return [StoredRow(*row) for row in self._connection.execute(query.order_by(table.c.row.desc()).limit(most))]

    def waiting(self, intake: str, results: Sequence[str], *, most: int) -> list[WaitingRows]:
        """Return the rows of these results, put together by what is wrong; the numbers of at most `most` of each."""
        table, chain = tables.intake_row, tables.chain
        alike = (table.c.result, chain.c.issuing_body, table.c.problems)
        joined = table.outerjoin(chain, chain.c.chain == table.c.chain)
        place = func.row_number().over(partition_by=alike, order_by=table.c.row).label("place")
        count = func.count().over(partition_by=alike).label("together")
        mine = select(*alike, table.c.row, place, count).select_from(joined)
        mine = mine.where(table.c.intake == intake, table.c.result.in_(results), table.c.row > 0)
        ranked = mine.subquery()
        query = select(ranked).where(ranked.c.place <= most).order_by(ranked.c.row)
        found: dict[tuple[str, str | None, str], WaitingRows] = {}
        for row in self._connection.execute(query):
            key = (row.result, row.issuing_body, repr(row.problems))
            group = WaitingRows(row.result, row.issuing_body, row.problems or [], row.together, [])
            found.setdefault(key, group).rows.append(row.row)
        return list(found.values())

    def not_named(self, intake: str, *, bodies: Sequence[str], certificate_type: str) -> list[tuple[int, str]]:
        """Return (chain, identifier) of the bodies' certificates of a type that stand, and that no row names."""
        claim, chain, certificate = tables.number_claim.c, tables.chain.c, tables.certificate.c
        row = tables.intake_row.c
        # As a difference of two sets: looked up chain by chain, a long file would take its length squared.
        claimed = select(claim.chain).where(claim.issuing_body.in_(bodies), claim.certificate_type == certificate_type)
        named = select(row.chain).where(row.intake == intake)
        left = except_(claimed, named).subquery()
        query = (
            select(chain.chain, certificate.identifier)
            .join(left, left.c.chain == chain.chain)
            .join(tables.certificate, certificate.serial == chain.current)
            .where(certificate.status.in_(("valid", "suspended")))
            .order_by(chain.chain)
        )
        return [(found[0], found[1]) for found in self._connection.execute(query)]

    def bodies_by_name(self) -> dict[str, str]:
        """Return the issuing bodies by their Chinese name; a name that two of them bear is left out."""
        table = tables.issuing_body
        query = select(table.c.name_zh, func.min(table.c.licence_number)).group_by(table.c.name_zh)
        rows = self._connection.execute(query.having(func.count() == 1))
        return {row[0]: row[1] for row in rows}

    def is_open(self, statement: int) -> bool:
        """Say whether the file that a statement orders is still to be read, or is being read."""
        table = tables.intake
        open_ = (table.c.statement == statement) & table.c.state.not_in(("done", "failed"))
        return self._connection.execute(select(literal(1)).where(open_).limit(1)).first() is not None

    def state(self, intake: str) -> str | None:
        query = select(tables.intake.c.state).where(tables.intake.c.intake == intake)
        return self._connection.execute(query).scalar()


class IntakeWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: Mapping[str, Any]) -> None:
        self._connection.execute(insert(tables.intake), dict(row))

    def receive(self, intake: str) -> bool:
        """Note that the file is here; False when it was here before."""
        awaited = and_(tables.intake.c.intake == intake, tables.intake.c.state == "awaiting_file")
        return self._connection.execute(update(tables.intake).where(awaited).values(state="waiting")).rowcount == 1

    def take(self, intake: str, *, owner: str, lease_until: datetime, now: datetime) -> bool:
        """Take an intake that nobody is at work on; False when another process was first."""
        values = {"state": "running", "owner": owner, "lease_until": lease_until}
        return self._update(and_(tables.intake.c.intake == intake, _free(now)), values)

    def advance(self, intake: str, *, owner: str, lease_until: datetime, **values: int) -> bool:
        """Renew the lease and set `rows` or `rows_done`; False when the lease was lost to another process."""
        return self._update(_held(intake, owner), values | {"lease_until": lease_until})

    def release(self, intake: str, *, owner: str, problem: str | None) -> None:
        """Let go of an intake that is not finished; `problem` says what it waits for."""
        self._update(_held(intake, owner), {"owner": None, "lease_until": None, "problem": problem})

    def finish(
        self, intake: str, *, owner: str, state: str, problem: str | None, counts: Mapping[str, int], now: datetime
    ) -> bool:
        """Close an intake; False when the lease was lost to another process."""
        values = {"state": state, "problem": problem, "counts": dict(counts), "finished_at": now}
        return self._update(_held(intake, owner), values | {"owner": None, "lease_until": None})

    def order_undone(self, intake: str, *, statement: int) -> None:
        """Note the statement that orders all of an intake to be undone."""
        self._update(tables.intake.c.intake == intake, {"undone_by": statement})

    def add_rows(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert what became of rows: intake, row, result, identifier, chain, problems."""
        insert_rows(self._connection, tables.intake_row, rows)

    def drop_rows(self, intake: str) -> None:
        """Forget the rows of a dry run that begins again."""
        self._connection.execute(delete(tables.intake_row).where(tables.intake_row.c.intake == intake))

    def _update(self, condition: Any, values: Mapping[str, Any]) -> bool:
        return self._connection.execute(update(tables.intake).where(condition).values(**values)).rowcount == 1


def _free(now: datetime) -> Any:
    table = tables.intake.c
    lapsed = or_(table.lease_until.is_(None), table.lease_until < now)
    return or_(table.state == "waiting", and_(table.state == "running", lapsed))


def _held(intake: str, owner: str) -> Any:
    return and_(tables.intake.c.intake == intake, tables.intake.c.owner == owner)
