"""Attacks by two at once, on two processes of one hub: what counts once counts once, and no copy follows a withdrawal.

Assertions, proofs and orders under one key are shown to two processes in `test_freshness.py`.
"""

from collections import Counter
from threading import Thread
from typing import Any

import pytest

from hub.enterprise.grants import grant_state
from hub.enterprise.presentations import presentation_state
from hub.steps.orders.repeats import keep_answer
from hub.store.entry import EntryReader
from schemas.statement import Ordered
from tests.flows.grant_world import present, wrong
from tests.flows.processes import in_two_processes
from tests.flows.world import World, food_number, food_order, granted_request, licence_order, statutory_request


@pytest.fixture
def granting_world(hub_world: World) -> World:
    """A shop with licence, permit and electronic business licence, and a line of the sharing table."""
    hub_world.issue(licence_order())
    hub_world.issue(food_order())
    hub_world.make_licence()
    hub_world.share()
    return hub_world


def test_grant_gives_no_use_more_than_it_has(granting_world: World) -> None:
    digest = granting_world.grant(uses=3)
    first, second = in_two_processes(granting_world, "pull", [(granted_request(digest), None, None)] * 4)
    assert Counter(first + second) == {"delivered": 3, "grant_used_up": 5}
    assert grant_state(digest, registry=granting_world.registry, now=granting_world.now)["uses_taken"] == 3


def test_code_is_redeemed_once(granting_world: World) -> None:
    shown = [present(granting_world)[form] for form in ("code", "digits")]
    first, second = in_two_processes(granting_world, "redeem", shown)
    assert [sorted(pair) for pair in zip(first, second, strict=True)] == [["code_redeemed", "redeemed"]] * 2


def test_wrong_digits_kill_the_code_and_stop_the_officer_together(granting_world: World) -> None:
    shown = present(granting_world)
    guesses = [wrong(shown["digits"], step) for step in range(1, 7)]
    first, second = in_two_processes(granting_world, "redeem", guesses)
    assert Counter(first + second) == {"code_unknown": 10, "officer_stopped": 2}
    state = presentation_state(shown["digest"], registry=granting_world.registry, now=granting_world.now)
    assert (state["state"], state["misses"]) == ("killed", 5)


def test_statement_under_two_keys_counts_once(granting_world: World) -> None:
    request = statutory_request()
    signed = [granting_world.sign(Ordered.PULL, system="health", officer="h-001", request=request) for _ in range(4)]
    answers = in_two_processes(
        granting_world, "pull", [(request, jws, f"one-key-{number}") for number, jws in enumerate(signed)],
        meanwhile=("pull", [(request, jws, f"other-key-{number}") for number, jws in enumerate(signed)]),
    )  # fmt: skip
    assert [sorted(pair) for pair in zip(*answers, strict=True)] == [["delivered", "statement_replayed"]] * 4


def test_key_under_two_orders_leads_to_one_of_them(granting_world: World) -> None:
    first, second = ([_ordered(granting_world, serial) for serial in range(start, 10, 2)] for start in (2, 3))
    answers = in_two_processes(granting_world, "issue", first, meanwhile=("issue", second))
    issued = [[each for each in pair if each.startswith("1.2.156")] for pair in zip(*answers, strict=True)]
    refused = {each for pair in zip(*answers, strict=True) for each in pair if not each.startswith("1.2.156")}
    assert [len(each) for each in issued] == [1] * 4
    assert refused <= {"key_conflict", "act_under_way"}


def test_no_copy_follows_the_withdrawal_it_raced(granting_world: World) -> None:
    digests = [granting_world.grant(uses=2) for _ in range(6)]
    pulled, withdrawn = in_two_processes(
        granting_world, "pull", [(granted_request(digest), None, None) for digest in digests],
        meanwhile=("withdraw", digests),
    )  # fmt: skip
    assert withdrawn == ["withdrawn"] * 6
    assert set(pulled) <= {"delivered", "grant_withdrawn"}
    again, _ = in_two_processes(granting_world, "pull", [(granted_request(digest), None, None) for digest in digests])
    assert again == ["grant_withdrawn"] * 6


def test_withdrawal_waits_for_the_copy_that_is_being_recorded(
    granting_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest, happened = granting_world.grant(), list[str]()
    other = granting_world.another()
    withdrawing = Thread(target=lambda: happened.append(str(other.withdraw(digest)["state"])))

    def keep_late(*arguments: Any, **named: Any) -> bool:
        withdrawing.start()
        withdrawing.join(0.3)  # enough for a withdrawal that nothing holds up
        happened.append("delivered")
        return keep_answer(*arguments, **named)

    monkeypatch.setattr("hub.sharing.exchange.keep_answer", keep_late)
    assert granting_world.pull(granted_request(digest))["delivery"]
    withdrawing.join()
    other.close()
    assert happened == ["delivered", "withdrawn"]
    assert _entered(granting_world)[-2:] == ["delivery", "grant_withdrawal"]


def _entered(world: World) -> list[str]:
    with world.registry.database.read() as connection:
        return [each.kind for each in sorted(EntryReader(connection).all(), key=lambda each: each.number)]


def _ordered(world: World, serial: int) -> tuple[Any, Any, str]:
    content = food_order(certificate_number=food_number(serial))
    members = {"certificate_type": content["certificate_type"], "issuing_body": content["issuing_body"]}
    return content, world.order(Ordered.ISSUE, content, system="market", **members), f"shared-key-{serial // 2}"
