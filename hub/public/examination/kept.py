"""Kept answers (留存的结果): what a visitor saw, signed, in an address the visitor keeps; nothing of it is stored.

1 what a scan answered is drawn together: whose, of when, and the verdict of each certificate; public facts alone
2 it is signed by the key of signed answers; the token is the address
Reopening:
1 the signature is held against the keys of the trust list before a word of it is read
2 each certificate it names is judged now, by whoever looks it up (the door)
3 then and now stand side by side; a key that counts no more is told, and its "then" is only what a file says

A token is for good, unlike a signed answer: it says what was so at its moment, and nothing of today.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.errors import NotFoundError
from hub.public.examination.listed import ANSWERS_PURPOSE
from hub.public.examination.proof import prove_token
from schemas.catalogue import Catalogue, CertificateTypeUnknownError
from schemas.identifiers import ReferenceFormError, parse_reference
from schemas.tokens import KEPT_TYP
from schemas.verdict import Outcome, Result
from schemas.wording import OUTCOMES, REASONS
from signing.jws import json_bytes
from signing.trust import TrustList

LONGEST_TOKEN = 16_000
_KINDS = frozenset({"certificate", "enterprise"})
_MOST = 100


@dataclass(frozen=True, slots=True)
class KeptLine:
    """The verdict of one certificate as it was told: `type_code` names what it is, `reference` the version."""

    type_code: str
    outcome: str
    reason: str
    reference: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What a visitor kept. `total` counts the holder's certificates, of which `lines` are those that were shown.

    `doubt` is why its signature proves less than it did (a row of `schemas.wording.REASONS`), None where it proves all.
    """

    kind: str
    reference: str
    page: int | None
    licence_number: str
    name: str
    as_of: datetime
    total: int
    lines: tuple[KeptLine, ...]
    doubt: str | None


def kept_payload(answer: Mapping[str, Any], *, origin: str) -> bytes:
    """Return what is signed of a scan's answer, of `kind` "certificate" or "enterprise"; as short as it can be."""
    alone = answer["kind"] == "certificate"
    shown = [answer["certificate"] | {"verdict": answer["verdict"]}] if alone else answer["certificates"][:_MOST]
    said: dict[tuple[str, str, str], list[str]] = {}
    for each in shown:
        told = (each["type"], each["verdict"]["outcome"], each["verdict"]["reason"])
        said.setdefault(told, []).append(each["reference"])
    return json_bytes(
        {
            "v": 1,
            "iss": origin,
            "kind": answer["kind"],
            "ref": answer["certificate"]["reference"] if alone else answer["holder"]["reference"],
            "page": None if alone else answer["page"],
            "of": [answer["holder"]["licence_number"], answer["holder"]["name"]],
            "as_of": answer["as_of"],
            "total": 1 if alone else answer["total"],
            "said": [[*told, references] for told, references in said.items()],
        }
    )


def open_kept(token: str, *, trust: TrustList, now: datetime) -> Kept:
    """Return what a visitor kept; NotFoundError kept_not_genuine for what this hub never signed."""
    if len(token) > LONGEST_TOKEN:
        raise NotFoundError("kept_not_genuine")
    proof = prove_token(token, typ=KEPT_TYP, purpose=ANSWERS_PURPOSE, trust=trust, now=now)
    if proof.seal.result is not Result.PASSED:
        raise NotFoundError("kept_not_genuine")
    try:
        kept = read_kept(proof.payload, None if proof.trust.result is Result.PASSED else proof.trust.reason)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise NotFoundError("kept_not_genuine") from None
    if proof.payload["iss"] != trust.origin:
        raise NotFoundError("kept_not_genuine")
    return kept


def read_kept(said: Mapping[str, Any], doubt: str | None) -> Kept:
    if said["v"] != 1 or said["kind"] not in _KINDS:
        raise ReferenceFormError("kept")
    lines = [
        KeptLine(str(code), Outcome(outcome).value, str(reason), parse_reference(reference))
        for code, outcome, reason, references in said["said"]
        for reference in references
    ]
    licence_number, name = (str(each) for each in said["of"])
    as_of = datetime.fromisoformat(said["as_of"])
    return Kept(
        said["kind"], parse_reference(said["ref"]), said["page"], licence_number, name, as_of, int(said["total"]),
        tuple(lines), doubt,
    )  # fmt: skip


def tell_kept(
    kept: Kept, verdicts: Mapping[str, Mapping[str, Any]], *, name_now: str | None, catalogue: Catalogue, now: datetime
) -> dict[str, Any]:
    """Return then and now. `verdicts` are today's, as a scan tells them, by reference; what is missing was not read."""
    lines = [_line(each, verdicts.get(each.reference), catalogue) for each in kept.lines]
    return {
        "kind": kept.kind,
        "path": f"/{'c' if kept.kind == 'certificate' else 'q'}/{kept.reference}",
        "licence_number": kept.licence_number,
        "name": kept.name,
        "name_now": name_now if name_now != kept.name else None,
        "as_of": kept.as_of.isoformat(),
        "now": now.isoformat(),
        "lines": lines,
        "others": max(0, kept.total - len(lines)),
        "has_changed": any(each["is_same"] is False for each in lines),
        "doubt": kept.doubt,
    }


def _line(kept: KeptLine, today: Mapping[str, Any] | None, catalogue: Catalogue) -> dict[str, Any]:
    is_same = None if today is None else (today["outcome"], today["reason"]) == (kept.outcome, kept.reason)
    then: dict[str, Any] = {"outcome": kept.outcome} | _said(kept.outcome, kept.reason)
    told: dict[str, Any] = {"reference": kept.reference, "then": then, "now": today, "is_same": is_same}
    return told | _named(kept.type_code, catalogue)


def _said(outcome: str, reason: str) -> dict[str, str]:
    words, why = OUTCOMES[outcome], REASONS.get(reason)
    return {
        "zh": words.zh, "en": words.en, "reason_zh": why.zh if why else "", "reason_en": why.en if why else "",
    }  # fmt: skip


def _named(code: str, catalogue: Catalogue) -> dict[str, str]:
    try:
        kind = catalogue.get(code)
    except CertificateTypeUnknownError:
        return {"name_zh": code, "name_en": code}
    return {"name_zh": kind.name_zh, "name_en": kind.name_en}
