"""Attacks by the clock: it is set by −90 s and by two days either way between acts, and nothing that ended comes back.

Tokens, assertions and proofs are in `test_freshness.py`, a leader that was paused in `test_log.py`.
"""

from datetime import timedelta
from typing import Any

import pytest

from hub.errors import PullError
from hub.evidence.log import prove_consistency
from hub.evidence.sequencing import LEASE
from hub.supervision.audit.log import clock_steps
from signing.base64url import decode
from signing.checkpoint import NoteKey, read_checkpoint
from signing.merkle import verify_consistency
from tests.flows.grant_world import present, redeem_at_window, wrong
from tests.flows.refusals import refused
from tests.flows.world import World, food_number, food_order, granted_request, licence_order

# A clock is the same to both databases.
pytestmark = pytest.mark.parametrize("unchecked_world", ["sqlite"], indirect=True)
DAYS = timedelta(days=2)
STEPS = [timedelta(seconds=-90), -DAYS, DAYS]


@pytest.fixture
def clocked_world(hub_world: World) -> World:
    """A hub three days old: a shop with licence, permit and e-licence, whose acts are under the head."""
    hub_world.issue(licence_order())
    hub_world.issue(food_order())
    hub_world.make_licence()
    hub_world.share()
    hub_world.now += timedelta(days=3)
    hub_world.log.round(hub_world.now)
    return hub_world


@pytest.mark.parametrize("step", STEPS)
def test_heads_follow_one_another_whatever_the_clock_says(clocked_world: World, step: timedelta) -> None:
    old, old_root = _head(clocked_world)
    clocked_world.now += step
    _issue(clocked_world, 2)
    clocked_world.log.round(clocked_world.now)
    new, new_root = _head(clocked_world)
    clocked_world.now -= step
    _issue(clocked_world, 3)
    clocked_world.log.round(clocked_world.now)
    last, last_root = _head(clocked_world)
    assert old < new < last
    assert verify_consistency(old, new, old_root, new_root, _path(clocked_world, old, new))
    assert verify_consistency(new, last, new_root, last_root, _path(clocked_world, new, last))


@pytest.mark.parametrize("step", STEPS)
def test_audit_tells_where_the_clock_was_set_back(clocked_world: World, step: timedelta) -> None:
    _issue(clocked_world, 2)
    clocked_world.now += step
    _issue(clocked_world, 3)
    clocked_world.now -= step
    _issue(clocked_world, 4)
    (told,) = _clock_steps(clocked_world)
    assert str(abs(step)) in told


@pytest.mark.parametrize("step", STEPS)
def test_what_ended_by_an_act_stays_ended(clocked_world: World, step: timedelta) -> None:
    killed, withdrawn, used = present(clocked_world), clocked_world.grant(), clocked_world.grant(uses=1)
    for number in range(1, 6):
        with refused("code_unknown"):
            redeem_at_window(clocked_world, wrong(killed["digits"], number))
    clocked_world.withdraw(withdrawn)
    clocked_world.pull(granted_request(used))
    clocked_world.now += step
    assert _refusal(clocked_world, granted_request(withdrawn)) == "grant_withdrawn"
    assert _refusal(clocked_world, granted_request(used)) in ("grant_used_up", "grant_not_begun")
    with refused("code_killed"):
        redeem_at_window(clocked_world, killed["code"])
    clocked_world.now -= step
    assert _refusal(clocked_world, granted_request(used)) == "grant_used_up"


@pytest.mark.parametrize("step", [timedelta(minutes=-10), -DAYS])
def test_code_does_not_count_before_it_was_shown(clocked_world: World, step: timedelta) -> None:
    shown = present(clocked_world)
    clocked_world.now += step
    with refused("grant_not_begun"):
        redeem_at_window(clocked_world, shown["code"])


def test_lead_that_was_taken_by_a_clock_days_ahead_is_free_when_the_clock_is_right(clocked_world: World) -> None:
    clocked_world.log.sequencer(clocked_world.now + DAYS, "ahead").round()
    clocked_world.log.sequencer(clocked_world.now, "right").round()
    assert clocked_world.log.store.is_led_by("right", clocked_world.now)
    _issue(clocked_world, 2)


def test_lead_of_a_clock_a_little_ahead_is_waited_for(clocked_world: World) -> None:
    clocked_world.log.sequencer(clocked_world.now + timedelta(seconds=59), "ahead").round()
    _issue(clocked_world, 2)
    assert clocked_world.log.sequencer(clocked_world.now, "right").round() == 0
    assert clocked_world.log.sequencer(clocked_world.now + timedelta(seconds=59) + LEASE, "right").round() > 0


@pytest.mark.parametrize("back", [timedelta(seconds=90), DAYS])
def test_log_that_is_dead_is_found_silent_by_a_clock_that_was_set_back(clocked_world: World, back: timedelta) -> None:
    clocked_world.log.goes_on = False
    clocked_world.now -= back
    with refused("log_silent"):
        _issue(clocked_world, 2)
    clocked_world.log.goes_on = True
    clocked_world.now += timedelta(seconds=1)
    _issue(clocked_world, 3)


def _issue(world: World, serial: int) -> None:
    world.issue(food_order(certificate_number=food_number(serial)))


def _refusal(world: World, request: dict[str, Any]) -> str:
    with pytest.raises(PullError) as caught:
        world.pull(request)
    return caught.value.code


def _clock_steps(world: World) -> list[str]:
    with world.registry.database.read() as connection:
        return clock_steps(connection)


def _head(world: World) -> tuple[int, bytes]:
    said = read_checkpoint(world.log.store.head().note, NoteKey.read(world.log.key.text))
    return said.size, said.root


def _path(world: World, old: int, new: int) -> list[bytes]:
    return [decode(each) for each in prove_consistency(old, new, world.log.store)["path"]]
