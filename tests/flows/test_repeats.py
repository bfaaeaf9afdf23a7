"""Stories of requests that come again: the same gets the same answer, another under the same key is a conflict."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from hub.errors import OrderError
from hub.steps.orders.statements import VerifiedStatement
from hub.store.statement import StatementWriter
from hub.web.callers import terms_for
from schemas.statement import Ordered
from tests.flows.refusals import refused
from tests.flows.world import MARKET, World, change_content, food_number, food_order, licence_order, statutory_request


def test_same_order_again_gives_the_same_certificate(hub_world: World) -> None:
    content, verified = _ordered(hub_world)
    first = hub_world.issue_verified(content, verified, key="k")
    assert hub_world.issue_verified(content, verified, key="k") == first


def test_statement_that_came_before_is_heard_again_as_long_as_its_answer_is_kept(hub_world: World) -> None:
    content, verified = _ordered(hub_world)
    hub_world.issue_verified(content, verified, key="k")
    registry = hub_world.registry
    with registry.database.read() as connection:
        held_to = partial(terms_for, verified.jws, connection=connection, registry=registry)
        assert held_to("market", "k").statement_age > registry.terms.idempotency_term
        assert held_to("market", "another") == registry.terms
        assert held_to("health", "k") == registry.terms


def test_same_order_in_another_process_gives_the_same_certificate(hub_world: World) -> None:
    content, verified = _ordered(hub_world)
    first = hub_world.issue_verified(content, verified, key="k")
    other = hub_world.another()
    assert other.issue_verified(content, verified, key="k") == first
    other.close()


def test_another_order_under_the_same_key_is_a_conflict(hub_world: World) -> None:
    content, verified = _ordered(hub_world)
    hub_world.issue_verified(content, verified, key="k")
    content, verified = _ordered(hub_world, certificate_number=food_number(2))
    with refused("key_conflict"):
        hub_world.issue_verified(content, verified, key="k")


def test_key_of_one_system_is_nothing_to_another(hub_world: World) -> None:
    hub_world.share()
    content, verified = _ordered(hub_world)
    hub_world.issue_verified(content, verified, key="k")
    assert hub_world.pull(statutory_request(), key="k")["items"]


def test_same_order_from_many_threads_makes_one_certificate(hub_world: World) -> None:
    content, verified = _ordered(hub_world)
    with ThreadPoolExecutor(8) as threads:
        tries = [threads.submit(hub_world.issue_verified, content, verified, key="k") for _ in range(16)]
    answers = {each.result()["identifier"] for each in tries if each.exception() is None}
    codes = {error.code for each in tries if isinstance(error := each.exception(), OrderError)}
    assert len(answers) == 1
    assert codes <= {"act_under_way"}
    assert hub_world.issue_verified(content, verified, key="k")["identifier"] in answers


def test_same_order_from_two_processes_at_once_makes_one_certificate(hub_world: World) -> None:
    content, verified = _ordered(hub_world)
    other = hub_world.another()
    with ThreadPoolExecutor(8) as threads:
        tries = [threads.submit(each.issue_verified, content, verified, key="k") for each in [hub_world, other] * 4]
    answers = {each.result()["identifier"] for each in tries if each.exception() is None}
    assert len(answers) == 1
    other.close()


def test_same_change_again_gives_the_same_answer(hub_world: World) -> None:
    content = change_content(hub_world.issue(food_order())["identifier"], "suspend")
    verified = hub_world.order(Ordered.CHANGE_STATUS, content, system="market", issuing_body=MARKET)
    first = hub_world.change_verified(content, verified, key="k")
    assert hub_world.change_verified(content, verified, key="k") == first


def test_same_pull_again_gives_the_same_copy(hub_world: World) -> None:
    hub_world.issue(licence_order())
    hub_world.issue(food_order())
    hub_world.share()
    jws = hub_world.sign(Ordered.PULL, system="health", officer="h-001", request=statutory_request())
    first = hub_world.pull(statutory_request(), jws=jws, key="k")
    assert hub_world.pull(statutory_request(), jws=jws, key="k") == first


def test_refused_pull_again_is_refused_again_and_decided_once(hub_world: World) -> None:
    jws = hub_world.sign(Ordered.PULL, system="health", officer="h-001", request=statutory_request())
    with refused("rule_unknown"):
        hub_world.pull(statutory_request(), jws=jws, key="k")
    hub_world.share()
    with refused("rule_unknown"):
        hub_world.pull(statutory_request(), jws=jws, key="k")


def test_same_comparison_again_is_one_miss(hub_world: World) -> None:
    hub_world.issue(food_order())
    hub_world.share()
    request = statutory_request() | {"certificate_type": "food_operation_permit", "values": {"business_items": "x"}}
    jws = hub_world.sign(Ordered.COMPARE, system="health", officer="h-001", request=request)
    first = hub_world.compare(request, jws=jws, key="k")
    assert hub_world.compare(request, jws=jws, key="k") == first


@pytest.mark.parametrize("days", [2])
def test_answer_is_forgotten_after_its_term_and_the_statement_is_not_good_again(hub_world: World, days: int) -> None:
    content, verified = _ordered(hub_world)
    hub_world.issue_verified(content, verified, key="k")
    later = hub_world.now.replace(day=hub_world.now.day + days)
    hub_world.registry.database.write(lambda connection: StatementWriter(connection).forget_expired(later))
    hub_world.now = later
    with refused("statement_time"):
        hub_world.verified(verified.jws, act=Ordered.ISSUE, system="market")


def _ordered(world: World, **changes: Any) -> tuple[dict[str, Any], VerifiedStatement]:
    content = food_order(**changes)
    code = content["certificate_type"]
    return content, world.order(Ordered.ISSUE, content, system="market", certificate_type=code, issuing_body=MARKET)
