"""What a certificate was worth on a day gone by: as recorded then, and as its acts tell now; pure.

Two times meet here. An act works in law from a day, and the registry knew of it from a moment. "As recorded then" takes
what was known when that day ended in Shanghai; "as known now" takes everything, so a decision that reaches back counts.
A penalty the public is told of no more, the permit's or its holder's licence's, makes that time unknown, never valid.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from hub.decisions.answers import Body, Head, Line, begins_on, is_succeeded, licence_of
from hub.decisions.facts import Surroundings, annotations_of, answer_verdict, facts_of
from hub.decisions.verification import judge, licence_state
from schemas.certificate import RESULTS, Act, Status, civil_date, last_moment_of
from schemas.parties import LicenceState, needs_business_licence
from schemas.verdict import Check, CheckName, Result, Surface

Change = Mapping[str, Any]

# What only says how a penalty went on is no more public than the penalty.
_AFTER_A_PENALTY = frozenset({"reinstate", "undo"})


def answer_at(body: Body, head: Head, on: date, *, surroundings: Surroundings, now: datetime) -> dict[str, Any]:
    """Return both lines about a certificate on the day `on`, which is not after today; `body` holds all its changes."""
    then = min(last_moment_of(on), now)
    lines = {
        name: _judged(body, head, on, known_by, civil_date(now), surroundings)
        for name, known_by in (("recorded_then", then), ("known_now", now))
    }
    return {"on": on.isoformat(), **lines}


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


def _judged(
    body: Body, head: Head, on: date, known_by: datetime, today: date, surroundings: Surroundings
) -> dict[str, Any] | None:
    """Judge by what was known at a moment; None when nothing was: the certificate was not recorded yet."""
    if datetime.fromisoformat(body["sealed_at"]) > known_by:
        return None
    known = _as_known(body, known_by)
    last = _standing(known["changes"], on, known_by)
    licence = _licence(head, on, known_by, today)
    facts = facts_of(known, licence or LicenceState.REGISTERED, surroundings)
    status = RESULTS[last["act"]] if last else Status.VALID
    since = min(date.fromisoformat(last["works_from"] if last else body["works_from"]), on)
    until = date.fromisoformat(last["until"]) if last and last["until"] else None
    facts = replace(facts, status=status, status_since=since, suspended_until=until)
    # Of a silent licence only what the permit's own status tells is left; one that was in force is in doubt.
    if _is_silent(known["changes"], last, today) or (licence is None and status is Status.VALID):
        silent = Check(CheckName.STATUS, Result.UNKNOWN, "history_not_public")
        facts = replace(facts, status_finding=silent)
    return answer_verdict(judge(facts, surface=Surface.SCAN, now=last_moment_of(on)))


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
        # What was a mistake was one from its first day, whatever day its void works from.
        works = change["act"] == Act.VOID or date.fromisoformat(change["works_from"]) <= on
        if change["act"] in RESULTS and known and not undone and works:
            found = change
    return found


def _is_silent(changes: Sequence[Change], last: Change | None, today: date) -> bool:
    """Say whether the public is told no more of the change that made a status."""
    return last is not None and not any(each is last for each in public_changes(changes, today))


def _licence(head: Head, on: date, known_by: datetime, today: date) -> LicenceState | None:
    """Return the state of the holder's licence on that day, by the version that governed it.

    None where the public is told no more of the change that made it.
    """
    line = licence_of(head)
    governing = _governing(line, on, known_by) if line else None
    last = _standing(governing.get("changes", ()), on, known_by) if governing else None
    if governing and _is_silent(governing.get("changes", ()), last, today):
        return None
    known = _as_known(line, known_by) if line else {}
    return licence_state(
        None if governing is None else RESULTS[last["act"]] if last else Status.VALID,
        valid_to=date.fromisoformat(governing["valid_to"]) if governing and governing["valid_to"] else None,
        needed=needs_business_licence(head["licence_number"]),
        today=on,
        annotations=annotations_of(known) if "annotations" in known else (),
        is_succeeded="relations" in head and is_succeeded(head, on, known_by),
    )


def _governing(line: Line, on: date, known_by: datetime) -> Mapping[str, Any] | None:
    """Return the version of a licence that governed a day, of those known at a moment: the last that had begun."""
    versions = sorted([*line.get("past", ()), line], key=lambda each: int(each.get("version", 0)))
    begun = [each for each in versions if _is_known(each, known_by) and begins_on(each) <= on]
    return begun[-1] if begun else None


def _is_known(version: Mapping[str, Any], known_by: datetime) -> bool:
    """Say whether a version was recorded by that moment, and not yet found to be a mistake."""
    if "sealed_at" in version and datetime.fromisoformat(version["sealed_at"]) > known_by:
        return False
    changes = version.get("changes", ())
    return not any(
        each["act"] == Act.VOID and datetime.fromisoformat(each["recorded_at"]) <= known_by for each in changes
    )
