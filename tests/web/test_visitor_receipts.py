"""A visitor's receipt: a signed answer that carries the proofs of what it shows, made by reading alone."""

import hashlib
import hmac
import json
from typing import Any

import pytest
from sqlalchemy import func, select

from hub.store import tables
from schemas.statement import Ordered
from signing.base64url import decode
from signing.checkpoint import NoteKey, read_checkpoint
from tests.flows.world import MARKET, OTHER_SHOP, change_content, food_number, food_order, licence_order
from tests.second import merkle as second
from tests.web.served import Door, client_of, issue

JWT = {"accept": "application/jwt"}
Issued = tuple[str, str, str]


@pytest.fixture(scope="module")
def issued(door: Door) -> Issued:
    """A permit that was suspended, the log having it all: its identifier, its reference, its holder's reference."""
    market = client_of(door, "market")
    issue(market, licence_order(licence_number=OTHER_SHOP, certificate_number=OTHER_SHOP))
    made = issue(market, food_order(licence_number=OTHER_SHOP, certificate_number=food_number(5)))
    content = change_content(str(made["identifier"]), "suspend", until="2027-01-01")
    body = market.make_order(Ordered.CHANGE_STATUS, content, issuing_body=MARKET)
    market.post("/api/v1/status-changes", body, wait=10)
    answer = door[0].get(f"/c/{made['reference']}", headers={"accept": "application/json"}).json()
    return str(made["identifier"]), str(made["reference"]), str(answer["holder"]["reference"])


@pytest.mark.parametrize("of_holder", [False, True])
def test_signed_answer_carries_the_proofs_of_what_it_shows(door: Door, issued: Issued, of_holder: bool) -> None:
    identifier, reference, holder = issued
    path = f"/q/{holder}" if of_holder else f"/c/{reference}"
    said = _said(door[0].get(path, params={"proofs": "1"}, headers=JWT).text)
    _require_proven(door, said["proofs"])
    kinds = sorted(each["kind"] for each in _acts(said["proofs"], identifier))
    assert kinds == ["change_status", "issue"]
    shown = {each["identifier"] for each in said.get("certificates", [{"identifier": identifier}])}
    assert {each["identifier"] for each in said["proofs"]["acts"]} == shown


def test_proof_is_of_the_very_record_that_is_shown(door: Door, issued: Issued) -> None:
    identifier, reference, _ = issued
    said = _said(door[0].get(f"/c/{reference}", params={"proofs": "1"}, headers=JWT).text)
    sealed = {each["sealed"] for each in _acts(said["proofs"], identifier)}
    assert sealed == {said["certificate"]["payload_sha256"]}


@pytest.mark.parametrize("accept", ["text/html", "application/json", "application/linkset+json", "application/jwt"])
def test_nothing_is_proven_unasked_and_by_no_other_form(door: Door, issued: Issued, accept: str) -> None:
    query = {} if accept == "application/jwt" else {"proofs": "1"}
    answer = door[0].get(f"/c/{issued[1]}", params=query, headers={"accept": accept})
    text = json.dumps(_said(answer.text)) if accept == "application/jwt" else answer.text
    assert (answer.status_code, "checkpoint" in text) == (200, False)


def test_visitor_s_receipt_writes_nothing(door: Door, issued: Issued) -> None:
    before = _counted(door)
    assert door[0].get(f"/q/{issued[2]}", params={"proofs": "1"}, headers=JWT).status_code == 200
    assert _counted(door) == before


def test_receipt_is_judged_like_any_signed_answer(door: Door, issued: Issued) -> None:
    token = door[0].get(f"/c/{issued[1]}", params={"proofs": "1"}, headers=JWT).text
    found = door[0].post("/api/v1/verifications", content=token.encode(), headers={"content-type": "text/plain"})
    assert found.json()["outcome"] == "suspended", found.text


def _said(token: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(decode(token.split(".")[1]))
    return said


def _acts(proofs: dict[str, Any], identifier: str) -> list[dict[str, Any]]:
    return [json.loads(decode(each["act"])) for each in proofs["acts"] if each["identifier"] == identifier]


def _require_proven(door: Door, proofs: dict[str, Any]) -> None:
    """Open each leaf by hand and prove its place under the one head."""
    head = read_checkpoint(proofs["checkpoint"], NoteKey.read(door[0].get("/log/key").text))
    assert head.size == proofs["size"]
    for each in proofs["acts"]:
        leaf = b"\x01" + hmac.new(decode(each["salt"]), decode(each["act"]), hashlib.sha256).digest()
        path = [decode(one) for one in each["path"]]
        assert decode(each["leaf"]) == leaf
        assert second.verify_inclusion(leaf, each["index"], head.size, path, head.root)


def _counted(door: Door) -> list[int]:
    with door[1].registry.database.read() as connection:
        counts = [select(func.count()).select_from(each) for each in (tables.entry, tables.single_use)]
        return [int(connection.execute(each).scalar_one()) for each in counts]
