"""Stories of grants on paper: the same sentence and limits, two officers in place of the e-licence."""

from datetime import timedelta
from typing import Any

import pytest

from hub.enterprise.grants import draft_grant, grant_state
from schemas.statement import Ordered
from tests.flows.grant_world import post_ending, sign_ending
from tests.flows.refusals import refused
from tests.flows.test_ledger import lines
from tests.flows.world import MARKET, World, food_order, grant_wish, granted_request, licence_order, statutory_request


@pytest.fixture
def paper_world(hub_world: World) -> World:
    """A shop with licence and permit, whose phone is not at hand."""
    hub_world.issue(licence_order())
    hub_world.issue(food_order())
    return hub_world


@pytest.fixture(scope="module")
def settled_world(lasting_world: World) -> World:
    """A shop with its licence, for all tests that are refused and change nothing."""
    lasting_world.issue(licence_order())
    return lasting_world


def _witnessed(world: World, *, wish: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Return what two officers witness: the printed draft, who came, and the scan."""
    text = draft_grant(grant_wish(world.now, **(wish or {})), registry=world.registry, now=world.now)["text"]
    return {"text": text, "identity_check": "representative_present", "scan_sha256": "ab" * 32} | changes


def _witness(world: World, content: dict[str, Any], **how: Any) -> str:
    return str(world.give(Ordered.WITNESS_GRANT, content, system=how.pop("system", "health"), **how)["digest"])


def _request(digest: str, **changes: Any) -> dict[str, Any]:
    return statutory_request() | {"basis": {"kind": "window", "reference": digest}} | changes


def test_grant_on_paper_is_pulled_under_with_the_same_limits(paper_world: World) -> None:
    digest = _witness(paper_world, _witnessed(paper_world, wish={"uses": 1}))
    wanted = [{"certificate_type": "food_operation_permit", "fields": ["food_safety_manager"]}]
    with refused("field_not_covered"):
        paper_world.pull(_request(digest, wanted=wanted))
    with refused("case_not_covered"):
        paper_world.pull(_request(digest, case_number="2026-0002"))
    with refused("officer_needed"):
        paper_world.pull(_request(digest), officer=None)
    assert paper_world.pull(_request(digest))["delivery"]
    with refused("grant_used_up"):
        paper_world.pull(_request(digest))


def test_enterprise_reads_in_its_ledger_that_it_was_given_on_paper(paper_world: World) -> None:
    paper_world.make_licence()
    paper_world.pull(_request(_witness(paper_world, _witnessed(paper_world))))
    assert {line["basis"]["words"] for line in lines(paper_world)} == {"持证主体书面授权（窗口见证）"}


def test_one_officer_alone_witnesses_nothing(paper_world: World) -> None:
    content = _witnessed(paper_world)
    with refused("second_officer_needed"):
        _witness(paper_world, content, alone=True)
    assert _witness(paper_world, content)


def test_paper_is_no_e_licence_and_an_e_licence_no_paper(paper_world: World) -> None:
    digest = _witness(paper_world, _witnessed(paper_world))
    paper_world.make_licence()
    with refused("grant_unknown"):
        paper_world.pull(granted_request(digest))
    with refused("grant_unknown"):
        paper_world.pull(_request(paper_world.grant()))


def test_sentence_counts_once_on_paper_or_by_e_licence(paper_world: World) -> None:
    paper_world.make_licence()
    signed = paper_world.sign_grant()
    paper_world.post(signed)
    with refused("grant_posted"):
        _witness(paper_world, _witnessed(paper_world, text=signed.text))


def test_grant_on_paper_is_taken_back_like_any_other(paper_world: World) -> None:
    first, second = (_witness(paper_world, _witnessed(paper_world)) for _ in range(2))
    paper_world.make_licence()
    paper_world.withdraw(first)
    assert post_ending(paper_world, sign_ending(paper_world))["ended"]["grants"] == [second]
    for digest in (first, second):
        with refused("grant_withdrawn"):
            paper_world.pull(_request(digest))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"text": "一照通行电子证照授权书"}, "grant_text"),
        ({"text": ""}, "fields_wrong"),
        ({"identity_check": "nobody looked"}, "fields_wrong"),
        ({"scan_sha256": "AB" * 32}, "fields_wrong"),
        ({"wish": {"requester": MARKET}}, "window_other_requester"),
    ],
)
def test_paper_that_could_not_count_is_refused(settled_world: World, changes: dict[str, Any], code: str) -> None:
    with refused(code):
        _witness(settled_world, _witnessed(settled_world, **changes))


def test_printed_sentence_that_was_altered_is_refused(settled_world: World) -> None:
    content = _witnessed(settled_world)
    with refused("grant_nonce"):
        _witness(settled_world, content | {"text": content["text"].replace("最多〔2〕次", "最多〔9〕次")})


def test_paper_stops_when_the_log_is_silent(paper_world: World) -> None:
    content = _witnessed(paper_world)
    paper_world.log.goes_on = False
    paper_world.now += timedelta(hours=1)
    with refused("log_silent"):
        _witness(paper_world, content)


def test_state_of_a_grant_on_paper_is_told(paper_world: World) -> None:
    digest = _witness(paper_world, _witnessed(paper_world))
    assert grant_state(digest, registry=paper_world.registry, now=paper_world.now)["state"] == "usable"
