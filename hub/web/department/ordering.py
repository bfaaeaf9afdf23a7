"""How an officer orders anything on a page: fill in, check and sign, done.

1 the page's form says what is wanted; `check` makes of it the content and what the statement must say
2 the officer reads it; the terminal's key signs the statement in the browser (`static/order.js`)
3 the form comes back: the statement names this session's officer and its terminal, whose key signed it
4 the very flow of the API does the act, under the idempotency key that the server put into the form
A refusal shows the same page again with what to do next, and the way back to the form as it was filled in.
"""

import secrets
from base64 import standard_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import APIRouter
from fastapi.responses import Response

from hub.access import find_system
from hub.errors import AccessError, NotFoundError
from hub.registry import Registry
from hub.web.callers import Called, OrderBody, RequestBody, in_thread, moment, verify_order
from hub.web.department.showing import HOME, show
from hub.web.problems import document_of
from hub.web.sessions import TOKEN, Guard, Visit
from schemas.parties import Role
from schemas.statement import SALT_BYTES, TYP, Ordered, content_digest, statement_payload
from schemas.wording import Wording
from signing.base64url import decode, encode
from signing.errors import SigningError
from signing.jws import parse_json

ORDERS = f"{HOME}/orders"
Content = Mapping[str, Any]
Row = tuple[Wording, str]
_LONGEST_STATEMENT, _LONGEST_SALT, _LONGEST_KEY = 65_536, 64, 128


@dataclass(frozen=True, slots=True)
class Errand:
    """One kind of act that is ordered on a page.

    `form` is the page it is filled in on and `place` where that lies, `title` its name. `role` is what the terminal
    must be allowed (None: anything). `carried` says that the statement carries what is asked, as requests do.
    `describe` tells the officer what he signs; `run` does it; `page` shows what came of it, given what `tell` makes of
    the answer.
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


class Ordering:
    """The pages on which officers check, sign and order."""

    def __init__(self, registry: Registry, guard: Guard, errands: Sequence[Errand]) -> None:
        self._registry = registry
        self._guard = guard
        self._errands = {each.name: each for each in errands}

    def check(
        self, visit: Visit, name: str, content: Content, *, problem: Mapping[str, Any] | None = None, key: str = ""
    ) -> Response:
        """Return the page on which an officer checks and signs an errand; what he filled in stays with it."""
        errand, stored = self._errands[name], visit.session.stored
        salt = secrets.token_bytes(SALT_BYTES)
        bound: dict[str, Any] = {"request": content} if errand.carried else _bound(content, salt)
        payload = statement_payload(
            act=errand.act, audience=self._registry.origin, system=stored.terminal or "", officer=stored.officer,
            issued_at=int(moment().timestamp()), jti=encode(secrets.token_bytes(16)), **bound,
        )  # fmt: skip
        given = {
            "title": errand.title.zh,
            "title_en": errand.title.en,
            "rows": [{"zh": words.zh, "en": words.en, "value": value} for words, value in errand.describe(content)],
            "statement": orjson.dumps(payload).decode(),
            "typ": TYP,
            "now": payload["iat"],
            "errand": name,
            "content": orjson.dumps(content).decode(),
            "salt": standard_b64encode(salt).decode(),
            "key": key or encode(secrets.token_bytes(16)),
            "form": errand.form,
            "typed": [(name, value) for name, value in _typed(visit) if name != TOKEN],
            "problem": problem,
        }
        return show(self._guard, visit, "order", errand.place, given, status=200 if problem is None else 422)

    def routes(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)

        @self._guard.page
        async def ordered(visit: Visit) -> Response:
            errand = self._errands.get(visit.get("errand"))
            content = _content(visit.get("content"))
            if errand is None or content is None:
                raise NotFoundError("not_found")
            try:
                answer = await in_thread(self._carry_out, errand, content, visit)
            except Exception as error:
                problem = document_of(error, str(visit.request.scope.get("trace", "")))
                return self.check(visit, errand.name, content, problem=problem)
            shown = {"title": errand.title.zh, "title_en": errand.title.en, "form": errand.form, "answer": answer}
            told = await in_thread(errand.tell, content, answer, visit)
            return show(self._guard, visit, errand.page, errand.place, {**shown, **told})

        router.add_api_route(ORDERS, ordered, methods=["POST"])
        return router

    def _carry_out(self, errand: Errand, content: Content, visit: Visit) -> Mapping[str, Any]:
        """Do steps 3 and 4. Raises AccessError terminal_missing, order_foreign, role_missing, and the flow's own."""
        statement, stored, registry = visit.get("statement"), visit.session.stored, self._registry
        if stored.terminal is None:
            raise AccessError("terminal_missing")
        said = _unverified(statement)
        if (said.get("iss"), said.get("officer")) != (stored.terminal, stored.officer):
            raise AccessError("order_foreign")
        caller = find_system(stored.terminal, registry=registry, now=moment())[0]
        if caller is None or caller.system.department != stored.party or Role.TERMINAL not in caller.system.roles:
            raise AccessError("terminal_unknown")
        if errand.role is not None and errand.role not in caller.system.roles:
            raise AccessError("role_missing", role=str(errand.role))
        body = (
            RequestBody(statement=statement[:_LONGEST_STATEMENT])
            if errand.carried
            else OrderBody(
                statement=statement[:_LONGEST_STATEMENT], salt=visit.get("salt")[:_LONGEST_SALT], content=dict(content)
            )
        )
        called = verify_order(
            visit.request, body, caller=caller, act=errand.act, registry=registry, key=visit.get("key")[:_LONGEST_KEY]
        )
        # What was signed is done, not what stands beside it in the form.
        carried = called.verified.statement.request or {} if errand.carried else content
        return errand.run(called, carried)


def who_orders(called: Called, registry: Registry) -> dict[str, Any]:
    """Return what flows of orders are handed of a verified call."""
    return {
        "verified": called.verified,
        "system": called.caller.system,
        "key": called.key,
        "registry": registry,
        "now": called.now,
    }


def _bound(content: Content, salt: bytes) -> dict[str, Any]:
    """Return how a statement binds an order's content: as the client of a system does (`hub/client.py`)."""
    return {
        "certificate_type": content.get("certificate_type"),
        "issuing_body": content.get("issuing_body"),
        "content_digest": content_digest(content, salt),
    }


def _typed(visit: Visit) -> Sequence[tuple[str, str]]:
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


def _content(text: str) -> dict[str, Any] | None:
    try:
        found = parse_json(text.encode())
    except SigningError:
        return None
    return found if isinstance(found, dict) else None


def _unverified(jws: str) -> Mapping[str, Any]:
    """Return what a statement says, to hold it against who sits here before its key is looked up."""
    try:
        claims = parse_json(decode(jws.split(".")[1]))
    except (SigningError, IndexError):
        return {}
    return claims if isinstance(claims, dict) else {}
