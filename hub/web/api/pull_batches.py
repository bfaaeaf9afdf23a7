"""Door of files of pulls: a requester's system orders one, sends it, watches it, fetches its results, or cancels it."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from hub.department.access import Caller, verify_caller
from hub.sharing.pull_batches.admission import admit_batch, awaited_batch, cancel_batch, keep_file
from hub.sharing.pull_batches.results import open_results, progress_of, results
from hub.steps.files.spool import Spool
from hub.steps.registry import Registry
from hub.web.bodies import StrictRoute
from hub.web.callers import RequestBody, in_thread, moment, presented, verify_call
from hub.web.spooling import receive_file
from schemas.exchange import read_batch_request
from schemas.parties import Role
from schemas.statement import Ordered

Name = Annotated[str, Path(pattern="^[A-Za-z0-9_-]{1,43}$")]
After = Annotated[int, Query(ge=0, le=2_000_000_000)]


class AdmittedBatch(BaseModel):
    """A file of pulls that is to be sent with PUT to `upload`."""

    batch: str
    act_id: str
    upload: str


class ReceivedBatch(BaseModel):
    """The file is here, whole, and waits for the night."""

    batch: str
    state: str
    bytes: int


class CancelledBatch(BaseModel):
    """Nothing of the file is decided or delivered any more; what was, stays."""

    batch: str
    state: str
    act_id: str


class BatchProgress(BaseModel):
    """How far a file is. `counts`: rows by state; `not_before`: the night it waits for; `ends_at`: its results' end."""

    batch: str
    state: str
    problem: str | None
    file_sha256: str
    rows_done: int
    counts: dict[str, int]
    recorded_at: str
    not_before: str | None
    finished_at: str | None
    ends_at: str | None


def routes(registry: Registry, spool: Spool, *, upload_bytes: int) -> APIRouter:
    router = APIRouter(tags=["exchange 共享"])
    orders = APIRouter(route_class=StrictRoute, tags=["exchange 共享"])

    @orders.post("/pull-batches", summary="Order a file of pulls 批量调用")
    async def order_batch(
        request: Request, body: RequestBody, idempotency_key: Annotated[str | None, Header()] = None
    ) -> AdmittedBatch:
        """Sign a file's digest, item, basis and types; send it with PUT; its rows are done by night."""

        def work() -> dict[str, Any]:
            called = verify_call(request, body, act=Ordered.PULL_BATCH, role=Role.PULL, registry=registry)
            return admit_batch(
                read_batch_request(called.verified.statement.request or {}),
                verified=called.verified,
                system=called.caller.system,
                key=called.key,
                registry=registry,
                now=called.now,
            )

        return AdmittedBatch(**await in_thread(work))

    @orders.post("/pull-batches/{name}/cancel", summary="Cancel a file of pulls 取消批量调用")
    async def cancel(
        request: Request, name: Name, body: RequestBody, idempotency_key: Annotated[str | None, Header()] = None
    ) -> CancelledBatch:
        """Stop a file for good: its rows that were delivered stay, no other is decided or delivered."""

        def work() -> dict[str, Any]:
            called = verify_call(request, body, act=Ordered.CANCEL_BATCH, role=Role.PULL, registry=registry)
            return cancel_batch(
                name,
                verified=called.verified,
                system=called.caller.system,
                key=called.key,
                registry=registry,
                now=called.now,
            )

        return CancelledBatch(**await in_thread(work))

    @router.put("/pull-batches/{name}/file", summary="Send the file 上传文件")
    async def send_file(request: Request, name: Name) -> ReceivedBatch:
        """Stream the file (CSV, XLSX or JSON lines), once. It is kept only when its digest is the one signed."""
        caller = await in_thread(_caller, request, registry)
        batch = await in_thread(lambda: awaited_batch(name, system=caller.system, registry=registry))
        incoming = await in_thread(spool.receive, name)
        try:
            await receive_file(request, incoming, upload_bytes)
            answer = await in_thread(lambda: keep_file(batch, incoming, registry=registry))
        finally:
            await in_thread(incoming.discard)
        return ReceivedBatch(**answer)

    @router.get("/pull-batches/{name}", summary="How far a file of pulls is 批量调用进度")
    async def progress(request: Request, name: Name) -> BatchProgress:
        """State, rows by state, and what it waits for; for the system that ordered it."""

        def work() -> dict[str, Any]:
            return progress_of(name, system=_caller(request, registry).system, registry=registry)

        return BatchProgress(**await in_thread(work))

    @router.get(
        "/pull-batches/{name}/results", summary="The results, row by row 批量调用结果", response_class=StreamingResponse
    )
    async def batch_results(request: Request, name: Name, after: After = 0) -> StreamingResponse:
        """JSON lines: row, result, reason, decision and what a single pull answers; `after` goes on behind a row.

        Each fetch is entered in the log before it begins.
        """

        def work() -> Any:
            now, system = moment(), _caller(request, registry).system
            return open_results(name, after=after, system=system, registry=registry, now=now)

        lines = results(await in_thread(work), after=after, registry=registry)
        headers = {"content-disposition": f'attachment; filename="results-{name[:8]}.jsonl"'}
        headers |= {"cache-control": "no-store"}
        return StreamingResponse(lines, media_type="application/x-ndjson", headers=headers)

    router.include_router(orders)
    return router


def _caller(request: Request, registry: Registry) -> Caller:
    return verify_caller(presented(request), role=Role.PULL, registry=registry, now=moment())
