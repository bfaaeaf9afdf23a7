"""Pages of presentation codes (出示码): making one, showing it with its countdown, allowing who asks with it.

A code that runs out is followed by another over the same scope: the button takes the same choice along.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from connectors.contract import SignedText
from hub.enterprise.grants import draft_withdrawal, grantable, withdraw_grant
from hub.enterprise.presentations import (
    confirm,
    draft_confirmation,
    draft_presentation,
    own_presentation,
    own_presentations,
    post_presentation,
    presentation_state,
)
from hub.web.callers import in_thread, moment
from hub.web.enterprise.desk import Desk, kept_shown, name_in
from hub.web.enterprise.entrance import HOME
from hub.web.enterprise.grants import fields_chosen, fields_shown
from hub.web.enterprise.stepping import Step, Told, add_step, lead_to, sentence_shown
from hub.web.public.qr import qr_data_uri
from hub.web.sessions import PRIVATE, Visit
from schemas.sentence import statement_digest

PRESENTATIONS = f"{HOME}/presentations"
_MENU = "presentations"
_RUNNING = ("open", "unconfirmed", "released")


def routes(desk: Desk) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    guard = desk.guard

    @guard.page
    async def one(visit: Visit) -> Response:
        return await _show_one(desk, visit, None)

    @guard.page
    async def state(visit: Visit) -> Response:
        found = await in_thread(lambda: presentation_state(name_in(visit), registry=desk.registry, now=moment()))
        return JSONResponse({"state": found["state"]}, headers=PRIVATE)

    add_step(router, desk, _making(desk))
    router.add_api_route(f"{PRESENTATIONS}/{{digest}}", one, methods=["GET"])
    router.add_api_route(f"{PRESENTATIONS}/{{digest}}/state", state, methods=["GET"])
    add_step(router, desk, _allowing(desk))
    add_step(router, desk, _taking_back(desk))
    return router


def _making(desk: Desk) -> Step:
    registry = desk.registry

    async def form(visit: Visit, problem: Told | None) -> Response:
        types = await in_thread(lambda: grantable(visit.session.party, registry=registry))
        running = await in_thread(
            lambda: own_presentations(visit.session.party, agent=visit.session.agent, registry=registry, now=moment())
        )
        chosen = visit.all("field") if visit.form else visit.request.query_params.getlist("field")
        shown = {
            "types": fields_shown(types, chosen, visit.language),
            "requester": visit.get("requester"),
            "running": [each for each in running if each["state"] in _RUNNING],
            "minutes": int(registry.terms.presentation_term.total_seconds()) // 60,
            "problem": problem,
            "place": _MENU,
        }
        return desk.guard.show(visit, "presentation_form", shown, status=422 if problem else 200)

    def draft(visit: Visit) -> Mapping[str, Any]:
        wish = {
            "licence_number": visit.session.party,
            "types": fields_chosen(visit),
            "requester": visit.get("requester").upper() or None,
        }
        return draft_presentation(wish, registry=registry, now=moment())

    def perform(visit: Visit, signed: SignedText) -> Mapping[str, Any]:
        return post_presentation(signed, registry=registry, e_licence=desk.e_licence, now=moment())

    async def done(visit: Visit, signed: SignedText, answer: Mapping[str, Any]) -> Response:
        path, now = f"{PRESENTATIONS}/{statement_digest(signed.text)}", moment()
        response = lead_to(path, visit)
        if not answer:
            return response
        code = f"{answer['code']}.{answer['digits']}"
        return desk.keep_shown(response, path, code, now + registry.terms.presentation_term, now)

    return Step(path=f"{PRESENTATIONS}/new", form=form, draft=draft, perform=perform, done=done, menu=_MENU)


async def _show_one(desk: Desk, visit: Visit, problem: Told | None) -> Response:
    """Show a presentation as it stands: its code, or who asks with it and the sentence that allows it."""

    def read() -> Told:
        digest, now = name_in(visit), moment()
        found = own_presentation(
            digest, visit.session.party, agent=visit.session.agent, registry=desk.registry, now=now
        )
        code, _, digits = kept_shown(visit).partition(".")
        again = urlencode([("field", f"{kind['code']}.{name}") for kind in found["types"] for name in kind["names"]])
        shown = {
            "it": found,
            "picture": qr_data_uri(code) if code else "",
            "digits": f"{digits[:4]} {digits[4:]}",
            "again": f"{PRESENTATIONS}/new?{again}&lang={visit.language}",
            "receipt": desk.receipt(found["act_id"]),
            "path": f"{PRESENTATIONS}/{digest}",
        }
        if found["state"] == "unconfirmed":
            drafted = draft_confirmation(digest, registry=desk.registry)
            shown |= sentence_shown(visit, drafted, f"{PRESENTATIONS}/{digest}/confirmation") | {"pairs": []}
        return shown

    shown = {**await in_thread(read), "problem": problem, "place": _MENU}
    return desk.guard.show(visit, "own_presentation", shown, status=422 if problem else 200)


def _allowing(desk: Desk) -> Step:
    registry = desk.registry

    async def form(visit: Visit, problem: Told | None) -> Response:
        return await _show_one(desk, visit, problem)

    def draft(visit: Visit) -> Mapping[str, Any]:
        return draft_confirmation(name_in(visit), registry=registry)

    def perform(visit: Visit, signed: SignedText) -> Mapping[str, Any]:
        return confirm(name_in(visit), signed, registry=registry, e_licence=desk.e_licence, now=moment())

    async def done(visit: Visit, signed: SignedText, answer: Mapping[str, Any]) -> Response:
        return lead_to(f"{PRESENTATIONS}/{name_in(visit)}", visit)

    path = f"{PRESENTATIONS}/{{digest}}/confirmation"
    return Step(path=path, form=form, draft=draft, perform=perform, done=done, menu=_MENU)


def _taking_back(desk: Desk) -> Step:
    registry = desk.registry

    async def form(visit: Visit, problem: Told | None) -> Response:
        return await _show_one(desk, visit, problem)

    def draft(visit: Visit) -> Mapping[str, Any]:
        return draft_withdrawal(name_in(visit), registry=registry)

    def perform(visit: Visit, signed: SignedText) -> Mapping[str, Any]:
        return withdraw_grant(name_in(visit), signed, registry=registry, e_licence=desk.e_licence, now=moment())

    async def done(visit: Visit, signed: SignedText, answer: Mapping[str, Any]) -> Response:
        return lead_to(f"{PRESENTATIONS}/{name_in(visit)}", visit)

    path = f"{PRESENTATIONS}/{{digest}}/withdrawal"
    return Step(path=path, form=form, draft=draft, perform=perform, done=done, menu=_MENU)
