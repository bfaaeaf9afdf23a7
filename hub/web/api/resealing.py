"""Door of resealing: an issuing body has records sealed again that a key put in doubt."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel

from hub.registry.resealing import Sealing, read_reseal_order, reseal
from hub.steps.registry import Registry
from hub.web.bodies import StrictRoute
from hub.web.callers import OrderBody, in_thread, verify_call
from schemas.statement import Ordered


class Resealed(BaseModel):
    """One record that has another seal now; `act_id` names the act, whose receipt there is at `/receipts/…`."""

    identifier: str
    act_id: str


class ResealingAnswer(BaseModel):
    """What an order sealed again, and how many records wait for the next one: 200 says 200 or more."""

    resealed: list[Resealed]
    left: int


def routes(registry: Registry, sealing: Sealing) -> APIRouter:
    router = APIRouter(route_class=StrictRoute, tags=["certificates 证照"])

    @router.post("/resealings", status_code=201, summary="Seal records again 重新签章")
    async def reseal_records(
        request: Request, body: OrderBody, idempotency_key: Annotated[str | None, Header()] = None
    ) -> ResealingAnswer:
        """Put a second seal beside the first on what falls under a key that is over, by a `reseal` statement."""

        def work() -> dict[str, Any]:
            called = verify_call(request, body, act=Ordered.RESEAL, role=None, registry=registry)
            return reseal(
                read_reseal_order(body.content),
                verified=called.verified,
                seconds=called.seconds,
                system=called.caller.system,
                key=called.key,
                registry=registry,
                sealing=sealing,
                now=called.now,
            )

        return ResealingAnswer(**await in_thread(work))

    return router
