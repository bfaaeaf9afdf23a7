"""Door of the sharing table: a department reads the lines it asks for or provides; the operator reads all."""

from typing import Any

from fastapi import APIRouter, Request

from hub.access import verify_caller
from hub.pull_reviews import list_reviews, list_waiting
from hub.registry import Registry
from hub.sharing import list_rules
from hub.web.bodies import StrictRoute
from hub.web.callers import in_thread, moment, presented


def routes(registry: Registry) -> APIRouter:
    router = APIRouter(route_class=StrictRoute, tags=["exchange 共享"])

    @router.get("/sharing-rules", summary="Lines of the sharing table 共享规则")
    async def sharing_rules(request: Request) -> dict[str, Any]:
        """Return every version of the lines this department asks for or provides, with what the providers said."""

        def work() -> dict[str, Any]:
            now = moment()
            system = verify_caller(presented(request), role=None, registry=registry, now=now).system
            return list_rules(system, registry=registry)

        return dict(await in_thread(work))

    @router.get("/pull-reviews", summary="Reviews of statutory pulls 依职能调用复核")
    async def pull_reviews(request: Request, *, waiting: bool = False) -> dict[str, Any]:
        """Return the newest reviews this department makes, or that are made of its pulls; or those it is to answer."""

        def work() -> dict[str, Any]:
            now = moment()
            system = verify_caller(presented(request), role=None, registry=registry, now=now).system
            return (list_waiting if waiting else list_reviews)(system, registry=registry)

        return dict(await in_thread(work))

    return router
