"""How the database would answer what a flow asked it: by an index, or by walking a whole table."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Engine, event, text

from tests.flows.world import World

_OURS = (
    r"FROM (\(|certificate|chain|name_part|answer_|number_claim|site_chain|device_claim|notice|status_change)"
    r"|FROM (pull_decision|redemption|figure_sheet|sharing_report)|UPDATE visitor_report"
)


@contextmanager
def asked() -> Iterator[list[tuple[str, Any]]]:
    """Gather what is asked of the tables that grow, by those who read and who write."""
    questions: list[tuple[str, Any]] = []

    def keep(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if re.search(_OURS, statement):
            questions.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", keep)
    yield questions
    event.remove(Engine, "before_cursor_execute", keep)


def plans_of(world: World, questions: list[tuple[str, Any]]) -> Iterator[str]:
    explain = "EXPLAIN QUERY PLAN " if world.registry.database.dialect == "sqlite" else "EXPLAIN "
    with world.registry.database.snapshot() as connection:
        if world.registry.database.dialect == "postgresql":
            # Of two rows a whole table is the quickest read; what is asked here is whether there is another way.
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        for statement, parameters in questions:
            rows = connection.exec_driver_sql(explain + statement, parameters)
            yield "\n".join(str(row[-1]) for row in rows)


def walks_all(plan: str) -> bool:
    tables = "certificate|chain|name_part|answer_page|answer_head|answer_certificate|number_claim|site_chain"
    return re.search(rf"Seq Scan|SCAN ({tables}|device_claim|notice)\b", plan) is not None
