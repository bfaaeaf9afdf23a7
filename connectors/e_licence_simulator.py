"""TEST ONLY: a folder that plays the national electronic business licence system, its authority and its phones.

It makes TEST certs, signs texts as a phone would, and keeps a register of which certs stand; it refuses production.
The keys lie encrypted in its own folder, which is none of the hub's: the hub never holds an enterprise's key.
The register is one JSON file, replaced whole, so that it can be changed while a hub reads it.
"""

import fcntl
import json
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from connectors.contract import CertStatus, LicenceSigner, SignedText, SignerRole
from connectors.e_licence import ROLE_CODES
from connectors.errors import SimulatorError
from signing.algorithms import PrivateKey, PublicKey, generate_private_key, sign
from signing.keys import load_private_key, save_private_key
from signing.synced import replace_synced
from signing.x509 import Purpose, certify, make_self_signed, read_cert_unverified

AUTHORITY_YEARS = 20
LICENCE_YEARS = 5

_AUTHORITY_NAME = "示例电子营业执照测试发证机构 TEST"
_ALGORITHM: Literal["ES256"] = "ES256"
_YEAR = timedelta(days=365)
_LICENCE_NUMBER = re.compile(r"[0-9A-Z]{18}")
_REGISTER = "register.json"
_AUTHORITY_KEY = "authority.key.pem"
_CODES = {role: code for code, role in ROLE_CODES.items()}

# What X.520 leaves for a common name, in bytes of UTF-8; a Chinese character takes three.
_NAME_BYTES = 64 - len("#0")


@dataclass(frozen=True, slots=True)
class Licence:
    """What making an e-licence returns: where its files lie, its cert, and who it will say has signed."""

    key_path: Path
    cert_path: Path
    cert_der: bytes
    signer: LicenceSigner


class ELicenceSimulator:
    """A TEST authority with its licences in `folder`, which is made when it is not there."""

    def __init__(self, folder: Path, *, passphrase: bytes, mode: str, now: datetime) -> None:
        """`passphrase` is a random secret of at least 32 bytes; `now` is when a new authority begins.

        Raises SimulatorError("production") in any mode but "test", KeyFileError when the passphrase is another's.
        """
        if mode != "test":
            raise SimulatorError("production")
        self._folder = folder
        self._passphrase = passphrase
        self._authority_cert = folder / "authority.cert.der"
        (folder / "licences").mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self._authority_cert.exists():
            self._make_authority(now)
        self._authority_key = load_private_key(folder / _AUTHORITY_KEY, passphrase)

    @property
    def anchor_der(self) -> bytes:
        """The authority's cert, which the trust list of a TEST hub names as an e-licence anchor."""
        return self._authority_cert.read_bytes()

    def make_licence(self, licence_number: str, name: str, role: SignerRole, now: datetime) -> Licence:
        """Make the e-licence of an enterprise for one role, good for LICENCE_YEARS from `now`, and register it as good.

        Raises SimulatorError("exists") when this role has one, SimulatorError("licence_number") for another form.
        """
        key_path, cert_path = self._paths(licence_number, role)
        if cert_path.exists():
            raise SimulatorError("exists")
        cert_der = self.certify_key(self._key(key_path).public_key(), licence_number, name, role, now)
        # Last: what a kill leaves before this is made again, with the same key.
        replace_synced(cert_path, cert_der)
        return Licence(key_path, cert_path, cert_der, _signer(cert_der, role))

    def certify_key(
        self, public_key: PublicKey, licence_number: str, name: str, role: SignerRole, now: datetime
    ) -> bytes:
        """Return the cert (DER) of an e-licence whose key stays where it was made, and register it as good.

        Whoever asks has one: that is what makes it a simulator. SimulatorError("licence_number") for another form.
        """
        self._paths(licence_number, role)
        cert_der = certify(
            public_key,
            common_name=f"{_cut(name)}#{_CODES[role]}",
            licence_number=licence_number,
            purpose=Purpose.E_LICENCE,
            issuer_cert=self.anchor_der,
            issuer_key=self._authority_key,
            serial=secrets.randbits(128) + 1,
            not_before=now,
            not_after=now + LICENCE_YEARS * _YEAR,
            test=True,
        )
        serial = _signer(cert_der, role).cert_serial
        self._register(lambda register: register["certs"].update({serial: "good"}))
        return cert_der

    def sign(self, licence_number: str, text: str, role: SignerRole) -> SignedText:
        """Return the text signed as the holder's phone would. SimulatorError("unknown_licence") when there is none."""
        key_path, cert_path = self._paths(licence_number, role)
        if not cert_path.exists():
            raise SimulatorError("unknown_licence")
        signature = sign(_ALGORITHM, load_private_key(key_path, self._passphrase), text.encode())
        return SignedText(text, _ALGORITHM, signature, cert_path.read_bytes(), role)

    def set_status(self, licence_number: str, role: SignerRole, state: Literal["good", "revoked"]) -> None:
        """Say in the register whether a licence stands. SimulatorError("unknown_licence") when there is none."""
        _, cert_path = self._paths(licence_number, role)
        if not cert_path.exists():
            raise SimulatorError("unknown_licence")
        serial = _signer(cert_path.read_bytes(), role).cert_serial
        self._register(lambda register: register["certs"].update({serial: state}))

    def set_reachable(self, *, reachable: bool) -> None:
        """Begin or end an outage: while it lasts, every status is unknown."""
        self._register(lambda register: register.update(reachable=reachable))

    def _paths(self, licence_number: str, role: SignerRole) -> tuple[Path, Path]:
        # The number becomes a file's name: nothing but its own characters may stand in it.
        if not _LICENCE_NUMBER.fullmatch(licence_number) or role not in _CODES:
            raise SimulatorError("licence_number")
        folder, name = self._folder / "licences", f"{licence_number}.{role}"
        return folder / f"{name}.key.pem", folder / f"{name}.cert.der"

    def _key(self, path: Path) -> PrivateKey:
        if not path.exists():
            save_private_key(path, generate_private_key(_ALGORITHM), self._passphrase)
        return load_private_key(path, self._passphrase)

    def _make_authority(self, now: datetime) -> None:
        key = self._key(self._folder / _AUTHORITY_KEY)
        cert_der = make_self_signed(
            key,
            common_name=_AUTHORITY_NAME,
            purpose=Purpose.AUTHORITY,
            serial=secrets.randbits(128) + 1,
            not_before=now,
            not_after=now + AUTHORITY_YEARS * _YEAR,
            test=True,
        )
        replace_synced(self._folder / _REGISTER, json.dumps({"reachable": True, "certs": {}}).encode())
        replace_synced(self._authority_cert, cert_der)

    def _register(self, change: Callable[[dict[str, Any]], None]) -> None:
        with _locked(self._folder):
            register = json.loads((self._folder / _REGISTER).read_bytes())
            change(register)
            replace_synced(self._folder / _REGISTER, json.dumps(register, indent=1, sort_keys=True).encode())


class SimulatorStatus:
    """TEST ONLY: the register of a simulator's folder as a StatusSource, read anew each time."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _REGISTER

    def cert_status(self, signer: LicenceSigner, *, now: datetime) -> CertStatus:
        """Return what the register says as of `now`; during an outage, or without a readable register, unknown."""
        try:
            register = json.loads(self._path.read_bytes())
            reachable, state = register["reachable"] is True, register["certs"].get(signer.cert_serial, "unknown")
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return CertStatus("unknown", None)
        if not reachable or state not in ("good", "revoked", "unknown"):
            return CertStatus("unknown", None)
        return CertStatus(state, now)


def _signer(cert_der: bytes, role: SignerRole) -> LicenceSigner:
    facts = read_cert_unverified(cert_der)
    return LicenceSigner(
        facts.licence_number or "", facts.subject_name.rpartition("#")[0], role, facts.key_id, facts.serial_hex
    )


def _cut(name: str) -> str:
    return name if len(name.encode()) <= _NAME_BYTES else f"{name.encode()[: _NAME_BYTES - 3].decode(errors='ignore')}…"


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "register.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
