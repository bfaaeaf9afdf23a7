"""Proven time: heads are stamped as often as they should be, and only what is verified is kept and served."""

from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from connectors.errors import OutsideError
from connectors.timestamp_simulator import TEST_POLICY, TimestampSimulator
from hub.evidence.log import time_of
from hub.evidence.sequencing import LEASE
from hub.steps.log.proven_time import Believed, Stamping, proven_at
from hub.store.log import WitnessWord
from signing.checkpoint import NoteKey, read_checkpoint
from signing.errors import TimestampRefusedError
from tests.flows.conftest import copied_world
from tests.flows.refusals import refused
from tests.flows.world import World, food_number, food_order
from tests.signing.stamping import told_by_openssl


class Authority:
    """The TEST authority, with a clock that may be off, and counted; it can be away, or answer another request."""

    def __init__(self, folder: Path, world: World) -> None:
        self.off = timedelta(0)
        self.asked = 0
        self.is_away = False
        self.nonce: Callable[[int], int] = lambda nonce: nonce
        self.digest: Callable[[bytes], bytes] = lambda digest: digest
        self.simulator = TimestampSimulator(
            folder, passphrase=b"s" * 32, mode="test", clock=lambda: world.now + self.off
        )

    def stamp(self, digest: bytes, nonce: int) -> bytes:
        self.asked += 1
        if self.is_away:
            raise OutsideError("unreachable")
        return self.simulator.stamp(self.digest(digest), self.nonce(nonce))


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with copied_world("sqlite", request, tmp_path) as opened:
        opened.log.round(opened.now)
        yield opened


@pytest.fixture
def authority(world: World, tmp_path: Path) -> Authority:
    return Authority(tmp_path / "tsa", world)


@pytest.fixture
def stamping(world: World, authority: Authority) -> Stamping:
    return open_stamping(world, authority)


def open_stamping(world: World, authority: Authority, **changes: object) -> Stamping:
    given = {"anchors": [authority.simulator.anchor_der], "policy": TEST_POLICY, "allow_test": True} | changes
    believed = Believed(authority, **given)  # type: ignore[arg-type]
    return Stamping(
        store=world.log.store,
        believed=believed,
        owner=world.log._owner,
        random=world.registry.random,
        revoked=world.log.revoked,
    )


def act(world: World, number: int) -> int:
    """Do something that is logged; return the place of its last leaf."""
    world.issue(food_order(certificate_number=food_number(number)))
    world.log.round(world.now)
    return world.log.store.head().size - 1


def passes(world: World, stamping: Stamping, seconds: int) -> None:
    """Let time go by; the leader keeps the lead and its upkeep comes around every five seconds."""
    for _ in range(seconds // 5):
        world.now += timedelta(seconds=5)
        world.log.store.lead(world.log._owner, world.now, LEASE)
        stamping.round(world.now)


def test_stamp_is_of_the_head_and_openssl_agrees(
    world: World, authority: Authority, stamping: Stamping, tmp_path: Path
) -> None:
    with refused("time_not_found"):
        time_of(None, world.log.store, ())
    stamping.round(world.now)
    told = time_of(None, world.log.store, ())
    assert read_checkpoint(told["note"], NoteKey.read(world.log.key.text)).size == world.log.store.head().size
    assert told["size"] == world.log.store.head().size
    assert told["gen_time"] == world.now.isoformat()
    digest = sha256(told["note"].encode()).digest()
    token = b64decode(told["token"], validate=True)
    assert "Verification: OK" in told_by_openssl(token, digest, authority.simulator.anchor_der, tmp_path, world.now)


def test_busy_log_is_stamped_once_a_minute_and_an_idle_one_every_ten(
    world: World, authority: Authority, stamping: Stamping
) -> None:
    stamping.round(world.now)
    assert authority.asked == 1
    act(world, 1)
    passes(world, stamping, 55)
    assert authority.asked == 1
    passes(world, stamping, 5)
    assert authority.asked == 2
    passes(world, stamping, 595)
    assert authority.asked == 2
    passes(world, stamping, 5)
    assert authority.asked == 3


def test_another_process_counts_what_the_first_had_stamped(world: World, authority: Authority) -> None:
    open_stamping(world, authority).round(world.now)
    act(world, 1)
    passes(world, open_stamping(world, authority), 30)
    assert authority.asked == 1


def test_only_the_leader_has_heads_stamped(world: World, authority: Authority, stamping: Stamping) -> None:
    world.now += LEASE
    stamping.round(world.now)
    assert authority.asked == 0


def test_authority_that_is_away_is_asked_once_a_minute(world: World, authority: Authority, stamping: Stamping) -> None:
    authority.is_away = True
    with pytest.raises(OutsideError):
        stamping.round(world.now)
    passes(world, stamping, 55)
    assert authority.asked == 1
    authority.is_away = False
    passes(world, stamping, 5)
    assert (authority.asked, world.log.store.newest_time(()) is None) == (2, False)


def test_clock_that_was_set_back_stamps_anew(world: World, authority: Authority, stamping: Stamping) -> None:
    world.now += timedelta(minutes=5)
    passes(world, stamping, 5)
    world.now -= timedelta(minutes=2)
    passes(world, open_stamping(world, authority), 5)
    assert authority.asked == 2


BAD: dict[str, tuple[str, Callable[[Authority], None]]] = {
    "an hour ahead": ("time", lambda each: setattr(each, "off", timedelta(hours=1))),
    "an hour behind": ("time", lambda each: setattr(each, "off", -timedelta(minutes=59))),
    "other nonce": ("nonce", lambda each: setattr(each, "nonce", lambda nonce: nonce ^ 1)),
    "other digest": ("digest", lambda each: setattr(each, "digest", lambda digest: bytes(32))),
}


@pytest.mark.parametrize("case", BAD)
def test_stamp_that_is_not_right_is_not_kept(case: str, world: World, authority: Authority) -> None:
    wanted, spoil = BAD[case]
    world.now += timedelta(hours=2)  # the authority's certs are of its first moment
    world.log.store.lead(world.log._owner, world.now, LEASE)
    spoil(authority)
    with pytest.raises(TimestampRefusedError) as caught:
        open_stamping(world, authority).round(world.now)
    assert (caught.value.reason, world.log.store.newest_time(())) == (wanted, None)


@pytest.mark.parametrize(
    ("changes", "wanted"), [({"anchors": []}, "cert"), ({"policy": "1.2.3"}, "policy"), ({"allow_test": False}, "cert")]
)
def test_authority_that_is_not_believed_is_not_kept(
    changes: dict[str, object], wanted: str, world: World, authority: Authority
) -> None:
    with pytest.raises(TimestampRefusedError) as caught:
        open_stamping(world, authority, **changes).round(world.now)
    assert (caught.value.reason, world.log.store.newest_time(())) == (wanted, None)


def test_leaf_is_proven_by_the_first_word_over_it(world: World, stamping: Stamping) -> None:
    stamping.round(world.now)
    early, first = world.log.store.head().size - 1, world.now
    leaf = act(world, 1)
    assert (proven_at(early, world.log.store, ()), proven_at(leaf, world.log.store, ())) == (first, None)
    with refused("time_not_found"):
        time_of(leaf, world.log.store, ())
    passes(world, stamping, 60)
    stamped: datetime = world.now
    act(world, 2)
    passes(world, stamping, 60)
    assert time_of(leaf, world.log.store, ())["gen_time"] == stamped.isoformat()
    assert time_of(None, world.log.store, ())["gen_time"] == world.now.isoformat()
    assert proven_at(leaf, world.log.store, ()) == stamped
    head = world.log.store.head()
    word = WitnessWord(1, "one", leaf + 1, head.note, "line\n", stamped - timedelta(seconds=30))
    world.log.store.add_word(word, ())
    assert proven_at(leaf, world.log.store, ()) == word.seen_at
    assert proven_at(early, world.log.store, ()) == first
