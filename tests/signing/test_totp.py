"""One-time codes are those of RFC 6238, and count in their own step and its neighbours."""

from urllib.parse import parse_qs, urlsplit

import pytest

from signing.totp import app_address, code_at, readable, step_at, step_of

_SECRET = b"12345678901234567890"


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ],
)
def test_codes_are_those_of_the_standards_appendix(seconds: int, code: str) -> None:
    assert code_at(_SECRET, step_at(seconds)) == code
    assert step_of(_SECRET, code, seconds) == step_at(seconds)


def test_a_code_counts_a_step_before_and_after_its_own_and_no_longer() -> None:
    code = code_at(_SECRET, 100)
    assert [step_of(_SECRET, code, step * 30) for step in (98, 99, 100, 101, 102)] == [None, 100, 100, 100, None]


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "一二三四五六", "287 082", "\u0000"])
def test_what_is_no_code_is_of_no_step(typed: str) -> None:
    assert step_of(_SECRET, typed, 59) is None


def test_an_app_is_given_the_secret_as_it_reads_it() -> None:
    address = urlsplit(app_address(_SECRET, issuer="Yizhao Hub", account="m-001"))
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert parse_qs(address.query)["secret"] == [readable(_SECRET).replace(" ", "")]
