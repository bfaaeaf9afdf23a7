"""Door `/resolve`: any code a person has, typed, pasted or decoded, to the page it leads to or the one step left.

It redirects to pages of this hub alone, whose paths are made here, never taken from what was entered. It counts in the
windows of the scan and search doors: a miss here is a miss there. A step asks nothing of the database and is no miss.
A code with a countdown, of a manager's phone, has a page of its own: looking at it takes nothing.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from hub.enterprise.presentations import public_presentation
from hub.public.resolution import CHOOSE, STEPS, Resolved, resolve
from hub.steps.registry import Registry
from hub.web.callers import in_thread, moment
from hub.web.pages.language import chosen_language
from hub.web.public.lookup import ABSENT, Problem, Window
from hub.web.uploads import read_members
from schemas.codes import LONGEST_CODE, Code, CodeKind, read_code
from schemas.licence_systems import LicenceSystem

Render = Callable[[str, Mapping[str, Any], str], bytes]
_NO_STORE = {"cache-control": "no-store", "vary": "accept, accept-language"}
_PAGE = "text/html; charset=utf-8"
# As `hub/steps/codes.py` makes them; what a phone reads from the picture, or somebody typed from it.
_LIVE = re.compile(r"YZ-[0-9A-Z]{26}")


class Windows:
    """The limits this door shares with the scan and search doors: all calls of an address, and its misses."""

    def __init__(self, calls: Window, misses: Window) -> None:
        self._calls, self._misses = calls, misses

    def is_open(self, request: Request) -> bool:
        """Count one call; say whether the address may still ask."""
        address, now = _address(request), moment().timestamp()
        return self._calls.count(address, now) and self._misses.is_open(address, now)

    def miss(self, request: Request) -> None:
        """Count one miss of the address."""
        self._misses.count(_address(request), moment().timestamp())


def routes(
    registry: Registry,
    systems: Sequence[LicenceSystem],
    *,
    render: Render,
    problem: Problem,
    windows: Windows,
    search_on: bool,
) -> APIRouter:
    """Return the door; with `search_on` false it resolves references alone."""
    router = APIRouter(include_in_schema=False)

    def refused(code: str, request: Request, language: str) -> Response:
        trace = str(request.scope.get("trace", ""))
        status, media, body = problem(code, _shown_as(request), language, trace, facts={})
        return Response(body, status, _NO_STORE, media.decode())

    async def live(text: str, request: Request, language: str) -> Response:
        """Tell of a code with a countdown: how it stands and whose it is; of one nobody was given, where it may belong.

        Nothing is said of it while what the store says cannot be relied on.
        """
        now = moment()
        doubt = registry.log(now).doubt
        if doubt is not None:
            return refused(doubt[0], request, language)
        found = await in_thread(lambda: public_presentation(text, registry=registry, now=now))
        if found is None:
            windows.miss(request)
        told = {"kind": "live_code", "as_of": now.isoformat(), "code": found}
        if _shown_as(request) == "json":
            return Response(orjson.dumps(told), media_type="application/json", headers=_NO_STORE)
        return Response(render("live_code", told, language), media_type=_PAGE, headers=_NO_STORE)

    async def resolved(text: str, request: Request, asked: str) -> Response:
        language = chosen_language(request.headers.get("accept-language", ""), asked)
        if not windows.is_open(request):
            return refused("too_many_requests", request, language)
        if _LIVE.fullmatch(text.strip().upper()):
            return await live(text, request, language)
        code = read_code(text, origin=registry.origin, systems=systems)
        if code.kind is CodeKind.EMPTY:
            return Response(render("resolve", {"result": None}, language), media_type=_PAGE, headers=_NO_STORE)
        found: Resolved = await in_thread(lambda: resolve(code, registry=registry, numbers_on=search_on))
        if found.opens:
            kept = f"?lang={asked}" if asked in ("zh", "en") else ""
            return RedirectResponse(found.opens + kept, 303, _NO_STORE)
        if found.miss:
            windows.miss(request)
            doubt = registry.log(moment()).doubt if found.miss in ABSENT else None
            return refused(doubt[0] if doubt else found.miss, request, language)
        result = _told(found, code)
        if _shown_as(request) == "page":
            return Response(render("resolve", {"result": result}, language), media_type=_PAGE, headers=_NO_STORE)
        return Response(orjson.dumps(result), media_type="application/json", headers=_NO_STORE)

    @router.get("/resolve")
    async def resolve_typed(request: Request) -> Response:
        return await resolved(request.query_params.get("code", ""), request, request.query_params.get("lang", ""))

    @router.post("/resolve")
    async def resolve_form(request: Request) -> Response:
        members = await read_members(request, longest=LONGEST_CODE + 1)
        asked = members.get("lang") or request.query_params.get("lang", "")
        return await resolved(members.get("code", ""), request, asked)

    return router


def _told(found: Resolved, code: Code) -> dict[str, Any]:
    """Tell a step or a choice; what was entered is not repeated, but for the host of another's address."""
    wording = STEPS[found.step] if found.step else CHOOSE
    system = code.system
    return {
        "kind": str(found.step) if found.step else "choice",
        "zh": wording.zh,
        "en": wording.en,
        "host": code.value if found.step in (CodeKind.OTHER_ORIGIN, CodeKind.ADDRESS) else "",
        "system": None
        if system is None
        else {
            "code": system.code,
            "name_zh": system.name_zh,
            "name_en": system.name_en,
            "site": system.site,
            "site_host": system.site_host,
        },
        "choices": [asdict(each) for each in found.choices],
    }


def _shown_as(request: Request) -> str:
    """Return "json" where JSON is asked for before a page, else "page"."""
    for part in request.headers.get("accept", "").split(","):
        kind = part.partition(";")[0].strip().lower()
        if kind in ("application/json", "text/html"):
            return "json" if kind == "application/json" else "page"
    return "page"


def _address(request: Request) -> str:
    return request.client.host if request.client else "-"
