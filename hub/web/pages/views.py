"""What each page shows, put in the order it is read; nothing is judged or looked up here.

`PAGES` maps a page's name to the function that prepares its answer for the template of that name.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from hub.answers import LICENCE_TYPE, PAGE

Answer = Mapping[str, Any]
Shown = dict[str, Any]

_GROUPS = ("not_valid", "suspended", "unknown", "valid")
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_SOURCED = {"source_seen_at": None}
_METHODS = ("get", "post", "put", "patch", "delete")


def _plain(answer: Answer) -> Shown:
    return dict(answer)


def _enterprise(answer: Answer) -> Shown:
    """Group the certificates: the business licence first, then what is not good, then what is."""
    groups: dict[str, list[Any]] = {"licence": [], **{name: [] for name in _GROUPS}}
    for each in answer["certificates"]:
        group = "licence" if each["type"] == LICENCE_TYPE else each["verdict"]["outcome"]
        groups[group].append(_SOURCED | each if each["origin"] != "native" else each)
    licences = [each["verdict"]["outcome"] for each in groups["licence"]]
    return {
        **answer,
        "groups": [(name, lines) for name, lines in groups.items() if lines],
        "targets": {name: name if groups[name] or name not in licences else "licence" for name in _GROUPS},
        "page": _page(answer),
        "numbered": [(page, place) for place, page in enumerate(answer["pages"], 1)],
    }


def _page(answer: Answer) -> int:
    """Return which page this is, counted from 0; the first one when it is empty."""
    lines, pages = answer["certificates"], answer["pages"]
    return lines[0]["slot"] // PAGE if lines else (pages[0] if pages else 0)


def _certificate(answer: Answer) -> Shown:
    """Tell of the holder as the certificate names it, where that is not how it is named today."""
    certificate, holder = answer["certificate"], answer["holder"]
    return {
        **answer,
        "it": _SOURCED | certificate | {"shown_fields": [_field(each) for each in certificate["shown_fields"]]},
        "holder_then": certificate["holder_name"] if certificate["holder_name"] != holder["name"] else None,
        "address_then": certificate["holder_address"] if certificate["holder_address"] != holder["address"] else None,
    }


def _field(field: Answer) -> Shown:
    """Tell a date from other text (`schemas/fields.py` keeps all dates in one form), to write it as people do."""
    value = field["value"]
    try:
        return {**field, "is_day": date.fromisoformat(value).isoformat() == value}
    except ValueError:
        return {**field, "is_day": False}


def _api(answer: Answer) -> Shown:
    """Group the operations of an OpenAPI document by tag, with both summaries."""
    openapi = answer["openapi"]
    groups: dict[str, list[Shown]] = {}
    for path, methods in openapi["paths"].items():
        for method in _METHODS:
            if method in methods:
                operation = methods[method]
                tag = operation.get("tags", [""])[0]
                groups.setdefault(tag, []).append(_operation(path, method, operation))
    return {"groups": [(_both(tag), operations) for tag, operations in groups.items()], "info": openapi["info"]}


def _operation(path: str, method: str, operation: Answer) -> Shown:
    return {
        "path": path,
        "method": method.upper(),
        "summary": _both(operation.get("summary", "")),
        "description": operation.get("description", ""),
        "answers": sorted(operation.get("responses", {})),
    }


def _both(summary: str) -> Shown:
    """Split "Issue a certificate 颁发证照" at its first Chinese character."""
    found = _CHINESE.search(summary)
    if found is None:
        return {"zh": summary, "en": summary}
    english = summary[: found.start()].strip()
    return {"zh": summary[found.start() :].strip(), "en": english or summary}


PAGES: Mapping[str, Callable[[Answer], Shown]] = {
    "start": _plain,
    "search": _plain,
    "verify": _plain,
    "problem": _plain,
    "enterprise": _enterprise,
    "certificate": _certificate,
    "api": _api,
}
