"""The first page of an enterprise that signed in: who it is, in which role, and the ways to all it can do here."""

from fastapi import APIRouter
from fastapi.responses import Response

from hub.registry import Registry
from hub.store.enterprise import EnterpriseReader
from hub.web.callers import in_thread
from hub.web.enterprise.entrance import HOME
from hub.web.sessions import Guard, Visit


def routes(registry: Registry, guard: Guard) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @guard.page
    async def home(visit: Visit) -> Response:
        def read() -> dict[str, str]:
            with registry.database.read() as connection:
                found = EnterpriseReader(connection).get(visit.session.party)
            return {"name": found.name if found else "", "reference": found.reference if found else ""}

        return guard.show(visit, "enterprise_home", {"holder": await in_thread(read)})

    router.add_api_route(HOME, home, methods=["GET"])
    return router
