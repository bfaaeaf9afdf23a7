"""Problems: every failure becomes an RFC 9457 document with a stable code, both languages, the next step, a trace id.

What is said stands in `hub/web/problem_table.py`; here errors are turned into codes, and codes into answers. A document
never holds a value: errors carry names, rules and identifiers only. What has no row is a fault of ours: 500, no detail.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from connectors.errors import ConnectorError
from hub.errors import HubError
from hub.web.pages.language import chosen_language
from hub.web.problem_table import PROBLEMS, RULES
from schemas.canonical import CanonicalFormError
from schemas.catalogue import CertificateTypeUnknownError, FieldsError, NumberFormError, ValidityError
from schemas.certificate import ChangeNotAllowedError
from schemas.exchange import RequestFormError
from schemas.identifiers import (
    IdentifierCheckError,
    IdentifierFormError,
    LicenceNumberCheckError,
    LicenceNumberFormError,
    ReferenceFormError,
    RegistrationNumberError,
)
from schemas.plain_text import PlainTextError
from schemas.sentence import SentenceFormError, SentenceTextError
from schemas.statement import StatementFormError
from signing.errors import EnvelopeError, KeyFileError, RateCapError, SigningError

MEDIA = "application/problem+json"
_TOKEN_DOOR = "/oauth/token"  # noqa: S105
Facts = Mapping[str, Any]
Render = Callable[[str, Mapping[str, Any], str], bytes]

_TOKEN_ERRORS = frozenset({"unsupported_grant_type", "invalid_client", "invalid_dpop_proof"})
_LONGEST_FACT = 200
_SHOWN_WHOLE = ("problems", "receipt")
# Errors of `schemas` → code. Each names no value; what it does name is added by `_facts`.
CODES: Mapping[type[Exception], str] = {
    CertificateTypeUnknownError: "type_unknown",
    ChangeNotAllowedError: "transition_not_allowed",
    FieldsError: "fields_wrong",
    NumberFormError: "fields_wrong",
    ValidityError: "fields_wrong",
    PlainTextError: "fields_wrong",
    RequestFormError: "request_form",
    CanonicalFormError: "request_form",
    IdentifierFormError: "request_form",
    IdentifierCheckError: "request_form",
    ReferenceFormError: "reference_not_found",
    RegistrationNumberError: "licence_number_form",
    LicenceNumberFormError: "licence_number_form",
    LicenceNumberCheckError: "licence_number_check",
    SentenceFormError: "grant_form",
    SentenceTextError: "grant_text",
    StatementFormError: "statement_form",
    ConnectorError: "object_malformed",
    RateCapError: "seal_rate_cap",
    KeyFileError: "sealing_failed",
    EnvelopeError: "internal",
    SigningError: "object_malformed",
    PoolTimeoutError: "database_unavailable",
}


def register(app: FastAPI, render: Render | None = None) -> None:
    """Install what turns errors into problems; with `render`, people who ask for a page get one."""

    def answer(request: Request, code: str, facts: Facts, status: int | None = None) -> Response:
        return _answer(request, code, facts, status, render)

    def refused(request: Request, error: Exception) -> Response:
        found = cast(HubError, error)
        return answer(request, found.code, found.facts)

    def wrong(request: Request, error: Exception) -> Response:
        code = next(code for kind, code in CODES.items() if isinstance(error, kind))
        return answer(request, code, _facts(error))

    def failed_database(request: Request, error: Exception) -> Response:
        if isinstance(error, (DataError, IntegrityError, ProgrammingError)):
            raise error  # these are faults of ours, not of the database
        return answer(request, "database_unavailable", {})

    def misread(request: Request, error: Exception) -> Response:
        found = cast(RequestValidationError, error)
        return answer(request, "request_form", {"problems": list(_places(found.errors()))})

    def routed(request: Request, error: Exception) -> Response:
        found = cast(HTTPException, error)
        code = {404: "not_found", 405: "method_not_allowed"}.get(found.status_code, "request_form")
        response = answer(request, code, {}, found.status_code)
        response.headers.update(found.headers or {})
        return response

    def unexpected(request: Request, error: Exception) -> Response:
        return answer(request, "internal", {})

    app.add_exception_handler(HubError, refused)
    for kind in CODES:
        app.add_exception_handler(kind, wrong)
    app.add_exception_handler(DBAPIError, failed_database)
    app.add_exception_handler(RequestValidationError, misread)
    app.add_exception_handler(HTTPException, routed)
    app.add_exception_handler(Exception, unexpected)


def document(code: str, trace: str, facts: Facts = {}, status: int | None = None) -> dict[str, Any]:  # noqa: B006
    """Return the RFC 9457 document of a code; a code without a row becomes `internal`, with nothing added."""
    if code not in PROBLEMS:
        code, facts, status = "internal", {}, None
    row = PROBLEMS[code]
    made = {
        "type": f"urn:yizhao:problem:{code}",
        "title": row.zh,
        "title_en": row.en,
        "status": status or row.status,
        "code": code,
        "next_step": row.next_zh,
        "next_step_en": row.next_en,
        "trace_id": trace,
    }
    whole = {name: facts[name] for name in _SHOWN_WHOLE if name in facts}
    told = {_renamed(name): _shown(value) for name, value in facts.items() if value is not None}
    return told | whole | made


def document_of(error: Exception, trace: str) -> dict[str, Any]:
    """Return the RFC 9457 document of an error; one that is no refusal is raised again."""
    if isinstance(error, HubError):
        return document(error.code, trace, error.facts)
    code = next((code for kind, code in CODES.items() if isinstance(error, kind)), None)
    if code is None:
        raise error
    return document(code, trace, _facts(error))


def failure(trace: str) -> tuple[int, bytes]:
    """Return the last word on a failure nobody foresaw: its status and JSON document."""
    return PROBLEMS["internal"].status, orjson.dumps(document("internal", trace))


def show(
    code: str,
    shown: str,
    language: str,
    trace: str,
    *,
    render: Render | None = None,
    facts: Facts = {},  # noqa: B006
) -> tuple[int, bytes, bytes]:
    """Return a problem as status, media type and body; a page when `shown` is "page" and there is a `render`."""
    made = document(code, trace, facts)
    if shown == "page" and render is not None:
        return made["status"], b"text/html; charset=utf-8", render("problem", {"problem": made}, language)
    return made["status"], MEDIA.encode(), orjson.dumps(made)


def worded_problems(problems: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Return broken rules, given as (member, rule), with what each rule says."""
    return [{"member": member, "rule": rule, **_rule_words(rule)} for member, rule in problems]


def _answer(request: Request, code: str, facts: Facts, status: int | None, render: Render | None) -> Response:
    token_door = request.url.path == _TOKEN_DOOR
    if token_door and code == "invalid_dpop_proof":
        status = 400  # RFC 9449 section 5; everywhere else it is a 401 with a challenge (section 7.1)
    made = document(code, str(request.scope.get("trace", "")), facts, status)
    if token_door:
        made["error"] = made["code"] if made["code"] in _TOKEN_ERRORS else _token_error(made["status"])
    headers = {"cache-control": "no-store"}
    if made["status"] == 401:
        headers["www-authenticate"] = _challenge(made["code"])
    if made["status"] == 503:
        headers["retry-after"] = "5"
    if render is not None and "text/html" in request.headers.get("accept", ""):
        asked = request.query_params.get("lang", "")
        language = chosen_language(request.headers.get("accept-language", ""), asked)
        page = render("problem", {"problem": made}, language)
        return Response(page, made["status"], headers, "text/html; charset=utf-8")
    return Response(orjson.dumps(made), made["status"], headers, MEDIA)


def _token_error(status: int) -> str:
    """Return the code of RFC 6749 (5.2, 4.1.2.1) for what is not refused by a code of its own."""
    return "invalid_request" if status < 500 else "temporarily_unavailable"


def _challenge(code: str) -> str:
    algorithms = 'DPoP algs="ES256 Ed25519"'
    if code == "token_missing":
        return algorithms
    return f'{algorithms}, error="{"invalid_token" if code == "invalid_client" else code}"'


def _facts(error: Exception) -> dict[str, Any]:
    """Return what an error of `schemas` or `signing` may tell: members, rules, positions; never a value."""
    if isinstance(error, FieldsError):
        return {"problems": worded_problems((each.field, each.rule) for each in error.problems)}
    names = ("member", "rule", "reason", "position", "status", "act")
    return {name: getattr(error, name) for name in names if hasattr(error, name)}


def _places(errors: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, str]]:
    for each in errors:
        member = ".".join(str(part) for part in each["loc"])[:_LONGEST_FACT]
        yield {"member": member, "rule": each["type"], **_rule_words(each["type"])}


def _rule_words(rule: str) -> dict[str, str]:
    zh, en = RULES.get(rule, ("不符合要求", "it breaks a rule"))
    return {"rule_zh": zh, "rule_en": en}


def _renamed(name: str) -> str:
    # "status" is the document's own member; a certificate's gets its full name.
    return "certificate_status" if name == "status" else name


def _shown(value: object) -> object:
    return value if isinstance(value, (bool, int)) else str(value)[:_LONGEST_FACT]
