"""The operator is content-blind: no door shows it what a certificate says beyond its public fields.

Every operation that reads is asked in the operator's name, about acts that are really there. What the hub holds of the
fields that are not public stands in no answer, whether the door refuses or not; to see one the operator needs what any
department needs, a pull on a basis, which stands in the enterprise's ledger.
"""

import base64
import gzip
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping

import pytest

from hub.client import RefusedError
from hub.supervision.figures.standing import PAGES as PAGES_OF_STANDING
from hub.web.callers import moment
from schemas.certificate import civil_date
from schemas.figures import FIGURES
from schemas.statement import Ordered
from tests.flows.world import (
    MARKET,
    OPERATOR,
    SHOP,
    change_content,
    example_fields,
    food_order,
    licence_order,
    statutory_request,
)
from tests.web.seated_officer import operator_officer, seat
from tests.web.served import Door, client_of, issue, share
from tests.web.test_doors import OPERATIONS

HIDDEN = {"food_safety_manager": "示例暗记丙", "warehouse_address": "示例市暗记路九号"}
"""What two fields say that are not public: one is personal, one is shared on a basis."""

READ = [path for method, path in OPERATIONS if method == "get"]
pytestmark = pytest.mark.parametrize("door", ["sqlite"], indirect=True, scope="module")

KINDS = ["systems", "officers", "issuing-bodies", "departments", "sharing-sheets", "items"]
PAGES = ["/", "/q/{reference}", "/c/{reference}", "/verify", "/metrics", "/readyz"]
SEATED = [
    "/operator", *(f"/operator/figures/{code}" for code in FIGURES), "/operator/sheets", "/operator/sheets/{running}",
    *(f"/operator/standing/{page}" for page in PAGES_OF_STANDING),
    *(f"/operator/standing/{page}?form=csv" for page in PAGES_OF_STANDING), "/operator/sharing-rules.csv",
    "/operator/changes", *(f"/operator/changes/new/{kind}" for kind in KINDS), "/operator/signing",
    "/operator/change-file",
]  # fmt: skip


@pytest.fixture(scope="module")
def names(door: Door) -> Mapping[str, str]:
    """Let certificates be issued, pulled and changed; return what a path may name, by its parameter."""
    market, health = client_of(door, "market"), client_of(door, "health")
    issue(market, licence_order())
    issued = issue(market, food_order(fields=example_fields("food_operation_permit") | HIDDEN))
    share(door, fields={"food_operation_permit": [*HIDDEN]})
    pulled = health.request("/api/v1/pulls", Ordered.PULL, statutory_request(), officer="h-001")
    assert _tells(json.dumps(pulled).encode()), "the requester is shown what the line gives"
    asked = {"identifier": issued["identifier"], "field": "food_safety_manager", "reason": "与现场不符"}
    health.order("/api/v1/correction-requests", Ordered.ASK_CORRECTION, asked, officer="h-001")
    return {
        "identifier": issued["identifier"],
        "reference": issued["reference"],
        "name": pulled["decision"],
        "act_id": issued["act_id"],
        "code": "food_operation_permit",
        "version": "1",
        "year": "2026",
        "number": "1",
        "running": f"{civil_date(moment()):%Y-%m}",
        "period": "2026-11",
        "digest": "ab" * 32,
    }


@pytest.mark.parametrize("path", READ + PAGES)
def test_operator_is_shown_no_field_that_is_not_public(door: Door, names: Mapping[str, str], path: str) -> None:
    operator = client_of(door, "operator")
    place = path.format(**names)
    answer = door[0].get(place, headers=operator.headers("GET", place), params=_asked(path, names))
    assert answer.status_code < 500
    assert not _tells(answer.content), answer.text[:400]


@pytest.mark.parametrize("path", SEATED)
def test_operators_officer_at_his_pages_is_shown_no_such_field_either(
    door: Door, names: Mapping[str, str], path: str
) -> None:
    client, world = door
    seat(client, world, OPERATOR, operator_officer(world, "system"))
    answer = client.get(path.format(**names))
    client.cookies.clear()
    assert answer.status_code == 200
    assert not _tells(answer.content), answer.text[:400]
    assert SHOP not in answer.text


def test_operator_asks_for_a_pull_like_anybody_and_has_no_right_to_one(door: Door, names: Mapping[str, str]) -> None:
    with pytest.raises(RefusedError) as caught:
        client_of(door, "operator").request("/api/v1/pulls", Ordered.PULL, statutory_request())
    assert caught.value.problem["code"] == "role_missing"


@pytest.mark.parametrize("path", ["/api/v1/status-changes", "/api/v1/certificates", "/api/v1/erasures"])
def test_operator_orders_nothing_of_a_record(door: Door, names: Mapping[str, str], path: str) -> None:
    acts = {
        "/api/v1/status-changes": (Ordered.CHANGE_STATUS, change_content(names["identifier"], "suspend")),
        "/api/v1/certificates": (Ordered.ISSUE, food_order()),
        "/api/v1/erasures": (Ordered.ERASE, {"identifier": names["identifier"], "field": "food_safety_manager"}),
    }
    with pytest.raises(RefusedError) as caught:
        client_of(door, "operator").order(path, *acts[path], issuing_body=MARKET)
    assert caught.value.problem["code"] == "role_missing"


def _asked(path: str, names: Mapping[str, str]) -> dict[str, str]:
    return {"licence_number": SHOP} if path == "/api/v1/certificates" else {}


def _tells(content: bytes) -> bool:
    """Say whether any hidden text stands in an answer: as it is, escaped, in base64url parts, or in files within."""
    texts = [text for value in HIDDEN.values() for text in (value.encode(), value.encode("unicode_escape"))]
    return any(text in part for part in _parts(content) for text in texts)


def _parts(content: bytes) -> Iterator[bytes]:
    yield content
    for part in re.findall(rb"[A-Za-z0-9_-]{12,}", content):
        yield base64.urlsafe_b64decode(part[: len(part) - len(part) % 4])
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as opened:
            for name in opened.namelist():
                yield from _parts(opened.read(name))
    if content[:2] == b"\x1f\x8b":
        yield gzip.decompress(content)
