"""Doors of the inbox: a department's system reads what its department and bodies were told, and what is overdue."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from hub.department.access import verify_caller
from hub.department.tasks import read_inbox, read_overdue
from hub.errors import NotFoundError
from hub.steps.registry import Registry
from hub.web.callers import in_thread, moment, presented


def routes(registry: Registry) -> APIRouter:
    router = APIRouter(tags=["registry 登记"])

    @router.get("/notices", summary="Notices and tasks 告知与待办")
    async def notices(
        request: Request,
        after: Annotated[int, Query(ge=0, lt=2**53)] = 0,
        state: Annotated[str | None, Query(pattern="^(told|open|done)$")] = None,
        kind: Annotated[str | None, Query(pattern="^[a-z_]{1,24}$")] = None,
    ) -> dict[str, Any]:
        """Return what this department and its bodies were told, oldest first, a page behind `after`."""

        def work() -> dict[str, Any]:
            now = moment()
            system = verify_caller(presented(request), role=None, registry=registry, now=now).system
            return read_inbox(system, after=after, state=state, kind=kind, registry=registry, now=now)

        return dict(await in_thread(work))

    @router.get("/overdue-tasks", summary="Overdue tasks 逾期待办")
    async def overdue(
        request: Request, after: Annotated[str | None, Query(pattern=r"^\d{4}-\d\d-\d\d\.\d{1,15}$")] = None
    ) -> dict[str, Any]:
        """Return open tasks past their last day, the longest overdue first; the operator sees every body's."""

        def work() -> dict[str, Any]:
            now = moment()
            system = verify_caller(presented(request), role=None, registry=registry, now=now).system
            return read_overdue(system, after=_place(after), registry=registry, now=now)

        return dict(await in_thread(work))

    return router


def _place(after: str | None) -> tuple[date, int] | None:
    if after is None:
        return None
    day, _, number = after.rpartition(".")
    try:
        return date.fromisoformat(day), int(number)
    except ValueError:
        raise NotFoundError("task_not_found") from None
