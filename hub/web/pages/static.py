"""Static files: read once, served from memory under names that carry their digest, so they may be kept for ever."""

import re
from hashlib import sha256
from pathlib import Path

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

STATIC = Path(__file__).parent.parent / "static"
PREFIX = "/static/"
_MEDIA = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".js": "text/javascript; charset=utf-8"}
_KEPT = {"cache-control": "public, max-age=31536000, immutable"}


_COMMENT = re.compile(rb"/\*.*?\*/", re.DOTALL)
_AIR = re.compile(rb"\s*([{};,\n])\s*|(?<=:)[ ]")


def _content(path: Path) -> bytes:
    """Return what is served: of a style sheet without comments and air, as the whole of a scan has to be small."""
    raw = path.read_bytes()
    return _AIR.sub(lambda found: (found[1] or b"").strip(), _COMMENT.sub(b"", raw)) if path.suffix == ".css" else raw


def _named(path: Path) -> str:
    return f"{path.stem}.{sha256(_content(path)).hexdigest()[:12]}{path.suffix}"


_FILES = {path.name: path for path in sorted(STATIC.iterdir()) if path.suffix in _MEDIA}
_NAMES = {name: _named(path) for name, path in _FILES.items()}
SCRIPTS = tuple(name for name, path in _FILES.items() if path.suffix == ".js")


def address_of(name: str) -> str:
    """Return the path of a static file, such as "hub.css"; KeyError when there is no such file."""
    return PREFIX + _NAMES[name]


def static_app() -> ASGIApp:
    """Return the application that serves the static files; it is mounted at `/static`."""
    answers = {
        _NAMES[name]: Response(_content(path), headers=_KEPT, media_type=_MEDIA[path.suffix])
        for name, path in _FILES.items()
    }
    missing = Response(b"", 404)

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await answers.get(scope["path"].rpartition("/")[2], missing)(scope, receive, send)

    return serve
