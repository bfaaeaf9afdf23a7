"""Door of the sharing table: a department reads the lines it asks for or provides; the operator reads all."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request
from fastapi.responses import StreamingResponse

from hub.access import verify_caller
from hub.pull_reviews import list_reviews, list_waiting
from hub.registry import Registry
from hub.sharing import list_rules
from hub.sharing_report import report_csv, report_year
from hub.web.bodies import StrictRoute
from hub.web.callers import in_thread, moment, presented

_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}}}}
Year = Annotated[int, Path(ge=2000, le=2999)]


def routes(registry: Registry) -> APIRouter:
    router = APIRouter(route_class=StrictRoute, tags=["exchange 共享"])

    @router.get("/sharing-rules", summary="Lines of the sharing table 共享规则")
    async def sharing_rules(request: Request) -> dict[str, Any]:
        """Return every version of the lines this department asks for or provides, with what the providers said."""

        def work() -> dict[str, Any]:
            now = moment()
            system = verify_caller(presented(request), role=None, registry=registry, now=now).system
            return list_rules(system, registry=registry)

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
        headers = {"content-disposition": f'attachment; filename="sharing-{year}.csv"', "cache-control": "no-store"}
        return StreamingResponse(report_csv(report), media_type="text/csv; charset=utf-8", headers=headers)

    return router
