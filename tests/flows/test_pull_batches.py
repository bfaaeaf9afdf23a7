"""A file of pulls: each row decided, recorded and delivered as a single pull is, by night, and by nobody twice."""

import signal
from dataclasses import replace
from datetime import date, time, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from hub.sharing.exchange import release_lapsed
from hub.store import tables
from schemas.canonical import canonical_json
from schemas.night import Night
from signing.base64url import decode
from signing.jws import parse_json
from tests.flows.batch_world import BY_GRANTS, NIGHT, Batches, batch_request, lines_of
from tests.flows.keys_led import compromised, resealed
from tests.flows.refusals import refused, refused_whole
from tests.flows.world import HEALTH, OTHER_SHOP, SHOP, World, food_number, food_order, licence_order

ROW = {"licence_number": SHOP, "case_number": "2026-0001"}


@pytest.fixture
def batches(hub_world: World, tmp_path: Path) -> Batches:
    """The night of a hub where the 示例 shop holds a food permit and the health bureau has its line."""
    return _shared(hub_world, tmp_path)


@pytest.fixture
def lasting_batches(lasting_world: World, tmp_path: Path) -> Batches:
    return Batches(lasting_world, tmp_path)


def _shared(world: World, folder: Path, **changes: int) -> Batches:
    world.issue(licence_order())
    world.issue(food_order())
    world.share()
    return Batches(world, folder, **changes)


def test_each_row_is_decided_and_answered_as_a_single_pull_is(batches: Batches) -> None:
    wrong = {"licence_number": SHOP, "case_number": "no case"}
    file = lines_of([ROW, wrong, {"licence_number": SHOP}, {"licence_number": OTHER_SHOP, "case_number": "2026-0002"}])
    name = batches.sent(file)
    batches.world.now = NIGHT
    assert batches.night() == [name]
    told = [(1, "delivered", "allowed"), (2, "refused", "case_number_form"), (3, "unreadable", "row_case_number")]
    assert batches.told(name) == [*told, (4, "nothing", "allowed")]
    item = batches.results(name)[0]["answer"]["items"][0]
    note = parse_json(decode(item["file"]["note"].split(".")[1]))
    assert note["presentations"][0]["sha256"] == sha256(canonical_json(item["file"]["record"])).hexdigest()
    assert (note["officer"], note["case_number"]) == ("h-001", "2026-0001")
    assert _counted(batches.world, "pull_allowed", "pull_refused", "delivery") == [2, 1, 1]


def test_rows_of_a_file_are_no_officers_work_of_a_day_but_keep_to_the_cap_of_their_line(batches: Batches) -> None:
    registry = batches.world.registry
    batches.world.registry = replace(registry, terms=replace(registry.terms, pulls_a_day_officer=1))
    batches.world.share(daily_cap=2)
    name = batches.sent(lines_of([ROW] * 3))
    batches.world.now = NIGHT
    batches.night()
    assert [reason for _, _, reason in batches.told(name)] == ["allowed", "allowed", "cap_reached"]


def test_results_hold_the_record_as_it_was_delivered_though_it_was_sealed_again(batches: Batches) -> None:
    name, world = batches.sent(lines_of([ROW])), batches.world
    world.now = NIGHT
    batches.night()
    delivered = batches.results(name)[0]["answer"]["items"][0]["file"]["record"]
    made = compromised(world, world.now)
    resealed(world, made.key_id)
    item = batches.results(name)[0]["answer"]["items"][0]
    assert (item["file"]["record"], len(delivered["signatures"])) == (delivered, 1)


def test_table_with_chinese_columns_is_a_file_of_pulls_too(batches: Batches) -> None:
    rows = f"{SHOP},2026-0001,food_operation_permit\n{SHOP},2026-0002,lift_registration\n"
    table = f"统一社会信用代码,办件编号,证照类型\n{rows}"
    name = batches.sent(table.encode("gb18030"))
    batches.world.now = NIGHT
    batches.night()
    assert batches.told(name) == [(2, "delivered", "allowed"), (3, "unreadable", "row_types")]


def test_column_that_nobody_knows_fails_the_file_and_decides_nothing(batches: Batches) -> None:
    name = batches.sent(f"统一社会信用代码,办件编号,手机\n{SHOP},2026-0001,1\n".encode())
    batches.world.now = NIGHT
    assert batches.night() == [name]
    assert (batches.progress(name)["state"], batches.progress(name)["problem"]) == ("failed", "header_form")
    assert _counted(batches.world, "pull_allowed") == [0]


def test_file_by_grants_takes_a_use_of_each_and_never_one_too_many(batches: Batches) -> None:
    batches.world.make_licence()
    digest = batches.world.grant(uses=2)
    batches.world.now += timedelta(hours=1)
    rows = [ROW | {"grant": digest}] * 3
    name = batches.sent(lines_of([*rows, ROW]), basis=BY_GRANTS)
    batches.world.now = NIGHT
    batches.night()
    told = [(1, "delivered", "allowed"), (2, "delivered", "allowed"), (3, "refused", "grant_used_up")]
    assert batches.told(name) == [*told, (4, "unreadable", "row_grant")]


def test_row_is_judged_at_its_own_moment_and_not_when_it_was_ordered(batches: Batches) -> None:
    permit = batches.world.issue(food_order(certificate_number=food_number(2)))
    name = batches.sent(lines_of([ROW]))
    batches.world.change(permit["identifier"], "withdraw")
    batches.world.now = NIGHT
    batches.night()
    items = batches.results(name)[0]["answer"]["items"]
    told = {each["certificate_number"]: (each["verdict"]["outcome"], each["file"] is not None) for each in items}
    assert told == {food_number(1): ("valid", True), food_number(2): ("not_valid", False)}


def test_officer_who_left_since_the_order_gets_nothing(batches: Batches) -> None:
    name = batches.sent(lines_of([ROW]))
    batches.world.enrol("officers", number="h-001", department=HEALTH, active=False)
    batches.world.now = NIGHT
    batches.night()
    assert batches.told(name) == [(1, "refused", "officer_needed")]


def test_by_day_nothing_is_decided_and_a_long_file_goes_on_the_next_night(batches: Batches) -> None:
    name = batches.sent(lines_of([ROW] * 4))
    assert batches.night() == []
    batches.world.now, batches.batch_rows = NIGHT, 2
    moments = iter([NIGHT, NIGHT, NIGHT, NIGHT + timedelta(hours=8)])
    assert batches.night(clock=lambda: next(moments)) == []
    assert (batches.progress(name)["problem"], batches.progress(name)["rows_done"]) == ("night_over", 2)
    batches.world.now += timedelta(days=1)
    assert batches.night() == [name]
    assert batches.progress(name)["counts"] == {"delivered": 4}


def test_rows_over_what_a_system_has_a_night_wait_for_the_next(batches: Batches) -> None:
    world = batches.world
    world.registry = replace(world.registry, terms=replace(world.registry.terms, batch_rows=3))
    first, second = batches.sent(lines_of([ROW] * 2)), batches.sent(lines_of([ROW] * 2))
    world.now = NIGHT
    assert batches.night() == [first]
    assert batches.night() == []
    waiting = batches.progress(second)
    assert (waiting["problem"], waiting["counts"]) == ("rows_used_up", {"delivered": 1})
    world.now = NIGHT + timedelta(hours=22, minutes=59)
    assert batches.night() == []
    world.now += timedelta(minutes=1)
    assert batches.night() == [second]


@pytest.mark.parametrize("signature", [1, 4])
def test_kill_costs_no_row_and_decides_none_twice(batches: Batches, signature: int) -> None:
    batches.batch_rows = 3
    name = batches.sent(lines_of([ROW] * 5))
    batches.world.now = NIGHT
    assert batches.killed(signature) == signal.SIGKILL
    assert batches.night() == [], "the lease of the process that died is not over"
    batches.world.now += batches.world.registry.terms.lease + timedelta(seconds=1)
    assert batches.night() == [name]
    assert batches.progress(name)["counts"] == {"delivered": 5}
    assert _counted(batches.world, "pull_allowed", "delivery") == [5, 5]


def test_use_that_lapsed_while_every_process_was_down_is_told_and_not_taken_again(batches: Batches) -> None:
    world = batches.world
    world.make_licence()
    name = batches.sent(lines_of([ROW | {"grant": world.grant(uses=1)}]), basis=BY_GRANTS)
    world.now = NIGHT
    assert batches.killed(1) == signal.SIGKILL
    world.now += timedelta(minutes=10)
    release_lapsed(registry=world.registry, now=world.now)
    assert batches.night() == [name]
    assert batches.told(name) == [(1, "undelivered", "pull_lapsed")]


def test_cancelled_file_delivers_nothing_more_to_whoever_is_at_work_on_it(batches: Batches) -> None:
    name = batches.sent(lines_of([ROW] * 2))
    batches.world.now, batches.batch_rows = NIGHT, 1
    signer = CancellingSigner(batches, name)
    exchange = replace(batches.world.exchange, note_signer=signer)  # type: ignore[arg-type]
    assert batches.night(exchange=exchange) == []
    assert batches.told(name) == [(1, "undelivered", "batch_cancelled")]
    assert (batches.progress(name)["state"], _counted(batches.world, "delivery")) == ("cancelled", [0])
    with refused("batch_finished"):
        batches.cancel(name)


def test_results_go_to_the_system_that_ordered_them_and_each_fetch_is_entered(batches: Batches) -> None:
    name = batches.sent(lines_of([ROW] * 2))
    batches.world.now = NIGHT
    batches.night()
    with refused_whole(batches.world, "batch_not_found"):
        batches.results(name, system="market")
    assert [each["row"] for each in batches.results(name, after=1)] == [2]
    assert _counted(batches.world, "fetch_batch") == [1]


def test_results_are_gone_after_their_term_and_what_was_erased_is_not_handed_over(batches: Batches) -> None:
    world = batches.world
    name = batches.sent(lines_of([ROW]))
    world.now = NIGHT
    batches.night()
    identifier = batches.results(name)[0]["answer"]["items"][0]["identifier"]
    world.erase(identifier, "legal_representative")
    (item,) = batches.results(name)[0]["answer"]["items"]
    assert (item["file"], item["changed_since"]) == (None, True)
    world.pass_days(8)
    with refused("batch_results_ended"):
        batches.results(name)


def test_file_that_is_not_the_one_signed_is_not_kept(lasting_batches: Batches) -> None:
    name = lasting_batches.order(lines_of([ROW]))
    with refused("file_digest"):
        lasting_batches.send(name, lines_of([ROW, ROW]))
    with refused("batch_not_found"):
        lasting_batches.send(name, lines_of([ROW]), system="market")


@pytest.mark.parametrize(
    ("changes", "member"),
    [
        ({"basis": {"kind": "presentation"}}, "basis"),
        ({"basis": {"kind": "grant", "reference": "x"}}, "basis"),
        ({"file_sha256": "x"}, "file_sha256"),
        ({"wanted": []}, "wanted"),
    ],
)
def test_malformed_order_of_a_file_writes_nothing(
    lasting_batches: Batches, changes: dict[str, Any], member: str
) -> None:
    with refused_whole(lasting_batches.world, "request_form"):
        lasting_batches.order(b"", **changes)
    assert member in batch_request(b"")


def test_night_goes_over_midnight_by_the_clock_of_the_city() -> None:
    night = Night(time(22), time(6))
    assert night.day_of(NIGHT) == date(2026, 11, 23)
    assert night.day_of(NIGHT + timedelta(hours=6, minutes=59)) == date(2026, 11, 23)
    assert night.day_of(NIGHT + timedelta(hours=7)) is None
    assert night.next_after(NIGHT) == NIGHT + timedelta(hours=23)
    assert Night(time(1), time(5)).day_of(NIGHT) is None
    assert Night(time(0), time(0)).day_of(NIGHT) == date(2026, 11, 23)


class CancellingSigner:
    """Signs the note of a file that is cancelled in this very moment."""

    def __init__(self, batches: Batches, name: str) -> None:
        self._batches = batches
        self._name = name

    def sign(self, payload: bytes) -> str:
        self._batches.cancel(self._name)
        return self._batches.world.exchange.note_signer.sign(payload)


def _counted(world: World, *kinds: str) -> list[int]:
    table = tables.entry
    with world.registry.database.read() as connection:
        query = select(table.c.kind, func.count()).group_by(table.c.kind)
        found = {row[0]: row[1] for row in connection.execute(query)}
    return [found.get(kind, 0) for kind in kinds]
