"""Files in a bucket of an S3 server: each whole or not there, and kept once the server has acknowledged it.

Rules:
- A file is one request, whose signature covers its bytes: none is ever half there, and of two under one name at once
  either stays, whole.
- Every request ends within twice `timeout`: no try takes longer than that, and none begins later.
- Whereto, as whom and how requests are signed is said here; variables of the environment that the library would read
  (AWS_…, HTTP_PROXY) do not change it.
- Of what the server said, its error code alone leaves this module.
What the bytes are is not known here: `hub/store/files.py` encrypts them, and holds what comes back against its name.
Source: Amazon S3 API Reference (PutObject, GetObject, DeleteObject, ListObjectsV2), Signature Version 4.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from hub.errors import StoreError
from hub.store.bucket_address import BucketAddress

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Credential

_ERROR_CODE = re.compile(r"<Code>([A-Za-z0-9.]{1,60})</Code>")
_CONNECT_TIMEOUT = timedelta(seconds=2)
_TRIES_AGAIN = 2
_FIRST_PAUSE = timedelta(milliseconds=100)
_LONGEST_PAUSE = timedelta(seconds=1)
# Longer than any document is: what else lies there is not loaded into memory.
_LONGEST_BYTES = 512 * 1024 * 1024
_PAGE = 1_000


class FileBucket:
    """The files under the prefix of a bucket. Raises StoreError documents_refused, documents_unavailable."""

    def __init__(self, address: BucketAddress) -> None:
        def credential() -> "S3Credential":
            return {
                "access_key_id": address.key_id,
                "secret_access_key": address.secret,
                "token": None,
                "expires_at": None,
            }

        self._store = S3Store(
            address.bucket,
            prefix=address.prefix or None,
            # The name for it that wins, also over the environment's.
            aws_endpoint_url_s3=address.endpoint,
            region=address.region,
            virtual_hosted_style_request=False,
            s3_express=False,
            request_payer=False,
            skip_signature=False,
            unsigned_payload=False,
            credential_provider=credential,
            client_options=_client_options(address),
            retry_config={
                "max_retries": _TRIES_AGAIN,
                "retry_timeout": address.timeout,
                "backoff": {"init_backoff": _FIRST_PAUSE, "max_backoff": _LONGEST_PAUSE, "base": 2},
            },
        )

    def put(self, name: str, content: bytes) -> None:
        with _answered():
            self._store.put(name, content, use_multipart=False)

    def get(self, name: str) -> bytes | None:
        with _answered():
            try:
                found = self._store.get(name)
            except FileNotFoundError:
                # 404 is also what a server says that lost its bucket, or that is no S3 server. A file is missing only
                # from a bucket that can be listed.
                next(iter(self._store.list(name)), None)
                return None
            return bytes(found.bytes()) if found.meta["size"] <= _LONGEST_BYTES else b""

    def names(self, *, before: float | None = None) -> Iterator[str]:
        with _answered():
            for page in self._store.list(chunk_size=_PAGE):
                yield from (
                    each["path"] for each in page if before is None or each["last_modified"].timestamp() < before
                )

    def delete(self, name: str) -> None:
        """Delete a file. A bucket that keeps versions keeps this one until its own rule drops it."""
        with _answered(), suppress(FileNotFoundError):
            self._store.delete(name)

    def sweep(self, *, before: float) -> None:
        """Nothing: a request that broke off has left nothing."""


def _client_options(address: BucketAddress) -> "ClientConfig":
    options: ClientConfig = {
        "allow_http": address.endpoint.startswith("http:"),
        "allow_invalid_certificates": False,
        "connect_timeout": _CONNECT_TIMEOUT,
        "timeout": address.timeout,
        # No proxy: only naming one, and this server as never behind it, keeps out the environment's.
        "proxy_url": address.endpoint,
        "proxy_excludes": urlsplit(address.endpoint).hostname or "",
    }
    if address.authority_pem is not None:
        options["root_certificate"] = address.authority_pem
    return options


@contextmanager
def _answered() -> Iterator[None]:
    try:
        yield
    except (PermissionDeniedError, UnauthenticatedError, FileNotFoundError) as error:
        raise StoreError("documents_refused", answer=_error_code(error)) from None
    except (BaseError, OSError) as error:
        raise StoreError("documents_unavailable", answer=_error_code(error)) from None


def _error_code(error: Exception) -> str | None:
    """Return the S3 error code (`NoSuchBucket`); the rest of the text names addresses and keys."""
    found = _ERROR_CODE.search(str(error))
    return found[1] if found else None
