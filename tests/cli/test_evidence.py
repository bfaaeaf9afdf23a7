"""Evidence by commands alone: a bundle is fetched, verified, and judged when it was altered."""

import json
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import httpx

from tests.cli.site import Ran, Site, run
from tests.cli.town import issue, new_order, pull


def test_delivery_is_proven_by_the_program_inside_and_by_the_command(town: Site, tmp_path: Path) -> None:
    holder = new_order()
    issue(town, holder)
    pulled = pull(town, holder["licence_number"], "--rule", "rule-1")
    assert pulled.code == 0, pulled.err
    file = tmp_path / "bundle.asice"
    fetched = _fetch(town, pulled.json["delivery"], file)
    assert (fetched.code, fetched.json["bytes"]) == (0, file.stat().st_size), fetched.err
    with ZipFile(file) as opened:
        opened.extract("verify_bundle.py", tmp_path)
    command = [sys.executable, "-I", str(tmp_path / "verify_bundle.py"), str(file), "--anchor", _anchor(town)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    verified = _verify(town, file, tmp_path)
    # The log is a moment behind the pull, and a bundle that was fetched at once says so.
    assert (ended.returncode, verified.code) in ((0, 0), (3, 3)), ended.stdout
    assert verified.json["kind"] == "evidence_bundle"
    assert {each["result"] for each in verified.json["checks"]} <= {"passed", "unknown"}
    kept, other = tmp_path / "kept.json", tmp_path / "other.json"
    kept.write_text(json.dumps(pulled.json), encoding="utf-8")
    other.write_text("{}", encoding="utf-8")
    beside = [_verify(town, file, tmp_path, "--record", str(each)) for each in (kept, other)]
    assert (beside[0].code, beside[1].json["reason"]) == (verified.code, "file_other")
    assert [each["result"] for each in beside[0].json["checks"] if each["en"] == "The file you gave"] == ["passed"]


def test_altered_bundle_is_judged_and_a_damaged_one_too(town: Site, tmp_path: Path) -> None:
    holder = new_order()
    issue(town, holder)
    file = tmp_path / "bundle.asice"
    _fetch(town, pull(town, holder["licence_number"], "--rule", "rule-1").json["delivery"], file)
    raw = file.read_bytes()
    place = raw.index(b'"case_number"')
    file.write_bytes(raw[:place] + b'"case_numbes"' + raw[place + 13 :])
    altered = _verify(town, file, tmp_path)
    assert (altered.code, altered.json["outcome"]) == (1, "not_valid")
    assert "decision.json" in str(altered.json["checks"])
    file.write_bytes(raw + b"x")
    damaged = _verify(town, file, tmp_path)
    assert (damaged.code, damaged.json["reason"]) == (1, "bundle_damaged")
    assert "证据不成立" in _verify(town, file, tmp_path, "--lang", "zh", as_json=()).out


def test_nobody_else_has_it_and_no_file_is_left(town: Site, tmp_path: Path) -> None:
    holder = new_order()
    issue(town, holder)
    pulled = pull(town, holder["licence_number"], "--rule", "rule-1")
    file = tmp_path / "bundle.asice"
    refused = _fetch(town, pulled.json["delivery"], file, system="market")
    assert (refused.code, "delivery_not_found" in refused.err, list(tmp_path.iterdir())) == (1, True, [])


def _fetch(town: Site, delivery: str, file: Path, *, system: str = "health") -> Ran:
    # A name may begin with a dash.
    return run("evidence", "--system", system, "--out", str(file), *town.over_api, "--", delivery)


def _verify(town: Site, file: Path, folder: Path, *options: str, as_json: tuple[str, ...] = ("--json",)) -> Ran:
    listed = folder / "list.json"
    listed.write_bytes(httpx.get(f"{town.url}/.well-known/yizhao-trust-list").content)
    return run("verify", str(file), "--trust-list", str(listed), "--anchor", _anchor(town), *options, *as_json)


def _anchor(town: Site) -> str:
    found = {each["name"]: each for each in run("doctor", *town.local, "--json").json}
    return str(found["anchor"]["seen"])
