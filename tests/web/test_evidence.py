"""Door of evidence over HTTP: who gets through, what comes out, and what strangers get."""

from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import orjson
import pytest

from hub.client import RefusedError
from hub.documents.downloads import delivery_token
from hub.evidence.bundles import verify_bundle
from schemas.statement import Ordered
from tests.flows.world import food_number, food_order, granted_request, licence_order, statutory_request
from tests.web.served import Door, client_of, issue, share

PULLS = "/api/v1/pulls"


@pytest.fixture(scope="module")
def pulled(door: Door) -> dict[str, Any]:
    """A statutory pull of the health bureau, which waited until the log had it."""
    market, health = client_of(door, "market"), client_of(door, "health")
    issue(market, licence_order())
    issue(market, food_order(certificate_number=food_number(3)))
    share(door)
    statement = health.make_statement(Ordered.PULL, officer="h-001", request=statutory_request())
    return health.post(PULLS, {"statement": statement}, wait=10)


@pytest.fixture(scope="module")
def refusal(door: Door, pulled: dict[str, Any]) -> str:
    """The name of a decision that refused the health bureau a pull."""
    with pytest.raises(RefusedError) as caught:
        client_of(door, "health").request(PULLS, Ordered.PULL, statutory_request(item_code="999"), officer="h-001")
    return str(caught.value.problem["decision"])


def test_requester_fetches_what_proves_its_delivery(door: Door, pulled: dict[str, Any]) -> None:
    sent = client_of(door, "health").get(f"/api/v1/deliveries/{pulled['delivery']}/evidence")
    assert sent.headers["content-type"] == "application/vnd.etsi.asic-e+zip"
    assert sent.headers["cache-control"] == "no-store"
    assert sent.content[30:38] == b"mimetype"
    with ZipFile(BytesIO(sent.content)) as opened:
        assert opened.testzip() is None
        assert {"note.jws", "statement.jws", "records/001.json", "basis/rule.json"} <= set(opened.namelist())
    assert _exit_code(door, sent.content) == 0


def test_requester_fetches_what_proves_its_refusal(door: Door, refusal: str) -> None:
    sent = client_of(door, "health").get(f"/api/v1/deliveries/{refusal}/evidence")
    assert _exit_code(door, sent.content) in (0, 3)


@pytest.mark.parametrize(
    ("system", "name", "code"),
    [
        ("market", None, "delivery_not_found"),
        ("operator", None, "role_missing"),
        ("health", "nobody-s", "delivery_not_found"),
        ("health", "x" * 100, "request_form"),
        ("health", "..%2F..%2Fetc", "not_found"),
    ],
)  # fmt: skip
def test_evidence_nobody_may_have_is_refused(
    door: Door, pulled: dict[str, Any], refusal: str, system: str, name: str | None, code: str
) -> None:
    for each in (pulled["delivery"], refusal):
        with pytest.raises(RefusedError) as caught:
            client_of(door, system).get(f"/api/v1/deliveries/{name or each}/evidence")
        assert caught.value.code in {code, "invalid_dpop_proof"}


def test_department_has_it_after_the_grant_was_withdrawn_and_the_delivery_s_own_token_has_not(
    door: Door, pulled: dict[str, Any]
) -> None:
    client, world = door
    world.now = datetime.now(UTC)
    world.make_licence()
    grant = world.grant()
    health = client_of(door, "health")
    answer = health.request(PULLS, Ordered.PULL, granted_request(grant), officer="h-001")
    world.now = datetime.now(UTC)
    world.withdraw(grant)
    path = f"/api/v1/deliveries/{answer['delivery']}/evidence"
    token = delivery_token(answer["delivery"], world.registry)
    late = client.get(path, headers={"authorization": f"Bearer {token}"})
    assert (late.status_code, late.json()["code"]) == (410, "copy_withdrawn")
    raw = health.get(path).content
    assert _exit_code(door, raw) in (0, 3)
    with ZipFile(BytesIO(raw)) as opened:
        record = orjson.loads(opened.read("records/001.json"))
    assert record["signatures"][0]["header"]["disclosures"] == []


def test_evidence_without_a_token_is_challenged(door: Door, pulled: dict[str, Any]) -> None:
    path = f"/api/v1/deliveries/{pulled['delivery']}/evidence"
    assert door[0].get(path).status_code == 401
    wrong = door[0].get(path, headers={"authorization": "Bearer x"})
    assert (wrong.status_code, wrong.json()["code"]) == (404, "delivery_not_found")


def _exit_code(door: Door, raw: bytes) -> int:
    return verify_bundle.verify(raw, door[1].installation.anchor, lambda line: None).exit_code()
