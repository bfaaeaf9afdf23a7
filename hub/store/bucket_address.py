"""The address of a bucket: whereto, as whom, and whom to trust on the way; checked whole before it is used.

Nothing but https leaves this machine: files are encrypted, but requests name them, and who could alter an answer could
hide a file. That bucket and server are there is not checked here: `hub/store/places.py` proves it.
Source: Amazon S3 User Guide, "General purpose bucket naming rules".
"""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography.x509 import load_pem_x509_certificates

from hub.errors import SetupError

_URL = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])((?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*)")
_ENDPOINT = re.compile(r"(https?)://([A-Za-z0-9.-]+|\[[0-9a-f:]+\])(?::([0-9]{1,5}))?")
_LAST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class BucketAddress:
    """A bucket and a prefix in it, the server that has it (`endpoint`, its URL) and as whom we come.

    `authority_pem` certified the server's TLS cert, where this machine does not trust it already.
    """

    bucket: str
    prefix: str
    endpoint: str
    region: str
    key_id: str
    secret: str = field(repr=False)
    timeout: timedelta
    authority_pem: str | None = None

    @classmethod
    def load(
        cls,
        url: str,
        *,
        endpoint: str,
        region: str,
        key_id: str,
        secret_file: Path | None,
        authority_file: Path | None,
        timeout: timedelta,
    ) -> "BucketAddress":
        """Check the settings of a bucket (`s3://BUCKET/PREFIX`) and read its files.

        Raises SetupError documents_setting, which names the one that is wrong or missing.
        """
        found = _URL.fullmatch(url)
        if found is None:
            raise _wrong("documents")
        if not _is_confidential(endpoint):
            raise _wrong("documents_endpoint")
        if not key_id:
            raise _wrong("documents_key_id")
        secret = _load(secret_file, "documents_secret_file") if secret_file else ""
        if not secret:
            raise _wrong("documents_secret_file")
        authority = _load_authority(authority_file) if authority_file else None
        return cls(found[1], found[2].strip("/"), endpoint, region, key_id, secret, timeout, authority)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix} {self.endpoint}"


def _is_confidential(endpoint: str) -> bool:
    """Say whether an endpoint is the URL of a server (no path, no user) that nobody on the way to it overhears."""
    found = _ENDPOINT.fullmatch(endpoint)
    if found is None or int(found[3] or 0) > _LAST_PORT:
        return False
    return found[1] == "https" or _is_this_machine(found[2])


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _load_authority(file: Path) -> str:
    text = _load(file, "documents_authority_file")
    try:
        load_pem_x509_certificates(text.encode())
    except ValueError:
        raise _wrong("documents_authority_file") from None
    return text


def _load(file: Path, setting: str) -> str:
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError):
        raise _wrong(setting) from None


def _wrong(setting: str) -> SetupError:
    return SetupError("documents_setting", setting=setting)
