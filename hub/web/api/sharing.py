"""Doors of the sharing table: departments read the lines they ask for or provide; the operator puts whole sheets."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Path, Request
from fastapi.responses import StreamingResponse

from connectors.contract import OpenTable
from hub.department.access import verify_caller
from hub.sharing.answers import list_waiting_lines
from hub.sharing.pull_reviews import list_reviews, list_waiting
from hub.sharing.report import report_csv, report_year
from hub.sharing.sheet import put_sheet
from hub.sharing.table import export_rules, list_rules
from hub.steps.registry import Registry
from hub.web.api.documents import Name
from hub.web.api.receipts import Receipted
from hub.web.bodies import StrictRoute
from hub.web.callers import OrderBody, in_thread, moment, presented, verify_call
from schemas.parties import Role
from schemas.statement import Ordered

_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}}}}
Year = Annotated[int, Path(ge=2000, le=2999)]


def routes(registry: Registry, open_table: OpenTable, receipted: Receipted) -> APIRouter:
    router = APIRouter(route_class=StrictRoute, tags=["exchange 共享"])

    @router.get("/sharing-rules", summary="Lines of the sharing table 共享规则", responses=_CSV)
    async def sharing_rules(request: Request, form: Literal["json", "csv"] = "json") -> Any:
        """Return every version of the lines this department asks for or provides, with what the providers said.

        As CSV: the newest version of each, as a sheet that can be put again.
        """

        def work() -> Any:
            now = moment()
            system = verify_caller(presented(request), role=None, registry=registry, now=now).system
            if form == "csv":
                return export_rules(system, registry=registry, now=now)
            return list_rules(system, registry=registry)

        found = await in_thread(work)
        return found if form == "json" else _csv(found, "sharing-rules")

    @router.post("/sharing-sheets", status_code=201, summary="Put a sheet of lines 登记共享规则表")
    async def put_sharing_sheet(
        request: Request, body: OrderBody, idempotency_key: Annotated[str | None, Header()] = None
    ) -> dict[str, Any]:
        """Put `rules`, or a `sheet` (base64), approved by two persons. With `dry_run`: what it would do."""

        def work() -> dict[str, Any]:
            called = verify_call(request, body, act=Ordered.SHARE_SHEET, role=Role.OPERATE, registry=registry)
            return put_sheet(
                body.content,
                verified=called.verified,
                approvals=called.approvals,
                system=called.caller.system,
                key=called.key,
                registry=registry,
                open_table=open_table,
                now=called.now,
            )

        answer = await in_thread(work)
        return answer if answer["dry_run"] else await receipted.answer(request, answer)

    @router.get("/sharing-sheets/{name}", summary="What of a sheet waits for us 共享规则表待本部门答复的各条")
    async def sharing_sheet(request: Request, name: Name) -> dict[str, Any]:
        """Return the lines of a sheet that wait for this department, with the digest that it answers them by."""

        def work() -> dict[str, Any]:
            now = moment()
            system = verify_caller(presented(request), role=None, registry=registry, now=now).system
            return list_waiting_lines(name, system, registry=registry)

        return dict(await in_thread(work))

    @router.get("/pull-reviews", summary="Reviews of statutory pulls 依职能调用复核")
    async def pull_reviews(request: Request, *, waiting: bool = False) -> dict[str, Any]:
        """Return the newest reviews this department makes, or that are made of its pulls; or those it is to answer."""

        def work() -> dict[str, Any]:
            now = moment()
            system = verify_caller(presented(request), role=None, registry=registry, now=now).system
            return (list_waiting if waiting else list_reviews)(system, registry=registry)

        return dict(await in_thread(work))

    @router.get(
        "/sharing-reports/{year}", summary="How the lines were used in a year 共享规则年度使用情况", responses=_CSV
    )
    async def sharing_report(request: Request, year: Year, form: Literal["json", "csv"] = "json") -> Any:
        """Tell of each line, in numbers, how it was used in a year, and which were not; as JSON or CSV."""

        def work() -> dict[str, Any]:
            now = moment()
            system = verify_caller(presented(request), role=None, registry=registry, now=now).system
            return report_year(year, system=system, registry=registry, now=now)

        report = await in_thread(work)
        if form == "json":
            return report
        return _csv(report_csv(report), f"sharing-{year}")

    return router


def _csv(lines: Iterable[bytes], name: str) -> StreamingResponse:
    headers = {"content-disposition": f'attachment; filename="{name}.csv"', "cache-control": "no-store"}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)
