"""Pages of grants: those in force, used and ended; giving one with a preview, taking it back, ending all at once."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from connectors.contract import SignedText
from hub.enterprise.endings import draft_ending, end_all, own_ending
from hub.enterprise.grants import (
    draft_grant,
    draft_withdrawal,
    grantable,
    grantable_singly,
    own_grant,
    own_grants,
    post_grant,
    preview_grant,
    withdraw_grant,
)
from hub.errors import GrantError, NotFoundError
from hub.web.callers import in_thread, moment
from hub.web.enterprise.desk import Desk, end_of_day, kept_shown, name_in
from hub.web.enterprise.entrance import HOME
from hub.web.enterprise.stepping import Step, Told, add_step, lead_to
from hub.web.sessions import Visit
from schemas.grant_templates import load_grant_templates
from schemas.sentence import statement_digest

GRANTS = f"{HOME}/grants"
_MENU = "grants"
_WHICH = ("live", "used", "over")
_AFTER = re.compile(r"[0-9]{1,17}\.[0-9a-f]{64}")
_PLAIN = ("case_number", "item_code", "item_name")


def routes(desk: Desk) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    registry, guard = desk.registry, desk.guard

    @guard.page
    async def listed(visit: Visit) -> Response:
        which = visit.request.query_params.get("which", "live")
        after = visit.request.query_params.get("after", "")
        chosen = which if which in _WHICH else "live"
        found = await in_thread(
            lambda: own_grants(
                visit.session.party, chosen, agent=visit.session.agent, registry=registry, now=moment(),
                after=after if _AFTER.fullmatch(after) else None,
            )
        )  # fmt: skip
        return guard.show(visit, "own_grants", {**found, "which": chosen, "place": _MENU})

    @guard.page
    async def one(visit: Visit) -> Response:
        def read() -> Told:
            found = own_grant(
                name_in(visit), visit.session.party, agent=visit.session.agent, registry=registry, now=moment()
            )
            code = kept_shown(visit)
            link = f"{registry.origin}/grant-links#{code}" if code else ""
            return {"it": found, "receipt": desk.receipt(found["act_id"]), "link": link}

        return guard.show(visit, "own_grant", {**await in_thread(read), "place": _MENU})

    router.add_api_route(GRANTS, listed, methods=["GET"])
    add_step(router, desk, _giving(desk))
    add_step(router, desk, _taking_back(desk))
    add_step(router, desk, _ending_all(desk))
    router.add_api_route(f"{GRANTS}/endings/{{digest}}", _ended(desk), methods=["GET"])
    router.add_api_route(f"{GRANTS}/{{digest}}", one, methods=["GET"])
    return router


# --- giving -----------------------------------------------------------------------------------------------------


def _giving(desk: Desk) -> Step:
    registry = desk.registry

    async def form(visit: Visit, problem: Told | None) -> Response:
        filled = _filled(visit)
        party, singly = visit.session.party, filled["singly"]
        types = await in_thread(lambda: grantable(party, registry=registry))
        found = await in_thread(lambda: grantable_singly(party, singly, registry=registry))
        singles = [each | {"ticked": each["identifier"] in singly} for each in found["certificates"]]
        shown = {
            **filled,
            "singles": singles,
            "is_single_open": bool(singly),
            "is_whole": found["is_whole"],
            "types": fields_shown(types, filled["chosen"], visit.language),
            "templates": [asdict(each) for each in load_grant_templates().values()],
            "problem": problem,
            "place": _MENU,
        }
        return desk.guard.show(visit, "grant_form", shown, status=422 if problem else 200)

    def draft(visit: Visit) -> Mapping[str, Any]:
        wish, now = _wish(visit), moment()
        drafted = draft_grant(wish, registry=registry, now=now)
        preview = preview_grant(
            wish, to_agent=visit.session.agent is not None, registry=registry, surroundings=desk.surroundings(), now=now
        )
        # The one-time link of a person: told when it is drafted, and of use once the sentence is signed.
        return drafted | {"preview": preview, "pairs": [("code", drafted["code"])] if "code" in drafted else []}

    def perform(visit: Visit, signed: SignedText) -> Mapping[str, Any]:
        return post_grant(signed, registry=registry, e_licence=desk.e_licence, now=moment())

    async def done(visit: Visit, signed: SignedText, answer: Mapping[str, Any]) -> Response:
        path, now = f"{GRANTS}/{statement_digest(signed.text)}", moment()
        response = lead_to(path, visit)
        code = visit.get("code")
        return desk.keep_shown(response, path, code, now + registry.terms.request_term, now) if code else response

    return Step(path=f"{GRANTS}/new", form=form, draft=draft, perform=perform, done=done, menu=_MENU)


def _filled(visit: Visit) -> Told:
    """Return the form as it was typed, or as a template fills it in."""
    typed = {name: visit.get(name) for name in (*_PLAIN, "to", "requester", "person", "valid_until", "uses", "future")}
    code = visit.get("template") or visit.request.query_params.get("template", "")
    template = load_grant_templates().get(code)
    if visit.form:
        chosen = [*visit.all("field")]
    else:
        chosen = [f"{kind}.{name}" for kind, names in template.types.items() for name in names] if template else []
        typed |= {
            "item_code": template.item_code if template else "",
            "item_name": template.item_name if template else "",
            "uses": str(template.uses) if template else "1",
            "future": "yes" if template and template.future else "",
            "to": "requester",
        }
    singly = visit.all("certificate") if visit.form else visit.request.query_params.getlist("certificate")
    return {**typed, "template": code if template else "", "chosen": chosen, "singly": singly}


def _wish(visit: Visit) -> dict[str, Any]:
    """Return what a form wishes; GrantError grant_form for what no form of ours sends."""
    uses = visit.get("uses")
    if uses and not (uses.isascii() and uses.isdecimal() and len(uses) <= 4 and int(uses)):
        raise GrantError("grant_form", member="uses")
    wish = {name: visit.get(name) for name in _PLAIN} | {
        "licence_number": visit.session.party,
        "types": fields_chosen(visit),
        "certificates": [*visit.all("certificate")],
        "uses": int(uses) if uses else None,
        "valid_until": end_of_day(visit.get("valid_until")),
        "future": visit.get("future") == "yes",
        "template": visit.get("template"),
    }
    to = "person" if visit.get("to") == "person" else "requester"
    return wish | {to: visit.get(to) if to == "person" else visit.get(to).upper()}


def fields_shown(types: Sequence[Told], chosen: Collection[str], language: str) -> list[Told]:
    """Return types and their fields as boxes to tick; a type is open where one of its boxes is ticked."""
    shown = []
    for kind in types:
        boxes = [
            {"label": each[language], "value": (value := f"{kind['code']}.{each['name']}"), "ticked": value in chosen}
            for each in kind["fields"]
        ]
        is_open = len(types) == 1 or any(each["ticked"] for each in boxes)
        shown.append({"label": kind[f"name_{language}"], "fields": boxes, "is_open": is_open})
    return shown


def fields_chosen(visit: Visit) -> dict[str, list[str]]:
    """Return the ticked boxes as certificate type → fields."""
    fields: dict[str, list[str]] = {}
    for each in visit.all("field"):
        kind, _, name = each.partition(".")
        fields.setdefault(kind, []).append(name)
    return fields


# --- taking back ------------------------------------------------------------------------------------------------


def _taking_back(desk: Desk) -> Step:
    registry = desk.registry

    async def form(visit: Visit, problem: Told | None) -> Response:
        def read() -> Told:
            return own_grant(
                name_in(visit), visit.session.party, agent=visit.session.agent, registry=registry, now=moment()
            )

        shown = {"it": await in_thread(read), "problem": problem, "place": _MENU}
        return desk.guard.show(visit, "grant_withdrawal", shown, status=422 if problem else 200)

    def draft(visit: Visit) -> Mapping[str, Any]:
        return draft_withdrawal(name_in(visit), registry=registry)

    def perform(visit: Visit, signed: SignedText) -> Mapping[str, Any]:
        return withdraw_grant(name_in(visit), signed, registry=registry, e_licence=desk.e_licence, now=moment())

    async def done(visit: Visit, signed: SignedText, answer: Mapping[str, Any]) -> Response:
        return lead_to(f"{GRANTS}/{name_in(visit)}", visit)

    path = f"{GRANTS}/{{digest}}/withdrawal"
    return Step(path=path, form=form, draft=draft, perform=perform, done=done, menu=_MENU)


# --- ending all -------------------------------------------------------------------------------------------------


def _ending_all(desk: Desk) -> Step:
    registry = desk.registry

    async def form(visit: Visit, problem: Told | None) -> Response:
        shown = {"since": visit.get("since"), "problem": problem, "place": _MENU}
        return desk.guard.show(visit, "ending_form", shown, status=422 if problem else 200)

    def draft(visit: Visit) -> Mapping[str, Any]:
        since = visit.get("since")
        wish = {"licence_number": visit.session.party, "since": f"{since}T00:00:00+08:00" if since else None}
        return draft_ending(wish, registry=registry)

    def perform(visit: Visit, signed: SignedText) -> Mapping[str, Any]:
        return end_all(signed, registry=registry, e_licence=desk.e_licence, now=moment())

    async def done(visit: Visit, signed: SignedText, answer: Mapping[str, Any]) -> Response:
        # Shown at once: the session that asked is among what was ended.
        return await _show_ending(desk, visit, statement_digest(signed.text))

    return Step(path=f"{GRANTS}/end-all", form=form, draft=draft, perform=perform, done=done, menu=_MENU)


def _ended(desk: Desk) -> Any:
    @desk.guard.page
    async def ended(visit: Visit) -> Response:
        if visit.session.agent is not None:
            raise NotFoundError("ending_not_found")
        return await _show_ending(desk, visit, name_in(visit))

    return ended


async def _show_ending(desk: Desk, visit: Visit, digest: str) -> Response:
    def read() -> Told:
        found = own_ending(digest, visit.session.party, registry=desk.registry, now=moment())
        return {"it": found, "receipt": desk.receipt(found["act_id"])}

    return desk.guard.show(visit, "ending", {**await in_thread(read), "place": _MENU})
