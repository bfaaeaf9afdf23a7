"""Doors of the pages that hang on no answer: the start page, the API's description, the components of all."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse

from hub.web.description import Description
from hub.web.pages import Pages
from hub.web.pages.examples import read_examples
from hub.web.pages.language import chosen_language


def routes(pages: Pages, openapi: Callable[[], dict[str, Any]]) -> APIRouter:
    """Return the doors `/`, `/components`, `/api` and the description itself; `openapi` what doors say."""
    router, description = APIRouter(include_in_schema=False), Description(openapi)

    @router.get("/")
    async def start(request: Request) -> HTMLResponse:
        return HTMLResponse(pages.render("start", {}, language_of(request)))

    @router.get("/api")
    async def described(request: Request) -> HTMLResponse:
        language = language_of(request)
        return HTMLResponse(pages.render("api", {"openapi": description(language)}, language))

    if pages.is_test:

        @router.get("/api/sandbox")
        async def sandbox(request: Request) -> HTMLResponse:
            shown = {"examples": [asdict(each) for each in read_examples()]}
            return HTMLResponse(pages.render("sandbox", shown, language_of(request)))

    @router.get("/api/v1/openapi.json")
    async def document(request: Request) -> JSONResponse:
        return JSONResponse(description(request.query_params.get("lang", "")))

    @router.get("/components")
    async def gallery(request: Request) -> HTMLResponse:
        return HTMLResponse(pages.render("gallery", {}, language_of(request)))

    return router


def language_of(request: Request) -> str:
    """Return the language a request asks for: "zh" or "en"."""
    return chosen_language(request.headers.get("accept-language", ""), request.query_params.get("lang", ""))
