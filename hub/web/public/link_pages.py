"""Pages of one-time links: a person opens the link that was sent, signs in, and reads and keeps what it gives.

1 the link's code, which stands behind the number sign and no browser sends, is moved into the form by the page's
  script, or typed; nothing is looked up yet, so that the page says the same of every code
2 the person signs in: in TEST at the simulator, which takes the name and number that are typed; the sign-in confirms
  the sentence that is shown
3 what was confirmed opens the link (`hub/enterprise/grant_links.py`): pressed twice, it is one opening with one answer
The copies of what was opened are fetched by a cookie of this browser, for as long as the copies count.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from connectors.contract import PersonSignIn
from hub.decisions.answers import disclosed_values
from hub.documents.downloads import copies_of_delivery, delivery_by_token
from hub.enterprise.grant_links import draft_opening
from hub.errors import GrantError, HubError, NotFoundError
from hub.steps.registry import Registry
from hub.steps.sharing.delivery import Exchange
from hub.store.enterprise import EnterpriseReader
from hub.web.api.documents import Counter, Name, OneIdentifier
from hub.web.api.grant_links import open_and_pull
from hub.web.callers import in_thread, moment
from hub.web.limits import AddressLimit
from hub.web.sessions import Guard, Render, language_of, told
from schemas.exchange import PullRequest
from schemas.wording import COMMON_FIELDS, Wording

LINKS = "/grant-links"
_COOKIE = "yizhao-link"
_LONGEST_CODE, _LONGEST_PROOF, _LONGEST_TEXT = 64, 8_192, 4_096
_LONGEST_NAME, _LONGEST_NUMBER = 100, 32
# What a pull under the grant is refused with whose person somebody else is.
_ANOTHERS = "grant_other_requester"

Confirm = Callable[..., str]
"""TEST: has the simulator confirm a text for a person of that `number` and `name` at `now`; returns the proof."""


def routes(
    registry: Registry,
    exchange: Exchange,
    persons: PersonSignIn,
    *,
    confirm: Confirm | None,
    counter: Counter,
    render: Render,
    limit: AddressLimit,
) -> APIRouter:
    """Return the doors; `confirm` plays the sign-in where there is a simulator, `counter` hands copies out."""
    router = APIRouter(include_in_schema=False)
    guard = Guard(LINKS, registry, render, of_officers=False)

    def shown(request: Request, step: str, said: Mapping[str, Any], status: int = 200) -> Response:
        page = {"problem": None, "code": "", "text": "", "proof": "", "name": "", "number": "", "is_anothers": False}
        return guard.show_before(request, "grant_link", {**page, **said, "step": step}, status)

    def signing_in(request: Request, code: str, said: Mapping[str, Any] = {}, status: int = 200) -> Response:
        drafted = draft_opening(code, registry=registry, now=moment())
        return shown(request, "sign_in", {**said, "code": code, "text": drafted["text"]}, status)

    @router.get(LINKS)
    async def asked(request: Request) -> Response:
        return shown(request, "code", {})

    @router.post(LINKS)
    async def coded(request: Request) -> Response:
        form = await guard.form_before(request)
        code = form.get("code", "").strip()[:_LONGEST_CODE]
        try:
            await limit(request)
            return signing_in(request, code)
        except HubError as error:
            return shown(request, "code", {"code": code, "problem": told(error, request)}, 422)

    @router.post(f"{LINKS}/sign-in")
    async def signed_in(request: Request) -> Response:
        """TEST: have the simulator confirm what was shown, for the person whose name and number were typed."""
        form = await guard.form_before(request)
        code, name, number = _typed(form)
        said = {"name": name, "number": number}
        try:
            await limit(request)
            if confirm is None:
                raise NotFoundError("link_not_found")
            if not name or not number:
                raise GrantError("grant_form", member="person_named")
            text = _sentence(form)
            proof = await in_thread(lambda: confirm(text, number=number, name=name, now=moment()))
        except HubError as error:
            return _again(error, request, code, said)
        return shown(request, "confirmed", {**said, "code": code, "text": text, "proof": proof})

    @router.post(f"{LINKS}/opened")
    async def opened(request: Request) -> Response:
        """Open the link for who signed in; sent twice, it shows the same."""
        form = await guard.form_before(request)
        code, name, number = _typed(form)
        text, proof = _sentence(form), form.get("proof", "")[:_LONGEST_PROOF]
        try:
            await limit(request)
            asked, answer = await in_thread(
                lambda: open_and_pull(code, text, proof, registry=registry, exchange=exchange, persons=persons)
            )
        except HubError as error:
            return _again(error, request, code, {"name": name, "number": number})
        page = await in_thread(_given, asked, answer, registry)
        response = guard.show_before(request, "link_opened", page)
        if answer["delivery"]:
            _keep(response, answer, registry, moment())
        return response

    def _again(error: HubError, request: Request, code: str, said: Mapping[str, Any]) -> Response:
        """Say why a link was not opened, with what was typed still there; with a new sentence where it is over."""
        page = {**said, "is_anothers": error.code == _ANOTHERS, "problem": told(error, request)}
        if error.code in ("application_late", "link_text", "person_not_signed_in", "grant_form"):
            try:
                return signing_in(request, code, page, 422)
            except GrantError:
                pass
        return shown(request, "code", {**page, "code": code}, 422)

    @router.get(f"{LINKS}/deliveries/{{name}}/copies/{{identifier}}")
    async def copy(request: Request, name: Name, identifier: OneIdentifier) -> Response:
        """Hand out one copy to the browser that opened the link; a page that comes again while it is being made."""

        def find() -> Any:
            token = request.cookies.get(_COOKIE, "")
            delivery = delivery_by_token(name, token, registry=registry, now=moment())
            copies = copies_of_delivery(delivery, language=language_of(request), registry=registry)
            return next((each for each in copies if each.identifier == identifier), None)

        wanted = await in_thread(find)
        if wanted is None:
            raise NotFoundError("document_not_found")
        response = await counter.hand_out(wanted)
        if response.status_code != 202:
            return response
        return guard.show_before(request, "document_waiting", {"seated": None}, 202)

    return router


def _typed(form: Mapping[str, str]) -> tuple[str, str, str]:
    """Return the code, the name and the number of a form, as far as they can be any."""
    code = form.get("code", "").strip()[:_LONGEST_CODE]
    return code, form.get("name", "").strip()[:_LONGEST_NAME], form.get("number", "").strip()[:_LONGEST_NUMBER]


def _sentence(form: Mapping[str, str]) -> str:
    """Return the sentence of a form; browsers send its line ends as CR LF (HTML, form submission)."""
    return form.get("text", "").replace("\r\n", "\n")[:_LONGEST_TEXT]


def _keep(response: Response, answer: Mapping[str, Any], registry: Registry, now: datetime) -> None:
    """Let the browser fetch the copies of what was opened, and nothing else, while they count."""
    seconds = int((datetime.fromisoformat(answer["ends_at"]) - now).total_seconds())
    response.set_cookie(
        _COOKIE, answer["token"], max_age=max(0, seconds), path=f"{LINKS}/deliveries/{answer['delivery']}",
        httponly=True, samesite="strict", secure=registry.origin.startswith("https://"),
    )  # fmt: skip


def _given(asked: PullRequest, answer: Mapping[str, Any], registry: Registry) -> dict[str, Any]:
    """Return what a page shows of an opening: who gave it, and each certificate with its verdict and its fields."""
    number = asked.licence_number
    with registry.database.read() as connection:
        holder = EnterpriseReader(connection).get(number)
    return {
        "holder": {"licence_number": number, "name": holder.name if holder else ""},
        "items": [_item(each, answer["delivery"], registry) for each in answer["items"]],
        "case_number": asked.case_number,
        "delivery": answer["delivery"],
        "ends_at": answer["ends_at"] if answer["delivery"] else None,
    }


def _item(item: Mapping[str, Any], delivery: str | None, registry: Registry) -> dict[str, Any]:
    kind = registry.catalogue.get(item["certificate_type"])
    named = {"name_zh": kind.name_zh, "name_en": kind.name_en}
    if not item["found"]:
        return {**named, "number": "", "verdict": None, "fields": [], "copy": ""}
    file = item["file"]
    values = disclosed_values(file["record"]["signatures"][0]["header"]["disclosures"]) if file else {}
    labels = {**COMMON_FIELDS} | {each.name: Wording(each.label_zh, each.label_en) for each in kind.fields}
    return {
        **named,
        "number": item["certificate_number"],
        "verdict": item["verdict"],
        "fields": list(_fields(values, labels)),
        "copy": f"{LINKS}/deliveries/{delivery}/copies/{item['identifier']}" if file else "",
    }


def _fields(values: Mapping[str, str], labels: Mapping[str, Wording]) -> Iterator[dict[str, str]]:
    for name, value in values.items():
        words = labels.get(name, Wording(name, name))
        if value:
            yield {"zh": words.zh, "en": words.en, "value": value}
