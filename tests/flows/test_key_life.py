"""The life of keys: followed by others, found compromised; what they sealed counts by its proven time alone."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select, update

from hub.custody.installation import HUB_KEYS
from hub.public.examination.extracted import Unread
from hub.public.examination.online import examine
from hub.registry import resealing
from hub.registry.resealing import Sealing, complete_orphans
from hub.steps.certificates import fallen
from hub.steps.log.proven_time import Remembered, SealTimeUnreadError
from hub.store import tables
from hub.store.certificate import CertificateReader
from hub.store.installation import InstallationReader
from schemas.statement import Ordered
from signing.errors import TrustListError
from signing.signers import Signer
from signing.trust import verify_trust_list
from tests.flows.conftest import copied_world
from tests.flows.keys_led import MINUTE, SEAL, compromised, reseal_verified, resealed, rotate, times, told, vouch
from tests.flows.killed import Request, Step, ask, run_and_die
from tests.flows.refusals import refused, refused_whole
from tests.flows.registry_check import check_registry
from tests.flows.world import HEALTH, MARKET, World, food_number, food_order, licence_order, statutory_request

UNPROVEN = ("unknown", "seal_time_unproven")


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Yield a hub on SQLite, verified afterwards."""
    with copied_world("sqlite", request, tmp_path) as opened:
        yield opened
        check_registry(opened, open_intentions=opened.open_intentions)


def seen(world: World) -> str:
    """Issue a permit, and its holder's licence, and let a witness see them; return the permit's reference."""
    world.issue(licence_order())
    issued = world.issue(food_order())
    vouch(world)
    world.now += 10 * MINUTE
    return str(issued["reference"])


def late(world: World, number: int = 2) -> dict[str, str]:
    return world.issue(food_order(certificate_number=food_number(number)))


def serial_of(world: World, reference: str) -> int:
    with world.registry.database.read() as connection:
        found = CertificateReader(connection).by_reference(reference)
    assert found is not None
    return found.serial


class Dying:
    """A key whose process dies when it is used."""

    def __init__(self, signer: Signer) -> None:
        self.key_id, self.algorithm, self.cert_der = signer.key_id, signer.algorithm, signer.cert_der

    def sign(self, message: bytes, *, statement: bytes | None) -> bytes:
        raise KeyboardInterrupt


# --- proven time ------------------------------------------------------------------------------------------------


def test_what_was_proven_before_the_compromise_stays_valid_and_the_rest_is_unknown(hub_world: World) -> None:
    early = seen(hub_world)
    since = hub_world.now - MINUTE
    issued = late(hub_world)
    hub_world.now += MINUTE
    made = compromised(hub_world, since)
    assert made.fallen == {MARKET: (issued["identifier"],)}
    assert hub_world.outcome(early) == ("valid", "good")
    assert hub_world.outcome(issued["reference"]) == UNPROVEN
    checks = {each["name"]: each for each in hub_world.scan_certificate(early)["checks"]}
    assert checks["proven_time"]["reason"] == "seal_time_proven"


def test_claimed_time_before_the_compromise_helps_nothing_when_the_word_came_after(world: World) -> None:
    early = seen(world)
    issued = late(world)
    since = world.now + MINUTE
    vouch(world, since)  # the record claims a minute less: nobody else said so in time
    world.now += 2 * MINUTE
    compromised(world, since)
    assert (world.outcome(early)[0], world.outcome(issued["reference"])) == ("valid", UNPROVEN)


def test_without_any_witness_all_that_a_compromised_key_sealed_is_unknown(world: World) -> None:
    licence = world.issue(licence_order())["identifier"]
    issued = late(world)
    world.now += MINUTE
    assert compromised(world, world.now - MINUTE).fallen == {MARKET: (licence, issued["identifier"])}
    assert world.outcome(issued["reference"]) == UNPROVEN


def test_words_after_the_clock_was_set_back_prove_nothing_earlier_than_they_say(world: World) -> None:
    early = seen(world)
    issued, since = late(world), world.now
    world.now -= timedelta(minutes=5)
    vouch(world, since + MINUTE)
    world.now += timedelta(minutes=7)
    compromised(world, since)
    assert (world.outcome(early)[0], world.outcome(issued["reference"])) == ("valid", UNPROVEN)


def test_seal_whose_cert_has_ended_counts_by_its_proven_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.custody.installation.CERT_TERM", timedelta(days=1))
    rotate(world, SEAL)
    world.now += MINUTE
    early = seen(world)
    issued = late(world)
    world.pass_days(2)
    vouch(world)
    assert (world.outcome(early), world.outcome(issued["reference"])) == (("valid", "good"), UNPROVEN)


def test_scan_asks_no_more_of_what_a_key_sealed_once_it_ended_by_age(
    hub_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.custody.installation.CERT_TERM", timedelta(days=1))
    rotate(hub_world, SEAL)
    hub_world.now += MINUTE
    early, issued = serial_of(hub_world, seen(hub_world)), serial_of(hub_world, late(hub_world)["reference"])
    key_id, known = hub_world.keys.signer(SEAL).key_id, times(hub_world)
    hub_world.now += timedelta(days=1, minutes=5)
    at_once = Remembered(known.under(hub_world.trust.refresh(hub_world.now)))
    known.settle(hub_world.now)
    with pytest.raises(SealTimeUnreadError):
        at_once.record(early, key_id)
    known.settle(hub_world.now)
    with pytest.raises(SealTimeUnreadError):  # an order from before the end may be under way
        at_once.record(early, key_id)
    hub_world.now += timedelta(hours=1)
    known.settle(hub_world.now)
    assert at_once.record(early, key_id)
    with pytest.raises(SealTimeUnreadError):
        at_once.record(issued, key_id)
    assert not at_once.in_time.record(issued, key_id)


def test_what_a_revoked_key_sealed_is_always_held_against_the_log(world: World) -> None:
    early, key_id = serial_of(world, seen(world)), world.keys.signer(SEAL).key_id
    compromised(world, world.now - MINUTE)
    known = times(world)
    in_time = known.under(world.trust.refresh(world.now))
    with pytest.raises(SealTimeUnreadError):
        Remembered(in_time).record(early, key_id)
    known.settle(world.now + timedelta(days=1))
    with pytest.raises(SealTimeUnreadError):
        Remembered(in_time).record(early, key_id)
    assert in_time.record(early, key_id)
    assert Remembered(in_time).record(early, key_id)


def test_row_that_claims_another_entry_for_its_own_proves_nothing(world: World) -> None:
    seen(world)
    since, issued = world.now, late(world)
    world.now += MINUTE
    compromised(world, since)
    certificate = tables.certificate
    older = select(certificate.c.act_id).order_by(certificate.c.serial).limit(1).scalar_subquery()
    own = certificate.c.identifier == issued["identifier"]
    with world.registry.database.read() as connection:
        act_id = connection.execute(select(certificate.c.act_id).where(own)).scalar_one()
    world.registry.database.write(lambda each: each.execute(update(certificate).where(own).values(act_id=older)))
    assert world.outcome(issued["reference"]) == UNPROVEN
    world.registry.database.write(lambda each: each.execute(update(certificate).where(own).values(act_id=act_id)))


def test_older_trust_list_does_not_bring_a_compromised_key_back(world: World) -> None:
    issued, older = late(world), world.trust.raw
    world.now += MINUTE
    compromised(world, world.now)
    reader = partial(verify_trust_list, anchor_sha256=world.installation.anchor, now=world.now, allow_test=True)
    with pytest.raises(TrustListError, match="older"):
        reader(older, highest_version_seen=world.trust().version)
    with world.registry.database.read() as connection:
        highest = InstallationReader(connection).trust_list_version()
    assert (highest, world.outcome(issued["reference"])[0]) == (world.trust().version, "unknown")


# --- compromise -------------------------------------------------------------------------------------------------


def test_compromise_opens_a_task_and_tells_who_pulled(world: World) -> None:
    seen(world)
    world.share()
    since = world.now
    issued = late(world)
    world.pull(statutory_request())
    world.now += MINUTE
    made = compromised(world, since)
    (task,) = told(world, "market", "seal_compromised")
    assert (task["key_id"], task["certificates"]) == (made.key_id, 1)
    (wrong,) = told(world, "health", "certificate_wrong")
    assert wrong == {"identifier": issued["identifier"], "act": "compromise"}


def test_new_seals_are_by_the_key_that_follows_at_once(world: World) -> None:
    before = world.keys.signer(SEAL).key_id
    world.now += MINUTE
    compromised(world, world.now)
    issued = late(world)
    world.issue(licence_order())
    assert world.keys.signer(SEAL).key_id != before
    assert world.outcome(issued["reference"]) == ("valid", "good")


def test_moment_of_a_compromise_is_neither_to_come_nor_before_the_key_nor_moved_later(world: World) -> None:
    key_id = world.keys.signer(SEAL).key_id
    with refused("compromise_future"):
        compromised(world, world.now + MINUTE)
    with refused("compromise_early"):
        compromised(world, world.now - timedelta(days=1))
    with refused("key_not_listed"):
        compromised(world, world.now, key_id="x" * 43)
    compromised(world, world.now)
    world.now += 2 * MINUTE
    with refused("compromise_later"):
        compromised(world, world.now - MINUTE, key_id=key_id)
    assert compromised(world, world.now - 2 * MINUTE, key_id=key_id).key_id == key_id


def test_compromise_that_was_killed_before_its_key_took_its_place_is_finished_and_told_once(world: World) -> None:
    late(world)
    key_id, since = world.keys.signer(SEAL).key_id, world.now
    world.keys.adopt_next = lambda use: None  # type: ignore[method-assign]
    compromised(world, since)
    del world.keys.adopt_next
    assert world.keys.signer(SEAL).key_id == key_id
    compromised(world, since)
    assert world.keys.signer(SEAL).key_id != key_id
    assert len(list(told(world, "market", "seal_compromised"))) == 1


@pytest.mark.parametrize("use", ["hub:notes", "hub:copies", SEAL])
def test_store_is_whole_after_a_compromise_of_what_sealed_its_notes_and_documents(world: World, use: str) -> None:
    world.share()
    world.issue(licence_order())
    since, issued = world.now, world.issue(food_order())
    pulled = world.pull(statutory_request())
    original = world.named(issued["identifier"])
    world.document(original)
    world.document(replace(original, edition="copy", delivery=pulled["delivery"]))
    world.now += MINUTE
    assert compromised(world, since, use=use).use == use


def test_note_counts_by_its_proven_time_once_its_key_is_compromised(world: World) -> None:
    world.share()
    seen(world)
    early = world.pull(statutory_request())["items"][0]["file"]
    vouch(world)
    world.now += 2 * MINUTE
    since = world.now
    late_one = world.pull(statutory_request(case_number="2026-0002"))["items"][0]["file"]
    world.now += MINUTE
    compromised(world, since, use="hub:notes")
    assert [examined(world, each) for each in (early, late_one)] == [("valid", "good"), UNPROVEN]


def examined(world: World, file: dict[str, Any]) -> tuple[str, str]:
    made = examine(
        orjson.dumps(file), registry=world.registry, surroundings=world.surroundings(),
        read=lambda _: Unread("refused"), now=world.now,
    )  # fmt: skip
    return str(made.findings[0].verdict.outcome), made.findings[0].verdict.reason


# --- sealing again ----------------------------------------------------------------------------------------------


def test_record_is_sealed_again_beside_its_first_seal_and_valid_by_the_new_one(hub_world: World) -> None:
    seen(hub_world)
    since, issued = hub_world.now, late(hub_world)
    hub_world.now += MINUTE
    made = compromised(hub_world, since)
    answer = resealed(hub_world, made.key_id)
    assert ([each["identifier"] for each in answer["resealed"]], answer["left"]) == ([issued["identifier"]], 0)
    assert hub_world.outcome(issued["reference"]) == ("valid", "good")
    assert [each["state"] for each in hub_world.inbox("market", kind="seal_compromised")] == ["done"]
    with refused("nothing_to_reseal"):
        resealed(hub_world, made.key_id)


def test_second_compromise_puts_the_second_seal_in_doubt_and_a_third_mends_it(world: World) -> None:
    world.issue(licence_order())
    issued = late(world)
    world.now += MINUTE
    first = compromised(world, world.now)
    resealed(world, first.key_id)
    world.now += MINUTE
    second = compromised(world, world.now)
    assert (second.key_id != first.key_id, world.outcome(issued["reference"])) == (True, UNPROVEN)
    assert resealed(world, second.key_id)["left"] == 0
    assert world.outcome(issued["reference"]) == ("valid", "good")


def test_only_the_body_itself_orders_its_records_sealed_again_and_only_what_is_in_doubt(world: World) -> None:
    early = seen(world)
    since, issued = world.now, late(world)
    world.now += MINUTE
    made = compromised(world, since)
    sound = world.scan_certificate(early)["certificate"]["identifier"]
    with refused("body_not_in_charge"):
        resealed(world, made.key_id, system="health", body=HEALTH)
    with refused("body_not_yours"):
        resealed(world, made.key_id, system="health")
    with refused_whole(world, "not_to_reseal"):
        resealed(world, made.key_id, issued["identifier"], sound)
    with refused_whole(world, "certificate_not_found"):
        resealed(world, made.key_id, "1.2.3")
    assert world.outcome(issued["reference"]) == UNPROVEN


def test_same_order_again_is_answered_as_before(world: World) -> None:
    late(world)
    world.now += MINUTE
    made = compromised(world, world.now - MINUTE)
    content = {"key_id": made.key_id, "issuing_body": MARKET}
    order = world.seconded(Ordered.RESEAL, content, system="market", issuing_body=MARKET)
    first = reseal_verified(world, content, order, key="again")
    assert reseal_verified(world, content, order, key="again") == first
    assert len(first["resealed"]) == 1


def test_order_that_died_before_its_seals_is_completed_by_the_same_request(world: World) -> None:
    content, order, reference = left_open(world)
    with refused("act_under_way"):
        reseal_verified(world, content, order, key="again")
    with refused("nothing_to_reseal"):
        resealed(world, content["key_id"])
    world.now += world.registry.terms.lease + MINUTE
    answer = reseal_verified(world, content, order, key="again")
    assert (len(answer["resealed"]), world.outcome(reference)) == (1, ("valid", "good"))


def test_order_that_died_is_completed_by_upkeep_and_answered_then(world: World) -> None:
    content, order, reference = left_open(world)
    sealing = Sealing(world.sealers, times(world))
    assert complete_orphans(registry=world.registry, sealing=sealing, now=world.now) == 0
    world.now += world.registry.terms.lease + MINUTE
    assert complete_orphans(registry=world.registry, sealing=sealing, now=world.now) == 1
    assert world.outcome(reference) == ("valid", "good")
    assert len(reseal_verified(world, content, order, key="again")["resealed"]) == 1


def left_open(world: World, meanwhile: Callable[[str], object] = str) -> tuple[dict[str, str], Any, str]:
    """Let an order to seal a permit again die before its key is used; return its content, itself, the reference.

    `meanwhile` is called with the permit's identifier before the key is found out.
    """
    seen(world)
    since, issued = world.now, late(world)
    meanwhile(issued["identifier"])
    world.now += MINUTE
    content = {"key_id": compromised(world, since).key_id, "issuing_body": MARKET}
    order = world.seconded(Ordered.RESEAL, content, system="market", issuing_body=MARKET)
    with pytest.raises(KeyboardInterrupt):
        reseal_verified(world, content, order, key="again", sealers=lambda _: Dying(world.sealers(MARKET)))
    return content, order, issued["reference"]


@pytest.mark.parametrize("step", [Step(1, "after"), Step(3, "after"), Step(5, "inside"), Step(5, "after")])
def test_killed_order_ends_with_each_record_sealed_again_once(world: World, step: Step) -> None:
    permits = [world.issue(licence_order()), late(world, 1), late(world, 2)]
    world.now += MINUTE
    content = {"key_id": compromised(world, world.now - MINUTE).key_id, "issuing_body": MARKET}
    verified, seconds = world.seconded(Ordered.RESEAL, content, system="market", issuing_body=MARKET)
    request = Request("reseal", content, verified, seconds=seconds)
    run_and_die(world, request, step)
    world.now += world.registry.terms.lease + MINUTE
    answer = ask(world, request)
    assert sorted(each["identifier"] for each in answer["resealed"]) == sorted(each["identifier"] for each in permits)
    assert (answer["left"], seal_counts(world)) == (0, [2, 2, 2])
    assert {world.outcome(each["reference"])[0] for each in permits} == {"valid"}
    assert ask(world, request) == answer


def test_each_order_reads_what_it_seals_and_what_is_next_however_much_was_sealed_before(
    hub_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    permits = [late(hub_world, number)["identifier"] for number in range(1, 9)]
    hub_world.now += MINUTE
    monkeypatch.setattr(resealing, "MOST", 2)
    monkeypatch.setattr(fallen, "_RECORDS_AT_ONCE", 2)
    key_id, read = compromised(hub_world, hub_world.now - MINUTE).key_id, list[int]()
    records = CertificateReader.records

    def counted(reader: CertificateReader, serials: Any) -> Any:
        read.append(len(serials))
        return records(reader, serials)

    monkeypatch.setattr(CertificateReader, "records", counted)
    answers, counts = zip(*((resealed(hub_world, key_id), sum(read)) for _ in range(4)), strict=True)
    done = [each["identifier"] for answer in answers for each in answer["resealed"]]
    assert (done, [each["left"] for each in answers]) == (permits, [2, 2, 2, 0])
    assert {later - earlier for earlier, later in pairwise(counts[:3])} == {counts[0]}


def test_record_that_was_left_out_below_is_found_by_the_last_order(world: World) -> None:
    permits = [late(world, number)["identifier"] for number in range(1, 4)]
    world.now += MINUTE
    key_id = compromised(world, world.now - MINUTE).key_id
    assert resealed(world, key_id, permits[2])["left"] == 2
    assert [each["identifier"] for each in resealed(world, key_id)["resealed"]] == permits[:2]


def seal_counts(world: World) -> list[int]:
    """Return how many seals each record bears, fewest first."""
    with world.registry.database.read() as connection:
        return sorted(len(each) for each in connection.execute(select(tables.record.c.seals)).scalars())


# --- rotation ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("use", [*(f"hub:{each}" for each in HUB_KEYS), SEAL])
def test_every_key_is_followed_by_another_and_the_hub_goes_on(world: World, use: str) -> None:
    world.share()
    world.issue(licence_order())
    issued = late(world)
    before = world.keys.signer(use).key_id
    rotate(world, use)
    world.now += MINUTE
    assert world.keys.signer(use).key_id != before
    assert late(world, 3)["identifier"]
    assert world.pull(statutory_request())["delivery"]
    assert world.outcome(issued["reference"]) == ("valid", "good")
