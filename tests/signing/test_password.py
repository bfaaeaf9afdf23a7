"""Passwords are kept as Argon2id, each with its own salt, and nothing but the password opens them."""

import pytest

from signing.password import SALT_BYTES, hash_password, is_password

_KEPT = hash_password("copper lantern orchard", bytes(SALT_BYTES))


def test_a_password_is_kept_with_its_parameters_and_known_again() -> None:
    assert _KEPT.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert is_password("copper lantern orchard", _KEPT)


@pytest.mark.parametrize("typed", ["", "copper lantern orchar", "copper lantern orchard ", "Copper lantern orchard"])
def test_another_password_is_not_it(typed: str) -> None:
    assert not is_password(typed, _KEPT)


def test_the_same_password_is_kept_differently_each_time() -> None:
    assert hash_password("copper lantern orchard", b"\x01" * SALT_BYTES) != _KEPT
