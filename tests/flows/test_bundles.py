"""Stories of evidence bundles: one file that knows nothing of the hub verifies them; whatever is changed is named."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import cryptography
import orjson
import pytest

from hub.custody.installation import make_trust_list
from hub.errors import PullError
from hub.evidence.archives import contents as archive_contents
from hub.evidence.bundles import contents, verify_bundle
from hub.evidence.bundles.packing import MANIFEST, SIGNATURE, make_bundle, write_container
from hub.public.status_lists import StatusLists
from hub.store.entry import EntryReader
from schemas.canonical import canonical_json
from schemas.tokens import STATUS_LIST_TYP
from signing.base64url import decode, encode
from signing.jws import CompactSigner
from tests.flows.refusals import refused
from tests.flows.world import (
    HEALTH,
    MARKET,
    OTHER_SHOP,
    SHOP,
    World,
    food_order,
    granted_request,
    licence_order,
    statutory_request,
)

VERIFIER = Path(contents.__file__).with_name("verify_bundle.py")
# A bare interpreter with `cryptography` and nothing of ours: -I keeps out working folder and environment.
ALONE = (
    "import sys, runpy; sys.path[:] = [p for p in sys.path if 'site-packages' not in p] + [sys.argv[1]]; "
    "sys.argv = sys.argv[2:]; runpy.run_path(sys.argv[0], run_name='__main__')"
)
HOLDS, FAILS, UNREADABLE, INCOMPLETE = 0, 1, 2, 3
Files = dict[str, bytes]


@dataclass(frozen=True)
class Made:
    """A bundle with the world it is of."""

    world: World
    raw: bytes

    @property
    def files(self) -> Files:
        return files_of(self.raw)

    def signed_again(self, files: Files) -> bytes:
        """Return a container of these files as somebody who holds the hub's key of copies would make it."""
        inner = {name: each for name, each in files.items() if name not in ("mimetype", MANIFEST, SIGNATURE)}
        made_at = datetime.fromisoformat(orjson.loads(self.files["bundle.json"])["made_at"])
        return write_container(inner, signer=self.world.sealers("copies"), now=made_at)


def _spoilt(honest: Any, member: str, value: Any) -> Any:
    """Return the JSON with another value of one member; of a list, in its first row."""
    if isinstance(honest, dict):
        return honest | {member: value}
    return [honest[0] | {member: value}, *honest[1:]]


def bundled(world: World, name: str, *, requester: str = HEALTH) -> bytes:
    """Return the bundle of a decision, after the log has had its round."""
    world.now += timedelta(minutes=1)
    world.log.round(world.now)
    return made(world, name, requester=requester)


def made(world: World, name: str, *, requester: str = HEALTH) -> bytes:
    signer = CompactSigner(world.keys.signer("hub:status"), STATUS_LIST_TYP)
    return make_bundle(
        name,
        requester=requester,
        registry=world.registry,
        sealers=world.sealers,
        log_store=world.log.store,
        status_token=lambda number: StatusLists(world.registry, signer, timedelta(seconds=300)).token(
            number, world.now
        ),
        now=world.now,
    )


def files_of(raw: bytes) -> Files:
    with ZipFile(BytesIO(raw)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def zipped(files: Files, packing: int = ZIP_STORED) -> bytes:
    written = BytesIO()
    with ZipFile(written, "w", packing) as archive:
        for name, content in files.items():
            member = ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            member.create_system = 3
            archive.writestr(member, content, packing)
    return written.getvalue()


def found(raw: bytes, anchor: str) -> tuple[int, str]:
    """Verify in this process; return exit code and lines."""
    lines: list[str] = []
    try:
        report = verify_bundle.verify(raw, anchor, lines.append)
    except verify_bundle.Broken as error:
        return UNREADABLE, str(error)
    return report.exit_code(), "\n".join(lines)


def outcome(of: Made, raw: bytes) -> tuple[int, str]:
    return found(raw, of.world.installation.anchor)


def run_alone(raw: bytes, folder: Path, anchor: str) -> tuple[int, str]:
    """Run the file that is inside the bundle in an interpreter of its own; return exit code and lines."""
    file, program = folder / "bundle.asice", folder / "verify_bundle.py"
    file.write_bytes(raw)
    program.write_bytes(files_of(raw)["verify_bundle.py"])
    libraries = str(Path(cryptography.__file__).parents[1])
    command = [sys.executable, "-I", "-c", ALONE, libraries, str(program), str(file), "--anchor", anchor]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout + ended.stderr


def openssl_agrees(files: Files, folder: Path) -> bool:
    """Say whether openssl finds the signature over the manifest good."""
    for name in (MANIFEST, SIGNATURE):
        (folder / Path(name).name).write_bytes(files[name])
    tool = (
        "openssl cms -verify -binary -inform DER -in signature001.p7s -content ASiCManifest001.xml -noverify -out out"
    )
    return subprocess.run(tool.split(), cwd=folder, capture_output=True, check=False).returncode == 0


@pytest.fixture
def shop(hub_world: World) -> World:
    """A shop with its licence and a permit that was suspended once, a grant signer and a line of the sharing table."""
    return settled(hub_world)


@pytest.fixture(scope="module")
def granted(lasting_world: World) -> Made:
    """The bundle of a pull under a grant: what is tried on it changes nothing."""
    world = settled(lasting_world)
    delivery = world.pull(granted_request(world.grant()))["delivery"]
    return Made(world, bundled(world, delivery))


@pytest.fixture(scope="module")
def other(granted: Made) -> Files:
    """The files of another genuine bundle of the same hub, made later."""
    return files_of(bundled(granted.world, granted.world.pull(statutory_request())["delivery"]))


def settled(world: World) -> World:
    world.issue(licence_order())
    identifier = str(world.issue(food_order())["identifier"])
    world.change(identifier, "suspend", until="2026-12-31")
    world.change(identifier, "reinstate")
    world.share()
    world.make_licence()
    return world


# --- bundles that hold ------------------------------------------------------------------------------------------


def test_bundle_of_a_pull_under_a_grant_holds_by_the_program_inside(granted: Made, tmp_path: Path) -> None:
    code, lines = run_alone(granted.raw, tmp_path, granted.world.installation.anchor)
    assert (code, "FAIL " in lines, "MISSING " in lines.rpartition("\n0")[0]) == (HOLDS, False, False), lines
    assert "TEST" in lines
    assert "signed by the holder, and covers what was decided" in lines
    assert {
        "statement.jws",
        "note.jws",
        "basis/grant.txt",
        "records/001.json",
        "checkpoint.txt",
        "status/0.jwt",
    } <= set(granted.files)
    kinds = sorted(orjson.loads(each)["kind"] for name, each in granted.files.items() if name.startswith("acts/"))
    assert kinds == ["change_status", "change_status", "delivery", "grant", "issue", "pull_allowed"]


def test_bundle_of_a_statutory_pull_holds(shop: World) -> None:
    raw = bundled(shop, shop.pull(statutory_request())["delivery"])
    code, lines = found(raw, shop.installation.anchor)
    assert (code, "line of the sharing table covers" in lines) == (HOLDS, True), lines


def test_bundle_of_a_refused_pull_holds_and_shows_no_record(shop: World) -> None:
    name = refused_pull(shop, statutory_request(item_code="999"))
    raw = bundled(shop, name)
    code, lines = found(raw, shop.installation.anchor)
    assert code == HOLDS, lines
    assert orjson.loads(files_of(raw)["decision.json"])["reason"] == "item_not_covered"
    assert not [each for each in files_of(raw) if each.startswith(("records/", "status/", "note"))]


def test_bundle_of_a_pull_an_enterprise_asked_for_itself_holds(shop: World) -> None:
    shop.issue(licence_order(licence_number=OTHER_SHOP, holder_name="中山示例诊所", certificate_number=OTHER_SHOP))
    shop.make_licence(OTHER_SHOP)
    digest = shop.grant(requester=OTHER_SHOP)
    answer = shop.pull_by_application(shop.sign_application(signer=OTHER_SHOP, grant=digest))
    code, lines = found(bundled(shop, answer["delivery"], requester=OTHER_SHOP), shop.installation.anchor)
    assert (code, "OK      statement.json" in lines) == (HOLDS, True), lines


def test_disclosures_are_those_that_were_delivered_and_no_others(granted: Made) -> None:
    record = orjson.loads(granted.files["records/001.json"])
    names = {orjson.loads(decode(each))[1] for each in record["signatures"][0]["header"]["disclosures"]}
    assert {"floor_area", "business_items"} <= names
    assert "food_safety_manager" not in names
    assert not [name for name, each in granted.files.items() if "示例乙".encode() in each]


def test_grant_of_another_requester_is_not_shown_to_who_names_it(shop: World) -> None:
    digest = shop.grant(requester=MARKET)
    raw = bundled(shop, refused_pull(shop, granted_request(digest)))
    assert not [name for name in files_of(raw) if name.startswith("basis/")]
    assert found(raw, shop.installation.anchor)[0] == HOLDS


def test_leaf_that_is_under_no_head_yet_is_said_to_be_missing(shop: World) -> None:
    shop.log.goes_on = False
    raw = made(shop, shop.pull(statutory_request())["delivery"])
    code, lines = found(raw, shop.installation.anchor)
    assert (code, "was not under a head yet" in lines) == (INCOMPLETE, True), lines


def test_bundle_holds_by_the_version_of_the_line_that_its_decision_stood_on(shop: World) -> None:
    shop.share(fields={"food_operation_permit": ["floor_area"]})
    delivery = shop.pull(statutory_request())["delivery"]
    shop.share()
    raw = bundled(shop, delivery)
    assert orjson.loads(files_of(raw)["basis/rule.json"])["version"] == 2
    code, lines = found(raw, shop.installation.anchor)
    assert code == HOLDS, lines


def test_bundle_under_two_trust_lists_holds_with_both(shop: World) -> None:
    delivery = shop.pull(statutory_request())["delivery"]
    shop.now += timedelta(days=1)
    make_trust_list(
        database=shop.registry.database, keys=shop.keys, installation=shop.installation,
        e_licence_cert=shop.simulator.anchor_der, now=shop.now,
    )  # fmt: skip
    shop.trust.refresh(shop.now)
    raw = bundled(shop, delivery)
    assert len([name for name in files_of(raw) if name.startswith("trust/")]) == 2
    assert found(raw, shop.installation.anchor)[0] == HOLDS


def test_openssl_agrees_on_the_signature_and_refuses_another_manifest(granted: Made, tmp_path: Path) -> None:
    assert openssl_agrees(granted.files, tmp_path)
    assert not openssl_agrees(granted.files | {MANIFEST: flipped(granted.files[MANIFEST])}, tmp_path)


def test_shell_runs_the_plain_file(granted: Made, tmp_path: Path) -> None:
    (tmp_path / "bundle.asice").write_bytes(granted.raw)
    shell = Path(__file__).parents[2] / "scripts" / "verify_bundle"
    command = [str(shell), str(tmp_path / "bundle.asice"), "--anchor", granted.world.installation.anchor]
    environment = {"PATH": "/usr/bin:/bin", "PYTHON": sys.executable}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == HOLDS, ended.stdout


def test_time_that_was_put_in_later_and_is_over_nothing_here_is_told(granted: Made) -> None:
    code, lines = outcome(granted, zipped(granted.files | {"times/001.tsr": b"whatever"}))
    assert (code, "times/001.tsr: a time from outside that nothing here is under" in lines) == (HOLDS, True), lines


# --- bundles that do not ----------------------------------------------------------------------------------------


def test_flipped_byte_in_any_member_is_named(granted: Made) -> None:
    for name in granted.files:
        code, lines = outcome(granted, zipped(granted.files | {name: flipped(granted.files[name])}))
        assert (code, name, f"FAIL    {name}" in lines) == (FAILS, name, True), lines


def test_flipped_byte_in_the_container_itself_is_found(granted: Made) -> None:
    for place in range(0, len(granted.raw), 211):
        broken = granted.raw[:place] + bytes([granted.raw[place] ^ 1]) + granted.raw[place + 1 :]
        assert outcome(granted, broken)[0] in (FAILS, UNREADABLE), place


def test_removed_member_is_named(granted: Made) -> None:
    for name in set(granted.files) - {"mimetype"}:
        code, lines = outcome(granted, zipped({each: granted.files[each] for each in granted.files if each != name}))
        assert (code, f"FAIL    {name}" in lines or f"MISSING {name}" in lines) == (FAILS, True), (name, lines)


def test_added_member_is_named(granted: Made) -> None:
    for name in ("more.txt", "acts/x.json", "records/002.json", "META-INF/signature002.p7s"):
        code, lines = outcome(granted, zipped(granted.files | {name: b"{}"}))
        assert (code, f"FAIL    {name}" in lines) == (FAILS, True), lines


def test_member_of_another_genuine_bundle_is_named(granted: Made, other: Files) -> None:
    common = [name for name in granted.files if name in other and other[name] != granted.files[name]]
    assert {"statement.jws", "note.jws", "decision.json", "checkpoint.txt", "acts.json", "bundle.json"} <= set(common)
    for name in common:
        code, lines = outcome(granted, zipped(granted.files | {name: other[name]}))
        # Another manifest is named by the signature that is not over it.
        named = SIGNATURE if name == MANIFEST else name
        assert (code, f"FAIL    {named}" in lines) == (FAILS, True), (name, lines)


FORGERIES: dict[str, tuple[Callable[[Files, Files], Files], str]] = {
    "another statement": (lambda files, other: _with(files, other, "statement.jws"), "statement.jws"),
    "another note": (lambda files, other: _with(files, other, "note.jws"), "note.jws"),
    "another record": (lambda files, other: _with(files, other, "records/001.json"), "records/001.json"),
    "another case": (lambda files, _: _told(files, "decision.json", case_number="2026-0002"), "statement.jws"),
    "another holder": (lambda files, _: _told(files, "decision.json", licence_number=MARKET), "statement.jws"),
    "another requester": (lambda files, _: _told(files, "decision.json", requester=SHOP), "statement.jws"),
    "another officer": (lambda files, _: _told(files, "decision.json", officer="h-002"), "statement.jws"),
    "another time": (
        lambda files, _: _told(files, "decision.json", recorded_at="2026-11-23T01:00:04+00:00"),
        "decision.json",
    ),
    "a refusal": (lambda files, _: _told(files, "decision.json", allowed=False), "decision.json"),
    "more fields": (
        lambda files, _: _told(files, "decision.json", fields={"food_operation_permit": ["legal_representative"]}),
        "records/001.json",
    ),
    "another decision": (lambda files, _: _told(files, "bundle.json", decision="x"), "decision.json"),
    "another basis": (lambda files, _: files | {"basis/rule.json": b"{}"}, "basis/rule.json"),
    "another sentence": (
        lambda files, _: files | {"basis/grant.txt": files["basis/grant.txt"] + b" "},
        "basis/grant.txt",
    ),
    "another e-licence's signature": (
        lambda files, _: _twisted(files, "basis/grant.json", "signature"),
        "basis/grant.txt",
    ),
    "a seal that does not hold": (lambda files, _: _resealed(files), "records/001.json"),
    "a disclosure of its own": (lambda files, _: _disclosed(files), "records/001.json"),
    "a proof of another leaf": (lambda files, _: _rows(files, lambda rows: _swap(rows, "index", "path")), "acts/"),
    "another salt": (lambda files, _: _rows(files, lambda rows: _swap(rows, "salt")), "acts/"),
    "another leaf": (lambda files, _: _rows(files, lambda rows: _swap(rows, "leaf")), "acts/"),
    "an older head of the same log": (lambda files, other: _with(files, other, "checkpoint.txt"), "acts/"),
    "no acts": (
        lambda files, _: _rows(_without(files, "acts/"), list.clear),
        "MISSING decision.json",
    ),
    "a status list that is none": (lambda files, _: files | {"status/0.jwt": b"x.y.z"}, "status/0.jwt"),
    "no trust list": (
        lambda files, _: _without(files, "trust/"),
        "trust/",
    ),
    "no JSON": (lambda files, _: files | {"bundle.json": b"\xff\xfe"}, "bundle.json"),
    "deep JSON": (lambda files, _: files | {"decision.json": b"[" * 100_000}, "decision.json"),
    "a doubled key": (
        lambda files, _: files | {"decision.json": files["decision.json"][:-1] + b',"allowed":true}'},
        "decision.json",
    ),
    "base64url in another form": (lambda files, _: files | {"note.jws": files["note.jws"] + b"="}, "note.jws"),
}  # fmt: skip


def test_forgery_by_who_holds_the_hub_s_key_of_copies_is_named(granted: Made, other: Files) -> None:
    assert outcome(granted, granted.signed_again(granted.files))[0] == HOLDS
    for name, (forge, named) in FORGERIES.items():
        code, lines = outcome(granted, granted.signed_again(forge(granted.files, other)))
        at_fault = "\n".join(each for each in lines.splitlines() if each.startswith(("FAIL", "MISSING")))
        assert code in (FAILS, INCOMPLETE), (name, lines)
        assert named in at_fault, (name, at_fault)


HOSTILE: tuple[Any, ...] = (None, [], {}, [{}], 7, "x", "\x1b[2J", {"a": [1]}, [[]], -1, True)


@pytest.mark.parametrize("name", ["bundle.json", "acts.json", "decision.json", "basis/grant.json", "records/001.json"])
def test_member_of_any_other_form_is_a_failure_and_no_crash(granted: Made, name: str) -> None:
    honest = orjson.loads(granted.files[name])
    members = honest if isinstance(honest, dict) else honest[0]
    for value in HOSTILE:
        spoilt = [value, *(_spoilt(honest, each, value) for each in members)]
        codes = {
            outcome(granted, granted.signed_again(granted.files | {name: orjson.dumps(each)}))[0] for each in spoilt
        }
        assert codes <= {FAILS, INCOMPLETE, HOLDS}
        assert FAILS in codes


def test_checkpoint_of_another_log_is_named(granted: Made) -> None:
    note = granted.files["checkpoint.txt"].decode().replace("hub.example.test", "hub.example.tess")
    code, lines = outcome(granted, granted.signed_again(granted.files | {"checkpoint.txt": note.encode()}))
    assert (code, "FAIL    checkpoint.txt" in lines) == (FAILS, True), lines


def test_another_anchor_proves_nothing(granted: Made) -> None:
    code, lines = found(granted.raw, "0" * 64)
    assert (code, "roots are not those of the anchor" in lines) == (FAILS, True)


def test_signature_by_another_key_of_the_hub_is_named(granted: Made) -> None:
    signer = granted.world.sealers(HEALTH)
    inner = {name: each for name, each in granted.files.items() if not name.startswith(("META-INF", "mimetype"))}
    made_at = datetime.fromisoformat(orjson.loads(granted.files["bundle.json"])["made_at"])
    forged = write_container(inner, signer=signer, now=made_at)
    code, lines = outcome(granted, forged)
    assert (code, f"FAIL    {SIGNATURE}" in lines) == (FAILS, True), lines


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04", zipped({}), zipped({"x": b"y"}), bytes(100)])
def test_what_is_no_bundle_is_told_apart(raw: bytes) -> None:
    assert found(raw, "0" * 64)[0] == UNREADABLE


def test_zip_that_plays_tricks_is_no_bundle(granted: Made) -> None:
    tricks = {
        "packed": zipped(granted.files, ZIP_DEFLATED),
        "something before": b"x" + granted.raw,
        "something after": granted.raw + b"x",
        "a name twice": _doubled(granted.files),
        "a name that leads out": zipped(granted.files | {"../x": b""}),
        "a name that is absolute": zipped(granted.files | {"/x": b""}),
        "another first member": zipped(dict(reversed(granted.files.items()))),
        "a zip of another disk": granted.raw[:-18] + b"\xff\xff\x00\x00" + granted.raw[-14:],
    }  # fmt: skip
    for name, trick in tricks.items():
        assert outcome(granted, trick)[0] == UNREADABLE, name


def test_program_that_was_run_wrongly_says_so(tmp_path: Path) -> None:
    command = [sys.executable, str(VERIFIER), str(tmp_path / "none"), "--anchor", "0" * 64]
    assert subprocess.run(command, capture_output=True, check=False).returncode == UNREADABLE
    assert subprocess.run(command[:2], capture_output=True, check=False).returncode == UNREADABLE


# --- who may have one -------------------------------------------------------------------------------------------


def test_only_the_requester_has_it(shop: World) -> None:
    delivery = shop.pull(statutory_request())["delivery"]
    refusal = refused_pull(shop, statutory_request(item_code="999"))
    for name in (delivery, refusal, "nobody-s"):
        with refused("delivery_not_found"):
            made(shop, name, requester=MARKET)


def test_decision_without_a_delivery_has_none(shop: World) -> None:
    nothing = shop.pull(statutory_request(licence_number=MARKET))
    assert nothing["delivery"] is None
    with refused("delivery_not_found"):
        made(shop, nothing["decision"])


def test_making_one_writes_nothing(granted: Made) -> None:
    counted = _entries(granted.world)
    made(granted.world, orjson.loads(granted.files["bundle.json"])["decision"])
    assert _entries(granted.world) == counted


def test_both_verifiers_are_made_of_the_same_part(tmp_path: Path) -> None:
    begins, ends = "# --- what both verifiers", "# --- end of what both"
    programs = (VERIFIER, Path(archive_contents.__file__).with_name("verify_archive.py"))
    parts = {program.read_text().partition(begins)[2].partition(ends)[0] for program in programs}
    assert len(parts) == 1
    assert parts != {""}


# --- stories' tools ---------------------------------------------------------------------------------------------


def refused_pull(world: World, request: dict[str, Any]) -> str:
    """Return the name of the decision that refuses this pull."""
    with pytest.raises(PullError) as caught:
        world.pull(request)
    return str(caught.value.facts["decision"])


def flipped(content: bytes) -> bytes:
    place = len(content) // 2
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def _entries(world: World) -> int:
    with world.registry.database.read() as connection:
        return EntryReader(connection).count()


def _with(files: Files, other: Files, name: str) -> Files:
    return files | {name: other[name]}


def _without(files: Files, folder: str) -> Files:
    return {name: each for name, each in files.items() if not name.startswith(folder)}


def _told(files: Files, name: str, **changes: Any) -> Files:
    return files | {name: orjson.dumps(orjson.loads(files[name]) | changes)}


def _twisted(files: Files, name: str, member: str) -> Files:
    return _told(files, name, **{member: encode(flipped(decode(orjson.loads(files[name])[member])))})


def _resealed(files: Files) -> Files:
    record = orjson.loads(files["records/001.json"])
    record["signatures"][0]["signature"] = encode(flipped(decode(record["signatures"][0]["signature"])))
    return files | {"records/001.json": canonical_json(record)}


def _disclosed(files: Files) -> Files:
    record = orjson.loads(files["records/001.json"])
    record["signatures"][0]["header"]["disclosures"].append(encode(b'["salt","floor_area","9"]'))
    return files | {"records/001.json": canonical_json(record)}


def _rows(files: Files, change: Callable[[list[dict[str, Any]]], None]) -> Files:
    rows = orjson.loads(files["acts.json"])
    change(rows)
    return files | {"acts.json": orjson.dumps(rows)}


def _swap(rows: list[dict[str, Any]], *members: str) -> None:
    for each in members:
        rows[0][each], rows[1][each] = rows[1][each], rows[0][each]


def _doubled(files: Files) -> bytes:
    name = "note.jws"
    renamed = {name if each == "README.txt" else each: content for each, content in files.items() if each != name}
    # As long as the other name, so that only the names change; zipfile itself would warn.
    return zipped(renamed | {"noty.jws": files[name]}).replace(b"noty.jws", b"note.jws")
