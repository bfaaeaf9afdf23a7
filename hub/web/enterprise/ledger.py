"""Pages of the ledger (访问记录) and of objections: who had what and why, the whole as a file, what is wrong with it.

They are the representative's and the manager's: an agent acts in one matter and is refused, as the ledger's door does.
That it was read is told by the entry of the sign-in.
"""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response, StreamingResponse

from connectors.contract import SignedText
from hub.enterprise.ledger import export_csv, export_json, read_lines
from hub.enterprise.objections import draft_objection, object_to, own_objections
from hub.errors import DocumentError
from hub.web.api.ledger import EXPORT_HEADERS, explain
from hub.web.callers import in_thread, moment
from hub.web.enterprise.desk import Desk
from hub.web.enterprise.entrance import HOME
from hub.web.enterprise.stepping import Step, Told, add_step, lead_to
from hub.web.sessions import Visit
from schemas.objection import Road

LEDGER, OBJECTIONS = f"{HOME}/ledger", f"{HOME}/objections"
_MENU = "ledger"
_AFTER = re.compile(r"[0-9]{1,17}\.[0-3]\.[A-Za-z0-9_-]{1,64}")


def routes(desk: Desk) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    registry, guard = desk.registry, desk.guard

    @guard.page
    async def lines(visit: Visit) -> Response:
        after = visit.request.query_params.get("after", "")
        place = after if _AFTER.fullmatch(after) else None
        own = _whole(visit)
        found = await in_thread(partial(read_lines, own, after=place, registry=registry, now=moment()))
        for each in found["lines"]:
            each["why"] = explain(each["reason"]) if each["reason"] else ""
        return guard.show(visit, "own_ledger", {**found, "place": _MENU})

    @guard.page
    async def export(visit: Visit) -> Response:
        own, form = _whole(visit), visit.request.query_params.get("form", "csv")
        if form == "json":
            content, media = export_json(own, registry=registry, now=moment()), "application/json"
        else:
            form, media = "csv", "text/csv; charset=utf-8"
            content = export_csv(own, explain=explain, registry=registry, now=moment())
        headers = EXPORT_HEADERS | {"content-disposition": f'attachment; filename="ledger.{form}"'}
        return StreamingResponse(content, media_type=media, headers=headers)

    @guard.page
    async def objections(visit: Visit) -> Response:
        found = await in_thread(partial(own_objections, _whole(visit), registry=registry))
        return guard.show(visit, "own_objections", {"objections": found, "place": _MENU})

    router.add_api_route(LEDGER, lines, methods=["GET"])
    router.add_api_route(f"{LEDGER}/export", export, methods=["GET"])
    router.add_api_route(OBJECTIONS, objections, methods=["GET"])
    add_step(router, desk, _objecting(desk))
    return router


def _whole(visit: Visit) -> str:
    """Return whose ledger a visit may read whole; DocumentError ledger_role for an agent."""
    if visit.session.agent is not None:
        raise DocumentError("ledger_role")
    return visit.session.party


def _objecting(desk: Desk) -> Step:
    registry = desk.registry

    async def form(visit: Visit, problem: Told | None) -> Response:
        asked = visit.request.query_params
        names = ("road", "about", "reason", "department", "day", "item_code")
        typed = {name: visit.get(name) or asked.get(name, "")[:128] for name in names}
        roads = [each.value for each in Road]
        # What is objected to says which roads there are.
        if typed["about"].startswith("1.2.156."):
            roads = [Road.DATA_WRONG.value, Road.DECISION_WRONG.value]
        elif typed["about"]:
            roads = [Road.ACCESS_NOT_ALLOWED.value, Road.DECISION_WRONG.value]
        elif not visit.form:
            roads, typed["road"] = [Road.WINDOW_REFUSED.value], Road.WINDOW_REFUSED.value
        shown = {**typed, "day_asked": typed["day"], "roads": roads, "problem": problem, "place": _MENU}
        return desk.guard.show(visit, "objection_form", shown, status=422 if problem else 200)

    def draft(visit: Visit) -> Mapping[str, Any]:
        wish: dict[str, Any] = {
            "licence_number": visit.session.party,
            "road": visit.get("road"),
            # A sentence is one line.
            "reason": " ".join(visit.get("reason").split()),
        }
        if wish["road"] == Road.WINDOW_REFUSED:
            names = ("department", "day", "item_code")
            return draft_objection(
                wish | {"window": {name: visit.get(name) for name in names}}, registry=registry, now=moment()
            )
        return draft_objection(wish | {"about": visit.get("about")}, registry=registry, now=moment())

    def perform(visit: Visit, signed: SignedText) -> Mapping[str, Any]:
        return object_to(signed, operator=desk.operator, registry=registry, e_licence=desk.e_licence, now=moment())

    async def done(visit: Visit, signed: SignedText, answer: Mapping[str, Any]) -> Response:
        return lead_to(OBJECTIONS if visit.session.agent is None else HOME, visit)

    return Step(path=f"{OBJECTIONS}/new", form=form, draft=draft, perform=perform, done=done, menu=_MENU)
