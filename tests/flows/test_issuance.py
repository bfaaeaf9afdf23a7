"""Stories of issuing: what becomes of an order, and which orders are refused."""

from tests.flows.world import World, food_order, licence_order


def test_issued_certificate_is_valid_on_the_scan_page(hub_world: World) -> None:
    hub_world.issue(licence_order())
    issued = hub_world.issue(food_order())
    answer = hub_world.scan_enterprise(issued["holder_reference"])
    assert [each["verdict"]["outcome"] for each in answer["certificates"]] == ["valid", "valid"]
    assert hub_world.outcome(issued["reference"]) == ("valid", "good")
