"""Pages of agents (办事人): who acts for the enterprise, in what, until when; appointing, removing, confirming anew.

An agent sees his own delegations, and the number of his e-licence that a principal needs to appoint him.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from connectors.contract import SignedText
from hub.enterprise.delegations import (
    confirm_delegations,
    draft_delegation,
    draft_delegation_confirmation,
    draft_delegation_withdrawal,
    own_delegation,
    own_delegations,
    post_delegation,
    withdraw_delegation,
)
from hub.web.callers import in_thread, moment
from hub.web.enterprise.desk import Desk, end_of_day, name_in
from hub.web.enterprise.entrance import HOME
from hub.web.enterprise.stepping import Step, Told, add_step, lead_to
from hub.web.sessions import Visit
from schemas.sentence import statement_digest

AGENTS = f"{HOME}/agents"
_MENU = "agents"
_NAMES = ("delegate", "cert_serial", "item_name", "item_code", "valid_until")


def routes(desk: Desk) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    registry, guard = desk.registry, desk.guard

    @guard.page
    async def listed(visit: Visit) -> Response:
        def read() -> list[Told]:
            return own_delegations(visit.session.party, agent=visit.session.agent, registry=registry, now=moment())

        found = await in_thread(read)
        shown = {"delegations": found, "own_serial": visit.session.agent, "place": _MENU}
        return guard.show(visit, "own_agents", shown | {"frozen": any(each["state"] == "frozen" for each in found)})

    @guard.page
    async def one(visit: Visit) -> Response:
        return await _show_one(desk, visit, None)

    router.add_api_route(AGENTS, listed, methods=["GET"])
    add_step(router, desk, _appointing(desk))
    add_step(router, desk, _confirming(desk))
    router.add_api_route(f"{AGENTS}/{{digest}}", one, methods=["GET"])
    add_step(router, desk, _removing(desk))
    return router


async def _show_one(desk: Desk, visit: Visit, problem: Told | None, *, ends: bool = False) -> Response:
    def read() -> Told:
        found = own_delegation(
            name_in(visit), visit.session.party, agent=visit.session.agent, registry=desk.registry, now=moment()
        )
        return {"it": found, "receipt": desk.receipt(found["act_id"])}

    shown = {**await in_thread(read), "ends": ends, "problem": problem, "place": _MENU}
    return desk.guard.show(visit, "own_agent", shown, status=422 if problem else 200)


def _appointing(desk: Desk) -> Step:
    registry = desk.registry

    async def form(visit: Visit, problem: Told | None) -> Response:
        asked = visit.request.query_params
        typed = {name: visit.get(name) or asked.get(name, "")[:128] for name in _NAMES}
        shown = {**typed, "problem": problem, "place": _MENU}
        return desk.guard.show(visit, "agent_form", shown, status=422 if problem else 200)

    def draft(visit: Visit) -> Mapping[str, Any]:
        wish = {name: visit.get(name) for name in _NAMES} | {
            "licence_number": visit.session.party,
            "cert_serial": visit.get("cert_serial").lower(),
            "valid_until": end_of_day(visit.get("valid_until")),
        }
        return draft_delegation(wish, registry=registry, now=moment())

    def perform(visit: Visit, signed: SignedText) -> Mapping[str, Any]:
        return post_delegation(signed, registry=registry, e_licence=desk.e_licence, now=moment())

    async def done(visit: Visit, signed: SignedText, answer: Mapping[str, Any]) -> Response:
        return lead_to(f"{AGENTS}/{statement_digest(signed.text)}", visit)

    return Step(path=f"{AGENTS}/new", form=form, draft=draft, perform=perform, done=done, menu=_MENU)


def _removing(desk: Desk) -> Step:
    registry = desk.registry

    async def form(visit: Visit, problem: Told | None) -> Response:
        return await _show_one(desk, visit, problem, ends=True)

    def draft(visit: Visit) -> Mapping[str, Any]:
        return draft_delegation_withdrawal(name_in(visit), registry=registry)

    def perform(visit: Visit, signed: SignedText) -> Mapping[str, Any]:
        return withdraw_delegation(name_in(visit), signed, registry=registry, e_licence=desk.e_licence, now=moment())

    async def done(visit: Visit, signed: SignedText, answer: Mapping[str, Any]) -> Response:
        return lead_to(f"{AGENTS}/{name_in(visit)}", visit)

    path = f"{AGENTS}/{{digest}}/withdrawal"
    return Step(path=path, form=form, draft=draft, perform=perform, done=done, menu=_MENU)


def _confirming(desk: Desk) -> Step:
    registry = desk.registry

    async def form(visit: Visit, problem: Told | None) -> Response:
        def read() -> list[Told]:
            return own_delegations(visit.session.party, agent=visit.session.agent, registry=registry, now=moment())

        standing = [each for each in await in_thread(read) if each["state"] in ("usable", "frozen")]
        chosen = visit.all("delegation") if visit.form else [each["digest"] for each in standing]
        shown = {
            "delegations": [each | {"ticked": each["digest"] in chosen} for each in standing],
            "managers": visit.get("managers") == "yes" or not visit.form,
            "problem": problem,
            "place": _MENU,
        }
        return desk.guard.show(visit, "agents_confirmation", shown, status=422 if problem else 200)

    def draft(visit: Visit) -> Mapping[str, Any]:
        wish = {
            "licence_number": visit.session.party,
            "delegations": visit.all("delegation"),
            "managers": visit.get("managers") == "yes",
        }
        return draft_delegation_confirmation(wish, registry=registry, now=moment())

    def perform(visit: Visit, signed: SignedText) -> Mapping[str, Any]:
        return confirm_delegations(signed, registry=registry, e_licence=desk.e_licence, now=moment())

    async def done(visit: Visit, signed: SignedText, answer: Mapping[str, Any]) -> Response:
        return lead_to(AGENTS, visit)

    return Step(path=f"{AGENTS}/confirmation", form=form, draft=draft, perform=perform, done=done, menu=_MENU)
