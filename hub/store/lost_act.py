"""Acts that the store lost when it was rolled back: known by their leaves, opened by who kept them, done again."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from hub.store import tables
from hub.store.queries import select_among, select_by
from hub.store.upsert import insert_new, update_rows

_TABLE = tables.lost_act
_ROWS_A_WRITE = 5_000


@dataclass(frozen=True, slots=True)
class LostAct:
    """A lost act by its `place` among the leaves of all logs, `leaf_index` in the log of that number.

    `act_bytes` and `salt` open its leaf; `serial` is a certificate that it changed; `obstacle` says why it could not be
    done again, `again_by` which act did it.
    """

    place: int
    log: int
    leaf_index: int
    leaf: bytes
    act_bytes: bytes | None = None
    salt: bytes | None = None
    serial: int | None = None
    opened_at: datetime | None = None
    obstacle: str | None = None
    again_at: datetime | None = None
    again_by: str | None = None


class LostActReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, place: int) -> LostAct | None:
        row = select_by(self._connection, _TABLE, place=place).first()
        return None if row is None else LostAct(*row)

    def by_leaf(self, leaves: Sequence[bytes]) -> list[LostAct]:
        """Return the lost acts that have these leaves, in the order of their places."""
        rows = select_among(self._connection, _TABLE, "leaf", leaves) if leaves else ()
        return sorted((LostAct(*row) for row in rows), key=lambda each: each.place)

    def opened(self) -> list[LostAct]:
        """Return those whose act is known and not done again, in the order of their places."""
        waits = _TABLE.c.opened_at.is_not(None) & _TABLE.c.again_by.is_(None)
        return [LostAct(*row) for row in self._connection.execute(select(_TABLE).where(waits).order_by(_TABLE.c.place))]

    def counts(self) -> dict[str, int]:
        """Return how many were done again, how many are only known by name, of how many nothing is known."""
        counted = select(func.count(), func.count(_TABLE.c.opened_at), func.count(_TABLE.c.again_by))
        everything, opened, again = self._connection.execute(counted).one()
        return {"again": again, "named": opened - again, "unknown": everything - opened}

    def serials_of_records(self, digests: Collection[str]) -> dict[str, int]:
        """Return the serial of the record that has each of these digests, where the store holds it."""
        table = tables.certificate
        query = select(table.c.payload_sha256, table.c.serial).where(table.c.payload_sha256.in_(digests))
        return {row.payload_sha256: row.serial for row in self._connection.execute(query)} if digests else {}

    def serials_of_acts(self, acts: Collection[str]) -> dict[str, int]:
        """Return the serial of the certificate that each of these acts issued or changed."""
        found = dict[str, int]()
        # An issue ends the version before it, too: it is its own certificate's.
        for table in (tables.status_change, tables.certificate) if acts else ():
            query = select(table.c.act_id, table.c.serial).where(table.c.act_id.in_(acts))
            found |= {row.act_id: row.serial for row in self._connection.execute(query)}
        return found

    def held(self) -> frozenset[int]:
        """Return the certificates whose lost act was neither done again nor followed by another since the recovery."""
        changed, recovery = tables.status_change, tables.recovery
        recovered_at = select(func.min(recovery.c.recovered_at)).where(recovery.c.log > _TABLE.c.log).scalar_subquery()
        since = (changed.c.serial == _TABLE.c.serial) & (changed.c.recorded_at > recovered_at)
        waits = _TABLE.c.serial.is_not(None) & _TABLE.c.again_by.is_(None)
        followed = select(changed.c.number).where(since).exists()
        return frozenset(self._connection.execute(select(_TABLE.c.serial).where(waits, ~followed)).scalars())


class LostActWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, acts: Iterable[LostAct]) -> None:
        """Keep what was lost; what an earlier recovery kept already stays as it is."""
        rows = [{name: getattr(each, name) for name in LostAct.__slots__} for each in acts]
        for start in range(0, len(rows), _ROWS_A_WRITE):
            insert_new(self._connection, _TABLE, rows[start : start + _ROWS_A_WRITE])

    def open(self, place: int, *, act_bytes: bytes, salt: bytes, serial: int | None, now: datetime) -> None:
        """Keep what opens a leaf; what opened it first stays."""
        closed = (_TABLE.c.place == place) & _TABLE.c.opened_at.is_(None)
        values = {"act_bytes": act_bytes, "salt": salt, "serial": serial, "opened_at": now}
        self._connection.execute(update(_TABLE).where(closed).values(values))

    def hold(self, places: Collection[int], serial: int) -> None:
        """Hold a certificate for the sake of these lost acts."""
        rows = [{"place": place, "serial": serial} for place in places]
        update_rows(self._connection, _TABLE, rows, key="place")

    def note_obstacles(self, obstacles: Mapping[int, str]) -> None:
        """Keep why acts could not be done again, by their places."""
        rows = [{"place": place, "obstacle": why} for place, why in obstacles.items()]
        update_rows(self._connection, _TABLE, rows, key="place")

    def done_again(self, place: int, act_id: str, now: datetime) -> bool:
        """Note that an act was done again, by another; False when it was before."""
        waits = (_TABLE.c.place == place) & _TABLE.c.again_by.is_(None)
        values = {"again_by": act_id, "again_at": now, "obstacle": None}
        return self._connection.execute(update(_TABLE).where(waits).values(values)).rowcount == 1
