"""Stories of mistakes: corrected, voided, undone, reissued; what a day gone by looks like then and now; who is told."""

from datetime import date
from typing import Any

import pytest

from schemas.statement import Ordered
from tests.flows.refusals import refused
from tests.flows.world import (
    MARKET,
    OTHER_SHOP,
    SHOP,
    World,
    change_content,
    example_fields,
    food_number,
    food_order,
    licence_order,
    statutory_request,
)

DAY = date(2026, 11, 21)
# A permit that worked before the day on which this hub was told.
EARLIER = {"decided_on": "2026-11-10", "valid_from": "2026-11-10", "valid_to": "2031-11-09"}


def test_correction_keeps_both_values_and_tells_who_pulled_the_wrong_one(hub_world: World) -> None:
    hub_world.share()
    first = _permit(hub_world, fields=example_fields("food_operation_permit", business_items="热食累食品制售"))
    hub_world.pull(statutory_request())
    second = hub_world.issue(food_order(replaces=first["identifier"], cause="correct"))
    wrong, right = (hub_world.scan_certificate(each["reference"])["certificate"] for each in (first, second))
    assert [each["value"] for each in wrong["shown_fields"] if each["name"] == "business_items"] == ["热食累食品制售"]
    assert (right["cause"], wrong["changes"][-1]["cause"], wrong["status"]) == ("correct", "correct", "superseded")
    (told,) = hub_world.inbox("health", kind="certificate_wrong")
    assert (told["kind"], told["facts"]) == (
        "certificate_wrong",
        {"identifier": first["identifier"], "act": "correct"},
    )


@pytest.mark.parametrize("cause", ["renew", "change", "reissue", "exchange"])
def test_version_says_why_it_replaces_the_one_before(hub_world: World, cause: str) -> None:
    first = _permit(hub_world)
    second = hub_world.issue(food_order(replaces=first["identifier"], cause=cause, decision_number="示许〔2026〕2号"))
    assert hub_world.scan_certificate(second["reference"])["certificate"]["cause"] == cause
    assert hub_world.inbox("health") == []


@pytest.mark.parametrize("cause", ["correct", "reissue"])
def test_version_that_decides_nothing_is_late_for_no_clock(hub_world: World, cause: str) -> None:
    permit = _permit(hub_world)
    before = hub_world.inbox(kind="published_late")
    hub_world.pass_days(60)
    hub_world.issue(food_order(replaces=permit["identifier"], cause=cause, works_from="2027-01-20"))
    assert hub_world.inbox(kind="published_late") == before


@pytest.mark.parametrize("cause", ["correct", "reissue"])
def test_version_that_decides_nothing_does_not_lift_a_suspension(hub_world: World, cause: str) -> None:
    permit = _permit(hub_world)
    hub_world.change(permit["identifier"], "suspend")
    again = food_order(replaces=permit["identifier"], cause=cause, works_from="2026-11-23")
    with refused("transition_not_allowed"):
        hub_world.issue(again)
    assert hub_world.outcome(permit["reference"]) == ("suspended", "suspended")
    hub_world.change(permit["identifier"], "reinstate")
    assert hub_world.issue(again)["version"] == 2


def test_cause_without_a_version_to_replace_is_refused(hub_world: World) -> None:
    with refused("fields_wrong", ("cause", "only_with_replaces")):
        hub_world.issue(food_order(cause="renew"))
    with refused("fields_wrong", ("cause", "choice")):
        hub_world.issue(food_order(cause="whim", replaces="1.2"))


def test_voided_certificate_leaves_its_holders_page_and_stays_known(hub_world: World) -> None:
    permit = _permit(hub_world)
    hub_world.change(permit["identifier"], "void")
    page = hub_world.scan_enterprise(permit["holder_reference"])
    assert ([each["type"] for each in page["certificates"]], page["total"]) == (["business_licence"], 1)
    assert hub_world.outcome(permit["reference"]) == ("not_valid", "voided")


@pytest.mark.parametrize("with_permit", [False, True])
def test_wrong_holders_page_does_not_keep_the_name_that_only_a_mistake_gave_it(
    hub_world: World, with_permit: bool
) -> None:
    if with_permit:
        hub_world.issue(food_order(holder_name="中山示例小吃店"))
    wrong = hub_world.issue(licence_order(holder_name="中山示例另一家公司"))
    hub_world.change(wrong["identifier"], "void")
    holder = hub_world.scan_enterprise(wrong["holder_reference"])["holder"]
    assert holder["name"] == ("中山示例小吃店" if with_permit else "")
    assert "former_names" not in holder
    assert hub_world.search({"name": "另一家"})["certificates"] == []
    hub_world.issue(licence_order(certificate_number=SHOP))
    holder = hub_world.scan_enterprise(wrong["holder_reference"])["holder"]
    assert holder["name"] == "中山示例餐饮有限公司"


def test_permit_names_a_holder_that_only_a_mistake_had_named(hub_world: World) -> None:
    wrong = hub_world.issue(food_order(holder_name="中山示例另一家公司"))
    hub_world.change(wrong["identifier"], "void")
    assert hub_world.scan_enterprise(wrong["holder_reference"])["holder"]["name"] == ""
    hub_world.issue(food_order())
    assert hub_world.scan_enterprise(wrong["holder_reference"])["holder"]["name"] == "中山示例餐饮有限公司"


def test_number_of_a_voided_certificate_is_free_for_its_true_holder(hub_world: World) -> None:
    wrong = _permit(hub_world)
    true_holder = {"licence_number": OTHER_SHOP, "holder_name": "中山示例杂货店"}
    with refused("number_taken"):
        hub_world.issue(food_order(**true_holder))
    hub_world.change(wrong["identifier"], "void")
    right = hub_world.issue(food_order(**true_holder))
    assert right["version"] == 1
    assert hub_world.scan_certificate(right["reference"])["certificate"]["licence_number"] == OTHER_SHOP


def test_version_voided_lets_the_one_before_count_again(hub_world: World) -> None:
    first = _permit(hub_world)
    hub_world.change(first["identifier"], "suspend", until="2026-12-31")
    changed = food_order(replaces=first["identifier"], certificate_number=food_number(2), works_from="2026-11-23")
    second = hub_world.issue(changed)
    hub_world.change(second["identifier"], "void")
    assert hub_world.outcome(first["reference"]) == ("suspended", "suspended")
    page = hub_world.scan_enterprise(first["holder_reference"])
    assert [each["identifier"] for each in page["certificates"] if each["type"] == "food_operation_permit"] == [
        first["identifier"]
    ]
    third = hub_world.issue(food_order(replaces=first["identifier"], works_from="2026-11-23"))
    assert (third["version"], hub_world.outcome(third["reference"])[0]) == (3, "valid")


def test_only_the_current_version_is_voided(hub_world: World) -> None:
    first = _permit(hub_world)
    hub_world.issue(food_order(replaces=first["identifier"]))
    with refused("transition_not_allowed"):
        hub_world.change(first["identifier"], "void")


@pytest.mark.parametrize("act", ["suspend", "withdraw", "annul", "strip", "cancel"])
def test_undo_takes_the_last_act_back_and_keeps_both(hub_world: World, act: str) -> None:
    permit = _permit(hub_world)
    done = hub_world.change(permit["identifier"], act)
    undone = hub_world.change(permit["identifier"], "undo", undoes=done["act_id"])
    answer = hub_world.scan_certificate(permit["reference"])
    assert (undone["status"], answer["verdict"]["outcome"]) == ("valid", "valid")
    assert [each["act"] for each in answer["certificate"]["changes"]] == [act, "undo"]


def test_undo_reaches_the_act_before_only_after_the_last(hub_world: World) -> None:
    permit = _permit(hub_world)
    suspended = hub_world.change(permit["identifier"], "suspend", until="2026-12-31")
    withdrawn = hub_world.change(permit["identifier"], "withdraw")
    with refused("undo_not_last"):
        hub_world.change(permit["identifier"], "undo", undoes=suspended["act_id"])
    hub_world.change(permit["identifier"], "undo", undoes=withdrawn["act_id"])
    assert hub_world.outcome(permit["reference"]) == ("suspended", "suspended")
    hub_world.change(permit["identifier"], "undo", undoes=suspended["act_id"])
    assert hub_world.outcome(permit["reference"])[0] == "valid"


@pytest.mark.parametrize("act", ["annul", "strip", "void"])
def test_grave_act_needs_two_officers_of_the_department(hub_world: World, act: str) -> None:
    permit = _permit(hub_world)
    with refused("second_officer_needed"):
        _change_alone(hub_world, permit["identifier"], act)
    with refused("second_officer_same"):
        _change_by(hub_world, permit["identifier"], act, second="m-001")
    assert hub_world.outcome(permit["reference"])[0] == "valid"


def test_act_that_reaches_back_behind_the_one_before_is_refused(hub_world: World) -> None:
    permit = _permit(hub_world)
    hub_world.change(permit["identifier"], "suspend", works_from="2026-11-22")
    with refused("out_of_order"):
        hub_world.change(permit["identifier"], "reinstate", works_from="2026-11-21")
    hub_world.change(permit["identifier"], "reinstate", works_from="2026-11-22")


def test_version_that_would_work_behind_the_act_before_or_from_a_day_to_come_is_refused(hub_world: World) -> None:
    permit = _permit(hub_world)
    with refused("works_from_future"):
        hub_world.issue(food_order(replaces=permit["identifier"], works_from="2026-11-24"))
    hub_world.change(permit["identifier"], "suspend", works_from="2026-11-22")
    hub_world.change(permit["identifier"], "reinstate", works_from="2026-11-23")
    with refused("out_of_order"):
        hub_world.issue(food_order(replaces=permit["identifier"], works_from="2026-11-22"))
    assert hub_world.outcome(permit["reference"]) == ("valid", "good")
    assert hub_world.issue(food_order(replaces=permit["identifier"], works_from="2026-11-23"))["version"] == 2


def test_voided_rename_gives_the_name_back_and_no_former_name_is_left(hub_world: World) -> None:
    licence = hub_world.issue(licence_order())
    renamed = licence_order(
        holder_name="中山示例误写公司", holder_address="中山市误写路9号", replaces=licence["identifier"]
    )
    wrong = hub_world.issue(renamed | {"works_from": "2026-11-20"})
    hub_world.change(wrong["identifier"], "void")
    holder = hub_world.scan_enterprise(licence["holder_reference"])["holder"]
    assert (holder["name"], holder["address"]) == ("中山示例餐饮有限公司", "中山市示例路1号")
    assert "former_names" not in holder


def test_number_that_an_earlier_version_bears_stays_taken_when_a_later_one_is_voided(hub_world: World) -> None:
    first = _permit(hub_world)
    second = hub_world.issue(food_order(replaces=first["identifier"], certificate_number=food_number(2)))
    third = hub_world.issue(food_order(replaces=second["identifier"]))
    hub_world.change(third["identifier"], "void")
    with refused("number_taken"):
        hub_world.issue(food_order(licence_number=OTHER_SHOP, holder_name="中山示例杂货店"))


# --- a day gone by ----------------------------------------------------------------------------------------------


def test_decision_that_reaches_back_changes_what_is_known_now_and_not_what_was_recorded(hub_world: World) -> None:
    permit = _permit(
        hub_world, decided_on="2026-11-10", valid_from="2026-11-10", works_from="2026-11-10", valid_to="2031-11-09"
    )
    hub_world.pass_days(3)
    hub_world.change(permit["identifier"], "annul", works_from="2026-11-10")
    at = hub_world.scan_certificate(permit["reference"], at=date(2026, 11, 24))["at"]
    assert (at["recorded_then"]["outcome"], at["known_now"]["reason"]) == ("valid", "annulled")


def test_day_before_the_record_has_no_line_of_that_time(hub_world: World) -> None:
    permit = _permit(
        hub_world, decided_on="2026-11-10", valid_from="2026-11-10", works_from="2026-11-10", valid_to="2031-11-09"
    )
    at = hub_world.scan_certificate(permit["reference"], at=DAY)["at"]
    assert (at["recorded_then"], at["known_now"]["outcome"]) == (None, "valid")


def test_undone_act_counted_until_it_was_undone(hub_world: World) -> None:
    permit = _permit(hub_world)
    done = hub_world.change(permit["identifier"], "withdraw")
    hub_world.pass_days(2)
    hub_world.change(permit["identifier"], "undo", undoes=done["act_id"])
    at = hub_world.scan_certificate(permit["reference"], at=date(2026, 11, 24))["at"]
    assert (at["recorded_then"]["reason"], at["known_now"]["outcome"]) == ("withdrawn", "valid")


def test_penalty_that_is_public_no_more_makes_its_time_unknown(hub_world: World) -> None:
    permit = _permit(hub_world)
    hub_world.change(permit["identifier"], "suspend", public_until="2026-12-01")
    hub_world.pass_days(4)
    hub_world.change(permit["identifier"], "reinstate", works_from="2026-11-27")
    hub_world.pass_days(10)
    at = hub_world.scan_certificate(permit["reference"], at=date(2026, 11, 25))["at"]
    assert (at["known_now"]["outcome"], at["known_now"]["reason"]) == ("unknown", "history_not_public")
    assert hub_world.outcome(permit["reference"])[0] == "valid"


@pytest.mark.parametrize("repaired", [False, True])
def test_licences_penalty_that_is_public_no_more_is_not_told_by_its_permits_past(
    hub_world: World, repaired: bool
) -> None:
    licence, permit = hub_world.issue(licence_order()), hub_world.issue(food_order())
    penalty = hub_world.change(
        licence["identifier"], "suspend", public_until="2027-12-31" if repaired else "2026-12-01"
    )
    hub_world.pass_days(4)
    hub_world.change(licence["identifier"], "reinstate", works_from="2026-11-27")
    if repaired:
        hub_world.undo_note(licence["identifier"], "repair", penalty["act_id"], from_on="2026-11-27")
    hub_world.pass_days(10)
    at = hub_world.scan_certificate(permit["reference"], at=date(2026, 11, 25))["at"]
    assert {at[line]["reason"] for line in ("recorded_then", "known_now")} == {"history_not_public"}
    assert hub_world.outcome(permit["reference"]) == ("valid", "good")


def test_dates_and_licence_of_that_day_are_judged_too(hub_world: World) -> None:
    licence = hub_world.issue(licence_order())
    permit = hub_world.issue(food_order())
    hub_world.pass_days(5)
    hub_world.change(licence["identifier"], "cancel", works_from="2026-11-28")
    hub_world.pass_days(2)
    before, after = (
        hub_world.scan_certificate(permit["reference"], at=day)["at"]["known_now"]
        for day in (date(2026, 11, 27), date(2026, 11, 28))
    )
    assert (before["outcome"], after["reason"]) == ("valid", "licence_cancelled")
    early = hub_world.scan_certificate(permit["reference"], at=date(2026, 11, 19))["at"]["known_now"]
    assert early["outcome"] == "not_valid"


def test_licence_suspended_before_its_holder_was_renamed_counts_on_that_day(hub_world: World) -> None:
    licence = hub_world.issue(licence_order())
    permit = hub_world.issue(food_order(**EARLIER))
    hub_world.change(licence["identifier"], "suspend", works_from="2026-11-20")
    hub_world.change(licence["identifier"], "reinstate", works_from="2026-11-22")
    renamed = licence_order(holder_name="中山示例新味公司", replaces=licence["identifier"], works_from="2026-11-23")
    hub_world.issue(renamed)
    before, after = (
        hub_world.scan_certificate(permit["reference"], at=date(2026, 11, day))["at"]["known_now"] for day in (21, 23)
    )
    assert (before["reason"], after["outcome"]) == ("licence_suspended", "valid")


def test_licence_recorded_later_was_not_known_then(hub_world: World) -> None:
    permit = hub_world.issue(food_order())
    hub_world.pass_days(2)
    hub_world.issue(licence_order())
    at = hub_world.scan_certificate(permit["reference"], at=date(2026, 11, 24))["at"]
    assert (at["recorded_then"]["reason"], at["known_now"]["outcome"]) == ("licence_not_recorded", "valid")


def test_mistake_was_one_on_every_day_gone_by_whatever_day_its_void_works_from(hub_world: World) -> None:
    permit = _permit(hub_world, **EARLIER)
    hub_world.change(permit["identifier"], "void")
    at = hub_world.scan_certificate(permit["reference"], at=DAY)["at"]
    assert (at["known_now"]["outcome"], at["known_now"]["reason"]) == ("not_valid", "voided")


def test_penalty_of_a_licence_that_is_public_no_more_is_not_told_by_its_line(hub_world: World) -> None:
    licence = hub_world.issue(licence_order())
    hub_world.change(licence["identifier"], "suspend", public_until="2026-11-23")
    hub_world.change(licence["identifier"], "reinstate")
    hub_world.pass_days(1)
    page = hub_world.scan_enterprise(licence["holder_reference"])
    assert "suspend" not in str(page["certificates"])


def _permit(world: World, **changes: Any) -> dict[str, Any]:
    world.issue(licence_order())
    return world.issue(food_order(licence_number=SHOP, **changes))


def _change_alone(world: World, identifier: str, act: str) -> None:
    content = change_content(identifier, act)
    verified = world.order(Ordered.CHANGE_STATUS, content, system="market", officer="m-001", issuing_body=MARKET)
    world.change_verified(content, verified)


def _change_by(world: World, identifier: str, act: str, *, second: str) -> None:
    content = change_content(identifier, act)
    verified, seconds = world.seconded(
        Ordered.CHANGE_STATUS, content, system="market", second=second, issuing_body=MARKET
    )
    world.change_verified(content, verified, seconds=seconds)
