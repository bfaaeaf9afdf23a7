"""Doors of exchange: a requester's system pulls certificates for a case, or compares values with one."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request

from hub.sharing.exchange import compare, pull
from hub.sharing.predicates import ask_predicate
from hub.steps.registry import Registry
from hub.steps.sharing.delivery import Exchange
from hub.web.api.receipts import Receipted
from hub.web.bodies import StrictRoute
from hub.web.callers import Called, RequestBody, verify_call
from schemas.exchange import read_comparison, read_pull_request
from schemas.parties import Role
from schemas.predicates import read_question
from schemas.statement import Ordered


def routes(registry: Registry, exchange: Exchange, receipted: Receipted) -> APIRouter:
    router = APIRouter(route_class=StrictRoute, tags=["exchange 共享"])

    def collaborators(called: Called) -> dict[str, Any]:
        return {
            "verified": called.verified,
            "system": called.caller.system,
            "officer": called.officer,
            "key": called.key,
            "registry": registry,
            "exchange": exchange,
            "now": called.now,
        }

    @router.post("/pulls", summary="Pull verified certificates 调用证照")
    async def pull_certificates(
        request: Request, body: RequestBody, idempotency_key: Annotated[str | None, Header()] = None
    ) -> dict[str, Any]:
        """Hand over the certificates a statement asks for: one holder, several types, one delivery, one use.

        With `by_item` and no `wanted`: what the item needs, which of it is missing and why, and what fills its form.
        """

        def work() -> dict[str, Any]:
            called = verify_call(request, body, act=Ordered.PULL, role=Role.PULL, registry=registry)
            return pull(read_pull_request(called.verified.statement.request or {}), **collaborators(called))

        return await receipted.perform(request, work)

    @router.post("/comparisons", summary="Compare values without a copy 比对")
    async def compare_values(
        request: Request, body: RequestBody, idempotency_key: Annotated[str | None, Header()] = None
    ) -> dict[str, Any]:
        """Say once, for the whole set of values, whether they are those of the holder's certificate."""

        def work() -> dict[str, Any]:
            called = verify_call(request, body, act=Ordered.COMPARE, role=Role.PULL, registry=registry)
            return compare(read_comparison(called.verified.statement.request or {}), **collaborators(called))

        return await receipted.perform(request, work)

    @router.post("/predicates", summary="Ask a yes-or-no question 核对判断")
    async def ask_a_predicate(
        request: Request, body: RequestBody, idempotency_key: Annotated[str | None, Header()] = None
    ) -> dict[str, Any]:
        """Answer one question that the item lists with a signed yes, no or unknown; nothing else is handed over."""

        def work() -> dict[str, Any]:
            called = verify_call(request, body, act=Ordered.ASK_PREDICATE, role=Role.PULL, registry=registry)
            return ask_predicate(read_question(called.verified.statement.request or {}), **collaborators(called))

        return await receipted.perform(request, work)

    return router
