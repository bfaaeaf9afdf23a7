"""Looking up: what anybody who scans sees, judged now; it holds no key, writes nothing and asks no database.

1 the door reads the rows by key (`hub/store/scan.py`)
2 each certificate is judged by the one verdict, with the holder's licence as it stands in the same head
3 the answer is put together: public facts, verdicts in words, the moment it is true of
The door then shows it as a page, as JSON or as a signed answer. `as_of` is the moment the read began.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson

from hub.answers import LICENCE_TYPE, Head, Line, licence_of
from hub.store.scan import ScanRows
from hub.verification import judge, licence_state, passed
from schemas.catalogue import Catalogue
from schemas.certificate import Status, civil_date
from schemas.parties import LicenceState, needs_business_licence
from schemas.verdict import Check, CheckName, Facts, Outcome, Result, Surface, Verdict
from schemas.wording import OUTCOMES, REASONS
from signing.trust import TrustList

_ORDER = {Outcome.NOT_VALID: 0, Outcome.SUSPENDED: 1, Outcome.UNKNOWN: 2, Outcome.VALID: 3}
_COLLECTED = Check(CheckName.STATEMENT, Result.NOT_POSSIBLE, "collected")
_NO_RIGHT_NEEDED = Check(CheckName.RIGHT_TO_HOLD, Result.NOT_POSSIBLE)


@dataclass(frozen=True, slots=True)
class Source:
    """Where collected data come from: its name, when it was last seen, for how long that keeps it fresh."""

    name_zh: str
    seen_at: datetime | None
    fresh_for_seconds: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What many answers share and none stores: the trust list's word on each seal, the sources; at most 1 s old."""

    seals: Mapping[str, Check]
    sources: Mapping[str, Source]
    catalogue: Catalogue
    origin: str
    mode: str


def seal_standing(trust: TrustList | None, now: datetime) -> dict[str, Check]:
    """Return what the trust list says at `now` of every seal it names, by key id."""
    if trust is None:
        return {}
    keys = [(each.key_id, each.from_at, each.until_at, each.revoked_at) for each in trust.seals]
    keys += [(k.key_id, k.from_at, k.until_at, k.revoked_at) for k in trust.hub_keys if k.purpose == "collected"]
    return {key_id: _standing(until_at, revoked_at, now) for key_id, _, until_at, revoked_at in keys}


def look_up_enterprise(rows: ScanRows, *, surroundings: Surroundings, now: datetime) -> dict[str, Any]:
    """Return everything public about one enterprise: itself, its licence, a page of its certificates, worst first."""
    head: Head = orjson.loads(rows.head)
    lines: list[Line] = orjson.loads(rows.detail) if rows.detail else []
    licence = _licence(head, now)
    answered = [_answer_line(line, licence, surroundings, now) for line in lines]
    answered.sort(key=lambda each: (_ORDER[each["verdict"]["outcome"]], each["type"] != LICENCE_TYPE, each["slot"]))
    counts = {outcome.value: 0 for outcome in Outcome}
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
        "pages": [each["page"] for each in head["pages"]],
    }


def look_up_certificate(rows: ScanRows, *, surroundings: Surroundings, now: datetime) -> dict[str, Any]:
    """Return everything public about one certificate version, with its named checks and history."""
    head: Head = orjson.loads(rows.head)
    body = orjson.loads(rows.detail or b"{}")
    licence = _licence(head, now)
    verdict = judge(facts_of(body, licence, surroundings), surface=Surface.SCAN, now=now)
    kind = surroundings.catalogue.get(body["type"], body["type_version"])
    labels = {field.name: (field.label_zh, field.label_en) for field in kind.fields}
    shown = [
        {"name": name, "zh": labels[name][0], "en": labels[name][1], "value": value}
        for name, value in body["fields"].items()
    ]
    hidden = ("serial", "slot", "fields", "seal")
    return {
        "kind": "certificate",
        "mode": surroundings.mode,
        "as_of": now.isoformat(),
        "holder": _holder(head, licence, surroundings),
        "certificate": {name: value for name, value in body.items() if name not in hidden}
        | {"name_zh": kind.name_zh, "name_en": kind.name_en, "document_kind": str(kind.kind), "shown_fields": shown}
        | {"source_name": _source_name(body, surroundings), "seal_key_id": body["seal"]},
        "verdict": answer_verdict(verdict),
        "checks": [answer_check(check) for check in verdict.checks],
    }


def facts_of(line: Line, licence: LicenceState, surroundings: Surroundings) -> Facts:
    """Return what the registry knows of a certificate as composed, for the verdict."""
    collected = line["origin"] == "collected"
    source = surroundings.sources.get(line["source"] or "")
    until, valid_to = line["until"], line["valid_to"]
    return Facts(
        # The record was opened with the listed key when it was sealed, in the flow that committed it.
        seal=passed(CheckName.SEAL),
        trust=surroundings.seals.get(line["seal"], _UNLISTED),
        statement=_COLLECTED if collected else passed(CheckName.STATEMENT),
        right_to_hold=_NO_RIGHT_NEEDED,
        status=Status(line["status"]),
        status_since=date.fromisoformat(line["status_since"]),
        suspended_until=date.fromisoformat(until) if until else None,
        suspension_ends=line["ends_by"],
        valid_from=date.fromisoformat(line["valid_from"]),
        valid_to=date.fromisoformat(valid_to) if valid_to else None,
        # A business licence is judged by its own status and dates, not by itself a second time.
        licence=LicenceState.REGISTERED if line["type"] == LICENCE_TYPE else licence,
        collected=collected,
        seen_at=source.seen_at if source else None,
        fresh_for_seconds=source.fresh_for_seconds if source else None,
        status_as_of=None,
    )


def head_licence_state(head: Head, now: datetime) -> LicenceState:
    """Return the state of the holder's business licence as the head tells it."""
    return _licence(head, now)


def answer_verdict(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict in codes and words."""
    outcome, reason = OUTCOMES[verdict.outcome], REASONS[verdict.reason]
    return {
        "outcome": verdict.outcome.value,
        "reason": verdict.reason,
        "since": verdict.since.isoformat() if verdict.since else None,
        "zh": outcome.zh,
        "en": outcome.en,
        "reason_zh": reason.zh,
        "reason_en": reason.en,
    }


def answer_check(check: Check) -> dict[str, Any]:
    """Return a named check in codes."""
    return {"name": check.name.value, "result": check.result.value, "reason": check.reason}


def _answer_line(line: Line, licence: LicenceState, surroundings: Surroundings, now: datetime) -> dict[str, Any]:
    verdict = judge(facts_of(line, licence, surroundings), surface=Surface.SCAN, now=now)
    kind = surroundings.catalogue.get(line["type"], line["type_version"])
    answered = dict(line)
    for name in _HIDDEN:
        del answered[name]
    answered["name_zh"], answered["name_en"] = kind.name_zh, kind.name_en
    answered["source_name"] = _source_name(line, surroundings)
    answered["verdict"] = answer_verdict(verdict)
    return answered


def _holder(head: Head, licence: LicenceState, surroundings: Surroundings) -> dict[str, Any]:
    line = licence_of(head)
    return {
        "licence_number": head["licence_number"],
        "reference": head["reference"],
        "name": head["name"],
        "address": head["address"],
        "licence_state": licence.value,
        "licence_reference": line["reference"] if line else None,
        "url": f"{surroundings.origin}/q/{head['reference']}",
    }


def _licence(head: Head, now: datetime) -> LicenceState:
    line = licence_of(head)
    return licence_state(
        Status(line["status"]) if line else None,
        valid_to=date.fromisoformat(line["valid_to"]) if line and line["valid_to"] else None,
        needed=needs_business_licence(head["licence_number"]),
        today=civil_date(now),
    )


def _source_name(line: Line, surroundings: Surroundings) -> str | None:
    source = surroundings.sources.get(line["source"] or "")
    return source.name_zh if source else None


def _standing(until_at: datetime | None, revoked_at: datetime | None, now: datetime) -> Check:
    # Until a seal's time is proven by the log, an ended or revoked cert proves nothing about when it sealed.
    if revoked_at is not None and revoked_at <= now:
        return Check(CheckName.TRUST, Result.UNKNOWN, "seal_revoked")
    if until_at is not None and until_at <= now:
        return Check(CheckName.TRUST, Result.UNKNOWN, "seal_ended")
    return passed(CheckName.TRUST)


_UNLISTED = Check(CheckName.TRUST, Result.UNKNOWN, "trust_list_missing")
_HIDDEN = ("serial", "seal")
