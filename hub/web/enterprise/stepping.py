"""How every act of an enterprise's pages goes: a form, the sentence it makes, its signing, the page of what was done.

1 GET shows the form; POST has the flow draft the sentence, which is shown to be signed; the form travels with it
2 POST with what the e-licence signed has the flow do the act, and leads to the page where the act stands from then on
What was typed is never lost: a refusal shows the form again as it was, with what to do next. A text that was posted
before leads to the same page: sending it twice does one act.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from connectors.contract import SignedText
from hub.errors import GrantError, HubError
from hub.web.callers import in_thread
from hub.web.enterprise.desk import Desk
from hub.web.sessions import PRIVATE, TOKEN, Visit, told, with_language
from hub.web.signatures import read_signed
from signing.errors import SigningError
from signing.x509 import read_cert_unverified

Told = dict[str, Any]
SIGNED = "signed"
# What a text is refused with that was posted before, or whose act was done by another: the act stands already.
_DONE_BEFORE = frozenset({"grant_posted", "grant_withdrawn", "delegation_withdrawn", "statement_replayed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One act. `path` is where its form is, with the names of what it is about in braces.

    `form` shows the form as a visit fills it in, with a refusal if there is one; `draft` returns the sentence ("text"),
    what is shown beside it ("preview") and what travels with it ("pairs"); `perform` does the act; `done` shows it,
    with an answer that is empty where it had been done before. `menu` is the place of the page among the others.
    """

    path: str
    form: Callable[[Visit, Told | None], Awaitable[Response]]
    draft: Callable[[Visit], Mapping[str, Any]]
    perform: Callable[[Visit, SignedText], Mapping[str, Any]]
    done: Callable[[Visit, SignedText, Mapping[str, Any]], Awaitable[Response]]
    menu: str


def add_step(router: APIRouter, desk: Desk, step: Step) -> None:
    """Add the form of an act, and both of its posts."""

    @desk.guard.page
    async def asked(visit: Visit) -> Response:
        return await step.form(visit, None)

    @desk.guard.page
    async def sent(visit: Visit) -> Response:
        try:
            await desk.limit(visit.request)
            if visit.get(SIGNED):
                return await _perform(step, visit)
            drafted = await in_thread(step.draft, visit)
        except HubError as error:
            return await step.form(visit, told(error, visit.request))
        return desk.guard.show(visit, "sign", sentence_shown(visit, drafted) | {"place": step.menu})

    router.add_api_route(step.path, asked, methods=["GET"])
    router.add_api_route(step.path, sent, methods=["POST"])


def sentence_shown(visit: Visit, drafted: Mapping[str, Any], action: str = "") -> Told:
    """Return what a page needs to have a sentence signed on it, and sent to `action`."""
    path = action or visit.request.url.path
    typed = [(name, value) for name, value in visit.form if name not in (TOKEN, SIGNED)]
    return {
        "text": drafted["text"],
        "preview": drafted.get("preview"),
        "action": path,
        "pairs": [*typed, *drafted.get("pairs", ())],
        "licence_number": visit.session.party,
        "role": visit.session.stored.role,
        "back": path,
    }


def lead_to(path: str, visit: Visit) -> Response:
    """Return the answer that leads to the page of what was done: to load that again does nothing again."""
    return RedirectResponse(with_language(path, visit.language), 303, PRIVATE)


async def _perform(step: Step, visit: Visit) -> Response:
    signed = read_signed(visit.get(SIGNED))
    # Whose page this is signs on it; another's signature counts at its own page.
    if _signer(signed) != visit.session.party:
        raise GrantError("e_licence_of_another")
    try:
        answer: Mapping[str, Any] = await in_thread(step.perform, visit, signed)
    except HubError as error:
        if error.code not in _DONE_BEFORE:
            raise
        answer = {}
    return await step.done(visit, signed, answer)


def _signer(signed: SignedText) -> str | None:
    try:
        return read_cert_unverified(signed.cert_der).licence_number
    except SigningError:
        raise GrantError("e_licence_refused") from None
