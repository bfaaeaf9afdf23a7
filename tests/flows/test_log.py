"""The evidence log: every act gets one place, one leader publishes, nobody forks, a rolled-back store is found out."""

import shutil
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select

from hub.app.seeing import Readiness
from hub.evidence.log import prove_consistency, prove_inclusion, tile
from hub.evidence.sequencing import LEASE, MOST_A_ROUND
from hub.public.status_lists import StatusLists
from hub.store import tables
from hub.store.database import Database
from hub.store.entry import EntryReader, EntryWriter, give_places
from hub.store.log import Head, LogStore
from schemas.evidence import ActFacts, Kind
from schemas.statement import Ordered
from schemas.tokens import STATUS_LIST_TYP
from schemas.verdict import Outcome
from signing.base64url import decode
from signing.checkpoint import NoteKey, read_checkpoint
from signing.jws import CompactSigner
from signing.log_head import Revoked
from signing.merkle import leaf_hash, verify_consistency, verify_inclusion
from signing.tiles import read_bundle
from tests.flows.refusals import refused
from tests.flows.registry_check import check_registry
from tests.flows.world import HEALTH, SHOP, World, food_number, food_order, licence_order, open_world
from tests.flows.world import statutory_request as pull_request
from tests.second import merkle as second

AFTER = timedelta(minutes=16)


def add_entries(world: World, count: int, first: int = 0) -> None:
    """Add entries of made-up acts, as many flows would."""
    acts = [
        ActFacts(Kind.ORDER_REFUSED, f"act-{number}", world.now, None, None, None, None)
        for number in range(first, first + count)
    ]
    world.registry.database.write(lambda connection: EntryWriter(connection, world.registry.random).add(acts))


def leaves(world: World) -> list[bytes]:
    """Return all leaves of the database in the order of their places, which must have no gap."""
    with world.registry.database.read() as connection:
        placed = [(each.leaf_index, each.leaf) for each in EntryReader(connection).all() if each.leaf_index is not None]
    assert sorted(index for index, _ in placed) == list(range(len(placed)))
    return [leaf for _, leaf in sorted(placed)]


def checkpoint(world: World) -> Any:
    """Return what the published note says, its signature proven with the listed key."""
    (listed,) = [each for each in world.registry.trust().hub_keys if each.purpose == "log"]
    key = NoteKey.read(world.log.key.text)
    assert world.keys.signer("hub:log").key_id == listed.key_id
    return read_checkpoint(world.log.store.head().note, key)


def shown(world: World) -> dict[str, Any]:
    """Return the one certificate of the 示例 shop as a scan shows it now."""
    with world.registry.database.read() as connection:
        reference = connection.execute(
            select(tables.enterprise.c.reference).where(tables.enterprise.c.licence_number == SHOP)
        ).scalar_one()
    lines = world.scan_enterprise(reference)["certificates"]
    return dict(next(each for each in lines if each["type"] == "food_operation_permit"))


# --- the tree ---------------------------------------------------------------------------------------------------


def test_every_act_is_under_the_signed_head(hub_world: World) -> None:
    hub_world.issue(food_order())
    with refused("body_not_yours"):
        hub_world.issue(food_order(issuing_body=HEALTH))
    assert hub_world.log.round(hub_world.now) > 10
    said = checkpoint(hub_world)
    with hub_world.registry.database.read() as connection:
        assert said.size == len(EntryReader(connection).all())
    assert said.root == second.head(leaves(hub_world))
    assert said.origin == "hub.example.test/log/TEST"


def test_head_begins_with_every_earlier_head(unchecked_world: World) -> None:
    heads = list[tuple[int, bytes]]()
    for count in (1, 2, 255, 300, 1, 700):
        add_entries(unchecked_world, count, first=sum(size for size, _ in heads))
        unchecked_world.log.round(unchecked_world.now)
        said = checkpoint(unchecked_world)
        heads.append((said.size, said.root))
    for old, old_root in heads:
        for new, new_root in heads:
            if old <= new:
                proof = prove_consistency(old, new, unchecked_world.log.store)
                path = [decode(each) for each in proof["path"]]
                assert verify_consistency(old, new, old_root, new_root, path)
                assert second.verify_consistency(old, new, old_root, new_root, path)


def test_tiles_and_proofs_agree_with_a_second_implementation(unchecked_world: World) -> None:
    add_entries(unchecked_world, 600)
    unchecked_world.log.round(unchecked_world.now)
    said, stored, contents = checkpoint(unchecked_world), unchecked_world.log.store, leaves(unchecked_world)
    hashes = [leaf_hash(each) for each in contents]
    width = said.size % 256
    assert tile("0/000", stored) == b"".join(hashes[:256])
    assert tile(f"0/002.p/{width}", stored) == b"".join(hashes[512 : 512 + width])
    assert tile("0/002.p/3", stored) == b"".join(hashes[512:515])
    assert tile("1/000.p/2", stored) == second.head(contents[:256]) + second.head(contents[256:512])
    assert read_bundle(tile("entries/001", stored)) == contents[256:512]
    assert read_bundle(tile("entries/000.p/7", stored)) == contents[:7]
    for index in (0, 255, 256, 511, said.size - 1):
        for size in {index + 1, 600, said.size}:
            if index < size:
                proof = prove_inclusion(index, size, stored)
                assert [decode(each) for each in proof["path"]] == second.inclusion_path(index, contents[:size])
                path, root = [decode(each) for each in proof["path"]], second.head(contents[:size])
                assert verify_inclusion(leaf_hash(decode(proof["leaf"])), index, size, path, root)


def test_proof_reads_each_tile_once(unchecked_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    add_entries(unchecked_world, 600)
    unchecked_world.log.round(unchecked_world.now)
    read, kept = list[tuple[int | None, int]](), LogStore.tile

    def counted(store: LogStore, level: int | None, index: int) -> bytes | None:
        read.append((level, index))
        return kept(store, level, index)

    monkeypatch.setattr(LogStore, "tile", counted)
    prove_consistency(301, checkpoint(unchecked_world).size, unchecked_world.log.store)
    assert read == [(0, 1)]


@pytest.mark.parametrize("name", ["0/009", "0/003", "1/000", "1/000.p/3", "entries/003", "2/000.p/1", "0/0", "x", ""])
def test_no_tile_beyond_the_head(unchecked_world: World, name: str) -> None:
    add_entries(unchecked_world, 600)
    unchecked_world.log.round(unchecked_world.now)
    with refused("tile_not_found"):
        tile(name, unchecked_world.log.store)


def test_backlog_is_published_round_by_round(unchecked_world: World) -> None:
    add_entries(unchecked_world, MOST_A_ROUND + 100)
    heard_at = unchecked_world.log.store.pulse().heard_at
    sequencer = unchecked_world.log.sequencer(unchecked_world.now + timedelta(seconds=1))
    assert sequencer.round() == MOST_A_ROUND
    assert unchecked_world.log.store.pulse().heard_at == heard_at  # not everything is under the head yet
    assert sequencer.round() > 100
    assert unchecked_world.log.store.pulse().heard_at > heard_at
    assert checkpoint(unchecked_world).root == second.head(leaves(unchecked_world))


def test_place_is_given_once_however_many_give(unchecked_world: World) -> None:
    add_entries(unchecked_world, 300)
    other = Database(unchecked_world.registry.database.url)
    with closing(other):
        threads = [
            threading.Thread(target=_give_all, args=(database,))
            for database in (unchecked_world.registry.database, other)
        ]
        for each in threads:
            each.start()
        add_entries(unchecked_world, 300, first=300)
        for each in threads:
            each.join()
    _give_all(unchecked_world.registry.database)
    assert len(leaves(unchecked_world)) >= 600
    with unchecked_world.registry.database.read() as connection:
        assert not EntryReader(connection).waits()


def _give_all(database: Database) -> None:
    while database.write(lambda connection: give_places(connection, 7)):
        pass


# --- one leader -------------------------------------------------------------------------------------------------


class Watch:
    """Seconds that a test moves on."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def test_one_of_two_processes_publishes(hub_world: World) -> None:
    first = hub_world.log.sequencer(hub_world.now, "one")
    other = hub_world.log.sequencer(hub_world.now, "other")
    hub_world.issue(food_order())
    assert first.round() > 0
    hub_world.issue(licence_order())
    assert other.round() == 0
    assert first.round() > 0


def test_another_leads_when_the_leader_is_gone(hub_world: World) -> None:
    hub_world.issue(food_order())
    assert hub_world.log.sequencer(hub_world.now, "one").round() > 0
    hub_world.issue(licence_order())
    assert hub_world.log.sequencer(hub_world.now + LEASE / 2, "other").round() == 0
    assert hub_world.log.sequencer(hub_world.now + LEASE, "other").round() > 0


def test_leader_paused_for_45_seconds_signs_nothing_when_it_wakes(hub_world: World) -> None:
    """The pause falls between giving places and signing, where it hurts most."""
    watch = Watch()
    signed: list[int] = []
    sleeper = hub_world.log.sequencer(hub_world.now, "sleeper", watch)
    hub_world.issue(food_order())
    assert sleeper.round() > 0
    before = hub_world.log.store.head()
    hub_world.issue(licence_order())
    place, sign = sleeper._place, hub_world.log.key.sign

    def fall_asleep(head: Head) -> int:
        placed = place(head)
        watch.at += 45
        hub_world.issue(food_order(certificate_number=food_number(2)))
        other = hub_world.log.sequencer(hub_world.now + timedelta(seconds=44), "other")
        assert other.round() > placed
        return placed

    sleeper._place = fall_asleep  # type: ignore[method-assign]
    sleeper._key = _Signing(sign, signed)  # type: ignore[assignment]
    taken = hub_world.log.store.head()
    assert sleeper.round() == 0
    assert signed == []
    assert hub_world.log.store.head().size > taken.size == before.size
    assert checkpoint(hub_world).root == second.head(leaves(hub_world))


def test_head_signed_too_late_is_never_published(hub_world: World) -> None:
    """The pause falls after the signature: the swap fails, and what was signed is a beginning of the same tree."""
    watch, signed = Watch(), list[tuple[int, bytes]]()
    sleeper = hub_world.log.sequencer(hub_world.now, "sleeper", watch)
    hub_world.issue(food_order())
    sign = hub_world.log.key.sign

    def sign_and_sleep(size: int, root: bytes) -> str:
        signed.append((size, root))
        hub_world.issue(licence_order())
        assert hub_world.log.sequencer(hub_world.now + timedelta(seconds=45), "other").round() > 0
        return sign(size, root)

    sleeper._key = _Key(sign_and_sleep)  # type: ignore[assignment]
    assert sleeper.round() == 0
    said = checkpoint(hub_world)
    ((size, root),) = signed
    assert size < said.size
    assert second.verify_consistency(size, said.size, root, said.root, second.consistency_path(size, leaves(hub_world)))


class _Key:
    def __init__(self, sign: Callable[[int, bytes], str]) -> None:
        self.sign = sign

    def revoked_by(self, revoked: Revoked) -> None:
        return None


class _Signing:
    def __init__(self, sign: Callable[[int, bytes], str], signed: list[int]) -> None:
        self._sign, self._signed = sign, signed

    def revoked_by(self, revoked: Revoked) -> None:
        return None

    def sign(self, size: int, root: bytes) -> str:
        self._signed.append(size)
        return self._sign(size, root)


def test_places_without_a_head_are_published_by_the_next_leader(hub_world: World) -> None:
    """As after a crash between giving places and publishing."""
    hub_world.issue(food_order())
    hub_world.registry.database.write(lambda connection: give_places(connection, MOST_A_ROUND))
    assert hub_world.log.sequencer(hub_world.now, "next").round() > 0
    assert checkpoint(hub_world).root == second.head(leaves(hub_world))


# --- a store that was rolled back -------------------------------------------------------------------------------


@pytest.fixture
def rolled_back(unchecked_world: World, tmp_path: Path) -> World:
    """A hub whose database was set back by an act, while its log was not."""
    unchecked_world.issue(food_order())
    unchecked_world.log.round(unchecked_world.now)
    unchecked_world.now += timedelta(seconds=30)
    add_entries(unchecked_world, 1)
    unchecked_world.log.round(unchecked_world.now)
    _roll_back(unchecked_world)
    unchecked_world.now += timedelta(seconds=2)
    return unchecked_world


def _roll_back(world: World) -> None:
    last = select(tables.entry.c.number).order_by(tables.entry.c.number.desc()).limit(1).scalar_subquery()
    world.registry.database.write(
        lambda connection: connection.execute(delete(tables.entry).where(tables.entry.c.number == last))
    )


def test_rolled_back_store_is_unknown_at_every_door(rolled_back: World) -> None:
    verdict = shown(rolled_back)["verdict"]
    assert (verdict["outcome"], verdict["reason"]) == (Outcome.UNKNOWN, "store_rolled_back")
    signer = CompactSigner(rolled_back.keys.signer("hub:status"), STATUS_LIST_TYP)
    with refused("store_rolled_back"):
        StatusLists(rolled_back.registry, signer, AFTER).token(0, rolled_back.now)


def test_rolled_back_store_issues_grants_and_hands_over_nothing(rolled_back: World) -> None:
    with refused("store_rolled_back"):
        rolled_back.issue(food_order(certificate_number=food_number(9)))
    with refused("store_rolled_back"):
        rolled_back.pull(pull_request())
    with refused("store_rolled_back"):
        rolled_back.want(rolled_back.named(shown(rolled_back)["identifier"]))
    rolled_back.make_licence()
    with refused("store_rolled_back"):
        rolled_back.grant()


def test_withdrawal_works_on_a_rolled_back_store(rolled_back: World) -> None:
    identifier = shown(rolled_back)["identifier"]
    assert rolled_back.change(identifier, "withdraw")["status"] == "withdrawn"


def test_rolled_back_store_gets_no_head(rolled_back: World) -> None:
    before = rolled_back.log.store.head()
    add_entries(rolled_back, 5, first=50)
    with refused("store_rolled_back"):
        rolled_back.log.sequencer(rolled_back.now).round()
    assert rolled_back.log.store.head().note == before.note
    with rolled_back.registry.database.read() as connection:
        assert EntryReader(connection).waits()  # and no place


def test_store_that_went_on_after_it_was_rolled_back_is_found_out(rolled_back: World) -> None:
    """Somebody gives the lost places to other acts: the last leaf is not the one the log knows."""
    add_entries(rolled_back, 5, first=50)
    rolled_back.registry.database.write(lambda connection: give_places(connection, 100))
    assert rolled_back.registry.log(rolled_back.now + timedelta(seconds=5)).rolled_back_to is not None
    with refused("store_rolled_back"):
        rolled_back.log.sequencer(rolled_back.now).round()


def test_old_copy_of_the_embedded_database_never_reads_green(sqlite_world_folder: Path, tmp_path: Path) -> None:
    """A real file put back, as an operator does with a backup."""
    shutil.copytree(sqlite_world_folder / "keys", tmp_path / "keys")
    live, copy = tmp_path / "hub.sqlite", tmp_path / "backup.sqlite"
    shutil.copyfile(sqlite_world_folder / "hub.sqlite", live)
    with closing(open_world(Database(f"sqlite:///{live}"), tmp_path)) as world:
        world.issue(food_order())
        world.issue(licence_order())
        world.log.round(world.now)
    shutil.copyfile(live, copy)
    with closing(open_world(Database(f"sqlite:///{live}"), tmp_path)) as world:
        shop = shown(world)
        assert shop["verdict"]["outcome"] == Outcome.VALID
        world.now += LEASE  # the process before has ended, its lease not
        world.change(shop["identifier"], "withdraw")
        world.log.round(world.now)
    for path in tmp_path.glob("hub.sqlite*"):
        path.unlink()
    shutil.copyfile(copy, live)
    with closing(open_world(Database(f"sqlite:///{live}"), tmp_path)) as world:
        verdict = shown(world)["verdict"]
        assert (verdict["outcome"], verdict["reason"]) == (Outcome.UNKNOWN, "store_rolled_back")


def test_lost_log_is_refused_at_the_start(unchecked_world: World) -> None:
    unchecked_world.log.round(unchecked_world.now)
    folder = unchecked_world.settings.log_folder
    folder.rename(folder.with_name("elsewhere"))
    _refuse_to_start(unchecked_world, "log_missing")


def test_log_of_another_hub_is_refused_at_the_start(unchecked_world: World, tmp_path: Path) -> None:
    other = replace(unchecked_world.log.store.head(), origin="other.example.test/log/TEST")
    LogStore.create(tmp_path / "other", other)
    folder = unchecked_world.settings.log_folder
    shutil.rmtree(folder)
    (tmp_path / "other").rename(folder)
    _refuse_to_start(unchecked_world, "log_other")


def _refuse_to_start(world: World, code: str) -> None:
    with closing(Database(world.registry.database.url)) as database, refused(code):
        open_world(database, world.settings.folder.parent, world.now)


# --- silence ----------------------------------------------------------------------------------------------------


def test_issues_and_pulls_stop_after_15_minutes_of_silence_and_withdrawals_go_on(hub_world: World) -> None:
    identifier = hub_world.issue(food_order())["identifier"]
    hub_world.log.goes_on = False
    hub_world.now += timedelta(minutes=14)
    hub_world.issue(food_order(certificate_number=food_number(2)))
    hub_world.now += timedelta(minutes=2)
    with refused("log_silent"):
        hub_world.issue(food_order(certificate_number=food_number(3)))
    with refused("log_silent"):
        hub_world.pull(pull_request())
    hub_world.make_licence()
    with refused("log_silent"):
        hub_world.grant()
    assert hub_world.change(identifier, "withdraw")["status"] == "withdrawn"
    hub_world.log.goes_on = True
    hub_world.now += timedelta(seconds=2)
    hub_world.issue(food_order(certificate_number=food_number(3)))
    assert checkpoint(hub_world).root == second.head(leaves(hub_world))


def test_same_request_is_answered_again_in_silence(hub_world: World) -> None:
    order = food_order()
    verified = hub_world.order(
        Ordered.ISSUE,
        order,
        system="market",
        certificate_type=order["certificate_type"],
        issuing_body=order["issuing_body"],
    )
    first = hub_world.issue_verified(order, verified, key="the-same")
    hub_world.log.goes_on = False
    hub_world.now += AFTER
    assert hub_world.issue_verified(order, verified, key="the-same") == first


def test_scan_goes_on_in_silence_and_says_so(hub_world: World) -> None:
    reference = hub_world.issue(food_order())["reference"]
    hub_world.issue(licence_order())
    hub_world.log.goes_on = False
    hub_world.now += AFTER
    answer = hub_world.scan_certificate(reference)
    assert answer["verdict"]["outcome"] == Outcome.VALID
    assert {"name": "log", "result": "passed", "reason": "log_silent"} in answer["checks"]


def test_hub_is_not_ready_in_silence_nor_when_rolled_back(rolled_back: World) -> None:
    """The door asks the real clock, at which these stories' log has long been silent."""
    found = Readiness(rolled_back.registry, rolled_back.trust)()
    assert (found["ready"], found["log"], found["store"], found["database"]) == (False, False, False, True)


def test_empty_log_is_signed_too(unchecked_world: World) -> None:
    said = checkpoint(unchecked_world)
    assert (said.size, said.root) == (0, second.head([]))
    check_registry(unchecked_world)
