"""The description of the API in Chinese and English: the OpenAPI document, completed by words and refusals.

The doors' own summaries and docstrings are its English; its Chinese stands in `operation_words.toml`, which a test
holds against every operation and parameter. A refusal is described once, with every code of `hub/web/problem_table.py`;
each operation names the groups its codes come from.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

from hub.web import problem_table
from hub.web.problem_table import Row

LANGUAGES = ("zh", "en")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_WORDS: Mapping[str, Any] = tomllib.loads((Path(__file__).parent / "operation_words.toml").read_text("utf-8"))
_GROUPS: Mapping[str, Mapping[str, Row]] = {
    name: getattr(problem_table, name.upper()) for name in _WORDS["group_names"]
}
_MEDIA = "application/problem+json"
_ABOUT = (
    "一座城市的电子证照登记与共享。请求带令牌、DPoP 证明和签名指令；错误一律按 RFC 9457 返回，带稳定代码与下一步。",
    "One city's registry of e-certificates. Calls bear a token, a proof and a signed statement; refusals are RFC 9457.",
)
_REFUSED = (
    "不予办理：错误文档（RFC 9457），代码见所列各组",
    "Refused: a problem document (RFC 9457), with a code of these groups",
)
_ANSWERS: Mapping[str, tuple[str, str]] = {
    "200": ("已答复", "Answered"),
    "201": ("已办理", "Done"),
    "202": ("正在准备，请稍后再取", "Being made; ask again in a moment"),
    "422": _REFUSED,
}
_MEMBERS: Mapping[str, tuple[str, str]] = {
    "type": ("问题的 URN", "the problem's URN"),
    "title": ("发生了什么（中文）", "what happened, in Chinese"),
    "title_en": ("发生了什么（英文）", "what happened, in English"),
    "status": ("HTTP 状态码", "the HTTP status"),
    "code": ("稳定的错误代码", "the stable code"),
    "next_step": ("下一步（中文）", "what to do next, in Chinese"),
    "next_step_en": ("下一步（英文）", "what to do next, in English"),
    "trace_id": ("追踪号", "the trace id"),
}
Pair = tuple[str, str]


class Description:
    """The OpenAPI document of an application, in one language or in both."""

    def __init__(self, openapi: Callable[[], dict[str, Any]]) -> None:
        """`openapi` returns the document that the doors make of themselves."""
        self._openapi = openapi
        self._in_language = lru_cache(maxsize=3)(self._described)

    def __call__(self, language: str = "") -> dict[str, Any]:
        """Return the document in "zh" or "en"; in both, Chinese first, for any other language."""
        return self._in_language(language if language in LANGUAGES else "")

    def _described(self, language: str) -> dict[str, Any]:
        document = deepcopy(self._openapi())
        document["info"]["description"] = _said(_ABOUT, language)
        for key, operation in operations_of(document):
            _describe(operation, key, language)
        components = document.setdefault("components", {})
        components.setdefault("schemas", {})["Problem"] = _problem(language)
        for replaced in ("HTTPValidationError", "ValidationError"):
            components["schemas"].pop(replaced, None)
        document["x-problems"] = problems(language)
        return document


def operations_of(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each operation of a document with its method and path, such as "get /api/v1/items"."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def problems(language: str) -> list[dict[str, Any]]:
    """Return every group of refusals with its codes: status, what happened, what to do next."""
    return [
        {"group": name, "name": _said(_WORDS["group_names"][name], language), "codes": _codes(rows, language)}
        for name, rows in _GROUPS.items()
    ]


def split_pair(text: str) -> Pair:
    """Split "Issue a certificate 颁发证照", or the other way round, into (Chinese, English); (text, text) for one."""
    found = _CHINESE.search(text)
    if found is None:
        return text, text
    if found.start():
        return text[found.start() :].strip(), text[: found.start()].strip()
    zh, _, en = text.partition(" ")
    return zh, en or zh


def _describe(operation: dict[str, Any], key: str, language: str) -> None:
    tag = operation.get("tags", [""])[0]
    operation["summary"] = _said(split_pair(operation.get("summary", "")), language)
    operation["tags"] = [_said(split_pair(tag), language)]
    words = _WORDS["operations"].get(key)
    zh, en = words if isinstance(words, list) else (words or "", operation.get("description", ""))
    operation["description"] = _said((zh or en, en), language, between="\n\n")
    for parameter in operation.get("parameters", ()):
        told = _WORDS["parameters_of"].get(key, {}).get(parameter["name"]) or _WORDS["parameters"].get(
            parameter["name"]
        )
        parameter["description"] = _said(told or split_pair(parameter.get("description", "")), language)
    for status, answer in operation["responses"].items():
        answer["description"] = _said(_ANSWERS[status], language) if status in _ANSWERS else answer["description"]
    groups = [*_WORDS["groups"].get(tag, ()), "bodies"]
    refused = {
        "description": f"{_said(_REFUSED, language)}: {', '.join(groups)}",
        "content": {_MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        "x-problem-groups": groups,
    }
    operation["responses"] |= {"default": refused} | ({"422": refused} if "422" in operation["responses"] else {})


def _problem(language: str) -> dict[str, Any]:
    members = {
        name: {"type": "integer" if name == "status" else "string", "description": _said(pair, language)}
        for name, pair in _MEMBERS.items()
    }
    return {"type": "object", "properties": members, "required": list(members)}


def _codes(rows: Mapping[str, Row], language: str) -> list[dict[str, Any]]:
    return [
        {
            "code": code,
            "status": row.status,
            "title": _said((row.zh, row.en), language),
            "next_step": _said((row.next_zh, row.next_en), language),
        }
        for code, row in rows.items()
    ]


def _said(pair: Pair | list[str], language: str, *, between: str = " ") -> str:
    zh, en = pair
    if language:
        return zh if language == "zh" else en
    return zh if zh == en else f"{zh}{between}{en}"
