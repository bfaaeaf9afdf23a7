"""`yizhao witness` as a process of its own: its answers over HTTP, and what it remembers when it is killed."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate

from hub.steps.keyfolder import KeyFolder
from signing.checkpoint import NoteKey, cosignatures, read_checkpoint
from tests.cli.site import STOP_SECONDS, Site, run, served, start, stop, url_of
from tests.second.small_log import SmallLog
from tests.signing.stamping import told_by_openssl

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Witnessing:
    """A running witness, and what it said of itself."""

    child: subprocess.Popen[str]
    url: str
    key: NoteKey

    def ask(self, body: bytes) -> httpx.Response:
        return httpx.post(f"{self.url}/add-checkpoint", content=body)


@contextmanager
def witnessing(folder: Path, *logs: str, before: tuple[str, ...] = ()) -> Iterator[Witnessing]:
    """Run a witness at any free port; it is told to end afterwards, if it still runs."""
    named = [part for each in logs for part in ("--log", each)]
    command = [*before, sys.executable, "-P", "-m", "hub.cli.main", "witness", "--data", str(folder), *named]
    child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT, start_new_session=True)
    assert child.stderr is not None
    try:
        said = next((line for line in iter(child.stderr.readline, "") if line.startswith("yizhao witness: ")), "")
        assert said, "the witness ended before it answered"
        _, _, url, key = said.split()
        yield Witnessing(child, url, NoteKey.read(key))
    finally:
        # The group: a tracer before it is deaf to what it is told itself.
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGTERM)
        try:
            child.wait(STOP_SECONDS)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.stderr.close()


@pytest.fixture(scope="module")
def log() -> SmallLog:
    return SmallLog().add("a", "b", "c")


@pytest.fixture(scope="module")
def shared(log: SmallLog, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Witnessing]:
    with witnessing(tmp_path_factory.mktemp("shared") / "witness", log.key.text) as running:
        yield running


def test_head_is_cosigned_over_http(log: SmallLog, shared: Witnessing) -> None:
    answer = shared.ask(log.ask(0))
    assert answer.status_code == 200
    assert [each.name for each in cosignatures(log.note() + answer.text, [shared.key])] == [shared.key.name]
    assert shared.key.is_witness


def test_each_refusal_has_the_status_of_the_standard(log: SmallLog, shared: Witnessing) -> None:
    fork = log.fork().add("x", "y")
    fork.leaves[0] = b"other"
    remembered = shared.ask(log.ask(0))
    assert remembered.status_code in (200, 409)
    behind = shared.ask(log.ask(0))
    assert (behind.status_code, behind.text, behind.headers["content-type"]) == (409, "3\n", "text/x.tlog.size")
    assert shared.ask(fork.ask(3)).status_code == 422
    fork.leaves = fork.leaves[:3]
    assert shared.ask(fork.ask(3)).status_code == 409
    assert shared.ask(SmallLog().add("a").ask(0)).status_code == 403
    assert shared.ask(SmallLog("unknown.example.test").ask(0)).status_code == 404
    assert shared.ask(b"old").status_code == 400
    assert shared.ask(b"x" * 1_000_000).status_code == 413
    assert httpx.get(f"{shared.url}/add-checkpoint").status_code == 405
    assert httpx.get(f"{shared.url}/").status_code == 404


def test_killed_witness_remembers_and_keeps_its_key(log: SmallLog, tmp_path: Path) -> None:
    keys = tmp_path / "logs"
    keys.write_text(f"{log.key.text}\n")
    with witnessing(tmp_path / "witness", str(keys)) as running:
        assert running.ask(log.ask(0)).status_code == 200
        running.child.send_signal(signal.SIGKILL)
        running.child.wait()
    fork = log.fork()
    fork.leaves[1] = b"other"
    with witnessing(tmp_path / "witness", str(keys)) as again:
        assert again.key.text == running.key.text
        assert again.ask(fork.ask(0)).text == "3\n"
        assert again.ask(fork.ask(3)).status_code == 409
        assert again.ask(log.fork().add("d").ask(3)).status_code == 200
        refused = run("witness", "--data", str(tmp_path / "witness"), "--log", log.key.text)
        assert (refused.code, "witness_running" in refused.err) == (1, True)
    modes = {path.stat().st_mode & 0o077 for path in (tmp_path / "witness").rglob("*")}
    assert modes == {0}


def test_head_is_on_disk_before_it_is_vouched_for(log: SmallLog, tmp_path: Path) -> None:
    trace, calls = tmp_path / "trace", "trace=pwrite64,fsync,fdatasync,recvfrom,sendto,read,write"
    before = ("strace", "-f", "--seccomp-bpf", "-y", "-s", "32", "-e", calls, "-o", str(trace))
    with witnessing(tmp_path / "witness", log.key.text, before=before) as running:
        assert running.ask(log.ask(0)).status_code == 200
    _, asked, after = trace.read_text().partition('"POST /add-checkpoint')
    between, answered, _ = after.partition('"HTTP/1.1 200')
    assert asked
    assert answered
    written = re.findall(r"^\d+ +(pwrite64|fsync|fdatasync)\(\d+<[^>]*-wal>", between, re.MULTILINE)
    assert "pwrite64" in written
    assert written[-1] in ("fsync", "fdatasync")


def test_what_is_no_key_of_a_log_is_refused(shared: Witnessing, tmp_path: Path) -> None:
    for given in ("hub.example.test", shared.key.text, str(tmp_path / "missing")):
        refused = run("witness", "--data", str(tmp_path / "witness"), "--log", given)
        assert (refused.code, "log_key_form" in refused.err) == (1, True)


def test_name_is_fixed_at_the_first_start(log: SmallLog, tmp_path: Path) -> None:
    with witnessing(tmp_path / "witness", log.key.text) as running:
        assert running.key.name.startswith("yizhao-witness/")
    refused = run("witness", "--data", str(tmp_path / "witness"), "--log", log.key.text, "--name", "another")
    assert (refused.code, "witness_name" in refused.err) == (1, True)


def test_served_hub_has_its_heads_cosigned(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes: the hub asks by itself, and its doors serve what witness and timestamp authority said."""
    public = KeyFolder(site.folder / "keys").public_key("hub:log")
    key = NoteKey("hub.example.test/log/TEST", public).text
    with witnessing(tmp_path / "witness", key) as running:
        monkeypatch.setenv("YIZHAO_WITNESSES", json.dumps([f"{running.url} {running.key.text}"]))
        with served(site) as hub:
            assert httpx.get(f"{hub.url}/log/key").text == f"{key}\n"
            note = until_served(f"{hub.url}/log/cosigned")
            assert httpx.get(f"{hub.url}/log/checkpoint").text == note
            stamped = json.loads(until_served(f"{hub.url}/log/time?leaf=0"))
        looked = run("doctor", *site.local, "--json").json
    assert read_checkpoint(note, NoteKey.read(key)).size > 0
    assert len(cosignatures(note, [running.key])) == 1
    assert [each["seen"] for each in looked if each["name"] == "witnesses"] == ["1/1"]
    assert [each["state"] for each in looked if each["name"] == "proven_time"] == ["fine"]
    digest, issuer = sha256(stamped["note"].encode()).digest(), site.folder / "keys/timestamp-simulator/issuer.cert.der"
    token = b64decode(stamped["token"])
    assert "Verification: OK" in told_by_openssl(token, digest, issuer.read_bytes(), tmp_path)


@pytest.mark.parametrize(
    ("url", "anchors"), [("ftp://x", "issuer.pem"), ("http://x", ""), ("http://x", "no such file")]
)
def test_timestamp_authority_that_is_wrongly_set_is_trouble(
    url: str, anchors: str, settled: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YIZHAO_TIMESTAMP_URL", url)
    monkeypatch.setenv("YIZHAO_TIMESTAMP_ANCHORS", anchors)
    looked = run("doctor", *settled.local, "--json")
    assert (looked.code, "timestamp_setting" in looked.out) == (1, True)


def test_hub_refuses_a_witness_that_is_wrongly_set(settled: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIZHAO_WITNESSES", '["http://127.0.0.1:1"]')
    server = start(settled)
    _, said = server.communicate()
    assert (server.returncode, "witnesses_setting" in said, "Traceback" in said) == (1, True, False)


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """An installation that nothing changes."""
    made = Site(tmp_path_factory.mktemp("settled"))
    assert made.init().code == 0
    return made


def until_served(url: str) -> str:
    """Ask again and again until there is an answer, at most ten seconds."""
    pause = threading.Event()
    for _ in range(200):
        answer = httpx.get(url)
        if answer.status_code == 200:
            return answer.text
        pause.wait(0.05)
    raise AssertionError(f"{url} is not served")


@pytest.mark.parametrize(
    ("setting", "value"),
    [("WITNESSES", '["http://127.0.0.1:1"]'), ("WITNESSES", '["ftp://x KEY"]'), ("WITNESSES_NEEDED", "1")],
)
def test_witness_that_is_wrongly_set_is_trouble(
    setting: str, value: str, settled: Site, shared: Witnessing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"YIZHAO_{setting}", value.replace("KEY", shared.key.text))
    looked = run("doctor", *settled.local, "--json")
    assert (looked.code, "witnesses_setting" in looked.out) == (1, True)


def test_server_ends_in_time_however_silent_others_are(
    site: Site, shared: Witnessing, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{silent.getsockname()[1]}"
    anchor = load_der_x509_certificate((site.folder / "keys" / "authority.cert.der").read_bytes())
    monkeypatch.setenv("YIZHAO_TIMESTAMP_ANCHORS", site.write("anchor.pem", anchor.public_bytes(Encoding.PEM).decode()))
    monkeypatch.setenv("YIZHAO_TIMESTAMP_URL", address)
    monkeypatch.setenv("YIZHAO_WITNESSES", json.dumps([f"{address} {shared.key.text}"]))
    with closing(silent):
        server = start(site)
        url = url_of(server)
        accepted = [silent.accept()[0] for _ in range(2)]
        assert httpx.get(f"{url}/log/checkpoint").status_code == 200
        assert stop(server) == 0
        for each in accepted:
            each.close()
