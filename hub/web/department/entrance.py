"""Signing in and out with number, password and the app's code; opening an account with a one-time code."""

from base64 import standard_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from hub.department.officers import SignIn, app_secret, check_password, open_account, sign_in_officer
from hub.errors import AccessError, HubError
from hub.steps.registry import Registry
from hub.steps.sessions import leave
from hub.web.callers import in_thread, moment
from hub.web.department.showing import HOME, OFFICERS_HOMES
from hub.web.limits import AddressLimit, Places
from hub.web.public.qr import qr_svg
from hub.web.sessions import Guard, Visit, is_own_path, language_of, told, with_language
from signing.totp import app_address, readable

Played = Callable[[datetime], Sequence[Mapping[str, str]]]
"""TEST ONLY: returns the demonstration's officers with the code of the moment."""

SIGN_IN, OPENING, SEAT = f"{HOME}/sign-in", f"{HOME}/sign-up", f"{HOME}/terminal"
PROVIDER = f"{SIGN_IN}/provider"


def nobody_played(now: datetime) -> Sequence[Mapping[str, str]]:
    """Return no officers: outside a TEST hub nobody's password is shown."""
    return ()


@dataclass(frozen=True, slots=True)
class ProviderShown:
    """What the page of signing in says of the provider of identities: its names, and whether there is no other way."""

    zh: str
    en: str
    is_alone: bool


class SignInPage:
    """The page on which officers sign in; `provider` is None where number and password are the only way."""

    def __init__(self, guard: Guard, played: Played, provider: ProviderShown | None) -> None:
        self._guard = guard
        self._played = played
        self.provider = provider

    async def show(
        self, request: Request, *, number: str = "", next_path: str = "", problem: dict[str, Any] | None = None
    ) -> Response:
        next_path = next_path if is_own_path(next_path, *OFFICERS_HOMES) else ""
        provider = self.provider
        href = {each: _way_there(next_path, each) for each in ("zh", "en")}
        by_password = provider is None or not provider.is_alone
        shown = {
            "number": number[:64],
            "next": next_path,
            "problem": problem,
            "played": await in_thread(self._played, moment()) if by_password else (),
            "provider": None if provider is None else asdict(provider) | {"href": href},
        }
        status = 200 if problem is None else 422 if problem["status"] < 500 else problem["status"]
        return self._guard.show_before(request, "officer_sign_in", shown, status)


def _way_there(next_path: str, language: str) -> str:
    return with_language(PROVIDER + (f"?next={quote(next_path, safe='')}" if next_path else ""), language)


def routes(registry: Registry, guard: Guard, limit: AddressLimit, turns: Places, page: SignInPage) -> APIRouter:
    """Return the doors; `turns` are how many passwords may be held against their hash at once."""
    router = APIRouter(include_in_schema=False)

    @router.get(SIGN_IN)
    async def asked(request: Request) -> Response:
        given = request.query_params
        return await page.show(request, number=given.get("number", ""), next_path=given.get("next", ""))

    @router.post(SIGN_IN)
    async def entered(request: Request) -> Response:
        await limit(request)
        form = await guard.form_before(request)
        typed, next_path = _typed(form), form.get("next", "")
        try:
            if page.provider is not None and page.provider.is_alone:
                raise AccessError("sign_in_elsewhere")
            with turns.taken():
                token = await in_thread(lambda: sign_in_officer(typed, registry=registry, now=moment()))
        except AccessError as error:
            return await page.show(request, number=typed.number, next_path=next_path, problem=told(error, request))
        onward = onward_from(next_path)
        term = registry.terms.shift_term
        response: Response = await in_thread(lambda: guard.let_in(request, token, onward, party="", term=term))
        return response

    @router.get(OPENING)
    async def opening(request: Request) -> Response:
        return guard.show_before(request, "officer_opening", _step({}, None))

    @router.post(OPENING)
    async def opened(request: Request) -> Response:
        """Show what the app is given, or open the account once a code of the app proves it."""
        await limit(request)
        form = await guard.form_before(request)
        typed, code = _typed(form), form.get("opening_code", "").strip()
        secret: bytes | None = None
        try:
            secret = await in_thread(lambda: app_secret(typed.number, code, registry=registry, now=moment()))
            _check_passwords(typed, form.get("password_again", ""))
            if typed.code:
                with turns.taken():
                    await in_thread(lambda: open_account(typed, code, registry=registry, now=moment()))
                path = with_language(f"{SIGN_IN}?number={typed.number}", language_of(request))
                return RedirectResponse(path, 303)
        except HubError as error:
            # A wrong code of the app leaves him where the app is shown; all else where he began.
            where = secret if error.code == "app_code" else None
            return guard.show_before(request, "officer_opening", _step(form, where, told(error, request)), status=422)
        return guard.show_before(request, "officer_opening", _step(form, secret))

    @guard.page
    async def left(visit: Visit) -> Response:
        await in_thread(lambda: leave(visit.session, registry=registry, now=moment()))
        return guard.let_out(visit.language)

    router.add_api_route(f"{HOME}/sign-out", left, methods=["POST"])

    @router.get(f"{HOME}/sign-out")
    async def gone(request: Request) -> Response:
        return RedirectResponse(with_language(SIGN_IN, language_of(request)), 303)

    return router


def onward_from(next_path: str) -> str:
    """Return where who signed in is led: to the terminal's page, and from there to where he wanted to go."""
    is_plain = "?" not in next_path and is_own_path(next_path, *OFFICERS_HOMES)
    return SEAT + (f"?next={next_path}" if is_plain else "")


def _typed(form: Mapping[str, str]) -> SignIn:
    code = "".join(form.get("code", "").split())
    return SignIn(form.get("number", "").strip(), form.get("password", ""), code)


def _check_passwords(typed: SignIn, again: str) -> None:
    check_password(typed.password, typed.number)
    if typed.password != again:
        raise AccessError("passwords_differ")


def _step(form: Mapping[str, str], secret: bytes | None, problem: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what the page of an opening shows: the first form, or with a secret what the app is given."""
    number = form.get("number", "").strip()[:64]
    app = None
    if secret is not None:
        address = app_address(secret, issuer="Yizhao Hub", account=number)
        app = {
            "secret": readable(secret),
            "picture": f"data:image/svg+xml;base64,{standard_b64encode(qr_svg(address)).decode()}",
        }
    return {
        "number": number,
        "opening_code": form.get("opening_code", "").strip()[:64],
        "password": form.get("password", "") if app else "",
        "app": app,
        "problem": problem,
    }
