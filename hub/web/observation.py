"""What surrounds every request: a trace id, one log line, metrics, security headers, and the last word on failures.

A plain ASGI layer, as the cheapest one there is: it stands in front of the scan door too. Log lines carry door, status,
time and trace id, and never a path with a reference in it, a field, or an address of a person.
"""

import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

_POLICY = (
    b"default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; connect-src 'self'; "
    b"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"content-security-policy", _POLICY),
]
_NO_CAMERA = (b"permissions-policy", b"camera=(), microphone=(), geolocation=()")
_CAMERA = (b"permissions-policy", b"camera=(self), microphone=(), geolocation=()")
# The one page with a live view of the camera: an officer's window.
_CAMERA_PATHS = frozenset({"/department/window", "/department/window/photo"})
_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Observation:
    """The outermost layer. `routes` names a request's door from its path without keeping the path."""

    def __init__(
        self, inner: Application, *, metrics: CollectorRegistry, failure: Callable[[str], tuple[int, bytes]]
    ) -> None:
        self._inner = inner
        self._failure = failure
        self._log = structlog.get_logger("hub.request")
        self._requests = Counter("hub_requests", "Requests by door and status", ["door", "status"], registry=metrics)
        self._seconds = Histogram("hub_seconds", "Seconds by door", ["door"], buckets=_BUCKETS, registry=metrics)
        # Looking a labelled child up costs more than counting; doors and statuses are few.
        self._counters: dict[tuple[str, int], Any] = {}
        self._timers: dict[str, Any] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        started = time.perf_counter()
        trace = secrets.token_hex(8)
        scope["trace"] = trace
        status = 0

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                camera = _CAMERA if scope["path"] in _CAMERA_PATHS else _NO_CAMERA
                headers = [*message.get("headers", ()), *_HEADERS, camera, (b"x-trace-id", trace.encode())]
                if not any(name == b"cache-control" for name, _ in headers):
                    headers.append((b"cache-control", b"no-store"))
                message["headers"] = headers
            await send(message)

        try:
            await self._inner(scope, receive, observed)
        except Exception as error:
            # The kind is enough to find the place; the text may hold what a log must not.
            self._log.error("failed", trace=trace, kind=type(error).__name__, place=_place(error))
            if not status:
                code, body = self._failure(trace)
                head = [(b"content-type", b"application/problem+json"), (b"cache-control", b"no-store")]
                await observed({"type": "http.response.start", "status": code, "headers": head})
                await observed({"type": "http.response.body", "body": body})
        finally:
            self._note(scope, status, time.perf_counter() - started, trace)

    def _note(self, scope: Scope, status: int, seconds: float, trace: str) -> None:
        door = _door(scope["path"])
        counter = self._counters.get((door, status))
        if counter is None:
            counter = self._counters[door, status] = self._requests.labels(door, str(status))
        counter.inc()
        timer = self._timers.get(door)
        if timer is None:
            timer = self._timers[door] = self._seconds.labels(door)
        timer.observe(seconds)
        self._log.info("answered", door=door, status=status, ms=round(seconds * 1000, 2), trace=trace)


def _door(path: str) -> str:
    """Return the door's name: the first parts of a path that are names of ours, never a reference or number."""
    parts = [*path.split("/", 4), "", "", "", ""]
    if parts[1] == "api":
        return f"/api/{parts[3]}" if parts[3] in _NOUNS else "/api"
    first = parts[1].lower()
    return f"/{first}" if first in _DOORS else "/other"


_DOORS = frozenset(
    {
        "",
        "q",
        "c",
        "k",
        "kept",
        "report",
        "components",
        "search",
        "resolve",
        "sheet",
        "verify",
        "oauth",
        "status",
        "healthz",
        "readyz",
        "metrics",
    }
    | {"api", "static", "qr", "catalogue", ".well-known", "e-licence", "enterprise", "grant-requests", "department"}
    | {"operator", "grant-links"}
)
_NOUNS = frozenset(
    {"certificates", "status-changes", "intakes", "pulls", "comparisons", "grants", "departments", "issuing-bodies"}
    | {"systems", "officers", "officer-codes", "enterprises", "sources", "licence-number-overrides", "sharing-rules"}
    | {"catalogue", "verifications", "openapi.json", "downloads", "deliveries", "pictures", "existing-documents"}
    | {"references", "visitor-reports", "figures", "figure-sheets", "figure-corrections"}
)


def _place(error: Exception) -> str:
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    return f"{frame.tb_frame.f_code.co_name}:{frame.tb_lineno}" if frame is not None else "unknown"
