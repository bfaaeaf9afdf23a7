"""What an enterprise's own pages read and begin, on both databases: sessions, and what it gave by state and key."""

from datetime import timedelta
from typing import Any

import pytest

from connectors.contract import SignerRole
from hub.enterprise.grants import own_grant, own_grants
from hub.enterprise.sign_in import draft_sign_in, sign_in
from hub.steps.sessions import Session, session_of
from hub.store.grant import GrantReader
from tests.flows.grant_world import cert_serial, delegate, present
from tests.flows.refusals import refused
from tests.flows.world import OTHER_SHOP, SHOP, World, food_order, granted_request, licence_order

_ON_ONE = pytest.mark.parametrize("unchecked_world", ["sqlite"], indirect=True)


@pytest.fixture
def giving_world(hub_world: World) -> World:
    hub_world.issue(licence_order())
    hub_world.issue(food_order())
    hub_world.make_licence()
    return hub_world


def signed_in(world: World, role: SignerRole = "legal_representative") -> Session:
    text = draft_sign_in({"licence_number": SHOP}, registry=world.registry, now=world.now)["text"]
    signed = world.simulator.sign(SHOP, text, role)
    began = sign_in(signed, registry=world.registry, e_licence=world.exchange.e_licence, now=world.now)
    return session_of(began.token, registry=world.registry, now=world.now)


def listed(world: World, which: str, agent: str | None = None) -> list[str]:
    found: dict[str, Any] = own_grants(SHOP, which, agent=agent, after=None, registry=world.registry, now=world.now)
    return [each["digest"] for each in found["grants"]]


@_ON_ONE
def test_a_sign_in_is_an_act_and_its_session_knows_an_agent_by_his_cert(giving_world: World) -> None:
    giving_world.make_licence(role="agent")
    assert signed_in(giving_world).agent is None
    assert signed_in(giving_world, "agent").agent == cert_serial(giving_world)


def test_grants_are_listed_by_what_became_of_them(giving_world: World) -> None:
    used, ended = giving_world.grant(uses=1), giving_world.grant(uses=2)
    giving_world.pull(granted_request(used))
    live = giving_world.grant(uses=3, valid_until=(giving_world.now + timedelta(days=300)).isoformat())
    present(giving_world)
    giving_world.pass_days(200)
    assert (listed(giving_world, "live"), listed(giving_world, "used")) == ([live], [used])
    assert listed(giving_world, "over") == [ended]


@_ON_ONE
def test_an_agent_finds_what_he_gave_and_nobody_elses(giving_world: World) -> None:
    giving_world.make_licence(role="agent")
    delegate(giving_world)
    own, other = giving_world.grant(role="agent"), giving_world.grant()
    agent = cert_serial(giving_world)
    assert listed(giving_world, "live", agent) == [own]
    with refused("grant_not_found"):
        own_grant(other, SHOP, agent=agent, registry=giving_world.registry, now=giving_world.now)
    with refused("grant_not_found"):
        own_grant(own, OTHER_SHOP, agent=None, registry=giving_world.registry, now=giving_world.now)


def test_grants_are_paged_by_key(giving_world: World) -> None:
    digests = {giving_world.grant(uses=each) for each in (1, 2, 3)}
    with giving_world.registry.database.read() as connection:
        reader, now = GrantReader(connection), giving_world.now
        first = reader.page(SHOP, "live", signer=None, behind=None, most=2, now=now)
        place = (first[-1].recorded_at, first[-1].digest)
        rest = reader.page(SHOP, "live", signer=None, behind=place, most=2, now=now)
    assert (len(first), len(rest)) == (2, 1)
    assert {each.digest for each in (*first, *rest)} == digests
