"""Requests for grants, as their holder gets them: one page each, to be signed or refused there.

Each stands in the list of what waits for the enterprise's answer; a link or a code that was sent opens it too.

The code stands behind the number sign of the link, which no browser sends: the page's script moves it into the form, or
somebody types it. The browser then keeps it for this page alone, while it is signed in and until the answer is given.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from connectors.contract import SignedText
from hub.enterprise.grant_requests import draft_refusal, preview_request, read_request, refuse_request, sign_request
from hub.enterprise.grants import own_grant
from hub.enterprise.open_requests import addressed, open_requests
from hub.errors import GrantError, HubError, NotFoundError
from hub.steps.codes import read_code
from hub.steps.consent.asked import Addressed, Shown
from hub.web.callers import in_thread, moment
from hub.web.enterprise.desk import Desk, kept_shown, name_in
from hub.web.enterprise.entrance import HOME
from hub.web.enterprise.grants import GRANTS
from hub.web.enterprise.stepping import Step, Told, add_step, lead_to, sentence_shown
from hub.web.sessions import PRIVATE, Visit, language_of, told, with_language
from schemas.sentence import statement_digest

OPENED, REQUESTS, LISTED = "/grant-requests", f"{HOME}/requests", f"{HOME}/open-requests"
_AFTER = re.compile(r"[0-9]{1,17}\.[0-9A-Za-z_-]{1,64}")
_NAME = re.compile(r"[0-9A-Za-z_-]{22}")
_MENU = "grants"
_LONGEST = 64


def routes(desk: Desk) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    registry, guard = desk.registry, desk.guard

    @router.get(OPENED)
    async def asked(request: Request) -> Response:
        return guard.show_before(request, "request_code", {"seated": None})

    @router.post(OPENED)
    async def opened(request: Request) -> Response:
        """Take a request's code into the browser, and lead to its page by way of the sign-in where that is needed."""
        form = await guard.form_before(request)
        code, now = form.get("code", "").strip()[:_LONGEST], moment()
        try:
            await desk.limit(request)
            page = await in_thread(lambda: read_request(code, registry=registry, now=now))
        except HubError as error:
            shown = {"seated": None, "problem": told(error, request)}
            return guard.show_before(request, "request_code", shown, status=422)
        holder = page["next"]["licence_number"] if page["next"] else ""
        path = REQUESTS
        if holder and holder not in await in_thread(guard.parties, request):
            path = f"{HOME}/sign-in?licence_number={holder}&next={quote(REQUESTS, safe='')}"
        response = RedirectResponse(with_language(path, language_of(request)), 303, PRIVATE)
        if path == REQUESTS and holder:
            await in_thread(guard.seat_first, request, response, holder)
        return desk.keep_shown(
            response, REQUESTS, read_code(code) or "", datetime.fromisoformat(page["valid_until"]), now
        )

    @guard.page
    async def listed(visit: Visit) -> Response:
        after = visit.request.query_params.get("after", "")
        found = await in_thread(
            lambda: open_requests(
                visit.session.party, agent=visit.session.agent, registry=registry, now=moment(),
                after=after if _AFTER.fullmatch(after) else None,
            )
        )  # fmt: skip
        return guard.show(visit, "own_requests", {**found, "place": _MENU})

    router.add_api_route(LISTED, listed, methods=["GET"])
    for road in (_sent(), _listed(desk)):
        add_step(router, desk, _signing(desk, road))
        add_step(router, desk, _refusing(desk, road))
    return router


@dataclass(frozen=True, slots=True)
class _Road:
    """A way to a request. `path` is where its page is, `shown` by what it opens it, "" where that is gone."""

    path: str
    shown: Callable[[Visit], Shown]
    home: str

    def own(self, visit: Visit) -> str:
        """Return the path of the page of this very request."""
        return self.path.replace("{request}", str(visit.request.path_params.get("request", "")))


def _sent() -> _Road:
    """By the code that was sent, which the browser keeps."""
    return _Road(REQUESTS, kept_shown, OPENED)


def _listed(desk: Desk) -> _Road:
    """By the list of what is asked of the enterprise."""

    def shown(visit: Visit) -> Shown:
        name, session = name_in(visit, "request"), visit.session
        if not _NAME.fullmatch(name):
            raise NotFoundError("request_not_found")
        return addressed(name, session.party, agent=session.agent, registry=desk.registry, now=moment())

    return _Road(f"{LISTED}/{{request}}", shown, LISTED)


def _signing(desk: Desk, road: _Road) -> Step:
    registry = desk.registry

    async def form(visit: Visit, problem: Told | None) -> Response:
        """Show who asks for what, what they would see, and the sentence, ready to be signed."""

        def read() -> Told | None:
            now, shown, path = moment(), road.shown(visit), road.own(visit)
            if not shown:
                return None
            page = read_request(shown, registry=registry, now=now)
            if isinstance(shown, Addressed):
                # Whom else they asked is told to who was sent the code that goes round.
                page["holders"] = [each for each in page["holders"] if each["licence_number"] == shown.holder]
            following = page["next"]
            if following is None or following["licence_number"] != visit.session.party:
                return {"request": page, "is_asked": False}
            preview = preview_request(
                shown,
                to_agent=visit.session.agent is not None,
                registry=registry,
                surroundings=desk.surroundings(),
                now=now,
            )
            drafted = following["grant"] | {"preview": preview["shown"]}
            return {
                "request": page,
                "is_asked": True,
                "asked": preview["asked"],
                "refusal": f"{path}/refusal",
                **sentence_shown(visit, drafted, path),
            }

        try:
            shown = await in_thread(read)
        except HubError as error:
            return _not_open(desk, visit, road, error)
        if shown is None:
            return lead_to(road.home, visit)
        # What was signed goes with nothing else: the code is in the browser, the name in the address.
        shown |= {"pairs": [], "problem": problem, "place": _MENU}
        return desk.guard.show(visit, "own_request", shown, status=422 if problem else 200)

    def draft(visit: Visit) -> Mapping[str, Any]:
        page = read_request(road.shown(visit), registry=registry, now=moment())
        return dict(page["next"]["grant"]) if page["next"] else {"text": ""}

    def perform(visit: Visit, signed: SignedText) -> Mapping[str, Any]:
        now = moment()
        try:
            return sign_request(road.shown(visit), signed, registry=registry, e_licence=desk.e_licence, now=now)
        except GrantError as error:
            if error.code != "request_answered":
                raise
            # Sent twice: the request was answered by this very text, or else it was by another.
            try:
                return own_grant(
                    statement_digest(signed.text),
                    visit.session.party,
                    agent=visit.session.agent,
                    registry=registry,
                    now=now,
                )
            except NotFoundError:
                raise error from None

    async def done(visit: Visit, signed: SignedText, answer: Mapping[str, Any]) -> Response:
        return lead_to(f"{GRANTS}/{statement_digest(signed.text)}", visit)

    return Step(path=road.path, form=form, draft=draft, perform=perform, done=done, menu=_MENU)


def _refusing(desk: Desk, road: _Road) -> Step:
    registry = desk.registry

    async def form(visit: Visit, problem: Told | None) -> Response:
        def read() -> bool:
            shown = road.shown(visit)
            if shown:
                read_request(shown, registry=registry, now=moment())
            return bool(shown)

        try:
            is_open = await in_thread(read)
        except HubError as error:
            return _not_open(desk, visit, road, error)
        if not is_open:
            return lead_to(road.home, visit)
        told_of = {"reason": visit.get("reason"), "refused": False, "request_path": road.own(visit)}
        shown = {"problem": problem, "place": _MENU, **told_of}
        return desk.guard.show(visit, "request_refusal", shown, status=422 if problem else 200)

    def draft(visit: Visit) -> Mapping[str, Any]:
        return draft_refusal(
            road.shown(visit),
            visit.session.party,
            " ".join(visit.get("reason").split()),
            registry=registry,
            now=moment(),
        )

    def perform(visit: Visit, signed: SignedText) -> Mapping[str, Any]:
        return refuse_request(road.shown(visit), signed, registry=registry, e_licence=desk.e_licence, now=moment())

    async def done(visit: Visit, signed: SignedText, answer: Mapping[str, Any]) -> Response:
        receipt = await in_thread(desk.receipt, answer["act_id"]) if answer else None
        told_of = {"reason": "", "refused": True, "receipt": receipt, "request_path": road.own(visit)}
        return desk.guard.show(visit, "request_refusal", {"place": _MENU, **told_of})

    return Step(path=f"{road.path}/refusal", form=form, draft=draft, perform=perform, done=done, menu=_MENU)


def _not_open(desk: Desk, visit: Visit, road: _Road, error: HubError) -> Response:
    """Say what is wrong with a request where the next one can be opened; what is not in the list is not found."""
    if road.home == LISTED:
        raise error
    page = {"problem": told(error, visit.request), "seated": None}
    return desk.guard.show_before(visit.request, "request_code", page, status=422)
