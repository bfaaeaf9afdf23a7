"""Stories of visitors' reports: each becomes a task of who must look into it; the words go, the act stays."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from hub.department.tasks import read_inbox
from hub.public.visitor_reports import Caps, Scanned, forget_words, report_for, take_in
from hub.store import tables
from schemas.visitor_report import Trouble, VisitorReport
from tests.flows.plans import asked, plans_of
from tests.flows.refusals import refused
from tests.flows.test_objections import answer
from tests.flows.world import MARKET, OPERATOR, SHOP, World

# What is kept is plain rows, read by key; both databases are held to that by their own tests.
pytestmark = pytest.mark.parametrize("unchecked_world", ["sqlite"], indirect=True)
CAPS = Caps(about_one=2, a_day=3, words_days=180)
SAID = VisitorReport("c/0123456789ABCDEFGHJKMNPQRS", Trouble.FALSE_CODE, "门上贴的码打开是别的网站，电话 13800000000")
OF = Scanned(SHOP, MARKET)


def report(world: World, name: str = "a" * 43, *, said: VisitorReport = SAID, caps: Caps = CAPS) -> dict[str, Any]:
    return take_in(said, name, of=OF, operator=OPERATOR, caps=caps, registry=world.registry, now=world.now)


def inbox(world: World, system: str) -> list[dict[str, Any]]:
    found = read_inbox(
        world.system(system), after=0, state="open", kind=None, registry=world.registry, now=world.now
    )  # fmt: skip
    return list(found["notices"])


def test_a_false_code_is_the_operators_task_and_wrong_data_the_bodys(hub_world: World) -> None:
    report(hub_world)
    told = report(hub_world, "b" * 43, said=replace(SAID, trouble=Trouble.DATA_WRONG))
    (of_operator,), (of_body,) = inbox(hub_world, "operator"), inbox(hub_world, "market")
    assert (of_operator["facts"]["trouble"], of_body["facts"]["trouble"]) == ("false_code", "data_wrong")
    assert "13800000000" not in str(of_operator)
    assert told["due_on"] == of_body["due_on"]
    answer(hub_world, of_body["number"], "market")
    assert inbox(hub_world, "market") == []


def test_the_words_are_read_by_whose_task_it_is_and_by_nobody_else(hub_world: World) -> None:
    report(hub_world)
    read = report_for("a" * 43, hub_world.system("operator"), registry=hub_world.registry)
    assert (read["words"], read["about"]) == (SAID.words, f"/{SAID.about}")
    with refused("report_not_found"):
        report_for("a" * 43, hub_world.system("market"), registry=hub_world.registry)


def test_the_same_form_sent_twice_is_one_report_and_one_act(hub_world: World) -> None:
    assert report(hub_world) == report(hub_world)
    assert len(inbox(hub_world, "operator")) == 1


def test_nobody_can_bury_a_shop_or_the_hub_under_reports(hub_world: World) -> None:
    report(hub_world, "a" * 43)
    report(hub_world, "b" * 43)
    with refused("reports_enough"):
        report(hub_world, "c" * 43)
    report(hub_world, "d" * 43, said=replace(SAID, about="q/0123456789ABCDEFGHJKMNPQRS"))
    with refused("reports_full"):
        report(hub_world, "e" * 43, said=replace(SAID, about="s/0123456789ABCDEFGHJKMNPQRS"))


def test_words_to_forget_are_found_among_those_still_there(hub_world: World) -> None:
    report(hub_world)
    with asked() as questions:
        forget_words(caps=CAPS, registry=hub_world.registry, now=hub_world.now)
    assert ["visitor_report_words" in plan for plan in plans_of(hub_world, questions)] == [True]


def test_the_words_lie_encrypted_and_are_gone_after_their_term(hub_world: World) -> None:
    report(hub_world)
    with hub_world.registry.database.read() as connection:
        envelope = connection.execute(select(tables.visitor_report.c.envelope)).scalar_one()
    later = hub_world.now + timedelta(days=181)
    assert SAID.words.encode() not in envelope
    assert forget_words(caps=CAPS, registry=hub_world.registry, now=hub_world.now) == 0
    assert forget_words(caps=CAPS, registry=hub_world.registry, now=later) == 1
    assert report_for("a" * 43, hub_world.system("operator"), registry=hub_world.registry)["words"] is None
