"""Changing the status of a certificate: find it, choose the act with its ground and document; grave acts need two."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from hub.department.body_desk import Changeable, certificates_at, changeable
from hub.public.resolution import resolve
from hub.registry.status import change_status, read_status_order
from hub.steps.registry import Registry
from hub.web.callers import Called, in_thread, moment
from hub.web.department.ordering import Content, Errand, Ordering, Row, who_orders
from hub.web.department.showing import HOME, show
from hub.web.problems import document, document_of
from hub.web.sessions import Guard, Visit
from schemas.catalogue import FieldsError
from schemas.certificate import GRAVE, Certificate, civil_date
from schemas.codes import LONGEST_CODE, read_code
from schemas.licence_systems import LicenceSystem
from schemas.parties import Role
from schemas.statement import Ordered
from schemas.wording import ACTS, STATUSES, Wording

STATUS = f"{HOME}/status"
_CHANGE = "change_status"
_TYPED: Mapping[str, Wording] = {
    "act": Wording("办理", "Act"),
    "ground": Wording("事由", "Ground"),
    "document_name": Wording("文书名称", "Document"),
    "document_number": Wording("文书编号", "Its number"),
    "document_date": Wording("文书日期", "Its date"),
    "works_from": Wording("自何日起生效", "Works from"),
    "until": Wording("暂扣至", "Suspended until"),
}


def errands(registry: Registry) -> list[Errand]:
    def run(called: Called, content: Content) -> Mapping[str, Any]:
        return change_status(read_status_order(content), seconds=called.seconds, **who_orders(called, registry))

    def needs_second(content: Content) -> bool:
        is_grave = str(content.get("act")) in GRAVE
        return is_grave or registry.rates.is_used_up(str(content.get("issuing_body")), moment())

    def tell(content: Content, answer: Mapping[str, Any], visit: Visit) -> Mapping[str, Any]:
        status = STATUSES[answer["status"]]
        rows = [
            {"zh": "证照标识", "en": "Certificate", "value": answer["identifier"], "code": True},
            {
                "zh": "现在的状态",
                "en": "Its status now",
                "value": status.zh if visit.language == "zh" else status.en,
                "code": False,
            },
        ]
        return {"rows": rows, "links": []}

    return [
        Errand(
            _CHANGE, Ordered.CHANGE_STATUS, Role.ISSUE, STATUS, "status", Wording("变更证照状态", "Change a status"),
            _described, run, tell=tell, needs_second=needs_second,
        )
    ]  # fmt: skip


def routes(registry: Registry, guard: Guard, ordering: Ordering, systems: Sequence[LicenceSystem]) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @guard.page
    async def asked(visit: Visit) -> Response:
        query = visit.request.query_params
        if identifier := query.get("identifier", "")[:128]:
            return await form(visit, identifier)
        text = query.get("code", "")[: LONGEST_CODE + 1]
        found = await in_thread(_found, text, visit.session.party, registry, systems) if text else []
        if len(found) == 1:
            return await form(visit, found[0].identifier)
        problem = document("certificate_not_found", "") if text and not found else None
        given = {"code": text, "found": [_line(each, registry) for each in found], "problem": problem}
        return show(guard, visit, "status_search", "status", given, status=422 if problem else 200)

    @guard.page
    async def filled(visit: Visit) -> Response:
        """Show what is to be signed, or the form again with what is wrong in it."""
        identifier = visit.get("identifier")[:128]
        if visit.get("again"):
            return await form(visit, identifier)
        found = await in_thread(lambda: changeable(identifier, visit.session.party, registry=registry))
        content = {"identifier": identifier, "issuing_body": found.issuing_body}
        content |= {name: visit.get(name) for name in _TYPED if visit.get(name)}
        content |= {"undoes": found.undoes} if content.get("act") == "undo" else {}
        try:
            read_status_order(content)
        except FieldsError as error:
            return await form(visit, identifier, document_of(error, ""))
        return ordering.check(visit, _CHANGE, content)

    async def form(visit: Visit, identifier: str, problem: Mapping[str, Any] | None = None) -> Response:
        found = await in_thread(lambda: changeable(identifier, visit.session.party, registry=registry))
        return show(
            guard, visit, "status_change", "status", _shown(found, visit, registry) | {"problem": problem},
            status=422 if problem else 200,
        )  # fmt: skip

    router.add_api_route(STATUS, asked, methods=["GET"])
    router.add_api_route(STATUS, filled, methods=["POST"])
    return router


def _found(text: str, department: str, registry: Registry, systems: Sequence[LicenceSystem]) -> list[Certificate]:
    resolved = resolve(read_code(text, origin=registry.origin, systems=systems), registry=registry)
    return certificates_at(resolved.opens, department, registry=registry) if resolved.opens else []


def _line(each: Certificate, registry: Registry) -> dict[str, str]:
    kind = registry.catalogue.get(each.certificate_type, each.type_version)
    return {"identifier": each.identifier, "zh": kind.name_zh, "en": kind.name_en, "status": each.status}


def _shown(found: Changeable, visit: Visit, registry: Registry) -> dict[str, Any]:
    today = civil_date(moment()).isoformat()
    typed = {name: visit.get(name) for name in _TYPED}
    typed |= {name: typed[name] or today for name in ("document_date", "works_from")}
    return {
        "certificate": _line(found.certificate, registry) | {"licence_number": found.certificate.licence_number},
        "acts": [str(each) for each in found.acts],
        "grave": [str(each) for each in found.acts if each in GRAVE],
        "typed": typed,
    }


def _described(content: Content) -> list[Row]:
    return list(_rows(content))


def _rows(content: Content) -> Iterator[Row]:
    yield Wording("证照标识", "Certificate"), str(content.get("identifier", ""))
    for name, words in _TYPED.items():
        if name in content:
            act = ACTS.get(str(content[name])) if name == "act" else None
            yield words, act or str(content[name])
