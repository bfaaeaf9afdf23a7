"""Door of status: an issuing body's system suspends, reinstates, withdraws, annuls, strips or cancels."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel

from hub.registry.status import change_status, read_status_order
from hub.steps.registry import Registry
from hub.web.api.receipts import Receipted
from hub.web.bodies import StrictRoute
from hub.web.callers import OrderBody, verify_call
from schemas.parties import Role
from schemas.statement import Ordered


class ChangedAnswer(BaseModel):
    """The status a certificate has from now on."""

    identifier: str
    status: str
    act_id: str
    recorded_at: str
    receipt: str


def routes(registry: Registry, receipted: Receipted) -> APIRouter:
    router = APIRouter(route_class=StrictRoute, tags=["certificates 证照"])

    @router.post("/status-changes", status_code=201, summary="Change a certificate's status 变更证照状态")
    async def change_certificate_status(
        request: Request, body: OrderBody, idempotency_key: Annotated[str | None, Header()] = None
    ) -> ChangedAnswer:
        """Change one certificate's status, with ground, document and the day from which it works in law."""

        def work() -> dict[str, Any]:
            called = verify_call(request, body, act=Ordered.CHANGE_STATUS, role=Role.ISSUE, registry=registry)
            return change_status(
                read_status_order(body.content),
                verified=called.verified,
                seconds=called.seconds,
                system=called.caller.system,
                key=called.key,
                registry=registry,
                now=called.now,
            )

        return ChangedAnswer(**await receipted.perform(request, work))

    return router
