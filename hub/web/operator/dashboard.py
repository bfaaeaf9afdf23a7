"""The dashboard: the plan's three words in figures, each with its definition, its lines and its single cases.

The operator sees the whole hub at `/operator`; a department's officers see its own figures at `/department/figures`.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from hub.errors import AccessError, NotFoundError
from hub.steps.registry import Registry
from hub.store.parties import PartyReader
from hub.supervision.figures.cases import list_cases
from hub.supervision.figures.present import Figures
from hub.web.callers import in_thread, moment
from hub.web.operator.words import named_in_words
from hub.web.pages.charts import bars
from hub.web.sessions import PRIVATE, Guard, Visit, with_language
from schemas.figures import COLUMNS, FIGURES, Word
from schemas.parties import DESK_DUTIES

HOME, DEPARTMENT_HOME = "/operator", "/department/figures"


def routes(registry: Registry, figures: Figures, guard: Guard, *, operator: str) -> APIRouter:
    """Return the dashboard's doors; `operator` is whose officers see the whole hub."""
    router = APIRouter(include_in_schema=False)
    _add(router, registry, figures, guard, HOME, operator)
    _add(router, registry, figures, guard, DEPARTMENT_HOME, None)

    @guard.page
    async def chosen(visit: Visit) -> Response:
        """Lead an officer to the figures he may see."""
        home = HOME if visit.session.party == operator else DEPARTMENT_HOME
        return RedirectResponse(with_language(home, visit.language), 303, PRIVATE)

    router.add_api_route("/department/overview", chosen, methods=["GET"])
    return router


def _add(
    router: APIRouter, registry: Registry, figures: Figures, guard: Guard, home: str, operator: str | None
) -> None:
    """Add one dashboard and its figures' pages; `operator` is whose officers alone see it, None for departments."""
    one = f"{home}/figures" if operator else home

    @guard.page
    async def dashboard(visit: Visit) -> Response:
        department = _whose(visit, operator)

        def read() -> Mapping[str, Any]:
            return _as_seen(figures(department, moment()), may_list=_may_list(visit, registry))

        return guard.show(visit, "dashboard", _dashboard(await in_thread(read), visit.language, home, one))

    @guard.page
    async def figure(visit: Visit) -> Response:
        department = _whose(visit, operator)
        code = visit.request.path_params["code"]
        if code not in FIGURES:
            raise NotFoundError("figure_not_found")

        def read() -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
            may_list = _may_list(visit, registry)
            counted = _as_seen(figures(department, moment()), may_list=may_list)
            if not FIGURES[code].listed or not may_list:
                return counted, None
            after = visit.request.query_params.get("after", "")[:80]
            return counted, list_cases(code, department, after=after, registry=registry, now=moment())

        counted, cases = await in_thread(read)
        return guard.show(visit, "figure", _one(code, counted, cases, visit.language, home, one))

    router.add_api_route(home, dashboard, methods=["GET"])
    router.add_api_route(f"{one}/{{code}}", figure, methods=["GET"])


def _whose(visit: Visit, operator: str | None) -> str | None:
    """Return whose figures a visitor sees, None for all. Raises AccessError operator_only."""
    if operator is None:
        return visit.session.party
    require_operator(visit, operator)
    return None


def require_operator(visit: Visit, operator: str) -> None:
    """Let nobody but the operator's officers go on. Raises AccessError operator_only."""
    if visit.session.party != operator:
        raise AccessError("operator_only")


def _may_list(visit: Visit, registry: Registry) -> bool:
    """Say whether an officer may see single cases: one who answers for more than his own."""
    with registry.database.read() as connection:
        officer = PartyReader(connection).officer(visit.session.stored.officer or "")
    return officer is not None and officer.active and officer.duty not in DESK_DUTIES


def _as_seen(counted: Mapping[str, Any], *, may_list: bool) -> Mapping[str, Any]:
    """Return figures as an officer may see them: who reads much is told by name to those who watch over it alone."""
    if may_list:
        return counted
    hidden = [{**each, "lines": []} if FIGURES[each["code"]].by == "reader" else each for each in counted["figures"]]
    return {**counted, "figures": hidden}


def _dashboard(counted: Mapping[str, Any], language: str, home: str, one: str) -> dict[str, Any]:
    shown = [_shown(each, language, one) for each in counted["figures"]]
    words = [{"word": str(word), "figures": [each for each in shown if each["word"] == word]} for word in Word]
    return {**_whole(counted), "words_of_plan": words, "home": home}


def _one(
    code: str,
    counted: Mapping[str, Any],
    cases: Mapping[str, Any] | None,
    language: str,
    home: str,
    one: str,
) -> dict[str, Any]:
    figure = next(each for each in counted["figures"] if each["code"] == code)
    older = f"{one}/{code}?after={cases['after']}" if cases and cases["after"] else ""
    return {
        **_whole(counted),
        "figure": _shown(figure, language, one),
        "cases": None if cases is None else [_case(each, language) for each in cases["cases"]],
        "older": with_language(older, language) if older else "",
        "home": home,
    }


def _whole(counted: Mapping[str, Any]) -> dict[str, Any]:
    names = ("as_of", "since", "department", "name_zh", "name_en")
    return {name: counted[name] for name in names}


def _shown(figure: Mapping[str, Any], language: str, one: str) -> dict[str, Any]:
    """Return a figure as a page shows it: its definition, totals, bars, and a row of its table for each line."""
    definition = FIGURES[figure["code"]]
    lines = [{**each, **named_in_words(each["of"], each)} for each in figure["lines"]]
    side = ("zh", "en").index(language)
    # What is drawn is the first value that any line has.
    has_some = [name for name in definition.columns if any(each["values"].get(name) for each in lines)]
    drawn = (has_some or definition.columns)[0]
    return {
        "code": definition.code,
        "word": str(definition.word),
        "name": (definition.name_zh, definition.name_en)[side],
        "meaning": (definition.meaning_zh, definition.meaning_en)[side],
        "source": definition.source,
        "totals": [(COLUMNS[column][side], value) for column, value in figure["total"].items()],
        "chart": bars(lines, drawn, language),
        "drawn": COLUMNS[drawn][side],
        "heads": [COLUMNS[column][side] for column in definition.columns],
        "rows": [
            [each[f"name_{language}"] or each["of"], *(_cell(each["values"].get(name)) for name in definition.columns)]
            for each in lines
        ],
        "href": with_language(f"{one}/{definition.code}", language),
        "listed": definition.listed,
    }


def _case(case: Mapping[str, Any], language: str) -> dict[str, Any]:
    what = named_in_words(case["what"], {"name_zh": "", "name_en": ""})
    return {
        "when": case["when"],
        "who": case[f"name_{language}"] or case["who"],
        "what": what[f"name_{language}"] or case["what"],
        "about": case["about"],
        "due_on": case["due_on"],
    }


def _cell(value: int | None) -> str:
    return "–" if value is None else str(value)
