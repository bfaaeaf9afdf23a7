"""What is lent to one test after another: the rows of the template, whatever was left there; never a changed schema."""

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from tests.lent import Lender
from tests.postgres import Cluster


@pytest.fixture
def lender(postgresql_cluster: Cluster) -> Iterator[Lender]:
    """Lends a database of one table with two rows, a sequence that stands at 2, and an empty table."""
    postgresql_cluster.create_database("to_lend")
    with postgresql_cluster.administrator_of("to_lend") as made:
        made.execute("GRANT CREATE ON SCHEMA public TO hub")
    with psycopg.connect(_address(postgresql_cluster.url("to_lend"))) as made:
        made.execute("CREATE TABLE kept (number bigserial PRIMARY KEY, words text)")
        made.execute("CREATE TABLE empty (kept bigint REFERENCES kept)")
        made.execute("INSERT INTO kept (words) VALUES ('一'), ('a\tb')")
    with closing(Lender(postgresql_cluster, "to_lend")) as lender:
        yield lender
    postgresql_cluster.drop_database("to_lend")


def _address(url: str) -> str:
    return url.replace("+psycopg", "")


def test_next_borrower_finds_the_rows_where_they_lay_and_the_numbers_that_follow(lender: Lender) -> None:
    with lender.lent() as url, psycopg.connect(_address(url)) as first:
        first.execute("INSERT INTO kept (words) SELECT 'left' FROM generate_series(1, 1000)")
        first.execute("UPDATE kept SET words = 'changed'")
        first.execute("INSERT INTO empty SELECT number FROM kept")
    with lender.lent() as again, psycopg.connect(_address(again)) as second:
        rows = second.execute("SELECT ctid::text, number, words FROM kept").fetchall()
        left = second.execute("SELECT count(*) FROM empty").fetchone()
        following = second.execute("INSERT INTO kept (words) VALUES ('new') RETURNING number").fetchone()
    assert again == url
    assert rows == [("(0,1)", 1, "一"), ("(0,2)", 2, "a\tb")]
    assert (left, following) == ((0,), (3,))


def test_connection_that_is_left_open_in_a_transaction_is_ended(lender: Lender) -> None:
    with lender.lent() as url:
        left = psycopg.connect(_address(url))
        left.execute("DELETE FROM kept")
    with closing(left), pytest.raises(psycopg.OperationalError, match="terminating"):
        left.execute("COMMIT")
    with lender.lent() as again, psycopg.connect(_address(again)) as second:
        assert second.execute("SELECT count(*) FROM kept").fetchone() == (2,)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE kept ADD COLUMN more text",
        "ALTER TABLE kept ALTER COLUMN words SET DEFAULT 'x'",
        "ALTER TABLE empty DROP CONSTRAINT empty_kept_fkey",
        "CREATE INDEX another ON kept (words)",
        "DROP TABLE empty",
    ],
)
def test_database_of_a_changed_schema_is_not_lent_again(lender: Lender, change: str) -> None:
    with lender.lent() as url, psycopg.connect(_address(url)) as first:
        first.execute(change)
    with lender.lent() as another:
        assert another != url
