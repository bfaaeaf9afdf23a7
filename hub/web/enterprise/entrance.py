"""Signing in and out: the licence number, the sentence to sign, the session."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from connectors.contract import ELicence
from hub.enterprise.sign_in import draft_sign_in, examples, sign_in
from hub.errors import HubError
from hub.steps.registry import Registry
from hub.steps.sessions import end_session
from hub.web.callers import in_thread, moment
from hub.web.limits import AddressLimit
from hub.web.sessions import Guard, Visit, is_own_path, language_of, told, with_language
from hub.web.signatures import read_signed

HOME = "/enterprise"
_ROLES = ("legal_representative", "manager", "agent")


def routes(registry: Registry, e_licence: ELicence, guard: Guard, limit: AddressLimit) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get(f"{HOME}/sign-in")
    async def asked(request: Request) -> Response:
        given = {"licence_number": request.query_params.get("licence_number", "")[:18], "role": _ROLES[0]}
        shown = _shown(given, request.query_params.get("next", ""))
        found = await in_thread(examples, registry) if not given["licence_number"] else []
        shown["examples"] = [{"licence_number": each.licence_number, "name": each.name} for each in found]
        return guard.show_before(request, "sign_in", shown)

    @router.post(f"{HOME}/sign-in")
    async def entered(request: Request) -> Response:
        """Draft the sentence, or begin the session of who signed it."""
        await limit(request)
        form = await guard.form_before(request)
        try:
            if "signed" in form:
                signed = read_signed(form["signed"])
                began = await in_thread(lambda: sign_in(signed, registry=registry, e_licence=e_licence, now=moment()))
                party, term = began.licence_number, registry.terms.session_term
                response: Response = await in_thread(
                    lambda: guard.let_in(request, began.token, _next(form), party=party, term=term)
                )
                return response
            number = form.get("licence_number", "").strip().upper()
            drafted = await in_thread(
                lambda: draft_sign_in({"licence_number": number}, registry=registry, now=moment())
            )
        except HubError as error:
            return guard.show_before(
                request, "sign_in", _shown(form, form.get("next", ""), told(error, request)), status=422
            )
        sign = {
            "text": drafted["text"],
            "action": f"{HOME}/sign-in",
            "pairs": [("next", _next(form)), ("licence_number", number)],
            "licence_number": number,
            "role": _role(form),
            "back": f"{HOME}/sign-in",
            "seated": None,
        }
        return guard.show_before(request, "sign", sign)

    @guard.page
    async def left(visit: Visit) -> Response:
        for token in guard.tokens(visit.request):
            await in_thread(partial(end_session, token, registry=registry, now=moment()))
        return guard.let_out(visit.language)

    router.add_api_route(f"{HOME}/sign-out", left, methods=["POST"])

    @guard.page
    async def switched(visit: Visit) -> Response:
        response: Response = await in_thread(guard.switched, visit, visit.get("party"), HOME)
        return response

    router.add_api_route(f"{HOME}/switch", switched, methods=["POST"])

    @router.get(f"{HOME}/sign-out")
    async def gone(request: Request) -> Response:
        return RedirectResponse(with_language(f"{HOME}/sign-in", language_of(request)), 303)

    return router


def _shown(form: dict[str, str], next_path: str, problem: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "licence_number": form.get("licence_number", ""),
        "role": _role(form),
        "next": next_path if is_own_path(next_path, HOME) else "",
        "problem": problem,
        "examples": [],
        "seated": None,
    }


def _role(form: dict[str, str]) -> str:
    return form["role"] if form.get("role") in _ROLES else _ROLES[0]


def _next(form: dict[str, str]) -> str:
    path = form.get("next", "")
    return path if is_own_path(path, HOME) else HOME
