"""`yizhao serve`: it ends in time with everything acknowledged kept, and refuses to start half-right."""

import signal
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import orjson
import pytest

from hub.cli.init import make_settings
from hub.cli.serve import fits_small_code, renew_trust_list
from hub.client import Client
from hub.custody.installation import TrustInForce, load_installation
from hub.steps.keyfolder import KeyFolder
from hub.store.database import Database
from hub.web.public.qr import modules_of
from tests.cli.bucket import use_bucket
from tests.cli.site import ORIGIN, Site, served, start, stop, url_of
from tests.cli.town import issue, new_order, settle
from tests.s3 import S3Server

LONG = "https://one-licence-for-everything.hub.example.test"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_server_ends_within_five_seconds_when_told_to(site: Site, number: signal.Signals) -> None:
    server = start(site)
    url_of(server)
    assert stop(server, number) == 0


def test_what_was_acknowledged_is_there_after_the_server_was_ended(site: Site) -> None:
    with served(site) as serving:
        settle(serving)
        issued = issue(serving, new_order())
    with served(site) as again:
        found = httpx.get(f"{again.url}/c/{issued.json['reference']}", headers={"accept": "application/json"})
    assert found.json()["certificate"]["identifier"] == issued.json["identifier"]


def test_log_lines_are_json_without_references(site: Site) -> None:
    with served(site) as serving:
        httpx.get(f"{serving.url}/c/7A0ANDJWF0EGKSJKQND5VG86E3")
    lines = [orjson.loads(line) for line in (site.folder / "log.jsonl").read_bytes().splitlines()]
    assert [line["door"] for line in lines if line["event"] == "answered"] == ["/c"]
    assert "7A0ANDJWF0EGKSJKQND5VG86E3" not in (site.folder / "log.jsonl").read_text()


def test_proof_shown_to_one_server_is_refused_by_another_and_after_a_restart(site: Site) -> None:
    path = "/api/v1/intakes/x"
    signer = KeyFolder(site.folder / "keys").signer("system:operator")
    with served(site) as first, served(site) as second, httpx.Client() as http:
        shown = Client(first.url, "operator", signer, origin=ORIGIN, http=http).headers("GET", path)
        codes = [httpx.get(f"{each.url}{path}", headers=shown).status_code for each in (first, second)]
    with served(site) as restarted:
        codes.append(httpx.get(f"{restarted.url}{path}", headers=shown).status_code)
    assert codes == [403, 401, 401], "known, without the role; then not believed again"


def test_process_of_this_machine_says_nothing_about_addresses_without_the_secret(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YIZHAO_SCAN_MISSES", "2/minute")
    monkeypatch.setenv("YIZHAO_PROXY_SECRET_FILE", site.write("secret", "x" * 32))
    with served(site) as serving:
        forged = [_miss(serving, {"x-forwarded-for": f"203.0.113.{number}"}) for number in range(3)]
        proxy = {"yizhao-proxy": "x" * 32, "x-forwarded-for": "203.0.113.9"}
        assert (forged, _miss(serving, proxy)) == ([404, 404, 429], 404)


def test_secret_that_is_too_short_keeps_the_server_from_starting(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIZHAO_PROXY_SECRET_FILE", site.write("secret", "short"))
    server = start(site)
    _, said = server.communicate()
    assert (server.returncode, "proxy_secret_file" in said) == (1, True)


def test_taken_port_is_refused_at_once(site: Site) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        server = start(site, "--port", str(holder.getsockname()[1]))
        _, said = server.communicate()
    assert (server.returncode, "port_taken" in said) == (1, True)


def test_another_public_origin_is_refused(site: Site) -> None:
    server = start(site, "--public-origin", "http://other.example.test")
    _, said = server.communicate()
    assert (server.returncode, "origin_fixed" in said) == (1, True)


def test_bucket_that_refuses_us_is_refused(site: Site, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    use_bucket(site, s3_server, monkeypatch, secret="of-another-key")
    server = start(site)
    _, said = server.communicate()
    assert (server.returncode, "documents_refused" in said, "Traceback" in said) == (1, True, False)


def test_bucket_that_is_away_keeps_nobody_from_a_scan(
    site: Site, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_bucket(site, s3_server, monkeypatch, endpoint="http://127.0.0.1:1")
    with served(site) as serving:
        assert httpx.get(f"{serving.url}/c/7A0ANDJWF0EGKSJKQND5VG86E3").status_code == 404


def test_database_that_was_never_initialised_is_refused(tmp_path: Path) -> None:
    server = start(Site(tmp_path))
    _, said = server.communicate()
    assert server.returncode == 1
    assert "yizhao init" in said


def test_trust_list_is_renewed_when_less_than_half_its_term_is_left(site: Site) -> None:
    settings = make_settings(data=site.folder / "data", keys=site.folder / "keys")
    now = datetime.now(UTC)
    renew_trust_list(settings, now + timedelta(days=1))
    renew_trust_list(settings, now + timedelta(days=20))
    database = Database(settings.database_url, pool_size=2)
    listed = TrustInForce(database, load_installation(database)).refresh(now + timedelta(days=45))
    database.close()
    assert listed is not None
    assert listed.version == 2


@pytest.mark.parametrize(
    "origin", [ORIGIN, LONG, "https://hub.city.test", "https://abcdefghijklmnopqr", "http://127.0.0.1:8000"]
)
def test_warning_about_a_larger_code_agrees_with_what_is_drawn(origin: str) -> None:
    assert fits_small_code(origin) == (modules_of(origin) <= 29)


def _miss(site: Site, headers: dict[str, str]) -> int:
    """Ask for a reference nobody has."""
    return httpx.get(f"{site.url}/c/x", headers=headers | {"accept": "application/json"}).status_code
