"""A presentation code at the window: asked with, the holder's word waited for, then pulled like anything else.

1 the officer scans the code, or types its eight digits with the licence number, and says for which item and case
2 his terminal signs the redemption; the code goes beside what is signed, and is kept nowhere
  (`hub/enterprise/presentations.py`)
3 the page that follows says whom it waits for, and comes again by itself until the holder has confirmed on the phone
4 the pull on it is signed, decided and answered as any other (`window.py`)
A code that is refused leads back to the form: the same digits once more would count as another miss.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from connectors.contract import ELicence
from hub.department.window_offers import known_items
from hub.enterprise.presentations import redeem, redeemed_presentation
from hub.errors import GrantError
from hub.steps.codes import read_code as read_shown
from hub.steps.registry import Registry
from hub.web.callers import Called, in_thread, moment
from hub.web.department.ordering import BESIDE, Again, Content, Errand, Ordering, Row
from hub.web.department.showing import HOME, show
from hub.web.department.words import type_names
from hub.web.problems import CODES, document_of
from hub.web.sessions import Guard, Visit, with_language
from schemas.exchange import Basis, RequestFormError, read_redemption
from schemas.parties import Role
from schemas.statement import Ordered
from schemas.wording import Wording

PRESENTATIONS = f"{HOME}/presentations"
_REDEEM, _PULL = "redeem", "pull"
_AGAIN_SECONDS = "3"
_WAITS = "unconfirmed"
_REFUSED: tuple[type[Exception], ...] = (GrantError, *CODES)
_TYPED = ("code", "licence_number", "window", "item_code", "case_number")


def errands(registry: Registry, e_licence: ELicence) -> list[Errand]:
    """Return what is ordered with a code that is shown."""

    def run(called: Called, content: Content) -> Mapping[str, Any]:
        asked = {name: value for name, value in content.items() if name != BESIDE}
        return redeem(
            read_redemption(asked), str(content.get(BESIDE, "")), verified=called.verified,
            system=called.caller.system, officer=called.officer, key=called.key, registry=registry,
            e_licence=e_licence, now=called.now,
        )  # fmt: skip

    def describe(content: Content) -> Sequence[Row]:
        return list(_described(content, registry))

    def onward(content: Content, answer: Mapping[str, Any]) -> str:
        return f"{PRESENTATIONS}/{answer['presentation']}"

    title = Wording("核验出示码", "Ask with a presentation code")
    return [
        Errand(
            _REDEEM, Ordered.REDEEM, Role.PULL, PRESENTATIONS, "window", title, describe, run, carried=True,
            beside=True, onward=onward,
        )
    ]  # fmt: skip


def routes(registry: Registry, guard: Guard, ordering: Ordering) -> tuple[APIRouter, Again]:
    """Return the doors, and what shows the form."""
    router = APIRouter(include_in_schema=False)

    async def form(visit: Visit, problem: Mapping[str, Any] | None) -> Response:
        items = await in_thread(lambda: known_items(visit.session.party, registry=registry, now=moment()))
        given = {
            "typed": {name: visit.get(name) for name in _TYPED},
            "items": [{"code": each.code, "name": each.name} for each in items],
            "ticked": bool(visit.all("type")),
            "types": [
                {"code": each.code, **type_names(each.code, registry), "ticked": each.code in visit.all("type")}
                for each in sorted(
                    registry.catalogue.current(), key=lambda each: (each.code not in visit.all("type"), each.code)
                )
            ],
            "problem": problem,
        }
        return show(guard, visit, "presentation_asked", "window", given, status=422 if problem else 200)

    ordering.lead_back(_REDEEM, form)

    @guard.page
    async def asked(visit: Visit) -> Response:
        return await form(visit, None)

    @guard.page
    async def filled(visit: Visit) -> Response:
        """Show what is to be signed, or the form again with what is wrong in it."""
        if visit.get("again"):
            return await form(visit, None)
        try:
            content = await in_thread(_request, visit, registry)
            read_redemption(content)
            if read_shown(visit.get("code")) is None and "licence_number" not in content:
                raise RequestFormError("licence_number")
        except _REFUSED as error:
            return await form(visit, document_of(error, ""))
        return ordering.check(visit, _REDEEM, content, beside=visit.get("code"))

    async def standing(visit: Visit) -> Response:
        it = await in_thread(_standing, visit, registry)
        given = {"it": it, "is_own": it["officer"] == visit.session.stored.officer}
        response = show(guard, visit, "presentation_waiting", "window", given)
        if it["state"] == _WAITS:
            # By name: what was posted to this page is never sent again by itself.
            here = with_language(f"{PRESENTATIONS}/{it['digest']}", visit.language)
            response.headers["refresh"] = f"{_AGAIN_SECONDS};url={here}"
        return response

    @guard.page
    async def waiting(visit: Visit) -> Response:
        return await standing(visit)

    @guard.page
    async def pulled(visit: Visit) -> Response:
        """Show the pull that is to be signed."""
        if visit.get("again"):
            return await standing(visit)
        it = await in_thread(_standing, visit, registry)
        content = {
            "licence_number": it["holder"]["licence_number"],
            "basis": {"kind": str(Basis.PRESENTATION), "reference": it["digest"]},
            "item_code": it["item_code"],
            "case_number": it["case_number"],
            "wanted": [{"certificate_type": each["code"]} for each in it["types"]],
        }
        return ordering.check(visit, _PULL, content, back=f"{PRESENTATIONS}/{it['digest']}")

    router.add_api_route(PRESENTATIONS, asked, methods=["GET"])
    router.add_api_route(PRESENTATIONS, filled, methods=["POST"])
    router.add_api_route(f"{PRESENTATIONS}/{{digest}}", waiting, methods=["GET"])
    router.add_api_route(f"{PRESENTATIONS}/{{digest}}", pulled, methods=["POST"])
    return router, form


def _standing(visit: Visit, registry: Registry) -> dict[str, Any]:
    digest = visit.request.path_params["digest"][:64]
    return redeemed_presentation(digest, visit.session.party, registry=registry, now=moment())


def _request(visit: Visit, registry: Registry) -> dict[str, Any]:
    """Return the redemption as a statement carries it; without a type ticked, all that the item needs is asked for."""
    item_code, number = visit.get("item_code"), visit.get("licence_number").upper()
    types: Sequence[str] = visit.all("type")
    if not types:
        items = known_items(visit.session.party, registry=registry, now=moment())
        types = next((each.types for each in items if each.code == item_code), ())
    for each in types:
        registry.catalogue.get(each)
    content: dict[str, Any] = {name: visit.get(name) for name in ("window", "item_code", "case_number")}
    content |= {"wanted": [{"certificate_type": each} for each in types]}
    return content | ({"licence_number": number} if number else {})


def _described(content: Content, registry: Registry) -> Iterator[Row]:
    if content.get("licence_number"):
        yield Wording("统一社会信用代码", "Licence number"), str(content["licence_number"])
    yield Wording("窗口", "Window"), str(content.get("window", ""))
    yield Wording("事项编码", "Item"), str(content.get("item_code", ""))
    yield Wording("办件编号", "Case"), str(content.get("case_number", ""))
    wanted = content.get("wanted") if isinstance(content.get("wanted"), list) else ()
    names = [type_names(str(each.get("certificate_type")), registry) for each in wanted or () if isinstance(each, dict)]
    asked = Wording("、".join(each["zh"] for each in names), ", ".join(each["en"] for each in names))
    yield Wording("要看哪些证照", "Which certificates"), asked
