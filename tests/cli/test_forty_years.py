"""Forty years by commands alone: a field erased, an archive fetched and verified, what is past its term listed."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from tests.cli.site import Site, run
from tests.cli.town import MARKET, issue, new_order


def test_archive_of_an_erased_certificate_verifies_by_the_program_inside(town: Site, tmp_path: Path) -> None:
    identifier = issue(town, new_order()).json["identifier"]
    erasure = {
        "identifier": identifier, "issuing_body": MARKET, "field": "legal_representative",
        "ground": "当事人依法请求删除", "document_name": "示例删除决定书",
        "document_number": "示删〔2026〕1号", "document_date": "2026-01-20",
    }  # fmt: skip
    order = town.write("erasure.json", erasure)
    whose = ("--system", "market", "--officer", "market-001", "--second-officer", "market-002")
    erased = run("order", "erasures", order, *whose, *town.over_api)
    assert erased.code == 0, erased.err
    file = tmp_path / "archive.zip"
    fetched = run("archive", identifier, "--system", "market", "--out", str(file), *town.over_api)
    assert fetched.code == 0, fetched.err
    assert fetched.json["bytes"] == file.stat().st_size
    with ZipFile(file) as opened:
        opened.extract("verify_archive.py", tmp_path)
    found = {each["name"]: each for each in run("doctor", *town.local, "--json").json}
    anchor = found["anchor"]["seen"]
    command = [sys.executable, "-I", str(tmp_path / "verify_archive.py"), str(file), "--anchor", anchor]
    verified = subprocess.run(command, capture_output=True, text=True, check=False)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_archive_of_another_department_is_refused_and_leaves_no_file(town: Site, tmp_path: Path) -> None:
    identifier = issue(town, new_order()).json["identifier"]
    file = tmp_path / "archive.zip"
    refused = run("archive", identifier, "--system", "health", "--out", str(file), *town.over_api)
    assert (refused.code, "body_not_yours" in refused.err, list(tmp_path.iterdir())) == (1, True, [])


def test_retention_lists_by_kind_and_erases_only_when_asked(town: Site) -> None:
    listed = run("retention", *town.local, "--json")
    assert listed.code == 0, listed.err
    kinds = {each["kind"]: each for each in listed.json["kinds"]}
    assert kinds["delivery_note"]["term"] == "3 years"
    assert (kinds["record"]["then"], kinds["record"]["past_term"]) == ("transferred", 0)
    assert listed.json["erased"] is False
    assert run("retention", "--erase", *town.local, "--json").json["erased"] is True
    assert "delivery_note" in run("retention", *town.local).out
