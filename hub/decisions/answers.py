"""Answers, composed by the act that changes them and judged when they are read; pure.

Three shapes, all JSON: a certificate's body (its public facts, history, neighbours), a holder's pages (at most 100
lines each, one line per chain, at a slot that never moves) and a holder's head (names, licence, page summaries). An act
rewrites one body, one page and the head. What would be empty is left out. Facts shared by many holders (a source's
last-seen time, the trust list) and whatever depends on the day are not in here: they are joined and judged when read.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import orjson

from schemas.annotation import RecordedAnnotation
from schemas.certificate import ENDED, Act, Certificate, RecordedChange, Status
from schemas.fields import COMMON_FIELDS
from schemas.identifiers import is_site_id
from schemas.order import UNNAMED_SUBJECT
from schemas.parties import ENDING_RELATIONS, Relation
from signing.base64url import decode

PAGE = 100
LICENCE_TYPE = "business_licence"

Line = dict[str, Any]
Body = dict[str, Any]
Head = dict[str, Any]
Past = dict[str, Any]

_LINE_MEMBERS = (
    *("serial", "reference", "identifier", "type", "type_version", "number", "issuing_body", "body_name"),
    *("decided_on", "valid_from", "valid_to", "status", "status_since", "until", "ends_by"),
    *("origin", "source", "seal", "subject", "trust_level"),
)
_LINE_MEMBERS_IF_ANY = ("annotations", "flags")
_LICENCE_MEMBERS = ("version", "works_from", "sealed_at")
_CLAIMS_IF_ANY = ("cause", "flags", "deferred_until", "joint_bodies", "authority", "address_is_home")
_CHANGE_MEMBERS = ("act", "works_from", "until", "recorded_at", "undone_at", "public_until", "repaired_on")
_KIN_MEMBERS = ("former_names", "relations", "branches")
_ENDING_RELATIONS = frozenset(kind.value for kind in ENDING_RELATIONS)
_ENDED_VALUES = frozenset(status.value for status in ENDED)


def disclosed_values(disclosures: Iterable[str]) -> dict[str, str]:
    """Return name → value of encoded disclosures that this hub made."""
    triples = (orjson.loads(decode(each)) for each in disclosures)
    return {name: value for _, name, value in triples}


def compose_certificate(
    certificate: Certificate,
    *,
    claims: Mapping[str, Any],
    public: Mapping[str, str],
    key_id: str,
    changes: Sequence[RecordedChange],
    previous: str | None,
    following: str | None,
    slot: int,
    suspension_ends: str,
    annotations: Sequence[RecordedAnnotation] = (),
    past: Sequence[Past] = (),
) -> Body:
    """Compose the answer about one version.

    `claims` are the sealed payload's, `public` its public disclosures, `previous` and `following` the references of the
    neighbouring versions, `past` what is told of a licence's other versions (`compose_past`).
    """
    fields = {name: value for name, value in public.items() if name not in COMMON_FIELDS}
    return {
        "serial": certificate.serial,
        "slot": slot,
        "reference": certificate.reference,
        "identifier": certificate.identifier,
        "licence_number": certificate.licence_number,
        "type": certificate.certificate_type,
        "type_version": certificate.type_version,
        "number": public.get("certificate_number", ""),
        "issuing_body": certificate.issuing_body,
        "body_name": public.get("issuing_body_name", ""),
        "holder_name": public.get("holder_name", ""),
        "holder_address": public.get("holder_address", ""),
        "decided_on": certificate.decided_on.isoformat(),
        "issued_on": claims["issued_on"],
        "works_from": claims["works_from"],
        "decision": claims["decision"],
        "valid_from": certificate.valid_from.isoformat(),
        "valid_to": certificate.valid_to.isoformat() if certificate.valid_to else None,
        "status": certificate.status,
        "status_since": certificate.status_since.isoformat(),
        "until": certificate.suspended_until.isoformat() if certificate.suspended_until else None,
        "ends_by": suspension_ends,
        "origin": claims["origin"]["kind"],
        "source": certificate.source,
        "trust_level": claims["trust_level"],
        "seal": key_id,
        "sealed_at": certificate.sealed_at.isoformat(),
        "subject": claims["subject"],
        "version": certificate.version,
        "payload_sha256": certificate.payload_sha256,
        "fields": fields,
        "changes": [_change(each, undone_at) for each, undone_at in _with_undoing(changes)],
        "previous": previous,
        "next": following,
        **{name: claims[name] for name in _CLAIMS_IF_ANY if name in claims},
        **({"annotations": [_annotation(each) for each in annotations]} if annotations else {}),
        **({"past": list(past)} if past else {}),
    }


def compose_past(certificate: Certificate, *, claims: Mapping[str, Any], changes: Sequence[RecordedChange]) -> Past:
    """Compose what a licence's other versions tell of days gone by."""
    return {
        "version": certificate.version,
        "works_from": claims["works_from"],
        "sealed_at": certificate.sealed_at.isoformat(),
        "valid_from": certificate.valid_from.isoformat(),
        "valid_to": certificate.valid_to.isoformat() if certificate.valid_to else None,
        "changes": [_brief(_change(each, undone_at)) for each, undone_at in _with_undoing(changes)],
    }


def line_of(body: Body) -> Line:
    """Return the line of a certificate on its holder's page; a business licence's tells its past too."""
    line = {name: body[name] for name in _LINE_MEMBERS}
    line |= {name: body[name] for name in _LINE_MEMBERS_IF_ANY if name in body}
    if body["works_from"] > body["valid_from"]:
        line["works_from"] = body["works_from"]
    if body["type"] == LICENCE_TYPE:
        # What its holder's permits were worth on a day gone by hangs on it.
        line |= {name: body[name] for name in _LICENCE_MEMBERS}
        line |= {"changes": [_brief(each) for each in body["changes"]]} if body["changes"] else {}
        line |= {"past": body["past"]} if "past" in body else {}
    line["slot"] = body["slot"]
    return line


def _brief(change: Mapping[str, Any]) -> dict[str, Any]:
    return {name: change[name] for name in _CHANGE_MEMBERS if name in change}


def is_about(line: Mapping[str, Any], subject_id: str) -> bool:
    """Say whether a certificate, by its line or body, is about a site or device, alone or among others."""
    return subject_id in line["subject"].get("ids", [line["subject"]["id"]])


def names_no_subject(line: Mapping[str, Any]) -> bool:
    """Say whether a certificate that has not ended tells what it is about in words, or not at all."""
    subject = line["subject"]
    is_named = is_site_id(subject["id"]) if subject["kind"] == "site" else subject["id"] != UNNAMED_SUBJECT
    return not is_named and line["status"] not in _ENDED_VALUES


def page_of(slot: int) -> int:
    """Return the page a slot is on."""
    return slot // PAGE


def put_line(lines: Sequence[Line], line: Line) -> list[Line]:
    """Return the page with the line at its slot, in slot order."""
    kept = [each for each in lines if each["slot"] != line["slot"]]
    return sorted([*kept, line], key=lambda each: int(each["slot"]))


def compose_head(
    *,
    licence_number: str,
    reference: str,
    name: str,
    address: str,
    pages: Mapping[int, Sequence[Line]],
    earlier: Head | None,
    kin: Mapping[str, Any] | None = None,
) -> Head:
    """Compose a holder's head from the pages that changed and, for the others, its earlier head.

    `kin` tells of former names and of other enterprises (`kin_of`); None where it is as it was.
    """
    summaries = {each["page"]: each for each in (earlier["pages"] if earlier else [])}
    licences = {each["slot"]: each for each in (earlier["licences"] if earlier else [])}
    if kin is None:
        kin = {name: earlier[name] for name in _KIN_MEMBERS if name in earlier} if earlier else {}
    for page, lines in pages.items():
        licences = {slot: line for slot, line in licences.items() if page_of(slot) != page}
        licences.update({line["slot"]: line for line in lines if line["type"] == LICENCE_TYPE})
        summaries.pop(page, None)
        if lines:
            summaries[page] = {
                "page": page,
                "lines": len(lines),
                "worst": min(map(_rank, lines)),
                "types": _types(lines),
            }
    ordered = sorted(summaries.values(), key=lambda each: (each["worst"], each["page"]))
    return {
        "licence_number": licence_number,
        "reference": reference,
        "name": name,
        "address": address,
        "licences": [licences[slot] for slot in sorted(licences)],
        "pages": ordered,
        "first_page": ordered[0]["page"] if ordered else 0,
        "certificates": sum(each["lines"] for each in ordered),
        **kin,
    }


def types_of(head: Head) -> dict[str, list[int]]:
    """Return for each type a holder has: how many certificates, and how many of them have ended or are suspended."""
    found: dict[str, list[int]] = {}
    for page in head["pages"]:
        for code, counts in page["types"].items():
            found[code] = [sum(pair) for pair in zip(found.get(code, (0, 0, 0)), counts, strict=True)]
    return found


def kin_of(former_names: Sequence[tuple[str, date]], relations: Sequence[Relation], *, branches: int) -> dict[str, Any]:
    """Compose what a head tells beside its certificates: names it had (with the day each ended), other enterprises.

    Branches are only counted: a bank has hundreds, and they are listed on a page of their own.
    """
    names = [{"name": name, "until": until_on.isoformat()} for name, until_on in former_names]
    related = [
        {
            "kind": each.kind,
            "from": each.from_number,
            "to": each.to_number,
            "works_from": each.works_from.isoformat(),
            "until": each.until_on.isoformat() if each.until_on else None,
            "recorded_at": each.recorded_at.isoformat(),
            **({"ended_at": each.ended_at.isoformat()} if each.ended_at else {}),
        }
        for each in relations
    ]
    members = {"former_names": names, "relations": related, "branches": branches}
    return {name: members[name] for name in _KIN_MEMBERS if members[name]}


def is_succeeded(head: Head, day: date, known_by: datetime | None = None) -> bool:
    """Say whether another enterprise took this one's place, by a relation after which it is no more.

    With `known_by`, as that was known at a moment.
    """
    return any(
        each["from"] == head["licence_number"] and each["kind"] in _ENDING_RELATIONS and stands(each, day, known_by)
        for each in head.get("relations", ())
    )


def stands(relation: Mapping[str, Any], day: date, known_by: datetime | None = None) -> bool:
    """Say whether a relation, as a head tells it, stands on a day; with `known_by`, as was known at a moment."""
    if day < date.fromisoformat(relation["works_from"]):
        return False
    if known_by is not None and datetime.fromisoformat(relation["recorded_at"]) > known_by:
        return False
    is_ended = known_by is None or "ended_at" not in relation or not _is_after(relation["ended_at"], known_by)
    return relation["until"] is None or not is_ended or day < date.fromisoformat(relation["until"])


def _is_after(moment: str, known_by: datetime) -> bool:
    return datetime.fromisoformat(moment) > known_by


def begins_on(line: Mapping[str, Any]) -> date:
    """Return the day from which a certificate counts: of its validity, or later where its decision says so."""
    return date.fromisoformat(max(line["valid_from"], line.get("works_from", "")))


def licence_of(head: Head) -> Line | None:
    """Return the line of the holder's business licence that counts: the newest in force, else the newest."""
    licences: list[Line] = head["licences"]
    in_force = [line for line in licences if line["status"] not in _ENDED_VALUES]
    counting = in_force or licences
    return counting[-1] if counting else None


def _types(lines: Sequence[Line]) -> dict[str, list[int]]:
    """Count a page's certificates by type: all, ended, suspended."""
    counts: dict[str, list[int]] = {}
    for line in lines:
        counted = counts.setdefault(line["type"], [0, 0, 0])
        counted[0] += 1
        if (rank := _rank(line)) < 2:
            counted[1 + rank] += 1
    return counts


def _rank(line: Line) -> int:
    if line["status"] in _ENDED_VALUES:
        return 0
    return 1 if line["status"] == Status.SUSPENDED else 2


def _with_undoing(changes: Sequence[RecordedChange]) -> list[tuple[RecordedChange, datetime | None]]:
    """Return each change with the moment it was undone."""
    recorded = {each.act_id: each.recorded_at for each in changes if each.act == Act.UNDO}
    return [(each, recorded.get(each.undone_by or "")) for each in changes]


def _change(change: RecordedChange, undone_at: datetime | None) -> dict[str, Any]:
    return {
        "act": change.act,
        "ground": change.ground if change.act != Act.SUPERSEDE else "",
        "document_name": change.document_name,
        "document_number": change.document_number,
        "document_date": change.document_date.isoformat(),
        "works_from": change.works_from.isoformat(),
        "until": change.until.isoformat() if change.until else None,
        "recorded_at": change.recorded_at.isoformat(),
        "issuing_body": change.issuing_body,
        **{name: getattr(change, name) for name in ("authority", "cause") if getattr(change, name)},
        **({"undone_at": undone_at.isoformat()} if undone_at else {}),
        **_days(public_until=change.public_until, repaired_on=change.repaired_on),
    }


def _annotation(annotation: RecordedAnnotation) -> dict[str, Any]:
    return {
        "kind": annotation.kind,
        "authority": annotation.authority,
        "authority_name": annotation.authority_name,
        "document_name": annotation.document_name,
        "document_number": annotation.document_number,
        "document_date": annotation.document_date.isoformat(),
        "from": annotation.from_on.isoformat(),
        "until": annotation.until_on.isoformat() if annotation.until_on else None,
        "recorded_at": annotation.recorded_at.isoformat(),
        "act_id": annotation.act_id,
        **_days(lifted_on=annotation.lifted_on),
        **({"lifted_at": annotation.lifted_at.isoformat()} if annotation.lifted_at else {}),
    }


def _days(**days: date | None) -> dict[str, str]:
    return {name: day.isoformat() for name, day in days.items() if day is not None}
