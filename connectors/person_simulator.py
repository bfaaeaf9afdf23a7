"""TEST ONLY: plays the identity service by which a person signs in, and the person's phone; it refuses production.

Whoever asks it is believed to be who he says: that is what makes it a simulator. Its key lies encrypted in its own
folder; `confirm` makes folder and key, `verify` makes nothing.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path

import orjson

from connectors.contract import Person
from connectors.errors import PersonSignInError, SimulatorError
from signing.algorithms import PrivateKey, generate_private_key
from signing.errors import SigningError
from signing.jws import VerificationKey, parse_json, sign_compact, verify_compact
from signing.keys import load_private_key, save_private_key
from signing.signers.file import FileSigner

_TYP = "yizhao-test-person+jwt"
_KEY = "service.key.pem"
_LONGEST = timedelta(minutes=10)


class PersonSimulator:
    """A TEST identity service in `folder`."""

    def __init__(self, folder: Path, *, passphrase: bytes, mode: str) -> None:
        """`passphrase` is a random secret of at least 32 bytes. SimulatorError("production") in any mode but "test"."""
        if mode != "test":
            raise SimulatorError("production")
        self._path = folder / _KEY
        self._passphrase = passphrase

    def confirm(self, text: str, *, number: str, name: str, now: datetime) -> str:
        """Return the proof that a person of that number and name confirmed `text`, as the service would give it."""
        if not self._path.exists():
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            save_private_key(self._path, generate_private_key("ES256"), self._passphrase)
        said = {"number": number, "name": name, "text_sha256": _digest(text), "iat": int(now.timestamp())}
        return sign_compact(orjson.dumps(said), signer=FileSigner(self._key()), typ=_TYP)

    def verify(self, proof: str, text: str, *, at: datetime) -> Person:
        """Return who confirmed this very text; see `PersonSignIn.verify`."""
        try:
            key = VerificationKey("ES256", self._key().public_key())
            said = parse_json(verify_compact(proof, find_key=lambda kid: key, typ=_TYP).payload)
            age = at.timestamp() - said["iat"]
            is_its = said["text_sha256"] == _digest(text) and abs(age) <= _LONGEST.total_seconds()
            person = Person(str(said["number"]), str(said["name"]))
        except (SigningError, OSError, KeyError, TypeError, ValueError):
            raise PersonSignInError from None
        if not is_its:
            raise PersonSignInError
        return person

    def _key(self) -> PrivateKey:
        return load_private_key(self._path, self._passphrase)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
