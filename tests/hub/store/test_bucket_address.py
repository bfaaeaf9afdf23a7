"""The settings of a bucket: whole, safe on the way, or refused with the one that is wrong."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.errors import SetupError
from hub.settings import Settings
from tests.s3 import S3Server


@pytest.fixture
def given(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "secret").write_text("the-secret\n")
    return {
        "documents": "s3://city-documents/hub/test",
        "documents_endpoint": "https://s3.example.test",
        "documents_key_id": "hub",
        "documents_secret_file": tmp_path / "secret",
    }


def test_documents_lie_in_the_data_folder_unless_a_bucket_is_named(tmp_path: Path) -> None:
    assert Settings(folder=tmp_path).document_place == tmp_path / "documents"


def test_a_bucket_is_read_from_the_environment(given: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YIZHAO_DOCUMENTS", "s3://city-documents/hub/test")
    monkeypatch.setenv("YIZHAO_DOCUMENTS_ENDPOINT", "https://s3.example.test")
    monkeypatch.setenv("YIZHAO_DOCUMENTS_KEY_ID", "hub")
    monkeypatch.setenv("YIZHAO_DOCUMENTS_SECRET_FILE", str(given["documents_secret_file"]))
    address = Settings().document_place
    assert not isinstance(address, Path)
    assert (address.bucket, address.prefix, address.endpoint) == (
        "city-documents",
        "hub/test",
        "https://s3.example.test",
    )
    assert (address.region, address.key_id, address.secret) == ("us-east-1", "hub", "the-secret")
    assert address.timeout == timedelta(seconds=5)


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://s3.example.test:9000",
        "http://127.0.0.1:8333",
        "http://localhost",
        "http://[::1]:9",
        "https://[fd00::1]",
    ],
)
def test_https_leads_anywhere_and_http_to_this_machine(given: dict[str, Any], endpoint: str) -> None:
    assert endpoint in str(Settings(**(given | {"documents_endpoint": endpoint})).document_place)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("documents", "s3://"),
        ("documents", "s3://Upper-Case"),
        ("documents", "s3://city-documents/"),
        ("documents", "s3://city-documents//twice"),
        ("documents", "s3://city-documents/../other"),
        ("documents", "s3://key:secret@city-documents"),
        ("documents", "https://s3.example.test/city-documents"),
        ("documents", "another/folder"),
        ("documents_endpoint", ""),
        ("documents_endpoint", "s3.example.test"),
        ("documents_endpoint", "http://s3.example.test"),
        ("documents_endpoint", "http://127.0.0.1.example.test"),
        ("documents_endpoint", "http://localhost@s3.example.test"),
        ("documents_endpoint", "https://hub:secret@s3.example.test"),
        ("documents_endpoint", "https://s3.example.test/path"),
        ("documents_endpoint", "https://s3.example.test:99999"),
        ("documents_key_id", ""),
        ("documents_secret_file", None),
        ("documents_secret_file", Path("nowhere")),
        ("documents_secret_file", Path("/dev/null")),
        ("documents_authority_file", Path("nowhere")),
        ("documents_authority_file", Path("/dev/null")),
    ],
)
def test_a_setting_that_is_missing_or_unsafe_is_named(given: dict[str, Any], setting: str, value: Any) -> None:
    settings = Settings(**(given | {setting: value}))
    with pytest.raises(SetupError) as refused:
        _ = settings.document_place
    assert (refused.value.code, refused.value.facts) == ("documents_setting", {"setting": setting})


def test_the_authority_behind_a_server_is_read(given: dict[str, Any], s3_server: S3Server) -> None:
    address = Settings(**(given | {"documents_authority_file": s3_server.authority})).document_place
    assert not isinstance(address, Path)
    assert str(address.authority_pem).startswith("-----BEGIN CERTIFICATE-----")
