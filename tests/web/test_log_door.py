"""The log over HTTP: what a stranger's own tools need, by the names and types of C2SP tlog-tiles."""

import pytest

from schemas.statement import Ordered
from signing.base64url import decode
from signing.checkpoint import NoteKey, read_checkpoint
from signing.tiles import read_bundle
from tests.flows.world import food_number, food_order, licence_order
from tests.second import merkle as second
from tests.web.served import Door, client_of, issue


@pytest.fixture(scope="module", autouse=True)
def acts(door: Door) -> None:
    issue(client_of(door, "market"), licence_order())
    client = client_of(door, "market")
    order = food_order(certificate_number=food_number(41))
    body = client.make_order(
        Ordered.ISSUE, order, certificate_type=order["certificate_type"], issuing_body=order["issuing_body"]
    )
    client.post("/api/v1/certificates", body, wait=10)  # everything before it is under the head now


def test_head_is_signed_and_its_leaves_make_its_root(door: Door) -> None:
    found = door[0].get("/log/checkpoint")
    assert (found.status_code, found.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    head = read_checkpoint(found.text, NoteKey.read(door[0].get("/log/key").text))
    assert head.origin == "hub.example.test/log/TEST"
    leaves = read_bundle(door[0].get(f"/log/tile/entries/000.p/{head.size}").content)
    assert second.head(leaves) == head.root


def test_tile_once_served_may_be_kept_for_ever(door: Door) -> None:
    found = door[0].get("/log/tile/0/000.p/5")
    assert (len(found.content), found.headers["content-type"]) == (5 * 32, "application/octet-stream")
    assert "immutable" in found.headers["cache-control"]
    assert "immutable" not in door[0].get("/log/checkpoint").headers["cache-control"]
    assert door[0].get("/log/tile/0/000.p/3").content == found.content[: 3 * 32]


def test_proofs_are_those_of_the_standard(door: Door) -> None:
    head = read_checkpoint(door[0].get("/log/checkpoint").text, NoteKey.read(door[0].get("/log/key").text))
    leaves = read_bundle(door[0].get(f"/log/tile/entries/000.p/{head.size}").content)
    proof = door[0].get("/log/proof/inclusion", params={"index": 2, "size": head.size}).json()
    assert [decode(each) for each in proof["path"]] == second.inclusion_path(2, leaves)
    proof = door[0].get("/log/proof/consistency", params={"from": 3, "to": head.size}).json()
    assert [decode(each) for each in proof["path"]] == second.consistency_path(3, leaves)


@pytest.mark.parametrize(
    "path",
    [
        "/log/tile/0/999", "/log/tile/entries/001", "/log/tile/64/000", "/log/tile/0/00x",
        "/log/tile/0/000.p/256", "/log/tile/0/000.p/0", "/log/tile/0/x000/000", "/log/proof/inclusion?index=999999",
        "/log/proof/consistency?from=5&to=3", "/log/proof/consistency?from=0&to=999999",
    ],
)  # fmt: skip
def test_what_is_not_there_is_said_to_be_not_there(door: Door, path: str) -> None:
    found = door[0].get(path)
    assert found.status_code == 404
    assert found.headers["content-type"].startswith("application/problem+json")


@pytest.mark.parametrize(
    "path", ["/log/proof/inclusion", "/log/proof/inclusion?index=-1", "/log/proof/inclusion?index=x"]
)
def test_wrong_question_is_refused(door: Door, path: str) -> None:
    assert door[0].get(path).status_code == 422
