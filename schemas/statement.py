"""Statements: what a department's system signs to order an act, and how it is read.

A statement is a JWS (typ `yizhao-statement+jwt`) whose payload names the act, who orders it, for which hub, once.
Orders bind their content by a salted digest, so that the statement can be kept as evidence after the content is erased;
requests (pull, comparison) carry what is asked in the clear, as the request is the evidence.
Checked here: form. Whose key signed, audience, time and single use are checked by `hub/steps/orders/statements.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from schemas.canonical import canonical_digest

TYP = "yizhao-statement+jwt"
VERSION = 1
SALT_BYTES = 16


class Ordered(StrEnum):
    """The acts a statement can order."""

    ISSUE = "issue"
    CHANGE_STATUS = "change_status"
    IMPORT = "import"
    PULL = "pull"
    COMPARE = "compare"
    ENROL = "enrol"
    ENTITLE = "entitle"
    SHARE = "share"
    DOWNLOAD = "download"
    TAKE_IN = "take_in"
    ANNOTATE = "annotate"
    RELATE = "relate"
    REGISTER = "register"
    UNDO_IMPORT = "undo_import"
    ANSWER_TASK = "answer_task"
    ASK_CORRECTION = "ask_correction"
    ERASE = "erase"
    RETIRE = "retire"
    RENEW_KEY = "renew_key"
    PUT_ITEMS = "put_items"
    REDEEM = "redeem"
    REQUEST_GRANT = "request_grant"
    END_ALL = "end_all"
    WITNESS_GRANT = "witness_grant"
    READ_LEDGER = "read_ledger"
    DEFER = "defer"
    OBJECT = "object"
    OPEN_LINK = "open_link"
    PULL_BATCH = "pull_batch"
    CANCEL_BATCH = "cancel_batch"
    RESEAL = "reseal"
    SHARE_SHEET = "share_sheet"
    ANSWER_SHARE = "answer_share"
    ANSWER_REVIEW = "answer_review"
    ASK_PREDICATE = "ask_predicate"
    SIGN_IN = "sign_in"
    CORRECT_FIGURE = "correct_figure"


ENROLMENT_ACTS: Mapping[str, Ordered] = {
    "departments": Ordered.ENROL,
    "enterprises": Ordered.ENROL,
    "sources": Ordered.ENROL,
    "coverage": Ordered.ENROL,
    "issuing-bodies": Ordered.ENTITLE,
    "systems": Ordered.ENTITLE,
    "officers": Ordered.ENTITLE,
    "officer-codes": Ordered.ENTITLE,
    "licence-number-overrides": Ordered.ENTITLE,
}
"""What is enrolled, by which act: who gets a right or a key by it is entitled, which needs two persons' approval."""


class StatementFormError(ValueError):
    """The payload is not a statement of a version this hub reads."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A read statement. `issued_at` is in seconds since 1970 UTC; exactly one of content_digest, request is set."""

    act: Ordered
    audience: str
    system: str
    officer: str | None
    issued_at: int
    jti: str
    certificate_type: str | None
    issuing_body: str | None
    content_digest: str | None
    request: Mapping[str, Any] | None


def content_digest(content: Mapping[str, Any], salt: bytes) -> str:
    """Return what an order's statement binds: SHA-256 (hex) over a 128-bit salt and the content's canonical JSON."""
    return canonical_digest(content, salt=salt)


def statement_payload(
    *,
    act: Ordered,
    audience: str,
    system: str,
    officer: str | None,
    issued_at: int,
    jti: str,
    certificate_type: str | None = None,
    issuing_body: str | None = None,
    content_digest: str | None = None,
    request: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the payload a system signs; members that are None are left out."""
    members = {
        "v": VERSION,
        "act": str(act),
        "aud": audience,
        "iss": system,
        "officer": officer,
        "iat": issued_at,
        "jti": jti,
        "certificate_type": certificate_type,
        "issuing_body": issuing_body,
        "content_digest": content_digest,
        "request": dict(request) if request is not None else None,
    }
    return {name: value for name, value in members.items() if value is not None}


def read_statement(payload: object) -> Statement:
    """Read a statement's parsed payload; StatementFormError when a member is missing, unknown or of a wrong form."""
    if not isinstance(payload, dict) or payload.get("v") != VERSION:
        raise StatementFormError("not a statement of version 1")
    known = {"v", "act", "aud", "iss", "officer", "iat", "jti", "certificate_type", "issuing_body"}
    if unknown := payload.keys() - known - {"content_digest", "request"}:
        raise StatementFormError(f"unknown members: {len(unknown)}")
    try:
        act = Ordered(str(payload.get("act")))
    except ValueError:
        raise StatementFormError("unknown act") from None
    issued_at, request = payload.get("iat"), payload.get("request")
    if type(issued_at) is not int or not (request is None or isinstance(request, dict)):
        raise StatementFormError("iat or request of a wrong form")
    if (request is None) == ("content_digest" not in payload):
        raise StatementFormError("exactly one of content_digest and request is needed")
    return Statement(
        act=act,
        audience=_text(payload, "aud"),
        system=_text(payload, "iss"),
        officer=_optional(payload, "officer"),
        issued_at=issued_at,
        jti=_text(payload, "jti"),
        certificate_type=_optional(payload, "certificate_type"),
        issuing_body=_optional(payload, "issuing_body"),
        content_digest=_optional(payload, "content_digest"),
        request=request,
    )


def _text(payload: Mapping[str, Any], name: str) -> str:
    value = payload.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= 512 or not value.isprintable():
        raise StatementFormError(f"{name} is missing or of a wrong form")
    return value


def _optional(payload: Mapping[str, Any], name: str) -> str | None:
    return _text(payload, name) if name in payload else None
