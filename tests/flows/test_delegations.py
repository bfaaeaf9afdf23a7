"""Stories of roles and delegations: who may sign what, in which matter, until when; frozen by a new representative."""

from datetime import timedelta
from typing import Any

import pytest

from hub.enterprise.delegations import delegation_state, post_delegation
from tests.flows.grant_world import (
    change_representative,
    confirm_delegated,
    confirm_presentation,
    delegate,
    present,
    presented_request,
    redeem_at_window,
    remake_licence,
    sign_delegation,
    take_back,
)
from tests.flows.refusals import refused
from tests.flows.world import HEALTH, World, food_order, granted_request, licence_order


@pytest.fixture
def shop(hub_world: World) -> str:
    """A shop with a permit and e-licences for all three roles; the identifier of its business licence."""
    licence = hub_world.issue(licence_order())
    hub_world.issue(food_order())
    for role in ("legal_representative", "manager", "agent"):
        hub_world.make_licence(role=role)
    return str(licence["identifier"])


@pytest.fixture(scope="module")
def settled_world(lasting_world: World) -> World:
    """A shop and its e-licences, for all tests that are refused and change nothing."""
    lasting_world.issue(licence_order())
    for role in ("legal_representative", "agent"):
        lasting_world.make_licence(role=role)
    return lasting_world


def _state(world: World, digest: str) -> str:
    return str(delegation_state(digest, registry=world.registry, now=world.now)["state"])


def test_agent_grants_and_shows_nothing_without_a_delegation(hub_world: World, shop: str) -> None:
    with refused("delegation_needed"):
        hub_world.grant(role="agent")
    with refused("delegation_needed"):
        present(hub_world, role="agent")


def test_agent_grants_in_the_matter_that_was_delegated_and_no_other(hub_world: World, shop: str) -> None:
    delegate(hub_world)
    assert hub_world.pull(granted_request(hub_world.grant(role="agent")))["delivery"]
    with refused("delegation_needed"):
        hub_world.grant(role="agent", item_code="999")


def test_delegation_ends_and_what_it_gives_ends_no_later(hub_world: World, shop: str) -> None:
    end = hub_world.now + timedelta(days=10)
    delegate(hub_world, valid_until=end.isoformat())
    with refused("delegation_ends_before"):
        hub_world.grant(role="agent")
    hub_world.now = end
    with refused("delegation_needed"):
        hub_world.grant(role="agent", valid_until=(end + timedelta(hours=1)).isoformat())


def test_agent_shows_in_his_matter_and_confirms_it(hub_world: World, shop: str) -> None:
    delegate(hub_world)
    other, shown = present(hub_world, role="agent"), present(hub_world, role="agent")
    with refused("item_not_covered"):
        redeem_at_window(hub_world, other["code"], item_code="999")
    redeem_at_window(hub_world, shown["code"])
    confirm_presentation(hub_world, shown["digest"], role="agent")
    assert hub_world.pull(presented_request(shown["digest"]))["delivery"]


def test_delegation_that_was_taken_back_gives_no_more_and_stops_what_it_gave(hub_world: World, shop: str) -> None:
    delegation = delegate(hub_world)
    digest = hub_world.grant(role="agent")
    assert take_back(hub_world, delegation, role="manager")["state"] == "withdrawn"
    with refused("delegation_withdrawn"):
        hub_world.pull(granted_request(digest))
    with refused("delegation_needed"):
        hub_world.grant(role="agent")
    with refused("delegation_withdrawn"):
        take_back(hub_world, delegation)


def test_change_of_representative_freezes_delegations_until_the_new_one_confirms(hub_world: World, shop: str) -> None:
    delegation = delegate(hub_world)
    digest = hub_world.grant(role="agent")
    change_representative(hub_world, shop)
    assert _state(hub_world, delegation) == "frozen"
    with refused("delegation_frozen"):
        hub_world.grant(role="agent")
    with refused("delegation_frozen"):
        hub_world.pull(granted_request(digest))
    remake_licence(hub_world)
    confirm_delegated(hub_world)
    assert _state(hub_world, delegation) == "usable"
    assert hub_world.pull(granted_request(digest))["delivery"]
    assert hub_world.grant(role="agent")


def test_licence_of_the_representative_before_signs_nothing_new(hub_world: World, shop: str) -> None:
    given = hub_world.grant()
    change_representative(hub_world, shop)
    for act in (hub_world.grant, lambda: present(hub_world), lambda: delegate(hub_world)):
        with refused("representative_changed"):
            act()
    with refused("representative_changed"):
        confirm_delegated(hub_world)
    # What the enterprise gave stays its own, and can be taken back at any time.
    assert hub_world.pull(granted_request(given))["delivery"]
    assert hub_world.withdraw(given)["state"] == "withdrawn"


def test_manager_is_frozen_too_and_confirms_nothing_himself(hub_world: World, shop: str) -> None:
    change_representative(hub_world, shop)
    with refused("delegation_frozen"):
        hub_world.grant(role="manager")
    with refused("role_not_entitled"):
        confirm_delegated(hub_world, role="manager")
    remake_licence(hub_world)
    confirm_delegated(hub_world, managers=False)
    with refused("delegation_frozen"):
        hub_world.grant(role="manager")
    confirm_delegated(hub_world)
    assert hub_world.grant(role="manager")


def test_delegation_that_was_not_confirmed_by_name_stays_frozen(hub_world: World, shop: str) -> None:
    first, second = delegate(hub_world), delegate(hub_world, item_code="other")
    change_representative(hub_world, shop)
    remake_licence(hub_world)
    confirm_delegated(hub_world, delegations=[second])
    assert (_state(hub_world, first), _state(hub_world, second)) == ("frozen", "usable")
    with refused("delegation_not_found"):
        confirm_delegated(hub_world, delegations=["0" * 64])


def test_second_change_freezes_what_was_confirmed_after_the_first(hub_world: World, shop: str) -> None:
    delegation = delegate(hub_world)
    licence = change_representative(hub_world, shop)
    remake_licence(hub_world)
    confirm_delegated(hub_world)
    change_representative(hub_world, licence, "示例戊")
    assert _state(hub_world, delegation) == "frozen"


def test_change_of_something_else_freezes_nothing(hub_world: World, shop: str) -> None:
    delegation = delegate(hub_world)
    change_representative(hub_world, shop, "示例甲")
    assert _state(hub_world, delegation) == "usable"
    assert hub_world.grant(role="agent")


def test_change_that_was_a_mistake_freezes_nothing(hub_world: World, shop: str) -> None:
    delegation = delegate(hub_world)
    mistaken = change_representative(hub_world, shop)
    hub_world.change(mistaken, "void")
    assert _state(hub_world, delegation) == "usable"


def test_agent_delegates_nothing_and_takes_back_only_what_he_gave(hub_world: World, shop: str) -> None:
    with refused("role_not_entitled"):
        delegate(hub_world, role="agent")
    delegation, given = delegate(hub_world), hub_world.grant()
    own = hub_world.grant(role="agent")
    with refused("role_not_entitled"):
        take_back(hub_world, delegation, role="agent")
    with refused("role_not_entitled"):
        hub_world.withdraw(given, role="agent")
    assert hub_world.withdraw(own, role="agent")["state"] == "withdrawn"


def test_agents_other_e_licence_is_not_the_delegates(hub_world: World, shop: str) -> None:
    delegate(hub_world)
    remake_licence(hub_world, "agent")
    with refused("delegation_needed"):
        hub_world.grant(role="agent")


def test_delegation_is_posted_once_and_as_drafted(hub_world: World, shop: str) -> None:
    signed = sign_delegation(hub_world)
    e_licence = hub_world.exchange.e_licence
    post_delegation(signed, registry=hub_world.registry, e_licence=e_licence, now=hub_world.now)
    with refused("grant_posted"):
        post_delegation(signed, registry=hub_world.registry, e_licence=e_licence, now=hub_world.now)
    with refused("grant_text"):
        hub_world.post(signed)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"licence_number": HEALTH}, "grant_holder_unknown"),
        ({"cert_serial": "XYZ"}, "grant_form"),
        ({"item_code": ""}, "grant_form"),
        ({"delegate": "示例「丙」"}, "grant_form"),
        ({"valid_until": "2020-01-01T00:00:00Z"}, "grant_form"),
        ({"valid_until": "soon"}, "grant_form"),
    ],
)
def test_delegation_that_could_not_count_is_not_drafted(
    settled_world: World, changes: dict[str, Any], code: str
) -> None:
    with refused(code):
        sign_delegation(settled_world, **changes)


def test_delegation_stops_when_the_log_is_silent_and_its_end_goes_on(hub_world: World, shop: str) -> None:
    delegation, signed = delegate(hub_world), sign_delegation(hub_world)
    hub_world.log.goes_on = False
    hub_world.now += timedelta(hours=1)
    e_licence = hub_world.exchange.e_licence
    with refused("log_silent"):
        post_delegation(signed, registry=hub_world.registry, e_licence=e_licence, now=hub_world.now)
    assert take_back(hub_world, delegation)["state"] == "withdrawn"


def test_nobody_is_delegate_for_ever(hub_world: World, shop: str) -> None:
    with refused("grant_term"):
        delegate(hub_world, valid_until=(hub_world.now + timedelta(days=400)).isoformat())
