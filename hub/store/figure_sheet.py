"""Sheets of finished months and years: what they add up, those that are kept as they were made, and corrections.

Those of certificates, changes, decisions and deliveries are added up by an index of the span; of documents, records
sealed again and acts all rows are read. A finished sheet is added up once; that of a running month or year, which
pages show, at most once a minute.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from hub.store import tables
from hub.store.queries import select_by
from hub.store.upsert import insert_new, insert_rows

_SHEET, _CORRECTION = tables.figure_sheet, tables.figure_correction
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class FigureCorrection:
    """What a figure of a kept sheet should have been, and why; by which act, when."""

    act_id: str
    period: str
    part: str
    line: str
    name: str
    value: int
    reason: str
    statement: int
    recorded_at: datetime


class FigureSheetReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def kept(self, period: str) -> tuple[Mapping[str, Any], datetime] | None:
        """Return the sheet of a period and when it was made; None where none is kept."""
        row = select_by(self._connection, _SHEET, columns=("content", "made_at"), period=period).first()
        return None if row is None else (row[0], row[1])

    def is_kept(self, period: str) -> bool:
        """Say whether a period's sheet is kept, without reading it."""
        return select_by(self._connection, _SHEET, columns=("period",), period=period).first() is not None

    def periods(self, *, before: str, most: int) -> list[str]:
        """Return the periods of kept sheets before another, the newest first."""
        query = select(_SHEET.c.period).where(_SHEET.c.period < before).order_by(_SHEET.c.period.desc())
        return list(self._connection.execute(query.limit(most)).scalars())

    def corrections(self, period: str) -> list[FigureCorrection]:
        """Return the corrections of a sheet, oldest first."""
        rows = select_by(self._connection, _CORRECTION, order="recorded_at", period=period)
        names = FigureCorrection.__slots__
        return [FigureCorrection(**{name: row[name] for name in names}) for row in rows.mappings()]

    # --- sums of a span ---

    def issued(self, since: datetime, before: datetime) -> list[tuple[str, str, bool, int]]:
        """Count certificates: (issuing body, type, whether collected, count)."""
        table = tables.certificate.c
        collected = table.source.is_not(None)
        by = (table.issuing_body, table.certificate_type, collected)
        query = select(*by, func.count()).where(table.sealed_at >= since, table.sealed_at < before).group_by(*by)
        return [(row[0], row[1], bool(row[2]), row[3]) for row in self._connection.execute(query)]

    def in_force(self) -> dict[str, int]:
        """Count the certificates that have no other status than valid, by type, as they are now."""
        table = tables.certificate.c
        query = select(table.certificate_type, func.count()).where(table.status == "valid")
        return {row[0]: row[1] for row in self._connection.execute(query.group_by(table.certificate_type))}

    def changed(self, since: datetime, before: datetime) -> list[tuple[str, int]]:
        """Count changes of status by issuing body, those that came with a new version left out."""
        table = tables.status_change.c
        query = select(table.issuing_body, func.count()).where(
            table.recorded_at >= since, table.recorded_at < before, table.act != "supersede"
        )
        return [(row[0], row[1]) for row in self._connection.execute(query.group_by(table.issuing_body))]

    def decided(self, since: datetime, before: datetime) -> list[tuple[str, str, bool, int]]:
        """Count decisions: (requester, item, whether allowed, count)."""
        table = tables.pull_decision.c
        by = (table.requester, table.item_code, table.allowed)
        query = select(*by, func.count()).where(table.recorded_at >= since, table.recorded_at < before)
        return [(row[0], row[1], bool(row[2]), row[3]) for row in self._connection.execute(query.group_by(*by))]

    def delivered(self, since: datetime, before: datetime) -> Iterator[tuple[str, str, str]]:
        """Yield requester, item and delivery note (a JWT; "" past its term) of each delivery."""
        table, decision = tables.delivery, tables.pull_decision
        joined = table.join(decision, decision.c.decision == table.c.decision)
        query = select(table.c.requester, decision.c.item_code, table.c.note).select_from(joined)
        query = query.where(table.c.recorded_at >= since, table.c.recorded_at < before)
        rows = self._connection.execution_options(yield_per=_AT_ONCE).execute(query)
        yield from ((row[0], row[1], row[2]) for row in rows)

    def sealed(self, since: datetime, before: datetime) -> Counter[str]:
        """Count documents, copies and records sealed again."""
        document, again = tables.document.c, tables.resealing.c
        is_copy = document.delivery != ""
        within = (document.sealed_at >= since) & (document.sealed_at < before) & (document.key_id != "")
        query = select(is_copy, func.count()).where(within).group_by(is_copy)
        counts = Counter({"copy" if row[0] else "document": row[1] for row in self._connection.execute(query)})
        resealed = select(func.count()).where(again.sealed_at >= since, again.sealed_at < before)
        counts["resealing"] = int(self._connection.execute(resealed).scalar_one())
        return counts

    def entered(self, since: datetime, before: datetime) -> tuple[int, int]:
        """Count acts, and those that have their place in the log."""
        table = tables.entry.c
        query = select(func.count(), func.count(table.leaf_index))
        row = self._connection.execute(query.where(table.recorded_at >= since, table.recorded_at < before)).one()
        return int(row[0]), int(row[1])

    def areas(self) -> dict[str, str]:
        """Return issuing body → the code of its area."""
        table = tables.issuing_body.c
        return {row[0]: row[1] for row in self._connection.execute(select(table.licence_number, table.area))}

    def item_names(self) -> dict[str, tuple[str, str]]:
        """Return item → its names in Chinese and English: as it was put last, else as a line of sharing calls it."""
        table, line = tables.service_item.c, tables.sharing_rule.c
        said = select(line.item_code, line.item_name).order_by(line.recorded_at)
        names = {row[0]: (row[1], "") for row in self._connection.execute(said)}
        query = select(table.code, table.name_zh, table.name_en).order_by(table.version)
        return names | {row[0]: (row[1], row[2]) for row in self._connection.execute(query)}


class FigureSheetWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, period: str, content: Mapping[str, Any], *, now: datetime) -> None:
        """Keep the sheet of a period, unless one is kept already, which stays."""
        insert_new(self._connection, _SHEET, [{"period": period, "content": content, "made_at": now}])

    def correct(self, correction: FigureCorrection) -> None:
        """Set a corrected figure beside the one of a kept sheet."""
        insert_rows(self._connection, _CORRECTION, [asdict(correction)])
