"""The ledger at its doors: an enterprise opens it with its e-licence, reads, exports, and checks a line's receipt."""

from typing import Any

import pytest

from connectors.contract import SignedText
from schemas.statement import Ordered
from signing.base64url import encode
from tests.flows.world import HEALTH, SHOP, food_order, licence_order, statutory_request
from tests.web.served import Door, client_of, issue, share


@pytest.fixture(scope="module")
def licensed(door: Door) -> Door:
    """The served hub, and the shop's e-licence."""
    door[1].make_licence()
    return door


def signed_body(door: Door, text: str) -> dict[str, Any]:
    """Return what the shop's e-licence signs, as it is posted."""
    signed: SignedText = door[1].simulator.sign(SHOP, text, "legal_representative")
    return {
        "text": signed.text,
        "algorithm": signed.algorithm,
        "signature": encode(signed.signature),
        "cert": encode(signed.cert_der),
        "role": signed.signer_role,
    }


def opened_ledger(door: Door) -> tuple[str, dict[str, str]]:
    """Open the shop's ledger; return its path and the header that opens it."""
    client = door[0]
    draft = client.post("/api/v1/ledgers/drafts", json={"licence_number": SHOP}).json()
    opened = client.post("/api/v1/ledgers", json=signed_body(door, draft["text"])).json()
    assert opened["receipt"].count(".") == 2
    return f"/api/v1/ledgers/{opened['ledger']}", {"authorization": f"Bearer {opened['token']}"}


def test_enterprise_reads_and_exports_its_ledger_and_gets_each_receipt(licensed: Door) -> None:
    door = licensed
    client, market = door[0], client_of(door, "market")
    issue(market, licence_order())
    issue(market, food_order())
    share(door)
    client_of(door, "health").request("/api/v1/pulls", Ordered.PULL, statutory_request(), officer="h-001")
    path, token = opened_ledger(door)
    lines = client.get(f"{path}/lines", headers=token).json()["lines"]
    assert [each["kind"] for each in lines] == ["delivery", "pull"]
    assert client.get(f"/api/v1/receipts/{lines[0]['act_id']}").headers["content-type"] == "application/jwt"
    as_csv = client.get(f"{path}/export", headers=token)
    assert (as_csv.content[:3], as_csv.headers["cache-control"]) == (b"\xef\xbb\xbf", "no-store")
    assert client.get(f"{path}/export?form=json", headers=token).json()["lines"] == lines
    assert client.get(f"{path}/lines").json()["code"] == "ledger_not_found"
    assert client.get(f"{path}/lines?after=1.0.x", headers=token).json()["lines"] == []


def test_enterprise_reports_a_window_and_the_operator_answers(licensed: Door) -> None:
    door = licensed
    client, operator = door[0], client_of(door, "operator")
    window = {"department": HEALTH, "day": "2026-01-05", "item_code": "440112001"}
    wish = {"licence_number": SHOP, "road": "window_refused", "window": window, "reason": "只收纸质证照"}
    draft = client.post("/api/v1/objections/drafts", json=wish).json()
    made = client.post("/api/v1/objections", json=signed_body(door, draft["text"])).json()
    path, token = opened_ledger(door)
    (seen,) = client.get(f"{path}/objections", headers=token).json()["objections"]
    (task,) = seen["tasks"]
    assert (seen["reason"], task["state"], task["due_on"]) == ("只收纸质证照", "open", made["tasks"][0]["due_on"])
    operator.order("/api/v1/task-answers", Ordered.ANSWER_TASK, {"number": task["number"], "answer": "已责令改正"})
    (seen,) = client.get(f"{path}/objections", headers=token).json()["objections"]
    assert (seen["tasks"][0]["state"], seen["tasks"][0]["answer"]) == ("done", "已责令改正")
    assert client.get(f"/api/v1/objections/{made['objection']}").json()["code"] == "token_missing"
    year = seen["recorded_at"][:4]
    assert client.get(f"/api/v1/ledger-counts/{year}").json()["window_refusals"] == {HEALTH: 1}
