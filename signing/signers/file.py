"""Signers whose key lies in an encrypted file: for TEST, and for the hub's own keys of a small site.

A file cannot judge a statement, so it only keeps to its rate cap; a device or seal platform behind the same port may
refuse. Production refuses seal keys of this kind, which is not checked here but where settings are.
"""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from signing.algorithms import PrivateKey, algorithm_of, key_id, sign
from signing.errors import KeyFileError, RateCapError
from signing.keys import load_private_key

_SCHEME = "file:"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class RateCap:
    """At most `burst` signatures at once and `per_second` lasting ones: a token bucket, safe between threads."""

    def __init__(self, per_second: float, burst: int, clock: Callable[[], float]) -> None:
        """`clock` returns seconds that never run backwards, such as `time.monotonic`."""
        if per_second <= 0 or burst < 1:
            raise ValueError("a rate cap lets at least something through")
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._left = float(burst)
        self._filled_at = clock()

    def take(self) -> None:
        """Count one signature, or raise RateCapError and count nothing."""
        with self._lock:
            now = self._clock()
            elapsed_seconds = max(0.0, now - self._filled_at)
            self._left = min(self._burst, self._left + elapsed_seconds * self._per_second)
            self._filled_at = now
            if self._left < 1:
                raise RateCapError("the key's rate cap is reached")
            self._left -= 1


@dataclass(frozen=True, slots=True)
class FileSigner:
    """A `Signer` over a private key held in memory."""

    private_key: PrivateKey = field(repr=False)
    cert_der: bytes | None = None
    rate_cap: RateCap | None = None
    algorithm: str = field(init=False)
    key_id: str = field(init=False)

    def __post_init__(self) -> None:
        public_key = self.private_key.public_key()
        object.__setattr__(self, "algorithm", algorithm_of(public_key))
        object.__setattr__(self, "key_id", key_id(public_key))

    def sign(self, message: bytes, *, statement: bytes | None) -> bytes:
        """Return the raw signature over `message`; RateCapError when the cap is reached. See `Signer.sign`."""
        if self.rate_cap is not None:
            self.rate_cap.take()
        return sign(self.algorithm, self.private_key, message)


def key_path(uri: str, folder: Path) -> Path:
    """Return where the private key named `file:NAME` lies: `folder/NAME.key.pem`. KeyFileError for any other form."""
    name = uri.removeprefix(_SCHEME)
    if not uri.startswith(_SCHEME) or not _NAME.fullmatch(name):
        raise KeyFileError("a key in a file is named file:NAME, of letters, digits, dot, hyphen and underscore")
    return folder / f"{name}.key.pem"


def cert_path(uri: str, folder: Path) -> Path:
    """Return where the cert of the key `file:NAME` lies when it has one: `folder/NAME.cert.der`."""
    return key_path(uri, folder).with_name(f"{uri.removeprefix(_SCHEME)}.cert.der")


def open_file_signer(uri: str, folder: Path, passphrase: bytes, *, rate_cap: RateCap | None) -> FileSigner:
    """Return the signer of the key `file:NAME` in `folder`, with the cert that lies beside it, if any.

    Raises KeyFileError when the name, the file or the passphrase is not right.
    """
    private_key = load_private_key(key_path(uri, folder), passphrase)
    beside = cert_path(uri, folder)
    cert_der = beside.read_bytes() if beside.exists() else None
    return FileSigner(private_key, cert_der=cert_der, rate_cap=rate_cap)
