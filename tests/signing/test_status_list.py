"""Status lists: the published form, and places that tell nothing."""

import secrets
import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing.base64url import encode
from signing.errors import MalformedTokenError
from signing.status_list import (
    SHARD_SIZE,
    StatusPlace,
    StatusValue,
    decode_status,
    encode_statuses,
    place_of,
    serial_of,
)

KEY = secrets.token_bytes(32)


def test_the_drafts_own_two_bit_example_reads_as_printed() -> None:
    assert [decode_status("eNo76fITAAPfAgc", index) for index in range(12)] == [1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]


def test_our_bytes_are_those_of_the_drafts_example() -> None:
    values = dict(enumerate([1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3]))
    assert encode_statuses(values, 12) == "eNo76fITAAPfAgc"


@given(st.dictionaries(st.integers(0, SHARD_SIZE - 1), st.sampled_from(StatusValue), max_size=30))
def test_every_value_is_read_where_it_was_written(values: dict[int, StatusValue]) -> None:
    lst = encode_statuses(values)
    assert {index: decode_status(lst, index) for index in values} == values


def test_an_unwritten_index_is_valid() -> None:
    assert decode_status(encode_statuses({5: StatusValue.SUSPENDED}), 6) == StatusValue.VALID


@pytest.mark.parametrize("index", [-1, SHARD_SIZE, SHARD_SIZE + 1, 10**9])
def test_an_index_outside_the_list_is_an_error_and_never_valid(index: int) -> None:
    with pytest.raises(MalformedTokenError):
        decode_status(encode_statuses({}), index)


@pytest.mark.parametrize(
    "lst",
    [
        "",
        "AAAA",
        encode(b"not zlib"),
        encode(zlib.compress(b"")[:-1]),
        encode(zlib.compress(bytes(100)) + b"x"),
        encode(zlib.compress(bytes(100))) + "=",
        encode(zlib.compress(bytes(100))[:-2]),
    ],
)
def test_a_list_that_is_cut_padded_or_not_zlib_is_refused(lst: str) -> None:
    with pytest.raises(MalformedTokenError):
        decode_status(lst, 0)


def test_a_list_that_would_unpack_to_a_gigabyte_is_refused_early() -> None:
    bomb = zlib.compressobj(9)
    packed = b"".join(bomb.compress(bytes(1 << 20)) for _ in range(64)) + bomb.flush()
    with pytest.raises(MalformedTokenError, match="too long"):
        decode_status(encode(packed), 0)


@pytest.mark.parametrize(("values", "size"), [({-1: 1}, 8), ({8: 1}, 8), ({0: 4}, 8), ({0: -1}, 8), ({}, 0), ({}, 6)])
def test_values_that_do_not_fit_are_a_mistake(values: dict[int, int], size: int) -> None:
    with pytest.raises(ValueError, match="status"):
        encode_statuses(values, size)


@given(serial=st.integers(min_value=0, max_value=2**40))
def test_a_serial_comes_back_from_its_place(serial: int) -> None:
    place = place_of(serial, KEY)
    assert place.list_number == serial // SHARD_SIZE
    assert serial_of(place, KEY) == serial


def test_no_two_serials_of_a_shard_share_a_place() -> None:
    indices = {place_of(serial, KEY).index for serial in range(3 * SHARD_SIZE, 4 * SHARD_SIZE)}
    assert indices == set(range(SHARD_SIZE))


def test_neighbours_are_scattered_and_each_shard_and_key_in_its_own_way() -> None:
    first = [place_of(serial, KEY).index for serial in range(200)]
    assert sum(abs(one - other) == 1 for one, other in pairwise(first)) <= 2
    assert first != [place_of(SHARD_SIZE + serial, KEY).index for serial in range(200)]
    assert first != [place_of(serial, secrets.token_bytes(32)).index for serial in range(200)]


def test_what_is_no_serial_or_place_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="serial"):
        place_of(-1, KEY)
    with pytest.raises(ValueError, match="place"):
        serial_of(StatusPlace(0, SHARD_SIZE), KEY)
