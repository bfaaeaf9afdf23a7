"""Key files: encrypted, private, durable, never overwritten."""

import secrets
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from signing.algorithms import generate_private_key, key_id
from signing.errors import AlgorithmRefusedError, KeyFileError
from signing.keys import load_private_key, save_private_key

PASSPHRASE = secrets.token_urlsafe(32).encode()


@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519"])
def test_a_saved_key_comes_back(tmp_path: Path, algorithm: str) -> None:
    key = generate_private_key(algorithm)
    save_private_key(tmp_path / "seal.key.pem", key, PASSPHRASE)
    loaded = load_private_key(tmp_path / "seal.key.pem", PASSPHRASE)
    assert key_id(loaded.public_key()) == key_id(key.public_key())


def test_the_file_is_encrypted_for_its_owner_only_and_alone_in_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "seal.key.pem"
    save_private_key(path, generate_private_key("ES256"), PASSPHRASE)
    assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_key_that_is_there_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "seal.key.pem"
    save_private_key(path, generate_private_key("ES256"), PASSPHRASE)
    before = path.read_bytes()
    with pytest.raises(KeyFileError, match="already there"):
        save_private_key(path, generate_private_key("ES256"), PASSPHRASE)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_wrong_passphrase_does_not_open_a_key(tmp_path: Path) -> None:
    save_private_key(tmp_path / "seal.key.pem", generate_private_key("ES256"), PASSPHRASE)
    with pytest.raises(KeyFileError, match="passphrase"):
        load_private_key(tmp_path / "seal.key.pem", secrets.token_bytes(32))


@pytest.mark.parametrize("passphrase", [b"", b"secret", bytes(31)])
def test_a_passphrase_that_a_person_could_guess_is_refused(tmp_path: Path, passphrase: bytes) -> None:
    with pytest.raises(KeyFileError, match="random"):
        save_private_key(tmp_path / "seal.key.pem", generate_private_key("ES256"), passphrase)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_or_broken_file_is_a_key_file_error(tmp_path: Path) -> None:
    (tmp_path / "cut.key.pem").write_bytes(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII")
    with pytest.raises(KeyFileError, match="cannot be read"):
        load_private_key(tmp_path / "none.key.pem", PASSPHRASE)
    with pytest.raises(KeyFileError, match="does not open"):
        load_private_key(tmp_path / "cut.key.pem", PASSPHRASE)


def test_a_key_that_lies_there_unencrypted_is_refused(tmp_path: Path) -> None:
    plain = generate_private_key("ES256").private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "plain.key.pem").write_bytes(plain)
    with pytest.raises(KeyFileError):
        load_private_key(tmp_path / "plain.key.pem", PASSPHRASE)


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        (rsa.generate_private_key(public_exponent=65537, key_size=2048), KeyFileError),
        (ec.generate_private_key(ec.SECP384R1()), AlgorithmRefusedError),
    ],
)
def test_a_key_outside_the_closed_list_is_refused(
    tmp_path: Path, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, kind: type[Exception]
) -> None:
    encryption = serialization.BestAvailableEncryption(PASSPHRASE)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    (tmp_path / "other.key.pem").write_bytes(pem)
    with pytest.raises(kind):
        load_private_key(tmp_path / "other.key.pem", PASSPHRASE)
