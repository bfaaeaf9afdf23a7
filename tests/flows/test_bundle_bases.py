"""Stories of what evidence bundles stand on: each basis is verified offline, part by part, and so are times."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest

from connectors.timestamp_simulator import TEST_POLICY, TimestampSimulator
from hub.evidence.bundles import verify_bundle
from hub.evidence.bundles.packing import make_bundle
from hub.evidence.bundles.verify_bundle import Believed
from hub.steps.log.proven_time import Believed as Authorities
from hub.steps.log.proven_time import Stamping
from hub.store.log import WitnessWord
from schemas.statement import Ordered
from signing.algorithms import generate_private_key
from signing.checkpoint import NoteKey, cosign
from signing.signers.file import FileSigner
from signing.trust import RootSet, sign_trust_list
from tests.flows.conftest import copied_world
from tests.flows.grant_world import confirm_presentation, present, presented_request, redeem_at_window
from tests.flows.registry_check import check_registry
from tests.flows.test_bundles import FAILS, HOLDS, INCOMPLETE, Files, Made, bundled, flipped, found, run_alone, settled
from tests.flows.test_window_grants import _request as paper_request
from tests.flows.test_window_grants import _witnessed as witnessed
from tests.flows.world import World, statutory_request
from tests.signing.stamping import told_by_openssl


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with copied_world("sqlite", request, tmp_path_factory.mktemp("bases")) as opened:
        yield settled(opened)
        check_registry(opened)


@pytest.fixture(scope="module")
def made(world: World) -> dict[str, Made]:
    """The bundle of one delivery on each basis but a grant, which `test_bundles` has."""
    shown = present(world)
    redeem_at_window(world, shown["code"])
    confirm_presentation(world, shown["digest"])
    paper = str(world.give(Ordered.WITNESS_GRANT, witnessed(world), system="health")["digest"])
    requests = {
        "presentation": presented_request(shown["digest"]),
        "window": paper_request(paper),
        "statutory": statutory_request(),
    }
    delivered = {name: world.pull(each)["delivery"] for name, each in requests.items()}
    return {name: Made(world, bundled(world, each)) for name, each in delivered.items()}


@pytest.mark.parametrize("basis", ["presentation", "window", "statutory"])
def test_every_basis_is_verified_offline_and_nothing_is_missing(
    made: dict[str, Made], basis: str, tmp_path: Path
) -> None:
    code, lines = run_alone(made[basis].raw, tmp_path, made[basis].world.installation.anchor)
    assert (code, "MISSING " in lines.rpartition("\n")[0].rpartition("\n")[0]) == (HOLDS, False), lines
    assert "OK      basis/" in lines


def test_presentation_that_names_its_requester_needs_no_confirmation(world: World) -> None:
    shown = present(world, requester=world.system("health").department)
    redeem_at_window(world, shown["code"])
    raw = bundled(world, world.pull(presented_request(shown["digest"]))["delivery"])
    code, lines = found(raw, world.installation.anchor)
    assert (code, "basis/confirmation" in lines) == (HOLDS, False), lines


def test_bundle_shows_neither_code_nor_what_else_the_presentation_has(made: dict[str, Made]) -> None:
    names = {name for name in made["presentation"].files if name.startswith("basis/")}
    sentences = {f"basis/{each}.{ending}" for each in ("presentation", "confirmation") for ending in ("txt", "json")}
    assert names == sentences | {"basis/redemption.jws"}


def _flip(name: str) -> Callable[[Files], Files]:
    return lambda files: files | {name: flipped(files[name])}


def _drop(name: str) -> Callable[[Files], Files]:
    return lambda files: {each: content for each, content in files.items() if each != name}


def _tell(name: str, **changes: Any) -> Callable[[Files], Files]:
    return lambda files: files | {name: orjson.dumps(orjson.loads(files[name]) | changes)}


def _same_witness(files: Files) -> Files:
    return files | {"basis/witness_2.jws": files["basis/witness.jws"]}


TAMPERED = [
    ("presentation", _flip("basis/presentation.txt"), "FAIL    basis/presentation.txt"),
    ("presentation", _flip("basis/confirmation.txt"), "FAIL    basis/confirmation.txt"),
    ("presentation", _drop("basis/confirmation.txt"), "MISSING basis/confirmation.txt"),
    ("presentation", _flip("basis/redemption.jws"), "FAIL    basis/redemption.jws"),
    ("presentation", _drop("basis/redemption.jws"), "MISSING basis/redemption.jws"),
    ("window", _flip("basis/grant.txt"), "FAIL    basis/grant.txt"),
    ("window", _tell("basis/paper.json", scan_sha256="cd" * 32), "FAIL    basis/grant.txt"),
    ("window", _flip("basis/witness.jws"), "FAIL    basis/witness.jws"),
    ("window", _drop("basis/witness_2.jws"), "FAIL    basis/witness.jws: two officers"),
    ("window", _same_witness, "FAIL    basis/witness.jws: two officers"),
    ("statutory", _tell("basis/rule.json", legal_basis="示例法第9条"), "FAIL    basis/rule.jws"),
    ("statutory", _flip("basis/rule.jws"), "FAIL    basis/rule.jws"),
    ("statutory", _drop("basis/rule.jws"), "MISSING basis/rule.jws"),
    ("statutory", _flip("basis/rule_approval.jws"), "FAIL    basis/rule.jws"),
    ("statutory", _drop("basis/rule_approval_2.jws"), "FAIL    basis/rule.jws"),
]


@pytest.mark.parametrize(("basis", "forge", "named"), TAMPERED)
def test_part_that_was_tampered_with_by_who_holds_the_hub_s_key_is_named(
    made: dict[str, Made], basis: str, forge: Callable[[Files], Files], named: str
) -> None:
    bundle = made[basis]
    code, lines = found(bundle.signed_again(forge(bundle.files)), bundle.world.installation.anchor)
    assert code in (FAILS, INCOMPLETE)
    assert named in lines, lines


# --- times from outside -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stamped:
    """A bundle whose acts an authority and a witness have vouched for, and whom to believe about it."""

    made: Made
    anchor_der: bytes
    witness: str

    @property
    def anchor(self) -> str:
        return sha256(self.anchor_der).hexdigest()

    def verify(self, raw: bytes | None = None, later: bytes | None = None, **believed: Any) -> tuple[int, str]:
        lines: list[str] = []
        anchor = self.made.world.installation.anchor
        report = verify_bundle.verify(raw or self.made.raw, anchor, lines.append, later, Believed(**believed))
        return report.exit_code(), "\n".join(lines)


@pytest.fixture(scope="module")
def stamped(world: World, tmp_path_factory: pytest.TempPathFactory) -> Stamped:
    delivery = world.pull(statutory_request())["delivery"]
    world.now += timedelta(minutes=1)
    world.log.round(world.now)
    folder = tmp_path_factory.mktemp("tsa")
    simulator = TimestampSimulator(folder, passphrase=b"s" * 32, mode="test", clock=lambda: world.now)
    believed = Authorities(simulator, [simulator.anchor_der], TEST_POLICY, True)
    store = world.log.store
    Stamping(
        store=store, believed=believed, owner=world.log._owner, random=world.registry.random, revoked=world.log.revoked
    ).round(world.now)
    key = generate_private_key("Ed25519")
    witness = NoteKey("witness.example.test", key.public_key(), is_witness=True)
    head = store.head()
    line = cosign(head.note, FileSigner(key), witness, world.now)
    store.add_word(WitnessWord(head.number, witness.name, head.size, head.note, line, world.now), ())
    raw = make_bundle(
        delivery, requester=world.system("health").department, registry=world.registry, sealers=world.sealers,
        log_store=store, status_token=lambda number: "x.y.z", time_anchors=[simulator.anchor_der], now=world.now,
    )  # fmt: skip
    return Stamped(Made(world, raw), simulator.anchor_der, witness.text)


def test_time_stands_on_nobody_until_the_verifier_says_whom_it_believes(stamped: Stamped) -> None:
    _, lines = stamped.verify()
    assert "no --time-anchor was given" in lines
    assert "was there at" not in lines
    _, lines = stamped.verify(time_anchors={"0" * 64})
    assert "FAIL    times/1.tsr: its authority" in lines


def test_timestamp_proves_when_the_acts_were_there(stamped: Stamped) -> None:
    _, lines = stamped.verify(time_anchors={stamped.anchor})
    assert "OK      times/1.tsr: its authority is issued by a --time-anchor" in lines
    assert lines.count("was there at 2026-") == len([each for each in stamped.made.files if each.startswith("acts/")])


def test_witness_proves_when_the_acts_were_there(stamped: Stamped) -> None:
    _, lines = stamped.verify(witnesses=[stamped.witness])
    assert "OK      times/2.txt: a --witness saw it" in lines
    assert "was there at 2026-" in lines


def test_seal_whose_key_was_revoked_later_is_no_doubt_once_its_time_is_proven(stamped: Stamped) -> None:
    world, doubt = stamped.made.world, "when it signed must be proven"
    listed, root = world.registry.trust(), world.keys.signer("root")
    seals = tuple(replace(each, revoked_at=world.now + timedelta(hours=1)) for each in listed.seals)
    content = replace(listed, version=listed.version + 1, seals=seals)
    later = sign_trust_list(content, root_set=RootSet(1, (world.keys.cert("root"),)), signers=[root])
    assert doubt in stamped.verify(later=later)[1]
    assert doubt not in stamped.verify(later=later, time_anchors={stamped.anchor})[1]


@pytest.mark.parametrize("name", ["times/1.tsr", "times/1.txt", "times/2.txt"])
def test_time_that_was_tampered_with_is_named_and_proves_nothing(stamped: Stamped, name: str) -> None:
    raw = stamped.made.signed_again(_flip(name)(stamped.made.files))
    _, lines = stamped.verify(raw, time_anchors={stamped.anchor}, witnesses=[stamped.witness])
    assert f"FAIL    {name}" in lines, lines


def test_openssl_agrees_on_the_timestamp_over_the_head(stamped: Stamped, tmp_path: Path) -> None:
    files, at = stamped.made.files, stamped.made.world.now
    digest = sha256(files["times/1.txt"]).digest()
    assert "Verification: OK" in told_by_openssl(files["times/1.tsr"], digest, stamped.anchor_der, tmp_path, at)


def test_command_line_takes_whom_to_believe(stamped: Stamped, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "b.asice").write_bytes(stamped.made.raw)
    given = [str(tmp_path / "b.asice"), "--anchor", stamped.made.world.installation.anchor]
    verify_bundle.main([*given, "--time-anchor", stamped.anchor, "--witness", stamped.witness])
    assert "was there at 2026-" in capsys.readouterr().out
    assert verify_bundle.main([*given, "--witness", "nobody"]) == 2
