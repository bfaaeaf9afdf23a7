"""A timestamp authority over real HTTP, and the TEST authority of our own."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from asn1crypto.tsp import TimeStampReq

from connectors.errors import OutsideError, SimulatorError
from connectors.timestamp import HttpTimestamps
from connectors.timestamp_simulator import TEST_POLICY, TimestampSimulator
from signing.errors import KeyFileError, TimestampRefusedError
from signing.timestamp import verify_token
from tests.signing.stamping import granted, new_rsa_authority, told_by_openssl

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
PASSPHRASE = b"s" * 32
DIGEST = sha256(b"note").digest()


def simulator(folder: Path, **changes: object) -> TimestampSimulator:
    given = {"passphrase": PASSPHRASE, "mode": "test", "clock": lambda: NOW} | changes
    return TimestampSimulator(folder, **given)  # type: ignore[arg-type]


@contextmanager
def answering(status: int, media_type: str, answer: object) -> Iterator[str]:
    """Serve one answer, or what a function makes of the query."""

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["content-length"]))
            assert self.headers["content-type"] == "application/timestamp-query"
            body = answer(query) if callable(answer) else answer
            assert isinstance(body, bytes)
            self.send_response(status)
            self.send_header("content-type", media_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/tsa"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def asked_over_http(url: str) -> bytes:
    with httpx.Client() as http:
        return HttpTimestamps(url, http=http, seconds=5).stamp(DIGEST, 77)


def test_token_of_the_test_authority_is_verified_by_openssl(tmp_path: Path) -> None:
    ours = simulator(tmp_path / "tsa")
    token = ours.stamp(DIGEST, 77)
    stamp = verify_token(token, digest=DIGEST, anchors=[ours.anchor_der], allow_test=True)
    assert (stamp.gen_time, stamp.nonce, stamp.policy) == (NOW, 77, TEST_POLICY)
    assert "TEST" in stamp.whose
    assert "Verification: OK" in told_by_openssl(token, DIGEST, ours.anchor_der, tmp_path, NOW)
    with pytest.raises(TimestampRefusedError):
        verify_token(token, digest=DIGEST, anchors=[ours.anchor_der], allow_test=False)


def test_test_authority_is_made_once_and_lies_encrypted(tmp_path: Path) -> None:
    first, again = simulator(tmp_path / "tsa"), simulator(tmp_path / "tsa")
    token = first.stamp(DIGEST, 1)
    assert verify_token(token, digest=DIGEST, anchors=[again.anchor_der], allow_test=True).nonce == 1
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "tsa").glob("*.key.pem")} == {0}
    with pytest.raises(KeyFileError):
        simulator(tmp_path / "tsa", passphrase=b"t" * 32)


def test_test_authority_refuses_production(tmp_path: Path) -> None:
    with pytest.raises(SimulatorError):
        simulator(tmp_path / "tsa", mode="production")
    assert not (tmp_path / "tsa").exists()


def test_authority_is_asked_over_http(tmp_path: Path) -> None:
    ours = simulator(tmp_path / "tsa")

    def respond(query: bytes) -> bytes:
        asked = TimeStampReq.load(query, strict=True)
        imprint = asked["message_imprint"]
        assert (imprint["hash_algorithm"]["algorithm"].native, asked["cert_req"].native) == ("sha256", True)
        return granted(ours.stamp(imprint["hashed_message"].native, asked["nonce"].native))

    with answering(200, "application/timestamp-reply", respond) as url:
        token = asked_over_http(url)
    assert verify_token(token, digest=DIGEST, anchors=[ours.anchor_der], allow_test=True).nonce == 77


def test_outside_authority_is_asked_over_http(tmp_path: Path) -> None:
    outside = new_rsa_authority(tmp_path / "tsa")
    with answering(200, "application/timestamp-reply", outside.respond) as url:
        token = asked_over_http(url)
    assert verify_token(token, digest=DIGEST, anchors=[outside.issuer_der], allow_test=False).nonce == 77


@pytest.mark.parametrize(
    ("status", "media_type", "body", "reason"),
    [
        (503, "application/timestamp-reply", b"", "status"),
        (302, "application/timestamp-reply", b"", "status"),
        (200, "text/html", b"<p>", "form"),
        (200, "application/timestamp-reply", b"x" * 100_000, "too_long"),
        (200, "application/timestamp-reply", b"", "form"),
        (200, "application/timestamp-reply", b"\x30\x05\x30\x03\x02\x01\x02", "rejected"),
    ],
)
def test_what_is_no_timestamp_is_refused(status: int, media_type: str, body: bytes, reason: str) -> None:
    with answering(status, media_type, body) as url, pytest.raises((OutsideError, TimestampRefusedError)) as caught:
        asked_over_http(url)
    assert caught.value.reason == reason  # type: ignore[attr-defined]


def test_authority_that_is_not_there_is_told() -> None:
    with pytest.raises(OutsideError) as caught:
        asked_over_http("http://127.0.0.1:1/tsa")
    assert caught.value.reason == "unreachable"
