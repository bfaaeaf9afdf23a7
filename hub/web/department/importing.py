"""Importing a sheet: its digest is ordered, by one officer to try it, by two to take it in; then it is sent."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response, StreamingResponse

from hub.department.body_desk import types_in_charge
from hub.registry.intake.admission import admit_intake, awaited_intake, keep_file, read_intake_order
from hub.registry.intake.outcome import first_rows, list_intakes, outcome_csv, progress_of, readable_intake
from hub.registry.intake.wording import RESULTS, RULES, UNKNOWN_RULE
from hub.steps.files.spool import Spool
from hub.steps.registry import Registry
from hub.steps.sessions import check_form
from hub.web.callers import Called, in_thread, moment
from hub.web.department.ordering import Content, Errand, Ordering, Row, who_orders
from hub.web.department.showing import HOME, department_of, show
from hub.web.department.words import type_names
from hub.web.problems import document_of
from hub.web.sessions import PRIVATE, Guard, Visit
from hub.web.spooling import receive_file
from schemas.catalogue import FieldsError
from schemas.parties import Role
from schemas.statement import Ordered
from schemas.wording import Wording

IMPORT, COLLECTED, INTAKES = f"{HOME}/import", f"{HOME}/import/collected", f"{HOME}/intakes"
_IMPORT = "import"
_WATCHED_SECONDS = "2"


def errands(registry: Registry) -> list[Errand]:
    def run(called: Called, content: Content) -> Mapping[str, Any]:
        order = read_intake_order(content, catalogue=registry.catalogue)
        return admit_intake(order, seconds=called.seconds, **who_orders(called, registry))

    def tell(content: Content, answer: Mapping[str, Any], visit: Visit) -> Mapping[str, Any]:
        page = f"{INTAKES}/{answer['intake']}?lang={visit.language}"
        return {"rows": [], "links": [{"href": page, "zh": "上传文件", "en": "Send the file"}]}

    def describe(content: Content) -> list[Row]:
        return list(_rows(content, registry))

    return [
        Errand(
            _IMPORT, Ordered.IMPORT, Role.ISSUE, IMPORT, "import", Wording("批量导入", "Import a sheet"), describe, run,
            tell=tell, needs_second=lambda content: not content.get("dry_run"),
        )
    ]  # fmt: skip


def routes(
    registry: Registry, guard: Guard, ordering: Ordering, spool: Spool, *, upload_bytes: int, wake: Callable[[], None]
) -> APIRouter:
    """Return the doors. `upload_bytes` is the longest file they take; `wake` tells the worker of a file."""
    router = APIRouter(include_in_schema=False)

    @guard.page
    async def asked(visit: Visit) -> Response:
        return await form(visit)

    @guard.page
    async def filled(visit: Visit) -> Response:
        charge = await in_thread(lambda: types_in_charge(visit.session.party, registry=registry, now=moment()))
        bodies = charge.get(visit.get("type"), [])
        if visit.get("again") or not bodies:
            return await form(visit)
        content = {
            "form": "type",
            "certificate_type": visit.get("type"),
            "issuing_body": visit.get("issuing_body") if visit.get("issuing_body") in bodies else bodies[0],
            "file_sha256": visit.get("file_sha256"),
            "dry_run": visit.get("dry_run") == "yes",
        }
        try:
            read_intake_order(content, catalogue=registry.catalogue)
        except FieldsError as error:
            return await form(visit, document_of(error, ""))
        return ordering.check(visit, _IMPORT, content)

    async def form(visit: Visit, problem: Mapping[str, Any] | None = None) -> Response:
        charge = await in_thread(lambda: types_in_charge(visit.session.party, registry=registry, now=moment()))
        recent = await listed(visit, collected=False)
        kinds = [registry.catalogue.get(each) for each in sorted(charge)]
        given = {
            "types": [{"code": each.code, "zh": each.name_zh, "en": each.name_en} for each in kinds],
            "chosen": visit.get("type"),
            **recent,
            "problem": problem,
        }
        return show(guard, visit, "import_form", "import", given, status=422 if problem else 200)

    async def listed(visit: Visit, *, collected: bool) -> dict[str, Any]:
        """Return a page of the department's intakes, behind the moment that the address names."""
        before = _moment_of(visit.request.query_params.get("before", ""))
        found = await in_thread(
            lambda: list_intakes(visit.session.party, collected=collected, before=before, registry=registry)
        )
        return {
            "recent": [each | {"type": type_names(each["certificate_type"], registry)} for each in found["intakes"]],
            "before": found["before"],
        }

    @guard.page
    async def collected(visit: Visit) -> Response:
        return show(guard, visit, "import_collected", "import", await listed(visit, collected=True))

    @guard.page
    async def watched(visit: Visit) -> Response:
        name = visit.request.path_params["name"][:43]

        def read() -> dict[str, Any]:
            department = department_of(visit)
            found = progress_of(name, system=department, registry=registry)
            rows = first_rows(name, system=department, registry=registry)
            return {"intake": found, "rows": [_row(each) for each in rows]}

        shown = await in_thread(read)
        intake = shown["intake"]
        counts = [{"code": code, **_result(code), "count": count} for code, count in sorted(intake["counts"].items())]
        given = shown | {"counts": counts, "type": type_names(intake["certificate_type"], registry)}
        response = show(guard, visit, "intake", "import", given)
        if intake["state"] not in ("awaiting_file", "done", "failed"):
            response.headers["refresh"] = _WATCHED_SECONDS
        return response

    @guard.page
    async def sent(visit: Visit) -> Response:
        """Take the file in; whatever is not the file that was ordered is not kept."""
        request, name = visit.request, visit.request.path_params["name"][:43]
        guard.refuse_foreign(request)
        check_form(request.headers.get("x-form-token", ""), visit.session.form_token)
        intake = await in_thread(lambda: readable_intake(name, system=department_of(visit), registry=registry))
        system = replace(department_of(visit), code=intake.system)
        awaited = await in_thread(lambda: awaited_intake(name, system=system, registry=registry))
        incoming = await in_thread(spool.receive, name)
        try:
            await receive_file(request, incoming, upload_bytes)
            answer = await in_thread(lambda: keep_file(awaited, incoming, registry=registry))
        finally:
            await in_thread(incoming.discard)
        wake()
        return JSONResponse(answer, headers=PRIVATE)

    @guard.page
    async def outcome(visit: Visit) -> Response:
        name = visit.request.path_params["name"][:43]
        intake = await in_thread(lambda: readable_intake(name, system=department_of(visit), registry=registry))
        headers = PRIVATE | {"content-disposition": f'attachment; filename="outcome-{name[:8]}.csv"'}
        return StreamingResponse(
            outcome_csv(intake, registry=registry), headers=headers, media_type="text/csv; charset=utf-8"
        )

    router.add_api_route(IMPORT, asked, methods=["GET"])
    router.add_api_route(IMPORT, filled, methods=["POST"])
    router.add_api_route(COLLECTED, collected, methods=["GET"])
    router.add_api_route(f"{INTAKES}/{{name}}", watched, methods=["GET"])
    router.add_api_route(f"{INTAKES}/{{name}}/file", sent, methods=["PUT"])
    router.add_api_route(f"{INTAKES}/{{name}}/outcome", outcome, methods=["GET"])
    return router


def _moment_of(text: str) -> datetime | None:
    """Return the moment that an address names; what is none begins at the newest."""
    try:
        found = datetime.fromisoformat(text[:40])
        return found.astimezone(UTC) if found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _result(code: str) -> dict[str, str]:
    return {"zh": RESULTS.get(code, (code, ""))[0] or code}


def _row(row: Any) -> dict[str, Any]:
    why = [{"field": each["field"], "rule": RULES.get(each["rule"], UNKNOWN_RULE)[0]} for each in row.problems or ()]
    return {
        "row": row.row if row.row > 0 else "",
        "result": _result(row.result)["zh"],
        "why": "；".join(f"{each['field']} {each['rule']}" for each in why),
    }


def _rows(content: Content, registry: Registry) -> Iterator[Row]:
    names = type_names(str(content.get("certificate_type")), registry)
    yield Wording("证照类型", "Type"), Wording(names["zh"], names["en"])
    yield Wording("颁发机构", "Issuing body"), str(content.get("issuing_body", ""))
    tried = Wording("先试后办：只看差异，不写入", "Tried out: shows the difference, writes nothing")
    real = Wording("正式导入", "Taken in")
    yield Wording("方式", "How"), tried if content.get("dry_run") else real
    yield Wording("文件指纹", "Fingerprint of the file"), str(content.get("file_sha256", ""))
