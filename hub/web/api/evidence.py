"""Door of evidence: who a delivery was made to fetches all that proves it; who was refused, what proves the refusal.

A department has what proves its pull for as long as it is kept, years later too: once the delivery ended or its grant
was withdrawn, without what the records disclosed. The token that came with a delivery opens nothing after that.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from hub.department.access import verify_caller
from hub.documents.downloads import delivery_by_token
from hub.evidence.bundles.packing import MEDIA, make_bundle
from hub.steps.registry import Registry, Sealers
from hub.store.log import LogStore
from hub.web.api.documents import Name
from hub.web.callers import bearer, in_thread, moment, presented
from schemas.parties import Role

_BUNDLE: dict[int | str, dict[str, Any]] = {200: {"content": {MEDIA: {}}}}


def routes(
    registry: Registry,
    sealers: Sealers,
    log_store: LogStore,
    status_token: Callable[[int, datetime], str],
    time_anchors: Sequence[bytes],
) -> APIRouter:
    """Return the door; `status_token` signs one status list of a moment, `time_anchors` issue timestamp authorities."""
    router = APIRouter(tags=["evidence 存证"])

    @router.get(
        "/deliveries/{name}/evidence",
        summary="All that proves a delivery or a refusal 共享证据包",
        responses=_BUNDLE,
        response_class=Response,
    )
    async def evidence(request: Request, name: Name) -> Response:
        """Send the evidence bundle (ASiC-E), which is verified without the hub (verify_bundle.py inside)."""

        def work() -> bytes:
            now = moment()
            return make_bundle(
                name,
                requester=_requester(request, name, registry, now),
                registry=registry,
                sealers=sealers,
                log_store=log_store,
                status_token=lambda number: status_token(number, now),
                time_anchors=time_anchors,
                now=now,
            )

        headers = {
            "content-disposition": f'attachment; filename="evidence-{name}.asice"',
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
        }
        return Response(await in_thread(work), media_type=MEDIA, headers=headers)

    return router


def _requester(request: Request, name: str, registry: Registry, now: datetime) -> str:
    """Return who asks: by a delivery's own token while that opens it, or a department by its caller that may pull."""
    if token := bearer(request):
        return delivery_by_token(name, token, registry=registry, now=now).requester
    return verify_caller(presented(request), role=Role.PULL, registry=registry, now=now).system.department
