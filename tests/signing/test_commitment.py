"""Leaves: final, salted, of one form."""

import hashlib
import hmac
import secrets

import pytest

from signing.commitment import LEAF_BYTES, leaf


def test_a_leaf_is_the_version_and_the_keyed_digest_of_the_act() -> None:
    salt, act = secrets.token_bytes(32), b'{"kind":"issue"}'
    assert leaf(salt, act) == b"\x01" + hmac.new(salt, act, hashlib.sha256).digest()
    assert len(leaf(salt, act)) == LEAF_BYTES


def test_one_act_under_two_salts_gives_two_leaves() -> None:
    assert leaf(secrets.token_bytes(32), b"act") != leaf(secrets.token_bytes(32), b"act")


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_salt_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        leaf(bytes(length), b"act")
