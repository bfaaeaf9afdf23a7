"""Door of issuance: an issuing body's system orders one certificate."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel

from hub.registry.issuance import issue
from hub.steps.registry import Registry, Sealers
from hub.store.parties import AdmittedNumbers
from hub.web.api.receipts import Receipted
from hub.web.bodies import StrictRoute
from hub.web.callers import OrderBody, verify_call
from schemas.order import read_order
from schemas.parties import Role
from schemas.statement import Ordered


class IssuedAnswer(BaseModel):
    """One certificate that was made. The references open `/c/…` (this version) and `/q/…` (its holder)."""

    identifier: str
    reference: str
    holder_reference: str
    version: int
    act_id: str
    payload_sha256: str
    receipt: str


def routes(registry: Registry, sealers: Sealers, receipted: Receipted) -> APIRouter:
    router = APIRouter(route_class=StrictRoute, tags=["certificates 证照"])

    @router.post("/certificates", status_code=201, summary="Issue a certificate 颁发证照")
    async def issue_certificate(
        request: Request, body: OrderBody, idempotency_key: Annotated[str | None, Header()] = None
    ) -> IssuedAnswer:
        """Seal and store one certificate, or its next version, by an `issue` statement of the body's system."""

        def work() -> dict[str, Any]:
            called = verify_call(request, body, act=Ordered.ISSUE, role=Role.ISSUE, registry=registry)
            admitted = AdmittedNumbers(registry.database)
            order = read_order(body.content, catalogue=registry.catalogue, overrides=admitted)
            return issue(
                order,
                verified=called.verified,
                seconds=called.seconds,
                system=called.caller.system,
                key=called.key,
                registry=registry,
                sealers=sealers,
                now=called.now,
            )

        return IssuedAnswer(**await receipted.perform(request, work))

    return router
