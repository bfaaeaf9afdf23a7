"""Stories of clocks and of memory: what is of this moment counts once, whatever is done to clock, process and store."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import Connection, delete

from hub.errors import HubError
from hub.settings import Settings
from hub.steps.orders.freshness import note_restored
from hub.store import tables
from hub.store.statement import StatementWriter
from schemas.statement import Ordered
from tests.flows.processes import in_two_processes
from tests.flows.refusals import refused
from tests.flows.signing_in import call, make_assertion, make_proof, sign_in
from tests.flows.world import World, food_number, food_order, licence_order

ALWAYS_ACCEPTED = [{"iat": 9}, {"iat": 10}, {"nbf": 9}, {"iat": 9, "nbf": 10}]
NEVER_ACCEPTED = [{"iat": 61}, {"nbf": 61}, {"nbf": 3_600}]
OF_NO_CLOCK = [{"nbf": "soon"}, {"nbf": True}, {"iat": None, "nbf": 0}]
BETWEEN = [{"iat": 11}, {"iat": 60}, {"nbf": 30}]
MINUTES, DAYS = timedelta(minutes=10, seconds=1), timedelta(days=2)


# --- clocks ---


@pytest.mark.parametrize("ahead", ALWAYS_ACCEPTED)
def test_clock_ten_seconds_ahead_is_accepted(lasting_world: World, ahead: dict[str, Any]) -> None:
    token = sign_in(lasting_world, assertion=make_assertion(lasting_world, **ahead))
    assert call(lasting_world, token, proof=make_proof(lasting_world, token, **ahead))


@pytest.mark.parametrize("ahead", BETWEEN + NEVER_ACCEPTED + OF_NO_CLOCK)
def test_clock_further_ahead_is_refused(lasting_world: World, ahead: dict[str, Any]) -> None:
    token = sign_in(lasting_world)
    with refused("invalid_client"):
        sign_in(lasting_world, assertion=make_assertion(lasting_world, **ahead))
    with refused("invalid_dpop_proof"):
        call(lasting_world, token, proof=make_proof(lasting_world, token, **ahead))


@pytest.mark.parametrize("ahead", BETWEEN)
def test_site_may_accept_clocks_up_to_a_minute_ahead(lasting_world: World, ahead: dict[str, Any]) -> None:
    world = _tolerating(lasting_world, 60)
    token = sign_in(world, assertion=make_assertion(world, exp=120, **ahead))
    assert call(world, token, proof=make_proof(world, token, **ahead))


@pytest.mark.parametrize("ahead", NEVER_ACCEPTED)
def test_no_site_accepts_a_clock_more_than_a_minute_ahead(lasting_world: World, ahead: dict[str, Any]) -> None:
    world = _tolerating(lasting_world, 3_600)
    token = sign_in(world)
    with refused("invalid_client"):
        sign_in(world, assertion=make_assertion(world, exp=120, **ahead))
    with refused("invalid_dpop_proof"):
        call(world, token, proof=make_proof(world, token, **ahead))


@pytest.mark.parametrize("seconds", [0, 9, 61])
def test_setting_outside_the_rule_is_refused(tmp_path: Path, seconds: int) -> None:
    with pytest.raises(ValidationError):
        Settings(folder=tmp_path, clock_skew=seconds)


def test_proof_that_says_when_it_ends_ends_then(lasting_world: World) -> None:
    token = sign_in(lasting_world)
    assert call(lasting_world, token, proof=make_proof(lasting_world, token, exp=1))
    with refused("invalid_dpop_proof"):
        call(lasting_world, token, proof=make_proof(lasting_world, token, exp=0))


@pytest.mark.parametrize("back", [timedelta(seconds=90), DAYS])
def test_token_of_a_clock_that_was_set_back_is_refused_until_that_moment_comes_again(
    hub_world: World, back: timedelta
) -> None:
    hub_world.now += timedelta(days=3)
    token = sign_in(hub_world)
    hub_world.now -= back
    with refused("invalid_token"):
        call(hub_world, token)
    hub_world.now += back
    assert call(hub_world, token)


@pytest.mark.parametrize("step", [-DAYS, timedelta(seconds=-90), DAYS])
def test_system_whose_clock_is_not_the_hubs_is_refused_on_either_side(hub_world: World, step: timedelta) -> None:
    hub_world.now += timedelta(days=3)
    token, assertion = sign_in(hub_world), make_assertion(hub_world)
    proof = make_proof(hub_world, token)
    hub_world.now += step
    with refused("invalid_client"):
        sign_in(hub_world, assertion=assertion)
    with refused("invalid_token"):
        call(hub_world, token, proof=proof)


# --- what was spent stays spent (a clock set back finds statements forgotten, which `check_registry` would tell) ---


def test_what_was_spent_is_spent_after_a_restart(hub_world: World) -> None:
    spent = _spend_all(hub_world)
    restarted = hub_world.another()
    _refused_all(restarted, *spent)
    restarted.close()


@pytest.mark.parametrize("step", [timedelta(seconds=-90), -DAYS, DAYS])
def test_what_was_spent_stays_spent_when_the_clock_is_set_and_set_right_again(
    hub_world: World, step: timedelta
) -> None:
    hub_world.now += timedelta(days=3)
    spent, moment = _spend_all(hub_world), hub_world.now
    hub_world.now += MINUTES + step
    _upkeep(hub_world)
    hub_world.now = moment + timedelta(seconds=5)
    _refused_all(hub_world, *spent)


@pytest.mark.parametrize("behind", [timedelta(seconds=90), DAYS])
def test_clock_set_back_behind_what_is_forgotten_brings_nothing_back(unchecked_world: World, behind: timedelta) -> None:
    unchecked_world.now += timedelta(days=1)
    spent, moment = _spend_all(unchecked_world), unchecked_world.now
    unchecked_world.now += behind
    _upkeep(unchecked_world)
    unchecked_world.now = moment + timedelta(seconds=5)
    _refused_all(unchecked_world, *spent)


def test_clock_that_was_days_ahead_for_a_while_costs_a_minute_when_it_is_right_again(unchecked_world: World) -> None:
    _spend_all(unchecked_world)
    moment = unchecked_world.now
    unchecked_world.now += DAYS
    _upkeep(unchecked_world)
    unchecked_world.now = moment + timedelta(seconds=61)
    assert sign_in(unchecked_world)


def test_mark_of_what_is_forgotten_never_goes_back(hub_world: World) -> None:
    hub_world.now += timedelta(days=3)
    spent, moment = _spend_all(hub_world), hub_world.now
    hub_world.now += MINUTES
    _upkeep(hub_world)
    hub_world.registry.database.write(
        lambda connection: StatementWriter(connection).spend("proof", "x", "x", expires_at=moment - DAYS)
    )
    _upkeep(hub_world)
    hub_world.now = moment + timedelta(seconds=5)
    _refused_all(hub_world, *spent)


def test_nothing_of_before_a_restore_is_accepted_after_it(hub_world: World) -> None:
    spent = _spend_all(hub_world)
    _restore(hub_world)
    _refused_all(hub_world, *spent)


def test_restored_hub_accepts_again_what_is_issued_after_a_minute(hub_world: World) -> None:
    _restore(hub_world)
    hub_world.now += timedelta(seconds=60)
    with refused("invalid_client"):
        sign_in(hub_world)
    hub_world.now += timedelta(seconds=1)
    assert call(hub_world, sign_in(hub_world))


def test_operator_who_put_the_clock_right_does_not_wait_for_the_wrong_day(unchecked_world: World) -> None:
    moment = unchecked_world.now
    unchecked_world.now += DAYS
    _spend_all(unchecked_world)
    unchecked_world.now += MINUTES
    _upkeep(unchecked_world)
    unchecked_world.now = moment
    with refused("invalid_client"):
        sign_in(unchecked_world)
    unchecked_world.registry.database.write(lambda connection: note_restored(connection, moment))
    unchecked_world.now += timedelta(seconds=61)
    assert sign_in(unchecked_world)


# --- two processes at once ---


def test_assertion_shown_to_two_processes_at_once_counts_once(hub_world: World) -> None:
    assertions = [make_assertion(hub_world) for _ in range(12)]
    first, second = in_two_processes(hub_world, "sign_in", assertions)
    assert [sorted(pair) for pair in zip(first, second, strict=True)] == [["accepted", "invalid_client"]] * 12


def test_proof_shown_to_two_processes_at_once_counts_once(hub_world: World) -> None:
    token = sign_in(hub_world)
    proofs = [(token, make_proof(hub_world, token)) for _ in range(12)]
    first, second = in_two_processes(hub_world, "call", proofs)
    assert [sorted(pair) for pair in zip(first, second, strict=True)] == [["accepted", "invalid_dpop_proof"]] * 12


def test_order_under_one_key_at_two_processes_at_once_is_one_act(hub_world: World) -> None:
    hub_world.issue(licence_order())
    orders = [_ordered(hub_world, serial) for serial in range(2, 8)]
    answers = in_two_processes(hub_world, "issue", orders)
    found = [set(pair) - {"act_under_way"} for pair in zip(*answers, strict=True)]
    assert [len(each) for each in found] == [1] * 6
    assert len(set.union(*found)) == 6


def _tolerating(world: World, seconds: int) -> World:
    """Return the same hub where clocks may be further ahead."""
    terms = replace(world.registry.terms, clock_skew=timedelta(seconds=seconds))
    return replace(world, registry=replace(world.registry, terms=terms))


def _spend_all(world: World) -> tuple[str, str, str]:
    """Spend an assertion and a proof; return them and the token."""
    assertion = make_assertion(world, exp=300)
    token = sign_in(world, assertion=assertion)
    proof = make_proof(world, token)
    call(world, token, proof=proof)
    return assertion, token, proof


def _refused_all(world: World, assertion: str, token: str, proof: str) -> None:
    with refused("invalid_client"):
        sign_in(world, assertion=assertion)
    with pytest.raises(HubError) as caught:
        call(world, token, proof=proof)
    assert caught.value.code in ("invalid_dpop_proof", "invalid_token")


def _upkeep(world: World) -> None:
    world.registry.database.write(lambda connection: StatementWriter(connection).forget_expired(world.now))


def _restore(world: World) -> None:
    """Put the store back to a moment before anything was spent, as a restore from a backup does, and say so."""

    def restore(connection: Connection) -> None:
        connection.execute(delete(tables.single_use).where(tables.single_use.c.kind.in_(("assertion", "proof"))))
        note_restored(connection, world.now)

    world.registry.database.write(restore)


def _ordered(world: World, serial: int) -> tuple[Any, Any, str]:
    content = food_order(certificate_number=food_number(serial))
    members = {"certificate_type": content["certificate_type"], "issuing_body": content["issuing_body"]}
    return content, world.order(Ordered.ISSUE, content, system="market", **members), f"key-{serial}"
