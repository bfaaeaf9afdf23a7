"""Stories of a stolen sticker: the enterprise's reference is retired and replaced, by whom, and what is left of it."""

import asyncio
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import pytest

from hub.app.opening import scan_reader
from hub.settings import Settings
from hub.store.columns import moment_of
from hub.store.entry import EntryReader
from schemas.evidence import Kind
from schemas.statement import Ordered
from tests.flows.refusals import refused
from tests.flows.world import HEALTH, MARKET, OTHER_SHOP, SHOP, World, food_order, licence_order


@pytest.fixture
def shop(hub_world: World) -> dict[str, Any]:
    """A licensed shop with a permit; what the permit's issue was answered."""
    hub_world.issue(licence_order())
    return hub_world.issue(food_order())


def test_new_reference_opens_everything_and_the_certificate_s_own_goes_on(
    hub_world: World, shop: dict[str, Any]
) -> None:
    before = hub_world.scan_enterprise(shop["holder_reference"])
    answer = hub_world.retire(shop["holder_reference"])
    after = hub_world.scan_enterprise(answer["reference"])
    assert answer["reference"] != answer["retired"] == shop["holder_reference"]
    assert after["certificates"] == before["certificates"]
    assert after["holder"]["reference"] == answer["reference"]
    assert hub_world.scan_certificate(shop["reference"])["holder"]["reference"] == answer["reference"]


def test_retired_reference_opens_nothing_but_the_day_it_was_retired(hub_world: World, shop: dict[str, Any]) -> None:
    hub_world.retire(shop["holder_reference"])
    assert _scanned(hub_world, shop["holder_reference"]) == (None, None, hub_world.now)


def test_reference_in_use_or_of_nobody_is_not_retired(hub_world: World, shop: dict[str, Any]) -> None:
    answer = hub_world.retire(shop["holder_reference"])
    assert _scanned(hub_world, answer["reference"])[2] is None
    assert _scanned(hub_world, shop["reference"])[2] is None
    assert _scanned(hub_world, "0" * 26)[2] is None


def test_what_is_issued_afterwards_names_the_new_reference(hub_world: World, shop: dict[str, Any]) -> None:
    answer = hub_world.retire(shop["holder_reference"])
    issued = hub_world.issue(food_order(certificate_number="JY24420000000027"))
    assert issued["holder_reference"] == answer["reference"]
    assert len(hub_world.scan_enterprise(answer["reference"])["certificates"]) == 3


def test_reference_can_be_retired_again_but_only_the_present_one(hub_world: World, shop: dict[str, Any]) -> None:
    first = hub_world.retire(shop["holder_reference"])
    hub_world.now += timedelta(seconds=1)
    second = hub_world.retire(first["reference"])
    with refused("reference_not_current"):
        hub_world.retire(shop["holder_reference"])
    assert hub_world.scan_enterprise(second["reference"])["total"] == 2


def test_same_request_again_gets_the_same_answer(hub_world: World, shop: dict[str, Any]) -> None:
    content = {"licence_number": SHOP, "reference": shop["holder_reference"], "issuing_body": MARKET}
    verified, seconds = hub_world.seconded(Ordered.RETIRE, content, system="market", issuing_body=MARKET)
    answers = [hub_world.retire_verified(content, verified, seconds=seconds, key="the-same-key") for _ in range(2)]
    assert answers[0] == answers[1]


def test_retiring_makes_one_entry(hub_world: World, shop: dict[str, Any]) -> None:
    answer = hub_world.retire(shop["holder_reference"])
    with hub_world.registry.database.read() as connection:
        entries = [each for each in EntryReader(connection).all() if each.kind == Kind.RETIRE]
    assert [each.act_id for each in entries] == [answer["act_id"]]


def test_one_officer_alone_is_refused(hub_world: World, shop: dict[str, Any]) -> None:
    content = {"licence_number": SHOP, "reference": shop["holder_reference"], "issuing_body": MARKET}
    verified = hub_world.order(Ordered.RETIRE, content, system="market", officer="m-001", issuing_body=MARKET)
    with refused("second_officer_needed"):
        hub_world.retire_verified(content, verified)


def test_one_officer_twice_is_refused(hub_world: World, shop: dict[str, Any]) -> None:
    content = {"licence_number": SHOP, "reference": shop["holder_reference"], "issuing_body": MARKET}
    verified, seconds = hub_world.seconded(
        Ordered.RETIRE, content, system="market", second="m-001", issuing_body=MARKET
    )
    with refused("second_officer_same"):
        hub_world.retire_verified(content, verified, seconds=seconds)


def test_body_that_did_not_issue_the_licence_is_refused_with_evidence(hub_world: World, shop: dict[str, Any]) -> None:
    with refused("body_not_in_charge"):
        hub_world.retire(shop["holder_reference"], system="health", body=HEALTH)
    with hub_world.registry.database.read() as connection:
        assert [each.kind for each in EntryReader(connection).all()][-1] == Kind.ORDER_REFUSED
    assert hub_world.scan_enterprise(shop["holder_reference"])["total"] == 2


def test_statement_of_another_body_is_refused(hub_world: World, shop: dict[str, Any]) -> None:
    content = {"licence_number": SHOP, "reference": shop["holder_reference"], "issuing_body": MARKET}
    verified, seconds = hub_world.seconded(Ordered.RETIRE, content, system="market", issuing_body=HEALTH)
    with refused("statement_body"):
        hub_world.retire_verified(content, verified, seconds=seconds)


def test_successor_and_superior_of_the_licence_s_body_may_retire(hub_world: World, shop: dict[str, Any]) -> None:
    _enrol_body(hub_world, superior=HEALTH)
    answer = hub_world.retire(shop["holder_reference"], system="health", body=HEALTH)
    _enrol_body(hub_world, successor=HEALTH)
    hub_world.now += timedelta(seconds=1)
    assert hub_world.retire(answer["reference"], system="health", body=HEALTH)["retired"] == answer["reference"]


def test_holder_without_a_licence_on_record_is_refused(hub_world: World) -> None:
    issued = hub_world.issue(food_order(licence_number=OTHER_SHOP))
    with refused("licence_not_recorded"):
        hub_world.retire(issued["holder_reference"], licence_number=OTHER_SHOP)


def test_holder_whose_licence_has_ended_still_gets_a_new_reference(hub_world: World) -> None:
    issued = hub_world.issue(licence_order())
    hub_world.change(issued["identifier"], "cancel")
    answer = hub_world.retire(issued["holder_reference"])
    assert hub_world.scan_enterprise(answer["reference"])["total"] == 1


@pytest.mark.parametrize(
    ("changes", "member", "rule"),
    [
        ({"licence_number": ""}, "licence_number", "missing"),
        ({"licence_number": 7}, "licence_number", "form"),
        ({"licence_number": "x\u0000" * 9}, "licence_number", "form"),
        ({"issuing_body": None}, "issuing_body", "missing"),
        ({"reference": "8" * 26}, "reference", "form"),
        ({"reference": ["x"]}, "reference", "form"),
    ],
)
def test_wrong_order_is_refused_by_member_and_rule(
    lasting_world: World, changes: dict[str, Any], member: str, rule: str
) -> None:
    content = {"licence_number": SHOP, "reference": "0" * 26, "issuing_body": MARKET} | changes
    verified, seconds = lasting_world.seconded(Ordered.RETIRE, content, system="market", issuing_body=MARKET)
    with refused("fields_wrong", (member, rule)):
        lasting_world.retire_verified(content, verified, seconds=seconds)


def test_two_processes_that_retire_the_same_one_do_it_once(hub_world: World, shop: dict[str, Any]) -> None:
    with closing(hub_world.another()) as other:
        answer = other.retire(shop["holder_reference"])
    with refused("reference_not_current"):
        hub_world.retire(shop["holder_reference"])
    assert hub_world.scan_enterprise(answer["reference"])["total"] == 2


def _enrol_body(world: World, **changes: str) -> None:
    body: dict[str, Any] = {
        "licence_number": MARKET, "department": MARKET, "name_zh": "示例市场监管局", "name_en": "Example market bureau",
        "area": "442000", "from_on": "2019-01-01",
        "competences": [{"certificate_type": "business_licence", "from_on": "2019-01-01"}],
    }  # fmt: skip
    world.enrol("issuing-bodies", **(body | changes))


def _scanned(world: World, reference: str) -> tuple[Any, Any, datetime | None]:
    """Return what the scan door reads of a reference as an enterprise's and as a certificate's, and if retired when."""

    async def read() -> tuple[Any, Any, datetime | None]:
        reader = scan_reader(Settings(database=world.registry.database.url), world.registry.database)
        try:
            found = await reader.enterprise(reference, None)
            certificate = await reader.certificate(reference)
            retired = await reader.many("retired", reference)
            return found and found.head, certificate and certificate.head, moment_of(retired[0][0]) if retired else None
        finally:
            await reader.close()

    return asyncio.run(read())
