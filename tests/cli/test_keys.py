"""`yizhao keys`: keys are rotated and found compromised, and the installation is whole afterwards."""

import json
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from hub.cli import keys as command
from hub.cli.init import make_settings
from hub.store.log import LogStore, ProvenTime, WitnessWord
from signing.checkpoint import NoteKey
from tests.cli.site import Site, run, served


@pytest.fixture(autouse=True)
def nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other process has to read the list before its key counts."""
    monkeypatch.setattr(command, "wait_for_processes", lambda: None)


@pytest.mark.parametrize("use", ["tokens", "log"])
def test_key_is_rotated_and_listed_under_its_use(site: Site, use: str) -> None:
    before = _keys(site)
    rotated = run("keys", "rotate", use, *site.local, "--json")
    after = _keys(site)
    assert (rotated.code, rotated.json["key_id"]) == (0, after[f"hub:{use}"])
    assert {each for each in after if after[each] != before[each]} == {f"hub:{use}"}
    assert run("doctor", *site.local).code == 0


def test_key_of_no_use_is_not_rotated(site: Site) -> None:
    refused = run("keys", "rotate", "x", *site.local)
    assert (refused.code, "key_not_rotatable" in refused.err) == (1, True)


def test_compromise_is_told_with_its_consequence_and_the_key_replaced(site: Site) -> None:
    before = _keys(site)
    since = run("keys", "compromise", "tokens", "--since", "2026-11-23T09:00:00", *site.local)
    assert (since.code, "since_form" in since.err) == (1, True)
    early = run("keys", "compromise", "tokens", "--since", "2020-01-01T00:00:00+08:00", *site.local)
    assert (early.code, "compromise_early" in early.err) == (1, True)
    listed = run("keys", "rotate", "answers", *site.local, "--json").json
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    told = run(
        "keys", "compromise", "tokens", "--since", moment, "--file", str(site.folder / "fallen.json"), *site.local,
        "--json",
    )  # fmt: skip
    assert (told.code, told.json["trust_list"], told.json["key_id"]) == (0, listed["version"] + 1, before["hub:tokens"])
    assert json.loads((site.folder / "fallen.json").read_text()) == {}
    assert _keys(site)["hub:tokens"] != before["hub:tokens"]


def test_compromised_log_key_is_told_with_the_key_that_follows_and_doctor_waits_for_the_hub(site: Site) -> None:
    before = _keys(site)
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    told = run("keys", "compromise", "log", "--since", moment, *site.local, "--json")
    assert (told.code, told.json["key_id"], told.json["certificates"]) == (0, before["hub:log"], 0)
    assert NoteKey.read(told.json["log_key"]).name.endswith("/log/TEST")
    looked = run("doctor", *site.local, "--json")
    assert "log_key_revoked" in next(each["seen"] for each in looked.json if each["name"] == "log")
    with served(site):
        pass
    assert run("doctor", *site.local).code == 0


def test_word_and_timestamp_since_the_compromise_count_for_nothing(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(site):
        pass
    witness = NoteKey("witness.example.test", Ed25519PrivateKey.generate().public_key(), is_witness=True).text
    monkeypatch.setenv("YIZHAO_WITNESSES", json.dumps([f"http://witness.example.test {witness}"]))
    since = datetime.now(UTC).replace(microsecond=0)
    later = since + timedelta(seconds=1)
    with closing(LogStore(make_settings(data=site.folder / "data", keys=site.folder / "keys").log_folder)) as store:
        head = store.head()
        assert store.add_word(WitnessWord(head.number, witness, head.edge.size, head.note, "line\n", later), ())
        root = head.edge.root()
        store.add_time(ProvenTime(head.number, head.edge.size, root, head.note, b"", later, "authority", later))
    before = _seen(site)
    assert run("keys", "compromise", "log", "--since", since.isoformat(), *site.local).code == 0
    after = _seen(site)
    assert before["witnesses"] == ("fine", "1/1")
    assert before["proven_time"] == ("fine", f"{later.isoformat()} authority")
    assert after["log"][0] == "trouble"
    assert after["witnesses"] == ("watch", f"0/1, {head.edge.size} leaves behind")
    assert not after["proven_time"][1].endswith(" authority")


def _seen(site: Site) -> dict[str, tuple[str, str]]:
    return {each["name"]: (each["state"], each["seen"]) for each in run("doctor", *site.local, "--json").json}


def test_cert_is_printed_as_text_that_a_page_takes(site: Site) -> None:
    printed = run("keys", "cert", "system:operator", *site.keys)
    assert (printed.code, printed.out.startswith("-----BEGIN CERTIFICATE-----\n")) == (0, True)
    assert "PRIVATE" not in printed.out
    assert run("keys", "cert", "system:nobody", *site.keys).code == 1


def test_a_release_without_new_types_drafts_nothing(site: Site) -> None:
    draft = site.folder / "types.json"
    answered = run("admit", "--draft", str(draft), *site.local, "--json")
    assert (answered.code, answered.json, draft.exists()) == (0, {"admitted": []}, False)


def _keys(site: Site) -> dict[str, str]:
    return {each["use"]: each["key_id"] for each in run("keys", "list", *site.keys, "--json").json}
