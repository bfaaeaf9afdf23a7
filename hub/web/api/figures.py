"""Doors of the figures: those of the present, the sheets of months and years; for the operator or a department."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Request
from fastapi.responses import Response

from hub.department.access import verify_caller
from hub.steps.registry import Registry
from hub.supervision.figures.present import Figures
from hub.supervision.figures.sheets import Sheets, read_sheet, sheet_csv, sheet_xlsx
from hub.web.callers import in_thread, moment, presented
from schemas.parties import Role

Form = Literal["json", "csv", "xlsx"]
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}, _XLSX: {}}}}


def routes(registry: Registry, figures: Figures, kept: Sheets) -> APIRouter:
    router = APIRouter(tags=["registry 登记"])

    @router.get("/figures", summary="Figures of the present 运行指标")
    async def present(request: Request) -> dict[str, Any]:
        """Return the figures of the last days: the operator's system gets those of all, another its department's."""

        def work() -> dict[str, Any]:
            return figures(_whose(request, registry), moment())

        return dict(await in_thread(work))

    @router.get("/figure-sheets/{period}", summary="The sheet of a month or year 月报与年报", responses=_FORMS)
    async def sheet(
        request: Request, period: Annotated[str, Path(pattern=r"^2[0-9]{3}(-[01][0-9])?$")], form: Form = "json"
    ) -> Any:
        """Return the sheet of a month ("2026-11") or a year ("2026"), frozen once it is over; as JSON, CSV or XLSX."""

        def work() -> dict[str, Any]:
            return read_sheet(period, department=_whose(request, registry), sheets=kept, now=moment())

        found = await in_thread(work)
        return found if form == "json" else as_file(found, form)

    return router


def as_file(sheet: Mapping[str, Any], form: str) -> Response:
    """Return a sheet as a file: "csv" or "xlsx"."""
    content, media = (sheet_xlsx(sheet), _XLSX) if form == "xlsx" else (b"".join(sheet_csv(sheet)), "text/csv")
    name = f'attachment; filename="figures-{sheet["period"]}.{form}"'
    return Response(content, headers={"content-disposition": name, "cache-control": "no-store"}, media_type=media)


def _whose(request: Request, registry: Registry) -> str | None:
    """Return the department whose figures a system gets; None: those of all, for the operator's."""
    system = verify_caller(presented(request), role=None, registry=registry, now=moment()).system
    return None if Role.OPERATE in system.roles else system.department
