"""A witness of the evidence log over HTTP (C2SP tlog-witness, "add-checkpoint").

What it answers is handed on as it came: whether a line is the witness's word is for the caller to verify.
"""

import re
from collections.abc import Sequence

import httpx

from connectors.contract import WitnessAnswer
from connectors.errors import OutsideError
from connectors.outward import Bounds, post
from signing.checkpoint import NoteKey
from signing.witness_request import make_witness_request

_MOST_BYTES = 16_384
_OK, _CONFLICT = 200, 409
_SIZE_TYPE = "text/x.tlog.size"
_SIZE = re.compile(r"(0|[1-9][0-9]{0,18})\n?")


class HttpWitness:
    """The witness with this `key` at `url`, its submission prefix."""

    def __init__(self, url: str, key: NoteKey, *, http: httpx.Client, seconds: float) -> None:
        self.key = key
        self._url = f"{url.rstrip('/')}/add-checkpoint"
        self._http = http
        self._bounds = Bounds(seconds, _MOST_BYTES)

    def add_checkpoint(self, old: int, path: Sequence[bytes], note: str) -> WitnessAnswer:
        """Return what the witness answers; see `LogWitness.add_checkpoint`."""
        body = make_witness_request(old, path, note)
        reply = post(self._http, self._url, body, headers={"content-type": "text/plain"}, bounds=self._bounds)
        try:
            text = reply.body.decode()
        except UnicodeDecodeError:
            raise OutsideError("form", reply.status) from None
        if reply.status == _OK:
            return WitnessAnswer(lines=tuple(text.splitlines(keepends=True)))
        size = _SIZE.fullmatch(text)
        # A conflict without a size is about two heads of one size, which no other proof mends.
        if reply.status == _CONFLICT and reply.media_type == _SIZE_TYPE and size is not None:
            return WitnessAnswer(size=int(size[1]))
        raise OutsideError("status", reply.status)
