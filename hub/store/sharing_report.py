"""Yearly reports of the sharing table: what they add up, and those of finished years as they were made."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, case, func, select

from hub.store import tables
from hub.store.queries import select_by
from hub.store.upsert import insert_new
from schemas.exchange import Basis
from schemas.sharing_report import DecisionCount

_DECISION = tables.pull_decision
_RULE = tables.sharing_rule


class SharingReportReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def kept(self, year: int) -> Mapping[str, Any] | None:
        """Return the report of a year as it was first made; None where it was not."""
        content: Mapping[str, Any] | None = select_by(
            self._connection, tables.sharing_report, columns=("content",), year=year
        ).scalar_one_or_none()
        return content

    def is_kept(self, year: int) -> bool:
        """Say whether a year's report is kept, without reading it."""
        row = select_by(self._connection, tables.sharing_report, columns=("year",), year=year).first()
        return row is not None

    def counts(self, since: datetime, before: datetime) -> list[DecisionCount]:
        """Count the decisions of a span by requester, item, basis, line and outcome."""
        table = _DECISION
        rule = case((table.c.basis == str(Basis.STATUTORY), func.coalesce(table.c.basis_reference, "")), else_="")
        by = (table.c.requester, table.c.item_code, table.c.basis, rule.label("rule"), table.c.allowed)
        query = select(*by, func.count(), func.max(table.c.recorded_at)).group_by(*by)
        chosen = (table.c.recorded_at >= since) & (table.c.recorded_at < before)
        return [DecisionCount(*row) for row in self._connection.execute(query.where(chosen))]

    def first_put(self) -> dict[str, datetime]:
        """Return when the first version of each line was put."""
        rows = self._connection.execute(select(_RULE.c.code, func.min(_RULE.c.recorded_at)).group_by(_RULE.c.code))
        return {row[0]: row[1] for row in rows}


class SharingReportWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, year: int, content: Mapping[str, Any], *, now: datetime) -> None:
        """Keep the report of a year, unless one is kept already, which stays."""
        insert_new(self._connection, tables.sharing_report, [{"year": year, "content": content, "made_at": now}])
