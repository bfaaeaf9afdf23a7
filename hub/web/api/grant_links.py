"""Doors of one-time links: a person drafts the opening, confirms it at the sign-in service, and has the copies.

The link's code comes in a body, never in an address: addresses are written down on the way.
"""

from typing import Any

from fastapi import APIRouter, Depends, Request
from pydantic import ConfigDict, Field

from connectors.contract import PersonSignIn
from hub.documents.downloads import delivery_token
from hub.enterprise.grant_links import draft_opening, open_link
from hub.sharing.exchange import pull
from hub.steps.consent.applications import request_under_grant
from hub.steps.registry import Registry
from hub.steps.sharing.delivery import Exchange
from hub.web.api.grant_requests import ShownCode
from hub.web.api.receipts import Receipted
from hub.web.bodies import StrictRoute
from hub.web.callers import in_thread, moment
from hub.web.limits import AddressLimit
from schemas.exchange import PullRequest


class OpeningBody(ShownCode):
    """The link's code, the drafted sentence, and the sign-in service's proof that a person confirmed it."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(max_length=4_096)
    proof: str = Field(max_length=8_192)


def routes(
    registry: Registry, exchange: Exchange, persons: PersonSignIn, limit: AddressLimit, receipted: Receipted
) -> APIRouter:
    router = APIRouter(
        prefix="/grant-links", route_class=StrictRoute, tags=["grants 授权"], dependencies=[Depends(limit)]
    )

    @router.post("/drafts", summary="Draft the opening of a link 起草链接查阅申请书")
    async def draft(shown: ShownCode) -> dict[str, Any]:
        """Return the sentence that a person confirms when signing in. Nothing is looked up or stored."""
        return dict(await in_thread(lambda: draft_opening(shown.code, registry=registry, now=moment())))

    @router.post("/openings", status_code=201, summary="Open a link 打开一次性链接")
    async def post(request: Request, body: OpeningBody) -> dict[str, Any]:
        """Deliver what the grant gives to the person it names, once; `token` opens the copies of the delivery."""

        def work() -> dict[str, Any]:
            _, answer = open_and_pull(
                body.code, body.text, body.proof, registry=registry, exchange=exchange, persons=persons
            )
            return answer

        return await receipted.perform(request, work)

    return router


def open_and_pull(
    code: str, text: str, proof: str, *, registry: Registry, exchange: Exchange, persons: PersonSignIn
) -> tuple[PullRequest, dict[str, Any]]:
    """Open a link; return what its grant gives and the delivery of it. The same text and proof give the same answer."""
    now = moment()
    opened = open_link(code, text, proof, registry=registry, persons=persons, now=now)
    asked = request_under_grant(opened.grant, registry=registry)
    answer = pull(
        asked,
        verified=opened.verified,
        system=opened.system,
        officer=None,
        key=opened.verified.digest,
        registry=registry,
        exchange=exchange,
        now=now,
    )
    token = delivery_token(answer["delivery"], registry) if answer["delivery"] else None
    return asked, answer | {"token": token}
