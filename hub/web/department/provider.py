"""Signing in at the city's provider of identities: the way there, the way back, and sessions that the provider ends.

The provider's answer comes from another site, so it is taken by what it bears and by the browser's own cookie. What
fails is told on the page of signing in; the operator reads in the log what was wrong with what the provider said.
"""

from dataclasses import dataclass
from urllib.parse import parse_qsl

import structlog
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from connectors.contract import IdentityError, IdentityProvider
from hub.department.provider_sign_in import TICKET_TERM, Returned, SignedIn, come_back, confirm, end_by_provider, send
from hub.errors import AccessError
from hub.steps.registry import Registry
from hub.web.bodies import BodyError, read_body
from hub.web.callers import in_thread, moment
from hub.web.department.entrance import PROVIDER, SIGN_IN, ProviderShown, SignInPage, onward_from
from hub.web.limits import AddressLimit, Places
from hub.web.sessions import FORM, PRIVATE, Guard, language_of, told, with_language

BACK, CODE, ENDED = f"{SIGN_IN}/return", f"{SIGN_IN}/code", f"{SIGN_IN}/ended"
_LONGEST_ENDING = 72 * 1024
_ASKED_AGAIN = frozenset({"app_code", "account_locked"})


@dataclass(frozen=True, slots=True)
class SignInThere:
    """The provider, and what the page says of it; `places` are how many browsers it is asked about at once."""

    provider: IdentityProvider
    shown: ProviderShown
    places: Places


def routes(registry: Registry, guard: Guard, limit: AddressLimit, there: SignInThere, page: SignInPage) -> APIRouter:
    router = APIRouter(include_in_schema=False)
    back_url = registry.origin + BACK

    @router.get(PROVIDER)
    async def sent(request: Request) -> Response:
        await limit(request)
        browser = guard.browser(request) or guard.new_browser()
        next_path = request.query_params.get("next", "")
        onward = with_language(onward_from(next_path), language_of(request))

        def work() -> str:
            return send(browser, onward, back_url, provider=there.provider, registry=registry, now=moment())

        try:
            with there.places.taken():
                address = await in_thread(work)
        except AccessError as error:
            return await refused(request, error, next_path)
        response = RedirectResponse(address, 303, PRIVATE)
        guard.mark(response, browser)
        return response

    @router.get(BACK)
    async def returned(request: Request) -> Response:
        await limit(request)
        if not request.query_params:
            return RedirectResponse(SIGN_IN, 303, PRIVATE)

        def work() -> SignedIn:
            return come_back(
                answer, guard.browser(request), back_url, provider=there.provider, registry=registry, now=moment()
            )

        try:
            answer = _returned(request)
            with there.places.taken():
                found = await in_thread(work)
        except AccessError as error:
            return await refused(request, error)
        if found.ticket is None:
            return await let_in(request, found)
        language = "en" if found.next_path.endswith("lang=en") else "zh"
        response = RedirectResponse(with_language(CODE, language), 303, PRIVATE)
        guard.hold(response, found.ticket, TICKET_TERM)
        return response

    @router.get(CODE)
    async def asked(request: Request) -> Response:
        if not guard.held(request):
            return RedirectResponse(with_language(SIGN_IN, language_of(request)), 303, PRIVATE)
        return guard.show_before(request, "officer_code", {"problem": None})

    @router.post(CODE)
    async def entered(request: Request) -> Response:
        await limit(request)
        form = await guard.form_before(request)
        ticket, code = guard.held(request), "".join(form.get("code", "").split())

        def work() -> SignedIn:
            return confirm(ticket, code, guard.browser(request), registry=registry, now=moment())

        try:
            found = await in_thread(work)
        except AccessError as error:
            if error.code not in _ASKED_AGAIN:
                return await refused(request, error)
            problem = told(error, request)
            return guard.show_before(request, "officer_code", {"problem": problem}, status=problem["status"])
        return await let_in(request, found)

    @router.post(ENDED)
    async def ended(request: Request) -> Response:
        await limit(request)
        token = await _logout_token(request)

        def work() -> int:
            return end_by_provider(token, provider=there.provider, registry=registry, now=moment())

        try:
            with there.places.taken():
                await in_thread(work)
        except AccessError as error:
            if error.code != "provider_token":
                raise
            _tell_operator(error)
            # Back-Channel Logout 1.0, 2.8.
            return JSONResponse({"error": "invalid_request"}, 400, PRIVATE)
        return Response(status_code=200, headers=PRIVATE)

    async def let_in(request: Request, found: SignedIn) -> Response:
        token, term = found.token or "", registry.terms.shift_term
        response: Response = await in_thread(lambda: guard.let_in(request, token, found.next_path, party="", term=term))
        guard.drop(response)
        return response

    async def refused(request: Request, error: AccessError, next_path: str = "") -> Response:
        _tell_operator(error)
        return await page.show(request, next_path=next_path, problem=told(error, request))

    return router


def _returned(request: Request) -> Returned:
    """Return what the browser brought; AccessError provider_answer where a part of it stands twice."""
    asked = request.query_params
    names = ("state", "code", "iss", "error")
    if any(len(asked.getlist(name)) > 1 for name in names):
        raise AccessError("provider_answer")
    state, code, issuer, error = (asked.get(name) for name in names)
    return Returned(state or "", code or "", issuer, error or "")


async def _logout_token(request: Request) -> str:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        raise BodyError("media_type", expected=FORM)
    body = await read_body(request, _LONGEST_ENDING)
    try:
        pairs = parse_qsl(body.decode("ascii"), strict_parsing=bool(body), errors="strict", max_num_fields=8)
    except ValueError:
        raise BodyError("body_malformed") from None
    found = [value for name, value in pairs if name == "logout_token"]
    return found[0] if len(found) == 1 else ""


def _tell_operator(error: AccessError) -> None:
    cause = error.__cause__
    if isinstance(cause, IdentityError):
        log = structlog.get_logger("hub.identities")
        log.warning("provider_refused", reason=cause.reason, detail=cause.detail)
