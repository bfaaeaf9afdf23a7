"""What statutory pulls are counted by: how many of a day, and whose a case number is on a line."""

from datetime import date

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from hub.store import tables
from hub.store.upsert import insert_new

_COUNT = tables.pull_count
_BINDING = tables.case_binding


class PullLimitWriter:
    """Counts and binds within the transaction of the decision: of two pulls at once one comes after the other."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def take(self, counter: str, day: date, *, most: int) -> bool:
        """Count one pull of a day; False, and nothing counted, when there were `most` already."""
        row = {"day": day, "counter": counter, "taken": 1}
        into = (postgresql if self._connection.dialect.name == "postgresql" else sqlite).insert(_COUNT)
        more = into.on_conflict_do_update(
            index_elements=["day", "counter"], set_={"taken": _COUNT.c.taken + 1}, where=_COUNT.c.taken < most
        ).returning(_COUNT.c.taken)
        return most > 0 and self._connection.execute(more, row).first() is not None

    def bind(self, rule: str, case_number: str, licence_number: str, *, decision: str) -> str:
        """Bind a case of a line to a holder, unless it is bound; return whose it is."""
        key = {"rule": rule, "case_number": case_number}
        insert_new(self._connection, _BINDING, [key | {"licence_number": licence_number, "decision": decision}])
        same = [_BINDING.c[name] == value for name, value in key.items()]
        return str(self._connection.execute(select(_BINDING.c.licence_number).where(*same)).scalar_one())
