"""Changes at the operator's pages: drafted by one person, signed by two of different duties, done at the second's.

1 a form says what is wanted; the flow's own reading refuses what is wrong; the page tells what it would change
2 the first person's own key signs an approval in his browser (`static/order.js`); it is verified and the draft waits,
  encrypted, for a term (`hub/department/parking.py`)
3 the second reads the same, as it stands by then; his key signs an approval, his workplace's key the order itself
4 the very flow of the API does the act with both approvals            <- COMMIT POINT (there)
What needs one person alone goes from 1 to 3. A form that comes again is answered by what was done: the approvals that
were spent for its digest tell. A person's key is made in his browser and never leaves it (`person.py`); what he signs
counts only from his own session, and the approvals name him: a session alone, or a key alone, signs nothing.
"""

import secrets
from base64 import b64decode, standard_b64encode
from binascii import Error as Base64Error
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson
from fastapi import APIRouter
from fastapi.responses import Response

from hub.department.parking import Parked, list_parked, open_parked, park, take_back, unpark
from hub.errors import AccessError, HubError, NotFoundError
from hub.steps.orders.approvals import require_first, unverified_officer, verify_approvals
from hub.steps.registry import Registry
from hub.store.approval import ApprovalReader, KeptApproval
from hub.store.parties import PartyReader
from hub.store.statement import StatementReader
from hub.web.callers import OrderBody, in_thread, moment, verify_order
from hub.web.department.ordering import in_words, once_under_way, read_content, terminal_of, typed_before
from hub.web.operator.dashboard import HOME, require_operator
from hub.web.operator.kinds import DUTIES, Content, Kind, Told
from hub.web.problems import document, document_of
from hub.web.sessions import TOKEN, Guard, Visit, told, with_language
from schemas.approval import DUTIES_NEEDED, Approval, Change, approval_payload
from schemas.approval import TYP as APPROVAL_TYP
from schemas.catalogue import FieldsError
from schemas.parties import Officer, Role
from schemas.statement import SALT_BYTES, TYP, content_digest, statement_payload
from signing.base64url import encode

CHANGES, SIGN = f"{HOME}/changes", f"{HOME}/sign"
_ERRAND = "change:"
_NAME_LENGTH, _MOST_KEPT = 43, 50
_LONGEST_TOKEN, _LONGEST_STATEMENT, _LONGEST_KEY = 8_192, 65_536, 128
_REPLAYED = frozenset({"statement_replayed", "approval_replayed", "parked_not_found"})
_OPERATING = DUTIES_NEEDED[Change.ENTITLE]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be signed: a kind's content under a salt, and the draft that waits, where there is one."""

    kind: Kind
    content: Content
    salt: str
    parked: Parked | None = None

    @property
    def digest(self) -> str:
        return content_digest(self.content, b64decode(self.salt))

    @property
    def is_ordered_now(self) -> bool:
        """Whether the next signature does the act."""
        return self.parked is not None or self.kind.change is None


class Changing:
    """The pages on which the operator's persons draft, sign and make changes."""

    def __init__(self, registry: Registry, guard: Guard, kinds: Sequence[Kind], *, operator: str) -> None:
        self._registry = registry
        self._guard = guard
        self._kinds = {each.code: each for each in kinds}
        self._operator = operator

    def routes(self) -> APIRouter:
        router = APIRouter(include_in_schema=False)

        @self._guard.page
        async def waiting(visit: Visit) -> Response:
            require_operator(visit, self._operator)
            return await self._list(visit)

        @self._guard.page
        async def asked(visit: Visit) -> Response:
            require_operator(visit, self._operator)
            kind, named = self._kind(visit), visit.request.query_params.get("of", "")[:64]
            return await self._form(visit, kind, await in_thread(kind.present, named, self._registry))

        @self._guard.page
        async def filled(visit: Visit) -> Response:
            require_operator(visit, self._operator)
            kind = self._kind(visit)
            if visit.get("again"):
                return await self._form(visit, kind, await in_thread(self._typed, kind, visit))
            try:
                given = await in_thread(self._drafted, kind, visit)
                return await self._check(visit, given)
            except (HubError, FieldsError) as error:
                typed, problem = await in_thread(self._typed, kind, visit), document_of(error, "")
                return await self._form(visit, kind, typed, problem)

        @self._guard.page
        async def signed(visit: Visit) -> Response:
            require_operator(visit, self._operator)
            return await self._signed(visit)

        @self._guard.page
        async def seconded(visit: Visit) -> Response:
            require_operator(visit, self._operator)
            return await self._check(visit, await in_thread(self._waiting, _name(visit)))

        @self._guard.page
        async def taken_back(visit: Visit) -> Response:
            require_operator(visit, self._operator)
            name, officer = _name(visit), visit.session.stored.officer or ""
            try:
                await in_thread(lambda: take_back(name, self._operator, officer, registry=self._registry, now=moment()))
            except NotFoundError as error:
                return await self._list(visit, told(error, visit.request))
            return await self._list(visit)

        router.add_api_route(CHANGES, waiting, methods=["GET"])
        router.add_api_route(f"{CHANGES}/new/{{kind}}", asked, methods=["GET"])
        router.add_api_route(f"{CHANGES}/new/{{kind}}", filled, methods=["POST"])
        router.add_api_route(SIGN, signed, methods=["POST"])
        router.add_api_route(f"{CHANGES}/{{name}}", seconded, methods=["GET"])
        router.add_api_route(f"{CHANGES}/{{name}}", taken_back, methods=["POST"])
        return router

    # --- 1 what is wanted ---

    def _kind(self, visit: Visit) -> Kind:
        kind = self._kinds.get(visit.request.path_params["kind"])
        if kind is None:
            raise NotFoundError("not_found")
        return kind

    def _drafted(self, kind: Kind, visit: Visit) -> _Asked:
        now = moment()
        content = kind.read(visit, self._registry, now)
        kind.check(content, self._registry, now)
        return _Asked(kind, content, standard_b64encode(secrets.token_bytes(SALT_BYTES)).decode())

    def _typed(self, kind: Kind, visit: Visit) -> Mapping[str, Any]:
        empty = kind.present("", self._registry)
        return {name: visit.all(name) if isinstance(was, list) else visit.get(name) for name, was in empty.items()}

    async def _form(
        self, visit: Visit, kind: Kind, typed: Mapping[str, Any], problem: Mapping[str, Any] | None = None
    ) -> Response:
        departments = await in_thread(self._departments)
        given = {
            "home": HOME,
            "kind": kind.code,
            "title": in_words(kind.title, visit.language),
            "lead": in_words(kind.lead, visit.language),
            "typed": typed,
            "departments": [(number, f"{name} {number}") for number, name in departments],
            "problem": problem,
        }
        return self._guard.show(visit, "change_form", given, 200 if problem is None else 422)

    def _departments(self) -> list[tuple[str, str]]:
        with self._registry.database.read() as connection:
            return sorted(PartyReader(connection).department_names().items())

    async def _list(self, visit: Visit, problem: Mapping[str, Any] | None = None) -> Response:
        officer, waiting = await in_thread(self._officer, visit), await in_thread(self._drafts)
        own = visit.session.stored.officer
        given = {
            "home": HOME,
            "officer": own,
            "duty": in_words(DUTIES[officer.duty], visit.language),
            "may_sign": officer.duty in _OPERATING,
            "terminal": visit.session.stored.terminal,
            "drafts": [
                {
                    "href": with_language(f"{CHANGES}/{each.parked.stored.name}", visit.language),
                    "title": in_words(each.kind.title, visit.language),
                    "about": _about(each.content),
                    "officer": each.parked.stored.officer,
                    "is_own": each.parked.stored.officer == own,
                    "ends_at": each.parked.stored.ends_at.isoformat(),
                    "digest": each.digest,
                }
                for each in waiting
                if each.parked is not None
            ],
            "kinds": [
                {
                    "href": with_language(f"{CHANGES}/new/{each.code}", visit.language),
                    "title": in_words(each.title, visit.language),
                    "lead": in_words(each.lead, visit.language),
                    "two": each.change is not None,
                }
                for each in self._kinds.values()
            ],
            "problem": problem,
        }
        return self._guard.show(visit, "changes", given, 200 if problem is None else 422)

    def _drafts(self) -> list[_Asked]:
        now = moment()
        found = list_parked(self._operator, registry=self._registry, now=now)
        drafts = (self._still_waiting(each.name) for each in found if each.errand.startswith(_ERRAND))
        return [each for each in drafts if each is not None]

    def _still_waiting(self, name: str) -> _Asked | None:
        """Return a draft of the list, or None where it was made, or is over, since the list was read."""
        try:
            return self._waiting(name)
        except NotFoundError:
            return None

    def _waiting(self, name: str) -> _Asked:
        """Return a draft that waits. Raises NotFoundError parked_not_found."""
        parked = open_parked(name, self._operator, registry=self._registry, now=moment())
        kind = self._kinds.get(parked.stored.errand.removeprefix(_ERRAND))
        if kind is None or not parked.stored.errand.startswith(_ERRAND):
            raise NotFoundError("parked_not_found")
        return _Asked(kind, parked.content, parked.salt, parked)

    # --- 2 and 3 what is signed ---

    async def _check(self, visit: Visit, asked: _Asked, problem: Mapping[str, Any] | None = None) -> Response:
        """Return the page on which a person reads a change and signs it; what he typed stays with it."""

        def read() -> tuple[Told, Officer, Officer | None]:
            now = moment()
            asked.kind.check(asked.content, self._registry, now)
            first = self._person(asked.parked.stored.officer) if asked.parked else None
            return asked.kind.tell(asked.content, self._registry, now), self._officer(visit), first

        change, officer, first = await in_thread(read)
        stored, now = visit.session.stored, int(moment().timestamp())
        hindered = _hindered(asked, officer, first)
        given = {
            "home": HOME,
            "title": in_words(asked.kind.title, visit.language),
            "about": change.about,
            "heads": [in_words(each, visit.language) for each in change.heads],
            "rows": [[in_words(cell, visit.language) for cell in row] for row in change.rows],
            "kind": asked.kind.code,
            "content": "" if asked.parked else orjson.dumps(asked.content).decode(),
            "salt": "" if asked.parked else asked.salt,
            "digest": asked.digest,
            "parked": asked.parked.stored.name if asked.parked else "",
            "first_officer": first.number if first else "",
            "first_duty": in_words(DUTIES[first.duty], visit.language) if first else "",
            "ends_at": asked.parked.stored.ends_at.isoformat() if asked.parked else "",
            "two": asked.kind.change is not None,
            "officer": officer.number,
            "duty": in_words(DUTIES[officer.duty], visit.language),
            "terminal": stored.terminal,
            "ordered_now": asked.is_ordered_now,
            "approval": self._approval(asked, officer, now),
            "approval_typ": APPROVAL_TYP,
            "statement": self._statement(asked, visit, now),
            "typ": TYP,
            "now": now,
            "key": encode(secrets.token_bytes(16)),
            "form": f"{CHANGES}/new/{asked.kind.code}",
            "typed": [] if asked.parked else [each for each in typed_before(visit) if each[0] not in (TOKEN, "sheet")],
            "hindered": document(hindered, "") if hindered else None,
            "problem": problem,
        }
        return self._guard.show(visit, "change", given, 200 if problem is None else 422)

    def _approval(self, asked: _Asked, officer: Officer, now: int) -> str:
        """Return what the person's own key is to sign, as JSON; "" where one person orders alone."""
        if asked.kind.change is None:
            return ""
        return approval_to_sign(asked.kind.change, asked.digest, officer, audience=self._registry.origin, now=now)

    def _statement(self, asked: _Asked, visit: Visit, now: int) -> str:
        """Return what the workplace's key is to sign, as JSON; "" where the change only waits after this."""
        if not asked.is_ordered_now:
            return ""
        stored = visit.session.stored
        payload = statement_payload(
            act=asked.kind.act, audience=self._registry.origin, system=stored.terminal or "", officer=stored.officer,
            issued_at=now, jti=encode(secrets.token_bytes(16)), content_digest=asked.digest,
        )  # fmt: skip
        return orjson.dumps(payload).decode()

    async def _signed(self, visit: Visit) -> Response:
        if done := await in_thread(self._done, visit):
            return self._done_shown(visit, *done)
        asked = await in_thread(self._asked, visit)
        try:
            answer = await in_thread(self._carry_out, asked, visit)
        except (HubError, FieldsError) as error:
            # The same form may have done it a moment ago.
            if isinstance(error, HubError) and error.code in _REPLAYED and (done := await in_thread(self._done, visit)):
                return self._done_shown(visit, *done)
            return await self._check(visit, asked, document_of(error, str(visit.request.scope.get("trace", ""))))
        if answer is None:
            given = {"home": HOME, "title": in_words(asked.kind.title, visit.language), "about": _about(asked.content)}
            return self._guard.show(visit, "change_waits", given)
        persons = [asked.parked.stored.officer] if asked.parked else []
        return self._done_shown(visit, asked.kind, [*persons, visit.session.stored.officer or ""])

    def _asked(self, visit: Visit) -> _Asked:
        """Return what a form signs: the draft that it names, or the content that it carries.

        Raises NotFoundError not_found, parked_not_found.
        """
        if visit.get("parked"):
            return self._waiting(visit.get("parked")[:_NAME_LENGTH])
        kind, content = self._kinds.get(visit.get("kind")), read_content(visit.get("content"))
        try:
            is_salt = len(b64decode(visit.get("salt"), validate=True)) == SALT_BYTES
        except (Base64Error, ValueError):
            is_salt = False
        if kind is None or content is None or not is_salt:
            raise NotFoundError("not_found")
        try:
            # What our form never made is nothing that our page could show.
            kind.check(content, self._registry, moment())
            kind.tell(content, self._registry, moment())
        except (KeyError, TypeError, ValueError, AttributeError):
            raise NotFoundError("not_found") from None
        return _Asked(kind, content, visit.get("salt"))

    def _carry_out(self, asked: _Asked, visit: Visit) -> Mapping[str, Any] | None:
        """Do steps 2, or 3 and 4; None where the change waits for its second person now.

        Raises AccessError person_duty, order_foreign, terminal_missing, terminal_unknown, role_missing, and the flow's
        own.
        """
        if asked.kind.change is not None and asked.parked is None:
            self._park(asked, visit)
            return None
        if self._officer(visit).duty not in _OPERATING:
            raise AccessError("person_duty")
        caller = terminal_of(visit, Role.OPERATE, self._registry)
        approvals = [asked.parked.statement, own_approval(visit)] if asked.parked else []
        statement = visit.get("statement")[:_LONGEST_STATEMENT]
        body = OrderBody(statement=statement, salt=asked.salt, content=dict(asked.content), approvals=approvals)
        called = verify_order(
            visit.request, body, caller=caller, act=asked.kind.act, registry=self._registry,
            key=visit.get("key")[:_LONGEST_KEY],
        )  # fmt: skip
        answer = once_under_way(lambda: asked.kind.run(called, asked.content))
        if asked.parked is not None:
            unpark(asked.parked.stored.name, registry=self._registry)
        return answer

    def _park(self, asked: _Asked, visit: Visit) -> None:
        """Let a change wait that its first person signed (step 2)."""
        token, now, registry = own_approval(visit), moment(), self._registry
        (verified,) = verify_approvals(
            [token], change=str(asked.kind.change), content_digest=asked.digest, registry=registry, now=now
        )
        with registry.database.read() as connection:
            require_first(verified, connection=connection, about=asked.kind.about(asked.content))
        park(
            _ERRAND + asked.kind.code, asked.content, asked.salt, token, jti=verified.approval.jti,
            department=self._operator, officer=verified.officer.number, registry=registry, now=now,
        )  # fmt: skip

    # --- what was done ---

    def _done(self, visit: Visit) -> tuple[Kind, list[str]] | None:
        """Return the kind of what a form did when it came before, and who signed; None where it did nothing yet."""
        kind, digest = self._kinds.get(visit.get("kind")), visit.get("digest")[:64]
        if kind is None:
            return None
        with self._registry.database.read() as connection:
            if kind.change is not None:
                spent = ApprovalReader(connection).of_content(str(kind.change), digest)
                return (kind, [each.officer for each in spent]) if _are_spent(spent) else None
            stored = visit.session.stored
            kept = StatementReader(connection).of_systems([stored.terminal or ""], before=None, most=_MOST_KEPT)
        jws = visit.get("statement")
        is_kept = bool(jws) and sha256(jws.encode()).hexdigest() in {each.digest for each in kept}
        return (kind, [stored.officer or ""]) if is_kept else None

    def _done_shown(self, visit: Visit, kind: Kind, persons: Sequence[str]) -> Response:
        given = {
            "home": HOME,
            "title": in_words(kind.title, visit.language),
            "persons": "、".join(persons),
            "digest": visit.get("digest")[:64],
        }
        return self._guard.show(visit, "change_done", given)

    def _officer(self, visit: Visit) -> Officer:
        return person_of(visit, self._registry)

    def _person(self, number: str) -> Officer:
        return _enrolled(number, self._registry)


def person_of(visit: Visit, registry: Registry) -> Officer:
    """Return who sits there. Raises AccessError person_duty."""
    return _enrolled(visit.session.stored.officer or "", registry)


def approval_to_sign(change: Change, digest: str, officer: Officer, *, audience: str, now: int) -> str:
    """Return what a person's own key is to sign in his browser, as JSON."""
    jti = encode(secrets.token_bytes(16))
    said = Approval(change, audience, officer.number, officer.duty, now, jti, digest)
    return orjson.dumps(approval_payload(said)).decode()


def _enrolled(number: str, registry: Registry) -> Officer:
    with registry.database.read() as connection:
        found = PartyReader(connection).officer(number)
    if found is None:
        raise AccessError("person_duty")
    return found


def _name(visit: Visit) -> str:
    return str(visit.request.path_params["name"])[:_NAME_LENGTH]


def _about(content: Content) -> str:
    return str(content.get("code") or content.get("number") or content.get("licence_number") or "")


def own_approval(visit: Visit) -> str:
    """Return the approval that a form bears; AccessError order_foreign for one of somebody else."""
    token = visit.get("approval")[:_LONGEST_TOKEN]
    if unverified_officer(token) != visit.session.stored.officer:
        raise AccessError("order_foreign")
    return token


def _are_spent(approvals: Sequence[KeptApproval]) -> bool:
    return bool(approvals) and all(each.statement is not None for each in approvals)


def _hindered(asked: _Asked, officer: Officer, first: Officer | None) -> str:
    """Return the code of what keeps a person from signing, which the act would refuse too; "" for nothing."""
    if officer.duty not in _OPERATING:
        return "person_duty"
    if asked.kind.change is not None and asked.kind.about(asked.content) == officer.number:
        return "approval_own"
    if first is not None and first.number == officer.number:
        return "approval_same_person"
    if first is not None and first.duty is officer.duty:
        return "approval_same_duty"
    return ""
