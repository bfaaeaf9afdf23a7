"""Connections that a server closed are replaced unseen; a row alone is written as many are."""

from contextlib import closing
from datetime import UTC, datetime

import psycopg
import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError

from hub.store import tables
from hub.store.database import Database
from hub.store.queries import select_by
from hub.store.upsert import insert_new, insert_or_replace, insert_rows, update_rows

_MOMENT = datetime(2026, 7, 6, 8, tzinfo=UTC)


def test_connections_that_the_server_closed_are_replaced(postgresql_url: str) -> None:
    with closing(Database(postgresql_url, pool_size=2)) as database:
        with database.read() as one, database.snapshot() as other:
            closed = {each.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() for each in (one, other)}
        address = make_url(postgresql_url).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(address, autocommit=True) as server:
            for pid in closed:
                assert server.execute("SELECT pg_terminate_backend(%s, 10000)", [pid]).fetchone() == (True,)
        with database.read() as connection:
            assert connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() not in closed
        assert database.write(lambda connection: connection.exec_driver_sql("SELECT 7").scalar_one()) == 7


@pytest.mark.parametrize("count", [1, 3])
def test_rows_are_written_alike_alone_and_together(database_url: str, count: int) -> None:
    def rows(text: str) -> list[dict[str, object]]:
        return [{"code": f"{number}", "name_zh": text, "fresh_for_seconds": 2**20 * number} for number in range(count)]

    with closing(Database(database_url, pool_size=2)) as database:
        database.write(lambda connection: insert_rows(connection, tables.source, rows("示例来源")))
        assert database.write(lambda connection: insert_new(connection, tables.source, rows("另一个"))) == 0
        seen = [each | {"seen_at": _MOMENT} for each in rows("改名")]
        database.write(lambda connection: insert_or_replace(connection, tables.source, seen))
        renamed = [{"code": each["code"], "name_zh": "再改名"} for each in seen]
        database.write(lambda connection: update_rows(connection, tables.source, renamed, key="code"))
        with database.read() as connection:
            columns = ("name_zh", "seen_at", "fresh_for_seconds")
            kept = [
                tuple(select_by(connection, tables.source, columns=columns, code=f"{number}").one())
                for number in range(count)
            ]
        assert kept == [("再改名", _MOMENT, 2**20 * number) for number in range(count)]


@pytest.mark.parametrize("count", [1, 3])
def test_a_text_that_is_too_long_is_refused_not_cut(postgresql_url: str, count: int) -> None:
    long = [{"code": f"{number}" * 1000, "name_zh": "示例", "fresh_for_seconds": 1} for number in range(1, count + 1)]
    with closing(Database(postgresql_url, pool_size=2)) as database, pytest.raises(DBAPIError):
        database.write(lambda connection: insert_rows(connection, tables.source, long))
