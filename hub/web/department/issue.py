"""Issuing one certificate: whom for and of which type, then a form made from the type, filled in with what is known."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from hub.department.body_desk import Prefilled, prefill, types_in_charge
from hub.department.window_offers import holder_of
from hub.public.resolution import resolve
from hub.registry.issuance import issue
from hub.steps.registry import Registry, Sealers
from hub.store.parties import AdmittedNumbers
from hub.web.callers import Called, in_thread, moment
from hub.web.department.ordering import Content, Errand, Ordering, Row, who_orders
from hub.web.department.showing import HOME, show
from hub.web.problems import CODES, document, document_of
from hub.web.sessions import Guard, Visit
from schemas.catalogue import CertificateType, SubjectKind
from schemas.certificate import civil_date
from schemas.codes import LONGEST_CODE, CodeKind, read_code
from schemas.fields import Field, FieldForm, Occasion
from schemas.licence_systems import LicenceSystem
from schemas.order import read_order
from schemas.parties import Role
from schemas.statement import Ordered
from schemas.wording import CAUSES, Wording

ISSUE = f"{HOME}/issue"
_ISSUE = "issue"
_FIELD = "field."
_TYPED: Mapping[str, Wording] = {
    "holder_name": Wording("持证主体名称", "Holder's name"),
    "holder_address": Wording("住所", "Holder's address"),
    "certificate_number": Wording("证照编号", "Certificate number"),
    "decision_document": Wording("决定文书名称", "Decision document"),
    "decision_number": Wording("决定文号", "Its number"),
    "decided_on": Wording("决定日期", "Decided on"),
    "valid_from": Wording("有效期自", "Valid from"),
    "valid_to": Wording("有效期至", "Valid to"),
    "subject_id": Wording("设备代码", "Code of the device"),
    "replaces": Wording("替换的证照", "Replaces"),
    "cause": Wording("替换原因", "Why it replaces it"),
}
_DATES = frozenset({"decided_on", "valid_from", "valid_to"})
_MAY_LACK = frozenset({"holder_address", "decision_document", "valid_to", "replaces", "cause"})
_REFUSED = tuple(CODES)


def errands(registry: Registry, sealers: Sealers) -> list[Errand]:
    def run(called: Called, content: Content) -> Mapping[str, Any]:
        order = read_order(content, catalogue=registry.catalogue, overrides=AdmittedNumbers(registry.database))
        return issue(order, seconds=called.seconds, sealers=sealers, **who_orders(called, registry))

    def needs_second(content: Content) -> bool:
        return registry.rates.is_used_up(str(content.get("issuing_body")), moment())

    def tell(content: Content, answer: Mapping[str, Any], visit: Visit) -> Mapping[str, Any]:
        rows = [{"zh": "证照标识", "en": "Certificate", "value": answer["identifier"], "code": True}]
        page = f"/c/{answer['reference']}?lang={visit.language}"
        return {"rows": rows, "links": [{"href": page, "zh": "看公示页面", "en": "See its public page"}]}

    title = Wording("颁发证照", "Issue a certificate")
    describe = partial(_described, registry)
    return [
        Errand(
            _ISSUE, Ordered.ISSUE, Role.ISSUE, ISSUE, "issue", title, describe, run, tell=tell,
            needs_second=needs_second,
        )
    ]  # fmt: skip


def routes(registry: Registry, guard: Guard, ordering: Ordering, systems: Sequence[LicenceSystem]) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @guard.page
    async def asked(visit: Visit) -> Response:
        """Ask whom for and of which type, or show the type's form."""
        query = visit.request.query_params
        code, text = query.get("type", ""), query.get("code", "")[: LONGEST_CODE + 1]
        charge = await in_thread(lambda: types_in_charge(visit.session.party, registry=registry, now=moment()))
        number = await in_thread(_holder, text, registry, systems) if text else ""
        if code in charge and number:
            return await form(visit, code, number, charge[code])
        kinds = [registry.catalogue.get(each) for each in sorted(charge)]
        given = {
            "types": [{"code": each.code, "zh": each.name_zh, "en": each.name_en} for each in kinds],
            "chosen": code,
            "code": text,
            "problem": document("licence_number_form", "") if text and not number else None,
        }
        return show(guard, visit, "issue_start", "issue", given)

    @guard.page
    async def filled(visit: Visit) -> Response:
        """Show what is to be signed, or the form again with what is wrong in it."""
        code, number = visit.get("type"), visit.get("licence_number")[:18]
        charge = await in_thread(lambda: types_in_charge(visit.session.party, registry=registry, now=moment()))
        bodies = charge.get(code, [])
        if visit.get("again") or not bodies:
            return await form(visit, code, number, bodies)
        content = _content(registry.catalogue.get(code), visit, bodies)
        try:
            await in_thread(
                lambda: read_order(content, catalogue=registry.catalogue, overrides=AdmittedNumbers(registry.database))
            )
        except _REFUSED as error:
            return await form(visit, code, number, bodies, document_of(error, ""))
        return ordering.check(visit, _ISSUE, content)

    async def form(
        visit: Visit, code: str, number: str, bodies: Sequence[str], problem: Mapping[str, Any] | None = None
    ) -> Response:
        kind = registry.catalogue.get(code)
        known = await in_thread(lambda: prefill(number, code, registry=registry))
        shown = _shown(kind, known, bodies, visit)
        status = 422 if problem else 200
        return show(guard, visit, "issue_form", "issue", shown | {"problem": problem}, status=status)

    router.add_api_route(ISSUE, asked, methods=["GET"])
    router.add_api_route(ISSUE, filled, methods=["POST"])
    return router


def _holder(text: str, registry: Registry, systems: Sequence[LicenceSystem]) -> str:
    """Return the licence number that a code is or leads to; one that nobody here has is a new holder's."""
    code = read_code(text, origin=registry.origin, systems=systems)
    found = resolve(code, registry=registry)
    if found.opens:
        return holder_of(found.opens, registry=registry)
    return code.value if code.kind is CodeKind.LICENCE_NUMBER else ""


def _content(kind: CertificateType, visit: Visit, bodies: Sequence[str]) -> dict[str, Any]:
    """Return the order as the API takes it: what was left empty is left out, but for the end, which may be none."""
    body = visit.get("issuing_body")
    typed = {name: visit.get(name) for name in _TYPED}
    return {
        "certificate_type": kind.code,
        "issuing_body": body if body in bodies else bodies[0],
        "licence_number": visit.get("licence_number"),
        **{name: value for name, value in typed.items() if value},
        "valid_to": typed["valid_to"] or None,
        "fields": {each.name: value for each in kind.fields if (value := visit.get(_FIELD + each.name))},
    }


def _shown(kind: CertificateType, known: Prefilled, bodies: Sequence[str], visit: Visit) -> dict[str, Any]:
    was_filled = bool(visit.form)
    today = civil_date(moment()).isoformat()
    given = {"holder_name": known.name, "holder_address": known.address, "decided_on": today, "valid_from": today}
    earlier = [each.identifier for each in known.earlier]
    return {
        "type": {"code": kind.code, "zh": kind.name_zh, "en": kind.name_en},
        "licence_number": known.licence_number,
        "bodies": list(bodies),
        "body": visit.get("issuing_body") or (bodies[0] if bodies else ""),
        "typed": [
            {
                "name": name,
                "zh": words.zh,
                "en": words.en,
                "value": visit.get(name) if was_filled else given.get(name, ""),
                "is_day": name in _DATES,
                "required": name not in _MAY_LACK,
                "hint": kind.number.example if name == "certificate_number" else "",
            }
            for name, words in _TYPED.items()
            if name not in ("replaces", "cause") and (name != "subject_id" or kind.subject is SubjectKind.DEVICE)
        ],
        "fields": [_field(each, visit, known, was_filled=was_filled) for each in kind.fields],
        "earlier": earlier,
        "replaces": visit.get("replaces"),
        "cause": visit.get("cause"),
        "causes": [{"code": code, "zh": each.zh, "en": each.en} for code, each in CAUSES.items()],
    }


def _field(each: Field, visit: Visit, known: Prefilled, *, was_filled: bool) -> dict[str, Any]:
    return {
        "name": _FIELD + each.name,
        "zh": each.label_zh,
        "en": each.label_en,
        "value": visit.get(_FIELD + each.name) if was_filled else known.fields.get(each.name, ""),
        "form": str(each.form),
        "is_day": each.form is FieldForm.DATE,
        "choices": list(each.choices),
        "required": Occasion.ISSUE in each.required_on,
        "most": each.max_length,
    }


def _described(registry: Registry, content: Content) -> list[Row]:
    return list(_rows(registry, content))


def _rows(registry: Registry, content: Content) -> Iterator[Row]:
    kind = registry.catalogue.get(str(content.get("certificate_type")))
    yield Wording("证照类型", "Type"), Wording(kind.name_zh, kind.name_en)
    yield Wording("颁发机构", "Issuing body"), str(content.get("issuing_body", ""))
    yield Wording("统一社会信用代码", "Licence number"), str(content.get("licence_number", ""))
    for name, words in _TYPED.items():
        if name in content:
            yield words, str(content[name]) if content[name] else Wording("长期", "no end")
    fields = content.get("fields")
    labels = {each.name: Wording(each.label_zh, each.label_en) for each in kind.fields}
    for name, value in fields.items() if isinstance(fields, dict) else ():
        yield labels.get(name, Wording(name, name)), str(value)
