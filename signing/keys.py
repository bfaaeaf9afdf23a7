"""Private keys in files: PKCS#8, encrypted, written once and durably.

The passphrase is a random 256-bit secret and not something a person chose, so guessing it is hopeless whatever a guess
costs: the low number of PBKDF2 rounds that the PKCS#8 writer uses (2,048, about 0.6 ms) is enough, and a server with a
hundred keys still starts at once. Where the secret comes from is the caller's business.
"""

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from signing.algorithms import PrivateKey, algorithm_of
from signing.errors import KeyFileError
from signing.synced import create_synced

_SHORTEST_PASSPHRASE_BYTES = 32


def save_private_key(path: Path, key: PrivateKey, passphrase: bytes) -> None:
    """Write `key` to the new file `path`, encrypted, readable by its owner only; on disk when this returns.

    `passphrase` is at least 32 bytes of a random secret. Never overwrites: KeyFileError when the file is there.
    """
    _require_strong(passphrase)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase),
    )
    try:
        create_synced(path, pem)
    except FileExistsError as error:
        raise KeyFileError(f"key file {path.name} is already there") from error
    except OSError as error:
        raise KeyFileError(f"key file {path.name} cannot be written: {error.strerror}") from error


def load_private_key(path: Path, passphrase: bytes) -> PrivateKey:
    """Return the private key in `path`. Raises KeyFileError; AlgorithmRefusedError for a key of another kind."""
    _require_strong(passphrase)
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), passphrase)
    except OSError as error:
        raise KeyFileError(f"key file {path.name} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        # TypeError: the file is not encrypted, so it is not one that this module wrote.
        raise KeyFileError(f"key file {path.name} does not open with this passphrase") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        raise KeyFileError(f"key file {path.name} holds a key of another kind")
    algorithm_of(key.public_key())
    return key


def _require_strong(passphrase: bytes) -> None:
    if len(passphrase) < _SHORTEST_PASSPHRASE_BYTES:
        raise KeyFileError(
            f"the passphrase of key files is a random secret of {_SHORTEST_PASSPHRASE_BYTES} bytes or more"
        )
