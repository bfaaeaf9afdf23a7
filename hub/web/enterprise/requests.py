"""A request for a grant, as its holder gets it: a link or a code opens one page, to be signed or refused there.

The code stands behind the number sign of the link, which no browser sends: the page's script moves it into the form, or
somebody types it. The browser then keeps it for this page alone, while it is signed in and until the answer is given.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from connectors.contract import SignedText
from hub.enterprise.grant_requests import draft_refusal, preview_request, read_request, refuse_request, sign_request
from hub.enterprise.grants import own_grant
from hub.errors import GrantError, HubError, NotFoundError
from hub.steps.codes import read_code
from hub.web.callers import in_thread, moment
from hub.web.enterprise.desk import Desk, kept_shown
from hub.web.enterprise.entrance import HOME
from hub.web.enterprise.grants import GRANTS
from hub.web.enterprise.stepping import Step, Told, add_step, lead_to, sentence_shown
from hub.web.sessions import PRIVATE, Visit, language_of, told, with_language
from schemas.sentence import statement_digest

OPENED, REQUESTS = "/grant-requests", f"{HOME}/requests"
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

    add_step(router, desk, _signing(desk))
    add_step(router, desk, _refusing(desk))
    return router


def _signing(desk: Desk) -> Step:
    registry = desk.registry

    async def form(visit: Visit, problem: Told | None) -> Response:
        """Show who asks for what, what they would see, and the sentence, ready to be signed."""
        if not kept_shown(visit):
            return lead_to(OPENED, visit)

        def read() -> Told:
            now, code = moment(), kept_shown(visit)
            page = read_request(code, registry=registry, now=now)
            following = page["next"]
            if following is None or following["licence_number"] != visit.session.party:
                return {"request": page, "is_asked": False}
            preview = preview_request(
                code,
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
                **sentence_shown(visit, drafted, REQUESTS),
            }

        try:
            shown = await in_thread(read)
        except HubError as error:
            page = {"problem": told(error, visit.request), "seated": None}
            return desk.guard.show_before(visit.request, "request_code", page, status=422)
        # What was signed goes with nothing else: the code is in the browser.
        shown |= {"pairs": [], "problem": problem, "place": _MENU}
        return desk.guard.show(visit, "own_request", shown, status=422 if problem else 200)

    def draft(visit: Visit) -> Mapping[str, Any]:
        page = read_request(kept_shown(visit), registry=registry, now=moment())
        return dict(page["next"]["grant"]) if page["next"] else {"text": ""}

    def perform(visit: Visit, signed: SignedText) -> Mapping[str, Any]:
        now = moment()
        try:
            return sign_request(kept_shown(visit), signed, registry=registry, e_licence=desk.e_licence, now=now)
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

    return Step(path=REQUESTS, form=form, draft=draft, perform=perform, done=done, menu=_MENU)


def _refusing(desk: Desk) -> Step:
    registry = desk.registry

    async def form(visit: Visit, problem: Told | None) -> Response:
        if not kept_shown(visit):
            return lead_to(OPENED, visit)
        shown = {"problem": problem, "place": _MENU, "reason": visit.get("reason"), "refused": False}
        return desk.guard.show(visit, "request_refusal", shown, status=422 if problem else 200)

    def draft(visit: Visit) -> Mapping[str, Any]:
        return draft_refusal(
            kept_shown(visit),
            visit.session.party,
            " ".join(visit.get("reason").split()),
            registry=registry,
            now=moment(),
        )

    def perform(visit: Visit, signed: SignedText) -> Mapping[str, Any]:
        return refuse_request(kept_shown(visit), signed, registry=registry, e_licence=desk.e_licence, now=moment())

    async def done(visit: Visit, signed: SignedText, answer: Mapping[str, Any]) -> Response:
        receipt = await in_thread(desk.receipt, answer["act_id"]) if answer else None
        shown = {"place": _MENU, "reason": "", "refused": True, "receipt": receipt}
        return desk.guard.show(visit, "request_refusal", shown)

    return Step(path=f"{REQUESTS}/refusal", form=form, draft=draft, perform=perform, done=done, menu=_MENU)
