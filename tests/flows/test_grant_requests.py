"""Stories of requests for grants: a department fills in the sentence, each holder reads a page and signs or refuses."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from connectors.contract import SignedText, SignerRole
from hub.enterprise.grant_requests import (
    draft_asking,
    draft_refusal,
    post_asking,
    request_state,
    request_state_by_token,
)
from hub.enterprise.open_requests import count_open_requests, open_requests
from hub.errors import HubError
from hub.store import tables
from schemas.statement import Ordered
from tests.flows.grant_world import answer_asked, answers, ask, asked_content, post_answer, read_asked
from tests.flows.refusals import refused
from tests.flows.world import MARKET, OTHER_SHOP, SHOP, World, food_number, food_order, granted_request, licence_order


@pytest.fixture
def asked_world(hub_world: World) -> World:
    """Two shops with licences, permits and e-licences."""
    for place, holder in enumerate((SHOP, OTHER_SHOP)):
        hub_world.issue(licence_order(licence_number=holder, certificate_number=holder))
        hub_world.issue(food_order(licence_number=holder, certificate_number=food_number(place + 1)))
        hub_world.make_licence(holder)
    return hub_world


@pytest.fixture(scope="module")
def settled_world(lasting_world: World) -> World:
    """A shop with its licence, for all tests that are refused and change nothing."""
    lasting_world.issue(licence_order())
    return lasting_world


def test_holder_signs_what_was_asked_and_the_requester_pulls(asked_world: World) -> None:
    asked = ask(asked_world, asked_content())
    page = read_asked(asked_world, asked["code"])
    assert page["requester"]["name"] == "示例卫生健康局"
    assert "「公共场所卫生许可」" in page["next"]["grant"]["text"]
    signed = answer_asked(asked_world, asked["code"], "grant")
    state = request_state(
        asked["request"], system=asked_world.system("health"), registry=asked_world.registry, now=asked_world.now
    )
    assert state["holders"] == [{"licence_number": SHOP, "state": "signed", "grant": signed["digest"]}]
    assert asked_world.pull(granted_request(signed["digest"]))["delivery"]


def test_a_refusals_reason_is_signed_and_read_by_who_asked(asked_world: World) -> None:
    asked = ask(asked_world, asked_content())
    registry, now = asked_world.registry, asked_world.now
    text = draft_refusal(asked["code"], SHOP, "没有这笔业务", registry=registry, now=now)["text"]
    post_answer(asked_world, asked["code"], asked_world.simulator.sign(SHOP, text, "legal_representative"), "refusal")
    state = request_state(asked["request"], system=asked_world.system("health"), registry=registry, now=now)
    assert [(each["state"], each["reason"]) for each in state["holders"]] == [("refused", "没有这笔业务")]


def test_holders_of_a_chain_sign_one_after_another(asked_world: World) -> None:
    asked = ask(asked_world, asked_content(SHOP, OTHER_SHOP))
    assert answer_asked(asked_world, asked["code"], "grant")["next"] == OTHER_SHOP
    assert answers(asked_world, asked["request"]) == ["signed", "open"]
    assert answer_asked(asked_world, asked["code"], "grant")["next"] is None
    assert read_asked(asked_world, asked["code"])["next"] is None
    assert answers(asked_world, asked["request"]) == ["signed", "signed"]


def test_holder_refuses_and_the_next_one_is_asked(asked_world: World) -> None:
    asked = ask(asked_world, asked_content(SHOP, OTHER_SHOP))
    assert answer_asked(asked_world, asked["code"], "refusal")["next"] == OTHER_SHOP
    answer_asked(asked_world, asked["code"], "grant")
    assert answers(asked_world, asked["request"]) == ["refused", "signed"]


def test_request_is_answered_once(asked_world: World) -> None:
    asked = ask(asked_world, asked_content())
    page = read_asked(asked_world, asked["code"])["next"]
    grant, refusal = (
        asked_world.simulator.sign(SHOP, page[each]["text"], "legal_representative") for each in ("grant", "refusal")
    )
    post_answer(asked_world, asked["code"], grant)
    with refused("request_answered"):
        post_answer(asked_world, asked["code"], grant)
    with refused("request_answered"):
        post_answer(asked_world, asked["code"], refusal, "refusal")


def test_of_two_phones_that_answer_at_once_one_counts(asked_world: World) -> None:
    asked = ask(asked_world, asked_content())
    texts = [read_asked(asked_world, asked["code"])["next"]["grant"]["text"] for _ in range(4)]
    signed = [asked_world.simulator.sign(SHOP, each, "legal_representative") for each in texts]
    with closing(asked_world.another()) as other, ThreadPoolExecutor(4) as pool:
        tries = [
            pool.submit(_answered, world, asked["code"], each)
            for world, each in zip([asked_world, other] * 2, signed, strict=True)
        ]
    assert sorted(each.result() for each in tries) == ["request_answered"] * 3 + ["signed"]


def test_other_sentence_than_was_asked_answers_nothing(asked_world: World) -> None:
    asked, other = ask(asked_world, asked_content()), ask(asked_world, asked_content())
    with refused("request_other_grant"):
        post_answer(asked_world, asked["code"], asked_world.sign_grant(uses=1))
    page = read_asked(asked_world, other["code"])["next"]
    refusal = asked_world.simulator.sign(SHOP, page["refusal"]["text"], "legal_representative")
    with refused("grant_text"):
        post_answer(asked_world, asked["code"], refusal, "refusal")
    with refused("grant_text"):
        post_answer(asked_world, asked["code"], refusal)
    assert answers(asked_world, asked["request"]) == ["open"]


def test_who_is_not_asked_answers_nothing(asked_world: World) -> None:
    asked = ask(asked_world, asked_content())
    with refused("e_licence_of_another"):
        answer_asked(asked_world, asked["code"], "grant", signer=OTHER_SHOP)
    signed = asked_world.sign_grant(signer=OTHER_SHOP, licence_number=OTHER_SHOP)
    with refused("request_other_holder"):
        post_answer(asked_world, asked["code"], signed)


def test_agent_answers_only_under_a_delegation(asked_world: World) -> None:
    asked_world.make_licence(role="agent")
    asked = ask(asked_world, asked_content())
    for answer in ("grant", "refusal"):
        with refused("delegation_needed"):
            answer_asked(asked_world, asked["code"], answer, role="agent")


def test_request_ends(asked_world: World) -> None:
    asked = ask(asked_world, asked_content())
    asked_world.now += asked_world.registry.terms.request_term
    with refused("request_ended"):
        read_asked(asked_world, asked["code"])
    assert answers(asked_world, asked["request"]) == ["ended"]


def test_another_department_sees_no_request(asked_world: World) -> None:
    asked = ask(asked_world, asked_content())
    with refused("request_not_found"):
        answers(asked_world, asked["request"], "market")
    with refused("request_not_found"):
        read_asked(asked_world, "YZ-" + "0" * 26)
    with refused("request_not_found"):
        read_asked(asked_world, "12345678")


def test_same_request_again_is_the_same_and_its_code_is_kept_nowhere(asked_world: World) -> None:
    content = asked_content()
    verified = asked_world.order(Ordered.REQUEST_GRANT, content, system="health")
    first = ask(asked_world, content, key="the-same-key", jws=verified)
    again = ask(asked_world, content, key="the-same-key", jws=verified)
    assert again == {name: first[name] for name in ("request", "valid_until", "act_id")}
    assert first["link"].endswith(f"/grant-requests#{first['code']}")
    with asked_world.registry.database.read() as connection:
        rows = [row for table in tables.metadata.tables.values() for row in connection.execute(select(table))]
    assert not [cell for row in rows for cell in row if first["code"][3:] in str(cell)]


def test_template_fills_in_a_request(asked_world: World) -> None:
    asked = ask(asked_world, {"holders": [SHOP], "case_number": "1", "template": "lease"})
    asked_world.now += timedelta(days=1)
    assert answer_asked(asked_world, asked["code"], "grant")["digest"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"holders": []}, "grant_form"),
        ({"holders": SHOP}, "grant_form"),
        ({"holders": [SHOP, SHOP]}, "grant_form"),
        ({"holders": [SHOP + "\x00"]}, "grant_form"),
        ({"holders": [{}]}, "grant_form"),
        ({"holders": [MARKET]}, "grant_holder_unknown"),
        ({"requester": MARKET}, "grant_form"),
        ({"types": {}}, "grant_form"),
        ({"types": ["x"]}, "grant_form"),
        ({"types": {"dog_licence": ["x"]}}, "type_unknown"),
        ({"template": "x"}, "template_unknown"),
        ({"uses": "many"}, "grant_form"),
        ({"valid_until": 7}, "grant_form"),
    ],
)
def test_request_that_could_not_be_signed_is_not_kept(settled_world: World, changes: dict[str, Any], code: str) -> None:
    with refused(code):
        ask(settled_world, asked_content() | changes)


def test_requests_stop_when_the_log_is_silent_and_a_refusal_goes_on(asked_world: World) -> None:
    asked = ask(asked_world, asked_content())
    asked_world.log.goes_on = False
    asked_world.now += timedelta(hours=1)
    with refused("log_silent"):
        ask(asked_world, asked_content())
    with refused("log_silent"):
        answer_asked(asked_world, asked["code"], "grant")
    assert answer_asked(asked_world, asked["code"], "refusal")["state"] == "refused"


def test_enterprise_asks_by_its_e_licence_and_pulls_by_an_application(asked_world: World) -> None:
    asked = _asked_by_shop(asked_world, template="lease")
    page = read_asked(asked_world, asked["code"])
    assert page["requester"]["licence_number"] == OTHER_SHOP
    answer_asked(asked_world, asked["code"], "grant")
    state = request_state_by_token(asked["request"], asked["token"], registry=asked_world.registry, now=asked_world.now)
    (answer,) = state["holders"]
    application = asked_world.sign_application(signer=OTHER_SHOP, grant=answer["grant"])
    assert asked_world.pull_by_application(application)["delivery"]
    with refused("request_not_found"):
        request_state_by_token(asked["request"], "x", registry=asked_world.registry, now=asked_world.now)
    with refused("request_not_found"):
        answers(asked_world, asked["request"])


def test_what_an_enterprise_asks_counts_once_and_as_signed(asked_world: World) -> None:
    signed = _sign_asking(asked_world, template="platform")
    altered = replace(signed, text=signed.text.replace("最多〔100〕次", "最多〔101〕次"))
    with refused("grant_nonce"):
        _post_asking(asked_world, altered)
    _post_asking(asked_world, signed)
    with refused("grant_posted"):
        _post_asking(asked_world, signed)
    with refused("grant_text"):
        asked_world.post(signed)


def test_agent_and_department_ask_not_by_e_licence(asked_world: World) -> None:
    asked_world.make_licence(OTHER_SHOP, "agent")
    with refused("role_not_entitled"):
        _post_asking(asked_world, _sign_asking(asked_world, role="agent", template="loan"))
    with refused("grant_requester_unknown"):
        _sign_asking(asked_world, licence_number=MARKET, template="loan")
    with refused("grant_form"):
        _sign_asking(asked_world, template="loan", certificates=["x"])


def _sign_asking(
    world: World, *, role: SignerRole = "legal_representative", licence_number: str = OTHER_SHOP, **asked: Any
) -> SignedText:
    """Draft what the other shop asks of the 示例 shop and have it signed."""
    wish = {"licence_number": licence_number, "holders": [SHOP], "case_number": "租2026-1"} | asked
    return world.simulator.sign(OTHER_SHOP, draft_asking(wish, registry=world.registry, now=world.now)["text"], role)


def _post_asking(world: World, signed: SignedText) -> dict[str, Any]:
    return post_asking(signed, registry=world.registry, e_licence=world.exchange.e_licence, now=world.now)


def _asked_by_shop(world: World, **asked: Any) -> dict[str, Any]:
    return _post_asking(world, _sign_asking(world, **asked))


def _answered(world: World, code: str, signed: SignedText) -> str:
    try:
        post_answer(world, code, signed)
    except HubError as error:
        return error.code
    return "signed"


def test_what_is_asked_of_a_holder_is_read_by_key_until_it_ends(asked_world: World) -> None:
    world = asked_world
    made = [ask(world, asked_content(case_number=f"2026-{number:04d}"))["request"] for number in range(21)]
    world.now += timedelta(seconds=1)
    newest = ask(world, asked_content(case_number="2026-0999"))["request"]
    first = open_requests(SHOP, agent=None, after=None, registry=world.registry, now=world.now)
    second = open_requests(SHOP, agent=None, after=first["after"], registry=world.registry, now=world.now)
    found = [[each["request"] for each in page["requests"]] for page in (first, second)]
    assert (found[0][0], len(found[0]), second["after"]) == (newest, 20, None)
    assert sorted(found[0] + found[1]) == sorted([*made, newest])
    assert count_open_requests(SHOP, agent=None, registry=world.registry, now=world.now) == 22
    world.pass_days(60)
    assert open_requests(SHOP, agent=None, after=None, registry=world.registry, now=world.now)["requests"] == []
