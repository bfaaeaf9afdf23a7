"""The first page of an officer: what waits for the department, and where he is signed in."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from hub.department.tasks import count_open
from hub.steps.registry import Registry
from hub.steps.sessions import leave_everywhere, sessions_of_officer
from hub.store.parties import PartyReader
from hub.web.callers import in_thread, moment
from hub.web.department.showing import HOME, department_of, show
from hub.web.sessions import Guard, Visit


def routes(registry: Registry, guard: Guard) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @guard.page
    async def home(visit: Visit) -> Response:
        return show(guard, visit, "department_home", "home", await in_thread(_shown, visit, registry))

    @guard.page
    async def left(visit: Visit) -> Response:
        await in_thread(lambda: leave_everywhere(visit.session, registry=registry, now=moment()))
        return guard.let_out(visit.language)

    router.add_api_route(HOME, home, methods=["GET"])
    router.add_api_route(f"{HOME}/sign-out-everywhere", left, methods=["POST"])
    return router


def _shown(visit: Visit, registry: Registry) -> dict[str, Any]:
    now, stored = moment(), visit.session.stored
    with registry.database.read() as connection:
        department = PartyReader(connection).department(stored.party)
    return {
        "department": {"name_zh": department.name_zh if department else stored.party},
        "open_tasks": count_open(department_of(visit), registry=registry),
        "sessions": [
            {
                "started_at": each.started_at.isoformat(),
                "terminal": each.terminal,
                "is_this": each.token_sha256 == stored.token_sha256,
            }
            for each in sessions_of_officer(visit.session, registry=registry, now=now)
        ],
    }
