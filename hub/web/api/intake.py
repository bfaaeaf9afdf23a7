"""Door of intake: a department's system orders that a file be taken in, sends it, and reads what became of it."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from hub.department.access import Caller, verify_caller
from hub.errors import StatementError
from hub.registry.intake.admission import admit_intake, awaited_intake, keep_file, read_intake_order, role_of
from hub.registry.intake.outcome import outcome_csv, progress_of, readable_intake
from hub.registry.intake.undo import read_undo_order, undo_intake
from hub.steps.files.spool import Spool
from hub.steps.registry import Registry
from hub.store.intake import IntakeReader
from hub.web.bodies import StrictRoute
from hub.web.callers import OrderBody, in_thread, moment, presented, verify_call
from hub.web.spooling import receive_file
from schemas.parties import Role
from schemas.statement import Ordered

Name = Annotated[str, Path(pattern="^[A-Za-z0-9_-]{1,43}$")]


class AdmittedAnswer(BaseModel):
    """An intake whose file is to be sent with PUT to `upload`."""

    intake: str
    upload: str


class ReceivedAnswer(BaseModel):
    """The file is here, whole, and waits to be worked through."""

    intake: str
    state: str
    bytes: int


class ProgressAnswer(BaseModel):
    """How far an intake is. `rows` is known once the file was read through; `counts` are rows by result.

    `undone`: all of it was ordered to be undone.
    """

    intake: str
    state: str
    form: str
    certificate_type: str | None
    dry_run: bool
    file_sha256: str
    problem: str | None
    undone: bool
    rows: int | None
    rows_done: int
    counts: dict[str, int]
    recorded_at: str
    finished_at: str | None


class LeftAnswer(BaseModel):
    """A certificate that was left, and why: voided, replaced, changed, annotated, chain_busy, or without the right."""

    row: int
    identifier: str
    reason: str


class UndoneAnswer(BaseModel):
    """How far the undoing is: `state` is "done", or "going_on" until the same request has come often enough.

    `left` names the first of those that were left, `left_count` tells how many they are.
    """

    intake: str
    state: str
    undone: int
    left_count: int
    left: list[LeftAnswer]


def routes(registry: Registry, spool: Spool, *, upload_bytes: int, wake: Callable[[], None]) -> APIRouter:
    """Return the intake door. `upload_bytes` is the longest file it takes; `wake` tells the worker of a file."""
    router = APIRouter(tags=["intakes 批量导入"])
    orders = APIRouter(route_class=StrictRoute)

    @orders.post("/intakes", status_code=201, summary="Order an intake 登记待导入文件")
    async def order_intake(
        request: Request, body: OrderBody, idempotency_key: Annotated[str | None, Header()] = None
    ) -> AdmittedAnswer:
        """Name the file by its SHA-256: signed by its issuing body, or collected from a source. One `import` order."""

        def work() -> dict[str, Any]:
            role = role_of(body.content)
            called = verify_call(request, body, act=Ordered.IMPORT, role=role, registry=registry)
            return admit_intake(
                read_intake_order(body.content, catalogue=registry.catalogue),
                verified=called.verified,
                seconds=called.seconds,
                system=called.caller.system,
                key=called.key,
                registry=registry,
                now=called.now,
            )

        return AdmittedAnswer(**await in_thread(work))

    @orders.post("/intakes/{name}/undo", summary="Undo all an intake made 撤销整批导入")
    async def undo_import(
        request: Request, name: Name, body: OrderBody, idempotency_key: Annotated[str | None, Header()] = None
    ) -> UndoneAnswer:
        """Void what a file made by mistake and nobody has touched since. Two officers; repeat while it is going on."""

        def work() -> dict[str, Any]:
            called = verify_call(request, body, act=Ordered.UNDO_IMPORT, role=Role.ISSUE, registry=registry)
            order = read_undo_order(body.content)
            if order.intake != name:
                raise StatementError("statement_content")
            return undo_intake(
                order,
                verified=called.verified,
                seconds=called.seconds,
                system=called.caller.system,
                key=called.key,
                registry=registry,
                now=called.now,
            )

        return UndoneAnswer(**await in_thread(work))

    @router.put("/intakes/{name}/file", summary="Send the file 上传文件")
    async def send_file(request: Request, name: Name) -> ReceivedAnswer:
        """Stream the file's bytes (CSV or XLSX), once. It is kept only when its digest is the one that was signed."""
        caller = await in_thread(_caller, request, name, registry)
        intake = await in_thread(lambda: awaited_intake(name, system=caller.system, registry=registry))
        incoming = await in_thread(spool.receive, name)
        try:
            await receive_file(request, incoming, upload_bytes)
            answer = await in_thread(lambda: keep_file(intake, incoming, registry=registry))
        finally:
            await in_thread(incoming.discard)
        wake()
        return ReceivedAnswer(**answer)

    @router.get("/intakes/{name}", summary="How far an intake is 导入进度")
    async def intake_progress(request: Request, name: Name) -> ProgressAnswer:
        """State, counts by result and, where the file as a whole was refused, why."""

        def work() -> dict[str, Any]:
            caller = _caller(request, name, registry)
            return progress_of(name, system=caller.system, registry=registry)

        return ProgressAnswer(**await in_thread(work))

    @router.get("/intakes/{name}/outcome", summary="The outcome, row by row 导入结果", response_class=StreamingResponse)
    async def intake_outcome(request: Request, name: Name) -> StreamingResponse:
        """CSV (UTF-8): row, result, identifier, field, rule, rule in words, next step. It never holds a value."""

        def work() -> Any:
            caller = _caller(request, name, registry)
            return readable_intake(name, system=caller.system, registry=registry)

        lines = outcome_csv(await in_thread(work), registry=registry)
        headers = {"content-disposition": f'attachment; filename="outcome-{name[:8]}.csv"', "cache-control": "no-store"}
        return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)

    router.include_router(orders)
    return router


def _caller(request: Request, name: str, registry: Registry) -> Caller:
    """Verify who calls, in the role the intake needs; an intake nobody has is told like one of another department."""
    with registry.database.read() as connection:
        intake = IntakeReader(connection).get(name)
    role = Role.COLLECT if intake is not None and intake.source is not None else Role.ISSUE
    return verify_caller(presented(request), role=role, registry=registry, now=moment())
