"""Recovery: what was lost is named leaf by leaf, nothing is made up, and doubt reads valid at no moment of it."""

import hmac
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from hub.app.opening import log_key
from hub.custody.recovery.recovering import Approve, Recovering, order_of, recover, settle
from hub.custody.recovery.returned import Returned
from hub.evidence.log import checkpoint, former_log, prove_inclusion, tile, time_of
from hub.evidence.receipts import Receipts
from hub.evidence.sequencing import LogKey
from hub.public.status_lists import StatusLists
from hub.sharing.change_feed.cursor import cursor_at
from hub.sharing.change_feed.cursor import place_of as place_of_cursor
from hub.steps.log.proven_time import proven_at
from hub.steps.orders.approvals import verify_approvals
from hub.steps.orders.freshness import refused_until
from hub.steps.orders.persons import FIRST_PERSONS, sign_here
from hub.store import tables
from hub.store.database import Database
from hub.store.entry import EntryReader, give_places
from hub.store.log import Head, LogStore, ProvenTime, WitnessWord
from hub.store.recovery import RecoveryReader
from schemas.approval import Change
from schemas.tokens import STATUS_LIST_TYP
from schemas.verdict import Outcome
from signing.base64url import decode, encode
from signing.checkpoint import NoteKey, read_checkpoint
from signing.jws import CompactSigner
from signing.merkle import leaf_hash
from signing.status_list import StatusValue, decode_status, place_of
from signing.tiles import read_bundle
from tests.flows.backed_up import NewUrl, back_up, reference_of, restored
from tests.flows.brought_back import approving
from tests.flows.keys_led import compromised
from tests.flows.refusals import refused
from tests.flows.registry_check import check_registry, find_faults
from tests.flows.signing_in import make_assertion, sign_in
from tests.flows.world import OPERATOR, World, food_number, food_order, licence_order, open_world
from tests.flows.world import statutory_request as pull_request
from tests.second import merkle as second

SECOND = timedelta(seconds=1)
UNSETTLED = (Outcome.UNKNOWN, "store_recovered")


class Lost:
    """A world that was set back, and what the world before it did after the backup."""

    def __init__(self, world: World, kept: dict[str, Any], lost: list[dict[str, Any]], acts: list[bytes]) -> None:
        self.world = world
        self.identifier = str(kept["identifier"])
        self.act_id = str(kept["act_id"])
        self.lost = lost
        self.receipts = acts

    @property
    def reference(self) -> str:
        return reference_of(self.world, self.identifier)


@pytest.fixture
def set_back(unchecked_world: World, tmp_path: Path, new_url: NewUrl) -> Iterator[Lost]:
    """A hub restored from a backup, after which one certificate was withdrawn and another was issued."""
    with _set_back(unchecked_world, tmp_path, new_url) as lost:
        yield lost


@contextmanager
def _set_back(world: World, tmp_path: Path, new_url: NewUrl) -> Iterator[Lost]:
    world.issue(licence_order())
    kept = world.issue(food_order())
    world.make_licence()
    grant = world.grant()
    world.log.round(world.now)
    back_up(world, tmp_path / "backup")
    before = _entries(world)
    world.now += SECOND
    world.change(str(kept["identifier"]), "withdraw")
    issued = world.issue(food_order(certificate_number=food_number(3)))
    world.withdraw(grant)
    world.log.round(world.now)
    receipts = [_receipt(each) for number, each in _entries(world).items() if number not in before]
    now = world.now + timedelta(minutes=1)
    url = new_url(world.registry.database.dialect)
    with restored(world, tmp_path / "backup", tmp_path / "again", url, now) as again:
        yield Lost(again, kept, [issued], receipts)


def _entries(world: World) -> dict[int, Any]:
    with world.registry.database.read() as connection:
        return {each.number: each for each in EntryReader(connection).all()}


def _receipt(entry: Any) -> bytes:
    return orjson.dumps({"act": encode(entry.act_bytes), "salt": encode(entry.salt)})


def _recovering(world: World, store: LogStore | None = None) -> Recovering:
    return Recovering(
        database=world.registry.database,
        store=store or world.log.store,
        next_key=lambda number: log_key(world.keys, world.installation, number),
        operator=OPERATOR,
        random=secrets.token_bytes,
        owner="recovery",
    )


def _recover(
    world: World, report: Path, *, returned: list[bytes] | None = None, approve: Approve | None = None
) -> dict[str, Any]:
    material = Returned()
    for each in returned or ():
        material.take(each)
    signed = approve or approving(world, world.now)
    return recover(_recovering(world), report, returned=material, approve=signed, now=world.now)


def _again(world: World) -> World:
    """Start the hub anew, as after the command."""
    folder, url = world.settings.folder.parent, world.registry.database.url
    return open_world(Database(url), folder, world.now + timedelta(minutes=2))


def _settle(world: World, approve: Approve | None = None) -> None:
    settle(
        database=world.registry.database,
        operator=OPERATOR,
        approve=approve or approving(world, world.now),
        random=secrets.token_bytes,
        now=world.now,
    )
    world.now += 2 * SECOND


def test_lost_range_is_named_and_a_new_log_begins_with_the_old_ones_end(set_back: Lost, tmp_path: Path) -> None:
    before = set_back.world.log.store.head()
    done = _recover(set_back.world, tmp_path / "report")
    report = json.loads((tmp_path / "report").read_bytes())
    assert [each["index"] for each in report["lost"]["leaves"]] == [before.size - 3, before.size - 2, before.size - 1]
    assert report["lost"]["after"] < report["lost"]["before"]
    assert done["report_sha256"] == sha256((tmp_path / "report").read_bytes()).hexdigest()
    again = _again(set_back.world)
    head = again.log.store.head()
    assert (head.origin, head.number, head.first_place) == ("hub.example.test/log/TEST/2", 2, before.size)
    again.log.round(again.now)
    said = read_checkpoint(again.log.store.head().note, NoteKey.read(again.log.key.text))
    with again.registry.database.read() as connection:
        leaves = EntryReader(connection).leaves(before.size, before.size + 100)
    assert leaves[0] == b"\x02" + sha256(before.note.encode()).digest()
    assert (said.size, said.root) == (len(leaves), second.head(leaves))
    assert decode(prove_inclusion(0, None, again.log.store)["leaf"]) == leaves[0]
    check_registry(again)
    again.close()


def test_closed_log_is_served_as_it_ended(set_back: Lost, tmp_path: Path) -> None:
    before = set_back.world.log.store.head()
    _recover(set_back.world, tmp_path / "report")
    again = _again(set_back.world)
    again.issue(food_order(certificate_number=food_number(4)))
    again.log.round(again.now)
    old, new = (former_log(number, again.log.store) for number in (1, 2))
    assert checkpoint(old) == before.note
    leaves = read_bundle(tile(f"entries/000.p/{before.size}", old))
    assert second.head(leaves) == before.edge.root()
    assert tile(f"0/000.p/{before.size}", old) == b"".join(map(leaf_hash, leaves))
    assert tile("0/000.p/1", new) != tile("0/000.p/1", old)
    with refused("log_not_found"):
        former_log(3, again.log.store)
    with refused("cursor_recovered"):
        place_of_cursor(cursor_at(before.size, before), again.log.store.head(), again.log.store)
    again.close()


def test_nothing_reads_valid_until_what_was_lost_is_settled(set_back: Lost, tmp_path: Path) -> None:
    world = set_back.world
    assert world.outcome(set_back.reference) == (Outcome.UNKNOWN, "store_rolled_back")
    _recover(world, tmp_path / "report")
    again = _again(world)
    assert again.outcome(set_back.reference) == UNSETTLED
    issued = again.issue(food_order(certificate_number=food_number(4)))
    assert again.outcome(issued["reference"]) == UNSETTLED
    with refused("store_recovered"):
        again.want(again.named(issued["identifier"]))
    signer = CompactSigner(again.keys.signer("hub:status"), STATUS_LIST_TYP)
    with refused("store_recovered"):
        StatusLists(again.registry, signer, SECOND).token(0, again.now)
    with refused("store_recovered"):
        again.pull(pull_request())
    # The department orders again what was lost; only then two acts have been done by the operator.
    again.change(set_back.identifier, "withdraw")
    _settle(again)
    assert again.outcome(set_back.reference) == (Outcome.NOT_VALID, "withdrawn")
    answer = again.scan_certificate(issued["reference"])
    assert answer["verdict"]["outcome"] == Outcome.VALID
    assert {"name": "log", "result": "passed", "reason": "recovered"} in answer["checks"]
    with refused("nothing_to_settle"):
        _settle(again)
    again.log.round(again.now)
    check_registry(again)
    again.close()


def test_receipts_that_are_brought_back_say_what_was_lost(set_back: Lost, tmp_path: Path) -> None:
    withdrawal, issue, grant_withdrawal = set_back.receipts
    token = b"e30." + encode(grant_withdrawal).encode() + b".c2ln"
    forged = orjson.dumps(orjson.loads(issue) | {"salt": encode(bytes(32))})
    material = [withdrawal, token, forged, b"", b"{}", b"no receipt", b"\xff.\xff.\xff", b'{"act": 1, "salt": 2}']
    _recover(set_back.world, tmp_path / "report", returned=material)
    lost = json.loads((tmp_path / "report").read_bytes())["lost"]
    kinds = [each.get("act", {}).get("kind") for each in lost["leaves"]]
    assert kinds == ["change_status", None, "grant_withdrawal"]
    assert lost["identified"] == 2
    assert all(each["act"]["act_id"] for each in lost["leaves"] if "act" in each)


def test_receipt_of_before_and_one_of_after_prove_their_acts(set_back: Lost, tmp_path: Path) -> None:
    kept = _receipts(set_back.world).prove(set_back.act_id)
    closed = set_back.world.log.store.head()
    _recover(set_back.world, tmp_path / "report")
    again = _again(set_back.world)
    issued = again.issue(food_order(certificate_number=food_number(4)))
    assert not _receipts(again).is_proven(issued["act_id"])
    again.log.round(again.now)
    told, made = (_receipts(again).prove(each) for each in (set_back.act_id, issued["act_id"]))
    assert told == kept
    assert told["log"]["checkpoint"] == closed.note
    _prove(told, log_key(again.keys, again.installation, 1))
    _prove(made, log_key(again.keys, again.installation, 2))
    assert made["log"]["index"] < again.log.store.head().size
    assert _receipts(again).is_proven(issued["act_id"])
    again.close()


def _receipts(world: World) -> Receipts:
    signer = CompactSigner(world.keys.signer("hub:answers"), "yizhao-receipt+jwt")
    return Receipts(world.registry, world.log.store, signer, latest=timedelta(minutes=15))


def _prove(told: dict[str, Any], key: LogKey) -> None:
    """Prove a receipt by hand, to somebody who has the log's key alone."""
    leaf = b"\x01" + hmac.digest(decode(told["salt"]), decode(told["act"]), sha256)
    head = read_checkpoint(told["log"]["checkpoint"], NoteKey.read(key.text))
    path = [decode(each) for each in told["log"]["path"]]
    assert second.verify_inclusion(leaf, told["log"]["index"], head.size, path, head.root)


def test_words_and_times_stay_with_the_log_they_are_of(set_back: Lost, tmp_path: Path) -> None:
    store = set_back.world.log.store
    before, now = store.head(), set_back.world.now
    assert store.add_word(WitnessWord(1, "one", before.size, before.note, "line\n", now), ())
    store.add_time(ProvenTime(1, before.size, before.edge.root(), before.note, b"token", now, "authority", now))
    _recover(set_back.world, tmp_path / "report")
    again = _again(set_back.world)
    again.log.round(again.now)
    store, place = again.log.store, before.size
    assert (store.newest_word("one", ()), store.first_word(0, ()), store.newest_time(()), store.first_time(0, ())) == (
        None,
    ) * 4
    assert (checkpoint(store), store.newest_cosigned(["one"], 1, ())) == (store.head().note, None)
    assert (proven_at(place - 1, store, ()), proven_at(place, store, ())) == (now, None)
    assert checkpoint(former_log(1, store)) == before.note + "line\n"
    assert time_of(0, former_log(1, store), ())["authority"] == "authority"
    word = WitnessWord(2, "one", 1, store.head().note, "line\n", again.now)
    assert store.add_word(word, ())
    assert store.newest_word("one", ()) == word
    again.close()


def test_closed_log_whose_key_is_compromised_counts_with_the_one_that_follows(set_back: Lost, tmp_path: Path) -> None:
    before, seen_at = set_back.world.log.store.head(), set_back.world.now
    assert set_back.world.log.store.add_word(WitnessWord(1, "one", before.size, before.note, "line\n", seen_at), ())
    _recover(set_back.world, tmp_path / "report")
    again = _again(set_back.world)
    compromised(again, seen_at, use="hub:log")
    again.log.round(again.now)
    store, revoked = again.log.store, again.trust.revoked_log_keys()
    assert (proven_at(0, store, ()), proven_at(0, store, revoked)) == (seen_at, None)
    head = store.head()
    assert store.add_word(WitnessWord(2, "one", head.size, head.note, "line\n", again.now), revoked)
    assert proven_at(0, store, revoked) == again.now
    check_registry(again)
    again.close()


def test_audit_names_what_is_missing_in_a_closed_log_beside_what_was_lost(set_back: Lost, tmp_path: Path) -> None:
    _recover(set_back.world, tmp_path / "report")
    again = _again(set_back.world)
    again.log.round(again.now)
    check_registry(again)
    removed = tables.entry.delete().where(tables.entry.c.leaf_index == 0)
    again.registry.database.write(lambda connection: connection.execute(removed))
    with again.registry.database.read() as connection:
        faults = find_faults(again, connection)
    assert "log: 4 leaves of closed logs are no entries of the store, 3 were lost" in faults
    again.close()


def test_what_was_spent_before_a_recovery_is_refused_after_it(set_back: Lost, tmp_path: Path) -> None:
    """Whatever put the store back: the recovery notes it too."""
    assertion, spent_at = make_assertion(set_back.world), set_back.world.now
    _recover(set_back.world, tmp_path / "report")
    with refused("invalid_client"):
        sign_in(set_back.world, assertion=assertion)
    with set_back.world.registry.database.read() as connection:
        assert refused_until(connection) == spent_at + timedelta(seconds=60)


def test_no_identifier_is_given_a_second_time(set_back: Lost, tmp_path: Path) -> None:
    (lost,) = set_back.lost
    _recover(set_back.world, tmp_path / "report")
    again = _again(set_back.world)
    issued = again.issue(food_order(certificate_number=food_number(3)))
    assert issued["identifier"] != lost["identifier"]
    _settle(again)
    signer = CompactSigner(again.keys.signer("hub:status"), STATUS_LIST_TYP)
    listed = StatusLists(again.registry, signer, SECOND).token(0, again.now)
    lst = orjson.loads(decode(listed.split(".")[1]))["status_list"]["lst"]
    given, kept = (int(each.split(".")[-3]) for each in (lost["identifier"], set_back.identifier))
    assert decode_status(lst, place_of(given, again.registry.status_key).index) == StatusValue.INVALID
    assert decode_status(lst, place_of(kept, again.registry.status_key).index) == StatusValue.VALID
    renewed = again.issue(food_order(certificate_number=food_number(1), cause="renew", replaces=set_back.identifier))
    assert renewed["identifier"].split(".")[-2] == "012"
    again.close()


def test_grants_of_before_are_over(set_back: Lost, tmp_path: Path) -> None:
    _recover(set_back.world, tmp_path / "report")
    with set_back.world.registry.database.read() as connection:
        rows = connection.execute(select(tables.grant_table.c.withdrawn_at, tables.grant_table.c.ended_by)).all()
        recovery = RecoveryReader(connection).newest()
    assert recovery is not None
    assert [tuple(row) for row in rows] == [(set_back.world.now, recovery.act_id)]


def test_entries_that_had_no_place_yet_are_found_in_the_tiles(
    unchecked_world: World, tmp_path: Path, new_url: NewUrl
) -> None:
    unchecked_world.log.round(unchecked_world.now)
    identifier = str(unchecked_world.issue(food_order())["identifier"])
    back_up(unchecked_world, tmp_path / "backup")
    unchecked_world.log.round(unchecked_world.now)
    now, url = unchecked_world.now + timedelta(minutes=1), new_url(unchecked_world.registry.database.dialect)
    with restored(unchecked_world, tmp_path / "backup", tmp_path / "again", url, now) as again:
        reference = reference_of(again, identifier)
        assert again.outcome(reference) == (Outcome.UNKNOWN, "store_rolled_back")
        done = _recover(again, tmp_path / "report")
        assert (done["lost"], done["found"] > 0, (tmp_path / "report").exists()) == (0, True, False)
        again.now += 2 * SECOND
        assert again.log.state(again.now).doubt is None
        assert again.log.store.head().number == 1
        check_registry(again)


def test_store_that_went_on_keeps_its_acts_under_new_places(set_back: Lost, tmp_path: Path) -> None:
    """Somebody gave the lost places to other acts: these are sequenced anew, in the log that follows."""
    world = set_back.world
    world.change(set_back.identifier, "withdraw")
    assert world.registry.database.write(lambda connection: give_places(connection, 10)) == 1
    _recover(world, tmp_path / "report")
    assert json.loads((tmp_path / "report").read_bytes())["lost"]["count"] == 3
    again = _again(world)
    again.log.round(again.now)
    head = again.log.store.head()
    assert [each.leaf_index for each in _entries(again).values()][-3:] == [
        head.first_place + 1, head.first_place, head.first_place + 2,
    ]  # fmt: skip
    check_registry(again)
    again.close()


def test_recovery_that_was_killed_between_its_two_commits_goes_on(set_back: Lost, tmp_path: Path) -> None:
    world = set_back.world
    store = _DyingStore(world.settings.log_folder)
    with pytest.raises(KeyboardInterrupt):
        recover(
            _recovering(world, store), tmp_path / "report", returned=Returned(),
            approve=approving(world, world.now), now=world.now,
        )  # fmt: skip
    store.close()
    again = _again(world)
    assert again.outcome(set_back.reference) == (Outcome.UNKNOWN, "store_rolled_back")
    done = _recover(again, tmp_path / "report")
    assert (done["lost"], done["log"]) == (3, "hub.example.test/log/TEST/2")
    once_more = _again(again)
    once_more.log.round(once_more.now)
    assert once_more.outcome(set_back.reference) == UNSETTLED
    check_registry(once_more)
    once_more.close()
    again.close()


class _DyingStore(LogStore):
    """A real store whose process is gone before it follows."""

    def follow(self, before: Head, first: Head, owner: str) -> bool:
        raise KeyboardInterrupt


def test_restored_a_second_time_everything_is_lost_again_and_a_third_log_begins(
    unchecked_world: World, tmp_path: Path, new_url: NewUrl
) -> None:
    with _set_back(unchecked_world, tmp_path, new_url) as lost:
        _recover(lost.world, tmp_path / "report")
        again = _again(lost.world)
        again.issue(food_order(certificate_number=food_number(4)))
        again.log.round(again.now)
        url = new_url(unchecked_world.registry.database.dialect)
        now = again.now + timedelta(minutes=1)
        with restored(again, tmp_path / "backup", tmp_path / "thrice", url, now) as third:
            assert third.outcome(lost.reference) == (Outcome.UNKNOWN, "store_rolled_back")
            done = _recover(third, tmp_path / "report-2")
            assert (done["lost"], done["log"]) == (6, "hub.example.test/log/TEST/3")
            fresh = _again(third)
            fresh.log.round(fresh.now)
            assert fresh.outcome(lost.reference) == UNSETTLED
            assert checkpoint(former_log(2, fresh.log.store)) == again.log.store.head().note
            check_registry(fresh)
            fresh.close()
        again.close()


def test_process_that_slept_through_a_recovery_signs_nothing(set_back: Lost, tmp_path: Path) -> None:
    sleeper = set_back.world.log.sequencer(set_back.world.now + timedelta(minutes=9), "sleeper")
    _recover(set_back.world, tmp_path / "report")
    with refused("log_other"):
        sleeper.round()


def test_store_that_agrees_with_its_log_is_not_recovered(unchecked_world: World, tmp_path: Path) -> None:
    unchecked_world.log.round(unchecked_world.now)
    unchecked_world.now += timedelta(minutes=1)
    with refused("not_rolled_back"):
        _recover(unchecked_world, tmp_path / "report")


def test_recovery_is_refused_without_a_new_report_and_the_lead(set_back: Lost, tmp_path: Path) -> None:
    world = set_back.world
    (tmp_path / "another").write_bytes(b"another")
    with refused("report_exists"):
        _recover(world, tmp_path / "another")
    world.now += timedelta(minutes=3)
    assert world.log.store.lead("a hub", world.now, 10 * SECOND)
    with refused("hub_running"):
        _recover(world, tmp_path / "report")
    assert world.log.state(world.now).rolled_back_to is not None
    assert not (tmp_path / "report").exists()


def test_two_persons_sign_what_a_recovery_gives_up_and_that_it_is_settled(set_back: Lost, tmp_path: Path) -> None:
    world, report, two = set_back.world, tmp_path / "report", sorted(FIRST_PERSONS.values())
    order, both = order_of(world.registry.database, world.log.store), approving(world, world.now)
    with refused("approvals_needed"):
        _recover(world, report, approve=lambda change, digest: ())
    with refused("approval_same_person"):
        _recover(world, report, approve=lambda change, digest: tuple(both(change, digest)[:1]) * 2)
    assert (world.log.state(world.now).rolled_back_to is None, report.exists()) == (False, False)
    assert _recover(world, report)["by_whom"] == two
    told = json.loads(report.read_bytes())
    assert (told["by_whom"], told["order"], len(told["approvals"])) == (two, order, 2)
    again = _again(world)
    with refused("approvals_needed"):
        _settle(again, lambda change, digest: ())
    _settle(again)
    check_registry(again)
    again.close()


def test_persons_who_signed_for_another_loss_signed_for_nothing(set_back: Lost, tmp_path: Path) -> None:
    world = set_back.world
    world.now += timedelta(minutes=2)

    def of_another(change: Change, digest: str) -> Any:
        tokens = sign_here(
            change, "0" * 64, keys=world.keys, audience=world.registry.origin, now=world.now, random=secrets.token_bytes
        )
        return verify_approvals(tokens, change=change, content_digest=digest, registry=world.registry, now=world.now)

    with refused("approval_content"):
        _recover(world, tmp_path / "report", approve=of_another)
    assert not (tmp_path / "report").exists()


def test_audit_names_a_recovery_that_two_persons_did_not_sign(set_back: Lost, tmp_path: Path) -> None:
    _recover(set_back.world, tmp_path / "report")
    again = _again(set_back.world)
    _settle(again)
    table = tables.approval
    spoilt = table.update().where(table.c.change == Change.SETTLE).values(change=Change.RECOVER)
    again.registry.database.write(lambda connection: connection.execute(spoilt))
    with again.registry.database.read() as connection:
        faults = find_faults(again, connection)
    assert "settlement 2: not approved by two persons of different duties" in faults
    assert any("approvals of a recovery that is not there" in each for each in faults)
    again.close()
