"""Doors of examination: upload or paste anything of this hub, and read the verdict, as a page or as JSON.

Nothing of what is sent is stored or logged; it lives as long as its answer takes.
"""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from hub.decisions.facts import Surroundings
from hub.public.examination.documents import Read
from hub.public.examination.forms import LARGEST_BYTES, LARGEST_FILE, kind_of
from hub.public.examination.online import examine
from hub.public.examination.report import told
from hub.steps.registry import Registry
from hub.web.bodies import BodyError, read_body
from hub.web.callers import in_thread, moment
from hub.web.limits import AddressLimit, Room, Turns
from hub.web.pages.language import chosen_language
from hub.web.uploads import read_upload

Render = Callable[[str, Mapping[str, Any], str], bytes]
_NO_STORE = {"cache-control": "no-store"}
_ANY_BODY = {"requestBody": {"required": True, "content": {"application/octet-stream": {}}}}


def routes(
    registry: Registry,
    surroundings: Callable[[datetime], Surroundings],
    render: Render,
    limit: AddressLimit,
    read: Read,
    turns: Turns,
    room: Room,
) -> APIRouter:
    """Return the doors. `limit` is that of the public doors which do work, by address.

    `read` takes files apart, in `turns`: who has none waits without a thread, so that other requests do not notice.
    `room` is what bodies may take of the memory.
    """
    router = APIRouter(tags=["verification 核验"])

    def examined_now(raw: bytes) -> dict[str, Any]:
        now = moment()
        return told(examine(raw, registry=registry, surroundings=surroundings(now), read=read, now=now))

    async def examined(raw: bytes, request: Request) -> dict[str, Any]:
        async with turns.turn(request) if kind_of(raw) else nullcontext():
            result: dict[str, Any] = await in_thread(examined_now, raw)
        return result

    def page(result: dict[str, Any] | None, request: Request) -> Response:
        asked = request.query_params.get("lang", "")
        language = chosen_language(request.headers.get("accept-language", ""), asked)
        body = render("verify", {"result": result}, language)
        return Response(body, media_type="text/html; charset=utf-8", headers=_NO_STORE)

    @router.post(
        "/api/v1/verifications",
        summary="Verify anything of this hub 核验本平台出具的任何文件",
        dependencies=[Depends(limit)],
        openapi_extra=_ANY_BODY,
    )
    async def verify(request: Request, response: Response) -> dict[str, Any]:
        """Take the file, token, code or number itself as the body and answer with the verdict.

        A PDF, an XML or a picture (PNG, JPEG) of a QR code may have 20 MB, anything else 2 MB.

        `outcome` is valid, not_valid, suspended or unknown, with named checks; null where there is nothing to judge.
        """
        if request.headers.get("content-type", "").lower().startswith("multipart/"):
            # Read as it is, a form around a good file would be a file of nobody's.
            raise BodyError("media_type", expected="application/octet-stream")
        response.headers.update(_NO_STORE)
        with room.reserved(request, LARGEST_FILE):
            return await examined(await read_body(request, LARGEST_FILE), request)

    @router.get("/verify", include_in_schema=False)
    async def form(request: Request) -> Response:
        return page(None, request)

    @router.post("/verify", include_in_schema=False, dependencies=[Depends(limit)])
    async def verify_upload(request: Request) -> Response:
        with room.reserved(request, LARGEST_FILE):
            raw = await read_upload(request, longest_file=LARGEST_FILE, longest_text=LARGEST_BYTES)
            return page(await examined(raw, request), request)

    return router
