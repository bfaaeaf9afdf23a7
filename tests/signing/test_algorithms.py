"""The closed list: what verifies, and all that must not."""

import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given, settings
from hypothesis import strategies as st

from signing.algorithms import (
    ALGORITHMS,
    algorithm_of,
    generate_private_key,
    key_id,
    public_key_from_spki,
    sign,
    spki,
    verify_cert_signature,
    verify_signature,
)
from signing.base64url import decode
from signing.errors import AlgorithmRefusedError, SignatureInvalidError
from tests.signing.authority import new_authority, new_root

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
MESSAGE = "食品经营许可证".encode()


def _joined(r: int, s: int) -> bytes:
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def test_the_list_is_closed_at_these_two() -> None:
    assert set(ALGORITHMS) == {"ES256", "Ed25519"}


@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519"])
def test_a_signature_is_64_bytes_and_verifies_over_its_message_only(algorithm: str) -> None:
    key = generate_private_key(algorithm)
    signature = sign(algorithm, key, MESSAGE)
    assert len(signature) == 64
    verify_signature(algorithm, key.public_key(), signature, MESSAGE)
    with pytest.raises(SignatureInvalidError):
        verify_signature(algorithm, key.public_key(), signature, MESSAGE + b" ")


@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519"])
@pytest.mark.parametrize("change", [lambda s: s[:-1], lambda s: s + b"\0", lambda s: b"\0" + s, lambda s: b""])
def test_a_signature_of_another_length_is_refused(algorithm: str, change: object) -> None:
    key = generate_private_key(algorithm)
    wrong = change(sign(algorithm, key, MESSAGE))  # type: ignore[operator]
    with pytest.raises(SignatureInvalidError):
        verify_signature(algorithm, key.public_key(), wrong, MESSAGE)


@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519"])
@settings(max_examples=60)
@given(bit=st.integers(min_value=0, max_value=511))
def test_a_signature_with_one_bit_turned_is_refused(algorithm: str, bit: int) -> None:
    key = generate_private_key(algorithm)
    number = int.from_bytes(sign(algorithm, key, MESSAGE), "big") ^ (1 << bit)
    with pytest.raises(SignatureInvalidError):
        verify_signature(algorithm, key.public_key(), number.to_bytes(64, "big"), MESSAGE)


@pytest.mark.parametrize(
    ("r", "s"),
    [(0, 0), (0, 1), (1, 0), (1, 1), (ORDER, 1), (1, ORDER), (ORDER, ORDER), (ORDER + 1, 1), (2**256 - 1, 2**256 - 1)],
)
def test_r_and_s_at_and_outside_their_bounds_are_refused(r: int, s: int) -> None:
    key = generate_private_key("ES256")
    with pytest.raises(SignatureInvalidError):
        verify_signature("ES256", key.public_key(), _joined(r, s), MESSAGE)


def test_adding_the_order_to_s_gives_no_second_signature() -> None:
    key = generate_private_key("ES256")
    signature = sign("ES256", key, MESSAGE)
    s = int.from_bytes(signature[32:], "big") + ORDER
    over_long = signature[:32] + s.to_bytes(33, "big")
    with pytest.raises(SignatureInvalidError):
        verify_signature("ES256", key.public_key(), over_long, MESSAGE)


def test_the_twin_with_n_minus_s_verifies_so_nothing_may_be_named_by_signature_bytes() -> None:
    key = generate_private_key("ES256")
    signature = sign("ES256", key, MESSAGE)
    twin = signature[:32] + (ORDER - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")
    assert twin != signature
    verify_signature("ES256", key.public_key(), twin, MESSAGE)


def test_a_der_signature_is_not_a_jose_signature() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(SignatureInvalidError):
        verify_signature("ES256", key.public_key(), key.sign(MESSAGE, ec.ECDSA(hashes.SHA256())), MESSAGE)


@pytest.mark.parametrize("name", ["none", "None", "HS256", "es256", "ED25519", "EdDSA", "RS256", "ES384", ""])
def test_a_name_outside_the_list_is_refused(name: str) -> None:
    key = generate_private_key("ES256")
    with pytest.raises(AlgorithmRefusedError):
        verify_signature(name, key.public_key(), bytes(64), MESSAGE)
    with pytest.raises(AlgorithmRefusedError):
        sign(name, key, MESSAGE)


@pytest.mark.parametrize(("algorithm", "other"), [("ES256", "Ed25519"), ("Ed25519", "ES256")])
def test_a_key_serves_only_its_own_algorithm(algorithm: str, other: str) -> None:
    key = generate_private_key(algorithm)
    signature = sign(algorithm, key, MESSAGE)
    with pytest.raises(AlgorithmRefusedError):
        verify_signature(other, key.public_key(), signature, MESSAGE)
    with pytest.raises(AlgorithmRefusedError):
        sign(other, key, MESSAGE)


@pytest.mark.parametrize("curve", [ec.SECP256K1(), ec.SECP384R1(), ec.BrainpoolP256R1()])
def test_another_curve_is_refused(curve: ec.EllipticCurve) -> None:
    key = ec.generate_private_key(curve)
    with pytest.raises(AlgorithmRefusedError):
        algorithm_of(key.public_key())
    with pytest.raises(AlgorithmRefusedError):
        sign("ES256", key, MESSAGE)
    with pytest.raises(AlgorithmRefusedError):
        public_key_from_spki(spki(key.public_key()))


FIELD = 2**255 - 19
ORDER_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7


def test_the_points_of_order_8_lie_where_they_are_looked_for() -> None:
    d = -121665 * pow(121666, -1, FIELD) % FIELD
    assert [(d * y**4 + 2 * y**2 - 1) % FIELD for y in (ORDER_8, FIELD - ORDER_8)] == [0, 0]


@pytest.mark.parametrize("sign_bit", [0, 1 << 255])
@pytest.mark.parametrize("y", [0, 1, FIELD - 1, ORDER_8, FIELD - ORDER_8, FIELD, FIELD + 1])
def test_an_ed25519_key_for_which_anybody_can_sign_is_refused(y: int, sign_bit: int) -> None:
    weak = ed25519.Ed25519PublicKey.from_public_bytes((y | sign_bit).to_bytes(32, "little"))
    with pytest.raises(AlgorithmRefusedError):
        verify_signature("Ed25519", weak, (1).to_bytes(32, "little") + bytes(32), MESSAGE)
    with pytest.raises(AlgorithmRefusedError):
        public_key_from_spki(spki(weak))


@pytest.mark.parametrize("past", range(2, 19))
def test_a_second_name_of_an_ed25519_key_is_refused(past: int) -> None:
    key = ed25519.Ed25519PublicKey.from_public_bytes((FIELD + past).to_bytes(32, "little"))
    with pytest.raises(AlgorithmRefusedError):
        public_key_from_spki(spki(key))


@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519"])
def test_a_key_id_is_the_digest_of_the_key_and_the_key_comes_back_from_its_bytes(algorithm: str) -> None:
    public_key = generate_private_key(algorithm).public_key()
    assert decode(key_id(public_key)) == hashlib.sha256(spki(public_key)).digest()
    assert key_id(public_key_from_spki(spki(public_key))) == key_id(public_key)


def test_other_kinds_of_key_are_refused() -> None:
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    ed448_key = ed448.Ed448PrivateKey.generate().public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    with pytest.raises(AlgorithmRefusedError):
        public_key_from_spki(rsa_key.public_bytes(serialization.Encoding.DER, form))
    with pytest.raises(AlgorithmRefusedError):
        public_key_from_spki(ed448_key.public_bytes(serialization.Encoding.DER, form))


def test_a_compressed_point_would_be_a_second_name_for_a_key_and_is_refused() -> None:
    public_key = ec.generate_private_key(ec.SECP256R1()).public_key()
    point = public_key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    header = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200")
    with pytest.raises(AlgorithmRefusedError):
        public_key_from_spki(header + point)


@pytest.mark.parametrize("octets", [b"", b"\x30\x00", b"not a key", bytes(91)])
def test_bytes_that_are_no_key_are_refused(octets: bytes) -> None:
    with pytest.raises(AlgorithmRefusedError):
        public_key_from_spki(octets)


@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519"])
def test_a_cert_verifies_under_its_issuers_key_only(algorithm: str) -> None:
    root, stranger = new_root(algorithm=algorithm), new_root(algorithm=algorithm)
    cert = x509.load_der_x509_certificate(new_authority(root).cert_der)
    verify_cert_signature(cert, root.key.public_key())
    with pytest.raises(SignatureInvalidError):
        verify_cert_signature(cert, stranger.key.public_key())


def test_a_cert_signed_by_another_algorithm_than_its_issuers_is_refused() -> None:
    cert = x509.load_der_x509_certificate(new_authority(new_root(algorithm="Ed25519")).cert_der)
    with pytest.raises(AlgorithmRefusedError):
        verify_cert_signature(cert, new_root(algorithm="ES256").key.public_key())


@pytest.mark.parametrize(
    "wrong_der",
    [b"", b"\x30\x00", b"\x00" * 70, encode_dss_signature(1, 1) + b"\x00", encode_dss_signature(1 << 256, 1)],
)
def test_a_cert_signature_that_is_not_der_of_two_numbers_is_refused(wrong_der: bytes) -> None:
    with pytest.raises(SignatureInvalidError):
        ALGORITHMS["ES256"].raw_cert_signature(wrong_der)
