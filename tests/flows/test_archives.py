"""Stories of archives: a package is verified by one file that knows nothing of the hub; whatever is changed shows."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import cryptography
import orjson
import pytest

from hub.custody.installation import make_trust_list
from hub.evidence.archives import contents
from hub.evidence.archives.packing import open_archive, write_archive
from hub.public.status_lists import StatusLists
from schemas.tokens import STATUS_LIST_TYP
from signing.base64url import decode, encode
from signing.jws import CompactSigner
from signing.trust import RootSet, sign_trust_list
from tests.flows.intake_world import Intakes, published_row, shop_number
from tests.flows.killed import ask
from tests.flows.refusals import refused
from tests.flows.test_erasures import copied
from tests.flows.test_kills import REQUESTS
from tests.flows.world import HEALTH, MARKET, World, food_order, licence_order, statutory_request

VERIFIER = Path(contents.__file__).with_name("verify_archive.py")
# A bare interpreter with `cryptography` and nothing of ours: -I keeps out working folder and environment.
ALONE = (
    "import sys, runpy; sys.path[:] = [p for p in sys.path if 'site-packages' not in p] + [sys.argv[1]]; "
    "sys.argv = sys.argv[2:]; runpy.run_path(sys.argv[0], run_name='__main__')"
)
HOLDS, FAILS, UNREADABLE, INCOMPLETE = 0, 1, 2, 3


def token_of(world: World) -> Callable[[int], str]:
    signer = CompactSigner(world.keys.signer("hub:status"), STATUS_LIST_TYP)
    return lambda number: StatusLists(world.registry, signer, timedelta(seconds=300)).token(number, world.now)


def packed(
    world: World, identifier: str, *, system: str = "market", token: Callable[[int], str] | None = None
) -> bytes:
    opened = open_archive(
        identifier,
        system=world.system(system),
        registry=world.registry,
        status_token=token or token_of(world),
        now=world.now,
    )
    return b"".join(write_archive(opened, files=world.workshop.files))


def files_of(package: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(package)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def zipped(files: dict[str, bytes]) -> bytes:
    written = BytesIO()
    with ZipFile(written, "w", ZIP_STORED) as archive:
        for name, content in files.items():
            archive.writestr(ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)
    return written.getvalue()


def relisted(files: dict[str, bytes]) -> dict[str, bytes]:
    """Return the files with a manifest that fits them: what a forger of the whole package would do."""
    manifest = orjson.loads(files["manifest.json"])
    manifest["files"] = {name: sha256(each).hexdigest() for name, each in files.items() if name != "manifest.json"}
    return files | {"manifest.json": contents.as_json(manifest)}


def verified(package: bytes, folder: Path, anchor: str) -> tuple[int, str]:
    """Run the verifier of the repository in an interpreter of its own; return exit code and lines."""
    file = folder / "package.zip"
    file.write_bytes(package)
    libraries = str(Path(cryptography.__file__).parents[1])
    command = [sys.executable, "-I", "-c", ALONE, libraries, str(VERIFIER), str(file), "--anchor", anchor]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout + ended.stderr


def outcome(world: World, package: bytes, folder: Path) -> int:
    code, lines = verified(package, folder, world.installation.anchor)
    assert code == HOLDS, lines
    return code


# --- packages that hold -----------------------------------------------------------------------------------------


def test_plain_certificate_with_its_documents_holds(hub_world: World, tmp_path: Path) -> None:
    identifier = _with_documents(hub_world)
    package = packed(hub_world, identifier)
    code, lines = verified(package, tmp_path, hub_world.installation.anchor)
    assert (code, "FAIL " in lines) == (HOLDS, False), lines
    assert "TEST" in lines
    names = set(files_of(package))
    assert {"README.txt", "verify_archive.py", "manifest.json", "versions/001/payload.json", "status/0.jwt"} <= names
    assert sorted(name.rpartition(".")[2] for name in names if name.startswith("documents/")) == [
        "pdf",
        "pdf",
        "xml",
        "xml",
    ]


def test_suspended_and_undone_certificate_holds(hub_world: World, tmp_path: Path) -> None:
    identifier = str(hub_world.issue(food_order())["identifier"])
    hub_world.change(identifier, "suspend", until="2026-12-31")
    assert outcome(hub_world, packed(hub_world, identifier), tmp_path) == HOLDS
    wrong = hub_world.change(identifier, "annul")
    hub_world.change(identifier, "undo", undoes=wrong["act_id"])
    assert outcome(hub_world, packed(hub_world, identifier), tmp_path) == HOLDS


def test_superseded_versions_hold_and_any_of_them_names_the_package(hub_world: World, tmp_path: Path) -> None:
    first = _with_documents(hub_world)
    second = str(hub_world.issue(food_order(replaces=first, decision_number="示许〔2026〕2号"))["identifier"])
    packages = [packed(hub_world, each) for each in (first, second)]
    assert [outcome(hub_world, each, tmp_path) for each in packages] == [HOLDS, HOLDS]
    assert {name for name in files_of(packages[0]) if name.endswith("payload.json")} == {
        "versions/001/payload.json", "versions/002/payload.json",
    }  # fmt: skip


def test_erased_certificate_holds_without_what_was_erased(hub_world: World, tmp_path: Path) -> None:
    identifier = _with_documents(hub_world)
    hub_world.erase(identifier, "legal_representative")
    hub_world.document(hub_world.named(identifier))
    package = packed(hub_world, identifier)
    assert outcome(hub_world, package, tmp_path) == HOLDS
    files = files_of(package)
    shown = [name for name, each in files.items() if "示例甲".encode() in each or b"legal_representative" in each]
    assert all(name.endswith(("erasures.json", ".toml")) for name in shown), shown


def test_certificate_with_a_file_from_before_the_hub_holds(hub_world: World, tmp_path: Path) -> None:
    request = REQUESTS["existing"](hub_world)
    taken = ask(hub_world, request)
    package = packed(hub_world, request.content[0]["identifier"])
    assert f"documents/{taken['sha256']}.pdf" in files_of(package)
    assert outcome(hub_world, package, tmp_path) == HOLDS


def test_annotated_certificate_holds_with_what_was_lifted(hub_world: World, tmp_path: Path) -> None:
    identifier = str(hub_world.issue(licence_order())["identifier"])
    noted = hub_world.annotate(identifier, "abnormal")
    assert outcome(hub_world, packed(hub_world, identifier), tmp_path) == HOLDS
    hub_world.undo_note(identifier, "lift", noted["act_id"])
    assert outcome(hub_world, packed(hub_world, identifier), tmp_path) == HOLDS


def test_voided_certificate_holds(hub_world: World, tmp_path: Path) -> None:
    first = str(hub_world.issue(food_order())["identifier"])
    second = str(hub_world.issue(food_order(replaces=first, decision_number="示许〔2026〕2号"))["identifier"])
    hub_world.change(second, "void")
    third = str(hub_world.issue(food_order(replaces=first, decision_number="示许〔2026〕3号"))["identifier"])
    assert outcome(hub_world, packed(hub_world, third), tmp_path) == HOLDS


def test_collected_certificate_holds_under_the_hub_s_own_seal(hub_world: World, tmp_path: Path) -> None:
    intakes = Intakes(hub_world, tmp_path)
    intakes.collected([published_row(1)])
    identifier = intakes.certificates(shop_number(1))[0].identifier
    assert outcome(hub_world, packed(hub_world, identifier), tmp_path) == HOLDS


def test_certificate_under_two_trust_lists_holds_with_both(hub_world: World, tmp_path: Path) -> None:
    identifier = str(hub_world.issue(food_order())["identifier"])
    hub_world.now += timedelta(days=1)
    make_trust_list(
        database=hub_world.registry.database, keys=hub_world.keys, installation=hub_world.installation,
        e_licence_cert=hub_world.simulator.anchor_der, now=hub_world.now,
    )  # fmt: skip
    hub_world.now += timedelta(seconds=2)
    hub_world.trust.refresh(hub_world.now)
    package = packed(hub_world, identifier)
    assert len([name for name in files_of(package) if name.startswith("trust/")]) == 2
    assert outcome(hub_world, package, tmp_path) == HOLDS


def test_same_state_under_the_same_status_list_gives_the_same_bytes(hub_world: World) -> None:
    identifier, token = _with_documents(hub_world), token_of(hub_world)(0)
    first = packed(hub_world, identifier, token=lambda _: token)
    assert packed(hub_world, identifier, token=lambda _: token) == first


# --- packages that do not ---------------------------------------------------------------------------------------


def test_flipped_byte_in_any_file_is_named_and_fails(hub_world: World, tmp_path: Path) -> None:
    files = files_of(packed(hub_world, _with_documents(hub_world)))
    for name in files:
        broken = zipped(files | {name: _flipped(files[name])})
        code, lines = verified(broken, tmp_path, hub_world.installation.anchor)
        assert (code, name, f"FAIL    {name}" in lines) == (FAILS, name, True), lines


FORGERIES: dict[str, Callable[[dict[str, bytes]], dict[str, bytes]]] = {
    "another payload": lambda files: _replaced(files, "versions/001/payload.json", b"2031-11-19", b"2099-11-19"),
    "another seal": lambda files: _reseal(files),
    "another disclosure": lambda files: _disclosed(files),
    "no suspension": lambda files: files | {
        "versions/001/changes.json": b"[]",
        "versions/001/version.json": files["versions/001/version.json"]
        .replace(b'"status": "suspended"', b'"status": "valid"').replace(b"2026-11-23", b"2026-11-20"),
    },
    "another ground of the act": lambda files: _replaced(
        files, "versions/001/changes.json", b'"works_from": "2026-11-23"', b'"works_from": "2026-11-22"'
    ),
    "another salt": lambda files: _entries(files, "salt"),
    "another leaf": lambda files: _entries(files, "leaf"),
    "another act": lambda files: _act(files),
    "no statement of the change": lambda files: _without_statement(files),
    "a cert of somebody else": lambda files: _replaced_certs(files),
    "another document": lambda files: _document(files),
    "a document nobody named": lambda files: files | {f"documents/{'0' * 64}.pdf": b"%PDF"},
    "no trust list": lambda files: {name: each for name, each in files.items() if not name.startswith("trust/")},
    "a broken status list": lambda files: files | {"status/0.jwt": _flipped(files["status/0.jwt"])},
    "no JSON": lambda files: files | {"versions/001/version.json": b"\xff\xfe"},
    "deep JSON": lambda files: files | {"versions/001/changes.json": b"[" * 100_000},
    "a type of other fields": lambda files: _replaced(
        files, "schemas/food_operation_permit.1.toml", b"code = ", b"code  = "
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGERIES)
def test_forged_package_with_a_fitting_manifest_fails(
    suspended: tuple[World, bytes], name: str, tmp_path: Path
) -> None:
    world, package = suspended
    forged = zipped(relisted(FORGERIES[name](files_of(package))))
    code, lines = verified(forged, tmp_path, world.installation.anchor)
    assert code == FAILS, lines


def test_another_anchor_proves_nothing(suspended: tuple[World, bytes], tmp_path: Path) -> None:
    code, lines = verified(suspended[1], tmp_path, "0" * 64)
    assert code == FAILS
    assert "roots are not those of the anchor" in lines


@pytest.mark.parametrize(
    "package", [b"", b"PK\x03\x04", zipped({}), zipped({"x": b"y"})], ids=["empty", "cut", "no", "other"]
)
def test_what_is_no_package_is_told_apart(package: bytes, tmp_path: Path) -> None:
    assert verified(package, tmp_path, "0" * 64)[0] == UNREADABLE


def test_seal_whose_key_was_revoked_later_is_a_doubt(suspended: tuple[World, bytes], tmp_path: Path) -> None:
    world, package = suspended
    listed = world.registry.trust()
    later = world.now + timedelta(days=1)
    seals = tuple(replace(each, revoked_at=later, revoke_reason="compromised") for each in listed.seals)
    newer = replace(listed, version=listed.version + 1, issued_at=later, seals=seals)
    root_set = RootSet(1, (world.keys.cert("root"),))
    raw = sign_trust_list(newer, root_set=root_set, signers=[world.keys.signer("root")])
    files = relisted(files_of(package) | {f"trust/{newer.version}.json": raw})
    code, lines = verified(zipped(files), tmp_path, world.installation.anchor)
    assert (code, "was revoked at" in lines) == (INCOMPLETE, True), lines


def test_lost_document_is_a_doubt_and_no_failure(hub_world: World, tmp_path: Path) -> None:
    identifier = _with_documents(hub_world)
    (digest, *_) = hub_world.workshop.files.names()
    content = hub_world.workshop.files.get(digest)
    hub_world.workshop.files.delete(digest)
    code, lines = verified(packed(hub_world, identifier), tmp_path, hub_world.installation.anchor)
    assert (code, f"MISSING documents/{digest}.pdf" in lines) == (INCOMPLETE, True), lines
    hub_world.workshop.files.put(content)


# --- who may have one -------------------------------------------------------------------------------------------


def test_successor_and_superior_may_have_it_and_others_may_not(hub_world: World) -> None:
    identifier = str(hub_world.issue(food_order())["identifier"])
    with refused("body_not_yours"):
        packed(hub_world, identifier, system="health")
    with refused("certificate_not_found"):
        packed(hub_world, "1.2.156.3005.2.x")
    for right in ("superior", "successor"):
        _enrol_body(hub_world, **{right: HEALTH})
        assert packed(hub_world, identifier, system="health")
    _enrol_body(hub_world)


def test_copies_of_others_are_not_in_it(hub_world: World) -> None:
    hub_world.issue(licence_order())
    identifier = _with_documents(hub_world)
    hub_world.share()
    copy = copied(hub_world, statutory_request())
    assert f"documents/{copy.stored.sha256}.pdf" not in files_of(packed(hub_world, identifier))


def test_document_lost_while_it_is_sent_is_named_with_the_reason(hub_world: World) -> None:
    identifier = _with_documents(hub_world)
    opened = open_archive(
        identifier, system=hub_world.system("market"), registry=hub_world.registry,
        status_token=token_of(hub_world), now=hub_world.now,
    )  # fmt: skip
    hub_world.erase(identifier, "legal_representative")
    files = files_of(b"".join(write_archive(opened, files=hub_world.workshop.files)))
    assert [each["fault"] for each in orjson.loads(files["documents.json"])] == ["missing", "missing"]


# --- stories' tools ---------------------------------------------------------------------------------------------


@pytest.fixture
def suspended(hub_world: World) -> tuple[World, bytes]:
    """A suspended food permit with two documents, and its package."""
    identifier = _with_documents(hub_world)
    hub_world.change(identifier, "suspend", until="2026-12-31")
    return hub_world, packed(hub_world, identifier)


def _with_documents(world: World) -> str:
    identifier = str(world.issue(food_order())["identifier"])
    for edition in ("original", "duplicate"):
        world.document(world.named(identifier, edition))
    return identifier


def _enrol_body(world: World, **changes: Any) -> None:
    world.enrol(
        "issuing-bodies", licence_number=MARKET, department=MARKET, name_zh="示例市场监管局",
        name_en="Example market bureau", area="442000", from_on="2019-01-01",
        competences=[{"certificate_type": "food_operation_permit", "from_on": "2019-01-01"}], **changes,
    )  # fmt: skip


def _flipped(content: bytes) -> bytes:
    place = len(content) // 2
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def _replaced(files: dict[str, bytes], name: str, old: bytes, new: bytes) -> dict[str, bytes]:
    assert old in files[name]
    return files | {name: files[name].replace(old, new, 1)}


def _reseal(files: dict[str, bytes]) -> dict[str, bytes]:
    name = "versions/001/seals.json"
    seals = orjson.loads(files[name])
    seals[0]["signature"] = encode(_flipped(decode(seals[0]["signature"])))
    return files | {name: contents.as_json(seals)}


def _disclosed(files: dict[str, bytes]) -> dict[str, bytes]:
    name = "versions/001/disclosures.json"
    disclosures = orjson.loads(files[name])
    disclosures[0] = encode(decode(disclosures[0]).replace("示例".encode(), "事例".encode()) + b" ")
    return files | {name: contents.as_json(disclosures)}


def _entries(files: dict[str, bytes], member: str) -> dict[str, bytes]:
    rows = orjson.loads(files["entries.json"])
    rows[0][member] = _flipped(bytes.fromhex(rows[0][member])).hex()
    return files | {"entries.json": contents.as_json(rows)}


def _act(files: dict[str, bytes]) -> dict[str, bytes]:
    name = orjson.loads(files["entries.json"])[0]["file"]
    return _replaced(files, name, b"2026-11-23", b"2026-11-22")


def _without_statement(files: dict[str, bytes]) -> dict[str, bytes]:
    rows = orjson.loads(files["statements.json"])
    kept = {name: each for name, each in files.items() if name != f"statements/{rows[-1]['number']}.jws"}
    return kept | {"statements.json": contents.as_json(rows)}


def _replaced_certs(files: dict[str, bytes]) -> dict[str, bytes]:
    names = [name for name in files if name.startswith("certs/")]
    return files | {names[0]: files[names[1]], names[1]: files[names[0]]}


def _document(files: dict[str, bytes]) -> dict[str, bytes]:
    first, second = (name for name in files if name.endswith(".pdf"))
    return files | {first: files[second]}
