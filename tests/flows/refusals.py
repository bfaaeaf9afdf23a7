"""How a story says that something is refused: by its stable public code, and the members and rules that are named."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hub.errors import HubError
from hub.web.problem_table import PROBLEMS
from hub.web.problems import CODES


@contextmanager
def refused(code: str, *broken: tuple[str, str]) -> Iterator[None]:
    """Expect a refusal with this code, naming at least these (member, rule) pairs."""
    with pytest.raises((HubError, *CODES)) as caught:
        yield
    error = caught.value
    found = error.code if isinstance(error, HubError) else next(c for k, c in CODES.items() if isinstance(error, k))
    assert found == code
    assert found in PROBLEMS, "a code without a row in the table of problems"
    assert {(each.field, each.rule) for each in getattr(error, "problems", ())} >= set(broken)
