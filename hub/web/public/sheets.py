"""Door `/sheet/{reference}`: a page to print, a code in a frame with what tells a genuine one from a pasted-over one.

`?site=S-…` names the place it is to hang at, `?also=REFERENCE` (repeated) puts more codes on the sheet; `yizhao qr`
keeps the same page as a file. It holds no script, and the codes stand in it as they are drawn for `/qr`.
"""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from hub.errors import AccessError, NotFoundError, OrderError
from hub.public.sheets import Sticker, find_sticker
from hub.steps.registry import Registry
from hub.web.callers import in_thread
from hub.web.pages.doors import language_of
from hub.web.public.qr import qr_svg, qr_text
from hub.web.public.resolution import Windows
from schemas.identifiers import ReferenceFormError

Render = Callable[[str, Mapping[str, Any], str], bytes]
MOST_STICKERS = 48


def routes(registry: Registry, *, render: Render, windows: Windows) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    def stickers(references: list[str], site: str) -> list[dict[str, Any]]:
        first, *others = references
        found = [find_sticker(first, site=site, registry=registry)]
        found += [find_sticker(each, registry=registry) for each in others]
        return [_drawn(each, registry.origin) for each in found]

    @router.get("/sheet/{reference}")
    async def sheet(reference: str, request: Request) -> Response:
        if not windows.is_open(request):
            raise AccessError("too_many_requests")
        references = [reference, *request.query_params.getlist("also")]
        if len(references) > MOST_STICKERS:
            raise OrderError("request_form")
        try:
            shown = await in_thread(stickers, references, request.query_params.get("site", ""))
        except (NotFoundError, ReferenceFormError):
            windows.miss(request)
            raise
        page = render("sheet", {"stickers": shown}, language_of(request))
        return Response(page, media_type="text/html; charset=utf-8", headers={"cache-control": "no-store"})

    return router


def _drawn(sticker: Sticker, origin: str) -> dict[str, Any]:
    return {
        "name": sticker.name,
        "licence_number": sticker.licence_number,
        "type_zh": sticker.type_zh,
        "type_en": sticker.type_en,
        "site_name": sticker.site_name,
        "site_address": sticker.site_address,
        "typed": sticker.typed,
        "host": origin.partition("://")[2],
        "svg": qr_svg(qr_text(origin, sticker.kind, sticker.reference)).decode(),
    }
