"""Stories of a system's keys: the next one is enrolled while the present one still counts, and that ends on its day."""

from datetime import timedelta
from typing import Any

import pytest

from hub.custody.installation import make_party_key
from hub.supervision.parties import renew_key
from schemas.certificate import civil_date
from schemas.statement import Ordered
from signing.base64url import encode
from signing.x509 import Purpose
from tests.flows.refusals import refused
from tests.flows.signing_in import call, make_assertion, sign_in
from tests.flows.world import HEALTH, World

FIRST, NEXT = "system:health", "system:health-2"
WEEK = 7


def test_both_keys_count_until_the_day_on_which_the_first_is_retired(hub_world: World) -> None:
    _renew(hub_world, NEXT, days=WEEK)
    hub_world.pass_days(WEEK)
    assert [_sign_in(hub_world, each) for each in (FIRST, NEXT)]
    hub_world.pass_days(1)
    assert _sign_in(hub_world, NEXT)
    with refused("invalid_client"):
        _sign_in(hub_world, FIRST)


def test_key_is_retired_at_once_when_its_day_is_over(hub_world: World) -> None:
    _renew(hub_world, NEXT, days=-1)
    with refused("invalid_client"):
        _sign_in(hub_world, FIRST)


def test_retired_key_may_not_outlive_its_day_by_a_further_renewal(hub_world: World) -> None:
    _renew(hub_world, NEXT, days=1)
    _renew(hub_world, "system:health-3", days=80)
    hub_world.pass_days(2)
    assert [_sign_in(hub_world, each) for each in (NEXT, "system:health-3")]
    with refused("invalid_client"):
        _sign_in(hub_world, FIRST)


def test_token_got_with_the_first_key_is_good_until_it_ends(hub_world: World) -> None:
    token = _sign_in(hub_world, FIRST)
    _renew(hub_world, NEXT, days=0)
    assert call(hub_world, token).system.code == "health"


@pytest.mark.parametrize(
    ("changes", "member", "rule"),
    [
        ({"previous_until": None}, "previous_until", "form"),
        ({"previous_until": "soon"}, "previous_until", "form"),
        ({"previous_until": "2027-02-22"}, "previous_until", "too_far"),
        ({"previous_until": "9999-12-31"}, "previous_until", "too_far"),
        ({"cert": None}, "cert", "not_trusted"),
        ({"cert": "AAAA"}, "cert", "not_trusted"),
    ],
)
def test_renewal_that_is_not_whole_is_refused(
    lasting_world: World, changes: dict[str, Any], member: str, rule: str
) -> None:
    content = {"cert": encode(lasting_world.system("health").cert_der), "previous_until": "2026-11-30"}
    with refused("fields_wrong", (member, rule)):
        _order(lasting_world, content | changes)


@pytest.mark.parametrize("use", ["system:market", "seal:" + HEALTH])
def test_cert_of_another_department_or_purpose_is_refused(lasting_world: World, use: str) -> None:
    with refused("fields_wrong"):
        _order(lasting_world, {"cert": encode(lasting_world.keys.cert(use)), "previous_until": "2026-11-30"})


def test_key_that_was_enrolled_before_is_refused(hub_world: World) -> None:
    content = {"cert": encode(hub_world.system("health").cert_der), "previous_until": "2026-11-30"}
    with refused("key_enrolled"):
        _order(hub_world, content)


def test_renewal_counts_once(hub_world: World) -> None:
    content = {"cert": encode(_certify(hub_world, NEXT)), "previous_until": "2026-11-30"}
    verified = hub_world.order(Ordered.RENEW_KEY, content, system="health")
    system = hub_world.system("health")
    renew_key(content, verified=verified, system=system, registry=hub_world.registry, now=hub_world.now)
    with refused("statement_replayed"):
        renew_key(content, verified=verified, system=system, registry=hub_world.registry, now=hub_world.now)


def test_what_the_operator_changed_meanwhile_stays(hub_world: World) -> None:
    known = hub_world.system("health")
    cert = encode(known.cert_der)
    hub_world.enrol("systems", code="health", department=HEALTH, name="示例", roles=["pull"], cert=cert, active=False)
    content = {"cert": encode(_certify(hub_world, NEXT)), "previous_until": "2026-11-30"}
    verified = hub_world.order(Ordered.RENEW_KEY, content, system="health")
    renew_key(content, verified=verified, system=known, registry=hub_world.registry, now=hub_world.now)
    found = hub_world.system("health")
    assert (found.active, found.roles, found.name) == (False, frozenset({"pull"}), "示例")


def test_operator_replaces_a_lost_key_at_once_and_an_old_one_on_its_day(hub_world: World) -> None:
    _enrol(hub_world, NEXT, previous_until="2026-11-24")
    assert [_sign_in(hub_world, each) for each in (FIRST, NEXT)]
    _enrol(hub_world, "system:health-3")
    assert _sign_in(hub_world, "system:health-3")
    with refused("invalid_client"):
        _sign_in(hub_world, FIRST)
    with refused("invalid_client"):
        _sign_in(hub_world, NEXT)


def test_keys_beside_may_count_until_the_last_of_all_days(hub_world: World) -> None:
    _enrol(hub_world, NEXT, previous_until="9999-12-31")
    assert [_sign_in(hub_world, each) for each in (FIRST, NEXT)]


def test_operator_who_enrols_the_same_key_again_leaves_the_others(hub_world: World) -> None:
    _renew(hub_world, NEXT, days=WEEK)
    cert = encode(hub_world.keys.cert(NEXT))
    hub_world.enrol("systems", code="health", department=HEALTH, name="示例", roles=["pull"], cert=cert)
    assert [_sign_in(hub_world, each) for each in (FIRST, NEXT)]


def test_retired_key_is_not_enrolled_for_another_system(hub_world: World) -> None:
    _renew(hub_world, NEXT, days=-1)
    cert = encode(hub_world.keys.cert(FIRST))
    with refused("key_enrolled"):
        hub_world.enrol("systems", code="other", department=HEALTH, name="示例", roles=["pull"], cert=cert)


def _certify(world: World, use: str) -> bytes:
    return make_party_key(
        world.keys, use, name="示例卫生健康局", department=HEALTH, purpose=Purpose.SYSTEM, now=world.now
    )


def _renew(world: World, use: str, *, days: int) -> dict[str, Any]:
    until_on = civil_date(world.now) + timedelta(days=days)
    return _order(world, {"cert": encode(_certify(world, use)), "previous_until": until_on.isoformat()})


def _order(world: World, content: dict[str, Any]) -> dict[str, Any]:
    verified = _signed(world, content)
    return renew_key(content, verified=verified, system=world.system("health"), registry=world.registry, now=world.now)


def _signed(world: World, content: dict[str, Any]) -> Any:
    """Sign an order with the key that the system was enrolled with last."""
    newest = [use for use in ("system:health-3", NEXT, FIRST) if use in world.keys.uses()]
    enrolled = world.system("health").cert_der
    use = next(each for each in newest if world.keys.cert(each) == enrolled)
    return world.order(Ordered.RENEW_KEY, content, system="health", use=use)


def _enrol(world: World, use: str, **changes: Any) -> None:
    content = {"code": "health", "department": HEALTH, "name": "示例", "roles": ["pull"]}
    world.enrol("systems", **(content | {"cert": encode(_certify(world, use))} | changes))


def _sign_in(world: World, use: str) -> str:
    return sign_in(world, assertion=make_assertion(world, use=use))
