"""Intakes that a kill breaks off: what was done stays, what was not is done, and nothing twice.

A forked child works through the file with a collaborator that kills it at a chosen place; then the parent goes on as a
restarted hub would, and the registry is verified from its bytes.
"""

import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Row, RowProblem, Table, TabularLimits
from connectors.tabular import open_table
from hub.registry.issuance import complete_orphans
from hub.store.intake import IntakeReader
from signing.signers import Signer
from tests.flows.intake_world import Intakes, csv_file, numbers_of, shop_number, signed_content, type_row
from tests.flows.world import MARKET, World

ROWS = 45
BATCH = 20


@pytest.fixture
def intakes(hub_world: World, tmp_path: Path) -> Intakes:
    """The intake doors of a world with two departments."""
    return Intakes(hub_world, tmp_path, batch_rows=BATCH)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class KillingSealers:
    """Seals as usual, and kills the process at the nth asking; a batch first looks its key up."""

    def __init__(self, world: World, nth: int) -> None:
        self._world = world
        self._left = nth

    def __call__(self, issuing_body: str) -> Signer:
        self._left -= 1
        if self._left == 0:
            die()
        return self._world.sealers(issuing_body)


class KillingTables:
    """Opens tables as usual; the second one, which is worked through, kills the process after `rows` rows."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._opened = 0

    def __call__(self, path: Path, *, limits: TabularLimits) -> Table:
        self._opened += 1
        table = open_table(path, limits=limits)
        return replace(table, rows=self._killing(table.rows)) if self._opened == 2 else table

    def _killing(self, rows: Iterator[Row | RowProblem]) -> Iterator[Row | RowProblem]:
        for place, row in enumerate(rows):
            if place == self._rows:
                die()
            yield row


def killed_in_a_child(intakes: Intakes, name: str, changes: Callable[[World], dict[str, Any]]) -> int:
    """Run the intake in a forked child with its own connections; return the signal that ended it."""
    child = os.fork()
    if child == 0:
        try:
            own = intakes.world.another()
            Intakes(own, intakes.folder.parent, batch_rows=BATCH).run(name, **changes(own))
        finally:
            os._exit(1)
    return os.WTERMSIG(os.waitpid(child, 0)[1])


def restart(intakes: Intakes) -> None:
    """Let the leases of the killed process lapse, and do what a hub does in its upkeep."""
    world = intakes.world
    world.now += world.registry.terms.lease + timedelta(seconds=1)
    complete_orphans(registry=world.registry, sealers=world.sealers, now=world.now)


def sent(intakes: Intakes, **content: Any) -> str:
    file = csv_file(numbers_of(range(1, ROWS + 1)))
    name = intakes.admit(file, **signed_content(**content))
    intakes.send(name, file)
    return name


@pytest.mark.parametrize("nth", [1, 15, 21, 45])
def test_kill_between_the_two_commits_of_a_batch_costs_no_row(intakes: Intakes, nth: int) -> None:
    name = sent(intakes)
    assert killed_in_a_child(intakes, name, lambda own: {"sealers": KillingSealers(own, nth)}) == signal.SIGKILL

    restart(intakes)
    done = intakes.run(name)

    assert (done["state"], done["counts"]) == ("done", {"issued": ROWS})
    assert [line["row"] for line in intakes.outcome(name)] == [str(row) for row in range(2, ROWS + 2)]


@pytest.mark.parametrize("rows", [0, 20, 39, 44])
def test_kill_between_batches_costs_no_row(intakes: Intakes, rows: int) -> None:
    name = sent(intakes)
    assert killed_in_a_child(intakes, name, lambda _: {"open_table": KillingTables(rows)}) == signal.SIGKILL

    restart(intakes)

    assert intakes.run(name)["counts"] == {"issued": ROWS}


def test_killed_dry_run_begins_again(intakes: Intakes) -> None:
    name = sent(intakes, dry_run=True)
    assert killed_in_a_child(intakes, name, lambda _: {"open_table": KillingTables(30)}) == signal.SIGKILL

    restart(intakes)

    assert intakes.run(name)["counts"] == {"would_issue": ROWS}


def test_intake_that_another_process_holds_is_left_alone(intakes: Intakes) -> None:
    name = sent(intakes)
    assert killed_in_a_child(intakes, name, lambda _: {"open_table": KillingTables(30)}) == signal.SIGKILL

    assert intakes.run(name)["state"] == "running"
    assert intakes.certificates(shop_number(ROWS)) == []


def test_intake_waits_while_a_batch_of_its_own_is_not_completed(intakes: Intakes) -> None:
    name = sent(intakes)
    assert killed_in_a_child(intakes, name, lambda own: {"sealers": KillingSealers(own, 2)}) == signal.SIGKILL
    intakes.world.now += intakes.world.registry.terms.lease + timedelta(seconds=1)

    assert intakes.run(name)["rows_done"] == 0
    restart(intakes)
    assert intakes.run(name)["state"] == "done"


def test_worker_that_stops_leaves_the_rest_to_the_next_one(intakes: Intakes) -> None:
    name = sent(intakes)
    answers = iter([False, False, True])

    assert intakes.run(name, is_stopping=lambda: next(answers))["state"] == "running"
    with intakes.world.registry.database.read() as connection:
        assert IntakeReader(connection).ready(intakes.world.now) == [name]

    assert intakes.run(name)["counts"] == {"issued": ROWS}


def test_key_that_cannot_be_used_leaves_the_intake_waiting(intakes: Intakes) -> None:
    name = sent(intakes)

    waiting = intakes.run(name, sealers=lambda _: intakes.world.keys.signer("seal:nobody"))
    assert (waiting["state"], waiting["problem"]) == ("running", "sealing_failed")

    restart(intakes)
    assert intakes.run(name)["counts"] == {"issued": ROWS}


def test_rows_after_a_resumed_intake_are_as_if_nothing_had_happened(intakes: Intakes) -> None:
    name = sent(intakes)
    killed_in_a_child(intakes, name, lambda own: {"sealers": KillingSealers(own, 25)})
    restart(intakes)
    intakes.run(name)

    assert intakes.signed([type_row(1), type_row(ROWS)], issuing_body=MARKET)["counts"]["unchanged"] == 2
