"""Requests to outside servers over HTTP, bounded: none takes longer or says more than was allowed for.

No redirect is followed: who was configured answers, or nobody.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

import httpx

from connectors.errors import OutsideError


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's answer."""

    status: int
    media_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long an answer may take in all, and how long it may be."""

    seconds: float
    most_bytes: int


def post(http: httpx.Client, url: str, content: bytes, *, headers: Mapping[str, str], bounds: Bounds) -> Reply:
    """Post `content` and return the whole answer; OutsideError unreachable (too slow, too), too_long."""
    return _ask(http, "POST", url, content, headers, bounds)


def get(http: httpx.Client, url: str, *, headers: Mapping[str, str], bounds: Bounds) -> Reply:
    """Get what is at `url`, whole; OutsideError as `post`."""
    return _ask(http, "GET", url, None, headers, bounds)


def is_confidential(url: str) -> bool:
    """Say whether a URL is one that nobody on the way overhears: https, or on this machine, and with no user in it."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment or not url.isascii() or not url.isprintable():
        return False
    return " " not in url and (parts.scheme == "https" or (parts.scheme == "http" and _is_this_machine(host)))


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _ask(
    http: httpx.Client, method: str, url: str, content: bytes | None, headers: Mapping[str, str], bounds: Bounds
) -> Reply:
    ends, body = time.monotonic() + bounds.seconds, bytearray()
    try:
        with http.stream(method, url, content=content, headers=dict(headers), timeout=bounds.seconds) as response:
            # Each wait is bounded by itself: one who sends a byte a second would be read for ever.
            for part in response.iter_bytes():
                body += part
                if len(body) > bounds.most_bytes:
                    raise OutsideError("too_long", response.status_code)
                if time.monotonic() > ends:
                    raise OutsideError("unreachable", response.status_code)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise OutsideError("unreachable") from error
    media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Reply(response.status_code, media_type, bytes(body))
