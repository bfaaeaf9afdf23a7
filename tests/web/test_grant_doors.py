"""The doors of what enterprises give, over HTTP: from the first draft to the pull, and to the end of all."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.contract import SignerRole
from hub.client import Client, RefusedError
from schemas.identifiers import make_licence_number
from schemas.statement import Ordered
from signing.base64url import decode, encode
from signing.x509 import read_cert_unverified
from tests.flows.grant_world import SHOWN, asked_content, redemption_request
from tests.flows.registry_check import persons_of
from tests.flows.world import HEALTH, MARKET, food_number, food_order, licence_order, statutory_request
from tests.web.served import Door, client_of, issue, share

HOLDER = make_licence_number("91442000", "MA0000G1")
Post = Callable[..., Any]


@pytest.fixture(scope="module")
def post(door: Door) -> Post:
    """Issue what the holder has, and return what posts to a public door: a body, or a draft signed by the e-licence."""
    client, world = door
    market = client_of(door, "market")
    issue(market, licence_order(licence_number=HOLDER, certificate_number=HOLDER))
    issue(market, food_order(licence_number=HOLDER, certificate_number=food_number(77)))
    for role in ("legal_representative", "agent"):
        world.simulator.make_licence(HOLDER, "中山示例餐饮有限公司", role, world.now)

    def send(path: str, body: Any = None, *, sign: str = "", role: SignerRole = "legal_representative") -> Any:
        if sign:
            signed = world.simulator.sign(HOLDER, sign, role)
            body = (body or {}) | {
                "text": sign, "algorithm": signed.algorithm, "signature": encode(signed.signature),
                "cert": encode(signed.cert_der), "role": role,
            }  # fmt: skip
        response = client.post(f"/api/v1{path}", json=body) if body is not None else client.get(f"/api/v1{path}")
        assert response.status_code < 300, response.text
        return _receipted(response.json()) if sign else response.json()

    return send


def _redeem(health: Client, code: str, **changes: Any) -> dict[str, Any]:
    """Redeem a code as the health bureau's system does: the code beside the statement, never in it."""
    statement = health.make_statement(Ordered.REDEEM, officer="h-001", request=redemption_request(**changes))
    return health.post("/api/v1/redemptions", {"statement": statement, "code": code})


def test_code_is_presented_redeemed_confirmed_and_pulled(door: Door, post: Post) -> None:
    health = client_of(door, "health")
    drafted = post("/presentations/drafts", {"licence_number": HOLDER, "types": SHOWN})
    shown = post("/presentations", sign=drafted["text"])
    asked = _receipted(_redeem(health, shown["digits"], licence_number=HOLDER))
    assert asked["state"] == "unconfirmed"
    confirmation = post(f"/presentations/{shown['digest']}/confirmation-draft")
    post(f"/presentations/{shown['digest']}/confirmations", sign=confirmation["text"])
    assert post(f"/presentations/{shown['digest']}")["state"] == "released"
    request = redemption_request() | {"basis": {"kind": "presentation", "reference": shown["digest"]}}
    request = {name: value for name, value in request.items() if name != "window"} | {"licence_number": HOLDER}
    assert health.request("/api/v1/pulls", Ordered.PULL, request, officer="h-001")["delivery"]
    with pytest.raises(RefusedError) as caught:
        _redeem(health, shown["code"])
    assert caught.value.code == "code_redeemed"
    _receipted(caught.value.problem)


def test_agent_grants_under_a_delegation_until_it_is_taken_back(door: Door, post: Post) -> None:
    serial = door[1].simulator.sign(HOLDER, "", "agent").cert_der
    until = (datetime.now(UTC) + timedelta(days=60)).isoformat()
    wish = {
        "licence_number": HOLDER, "delegate": "示例丙", "cert_serial": _serial(serial), "item_code": "lease",
        "item_name": "房屋租赁", "valid_until": until,
    }  # fmt: skip
    delegation = post("/delegations", sign=post("/delegations/drafts", wish)["text"])["digest"]
    wish = {"licence_number": HOLDER, "requester": HEALTH, "case_number": "1", "template": "lease"}
    assert "lease" in post("/grants/templates")
    grant = post("/grants", sign=post("/grants/drafts", wish)["text"], role="agent")
    assert grant["state"] == "usable"
    confirmed = post("/delegation-confirmations/drafts", {"licence_number": HOLDER})
    assert delegation in post("/delegation-confirmations", sign=confirmed["text"])["delegations"]
    post(f"/delegations/{delegation}/withdrawals", sign=post(f"/delegations/{delegation}/withdrawal-draft")["text"])
    assert post(f"/delegations/{delegation}")["state"] == "withdrawn"


def test_department_asks_and_the_holder_signs_or_refuses(door: Door, post: Post) -> None:
    health = client_of(door, "health")
    content = asked_content(HOLDER) | {"valid_until": (datetime.now(UTC) + timedelta(days=9)).isoformat()}
    for answer, path in (("grant", "signatures"), ("refusal", "refusals")):
        asked = _receipted(health.order("/api/v1/grant-requests", Ordered.REQUEST_GRANT, content))
        page = post("/grant-requests/readings", {"code": asked["code"]})["next"]
        post(f"/grant-requests/{path}", {"code": asked["code"]}, sign=page[answer]["text"])
        seen = health.get(f"/api/v1/grant-requests/{asked['request']}").json()
        assert seen["holders"][0]["state"] == {"grant": "signed", "refusal": "refused"}[answer]


def test_enterprise_asks_and_reads_the_answer_by_its_token(door: Door, post: Post) -> None:
    other = make_licence_number("91442000", "MA0000G2")
    issue(client_of(door, "market"), licence_order(licence_number=other, certificate_number=other))
    wish = {"licence_number": HOLDER, "holders": [other], "case_number": "1", "template": "lease"}
    asked = post("/grant-requests/askings", sign=post("/grant-requests/drafts", wish)["text"])
    assert post("/grant-requests/readings", {"code": asked["code"]})["next"]["licence_number"] == other
    bearer = {"authorization": f"Bearer {asked['token']}"}
    seen = door[0].get(f"/api/v1/grant-requests/{asked['request']}", headers=bearer).json()
    assert seen["holders"] == [{"licence_number": other, "state": "open", "grant": None}]


def test_all_ends_by_the_enterprise_and_at_a_window(door: Door, post: Post) -> None:
    asked = statutory_request(licence_number=HOLDER)
    share(door)
    client_of(door, "health").request("/api/v1/pulls", Ordered.PULL, asked, officer="h-001")
    assert post("/endings", sign=post("/endings/drafts", {"licence_number": HOLDER})["text"])["pulled"]
    content = {
        "licence_number": HOLDER, "issuing_body": MARKET, "identity_check": "representative_present",
        "document_name": "收回授权申请表", "document_number": "示收〔2026〕1号",
    }  # fmt: skip
    market = client_of(door, "market")
    with pytest.raises(RefusedError) as caught:
        market.order("/api/v1/window-endings", Ordered.END_ALL, content, issuing_body=MARKET, officer="m-001")
    assert caught.value.code == "second_officer_needed"
    order: dict[str, Any] = {"issuing_body": MARKET, "officer": "m-001", "second_officer": "m-002"}
    assert market.order("/api/v1/window-endings", Ordered.END_ALL, content, **order)["pulled"]


def test_two_officers_witness_a_grant_on_paper_and_pull_under_it(door: Door, post: Post) -> None:
    health = client_of(door, "health")
    wish = {"licence_number": HOLDER, "requester": HEALTH, "case_number": "2026-0001", "template": "lease"}
    text = post("/grants/drafts", wish)["text"]
    content = {"text": text, "identity_check": "representative_by_letter", "scan_sha256": "0" * 64}
    path, act = "/api/v1/window-grants", Ordered.WITNESS_GRANT
    witnessed = _receipted(health.order(path, act, content, officer="h-001", second_officer="h-002"))
    request = {
        "licence_number": HOLDER, "wanted": [{"certificate_type": "business_licence"}], "item_code": "lease",
        "case_number": "2026-0001", "basis": {"kind": "window", "reference": witnessed["digest"]},
    }  # fmt: skip
    assert health.request("/api/v1/pulls", Ordered.PULL, request, officer="h-001")["delivery"]


def _receipted(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer whose receipt opens the act that it names; what receipts prove is in test_receipts."""
    said = json.loads(decode(answer["receipt"].split(".")[1]))
    assert json.loads(decode(said["act"]))["act_id"] == answer["act_id"]
    return answer


def test_person_opens_a_link_and_fetches_the_marked_copy(door: Door, post: Post) -> None:
    wish = {"licence_number": HOLDER, "person": "张示例", "case_number": "1", "template": "lease"}
    drafted = post("/grants/drafts", wish)
    post("/grants", sign=drafted["text"])
    code = {"code": drafted["link"].partition("#")[2]}
    text = post("/grant-links/drafts", code)["text"]
    proof = persons_of(door[1]).confirm(text, number="1", name="张示例", now=datetime.now(UTC))
    opened = _receipted(post("/grant-links/openings", code | {"text": text, "proof": proof}))
    identifier = opened["items"][0]["identifier"]
    path = f"/api/v1/deliveries/{opened['delivery']}/copies/{identifier}"
    fetched = door[0].get(path, headers={"authorization": f"Bearer {opened['token']}"})
    assert fetched.status_code in (200, 202), fetched.text
    assert door[0].get(path, headers={"authorization": "Bearer x"}).status_code == 404


def _serial(cert_der: bytes) -> str:
    return read_cert_unverified(cert_der).serial_hex
