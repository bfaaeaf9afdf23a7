"""Doors of the pages that hang on no answer: the start page, the API's description, the components of all."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from hub.web.pages import Pages
from hub.web.pages.language import chosen_language


def routes(pages: Pages, openapi: Callable[[], dict[str, Any]]) -> APIRouter:
    """Return the doors `/`, `/api` and `/components`; `openapi` returns the application's OpenAPI document."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def start(request: Request) -> HTMLResponse:
        return HTMLResponse(pages.render("start", {}, language_of(request)))

    @router.get("/api")
    async def described(request: Request) -> HTMLResponse:
        return HTMLResponse(pages.render("api", {"openapi": openapi()}, language_of(request)))

    @router.get("/components")
    async def gallery(request: Request) -> HTMLResponse:
        return HTMLResponse(pages.render("gallery", {}, language_of(request)))

    return router


def language_of(request: Request) -> str:
    """Return the language a request asks for: "zh" or "en"."""
    return chosen_language(request.headers.get("accept-language", ""), request.query_params.get("lang", ""))
