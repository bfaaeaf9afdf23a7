"""Approvals: what two persons of different duties each sign before a change of rights counts, and which needs it.

An approval is a JWS (typ `yizhao-approval+jwt`) by the officer's own key over the change, for which hub, who signs in
which duty, and the digest of what is changed: of an order the salted digest that its statement binds too, of a local
act the digest of the very bytes that are signed or admitted. A system's statement is none: a person signs.
Checked here: form. Whose key signed, audience, time, duty and single use are checked by
`hub/steps/orders/approvals.py`.

Duties are those of 三员分立: whoever runs the system proposes and whoever guards it agrees; the auditor, who watches
both, changes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any, Protocol, TypeVar

from schemas.parties import Duty

TYP = "yizhao-approval+jwt"
VERSION = 1
DIGEST_CHARACTERS = 64
_LONGEST = 128


class Change(StrEnum):
    """The changes that need two persons: acts that a statement orders, and local acts of the site (`LOCAL`)."""

    ENTITLE = "entitle"
    SHARE = "share"
    SHARE_SHEET = "share_sheet"
    TRUST_LIST = "trust_list"
    ADMIT_TYPE = "admit_type"
    RECOVER = "recover"
    SETTLE = "settle"


LOCAL = frozenset({Change.TRUST_LIST, Change.ADMIT_TYPE, Change.RECOVER, Change.SETTLE})
"""Changes that no statement orders: they are made beside the hub, by whoever runs the site."""


_OPERATING = frozenset({Duty.SYSTEM, Duty.SECURITY})

DUTIES_NEEDED: Mapping[Change, frozenset[Duty]] = {
    # Systems (roles, keys), issuing bodies (competences, delegations), officers (duties, keys), admitted wrong numbers.
    Change.ENTITLE: _OPERATING,
    Change.SHARE: _OPERATING,
    # Many lines at once, by the digest of what they change.
    Change.SHARE_SHEET: _OPERATING,
    # The list with seal keys, hub keys and anchors, signed by the root.
    Change.TRUST_LIST: _OPERATING,
    # A version of a certificate type that a release brings: its fields, their classes, who is competent.
    Change.ADMIT_TYPE: _OPERATING,
    # What a store that was rolled back has lost is given up and another log begins; verdicts are told again after that.
    Change.RECOVER: _OPERATING,
    Change.SETTLE: _OPERATING,
}
"""The one table of which change needs which two duties: two persons, each of another of these.

What stands in no row needs no second person, and why: departments, enterprises, sources and coverage (`enrol`) give
nobody a right, a name or a key, and are told by their entry; a system's next key (`renew_key`) is ordered with its
present one and certified by an authority of the trust list; service items (`put_items`) say what is asked for, and a
rule of the sharing table what may be had.
"""


class ApprovalFormError(ValueError):
    """The payload is not an approval of a version this hub reads."""


@dataclass(frozen=True, slots=True)
class Approval:
    """A read approval. `issued_at` is in seconds since 1970 UTC; `content_digest` is SHA-256 in hex."""

    change: Change
    audience: str
    officer: str
    duty: Duty
    issued_at: int
    jti: str
    content_digest: str


class HasDuty(Protocol):
    """A person with a number and a duty, wherever his key lies."""

    @property
    def number(self) -> str: ...
    @property
    def duty(self) -> Duty: ...


Person = TypeVar("Person", bound=HasDuty)


def one_of_each(persons: Iterable[Person], change: Change, *, without: str | None = None) -> list[Person]:
    """Return one person for each duty a change needs: the last by number, but never the one it is about."""
    by_duty = {each.duty: each for each in sorted(persons, key=lambda each: each.number) if each.number != without}
    return [by_duty[duty] for duty in sorted(DUTIES_NEEDED[change]) if duty in by_duty]


def recovery_order(log: int, note: str, lost: Mapping[int, bytes]) -> dict[str, Any]:
    """Return what two persons sign: which log begins, after which checkpoint, and the lost leaves by their places."""
    leaves = sha256(b"".join(place.to_bytes(8) + content for place, content in sorted(lost.items())))
    checkpoint = sha256(note.encode()).hexdigest()
    return {"opens_log": log, "checkpoint_sha256": checkpoint, "lost": len(lost), "lost_sha256": leaves.hexdigest()}


def settlement_order(log: int, report_sha256: str) -> dict[str, Any]:
    """Return what two persons sign: what the recovery that opened this log has lost, by its report, is settled."""
    return {"settles_log": log, "report_sha256": report_sha256}


def approval_payload(approval: Approval) -> dict[str, Any]:
    """Return the payload an officer signs."""
    return {
        "v": VERSION,
        "act": str(approval.change),
        "aud": approval.audience,
        "officer": approval.officer,
        "duty": str(approval.duty),
        "iat": approval.issued_at,
        "jti": approval.jti,
        "content_digest": approval.content_digest,
    }


def read_approval(payload: object) -> Approval:
    """Read an approval's parsed payload; ApprovalFormError when a member is missing, unknown or of a wrong form."""
    if not isinstance(payload, dict) or payload.get("v") != VERSION:
        raise ApprovalFormError("not an approval of version 1")
    if payload.keys() != {"v", "act", "aud", "officer", "duty", "iat", "jti", "content_digest"}:
        raise ApprovalFormError("members are missing or unknown")
    if type(payload["iat"]) is not int:
        raise ApprovalFormError("iat of a wrong form")
    digest = _text(payload, "content_digest")
    if len(digest) != DIGEST_CHARACTERS or not set(digest) <= set("0123456789abcdef"):
        raise ApprovalFormError("content_digest of a wrong form")
    try:
        change, duty = Change(_text(payload, "act")), Duty(_text(payload, "duty"))
    except ValueError:
        raise ApprovalFormError("unknown act or duty") from None
    return Approval(
        change, _text(payload, "aud"), _text(payload, "officer"), duty, payload["iat"], _text(payload, "jti"), digest
    )


def _text(payload: Mapping[str, Any], name: str) -> str:
    value = payload[name]
    if not isinstance(value, str) or not 1 <= len(value) <= _LONGEST or not value.isprintable():
        raise ApprovalFormError(f"{name} of a wrong form")
    return value
