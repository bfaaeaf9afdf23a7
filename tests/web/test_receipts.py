"""Receipts over HTTP: each opens its act's leaf and proves its place in the log to somebody who trusts nobody."""

import hashlib
import hmac
import json
from typing import Any

import httpx
import pytest

from hub.client import RefusedError
from schemas.statement import Ordered
from signing.base64url import decode
from signing.checkpoint import NoteKey, read_checkpoint
from signing.jws import VerificationKey, verify_compact
from tests.flows.world import (
    MARKET,
    change_content,
    food_number,
    food_order,
    licence_order,
    statutory_request,
)
from tests.second import merkle as second
from tests.web.served import Door, client_of, issue, share

WAIT = {"prefer": "wait=10"}


@pytest.fixture(scope="module")
def issued(door: Door) -> dict[str, Any]:
    issue(client_of(door, "market"), licence_order())
    return issue(client_of(door, "market"), food_order())


def _opened(door: Door, token: str) -> dict[str, Any]:
    """Return what a receipt says, its own signature proven, its leaf opened by hand."""
    trust = door[1].trust()

    def find_key(kid: str) -> VerificationKey:
        return trust.hub_key(kid, purpose="answers", at=door[1].now)

    said: dict[str, Any] = json.loads(verify_compact(token, find_key=find_key, typ="yizhao-receipt+jwt").payload)
    leaf = b"\x01" + hmac.new(decode(said["salt"]), decode(said["act"]), hashlib.sha256).digest()
    assert decode(said["leaf"]) == leaf
    return said


def _prove(door: Door, said: dict[str, Any]) -> None:
    key = NoteKey.read(door[0].get("/log/key").text)
    head = read_checkpoint(said["log"]["checkpoint"], key)
    path = [decode(each) for each in said["log"]["path"]]
    assert head.size == said["log"]["size"]
    assert second.verify_inclusion(decode(said["leaf"]), said["log"]["index"], head.size, path, head.root)


def _receipt(door: Door, act_id: str, **headers: str) -> httpx.Response:
    return door[0].get(f"/api/v1/receipts/{act_id}", headers=headers)


def test_issue_yields_a_receipt_that_proves_it_once_it_waits(door: Door, issued: dict[str, Any]) -> None:
    said = _opened(door, _receipt(door, issued["act_id"], **WAIT).text)
    _prove(door, said)
    act = json.loads(decode(said["act"]))
    assert (act["act_id"], act["kind"], act["sealed"]) == (issued["act_id"], "issue", issued["payload_sha256"])


def test_receipt_in_the_answer_says_by_when_or_proves(door: Door, issued: dict[str, Any]) -> None:
    said = _opened(door, issued["receipt"])
    assert ("by" in said) != ("log" in said)


def test_change_of_status_waits_for_its_proof_when_asked_to(door: Door, issued: dict[str, Any]) -> None:
    permit = issue(client_of(door, "market"), food_order(certificate_number=food_number(31)))
    content = change_content(permit["identifier"], "suspend", until="2027-01-01")
    body = client_of(door, "market").make_order(Ordered.CHANGE_STATUS, content, issuing_body=MARKET)
    answer = client_of(door, "market").post("/api/v1/status-changes", body, wait=10)
    _prove(door, _opened(door, answer["receipt"]))


def test_refused_pull_has_a_receipt_too(door: Door, issued: dict[str, Any]) -> None:
    request = statutory_request(basis={"kind": "statutory", "reference": "no-such-rule"})
    with pytest.raises(RefusedError) as caught:
        client_of(door, "health").request("/api/v1/pulls", Ordered.PULL, request, officer="h-001")
    assert _opened(door, caught.value.problem["receipt"])["leaf"]
    said = _opened(door, _receipt(door, caught.value.problem["act_id"], **WAIT).text)
    assert json.loads(decode(said["act"]))["kind"] == "pull_refused"
    _prove(door, said)


def test_pull_yields_the_receipt_of_its_delivery(door: Door, issued: dict[str, Any]) -> None:
    share(door)
    answer = client_of(door, "health").request("/api/v1/pulls", Ordered.PULL, statutory_request(), officer="h-001")
    said = _opened(door, answer["receipt"])
    act = json.loads(decode(said["act"]))
    assert act["kind"] == "delivery"
    assert act["sealed"] == hashlib.sha256(answer["note"].encode()).hexdigest()


@pytest.mark.parametrize("name", ["x", "A" * 43, "%00", "A" * 5000])
def test_receipt_of_no_act_is_not_found(door: Door, name: str) -> None:
    assert _receipt(door, name).status_code == 404


@pytest.mark.parametrize("prefer", ["wait=x", "wait=-1", "respond-async", "wait=99999", ", ,;;"])
def test_preference_that_is_none_is_passed_over(door: Door, issued: dict[str, Any], prefer: str) -> None:
    assert _receipt(door, issued["act_id"], prefer=prefer).status_code == 200
