"""Door of references: the body of a business licence has its holder's reference retired and replaced."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel

from hub.references import read_retire_order, retire_reference
from hub.registry import Registry
from hub.web.bodies import StrictRoute
from hub.web.callers import OrderBody, in_thread, verify_call
from schemas.parties import Role
from schemas.statement import Ordered


class RetiredAnswer(BaseModel):
    """The reference that counts no more, and the one the enterprise has from now on."""

    licence_number: str
    retired: str
    reference: str
    act_id: str
    recorded_at: str


def routes(registry: Registry) -> APIRouter:
    router = APIRouter(route_class=StrictRoute, tags=["certificates 证照"])

    @router.post(
        "/references", status_code=201, summary="Retire and replace an enterprise's reference 停用并更换查询码"
    )
    async def retire_enterprise_reference(
        request: Request, body: OrderBody, idempotency_key: Annotated[str | None, Header()] = None
    ) -> RetiredAnswer:
        """Retire the reference of an enterprise whose stickers were stolen or misused; two officers have to sign."""

        def work() -> dict[str, Any]:
            called = verify_call(request, body, act=Ordered.RETIRE, role=Role.ISSUE, registry=registry)
            return retire_reference(
                read_retire_order(body.content),
                verified=called.verified,
                seconds=called.seconds,
                system=called.caller.system,
                key=called.key,
                registry=registry,
                now=called.now,
            )

        return RetiredAnswer(**await in_thread(work))

    return router
