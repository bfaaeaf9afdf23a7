"""The whole application at its doors: what departments do over HTTP, and whatever strangers send, never a 5xx."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest
import schemathesis
from hypothesis import given
from hypothesis import settings as bounded
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from sqlalchemy import func, select

from hub.client import Client, RefusedError
from hub.custody.installation import make_party_key
from hub.steps.orders.freshness import note_restored
from hub.store import tables
from hub.store.certificate import CertificateReader
from hub.web.callers import moment
from schemas.certificate import civil_date
from schemas.identifiers import make_licence_number
from schemas.statement import Ordered
from schemas.tokens import ASSERTION_TYPE
from signing.x509 import Purpose
from tests.flows.world import (
    HEALTH,
    MARKET,
    ORIGIN,
    OTHER_SHOP,
    change_content,
    food_order,
    licence_order,
    statutory_request,
)
from tests.web.served import Door, client_of, issue, share

NUL = "\u0000"
DEEP = b'{"a":' * 100_000
BODIES: dict[str, tuple[bytes, str, int, str]] = {
    "over 1 MB": (b'{"statement":"' + b"x" * 1_000_000 + b'"}', "application/json", 413, "body_too_long"),
    "100,000 deep": (DEEP, "application/json", 400, "body_malformed"),
    "100,000 deep in brackets": (b"[" * 100_000, "application/json", 400, "body_malformed"),
    "GB 18030": ('{"statement":"示例"}'.encode("gb18030"), "application/json", 400, "body_malformed"),
    "UTF-16": ('{"statement":"x"}'.encode("utf-16"), "application/json", 400, "body_malformed"),
    "with a member twice": (b'{"statement":"x","statement":"y"}', "application/json", 400, "body_malformed"),
    "with NaN": (b'{"statement":NaN}', "application/json", 400, "body_malformed"),
    "with half a character": (b'{"statement":"\\ud800"}', "application/json", 400, "body_malformed"),
    "cut in the middle": (b'{"statement":"x', "application/json", 400, "body_malformed"),
    "empty": (b"", "application/json", 400, "body_malformed"),
    "a list": (b"[]", "application/json", 422, "request_form"),
    "a number": (b"1", "application/json", 422, "request_form"),
    "without its members": (b"{}", "application/json", 422, "request_form"),
    "with a member nobody knows": (b'{"statement":"x","colour":"red"}', "application/json", 422, "request_form"),
    "of another media type": (b"<x/>", "application/xml", 415, "media_type"),
    "without a media type": (b"{}", "", 415, "media_type"),
}
OPERATIONS = [
    ("get", "/.well-known/jwks.json"),
    ("get", "/.well-known/oauth-authorization-server"),
    ("get", "/.well-known/yizhao-trust-list"),
    ("get", "/api/v1/archives/{identifier}"),
    ("get", "/api/v1/catalogue"),
    ("get", "/api/v1/changes"),
    ("get", "/api/v1/coverage"),
    ("get", "/api/v1/catalogue/{code}/{version}"),
    ("get", "/api/v1/certificates"),
    ("get", "/api/v1/delegations/{digest}"),
    ("get", "/api/v1/delegations/{digest}/withdrawal-draft"),
    ("get", "/api/v1/deliveries/{name}/archive"),
    ("get", "/api/v1/deliveries/{name}/copies/{identifier}"),
    ("get", "/api/v1/deliveries/{name}/evidence"),
    ("get", "/api/v1/downloads/{name}/archive"),
    ("get", "/api/v1/downloads/{name}/documents/{identifier}"),
    ("get", "/api/v1/figure-sheets/{period}"),
    ("get", "/api/v1/figures"),
    ("get", "/api/v1/grant-requests/{name}"),
    ("get", "/api/v1/grants/templates"),
    ("get", "/api/v1/grants/{digest}"),
    ("get", "/api/v1/grants/{digest}/withdrawal-draft"),
    ("get", "/api/v1/intakes/{name}"),
    ("get", "/api/v1/intakes/{name}/outcome"),
    ("get", "/api/v1/items"),
    ("get", "/api/v1/ledger-counts/{year}"),
    ("get", "/api/v1/ledgers/{name}/export"),
    ("get", "/api/v1/ledgers/{name}/lines"),
    ("get", "/api/v1/ledgers/{name}/objections"),
    ("get", "/api/v1/objections/{name}"),
    ("get", "/api/v1/notices"),
    ("get", "/api/v1/overdue-tasks"),
    ("get", "/api/v1/pull-reviews"),
    ("get", "/api/v1/sharing-reports/{year}"),
    ("get", "/api/v1/sharing-rules"),
    ("get", "/api/v1/sharing-sheets/{name}"),
    ("get", "/api/v1/pictures/{reference}"),
    ("get", "/api/v1/receipts/{act_id}"),
    ("get", "/api/v1/presentations/{digest}"),
    ("get", "/api/v1/presentations/{digest}/confirmation-draft"),
    ("get", "/api/v1/pull-batches/{name}"),
    ("get", "/api/v1/pull-batches/{name}/results"),
    ("get", "/log/checkpoint"),
    ("get", "/log/cosigned"),
    ("get", "/log/key"),
    ("get", "/log/proof/consistency"),
    ("get", "/log/proof/inclusion"),
    ("get", "/log/tile/{name}"),
    ("get", "/log/time"),
    ("get", "/log/{number}/checkpoint"),
    ("get", "/log/{number}/tile/{name}"),
    ("get", "/log/{number}/time"),
    ("get", "/status/{number}"),
    ("get", "/api/v1/visitor-reports/{name}"),
    ("post", "/api/v1/annotations"),
    ("post", "/api/v1/certificates"),
    ("post", "/api/v1/comparisons"),
    ("post", "/api/v1/correction-requests"),
    ("post", "/api/v1/coverage"),
    ("post", "/api/v1/delegation-confirmations"),
    ("post", "/api/v1/delegation-confirmations/drafts"),
    ("post", "/api/v1/delegations"),
    ("post", "/api/v1/delegations/drafts"),
    ("post", "/api/v1/delegations/{digest}/withdrawals"),
    ("post", "/api/v1/deferrals"),
    ("post", "/api/v1/departments"),
    ("post", "/api/v1/downloads"),
    ("post", "/api/v1/downloads/drafts"),
    ("post", "/api/v1/endings"),
    ("post", "/api/v1/endings/drafts"),
    ("post", "/api/v1/enterprises"),
    ("post", "/api/v1/erasures"),
    ("post", "/api/v1/existing-documents"),
    ("post", "/api/v1/figure-corrections"),
    ("post", "/api/v1/grant-links/drafts"),
    ("post", "/api/v1/grant-links/openings"),
    ("post", "/api/v1/grant-requests"),
    ("post", "/api/v1/grant-requests/askings"),
    ("post", "/api/v1/grant-requests/drafts"),
    ("post", "/api/v1/grant-requests/readings"),
    ("post", "/api/v1/grant-requests/refusals"),
    ("post", "/api/v1/grant-requests/signatures"),
    ("post", "/api/v1/grants"),
    ("post", "/api/v1/grants/drafts"),
    ("post", "/api/v1/grants/{digest}/withdrawals"),
    ("post", "/api/v1/intakes"),
    ("post", "/api/v1/intakes/{name}/undo"),
    ("post", "/api/v1/issuing-bodies"),
    ("post", "/api/v1/items"),
    ("post", "/api/v1/ledgers"),
    ("post", "/api/v1/ledgers/drafts"),
    ("post", "/api/v1/licence-number-overrides"),
    ("post", "/api/v1/objections"),
    ("post", "/api/v1/objections/drafts"),
    ("post", "/api/v1/officer-codes"),
    ("post", "/api/v1/officers"),
    ("post", "/api/v1/predicates"),
    ("post", "/api/v1/presentations"),
    ("post", "/api/v1/presentations/drafts"),
    ("post", "/api/v1/presentations/{digest}/confirmations"),
    ("post", "/api/v1/pull-batches"),
    ("post", "/api/v1/pull-batches/{name}/cancel"),
    ("post", "/api/v1/pulls"),
    ("post", "/api/v1/redemptions"),
    ("post", "/api/v1/relations"),
    ("post", "/api/v1/references"),
    ("post", "/api/v1/resealings"),
    ("post", "/api/v1/review-answers"),
    ("post", "/api/v1/sandbox/systems"),
    ("post", "/api/v1/sharing-answers"),
    ("post", "/api/v1/sharing-rules"),
    ("post", "/api/v1/sharing-sheets"),
    ("post", "/api/v1/sources"),
    ("post", "/api/v1/status-changes"),
    ("post", "/api/v1/subjects"),
    ("post", "/api/v1/system-keys"),
    ("post", "/api/v1/systems"),
    ("post", "/api/v1/task-answers"),
    ("post", "/api/v1/verifications"),
    ("post", "/api/v1/window-endings"),
    ("post", "/api/v1/window-grants"),
    ("post", "/oauth/token"),
    ("put", "/api/v1/intakes/{name}/file"),
    ("put", "/api/v1/pull-batches/{name}/file"),
]
MEMBERS = ("type", "title", "title_en", "status", "code", "next_step", "next_step_en", "trace_id")


# --- what departments do ----------------------------------------------------------------------------------------


def test_whole_way_over_http(door: Door) -> None:
    client, world = door
    market, health = client_of(door, "market"), client_of(door, "health")
    issue(market, licence_order())
    issued = issue(market, food_order())
    share(door)
    pulled = health.request("/api/v1/pulls", Ordered.PULL, statutory_request(), officer="h-001")
    assert pulled["items"][0]["file"]
    change = change_content(issued["identifier"], "suspend") | {"works_from": _today(), "document_date": _today()}
    market.order("/api/v1/status-changes", Ordered.CHANGE_STATUS, change, issuing_body=MARKET)
    scanned = client.get(f"/c/{issued['reference']}", headers={"accept": "application/json"}).json()
    assert scanned["verdict"]["outcome"] == "suspended"
    assert world.registry.mode == "test"


@pytest.mark.parametrize("accept", ["text/html", "application/json", "application/jwt", "application/linkset+json"])
@pytest.mark.parametrize("path", ["/q/{}", "/Q/{}", "/q/{}?page=-1", "/q/{}?page=x", "/q/{}?lang=en&nonce=x"])
def test_scan_of_an_enterprise_answers_in_every_form(door: Door, accept: str, path: str) -> None:
    holder = {"licence_number": OTHER_SHOP, "name": "中山示例杂货店"}
    reference = client_of(door, "operator").order("/api/v1/enterprises", Ordered.ENROL, holder)["reference"]
    response = door[0].get(path.format(reference), headers={"accept": accept})
    assert response.status_code == 200
    assert response.headers["content-type"].startswith(accept)


@pytest.mark.parametrize("page", ["1", "2", "999999", "%D9%A3"])
def test_page_nobody_has_is_no_page_without_certificates(door: Door, page: str) -> None:
    holder = make_licence_number("91442000", "MA0000P1")
    content = licence_order(licence_number=holder, certificate_number=holder)
    reference = issue(client_of(door, "market"), content | {"replaces": _replaced(door, holder)})["holder_reference"]
    scanned = door[0].get(f"/q/{reference}?page={page}", headers={"accept": "application/json"}).json()
    assert (len(scanned["certificates"]), scanned["total"], scanned["page"]) == (1, 1, 0)


def test_system_renews_its_key_and_both_sign_until_the_first_is_retired(door: Door) -> None:
    first, renewed, keys, now = client_of(door, "health"), client_of(door, "health"), door[1].keys, moment()
    make_party_key(keys, "system:health-2", name="示例", department=HEALTH, purpose=Purpose.SYSTEM, now=now)
    share(door)
    renewed.renew_key(keys.signer("system:health-2"), previous_until=civil_date(now) + timedelta(days=1))
    assert renewed.signer.key_id != first.signer.key_id
    for client in (first, renewed):
        pulled = client.request("/api/v1/pulls", Ordered.PULL, statutory_request(), officer="h-001")
        assert "items" in pulled


def test_statement_of_before_a_restore_is_refused_after_it(door: Door) -> None:
    client, world, now = client_of(door, "health"), door[1], moment()
    old, new = (
        world.sign(
            Ordered.PULL,
            system="health",
            request=statutory_request(),
            officer="h-001",
            issued_at=int(now.timestamp()) - age,
        )
        for age in (30, 0)
    )
    restored_at = now - timedelta(seconds=80)
    world.registry.database.write(lambda connection: note_restored(connection, restored_at))
    share(door)
    with pytest.raises(RefusedError, match="statement_time"):
        client.post("/api/v1/pulls", {"statement": old})
    assert "items" in client.post("/api/v1/pulls", {"statement": new})


def test_refusal_is_a_problem_with_code_both_languages_next_step_and_trace(door: Door) -> None:
    market = client_of(door, "market")
    with pytest.raises(RefusedError) as caught:
        issue(market, food_order(licence_number="91442000MA0000010"))
    assert caught.value.code == "fields_wrong"
    assert all(caught.value.problem[member] for member in MEMBERS)
    assert caught.value.problem["problems"][0]["member"] == "licence_number"


@pytest.mark.parametrize("member", ["licence_number", "issuing_body", "certificate_type", "replaces", "subject_id"])
def test_order_with_a_nul_is_refused_on_every_database(door: Door, member: str) -> None:
    market = client_of(door, "market")
    order = food_order(certificate_number="JY24420000000027") | {member: f"x{NUL}y"}
    with pytest.raises(RefusedError) as caught:
        issue(market, order)
    assert caught.value.status < 500


@pytest.mark.parametrize("member", ["identifier", "issuing_body", "act", "until"])
def test_change_with_a_nul_is_refused_on_every_database(door: Door, member: str) -> None:
    change = change_content("1.2.156.3005.2.x", "suspend") | {member: f"x{NUL}y"}
    with pytest.raises(RefusedError) as caught:
        client_of(door, "market").order(
            "/api/v1/status-changes", Ordered.CHANGE_STATUS, change, issuing_body=change["issuing_body"]
        )
    assert caught.value.status < 500


@pytest.mark.parametrize("member", ["licence_number", "item_code", "case_number", "basis"])
def test_pull_with_a_nul_is_refused_on_every_database(door: Door, member: str) -> None:
    value: Any = {"kind": "statutory", "reference": f"x{NUL}"} if member == "basis" else f"x{NUL}"
    with pytest.raises(RefusedError) as caught:
        client_of(door, "health").request("/api/v1/pulls", Ordered.PULL, statutory_request() | {member: value})
    assert caught.value.status < 500


def test_statement_naming_an_officer_with_a_nul_is_refused(door: Door) -> None:
    with pytest.raises(RefusedError) as caught:
        client_of(door, "health").request("/api/v1/pulls", Ordered.PULL, statutory_request(), officer=f"h{NUL}")
    assert caught.value.code == "statement_form"


def test_assertion_of_a_system_with_a_nul_is_refused(door: Door) -> None:
    signer = door[1].keys.signer("system:health")
    client = Client(url=str(door[0].base_url), system=f"he{NUL}", signer=signer, origin=ORIGIN, http=door[0])
    with pytest.raises(RefusedError) as caught:
        client.headers("POST", "/api/v1/pulls")
    assert caught.value.code == "invalid_client"


@pytest.mark.parametrize("key", ["", "short", "x" * 129, "示例示例示例"])
def test_act_without_a_usable_idempotency_key_is_refused(door: Door, key: str) -> None:
    market = client_of(door, "market")
    body = market.make_order(Ordered.ISSUE, food_order(), certificate_type="food_operation_permit", issuing_body=MARKET)
    headers = market.headers("POST", "/api/v1/certificates") | {"content-type": "application/json"}
    keyed: dict[str, Any] = headers | {"idempotency-key": key.encode()}
    response = door[0].post("/api/v1/certificates", content=orjson.dumps(body), headers=keyed)
    assert _problem(response)["code"] == "idempotency_key_missing"


# --- what strangers send ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api/v1/certificates", "/api/v1/pulls", "/api/v1/grants/drafts"])
@pytest.mark.parametrize("name", BODIES)
def test_hostile_body_is_refused_with_its_code(door: Door, name: str, path: str) -> None:
    content, kind, status, code = BODIES[name]
    response = door[0].post(path, content=content, headers={"content-type": kind} if kind else {})
    assert (response.status_code, _problem(response)["code"]) == (status, code)


@pytest.mark.parametrize(
    "content",
    [b"grant_type=client_credentials&grant_type=x", b"\xff=\xff", b"x" * 20_000, b"", b"=", b"&" * 100],
)
def test_hostile_form_at_the_token_door_is_refused(door: Door, content: bytes) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    response = door[0].post("/oauth/token", content=content, headers=headers)
    assert 400 <= response.status_code < 500
    assert response.json()["error"]


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere", "/api/v1/nowhere", "/q/", "/c/", "/q/%00", "/c/%00%FF", "/q/" + "A" * 5_000, "/q/../../etc/passwd",
        "/q/00000000000000000000000000", "/status/-1", "/status/999999999999999999999999", "/status/x",
        "/api/v1/intakes/%00", "/api/v1/catalogue/%00/1",
        "/api/v1/catalogue/x/99999999999999999999", "/api/v1/grants/" + "0" * 64,
        "/search?licence_number=%00", "/search?licence_number=" + "9" * 5_000, "/search?licence_number=%FF%FE",
    ],
)  # fmt: skip
def test_unknown_place_is_not_found_as_a_problem(door: Door, path: str) -> None:
    response = door[0].get(path, headers={"accept": "application/json"})
    assert 400 <= response.status_code < 500
    assert _problem(response)["trace_id"]


@pytest.mark.parametrize("path", ["/q/x", "/c/x", "/search", "/api/v1/certificates", "/oauth/token", "/healthz"])
@pytest.mark.parametrize("method", ["DELETE", "PATCH", "TRACE", "OPTIONS"])
def test_method_that_a_door_does_not_know_is_refused(door: Door, path: str, method: str) -> None:
    assert door[0].request(method, path).status_code == 405


def test_reference_nobody_has_and_one_that_is_none_look_alike(door: Door) -> None:
    answers = [
        _problem(door[0].get(path, headers={"accept": "application/json"})) for path in ("/c/x", f"/c/{'0' * 26}")
    ]
    assert [{**each, "trace_id": ""} for each in answers] == [{**answers[0], "trace_id": ""}] * 2


@pytest.mark.parametrize("path", ["/api/v1/certificates", "/api/v1/pulls", "/api/v1/status-changes"])
def test_call_without_a_token_is_challenged(door: Door, path: str) -> None:
    body = {"statement": "x"} if path == "/api/v1/pulls" else {"statement": "x", "salt": "x", "content": {}}
    response = door[0].post(path, json=body)
    assert (response.status_code, _problem(response)["code"]) == (401, "token_missing")
    assert response.headers["www-authenticate"].startswith("DPoP")


@pytest.mark.parametrize("until", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "soon"])
def test_grant_draft_until_a_time_no_clock_has_is_refused(door: Door, until: str) -> None:
    wish = {
        "licence_number": OTHER_SHOP, "requester": MARKET, "types": {"food_operation_permit": []}, "item_code": "x",
        "item_name": "x", "case_number": "x", "valid_until": until, "uses": 1,
    }  # fmt: skip
    response = door[0].post("/api/v1/grants/drafts", json=wish)
    assert 400 <= response.status_code < 500


def test_paths_of_strangers_name_no_door_in_the_metrics(door: Door) -> None:
    door[0].get("/api/v1/thisisnodoorofours")
    assert "thisisnodoorofours" not in door[0].get("/metrics").text


def test_token_asked_for_by_nobody_writes_nothing(door: Door) -> None:
    client = client_of(door, "market")
    before = _spent(door)
    form = {"grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE, "client_assertion": "x"}
    proof = {"dpop": client.proof("POST", "/oauth/token", None)}
    assert door[0].post("/oauth/token", data=form, headers=proof).status_code == 401
    assert _spent(door) == before


def test_grant_draft_with_a_nul_is_refused_on_every_database(door: Door) -> None:
    wish = {
        "licence_number": f"x{NUL}", "requester": f"x{NUL}", "item_code": "x", "item_name": "x", "case_number": "x",
        "valid_until": "2099-01-01T00:00:00Z", "uses": 1,
    }  # fmt: skip
    response = door[0].post("/api/v1/grants/drafts", json=wish)
    assert 400 <= response.status_code < 500


@pytest.fixture(scope="module")
def api(door: Door) -> Any:
    """The description of the API, as schemathesis reads it."""
    return schemathesis.openapi.from_url(str(door[0].base_url.join("/api/v1/openapi.json")))


def test_every_described_operation_is_tried(api: Any) -> None:
    paths = api.raw_schema["paths"]
    assert sorted((method, path) for path, methods in paths.items() for method in methods) == sorted(OPERATIONS)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_whatever_the_description_allows_never_fails_the_server(api: Any, method: str, path: str) -> None:
    @bounded(max_examples=6, database=None)
    @given(case=api[path][method.upper()].as_strategy())
    def holds(case: Case[Any]) -> None:
        case.call_and_validate(checks=[not_a_server_error])

    holds()


def _spent(door: Door) -> int:
    with door[1].registry.database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(tables.single_use)).scalar_one())


def _replaced(door: Door, holder: str) -> str | None:
    """Return the identifier of the holder's licence where an earlier case issued it."""
    with door[1].registry.database.read() as connection:
        found = CertificateReader(connection).current_of(holder)
    return found[0].identifier if found else None


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _problem(response: httpx.Response) -> dict[str, Any]:
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert all(problem[member] for member in MEMBERS)
    return problem
