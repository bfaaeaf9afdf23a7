"""Asking for a line of the sharing table: which certificates and fields, for which item, by which law.

The line is the department's own; its providers answer within their legal term, on their tasks' page (`tasks.py`).
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from hub.department.window_offers import known_items
from hub.errors import HubError
from hub.sharing.table import check_line, own_line, provider_choices, put_rule
from hub.steps.registry import Registry
from hub.web.callers import Called, in_thread, moment
from hub.web.department.ordering import Content, Errand, Ordering, Row, who_orders
from hub.web.department.showing import HOME, show
from hub.web.department.words import type_names
from hub.web.problems import document_of
from hub.web.sessions import Guard, Visit
from schemas.catalogue import FieldsError, SharingClass
from schemas.certificate import civil_date
from schemas.parties import Role
from schemas.statement import Ordered
from schemas.wording import SHARING_CLASSES, Wording
from signing.base64url import encode

ASK = f"{HOME}/ask"
_ASK = "ask"
_TEXTS: Mapping[str, Wording] = {
    "item_code": Wording("事项编码", "Item code"),
    "item_name": Wording("事项名称", "Item"),
    "legal_basis": Wording("法律依据", "Legal source"),
    "case_pattern": Wording("办件编号的格式", "Form of its case numbers"),
    "from_on": Wording("自哪一天起", "From which day"),
    "until_on": Wording("到哪一天（含当天）", "Until which day, included"),
}
_MOST_TYPES = 50


def errands(registry: Registry) -> list[Errand]:
    def run(called: Called, content: Content) -> Mapping[str, Any]:
        return put_rule(content, **who_orders(called, registry))

    def tell(content: Content, answer: Mapping[str, Any], visit: Visit) -> Mapping[str, Any]:
        rows = [{"zh": "共享规则", "en": "Line of the sharing table", "code": True,
                 "value": f"{answer['code']} · {answer['version']}"}]  # fmt: skip
        page = f"{HOME}/own/sharing?lang={visit.language}"
        return {"rows": rows, "links": [{"href": page, "zh": "看答复和期限", "en": "See answers and last days"}]}

    title = Wording("申请共享", "Ask for a sharing line")
    return [
        Errand(
            _ASK, Ordered.SHARE, Role.PULL, ASK, "ask", title, lambda content: list(_rows(content, registry)), run,
            tell=tell,
        )
    ]  # fmt: skip


def routes(registry: Registry, guard: Guard, ordering: Ordering) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @guard.page
    async def asked(visit: Visit) -> Response:
        """Ask which certificates; then their fields, the item and the law; filled in where a line is to be changed."""
        query = visit.request.query_params
        if code := query.get("rule", "")[:64]:
            line = await in_thread(lambda: own_line(code, visit.session.party, registry=registry))
            return await form(visit.with_form(_pairs(line)), list(line["fields"]), None)
        types = query.getlist("type")[:_MOST_TYPES]
        if types:
            return await form(visit, types, None)
        return show(guard, visit, "ask_start", "ask", {"types": _types(registry)})

    @guard.page
    async def filled(visit: Visit) -> Response:
        types = visit.all("type")[:_MOST_TYPES]
        if visit.get("again") or not types:
            return await form(visit, types, None)
        content = _content(visit, types)
        try:
            await in_thread(lambda: check_line(content, registry=registry, now=moment()))
        except (HubError, FieldsError) as error:
            return await form(visit, types, document_of(error, ""))
        return ordering.check(visit, _ASK, content)

    async def form(visit: Visit, types: Sequence[str], problem: Mapping[str, Any] | None) -> Response:
        department, now = visit.session.party, moment()
        known = [each for each in types if registry.catalogue.has(each)]
        choices = await in_thread(lambda: provider_choices(known, department, registry=registry, now=now))
        items = await in_thread(lambda: known_items(department, registry=registry, now=now))
        typed = {name: visit.get(name) for name in (*_TEXTS, "code", "sharing_class")}
        given = {
            "typed": typed | {"from_on": typed["from_on"] or civil_date(now).isoformat()},
            "items": [{"code": each.code, "name": each.name} for each in items],
            "types": [_type(each, visit, choices.get(each, ()), registry) for each in known],
            "problem": problem,
        }
        return show(guard, visit, "ask_form", "ask", given, status=422 if problem else 200)

    router.add_api_route(ASK, asked, methods=["GET"])
    router.add_api_route(ASK, filled, methods=["POST"])
    return router


def _types(registry: Registry) -> list[dict[str, str]]:
    return [
        {"code": each.code, "zh": each.name_zh, "en": each.name_en}
        for each in sorted(registry.catalogue.current(), key=lambda each: each.code)
        if each.sharing_class is not SharingClass.NOT_SHARED
    ]


def _type(code: str, visit: Visit, providers: Sequence[tuple[str, str]], registry: Registry) -> dict[str, Any]:
    """Return a type with those of its fields that may be shared at all, and whom to ask where that is not clear."""
    chosen = visit.all("field")
    fields = [
        {"label": each.label_zh if visit.language == "zh" else each.label_en, "value": (value := f"{code}.{each.name}"),
         "ticked": value in chosen}
        for each in registry.catalogue.get(code).fields
        if each.sharing_class is not SharingClass.NOT_SHARED
    ]  # fmt: skip
    return {
        "code": code,
        **type_names(code, registry),
        "fields": fields,
        "providers": list(providers),
        "provider": visit.get(f"provider.{code}"),
    }


def _pairs(line: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return a line as the form of it sends it."""
    texts = [(name, str(line[name])) for name in (*_TEXTS, "code", "sharing_class") if line.get(name)]
    fields = [("field", f"{code}.{name}") for code, names in line["fields"].items() for name in names]
    return texts + fields + [(f"provider.{code}", number) for code, number in line["providers"].items()]


def _content(visit: Visit, types: Sequence[str]) -> dict[str, Any]:
    """Return the line as the API takes it; a new one gets a name that nobody else gives."""
    fields: dict[str, list[str]] = {each: [] for each in types}
    for each in visit.all("field"):
        code, _, name = each.partition(".")
        if code in fields:
            fields[code].append(name)
    providers = {code: number for code in types if (number := visit.get(f"provider.{code}"))}
    typed = {name: visit.get(name) for name in (*_TEXTS, "sharing_class") if visit.get(name)}
    code = visit.get("code") or f"line-{encode(secrets.token_bytes(9))}"
    return {"code": code, "requester": visit.session.party, "fields": fields, **typed} | (
        {"providers": providers} if providers else {}
    )


def _rows(content: Content, registry: Registry) -> Iterator[Row]:
    for name, words in _TEXTS.items():
        if content.get(name):
            yield words, str(content[name])
    kind = SHARING_CLASSES.get(str(content.get("sharing_class")))
    if kind is not None:
        yield Wording("共享属性", "Sharing class"), kind
    fields = content.get("fields")
    for code, names in fields.items() if isinstance(fields, dict) else ():
        labels = (
            {each.name: each for each in registry.catalogue.get(code).fields} if registry.catalogue.has(code) else {}
        )
        said = type_names(str(code), registry)
        found = [labels[name] for name in names if name in labels]
        zh = "、".join(each.label_zh for each in found) or "公示内容"
        en = ", ".join(each.label_en for each in found) or "what anybody may see"
        yield Wording(said["zh"], said["en"]), Wording(zh, en)
