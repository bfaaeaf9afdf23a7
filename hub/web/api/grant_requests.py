"""Doors of requests for grants: a department asks, the holder reads, signs or refuses, the department sees the answer.

The code comes in a body, never in an address: addresses are written down on the way.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from connectors.contract import ELicence
from hub.department.access import verify_caller
from hub.enterprise.grant_requests import (
    ask_for_grant,
    draft_asking,
    post_asking,
    read_request,
    refuse_request,
    request_state,
    request_state_by_token,
    sign_request,
)
from hub.steps.registry import Registry
from hub.web.api.grants import SignedBody
from hub.web.api.receipts import Receipted
from hub.web.bodies import StrictRoute
from hub.web.callers import OrderBody, in_thread, moment, presented, verify_call
from hub.web.limits import AddressLimit
from schemas.parties import Role
from schemas.statement import Ordered

Name = Annotated[str, Path(pattern="^[0-9A-Za-z_-]{1,64}$")]


class ShownCode(BaseModel):
    """The code of a request, as scanned."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(max_length=64)


class AskingWish(BaseModel):
    """What an enterprise asks of holders; a `template` fills in what is not said."""

    model_config = ConfigDict(extra="forbid")

    licence_number: str = Field(pattern=r"^[0-9A-Z]{18}$")
    holders: list[Annotated[str, Field(pattern=r"^[0-9A-Z]{18}$")]] = Field(min_length=1, max_length=20)
    types: dict[str, list[str]] | None = Field(default=None, max_length=50)
    item_code: str | None = Field(default=None, max_length=64)
    item_name: str | None = Field(default=None, max_length=128)
    case_number: str = Field(max_length=128)
    valid_until: str | None = Field(default=None, max_length=40)
    uses: int | None = Field(default=None, ge=1, le=1000)
    future: bool | None = None
    template: str | None = Field(default=None, max_length=64)


class AnsweredBody(SignedBody):
    """What the e-licence signed upon a request, and the request's code."""

    code: str = Field(max_length=64)


def routes(registry: Registry, e_licence: ELicence, limit: AddressLimit, receipted: Receipted) -> APIRouter:
    router = APIRouter(route_class=StrictRoute, tags=["grant requests 授权请求"])
    public = [Depends(limit)]

    @router.post("/grant-requests", status_code=201, summary="Ask for a grant 请求授权")
    async def ask(
        request: Request, body: OrderBody, idempotency_key: Annotated[str | None, Header()] = None
    ) -> dict[str, Any]:
        """Keep a request that is filled in, and return its code and link for the holder, this once."""

        def work() -> dict[str, Any]:
            called = verify_call(request, body, act=Ordered.REQUEST_GRANT, role=Role.PULL, registry=registry)
            return ask_for_grant(
                body.content,
                verified=called.verified,
                system=called.caller.system,
                key=called.key,
                registry=registry,
                now=called.now,
            )

        return await receipted.perform(request, work)

    @router.get("/grant-requests/{name}", summary="How a request was answered 请求的结果")
    async def state(request: Request, name: Name) -> dict[str, Any]:
        """Return each holder's answer, and the grant where it signed, to who asked.

        A department shows its access token and proof, an enterprise the token of its request (Authorization: Bearer).
        """

        def work() -> dict[str, Any]:
            now = moment()
            scheme, _, token = request.headers.get("authorization", "").partition(" ")
            if scheme.lower() == "bearer":
                return request_state_by_token(name, token, registry=registry, now=now)
            caller = verify_caller(presented(request), role=Role.PULL, registry=registry, now=now)
            return request_state(name, system=caller.system, registry=registry, now=now)

        return dict(await in_thread(work))

    @router.post("/grant-requests/drafts", summary="Draft an enterprise's request 起草授权请求书", dependencies=public)
    async def draft(wish: AskingWish) -> dict[str, Any]:
        """Return the sentence by which an enterprise asks, to be signed by its e-licence. Nothing is stored."""
        asked = {name: value for name, value in wish.model_dump().items() if value is not None}
        return dict(await in_thread(lambda: draft_asking(asked, registry=registry, now=moment())))

    @router.post(
        "/grant-requests/askings", status_code=201, summary="Ask as an enterprise 市场主体请求授权", dependencies=public
    )
    async def post_signed(request: Request, signed: SignedBody) -> dict[str, Any]:
        """Keep an enterprise's request; return its code and link for the holders, and the token for the answers."""
        text = signed.signed_text()
        return await receipted.perform(
            request, lambda: post_asking(text, registry=registry, e_licence=e_licence, now=moment())
        )

    @router.post("/grant-requests/readings", summary="Read a request 查看请求", dependencies=public)
    async def read(shown: ShownCode) -> dict[str, Any]:
        """Return who asks for what, and the next holder's sentences, to sign or to refuse. Nothing is stored."""
        return dict(await in_thread(lambda: read_request(shown.code, registry=registry, now=moment())))

    @router.post(
        "/grant-requests/signatures", status_code=201, summary="Sign what was asked 签署授权", dependencies=public
    )
    async def sign(request: Request, body: AnsweredBody) -> dict[str, Any]:
        """Take in the signed grant; `next` names the holder that is asked after this one."""
        text = body.signed_text()
        return await receipted.perform(
            request, lambda: sign_request(body.code, text, registry=registry, e_licence=e_licence, now=moment())
        )

    @router.post(
        "/grant-requests/refusals", status_code=201, summary="Refuse what was asked 拒绝请求", dependencies=public
    )
    async def refuse(request: Request, body: AnsweredBody) -> dict[str, Any]:
        """Keep the signed refusal; the department that asked sees it."""
        text = body.signed_text()
        return await receipted.perform(
            request, lambda: refuse_request(body.code, text, registry=registry, e_licence=e_licence, now=moment())
        )

    return router
