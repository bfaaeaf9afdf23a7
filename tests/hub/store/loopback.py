"""Servers on 127.0.0.1 that are no S3 server: each answers in one bad way, for as long as somebody asks."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_DRIP_SECONDS = 0.05


@contextmanager
def silent_server() -> Iterator[str]:
    """Yield the URL of a server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@contextmanager
def answering(status: int = 200, length: int = 0) -> Iterator[str]:
    """Yield the URL of a server that answers everything with a status and a body, said to be of `length`, in drips."""
    handler = partial(_Dripping, status, length)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(_DRIP_SECONDS,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def unused_endpoint() -> str:
    """Return a URL at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return f"http://127.0.0.1:{listening.getsockname()[1]}"


class _Dripping(BaseHTTPRequestHandler):
    def __init__(self, status: int, length: int, *connection: object) -> None:
        self._status = status
        self._length = length
        self._pause = threading.Event()
        super().__init__(*connection)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        self.send_response(self._status)
        for name, value in {
            "Content-Length": str(self._length),
            "ETag": '"0"',
            "Last-Modified": "Tue, 24 Nov 2026 08:00:00 GMT",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            for _ in range(self._length):
                self.wfile.write(b"x")
                self.wfile.flush()
                self._pause.wait(_DRIP_SECONDS)
        except OSError:
            return  # whoever asked has left

    do_PUT = do_GET

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Say nothing."""
