"""Door of erasure: an issuing body's system has one field of one record forgotten."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel

from hub.registry.erasure import erase, read_erasure_order
from hub.steps.registry import Registry
from hub.store.files import DocumentFiles
from hub.web.api.receipts import Receipted
from hub.web.bodies import StrictRoute
from hub.web.callers import OrderBody, verify_call
from schemas.parties import Role
from schemas.statement import Ordered


class ErasedAnswer(BaseModel):
    """What was erased; `still_told_by` are other versions of the certificate that hold the same."""

    identifier: str
    field: str
    act_id: str
    recorded_at: str
    documents_erased: int
    still_told_by: list[str]
    receipt: str


def routes(registry: Registry, files: DocumentFiles, receipted: Receipted) -> APIRouter:
    router = APIRouter(route_class=StrictRoute, tags=["certificates 证照"])

    @router.post("/erasures", status_code=201, summary="Erase one field of a certificate 删除证照的一项内容")
    async def erase_field(
        request: Request, body: OrderBody, idempotency_key: Annotated[str | None, Header()] = None
    ) -> ErasedAnswer:
        """Forget one field of one certificate version for good; two officers sign. Seal and evidence stay valid."""

        def work() -> dict[str, Any]:
            called = verify_call(request, body, act=Ordered.ERASE, role=Role.ISSUE, registry=registry)
            return erase(
                read_erasure_order(body.content),
                verified=called.verified,
                seconds=called.seconds,
                system=called.caller.system,
                key=called.key,
                registry=registry,
                files=files,
                now=called.now,
            )

        return ErasedAnswer(**await receipted.perform(request, work))

    return router
