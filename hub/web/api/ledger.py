"""Doors of the ledger: an enterprise signs with its e-licence, then reads and exports its lines by the token it got."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from connectors.contract import ELicence
from hub.department.access import verify_caller
from hub.enterprise.deferrals import count_deferred
from hub.enterprise.ledger import draft_reading, export_csv, export_json, open_ledger, read_lines, reading_of
from hub.enterprise.objections import count_objections, draft_objection, object_to, objection_for, own_objections
from hub.steps.registry import Registry
from hub.store.ledger import StoredReading
from hub.web.api.documents import Name
from hub.web.api.grants import SignedBody
from hub.web.api.receipts import Receipted
from hub.web.bodies import StrictRoute
from hub.web.callers import bearer, in_thread, moment, presented
from hub.web.limits import AddressLimit
from hub.web.problem_table import PROBLEMS
from schemas.objection import LONGEST_REASON, Road

EXPORT_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
_FILE: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}, "application/json": {}}}}
Year = Annotated[int, Path(ge=2000, le=2999)]
After = Annotated[str | None, Query(pattern=r"^[0-9]{1,17}\.[0-3]\.[A-Za-z0-9_-]{1,64}$")]


class LedgerWish(BaseModel):
    """Whose ledger is to be read: the signer's own."""

    model_config = ConfigDict(extra="forbid")

    licence_number: str = Field(pattern=r"^[0-9A-Z]{18}$")


class WindowWish(BaseModel):
    """Which department's window refused an e-certificate, on which day, for which item."""

    model_config = ConfigDict(extra="forbid")

    department: str = Field(pattern=r"^[0-9A-Z]{18}$")
    day: str = Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
    item_code: str = Field(max_length=64)


class ObjectionWish(BaseModel):
    """What is objected to: `about` is a certificate's identifier or a line's act; `window` is one that refused."""

    model_config = ConfigDict(extra="forbid")

    licence_number: str = Field(pattern=r"^[0-9A-Z]{18}$")
    road: Road
    about: str | None = Field(default=None, max_length=128)
    window: WindowWish | None = None
    reason: str = Field(max_length=LONGEST_REASON)


def routes(
    registry: Registry, e_licence: ELicence, limit: AddressLimit, receipted: Receipted, *, operator: str
) -> APIRouter:
    """Return the doors; `operator` is the licence number of who runs the hub, and answers for it."""
    router = APIRouter(tags=["ledger 访问记录"])
    signed = APIRouter(route_class=StrictRoute, dependencies=[Depends(limit)])

    @signed.post("/ledgers/drafts", summary="Draft the sentence that opens one's ledger 起草查阅申请")
    async def draft(wish: LedgerWish) -> dict[str, Any]:
        """Return the Chinese sentence that the enterprise's e-licence signs. Nothing is stored."""
        return dict(await in_thread(lambda: draft_reading(wish.model_dump(), registry=registry, now=moment())))

    @signed.post("/ledgers", status_code=201, summary="Open one's ledger with an e-licence 申请查阅访问记录")
    async def open_(request: Request, body: SignedBody) -> dict[str, Any]:
        """Take in the signed sentence; return the ledger's name, and the token that opens it for a while."""
        return await receipted.perform(
            request, lambda: open_ledger(body.signed_text(), registry=registry, e_licence=e_licence, now=moment())
        )

    @router.get("/ledgers/{name}/lines", summary="Who had what, and why 访问记录")
    async def lines(request: Request, name: Name, after: After = None) -> dict[str, Any]:
        """Return a page of lines, newest first, by the ledger's token (Authorization: Bearer)."""

        def work() -> dict[str, Any]:
            return read_lines(_reading(request, name, registry).applicant, after=after, registry=registry, now=moment())

        return dict(await in_thread(work))

    @router.get("/ledgers/{name}/export", summary="The whole ledger as a file 导出访问记录", responses=_FILE)
    async def export(request: Request, name: Name, form: Literal["csv", "json"] = "csv") -> StreamingResponse:
        """Send every line as CSV (UTF-8 with a byte order mark) or JSON."""
        applicant = (await in_thread(_reading, request, name, registry)).applicant
        if form == "csv":
            content, media = (
                export_csv(applicant, explain=explain, registry=registry, now=moment()),
                "text/csv; charset=utf-8",
            )
        else:
            content, media = export_json(applicant, registry=registry, now=moment()), "application/json"
        headers = EXPORT_HEADERS | {"content-disposition": f'attachment; filename="ledger.{form}"'}
        return StreamingResponse(content, media_type=media, headers=headers)

    @router.get("/ledger-counts/{year}", summary="What a year's ledgers count 年度统计", dependencies=[Depends(limit)])
    async def counts(year: Year) -> dict[str, Any]:
        """Return a year's deferred lines, objections by road and refusing windows by department; no enterprise's."""

        def work() -> dict[str, Any]:
            deferred = count_deferred(year, registry=registry)
            return {"year": year, "deferred_lines": deferred} | count_objections(year, registry=registry)

        return dict(await in_thread(work))

    @router.get("/ledgers/{name}/objections", summary="One's objections and their answers 本主体的异议")
    async def objections(request: Request, name: Name) -> dict[str, Any]:
        """Return the newest 100 objections with state, last day and answer of each task, by the ledger's token."""

        def work() -> dict[str, Any]:
            found = own_objections(_reading(request, name, registry).applicant, registry=registry)
            return {"objections": found}

        return dict(await in_thread(work))

    @signed.post("/objections/drafts", summary="Draft an objection 起草异议书")
    async def draft_of_objection(wish: ObjectionWish) -> dict[str, Any]:
        """Return the Chinese sentence that the enterprise's e-licence signs. Nothing is stored."""
        given = wish.model_dump(exclude_none=True)
        return dict(await in_thread(lambda: draft_objection(given, registry=registry, now=moment())))

    @signed.post("/objections", status_code=201, summary="Object: data, access, decision or window 提出异议")
    async def object_(request: Request, body: SignedBody) -> dict[str, Any]:
        """Take in a signed objection; it becomes a task with its last day at whoever must answer."""

        def work() -> dict[str, Any]:
            return object_to(
                body.signed_text(), operator=operator, registry=registry, e_licence=e_licence, now=moment()
            )

        return await receipted.perform(request, work)

    @router.get("/objections/{name}", summary="An objection to be answered 待答复的异议")
    async def objection(request: Request, name: Name) -> dict[str, Any]:
        """Return what an enterprise objects to and why, to a system of a department that has a task of it."""

        def work() -> dict[str, Any]:
            system = verify_caller(presented(request), role=None, registry=registry, now=moment()).system
            return objection_for(name, system, registry=registry)

        return dict(await in_thread(work))

    router.include_router(signed)
    return router


def _reading(request: Request, name: str, registry: Registry) -> StoredReading:
    return reading_of(name, bearer(request), registry=registry, now=moment())


def explain(code: str) -> str:
    """Return what a refusal's code says in Chinese."""
    row = PROBLEMS.get(code)
    return row.zh if row else code
