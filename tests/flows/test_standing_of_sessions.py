"""Stories of sessions that end because the right they began with is gone."""

from datetime import timedelta

from hub.enterprise.sign_in import check_standing, draft_sign_in, sign_in
from hub.steps.sessions import Session, session_of
from tests.flows.grant_world import change_representative
from tests.flows.refusals import refused
from tests.flows.world import SHOP, World, licence_order


def signed_in(world: World) -> Session:
    drafted = draft_sign_in({"licence_number": SHOP}, registry=world.registry, now=world.now)
    signed = world.simulator.sign(SHOP, drafted["text"], "legal_representative")
    began = sign_in(signed, registry=world.registry, e_licence=world.exchange.e_licence, now=world.now)
    return session_of(began.token, registry=world.registry, now=world.now)


def check(world: World, session: Session) -> None:
    check_standing(session, registry=world.registry, e_licence=world.exchange.e_licence, now=world.now)


def test_another_representative_ends_what_the_former_one_began(hub_world: World) -> None:
    licence = hub_world.issue(licence_order())["identifier"]
    hub_world.make_licence()
    held = signed_in(hub_world)
    check(hub_world, held)
    hub_world.now += timedelta(seconds=5)
    change_representative(hub_world, licence)
    with refused("session_ended"):
        check(hub_world, held)
    hub_world.now += timedelta(seconds=5)
    check(hub_world, signed_in(hub_world))
