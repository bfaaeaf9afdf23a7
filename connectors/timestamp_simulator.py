"""TEST ONLY: a timestamp authority of our own in a folder; it refuses production.

Its two keys, of an issuer and of the authority that the issuer certified for timestamps alone, lie encrypted in its own
folder. Its certs are TEST certs; its clock is the caller's.
"""

import fcntl
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from connectors.errors import SimulatorError
from signing.algorithms import PrivateKey, generate_private_key
from signing.keys import load_private_key, save_private_key
from signing.signers.file import FileSigner
from signing.synced import replace_synced
from signing.timestamp import make_token
from signing.x509 import Purpose, certify, make_self_signed

# Under the arc of our own (signing/x509.py): no policy but that it is for TEST.
TEST_POLICY = "2.25.64415357385420484476005102715817798255.3"
_YEARS = timedelta(days=20 * 365)
_ISSUER_NAME = "示例时间戳测试发证机构 TEST"
_NAME = "示例时间戳测试机构 TEST"


class TimestampSimulator:
    """A TEST authority in `folder`, which is made when it is not there."""

    def __init__(self, folder: Path, *, passphrase: bytes, mode: str, clock: Callable[[], datetime]) -> None:
        """`passphrase` is a random secret of at least 32 bytes; `clock` tells the moment that is stamped.

        Raises SimulatorError("production") in any mode but "test", KeyFileError when the passphrase is another's.
        """
        if mode != "test":
            raise SimulatorError("production")
        self._folder = folder
        self._passphrase = passphrase
        self._clock = clock
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        issuer_path, cert_path = folder / "issuer.cert.der", folder / "authority.cert.der"
        # Two processes of a hub may start at once.
        with (folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not cert_path.exists():
                self._make(issuer_path, cert_path, clock())
        self.anchor_der = issuer_path.read_bytes()
        self._signer = FileSigner(self._key("authority"), cert_der=cert_path.read_bytes())

    def stamp(self, digest: bytes, nonce: int) -> bytes:
        """Return the token over `digest`; see `TimestampAuthority.stamp`."""
        serial = secrets.randbits(63) + 1
        return make_token(
            digest=digest, nonce=nonce, serial=serial, gen_time=self._clock(), policy=TEST_POLICY, signer=self._signer
        )

    def _make(self, issuer_path: Path, cert_path: Path, now: datetime) -> None:
        issuer_key = self._key("issuer")
        issuer_cert = make_self_signed(
            issuer_key,
            common_name=_ISSUER_NAME,
            purpose=Purpose.AUTHORITY,
            serial=secrets.randbits(126) + 1,
            not_before=now,
            not_after=now + _YEARS,
            test=True,
        )
        cert = certify(
            self._key("authority").public_key(),
            common_name=_NAME,
            licence_number=None,
            purpose=Purpose.TIMESTAMP,
            issuer_cert=issuer_cert,
            issuer_key=issuer_key,
            serial=secrets.randbits(126) + 1,
            not_before=now,
            not_after=now + _YEARS,
            test=True,
        )
        replace_synced(issuer_path, issuer_cert)
        # Last: what a kill leaves before this is made again, with the same keys.
        replace_synced(cert_path, cert)

    def _key(self, name: str) -> PrivateKey:
        path = self._folder / f"{name}.key.pem"
        if not path.exists():
            save_private_key(path, generate_private_key("ES256"), self._passphrase)
        return load_private_key(path, self._passphrase)
