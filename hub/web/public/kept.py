"""Door `/kept/{token}`: what a visitor kept of a scan, then and now; its picture to keep with a finger, its PDF.

The scan door makes the token (`?keep=1`) and leads here. The token is the whole of what is kept: nothing is stored, and
who has lost the address has lost it. In WeChat's browser nothing can be downloaded or printed, so the picture stands on
the page there and the PDF is not offered.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal

import orjson
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from hub.decisions.facts import Surroundings
from hub.errors import AccessError, DocumentError, NotFoundError
from hub.public.examination.kept import Kept, open_kept, tell_kept
from hub.public.lookup import look_up_certificate, look_up_enterprise
from hub.steps.documents.faces.drawing import Drawing, MissingGlyphError
from hub.steps.registry import Registry
from hub.store.scan import ScanReader
from hub.web.callers import in_thread, moment
from hub.web.limits import AddressLimit
from hub.web.pages.doors import language_of
from hub.web.pages.words import SPEAKERS
from hub.web.public.qr import qr_svg, qr_text
from hub.web.public.resolution import Windows

Render = Callable[[str, Mapping[str, Any], str], bytes]
_HEADERS = {"cache-control": "no-store", "vary": "accept, accept-language, user-agent", "x-robots-tag": "noindex"}
# Certificates that stand on another page by now are looked up one by one, but no more than these.
_MOST_ALONE = 30
# A longer text makes a code too fine for a phone's camera.
_LONGEST_CODE = 1_000
# More lines than these do not fit a picture.
_MOST_DRAWN = 30


def routes(
    registry: Registry,
    reader: ScanReader,
    surroundings: Callable[[datetime], Surroundings],
    drawing: Drawing,
    *,
    render: Render,
    windows: Windows,
    limit: AddressLimit,
) -> APIRouter:
    """Return the doors. `limit` is that of the doors which do work, by address: here those that draw."""
    router = APIRouter(include_in_schema=False)

    async def told(token: str, request: Request) -> dict[str, Any]:
        if not windows.is_open(request):
            raise AccessError("too_many_requests")
        now = moment()
        try:
            kept = open_kept(token, trust=registry.trust(), now=now)
        except NotFoundError:
            windows.miss(request)
            raise
        verdicts, name = await _judged_now(kept, reader, surroundings(now), now)
        return tell_kept(kept, verdicts, name_now=name, catalogue=registry.catalogue, now=now)

    def drawn(token: str, answer: Mapping[str, Any], language: str, form: Literal["png", "pdf"]) -> bytes:
        try:
            return drawing.draw_kept(_drawable(token, answer, language, registry), form, made_at=moment())
        except MissingGlyphError as error:
            raise DocumentError("glyph_missing", character=error.character) from error

    @router.get("/kept/{token}")
    async def kept_page(token: str, request: Request) -> Response:
        answer = await told(token, request)
        if "application/json" in request.headers.get("accept", ""):
            return Response(orjson.dumps(answer), headers=_HEADERS, media_type="application/json")
        in_wechat = "MicroMessenger" in request.headers.get("user-agent", "")
        shown = answer | {"link": f"/kept/{token}", "in_wechat": in_wechat}
        return Response(render("kept", shown, language_of(request)), 200, _HEADERS, "text/html; charset=utf-8")

    @router.get("/kept/{token}/picture.png", dependencies=[Depends(limit)])
    async def picture(token: str, request: Request) -> Response:
        answer = await told(token, request)
        content = await in_thread(drawn, token, answer, language_of(request), "png")
        return Response(content, 200, _HEADERS, "image/png")

    @router.get("/kept/{token}/answer.pdf", dependencies=[Depends(limit)])
    async def pdf(token: str, request: Request) -> Response:
        answer = await told(token, request)
        content = await in_thread(drawn, token, answer, language_of(request), "pdf")
        named = {"content-disposition": 'attachment; filename="yizhao-answer.pdf"'}
        return Response(content, 200, _HEADERS | named, "application/pdf")

    return router


async def _judged_now(
    kept: Kept, reader: ScanReader, surroundings: Surroundings, now: datetime
) -> tuple[dict[str, Mapping[str, Any]], str | None]:
    """Return today's verdicts of what was kept, by reference, and the holder's name today; what is gone is missing."""
    verdicts: dict[str, Mapping[str, Any]] = {}
    name = None
    if kept.kind == "enterprise":
        rows = await reader.enterprise(kept.reference, kept.page)
        if rows is not None:
            answer = look_up_enterprise(rows, surroundings=surroundings, now=now)
            name = answer["holder"]["name"]
            verdicts = {each["reference"]: each["verdict"] for each in answer["certificates"]}
    left = [each.reference for each in kept.lines if each.reference not in verdicts]
    for reference in left[:_MOST_ALONE]:
        rows = await reader.certificate(reference)
        if rows is not None:
            answer = look_up_certificate(rows, surroundings=surroundings, now=now)
            name = name or answer["holder"]["name"]
            verdicts[reference] = answer["verdict"]
    return verdicts, name


def _drawable(token: str, answer: Mapping[str, Any], language: str, registry: Registry) -> dict[str, Any]:
    """Return what the picture says: what was so then, in words, and a code that leads back to then and now."""
    speaker = SPEAKERS[language]
    link = f"{registry.origin}/kept/{token}"
    kind, _, reference = answer["path"][1:].partition("/")
    leads_back = len(link) <= _LONGEST_CODE
    lines = [
        {
            "name": each[f"name_{language}"],
            "outcome": each["then"]["outcome"],
            "said": each["then"][language],
            "why": "" if each["then"]["outcome"] == "valid" else each["then"][f"reason_{language}"],
        }
        for each in answer["lines"][:_MOST_DRAWN]
    ]
    return {
        "language": language,
        "is_test": registry.mode == "test",
        "name": answer["name"] or speaker.nameless,
        "licence_number": answer["licence_number"],
        "as_of": speaker.moment(answer["as_of"]),
        "lines": lines,
        "others": answer["others"] + len(answer["lines"]) - len(lines),
        "leads_back": leads_back,
        "address": f"{registry.origin}{answer['path']}",
        "qr_svg": qr_svg(link if leads_back else qr_text(registry.origin, kind, reference)).decode(),
    }
