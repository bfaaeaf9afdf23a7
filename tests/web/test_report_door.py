"""Reporting a false code: a form without sign-in, that machines do not fill and that loses nothing typed."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from httpx import Response

from hub.web.public.visitor_reports import Stamps
from tests.flows.world import OTHER_SHOP, food_number, food_order, licence_order
from tests.web.served import Door, client_of, issue

pytestmark = pytest.mark.parametrize("door", ["sqlite"], indirect=True)
WORDS = "门上贴的码打开是别的网站"
FILLED = {"trouble": "false_code", "words": WORDS}


@pytest.fixture(scope="module")
def reference(door: Door) -> str:
    market = client_of(door, "market")
    issue(market, licence_order(licence_number=OTHER_SHOP, certificate_number=OTHER_SHOP))
    made = issue(market, food_order(licence_number=OTHER_SHOP, certificate_number=food_number(5)))
    return str(made["reference"])


@pytest.fixture(scope="module")
def stamp(door: Door, reference: str) -> str:
    """The stamp of a form that was opened as long ago as a person needs to fill it in."""
    world = door[1]
    stamps = Stamps(world.keys.secret("report forms"), world.registry.random)
    return stamps.make(f"c/{reference}", datetime.now(UTC) - timedelta(seconds=30))


def _send(door: Door, reference: str, **members: Any) -> Response:
    return door[0].post(f"/report/c/{reference}?lang=zh", data=FILLED | members)


def test_a_report_is_taken_in_and_says_by_when_and_by_whom(door: Door, reference: str, stamp: str) -> None:
    first, second = _send(door, reference, stamp=stamp), _send(door, reference, stamp=stamp)
    numbers = re.findall(r'<span class="code">([\w-]{43})</span>', first.text + second.text)
    assert (first.status_code, "已收到，谢谢" in first.text) == (200, True)
    assert len(set(numbers)) == 1
    read = client_of(door, "operator").get(f"/api/v1/visitor-reports/{numbers[0]}").json()
    assert read["words"] == WORDS


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"words": "短"}, "请写清楚看到了什么"),
        ({"trouble": ""}, "请选择是哪一类问题"),
        ({"stamp": "x.1.y"}, "请再点一次"),
        ({"website": "https://spam.example"}, "请再点一次"),
    ],
)
def test_what_is_not_taken_in_comes_back_with_all_that_was_typed(
    door: Door, reference: str, stamp: str, members: dict[str, str], said: str
) -> None:
    answer = _send(door, reference, **({"stamp": stamp} | members))
    assert answer.status_code == 422
    assert said in answer.text
    assert members.get("words", WORDS) in answer.text


def test_a_form_sent_at_once_is_no_persons(door: Door, reference: str) -> None:
    fresh = re.findall(r'name="stamp" value="([^"]+)"', door[0].get(f"/report/c/{reference}").text)
    assert _send(door, reference, stamp=fresh[0]).status_code == 422


def test_a_code_nobody_has_cannot_be_reported_about(door: Door) -> None:
    answer = door[0].get("/report/c/0123456789ABCDEFGHJKMNPQRS", headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (404, "reference_not_found")


def test_a_stamp_is_of_one_thing_not_too_soon_and_not_too_old(door: Door) -> None:
    stamps, now = Stamps(b"k" * 32, lambda length: b"r" * length), datetime(2026, 11, 25, tzinfo=UTC)
    made = stamps.make("c/A", now)
    named = [
        stamps.name_of(made, about, now + timedelta(seconds=age))
        for about, age in (("c/A", 60), ("c/B", 60), ("c/A", 1), ("c/A", 50_000))
    ]
    assert [name is None for name in named] == [False, True, True, True]
