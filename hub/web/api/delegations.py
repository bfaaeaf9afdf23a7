"""Doors of delegations: draft, post, end, confirm after a change of representative. The signature is the right."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from connectors.contract import ELicence
from hub.enterprise.delegations import (
    confirm_delegations,
    delegation_state,
    draft_delegation,
    draft_delegation_confirmation,
    draft_delegation_withdrawal,
    post_delegation,
    withdraw_delegation,
)
from hub.steps.registry import Registry
from hub.web.api.grants import Digest, SignedBody
from hub.web.api.receipts import Receipted
from hub.web.bodies import StrictRoute
from hub.web.callers import in_thread, moment
from hub.web.limits import AddressLimit


class DelegationWish(BaseModel):
    """What is to be delegated: to whose e-licence (the serial of its cert, in hex), in which matter, until when."""

    model_config = ConfigDict(extra="forbid")

    licence_number: str = Field(pattern=r"^[0-9A-Z]{18}$")
    delegate: str = Field(max_length=100)
    cert_serial: str = Field(pattern=r"^[0-9a-f]{1,40}$")
    item_code: str = Field(max_length=64)
    item_name: str = Field(max_length=200)
    valid_from: str | None = Field(default=None, max_length=40)
    valid_until: str = Field(max_length=40)


class ConfirmationWish(BaseModel):
    """Which delegations go on; all that stand where none are named."""

    model_config = ConfigDict(extra="forbid")

    licence_number: str = Field(pattern=r"^[0-9A-Z]{18}$")
    delegations: list[Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]] | None = Field(default=None, max_length=200)
    managers: bool = True


def routes(registry: Registry, e_licence: ELicence, limit: AddressLimit, receipted: Receipted) -> APIRouter:
    router = APIRouter(route_class=StrictRoute, tags=["delegations 委托"], dependencies=[Depends(limit)])

    @router.post("/delegations/drafts", summary="Draft a delegation 起草委托书")
    async def draft(wish: DelegationWish) -> dict[str, Any]:
        """Return the sentence that lets an agent give and show for the enterprise. Nothing is stored."""
        return dict(await in_thread(lambda: draft_delegation(wish.model_dump(), registry=registry, now=moment())))

    @router.post("/delegations", status_code=201, summary="Post a signed delegation 提交委托书")
    async def post(request: Request, signed: SignedBody) -> dict[str, Any]:
        """Take in a signed delegation; it is named by its digest."""
        text = signed.signed_text()
        return await receipted.perform(
            request, lambda: post_delegation(text, registry=registry, e_licence=e_licence, now=moment())
        )

    @router.get("/delegations/{digest}", summary="How a delegation stands 委托书状态")
    async def state(digest: Digest) -> dict[str, Any]:
        """Return term and state: usable, frozen, withdrawn or ended."""
        return dict(await in_thread(lambda: delegation_state(digest, registry=registry, now=moment())))

    @router.get("/delegations/{digest}/withdrawal-draft", summary="Draft its end 起草委托撤回书")
    async def withdrawal_draft(digest: Digest) -> dict[str, Any]:
        """Return the sentence that ends this delegation once it is signed."""
        return dict(await in_thread(lambda: draft_delegation_withdrawal(digest, registry=registry)))

    @router.post("/delegations/{digest}/withdrawals", status_code=201, summary="End a delegation 撤回委托")
    async def withdraw(request: Request, digest: Digest, signed: SignedBody) -> dict[str, Any]:
        """End a delegation at once, and with it what was given under it."""
        text = signed.signed_text()
        return await receipted.perform(
            request, lambda: withdraw_delegation(digest, text, registry=registry, e_licence=e_licence, now=moment())
        )

    @router.post("/delegation-confirmations/drafts", summary="Draft a confirmation 起草委托确认书")
    async def confirmation_draft(wish: ConfirmationWish) -> dict[str, Any]:
        """Return the sentence by which a new legal representative lets delegations go on."""
        return dict(
            await in_thread(lambda: draft_delegation_confirmation(wish.model_dump(), registry=registry, now=moment()))
        )

    @router.post("/delegation-confirmations", status_code=201, summary="Confirm delegations 确认委托")
    async def confirm(request: Request, signed: SignedBody) -> dict[str, Any]:
        """Let the delegations that were named go on after a change of legal representative."""
        text = signed.signed_text()
        return await receipted.perform(
            request, lambda: confirm_delegations(text, registry=registry, e_licence=e_licence, now=moment())
        )

    return router
