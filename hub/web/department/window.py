"""The window: scan or type a code, confirm item and case, sign; then all materials of the item, or why not."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, Response

from hub.decisions.answers import disclosed_values
from hub.department.window_offers import Before, Offer, holder_of, offers_for
from hub.documents.downloads import copies_of_delivery, delivery_of
from hub.errors import ExaminationError, NotFoundError
from hub.evidence.receipts import Receipts
from hub.public.resolution import STEPS, resolve
from hub.sharing.exchange import pull
from hub.steps.codes import is_shown_code
from hub.steps.registry import Registry
from hub.steps.sharing.delivery import Exchange
from hub.web.api.documents import Counter
from hub.web.callers import Called, in_thread, moment
from hub.web.department.ordering import Again, Content, Errand, Ordering, Row
from hub.web.department.showing import HOME, show
from hub.web.department.words import type_names
from hub.web.photos import Photos
from hub.web.problems import document, document_of
from hub.web.sessions import PRIVATE, Guard, Visit
from schemas.codes import LONGEST_CODE, read_code
from schemas.exchange import read_pull_request
from schemas.licence_systems import LicenceSystem
from schemas.parties import Role
from schemas.statement import Ordered
from schemas.wording import COMMON_FIELDS, Wording

WINDOW, PHOTO = f"{HOME}/window", f"{HOME}/window/photo"
_PULL = "pull"
_BASES: Mapping[str, Wording] = {
    "statutory": Wording("依职能调用", "by law"),
    "grant": Wording("持证主体授权", "by its authorisation"),
    "window": Wording("窗口书面授权", "by its authorisation on paper"),
}


def errands(registry: Registry, exchange: Exchange, receipts: Receipts) -> list[Errand]:
    """Return what is ordered at a window; `receipts` prove what was done."""

    def run(called: Called, content: Content) -> Mapping[str, Any]:
        return pull(
            read_pull_request(content), verified=called.verified, system=called.caller.system,
            officer=called.officer, key=called.key, registry=registry, exchange=exchange, now=called.now,
        )  # fmt: skip

    def describe(content: Content) -> Sequence[Row]:
        return list(_described(content, registry))

    def tell(content: Content, answer: Mapping[str, Any], visit: Visit) -> Mapping[str, Any]:
        return {
            "licence_number": content.get("licence_number", ""),
            "case_number": content.get("case_number", ""),
            "delivery": answer["delivery"],
            "ends_at": answer["ends_at"],
            "complete": answer.get("complete"),
            "materials": [_material(each, registry) for each in answer.get("materials", ())],
            "items": [_item(each, answer["delivery"], registry) for each in answer["items"]],
            "receipt": receipts.told(answer["act_id"]),
        }

    title = Wording("窗口调证", "Pull at the window")
    return [
        Errand(
            _PULL, Ordered.PULL, Role.PULL, WINDOW, "window", title, describe, run, carried=True,
            page="window_result", tell=tell,
        )
    ]  # fmt: skip


def routes(
    registry: Registry,
    guard: Guard,
    ordering: Ordering,
    counter: Counter,
    systems: Sequence[LicenceSystem],
    present: Again,
    photos: Photos,
) -> APIRouter:
    """Return the doors; `systems` are those whose codes stand on today's licences.

    `present` shows the form of a presentation code, which is where one that is scanned here belongs.
    """
    router = APIRouter(include_in_schema=False)

    def asked(visit: Visit, code: str = "", problem: Mapping[str, Any] | None = None) -> Response:
        given = {"code": code, "problem": problem}
        return show(guard, visit, "window", "window", given, status=200 if problem is None else 422)

    @guard.page
    async def window(visit: Visit) -> Response:
        return asked(visit, visit.request.query_params.get("code", "")[:LONGEST_CODE])

    @guard.page
    async def scanned(visit: Visit) -> Response:
        return await led(visit)

    async def photographed(visit: Visit, raw: bytes) -> Response:
        """Read the code in a photograph, and go on as if it had been scanned."""
        try:
            text = await photos.text_in(raw, visit.request)
        except ExaminationError as error:
            return asked(visit, "", document_of(error, ""))
        return await led(visit.with_form([("code", text)]))

    async def led(visit: Visit) -> Response:
        """Show what may be asked of the holder; or, where item and case are chosen, what is to be signed."""
        text = visit.get("code")[: LONGEST_CODE + 1]
        if is_shown_code(text):
            return await present(visit, None)
        found = await in_thread(_before, text, visit.session.party, registry, systems)
        if not isinstance(found, Before):
            return asked(visit, text, found)
        offer = next((each for each in found.offers if each.name == visit.get("offer")), None)
        case_number = visit.get("case_number")[:128]
        if offer is None or not case_number or visit.get("again"):
            return show(guard, visit, "window_offers", "window", _shown(found, text, visit))
        return ordering.check(visit, _PULL, offer.request(found.licence_number, case_number))

    @guard.page
    async def copy(visit: Visit) -> Response:
        """Hand out the copy of one certificate that was delivered; a page that comes again while it is being made."""
        path = visit.request.path_params
        wanted = await in_thread(_copies, path["name"], visit, registry)
        one = next((each for each in wanted if each.identifier == path["identifier"]), None)
        if one is None:
            raise NotFoundError("document_not_found")
        response = await counter.hand_out(one)
        if response.status_code != 202:
            return response
        waiting = show(guard, visit, "being_made", "window")
        return HTMLResponse(bytes(waiting.body), 202, {**PRIVATE, "refresh": "2"})

    @guard.page
    async def copies(visit: Visit) -> Response:
        wanted = await in_thread(_copies, visit.request.path_params["name"], visit, registry)
        response = await counter.hand_out_all(wanted, "加注件.zip")
        if response.status_code != 202:
            return response
        waiting = show(guard, visit, "being_made", "window")
        return HTMLResponse(bytes(waiting.body), 202, {**PRIVATE, "refresh": "2"})

    router.add_api_route(WINDOW, window, methods=["GET"])
    router.add_api_route(WINDOW, scanned, methods=["POST"])
    router.add_api_route(PHOTO, window, methods=["GET"])
    router.add_api_route(PHOTO, guard.page_with_file(photographed, photos), methods=["POST"])
    router.add_api_route(f"{HOME}/deliveries/{{name}}/copies/{{identifier}}", copy, methods=["GET"])
    router.add_api_route(f"{HOME}/deliveries/{{name}}/archive", copies, methods=["GET"])
    return router


def _before(
    text: str, department: str, registry: Registry, systems: Sequence[LicenceSystem]
) -> Before | Mapping[str, Any]:
    """Return whom a code leads to, or what to say where it leads to nobody."""
    code = read_code(text, origin=registry.origin, systems=systems)
    found = resolve(code, registry=registry)
    if found.opens and (number := holder_of(found.opens, registry=registry)):
        return offers_for(number, department, registry=registry, now=moment())
    said = document(found.miss or "code_not_found", "")
    if found.step is not None:
        step = STEPS[found.step]
        said |= {"next_step": step.zh, "next_step_en": step.en}
    return said


def _shown(found: Before, code: str, visit: Visit) -> dict[str, Any]:
    chosen = visit.get("offer") or (found.offers[0].name if len(found.offers) == 1 else "")
    granted = next((each.case_number for each in found.offers if each.name == chosen), "")
    return {
        "holder": {"name": found.name, "licence_number": found.licence_number},
        "code": code,
        "offers": [_offer(each) for each in found.offers],
        "chosen": chosen,
        "case_number": visit.get("case_number") or granted,
    }


def _offer(offer: Offer) -> dict[str, Any]:
    words = _BASES[offer.basis]
    return {"name": offer.name, "item_name": offer.item_name, "item_code": offer.item_code, "zh": words.zh,
            "en": words.en, "case_number": offer.case_number}  # fmt: skip


def _described(content: Content, registry: Registry) -> Iterator[Row]:
    basis = content.get("basis") if isinstance(content.get("basis"), dict) else {}
    kind = _BASES.get(str(basis.get("kind")) if isinstance(basis, dict) else "")
    yield Wording("统一社会信用代码", "Licence number"), str(content.get("licence_number", ""))
    yield Wording("事项编码", "Item"), str(content.get("item_code", ""))
    yield Wording("办件编号", "Case"), str(content.get("case_number", ""))
    yield Wording("依据", "Basis"), kind or ""
    wanted = content.get("wanted") if isinstance(content.get("wanted"), list) else ()
    codes = [str(each.get("certificate_type")) for each in wanted or () if isinstance(each, dict)]
    names = [type_names(each, registry) for each in codes]
    named = Wording("、".join(each["zh"] for each in names), ", ".join(each["en"] for each in names))
    whole = Wording("事项所需的全部材料", "all materials of the item")
    yield Wording("调用内容", "What is asked for"), named if names else whole


def _material(material: Mapping[str, Any], registry: Registry) -> dict[str, Any]:
    tones = {"met": "valid", "missing": "not_valid", "not_needed": "none"}
    why = [
        {"zh": each["zh"], "en": each["en"], "type": type_names(each.get("certificate_type", ""), registry)}
        for each in material["why"]
    ]
    return {
        "zh": material["name_zh"],
        "en": material["name_en"],
        "state": material["state"],
        "tone": tones[material["state"]],
        "why": why if material["state"] == "missing" else [],
        "deferrable_until": material["deferrable_until"] if material["deferrable"] else None,
    }


def _item(item: Mapping[str, Any], delivery: str | None, registry: Registry) -> dict[str, Any]:
    names = type_names(item["certificate_type"], registry)
    if not item["found"]:
        return {"type": names, "found": False, "verdict": None, "fields": [], "number": "", "copy": None}
    values = disclosed_values(item["file"]["record"]["signatures"][0]["header"]["disclosures"]) if item["file"] else {}
    copy = f"{HOME}/deliveries/{delivery}/copies/{item['identifier']}" if item["file"] else None
    return {
        "type": names,
        "found": True,
        "number": item["certificate_number"],
        "verdict": item["verdict"],
        "fields": list(_fields(item["certificate_type"], values, registry)),
        "copy": copy,
    }


def _fields(code: str, values: Mapping[str, str], registry: Registry) -> Iterator[dict[str, str]]:
    labels = {each.name: Wording(each.label_zh, each.label_en) for each in registry.catalogue.get(code).fields}
    for name, value in values.items():
        if not value:
            continue
        words = labels.get(name) or COMMON_FIELDS.get(name) or Wording(name, name)
        yield {"zh": words.zh, "en": words.en, "value": value}


def _copies(name: str, visit: Visit, registry: Registry) -> list[Any]:
    delivery = delivery_of(name[:64], requester=visit.session.party, registry=registry, now=moment())
    return copies_of_delivery(delivery, language=visit.language, registry=registry)
