"""Reminders: told in time, once, to whoever wants them, over a message service that may fail."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.contract import Notification
from connectors.errors import NotificationError, SimulatorError
from connectors.notification_simulator import NotificationSimulator
from hub.enterprise.reminders import Reminding, choose_reminders, keep_due, send_kept
from hub.steps.certificates.renewals import ending_soon, own_endings
from schemas.certificate import SHANGHAI
from tests.flows.plans import asked, plans_of, walks_all
from tests.flows.world import SHOP, TODAY, World, food_number, food_order

# A food permit asks for its renewal 30 days before its end.
_END = TODAY + timedelta(days=75)
_APPLY_BY = _END - timedelta(days=30)
_ON_ONE = pytest.mark.parametrize("unchecked_world", ["sqlite"], indirect=True)


@pytest.fixture
def outbox(tmp_path: Path) -> NotificationSimulator:
    return NotificationSimulator(tmp_path / "messages", mode="test")


@pytest.fixture
def shop(hub_world: World) -> World:
    hub_world.issue(ending(1))
    return hub_world


def ending(number: int) -> dict[str, Any]:
    since = {"valid_from": "2023-01-01", "decided_on": "2023-01-01"}
    return food_order(certificate_number=food_number(number), valid_to=_END.isoformat(), **since)


def on(day: int) -> datetime:
    """Return the morning so many days before the last day to apply."""
    before = _APPLY_BY - timedelta(days=day)
    return datetime(before.year, before.month, before.day, 9, tzinfo=SHANGHAI)


def test_a_holder_is_reminded_once_before_the_last_day_to_apply(shop: World, outbox: NotificationSimulator) -> None:
    reminding = Reminding(shop.registry, outbox)
    assert [reminding.round(on(day)) for day in (31, 30, 30, 29)] == [0, 1, 0, 0]
    assert Reminding(shop.registry, outbox).round(on(28)) == 0
    (told,) = outbox.sent_to(SHOP)
    assert (told.recipient, f"最迟在{_APPLY_BY.year}年{_APPLY_BY.month}月{_APPLY_BY.day}日" in told.text) == (
        SHOP,
        True,
    )


@_ON_ONE
def test_who_wants_none_gets_none_and_who_wants_more_time_gets_it(shop: World, outbox: NotificationSimulator) -> None:
    choose_reminders(SHOP, None, registry=shop.registry, now=shop.now)
    assert Reminding(shop.registry, outbox).round(on(10)) == 0
    choose_reminders(SHOP, 60, registry=shop.registry, now=shop.now)
    assert Reminding(shop.registry, outbox).round(on(45)) == 1


@_ON_ONE
def test_a_holder_who_has_filed_is_not_reminded(shop: World, outbox: NotificationSimulator) -> None:
    identifier = own_endings(SHOP, registry=shop.registry, now=shop.now)[0]["identifier"]
    shop.annotate(identifier, "renewal_accepted")
    assert Reminding(shop.registry, outbox).round(on(10)) == 0


@_ON_ONE
def test_what_ends_soon_is_counted_by_the_answers_of_those_alone(shop: World) -> None:
    shop.issue(food_order(certificate_number=food_number(2)))
    with asked() as questions:
        assert ending_soon(SHOP, registry=shop.registry, now=shop.now) == 1
    answers = [set(asking) for question, asking in questions if "FROM answer_certificate" in question]
    assert [len(each) for each in answers] == [1]
    identifier = own_endings(SHOP, registry=shop.registry, now=shop.now)[0]["identifier"]
    shop.annotate(identifier, "renewal_accepted")
    assert ending_soon(SHOP, registry=shop.registry, now=shop.now) == 0


def test_what_ends_is_found_page_by_page_by_its_index(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.enterprise.reminders._PAGE", 1)
    shop.issue(ending(2))
    with asked() as questions:
        assert keep_due(registry=shop.registry, now=on(10)) == 2
    plans = [plan for plan in plans_of(shop, questions) if "certificate_ending" in plan]
    assert (len(plans), [plan for plan in plans if walks_all(plan)]) == (3, [])


@_ON_ONE
def test_what_was_withdrawn_since_is_not_reminded_of(shop: World, outbox: NotificationSimulator) -> None:
    class Away:
        def send(self, notification: Notification) -> None:
            raise NotificationError

    with pytest.raises(NotificationError):
        Reminding(shop.registry, Away()).round(on(20))
    identifier = own_endings(SHOP, registry=shop.registry, now=shop.now)[0]["identifier"]
    shop.change(identifier, "withdraw")
    Reminding(shop.registry, outbox).round(on(20))
    assert outbox.sent_to(SHOP) == []


@_ON_ONE
def test_a_service_that_was_away_is_given_the_message_later(shop: World, outbox: NotificationSimulator) -> None:
    class Away:
        def send(self, notification: Notification) -> None:
            raise NotificationError

    with pytest.raises(NotificationError):
        Reminding(shop.registry, Away()).round(on(20))
    assert Reminding(shop.registry, outbox).round(on(20)) == 1
    assert len(outbox.sent_to(SHOP)) == 1


class Refusing:
    """A message service that does not take the first messages, and notes which it was handed."""

    def __init__(self, *, most: int) -> None:
        self.handed: list[str] = []
        self._most = most

    def send(self, notification: Notification) -> None:
        self.handed.append(notification.key.split(".")[1])
        if len(self.handed) <= self._most:
            raise NotificationError


def test_one_message_that_is_refused_keeps_none_back(shop: World) -> None:
    shop.issue(ending(2))
    service = Refusing(most=1)
    with pytest.raises(NotificationError):
        Reminding(shop.registry, service).round(on(20))
    assert len(set(service.handed)) == 2
    assert Reminding(shop.registry, service).round(on(20)) == 1
    assert service.handed[2] == service.handed[0]


@_ON_ONE
def test_a_service_that_is_away_is_asked_little_and_each_message_has_its_turn(
    shop: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.enterprise.reminders._REFUSED_AT_MOST", 1)
    shop.issue(ending(2))
    service = Refusing(most=2)
    with pytest.raises(NotificationError):
        Reminding(shop.registry, service).round(on(20))
    with pytest.raises(NotificationError):
        Reminding(shop.registry, service).round(on(19))
    assert len(set(service.handed)) == len(service.handed) == 2


@_ON_ONE
@pytest.mark.parametrize(("wish", "day"), [(None, 20), (30, -1)])
def test_what_is_declined_or_too_late_is_not_sent_any_more(
    shop: World, outbox: NotificationSimulator, wish: int | None, day: int
) -> None:
    keep_due(registry=shop.registry, now=on(20))
    choose_reminders(SHOP, wish, registry=shop.registry, now=shop.now)
    assert send_kept(registry=shop.registry, notifications=outbox, now=on(day)) == 0
    choose_reminders(SHOP, 30, registry=shop.registry, now=shop.now)
    assert send_kept(registry=shop.registry, notifications=outbox, now=on(20)) == 0


def test_the_simulated_service_refuses_production(tmp_path: Path) -> None:
    with pytest.raises(SimulatorError):
        NotificationSimulator(tmp_path, mode="production")
