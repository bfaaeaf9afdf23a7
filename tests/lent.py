"""PostgreSQL databases lent to one test after another: each finds the rows of the template and nothing else.

Making a database and dropping it copies and deletes a thousand files, which cost more than most of the tests; putting
a template's rows back costs a tenth of that.

Rules:
- Whatever is still connected when a database is given back is ended first, as dropping the database would.
- Tables are emptied to the last page and sequences set back: rows lie as they lie in a new copy.
- A database whose schema a test has changed is dropped, not lent again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import psycopg
from psycopg import sql

from tests.postgres import Cluster

_numbers = count(1)
_END_OTHERS = """
SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_CATALOGUES = (
    "pg_class", "pg_attribute", "pg_attrdef", "pg_constraint", "pg_index", "pg_trigger", "pg_proc", "pg_namespace",
    "pg_db_role_setting",
)  # fmt: skip
# Every change of a schema writes a row of one of these anew, under the number of its transaction, or deletes one.
_SCHEMA = " UNION ALL ".join(
    f"SELECT '{name}', count(*), sum(xmin::text::bigint) FROM {name}"  # noqa: S608 - the names above
    for name in _CATALOGUES
)
_TABLES_IN_USE = """
SELECT relname FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0 ORDER BY relname
"""
_SEQUENCES = "SELECT sequencename, start_value, last_value FROM pg_sequences WHERE schemaname = 'public'"


@dataclass(frozen=True, slots=True)
class _Lent:
    """One database: its administrator's connection, and its schema when it was made."""

    name: str
    administrator: psycopg.Connection
    schema: list[Any]


class Lender:
    """Lends copies of one template, to which nobody may be connected; each copy to one borrower at a time."""

    def __init__(self, cluster: Cluster, template: str) -> None:
        self._cluster = cluster
        self._template = template
        self._free: list[_Lent] = []
        self._rows: dict[str, bytes] = {}
        self._sequences: list[Any] = []

    @contextmanager
    def lent(self) -> Iterator[str]:
        """Yield the URL of a database that holds what the template holds."""
        database = self._free.pop() if self._free else self._make()
        yield self._cluster.url(database.name)
        database.administrator.execute(_END_OTHERS)
        if _schema(database.administrator) == database.schema:
            self._put_back(database.administrator)
            self._free.append(database)
        else:
            self._drop(database)

    def close(self) -> None:
        """Drop what nobody has borrowed."""
        while self._free:
            self._drop(self._free.pop())

    def _make(self) -> _Lent:
        name = f"{self._template}_{next(_numbers)}"
        self._cluster.create_database(name, template=self._template)
        administrator = self._cluster.administrator_of(name)
        # Rows come back in any order of tables: what the template held agreed with every rule.
        administrator.execute("SET session_replication_role = replica")
        if not self._rows:
            self._rows = {table: _copied_out(administrator, table) for table in _tables_in_use(administrator)}
            self._sequences = administrator.execute(_SEQUENCES).fetchall()
        return _Lent(name, administrator, _schema(administrator))

    def _put_back(self, administrator: psycopg.Connection) -> None:
        used = sql.SQL(", ").join(map(sql.Identifier, _tables_in_use(administrator)))
        with administrator.transaction():
            for table in _tables_in_use(administrator):
                administrator.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        administrator.execute(sql.SQL("VACUUM {}").format(used))
        with administrator.transaction(), administrator.cursor() as cursor:
            for table, rows in self._rows.items():
                with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))) as copy:
                    copy.write(rows)
            for name, start, last in self._sequences:
                cursor.execute("SELECT setval(%s::regclass, %s, %s)", (name, last or start, last is not None))

    def _drop(self, database: _Lent) -> None:
        database.administrator.close()
        self._cluster.drop_database(database.name)


def _schema(administrator: psycopg.Connection) -> list[Any]:
    return administrator.execute(_SCHEMA).fetchall()


def _tables_in_use(administrator: psycopg.Connection) -> list[str]:
    return [name for (name,) in administrator.execute(_TABLES_IN_USE)]


def _copied_out(administrator: psycopg.Connection, table: str) -> bytes:
    with administrator.cursor().copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))) as copy:
        return b"".join(bytes(part) for part in copy)
