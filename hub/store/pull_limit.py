"""What statutory pulls are counted by: how many of a day, and whose a case number is on a line."""

from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Connection, bindparam
from sqlalchemy.dialects import postgresql, sqlite

from hub.store import tables
from hub.store.queries import select_by
from hub.store.upsert import insert_new

_COUNT = tables.pull_count
_BINDING = tables.case_binding


class PullLimitWriter:
    """Counts and binds within the transaction of the decision: of two pulls at once one comes after the other."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def take(self, counter: str, day: date, *, most: int) -> bool:
        """Count one pull of a day; False, and nothing counted, when there were `most` already."""
        row = {"day": day, "counter": counter, "taken": 1, "most": most}
        return most > 0 and self._connection.execute(_one_more(self._connection.dialect.name), row).first() is not None

    def bind(self, rule: str, case_number: str, licence_number: str, *, decision: str) -> str:
        """Bind a case of a line to a holder, unless it is bound; return whose it is."""
        key = {"rule": rule, "case_number": case_number}
        if insert_new(self._connection, _BINDING, [key | {"licence_number": licence_number, "decision": decision}]):
            return licence_number
        return str(select_by(self._connection, _BINDING, columns=("licence_number",), **key).scalar_one())


@cache
def _one_more(dialect: str) -> Any:
    into = (postgresql if dialect == "postgresql" else sqlite).insert(_COUNT)
    return into.on_conflict_do_update(
        index_elements=["day", "counter"],
        set_={"taken": _COUNT.c.taken + 1},
        where=_COUNT.c.taken < bindparam("most"),
    ).returning(_COUNT.c.taken)
