"""Looking up: what anybody who scans sees, judged now; it holds no key, writes nothing and asks no database.

1 the door reads the rows by key (`hub/store/scan.py`)
2 each certificate is judged by the one verdict, with the holder's licence as it stands in the same head
3 the answer is put together: public facts, verdicts in words, the moment it is true of
The door then shows it as a page, as JSON or as a signed answer. `as_of` is the moment the read began. A penalty past
its publicity term, or after its holder's credit was repaired, is told no more: of it only the present is public.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import orjson

from hub.answers import LICENCE_TYPE, Head, Line, licence_of, page_of
from hub.facts import Surroundings, answer_check, answer_verdict, facts_of, head_licence_state
from hub.history import answer_at
from hub.store.scan import ScanRows
from hub.verification import judge
from schemas.certificate import civil_date
from schemas.parties import LicenceState
from schemas.verdict import Outcome, Surface

_KIN = ("former_names", "relations", "branches")
_OWN_SOURCE: dict[str, str | None] = {"source_name": None, "source_seen_at": None}
# What only says how a penalty went on is no more public than the penalty.
_AFTER_A_PENALTY = frozenset({"reinstate", "undo"})
_ORDER = {"not_valid": 0, "suspended": 1, "unknown": 2, "valid": 3}
_OUTCOMES = [outcome.value for outcome in Outcome]


def look_up_enterprise(rows: ScanRows, *, surroundings: Surroundings, now: datetime) -> dict[str, Any]:
    """Return everything public about one enterprise: itself, its licence, a page of its certificates, worst first."""
    head: Head = orjson.loads(rows.head)
    lines: list[Line] = orjson.loads(rows.detail) if rows.detail else []
    licence = head_licence_state(head, now)
    answered = [_answer_line(line, licence, surroundings, now) for line in lines]
    answered.sort(key=lambda each: (_ORDER[each["verdict"]["outcome"]], each["type"] != LICENCE_TYPE, each["slot"]))
    counts = dict.fromkeys(_OUTCOMES, 0)
    for each in answered:
        counts[each["verdict"]["outcome"]] += 1
    return {
        "kind": "enterprise",
        "mode": surroundings.mode,
        "as_of": now.isoformat(),
        "holder": _holder(head, licence, surroundings),
        "certificates": answered,
        "counts": counts,
        "total": head["certificates"],
        # Which page this is: a signed answer says itself that there are others.
        "page": page_of(lines[0]["slot"]) if lines else None,
        "pages": [each["page"] for each in head["pages"]],
    }


def look_up_certificate(
    rows: ScanRows, *, surroundings: Surroundings, now: datetime, at: date | None = None
) -> dict[str, Any]:
    """Return everything public about one certificate version, with its named checks and history.

    With `at`, a day not after today, also what it was worth on that day (`hub/history.py`).
    """
    head: Head = orjson.loads(rows.head)
    body = orjson.loads(rows.detail or b"{}")
    licence = head_licence_state(head, now)
    verdict = judge(facts_of(body, licence, surroundings), surface=Surface.SCAN, now=now)
    kind = surroundings.catalogue.get(body["type"], body["type_version"])
    labels = {field.name: (field.label_zh, field.label_en) for field in kind.fields}
    shown = [
        {"name": name, "zh": labels[name][0], "en": labels[name][1], "value": value}
        for name, value in body["fields"].items()
    ]
    hidden = ("serial", "slot", "fields", "seal")
    told = public_changes(body["changes"], civil_date(now))
    then = {"at": answer_at(body, head, at, told=told, surroundings=surroundings, now=now)} if at else {}
    body["changes"] = told
    return {
        "kind": "certificate",
        "mode": surroundings.mode,
        "as_of": now.isoformat(),
        "holder": _holder(head, licence, surroundings),
        "certificate": {name: value for name, value in body.items() if name not in hidden}
        | {"name_zh": kind.name_zh, "name_en": kind.name_en, "document_kind": str(kind.kind), "shown_fields": shown}
        | _source(body, surroundings)
        | {"seal_key_id": body["seal"]},
        "verdict": answer_verdict(verdict),
        "checks": [answer_check(check) for check in verdict.checks],
    } | then


def public_changes(changes: Sequence[Mapping[str, Any]], today: date) -> list[Mapping[str, Any]]:
    """Return the changes the public is told of: no penalty past its term or repaired, nor what followed from it."""
    told: list[Mapping[str, Any]] = []
    silent = False
    for change in changes:
        if "public_until" in change or "repaired_on" in change:
            silent = _is_past(change, today)
        elif change["act"] not in _AFTER_A_PENALTY:
            silent = False
        if not silent:
            told.append(change)
    return told


def _is_past(penalty: Mapping[str, Any], today: date) -> bool:
    if "repaired_on" in penalty and date.fromisoformat(penalty["repaired_on"]) <= today:
        return True
    return "public_until" in penalty and today > date.fromisoformat(penalty["public_until"])


def _answer_line(line: Line, licence: LicenceState, surroundings: Surroundings, now: datetime) -> dict[str, Any]:
    verdict = judge(facts_of(line, licence, surroundings), surface=Surface.SCAN, now=now)
    kind = surroundings.catalogue.get(line["type"], line["type_version"])
    # The line was parsed for this answer alone, so it becomes the answer.
    del line["serial"], line["seal"]
    line["name_zh"], line["name_en"] = kind.name_zh, kind.name_en
    line.update(_source(line, surroundings))
    line["verdict"] = answer_verdict(verdict)
    return line


def _holder(head: Head, licence: LicenceState, surroundings: Surroundings) -> dict[str, Any]:
    line = licence_of(head)
    return {
        "licence_number": head["licence_number"],
        "reference": head["reference"],
        "name": head["name"],
        "address": head["address"],
        "licence_state": licence.value,
        "licence_reference": line["reference"] if line else None,
        **{name: head[name] for name in _KIN if name in head},
        "url": f"{surroundings.origin}/q/{head['reference']}",
    }


def _source(line: Line, surroundings: Surroundings) -> dict[str, str | None]:
    """Return where collected data come from and when that source was last seen; None for the hub's own."""
    source = surroundings.sources.get(line["source"] or "")
    if source is None:
        return _OWN_SOURCE
    seen_at = source.seen_at.isoformat() if source.seen_at else None
    return {"source_name": source.name_zh, "source_seen_at": seen_at}
