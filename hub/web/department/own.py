"""The department itself: its systems and keys, its lines of the sharing table, and what was ordered in its name."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from hub.department.own_department import list_ordered, list_systems
from hub.sharing.table import answers_to, list_rules
from hub.steps.registry import Registry
from hub.web.callers import in_thread, moment
from hub.web.department.showing import HOME, department_of, show
from hub.web.department.tasks import ANSWER_REASONS
from hub.web.department.words import type_names
from hub.web.sessions import Guard, Visit
from schemas.wording import ORDERS_GIVEN, SHARING_STATES, Wording

OWN, ACTS, SHARING = f"{HOME}/own", f"{HOME}/own/acts", f"{HOME}/own/sharing"
_SOON_DAYS = 30


def routes(registry: Registry, guard: Guard) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @guard.page
    async def systems(visit: Visit) -> Response:
        found = await in_thread(lambda: list_systems(visit.session.party, registry=registry, now=moment()))
        return show(guard, visit, "own_systems", "own", {"systems": found, "soon": _SOON_DAYS})

    @guard.page
    async def acts(visit: Visit) -> Response:
        asked = visit.request.query_params.get("before", "")
        before = int(asked) if asked.isdecimal() and len(asked) < 16 else None
        found = await in_thread(lambda: list_ordered(visit.session.party, before=before, registry=registry))
        rows = [each | _worded(each["act"], ORDERS_GIVEN) for each in found["ordered"]]
        return show(guard, visit, "own_acts", "own", {"acts": rows, "before": found["before"]})

    @guard.page
    async def sharing(visit: Visit) -> Response:
        found = await in_thread(lambda: list_rules(department_of(visit), registry=registry))
        newest = {each["code"]: each["version"] for each in found["rules"]}
        told = await in_thread(lambda: answers_to(visit.session.party, registry=registry, now=moment()))
        rules = [
            _rule(each, visit.session.party, registry)
            | {"answers": _answers(told, each), "is_newest": newest[each["code"]] == each["version"]}
            for each in found["rules"]
        ]
        return show(guard, visit, "own_sharing", "own", {"rules": rules})

    router.add_api_route(OWN, systems, methods=["GET"])
    router.add_api_route(ACTS, acts, methods=["GET"])
    router.add_api_route(SHARING, sharing, methods=["GET"])
    return router


def _worded(code: str, words: Mapping[str, Wording]) -> dict[str, str]:
    found = words.get(code, Wording(code, code))
    return {"zh": found.zh, "en": found.en}


def _answers(told: Mapping[tuple[str, int], list[dict[str, Any]]], rule: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what the providers of one's own line said, or have to say by when; nothing where it is all approved."""
    if rule["state"] == "approved":
        return []
    answers = told.get((rule["code"], rule["version"]), [])
    return [each | {"why": _worded(each["reason"], ANSWER_REASONS) if each["reason"] else None} for each in answers]


def _rule(rule: Mapping[str, Any], department: str, registry: Registry) -> dict[str, Any]:
    tones = {"approved": "valid", "asked": "unknown", "refused": "not_valid", "ended": "not_valid"}
    return {
        "code": rule["code"],
        "version": rule["version"],
        "item_name": rule["item_name"],
        "item_code": rule["item_code"],
        "legal_basis": rule["legal_basis"],
        "types": [type_names(code, registry) for code in rule["fields"]],
        "tone": tones.get(rule["state"], "none"),
        "is_ours": rule["requester"] == department,
        "confirmed_until": rule["confirmed_until"],
        **_worded(rule["state"], SHARING_STATES),
    }
