"""Stories of the one button: all that was given since a moment ends, and what was pulled is listed."""

from datetime import timedelta
from typing import Any

import pytest

from hub.documents.downloads import download_of
from hub.enterprise.delegations import delegation_state
from hub.enterprise.grants import grant_state
from hub.enterprise.presentations import presentation_state
from schemas.statement import Ordered
from tests.flows.grant_world import (
    answers,
    ask,
    asked_content,
    delegate,
    ending_content,
    post_ending,
    present,
    presented_request,
    read_asked,
    redeem_at_window,
    sign_ending,
)
from tests.flows.refusals import refused
from tests.flows.world import HEALTH, World, food_order, granted_request, licence_order


@pytest.fixture
def giving_world(hub_world: World) -> World:
    """A shop with a permit and e-licences for all three roles."""
    hub_world.issue(licence_order())
    hub_world.issue(food_order())
    for role in ("legal_representative", "manager", "agent"):
        hub_world.make_licence(role=role)
    return hub_world


@pytest.fixture(scope="module")
def settled_world(lasting_world: World) -> World:
    """A shop with its licence, for all tests that are refused and change nothing."""
    lasting_world.issue(licence_order())
    return lasting_world


def test_one_sentence_ends_grants_codes_delegations_requests_and_downloads(giving_world: World) -> None:
    world, registry, now = giving_world, giving_world.registry, giving_world.now
    grant, delegation, shown = world.grant(), delegate(world), present(world, requester=HEALTH)
    redeem_at_window(world, shown["code"])
    asked, download = ask(world, asked_content()), world.download(world.sign_application())
    ended = post_ending(world, sign_ending(world))["ended"]
    assert ended == {
        "grants": sorted([grant, shown["digest"]]),
        "delegations": [delegation],
        "requests": [asked["request"]],
        "downloads": [download["download"]],
        "sessions": [],
    }
    assert grant_state(grant, registry=registry, now=now)["state"] == "withdrawn"
    assert presentation_state(shown["digest"], registry=registry, now=now)["state"] == "withdrawn"
    assert delegation_state(delegation, registry=registry, now=now)["state"] == "withdrawn"
    assert answers(world, asked["request"]) == ["ended"]
    assert read_asked(world, asked["code"])["next"] is None
    with refused("download_ended"):
        download_of(download["download"], download["token"], registry=registry, now=now)
    with refused("grant_withdrawn"):
        world.pull(granted_request(grant))
    with refused("grant_withdrawn"):
        world.pull(presented_request(shown["digest"]))


def test_answer_lists_what_was_pulled_since_then(giving_world: World) -> None:
    giving_world.share()
    digest = giving_world.grant()
    giving_world.pull(granted_request(digest))
    giving_world.now += timedelta(minutes=1)
    since = giving_world.now
    giving_world.pull(granted_request(digest))
    answer = post_ending(giving_world, sign_ending(giving_world, since))
    assert answer["ended"]["grants"] == []
    (line,) = answer["pulled"]
    assert (line["requester"], line["officer"], line["case_number"]) == (HEALTH, "h-001", "2026-0001")
    assert (line["basis"], line["certificate_types"], line["delivered"]) == ("grant", ["food_operation_permit"], True)


def test_what_was_given_before_goes_on(giving_world: World) -> None:
    before = giving_world.grant()
    giving_world.now += timedelta(minutes=1)
    since = giving_world.now
    after = giving_world.grant()
    assert post_ending(giving_world, sign_ending(giving_world, since))["ended"]["grants"] == [after]
    assert giving_world.pull(granted_request(before))["delivery"]


def test_new_grant_may_follow(giving_world: World) -> None:
    signed = giving_world.sign_grant()
    post_ending(giving_world, sign_ending(giving_world))
    assert giving_world.post(signed)["state"] == "usable"


def test_agent_ends_not_all(giving_world: World) -> None:
    with refused("role_not_entitled"):
        post_ending(giving_world, sign_ending(giving_world, role="agent"))
    assert post_ending(giving_world, sign_ending(giving_world, role="manager"))["ended"]["grants"] == []


def test_ending_is_posted_once(giving_world: World) -> None:
    signed = sign_ending(giving_world)
    post_ending(giving_world, signed)
    digest = giving_world.grant()
    with refused("grant_posted"):
        post_ending(giving_world, signed)
    assert giving_world.pull(granted_request(digest))["delivery"]


def test_ending_waits_for_no_log_and_no_status(giving_world: World) -> None:
    digest, signed = giving_world.grant(), sign_ending(giving_world)
    giving_world.simulator.set_reachable(reachable=False)
    giving_world.log.goes_on = False
    giving_world.now += timedelta(hours=1)
    assert post_ending(giving_world, signed)["ended"]["grants"] == [digest]


def test_two_officers_end_all_at_a_window(giving_world: World) -> None:
    digest, shown = giving_world.grant(), present(giving_world)
    answer = giving_world.give(Ordered.END_ALL, ending_content(), key="the-same-key")
    assert answer["ended"]["grants"] == sorted([digest, shown["digest"]])
    with refused("grant_withdrawn"):
        giving_world.pull(granted_request(digest))


def test_one_officer_alone_ends_nothing(giving_world: World) -> None:
    digest = giving_world.grant()
    with refused("second_officer_needed"):
        giving_world.give(Ordered.END_ALL, ending_content(), alone=True)
    assert giving_world.pull(granted_request(digest))["delivery"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"issuing_body": HEALTH}, "body_not_yours"),
        ({"identity_check": "nobody looked"}, "fields_wrong"),
        ({"since": "yesterday"}, "fields_wrong"),
        ({"since": 7}, "fields_wrong"),
        ({"document_number": ""}, "fields_wrong"),
        ({"licence_number": HEALTH}, "enterprise_not_found"),
    ],
)
def test_window_act_that_may_not_be_is_refused(settled_world: World, changes: dict[str, Any], code: str) -> None:
    with refused(code):
        settled_world.give(Ordered.END_ALL, ending_content(**changes))
