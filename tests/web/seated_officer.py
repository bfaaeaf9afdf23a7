"""An officer who sits at a browser, as if he had signed in."""

import httpx

from hub.steps.orders.persons import persons_here
from hub.steps.sessions import open_session
from hub.web.callers import moment
from tests.flows.world import World


def seat(client: httpx.Client, world: World, party: str, officer: str) -> None:
    """Sign an officer in."""
    token = world.registry.database.write(
        lambda connection: open_session(
            connection, party, officer=officer, term=world.registry.terms.session_term, registry=world.registry,
            now=moment(),
        )
    )  # fmt: skip
    client.cookies.set("yizhao-department", token, domain="127.0.0.1")


def operator_officer(world: World, duty: str) -> str:
    return next(each.number for each in persons_here(world.keys) if str(each.duty) == duty)
