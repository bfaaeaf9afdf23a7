"""The key folder: where this site's private keys lie, encrypted, and what each is for.

`keys.json` maps a use ("seal:91…", "hub:answers", "system:…") to a key's URI; how a URI is opened is `signing/signers`'
business. The folder lies outside the data folder and its backups.
"""

import json
import os
import secrets
import threading
import time
from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

from hub.errors import SetupError
from signing.algorithms import PrivateKey, PublicKey, generate_private_key
from signing.envelope import MasterKey
from signing.errors import SigningError
from signing.keys import load_private_key, save_private_key
from signing.signers import Signer
from signing.signers.file import RateCap, cert_path, key_path, open_file_signer
from signing.synced import replace_synced
from signing.x509 import Purpose, certify, make_self_signed, read_cert_unverified

# TEST only: the e-licence simulator keeps its own keys here, which are none of the hub's.
SIMULATOR_FOLDER = "e-licence-simulator"
# TEST only: the timestamp authority of our own.
PERSON_FOLDER = "person-simulator"
# TEST only: the officers of the demonstration, with their passwords.
OFFICER_FOLDER = "officer-simulator"
TIMESTAMP_FOLDER = "timestamp-simulator"

_INDEX = "keys.json"
_PASSPHRASE = "passphrase"  # noqa: S105 - a file name
_MASTER = "master.key"


class KeyFolder:
    """The keys of one site. `passphrase` (32 bytes or more) opens them all."""

    def __init__(self, folder: Path, passphrase_file: Path | None = None, *, seal_rate: float | None = None) -> None:
        self.folder = folder
        path = passphrase_file or folder / _PASSPHRASE
        try:
            self._passphrase = path.read_bytes().strip()
            self._index: dict[str, str] = json.loads((folder / _INDEX).read_text())
        except FileNotFoundError:
            raise SetupError("keys_missing") from None
        self._seal_rate = seal_rate
        self._signers: dict[str, tuple[str, Signer]] = {}
        self._read_ns = 0
        # Every signature asks for its time: a path that is put together costs twice what is asked.
        self._index_path = str(folder / _INDEX)
        self._lock = threading.Lock()

    @classmethod
    def create(cls, folder: Path, passphrase_file: Path | None = None) -> "KeyFolder":
        """Make an empty key folder with a new passphrase and master secret; SetupError when there is one already."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if (folder / _INDEX).exists():
            raise SetupError("keys_exist")
        if passphrase_file is None:
            replace_synced(folder / _PASSPHRASE, secrets.token_hex(32).encode())
        replace_synced(folder / _MASTER, secrets.token_hex(32).encode())
        replace_synced(folder / _INDEX, b"{}")
        return cls(folder, passphrase_file)

    def master(self) -> MasterKey:
        """Return the master key of what is encrypted at rest; without the passphrase the file alone gives nothing."""
        return MasterKey.from_secret(self.secret("at rest"))

    def secret(self, use: str) -> bytes:
        """Return a 32-byte secret for one use, derived from master file and passphrase."""
        stored = (self.folder / _MASTER).read_bytes().strip()
        return blake2b(stored, key=self._passphrase[:64], person=use.encode()[:16], digest_size=32).digest()

    def make(self, use: str, algorithm: str = "ES256") -> PublicKey:
        """Make a new key for `use` and return its public key; one that a kill left out of the index is taken up."""
        path = key_path(_uri_of(use), self.folder)
        if path.exists() and use not in self.uses():
            key = load_private_key(path, self._passphrase)
            self._put_index({use: _uri_of(use)})
        else:
            key = generate_private_key(algorithm)
            self.keep(use, key)
        return key.public_key()

    def keep(self, use: str, key: PrivateKey) -> None:
        """Keep a key that was made already as that for `use`; KeyFileError when there is one."""
        save_private_key(key_path(_uri_of(use), self.folder), key, self._passphrase)
        self._put_index({use: _uri_of(use)})

    def make_next(self, use: str, algorithm: str = "ES256") -> PublicKey:
        """Make the key that is to follow that of `use`, and let it wait; one that waits already is kept.

        It stands under `next_of(use)`, in a file of its own: the present one is not touched.
        """
        if next_of(use) in self.uses():
            return self.public_key(next_of(use))
        uri = f"file:{use.replace(':', '-')}-{secrets.token_hex(8)}"
        key = generate_private_key(algorithm)
        save_private_key(key_path(uri, self.folder), key, self._passphrase)
        self._put_index({next_of(use): uri})
        return key.public_key()

    def adopt_next(self, use: str) -> None:
        """Let the key that waits take the place of that of `use`, whose file stays; nothing when none waits."""
        waiting = next_of(use)
        if waiting in self.uses():
            self._put_index({use: self._index[waiting]}, without=waiting)

    def uses(self) -> list[str]:
        """Return what there are keys for; what another process added is seen."""
        self._index = json.loads((self.folder / _INDEX).read_text())
        return sorted(self._index)

    def signer(self, use: str) -> Signer:
        """Return the signer for `use`, the next one as soon as another process has put it there; SetupError."""
        with self._lock:
            changed_ns = os.stat(self._index_path).st_mtime_ns
            if changed_ns != self._read_ns:
                self.uses()
                self._read_ns = changed_ns
            opened = self._signers.get(use)
            if opened is None or opened[0] != self._index.get(use):
                uri = self._uri(use)
                opened = self._signers[use] = (uri, self._open(use, uri))
            return opened[1]

    def cert(self, use: str) -> bytes:
        """Return the cert (DER) of the key for `use`."""
        found = self.signer(use).cert_der
        if found is None:
            raise SetupError("cert_missing", use=use)
        return found

    def ends_at(self, use: str) -> datetime | None:
        """Return when the cert of the key for `use` ends; None for a key that has none."""
        cert_der = self.signer(use).cert_der
        return read_cert_unverified(cert_der).not_after if cert_der is not None else None

    def put_cert(self, use: str, cert_der: bytes) -> None:
        """Lay a cert beside its key."""
        replace_synced(cert_path(self._uri(use), self.folder), cert_der)
        with self._lock:
            self._signers.pop(use, None)

    def make_authority(self, use: str, *, common_name: str, purpose: Purpose, now: datetime, until: datetime) -> bytes:
        """Make a TEST root or authority: a key and the cert it gives itself."""
        self.make(use)
        key = load_private_key(key_path(self._uri(use), self.folder), self._passphrase)
        cert_der = make_self_signed(
            key, common_name=common_name, purpose=purpose, serial=_serial(), not_before=now, not_after=until, test=True
        )
        self.put_cert(use, cert_der)
        return cert_der

    def certify(
        self,
        use: str,
        *,
        by: str,
        common_name: str,
        licence_number: str | None,
        purpose: Purpose,
        now: datetime,
        until: datetime,
    ) -> bytes:
        """Let the TEST authority `by` certify the key for `use`; the cert is laid beside the key and returned."""
        cert_der = self.certify_key(
            self.public_key(use), by=by, common_name=common_name, licence_number=licence_number, purpose=purpose,
            now=now, until=until,
        )  # fmt: skip
        self.put_cert(use, cert_der)
        return cert_der

    def certify_key(
        self,
        public_key: PublicKey,
        *,
        by: str,
        common_name: str,
        licence_number: str | None,
        purpose: Purpose,
        now: datetime,
        until: datetime,
    ) -> bytes:
        """Let the TEST authority `by` certify a key that lies elsewhere; return the cert (DER)."""
        return certify(
            public_key,
            common_name=common_name,
            licence_number=licence_number,
            purpose=purpose,
            issuer_cert=self.cert(by),
            issuer_key=load_private_key(key_path(self._uri(by), self.folder), self._passphrase),
            serial=_serial(),
            not_before=now,
            not_after=until,
            test=True,
        )

    def public_key(self, use: str) -> PublicKey:
        return load_private_key(key_path(self._uri(use), self.folder), self._passphrase).public_key()

    def _put_index(self, uris: Mapping[str, str], *, without: str | None = None) -> None:
        with self._lock:
            index = json.loads((self.folder / _INDEX).read_text()) | dict(uris)
            if without is not None:
                del index[without]
            self._index = index
            replace_synced(self.folder / _INDEX, json.dumps(index, indent=1, sort_keys=True).encode())
            self._signers = {use: opened for use, opened in self._signers.items() if use in index.keys() - uris.keys()}

    def _uri(self, use: str) -> str:
        if use not in self._index:
            self.uses()
        try:
            return self._index[use]
        except KeyError:
            raise SetupError("key_missing", use=use) from None

    def _open(self, use: str, uri: str) -> Signer:
        cap = None
        if use.startswith("seal:") and self._seal_rate is not None:
            cap = RateCap(self._seal_rate, max(1, int(self._seal_rate)), time.monotonic)
        try:
            return open_file_signer(uri, self.folder, self._passphrase, rate_cap=cap)
        except (SigningError, OSError):
            raise SetupError("key_unusable", use=use) from None


def next_of(use: str) -> str:
    """Return the use under which the key waits that is to follow that of `use`."""
    return f"next:{use}"


def _uri_of(use: str) -> str:
    return "file:" + use.replace(":", "-")


def _serial() -> int:
    return secrets.randbits(126) + 1
