"""What each page shows, put in the order it is read; nothing is judged or looked up here.

`PAGES` maps a page's name to the function that prepares its answer for the template of that name.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from hub.decisions.answers import LICENCE_TYPE, PAGE
from hub.web.description import split_pair
from schemas.annotation import AnnotationKind
from schemas.certificate import civil_date
from schemas.identifiers import is_site_id
from schemas.verdict import ANNOTATION_TABLE

Answer = Mapping[str, Any]
Shown = dict[str, Any]

_GROUPS = ("not_valid", "suspended", "unknown", "valid")
# As many certificates as a phone shows on some three screens.
_MANY = 12
_SOURCED = {"source_seen_at": None}
_OPTIONAL = _SOURCED | {"address_is_home": False}
_METHODS = ("get", "post", "put", "patch", "delete")


def _plain(answer: Answer) -> Shown:
    return dict(answer)


def _enterprise(answer: Answer) -> Shown:
    """Group the certificates: the business licence first, then what is not good, then what is."""
    groups: dict[str, list[Any]] = {"licence": [], **{name: [] for name in _GROUPS}}
    for each in answer["certificates"]:
        group = "licence" if each["type"] == LICENCE_TYPE else each["verdict"]["outcome"]
        groups[group].append(_card(each, answer["as_of"]))
    licences = [each["verdict"]["outcome"] for each in groups["licence"]]
    return {
        **answer,
        "groups": [(name, lines) for name, lines in groups.items() if lines],
        "targets": {name: name if groups[name] or name not in licences else "licence" for name in _GROUPS},
        **_kin(answer),
        "types": answer.get("types") or _types(answer),
        "scanned": f"/q/{answer['holder']['reference']}",
        "sites": _sites(answer),
        "absent": answer.get("absent", []),
        **_choice(answer),
        "page": _page(answer),
        "which_page": f"page={_page(answer)}&" if len(answer["pages"]) > 1 else "",
        "numbered": [(page, place) for place, page in enumerate(answer["pages"], 1)],
    }


def _choice(answer: Answer) -> Shown:
    """Tell what was chosen of many, and how many there are of each verdict in the whole, where that is known."""
    chosen = answer.get("chosen", {})
    counts = answer["counts"]
    of_one_page = {
        "valid": counts["valid"],
        "not_good": counts["not_valid"] + counts["suspended"],
        "unknown": counts["unknown"],
    }
    is_whole = "chosen" not in answer and len(answer["pages"]) < 2
    tally = chosen.get("tally") or (of_one_page if is_whole else None)
    narrowed = "".join(f"{name}={chosen[name]}&" for name in ("type", "site") if chosen.get(name))
    verdict = chosen.get("verdict", "")
    kept = f"verdict={verdict}&" if verdict else ""
    registered = [(each["ended"], each["suspended"]) for each in answer.get("types", ())]
    return {
        "chosen_type": chosen.get("type", ""),
        "chosen_site": chosen.get("site", ""),
        "chosen_verdict": verdict,
        "next_chosen": chosen.get("after"),
        "is_chosen": "chosen" in answer,
        "is_many": answer["total"] >= _MANY or "chosen" in answer,
        "tally": [(name, tally[name] if tally else None) for name in ("not_good", "unknown", "valid")],
        "narrowed": narrowed,
        "kept_verdict": kept,
        "asked": narrowed + kept,
        "registered": {"ended": sum(pair[0] for pair in registered), "suspended": sum(pair[1] for pair in registered)},
    }


def _types(answer: Answer) -> list[Shown]:
    """Count a page's certificates by type, where they are so many that one wants to narrow them."""
    lines = answer["certificates"]
    if len(lines) < _MANY and "chosen" not in answer:
        return []
    counted: dict[str, Shown] = {}
    for each in lines:
        names = {name: each[name] for name in ("type", "name_zh", "name_en")}
        count = counted.setdefault(each["type"], names | {"all": 0, "ended": 0, "suspended": 0})
        count["all"] += 1
        count["ended"] += each["verdict"]["outcome"] == "not_valid"
        count["suspended"] += each["verdict"]["outcome"] == "suspended"
    return list(counted.values())


def _card(line: Answer, as_of: str) -> Shown:
    """Return a certificate's line with everything a card may show."""
    return {**_SOURCED, "flags": [], **line, "noted": _noted(line, as_of)}


def _noted(certificate: Answer, as_of: str) -> list[Shown]:
    """Return the annotations that count on the day of the answer, each with what it means in words."""
    today = civil_date(datetime.fromisoformat(as_of)).isoformat()
    return [
        {**each, "reason": ANNOTATION_TABLE[AnnotationKind(each["kind"])][1]}
        for each in certificate.get("annotations", ())
        if each["from"] <= today
        and (each["until"] is None or today <= each["until"])
        and ("lifted_on" not in each or today < each["lifted_on"])
    ]


def _kin(answer: Answer) -> Shown:
    """Tell whose code was scanned, former names, related enterprises and branches."""
    holder = answer["holder"]
    return {
        "arrived": answer.get("arrived_from"),
        "former_names": holder.get("former_names", []),
        "bonds": [_bond(each, holder["licence_number"]) for each in holder.get("relations", ())],
        "branch_count": holder.get("branches", 0),
        "branches": answer.get("branches", []),
    }


def _bond(relation: Answer, own: str) -> Shown:
    """Name the other end of a relation, as this enterprise sees it."""
    is_from = relation["from"] == own
    number = relation["to"] if is_from else relation["from"]
    named = relation["named"].get("to" if is_from else "from", {"name": "", "reference": ""})
    role = "parent" if relation["kind"] == "branch" else "successor" if is_from else "predecessor"
    return {**named, "number": number, "role": role, "kind": relation["kind"], "since": relation["works_from"]}


def _sites(answer: Answer) -> list[Shown]:
    """Group the certificates of this page by the sites that are known by their ids."""
    found = []
    for site_id, site in answer.get("sites", {}).items():
        there = [
            {name: each[name] for name in ("reference", "name_zh", "name_en")} | {"outcome": each["verdict"]["outcome"]}
            for each in answer["certificates"]
            if site_id in each["subject"].get("ids", [each["subject"]["id"]])
        ]
        found.append({**site, "certificates": there})
    return found


def _subject(answer: Answer) -> Shown:
    return {**answer, "certificates": [_card(each, answer["as_of"]) for each in answer["certificates"]]}


def _page(answer: Answer) -> int:
    """Return which page this is, counted from 0; the first one when it is empty."""
    lines, pages = answer["certificates"], answer["pages"]
    return lines[0]["slot"] // PAGE if lines else (pages[0] if pages else 0)


def _certificate(answer: Answer) -> Shown:
    """Tell of the holder as the certificate names it, where that is not how it is named today."""
    certificate, holder = answer["certificate"], answer["holder"]
    former = {each["name"] for each in holder.get("former_names", ())}
    subject = certificate["subject"]
    ids = [each for each in subject.get("ids", [subject["id"]]) if is_site_id(each)]
    return {
        **answer,
        "at": answer.get("at"),
        "today": civil_date(datetime.fromisoformat(answer["as_of"])).isoformat(),
        "term": _term(certificate, civil_date(datetime.fromisoformat(answer["as_of"]))),
        "scanned": f"/c/{certificate['reference']}",
        "which_page": "",
        "noted_now": _noted(certificate, answer["as_of"]),
        # What is noted of the holder's licence and lowers nothing is told all the same.
        "licence_noted": next(
            (each["reason"] for each in answer["checks"] if each["name"] == "licence" and each["result"] == "passed"),
            None,
        ),
        "flags": certificate.get("flags", []),
        "deferred_until": certificate.get("deferred_until"),
        "same_number": certificate["holder_name"] in former,
        "site_ids": ids if subject["kind"] == "site" else [],
        "joint_bodies": " ".join(certificate.get("joint_bodies", ())),
        "delegated_by": certificate.get("authority", {}).get("by"),
        "cause": certificate.get("cause"),
        "type_note": answer.get("type_note"),
        "it": _OPTIONAL
        | certificate
        | {"shown_fields": [_field(each) for each in certificate["shown_fields"]]}
        | {"changes": [_change(each) for each in certificate["changes"]]},
        "holder_then": certificate["holder_name"] if certificate["holder_name"] != holder["name"] else None,
        "address_then": certificate["holder_address"] if certificate["holder_address"] != holder["address"] else None,
    }


def _term(certificate: Answer, today: date) -> Shown | None:
    """Tell how much of its term a certificate has behind it, in per cent; None where it has no end."""
    if certificate["valid_to"] is None:
        return None
    begins, ends = (date.fromisoformat(certificate[name]) for name in ("valid_from", "valid_to"))
    whole = (ends - begins).days + 1
    return {"gone": max(0, min(100, round(100 * (today - begins).days / whole))) if whole > 0 else 100}


_COPY_SIGNS: Mapping[str, str] = {"in_use": "valid", "unknown": "unknown"}


def _copy(answer: Answer) -> Shown:
    """Tell of a printed copy beside its certificate; what may not be used any more bears that sign."""
    certificate = answer["certificate"]
    return {
        **answer,
        "it": certificate,
        "holder_then": certificate["holder_name"],
        "sign_of_copy": _COPY_SIGNS.get(answer["copy"]["state"], "not_valid"),
        "place": answer["log"].get("log", {}).get("index"),
    }


def _change(change: Answer) -> Shown:
    return {**change, "was_undone": "undone_at" in change, "why": change.get("cause"), "by_right": _by_right(change)}


def _by_right(change: Answer) -> str | None:
    """Return by what right another body than the certificate's own acted."""
    authority = change.get("authority")
    return authority if authority != "own" else None


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
    return {
        "groups": [(_both(tag), operations) for tag, operations in groups.items()],
        "info": openapi["info"],
        "problems": openapi.get("x-problems", []),
    }


def _operation(path: str, method: str, operation: Answer) -> Shown:
    return {
        "path": path,
        "method": method.upper(),
        "summary": _both(operation.get("summary", "")),
        "description": operation.get("description", ""),
        "parameters": operation.get("parameters", []),
        "refusals": operation.get("responses", {}).get("default", {}).get("x-problem-groups", []),
    }


def _both(summary: str) -> Shown:
    zh, en = split_pair(summary)
    return {"zh": zh, "en": en}


_OWN_PAGES = (
    "sign_in", "sign", "enterprise_home", "own_grants", "own_grant", "grant_form", "grant_withdrawal", "ending_form",
    "ending", "request_code", "own_requests", "own_request", "request_refusal", "presentation_form", "own_presentation",
    "own_ledger", "objection_form", "own_objections", "own_agents", "own_agent", "agent_form", "agents_confirmation",
    "download_form", "own_download", "own_reminders", "document_waiting",
)  # fmt: skip


def _own_certificates(answer: Answer) -> Shown:
    """Group an enterprise's own certificates by the sites they are about; the rest are its own as a whole."""
    cards = [_card(each, answer["as_of"]) for each in answer.get("certificates", ())]
    named = answer.get("sites", {})
    groups: dict[str, list[Shown]] = {}
    for each in cards:
        ids = each["subject"].get("ids", [each["subject"]["id"]])
        groups.setdefault(next((site for site in ids if site in named), ""), []).append(each)
    return {
        **_own(answer),
        "groups": [
            {"name": named[site]["name"] or named[site]["address"] if site else "", "certificates": found}
            for site, found in sorted(groups.items(), key=lambda each: each[0])
        ],
        "pages": [(page, place) for place, page in enumerate(answer["pages"], 1)],
        "shown_page": answer.get("page"),
    }


def _own_calendar(answer: Answer) -> Shown:
    """Put what ends into its months."""
    months: dict[date, list[Any]] = {}
    for each in answer["endings"]:
        months.setdefault(date.fromisoformat(each["valid_to"]).replace(day=1), []).append(each)
    told = [
        {"year": month.year, "number": month.month, "name": f"{month:%B}", "endings": found}
        for month, found in months.items()
    ]
    return {**_own(answer), "months": told}


def _own(answer: Answer) -> Shown:
    """Fill in what few of an enterprise's own pages have."""
    return {"place": "", "problem": None, "preview": None, "receipt": None, **answer}


PAGES: Mapping[str, Callable[[Answer], Shown]] = {
    "start": _plain,
    "search": _plain,
    "resolve": _plain,
    "live_code": _plain,
    "sheet": _plain,
    "verify": _plain,
    "problem": _plain,
    "enterprise": _enterprise,
    "certificate": _certificate,
    "copy": _copy,
    "subject": _subject,
    "api": _api,
    "officer_sign_in": _plain,
    "officer_code": _plain,
    "officer_opening": _plain,
    "terminal": _plain,
    "department_home": _plain,
    "order": _plain,
    "ordered": _plain,
    "window": _plain,
    "window_offers": _plain,
    "window_result": _plain,
    "being_made": _plain,
    "order_parked": _plain,
    "countersign": _plain,
    "status_change": _plain,
    "status_search": _plain,
    "issue_start": _plain,
    "issue_form": _plain,
    "import_form": _plain,
    "intake": _plain,
    "own_systems": _plain,
    "own_acts": _plain,
    "own_sharing": _plain,
    "department_tasks": _plain,
    "department_task": _plain,
    "carried": _plain,
    "import_collected": _plain,
    "import_undo": _plain,
    "ask_start": _plain,
    "ask_form": _plain,
    "paper_start": _plain,
    "paper_form": _plain,
    "paper_sentence": _plain,
    "presentation_asked": _plain,
    "presentation_waiting": _plain,
    **dict.fromkeys(_OWN_PAGES, _own),
    "own_certificates": _own_certificates,
    "own_calendar": _own_calendar,
    "gallery": _plain,
    "grant_link": _plain,
    "link_opened": _plain,
    "kept": _plain,
    "report": _plain,
    "sandbox": _plain,
    "dashboard": _plain,
    "figure": _plain,
    "figure_sheets": _plain,
    "figure_sheet": _plain,
    "standing": _plain,
    "standing_page": _plain,
    "changes": _plain,
    "change_form": _plain,
    "change": _plain,
    "change_waits": _plain,
    "change_done": _plain,
    "person": _plain,
    "change_file": _plain,
}
