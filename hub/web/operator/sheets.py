"""The pages of monthly and yearly sheets: which there are, one with what was corrected, and the same as a file."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from hub.steps.registry import Registry
from hub.supervision.figures.sheets import Sheets, list_periods, read_sheet
from hub.web.api.figures import as_file
from hub.web.callers import in_thread, moment
from hub.web.operator.dashboard import HOME, require_operator
from hub.web.sessions import Guard, Visit, with_language
from schemas.figures import COLUMNS, PARTS

_BUSY = ("issued", "collected", "in_force")


def routes(registry: Registry, kept: Sheets, guard: Guard, *, operator: str) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @guard.page
    async def periods(visit: Visit) -> Response:
        require_operator(visit, operator)
        before = visit.request.query_params.get("before", "")[:7]
        found = await in_thread(lambda: list_periods(before=before, registry=registry, now=moment()))
        older = with_language(f"{HOME}/sheets?before={found['before']}", visit.language) if found["before"] else ""
        return guard.show(visit, "figure_sheets", {**found, "older": older, "home": HOME})

    @guard.page
    async def sheet(visit: Visit) -> Response:
        require_operator(visit, operator)
        text, form = visit.request.path_params["period"], visit.request.query_params.get("form", "")
        found = await in_thread(lambda: read_sheet(text, department=None, sheets=kept, now=moment()))
        if form in ("csv", "xlsx"):
            return as_file(found, form)
        return guard.show(visit, "figure_sheet", _shown(found, visit.language))

    router.add_api_route(f"{HOME}/sheets", periods, methods=["GET"])
    router.add_api_route(f"{HOME}/sheets/{{period}}", sheet, methods=["GET"])
    return router


def _shown(sheet: Mapping[str, Any], language: str) -> dict[str, Any]:
    side = ("zh", "en").index(language)
    corrections = [
        {**each, "part_name": (PARTS[each["part"]].name_zh, PARTS[each["part"]].name_en)[side]}
        | {"column": COLUMNS[each["name"]][side]}
        for each in sheet["corrections"]
    ]
    parts = [_part(code, lines, language, side) for code, lines in sheet["parts"].items()]
    return {**sheet, "parts": parts, "corrections": corrections, "home": HOME}


def _part(code: str, lines: list[Mapping[str, Any]], language: str, side: int) -> dict[str, Any]:
    part = PARTS[code]
    rows = [(any(each["values"].get(name) for name in _BUSY), _row(each, part.columns, language)) for each in lines]
    is_long = code == "items"
    return {
        "code": code,
        "name": (part.name_zh, part.name_en)[side],
        "meaning": (part.meaning_zh, part.meaning_en)[side],
        "heads": [COLUMNS[name][side] for name in part.columns],
        "rows": [row for is_busy, row in rows if is_busy or not is_long],
        # Of the many types those of which there is nothing yet stand folded up.
        "quiet_rows": [row for is_busy, row in rows if is_long and not is_busy],
    }


def _row(line: Mapping[str, Any], columns: Sequence[str], language: str) -> list[str]:
    return [line[f"name_{language}"] or line["of"], *(str(line["values"][name]) for name in columns)]
