"""`yizhao recover` and `yizhao drill`: a whole site loses its data, goes on, and has tried it out before."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from hub.cli.init import make_settings
from hub.steps.orders.persons import FIRST_PERSONS
from hub.store.database import Database
from hub.store.installation import InstallationWriter
from hub.store.log import LogStore
from tests.cli.site import Ran, Site, run, served
from tests.cli.test_backup import backup_of, verdict_of, wait_for_log
from tests.cli.town import change, issue, new_order, pull, settle


def test_site_that_lost_its_data_goes_on(site: Site) -> None:
    with served(site) as serving:
        settle(serving)
        issued = issue(serving, new_order()).json
        wait_for_log(serving)
        assert run("backup", backup_of(site), *site.local).code == 0
        assert change(serving, issued["identifier"], "withdraw").code == 0
        wait_for_log(serving)
        closed = httpx.get(f"{serving.url}/log/checkpoint").text
        report = str(site.folder / "report.json")
        running = run("recover", report, *site.local)
        assert (running.code, "not_rolled_back" in running.err or "hub_running" in running.err) == (1, True)
        state = site.folder / "seen.json"
        assert _audit(site, serving.url, state).json["faults"] == []
    (site.folder / "data").rename(site.folder / "lost")
    assert run("restore", backup_of(site), *site.local).code == 0
    _leave_the_lead(site)
    recovered = run("recover", report, *site.local, "--json")
    assert recovered.code == 0, recovered.err
    lost = json.loads((site.folder / "report.json").read_bytes())["lost"]
    assert (lost["count"], lost["identified"]) == (len(lost["leaves"]), 0)
    assert recovered.json["lost"] == lost["count"] > 0
    with served(site) as again:
        assert httpx.get(f"{again.url}/log/1/checkpoint").text == closed
        assert httpx.get(f"{again.url}/log/checkpoint").text.startswith("hub.example.test/log/TEST/2\n")
        assert httpx.get(f"{again.url}/log/3/checkpoint").json()["code"] == "log_not_found"
        assert verdict_of(again, issued["reference"])["reason"] == "store_recovered"
        audited = _audit(site, again.url, state).json
        assert (audited["faults"], audited["closed"]) == ([], ["hub.example.test/log/TEST"])
        refused = change(again, issued["identifier"], "withdraw")
        assert (refused.code, "invalid_client" in refused.err) == (1, True)
        _let_the_minute_pass(site)
        assert change(again, issued["identifier"], "withdraw").code == 0
        other = issue(again, new_order())
        assert other.code == 0, other.err
        assert run("recover", "--settle", *site.local).code == 0
        httpx.get(f"{again.url}/readyz")
    whole = run("audit", str(site.folder / "data"), *site.keys, "--json").json
    assert (whole["faults"], whole["in_log"]) == ([], whole["acts"])
    looked = {each["name"]: each for each in run("doctor", *site.local, "--json").json}
    assert (looked["log"]["state"], "0 waiting" in looked["log"]["seen"]) == ("fine", True)
    with served(site) as settled:
        assert verdict_of(settled, issued["reference"])["reason"] == "withdrawn"
        assert verdict_of(settled, other.json["reference"])["outcome"] == "valid"


def test_drill_measures_and_leaves_the_site_alone(site: Site) -> None:
    with served(site) as serving:
        settle(serving)
        wait_for_log(serving)
        before = httpx.get(f"{serving.url}/log/checkpoint").text
        tried = run("drill", "restore", *site.local, "--folder", str(site.folder), "--json")
        assert tried.code == 0, tried.out
        assert httpx.get(f"{serving.url}/log/checkpoint").text == before
        assert httpx.get(f"{serving.url}/readyz").json()["ready"]
    told = tried.json
    assert told["shown"] == ["store_rolled_back", "store_recovered", "log"]
    assert told["rto_seconds"] >= told["restore_seconds"] > 0
    assert told["lost"] >= 1
    assert list(site.folder.glob("yizhao-drill-*")) == []


def test_drill_of_a_rotation_verifies_all_that_is_old_and_leaves_the_site_alone(site: Site) -> None:
    with served(site) as serving:
        settle(serving)
        order = new_order()
        assert issue(serving, order).code == 0
        assert pull(serving, order["licence_number"], "--rule", "rule-1").code == 0
        wait_for_log(serving)
        listed = httpx.get(f"{serving.url}/.well-known/yizhao-trust-list").content
        tried = run("drill", "rotation", *site.local, "--folder", str(site.folder), "--json")
        assert tried.code == 0, tried.out
        assert httpx.get(f"{serving.url}/.well-known/yizhao-trust-list").content == listed
    told = tried.json
    assert (told["records"], told["notes"], told["receipts"], told["bundles"], told["failures"]) == (1, 1, 1, 1, [])
    assert {"hub:log", "hub:notes", "hub:answers", "hub:copies", "hub:collected"} <= set(told["rotated"])
    assert any(use.startswith("seal:") for use in told["rotated"])
    assert list(site.folder.glob("yizhao-drill-*")) == []


def test_drill_of_a_recovery_does_lost_acts_again_and_leaves_the_site_alone(site: Site) -> None:
    with served(site) as serving:
        wait_for_log(serving)
        before = httpx.get(f"{serving.url}/log/checkpoint").text
        tried = run("drill", "recovery", *site.local, "--folder", str(site.folder), "--json")
        assert tried.code == 0, tried.out + tried.err
        assert httpx.get(f"{serving.url}/log/checkpoint").text == before
    told = tried.json
    assert told["shown"] == ["store_rolled_back", "store_recovered", "log"]
    assert told["again"] == {"change_status": 2, "erase": 1, "grant": 1, "grant_withdrawal": 1, "issue": 1}
    assert told["named_only"] == {"pull_refused": 1}
    assert told["unknown"] >= 1
    assert told["lost"] == told["unknown"] + sum(told["again"].values()) + 1
    assert told["rto_seconds"] >= told["rto_answers_seconds"] > 0
    assert told["rpo_seconds"] > 0
    assert list(site.folder.glob("yizhao-drill-*")) == []


def test_recovery_is_signed_by_two_persons_apart(site: Site) -> None:
    with served(site) as serving:
        settle(serving)
        wait_for_log(serving)
        assert run("backup", backup_of(site), *site.local).code == 0
        issue(serving, new_order())
        wait_for_log(serving)
    (site.folder / "data").rename(site.folder / "lost")
    assert run("restore", backup_of(site), *site.local).code == 0
    _leave_the_lead(site)
    _let_the_minute_pass(site)
    report, change = (str(site.folder / name) for name in ("report.json", "change.json"))
    assert run("recover", report, "--draft", change, *site.local).code == 0
    assert not (site.folder / "report.json").exists()
    signed = [part for each in FIRST_PERSONS.values() for part in ("--approval", _approved(site, change, each))]
    refused = run("recover", report, *signed[:2], *site.local)
    assert (refused.code, "approvals_needed" in refused.err) == (1, True)
    assert run("recover", report, *signed, *site.local).code == 0
    refused = run("recover", "--settle", *signed, *site.local)
    assert (refused.code, "approval_act" in refused.err) == (1, True)
    assert run("recover", "--settle", *site.local).code == 0
    assert run("audit", str(site.folder / "data"), *site.keys, "--json").json["faults"] == []


def test_drill_of_a_backup_that_is_damaged_fails(site: Site) -> None:
    assert run("backup", backup_of(site), *site.local).code == 0
    with open(backup_of(site), "ab") as file:
        file.write(b"x")
    tried = run("drill", "restore", "--backup", backup_of(site), *site.local)
    assert (tried.code, "backup_damaged" in tried.err) == (1, True)


def test_recovery_asks_for_a_report_or_a_settlement(site: Site) -> None:
    assert run("recover", *site.local).code == 2
    assert run("recover", str(site.folder / "report"), "--settle", *site.local).code == 2
    refused = run("recover", "--settle", *site.local)
    assert (refused.code, "nothing_to_settle" in refused.err) == (1, True)


def _approved(site: Site, change: str, officer: str) -> str:
    out = str(site.folder / f"{officer}.json")
    assert run("approve", change, "--officer", officer, "--out", out, "--yes", *site.keys).code == 0
    return out


def _leave_the_lead(site: Site) -> None:
    """Let the ten seconds pass that a process which was stopped still leads."""
    copy = site.folder / "led-by-nobody"
    store = LogStore(site.folder / "data-log")
    store.copy(copy)
    store.close()
    (site.folder / "data-log").rename(site.folder / "led")
    copy.rename(site.folder / "data-log")


def _audit(site: Site, url: str, state: Path) -> Ran:
    looked = run("doctor", *site.local, "--json").json
    anchor = next(str(each["seen"]) for each in looked if each["name"] == "anchor")
    return run("audit", url, "--anchor", anchor, "--state", str(state), "--json")


def _let_the_minute_pass(site: Site) -> None:
    """Let the minute pass after which sign-ins begin again."""
    settings = make_settings(data=site.folder / "data", keys=site.folder / "keys")
    database = Database(settings.database_url)
    ago = datetime.now(UTC) - timedelta(minutes=2)
    database.write(lambda connection: InstallationWriter(connection).note_restored(ago))
    database.close()
