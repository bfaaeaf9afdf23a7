"""Stories of statements: an act is ordered by its own department's key, for this hub, now, once, with this content."""

from base64 import standard_b64encode
from typing import Any

import orjson
import pytest

from hub.steps.orders.statements import check_content
from schemas.statement import TYP, Ordered, content_digest, statement_payload
from signing.base64url import decode, encode
from signing.jws import sign_compact
from tests.flows.refusals import refused
from tests.flows.world import HEALTH, MARKET, ORIGIN, World, food_order, statutory_request


def test_statement_by_another_departments_key_is_refused(lasting_world: World) -> None:
    jws = _signed_by(lasting_world, "system:health", system="market")
    with refused("statement_key"):
        lasting_world.verified(jws, act=Ordered.PULL, system="market")


def test_statement_of_another_system_is_refused(lasting_world: World) -> None:
    jws = _signed_by(lasting_world, "system:health", system="market")
    with refused("statement_system"):
        lasting_world.verified(jws, act=Ordered.PULL, system="health")


def test_statement_with_an_altered_payload_is_refused(lasting_world: World) -> None:
    header, payload, signature = _pull_statement(lasting_world).split(".")
    claims = orjson.loads(decode(payload)) | {"officer": "h-002"}
    with refused("statement_key"):
        lasting_world.verified(
            f"{header}.{encode(orjson.dumps(claims))}.{signature}", act=Ordered.PULL, system="health"
        )


def test_statement_for_another_hub_is_refused(lasting_world: World) -> None:
    jws = _pull_statement(lasting_world, audience="http://other.example.test")
    with refused("statement_audience"):
        lasting_world.verified(jws, act=Ordered.PULL, system="health")


def test_statement_of_another_act_is_refused(lasting_world: World) -> None:
    jws = _pull_statement(lasting_world)
    with refused("statement_act"):
        lasting_world.verified(jws, act=Ordered.COMPARE, system="health")


@pytest.mark.parametrize("seconds", [-300, 10])
def test_statement_within_its_time_counts(lasting_world: World, seconds: int) -> None:
    jws = _pull_statement(lasting_world, issued_at=int(lasting_world.now.timestamp()) + seconds)
    assert lasting_world.verified(jws, act=Ordered.PULL, system="health").statement.system == "health"


@pytest.mark.parametrize("seconds", [-301, 11])
def test_statement_too_old_or_of_the_future_is_refused(lasting_world: World, seconds: int) -> None:
    jws = _pull_statement(lasting_world, issued_at=int(lasting_world.now.timestamp()) + seconds)
    with refused("statement_time"):
        lasting_world.verified(jws, act=Ordered.PULL, system="health")


def test_statement_naming_an_officer_nobody_enrolled_is_refused(hub_world: World) -> None:
    with refused("statement_officer"):
        hub_world.verified(_pull_statement(hub_world, officer="h-999"), act=Ordered.PULL, system="health")


def test_statement_naming_an_officer_who_has_left_is_refused(hub_world: World) -> None:
    hub_world.enrol("officers", number="h-001", department=HEALTH, active=False)
    with refused("statement_officer"):
        hub_world.verified(_pull_statement(hub_world), act=Ordered.PULL, system="health")


def test_statement_naming_another_departments_officer_is_refused(hub_world: World) -> None:
    hub_world.enrol("officers", number="m-001", department=MARKET)
    with refused("statement_officer"):
        hub_world.verified(_pull_statement(hub_world, officer="m-001"), act=Ordered.PULL, system="health")


def test_content_that_the_statement_does_not_bind_is_refused(hub_world: World) -> None:
    jws = hub_world.sign(Ordered.ISSUE, system="market", content_digest="0" * 64)
    verified = hub_world.verified(jws, act=Ordered.ISSUE, system="market")
    with refused("statement_content"):
        check_content(verified, food_order(), standard_b64encode(bytes(16)).decode())


@pytest.mark.parametrize("salt", ["", "AAAA", "!", "é"])
def test_content_with_a_salt_that_is_none_is_refused(lasting_world: World, salt: str) -> None:
    jws = lasting_world.sign(Ordered.ISSUE, system="market", content_digest=content_digest(food_order(), bytes(16)))
    verified = lasting_world.verified(jws, act=Ordered.ISSUE, system="market")
    with refused("statement_content"):
        check_content(verified, food_order(), salt)


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"act": "destroy"},
        {"iat": "now"},
        {"jti": None},
        {"colour": "red"},
        {"request": None},
        {"content_digest": "x"},
        {"aud": [ORIGIN]},
    ],
)
def test_statement_of_another_form_is_refused(lasting_world: World, changes: dict[str, Any]) -> None:
    claims = orjson.loads(decode(_pull_statement(lasting_world).split(".")[1])) | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    jws = sign_compact(orjson.dumps(claims), signer=lasting_world.keys.signer("system:health"), typ=TYP)
    with refused("statement_form"):
        lasting_world.verified(jws, act=Ordered.PULL, system="health")


@pytest.mark.parametrize("jws", [".e30.", "e30.e30.", "a.e30.c", "x" * 70_000 + ".e30.", "\u0000.e30.", "e30.e30"])
def test_what_is_no_statement_is_refused(lasting_world: World, jws: str) -> None:
    with refused("statement_key"):
        lasting_world.verified(jws, act=Ordered.PULL, system="health")


def test_token_of_another_type_is_no_statement(lasting_world: World) -> None:
    payload = decode(_pull_statement(lasting_world).split(".")[1])
    jws = sign_compact(payload, signer=lasting_world.keys.signer("system:health"), typ="at+jwt")
    with refused("statement_key"):
        lasting_world.verified(jws, act=Ordered.PULL, system="health")


def test_replayed_statement_is_refused_under_another_key(hub_world: World) -> None:
    content = food_order()
    code = content["certificate_type"]
    verified = hub_world.order(Ordered.ISSUE, content, system="market", certificate_type=code, issuing_body=MARKET)
    hub_world.issue_verified(content, verified)
    with refused("statement_replayed"):
        hub_world.issue_verified(content, verified)


def test_pull_replayed_in_another_process_is_refused(hub_world: World) -> None:
    hub_world.share()
    jws = _pull_statement(hub_world)
    hub_world.pull(statutory_request(), jws=jws)
    other = hub_world.another()
    with refused("statement_replayed"):
        other.pull(statutory_request(), jws=jws)
    other.close()


def test_order_refused_for_want_of_right_is_spent(hub_world: World) -> None:
    content = food_order()
    code = content["certificate_type"]
    verified = hub_world.order(Ordered.ISSUE, content, system="health", certificate_type=code, issuing_body=MARKET)
    with refused("body_not_yours"):
        hub_world.issue_verified(content, verified, system="health")
    with refused("statement_replayed"):
        hub_world.issue_verified(content, verified, system="health")


def _pull_statement(world: World, **members: Any) -> str:
    members = {"officer": "h-001", "request": statutory_request()} | members
    return world.sign(Ordered.PULL, system="health", **members)


def _signed_by(world: World, use: str, *, system: str) -> str:
    payload = statement_payload(
        act=Ordered.PULL,
        audience=ORIGIN,
        system=system,
        officer=None,
        issued_at=int(world.now.timestamp()),
        jti="one",
        request=statutory_request(),
    )
    return sign_compact(orjson.dumps(payload), signer=world.keys.signer(use), typ=TYP)
