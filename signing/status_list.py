"""Status lists (IETF Token Status List): two bits for each record, in shards of 65,536, and who sits where.

A record's place follows from its serial: the shard by division, the index inside it by a permutation keyed with a
secret, so that neighbours in a list tell nothing of who was issued when. Signing the list's token is `signing.jws`.
The permutation: six Feistel rounds over two bytes; each round's function is a table drawn by HMAC-SHA-256 from the key,
the shard and the round, so a place costs six look-ups once a shard's tables are made.
"""

import hashlib
import hmac
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

from signing.base64url import decode, encode
from signing.errors import MalformedTokenError

SHARD_SIZE = 65536
_BITS = 2
_PER_BYTE = 8 // _BITS
_ROUNDS = 6
_LARGEST_LIST_BYTES = 1 << 20


class StatusValue(IntEnum):
    """What the two bits say (section 7.1 of the draft; 3 is left to the application: here superseded)."""

    VALID = 0
    INVALID = 1
    SUSPENDED = 2
    APPLICATION_SPECIFIC = 3


@dataclass(frozen=True, slots=True)
class StatusPlace:
    """Where a record's two bits are: the number of the list, and the index inside it (0 … 65535)."""

    list_number: int
    index: int


def place_of(serial: int, key: bytes) -> StatusPlace:
    """Return the place of the record with this serial (0 or more), under the secret `key` (32 bytes)."""
    if serial < 0:
        raise ValueError("a serial is not negative")
    list_number, offset = divmod(serial, SHARD_SIZE)
    left, right = offset >> 8, offset & 0xFF
    for table in _round_tables(key, list_number):
        left, right = right, left ^ table[right]
    return StatusPlace(list_number, left << 8 | right)


def serial_of(place: StatusPlace, key: bytes) -> int:
    """Return the serial whose place this is under `key`: the inverse of `place_of`."""
    if place.list_number < 0 or not 0 <= place.index < SHARD_SIZE:
        raise ValueError("not a place in a status list")
    left, right = place.index >> 8, place.index & 0xFF
    for table in reversed(_round_tables(key, place.list_number)):
        left, right = right ^ table[left], left
    return place.list_number * SHARD_SIZE + (left << 8 | right)


@lru_cache(maxsize=1024)
def _round_tables(key: bytes, list_number: int) -> tuple[bytes, ...]:
    def block(round_number: int, part: int) -> bytes:
        label = b"yizhao status place v1" + list_number.to_bytes(8, "big") + bytes((round_number, part))
        return hmac.digest(key, label, hashlib.sha256)

    return tuple(b"".join(block(round_number, part) for part in range(8)) for round_number in range(_ROUNDS))


def encode_statuses(values: Mapping[int, int], size: int = SHARD_SIZE) -> str:
    """Return the list as `lst` of a status list token: zlib in base64url, index 0 in the lowest bits of byte 0.

    `values` maps an index to its value 0 … 3; what is not named is 0. `size` is a multiple of 4. ValueError otherwise.
    """
    if size <= 0 or size % _PER_BYTE:
        raise ValueError("the size of a status list is a positive multiple of 4")
    packed = bytearray(size // _PER_BYTE)
    for index, status in values.items():
        if not 0 <= index < size or not 0 <= status < 1 << _BITS:
            raise ValueError("a status index or value is out of range")
        packed[index // _PER_BYTE] |= status << index % _PER_BYTE * _BITS
    return encode(zlib.compress(bytes(packed), 9))


def decode_status(lst: str, index: int) -> int:
    """Return the value 0 … 3 at `index` of an encoded list.

    Raises MalformedTokenError for a list that does not unpack, unpacks to more than 1 MiB or has bytes behind it, and
    for an index outside it: a place that is not there is never read as valid.
    """
    inflater = zlib.decompressobj()
    try:
        packed = inflater.decompress(decode(lst), _LARGEST_LIST_BYTES)
    except zlib.error as error:
        raise MalformedTokenError("the status list does not unpack") from error
    if not inflater.eof or inflater.unconsumed_tail or inflater.unused_data:
        raise MalformedTokenError("the status list is cut, too long, or has bytes behind it")
    if not 0 <= index < len(packed) * _PER_BYTE:
        raise MalformedTokenError("the index is outside the status list")
    return packed[index // _PER_BYTE] >> index % _PER_BYTE * _BITS & (1 << _BITS) - 1
