"""The evidence log as strangers read it: its head, its tiles, its proofs. It holds no key and no writer.

Whatever is shown belongs to the head that was published last; a partial tile is the beginning of the one there is.
"""

from typing import Any

from hub.errors import NotFoundError, StoreError
from hub.store.log import FormerLog, Head, LogStore
from signing.base64url import encode
from signing.merkle import HASH_BYTES, TILE_HEIGHT, TILE_WIDTH, Tile, consistency_path, inclusion_path
from signing.tiles import cut_bundle, read_bundle, read_tile_name

Log = LogStore | FormerLog
"""A log to read: the one that is written now, or one that was closed."""


def former_log(number: int, store: LogStore) -> Log:
    """Return the hub's log of that number; NotFoundError log_not_found."""
    newest = store.head().number
    if number == newest:
        return store
    found = store.former(number) if 0 < number < newest else None
    if found is None:
        raise NotFoundError("log_not_found")
    return found


def checkpoint(store: Log) -> str:
    """Return the note of the head."""
    return store.head().note


def tile(name: str, store: Log) -> bytes:
    """Return a tile or bundle of entries by its C2SP name; NotFoundError tile_not_found beyond the head."""
    wanted = read_tile_name(name)
    if wanted is None:
        raise NotFoundError("tile_not_found")
    level, index, width = wanted
    head = store.head()
    there = head.size >> (TILE_HEIGHT * (level or 0))
    if index * TILE_WIDTH + width > there:
        raise NotFoundError("tile_not_found")
    if level is None:
        return cut_bundle(_bundle(index, head, store), width)
    return tiles_under(head, store)(level, index, width)[: width * HASH_BYTES]


def prove_inclusion(index: int, size: int | None, store: Log) -> dict[str, Any]:
    """Return the proof that a leaf stands at `index` of the first `size` leaves (all, when None).

    NotFoundError proof_not_found where there is none.
    """
    head = store.head()
    at = head.size if size is None else size
    if not 0 <= index < at <= head.size:
        raise NotFoundError("proof_not_found")
    path = inclusion_path(index, at, tiles_under(head, store))
    leaf = read_bundle(_bundle(index // TILE_WIDTH, head, store))[index % TILE_WIDTH]
    return {"index": index, "size": at, "leaf": encode(leaf), "path": [encode(each) for each in path]}


def prove_consistency(old: int, size: int | None, store: Log) -> dict[str, Any]:
    """Return the proof that the first `size` leaves (all, when None) begin with the first `old`; NotFoundError."""
    head = store.head()
    at = head.size if size is None else size
    if not 0 <= old <= at <= head.size:
        raise NotFoundError("proof_not_found")
    path = consistency_path(old, at, tiles_under(head, store))
    return {"from": old, "to": at, "path": [encode(each) for each in path]}


def tiles_under(head: Head, store: Log) -> Tile:
    """Return what reads the hashes under a head; StoreError log_damaged when a full tile is missing or cut."""

    def read(level: int, index: int, width: int) -> bytes:
        if index < head.size >> (TILE_HEIGHT * (level + 1)):
            found = store.tile(level, index)
            if found is None or len(found) != TILE_WIDTH * HASH_BYTES:
                raise StoreError("log_damaged")
            return found
        return head.edge.levels[level]

    return read


def _bundle(index: int, head: Head, store: Log) -> bytes:
    if index == head.size // TILE_WIDTH:
        return head.leaves
    found = store.tile(None, index)
    if found is None:
        raise StoreError("log_damaged")
    return found
