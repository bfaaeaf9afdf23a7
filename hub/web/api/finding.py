"""Door of searching: a department's system looks for certificates by holder, number, place, type and state."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from hub.decisions.facts import Surroundings
from hub.department.access import verify_caller
from hub.registry.finding import find
from hub.steps.registry import Registry
from hub.store.parties import PartyReader
from hub.web.callers import in_thread, moment, presented, refuse_sandbox
from schemas.parties import Role
from schemas.search import read_search


class Filters(BaseModel):
    """What is searched for: one filter at least; several are held together."""

    name: str = Field("", description="持证主体名称（现用或曾用）的一部分，至少两个字 Parts of a name, past or present")
    number: str = Field("", description="证照编号 The certificate number, exactly")
    licence_number: str = Field("", description="统一社会信用代码 The holder's licence number")
    site: str = Field("", description="场所编码 A site's id")
    device: str = Field("", description="设备编码 A device's id")
    type: str = Field("", description="证照类型 A certificate type's code")
    state: str = Field(
        "",
        description="状态 in_force, expired, valid, suspended, withdrawn, annulled, stripped, cancelled",
    )
    issuing_body: str = Field("", description="颁发机构 An issuing body's licence number")
    after: str = Field("", description="上一页的 after As the page before gave it")


class FoundAnswer(BaseModel):
    """At most 100 certificates. `after` is what to send for more; null when there is none, however short the page."""

    mode: str
    as_of: str
    certificates: list[dict[str, Any]]
    after: str | None


def routes(registry: Registry, surroundings: Callable[[datetime], Surroundings]) -> APIRouter:
    """Return the search door; whoever may issue or pull may search what is public."""
    router = APIRouter(tags=["certificates 证照"])

    @router.get("/certificates", summary="Search for certificates 查询证照")
    async def search_certificates(request: Request, filters: Annotated[Filters, Query()]) -> FoundAnswer:
        """Current versions that fit every filter: newest first, or by holder where a holder is named."""

        def work() -> dict[str, Any]:
            now = moment()
            caller = verify_caller(
                presented(request), role=Role.PULL, other_role=Role.ISSUE, registry=registry, now=now
            )
            refuse_sandbox(caller)
            with registry.database.read() as connection:
                overrides = PartyReader(connection).overrides()
            # As they stand in the address: one that is named twice, or that nobody knows, is refused by its rule.
            given = request.query_params.multi_items()
            wanted, after = read_search(given, catalogue=registry.catalogue, overrides=overrides)
            return find(wanted, after, registry=registry, surroundings=surroundings(now), now=now)

        return FoundAnswer(**await in_thread(work))

    return router
