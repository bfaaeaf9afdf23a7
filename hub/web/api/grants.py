"""Doors of grants: draft the sentence, post what the enterprise signed, end it. Public: the signature is the right."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from connectors.contract import ELicence, SignedText
from hub.enterprise.grants import draft_grant, draft_withdrawal, grant_state, post_grant, withdraw_grant
from hub.steps.registry import Registry
from hub.web.api.receipts import Receipted
from hub.web.bodies import StrictRoute
from hub.web.callers import in_thread, moment
from hub.web.limits import AddressLimit
from schemas.grant_templates import load_grant_templates
from signing.base64url import decode

Identifier = Annotated[str, Field(pattern=r"^[0-9A-Z.]{1,128}$")]
Digest = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]


class GrantWish(BaseModel):
    """What a grant is to say. `types` maps certificate types to field names; times are ISO 8601 with an offset.

    Given to a `requester`, or to a `person` by name, who has it by the one-time link that comes with the draft.
    A `template` fills in what is not said; without one item, end and uses must be. `future`: what is issued later too.
    """

    model_config = ConfigDict(extra="forbid")

    licence_number: str = Field(pattern=r"^[0-9A-Z]{18}$")
    requester: str | None = Field(default=None, pattern=r"^[0-9A-Z]{18}$")
    person: str | None = Field(default=None, max_length=100)
    types: dict[str, list[str]] = Field(default={}, max_length=50)
    certificates: list[Identifier] = Field(default=[], max_length=100)
    item_code: str | None = Field(default=None, max_length=64)
    item_name: str | None = Field(default=None, max_length=128)
    case_number: str = Field(max_length=128)
    valid_from: str | None = Field(default=None, max_length=40)
    valid_until: str | None = Field(default=None, max_length=40)
    uses: int | None = Field(default=None, ge=1, le=1000)
    delegate: str | None = Field(default=None, max_length=64)
    future: bool | None = None
    template: str | None = Field(default=None, max_length=64)


class SignedBody(BaseModel):
    """A sentence as the e-licence signed it; signature and cert are base64url."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(max_length=20_000)
    algorithm: Literal["ES256", "Ed25519"]
    signature: str = Field(max_length=256)
    cert: str = Field(max_length=8_192)
    role: Literal["legal_representative", "manager", "agent"]

    def signed_text(self) -> SignedText:
        return SignedText(self.text, self.algorithm, decode(self.signature), decode(self.cert), self.role)


def routes(registry: Registry, e_licence: ELicence, limit: AddressLimit, receipted: Receipted) -> APIRouter:
    router = APIRouter(prefix="/grants", route_class=StrictRoute, tags=["grants 授权"], dependencies=[Depends(limit)])

    @router.post("/drafts", summary="Draft the sentence to sign 起草授权书")
    async def draft(wish: GrantWish) -> dict[str, Any]:
        """Return the Chinese sentence that the enterprise's e-licence signs. Nothing is stored."""
        return _answer(await in_thread(lambda: draft_grant(wish.model_dump(), registry=registry, now=moment())))

    @router.get("/templates", summary="Templates of grants 授权书模板")
    async def templates() -> dict[str, Any]:
        """Return what a `template` fills in, by its code."""
        return {code: asdict(each) for code, each in load_grant_templates().items()}

    @router.post("", status_code=201, summary="Post a signed grant 提交授权书")
    async def post(request: Request, signed: SignedBody) -> dict[str, Any]:
        """Take in a signed grant; it is named by its digest. `pending` until its signer's cert is known to be good."""
        return await receipted.perform(
            request, lambda: post_grant(signed.signed_text(), registry=registry, e_licence=e_licence, now=moment())
        )

    @router.get("/{digest}", summary="How a grant stands 授权书状态")
    async def state(digest: Digest) -> dict[str, Any]:
        """Return term, uses and state; who holds the text knows the digest."""
        return _answer(await in_thread(lambda: grant_state(digest, registry=registry, now=moment())))

    @router.get("/{digest}/withdrawal-draft", summary="Draft the sentence that ends a grant 起草撤回书")
    async def withdrawal_draft(digest: Digest) -> dict[str, Any]:
        """Return the sentence that ends this grant once it is signed."""
        return _answer(await in_thread(lambda: draft_withdrawal(digest, registry=registry)))

    @router.post("/{digest}/withdrawals", status_code=201, summary="End a grant 撤回授权")
    async def withdraw(request: Request, digest: Digest, signed: SignedBody) -> dict[str, Any]:
        """End a grant at once."""
        text = signed.signed_text()
        return await receipted.perform(
            request, lambda: withdraw_grant(digest, text, registry=registry, e_licence=e_licence, now=moment())
        )

    return router


def _answer(answer: Any) -> dict[str, Any]:
    return dict(answer)
