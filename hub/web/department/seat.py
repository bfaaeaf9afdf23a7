"""The terminal of a workplace: the browser shows its key; the session is bound to it, or it asks to be enrolled."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from hub.department.access import find_system
from hub.department.terminals import bind_terminal, is_enrolled, verify_proof
from hub.errors import HubError, StatementError
from hub.steps.orders.persons import OPERATOR_SYSTEM
from hub.steps.registry import Registry
from hub.supervision.operator_desk import OperatorDesk
from hub.supervision.parties import enrol
from hub.web.callers import OrderBody, in_thread, moment, verify_order
from hub.web.department.entrance import SEAT
from hub.web.department.showing import HOME, OFFICERS_HOMES, show
from hub.web.sessions import Guard, Visit, is_own_path, told, with_language
from schemas.statement import Ordered


def routes(
    registry: Registry, guard: Guard, desk: OperatorDesk | None, enrolments: Sequence[Callable[[Request], Any]]
) -> APIRouter:
    """Return the doors; `desk` is the operator's of a TEST site, which enrols a browser on the spot.

    `enrolments` are how often it does: there anybody may sign in as an officer of the demonstration.
    """
    router = APIRouter(include_in_schema=False)

    @guard.page
    async def shown(visit: Visit) -> Response:
        onward = visit.request.query_params.get("next", "")
        if visit.session.stored.terminal is not None:
            return _onward(onward, visit)
        return _page(onward, visit)

    def _page(onward: str, visit: Visit, proof: str = "", problem: dict[str, Any] | None = None) -> Response:
        given = {
            "next": onward if is_own_path(onward, *OFFICERS_HOMES) else "",
            "origin": registry.origin,
            "now": int(moment().timestamp()),
            "proof": proof,
            "problem": problem,
            "on_the_spot": desk is not None,
        }
        return show(guard, visit, "terminal", "terminal", given, status=200 if problem is None else 422)

    @guard.page
    async def bound(visit: Visit) -> Response:
        proof = visit.get("proof")

        def known() -> bool:
            key = verify_proof(visit.session, proof, registry=registry, now=moment())
            return is_enrolled(key, registry=registry)

        def work() -> str:
            now = moment()
            key = verify_proof(visit.session, proof, registry=registry, now=now)
            if desk is not None and not is_enrolled(key, registry=registry):
                order = desk.order_terminal(key.public_key, key.code, visit.session.party, now)
                enrol_here("systems", order, f"terminal-{key.key_id}", visit, registry, now)
            return bind_terminal(visit.session, proof, registry=registry, now=moment())

        try:
            if desk is not None and not await in_thread(known):
                for each in enrolments:
                    await each(visit.request)
            await in_thread(work)
        except HubError as error:
            return _page(visit.get("next"), visit, proof, told(error, visit.request))
        return _onward(visit.get("next"), visit)

    router.add_api_route(SEAT, shown, methods=["GET"])
    router.add_api_route(SEAT, bound, methods=["POST"])
    return router


def enrol_here(noun: str, order: Mapping[str, Any], key: str, visit: Visit, registry: Registry, now: datetime) -> None:
    """TEST ONLY: carry an order of the operator's desk out as its door does; `key` is its idempotency key."""
    body = OrderBody(**order)
    operator = find_system(OPERATOR_SYSTEM, registry=registry, now=now)[0]
    if operator is None:
        raise StatementError("statement_system")
    called = verify_order(visit.request, body, caller=operator, act=Ordered.ENTITLE, registry=registry, key=key)
    enrol(
        noun, body.content, verified=called.verified, approvals=called.approvals, system=operator.system,
        registry=registry, now=called.now,
    )  # fmt: skip


def _onward(path: str, visit: Visit) -> Response:
    return RedirectResponse(with_language(path if is_own_path(path, *OFFICERS_HOMES) else HOME, visit.language), 303)
