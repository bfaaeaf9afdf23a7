"""Door `/k/{serial}`: whoever holds a printed copy (加注件) sees whether it is genuine, and what became of it since.

A page, or JSON where that is asked for. It counts in the windows of the scan door: a serial nobody has is a miss there,
and one that cannot be a serial looks the same.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response

from hub.decisions.facts import Surroundings
from hub.errors import AccessError, NotFoundError
from hub.public.copies import Prove, look_up_copy
from hub.public.lookup import look_up_certificate
from hub.steps.registry import Registry
from hub.store.scan import ScanReader
from hub.web.callers import in_thread, moment
from hub.web.pages.doors import language_of
from hub.web.public.resolution import Windows

Render = Callable[[str, Mapping[str, Any], str], bytes]
_HEADERS = {"cache-control": "no-store", "vary": "accept, accept-language", "x-robots-tag": "noindex"}


def routes(
    registry: Registry,
    reader: ScanReader,
    surroundings: Callable[[datetime], Surroundings],
    *,
    prove: Prove,
    render: Render,
    windows: Windows,
) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    async def answered(serial: str, request: Request) -> dict[str, Any]:
        if not windows.is_open(request):
            raise AccessError("too_many_requests")
        now = moment()
        try:
            found = await in_thread(lambda: look_up_copy(serial, registry=registry, prove=prove, now=now))
        except NotFoundError:
            windows.miss(request)
            raise
        rows = await reader.certificate(found.pop("reference"))
        if rows is None:
            raise NotFoundError("copy_unknown")
        certificate = look_up_certificate(rows, surroundings=surroundings(now), now=now)
        return {**certificate, "kind": "copy", **found}

    @router.get("/k/{serial}")
    @router.get("/K/{serial}")
    async def copy(serial: str, request: Request) -> Response:
        answer = await answered(serial, request)
        if "application/json" in request.headers.get("accept", ""):
            return Response(orjson.dumps(answer), headers=_HEADERS, media_type="application/json")
        page = render("copy", answer, language_of(request))
        return Response(page, headers=_HEADERS, media_type="text/html; charset=utf-8")

    return router
