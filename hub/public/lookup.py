"""Looking up: what anybody who scans sees, judged now; it holds no key, writes nothing and asks no database.

1 the door reads the rows by key (`hub/store/scan.py`)
2 each certificate is judged by the one verdict, with the holder's licence as it stands in the same head
3 the answer is put together: public facts, verdicts in words, the moment it is true of
The door then shows it as a page, as JSON or as a signed answer. `as_of` is the moment the read began. A penalty past
its publicity term, or after its holder's credit was repaired, is told no more: of it only the present is public.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import orjson

from hub.decisions.answers import (
    LICENCE_TYPE,
    PAGE,
    Body,
    Head,
    Line,
    begins_on,
    is_about,
    is_succeeded,
    licence_of,
    line_of,
    page_of,
    stands,
    types_of,
)
from hub.decisions.facts import (
    Surroundings,
    answer_check,
    answer_verdict,
    facts_of,
    head_licence_state,
    verdict_of_line,
)
from hub.decisions.history import answer_at, public_changes
from hub.decisions.verification import judge
from hub.store.scan import ScanRows
from schemas.catalogue import CertificateType
from schemas.certificate import Status, civil_date
from schemas.parties import LicenceState, Subject
from schemas.verdict import Outcome, Result, Surface

_OWN_SOURCE: dict[str, str | None] = {"source_name": None, "source_seen_at": None}
_ORDER = {"not_valid": 0, "suspended": 1, "unknown": 2, "valid": 3}
_NOT_TOLD = ("serial", "seal", "changes", "past", "sealed_at", "version")
_OUTCOMES = [outcome.value for outcome in Outcome]


@dataclass(frozen=True, slots=True)
class Beside:
    """What few scans need beside their rows, by licence number or id: heads of other enterprises, named sites."""

    heads: Mapping[str, Head] = field(default_factory=dict)
    sites: Mapping[str, Subject] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class About:
    """The certificates about a site or device, each with its holder's head; not `is_whole` where there are more."""

    found: Sequence[tuple[Body, Head]]
    is_whole: bool = True


NOTHING = Beside()
CHOICES: Mapping[str, frozenset[str]] = {
    "valid": frozenset({"valid"}),
    "not_good": frozenset({"not_valid", "suspended"}),
    "unknown": frozenset({"unknown"}),
}
"""What a reader may choose to see of many certificates → the outcomes it takes in."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The lines of one choice behind a slot, at most a page of them, and behind which slot the next page begins.

    `tally` counts all that was chosen from, by choice: it tells the whole beside the part.
    """

    lines: Sequence[Line]
    after: int | None
    tally: Mapping[str, int]


def look_up_enterprise(
    rows: ScanRows,
    *,
    surroundings: Surroundings,
    now: datetime,
    beside: Beside = NOTHING,
    arrived_from: Head | None = None,
    chosen: Sequence[Line] | None = None,
) -> dict[str, Any]:
    """Return everything public about one enterprise: itself, its licence, a page of its certificates, worst first.

    `arrived_from` is the predecessor whose code was scanned; `chosen` the lines of a type or site in place of a page.
    """
    head: Head = orjson.loads(rows.head)
    lines: list[Line] = orjson.loads(rows.detail) if rows.detail else []
    if chosen is not None:
        lines = [dict(each) for each in chosen]
    licence, today = head_licence_state(head, now), civil_date(now)
    answered = [_answer_line(line, licence, surroundings, now) for line in lines]
    answered.sort(key=lambda each: (_ORDER[each["verdict"]["outcome"]], each["type"] != LICENCE_TYPE, each["slot"]))
    counts = dict.fromkeys(_OUTCOMES, 0)
    for each in answered:
        counts[each["verdict"]["outcome"]] += 1
    held = types_of(head)
    return {
        "kind": "enterprise",
        "mode": surroundings.mode,
        "as_of": now.isoformat(),
        "holder": _holder(head, licence, surroundings, beside),
        "certificates": answered,
        "counts": counts,
        "total": head["certificates"],
        # Which page this is: a signed answer says itself that there are others.
        "page": page_of(lines[0]["slot"]) if lines else None,
        "pages": [each["page"] for each in head["pages"]],
        # For a holder of many: each type's certificates, those ended, those suspended.
        **({"types": _summary(held, surroundings)} if len(head["pages"]) > 1 else {}),
        **_absent(held, surroundings),
        **({"sites": {site: _subject(each) for site, each in beside.sites.items()}} if beside.sites else {}),
        **({"arrived_from": _arrival(arrived_from, head, today)} if arrived_from else {}),
    }


def choose(
    head: Head,
    pages: Sequence[bytes],
    wanted: str,
    *,
    code: str,
    site: str,
    after: int,
    surroundings: Surroundings,
    now: datetime,
) -> Choice:
    """Choose from all `pages` of a holder, in the order of its slots, what is `wanted` (of `CHOICES`) as it stands now.

    With `code` or `site`, among the certificates of that type or at that site alone.
    """
    licence = head_licence_state(head, now)
    names = {outcome: name for name, outcomes in CHOICES.items() for outcome in outcomes}
    tally, found = dict.fromkeys(CHOICES, 0), []
    for line in (line for page in pages for line in orjson.loads(page)):
        if (code and line["type"] != code) or (site and not is_about(line, site)):
            continue
        name = names[verdict_of_line(line, licence, surroundings, now)["outcome"]]
        tally[name] += 1
        if name == wanted and line["slot"] > after:
            found.append(line)
    return Choice(found[:PAGE], found[PAGE - 1]["slot"] if len(found) > PAGE else None, tally)


def look_up_subject(subject: Subject, about: About, *, surroundings: Surroundings, now: datetime) -> dict[str, Any]:
    """Return everything public about a site or a device: what it is, whose, and the newest certificates about it."""
    answered = []
    for body, head in about.found:
        line = _answer_line(line_of(body), head_licence_state(head, now), surroundings, now)
        answered.append(line | {"holder": {"name": head["name"], "reference": head["reference"]}})
    answered.sort(key=lambda each: (_ORDER[each["verdict"]["outcome"]], each["type"]))
    return {
        "kind": subject.kind,
        "mode": surroundings.mode,
        "as_of": now.isoformat(),
        "subject": _subject(subject) | {"holder_number": subject.holder},
        "certificates": answered,
        "is_whole": about.is_whole,
        "url": f"{surroundings.origin}/{subject.kind[0]}/{subject.reference}",
    }


def answer_whether(
    code: str, subject: Subject | None, about: About, *, unnamed: bool, surroundings: Surroundings, now: datetime
) -> dict[str, Any]:
    """Say whether a site or device has a good certificate of a type: yes, no, or unknown with its reason.

    "Yes" is said of what is in use, by a certificate of the one whose it is. "No" is said only of a known subject and
    of a type that is held completely, when all was read; `unnamed` says that its holder has a certificate of the type
    that names its place in words, and what is written in words is unknown.
    """
    outcomes = set()
    for body, head in about.found:
        facts = facts_of(line_of(body), head_licence_state(head, now), surroundings)
        outcomes.add((judge(facts, surface=Surface.SCAN, now=now).outcome, head["licence_number"]))
    said, reason = _whether(subject, outcomes)
    if said == "no" and not about.is_whole:
        said, reason = "unknown", "too_many"
    elif said == "no" and unnamed:
        said, reason = "unknown", "named_in_words"
    elif said == "no" and code not in surroundings.complete:
        said, reason = "unknown", "not_covered"
    if surroundings.log.result is Result.UNKNOWN:
        said, reason = "unknown", "state_unknown"
    return {"kind": "predicate", "as_of": now.isoformat(), "certificate_type": code, "answer": said, "reason": reason}


def _whether(subject: Subject | None, outcomes: Collection[tuple[Outcome, str]]) -> tuple[str, str]:
    """Answer by what was found alone: pairs of a verdict and whose certificate it is of."""
    if subject is None:
        return "unknown", "subject_not_known"
    if subject.ended_on is not None:
        return "unknown", "subject_ended"
    if (Outcome.VALID, subject.holder) in outcomes:
        return "yes", "good"
    found = {outcome for outcome, _ in outcomes}
    if Outcome.VALID in found:
        return "unknown", "of_another_holder"
    return ("unknown", "state_unknown") if Outcome.UNKNOWN in found else ("no", "none_good")


def look_up_certificate(
    rows: ScanRows, *, surroundings: Surroundings, now: datetime, at: date | None = None
) -> dict[str, Any]:
    """Return everything public about one certificate version, with its named checks and history.

    With `at`, a day not after today, also what it was worth on that day (`hub/decisions/history.py`).
    """
    head: Head = orjson.loads(rows.head)
    body = orjson.loads(rows.detail or b"{}")
    licence = head_licence_state(head, now)
    verdict = judge(facts_of(body, licence, surroundings), surface=Surface.SCAN, now=now)
    kind = surroundings.catalogue.get(body["type"], body["type_version"])
    newest = surroundings.catalogue.get(body["type"])
    labels = {field.name: (field.label_zh, field.label_en) for field in kind.fields}
    shown = [
        {"name": name, "zh": labels[name][0], "en": labels[name][1], "value": value}
        for name, value in body["fields"].items()
    ]
    hidden = ("serial", "slot", "fields", "seal", "past")
    then = {"at": answer_at(body, head, at, surroundings=surroundings, now=now)} if at else {}
    told = public_changes(body["changes"], civil_date(now))
    if len(told) < len(body["changes"]) and body["status"] == Status.VALID:
        # The day of the reinstatement would tell of the penalty that it followed.
        body["status_since"] = body["works_from"]
    body["changes"] = told
    return {
        "kind": "certificate",
        "mode": surroundings.mode,
        "as_of": now.isoformat(),
        "holder": _holder(head, licence, surroundings, NOTHING),
        "certificate": {name: value for name, value in body.items() if name not in hidden}
        | {"name_zh": kind.name_zh, "name_en": kind.name_en, "document_kind": str(kind.kind), "shown_fields": shown}
        | _source(body, surroundings)
        | {"seal_key_id": body["seal"]},
        "verdict": answer_verdict(verdict),
        "checks": [answer_check(check) for check in verdict.checks],
        **({"type_note": _type_note(newest)} if newest.replaced else {}),
    } | then


def _answer_line(line: Line, licence: LicenceState, surroundings: Surroundings, now: datetime) -> dict[str, Any]:
    verdict = verdict_of_line(line, licence, surroundings, now)
    kind = surroundings.catalogue.get(line["type"], line["type_version"])
    begins = begins_on(line).isoformat()
    # The line was parsed for this answer alone, so it becomes the answer. A licence's past is not told by its line: the
    # public may not be told of all of it any more.
    for name in _NOT_TOLD:
        line.pop(name, None)
    if line["status"] == Status.VALID:
        # Nor since when it is valid again: what was before may be told no more.
        line["status_since"] = begins
    line["name_zh"], line["name_en"] = kind.name_zh, kind.name_en
    line.update(_source(line, surroundings))
    line["verdict"] = verdict
    return line


def _type_note(kind: CertificateType) -> dict[str, str]:
    """Say that a type is not required any more, or is a filing now, and since when."""
    replaced = kind.replaced
    return {"zh": replaced.zh, "en": replaced.en, "since": replaced.from_on.isoformat()} if replaced else {}


def _absent(held: Mapping[str, Any], surroundings: Surroundings) -> dict[str, Any]:
    """Return the types that are held completely, of which this holder has none, and since when they are."""
    absent = [
        _named_type(code, surroundings) | {"since": day.isoformat()}
        for code, day in sorted(surroundings.complete.items())
        if code not in held
    ]
    return {"absent": absent} if absent else {}


def _summary(held: Mapping[str, Sequence[int]], surroundings: Surroundings) -> list[dict[str, Any]]:
    return [
        _named_type(code, surroundings) | {"all": counts[0], "ended": counts[1], "suspended": counts[2]}
        for code, counts in sorted(held.items(), key=lambda each: (-each[1][1] - each[1][2], each[0]))
    ]


def _named_type(code: str, surroundings: Surroundings) -> dict[str, Any]:
    kind = surroundings.catalogue.get(code)
    return {"type": code, "name_zh": kind.name_zh, "name_en": kind.name_en}


def _arrival(predecessor: Head, head: Head, today: date) -> dict[str, Any]:
    """Say whose code was scanned, and by what and since when this enterprise stands in its place."""
    bond = next(
        each
        for each in predecessor["relations"]
        if (each["from"], each["to"]) == (predecessor["licence_number"], head["licence_number"]) and stands(each, today)
    )
    names = {name: predecessor[name] for name in ("licence_number", "name", "reference")}
    return names | {"kind": bond["kind"], "works_from": bond["works_from"]}


def successors_of(head: Head, today: date) -> list[str]:
    """Return the licence numbers of those who took this enterprise's place, if it is no more."""
    if "relations" not in head or not is_succeeded(head, today):
        return []
    own = [each for each in head["relations"] if each["from"] == head["licence_number"] and each["kind"] != "branch"]
    return [each["to"] for each in own if stands(each, today)]


def _subject(subject: Subject) -> dict[str, Any]:
    return {name: getattr(subject, name) for name in ("subject_id", "kind", "reference", "name", "address", "ended_on")}


def _relation(relation: Mapping[str, Any], heads: Mapping[str, Head]) -> dict[str, Any]:
    """Return a relation with the names both have today, as far as they are known here."""
    named = {
        end: {"name": heads[relation[end]]["name"], "reference": heads[relation[end]]["reference"]}
        for end in ("from", "to")
        if relation[end] in heads
    }
    return {**relation, "named": named}


def _holder(head: Head, licence: LicenceState, surroundings: Surroundings, beside: Beside) -> dict[str, Any]:
    line = licence_of(head)
    return {
        "licence_number": head["licence_number"],
        "reference": head["reference"],
        "name": head["name"],
        "address": head["address"],
        "licence_state": licence.value,
        "licence_reference": line["reference"] if line else None,
        **{name: head[name] for name in ("former_names", "branches") if name in head},
        **({"relations": [_relation(each, beside.heads) for each in head["relations"]]} if "relations" in head else {}),
        "url": f"{surroundings.origin}/q/{head['reference']}",
    }


def _source(line: Line, surroundings: Surroundings) -> dict[str, str | None]:
    """Return where collected data come from and when that source was last seen; None for the hub's own."""
    source = surroundings.sources.get(line["source"] or "")
    if source is None:
        return _OWN_SOURCE
    seen_at = source.seen_at.isoformat() if source.seen_at else None
    return {"source_name": source.name_zh, "source_seen_at": seen_at}
