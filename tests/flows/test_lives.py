"""The whole lives of 200 random enterprises, lawful and not, keep every rule; 50 of them on PostgreSQL too."""

from contextlib import AbstractContextManager
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.flows.conftest import copied_world
from tests.flows.lives import Lives
from tests.flows.lives_led import ENTERPRISES
from tests.flows.world import World

TOWNS, ACTS = {"sqlite": 200 // ENTERPRISES, "postgresql": 50 // ENTERPRISES}, 80


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_no_life_of_an_enterprise_breaks_a_rule(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    numbers = count(1)

    class Town(Lives):
        @staticmethod
        def open_world() -> AbstractContextManager[World]:
            folder = tmp_path / str(next(numbers))
            folder.mkdir()
            return copied_world(dialect, request, folder)

    run_state_machine_as_test(
        Town,
        settings=settings(
            max_examples=TOWNS[dialect],
            stateful_step_count=ACTS,
            derandomize=True,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
