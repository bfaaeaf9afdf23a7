"""The browser of a person who signs changes: the key is made in it, proven by its signature, and enrolled as his.

It is asked for as a terminal's is (`hub/department/terminals.py`), under a type of its own, and kept in the browser
under his number: a workplace may be shared, a person's key is not. At a TEST site the operator's desk enrols it on the
spot, for a person who has his duty already; elsewhere the operator enrols it from the request on the page
(`yizhao enrol officer --browser`), which two other persons approve.
"""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from hub.department.terminals import verify_person_proof
from hub.errors import AccessError, HubError
from hub.steps.registry import Registry
from hub.supervision.operator_desk import OperatorDesk
from hub.web.callers import in_thread, moment
from hub.web.department.ordering import in_words
from hub.web.department.seat import enrol_here
from hub.web.operator.changing import CHANGES, person_of
from hub.web.operator.dashboard import HOME, require_operator
from hub.web.operator.kinds import DUTIES
from hub.web.sessions import Guard, Visit, is_own_path, told, with_language
from schemas.approval import DUTIES_NEEDED, Change
from schemas.parties import Officer
from schemas.tokens import PERSON_TYP
from signing.algorithms import PublicKey, key_id
from signing.x509 import read_cert_unverified

PERSON = f"{HOME}/signing"


def routes(
    registry: Registry,
    guard: Guard,
    desk: OperatorDesk | None,
    enrolments: Sequence[Callable[[Request], Any]],
    *,
    operator: str,
) -> APIRouter:
    """Return the doors; `desk` is the operator's of a TEST site, `enrolments` are how often it enrols."""
    router = APIRouter(include_in_schema=False)

    @guard.page
    async def shown(visit: Visit) -> Response:
        require_operator(visit, operator)
        return await page(visit, visit.request.query_params.get("next", ""))

    async def page(visit: Visit, onward: str, proof: str = "", problem: dict[str, Any] | None = None) -> Response:
        officer = await in_thread(person_of, visit, registry)
        given = {
            "home": HOME,
            "officer": officer.number,
            "duty": in_words(DUTIES[officer.duty], visit.language),
            "may_sign": officer.duty in DUTIES_NEEDED[Change.ENTITLE],
            "enrolled": _key_of(officer),
            "next": onward if is_own_path(onward, HOME) else "",
            "origin": registry.origin,
            "typ": PERSON_TYP,
            "now": int(moment().timestamp()),
            "proof": proof,
            "on_the_spot": desk is not None,
            "problem": problem,
        }
        return guard.show(visit, "person", given, 200 if problem is None else 422)

    @guard.page
    async def enrolled(visit: Visit) -> Response:
        require_operator(visit, operator)
        proof = visit.get("proof")

        def known() -> tuple[Officer, PublicKey]:
            return person_of(visit, registry), verify_person_proof(
                visit.session, proof, registry=registry, now=moment()
            )

        def enrol(officer: Officer, key: PublicKey) -> None:
            now = moment()
            if officer.duty not in DUTIES_NEEDED[Change.ENTITLE]:
                raise AccessError("person_duty")
            if desk is None:
                raise AccessError("person_unknown")
            enrol_here("officers", desk.order_person(key, officer, now), f"person-{key_id(key)}", visit, registry, now)

        try:
            officer, key = await in_thread(known)
            if key_id(key) != _key_of(officer):
                for each in enrolments if desk is not None else ():
                    await each(visit.request)
                await in_thread(enrol, officer, key)
        except HubError as error:
            return await page(visit, visit.get("next"), proof, told(error, visit.request))
        onward = visit.get("next") if is_own_path(visit.get("next"), HOME) else CHANGES
        return RedirectResponse(with_language(onward, visit.language), 303)

    router.add_api_route(PERSON, shown, methods=["GET"])
    router.add_api_route(PERSON, enrolled, methods=["POST"])
    return router


def _key_of(officer: Officer) -> str:
    return read_cert_unverified(officer.cert_der).key_id if officer.cert_der else ""
