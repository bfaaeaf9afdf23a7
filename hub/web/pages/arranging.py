"""What the components of a page ask of what they are given: nothing is judged or looked up here."""

from collections.abc import Iterator, Sequence
from typing import Any


def placed(steps: Sequence[str], current: str) -> Iterator[tuple[str, str]]:
    """Return each step of a task with its place: "over", "now" or "next"; ValueError for a step there is not."""
    now = steps.index(current)
    for number, step in enumerate(steps):
        yield step, "over" if number < now else "now" if number == now else "next"


def pairs(heads: Sequence[str], row: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """Return each cell of a row with its column's head; ValueError when there are not as many."""
    return zip(heads, row, strict=True)
