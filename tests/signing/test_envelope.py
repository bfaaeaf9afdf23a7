"""Envelopes: only the right key, context and bytes open one."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing.envelope import MasterKey, decrypt, encrypt
from signing.errors import EnvelopeError

MASTER = MasterKey.from_secret(secrets.token_bytes(32))
MASTERS = {MASTER.key_id: MASTER}


@given(plaintext=st.binary(max_size=200), context=st.binary(max_size=40))
def test_what_is_encrypted_comes_back(plaintext: bytes, context: bytes) -> None:
    blob = encrypt(plaintext, master=MASTER, context=context)
    assert decrypt(blob, masters=MASTERS, context=context) == plaintext


@given(position=st.integers(min_value=0, max_value=68), bit=st.integers(min_value=0, max_value=7))
def test_a_change_anywhere_is_refused(position: int, bit: int) -> None:
    blob = bytearray(encrypt(b"1234", master=MASTER, context=b"record 1"))
    blob[position] ^= 1 << bit
    with pytest.raises(EnvelopeError):
        decrypt(bytes(blob), masters=MASTERS, context=b"record 1")


@given(length=st.integers(min_value=0, max_value=68))
def test_a_cut_envelope_is_refused(length: int) -> None:
    blob = encrypt(b"1234", master=MASTER, context=b"record 1")
    with pytest.raises(EnvelopeError):
        decrypt(blob[:length], masters=MASTERS, context=b"record 1")


def test_an_envelope_does_not_open_as_another_record_s() -> None:
    blob = encrypt(b"1234", master=MASTER, context=b"record 1")
    with pytest.raises(EnvelopeError):
        decrypt(blob, masters=MASTERS, context=b"record 2")


def test_an_envelope_names_the_master_key_it_needs() -> None:
    other = MasterKey.from_secret(secrets.token_bytes(32))
    blob = encrypt(b"1234", master=other, context=b"")
    with pytest.raises(EnvelopeError, match=other.key_id.hex()):
        decrypt(blob, masters=MASTERS, context=b"")


def test_after_a_change_of_master_key_old_and_new_envelopes_open() -> None:
    newer = MasterKey.from_secret(secrets.token_bytes(32))
    both = {**MASTERS, newer.key_id: newer}
    old_blob = encrypt(b"old", master=MASTER, context=b"")
    new_blob = encrypt(b"new", master=newer, context=b"")
    assert decrypt(old_blob, masters=both, context=b"") == b"old"
    assert decrypt(new_blob, masters=both, context=b"") == b"new"


def test_the_same_text_never_gives_the_same_envelope_or_data_key() -> None:
    first, second = (encrypt(b"1234", master=MASTER, context=b"") for _ in range(2))
    assert first[9:49] != second[9:49]
    assert first[49:] != second[49:]


def test_a_master_key_follows_from_its_secret_and_is_not_printed() -> None:
    secret = secrets.token_bytes(32)
    master = MasterKey.from_secret(secret)
    assert master == MasterKey.from_secret(secret)
    assert (len(master.key_id), len(master.key)) == (8, 32)
    assert "key=" not in repr(master)


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(EnvelopeError):
        MasterKey.from_secret(bytes(31))
