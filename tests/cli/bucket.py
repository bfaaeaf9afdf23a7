"""A site whose documents lie in a bucket: the settings that say so, as its operator would set them."""

import pytest

from tests.cli.site import Site
from tests.s3 import S3Server


def use_bucket(site: Site, server: S3Server, monkeypatch: pytest.MonkeyPatch, **other: str) -> None:
    """Name a new prefix of the server's bucket in the environment; `secret` or `endpoint` may be another one."""
    address = server.new_address()
    secret = site.write("documents.secret", other.get("secret", server.secret))
    monkeypatch.setenv("YIZHAO_DOCUMENTS", f"s3://{address.bucket}/{address.prefix}")
    monkeypatch.setenv("YIZHAO_DOCUMENTS_ENDPOINT", other.get("endpoint", server.endpoint))
    monkeypatch.setenv("YIZHAO_DOCUMENTS_KEY_ID", server.key_id)
    monkeypatch.setenv("YIZHAO_DOCUMENTS_SECRET_FILE", secret)
