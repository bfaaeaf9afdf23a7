"""How an officer orders anything on a page: fill in, check and sign, done.

1 the page's form says what is wanted; `check` makes of it the content and what the statement must say
2 the officer reads it; the terminal's key signs the statement in the browser (`static/order.js`)
3 the form comes back: the statement names this session's officer and its terminal, whose key signed it
4 the very flow of the API does the act, under the idempotency key that the server put into the form
What needs two officers is parked after step 3 (`hub/department/parking.py`): a second one goes from 2 to 4 with the
same content. A refusal shows the same page again with what to do next, and the way back to the form as it was filled
in. Where it is not known whether the act was done, the page sends the very same form again: it is answered what was
done, once.
"""

import secrets
import time
from base64 import b64decode, standard_b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson
from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from hub.department.access import Caller, find_system
from hub.department.parking import Parked, list_parked, open_parked, park, take_back, unpark
from hub.errors import AccessError, HubError, NotFoundError, OrderError
from hub.steps.orders.repeats import earlier_answer
from hub.steps.orders.statements import unverified_claims
from hub.steps.registry import Registry
from hub.web.callers import Called, OrderBody, RequestBody, in_thread, moment, verify_order
from hub.web.department.showing import HOME, show
from hub.web.problems import document_of
from hub.web.sessions import PRIVATE, TOKEN, Guard, Visit, is_own_path, with_language
from schemas.parties import Role
from schemas.statement import SALT_BYTES, TYP, Ordered, content_digest, statement_payload
from schemas.wording import Wording
from signing.base64url import encode
from signing.errors import SigningError
from signing.jws import parse_json

ORDERS, COUNTERSIGN = f"{HOME}/orders", f"{HOME}/countersign"
Content = Mapping[str, Any]
Row = tuple[Wording, str | Wording]
Again = Callable[[Visit, Mapping[str, Any] | None], Awaitable[Response]]
"""Shows a form with what was typed, and what is wrong with it."""
BESIDE = "beside"
# Refused with these an act may be done all the same, or be done in a moment.
_IN_DOUBT = frozenset({"act_under_way", "database_unavailable"})
_TRIES, _PAUSE_SECONDS = 20, 0.25
_LONGEST_STATEMENT, _LONGEST_SALT, _LONGEST_KEY = 65_536, 64, 128


@dataclass(frozen=True, slots=True)
class Errand:
    """One kind of act that is ordered on a page.

    `form` is the page it is filled in on and `place` where that lies, `title` its name. `role` is what the terminal
    must be allowed (None: anything). `carried` says that the statement carries what is asked, as requests do.
    `describe` tells the officer what he signs; `run` does it; `page` shows what came of it, given what `tell` makes of
    the answer. `needs_second` says of which content a second officer has to sign too. `beside` says that something
    typed goes to `run` beside what is signed, and is no part of it: the content has it under BESIDE. `onward` returns
    where the browser is led once it is done, in place of a page.
    """

    name: str
    act: Ordered
    role: Role | None
    form: str
    place: str
    title: Wording
    describe: Callable[[Content], Sequence[Row]]
    run: Callable[[Called, Content], Mapping[str, Any]]
    carried: bool = False
    page: str = "ordered"
    tell: Callable[[Content, Mapping[str, Any], Visit], Mapping[str, Any]] = lambda content, answer, visit: {}
    needs_second: Callable[[Content], bool] = lambda content: False
    beside: bool = False
    onward: Callable[[Content, Mapping[str, Any]], str] | None = None


class Ordering:
    """The pages on which officers check, sign and order."""

    def __init__(self, registry: Registry, guard: Guard, errands: Sequence[Errand]) -> None:
        self._registry = registry
        self._guard = guard
        self._errands = {each.name: each for each in errands}
        self._again: dict[str, Again] = {}

    def lead_back(self, name: str, again: Again) -> None:
        """Let an errand that was refused show its form anew: the same once more would be refused, or counted, again."""
        self._again[name] = again

    def check(
        self,
        visit: Visit,
        name: str,
        content: Content,
        *,
        problem: Mapping[str, Any] | None = None,
        parked: Parked | None = None,
        is_sent_again: bool = False,
        beside: str = "",
        back: str = "",
    ) -> Response:
        """Return the page on which an officer checks and signs an errand; what he filled in stays with it.

        `parked` is what another officer signed, which he seconds. One that is sent again is signed already. `back` is
        the page to go back to, where it is another than the errand's own.
        """
        back = back or visit.get("back")
        errand, stored = self._errands[name], visit.session.stored
        salt = b64decode(parked.salt) if parked else secrets.token_bytes(SALT_BYTES)
        bound: dict[str, Any] = {"request": content} if errand.carried else _bound(content, salt)
        payload = statement_payload(
            act=errand.act, audience=self._registry.origin, system=stored.terminal or "", officer=stored.officer,
            issued_at=int(moment().timestamp()), jti=encode(secrets.token_bytes(16)), **bound,
        )  # fmt: skip
        given = {
            "title": errand.title.zh,
            "title_en": errand.title.en,
            "rows": [
                {"zh": words.zh, "en": words.en, "value": in_words(value, visit.language)}
                for words, value in errand.describe(content)
            ],
            "statement": orjson.dumps(payload).decode(),
            "typ": TYP,
            "now": payload["iat"],
            "errand": name,
            "content": orjson.dumps(content).decode(),
            "salt": standard_b64encode(salt).decode(),
            "key": encode(secrets.token_bytes(16)),
            "signed": "",
            "form": back if is_own_path(back, HOME) else errand.form,
            "back": back,
            "typed": [(name, value) for name, value in typed_before(visit) if name != TOKEN],
            "problem": problem,
            "parked": parked.stored.name if parked else "",
            "first_officer": parked.stored.officer if parked else "",
            "two": errand.needs_second(content),
            BESIDE: beside,
        }
        if is_sent_again:
            given |= {name: visit.get(name) for name in ("key", "salt", BESIDE)} | {"signed": visit.get("statement")}
        return show(self._guard, visit, "order", errand.place, given, status=200 if problem is None else 422)

    def _may_second(self, errand: str, visit: Visit) -> bool:
        """Say whether an officer may sign such an errand too; who approves may sign any."""
        return "approve" in visit.may or self._errands[errand].place in visit.may

    def routes(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)

        @self._guard.page
        async def ordered(visit: Visit) -> Response:
            parked, done = await in_thread(self._parked_or_done, visit) if visit.get("parked") else (None, None)
            errand = self._errands.get(parked.stored.errand if parked else visit.get("errand"))
            content = parked.content if parked else read_content(visit.get("content"))
            if errand is None or content is None or not _can_be_told(errand, content):
                raise NotFoundError("not_found")
            try:
                answer = done or await in_thread(self._carry_out, errand, content, parked, visit)
            except Exception as error:
                problem = document_of(error, str(visit.request.scope.get("trace", "")))
                in_doubt = not isinstance(error, HubError) or error.code in _IN_DOUBT
                if errand.name in self._again and not in_doubt:
                    return await self._again[errand.name](visit.with_form(typed_before(visit)), problem)
                return self.check(visit, errand.name, content, problem=problem, parked=parked, is_sent_again=in_doubt)
            shown = {"title": errand.title.zh, "title_en": errand.title.en, "form": errand.form, "answer": answer}
            if answer is None:
                return show(self._guard, visit, "order_parked", errand.place, shown)
            if errand.onward is not None:
                path = with_language(errand.onward(content, answer), visit.language)
                return RedirectResponse(path, 303, PRIVATE)
            told = await in_thread(errand.tell, content, answer, visit)
            return show(self._guard, visit, errand.page, errand.place, {**shown, **told})

        @self._guard.page
        async def waiting(visit: Visit) -> Response:
            return await waiting_shown(visit)

        async def waiting_shown(visit: Visit) -> Response:
            found = await in_thread(lambda: list_parked(visit.session.party, registry=self._registry, now=moment()))
            shown = [
                {
                    "name": each.name,
                    "zh": self._errands[each.errand].title.zh,
                    "en": self._errands[each.errand].title.en,
                    "officer": each.officer,
                    "is_own": each.officer == visit.session.stored.officer,
                    "recorded_at": each.recorded_at.isoformat(),
                    "ends_at": each.ends_at.isoformat(),
                }
                for each in found
                if each.errand in self._errands and self._may_second(each.errand, visit)
            ]
            return show(self._guard, visit, "countersign", "countersign", {"parked": shown})

        @self._guard.page
        async def seconded(visit: Visit) -> Response:
            parked = await in_thread(self._parked, visit.request.path_params["name"], visit)
            if parked.stored.errand not in self._errands:
                raise NotFoundError("parked_not_found")
            return self.check(visit, parked.stored.errand, parked.content, parked=parked)

        @self._guard.page
        async def taken_back(visit: Visit) -> Response:
            name, stored = visit.request.path_params["name"][:43], visit.session.stored
            registry, officer = self._registry, stored.officer or ""
            await in_thread(lambda: take_back(name, stored.party, officer, registry=registry, now=moment()))
            return await waiting_shown(visit)

        router.add_api_route(f"{COUNTERSIGN}/{{name}}", taken_back, methods=["POST"])
        router.add_api_route(ORDERS, ordered, methods=["POST"])
        router.add_api_route(COUNTERSIGN, waiting, methods=["GET"])
        router.add_api_route(f"{COUNTERSIGN}/{{name}}", seconded, methods=["GET"])
        return router

    def _parked_or_done(self, visit: Visit) -> tuple[Parked | None, Mapping[str, Any] | None]:
        """Return what waits, or what this very form was answered when it was carried out. Raises NotFoundError."""
        try:
            return self._parked(visit.get("parked"), visit), None
        except NotFoundError:
            terminal, statement = visit.session.stored.terminal or "", visit.get("statement")[:_LONGEST_STATEMENT]
            digest, key = sha256(statement.encode()).hexdigest(), visit.get("key")[:_LONGEST_KEY]
            done = earlier_answer(terminal, key, request_digest=digest, registry=self._registry)
            if done is None:
                raise
            return None, done

    def _parked(self, name: str, visit: Visit) -> Parked:
        return open_parked(name[:43], visit.session.party, registry=self._registry, now=moment())

    def _carry_out(
        self, errand: Errand, content: Content, parked: Parked | None, visit: Visit
    ) -> Mapping[str, Any] | None:
        """Do steps 3 and 4; None where the order is parked for a second officer now.

        Raises AccessError terminal_missing, order_foreign, role_missing, and the flow's own.
        """
        stored, registry = visit.session.stored, self._registry
        caller = terminal_of(visit, errand.role, registry)
        body = _body(errand, content, parked, visit)
        called = verify_order(
            visit.request, body, caller=caller, act=errand.act, registry=registry, key=visit.get("key")[:_LONGEST_KEY],
            parked=parked is not None,
        )  # fmt: skip
        if parked is None and errand.needs_second(content) and isinstance(body, OrderBody):
            park(
                errand.name, content, body.salt, body.statement, jti=called.verified.statement.jti,
                department=stored.party,
                officer=stored.officer or "", registry=registry, now=called.now,
            )  # fmt: skip
            return None
        # What was signed is done, not what stands beside it in the form.
        asked = called.verified.statement.request or {} if errand.carried else content
        asked = {**asked, BESIDE: visit.get(BESIDE)} if errand.beside else asked
        answer = once_under_way(lambda: errand.run(called, asked))
        if parked is not None:
            unpark(parked.stored.name, registry=registry)
        return answer


def terminal_of(visit: Visit, role: Role | None, registry: Registry) -> Caller:
    """Return the terminal of a visit, once the statement in its form is known to be its and its officer's.

    Raises AccessError terminal_missing, order_foreign, terminal_unknown, role_missing.
    """
    stored = visit.session.stored
    if stored.terminal is None:
        raise AccessError("terminal_missing")
    said = unverified_claims(visit.get("statement"))
    if (said.get("iss"), said.get("officer")) != (stored.terminal, stored.officer):
        raise AccessError("order_foreign")
    caller = find_system(stored.terminal, registry=registry, now=moment())[0]
    if caller is None or caller.system.department != stored.party or Role.TERMINAL not in caller.system.roles:
        raise AccessError("terminal_unknown")
    if role is not None and role not in caller.system.roles:
        raise AccessError("role_missing", role=str(role))
    return caller


def once_under_way(run: Callable[[], Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return what the act is answered: a form that was sent twice at once waits for its other self."""
    for _ in range(_TRIES):
        try:
            return run()
        except OrderError as error:
            if error.code != "act_under_way":
                raise
        time.sleep(_PAUSE_SECONDS)
    return run()


def _can_be_told(errand: Errand, content: Content) -> bool:
    """Say whether a content has the shape that a page of ours gives it."""
    try:
        errand.needs_second(content)
        return all(isinstance(words, Wording) for words, _ in errand.describe(content))
    except (TypeError, ValueError, AttributeError, KeyError):
        return False


def _body(errand: Errand, content: Content, parked: Parked | None, visit: Visit) -> OrderBody | RequestBody:
    statement = visit.get("statement")[:_LONGEST_STATEMENT]
    if errand.carried:
        return RequestBody(statement=statement)
    salt = parked.salt if parked else visit.get("salt")[:_LONGEST_SALT]
    beside = [parked.statement] if parked else []
    return OrderBody(statement=statement, salt=salt, content=dict(content), countersignatures=beside)


def who_orders(called: Called, registry: Registry) -> dict[str, Any]:
    """Return what flows of orders are handed of a verified call."""
    return {
        "verified": called.verified,
        "system": called.caller.system,
        "key": called.key,
        "registry": registry,
        "now": called.now,
    }


def in_words(value: str | Wording, language: str) -> str:
    """Return what is said in a language of ours."""
    if isinstance(value, str):
        return value
    return value.zh if language == "zh" else value.en


def _bound(content: Content, salt: bytes) -> dict[str, Any]:
    """Return how a statement binds an order's content: as the client of a system does (`hub/client.py`)."""
    return {
        "certificate_type": content.get("certificate_type"),
        "issuing_body": content.get("issuing_body"),
        "content_digest": content_digest(content, salt),
    }


def typed_before(visit: Visit) -> Sequence[tuple[str, str]]:
    """Return what was typed into the form that led here: this one's own pairs, or those it carried along."""
    carried = visit.get("typed")
    if not carried:
        return visit.form
    try:
        pairs = parse_json(carried.encode())
    except SigningError:
        return ()
    return [(str(name), str(value)) for name, value in pairs] if _are_pairs(pairs) else ()


def _are_pairs(found: Any) -> bool:
    return isinstance(found, list) and all(isinstance(each, list) and len(each) == 2 for each in found)


def read_content(text: str) -> dict[str, Any] | None:
    """Return the content that a form carries as JSON; None for what is no object."""
    try:
        found = parse_json(text.encode())
    except SigningError:
        return None
    return found if isinstance(found, dict) else None
