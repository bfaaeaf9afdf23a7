"""Reminders: told in time, once, to whoever wants them, over a message service that may fail."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connectors.contract import Notification
from connectors.errors import NotificationError, SimulatorError
from connectors.notification_simulator import NotificationSimulator
from hub.reminders import Reminding, choose_reminders, keep_due
from hub.renewals import own_endings
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
    hub_world.issue(food_order(valid_from="2023-01-01", decided_on="2023-01-01", valid_to=_END.isoformat()))
    return hub_world


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


def test_what_ends_is_found_page_by_page_by_its_index(shop: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.reminders._PAGE", 1)
    other = {"certificate_number": food_number(2), "valid_from": "2023-01-01", "decided_on": "2023-01-01"}
    shop.issue(food_order(valid_to=_END.isoformat(), **other))
    with asked(shop) as questions:
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


def test_the_simulated_service_refuses_production(tmp_path: Path) -> None:
    with pytest.raises(SimulatorError):
        NotificationSimulator(tmp_path, mode="production")
