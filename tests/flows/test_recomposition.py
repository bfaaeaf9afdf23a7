"""Stories of a holder with very many certificates: pages of a hundred, worst first, one page rewritten by an act."""

from typing import Any

import pytest

from hub.registry.issuance import Issued, issue_many
from hub.steps.certificates.intentions import Batch, Origin, new_name
from schemas.order import read_order
from schemas.statement import Ordered
from tests.flows.world import CATALOGUE, MARKET, World, food_number, food_order, licence_order


@pytest.fixture
def large_holder(hub_world: World) -> tuple[World, list[Issued]]:
    """A shop with its licence and 249 permits, that is three pages."""
    hub_world.issue(licence_order())
    contents = [food_order(certificate_number=food_number(serial)) for serial in range(1, 250)]
    verified = hub_world.order(
        Ordered.ISSUE, {}, system="market", certificate_type="food_operation_permit", issuing_body=MARKET
    )
    orders = [read_order(each, catalogue=CATALOGUE, overrides=frozenset()) for each in contents]
    batch = Batch(
        new_name(hub_world.registry), orders, [Origin.native(hub_world.now)] * 249, verified, hub_world.system("market")
    )
    made = issue_many(batch, registry=hub_world.registry, sealers=hub_world.sealers, now=hub_world.now)
    return hub_world, [each for each in made if isinstance(each, Issued)]


def test_holder_of_250_certificates_has_three_pages(large_holder: tuple[World, list[Issued]]) -> None:
    world, made = large_holder
    pages = [world.scan_enterprise(made[0].holder_reference, page) for page in (0, 1, 2)]
    assert [len(each["certificates"]) for each in pages] == [100, 100, 50]
    assert pages[0]["total"] == 250
    shown = {line["reference"] for page in pages for line in page["certificates"]}
    assert shown >= {each.reference for each in made}


def test_page_with_the_worst_certificate_comes_first(large_holder: tuple[World, list[Issued]]) -> None:
    world, made = large_holder
    world.change(made[120].identifier, "suspend")
    assert world.scan_enterprise(made[0].holder_reference)["pages"] == [1, 0, 2]
    world.change(made[-1].identifier, "annul")
    answer = world.scan_enterprise(made[0].holder_reference)
    assert answer["pages"] == [2, 1, 0]
    assert answer["certificates"][0]["reference"] == made[-1].reference
    assert answer["counts"]["not_valid"] == 1


def test_page_gets_its_place_back_when_the_worst_is_mended(large_holder: tuple[World, list[Issued]]) -> None:
    world, made = large_holder
    world.change(made[120].identifier, "suspend")
    world.change(made[120].identifier, "reinstate")
    assert world.scan_enterprise(made[0].holder_reference)["pages"] == [0, 1, 2]


def test_licence_counts_on_every_page(large_holder: tuple[World, list[Issued]]) -> None:
    world, made = large_holder
    head: dict[str, Any] = world.scan_enterprise(made[0].holder_reference)
    world.change(_identifier_of_licence(head), "strip")
    outcomes = {
        line["verdict"]["outcome"]
        for page in (0, 1, 2)
        for line in world.scan_enterprise(made[0].holder_reference, page)["certificates"]
    }
    assert outcomes == {"not_valid"}


def test_renewal_keeps_its_line_where_it_was(large_holder: tuple[World, list[Issued]]) -> None:
    world, made = large_holder
    renewed = world.issue(food_order(certificate_number=food_number(151), replaces=made[150].identifier))
    references = [each["reference"] for each in world.scan_enterprise(renewed["holder_reference"], 1)["certificates"]]
    assert references.index(renewed["reference"]) == 51
    assert len(references) == 100


def _identifier_of_licence(answer: dict[str, Any]) -> str:
    return next(str(line["identifier"]) for line in answer["certificates"] if line["type"] == "business_licence")
