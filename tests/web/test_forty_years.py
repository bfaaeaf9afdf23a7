"""Doors of erasure and archives over HTTP: who gets through, what strangers send, and what comes out."""

from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest

from hub.client import RefusedError
from schemas.statement import Ordered
from tests.flows.world import HEALTH, MARKET, OTHER_SHOP, erasure_content, food_number, food_order, licence_order
from tests.web.served import Door, client_of, issue

NUL = "\u0000"
PATH = "/api/v1/erasures"


@pytest.fixture(scope="module")
def identifier(door: Door) -> str:
    """The food permit of a 示例 shop."""
    market = client_of(door, "market")
    issue(market, licence_order(licence_number=OTHER_SHOP, certificate_number=OTHER_SHOP))
    return str(issue(market, food_order(licence_number=OTHER_SHOP, certificate_number=food_number(77)))["identifier"])


def erase(door: Door, content: dict[str, Any], *, system: str = "market", second: str | None = "m-002") -> Any:
    return client_of(door, system).order(
        PATH, Ordered.ERASE, content, officer="m-001" if system == "market" else "h-001",
        second_officer=second, issuing_body=str(content.get("issuing_body")),
    )  # fmt: skip


def refusal(door: Door, content: dict[str, Any], **who: Any) -> str:
    with pytest.raises(RefusedError) as caught:
        erase(door, content, **who)
    assert caught.value.status < 500
    return str(caught.value.code)


def today(identifier: str, field: str, **changes: Any) -> dict[str, Any]:
    return erasure_content(identifier, field, document_date="2026-01-20") | changes


def test_field_is_erased_over_http_and_a_second_time_refused(door: Door, identifier: str) -> None:
    erased = erase(door, today(identifier, "floor_area"))
    assert (erased["field"], erased["documents_erased"]) == ("floor_area", 0)
    assert refusal(door, today(identifier, "floor_area")) == "already_erased"


def test_one_officer_and_another_department_are_refused(door: Door, identifier: str) -> None:
    assert refusal(door, today(identifier, "legal_representative"), second=None) == "second_officer_needed"
    other = today(identifier, "legal_representative", issuing_body=HEALTH)
    assert refusal(door, other, system="health", second="h-002") == "body_not_in_charge"


@pytest.mark.parametrize("member", ["identifier", "field", "ground", "document_name", "document_number"])
@pytest.mark.parametrize("value", [NUL, "x" * 100_000, 7, None, [], {"a": 1}, "\ud7ff\u200b", "e\u0301"])
def test_hostile_member_is_refused_on_every_database(door: Door, identifier: str, member: str, value: Any) -> None:
    code = refusal(door, today(identifier, "legal_representative") | {member: value})
    assert code in {"fields_wrong", "certificate_not_found", "body_too_long"}


@pytest.mark.parametrize("value", ["2026-02-30", "26-1-1", 20260120, NUL, "٢٠٢٦-٠١-٢٠"])
def test_hostile_day_is_refused(door: Door, identifier: str, value: Any) -> None:
    assert refusal(door, today(identifier, "legal_representative", document_date=value)) == "fields_wrong"


def test_archive_is_sent_to_its_body_whole(door: Door, identifier: str) -> None:
    sent = client_of(door, "market").get(f"/api/v1/archives/{identifier}")
    assert sent.headers["content-type"] == "application/zip"
    assert sent.headers["cache-control"] == "no-store"
    with ZipFile(BytesIO(sent.content)) as opened:
        assert opened.testzip() is None
        assert {"manifest.json", "verify_archive.py", "versions/001/payload.json"} <= set(opened.namelist())


@pytest.mark.parametrize(
    ("system", "name", "code"),
    [
        ("health", None, "body_not_yours"),
        ("market", "1.2.156.3005.2.X", "certificate_not_found"),
        ("market", "1.2.156.3005.2." + "9" * 100, "certificate_not_found"),
        ("market", "%00", "request_form"),
        ("market", "x" * 200, "request_form"),
        ("market", "..%2F..%2Fetc", "not_found"),
        ("operator", None, "role_missing"),
    ],
)  # fmt: skip
def test_archive_nobody_may_have_is_refused(
    door: Door, identifier: str, system: str, name: str | None, code: str
) -> None:
    with pytest.raises(RefusedError) as caught:
        client_of(door, system).get(f"/api/v1/archives/{name or identifier}")
    assert caught.value.status < 500
    assert caught.value.code in {code, "invalid_dpop_proof"}


def test_archive_without_a_token_is_challenged(door: Door, identifier: str) -> None:
    assert door[0].get(f"/api/v1/archives/{identifier}").status_code == 401


def test_body_of_another_order_is_no_erasure(door: Door, identifier: str) -> None:
    market = client_of(door, "market")
    content = today(identifier, "legal_representative")
    body = market.make_order(Ordered.CHANGE_STATUS, content, officer="m-001", issuing_body=MARKET)
    with pytest.raises(RefusedError) as caught:
        market.post(PATH, body)
    assert caught.value.code == "statement_act"
