"""Doors of ending all at once: the sentence, and what the enterprise signed. The window's order is among the orders."""

from typing import Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from connectors.contract import ELicence
from hub.enterprise.endings import draft_ending, end_all
from hub.steps.registry import Registry
from hub.web.api.grants import SignedBody
from hub.web.api.receipts import Receipted
from hub.web.bodies import StrictRoute
from hub.web.callers import in_thread, moment
from hub.web.limits import AddressLimit


class EndingWish(BaseModel):
    """Whose, and since when (ISO 8601 with an offset); from the beginning when it is left out."""

    model_config = ConfigDict(extra="forbid")

    licence_number: str = Field(pattern=r"^[0-9A-Z]{18}$")
    since: str | None = Field(default=None, max_length=40)


def routes(registry: Registry, e_licence: ELicence, limit: AddressLimit, receipted: Receipted) -> APIRouter:
    router = APIRouter(route_class=StrictRoute, tags=["grants 授权"], dependencies=[Depends(limit)])

    @router.post("/endings/drafts", summary="Draft the end of all 起草一键收回书")
    async def draft(wish: EndingWish) -> dict[str, Any]:
        """Return the sentence that ends all that was given since then. Nothing is stored."""
        return dict(await in_thread(lambda: draft_ending(wish.model_dump(), registry=registry)))

    @router.post("/endings", status_code=201, summary="End all that was given 一键收回")
    async def post(request: Request, signed: SignedBody) -> dict[str, Any]:
        """End grants, codes, delegations, requests and downloads at once, and list what was pulled since then."""
        text = signed.signed_text()
        return await receipted.perform(
            request, lambda: end_all(text, registry=registry, e_licence=e_licence, now=moment())
        )

    return router
