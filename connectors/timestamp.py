"""A timestamp authority over HTTP (RFC 3161, section 3.4: application/timestamp-query and -reply).

What its token proves is not looked at here: whoever asked verifies it (`signing.timestamp`).
"""

import httpx

from connectors.errors import OutsideError
from connectors.outward import Bounds, post
from signing.timestamp import LARGEST_TOKEN_BYTES, timestamp_request, token_of_response

_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"
_OK = 200


class HttpTimestamps:
    """The authority at `url`; an answer may take `seconds`."""

    def __init__(self, url: str, *, http: httpx.Client, seconds: float) -> None:
        self._url = url
        self._http = http
        self._bounds = Bounds(seconds, LARGEST_TOKEN_BYTES)

    def stamp(self, digest: bytes, nonce: int) -> bytes:
        """Return the token over `digest`; see `TimestampAuthority.stamp`."""
        query = timestamp_request(digest, nonce)
        headers = {"content-type": _QUERY, "accept": _REPLY}
        reply = post(self._http, self._url, query, headers=headers, bounds=self._bounds)
        if reply.status != _OK:
            raise OutsideError("status", reply.status)
        if reply.media_type != _REPLY:
            raise OutsideError("form", reply.status)
        return token_of_response(reply.body)
