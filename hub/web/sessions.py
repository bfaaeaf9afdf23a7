"""Pages behind a sign-in: the cookie, who sits there, and forms that came from our own pages.

A form is taken only from a page of this origin (`Sec-Fetch-Site`, `Origin`) that bears the session's own token. What
somebody typed before his session ended is not lost: it is shown again, to be sent once he has signed in anew.
One browser may hold several sessions, each of another enterprise: an agent has all his principals before him. The first
in the cookie is the one whose pages are shown; a form acts for the session whose token it bears, whichever is shown.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, quote

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from hub.errors import AccessError, HubError
from hub.steps.registry import Registry
from hub.steps.sessions import Session, check_form, end_session, form_token, session_of
from hub.web.bodies import BodyError, read_body
from hub.web.callers import in_thread, moment
from hub.web.pages.language import chosen_language
from hub.web.photos import Photos
from hub.web.problems import document
from hub.web.uploads import read_parts
from signing.base64url import encode

Render = Callable[[str, Mapping[str, Any], str], bytes]
LONGEST_FORM = 256 * 1024
FORM = "application/x-www-form-urlencoded"
PRIVATE = {"cache-control": "no-store", "vary": "cookie, accept-language"}
PAGE = "text/html; charset=utf-8"
TOKEN = "form_token"  # noqa: S105  the name of a form's member
_MOST_MEMBERS = 2_000
_PATH = re.compile(r"/[a-z0-9][A-Za-z0-9/_.~-]*(\?[A-Za-z0-9=&_.~%+-]*)?")
_LONGEST_PATH = 512
_MOST_SEATED = 20


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who signed in; `form` holds what was sent, as pairs in their order.

    `beside` are the other sessions of this browser; `may` names the pages that this officer's duty lets him see.
    """

    request: Request
    session: Session
    language: str
    form: Sequence[tuple[str, str]] = ()
    beside: Sequence[Session] = ()
    may: frozenset[str] = frozenset()
    _by_name: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_name.update(self.form)

    def get(self, name: str) -> str:
        """Return what a form says under a name, without surrounding space; "" where it says nothing."""
        return self._by_name.get(name, "").strip()

    def all(self, name: str) -> list[str]:
        """Return all that a form says under a name, such as its ticked boxes."""
        return [value for each, value in self.form if each == name]

    def with_form(self, form: Sequence[tuple[str, str]]) -> "Visit":
        """Return the visit as if this form had been sent."""
        return Visit(self.request, self.session, self.language, form, self.beside, self.may)


Work = Callable[[Visit], Awaitable[Response]]
FileWork = Callable[[Visit, bytes], Awaitable[Response]]


class Guard:
    """Stands before the pages of one kind of visitor: enterprises, or officers.

    `home` is the path below which those pages lie; its `sign-in` is where others are sent. `others` are further paths
    whose pages they see.
    """

    def __init__(
        self,
        home: str,
        registry: Registry,
        render: Render,
        *,
        of_officers: bool,
        others: tuple[str, ...] = (),
        check: Callable[[Session, datetime], None] = lambda session, now: None,
        places: Callable[[Session, str], frozenset[str]] = lambda session, path: frozenset(),
    ) -> None:
        """`check` refuses a session whose right is gone: AccessError session_ended.

        `places` returns which pages somebody may see, and refuses the one at the path he asks for: duty_missing.
        """
        self._check = check
        self._places = places
        self._home, self._homes = home, (home, *others)
        self._registry = registry
        self._render = render
        self._of_officers = of_officers
        self._secure = registry.origin.startswith("https://")
        self.cookie = f"{'__Host-' if self._secure else ''}yizhao-{home.strip('/')}"

    def page(self, work: Work) -> Callable[[Request], Awaitable[Response]]:
        """Return the endpoint that does `work` for who signed in, and sends everybody else to do so."""

        async def endpoint(request: Request) -> Response:
            language = language_of(request)
            form: Sequence[tuple[str, str]] = ()
            _refuse_nul(request.url.path, *request.path_params.values(), *request.query_params.values())
            if request.method == "POST":
                form = await self.read_form(request)
            try:
                session, *beside = await in_thread(self.sessions, request)
            except AccessError as error:
                return self._turned_away(request, error, form, language)
            may = await self._may(session, request)
            if request.method != "POST":
                return await work(Visit(request, session, language, form, beside, may))
            acting = next((each for each in (session, *beside) if _bears(form, each)), None)
            if acting is None:
                return self._carried(request, AccessError("form_foreign"), form, language, session)
            others = [each for each in (session, *beside) if each is not acting]
            may = may if acting is session else await self._may(acting, request)
            response = await work(Visit(request, acting, language, form, others, may))
            if acting is not session:
                await in_thread(self.seat_first, request, response, acting.party)
            return response

        return endpoint

    def page_with_file(self, work: FileWork, photos: Photos) -> Callable[[Request], Awaitable[Response]]:
        """Return the endpoint that does `work` with the file of a form, for who signed in.

        The file is read for nobody else, and only as long as it is looked at.
        """

        async def endpoint(request: Request) -> Response:
            language = language_of(request)
            self.refuse_foreign(request)
            try:
                seated = await in_thread(self.sessions, request)
            except AccessError:
                # A file is not carried over a sign-in as what was typed is: the page asks for it again.
                return self._sent_to_sign_in(request, language)
            may = await self._may(seated[0], request)
            with photos.room.reserved(request, photos.longest):
                parts = await read_parts(request, photos.longest)
                token = parts.get(TOKEN, b"").decode("latin-1")
                acting = next((each for each in seated if _bears([(TOKEN, token)], each)), None)
                if acting is None:
                    raise AccessError("form_foreign")
                visit = Visit(request, acting, language, (), [each for each in seated if each is not acting], may)
                return await work(visit, parts.get("file", b""))

        return endpoint

    def sessions(self, request: Request) -> list[Session]:
        """Return who sits there: the sessions of a browser that are open, one of each party, at least one.

        Raises AccessError session_missing, session_ended.
        """
        tokens = self.tokens(request)
        found = [session for _, session in self._open(tokens)]
        return found or [self._opened(tokens[0])]

    async def _may(self, session: Session, request: Request) -> frozenset[str]:
        """Return which pages an officer may see. Raises AccessError duty_missing."""
        if not self._of_officers:
            return frozenset()
        found: frozenset[str] = await in_thread(self._places, session, request.url.path)
        return found

    def _opened(self, token: str) -> Session:
        now = moment()
        session = session_of(token, registry=self._registry, now=now)
        if (session.stored.officer is not None) is not self._of_officers:
            raise AccessError("session_missing")
        self._check(session, now)
        return session

    def _open(self, tokens: Sequence[str]) -> list[tuple[str, Session]]:
        found: dict[str, tuple[str, Session]] = {}
        for token in tokens:
            try:
                session = self._opened(token)
            except AccessError:
                continue
            found.setdefault(session.party, (token, session))
        return list(found.values())

    def show(self, visit: Visit, page: str, shown: Mapping[str, Any] = {}, status: int = 200) -> Response:
        """Return a page for who signed in; what it shows beside `shown` is who that is, and what its forms bear."""
        seated = {
            "party": visit.session.party,
            "role": visit.session.stored.role,
            "beside": [each.party for each in visit.beside],
        }
        given = {**shown, TOKEN: visit.session.form_token, "seated": seated}
        return Response(self._render(page, given, visit.language), status, PRIVATE, PAGE)

    def let_in(self, request: Request, token: str, path: str, *, party: str, term: timedelta) -> Response:
        """Return the answer that puts a session's token into the browser and leads to a page of ours.

        Sessions of other enterprises stay beside it; whatever leaves the browser ends.
        """
        response = RedirectResponse(with_language(path, language_of(request)), 303, PRIVATE)
        shown = self.tokens(request)
        beside = [] if self._of_officers else [each for each, one in self._open(shown) if one.party != party]
        kept = [token, *beside][:_MOST_SEATED]
        for each in shown:
            if each and each not in kept:
                end_session(each, registry=self._registry, now=moment())
        self._keep(response, kept, int(term.total_seconds()))
        return response

    def parties(self, request: Request) -> list[str]:
        """Return for whom a browser's sessions are open."""
        return [session.party for _, session in self._open(self.tokens(request))]

    def seat_first(self, request: Request, response: Response, party: str) -> None:
        """Let the answer put a browser's session of one party before its others."""
        seated = self._open(self.tokens(request))
        first = [token for token, each in seated if each.party == party]
        seconds = int(self._registry.terms.session_term.total_seconds())
        self._keep(response, first + [token for token, _ in seated if token not in first], seconds)

    def switched(self, visit: Visit, party: str, path: str) -> Response:
        """Return the answer that shows the pages of another session of this browser from now on."""
        response = RedirectResponse(with_language(path, visit.language), 303, PRIVATE)
        self.seat_first(visit.request, response, party)
        return response

    def _keep(self, response: Response, tokens: Sequence[str], seconds: int) -> None:
        value = ".".join(tokens[:_MOST_SEATED])
        response.set_cookie(
            self.cookie, value, max_age=seconds, path="/", secure=self._secure, httponly=True, samesite="lax"
        )

    def let_out(self, language: str) -> Response:
        """Return the answer that takes the token from the browser, and what it kept of the pages."""
        response = RedirectResponse(with_language(f"{self._home}/sign-in", language), 303, PRIVATE)
        response.delete_cookie(self.cookie, path="/", secure=self._secure, httponly=True, samesite="lax")
        response.headers["clear-site-data"] = '"cache"'
        return response

    def tokens(self, request: Request) -> list[str]:
        """Return the sessions' tokens as the browser shows them, at least one; "" where it shows none."""
        return _cookie(request, self.cookie).split(".")[:_MOST_SEATED]

    # --- before somebody signed in ---

    def show_before(self, request: Request, page: str, shown: Mapping[str, Any], status: int = 200) -> Response:
        """Return a page with a form for who has not signed in yet, bound to the browser by a cookie of its own."""
        browser = self.browser(request) or self.new_browser()
        given = {**shown, TOKEN: form_token(browser, self._registry)}
        response = Response(self._render(page, given, language_of(request)), status, PRIVATE, PAGE)
        self.mark(response, browser)
        return response

    def new_browser(self) -> str:
        """Return a secret by which a browser is known before somebody signs in there."""
        return encode(self._registry.random(16))

    def mark(self, response: Response, browser: str) -> None:
        """Let the answer put that secret into the browser."""
        response.set_cookie(
            f"{self.cookie}-before", browser, max_age=3_600, path="/", secure=self._secure, httponly=True,
            samesite="lax",
        )  # fmt: skip

    def hold(self, response: Response, ticket: str, term: timedelta) -> None:
        """Let the answer put into the browser what it shows again with the next form."""
        response.set_cookie(
            f"{self.cookie}-ticket", ticket, max_age=int(term.total_seconds()), path="/", secure=self._secure,
            httponly=True, samesite="lax",
        )  # fmt: skip

    def held(self, request: Request) -> str:
        """Return what `hold` put there; "" where there is nothing."""
        return _cookie(request, f"{self.cookie}-ticket")

    def drop(self, response: Response) -> None:
        """Let the answer take it from the browser."""
        response.delete_cookie(f"{self.cookie}-ticket", path="/", secure=self._secure, httponly=True, samesite="lax")

    def browser(self, request: Request) -> str:
        """Return the secret of a browser that was marked; "" where it shows none."""
        return _cookie(request, f"{self.cookie}-before")

    async def form_before(self, request: Request) -> dict[str, str]:
        """Return the form of who has not signed in yet. Raises AccessError form_foreign, BodyError."""
        form = dict(await self.read_form(request))
        browser = self.browser(request)
        if not browser:
            raise AccessError("form_foreign")
        check_form(form.get(TOKEN, ""), form_token(browser, self._registry))
        return form

    async def read_form(self, request: Request) -> list[tuple[str, str]]:
        """Return a form's pairs. Raises AccessError form_foreign for one that another site sent, BodyError."""
        self.refuse_foreign(request)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            raise BodyError("media_type", expected=FORM)
        body = await read_body(request, LONGEST_FORM)
        try:
            text = body.decode("ascii")
            pairs = parse_qsl(
                text, keep_blank_values=True, strict_parsing=bool(text), errors="strict", max_num_fields=_MOST_MEMBERS
            )
        except ValueError:
            raise BodyError("body_malformed") from None
        _refuse_nul(*(each for pair in pairs for each in pair))
        return pairs

    def refuse_foreign(self, request: Request) -> None:
        """Refuse what another site's page sent: AccessError form_foreign."""
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin", "null")
        if site not in (None, "same-origin") or origin not in ("null", self._registry.origin):
            raise AccessError("form_foreign")

    def _turned_away(
        self, request: Request, error: AccessError, form: Sequence[tuple[str, str]], language: str
    ) -> Response:
        if request.method == "POST":
            return self._carried(request, error, form, language, None)
        return self._sent_to_sign_in(request, language)

    def _sent_to_sign_in(self, request: Request, language: str) -> Response:
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        next_path = f"?next={quote(path, safe='')}" if is_own_path(path, *self._homes) else ""
        return RedirectResponse(with_language(f"{self._home}/sign-in{next_path}", language), 303, PRIVATE)

    def _carried(
        self,
        request: Request,
        error: AccessError,
        form: Sequence[tuple[str, str]],
        language: str,
        session: Session | None,
    ) -> Response:
        """Show what was typed again, to be sent once more by who is signed in now."""
        shown = {
            "action": request.url.path,
            "pairs": [(name, value) for name, value in form if name != TOKEN],
            TOKEN: session.form_token if session else "",
            "sign_in": None if session else f"{self._home}/sign-in",
            "problem": told(error, request),
            "seated": None,
        }
        status = 401 if session is None else 403
        return Response(self._render("carried", shown, language), status, PRIVATE, PAGE)


def _refuse_nul(*texts: str) -> None:
    """Refuse a zero character wherever a page takes text: PostgreSQL keeps none, and no name or code has one."""
    if any("\0" in each for each in texts):
        raise BodyError("body_malformed")


def language_of(request: Request) -> str:
    """Return the language a request asks for: "zh" or "en"."""
    return chosen_language(request.headers.get("accept-language", ""), request.query_params.get("lang", ""))


def told(error: HubError, request: Request) -> dict[str, Any]:
    """Return what a page says of a refusal: as the API says it, in both languages, with the next step."""
    return document(error.code, str(request.scope.get("trace", "")), error.facts)


def is_own_path(path: str, *homes: str) -> bool:
    """Say whether a path is one of a page below one of `homes`: nobody is sent anywhere else after signing in."""
    below = path.partition("?")[0]
    return (
        len(path) <= _LONGEST_PATH
        and _PATH.fullmatch(path) is not None
        and ".." not in path
        and any(below == home or below.startswith(f"{home}/") for home in homes)
        and not any(below.startswith(f"{home}/sign-") for home in homes)
    )


def with_language(path: str, language: str) -> str:
    """Return a path that asks for a language."""
    if re.search(r"[?&]lang=", path):
        return path
    return f"{path}{'&' if '?' in path else '?'}lang={language}"


def _bears(form: Sequence[tuple[str, str]], session: Session) -> bool:
    """Say whether a form is one that a page of this session sent."""
    try:
        check_form(dict(form).get(TOKEN, ""), session.form_token)
    except AccessError:
        return False
    return True


def _cookie(request: Request, name: str) -> str:
    """Return a cookie's value; of several of one name none: a site beside ours may have set the other."""
    found: list[str] = []
    for header in request.headers.getlist("cookie"):
        try:
            found += [each.value for key, each in SimpleCookie(header).items() if key == name]
        except CookieError:
            return ""
        if header.count(f"{name}=") > 1:
            return ""
    return found[0] if len(found) == 1 else ""
