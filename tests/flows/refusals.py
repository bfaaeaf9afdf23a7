"""How a story says that something is refused: by its stable public code, and the members and rules that are named."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256

import pytest
from sqlalchemy import Connection, text

from hub.errors import HubError
from hub.store import tables
from hub.web.problem_table import PROBLEMS
from hub.web.problems import CODES
from tests.flows.world import World

REFUSALS: tuple[type[Exception], ...] = (HubError, *CODES)
# What a refusal leaves: the statement, its entry, what was spent, and of a pull its decision.
EVIDENCE = {"statement", "entry", "single_use", "idempotency", "pull_decision"}


@contextmanager
def refused(code: str, *broken: tuple[str, str]) -> Iterator[None]:
    """Expect a refusal with this code, naming at least these (member, rule) pairs."""
    with pytest.raises(REFUSALS) as caught:
        yield
    assert code_of(caught.value) == code
    assert code in PROBLEMS, "a code without a row in the table of problems"
    assert {(each.field, each.rule) for each in getattr(caught.value, "problems", ())} >= set(broken)


@contextmanager
def refused_whole(world: World, code: str, *broken: tuple[str, str]) -> Iterator[None]:
    """Expect a refusal that leaves every table as it was, but for those of its evidence."""
    with world.registry.database.read() as connection:
        before = state_digests(connection)
    with refused(code, *broken):
        yield
    with world.registry.database.read() as connection:
        assert state_digests(connection) == before


def code_of(error: BaseException) -> str:
    """Return the public code of a refusal."""
    return error.code if isinstance(error, HubError) else next(c for k, c in CODES.items() if isinstance(error, k))


def state_digests(connection: Connection) -> dict[str, str]:
    """Return a digest of everything in each table that tells of more than what was refused."""
    names = [name for name in tables.metadata.tables if name not in EVIDENCE]
    if connection.dialect.name != "postgresql":
        rows = {name: connection.exec_driver_sql(f'SELECT * FROM "{name}"').fetchall() for name in names}  # noqa: S608
        return {name: sha256(repr(each).encode()).hexdigest() for name, each in rows.items()}
    query = "SELECT '{0}', count(*), sum(hashtextextended(t::text, 0)::numeric) FROM \"{0}\" t"
    counted = connection.execute(text(" UNION ALL ".join(query.format(name) for name in names)))
    return {name: f"{count} {digest}" for name, count, digest in counted}
