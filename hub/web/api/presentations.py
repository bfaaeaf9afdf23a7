"""Doors of presentation codes: the enterprise presents and confirms, a department's officer redeems what is shown."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from pydantic import BaseModel, ConfigDict, Field

from connectors.contract import ELicence
from hub.enterprise.presentations import (
    confirm,
    draft_confirmation,
    draft_presentation,
    post_presentation,
    presentation_state,
    redeem,
)
from hub.steps.registry import Registry
from hub.web.api.grants import Digest, Identifier, SignedBody
from hub.web.api.receipts import Receipted
from hub.web.bodies import StrictRoute
from hub.web.callers import RequestBody, in_thread, moment, verify_call
from hub.web.limits import AddressLimit
from schemas.exchange import read_redemption
from schemas.parties import Role
from schemas.statement import Ordered


class PresentationWish(BaseModel):
    """What is to be shown; `requester` is a department named before, without which the holder confirms who asks."""

    model_config = ConfigDict(extra="forbid")

    licence_number: str = Field(pattern=r"^[0-9A-Z]{18}$")
    requester: str | None = Field(default=None, pattern=r"^[0-9A-Z]{18}$")
    types: dict[str, list[str]] = Field(default={}, max_length=50)
    certificates: list[Identifier] = Field(default=[], max_length=100)


class RedemptionBody(RequestBody):
    """A statement with what is asked, and beside it the code as shown: a QR's text, or eight digits."""

    code: str = Field(max_length=64)


def routes(registry: Registry, e_licence: ELicence, limit: AddressLimit, receipted: Receipted) -> APIRouter:
    router = APIRouter(route_class=StrictRoute, tags=["presentations 出示"])
    public = [Depends(limit)]

    @router.post("/presentations/drafts", summary="Draft what is to be shown 起草出示授权书", dependencies=public)
    async def draft(wish: PresentationWish) -> dict[str, Any]:
        """Return the Chinese sentence that the enterprise's e-licence signs. Nothing is stored."""
        drafted = await in_thread(lambda: draft_presentation(wish.model_dump(), registry=registry, now=moment()))
        return dict(drafted)

    @router.post("/presentations", status_code=201, summary="Present, and get the code 取得出示码", dependencies=public)
    async def post(request: Request, signed: SignedBody) -> dict[str, Any]:
        """Take in what was signed and return its code, this once: text for a QR, and eight digits."""
        text = signed.signed_text()
        return await receipted.perform(
            request, lambda: post_presentation(text, registry=registry, e_licence=e_licence, now=moment())
        )

    @router.get("/presentations/{digest}", summary="How a presentation stands 出示状态", dependencies=public)
    async def state(digest: Digest) -> dict[str, Any]:
        """Return its state: open, unconfirmed, released, used, killed, withdrawn or ended."""
        return dict(await in_thread(lambda: presentation_state(digest, registry=registry, now=moment())))

    @router.get(
        "/presentations/{digest}/confirmation-draft", summary="Draft the confirmation 起草确认书", dependencies=public
    )
    async def confirmation_draft(digest: Digest) -> dict[str, Any]:
        """Return the sentence that says who asks, at which window and for which fields, to be signed or not."""
        return dict(await in_thread(lambda: draft_confirmation(digest, registry=registry)))

    @router.post(
        "/presentations/{digest}/confirmations", status_code=201, summary="Confirm who asks 确认出示",
        dependencies=public,
    )  # fmt: skip
    async def post_confirmation(request: Request, digest: Digest, signed: SignedBody) -> dict[str, Any]:
        """Release what is shown to who asked."""
        text = signed.signed_text()
        return await receipted.perform(
            request, lambda: confirm(digest, text, registry=registry, e_licence=e_licence, now=moment())
        )

    @router.post("/redemptions", status_code=201, summary="Redeem a presentation code 核销出示码")
    async def post_redemption(
        request: Request, body: RedemptionBody, idempotency_key: Annotated[str | None, Header()] = None
    ) -> dict[str, Any]:
        """Ask with a code an enterprise shows; wrong digits are counted. Pull on `presentation` once it is released."""

        def work() -> dict[str, Any]:
            called = verify_call(request, body, act=Ordered.REDEEM, role=Role.PULL, registry=registry)
            return redeem(
                read_redemption(called.verified.statement.request or {}),
                body.code,
                verified=called.verified,
                system=called.caller.system,
                officer=called.officer,
                key=called.key,
                registry=registry,
                e_licence=e_licence,
                now=called.now,
            )

        return await receipted.perform(request, work)

    return router
