"""A grant on paper at the window: the sentence printed, signed by hand, its scan's digest witnessed by two officers.

1 the officer says for what; the page shows the sentence, which vouches for itself and is stored nowhere, to be printed
2 once it is signed by hand the browser takes the digest of the scan, which does not leave the machine
3 the first officer signs the order and it is parked; a second one reads the same sentence and signs (`ordering.py`)
4 the grant is kept (`hub/department/window_grants.py`), and the window offers it as the basis of a pull
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from hub.department.window_grants import check_witnessable, read_witness_order, witness_grant
from hub.department.window_offers import holder_of, known_items
from hub.enterprise.grants import draft_grant, grantable
from hub.errors import GrantError
from hub.public.resolution import resolve
from hub.steps.registry import Registry
from hub.web.callers import Called, in_thread, moment
from hub.web.department.ordering import Content, Errand, Ordering, Row, who_orders
from hub.web.department.showing import HOME, show
from hub.web.enterprise.desk import end_of_day
from hub.web.enterprise.grants import fields_chosen, fields_shown
from hub.web.problems import CODES, document, document_of
from hub.web.sessions import Guard, Visit
from schemas.codes import LONGEST_CODE, read_code
from schemas.grant import Grant, parse_grant
from schemas.licence_systems import LicenceSystem
from schemas.parties import Role
from schemas.sentence import SentenceTextError
from schemas.signer_roles import IDENTITY_CHECKS
from schemas.statement import Ordered
from schemas.wording import Wording

PAPER = f"{HOME}/paper"
_WITNESS = "witness"
_REFUSED: tuple[type[Exception], ...] = (GrantError, *CODES)
_TYPED = ("item_code", "item_name", "case_number", "valid_until", "uses")
_LONGEST_TEXT = 20_000
_CHECKS: Mapping[str, Wording] = {
    "representative_present": Wording(
        "法定代表人（负责人）到场，已核对身份证件", "Its representative came; the identity card was checked"
    ),
    "representative_by_letter": Wording(
        "受托人持委托书到场，已核对委托书和身份证件",
        "Somebody came with its letter; letter and identity card were checked",
    ),
}


def errands(registry: Registry) -> list[Errand]:
    """Return what two officers order about a grant on paper."""

    def run(called: Called, content: Content) -> Mapping[str, Any]:
        order = read_witness_order(content)
        return witness_grant(order, seconds=called.seconds, **who_orders(called, registry))

    def tell(content: Content, answer: Mapping[str, Any], visit: Visit) -> Mapping[str, Any]:
        number = _grant(content).holder_licence_number
        page = f"{HOME}/window?code={number}&lang={visit.language}"
        return {"rows": [], "links": [{"href": page, "zh": "凭这份授权取证照", "en": "Pull on this grant"}]}

    title = Wording("见证书面授权", "Witness a grant on paper")
    return [
        Errand(
            _WITNESS, Ordered.WITNESS_GRANT, Role.PULL, PAPER, "window", title, lambda content: list(_rows(content)),
            run, tell=tell, needs_second=lambda content: True,
        )
    ]  # fmt: skip


def routes(registry: Registry, guard: Guard, ordering: Ordering, systems: Sequence[LicenceSystem]) -> APIRouter:
    """Return the doors; `systems` are those whose codes stand on today's licences."""
    router = APIRouter(include_in_schema=False)

    @guard.page
    async def asked(visit: Visit) -> Response:
        """Ask whose grant it is, or what it is for."""
        text = visit.request.query_params.get("code", "")[: LONGEST_CODE + 1]
        number = await in_thread(_holder, text, registry, systems) if text else ""
        if number:
            return await form(visit, number, None)
        problem = document("code_not_found", "") if text else None
        return show(
            guard, visit, "paper_start", "window", {"code": text, "problem": problem}, status=422 if problem else 200
        )

    @guard.page
    async def filled(visit: Visit) -> Response:
        """Show the sentence to print, or what is to be signed over its scan; or a form again with what is wrong."""
        number, text = visit.get("licence_number")[:18], _text_of(visit)
        if not text or visit.get("change"):
            if visit.get("again") or visit.get("change"):
                return await form(visit, number, None)
            try:
                text = await in_thread(_drafted, visit, registry)
            except _REFUSED as error:
                return await form(visit, number, document_of(error, ""))
            return sentence(visit, text, None)
        if visit.get("again"):
            return sentence(visit, text, None)
        content = {
            "text": text,
            "identity_check": visit.get("identity_check"),
            "scan_sha256": visit.get("file_sha256"),
        }
        try:
            order = read_witness_order(content)
            await in_thread(lambda: check_witnessable(order, visit.session.party, registry=registry, now=moment()))
        except _REFUSED as error:
            return sentence(visit, text, document_of(error, ""))
        return ordering.check(visit, _WITNESS, content)

    async def form(visit: Visit, number: str, problem: Mapping[str, Any] | None) -> Response:
        types = await in_thread(lambda: grantable(number, registry=registry))
        items = await in_thread(lambda: known_items(visit.session.party, registry=registry, now=moment()))
        given = {
            "licence_number": number,
            "typed": {name: visit.get(name) for name in _TYPED} | {"uses": visit.get("uses") or "1"},
            "items": [{"code": each.code, "name": each.name} for each in items],
            "types": fields_shown(types, visit.all("field"), visit.language),
            "problem": problem,
        }
        return show(guard, visit, "paper_form", "window", given, status=422 if problem else 200)

    def sentence(visit: Visit, text: str, problem: Mapping[str, Any] | None) -> Response:
        kept = ("licence_number", "field", *_TYPED)
        given = {
            "text": text,
            "typed": [(name, value) for name, value in visit.form if name in kept],
            "checks": [{"code": code, "zh": _CHECKS[code].zh, "en": _CHECKS[code].en} for code in IDENTITY_CHECKS],
            "check": visit.get("identity_check"),
            "problem": problem,
        }
        return show(guard, visit, "paper_sentence", "window", given, status=422 if problem else 200)

    router.add_api_route(PAPER, asked, methods=["GET"])
    router.add_api_route(PAPER, filled, methods=["POST"])
    return router


def _holder(text: str, registry: Registry, systems: Sequence[LicenceSystem]) -> str:
    found = resolve(read_code(text, origin=registry.origin, systems=systems), registry=registry)
    return holder_of(found.opens, registry=registry) if found.opens else ""


def _text_of(visit: Visit) -> str:
    """Return the sentence that a page carries along: a browser sends every line's end as two characters."""
    return visit.get("text")[:_LONGEST_TEXT].replace("\r\n", "\n")


def _drafted(visit: Visit, registry: Registry) -> str:
    """Return the sentence that a form asks for. Raises GrantError."""
    uses, code = visit.get("uses"), visit.get("item_code")
    if not (uses.isascii() and uses.isdecimal() and len(uses) <= 4 and int(uses)):
        raise GrantError("grant_form", member="uses")
    items = known_items(visit.session.party, registry=registry, now=moment())
    wish = {
        "licence_number": visit.get("licence_number"),
        "requester": visit.session.party,
        "types": fields_chosen(visit),
        "item_code": code,
        "item_name": visit.get("item_name") or next((each.name for each in items if each.code == code), ""),
        "case_number": visit.get("case_number"),
        "valid_until": end_of_day(visit.get("valid_until")),
        "uses": int(uses),
    }
    return str(draft_grant(wish, registry=registry, now=moment())["text"])


def _grant(content: Content) -> Grant:
    """Return the grant of an order. Raises ValueError where its text is none."""
    return parse_grant(str(content.get("text", "")))


def _rows(content: Content) -> Iterator[Row]:
    try:
        grant = _grant(content)
    except SentenceTextError as error:
        raise ValueError(str(error)) from error
    yield Wording("持证主体", "Holder"), f"{grant.holder_name} {grant.holder_licence_number}"
    yield Wording("书面授权书全文", "The sentence on paper, whole"), str(content["text"])
    yield Wording("身份核验", "Identity check"), _CHECKS.get(str(content.get("identity_check")), "")
    yield Wording("扫描件指纹", "Fingerprint of the scan"), str(content.get("scan_sha256", ""))
