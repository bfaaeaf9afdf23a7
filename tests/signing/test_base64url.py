"""base64url: one text for each value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing.base64url import decode, encode
from signing.errors import MalformedTokenError


@given(st.binary(max_size=100))
def test_every_sequence_of_bytes_comes_back(octets: bytes) -> None:
    assert decode(encode(octets)) == octets


@given(st.text(alphabet="AQgwBx-_+/= \n", max_size=9))
def test_a_text_that_decodes_is_the_text_that_encoding_gives(text: str) -> None:
    try:
        octets = decode(text)
    except MalformedTokenError:
        return
    assert encode(octets) == text


@pytest.mark.parametrize(
    "text",
    ["YQ==", "YQ=", "YQ\n", " YQ", "Y Q", "Y", "YWJjZ", "YR", "YWJ", "a+b/", "ab+_", "YQ.", "示例", "YQ\x00\x00"],
)
def test_padding_space_other_alphabets_and_unused_bits_are_refused(text: str) -> None:
    with pytest.raises(MalformedTokenError):
        decode(text)


def test_the_refusal_does_not_carry_the_text() -> None:
    with pytest.raises(MalformedTokenError) as refused:
        decode("秘密=")
    assert "秘密" not in repr(refused.value)
    assert refused.value.__cause__ is None
