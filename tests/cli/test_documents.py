"""Documents by commands alone: fetched by holder and department, made by a worker, proven, drawn again when lost."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZipFile

import pytest

from hub.documents.archive import CONTENTS_NAME
from tests.cli.site import Ran, Site, run, served
from tests.cli.town import issue, new_order, pull, settle

_SECONDS = 30.0
_EDITIONS: tuple[tuple[str, ...], ...] = (("--edition", "original"), ("--edition", "duplicate"))


def _fetched(site: Site, holder: str, folder: Path, *wish: str) -> Ran:
    """Draft an application, sign it as the holder's phone would, and fetch what it gives."""
    drafted = run("download", "draft", holder, *wish, "--url", site.url, "--json")
    draft = site.write("application.json", drafted.out)
    signed = site.write("applied.json", run("simulator", "sign", holder, draft, *site.keys).out)
    return run("download", "fetch", signed, str(folder), "--url", site.url, "--json")


def test_holder_fetches_its_documents_in_a_zip(town: Site, tmp_path: Path) -> None:
    order = new_order()
    identifier = issue(town, order).json["identifier"]
    run("simulator", "make", order["licence_number"], "--name", order["holder_name"], *town.keys)
    fetched = _fetched(town, order["licence_number"], tmp_path, "--edition", "duplicate")
    assert fetched.code == 0, fetched.err
    assert [each["identifier"] for each in fetched.json["documents"]] == [identifier]
    assert "token" not in fetched.json
    with ZipFile(fetched.json["saved"]) as archive:
        assert len(archive.namelist()) == 2


def test_application_for_what_is_no_identifier_is_not_drafted(town: Site) -> None:
    wish = ("--certificate", "1.2.156.3005.2.x")
    refused = run("download", "draft", new_order()["licence_number"], *wish, "--url", town.url, "--json")
    assert (refused.code, "request_form" in refused.err, "下一步 next:" in refused.err) == (1, True, True)


def test_pull_saves_the_copies_as_pdf(town: Site, tmp_path: Path) -> None:
    order = new_order()
    identifier = issue(town, order).json["identifier"]
    pulled = pull(town, order["licence_number"], "--rule", "rule-1", "--copies", str(tmp_path))
    assert pulled.code == 0, pulled.err
    assert (tmp_path / f"{identifier}.pdf").read_bytes().startswith(b"%PDF")


def test_lost_and_damaged_documents_are_named_and_drawn_again(town: Site, tmp_path: Path) -> None:
    order = new_order()
    issue(town, order)
    run("simulator", "make", order["licence_number"], "--name", order["holder_name"], *town.keys)
    assert [_fetched(town, order["licence_number"], tmp_path, *wish).code for wish in _EDITIONS] == [0, 0]
    before = _checked(town)
    lost, damaged = sorted((town.folder / "data" / "documents").glob("??/*.enc"))[-2:]
    lost.unlink()
    damaged.write_bytes(damaged.read_bytes()[:-1])
    named = _checked(town)
    assert (before.code, before.json["faulty"], named.code) == (0, [], 1)
    assert {each["sha256"]: (each["fault"], each["then"]) for each in named.json["faulty"]} == {
        lost.stem: ("missing", "wanted"),
        damaged.stem: ("damaged", "wanted"),
    }
    assert "missing" in run("documents", "check", *town.local).out


def test_document_that_was_lost_is_had_again(town: Site, tmp_path: Path) -> None:
    order = new_order()
    issue(town, order)
    run("simulator", "make", order["licence_number"], "--name", order["holder_name"], *town.keys)
    first = _fetched(town, order["licence_number"], tmp_path)
    shutil.rmtree(town.folder / "data" / "documents" / _sha256_of(first)[:2])
    (town.folder / "data" / "documents" / _sha256_of(first)[:2]).mkdir()
    again = _fetched(town, order["licence_number"], tmp_path)
    assert again.code == 0, again.err
    assert _sha256_of(again) != _sha256_of(first)
    checked = _checked(town)
    told = {each["sha256"]: each["then"] for each in checked.json["faulty"]}
    assert told[_sha256_of(first)] == "replaced"
    assert checked.code == int(set(told.values()) != {"replaced"})


def test_worker_of_its_own_makes_what_is_wanted_and_ends_when_told_to(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YIZHAO_DOCUMENT_THREADS", "0")
    with served(site) as serving:
        settle(serving)
        order = new_order(documents=["original", "duplicate"])
        issue(serving, order)
        run("simulator", "make", order["licence_number"], "--name", order["holder_name"], *site.keys)
        assert _checked(site).json["checked"] == 0
        with _worker(site) as worker:
            fetched = [_fetched(serving, order["licence_number"], tmp_path, *wish).code for wish in _EDITIONS]
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(_SECONDS) == 0
    checked = _checked(site)
    assert (fetched, checked.json) == ([0, 0], {"checked": 2, "faulty": [], "unnamed": 0})


def _checked(site: Site) -> Ran:
    return run("documents", "check", *site.local, "--json")


def _sha256_of(fetched: Ran) -> str:
    """Return the digest that the list of contents names for the one document fetched."""
    with ZipFile(fetched.json["saved"]) as archive:
        return archive.read(CONTENTS_NAME).decode().rstrip().rpartition(",")[2]


@contextmanager
def _worker(site: Site) -> Iterator[subprocess.Popen[bytes]]:
    worker = subprocess.Popen(
        [sys.executable, "-P", "-m", "hub.cli.main", "worker", *site.local, "--threads", "1"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield worker
    finally:
        worker.kill()
        worker.wait()
