"""Lost acts are done again from what others bring back: the very acts, once, or not at all; and doubt reads unknown."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from hub.public.status_lists import StatusLists
from hub.store import tables
from hub.store.certificate import CertificateReader
from schemas.tokens import STATUS_LIST_TYP
from schemas.verdict import Outcome
from signing.base64url import decode, encode
from signing.jws import CompactSigner
from signing.status_list import StatusValue, decode_status, place_of
from tests.flows.backed_up import NewUrl
from tests.flows.brought_back import Keeper, Recovered, lost_after
from tests.flows.conftest import copied_world
from tests.flows.refusals import refused, state_digests
from tests.flows.registry_check import check_registry, find_faults
from tests.flows.test_archives import files_of, zipped
from tests.flows.test_bundles import bundled
from tests.flows.world import World, food_number, food_order, licence_order, statutory_request

WITHDRAWN = (Outcome.NOT_VALID, "withdrawn")
HELD = (Outcome.UNKNOWN, "act_lost")
GOOD = (Outcome.VALID, "good")


def permit_in(world: World) -> str:
    """Issue a food permit to a holder with a licence; return its identifier."""
    world.issue(licence_order())
    world.make_licence()
    return str(world.issue(food_order())["identifier"])


@pytest.fixture
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A hub on SQLite, for what no other SQL decides."""
    with copied_world("sqlite", request, tmp_path) as opened:
        yield opened


@pytest.fixture
def permit(world: World) -> str:
    """A permit that was issued before the backup."""
    return permit_in(world)


@pytest.fixture
def withdrawn(world: World, permit: str, tmp_path: Path, new_url: NewUrl) -> Iterator[Recovered]:
    """A recovered hub that lost the withdrawal of the permit."""
    with lost_after(world, tmp_path, new_url, lambda keeper: keeper.change(permit, "withdraw")) as recovered:
        yield recovered


def only(recovered: Recovered) -> tuple[str, bytes, bytes]:
    """Return the one lost act's name, its file with order and receipt, and its receipt alone."""
    ((act, (file, *_)),) = recovered.keeper.files.items()
    return act, file, recovered.keeper.receipt(act)


def obstacles(told: dict[str, Any]) -> list[str]:
    return [each["obstacle"] for each in told["left"]]


def _without_names(file: bytes, package: bytes) -> tuple[list[bytes], str]:
    kept = orjson.loads(file)
    head, payload, signature = kept["answer"]["receipt"].split(".")
    said = orjson.loads(decode(payload))
    said["certificate"] |= {"reference": said["certificate"]["holder_reference"]}
    kept["answer"]["receipt"] = f"{head}.{encode(orjson.dumps(said))}.{signature}"
    return [orjson.dumps(kept), package], "names_missing"


def _repacked(package: bytes, name: str, change: Callable[[Any], Any]) -> bytes:
    files = files_of(package)
    return zipped(files | {name: orjson.dumps(change(orjson.loads(files[name])))})


NO_SEAL = {"signature": encode(bytes(64))}

SPOILT: dict[str, Callable[[bytes, bytes], tuple[list[bytes], str]]] = {
    "disclosure": lambda file, package: (
        [file, _repacked(package, "versions/001/disclosures.json", lambda kept: kept[1:])],
        "record_not_whole",
    ),
    "seal": lambda file, package: (
        [file, _repacked(package, "versions/001/seals.json", lambda kept: [kept[0] | NO_SEAL])],
        "signature_refused",
    ),
    "names": _without_names,
    "missing": lambda file, package: ([file], "record_missing"),
}


def test_what_every_party_brings_back_is_done_again(unchecked_world: World, tmp_path: Path, new_url: NewUrl) -> None:
    permit, grant, issued = permit_in(unchecked_world), unchecked_world.grant(), dict[str, Any]()

    def happen(keeper: Keeper) -> None:
        keeper.change(permit, "withdraw")
        issued.update(keeper.issue(food_order(certificate_number=food_number(3))))
        keeper.change(str(issued["identifier"]), "annul")
        keeper.withdraw(grant)
        keeper.withdraw(keeper.grant())

    with lost_after(unchecked_world, tmp_path, new_url, happen) as recovered:
        told = recovered.bring(*recovered.keeper.all())
        assert (told["left"], len(told["again_now"]), told["lost"]["unknown"]) == ([], 6, 0)
        recovered.settle()
        assert recovered.outcome(permit) == WITHDRAWN
        world = recovered.world
        assert world.outcome(str(issued["reference"])) == (Outcome.NOT_VALID, "annulled")
        with world.registry.database.read() as connection:
            ended = connection.execute(select(tables.grant_table.c.withdrawal, tables.grant_table.c.ended_by)).all()
        assert [(row.withdrawal is not None, row.ended_by) for row in ended] == [(True, None)] * 2
        check_registry(world)


def test_receipt_alone_holds_its_certificate_until_its_body_orders_again(withdrawn: Recovered, permit: str) -> None:
    _, _, receipt = only(withdrawn)
    told = withdrawn.bring(receipt)
    assert obstacles(told) == ["nothing_to_do_it_by"]
    assert (told["left"][0]["kind"], told["lost"]) == ("change_status", {"again": 0, "named": 1, "unknown": 0})
    withdrawn.settle()
    assert withdrawn.outcome(permit) == HELD
    assert _listed(withdrawn.world, permit) == StatusValue.SUSPENDED
    check_registry(withdrawn.world)
    withdrawn.world.change(permit, "withdraw")
    withdrawn.world.now += timedelta(seconds=2)
    assert withdrawn.outcome(permit) == WITHDRAWN
    check_registry(withdrawn.world)


def test_lost_act_on_a_licence_holds_what_stands_on_it(world: World, tmp_path: Path, new_url: NewUrl) -> None:
    licence = str(world.issue(licence_order())["identifier"])
    permit = str(world.issue(food_order())["identifier"])
    with lost_after(world, tmp_path, new_url, lambda keeper: keeper.change(licence, "strip")) as recovered:
        recovered.bring(only(recovered)[2])
        recovered.settle()
        assert (recovered.outcome(licence), recovered.outcome(permit)) == (HELD, HELD)


def test_same_file_twice_does_nothing_twice(withdrawn: Recovered, permit: str) -> None:
    act, file, _ = only(withdrawn)
    first = withdrawn.bring(file, file)
    with withdrawn.world.registry.database.read() as connection:
        before = state_digests(connection)
    second = withdrawn.bring(file)
    assert ([each["act_id"] for each in first["again_now"]], second["again_now"], second["left"]) == ([act], [], [])
    with withdrawn.world.registry.database.read() as connection:
        assert state_digests(connection) == before
    withdrawn.settle()
    assert withdrawn.outcome(permit) == WITHDRAWN
    check_registry(withdrawn.world)


def test_forged_receipt_and_that_of_another_log_open_nothing(withdrawn: Recovered) -> None:
    _, _, receipt = only(withdrawn)
    said = orjson.loads(decode(receipt.decode().split(".")[1]))
    other_salt = orjson.dumps(said | {"salt": encode(bytes(32))})
    other_act = orjson.dumps(said | {"act": encode(decode(said["act"]).replace(b"change_status", b"grant_request"))})
    known = orjson.dumps({"act": encode(b"{}"), "salt": encode(b"s" * 32)})
    told = withdrawn.bring(other_salt, other_act, known, b"PK\x03\x04", b"[" * 5000, b"a.b.c", b"~~", b"")
    assert (told["opened_now"], told["lost"]["unknown"]) == (0, 1)


def test_place_that_a_receipt_names_is_not_believed(withdrawn: Recovered) -> None:
    act, file, receipt = only(withdrawn)
    said = orjson.loads(decode(receipt.decode().split(".")[1]))
    elsewhere = orjson.dumps(said | {"log": {"index": 0, "size": 1, "path": [], "checkpoint": "another"}})
    told = withdrawn.bring(elsewhere, file)
    assert [(each["act_id"], each["index"] > 0) for each in told["again_now"]] == [(act, True)]


@pytest.mark.parametrize(
    ("member", "value", "obstacle"),
    [
        ("content", {"act": "suspend"}, "statement_content"),
        ("salt", "AAAAAAAAAAAAAAAAAAAAAA==", "statement_content"),
        ("countersignatures", ["e30.e30.e30"], "statement_system"),
        ("content", "no object", "content_refused"),
    ],
)
def test_order_that_was_altered_is_not_carried_out_but_holds(
    withdrawn: Recovered, permit: str, member: str, value: Any, obstacle: str
) -> None:
    _, file, receipt = only(withdrawn)
    order = orjson.loads(file)["order"]
    assert obstacles(withdrawn.bring(receipt, orjson.dumps(order | {member: value}))) == [obstacle]
    withdrawn.settle()
    assert withdrawn.outcome(permit) == HELD
    # The true one, brought later among forgeries, is found and carried out.
    assert withdrawn.bring(orjson.dumps([order | {member: value}, order]))["left"] == []
    assert withdrawn.outcome(permit) == WITHDRAWN
    check_registry(withdrawn.world)


def test_later_end_wins_whatever_is_brought_first(world: World, permit: str, tmp_path: Path, new_url: NewUrl) -> None:
    acts = list[str]()

    def happen(keeper: Keeper) -> None:
        acts.extend(keeper.change(permit, each) for each in ("suspend", "reinstate", "withdraw"))

    with lost_after(world, tmp_path, new_url, happen) as recovered:
        suspended, reinstated, withdrawn = (recovered.keeper.files[each] for each in acts)
        assert obstacles(recovered.bring(*withdrawn)) == ["act_differs"]
        assert obstacles(recovered.bring(*reinstated)) == ["content_refused", "nothing_to_do_it_by"]
        recovered.settle()
        assert recovered.outcome(permit) == HELD
        assert obstacles(recovered.bring(*suspended)) == ["nothing_to_do_it_by"] * 2
        assert recovered.outcome(permit) == HELD
        assert recovered.bring(*reinstated, *withdrawn)["left"] == []
        assert recovered.outcome(permit) == WITHDRAWN
        check_registry(recovered.world)


def test_version_that_was_replaced_later_does_not_count(
    world: World, permit: str, tmp_path: Path, new_url: NewUrl
) -> None:
    versions = [permit]

    def happen(keeper: Keeper) -> None:
        for number in (2, 3):
            order = food_order(cause="renew", replaces=versions[-1], decision_number=f"示许〔2026〕{number}号")
            versions.append(str(keeper.issue(order)["identifier"]))

    with lost_after(world, tmp_path, new_url, happen) as recovered:
        second, third = recovered.keeper.files.values()
        assert obstacles(recovered.bring(recovered.keeper.receipt(list(recovered.keeper.files)[1]), *second)) == [
            "nothing_to_do_it_by"
        ]
        recovered.settle()
        assert [recovered.outcome(each) for each in versions[:2]] == [(Outcome.NOT_VALID, "superseded"), HELD]
        assert recovered.bring(*third)["left"] == []
        assert [recovered.outcome(each)[0] for each in versions] == ["not_valid", "not_valid", "valid"]
        check_registry(recovered.world)
        renewed = recovered.world.issue(food_order(cause="renew", replaces=versions[-1]))
        assert renewed["version"] > 10


def test_receipt_of_the_next_version_holds_the_one_before(
    world: World, permit: str, tmp_path: Path, new_url: NewUrl
) -> None:
    def happen(keeper: Keeper) -> None:
        keeper.issue(food_order(cause="renew", replaces=permit))

    with lost_after(world, tmp_path, new_url, happen) as recovered:
        recovered.bring(only(recovered)[2])
        recovered.settle()
        assert recovered.outcome(permit) == HELD


@pytest.mark.parametrize("spoil", ["disclosure", "seal", "names", "missing"])
def test_record_that_is_not_the_one_that_was_sealed_is_refused(
    world: World, permit: str, tmp_path: Path, new_url: NewUrl, spoil: str
) -> None:
    def happen(keeper: Keeper) -> None:
        keeper.issue(food_order(certificate_number=food_number(3)))

    with lost_after(world, tmp_path, new_url, happen) as recovered:
        ((act, (file, package)),) = recovered.keeper.files.items()
        spoilt, obstacle = SPOILT[spoil](file, package)
        assert obstacles(recovered.bring(*spoilt)) == [obstacle]
        with recovered.world.registry.database.read() as connection:
            assert len(connection.execute(select(tables.certificate)).all()) == 2
        assert [each["act_id"] for each in recovered.bring(file, package)["again_now"]] == [act]
        check_registry(recovered.world)


def test_act_that_the_new_state_contradicts_is_named_and_the_later_order_stands(
    withdrawn: Recovered, permit: str
) -> None:
    _, file, _ = only(withdrawn)
    withdrawn.world.change(permit, "suspend")
    assert obstacles(withdrawn.bring(file)) == ["act_differs"]
    withdrawn.settle()
    assert withdrawn.outcome(permit) == (Outcome.SUSPENDED, "suspended")
    check_registry(withdrawn.world)


def test_number_that_was_given_again_keeps_its_new_certificate(
    world: World, permit: str, tmp_path: Path, new_url: NewUrl
) -> None:
    order = food_order(certificate_number=food_number(3))
    with lost_after(world, tmp_path, new_url, lambda keeper: keeper.issue(order)) as recovered:
        anew = recovered.world.issue(order)
        assert obstacles(recovered.bring(*recovered.keeper.all())) == ["number_taken"]
        recovered.settle()
        assert recovered.outcome(str(anew["identifier"])) == GOOD
        check_registry(recovered.world)


def test_grant_that_comes_back_stays_ended_and_a_new_one_goes_on(
    world: World, permit: str, tmp_path: Path, new_url: NewUrl
) -> None:
    with lost_after(world, tmp_path, new_url, lambda keeper: keeper.grant()) as recovered:
        new = recovered.world.grant()
        assert len(recovered.bring(*recovered.keeper.all())["again_now"]) == 1
        with recovered.world.registry.database.read() as connection:
            found = connection.execute(select(tables.grant_table.c.digest, tables.grant_table.c.withdrawn_at)).all()
        assert [row.digest for row in found if row.withdrawn_at is None] == [new]
        assert len(found) == 2
        check_registry(recovered.world)


def test_bundle_of_a_delivery_names_what_was_handed_over(
    world: World, permit: str, tmp_path: Path, new_url: NewUrl
) -> None:
    bundles = list[bytes]()
    world.share()

    def happen(keeper: Keeper) -> None:
        pulled = world.pull(statutory_request())
        bundles.append(bundled(world, pulled["delivery"]))

    with lost_after(world, tmp_path, new_url, happen) as recovered:
        told = recovered.bring(*bundles)
        assert ([each["kind"] for each in told["again_now"]], told["left"]) == (["pull_allowed", "delivery"], [])
        recovered.settle()
        assert recovered.outcome(permit) == GOOD
        check_registry(recovered.world)


def test_killed_in_the_middle_the_same_command_goes_on(
    world: World, permit: str, tmp_path: Path, new_url: NewUrl
) -> None:
    def happen(keeper: Keeper) -> None:
        keeper.change(permit, "suspend")
        keeper.change(permit, "withdraw")

    with lost_after(world, tmp_path, new_url, happen) as recovered:
        with pytest.raises(KeyboardInterrupt):
            recovered.bring(*recovered.keeper.all(), dying_at=2)
        recovered.settle()
        assert recovered.outcome(permit) == HELD
        told = recovered.bring(*recovered.keeper.all())
        assert (len(told["again_now"]), told["left"]) == (1, [])
        assert recovered.outcome(permit) == WITHDRAWN
        check_registry(recovered.world)


def test_two_who_bring_the_same_at_once_do_it_once(withdrawn: Recovered, permit: str) -> None:
    _, file, _ = only(withdrawn)
    other = Recovered(withdrawn.world.another(), withdrawn.keeper)
    told = withdrawn.bring(file, meanwhile=lambda: other.bring(file))
    other.world.close()
    assert told["left"] == []
    check_registry(withdrawn.world)


def test_audit_names_what_was_done_again_without_its_evidence(withdrawn: Recovered) -> None:
    _, file, _ = only(withdrawn)
    withdrawn.bring(file)
    check_registry(withdrawn.world)
    table = tables.lost_act
    spoilt = table.update().values(again_by=None, act_bytes=b"{}")
    withdrawn.world.registry.database.write(lambda connection: connection.execute(spoilt))
    with withdrawn.world.registry.database.read() as connection:
        faults = find_faults(withdrawn.world, connection)
        place = connection.execute(select(table.c.place)).scalar_one()
    assert f"lost act {place}: opened by another act" in faults
    assert f"lost act {place}: its entry is not what was done again" in faults
    assert any("no act for entry ('reapply'" in each for each in faults)


def test_nothing_is_done_again_in_a_store_that_was_never_recovered(world: World, permit: str) -> None:
    with refused("not_recovered"):
        Recovered(world, Keeper(world)).bring(b"")


def _listed(world: World, identifier: str) -> int:
    """Return what the status list says of a certificate."""
    with world.registry.database.read() as connection:
        serial = CertificateReader(connection).by_identifier([identifier])[identifier].serial
    signer = CompactSigner(world.keys.signer("hub:status"), STATUS_LIST_TYP)
    listed = StatusLists(world.registry, signer, timedelta(seconds=1)).token(0, world.now)
    lst = orjson.loads(decode(listed.split(".")[1]))["status_list"]["lst"]
    return decode_status(lst, place_of(serial, world.registry.status_key).index)
