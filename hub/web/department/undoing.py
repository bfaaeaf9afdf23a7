"""Undoing a whole import at its page: ordered by two officers, with the ground and the document of every change."""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from hub.department.body_desk import types_in_charge
from hub.registry.intake.outcome import readable_intake
from hub.registry.intake.undo import read_undo_order, undo_intake
from hub.steps.registry import Registry
from hub.web.callers import Called, in_thread, moment
from hub.web.department.importing import IMPORT, INTAKES
from hub.web.department.ordering import Content, Errand, Ordering, Row, who_orders
from hub.web.department.showing import department_of, show
from hub.web.department.words import type_names
from hub.web.problems import document_of
from hub.web.sessions import Guard, Visit
from schemas.catalogue import FieldsError
from schemas.certificate import civil_date
from schemas.parties import Role
from schemas.statement import Ordered
from schemas.wording import Wording

_UNDO = "undo_import"
_TYPED: Mapping[str, Wording] = {
    "issuing_body": Wording("颁发机构", "Issuing body"),
    "ground": Wording("事由", "Ground"),
    "document_name": Wording("文书名称", "Document"),
    "document_number": Wording("文书编号", "Its number"),
    "document_date": Wording("文书日期", "Its date"),
    "works_from": Wording("自何日起生效", "Works from"),
}
_DATES = ("document_date", "works_from")
_LEFT: Mapping[str, Wording] = {
    "voided": Wording("先前已误录作废", "voided before"),
    "chain_busy": Wording("正在办理换发", "being replaced at this moment"),
    "replaced": Wording("后来换发过", "replaced since"),
    "changed": Wording("后来变更过状态", "its status was changed since"),
    "annotated": Wording("后来加过标注", "annotated since"),
}
_OTHERWISE = Wording("这个机构现在不能办理", "not this body's to change now")


def errands(registry: Registry) -> list[Errand]:
    def run(called: Called, content: Content) -> Mapping[str, Any]:
        order = read_undo_order(content)
        # One call does so much and no more; whoever signs at a page waits for all of it. Broken off in the middle it
        # is still parked, and the next second officer goes on where it stopped.
        answer = undo_intake(order, seconds=called.seconds, **who_orders(called, registry))
        while answer["state"] == "going_on":
            answer = undo_intake(order, seconds=called.seconds, **who_orders(called, registry))
        return answer

    def tell(content: Content, answer: Mapping[str, Any], visit: Visit) -> Mapping[str, Any]:
        page = f"{INTAKES}/{answer['intake']}?lang={visit.language}"
        rows = [
            {"zh": "已作废", "en": "Voided", "value": str(answer["undone"]), "code": False},
            {"zh": "没有动的", "en": "Left as they are", "value": str(answer["left_count"]), "code": False},
        ]
        for each in answer["left"]:
            why = _LEFT.get(each["reason"], _OTHERWISE)
            said = why.zh if visit.language == "zh" else why.en
            rows.append({"zh": f"第 {each['row']} 行", "en": f"Row {each['row']}", "value": said, "code": False})
        return {"rows": rows, "links": [{"href": page, "zh": "看这次导入", "en": "See the import"}]}

    title = Wording("撤销整批导入", "Undo a whole import")
    return [
        Errand(
            _UNDO, Ordered.UNDO_IMPORT, Role.ISSUE, IMPORT, "import", title, lambda content: list(_rows(content)), run,
            tell=tell, needs_second=lambda content: True,
        )
    ]  # fmt: skip


def routes(registry: Registry, guard: Guard, ordering: Ordering) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @guard.page
    async def asked(visit: Visit) -> Response:
        return await form(visit, None)

    @guard.page
    async def filled(visit: Visit) -> Response:
        if visit.get("again"):
            return await form(visit, None)
        intake = await in_thread(lambda: readable_intake(_name(visit), system=department_of(visit), registry=registry))
        content = {"intake": intake.intake} | {name: visit.get(name) for name in _TYPED}
        try:
            read_undo_order(content)
        except FieldsError as error:
            return await form(visit, document_of(error, ""))
        return ordering.check(visit, _UNDO, content, back=f"{INTAKES}/{intake.intake}/undo")

    async def form(visit: Visit, problem: Mapping[str, Any] | None) -> Response:
        def read() -> dict[str, Any]:
            intake = readable_intake(_name(visit), system=department_of(visit), registry=registry)
            charge = types_in_charge(visit.session.party, registry=registry, now=moment())
            bodies = sorted({each for found in charge.values() for each in found})
            own = [intake.issuing_body] if intake.issuing_body in bodies else []
            return {
                "intake": intake.intake,
                "type": type_names(intake.certificate_type, registry),
                "bodies": own or bodies,
                "recorded_at": intake.recorded_at.isoformat(),
            }

        today = civil_date(moment()).isoformat()
        typed = {name: visit.get(name) for name in _TYPED}
        typed |= {name: typed[name] or today for name in _DATES}
        given = await in_thread(read) | {"typed": typed, "problem": problem}
        return show(guard, visit, "import_undo", "import", given, status=422 if problem else 200)

    path = f"{INTAKES}/{{name}}/undo"
    router.add_api_route(path, asked, methods=["GET"])
    router.add_api_route(path, filled, methods=["POST"])
    return router


def _name(visit: Visit) -> str:
    return str(visit.request.path_params["name"])[:43]


def _rows(content: Content) -> Iterator[Row]:
    yield Wording("导入编号", "Import"), str(content.get("intake", ""))
    for name, words in _TYPED.items():
        yield words, str(content.get(name, ""))
