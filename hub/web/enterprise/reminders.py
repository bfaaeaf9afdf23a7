"""The page of reminders: whether and how early one is reminded, and in TEST what the message service was given."""

from dataclasses import asdict
from functools import partial

from fastapi import APIRouter
from fastapi.responses import Response

from connectors.contract import NotificationOutbox
from hub.enterprise.reminders import DAYS, choice_of, choose_reminders
from hub.errors import DocumentError, HubError
from hub.web.callers import in_thread, moment
from hub.web.enterprise.desk import Desk
from hub.web.enterprise.entrance import HOME
from hub.web.enterprise.stepping import Told, lead_to
from hub.web.sessions import Visit, told

REMINDERS = f"{HOME}/reminders"
_MENU = "certificates"


def routes(desk: Desk, outbox: NotificationOutbox | None) -> APIRouter:
    """Return the doors; `outbox` is there in TEST alone."""
    router = APIRouter(include_in_schema=False)
    registry, guard = desk.registry, desk.guard

    async def show(visit: Visit, problem: Told | None) -> Response:
        days = await in_thread(partial(choice_of, visit.session.party, registry=registry))
        sent = await in_thread(outbox.sent_to, visit.session.party) if outbox else []
        messages = [asdict(each) | {"made_at": each.made_at.isoformat()} for each in sent]
        shown = {"chosen": str(days or "off"), "days": [str(each) for each in DAYS], "messages": messages}
        status = 422 if problem else 200
        return guard.show(visit, "own_reminders", {**shown, "problem": problem, "place": _MENU}, status=status)

    @guard.page
    async def asked(visit: Visit) -> Response:
        return await show(visit, None)

    @guard.page
    async def chosen(visit: Visit) -> Response:
        try:
            if visit.session.agent is not None:
                raise DocumentError("ledger_role")
            wish = visit.get("days")
            days = None if wish == "off" else int(wish) if wish in {str(each) for each in DAYS} else 0
            await in_thread(partial(choose_reminders, visit.session.party, days, registry=registry, now=moment()))
        except HubError as error:
            return await show(visit, told(error, visit.request))
        return lead_to(REMINDERS, visit)

    router.add_api_route(REMINDERS, asked, methods=["GET"])
    router.add_api_route(REMINDERS, chosen, methods=["POST"])
    return router
