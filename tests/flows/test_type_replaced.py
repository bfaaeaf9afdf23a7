"""Stories of a type that is required no more: told on the page, refused when ordered, never a verdict of its own."""

from dataclasses import replace
from datetime import date

import pytest

from hub.errors import OrderError
from hub.public.lookup import look_up_certificate
from hub.registry.issuance import issue
from schemas.catalogue import Catalogue
from schemas.certificate_type import Replaced
from schemas.order import read_order
from schemas.statement import Ordered
from tests.flows.world import CATALOGUE, MARKET, World, food_order, licence_order

SINCE = date(2026, 11, 1)
REPLACED = Replaced(SINCE, "该项许可已改为备案，无需再持有此证。", "This permit has become a filing.", "示例决定")
FOOD = replace(CATALOGUE.get("food_operation_permit"), replaced=REPLACED)
LATER = Catalogue([FOOD if each.code == FOOD.code else each for each in CATALOGUE.all_versions()])


def test_permit_of_a_type_that_became_a_filing_is_told_so_and_judged_as_ever(hub_world: World) -> None:
    hub_world.issue(licence_order())
    permit = hub_world.issue(food_order())
    surroundings = replace(hub_world.surroundings(), catalogue=LATER)
    answer = look_up_certificate(
        hub_world._read("certificate", permit["reference"]), surroundings=surroundings, now=hub_world.now
    )
    assert answer["type_note"] == {"zh": REPLACED.zh, "en": REPLACED.en, "since": "2026-11-01"}
    assert answer["verdict"]["outcome"] == "valid"
    assert "type_note" not in hub_world.scan_certificate(permit["reference"])


def test_decision_on_a_type_that_is_required_no_more_is_refused(hub_world: World) -> None:
    content = food_order()
    verified = hub_world.order(Ordered.ISSUE, content, system="market", certificate_type=FOOD.code, issuing_body=MARKET)
    order = replace(read_order(content, catalogue=CATALOGUE, overrides=()), certificate_type=FOOD)
    with pytest.raises(OrderError, match="type_not_required"):
        issue(
            order, verified=verified, system=hub_world.system("market"), key="a-key-of-its-own",
            registry=hub_world.registry, sealers=hub_world.sealers, now=hub_world.now,
        )  # fmt: skip
