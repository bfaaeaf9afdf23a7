"""Stories of presentation codes: shown once, to whom the holder confirms, and never found by guessing."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hub.decisions.answers import disclosed_values
from hub.enterprise.presentations import (
    draft_confirmation,
    post_presentation,
    presentation_state,
    redeemed_presentation,
)
from hub.errors import HubError
from hub.store import tables
from schemas.fields import COMMON_FIELDS
from schemas.statement import Ordered
from tests.flows.grant_world import (
    confirm_presentation,
    post_confirmation,
    present,
    presented_request,
    redeem_at_window,
    redemption_request,
    sign_confirmation,
    sign_presentation,
    wrong,
)
from tests.flows.refusals import refused
from tests.flows.world import (
    HEALTH,
    MARKET,
    OTHER_SHOP,
    SHOP,
    World,
    food_number,
    food_order,
    granted_request,
    licence_order,
)


@pytest.fixture
def shown_world(hub_world: World) -> World:
    """A shop with licence, permit and electronic business licence."""
    hub_world.issue(licence_order())
    hub_world.issue(food_order())
    hub_world.make_licence()
    return hub_world


@pytest.fixture(scope="module")
def settled_world(lasting_world: World) -> World:
    """The same for all tests that are refused and change nothing."""
    lasting_world.issue(licence_order())
    lasting_world.issue(food_order())
    lasting_world.make_licence()
    return lasting_world


@pytest.fixture(scope="module")
def confirmed(settled_world: World) -> str:
    """A presentation that was redeemed and confirmed, and is not pulled."""
    shown = present(settled_world)
    redeem_at_window(settled_world, shown["code"])
    confirm_presentation(settled_world, shown["digest"])
    return str(shown["digest"])


def _state(world: World, digest: str) -> str:
    return str(presentation_state(digest, registry=world.registry, now=world.now)["state"])


def test_window_gets_what_the_enterprise_confirmed_and_once(shown_world: World) -> None:
    shown = present(shown_world)
    asked = redeem_at_window(shown_world, shown["code"])
    assert (asked["state"], asked["licence_number"]) == ("unconfirmed", SHOP)
    with refused("presentation_unconfirmed"):
        shown_world.pull(presented_request(shown["digest"]))
    confirm_presentation(shown_world, shown["digest"])
    (item,) = shown_world.pull(presented_request(shown["digest"]))["items"]
    names = set(disclosed_values(item["file"]["record"]["signatures"][0]["header"]["disclosures"]))
    assert "business_items" in names - set(COMMON_FIELDS)
    assert "floor_area" not in names
    with refused("grant_used_up"):
        shown_world.pull(presented_request(shown["digest"]))
    assert _state(shown_world, shown["digest"]) == "used"


def test_the_department_that_asked_reads_how_it_stands_and_no_other_does(shown_world: World) -> None:
    registry, shown = shown_world.registry, present(shown_world)
    with refused("presentation_not_found"):
        redeemed_presentation(shown["digest"], HEALTH, registry=registry, now=shown_world.now)
    redeem_at_window(shown_world, shown["code"])
    it = redeemed_presentation(shown["digest"], HEALTH, registry=registry, now=shown_world.now)
    assert (it["state"], it["officer"], it["holder"]["licence_number"]) == ("unconfirmed", "h-001", SHOP)
    assert [each["names"] for each in it["types"]] == [["business_items"]]
    with refused("presentation_not_found"):
        redeemed_presentation(shown["digest"], MARKET, registry=registry, now=shown_world.now)
    confirm_presentation(shown_world, shown["digest"])
    assert redeemed_presentation(shown["digest"], HEALTH, registry=registry, now=shown_world.now)["state"] == "released"


def test_confirmation_says_who_which_window_and_which_fields(shown_world: World) -> None:
    shown = present(shown_world)
    redeem_at_window(shown_world, shown["code"])
    said = draft_confirmation(shown["digest"], registry=shown_world.registry)["text"]
    for word in (HEALTH, "示例卫生健康局", "3号窗口", "h-001", "440112001", "2026-0001", "〔business_items〕"):
        assert word in said
    assert "〔floor_area〕" not in said


def test_requester_that_was_named_needs_no_confirmation_and_no_other_may_use_the_code(shown_world: World) -> None:
    shown = present(shown_world, requester=HEALTH)
    with refused("grant_other_requester"):
        redeem_at_window(shown_world, shown["code"], system="market", officer="m-001")
    assert redeem_at_window(shown_world, shown["code"])["state"] == "released"
    assert shown_world.pull(presented_request(shown["digest"]))["delivery"]


def test_digits_count_only_with_the_licence_number(shown_world: World) -> None:
    shown = present(shown_world)
    with refused("request_form"):
        redeem_at_window(shown_world, shown["digits"], licence_number=None)
    with refused("code_unknown"):
        redeem_at_window(shown_world, shown["digits"], licence_number=OTHER_SHOP)
    assert redeem_at_window(shown_world, f" {shown['digits']} ", licence_number=SHOP)["state"] == "unconfirmed"


def test_code_is_read_as_typed_and_is_no_url(shown_world: World) -> None:
    shown = present(shown_world)
    assert "://" not in shown["code"]
    assert len(shown["code"].removeprefix("YZ-")) == 26
    with refused("code_form"):
        redeem_at_window(shown_world, shown["code"] + "0")
    assert redeem_at_window(shown_world, shown["code"].lower())["redemption"]


def test_five_wrong_guesses_kill_the_code(shown_world: World) -> None:
    shown = present(shown_world)
    for step in range(1, 6):
        with refused("code_unknown"):
            redeem_at_window(shown_world, wrong(shown["digits"], step))
    with refused("code_killed"):
        redeem_at_window(shown_world, shown["digits"])
    with refused("code_killed"):
        redeem_at_window(shown_world, shown["code"])
    assert _state(shown_world, shown["digest"]) == "killed"


def test_ten_wrong_guesses_a_day_stop_the_officer_and_nobody_else(shown_world: World) -> None:
    for step in range(10):
        with refused("code_unknown"):
            redeem_at_window(shown_world, f"{step:08d}")
    shown = present(shown_world)
    with refused("officer_stopped"):
        redeem_at_window(shown_world, shown["digits"])
    assert _state(shown_world, shown["digest"]) == "open"
    assert redeem_at_window(shown_world, shown["digits"], officer="h-002")["redemption"]
    shown_world.pass_days(1)
    assert redeem_at_window(shown_world, present(shown_world)["digits"])["redemption"]


def test_right_digits_are_no_miss(shown_world: World) -> None:
    for _ in range(12):
        redeem_at_window(shown_world, present(shown_world)["digits"])
    assert _misses(shown_world) == [0]


def test_same_request_again_counts_once(shown_world: World) -> None:
    shown = present(shown_world)
    request = redemption_request(licence_number=SHOP)
    jws = shown_world.sign(Ordered.REDEEM, system="health", officer="h-001", request=request)
    for _ in range(3):
        with refused("code_unknown"):
            redeem_at_window(shown_world, wrong(shown["digits"]), jws=jws, key="the-same-key")
    assert _misses(shown_world) == [1]
    with refused("statement_replayed"):
        redeem_at_window(shown_world, shown["digits"], jws=jws)


def test_redemption_whose_answer_was_lost_gives_the_same(shown_world: World) -> None:
    shown = present(shown_world)
    jws = shown_world.sign(Ordered.REDEEM, system="health", officer="h-001", request=redemption_request())
    first = redeem_at_window(shown_world, shown["code"], jws=jws, key="the-same-key")
    assert redeem_at_window(shown_world, shown["code"], jws=jws, key="the-same-key") == first


def test_guesses_of_two_processes_at_once_are_all_counted(shown_world: World) -> None:
    shown = present(shown_world)
    with closing(shown_world.another()) as other, ThreadPoolExecutor(8) as pool:
        worlds = [shown_world, other] * 10
        tries = [pool.submit(_tried, each, wrong(shown["digits"], step + 1)) for step, each in enumerate(worlds)]
    outcomes = [each.result() for each in tries]
    # Ten of one officer are looked at, the first five of which kill the code; the rest are stopped.
    assert sorted(outcomes) == ["code_unknown"] * 10 + ["officer_stopped"] * 10
    assert _misses(shown_world) == [10]
    assert presentation_state(shown["digest"], registry=shown_world.registry, now=shown_world.now)["misses"] == 5


@pytest.mark.parametrize("form", ["code", "digits"])
def test_of_two_processes_that_redeem_at_once_one_has_the_code(shown_world: World, form: str) -> None:
    shown = present(shown_world)
    with closing(shown_world.another()) as other, ThreadPoolExecutor(8) as pool:
        tries = [pool.submit(_tried, each, shown[form]) for each in [shown_world, other] * 4]
    assert sorted(each.result() for each in tries) == ["code_redeemed"] * 7 + ["redeemed"]


def test_of_two_processes_that_pull_at_once_one_has_the_use(shown_world: World) -> None:
    shown = present(shown_world, requester=HEALTH)
    redeem_at_window(shown_world, shown["code"])
    with closing(shown_world.another()) as other, ThreadPoolExecutor(8) as pool:
        tries = [pool.submit(_pulled, each, shown["digest"]) for each in [shown_world, other] * 4]
    assert sorted(each.result() for each in tries) == ["delivered"] + ["grant_used_up"] * 7


def test_code_lives_for_minutes(shown_world: World) -> None:
    shown, late = present(shown_world), present(shown_world)
    redeem_at_window(shown_world, late["code"])
    signed = sign_confirmation(shown_world, late["digest"])
    shown_world.now += shown_world.registry.terms.presentation_term + timedelta(seconds=1)
    for form in ("code", "digits"):
        with refused("grant_ended"):
            redeem_at_window(shown_world, shown[form])
    with refused("grant_ended"):
        post_confirmation(shown_world, late["digest"], signed)


def test_presentation_signed_too_late_is_refused(shown_world: World) -> None:
    signed = sign_presentation(shown_world)
    shown_world.now += shown_world.registry.terms.presentation_term
    with refused("grant_term"):
        _post(shown_world, signed)


def test_presentation_is_posted_once(shown_world: World) -> None:
    signed = sign_presentation(shown_world)
    _post(shown_world, signed)
    with refused("grant_posted"):
        _post(shown_world, signed)


def test_withdrawn_presentation_is_neither_redeemed_nor_confirmed_nor_pulled(shown_world: World) -> None:
    shown, asked = present(shown_world), present(shown_world)
    redeem_at_window(shown_world, asked["code"])
    signed = sign_confirmation(shown_world, asked["digest"])
    shown_world.withdraw(shown["digest"])
    shown_world.withdraw(asked["digest"])
    with refused("grant_withdrawn"):
        redeem_at_window(shown_world, shown["code"])
    with refused("grant_withdrawn"):
        post_confirmation(shown_world, asked["digest"], signed)
    with refused("grant_withdrawn"):
        shown_world.pull(presented_request(asked["digest"]))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"wanted": [{"certificate_type": "business_licence"}]}, "type_not_covered"),
        (
            {"wanted": [{"certificate_type": "food_operation_permit", "fields": ["food_safety_manager"]}]},
            "field_not_covered",
        ),
        ({"wanted": [{"certificate_type": "food_operation_permit", "fields": []}]}, "request_form"),
        ({"window": "3号「窗口」"}, "request_form"),
        ({"window": ""}, "request_form"),
        ({"officer": None}, "officer_needed"),
        ({"licence_number": OTHER_SHOP}, "code_unknown"),
    ],
)
def test_redemption_that_asks_for_what_is_not_shown_is_refused(
    settled_world: World, changes: dict[str, Any], code: str
) -> None:
    shown = present(settled_world)
    with refused(code):
        redeem_at_window(settled_world, shown["code"], **changes)
    assert _state(settled_world, shown["digest"]) == "open"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"case_number": "2026-0002"}, "case_not_covered"),
        ({"item_code": "999"}, "item_not_covered"),
        ({"licence_number": OTHER_SHOP}, "grant_other_holder"),
        ({"wanted": [{"certificate_type": "business_licence"}]}, "type_not_covered"),
        (
            {"wanted": [{"certificate_type": "food_operation_permit", "fields": ["floor_area"]}]},
            "field_not_covered",
        ),
    ],
)
def test_pull_beyond_what_was_confirmed_is_refused(
    settled_world: World, confirmed: str, changes: dict[str, Any], reason: str
) -> None:
    with refused(reason):
        settled_world.pull(presented_request(confirmed, **changes))


def test_only_the_officer_who_redeemed_pulls(shown_world: World) -> None:
    shown = present(shown_world, requester=HEALTH)
    redeem_at_window(shown_world, shown["code"])
    with refused("presentation_other_officer"):
        shown_world.pull(presented_request(shown["digest"]), officer="h-002")
    with refused("officer_needed"):
        shown_world.pull(presented_request(shown["digest"]), officer=None)
    with refused("grant_other_requester"):
        shown_world.pull(presented_request(shown["digest"]), system="market", officer="m-001")


def test_presentation_is_no_grant_and_a_grant_no_presentation(shown_world: World) -> None:
    shown = present(shown_world, requester=HEALTH)
    redeem_at_window(shown_world, shown["code"])
    with refused("grant_unknown"):
        shown_world.pull(granted_request(shown["digest"]))
    with refused("grant_unknown"):
        shown_world.pull(presented_request(shown_world.grant()))
    with refused("grant_text"):
        shown_world.post(sign_presentation(shown_world))
    with refused("grant_text"):
        _post(shown_world, shown_world.sign_grant())


def test_confirmation_of_one_redemption_releases_no_other(shown_world: World) -> None:
    shown, other = present(shown_world), present(shown_world)
    redeem_at_window(shown_world, shown["code"])
    redeem_at_window(shown_world, other["code"], window="4号窗口")
    signed = sign_confirmation(shown_world, shown["digest"])
    with refused("grant_text"):
        post_confirmation(shown_world, other["digest"], signed)
    altered = replace(signed, text=signed.text.replace("3号窗口", "4号窗口"))
    with refused("grant_nonce"):
        post_confirmation(shown_world, shown["digest"], altered)
    post_confirmation(shown_world, shown["digest"], signed)
    with refused("grant_posted"):
        post_confirmation(shown_world, shown["digest"], signed)


def test_nobody_else_confirms_or_presents(shown_world: World) -> None:
    shown_world.make_licence(OTHER_SHOP)
    with refused("e_licence_of_another"):
        present(shown_world, signer=OTHER_SHOP)
    shown = present(shown_world)
    redeem_at_window(shown_world, shown["code"])
    with refused("e_licence_of_another"):
        confirm_presentation(shown_world, shown["digest"], signer=OTHER_SHOP)


def test_signer_must_be_known_good_while_minutes_are_few(shown_world: World) -> None:
    shown = present(shown_world)
    redeem_at_window(shown_world, shown["code"])
    signed = sign_confirmation(shown_world, shown["digest"])
    shown_world.simulator.set_reachable(reachable=False)
    with refused("e_licence_unconfirmed"):
        present(shown_world)
    with refused("e_licence_unconfirmed"):
        post_confirmation(shown_world, shown["digest"], signed)
    shown_world.simulator.set_reachable(reachable=True)
    shown_world.simulator.set_status(SHOP, "legal_representative", "revoked")
    with refused("e_licence_revoked"):
        post_confirmation(shown_world, shown["digest"], signed)


def test_nothing_is_confirmed_before_somebody_asks(shown_world: World) -> None:
    shown, named = present(shown_world), present(shown_world, requester=HEALTH)
    with refused("presentation_not_redeemed"):
        draft_confirmation(shown["digest"], registry=shown_world.registry)
    redeem_at_window(shown_world, named["code"])
    with refused("presentation_released"):
        draft_confirmation(named["digest"], registry=shown_world.registry)
    with refused("presentation_not_found"):
        presentation_state("0" * 64, registry=shown_world.registry, now=shown_world.now)


def test_single_certificate_is_shown_alone(shown_world: World) -> None:
    other = shown_world.issue(food_order(certificate_number=food_number(2)))
    shown = present(shown_world, types={}, certificates=[other["identifier"]])
    redeem_at_window(shown_world, shown["code"], wanted=[{"certificate_type": "food_operation_permit"}])
    confirm_presentation(shown_world, shown["digest"])
    items = shown_world.pull(presented_request(shown["digest"]))["items"]
    assert [each["identifier"] for each in items] == [other["identifier"]]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"licence_number": OTHER_SHOP}, "grant_holder_unknown"),
        ({"requester": OTHER_SHOP}, "grant_requester_unknown"),
        ({"requester": SHOP}, "grant_requester_unknown"),
        ({"types": {"dog_licence": ["x"]}}, "type_unknown"),
        ({"types": {}}, "grant_form"),
        ({"certificates": ["x"]}, "grant_form"),
    ],
)
def test_presentation_that_could_not_count_is_not_drafted(
    settled_world: World, changes: dict[str, Any], code: str
) -> None:
    with refused(code):
        sign_presentation(settled_world, **changes)


def test_codes_stand_nowhere_in_the_store(shown_world: World) -> None:
    shown = present(shown_world)
    redeem_at_window(shown_world, shown["digits"])
    with shown_world.registry.database.read() as connection:
        rows = [row for table in tables.metadata.tables.values() for row in connection.execute(select(table))]
    kept = [str(cell) for row in rows for cell in row]
    assert not [each for each in kept if shown["code"][3:] in each or shown["digits"] in each]


@pytest.mark.parametrize("act", [present, lambda world: redeem_at_window(world, "YZ-" + "0" * 26)])
def test_codes_stop_when_the_log_is_silent_and_withdrawals_go_on(
    shown_world: World, act: Callable[[World], Any]
) -> None:
    shown = present(shown_world)
    shown_world.log.goes_on = False
    shown_world.now += timedelta(hours=1)
    with refused("log_silent"):
        act(shown_world)
    assert shown_world.withdraw(shown["digest"])["state"] == "withdrawn"


def _tried(world: World, shown: str) -> str:
    try:
        redeem_at_window(world, shown)
    except HubError as error:
        return error.code
    return "redeemed"


def _pulled(world: World, digest: str) -> str:
    try:
        world.pull(presented_request(digest))
    except HubError as error:
        return error.code
    return "delivered"


def _post(world: World, signed: Any) -> dict[str, Any]:
    return post_presentation(signed, registry=world.registry, e_licence=world.exchange.e_licence, now=world.now)


def _misses(world: World) -> list[int]:
    with world.registry.database.read() as connection:
        return list(connection.execute(select(tables.code_miss.c.misses)).scalars())
