"""What a certificate was worth on a day gone by: as recorded then, and as its acts tell now; pure.

Two times meet here. An act works in law from a day, and the registry knew of it from a moment. "As recorded then" takes
what was known when that day ended in Shanghai; "as known now" takes everything, so a decision that reaches back counts.
A penalty the public is told of no more makes that time unknown, never valid.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

from hub.answers import LICENCE_TYPE, Body, Head, Line, is_succeeded, licence_of
from hub.facts import Surroundings, annotations_of, answer_verdict, facts_of
from hub.verification import judge, licence_state
from schemas.certificate import RESULTS, SHANGHAI, Status
from schemas.parties import LicenceState, needs_business_licence
from schemas.verdict import Check, CheckName, Result, Surface

Change = Mapping[str, Any]


def answer_at(
    body: Body, head: Head, on: date, *, told: Iterable[Change], surroundings: Surroundings, now: datetime
) -> dict[str, Any]:
    """Return both lines about a certificate on the day `on`, which is not after today.

    `told` are the changes the public is told of at `now`; `body` holds them all.
    """
    then = min(_end_of(on), now)
    public = [id(each) for each in told]
    lines = {
        name: _judged(body, head, on, known_by, public, surroundings)
        for name, known_by in (("recorded_then", then), ("known_now", now))
    }
    return {"on": on.isoformat(), **lines}


def _judged(
    body: Body, head: Head, on: date, known_by: datetime, public: list[int], surroundings: Surroundings
) -> dict[str, Any] | None:
    """Judge by what was known at a moment; None when nothing was: the certificate was not recorded yet."""
    if datetime.fromisoformat(body["sealed_at"]) > known_by:
        return None
    known = _as_known(body, known_by)
    last = _standing(known["changes"], on, known_by)
    licence = LicenceState.REGISTERED if body["type"] == LICENCE_TYPE else _licence(head, on, known_by)
    facts = facts_of(known, licence, surroundings)
    status = RESULTS[last["act"]] if last else Status.VALID
    since = date.fromisoformat(last["works_from"] if last else body["works_from"])
    until = date.fromisoformat(last["until"]) if last and last["until"] else None
    facts = replace(facts, status=status, status_since=since, suspended_until=until)
    if last is not None and id(last) not in public:
        silent = Check(CheckName.STATUS, Result.UNKNOWN, "history_not_public")
        facts = replace(facts, status_finding=silent)
    elif since > on:
        # It was made known before it was to work.
        facts = replace(facts, status_finding=Check(CheckName.STATUS, Result.FAILED, "not_yet_valid"))
    return answer_verdict(judge(facts, surface=Surface.SCAN, now=_end_of(on)))


def _as_known(line: Line, known_by: datetime) -> Line:
    """Return a body or line with the annotations that were known then, those lifted later still standing."""
    if "annotations" not in line:
        return line
    known = [each for each in line["annotations"] if datetime.fromisoformat(each["recorded_at"]) <= known_by]
    return {**line, "annotations": [_as_noted(each, known_by) for each in known]}


def _as_noted(annotation: Mapping[str, Any], known_by: datetime) -> Mapping[str, Any]:
    if "lifted_at" in annotation and datetime.fromisoformat(annotation["lifted_at"]) > known_by:
        return {name: value for name, value in annotation.items() if name not in ("lifted_at", "lifted_on")}
    return annotation


def _standing(changes: Iterable[Change], on: date, known_by: datetime) -> Change | None:
    """Return the change that made the status of that day, as known at that moment; None for none."""
    found = None
    for change in changes:
        known = datetime.fromisoformat(change["recorded_at"]) <= known_by
        undone = "undone_at" in change and datetime.fromisoformat(change["undone_at"]) <= known_by
        if change["act"] in RESULTS and known and not undone and date.fromisoformat(change["works_from"]) <= on:
            found = change
    return found


def _licence(head: Head, on: date, known_by: datetime) -> LicenceState:
    """Return the state of the holder's licence on that day, as far as its present version tells."""
    line, needed = licence_of(head), needs_business_licence(head["licence_number"])
    if line is None or date.fromisoformat(line["valid_from"]) > on:
        return LicenceState.NOT_RECORDED if needed else LicenceState.NOT_NEEDED
    known = _as_known(line, known_by)
    last = _standing(known.get("changes", ()), on, known_by)
    return licence_state(
        RESULTS[last["act"]] if last else Status.VALID,
        valid_to=date.fromisoformat(line["valid_to"]) if line["valid_to"] else None,
        needed=needed,
        today=on,
        annotations=annotations_of(known) if "annotations" in known else (),
        is_succeeded="relations" in head and is_succeeded(head, on),
    )


def _end_of(day: date) -> datetime:
    """Return the last moment of a day in Shanghai."""
    return datetime.combine(day, time(), SHANGHAI) + timedelta(days=1) - timedelta(microseconds=1)
