"""Problems: a row for every code the hub can raise, no row nobody raises, and documents that never tell a value."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

import connectors.errors
import hub.errors
import schemas
import signing.errors
from hub.errors import AccessError, NotFoundError, OrderError, PullError
from hub.web import problems
from hub.web.pages import Pages
from hub.web.problem_table import PROBLEMS, RULES
from schemas.catalogue import CertificateTypeUnknownError, FieldProblem, FieldsError
from schemas.certificate import Act, ChangeNotAllowedError, Status
from schemas.exchange import RequestFormError
from schemas.identifiers import LicenceNumberCheckError, LicenceNumberFormError
from signing.errors import EnvelopeError, KeyFileError, MalformedTokenError, RateCapError
from tests.web import shown

_ROOT = Path(hub.errors.__file__).parent
_SECRET = "张示例的身份证号"
# Not a code, but what is compared with where one of two codes is chosen.
_NO_CODES = {"proof"}


def _trees() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(_ROOT.rglob("*.py")):
        if "cli" not in path.parts and path.name not in ("problem_table.py",):
            yield str(path), ast.parse(path.read_text(encoding="utf-8"))


def _kinds(nodes: list[ast.AST]) -> set[str]:
    """Return the names of HubError and of every class of the hub that derives from it."""
    classes, found = [node for node in nodes if isinstance(node, ast.ClassDef)], {"HubError"}
    for _ in range(3):
        found |= {
            node.name for node in classes if {base.id for base in node.bases if isinstance(base, ast.Name)} & found
        }
    return found


def _raised() -> set[str]:
    """Return every literal in the first argument of an error of the hub, or by which the scan door refuses."""
    nodes = [node for _, tree in _trees() for node in ast.walk(tree)]
    kinds, calls = _kinds(nodes), [node for node in nodes if isinstance(node, ast.Call) and node.args]
    named = [node.args[0] for node in calls if _name(node.func) in kinds or _name(node.func) == "_refuse"]
    return {
        each.value
        for argument in named
        for each in ast.walk(argument)
        if isinstance(each, ast.Constant) and isinstance(each.value, str)
    } - _NO_CODES


def _reasons() -> set[str]:
    """Return every refusal the decision about a pull can give: what is returned, or stands second in a pair."""
    tree = ast.parse((_ROOT / "decisions" / "authorisation.py").read_text(encoding="utf-8"))
    returned = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return) and node.value]
    paired = [node.elts[1] for node in ast.walk(tree) if isinstance(node, ast.Tuple) and len(node.elts) == 2]
    constants = [each for node in returned + paired for each in ast.walk(node) if isinstance(each, ast.Constant)]
    return {each.value for each in constants if isinstance(each.value, str)} - {"allowed"}


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def test_the_reasons_of_refused_pulls_are_found() -> None:
    assert {"role_missing", "grant_used_up", "rule_unknown", "case_number_form", "field_not_covered"} <= _reasons()


def test_every_code_that_is_raised_has_a_row() -> None:
    assert (_raised() | _reasons() | set(problems.CODES.values())) - set(PROBLEMS) == set()


def test_every_row_is_used_somewhere() -> None:
    texts = {
        node.value
        for _, tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert set(PROBLEMS) - texts == set()


@pytest.mark.parametrize("code", sorted(PROBLEMS))
def test_a_row_speaks_both_languages_and_names_the_next_step(code: str) -> None:
    row = PROBLEMS[code]
    assert 400 <= row.status < 600
    assert all(re.search(r"[\u4e00-\u9fff]", text) and text.endswith("。") for text in (row.zh, row.next_zh))
    assert all(text.isascii() and text.endswith(".") for text in (row.en, row.next_en))


def test_every_rule_a_member_can_break_has_words() -> None:
    sources = [tree for _, tree in _trees()]
    sources += [ast.parse(path.read_text(encoding="utf-8")) for path in Path(str(schemas.__path__[0])).glob("*.py")]
    calls = [node for tree in sources for node in ast.walk(tree) if isinstance(node, ast.Call)]
    spoken = {
        node.args[1].value
        for node in calls
        if _name(node.func) in ("FieldProblem", "problem") and len(node.args) == 2
        if isinstance(node.args[1], ast.Constant)
    }
    assert spoken - set(RULES) == set()


def test_every_error_of_the_lower_layers_is_answered() -> None:
    found = set(_errors(signing.errors)) | set(_errors(connectors.errors))
    assert all(any(issubclass(error, known) for known in problems.CODES) for error in found)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (lambda: OrderError("number_taken", certificate_type="x"), 409, "number_taken"),
        (lambda: NotFoundError("certificate_not_found"), 404, "certificate_not_found"),
        (lambda: PullError("grant_used_up", decision="abc"), 403, "grant_used_up"),
        (lambda: CertificateTypeUnknownError(_SECRET), 422, "type_unknown"),
        (lambda: ChangeNotAllowedError(Status.CANCELLED, Act.SUSPEND), 409, "transition_not_allowed"),
        (lambda: RequestFormError("wanted"), 422, "request_form"),
        (lambda: LicenceNumberFormError(_SECRET), 422, "licence_number_form"),
        (lambda: LicenceNumberCheckError(18), 422, "licence_number_check"),
        (lambda: MalformedTokenError(_SECRET), 400, "object_malformed"),
        (lambda: KeyFileError(_SECRET), 503, "sealing_failed"),
        (lambda: RateCapError(_SECRET), 503, "seal_rate_cap"),
        (lambda: EnvelopeError(_SECRET), 500, "internal"),
        (lambda: OperationalError(_SECRET, {}, Exception(_SECRET)), 503, "database_unavailable"),
        (lambda: PoolTimeoutError(_SECRET), 503, "database_unavailable"),
        (lambda: IntegrityError(_SECRET, {}, Exception(_SECRET)), 500, "internal"),
        (lambda: ZeroDivisionError(_SECRET), 500, "internal"),
        (lambda: OrderError("a_code_without_a_row", name=_SECRET), 500, "internal"),
        (lambda: connectors.errors.TabularCutError("quote", 3), 400, "object_malformed"),
    ],
)
async def test_an_error_becomes_a_document_without_its_text(
    error: Callable[[], Exception], status: int, code: str
) -> None:
    response = await _call(error)
    document = response.json()
    assert (response.status_code, document["status"], document["code"]) == (status, status, code)
    assert response.headers["content-type"] == "application/problem+json"
    assert document["type"] == f"urn:yizhao:problem:{code}"
    assert {"title", "title_en", "next_step", "next_step_en", "trace_id"} <= document.keys()
    assert _SECRET not in response.text


@pytest.mark.anyio
async def test_wrong_fields_are_named_with_rule_and_words_only() -> None:
    response = await _call(lambda: FieldsError((FieldProblem("holder_name", "missing"),)))
    assert response.status_code == 422
    assert response.json()["problems"] == [
        {"member": "holder_name", "rule": "missing", "rule_zh": "必填", "rule_en": "it is missing"}
    ]


@pytest.mark.anyio
async def test_a_fact_never_replaces_a_member_of_the_document() -> None:
    document = (
        await _call(lambda: OrderError("transition_not_allowed", status="voided", code="x", act="suspend"))
    ).json()
    assert (document["status"], document["code"]) == (409, "transition_not_allowed")
    assert (document["certificate_status"], document["act"]) == ("voided", "suspend")


@pytest.mark.anyio
async def test_a_request_of_wrong_form_names_places_and_never_repeats_what_was_sent() -> None:
    response = await _send("GET", f"/count?n={_SECRET}")
    assert response.json()["code"] == "request_form"
    assert response.json()["problems"][0]["member"] == "query.n"
    assert _SECRET not in response.text
    assert "input" not in response.text


@pytest.mark.anyio
async def test_refused_access_carries_a_challenge() -> None:
    missing = await _call(lambda: AccessError("token_missing"))
    wrong = await _call(lambda: AccessError("invalid_dpop_proof"))
    inactive = await _call(lambda: AccessError("invalid_client"))
    assert (missing.status_code, missing.headers["www-authenticate"]) == (401, 'DPoP algs="ES256 Ed25519"')
    assert wrong.headers["www-authenticate"].endswith('error="invalid_dpop_proof"')
    assert inactive.headers["www-authenticate"].endswith('error="invalid_token"')


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("raised", "error", "status"),
    [
        ("invalid_client", "invalid_client", 401),
        ("invalid_dpop_proof", "invalid_dpop_proof", 400),
        ("unsupported_grant_type", "unsupported_grant_type", 400),
        ("body_malformed", "invalid_request", 400),
    ],
)
async def test_the_token_door_speaks_oauth_too(raised: str, error: str, status: int) -> None:
    response = await _call(lambda: AccessError(raised), path="/oauth/token")
    assert (response.status_code, response.json()["error"], response.json()["code"]) == (status, error, raised)


@pytest.mark.anyio
async def test_paths_and_methods_nobody_serves_are_problems_too() -> None:
    missing, wrong = await _send("GET", "/nothing"), await _send("DELETE", "/count?n=1")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json()["code"], wrong.headers["allow"]) == (405, "method_not_allowed", "GET")


@pytest.mark.anyio
async def test_a_person_gets_a_page_and_a_machine_a_document() -> None:
    page = await _send("GET", "/nothing?lang=en", accept="text/html,*/*")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "There is no such page or door." in page.text
    assert (await _send("GET", "/nothing", accept="*/*")).json()["code"] == "not_found"


def test_the_last_word_on_a_failure_has_a_trace_id_and_no_detail() -> None:
    status, body = problems.failure("0123456789abcdef")
    document = orjson.loads(body)
    assert (status, document["code"], document["trace_id"]) == (500, "internal", "0123456789abcdef")


def test_the_scan_door_gets_a_document_where_no_page_is_asked_for() -> None:
    status, media, body = problems.show("too_many_requests", "jwt", "en", "abc", render=_PAGES.render)
    assert (status, media) == (429, b"application/problem+json")
    assert orjson.loads(body)["title_en"] == "Too many requests from this address."


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


_PAGES = Pages("test", shown.ORIGIN)


def _errors(module: Any) -> Iterator[type[Exception]]:
    for name in dir(module):
        found = getattr(module, name)
        if isinstance(found, type) and issubclass(found, Exception):
            yield found


async def _call(error: Callable[[], Exception], path: str = "/fail") -> httpx.Response:
    return await _send("GET", path, error=error)


async def _send(
    method: str, path: str, *, accept: str = "application/json", error: Callable[[], Exception] | None = None
) -> httpx.Response:
    app = FastAPI()
    problems.register(app, _PAGES.render)

    async def fail() -> None:
        raise (error or ZeroDivisionError)()

    async def count(n: int) -> int:
        return n

    app.add_api_route("/fail", fail)
    app.add_api_route("/oauth/token", fail)
    app.add_api_route("/count", count)
    transport = ASGITransport(app, raise_app_exceptions=False)
    async with AsyncClient(transport=transport, base_url=shown.ORIGIN, headers={"accept": accept}) as client:
        return await client.request(method, path)
