"""Stories of the change feed: who is told what, on which basis, that nothing is skipped, and what each page leaves."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from hub.sharing.change_feed import grounds, reading
from hub.sharing.change_feed.reading import read_changes
from hub.store import tables
from hub.store.entry import EntryReader
from hub.supervision.audit.acts import _about
from hub.supervision.audit.everything import Audited, Everything
from tests.flows.grant_world import present, presented_request, redeem_at_window
from tests.flows.refusals import refused, refused_whole
from tests.flows.registry_check import persons_of
from tests.flows.test_deferrals import defer
from tests.flows.test_ledger import lines
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
    statutory_request,
)

SECOND = timedelta(seconds=1)
ONE_DATABASE = pytest.mark.parametrize("unchecked_world", ["sqlite"], indirect=True)


@pytest.fixture
def feed_world(hub_world: World) -> World:
    """A shop with a business licence and its e-licence; nobody has a basis for anything yet."""
    hub_world.issue(licence_order())
    hub_world.make_licence()
    return hub_world


def follow(
    world: World, since: str | None = None, *, limit: int = 100, system: str = "health", publish: bool = True
) -> dict[str, Any]:
    """Read a page as the door does, once what waits is in the log."""
    if publish:
        world.log.round(world.now)
    return read_changes(
        since, limit=limit, system=world.system(system), registry=world.registry, store=world.log.store,
        e_licence=world.exchange.e_licence, now=world.now,
    )  # fmt: skip


def now_of(world: World) -> str:
    return str(follow(world, "now")["cursor"])


def told(page: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    """Return what happened to which certificate, and its status then."""
    return [(each["happened"], each["identifier"], each["status"]) for each in page["changes"]]


def stood_on(page: dict[str, Any]) -> list[str]:
    return [each["basis"]["kind"] for each in page["changes"]]


# --- what is told -----------------------------------------------------------------------------------------------


def test_life_of_a_permit_is_told_in_order_on_an_approved_line_and_no_field_of_it(feed_world: World) -> None:
    feed_world.share()
    first = feed_world.issue(food_order())["identifier"]
    second = feed_world.issue(food_order(replaces=first, cause="correct"))["identifier"]
    feed_world.change(second, "suspend")
    feed_world.annotate(second, "renewal_accepted")
    feed_world.erase(second, "legal_representative")
    page = follow(feed_world)
    assert told(page) == [
        ("issued", first, None),
        ("corrected", first, "superseded"),
        ("status_changed", second, "suspended"),
        ("annotated", second, None),
        ("erased", second, None),
    ]
    assert page["changes"][1]["replaced_by"] == second
    assert {each["licence_number"] for each in page["changes"]} == {SHOP}
    assert "示例甲" not in str(page)
    assert food_order()["certificate_number"] not in str(page)


@ONE_DATABASE
def test_voided_version_tells_that_the_one_before_counts_again(feed_world: World) -> None:
    feed_world.share()
    first = feed_world.issue(food_order())["identifier"]
    second = feed_world.issue(food_order(replaces=first, cause="change"))["identifier"]
    cursor = now_of(feed_world)
    feed_world.change(second, "void")
    assert sorted(told(follow(feed_world, cursor))) == [
        ("status_changed", first, "valid"),
        ("voided", second, "voided"),
    ]


# --- on which basis ---------------------------------------------------------------------------------------------


@ONE_DATABASE
def test_nothing_is_told_without_a_basis_and_no_act_is_left(feed_world: World) -> None:
    feed_world.issue(food_order())
    feed_world.log.round(feed_world.now)
    with feed_world.registry.database.read() as connection:
        before = EntryReader(connection).count()
    page = follow(feed_world)
    with feed_world.registry.database.read() as connection:
        assert EntryReader(connection).count() == before
    assert (page["changes"], page["more"], page["act_id"]) == ([], False, None)


@ONE_DATABASE
def test_line_tells_only_once_it_is_approved_and_no_longer_when_it_ended(feed_world: World) -> None:
    put = feed_world.put_rule(sharing())
    issued = feed_world.issue(food_order())["identifier"]
    assert told(follow(feed_world)) == []
    feed_world.answer_rule(put["version"])
    assert told(follow(feed_world)) == [("issued", issued, None)]
    feed_world.now += SECOND
    feed_world.answer_rule(put["version"], "end", reason="not_needed", words="示例理由")
    assert told(follow(feed_world)) == []


def sharing() -> dict[str, Any]:
    from_line = {"code": "rule-1", "requester": HEALTH, "item_code": "440112001", "item_name": "公共场所卫生许可"}
    law = {"legal_basis": "示例法第1条", "case_pattern": r"\d{4}-\d{4}", "from_on": "2020-01-01"}
    return from_line | law | {"fields": {"food_operation_permit": ["legal_representative", "business_items"]}}


def test_grant_tells_of_its_holder_and_types_until_it_is_withdrawn(feed_world: World) -> None:
    permit = feed_world.issue(food_order())["identifier"]
    other = food_order(licence_number=OTHER_SHOP, certificate_number=food_number(2))
    other_permit = feed_world.issue(other)["identifier"]
    feed_world.now += SECOND
    grant, cursor = feed_world.grant(), now_of(feed_world)
    for each in (permit, other_permit):
        feed_world.change(each, "suspend")
    page = follow(feed_world, cursor)
    assert (told(page), stood_on(page)) == ([("status_changed", permit, "suspended")], ["grant"])
    feed_world.withdraw(grant)
    assert told(follow(feed_world, cursor)) == []


@ONE_DATABASE
def test_grant_without_words_for_the_future_hides_the_version_that_replaces_its_certificate(feed_world: World) -> None:
    permit = feed_world.issue(food_order())["identifier"]
    feed_world.now += SECOND
    feed_world.grant()
    cursor = now_of(feed_world)
    feed_world.now += SECOND
    feed_world.issue(food_order(replaces=permit, cause="change"))
    page = follow(feed_world, cursor)
    assert told(page) == [("replaced", permit, "superseded")]
    assert page["changes"][0]["replaced_by"] is None


def test_copy_tells_of_its_record_until_it_ends(feed_world: World) -> None:
    permit = feed_world.issue(food_order())["identifier"]
    shown = present(feed_world, requester=HEALTH)
    redeem_at_window(feed_world, shown["code"])
    feed_world.pull(presented_request(shown["digest"]))
    cursor = now_of(feed_world)
    feed_world.change(permit, "suspend")
    page = follow(feed_world, cursor)
    assert (told(page), stood_on(page)) == ([("status_changed", permit, "suspended")], ["delivery"])
    feed_world.pass_days(31)
    assert told(follow(feed_world, cursor)) == []


@ONE_DATABASE
def test_grant_whose_signer_is_revoked_tells_nothing(feed_world: World) -> None:
    feed_world.issue(food_order())
    feed_world.now += SECOND
    feed_world.grant()
    feed_world.simulator.set_status(SHOP, "legal_representative", "revoked")
    feed_world.now += timedelta(hours=2)
    assert told(follow(feed_world)) == []


@ONE_DATABASE
def test_grant_withdrawn_while_a_page_is_read_ends_it_untold(
    feed_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed_world.issue(food_order())
    feed_world.now += SECOND
    grant, gather = feed_world.grant(), grounds.gather_grounds

    def gather_and_withdraw(*given: Any, **named: Any) -> Any:
        found = gather(*given, **named)
        feed_world.withdraw(grant)
        monkeypatch.setattr(reading, "gather_grounds", gather)
        return found

    monkeypatch.setattr(reading, "gather_grounds", gather_and_withdraw)
    assert told(follow(feed_world)) == []


# --- nothing is skipped -----------------------------------------------------------------------------------------


def test_small_pages_tell_what_one_page_does(feed_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    feed_world.share()
    permit = feed_world.issue(food_order())["identifier"]
    feed_world.change(permit, "suspend")
    feed_world.change(permit, "reinstate")
    whole = follow(feed_world)
    monkeypatch.setattr(reading, "WINDOW", 7)
    pages = all_pages(feed_world, limit=1)
    assert [each for page in pages for each in told(page)] == told(whole)
    assert len(told(whole)) == 3
    assert max(len(page["changes"]) for page in pages) == 1
    assert pages[-1]["cursor"] == follow(feed_world, "now", publish=False)["cursor"]


def all_pages(world: World, limit: int) -> list[dict[str, Any]]:
    """Read on, up to the end of the log as it was published."""
    pages = [follow(world, limit=limit, publish=False)]
    while pages[-1]["more"]:
        pages.append(follow(world, pages[-1]["cursor"], limit=limit, publish=False))
    return pages


def test_act_that_has_no_place_yet_waits_for_the_next_page_and_is_told_once(feed_world: World) -> None:
    feed_world.share()
    cursor = now_of(feed_world)
    permit = feed_world.issue(food_order())["identifier"]
    early = follow(feed_world, cursor, publish=False)
    assert (early["changes"], early["cursor"], early["more"]) == ([], cursor, False)
    late = follow(feed_world, early["cursor"])
    assert told(late) == [("issued", permit, None)]
    assert told(follow(feed_world, late["cursor"])) == []


def test_writer_that_commits_late_with_an_earlier_number_is_not_passed_over(feed_world: World) -> None:
    feed_world.share()
    permits = [feed_world.issue(food_order(certificate_number=food_number(n)))["identifier"] for n in (1, 2)]
    with feed_world.registry.database.read() as connection:
        first = [each.number for each in EntryReader(connection).all() if each.kind == "issue"][-2]
    # As where the first writer's transaction was still open when the sequencer came by.
    set_aside(feed_world, first, -1)
    page = follow(feed_world)
    assert told(page) == [("issued", permits[1], None)]
    set_aside(feed_world, first, None)
    assert told(follow(feed_world, page["cursor"])) == [("issued", permits[0], None)]


def set_aside(world: World, number: int, place: int | None) -> None:
    """Keep an entry from the sequencer as if it were not committed, or give it back."""
    table = tables.entry
    set_ = update(table).where(table.c.number == number).values(leaf_index=place)
    world.registry.database.write(lambda connection: connection.execute(set_))


@pytest.mark.parametrize(
    ("cursor", "code"),
    [
        ("", "cursor_form"),
        ("0123456789abcdef.-1", "cursor_form"),
        ("0123456789abcdef.3", "cursor_other_log"),
    ],
)
@ONE_DATABASE
def test_cursor_of_another_hub_is_refused(feed_world: World, cursor: str, code: str) -> None:
    with refused_whole(feed_world, code):
        follow(feed_world, cursor)


@ONE_DATABASE
def test_cursor_beyond_the_log_is_refused(feed_world: World) -> None:
    mark = now_of(feed_world).partition(".")[0]
    with refused("cursor_ahead"):
        follow(feed_world, f"{mark}.999999")


# --- what a page leaves -----------------------------------------------------------------------------------------


def test_each_holder_reads_in_its_ledger_who_was_told_and_on_what(feed_world: World) -> None:
    feed_world.share()
    permit = feed_world.issue(food_order())["identifier"]
    other = feed_world.issue(food_order(licence_number=OTHER_SHOP, certificate_number=food_number(2)))["identifier"]
    page = follow(feed_world)
    assert {each["identifier"] for each in page["changes"]} == {permit, other}
    (line,) = lines(feed_world)
    assert (line["kind"], line["requester"]["licence_number"], line["outcome"]) == ("changes", HEALTH, "told")
    assert (line["basis"]["kind"], line["basis"]["reference"]) == ("statutory", "rule-1")
    assert (line["identifiers"], line["act_id"]) == ([permit], page["act_id"])


def test_line_on_a_copy_of_a_deferred_case_is_kept_back_with_it(feed_world: World) -> None:
    put = feed_world.share()
    permit = feed_world.issue(food_order())["identifier"]
    defer(feed_world)
    feed_world.pull(statutory_request())
    feed_world.now += SECOND
    feed_world.answer_rule(put["version"], "end", reason="not_needed", words="示例理由")
    cursor = now_of(feed_world)
    feed_world.change(permit, "suspend")
    assert stood_on(follow(feed_world, cursor)) == ["delivery"]
    assert lines(feed_world) == []
    feed_world.pass_days(11)
    assert [each["kind"] for each in lines(feed_world)] == ["changes", "delivery", "pull"]


@ONE_DATABASE
def test_page_that_two_grants_stand_behind_is_one_act_with_a_line_for_each_holder(feed_world: World) -> None:
    feed_world.issue(food_order())
    feed_world.now += SECOND
    feed_world.grant()
    feed_world.pull(granted_request(feed_world.grant(case_number="2026-0002"), case_number="2026-0002"))
    page = follow(feed_world)
    with feed_world.registry.database.read() as connection:
        rows = connection.execute(select(tables.change_reading)).all()
        entered = [each for each in EntryReader(connection).all() if each.kind == "read_changes"]
    assert {row.act_id for row in rows} == {page["act_id"]} == {each.act_id for each in entered}
    assert [(row.requester, row.licence_number, row.basis) for row in rows] == [(HEALTH, SHOP, "grant")]


@pytest.mark.parametrize("broken", [None, "another"])
@ONE_DATABASE
def test_audit_names_an_entry_that_hides_from_the_feed(unchecked_world: World, broken: str | None) -> None:
    licence, permit = unchecked_world.issue(licence_order()), unchecked_world.issue(food_order())
    table, other = tables.entry, select(tables.entry.c.serial).where(tables.entry.c.act_id == licence["act_id"])
    wrong = None if broken is None else other.scalar_subquery()
    hide = update(table).where(table.c.act_id == permit["act_id"]).values(serial=wrong)
    unchecked_world.registry.database.write(lambda connection: connection.execute(hide))
    assert len(faults_about(unchecked_world)) == 1


def faults_about(world: World) -> list[str]:
    hub = Audited(
        world.registry, world.installation.anchor, world.exchange.e_licence, world.workshop.files, world.log.store,
        persons_of(world),
    )  # fmt: skip
    with world.registry.database.read() as connection:
        return list(_about(Everything(hub, connection, world.now)))


@ONE_DATABASE
def test_line_of_another_department_is_no_basis(feed_world: World) -> None:
    put = feed_world.put_rule(sharing() | {"code": "rule-2", "requester": MARKET})
    feed_world.answer_rule(put["version"], code="rule-2", system="health")
    permit = feed_world.issue(food_order())["identifier"]
    assert told(follow(feed_world)) == []
    assert told(follow(feed_world, system="market")) == [("issued", permit, None)]
