"""The installation's burnt-in values, its trust lists, and the certificate types it has used."""

from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from hub.store import tables
from hub.store.queries import select_among
from hub.store.upsert import insert_new, insert_or_replace

MEMORY_MARKS = ("restored_at", "forgotten_until")
"""The values that say what the memory of what was spent once may have lost; `init` makes none of them."""


class InstallationReader:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def values(self) -> dict[str, str]:
        """Return what `init` fixed; empty when it has not run."""
        table = tables.installation
        return {row.name: row.value for row in self._connection.execute(select(table.c.name, table.c.value))}

    def memory_marks(self) -> tuple[datetime | None, datetime | None]:
        """Return when the store was last restored, and until when what was spent once is forgotten."""
        rows = select_among(self._connection, tables.installation, "name", MEMORY_MARKS, columns=("name", "value"))
        found = {row.name: datetime.fromisoformat(row.value) for row in rows}
        return found.get("restored_at"), found.get("forgotten_until")

    def trust_list_version(self) -> int:
        """Return the highest version this hub has held, 0 for none."""
        return int(self._connection.execute(select(func.max(tables.trust_list.c.version))).scalar() or 0)

    def trust_list_recorded_at(self, version: int) -> datetime:
        table = tables.trust_list
        found: datetime = self._connection.execute(
            select(table.c.recorded_at).where(table.c.version == version)
        ).scalar_one()
        return found

    def trust_list_at(self, moment: datetime) -> int:
        """Return the version that was the newest at `moment`, 0 where there was none."""
        table = tables.trust_list
        query = select(func.max(table.c.version)).where(table.c.recorded_at <= moment)
        return int(self._connection.execute(query).scalar() or 0)

    def trust_list(self, version: int) -> bytes | None:
        table = tables.trust_list
        raw = self._connection.execute(select(table.c.raw).where(table.c.version == version)).scalar()
        return None if raw is None else bytes(raw)

    def type_digests(self) -> dict[tuple[str, int], str]:
        """Return the digest of every certificate type version this hub has started with."""
        table = tables.type_version
        rows = self._connection.execute(select(table.c.code, table.c.version, table.c.digest))
        return {(row.code, row.version): row.digest for row in rows}


class InstallationWriter:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def touch(self) -> bool:
        """Write a row as it is, to know that the database takes writes."""
        table = tables.installation
        statement = update(table).where(table.c.name == "mode").values(value=table.c.value)
        return self._connection.execute(statement).rowcount == 1

    def put(self, values: Mapping[str, str]) -> None:
        rows = [{"name": name, "value": value} for name, value in values.items()]
        self._connection.execute(insert(tables.installation), rows)

    def note_restored(self, now: datetime) -> None:
        """Note when the store was restored, in place of every earlier mark (see `InstallationReader.memory_marks`)."""
        self._connection.execute(delete(tables.installation).where(tables.installation.c.name.in_(MEMORY_MARKS)))
        self.put({"restored_at": now.astimezone(UTC).isoformat()})

    def note_forgotten(self, until: datetime) -> None:
        """Note until when what was spent is forgotten; the mark never goes back."""
        _, noted = InstallationReader(self._connection).memory_marks()
        if noted is None or noted < until:
            row = {"name": "forgotten_until", "value": until.astimezone(UTC).isoformat()}
            insert_or_replace(self._connection, tables.installation, [row])

    def add_trust_list(self, version: int, raw: bytes, now: datetime) -> None:
        """Keep a version; IntegrityError when it is there already."""
        self._connection.execute(insert(tables.trust_list), {"version": version, "raw": raw, "recorded_at": now})

    def add_types(self, digests: Mapping[tuple[str, int], str], *, admitted_by: str | None) -> None:
        """Pin type versions; `admitted_by` is the act that two persons approved, None at the first start."""
        rows = [
            {"code": code, "version": version, "digest": digest, "admitted_by": admitted_by}
            for (code, version), digest in digests.items()
        ]
        insert_new(self._connection, tables.type_version, rows)
