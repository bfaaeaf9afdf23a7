"""Reading what strangers send: length, encoding and depth are held before anything is parsed."""

from collections.abc import Callable, Coroutine
from typing import Any

from anyio import fail_after
from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect

from hub.errors import HubError
from signing.errors import MalformedTokenError
from signing.jws import parse_json

LONGEST_JSON = 1_000_000
_LONGEST_SECONDS = 60.0


class BodyError(HubError):
    """A request body that is not read: too long, too slow, not JSON, too deep, of another media type."""


async def read_body(request: Request, longest: int) -> bytes:
    """Return the whole body; BodyError body_too_long as soon as it is known to be so, body_too_slow after a minute."""
    declared = declared_length(request)
    if declared is not None and declared > longest:
        raise BodyError("body_too_long", longest=longest)
    body = bytearray()
    try:
        with fail_after(_LONGEST_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > longest:
                    raise BodyError("body_too_long", longest=longest)
    except TimeoutError:
        raise BodyError("body_too_slow") from None
    except ClientDisconnect:  # nobody is there to read the answer; it is no failure of the hub's
        raise BodyError("body_malformed") from None
    return bytes(body)


def declared_length(request: Request) -> int | None:
    """Return the length of the body as its sender says it, or None."""
    declared = request.headers.get("content-length", "")
    return int(declared) if declared.isdigit() else None


class StrictRoute(APIRoute):
    """A route whose JSON body is at most 1 MB, UTF-8, at most 32 deep and names no member twice."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()

        async def strict(request: Request) -> Response:
            if request.method in ("POST", "PUT", "PATCH"):
                kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
                if kind != "application/json":
                    raise BodyError("media_type", expected="application/json")
                body = await read_body(request, LONGEST_JSON)
                try:
                    parse_json(body, max_bytes=LONGEST_JSON)
                except MalformedTokenError:
                    raise BodyError("body_malformed") from None
                request._body = body  # what FastAPI parses now is what was held against the rules above
            return await inner(request)

        return strict
