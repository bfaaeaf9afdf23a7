"""Doors of the item catalogue: what each service item needs is put, with its difference shown first, and listed."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request

from connectors.contract import OpenTable
from hub.department.access import verify_caller
from hub.sharing.items.putting import list_items, put_items
from hub.steps.registry import Registry
from hub.web.api.receipts import Receipted
from hub.web.bodies import StrictRoute
from hub.web.callers import OrderBody, in_thread, moment, presented, verify_call
from schemas.statement import Ordered


def routes(registry: Registry, open_table: OpenTable, receipted: Receipted) -> APIRouter:
    router = APIRouter(route_class=StrictRoute, tags=["exchange 共享"])

    @router.post("/items", status_code=201, summary="Put service items and their materials 登记事项与材料")
    async def put_service_items(
        request: Request, body: OrderBody, idempotency_key: Annotated[str | None, Header()] = None
    ) -> dict[str, Any]:
        """Put `items`, or a `sheet` (base64). With `dry_run`: what would be added, changed and ended, and no more."""

        def work() -> dict[str, Any]:
            called = verify_call(request, body, act=Ordered.PUT_ITEMS, role=None, registry=registry)
            return put_items(
                body.content,
                verified=called.verified,
                system=called.caller.system,
                key=called.key,
                registry=registry,
                open_table=open_table,
                now=called.now,
            )

        answer = await in_thread(work)
        return answer if answer["dry_run"] else await receipted.answer(request, answer)

    @router.get("/items", summary="Service items and their materials 事项与材料")
    async def service_items(
        request: Request, code: Annotated[str | None, Query(min_length=1, max_length=64)] = None
    ) -> dict[str, Any]:
        """Return what each item needs today; of the item `code`, every version."""

        def work() -> dict[str, Any]:
            now = moment()
            verify_caller(presented(request), role=None, registry=registry, now=now)
            return list_items(registry=registry, now=now, code=code)

        return dict(await in_thread(work))

    return router
