"""Stories of sites and devices: one permit over several sites, a device that goes from hand to hand."""

from typing import Any

import pytest

from schemas.identifiers import is_site_id, make_licence_number
from tests.flows.refusals import refused, refused_whole
from tests.flows.world import (
    HEALTH,
    LIFT,
    OTHER_SHOP,
    SHOP,
    World,
    food_order,
    licence_order,
    lift_number,
    lift_order,
)

OTHER_LIFT = "31104420002020010002"
COURT = make_licence_number("11442000", "00000099")


def test_site_is_registered_once_under_an_id_for_good(hub_world: World) -> None:
    made = hub_world.register("site")
    assert is_site_id(made["subject_id"])
    hub_world.issue(licence_order())
    permit = hub_world.issue(food_order(subject_id=made["subject_id"]))
    assert hub_world.scan_certificate(permit["reference"])["certificate"]["subject"]["id"] == made["subject_id"]


def test_one_permit_is_about_several_sites(hub_world: World) -> None:
    sites = [hub_world.register("site", name=f"示例门店{place}")["subject_id"] for place in (1, 2)]
    hub_world.issue(licence_order())
    permit = hub_world.issue(food_order(subject_ids=sites))
    subject = hub_world.scan_certificate(permit["reference"])["certificate"]["subject"]
    assert (subject["id"], subject["ids"]) == (sites[0], sites)


def test_site_nobody_registered_is_refused_and_words_are_taken(hub_world: World) -> None:
    hub_world.issue(licence_order())
    with refused("subject_unknown"):
        hub_world.issue(food_order(subject_id="S-000000000000"))
    hub_world.issue(food_order(subject_id="东区一楼"))


def test_ended_site_takes_no_new_permit(hub_world: World) -> None:
    made = hub_world.register("site")
    hub_world.register("site", step="end", subject_id=made["subject_id"])
    with refused("subject_unknown"):
        hub_world.issue(food_order(subject_id=made["subject_id"]))
    with refused("subject_ended"):
        hub_world.register("site", step="end", subject_id=made["subject_id"])


def test_site_is_handed_on_and_ended_by_who_registered_it_and_nobody_else(hub_world: World) -> None:
    hub_world.enrol(
        "issuing-bodies", licence_number=COURT, department=HEALTH, name_zh="示例法院", name_en="Example court",
        area="442000", from_on="2019-01-01", competences=[], annotates=["frozen"],
    )  # fmt: skip
    made, by_health = hub_world.register("site"), {"system": "health", "issuing_body": COURT}
    for step in ("hand_on", "end"):
        with refused_whole(hub_world, "body_not_in_charge"):
            hub_world.register("site", **by_health, step=step, subject_id=made["subject_id"])
    with refused_whole(hub_world, "body_not_in_charge"):
        hub_world.register("site", **by_health)
    with refused_whole(hub_world, "out_of_order"):
        hub_world.register("site", step="end", subject_id=made["subject_id"], works_from="2026-11-22")
    hub_world.register("site", step="end", subject_id=made["subject_id"])


@pytest.mark.parametrize("subject_id", ["001", "S-ABCDEFGHJKMN", "<script>", "1/2", "", "x" * 65])
def test_device_has_no_number_that_names_nothing_or_a_site(hub_world: World, subject_id: str) -> None:
    with refused_whole(hub_world, "fields_wrong", ("subject_id", "form")):
        hub_world.register("device", subject_id=subject_id)


def test_ended_device_takes_no_certificate(hub_world: World) -> None:
    hub_world.register("device", subject_id=LIFT)
    hub_world.register("device", step="end", subject_id=LIFT)
    with refused("subject_unknown"):
        hub_world.issue(_lift(SHOP))


def test_device_is_in_one_place(hub_world: World) -> None:
    first = hub_world.issue(_lift(SHOP))
    with refused("device_elsewhere"):
        hub_world.issue(_lift(OTHER_SHOP, certificate_number=lift_number(2)))
    hub_world.change(first["identifier"], "cancel")
    assert hub_world.issue(_lift(OTHER_SHOP, certificate_number=lift_number(2)))["version"] == 1


def test_ending_is_not_undone_while_the_device_is_elsewhere(hub_world: World) -> None:
    first = hub_world.issue(_lift(SHOP))
    ended = hub_world.change(first["identifier"], "cancel")
    second = hub_world.issue(_lift(OTHER_SHOP, certificate_number=lift_number(2)))
    with refused("device_elsewhere"):
        hub_world.change(first["identifier"], "undo", undoes=ended["act_id"])
    hub_world.change(second["identifier"], "cancel")
    hub_world.change(first["identifier"], "undo", undoes=ended["act_id"])
    with refused("device_elsewhere"):
        hub_world.issue(_lift(OTHER_SHOP, certificate_number=lift_number(3)))


def test_version_is_not_voided_while_the_device_of_the_one_before_is_elsewhere(hub_world: World) -> None:
    first = hub_world.issue(_lift(SHOP))
    wrong = hub_world.issue(_lift(SHOP, subject_id=OTHER_LIFT, replaces=first["identifier"]))
    elsewhere = hub_world.issue(_lift(OTHER_SHOP, certificate_number=lift_number(2)))
    with refused("device_elsewhere"):
        hub_world.change(wrong["identifier"], "void")
    hub_world.change(elsewhere["identifier"], "cancel")
    hub_world.change(wrong["identifier"], "void")
    with refused("device_elsewhere"):
        hub_world.issue(_lift(OTHER_SHOP, certificate_number=lift_number(3)))
    assert hub_world.issue(_lift(OTHER_SHOP, subject_id=OTHER_LIFT, certificate_number=lift_number(3)))["version"] == 1


def test_certificate_of_a_device_follows_it_to_its_next_user(hub_world: World) -> None:
    made = hub_world.register("device", subject_id=LIFT, name="示例电梯")
    first = hub_world.issue(_lift(SHOP))
    hub_world.register("device", step="hand_on", subject_id=LIFT, licence_number=OTHER_SHOP)
    second = hub_world.issue(_lift(OTHER_SHOP, replaces=first["identifier"], cause="change"))
    assert second["version"] == 2
    assert hub_world.scan_enterprise(first["holder_reference"])["total"] == 0
    assert hub_world.scan_enterprise(second["holder_reference"])["total"] == 1
    assert hub_world.outcome(first["reference"]) == ("not_valid", "superseded")
    assert made["subject_id"] == LIFT


def test_another_device_does_not_carry_a_certificate_to_another_user(hub_world: World) -> None:
    first = hub_world.issue(_lift(SHOP))
    with refused("previous_of_another"):
        hub_world.issue(_lift(OTHER_SHOP, subject_id="31104420002020019999", replaces=first["identifier"]))


def test_device_is_registered_once(hub_world: World) -> None:
    hub_world.register("device", subject_id=LIFT)
    with refused("subject_registered"):
        hub_world.register("device", subject_id=LIFT)


@pytest.mark.parametrize(
    ("changes", "member", "rule"),
    [
        ({"kind": "ship"}, "kind", "choice"),
        ({"subject_id": "S-1"}, "subject_id", "not_here"),
        ({"name": ""}, "name", "missing"),
        ({"works_from": "2026-02-30"}, "works_from", "form"),
        ({"licence_number": "91442000MA0000015X"}, "licence_number", "check_digit"),
    ],
)
def test_wrong_order_is_refused_by_member_and_rule(
    hub_world: World, changes: dict[str, Any], member: str, rule: str
) -> None:
    with refused("fields_wrong", (member, rule)):
        hub_world.register(**({"kind": "site"} | changes))


def test_sites_belong_to_types_by_site(hub_world: World) -> None:
    with refused("fields_wrong", ("subject_ids", "only_sites")):
        hub_world.issue(licence_order(subject_ids=["001", "002"]))
    with refused("fields_wrong", ("subject_ids", "twice")):
        hub_world.issue(food_order(subject_ids=["001", "001"]))


# --- who orders it ----------------------------------------------------------------------------------------------


def test_commitment_and_what_is_still_to_come_are_told(hub_world: World) -> None:
    hub_world.issue(licence_order())
    with refused("fields_wrong", ("deferred_until", "missing")):
        hub_world.issue(food_order(flags=["deferred"]))
    permit = hub_world.issue(food_order(flags=["commitment", "deferred"], deferred_until="2026-12-31"))
    shown = hub_world.scan_certificate(permit["reference"])["certificate"]
    assert (shown["flags"], shown["deferred_until"]) == (["commitment", "deferred"], "2026-12-31")


def _lift(holder: str, **changes: Any) -> dict[str, Any]:
    return lift_order(licence_number=holder, holder_name="中山示例物业公司", **changes)
