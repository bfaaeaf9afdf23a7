"""`yizhao doctor`: a sound installation is fine; each thing that is not is named, and the exit code says so."""

import json
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate

from hub.cli.doctor import Finding, examine
from hub.cli.init import make_settings
from hub.custody.installation import CERT_TERM
from tests.cli.bucket import use_bucket
from tests.cli.site import Ran, Site, run
from tests.provider import CLIENT, running_provider
from tests.s3 import S3Server


def _state(ran: Ran, name: str) -> str:
    found: list[dict[str, str]] = json.loads(ran.out)
    return next(each["state"] for each in found if each["name"] == name)


def _execute(site: Site, statement: str) -> None:
    connection = sqlite3.connect(site.folder / "data" / "hub.db")
    try:
        connection.execute(statement)
        connection.commit()
    finally:
        connection.close()


def _cert_ends(site: Site, now: datetime) -> Finding:
    settings = make_settings(data=site.folder / "data", keys=site.folder / "keys")
    return next(each for each in examine(settings, now) if each.name == "cert_ends")


def test_fresh_installation_is_sound(site: Site) -> None:
    looked = run("doctor", *site.local, "--json")
    assert looked.code == 0
    assert {each["state"] for each in looked.json} <= {"fine", "watch"}
    assert "SQLite" in run("doctor", *site.local).out


def test_missing_installation_is_trouble(site: Site) -> None:
    looked = run("doctor", "--data", str(site.folder / "elsewhere"), "--json")
    assert looked.code == 1
    assert (_state(looked, "keys"), _state(looked, "database")) == ("trouble", "trouble")


def test_anchors_of_existing_documents_are_counted_and_a_file_without_any_is_trouble(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YIZHAO_EXISTING_ANCHORS", site.write("anchors.pem", "no cert"))
    looked = run("doctor", *site.local, "--json")
    assert (looked.code, _state(looked, "existing_anchors")) == (1, "trouble")
    authority = load_der_x509_certificate((site.folder / "keys" / "authority.cert.der").read_bytes())
    anchors = site.write("anchors.pem", authority.public_bytes(Encoding.PEM).decode())
    monkeypatch.setenv("YIZHAO_EXISTING_ANCHORS", anchors)
    assert _state(run("doctor", *site.local, "--json"), "existing_anchors") == "fine"


def test_lost_key_is_trouble(site: Site) -> None:
    (site.folder / "keys" / "hub-answers.key.pem").unlink()
    looked = run("doctor", *site.local, "--json")
    assert (looked.code, _state(looked, "keys")) == (1, "trouble")


def test_certs_that_end_soon_are_named_with_the_days_they_have_left(site: Site) -> None:
    listed = {each["use"]: each["days_left"] for each in run("keys", "list", *site.keys, "--json").json}
    assert listed["root"] in (CERT_TERM.days - 1, CERT_TERM.days)
    assert "days left" in run("keys", "list", *site.keys).out
    now = datetime.now(UTC)
    fresh, late, over = (_cert_ends(site, now + each) for each in (timedelta(0), timedelta(days=650), CERT_TERM))
    assert (fresh.state, late.state, over.state) == ("fine", "watch", "trouble")
    assert "root 79 d" in late.seen or "root 80 d" in late.seen


def test_edited_type_is_trouble(site: Site) -> None:
    _execute(site, "UPDATE type_version SET digest = 'other' WHERE code = 'lift_registration'")
    looked = run("doctor", *site.local, "--json")
    assert (looked.code, _state(looked, "catalogue")) == (1, "trouble")


def test_tables_of_another_version_are_trouble(site: Site) -> None:
    _execute(site, "UPDATE alembic_version SET version_num = 'another'")
    looked = run("doctor", *site.local, "--json")
    assert (looked.code, _state(looked, "migrations")) == (1, "trouble")


def test_body_without_a_seal_in_the_trust_list_is_trouble(site: Site) -> None:
    columns = "licence_number, department, name_zh, name_en, area, from_on"
    number = "11442000000000027P"
    _execute(site, f"INSERT INTO department (licence_number, name_zh, name_en) VALUES ('{number}', '示例', 'Example')")  # noqa: S608
    values = f"'{number}', '{number}', '示例', 'Example', '442000', '2020-01-01'"
    _execute(site, f"INSERT INTO issuing_body ({columns}) VALUES ({values})")  # noqa: S608
    # One that is in charge of nothing, as a court that annotates, seals nothing.
    assert _state(run("doctor", *site.local, "--json"), "seals") == "fine"
    competence = "INSERT INTO competence (issuing_body, certificate_type, from_on) VALUES"
    _execute(site, f"{competence} ('{number}', 'food_operation_permit', '2020-01-01')")
    looked = run("doctor", *site.local, "--json")
    assert (looked.code, _state(looked, "seals")) == (1, "trouble")


def test_bucket_that_keeps_documents_is_fine(site: Site, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    use_bucket(site, s3_server, monkeypatch)
    looked = run("doctor", *site.local, "--json")
    assert (looked.code, _state(looked, "documents")) == (0, "fine")
    assert s3_server.endpoint in looked.out
    assert s3_server.secret not in looked.out


def test_bucket_that_refuses_us_is_trouble(site: Site, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    use_bucket(site, s3_server, monkeypatch, secret="of-another-key")
    looked = run("doctor", *site.local, "--json")
    assert (looked.code, _state(looked, "documents")) == (1, "trouble")
    assert "documents_refused SignatureDoesNotMatch" in looked.out


def test_bucket_that_is_away_is_trouble(site: Site, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    use_bucket(site, s3_server, monkeypatch, endpoint="http://127.0.0.1:1")
    looked = run("doctor", *site.local, "--json")
    assert (looked.code, _state(looked, "documents")) == (1, "trouble")
    assert "documents_unavailable" in looked.out


def test_bucket_that_is_not_wholly_named_is_trouble(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIZHAO_DOCUMENTS", "s3://city-documents/hub")
    looked = run("doctor", *site.local, "--json")
    assert (looked.code, _state(looked, "documents")) == (1, "trouble")
    assert "documents_setting documents_endpoint" in looked.out


def _seen(ran: Ran, name: str) -> str:
    found: list[dict[str, str]] = json.loads(ran.out)
    return next(each["seen"] for each in found if each["name"] == name)


def test_provider_of_identities_is_off_until_it_is_set(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _seen(run("doctor", *site.local, "--json"), "identities") == "off"
    monkeypatch.setenv("YIZHAO_OIDC_ISSUER", "http://id.example.test")
    monkeypatch.setenv("YIZHAO_OIDC_CLIENT_ID", CLIENT)
    open_wire = run("doctor", *site.local, "--json")
    assert (open_wire.code, _seen(open_wire, "identities")) == (1, "oidc_setting oidc_issuer")
    monkeypatch.setenv("YIZHAO_OIDC_ISSUER", "https://id.example.test")
    assert _seen(run("doctor", *site.local, "--json"), "identities") == "key_missing oidc"


def test_provider_of_identities_that_answers_is_fine_and_one_that_is_down_is_trouble(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered = run("keys", "oidc", *site.keys)
    assert registered.json == run("keys", "oidc", *site.keys).json
    assert (registered.json["keys"][0]["alg"], "d" in registered.json["keys"][0]) == ("ES256", False)
    monkeypatch.setenv("YIZHAO_OIDC_CLIENT_ID", CLIENT)
    with running_provider() as provider:
        monkeypatch.setenv("YIZHAO_OIDC_ISSUER", provider.issuer)
        assert _state(run("doctor", *site.local, "--json"), "identities") == "fine"
        provider.metadata_says = {"code_challenge_methods_supported": None}
        weak = run("doctor", *site.local, "--json")
        assert (_state(weak, "identities"), "does not say S256" in weak.out) == ("watch", True)
    down = run("doctor", *site.local, "--json")
    assert (down.code, _state(down, "identities")) == (1, "trouble")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("OIDC_CLIENT_ID", ""), ("OIDC_SCOPES", '["profile"]'), ("OIDC_SECOND_FACTORS", '["otp"]'),
        ("OIDC_OFFICER_CLAIM", ""),
    ],
)  # fmt: skip
def test_setting_of_the_provider_that_is_wrong_is_named(
    setting: str, value: str, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YIZHAO_OIDC_ISSUER", "https://id.example.test")
    monkeypatch.setenv("YIZHAO_OIDC_CLIENT_ID", CLIENT)
    monkeypatch.setenv(f"YIZHAO_{setting}", value)
    assert _seen(run("doctor", *site.local, "--json"), "identities") == f"oidc_setting {setting.lower()}"
