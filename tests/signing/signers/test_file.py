"""Signers over key files: named by URI, capped, and never showing their key."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from signing.algorithms import generate_private_key, key_id, verify_signature
from signing.errors import KeyFileError, RateCapError
from signing.keys import save_private_key
from signing.signers import Signer
from signing.signers.file import FileSigner, RateCap, cert_path, key_path, open_file_signer

PASSPHRASE = secrets.token_bytes(32)


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_signer_opened_by_its_uri_signs_with_the_key_in_the_file(tmp_path: Path) -> None:
    key = generate_private_key("Ed25519")
    save_private_key(key_path("file:seal-1", tmp_path), key, PASSPHRASE)
    signer: Signer = open_file_signer("file:seal-1", tmp_path, PASSPHRASE, rate_cap=None)
    signature = signer.sign(b"message", statement=b"order")
    verify_signature("Ed25519", key.public_key(), signature, b"message")
    assert (signer.algorithm, signer.key_id, signer.cert_der) == ("Ed25519", key_id(key.public_key()), None)


def test_the_cert_beside_the_key_comes_with_the_signer(tmp_path: Path) -> None:
    save_private_key(key_path("file:seal-1", tmp_path), generate_private_key("ES256"), PASSPHRASE)
    cert_path("file:seal-1", tmp_path).write_bytes(b"cert")
    assert open_file_signer("file:seal-1", tmp_path, PASSPHRASE, rate_cap=None).cert_der == b"cert"


@pytest.mark.parametrize(
    "uri",
    [
        "seal",
        "pkcs11:seal",
        "file:",
        "file:../seal",
        "file:a/b",
        "file:.hidden",
        "file:/etc/seal",
        "file:a\n",
        "file:示例",
    ],
)
def test_a_uri_that_leaves_the_folder_or_names_nothing_is_refused(tmp_path: Path, uri: str) -> None:
    with pytest.raises(KeyFileError):
        open_file_signer(uri, tmp_path, PASSPHRASE, rate_cap=None)


def test_the_key_is_not_in_what_a_log_would_print() -> None:
    assert "private" not in repr(FileSigner(generate_private_key("ES256")))


def test_the_cap_lets_a_burst_through_then_one_for_each_interval() -> None:
    clock = Clock()
    signer = FileSigner(generate_private_key("ES256"), rate_cap=RateCap(per_second=2, burst=2, clock=clock))
    signer.sign(b"1", statement=b"order")
    signer.sign(b"2", statement=b"order")
    with pytest.raises(RateCapError):
        signer.sign(b"3", statement=b"order")
    clock.seconds += 0.5
    signer.sign(b"3", statement=b"order")
    with pytest.raises(RateCapError):
        signer.sign(b"4", statement=b"order")


def test_a_long_pause_saves_up_no_more_than_the_burst() -> None:
    clock = Clock()
    cap = RateCap(per_second=100, burst=1, clock=clock)
    clock.seconds += 3600
    cap.take()
    with pytest.raises(RateCapError):
        cap.take()


def test_a_clock_that_runs_backwards_gives_nothing_away() -> None:
    clock = Clock()
    cap = RateCap(per_second=1, burst=1, clock=clock)
    cap.take()
    clock.seconds -= 50
    with pytest.raises(RateCapError):
        cap.take()


def test_fifty_threads_share_one_cap() -> None:
    cap = RateCap(per_second=1, burst=7, clock=Clock())

    def takes(_: int) -> bool:
        try:
            cap.take()
        except RateCapError:
            return False
        return True

    with ThreadPoolExecutor(max_workers=50) as threads:
        assert sum(threads.map(takes, range(50))) == 7


@pytest.mark.parametrize(("per_second", "burst"), [(0, 1), (-1, 1), (1, 0)])
def test_a_cap_that_lets_nothing_through_is_a_mistake(per_second: float, burst: int) -> None:
    with pytest.raises(ValueError, match="rate cap"):
        RateCap(per_second=per_second, burst=burst, clock=Clock())
