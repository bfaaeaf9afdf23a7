"""`yizhao verify`: its exit codes, what it prints, which trust lists it refuses, and that it starts with little."""

import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import typer
from typer.testing import CliRunner, Result

from hub.cli.verify import VerifyCommand, verify
from hub.steps.documents.xml import element_of
from hub.web.public.qr import qr_png
from signing.pdf import seal_pdf
from signing.trust import sign_trust_list
from signing.xml import seal_xml
from tests.flows.shown import LIST_INDEX, ORIGIN, PRIVATE, PUBLIC, Desk, new_desk, other_seal
from tests.flows.world import DRAWN
from tests.hub.contents import FOOD, claims_of, content_of_type
from tests.signing.authority import ISSUING_BODY, new_city

DESK = new_desk()
# The command reads the machine's clock, so what it verifies is made now; the desk's certs hold for years.
NOW = datetime.now(UTC).replace(microsecond=0)
DATES: dict[str, Any] = {"valid_from": (NOW - timedelta(days=9)).date().isoformat(), "valid_to": None}
ANCHOR = DESK.city.root_set.anchor_sha256


class Case:
    """A folder with a trust list, and the command run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("list.json", signed_list(DESK))

    def write(self, name: str, content: bytes | str) -> str:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return str(path)

    def run(self, shown: bytes, *options: str, trust_list: str = "list.json", anchor: str = ANCHOR) -> Result:
        """Run the command on a file with this content."""
        file = self.write("shown", shown)
        listed = str(self.folder / trust_list)
        return run([file, "--trust-list", listed, "--anchor", anchor, *options])


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def run(arguments: Sequence[str], shown: bytes = b"") -> Result:
    """Run the command as `yizhao verify` does."""
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command(cls=VerifyCommand)(verify)
    return CliRunner().invoke(app, arguments, input=shown)


def signed_list(desk: Desk, **changes: Any) -> bytes:
    """Return the desk's trust list as it is published today, with `changes`."""
    term = {"issued_at": NOW - timedelta(hours=1), "expires_at": NOW + timedelta(days=7)}
    content = desk.trust(**(term | {"seals": other_seal(desk, from_at=NOW - timedelta(days=9))} | changes))
    signers = [root.signer for root in desk.city.roots[:2]]
    return sign_trust_list(content, root_set=desk.city.root_set, signers=signers)


def delivered(**note: Any) -> bytes:
    record = DESK.record(PUBLIC | PRIVATE, **DATES)
    ends_at = (NOW + timedelta(days=30)).isoformat()
    return DESK.delivered(record, note=DESK.note([record], **({"as_of": NOW.isoformat(), "ends_at": ends_at} | note)))


def status_list(values: dict[int, int], *, age_seconds: int = 0) -> str:
    issued_at = int(NOW.timestamp()) - age_seconds
    return DESK.status_list(values, iat=issued_at, exp=issued_at + 7200)


@pytest.mark.parametrize(
    ("listed", "code", "sign"),
    [({}, 0, "✓"), ({LIST_INDEX: 1}, 1, "✕"), ({LIST_INDEX: 3}, 1, "✕"), ({LIST_INDEX: 2}, 2, "‖")],
)
def test_exit_code_is_the_verdict(case: Case, listed: dict[int, int], code: int, sign: str) -> None:
    result = case.run(delivered(), "--status", case.write("status", status_list(listed) + "\n"))
    assert result.exit_code == code
    assert sign in result.stdout


def test_delivered_file_without_a_status_list_is_unknown_since_its_delivery(case: Case) -> None:
    result = case.run(delivered())
    assert result.exit_code == 3
    assert "暂时无法确认  签章真实；状态以签章或交付时为准" in result.stdout
    assert "TEST 测试环境" in result.stdout
    english = case.run(delivered(), "--lang", "en").stdout
    assert "Sealed correctly; the status is as signed at sealing or delivery and unknown since." in english


def test_status_list_older_than_allowed_does_not_count(case: Case) -> None:
    status = case.write("status", status_list({}, age_seconds=1000))
    assert case.run(delivered(), "--status", status, "--max-age", "3600").exit_code == 0
    assert case.run(delivered(), "--status", status, "--max-age", "60").exit_code == 3


def test_altered_and_ended_files_are_not_valid(case: Case) -> None:
    altered = delivered().replace(b'"payload":"e', b'"payload":"f')
    ended = delivered(ends_at=(NOW - timedelta(days=1)).isoformat())
    assert [case.run(each).exit_code for each in (altered, ended)] == [1, 1]
    assert "文件被改动过，请勿采用。" in case.run(altered).stdout


@pytest.mark.parametrize(
    "shown",
    [
        b"",
        b"\x00\xff",
        b"{",
        b"[" * 100_000,
        b"a" * (2 * 1024 * 1024 + 1),
        b"%PDF-" + bytes(20 * 1024 * 1024),
        b"91350100M000100Y43",
    ],
)
def test_what_cannot_be_judged_has_an_exit_code_of_its_own(case: Case, shown: bytes) -> None:
    result = case.run(shown)
    assert result.exit_code == 4
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_json_holds_the_whole_examination(case: Case) -> None:
    answer = json.loads(case.run(delivered(), "--json").stdout)
    assert (answer["kind"], answer["outcome"], answer["reason"]) == ("delivered", "unknown", "status_as_signed")
    assert (answer["mode"], answer["trust_list_version"]) == ("test", 7)
    assert {check["name"] for check in answer["checks"]} >= {"seal", "trust", "status", "dates", "right_to_hold"}


def test_file_may_come_by_standard_input(case: Case) -> None:
    options = ["--trust-list", str(case.folder / "list.json"), "--anchor", ANCHOR.upper()]
    assert run(["-", *options], shown=delivered()).exit_code == 3
    assert run([str(case.folder / "missing"), *options]).exit_code == 4


# --- documents and pictures ---


def sealed(**claims: Any) -> tuple[bytes, bytes]:
    """Return a food permit as the desk's issuing body seals it: its XML, and the PDF around it."""
    said = claims_of(FOOD, **(DATES | claims))
    content = content_of_type(claims=said, issuing_body=ISSUING_BODY, origin=ORIGIN, sealed_at=NOW)
    signer = DESK.city.seal.signer
    xml = seal_xml(element_of(content, FOOD), signer=signer, statement=b"order", sealed_at=NOW)
    drawn = DRAWN.pages(content.with_xml(xml))
    pdf = seal_pdf(
        drawn.pdf,
        signer=signer,
        statement=b"order",
        sealed_at=NOW,
        page=drawn.seal_page,
        rect=drawn.seal_rect,
        name=content.issuing_body_name,
        reason=content.reason,
    )
    return xml, pdf


def test_document_is_as_sealed_and_unknown_since(case: Case) -> None:
    xml, pdf = sealed()
    results = [case.run(each) for each in (xml, pdf)]
    assert [each.exit_code for each in results] == [3, 3]
    assert "暂时无法确认  签章真实；状态以签章或交付时为准" in results[1].stdout
    assert "中山示例有限公司" in results[1].stdout
    answer = json.loads(case.run(pdf, "--json").stdout)
    assert (answer["kind"], answer["reason"], answer["as_of"]) == ("pdf", "status_as_signed", NOW.isoformat())


def test_changed_or_ended_document_is_not_valid(case: Case) -> None:
    pdf = sealed()[1]
    changed = pdf.replace(b"/Length", b"/Longth", 1)
    ended = sealed(valid_to=(NOW - timedelta(days=2)).date().isoformat())[1]
    assert [case.run(each).exit_code for each in (changed, pdf + b"\n", ended)] == [1, 1, 1]
    assert "文件被改动过，请勿采用。" in case.run(changed).stdout


@pytest.mark.parametrize(
    ("changes", "outcome", "reason"),
    [
        ({}, "unknown", "status_as_signed"),
        ({"revoked_at": NOW - timedelta(days=1)}, "unknown", "seal_time_unproven"),
        ({"until_at": NOW - timedelta(days=1)}, "unknown", "seal_time_unproven"),
        ({"from_at": NOW + timedelta(days=1)}, "not_valid", "seal_unlisted"),
        ({"issuing_body": "11442000MB2D00009K"}, "not_valid", "seal_unlisted"),
    ],
)
def test_seal_on_a_document_counts_by_the_trust_list(
    case: Case, changes: dict[str, Any], outcome: str, reason: str
) -> None:
    case.write("list.json", signed_list(DESK, seals=other_seal(DESK, **changes)))
    answer = json.loads(case.run(sealed()[0], "--json").stdout)
    assert (answer["outcome"], answer["reason"]) == (outcome, reason)


def test_document_of_another_hub_or_of_a_stranger_is_not_trusted(case: Case) -> None:
    case.write("other", signed_list(DESK, origin="https://other.example"))
    case.write("nobody", signed_list(DESK, seals=()))
    results = [json.loads(case.run(sealed()[1], "--json", trust_list=each).stdout) for each in ("other", "nobody")]
    assert [each["reason"] for each in results] == ["seal_unlisted"] * 2


def test_picture_and_foreign_files_cannot_be_judged(case: Case) -> None:
    picture = case.run(qr_png(f"{ORIGIN}/C/7A0ANDJWF0EGKSJKQND5VG86E3", 8))
    foreign = [case.run(each).exit_code for each in (b"%PDF-1.7 of somebody", b"<html/>", b"\xff\xd8\xff", b"%PDF-")]
    assert (picture.exit_code, foreign) == (4, [4] * 4)
    assert "/c/7A0ANDJWF0EGKSJKQND5VG86E3" in picture.stdout


# --- trust lists ---


def test_trust_lists_that_do_not_count_are_refused(case: Case) -> None:
    past = {"issued_at": NOW - timedelta(days=9), "expires_at": NOW - timedelta(days=2)}
    case.write("expired", signed_list(DESK, **past))
    case.write("foreign", signed_list(new_desk()))
    case.write("altered", signed_list(DESK).replace(b'"payload":"e', b'"payload":"f'))
    case.write("binary", b"\x00")
    names = ["expired", "foreign", "altered", "binary", "missing"]
    results = [case.run(delivered(), trust_list=name) for name in names]
    assert [result.exit_code for result in results] == [5] * 5
    assert [result.stdout for result in results] == [""] * 5
    assert case.run(delivered(), anchor=new_city().root_set.anchor_sha256).exit_code == 5


def test_older_trust_list_than_one_seen_is_refused(case: Case) -> None:
    case.write("newer", signed_list(DESK, version=8))
    seen = ["--seen", str(case.folder / "seen.json")]
    codes = [case.run(delivered(), *seen, trust_list=name).exit_code for name in ("list.json", "newer", "list.json")]
    assert codes == [3, 3, 5]
    assert json.loads((case.folder / "seen.json").read_bytes()) == {ANCHOR: 8}


@pytest.mark.parametrize("content", [b"", b"[]", b'{"x":"y"}', b"\xff"])
def test_unreadable_memory_of_versions_is_not_forgotten(case: Case, content: bytes) -> None:
    assert case.run(delivered(), "--seen", case.write("seen.json", content)).exit_code == 5


def test_status_list_that_is_not_genuine_is_refused(case: Case) -> None:
    stranger = DESK.status_list({}, signer=DESK.notes)
    lists = [case.write("stranger", stranger), case.write("binary", b"\xff"), str(case.folder / "missing")]
    assert [case.run(delivered(), "--status", each).exit_code for each in lists] == [5, 5, 5]


def test_wrong_usage_is_no_verdict() -> None:
    wrong = [[], ["-"], ["-", "--trust-list", "x"], ["-", "--colour"], ["a", "b"]]
    assert [run(arguments).exit_code for arguments in wrong] == [5] * 5
    assert run(["--help"]).exit_code == 0


def test_unknown_language_is_wrong_usage(case: Case) -> None:
    assert case.run(delivered(), "--lang", "fr").exit_code == 5


# --- small things that matter ---


def test_control_characters_of_a_file_never_reach_the_terminal(case: Case) -> None:
    record = DESK.record({"holder_name": "示例\x1b[2J\u202e公司"}, **DATES)
    result = case.run(record.to_json())
    assert not {"\x1b", "\u202e"} & set(result.stdout)
    assert "示例" in result.stdout


def test_types_that_are_not_installed_are_not_looked_for_elsewhere(case: Case) -> None:
    kind = {"code": "../../etc/passwd", "version": 1, "digest": "0" * 64}
    result = case.run(DESK.record(PUBLIC, certificate_type=kind, **DATES).to_json())
    assert result.exit_code == 3
    assert "持有依据" in result.stdout


def test_only_its_own_modules_are_loaded(case: Case) -> None:
    file = case.write("shown", delivered())
    program = (
        "import sys, typer; from hub.cli.verify import verify\n"
        "app = typer.Typer(); app.command()(verify)\n"
        "app(sys.argv[1:], standalone_mode=False)\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    arguments = [file, "--trust-list", str(case.folder / "list.json"), "--anchor", ANCHOR, "--json"]
    ran = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, check=True)
    assert orjson.loads(ran.stdout)["outcome"] == "unknown"
    loaded = set(ran.stderr.decode().split())
    assert "signing" in loaded
    assert not loaded & {
        "fastapi",
        "starlette",
        "sqlalchemy",
        "psycopg",
        "httpx",
        "jinja2",
        "openpyxl",
        "pikepdf",
        "lxml",
        "PIL",
    }
