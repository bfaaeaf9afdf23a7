"""The first page of an enterprise that signed in: who it is, the ways to all it can do, and whose else one is here.

An agent has all his principals before him: each enterprise he signed in for in this browser, with what is due there.
"""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from hub.enterprise.open_requests import MOST_COUNTED, count_open_requests
from hub.steps.certificates.renewals import ending_soon
from hub.steps.sessions import Session
from hub.store.enterprise import EnterpriseReader
from hub.web.callers import in_thread, moment
from hub.web.enterprise.desk import Desk
from hub.web.enterprise.entrance import HOME
from hub.web.sessions import Visit


def routes(desk: Desk) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @desk.guard.page
    async def home(visit: Visit) -> Response:
        def read() -> dict[str, Any]:
            own = _described(visit.session, desk)
            return {
                "holder": own,
                "most_counted": MOST_COUNTED,
                "others": [_described(each, desk) for each in visit.beside],
            }

        return desk.guard.show(visit, "enterprise_home", {**await in_thread(read), "place": "home"})

    router.add_api_route(HOME, home, methods=["GET"])
    return router


def _described(session: Session, desk: Desk) -> dict[str, Any]:
    with desk.registry.database.read() as connection:
        found = EnterpriseReader(connection).get(session.party)
    return {
        "party": session.party,
        "role": session.stored.role,
        "name": found.name if found else "",
        "reference": found.reference if found else "",
        "ends_soon": ending_soon(session.party, registry=desk.registry, now=moment()),
        "requests": count_open_requests(session.party, agent=session.agent, registry=desk.registry, now=moment()),
    }
