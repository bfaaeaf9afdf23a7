"""The log's key is found compromised: older words of others hold, the next key signs on over the same tree."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from connectors.contract import WitnessAnswer
from connectors.timestamp_simulator import TEST_POLICY, TimestampSimulator
from hub.app.seeing import Readiness
from hub.custody.key_life import Compromise
from hub.evidence.bundles import verify_bundle
from hub.evidence.bundles.packing import make_bundle
from hub.evidence.bundles.telling import told_bundle
from hub.evidence.cosigning import Cosigning
from hub.evidence.log import Panel, cosigned, time_of
from hub.evidence.receipts import Receipts
from hub.steps.log.proven_time import Believed, Stamping, proven_at
from schemas.tokens import RECEIPT_TYP
from signing.algorithms import generate_private_key
from signing.base64url import decode
from signing.checkpoint import Checkpoint, NoteKey, cosign, sign_checkpoint
from signing.jws import CompactSigner
from signing.log_head import SignedHead, read_head
from signing.merkle import leaf_hash, verify_inclusion
from signing.signers.file import FileSigner
from tests.flows.conftest import copied_world
from tests.flows.keys_led import MINUTE, compromised, resealed, rotate, times, told, vouch
from tests.flows.refusals import refused
from tests.flows.registry_check import check_registry, find_faults
from tests.flows.world import HEALTH, MARKET, World, food_number, food_order, licence_order, statutory_request

LOG = "hub:log"
UNPROVEN = ("unknown", "seal_time_unproven")
_EVIDENCE = ("acts/", "times/", "checkpoint")
NOBODY = "its key was revoked at {}, and nobody saw it before"
OVER = "log: its head is signed by a key that was revoked"


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Yield a hub on SQLite, verified afterwards."""
    with copied_world("sqlite", request, tmp_path) as opened:
        yield opened
        check_registry(opened)


def issued(world: World, number: int = 1) -> dict[str, Any]:
    return world.issue(food_order(certificate_number=food_number(number)))


def act_of(world: World) -> str:
    """Issue the holder's licence; return the name of that act."""
    return str(world.issue(licence_order())["act_id"])


def log_compromised(world: World, since: datetime, key_id: str | None = None) -> Compromise:
    return compromised(world, since, key_id, use=LOG)


def without_adoption(world: World, since: datetime) -> None:
    """As after a crash between the list and the key that follows."""
    world.keys.adopt_next = lambda use: None  # type: ignore[method-assign]
    log_compromised(world, since)
    del world.keys.adopt_next


def head(world: World, note: str | None = None) -> SignedHead:
    shown = note or world.log.store.head().note
    return read_head(shown, world.log.store.head().origin, world.registry.trust())


def receipt(world: World, act_id: str) -> tuple[SignedHead, bool]:
    """Return the head that an act's receipt rests on, and whether the act's leaf is under it."""
    signer = CompactSigner(world.keys.signer("hub:answers"), RECEIPT_TYP)
    place = Receipts(world.registry, world.log.store, signer, latest=MINUTE).prove(act_id)
    log, path = place["log"], [decode(each) for each in place["log"]["path"]]
    signed = head(world, log["checkpoint"])
    of = signed.checkpoint
    return signed, verify_inclusion(leaf_hash(decode(place["leaf"])), log["index"], of.size, path, of.root)


# --- what is proven ---------------------------------------------------------------------------------------------


def test_word_before_the_log_key_was_compromised_proves_on_and_a_later_one_does_not(world: World) -> None:
    act_of(world)
    early = issued(world)
    seen_at = vouch(world)
    world.now += MINUTE
    late = issued(world, 2)
    vouch(world)
    world.now += MINUTE
    unseen = issued(world, 3)
    assert compromised(world, world.now).fallen == {MARKET: (unseen["identifier"],)}  # the market's seal
    assert [world.outcome(each["reference"])[0] for each in (early, late)] == ["valid", "valid"]
    made = log_compromised(world, seen_at + timedelta(seconds=1))
    assert made.fallen == {MARKET: (late["identifier"],)}
    assert [world.outcome(each["reference"]) for each in (early, late)] == [("valid", "good"), UNPROVEN]


def test_what_lost_its_proven_time_is_a_task_of_its_body_which_seals_it_again(world: World) -> None:
    world.share()
    act_of(world)
    late = issued(world)
    since = vouch(world)
    world.pull(statutory_request())
    world.now += MINUTE
    seal = compromised(world, world.now)
    assert list(told(world, "market", "seal_compromised")) == []
    log_compromised(world, since)
    (task,) = told(world, "market", "seal_compromised")
    assert (task["key_id"], task["certificates"]) == (seal.key_id, 2)
    assert late["identifier"] in [each["identifier"] for each in told(world, "health", "certificate_wrong")]
    assert resealed(world, seal.key_id)["left"] == 0
    assert world.outcome(late["reference"]) == ("valid", "good")


def test_earlier_moment_narrows_further_and_tells_only_of_what_it_adds(world: World) -> None:
    act_of(world)
    first, first_at = issued(world), vouch(world)
    world.now += MINUTE
    second, second_at = issued(world, 2), vouch(world)
    world.now += MINUTE
    key_id = world.keys.signer(LOG).key_id
    compromised(world, world.now)
    later = log_compromised(world, second_at)
    earlier = log_compromised(world, first_at, key_id)
    assert later.fallen == {MARKET: (second["identifier"],)}
    assert set(earlier.fallen[MARKET]) > {first["identifier"], second["identifier"]}
    with refused("compromise_later"):
        log_compromised(world, second_at, key_id)
    assert world.outcome(first["reference"]) == UNPROVEN


def test_head_of_the_next_key_proves_all_entries_again_from_its_own_time(world: World) -> None:
    issued(world)
    since = vouch(world)
    world.now += MINUTE
    log_compromised(world, since)
    revoked = world.trust.revoked_log_keys()
    assert (proven_at(0, world.log.store, ()), proven_at(0, world.log.store, revoked)) == (since, None)
    assert times(world).covered_before(world.now + MINUTE, revoked) == 0
    again = vouch(world)
    assert proven_at(0, world.log.store, revoked) == again > since
    assert times(world).covered_before(world.now + MINUTE, revoked) == world.log.store.head().size


def test_what_is_remembered_of_times_is_forgotten_with_the_key(world: World) -> None:
    act_of(world)
    late = issued(world)
    since = vouch(world)
    known = times(world)
    world.now += MINUTE
    seal = compromised(world, world.now).key_id
    before = known.under(world.registry.trust())
    assert before.record(1, seal)
    assert before.remembered(1, seal)
    log_compromised(world, since)
    after = known.under(world.registry.trust())
    assert (after.remembered(1, seal), after.record(1, seal)) == (None, False)
    assert world.outcome(late["reference"]) == UNPROVEN


# --- the log goes on --------------------------------------------------------------------------------------------


def test_next_key_signs_the_same_tree_anew_and_new_receipts_verify(hub_world: World) -> None:
    act_id = act_of(hub_world)
    hub_world.log.round(hub_world.now)
    before = head(hub_world)
    old_note = hub_world.log.store.head().note
    hub_world.now += MINUTE
    made = log_compromised(hub_world, hub_world.now)
    hub_world.log.round(hub_world.now)
    after = head(hub_world)
    assert (before.key_id, after.key_id) == (made.key_id, hub_world.keys.signer(LOG).key_id)
    assert (after.counts(), head(hub_world, old_note).counts()) == (True, False)
    assert after.checkpoint.size == before.checkpoint.size + 1  # the trust list's own entry
    assert [(signed.key_id, held) for signed, held in [receipt(hub_world, act_id)]] == [(after.key_id, True)]
    signed, held = receipt(hub_world, issued_and_published(hub_world))
    assert (signed.counts(), held) == (True, True)


def issued_and_published(world: World) -> str:
    act_id = str(issued(world)["act_id"])
    world.log.round(world.now)
    return act_id


def test_no_head_counts_until_the_next_key_signs_so_issues_stop_and_withdrawals_go_on(hub_world: World) -> None:
    act_of(hub_world)
    early = issued(hub_world)
    hub_world.log.round(hub_world.now)
    hub_world.now += MINUTE
    without_adoption(hub_world, hub_world.now)
    with refused("log_key_revoked"):
        issued(hub_world, 2)
    with refused("log_key_revoked"):
        hub_world.pull(statutory_request())
    said = {each["name"]: each["reason"] for each in hub_world.scan_certificate(early["reference"])["checks"]}
    assert said["log"] == "log_key_revoked"
    assert hub_world.change(early["identifier"], "withdraw")["status"] == "withdrawn"
    with refused("log_key_revoked"):
        hub_world.log.round(hub_world.now)
    assert OVER in faults_of_the_log(hub_world)
    log_compromised(hub_world, hub_world.registry.trust().issued_at)
    hub_world.log.round(hub_world.now)
    hub_world.now += timedelta(seconds=2)
    assert (issued(hub_world, 2)["identifier"] != "", faults_of_the_log(hub_world)) == (True, [])


def faults_of_the_log(world: World) -> list[str]:
    with world.registry.database.read() as connection:
        return [each for each in find_faults(world, connection) if each.startswith("log")]


def test_hub_without_a_head_that_counts_is_not_ready(world: World) -> None:
    world.log.round(world.now)
    state = replace(world.registry.log(world.now), heard_at=datetime.now(UTC))
    registry = replace(world.registry, log=lambda now: state)
    assert Readiness(registry, world.trust)()["log"]
    registry = replace(registry, log=lambda now: replace(state, key_revoked_at=state.heard_at))
    assert not Readiness(registry, world.trust)()["log"]


def test_compromise_that_was_killed_before_adoption_is_finished_by_the_same_command(world: World) -> None:
    key_id, since = world.keys.signer(LOG).key_id, world.now
    without_adoption(world, since)
    listed = world.registry.trust().version
    assert world.keys.signer(LOG).key_id == key_id
    made = log_compromised(world, since)
    world.log.round(world.now)
    assert (made.trust_list, made.key_id) == (listed, key_id)
    assert head(world).key_id == world.keys.signer(LOG).key_id != key_id


def test_key_that_was_followed_long_ago_is_compromised_and_the_head_counts_on(world: World) -> None:
    world.log.round(world.now)
    old, old_note = world.keys.signer(LOG).key_id, world.log.store.head().note
    rotate(world, LOG)
    world.now += MINUTE
    world.log.round(world.now)
    present = world.keys.signer(LOG).key_id
    assert log_compromised(world, world.now, old).key_id == old != present == world.keys.signer(LOG).key_id
    assert (head(world, old_note).counts(), head(world).counts(), head(world).key_id) == (False, True, present)


# --- whoever has the key ----------------------------------------------------------------------------------------


def by_the_thief(world: World, signer: Any, public: Any) -> str:
    """Return a head of another tree as whoever has the key could sign it."""
    return sign_checkpoint(Checkpoint(world.log.store.head().origin, 7, bytes(32)), signer, public)


def test_head_that_the_thief_signs_counts_only_by_a_word_that_he_cannot_have(world: World) -> None:
    signer, public = world.keys.signer(LOG), world.keys.public_key(LOG)
    world.now += MINUTE
    since = world.now
    forged = by_the_thief(world, signer, public)
    log_compromised(world, since)
    assert not head(world, forged).counts()
    assert not head(world, forged).counts(since, since + MINUTE)
    assert head(world, forged).counts(since - timedelta(seconds=1))


def test_audit_names_a_head_that_the_thief_put_in_place(world: World) -> None:
    signer, public = world.keys.signer(LOG), world.keys.public_key(LOG)
    world.log.round(world.now)
    log_compromised(world, world.now)
    world.log.round(world.now)
    store, honest = world.log.store, world.log.store.head()
    note = sign_checkpoint(Checkpoint(honest.origin, honest.size, honest.edge.root()), signer, public)
    assert store.advance(honest, replace(honest, note=note), world.log._owner, world.now + MINUTE)
    assert faults_of_the_log(world) == [OVER]
    world.log.round(world.now)  # the hub itself mends it: what it finds by a key that is over, it signs anew
    assert faults_of_the_log(world) == []


# --- witnesses and timestamps -----------------------------------------------------------------------------------


class Seeing:
    """A witness that vouches for whatever it is shown, and remembers the notes."""

    def __init__(self, world: World) -> None:
        private = generate_private_key("Ed25519")
        self.key = NoteKey("witness.example.test", private.public_key(), is_witness=True)
        self.shown: list[str] = []
        self._signer, self._world = FileSigner(private), world

    def add_checkpoint(self, old: int, path: object, note: str) -> WitnessAnswer:
        self.shown.append(note)
        return WitnessAnswer((cosign(note, self._signer, self.key, self._world.now),))


def asking(world: World, witness: Seeing) -> Cosigning:
    return Cosigning(store=world.log.store, witnesses=[witness], owner=world.log._owner, revoked=world.log.revoked)


def seen_by(cosigning: Cosigning, world: World) -> None:
    """Let one round go by, to the last answer."""
    cosigning.round(world.now)
    cosigning.wait(10)


def test_head_signed_anew_is_shown_to_witnesses_though_they_saw_as_many_leaves(world: World) -> None:
    witness, read = Seeing(world), world.log.revoked
    without_adoption(world, world.now)
    world.log.revoked = tuple  # a process that has not read the list yet
    world.log.round(world.now)
    seen_by(asking(world, witness), world)
    world.log.revoked = read
    seen_by(asking(world, witness), world)  # a head by the revoked key is shown to nobody
    log_compromised(world, world.now)
    world.now += MINUTE
    world.log.round(world.now)
    seen_by(asking(world, witness), world)
    seen_by(asking(world, witness), world)
    first, second = witness.shown
    assert (first.split("\n")[:3] == second.split("\n")[:3], head(world, second).counts()) == (True, True)
    panel, revoked = Panel((witness.key.text,), 1), world.trust.revoked_log_keys()
    assert cosigned(world.log.store, panel, revoked).startswith(second)


def test_word_that_is_older_than_the_compromise_is_kept_and_no_other_is_asked(world: World) -> None:
    witness = Seeing(world)
    world.log.round(world.now)
    seen_by(asking(world, witness), world)
    early = world.now
    world.now += MINUTE
    log_compromised(world, world.now)
    revoked = world.trust.revoked_log_keys()
    word = world.log.store.newest_word(witness.key.text, revoked)
    assert word is not None
    assert (word.seen_at, proven_at(0, world.log.store, revoked)) == (early, early)


def test_no_head_of_a_revoked_key_is_stamped_and_the_next_is_at_once(world: World, tmp_path: Path) -> None:
    simulator = TimestampSimulator(tmp_path, passphrase=b"s" * 32, mode="test", clock=lambda: world.now)
    believed, read = Believed(simulator, [simulator.anchor_der], TEST_POLICY, True), world.log.revoked
    stamping = partial(
        Stamping, store=world.log.store, believed=believed, owner=world.log._owner, random=world.registry.random
    )
    without_adoption(world, world.now)
    world.log.revoked = tuple  # a process that has not read the list yet
    world.log.round(world.now)
    stamping(revoked=tuple).round(world.now)
    world.log.revoked, stamps = read, stamping(revoked=read)
    world.now += MINUTE
    with refused("log_key_revoked"):
        world.log.round(world.now)
    stamps.round(world.now)
    with refused("time_not_found"):
        time_of(0, world.log.store, read())
    log_compromised(world, world.registry.trust().issued_at)
    world.log.round(world.now)
    stamps.round(world.now)
    said = time_of(0, world.log.store, read())
    assert (said["gen_time"], head(world, said["note"]).counts()) == (world.now.isoformat(), True)


# --- bundles ----------------------------------------------------------------------------------------------------


def files_of(raw: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(raw)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


class Bundled:
    """A delivery whose acts a witness has seen, as an evidence bundle, with whom to believe about it."""

    def __init__(self, world: World) -> None:
        world.share()
        act_of(world)
        issued(world)
        self.world, self._witness = world, Seeing(world)
        self._delivery = world.pull(statutory_request())["delivery"]
        world.now += MINUTE
        self.seen_at = world.now
        world.log.round(world.now)
        seen_by(asking(world, self._witness), world)
        self.raw = self.made()

    def made(self) -> bytes:
        return make_bundle(
            self._delivery, requester=HEALTH, registry=self.world.registry, sealers=self.world.sealers,
            log_store=self.world.log.store, status_token=lambda number: "x.y.z", now=self.world.now,
        )  # fmt: skip

    def doubts(self, raw: bytes, *, believing: bool = True) -> set[str]:
        """Return what is in doubt, by the newest trust list, of heads and of acts' places under them."""
        believed = verify_bundle.Believed(witnesses=[self._witness.key.text] * believing)
        report = verify_bundle.verify(
            raw, self.world.installation.anchor, lambda _: None, self.world.trust.raw, believed
        )
        return {what for result, where, what in report.found if result != "OK" and where.startswith(_EVIDENCE)}

    def told(self, raw: bytes) -> tuple[str, bool]:
        """Return what `yizhao verify` says of the acts, and whether it names a revoked key."""
        told = told_bundle(raw, anchor=self.world.installation.anchor, trust_list=self.world.trust.raw)
        of_acts = next(each for each in told["checks"] if each["name"] == "Acts and their proofs")
        return of_acts["result"], "the head's key was revoked" in str(of_acts["reason_en"])


def test_bundle_stands_on_a_head_that_was_seen_before_the_compromise_and_on_no_other(world: World) -> None:
    bundle = Bundled(world)
    key_id = world.keys.signer(LOG).key_id
    world.now += MINUTE
    assert bundle.doubts(bundle.raw) == set()
    log_compromised(world, world.now)
    (doubt,) = bundle.doubts(bundle.raw, believing=False)
    assert "the head's key was revoked" in doubt
    assert bundle.doubts(bundle.raw) == set()
    log_compromised(world, bundle.seen_at, key_id)
    assert bundle.doubts(bundle.raw) == {
        doubt.replace(str(world.now), str(bundle.seen_at)),
        NOBODY.format(bundle.seen_at),
    }
    assert bundle.told(bundle.raw) == ("unknown", True)
    world.log.round(world.now)
    assert bundle.doubts(bundle.made()) == bundle.doubts(bundle.made(), believing=False) == set()
    assert bundle.told(bundle.made()) == ("passed", False)


@pytest.mark.parametrize("after", [-1, 0, 1])
def test_hub_and_the_verifier_of_bundles_judge_a_head_alike(world: World, after: int) -> None:
    bundle = Bundled(world)
    world.now += MINUTE
    log_compromised(world, bundle.seen_at + timedelta(seconds=after))
    counts = head(world, files_of(bundle.raw)["times/1.txt"].decode()).counts(bundle.seen_at)
    assert (counts, bundle.doubts(bundle.raw) == set()) == (after > 0, after > 0)


def test_bundle_takes_a_head_of_a_key_that_was_followed_and_ended_by_age(world: World) -> None:
    bundle = Bundled(world)
    rotate(world, LOG)
    world.pass_days(3)
    world.log.round(world.now)
    ended = min(each.until_at for each in world.registry.trust().hub_keys if each.purpose == "log" and each.until_at)
    assert (ended < world.now, bundle.doubts(bundle.made())) == (True, set())
