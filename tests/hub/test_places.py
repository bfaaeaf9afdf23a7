"""Which pages each duty sees, and which acts it orders: the table cell by cell."""

import pytest

from hub.department.places import PLACES, place_at, places_of_duty
from schemas.duties import MAY_ORDER, may_order, may_second
from schemas.parties import Duty, Role
from schemas.statement import Ordered

_SEEN = {
    Duty.CASE: PLACES,
    Duty.ISSUE: {"issue", "status", "import", "countersign", "answer"},
    Duty.PULL: {"window", "ask", "countersign", "answer"},
    Duty.APPROVE: {"ask", "countersign", "answer", "approve"},
    Duty.SYSTEM: set[str](),
    Duty.SECURITY: set[str](),
    Duty.AUDIT: set[str](),
}
_CELLS = [(duty, place, place in seen) for duty, seen in _SEEN.items() for place in sorted(PLACES)]


@pytest.mark.parametrize(("duty", "place", "seen"), _CELLS)
def test_a_duty_sees_the_pages_of_its_row_and_no_other(duty: Duty, place: str, *, seen: bool) -> None:
    assert (place in places_of_duty(duty, None)) is seen


@pytest.mark.parametrize("duty", Duty)
def test_every_duty_has_its_row(duty: Duty) -> None:
    assert (duty in MAY_ORDER, duty in _SEEN) == (True, True)


@pytest.mark.parametrize(
    ("roles", "gone"),
    [
        ({Role.TERMINAL, Role.ISSUE, Role.PULL}, set[str]()),
        ({Role.TERMINAL, Role.PULL}, {"issue", "status", "import"}),
        ({Role.TERMINAL, Role.ISSUE}, {"window", "ask"}),
        ({Role.TERMINAL}, {"issue", "status", "import", "window", "ask"}),
    ],
)
def test_a_terminal_without_a_right_hides_what_needs_it(roles: set[Role], gone: set[str]) -> None:
    assert PLACES - places_of_duty(Duty.CASE, frozenset(roles)) == gone


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/window/photo", "window"), ("/presentations/x", "window"), ("/paper", "window"),
        ("/deliveries/x/archive", "window"), ("/issue", "issue"), ("/status", "status"), ("/intakes/x/undo", "import"),
        ("/import/collected", "import"), ("/countersign/x", "countersign"), ("/ask", "ask"), ("/tasks", ""),
        ("", ""), ("/own/acts", ""), ("/overview", ""), ("/orders", ""),
    ],
)  # fmt: skip
def test_a_path_lies_on_its_page(path: str, place: str) -> None:
    assert place_at(path) == place


@pytest.mark.parametrize(
    ("duty", "act", "orders", "seconds"),
    [
        (Duty.AUDIT, Ordered.ISSUE, False, False), (Duty.AUDIT, Ordered.PULL, False, False),
        (Duty.AUDIT, Ordered.ENTITLE, False, False), (Duty.ISSUE, Ordered.CHANGE_STATUS, True, True),
        (Duty.ISSUE, Ordered.PULL, False, False), (Duty.PULL, Ordered.WITNESS_GRANT, True, True),
        (Duty.PULL, Ordered.ISSUE, False, False), (Duty.APPROVE, Ordered.ISSUE, False, True),
        (Duty.APPROVE, Ordered.ANSWER_SHARE, True, True), (Duty.PULL, Ordered.ANSWER_SHARE, False, False),
        (Duty.SYSTEM, Ordered.ENTITLE, True, True), (Duty.SYSTEM, Ordered.ISSUE, False, False),
        (Duty.SECURITY, Ordered.PULL, False, False), (Duty.CASE, Ordered.ISSUE, True, True),
    ],
)  # fmt: skip
def test_a_duty_orders_and_seconds_what_is_its_own(duty: Duty, act: Ordered, *, orders: bool, seconds: bool) -> None:
    assert (may_order(duty, act), may_second(duty, act)) == (orders, seconds)
